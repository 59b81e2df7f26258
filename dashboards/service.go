package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// ours restricts a series to the selected job.
const ours = `{job=~"$job"}`

// service returns the dashboard of whether yourturn itself works.
func service() *board {
	b := newBoard("yourturn-service", "Service health",
		"Whether the numbers are fresh and complete: polls, requests to Jira, its rate limits, and what is odd in the data.",
		"now-6h", "1m")
	b.variables(jobVariable(), projectVariable())
	b.add(
		panel{
			title: "Age of the data", asks: "How old are the numbers?", width: 6, height: 4,
			about:   "The time since the start, in Jira's clock, of the last complete poll. The colour changes at 10 and at 30 minutes.",
			caution: "Caution: it includes the difference between Jira's clock and that of Prometheus.",
			queries: []query{now(`time() - max by (job) (yourturn_data_timestamp_seconds`+ours+`)`, "{{job}}")},
			view:    number(unitSeconds, 0, thresholds(colorNothing, step{-3600, colorWell}, step{600, colorLate}, step{1800, colorBroken})),
		},
		panel{
			title: "Last poll took", asks: "How long did the last poll take?", width: 6, height: 4,
			about:   "How long the last poll cycle took, complete or failed.",
			caution: "Caution: the first cycle reads everything and may take hours, and a failed one may have ended early.",
			queries: []query{now(`max by (job) (yourturn_poll_duration_seconds`+ours+`)`, "{{job}}")},
			view:    number(unitSeconds, 1, plain()),
		},
		panel{
			title: "Last complete poll", asks: "When was the last complete poll?", width: 6, height: 4,
			about:   "When it ended, by the clock of yourturn's machine.",
			caution: "Caution: after a restart it is known from the first complete poll on.",
			queries: []query{now(`max by (job) (yourturn_poll_last_success_timestamp_seconds`+ours+` > 0) * 1000`, "{{job}}")},
			view:    number(unitAgo, 0, plain()).NoValue("none since the start, or no data"),
		},
		panel{
			title: "Version", asks: "Which version runs?", width: 6, height: 4,
			about:   "The version of the binary that is scraped.",
			caution: "Caution: a binary that you built yourself shows what your build set.",
			queries: []query{now(`max by (job, version, revision) (yourturn_build_info`+ours+`)`, "{{version}}")},
			view:    number(unitCount, 0, plain()).TextMode(common.BigValueTextModeName),
		},
		panel{
			title: "Polls", asks: "Do polls succeed?", width: 12, height: 8,
			about:   "Poll cycles per minute, by how they ended. A failed cycle changes no number; the next one goes on where it stopped.",
			caution: "Caution: if polls are further apart than the points of the graph, the rate jumps.",
			queries: []query{course(`sum by (result) (rate(yourturn_poll_cycles_total`+ours+`[$__rate_interval])) * 60`, "{{result}}")},
			view:    lines(unitCount).AxisLabel("per minute"),
		},
		panel{
			title: "Stories read", asks: "How many stories do polls bring in?", width: 12, height: 8,
			about:   "Stories per minute that polls read, changed or not. Because polls overlap, some are read again.",
			caution: "Caution: this is not the team's pace. It counts what was read, not what happened.",
			queries: []query{course(`sum by (job) (rate(yourturn_poll_stories_total`+ours+`[$__rate_interval])) * 60`, "{{job}}")},
			view:    lines(unitCount).AxisLabel("per minute"),
		},
		panel{
			title: "Jira's answers", asks: "What does Jira answer?", width: 12, height: 8,
			about:   "Requests per minute by status code. 429 is Jira's rate limit, 401 and 403 mean a refused token, 0 means no answer.",
			caution: "Caution: while yourturn waits for Jira's rate limit it sends no requests, and this looks quiet.",
			queries: []query{course(`sum by (code) (rate(yourturn_jira_requests_total`+ours+`[$__rate_interval])) * 60`, "{{code}}")},
			view:    lines(unitCount).AxisLabel("per minute"),
		},
		panel{
			title: "Jira's response time", asks: "How fast does Jira answer?", width: 12, height: 8,
			about:   "Seconds within which 95 of 100 requests were answered, by endpoint. Empty if there were none.",
			caution: "Caution: it is interpolated between the buckets of a histogram, and never above 30 s.",
			queries: []query{course(`histogram_quantile(0.95, sum by (le, endpoint) (rate(yourturn_jira_request_duration_seconds_bucket`+ours+`[$__rate_interval])))`, "{{endpoint}}")},
			view:    lines(unitSeconds),
		},
		panel{
			title: "Request budget left", asks: "How much of Jira's request budget is left?", width: 12, height: 8,
			about:   "What was left of the budget, as a share, by the headers of Jira's last answer. Empty if Jira states no budget, as some Data Center instances do.",
			caution: "Caution: after a pause it still shows the last answer, although Jira may have refilled the budget.",
			queries: []query{course(`min by (endpoint) (yourturn_jira_rate_limit_remaining_requests`+ours+`)
/ on (endpoint) max by (endpoint) (yourturn_jira_rate_limit_requests`+ours+`)`, "{{endpoint}}")},
			view: lines(unitShare).Max(1),
		},
		panel{
			title: "Requests by endpoint", asks: "Where does the work go?", width: 12, height: 8,
			about:   "Requests per minute by endpoint.",
			caution: "Caution: requests are not cost. Some endpoints weigh more in Jira's budget than others.",
			queries: []query{course(`sum by (endpoint) (rate(yourturn_jira_requests_total`+ours+`[$__rate_interval])) * 60`, "{{endpoint}}")},
			view:    stacked(unitCount, common.StackingModeNormal).AxisLabel("per minute"),
		},
		panel{
			title: "Odd data", asks: "What is odd in the data?", width: 12, height: 9,
			about:   "What the audit found, per project. Nothing is dropped because of it, and yourturn waits --audit lists every finding. If last_status, broken_chain or comments_short grow, Jira's record is incomplete and waits may be wrong.",
			caution: "Caution: this is only what can be seen in Jira's record; more may be wrong.",
			queries: []query{rows(orNone(summed("project, reason", "project, reason", `po_audit_findings`+within)+" > 0", "reason", saysNothing))},
			view: grid("Project", false,
				column{from: "project", title: "Project", width: 88},
				column{from: "reason", title: "What", words: reasons()},
				column{from: "Value", title: "How many", unit: unitCount, width: 90}),
		},
		panel{
			title: "Odd data over time", asks: "Does it become more?", width: 12, height: 9,
			about:   "The same over time, in the selected projects.",
			caution: "Caution: after a change of the config, other projects and rules have other findings.",
			queries: []query{course(summed("reason", "project, reason", `po_audit_findings`+within)+" > 0", "{{reason}}")},
			view:    lines(unitCount),
		},
		panel{
			title: "Memory and processors", asks: "Which machine does it need?", width: 24, height: 7,
			about:   "The memory of the process, and the number of processors that it kept busy (right axis).",
			caution: "Caution: on systems other than Linux the process exports nothing about itself.",
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
