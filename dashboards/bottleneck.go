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

// stageWords maps the numbers of largestBlocker to words.
func stageWords() []dashboard.ValueMapping {
	var list []dashboard.ValueMappingResult
	for _, s := range blockers() {
		list = append(list, word(s.words, s.color))
	}
	return words(list...)
}

// largestBlocker is the number, among blockers, of the stage that is the
// largest blocker of each project: Grafana maps numbers to words, not labels.
func largestBlocker() string {
	var parts []string
	for i, s := range blockers() {
		parts = append(parts, fmt.Sprintf(`%d * (po_largest_blocker{`+isProject+`, window="$window", stage="%s"} == 1)`, i+1, s.label))
	}
	return "max by (project) (" + strings.Join(parts, "\nor ") + ")"
}

// stageBars shows each project's stages beside each other, in the colours that
// they have everywhere.
func stageBars() *barchart.PanelBuilder {
	b := barchart.NewPanelBuilder().
		Unit(unitSeconds).
		Orientation(common.VizOrientationHorizontal).
		Stacking(common.StackingModePercent).
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
	const lived = `max by (project, stage) (po_stage_seconds{` + isProject + `, window="$window", stage%s})`
	return fmt.Sprintf("sum by (project) ("+lived+")\n/ sum by (project) ("+lived+")", `=~"`+stages+`"`, `!="backlog"`)
}

// bottleneck answers whether the owner is what a project waits for most.
func bottleneck() *board {
	b := newBoard("yourturn-bottleneck", "Is the Product Owner the bottleneck?",
		"Where the cycle time of stories goes, per project, and whether waiting for the Product Owner is the largest part of it that is not work.",
		"now-30d", "5m")
	b.variables(projectVariable(), windowVariable())
	b.add(
		panel{
			title: "What is the largest blocker?", width: 12, height: 7,
			about:   "The stage other than development and backlog in which stories of the window spent most working time, finished or not. Waiting for the owner counts only while nothing else could be done on the story, so waiting for an answer while work may go on is no candidate; in a tie it is never the owner. Shown from 5 stories in the window on.",
			queries: []query{now(largestBlocker(), "{{project}}")},
			view: number(unitCount, 0, plain()).
				Mappings(stageWords()).
				TextMode(common.BigValueTextModeValueAndName).
				ColorMode(common.BigValueColorModeBackground).
				NoValue("fewer than 5 stories in this window"),
		},
		panel{
			title: "Was it always?", width: 12, height: 7,
			about:   "The largest blocker over time, each instant looking back over the window. Gaps: too few stories, or nothing measured.",
			queries: []query{course(largestBlocker(), "{{project}}")},
			view:    states(stageWords()),
		},
		panel{
			title: "Where does the cycle time go?", width: 12, height: 9,
			about:   "Working time, by the project's calendar, that all stories of the window spent in each stage from the first start of work to done, finished or not, as a part of the whole. A status that the config gives no stage is placed by its name, else by its category: a wrong mapping shows here first.",
			queries: []query{rows(`max by (project, stage) (po_stage_seconds{` + isProject + `, window="$window", stage!="backlog"})`)},
			view:    stageBars(),
		},
		panel{
			title: "How much of it is waiting for the owner?", width: 12, height: 9,
			about: "A part of the cycle time: of the working time in the window. Solid: nothing else could be done (the low bound). Dotted: questions also while work may have gone on (the high bound). The truth is between them.",
			queries: []query{
				course(shareOf("owner"), "{{project}}, at least"),
				course(shareOf("owner|owner_question"), "{{project}}, at most"),
			},
			view: lines(unitShare).OverrideByRegexp("/at most$/", []dashboard.DynamicConfigValue{
				{Id: "custom.lineStyle", Value: map[string]any{"fill": "dot", "dash": []int{2, 6}}},
				{Id: "custom.fillOpacity", Value: 0},
			}),
		},
		panel{
			title: "How long do the teams wait, and how sure is that?", width: 24, height: 10,
			about:   "Of the waits that ran in the window, in working hours on the owner's clock: half of them were over after the median, 85 of 100 after the next column. Open waits count for what they have waited so far. Not reached yet: so many are open past their target that the quantile lies beyond them all. Empty: too early to tell. Where more than 20 % are censored (withdrawn, handed over, …) the quantiles are probably too low; under 10 waits do not trust them.",
			queries: howSure(`po_project_wait_rolling_seconds`, isProject, `max by (kind, project) (po_wait_target_seconds{`+isProject+`})`),
			view:    howSureGrid(),
		},
		panel{
			title: "Do verdicts come sooner than before?", width: 12, height: 9,
			about: "The time within which half, and 85 of 100, acceptance waits of the window were over, in working hours. A gap is a quantile that was not reached, or too early to tell: see the table above for which.",
			queries: []query{
				course(reached(hours(`max by (project, q) (po_project_wait_rolling_seconds{kind="acceptance", `+isProject+`, window="$window", q=~"0.5|0.85"})`)), "{{project}}, {{q}}"),
				course(hours(`min by (kind) (po_wait_target_seconds{`+isProject+`, kind="acceptance"})`), "target"),
			},
			view: lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "Do answers come sooner than before?", width: 12, height: 9,
			about: "The same for questions: the time within which half, and 85 of 100, were answered, in working hours.",
			queries: []query{
				course(reached(hours(`max by (project, q) (po_project_wait_rolling_seconds{kind="question", `+isProject+`, window="$window", q=~"0.5|0.85"})`)), "{{project}}, {{q}}"),
				course(hours(`min by (kind) (po_wait_target_seconds{`+isProject+`, kind="question"})`), "target"),
			},
			view: lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "How many waits passed their target?", width: 12, height: 8,
			about: "Of the waits that met their target or passed it within the window before each instant, the part that passed it. Counted at the instant of passing, so waits that are still open count too. Waits taken away before their target count in neither.",
			queries: []query{course(`sum by (project, kind) (increase(po_waits_breached_total{`+isProject+`}[$window]))
/ (sum by (project, kind) (increase(po_waits_breached_total{`+isProject+`}[$window])) + sum by (project, kind) (increase(po_waits_met_total{`+isProject+`}[$window])) > 0)`, "{{project}}, {{kind}}")},
			view: lines(unitShare).Max(1),
		},
		panel{
			title: "How many were done with no acceptance?", width: 12, height: 8,
			about:   "Stories that reached done without a visit to an acceptance status, within the window before each instant. When this grows while waits shrink, the waiting was avoided and not shortened.",
			queries: []query{course(ended("project", `po_acceptance_bypassed_total{`+isProject+`}`, "$window"), "{{project}}")},
			view:    lines(unitCount),
		},
	)
	return b
}
