package dashboards

import "github.com/grafana/grafana-foundation-sdk/go/common"

// uidRetrospective is the dashboard of a sprint.
const uidRetrospective = "yourturn-retrospective"

// within restricts a series to the selected projects.
const within = `{` + isProject + `}`

// before returns the value of expr for the range of the same length before the one
// shown. The offset is on a subquery of one instant, because expr has offsets of its
// own.
func before(expr string) string { return "last_over_time((" + expr + ")[1s:1s] offset $__range)" }

// inRange returns by how much a counter grew within the range shown.
func inRange(series string) string { return grownIn(series, "$__range", "$__interval") }

// today returns the value of expr today, whichever range is shown: from an old sprint a
// reader wants to go on to the next one, and most sprints are older than what was
// scraped of them. PromQL cannot name the present, so the query looks from a day before
// the end of the range to more than a year after it. Steps of six hours keep that cheap;
// the value may be as old.
func today(expr string) string { return "last_over_time((" + expr + ")[401d:6h] offset -400d)" }

// sprints returns a metric of sprints, as known today.
func sprints(metric string) string {
	expr := "max by (project, sprint) (" + metric + within + ")"
	return "(" + today(expr) + " or " + expr + ")"
}

// asOf returns the data timestamp of today or of the end of the range, whichever is
// later, in seconds.
func asOf() string {
	const expr = `max(yourturn_data_timestamp_seconds)`
	return `scalar(max(label_replace(` + expr + `, "at", "end of range", "", "") or ` + today(expr) + `))`
}

// retrospective returns the dashboard of a sprint, or of any time range.
func retrospective() *board {
	b := newBoard(uidRetrospective, "Retrospective",
		"What waited in a sprint, or in any time range. Choose a sprint by its name in the first panel, or a range at the top right.",
		"now-14d", "")
	b.variables(projectVariable())
	part, of := late("project, kind", within, inRange), judged("project, kind", within, inRange)
	toSprint := link("Look at this sprint",
		"/d/"+uidRetrospective+`?var-project=${__data.fields.Project:percentencode}&from=${__data.fields.Start.numeric}&to=${__data.fields["Value #C"].numeric}&${datasource:queryparam}`, false)
	const unknown = "Caution: if Prometheus has no data at the start of the range, it counts from the first data on. What ended in the last minutes of the range may not be final yet, and is missing."
	b.add(
		panel{
			title: "Sprints", asks: "Which sprint is it?", width: 24, height: 7,
			about:   "The last sprints of each project. A click on one sets the time range to it, up to now if it still runs. Set any other range at the top right. Sprints without dates are not listed.",
			caution: "Caution: these are the sprints known today, the last 12 of each project, whichever range is shown. Until a sprint is completed, its end is the planned one.",
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
				NoValue("no sprints are known, or no data from yourturn: choose a time range instead"),
		},
		panel{
			title: "Ended", asks: "How many waits ended?", width: 6, height: 4,
			about:   "Waits that ended in the range with an acceptance, a rejection or an answer. They count when final.",
			caution: unknown,
			queries: []query{now(endedIn("kind", `po_waits_ended_total{`+isProject+`, outcome=~"accepted|rejected|answered"}`), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
		panel{
			title: "Passed target", asks: "How many passed their target?", width: 6, height: 4,
			about:   "Waits whose working time on the owner's clock passed the target within the range, whatever happened later.",
			caution: unknown,
			queries: []query{now(endedIn("kind", `po_waits_breached_total`+within), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
		panel{
			title: "Still open", asks: "How many are still open?", width: 6, height: 4,
			about:   "Open waits at the end of the range.",
			caution: "Caution: a question that is answered by voice or chat stays open here.",
			queries: []query{now(summed("kind", "kind, project, owner", `po_waits_open`+within), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
		panel{
			title: "No acceptance", asks: "How many were done with no acceptance?", width: 6, height: 4,
			about:   "Stories that reached done within the range without visiting an acceptance status, by project.",
			caution: unknown,
			queries: []query{now(endedIn("project", `po_acceptance_bypassed_total`+within), "{{project}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
		panel{
			title: "Longest waits", asks: "Which waits were the longest?", width: 24, height: 14,
			about:   "The 20 waits that became longest within the range, in working hours on the story's clock. Stories are in the order of how long they waited; people are in no order.",
			caution: "Caution: further waits are not listed, and of an owner's open waits of a kind only the 20 oldest at a time are known here.",
			queries: []query{
				rows(linked(`topk(20, ` + hours(named(`max by (job, kind, project, owner, story) (max_over_time(po_open_wait_seconds`+within+`[$__range]))`)) + `)`)),
			},
			view: grid("Working hours", true,
				column{from: "story", title: "Story", width: 130, links: toStory()},
				column{from: "kind", title: "Waits for", width: 130},
				column{from: "project", title: "Project", width: 110},
				column{from: "display_name", title: "On"},
				column{from: "owner"},
				column{from: "url"},
				column{from: "Value", title: "Working hours", unit: unitHours, decimals: 1, width: 160}),
		},
		panel{
			title: "Open over time", asks: "What was open, day by day?", width: 12, height: 8,
			about:   "Open waits over the range, by project and by what is waited for.",
			caution: "Caution: a question that is answered by voice or chat stays open here.",
			queries: []query{course(summed("project, kind", "kind, project, owner", `po_waits_open`+within), "{{project}}, {{kind}}")},
			view:    stacked(unitCount, common.StackingModeNormal),
		},
		panel{
			title: "Oldest over time", asks: "How old was the oldest, day by day?", width: 12, height: 8,
			about:   "Working hours of the longest open wait on the story's clock, which no hand-over restarts.",
			caution: "Caution: this is a single story, and not what is usual.",
			queries: []query{course(hours(`max by (project, kind) (po_story_wait_oldest_seconds`+within+`)`), "{{project}}, {{kind}}")},
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "This range and before", asks: "Was it better than in the ranges before?", width: 24, height: 11,
			about:   "The share of waits that passed their target, of those that met or passed it, and their number: in this range, in the range of the same length before it, and in the one before that.",
			caution: "Caution: under 10 waits it says little. Empty: no wait met or passed its target, or Prometheus has no data that far back. If its data begin within a range, it counts from there.",
			queries: []query{rows(part), rows(before(part)), rows(before(before(part))), rows(of), rows(before(of)), rows(before(before(of)))},
			view: grid("Project", false,
				column{from: "project", title: "Project"},
				column{from: "kind", title: "Waits for"},
				column{from: "Value #C", title: "2 before", unit: unitShare},
				column{from: "Value #F", title: "n, 2 before", unit: unitCount},
				column{from: "Value #B", title: "1 before", unit: unitShare},
				column{from: "Value #E", title: "n, 1 before", unit: unitCount},
				column{from: "Value #A", title: "This range", unit: unitShare},
				column{from: "Value #D", title: "n", unit: unitCount}),
		},
		panel{
			title: "How waits ended", asks: "How did the waits end?", width: 24, height: 5,
			about:   "All waits that ended within the range; a wait that was handed over counts once for each owner's part. Recalled: the team pulled the story back. Withdrawn: the story was taken away without a verdict. Handed over: to another owner. Lapsed, obsolete: nobody answered, and an answer was no longer needed.",
			caution: unknown,
			queries: []query{now(orNone(`label_replace(`+endedIn("kind, outcome", `po_waits_ended_total`+within)+` > 0, "outcome", "handed over", "outcome", "handed_over")`, "outcome", saysNone), "{{kind}} {{outcome}}")},
			view: number(unitCount, 0, plain()).
				TextMode(valueAndName).
				Text(common.NewVizTextDisplayOptionsBuilder().TitleSize(13).ValueSize(26)),
		},
	)
	return b
}
