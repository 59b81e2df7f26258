package dashboards

import (
	"fmt"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/barchart"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/yourturn/yourturn/internal/latency"
)

// blockers returns the stages that can be the largest blocker.
func blockers() []term {
	return slices.DeleteFunc(stages(), func(s term) bool {
		return slices.Contains([]string{"backlog", "development", "owner_question"}, s.label)
	})
}

// tooFew returns the number that stands for too few stories to name a blocker.
func tooFew() int { return len(blockers()) + 1 }

// tooShort returns the number that stands for no stage long enough to be one.
func tooShort() int { return tooFew() + 1 }

// stageWords maps the numbers of largestBlocker to words.
func stageWords() []dashboard.ValueMapping {
	var list []dashboard.ValueMappingResult
	for _, s := range blockers() {
		list = append(list, word(s.words, s.color))
	}
	return words(append(list, word("fewer than 5 stories", colorNothing), word("no stage has 5 %", colorNothing))...)
}

// blockerWords maps the numbers of largestBlocker to words without a colour: which
// stage it is, is no alarm.
func blockerWords() []dashboard.ValueMapping {
	var list []dashboard.ValueMappingResult
	for _, s := range blockers() {
		list = append(list, word(s.words, colorNothing))
	}
	return words(append(list, word("fewer than 5 stories", colorNothing), word("no stage has 5 %", colorNothing))...)
}

// largestBlocker returns the largest blocker of each project, as its number among
// blockers: Grafana maps numbers to words, and not labels.
func largestBlocker() string {
	var parts []string
	for i, s := range blockers() {
		parts = append(parts, fmt.Sprintf(`%d * (po_largest_blocker{`+isProject+`, window="$window", stage="%s"} == 1)`, i+1, s.label))
	}
	parts = append(parts, fmt.Sprintf(`%d * group by (job, project) (po_stage_seconds{`+isProject+`, window="$window"}) unless on (job, project) po_largest_blocker{window="$window"}`, tooFew()))
	parts = append(parts, fmt.Sprintf(`%d + (max by (job, project) (po_largest_blocker{`+isProject+`, window="$window"}) == 0)`, tooShort()))
	return "max by (project) (" + strings.Join(parts, "\nor ") + ")"
}

// lived returns the working time that stories spent within the window in the stages
// that match, by project and stage. It is all of their cycle time, in which a story may
// be back in the backlog.
func lived(stages string) string {
	return summed("project, stage", "project, stage", `po_stage_seconds{`+isProject+`, window="$window", stage=~"`+stages+`"}`)
}

// cycleTime returns the working time in all stages, of which shares are taken.
func cycleTime() string { return "sum by (project) (" + lived(".*") + ")" }

// stageBars returns a view of each project's stages as shares of a whole, in the colours
// that they have everywhere. It stacks plain values: the axis that Grafana makes for
// stacked percents goes beyond 100 %.
func stageBars() *barchart.PanelBuilder {
	b := barchart.NewPanelBuilder().
		Unit(unitShare).
		ColorScheme(inShades()).
		Min(0).
		Max(1).
		Orientation(common.VizOrientationHorizontal).
		Stacking(common.StackingModeNormal).
		ShowValue(common.VisibilityModeNever).
		BarWidth(0.7).
		FillOpacity(70).
		Tooltip(inOrder(common.TooltipDisplayModeMulti)).
		Legend(common.NewVizLegendOptionsBuilder().
			DisplayMode(common.LegendDisplayModeList).
			Placement(common.LegendPlacementBottom).
			ShowLegend(true)).
		WithTransformation(dashboard.DataTransformerConfig{Id: "groupingToMatrix", Options: map[string]any{
			"rowField": "project", "columnField": "stage", "valueField": "Value",
		}})
	order := map[string]int{`project\stage`: 0} // of the work, and not of the alphabet
	for i, s := range stages() {
		order[s.label] = i + 1
	}
	b.WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{
		"excludeByName": map[string]bool{}, "indexByName": order, "renameByName": map[string]string{},
	}})
	for _, s := range stages() {
		b.OverrideByName(s.label, called(s.words, s.color))
	}
	return b
}

// shareOf returns the share of the stages that match in the cycle time within the
// window.
func shareOf(stages string) string {
	return "sum by (project) (" + lived(stages) + ")\n/ (" + cycleTime() + " > 0)"
}

// verdictWords maps shares of the cycle time to verdicts.
func verdictWords() []dashboard.ValueMapping {
	var list []dashboard.ValueMapping
	all := latency.Bottlenecks()
	for i, v := range all {
		until, color := 1.0, colorOwner
		if i+1 < len(all) {
			until, color = all[i+1].From-1e-9, colorNothing
		}
		list = append(list, dashboard.ValueMapping{RangeMap: &dashboard.RangeMap{
			Type: "range", Options: dashboard.DashboardRangeMapOptions{From: cog.ToPtr(v.From), To: &until, Result: word(v.Words, color)},
		}})
	}
	return list
}

// bounded adds the label bounds to the share low of each project: "3–6 %", from low
// rounded down and high rounded up, both from tenths of a percent, as words.Between does
// on pages, or "0 %" where both are the same.
func bounded(low, high string) string {
	return strings.NewReplacer("L", "floor(round(100 * ("+low+"), 0.1))", "U", "ceil(round(100 * ("+high+"), 0.1))", "S", "("+low+")").Replace(`(
  label_replace(label_join(S * on (project) group_left (least, most) (count_values by (project) ("least", L) * on (project) group_left (most) count_values by (project) ("most", U > L)), "bounds", "–", "least", "most"), "bounds", "$1 %", "bounds", "(.*)")
  or label_replace(S * on (project) group_left (least) count_values by (project) ("least", L == U), "bounds", "$1 %", "least", "(.*)")
)`)
}

// projectQuantiles returns the queries for the quantiles of a project's waits of a kind
// over the window, the target, and the number of waits.
func projectQuantiles(kind string) []query {
	quantile := func(q, words, color string) query {
		return course(reached(hours(`max by (project) (po_project_wait_rolling_seconds{kind="`+kind+`", `+isProject+`, window="$window", q="`+q+`"})`)), words).in(color)
	}
	return []query{
		quantile("0.5", "half within", colorOwner),
		quantile("0.85", "85 of 100 within", colorOwnerMost),
		course(hours(`min by (kind) (po_wait_target_seconds{`+isProject+`, kind="`+kind+`"})`), "target"),
		course(summed("project", "kind, project, owner, state", `po_wait_rolling_samples{kind="`+kind+`", `+isProject+`, window="$window"}`), "waits counted"),
	}
}

// inWindow returns by how much a counter grew within the selected window.
func inWindow(series string) string { return grown(series, "$window", "$__interval") }

// bottleneck returns the dashboard of where the cycle time goes, and whether the owner is
// what a project waits for most.
func bottleneck() *board {
	b := newBoard("yourturn-bottleneck", "Is the Product Owner the bottleneck?",
		"What share of the cycle time of stories is waiting for the Product Owner, in each project, and which stage has the largest share apart from the work itself.",
		"now-30d", "5m")
	b.variables(projectVariable(), windowVariable())
	all := "(" + cycleTime() + " > 0)"
	low, high := shareOf("owner"), shareOf("owner|owner_question")
	b.add(
		panel{
			title: "Verdict", asks: "Is the Product Owner the bottleneck?", width: 24, height: 8,
			about:   "By the share of waiting for the owner in the cycle time: no below 5 %, a little below 10 %, in part below 20 %, else yes. Owner – with questions: the share has two bounds: at least while nothing else could be done on the story; at most also while a question was open and work could go on; the truth is between them, and the verdict takes the lower one. Beside it stands the largest blocker: the stage, apart from development and backlog, in which stories spent the most working time within the window, and the share of that stage in the cycle time. A blocker takes 5 stories and at least 5 % of their cycle time; in a tie it is not the owner. Hours counted: the working hours of cycle time of all stories within the window; every share is a share of these.",
			caution: "Caution: it says little if few working hours were counted, and nothing if statuses are in the wrong stages. A bottleneck is a matter of the whole system: large batches and absences make it too.",
			queries: []query{
				rows(bounded(low, high)),
				rows(largestBlocker()),
				rows("max by (project) (" + lived(blockerStages()) + ")\n/ " + all),
				rows(hours(cycleTime())),
			},
			view: grid("Project", false,
				column{from: "project", title: "Project"},
				column{from: "Value #A", title: "Bottleneck?", named: verdictWords(), width: 100},
				column{from: "bounds", title: "Owner – with questions", width: 177},
				column{from: "Value #B", title: "Largest blocker", named: blockerWords(), width: 158},
				column{from: "Value #C", title: "Its share", unit: unitShare, bar: ofStage()},
				column{from: "Value #D", title: "Hours counted", unit: unitHours, width: 118}).
				NoValue(noDecision),
		},
		panel{
			title: "Cycle time by stage", asks: "Where does the cycle time go?", width: 24, height: 10,
			about:   "The share of each stage in the working time that stories spent within the window between the start of work and done, whether they are finished or not. Working time is by the project's calendar.",
			caution: "Caution: a status that the config puts in no stage is put in one by its name, else by its category. A wrong stage shows here first.",
			queries: []query{rows(lived(".*") + "\n/ on (project) group_left () " + all)},
			view:    stageBars().NoValue(noDecision),
		},
	)
	b.row("How sure is it, and how does it go?")
	b.add(
		panel{
			title: "Waiting times", asks: "How long do the teams wait, and how sure is that?", width: 24, height: 11,
			about:   "The time within which half, and 85 of 100, of the waits that ran in the window were over, in working hours on the owner's clock, and the latter as a multiple of the target. Open waits count with the time that they have waited so far. Not yet: so many are open past their target that the quantile is beyond all of them. A dash: it is too early to tell. Cut short: the share that ended without a verdict or an answer (withdrawn, handed over, …).",
			caution: "Caution: under 10 waits it says little. If more than 20 % were cut short, the quantiles are probably too low.",
			queries: howSure(`po_project_wait_rolling_seconds`, isProject, `max by (kind, project) (po_wait_target_seconds{`+isProject+`})`),
			view:    howSureGrid(),
		},
		panel{
			title: "Largest blocker over time", asks: "Was it always so?", width: 24, height: 7,
			about:   "The largest blocker over time. Each point looks back over the window.",
			caution: "Caution: between two stages of about the same length a single story decides, so short spans mean little. In a gap nothing was measured.",
			queries: []query{course(largestBlocker(), "{{project}}")},
			view:    states(stageWords()),
		},
		unconfigured(),
	)
	b.fold("Waiting for the owner over time, by project")
	b.add(
		panel{
			title: "$project: owner's share", asks: "How much of the cycle time is waiting for the owner?", width: 8, height: 8, each: "project",
			about:   "The share of waiting for the owner in the cycle time within the window. At least: while nothing else could be done. At most: also while a question was open and work could go on. The truth is between them.",
			caution: "Caution: it says little if the tooltip counts few working hours, and nothing if statuses are in the wrong stages.",
			queries: []query{
				course(low, "at least").in(colorOwner),
				course(high, "at most").in(colorOwnerMost),
				course(hours(cycleTime()), "working hours counted"),
			},
			view: lines(unitShare).OverrideByName("at most", []dashboard.DynamicConfigValue{
				{Id: "custom.fillBelowTo", Value: "at least"}, {Id: "custom.fillOpacity", Value: 20},
			}),
		},
	)
	b.fold("Time to a verdict over time, by project")
	b.add(
		panel{
			title: "$project: verdicts", asks: "Do verdicts come sooner than before?", width: 8, height: 8, each: "project",
			about:   "The time within which half, and 85 of 100, of the acceptance waits were over, in working hours. Each point looks back over the window; the tooltip has the number of waits. Dashed: the target.",
			caution: "Caution: under 10 waits it says little. In a gap the quantile was not reached, or it was too early to tell; the table above says which.",
			queries: projectQuantiles("acceptance"),
			view:    lines(unitHours),
		},
	)
	b.fold("Time to an answer over time, by project")
	b.add(
		panel{
			title: "$project: answers", asks: "Do answers come sooner than before?", width: 8, height: 8, each: "project",
			about:   "The time within which half, and 85 of 100, of the questions were answered, in working hours. Each point looks back over the window; the tooltip has the number of waits. Dashed: the target.",
			caution: "Caution: under 10 waits it says little. Answers by voice or chat are seen late or never.",
			queries: projectQuantiles("question"),
			view:    lines(unitHours),
		},
	)
	b.fold("Waits past their target, and acceptance left out, by project")
	b.add(
		panel{
			title: "$project: past target", asks: "What share of the waits passed their target?", width: 8, height: 8, each: "project",
			about:   "The share that passed their target, of the waits that met or passed it. Each point looks back over the window; the tooltip has the number of waits. A wait counts when it passes its target, even if it is still open. A wait that was taken away before its target counts in neither. Dashed: what the objective of the alerts allows, which is about acceptance.",
			caution: "Caution: under 10 waits it says little. Until a whole window has been scraped or imported, what was counted before is missing.",
			queries: []query{
				course(late("project, kind", within, inWindow), "{{kind}}"),
				course(`1 - max(yourturn:acceptance_objective:ratio or vector(0.8))`, "target: at most"),
				course(judged("project, kind", within, inWindow), "{{kind}}, waits counted"),
			},
			view: lines(unitShare).Max(1),
		},
		panel{
			title: "$project: no acceptance", asks: "How many were done with no acceptance?", width: 8, height: 8, each: "project",
			about:   "Stories that reached done without visiting an acceptance status. Each point looks back over the window. If this grows while waits become shorter, waiting was avoided and not shortened.",
			caution: "Caution: until a whole window has been scraped or imported, what was counted before is missing. A project of many stories has more of them.",
			queries: []query{course(ended("project", `po_acceptance_bypassed_total`+within, "$window"), "stories").in(colorSeries)},
			view:    lines(unitCount),
		},
	)
	return b
}

// blockerStages returns a regular expression of the labels of blockers.
func blockerStages() string {
	var list []string
	for _, s := range blockers() {
		list = append(list, s.label)
	}
	return strings.Join(list, "|")
}
