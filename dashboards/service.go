package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// ours restricts a series to the yourturn chosen.
const ours = `{job=~"$job"}`

// service shows whether yourturn itself is well.
func service() *board {
	b := newBoard("yourturn-service", "Service health",
		"Whether the numbers are fresh and complete: polls, requests to Jira, its rate limits, and what is odd in the data.",
		"now-6h", "1m")
	b.variables(jobVariable(), projectVariable())
	b.add(
		panel{
			title: "How old are the numbers?", width: 6, height: 4,
			about:   "Now, less the start in Jira's clock of the last complete poll. Colours begin at 10 and at 30 minutes.",
			doubt:   "Doubt it by what Jira's clock and Prometheus' are apart: that is in it.",
			queries: []query{now(`time() - max by (job) (yourturn_data_timestamp_seconds`+ours+`)`, "{{job}}")},
			view:    number(unitSeconds, 0, thresholds(colorCalm, step{600, colorNear}, step{1800, colorOver})),
		},
		panel{
			title: "How long did the last poll take?", width: 6, height: 4,
			about:   "The last poll cycle, complete or failed.",
			doubt:   "Doubt it as the usual: a first one reads everything and may take hours, and a failed one may have ended early.",
			queries: []query{now(`max by (job) (yourturn_poll_duration_seconds`+ours+`)`, "{{job}}")},
			view:    number(unitSeconds, 1, plain()),
		},
		panel{
			title: "When was the last complete poll?", width: 6, height: 4,
			about:   "When it ended, in the clock of yourturn's machine.",
			doubt:   "Doubt it after a restart: it is told from the first complete poll since.",
			queries: []query{now(`max by (job) (yourturn_poll_last_success_timestamp_seconds`+ours+` > 0) * 1000`, "{{job}}")},
			view:    number(unitAgo, 0, plain()).NoValue("none since the start, or no data"),
		},
		panel{
			title: "Which version runs?", width: 6, height: 4,
			about:   "The version of the binary that is scraped.",
			doubt:   "Doubt it for a binary of your own making: it says what the build told it.",
			queries: []query{now(`max by (job, version, revision) (yourturn_build_info`+ours+`)`, "{{version}}")},
			view:    number(unitCount, 0, plain()).TextMode(common.BigValueTextModeName),
		},
		panel{
			title: "Do polls succeed?", width: 12, height: 8,
			about:   "Poll cycles per minute, by how they ended. A failed one changes no number; the next takes up where it stopped.",
			doubt:   "Doubt it where polls are further apart than the points: their rate jumps.",
			queries: []query{course(`sum by (result) (rate(yourturn_poll_cycles_total`+ours+`[$__rate_interval])) * 60`, "{{result}}")},
			view:    lines(unitCount).AxisLabel("per minute"),
		},
		panel{
			title: "How many stories do polls bring in?", width: 12, height: 8,
			about:   "Stories per minute that polls brought in, changed or not: overlap makes some come again.",
			doubt:   "Doubt it as the team's pace: it counts what was read, not what happened.",
			queries: []query{course(`sum by (job) (rate(yourturn_poll_stories_total`+ours+`[$__rate_interval])) * 60`, "{{job}}")},
			view:    lines(unitCount).AxisLabel("per minute"),
		},
		panel{
			title: "What does Jira answer?", width: 12, height: 8,
			about:   "Requests per minute by status. 429 is Jira's rate limit, 401 and 403 a refused token, 0 no answer at all.",
			doubt:   "Doubt it when it looks quiet: while Jira is left alone for its rate limit nothing is asked.",
			queries: []query{course(`sum by (code) (rate(yourturn_jira_requests_total`+ours+`[$__rate_interval])) * 60`, "{{code}}")},
			view:    lines(unitCount).AxisLabel("per minute"),
		},
		panel{
			title: "How fast does Jira answer?", width: 12, height: 8,
			about:   "Seconds within which 95 of 100 requests were answered, by endpoint. Empty where nothing was asked.",
			doubt:   "Doubt it between buckets: it is read off a histogram, and beyond 30 s it says 30.",
			queries: []query{course(`histogram_quantile(0.95, sum by (le, endpoint) (rate(yourturn_jira_request_duration_seconds_bucket`+ours+`[$__rate_interval])))`, "{{endpoint}}")},
			view:    lines(unitSeconds),
		},
		panel{
			title: "How much of Jira's request budget is left?", width: 12, height: 8,
			about: "What Jira's headers said last, as a part of the budget that they named. Empty where Jira names none, as some Data Centers do.",
			doubt: "Doubt it after a pause: it stands at the last answer though Jira may have filled it up.",
			queries: []query{course(`min by (endpoint) (yourturn_jira_rate_limit_remaining_requests`+ours+`)
/ on (endpoint) max by (endpoint) (yourturn_jira_rate_limit_requests`+ours+`)`, "{{endpoint}}")},
			view: lines(unitShare).Max(1),
		},
		panel{
			title: "Where does the work go?", width: 12, height: 8,
			about:   "Requests per minute by endpoint.",
			doubt:   "Doubt it as cost: some endpoints weigh more in Jira's budget than others.",
			queries: []query{course(`sum by (endpoint) (rate(yourturn_jira_requests_total`+ours+`[$__rate_interval])) * 60`, "{{endpoint}}")},
			view:    stacked(unitCount, common.StackingModeNormal).AxisLabel("per minute"),
		},
		panel{
			title: "What is odd in the data?", width: 12, height: 9,
			about:   "What was found while deriving, per project: shown and counted, and nothing is dropped for it. yourturn waits --audit lists each. A growing last_status, broken_chain or comments_short means that Jira's record is incomplete and waits may be wrong.",
			doubt:   "Doubt it to be all that is wrong: it is what can be seen from Jira's record.",
			queries: []query{rows(orNone(summed("project, reason", "project, reason", `po_audit_findings`+within)+" > 0", "reason", saysNothing))},
			view: grid("Project", false,
				column{from: "project", title: "Project", width: 90},
				column{from: "reason", title: "What"},
				column{from: "Value", title: "How many", unit: unitCount, width: 100}),
		},
		panel{
			title: "Does it become more?", width: 12, height: 9,
			about:   "The same over time, over the projects chosen.",
			doubt:   "Doubt it at a change of the config: other projects and rules find other things.",
			queries: []query{course(summed("reason", "project, reason", `po_audit_findings`+within)+" > 0", "{{reason}}")},
			view:    lines(unitCount),
		},
		panel{
			title: "Which machine does it need?", width: 24, height: 7,
			about: "Memory of the process, and processors that it kept busy (right axis).",
			doubt: "Doubt it where the process exports nothing about itself, as outside Linux.",
			queries: []query{
				course(`max by (job) (process_resident_memory_bytes`+ours+` and on (job, instance) yourturn_build_info)`, "memory"),
				course(`max by (job) (rate(process_cpu_seconds_total`+ours+`[$__rate_interval]) and on (job, instance) yourturn_build_info)`, "processors"),
			},
			view: lines("bytes").OverrideByName("processors", []dashboard.DynamicConfigValue{
				{Id: "unit", Value: unitCount}, {Id: "decimals", Value: 2}, {Id: "custom.axisPlacement", Value: "right"},
			}),
		},
	)
	return b
}
