package dashboards

import (
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/barchart"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// stage is a stage of cycle time as it is shown.
type stage struct {
	label, words, color string
}

// blockers are the stages that can be the largest blocker.
func blockers() []stage {
	return []stage{
		{"owner", "waiting for the owner", colorOver},
		{"review", "review", "blue"},
		{"test", "test", "purple"},
		{"blocked", "blocked", "red"},
		{"release", "release", "green"},
	}
}

// tooFew is the number of the words that stand where no blocker is told.
func tooFew() int { return len(blockers()) + 1 }

// stageWords maps the numbers of largestBlocker to words.
func stageWords() []dashboard.ValueMapping {
	var list []dashboard.ValueMappingResult
	for _, s := range blockers() {
		list = append(list, word(s.words, s.color))
	}
	return words(append(list, word("fewer than 5 stories", colorPlain))...)
}

// largestBlocker is the number, among blockers, of the stage that is the
// largest blocker of each project: Grafana maps numbers to words, not labels.
func largestBlocker() string {
	var parts []string
	for i, s := range blockers() {
		parts = append(parts, fmt.Sprintf(`%d * (po_largest_blocker{`+isProject+`, window="$window", stage="%s"} == 1)`, i+1, s.label))
	}
	parts = append(parts, fmt.Sprintf(`%d * group by (job, project) (po_stage_seconds{`+isProject+`, window="$window"}) unless on (job, project) po_largest_blocker{window="$window"}`, tooFew()))
	return "max by (project) (" + strings.Join(parts, "\nor ") + ")"
}

// lived is the working time that stories spent within the window in the stages
// that match, by project and stage.
func lived(stages string) string {
	return summed("project, stage", "project, stage", `po_stage_seconds{`+isProject+`, window="$window", stage`+stages+`}`)
}

// counted is how many working hours, in all stages, shares are made of.
func counted() string { return hours("sum by (project) (" + lived(`!="backlog"`) + ")") }

// stageBars shows each project's stages beside each other, in the colours that
// they have everywhere. They are shares of a whole: an axis that Grafana makes
// for stacked percents goes beyond it.
func stageBars() *barchart.PanelBuilder {
	b := barchart.NewPanelBuilder().
		Unit(unitShare).
		Min(0).
		Max(1).
		Orientation(common.VizOrientationHorizontal).
		Stacking(common.StackingModeNormal).
		ShowValue(common.VisibilityModeNever).
		BarWidth(0.7).
		FillOpacity(70).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti)).
		Legend(common.NewVizLegendOptionsBuilder().
			DisplayMode(common.LegendDisplayModeList).
			Placement(common.LegendPlacementBottom).
			ShowLegend(true)).
		WithTransformation(dashboard.DataTransformerConfig{Id: "groupingToMatrix", Options: map[string]any{
			"rowField": "project", "columnField": "stage", "valueField": "Value",
		}})
	for _, s := range append(blockers(), stage{"owner_question", "waiting for an answer", colorNear}, stage{"development", "development", "text"}) {
		b.OverrideByName(s.label, []dashboard.DynamicConfigValue{
			{Id: "displayName", Value: s.words},
			{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": s.color}},
		})
	}
	return b
}

// shareOf is the part of the cycle time, lived within the window, that was
// spent in the stages that match.
func shareOf(stages string) string {
	return "sum by (project) (" + lived(`=~"`+stages+`"`) + ")\n/ (sum by (project) (" + lived(`!="backlog"`) + ") > 0)"
}

// projectQuantiles is the quantiles of a project's waits of a kind over the
// window, of how many they are made, and the target.
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

// inWindow is by how much a counter grew within the window chosen.
func inWindow(series string) string { return grown(series, "$window", "$__interval") }

// bottleneck answers whether the owner is what a project waits for most.
func bottleneck() *board {
	b := newBoard("yourturn-bottleneck", "Is the Product Owner the bottleneck?",
		"Where the cycle time of stories goes, per project, and whether waiting for the Product Owner is the largest part of it that is not work.",
		"now-30d", "5m")
	b.variables(projectVariable(), windowVariable())
	b.add(
		panel{
			title: "What is the largest blocker?", width: 12, height: 8,
			about: "The stage other than development and backlog in which stories of the window spent most working time, finished or not; that part of their cycle time; and the working hours, in all stages, that it is a part of. Waiting for the owner counts only while nothing else could be done on the story; in a tie it is never the owner. Told from 5 stories in the window on.",
			doubt: "Doubt it where few working hours are counted, or where the next stage is as long: the bars below show that.",
			queries: []query{
				rows(largestBlocker()),
				rows("max by (project) (" + lived(`=~"`+blockerStages()+`"`) + ")\n/ (sum by (project) (" + lived(`!="backlog"`) + ") > 0)"),
				rows(counted()),
			},
			view: grid("Project", false,
				column{from: "project", title: "Project"},
				column{from: "Value #A", title: "Largest blocker", named: stageWords()},
				column{from: "Value #B", title: "Its part", unit: unitShare, width: 100},
				column{from: "Value #C", title: "Working hours counted", unit: unitHours, width: 170}),
		},
		panel{
			title: "Was it always?", width: 12, height: 8,
			about:   "The largest blocker over time, each instant looking back over the window.",
			doubt:   "Doubt it in short spans: between two stages of like length a single story decides. Gaps: nothing was measured.",
			queries: []query{course(largestBlocker(), "{{project}}")},
			view:    states(stageWords()),
		},
		panel{
			title: "Where does the cycle time go?", width: 12, height: 9,
			about:   "Working time, by the project's calendar, that all stories of the window spent in each stage from the first start of work to done, finished or not, as a part of the whole.",
			doubt:   "Doubt it where a status has no stage in the config: then it is placed by its name, else by its category, and a wrong mapping shows here first.",
			queries: []query{rows(lived(`!="backlog"`) + "\n/ on (project) group_left () (sum by (project) (" + lived(`!="backlog"`) + ") > 0)")},
			view:    stageBars(),
		},
		panel{
			title: "How much of it is waiting for the owner?", width: 12, height: 9,
			about: "A part of the cycle time: of the working time in the window. Solid: nothing else could be done (the low bound). Dotted: questions also while work may have gone on (the high bound). The truth is between them.",
			doubt: "Doubt it where the tooltip counts few working hours, or where stages are mapped wrongly.",
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
			title: "How long do the teams wait, and how sure is that?", width: 24, height: 11,
			about:   "Of the waits that ran in the window, in working hours on the owner's clock: the time within which half of them, and 85 of 100, were over; each also as times the target, in the target's colours. Open waits count for what they have waited so far. Not reached yet: so many are open past their target that the quantile lies beyond them all. Empty: too early to tell.",
			doubt:   "Doubt it under 10 waits. Where more than 20 % are censored (withdrawn, handed over, …) the quantiles are probably too low.",
			queries: howSure(`po_project_wait_rolling_seconds`, isProject, `max by (kind, project) (po_wait_target_seconds{`+isProject+`})`),
			view:    howSureGrid(),
		},
		panel{
			title: "Do verdicts come sooner than before?", width: 12, height: 9,
			about:   "The time within which half, and 85 of 100, acceptance waits of the window before each instant were over, in working hours. The tooltip says how many waits that is made of. Dashed: the target, of several the strictest.",
			doubt:   "Doubt it under 10 waits. A gap is a quantile that was not reached, or too early to tell: see the table above for which.",
			queries: projectQuantiles("acceptance"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "Do answers come sooner than before?", width: 12, height: 9,
			about:   "The same for questions: the time within which half, and 85 of 100, were answered, in working hours.",
			doubt:   "Doubt it under 10 waits, and where answers are given by voice or chat: those are told late or never.",
			queries: projectQuantiles("question"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "How many waits passed their target?", width: 12, height: 8,
			about: "Of the waits that met their target or passed it within the window before each instant, the part that passed it; the tooltip says how many were judged. Counted at the instant of passing, so waits that are still open count too. Waits taken away before their target count in neither.",
			doubt: "Doubt it under 10 waits, and until a whole window was scraped or imported: what was counted before is not known.",
			queries: []query{
				course(late("project, kind", within, inWindow), "{{project}}, {{kind}}"),
				course(judged("project, kind", within, inWindow), "{{project}}, {{kind}}, waits counted"),
			},
			view: lines(unitShare).Max(1),
		},
		panel{
			title: "How many were done with no acceptance?", width: 12, height: 8,
			about:   "Stories that reached done without a visit to an acceptance status, within the window before each instant. When this grows while waits shrink, the waiting was avoided and not shortened.",
			doubt:   "Doubt it until a whole window was scraped or imported: what was counted before is not known.",
			queries: []query{course(ended("project", `po_acceptance_bypassed_total`+within, "$window"), "{{project}}")},
			view:    lines(unitCount),
		},
	)
	return b
}

// blockerStages matches the stages that can be the largest blocker.
func blockerStages() string {
	var list []string
	for _, s := range blockers() {
		list = append(list, s.label)
	}
	return strings.Join(list, "|")
}
