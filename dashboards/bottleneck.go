package dashboards

import (
	"fmt"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/barchart"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// blockers returns the stages that can be the largest blocker.
func blockers() []term {
	return slices.DeleteFunc(stages(), func(s term) bool { return s.label == "development" || s.label == "owner_question" })
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
// that match, by project and stage.
func lived(stages string) string {
	return summed("project, stage", "project, stage", `po_stage_seconds{`+isProject+`, window="$window", stage`+stages+`}`)
}

// counted returns the working hours in all stages, of which shares are taken.
func counted() string { return hours("sum by (project) (" + lived(`!="backlog"`) + ")") }

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
	for _, s := range stages() {
		b.OverrideByName(s.label, called(s.words, s.color))
	}
	return b
}

// shareOf returns the share of the stages that match in the cycle time within the
// window.
func shareOf(stages string) string {
	return "sum by (project) (" + lived(`=~"`+stages+`"`) + ")\n/ (sum by (project) (" + lived(`!="backlog"`) + ") > 0)"
}

// projectQuantiles returns the queries for the quantiles of a project's waits of a kind
// over the window, the target, and the number of waits.
func projectQuantiles(kind string) []query {
	quantile := func(q, words string) query {
		return course(reached(hours(`max by (project) (po_project_wait_rolling_seconds{kind="`+kind+`", `+isProject+`, window="$window", q="`+q+`"})`)), "{{project}}, "+words)
	}
	return []query{
		quantile("0.5", "half within"),
		quantile("0.85", "85 of 100 within"),
		course(hours(`min by (kind) (po_wait_target_seconds{`+isProject+`, kind="`+kind+`"})`), "target"),
		course(summed("project", "kind, project, owner, state", `po_wait_rolling_samples{kind="`+kind+`", `+isProject+`, window="$window"}`), "{{project}}, waits counted"),
	}
}

// inWindow returns by how much a counter grew within the selected window.
func inWindow(series string) string { return grown(series, "$window", "$__interval") }

// bottleneck returns the dashboard of where the cycle time goes, and whether the owner is
// what a project waits for most.
func bottleneck() *board {
	b := newBoard("yourturn-bottleneck", "Is the Product Owner the bottleneck?",
		"Where the cycle time of stories goes, per project, and whether waiting for the Product Owner is the largest part of it apart from the work itself.",
		"now-30d", "5m")
	b.variables(projectVariable(), windowVariable())
	b.add(
		panel{
			title: "Largest blocker", asks: "What is the largest blocker?", width: 24, height: 8,
			about:   "The stage, apart from development and backlog, in which stories spent the most working time within the window, whether they are finished or not; its share of their cycle time; and the working hours in all stages. Waiting for the owner counts only while nothing else could be done on the story. In a tie it is not the owner. It takes 5 stories in the window, and at least 5 % of their cycle time.",
			caution: "Caution: it says little if few working hours were counted, or if the next stage is about as long. The bars below show that.",
			queries: []query{
				rows(largestBlocker()),
				rows("max by (project) (" + lived(`=~"`+blockerStages()+`"`) + ")\n/ (sum by (project) (" + lived(`!="backlog"`) + ") > 0)"),
				rows(counted()),
			},
			view: grid("Project", false,
				column{from: "project", title: "Project"},
				column{from: "Value #A", title: "Largest blocker", named: blockerWords()},
				column{from: "Value #B", title: "Of cycle time", unit: unitShare, bar: ofCycleTime()},
				column{from: "Value #C", title: "Hours counted", unit: unitHours}),
		},
		panel{
			title: "Largest blocker over time", asks: "Was it always so?", width: 24, height: 8,
			about:   "The largest blocker over time. Each point looks back over the window.",
			caution: "Caution: between two stages of about the same length a single story decides, so short spans mean little. In a gap nothing was measured.",
			queries: []query{course(largestBlocker(), "{{project}}")},
			view:    states(stageWords()),
		},
		unconfigured(),
		panel{
			title: "Cycle time by stage", asks: "Where does the cycle time go?", width: 12, height: 9,
			about:   "The share of each stage in the working time that stories spent within the window between the start of work and done, whether they are finished or not. Working time is by the project's calendar.",
			caution: "Caution: a status that the config puts in no stage is put in one by its name, else by its category. A wrong stage shows here first.",
			queries: []query{rows(lived(`!="backlog"`) + "\n/ on (project) group_left () (sum by (project) (" + lived(`!="backlog"`) + ") > 0)")},
			view:    stageBars(),
		},
		panel{
			title: "Waiting for the owner", asks: "How much of it is waiting for the owner?", width: 12, height: 9,
			about:   "The share of waiting for the owner in the cycle time within the window. Solid (the low bound): while nothing else could be done. Dotted (the high bound): also while a question was open and work could go on. The truth is between them.",
			caution: "Caution: it says little if the tooltip counts few working hours, and nothing if statuses are in the wrong stages.",
			queries: []query{
				course(shareOf("owner"), "{{project}}, at least"),
				course(shareOf("owner|owner_question"), "{{project}}, at most"),
				course(counted(), "{{project}}, working hours counted"),
			},
			view: lines(unitShare).OverrideByRegexp("/at most$/", []dashboard.DynamicConfigValue{
				{Id: "custom.lineStyle", Value: map[string]any{"fill": "dot", "dash": []int{2, 6}}},
				{Id: "custom.fillOpacity", Value: 0},
			}),
		},
		panel{
			title: "Waiting times", asks: "How long do the teams wait, and how sure is that?", width: 24, height: 11,
			about:   "The time within which half, and 85 of 100, of the waits that ran in the window were over, in working hours on the owner's clock, and the latter as a multiple of the target. Open waits count with the time that they have waited so far. Not yet: so many are open past their target that the quantile is beyond all of them. A dash: it is too early to tell. Cut short: the part that ended without a verdict or an answer (withdrawn, handed over, …).",
			caution: "Caution: under 10 waits it says little. If more than 20 % were cut short, the quantiles are probably too low.",
			queries: howSure(`po_project_wait_rolling_seconds`, isProject, `max by (kind, project) (po_wait_target_seconds{`+isProject+`})`),
			view:    howSureGrid(),
		},
		panel{
			title: "Time to a verdict", asks: "Do verdicts come sooner than before?", width: 12, height: 9,
			about:   "The time within which half, and 85 of 100, of the acceptance waits were over, in working hours. Each point looks back over the window; the tooltip has the number of waits. Dashed: the target, or the strictest of several.",
			caution: "Caution: under 10 waits it says little. In a gap the quantile was not reached, or it was too early to tell; the table above says which.",
			queries: projectQuantiles("acceptance"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "Time to an answer", asks: "Do answers come sooner than before?", width: 12, height: 9,
			about:   "The same for questions: the time within which half, and 85 of 100, of them were answered, in working hours.",
			caution: "Caution: under 10 waits it says little. Answers by voice or chat are seen late or never.",
			queries: projectQuantiles("question"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "Share past target", asks: "How many waits passed their target?", width: 12, height: 8,
			about:   "The share that passed their target, of the waits that met or passed it. Each point looks back over the window; the tooltip has the number of waits. A wait counts when it passes its target, even if it is still open. A wait that was taken away before its target counts in neither.",
			caution: "Caution: under 10 waits it says little. Until a whole window has been scraped or imported, what was counted before is missing.",
			queries: []query{
				course(late("project, kind", within, inWindow), "{{project}}, {{kind}}"),
				course(judged("project, kind", within, inWindow), "{{project}}, {{kind}}, waits counted"),
			},
			view: lines(unitShare).Max(1),
		},
		panel{
			title: "No acceptance", asks: "How many were done with no acceptance?", width: 12, height: 8,
			about:   "Stories that reached done without visiting an acceptance status. Each point looks back over the window. If this grows while waits become shorter, waiting was avoided and not shortened.",
			caution: "Caution: until a whole window has been scraped or imported, what was counted before is missing.",
			queries: []query{course(ended("project", `po_acceptance_bypassed_total`+within, "$window"), "{{project}}")},
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
