package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/common"
)

// uidRetrospective is the dashboard of a sprint.
const uidRetrospective = "yourturn-retrospective"

// within restricts a series to the projects chosen.
const within = `{` + isProject + `}`

// rangesBefore asks for expr, which holds %[1]s where an offset may stand, over
// the range shown and over the two ranges of the same length before it. PromQL
// takes one offset alone, so the second lies on a subquery of one instant.
func rangesBefore(expr string) []query {
	before := fmt.Sprintf(expr, " offset $__range")
	return []query{
		rows(fmt.Sprintf(expr, "")),
		rows(before),
		rows("last_over_time((" + before + ")[1s:1s] offset $__range)"),
	}
}

// today asks for expr as it is known today, whichever range is shown: whoever
// looks at an old sprint wants to go on to the next one, and most sprints are
// older than what was scraped of them. PromQL knows no today: the query looks
// from a day before the end of the range to over a year behind it. Steps of six
// hours keep that cheap, and what is known may be as old.
func today(expr string) string { return "last_over_time((" + expr + ")[401d:6h] offset -400d)" }

// sprints asks for a metric of sprints.
func sprints(metric string) string {
	expr := "max by (project, sprint) (" + metric + within + ")"
	return "(" + today(expr) + " or " + expr + ")"
}

// asOf is the instant as of which numbers are known, today or at the end of the
// range, whichever is later; in seconds.
func asOf() string {
	const expr = `max(yourturn_data_timestamp_seconds)`
	return `scalar(max(label_replace(` + expr + `, "at", "end of range", "", "") or ` + today(expr) + `))`
}

// retrospective shows a sprint, or any range of time.
func retrospective() *board {
	b := newBoard(uidRetrospective, "Retrospective",
		"What waited in a sprint, or in any range of time chosen at the top right. Choose a sprint by its name in the first panel.",
		"now-14d", "")
	b.variables(projectVariable(), jiraVariable())
	toSprint := link("Look at this sprint",
		"/d/"+uidRetrospective+`?var-project=${__data.fields.Project:percentencode}&from=${__data.fields.Start.numeric}&to=${__data.fields["Value #C"].numeric}&${datasource:queryparam}`, false)
	b.add(
		panel{
			title: "Which sprint? Choose one by its name", width: 24, height: 7,
			about: "The last sprints of each project. Choosing one sets the time range to it, up to now if it still runs; any other range can be set at the top right. Sprints without dates are not listed.",
			queries: []query{
				rows(sprints("po_sprint_start_timestamp_seconds") + " * 1000"),
				rows(sprints("po_sprint_end_timestamp_seconds") + " * 1000"),
				rows("clamp_max(" + sprints("po_sprint_end_timestamp_seconds") + ", " + asOf() + ") * 1000"),
			},
			view: grid("Start", true,
				column{from: "sprint", title: "Sprint", links: toSprint},
				column{from: "project", title: "Project", width: 150},
				column{from: "Value #A", title: "Start", unit: unitDate, width: 220},
				column{from: "Value #B", title: "End", unit: unitDate, width: 220},
				column{from: "Value #C"}). // where the link ends
				NoValue("no sprints are known: choose a time range instead"),
		},
		panel{
			title: "Ended", width: 6, height: 4,
			about:   "Waits that ended in the range by an acceptance, a rejection or an answer, counted when final.",
			queries: []query{now(ended("kind", `po_waits_ended_total{`+isProject+`, outcome=~"accepted|rejected|answered"}`, "$__range"), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(common.BigValueTextModeValueAndName),
		},
		panel{
			title: "Overdue", width: 6, height: 4,
			about:   "Waits whose working time passed the target in the range, whatever came later.",
			queries: []query{now(ended("kind", `po_waits_breached_total`+within, "$__range"), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(common.BigValueTextModeValueAndName),
		},
		panel{
			title: "Still open", width: 6, height: 4,
			about:   "Open waits at the end of the range.",
			queries: []query{now(summed("kind", "kind, project, owner", `po_waits_open`+within), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(common.BigValueTextModeValueAndName),
		},
		panel{
			title: "Bypassed", width: 6, height: 4,
			about:   "Stories that were done in the range without a visit to an acceptance status.",
			queries: []query{now(ended("project", `po_acceptance_bypassed_total`+within, "$__range"), "{{project}}")},
			view:    number(unitCount, 0, plain()).TextMode(common.BigValueTextModeValueAndName),
		},
		panel{
			title: "Which waits were the longest?", width: 24, height: 11,
			about: "How old, in working hours on the story's clock, each wait had become within the range. It sees the 20 oldest open waits of each owner and kind at a time: where more are open, shorter ones are missing.",
			queries: []query{
				rows(`topk(20, ` + hours(named(`max by (kind, project, owner, story) (max_over_time(po_open_wait_seconds`+within+`[$__range]))`)) + `)`),
			},
			view: grid("Working hours", true,
				column{from: "story", title: "Story", width: 130, links: toStory()},
				column{from: "kind", title: "Waits for", width: 130},
				column{from: "project", title: "Project", width: 110},
				column{from: "display_name", title: "On"},
				column{from: "owner"},
				column{from: "Value", title: "Working hours", unit: unitHours, decimals: 1, width: 160}).
				NoValue("nothing waited"),
		},
		panel{
			title: "What was open, day by day?", width: 12, height: 8,
			about:   "Open waits over the range, by project and by what is waited for.",
			queries: []query{course(summed("project, kind", "kind, project, owner", `po_waits_open`+within), "{{project}}, {{kind}}")},
			view:    stacked(unitCount, common.StackingModeNormal),
		},
		panel{
			title: "How old was the oldest, day by day?", width: 12, height: 8,
			about:   "Working hours of the longest open wait on the story's clock, which no hand-over restarts.",
			queries: []query{course(hours(`max by (project, kind) (po_story_wait_oldest_seconds`+within+`)`), "{{project}}, {{kind}}")},
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "Was it better than in the ranges before?", width: 24, height: 7,
			about: "The part of waits that passed their target, of those that met or passed it: in this range, in the one of the same length before it, and in the one before that. Empty: nothing was counted then, or Prometheus has no data so far back.",
			queries: rangesBefore(`sum by (project, kind) (increase(po_waits_breached_total` + within + `[$__range]%[1]s))
/ (sum by (project, kind) (increase(po_waits_breached_total` + within + `[$__range]%[1]s)) + sum by (project, kind) (increase(po_waits_met_total` + within + `[$__range]%[1]s)) > 0)`),
			view: grid("Project", false,
				column{from: "project", title: "Project"},
				column{from: "kind", title: "Waits for"},
				column{from: "Value #C", title: "Two before", unit: unitShare},
				column{from: "Value #B", title: "The one before", unit: unitShare},
				column{from: "Value #A", title: "This range", unit: unitShare}).
				NoValue("no wait met or passed its target"),
		},
		panel{
			title: "How many waits ended, against the ranges before?", width: 24, height: 7,
			about:   "Verdicts and answers in this range, in the one of the same length before it, and in the one before that: how much the parts beside are worth.",
			queries: rangesBefore(`round(sum by (project, kind) (increase(po_waits_ended_total{` + isProject + `, outcome=~"accepted|rejected|answered"}[$__range]%[1]s)))`),
			view: grid("Project", false,
				column{from: "project", title: "Project"},
				column{from: "kind", title: "Waits for"},
				column{from: "Value #C", title: "Two before", unit: unitCount},
				column{from: "Value #B", title: "The one before", unit: unitCount},
				column{from: "Value #A", title: "This range", unit: unitCount}),
		},
		panel{
			title: "How did the waits end?", width: 24, height: 5,
			about:   "All waits, or one owner's part of them, that ended in the range. Recalled: the team pulled the story back. Withdrawn: taken away with no verdict. Handed over: to another owner. Lapsed, obsolete: nobody answered, and in the end nobody had to.",
			queries: []query{now(ended("kind, outcome", `po_waits_ended_total`+within, "$__range")+" > 0", "{{kind}} {{outcome}}")},
			view: number(unitCount, 0, plain()).
				TextMode(common.BigValueTextModeValueAndName).
				Text(common.NewVizTextDisplayOptionsBuilder().TitleSize(13).ValueSize(26)).
				NoValue("none"),
		},
	)
	return b
}
