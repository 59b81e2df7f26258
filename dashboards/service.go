package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// ours restricts a series to the selected job.
const ours = `{job=~"$job"}`

// firing returns the alerts of the selected job that fire, with a further selector. If
// all jobs are selected, those of no job are among them.
func firing(which string) string {
	return `ALERTS{job=~"$job", component=~"service|waits", alertstate="firing"` + which + `}`
}

// firingSince returns since when, in seconds, what fires has been so. An alert fires
// once that has lasted as long as its rule says.
func firingSince(which string) string {
	return `(ALERTS_FOR_STATE{job=~"$job", component=~"service|waits"` + which + `} and ignoring (alertstate) ` + firing(which) + `)`
}

const ofComponent = `, component="service"`

// stale reports the jobs whose data are as old as the alert YourturnNoFreshData allows.
const stale = `time() - max by (job) (yourturn_data_timestamp_seconds` + ours + `) > on (job) clamp_min(3 * max by (job) (yourturn_poll_interval_seconds` + ours + `), 1800)`

// health returns the state of each job, as a number for healthWords: the worst that holds.
func health() string {
	return strings.NewReplacer(
		"CRITICAL", firing(ofComponent+`, severity="critical"`), "STALE", stale, "ANY", firing(ofComponent), "OURS", ours,
	).Replace(`1 * group by (job) (CRITICAL)
or 1 * group by (job) (STALE)
or 2 * group by (job) (ANY)
or 2 * group by (job) (max by (job) (yourturn_poll_successOURS) == 0)
or 3 * group by (job) (yourturn_build_infoOURS unless on (job) yourturn_data_timestamp_seconds)
or 4 * group by (job) (yourturn_data_timestamp_secondsOURS)`)
}

// healthWords are the words for the states.
func healthWords() []dashboard.ValueMapping {
	return words(word("not well", colorBroken), word("look at this", colorSeries), word("first sync", colorNothing), word("well", colorWell))
}

// illSince returns since when a job is not well, in milliseconds; 0 if it is well.
func illSince() string {
	return strings.NewReplacer("SINCE", firingSince(ofComponent), "STALE", stale, "OURS", ours).Replace(
		`1000 * min by (job) (SINCE or max by (job) (yourturn_data_timestamp_secondsOURS) and on (job) (STALE)
or max by (job) (yourturn_poll_last_success_timestamp_secondsOURS > 0) and on (job) (max by (job) (yourturn_poll_successOURS) == 0))
or 0 * group by (job) (yourturn_data_timestamp_secondsOURS)`)
}

// gapUntil returns when, in milliseconds, the last gap of five minutes or more in what was
// scraped of a job ended within the range; 0 if there was none.
func gapUntil() string {
	return strings.ReplaceAll(`1000 * max_over_time(((0 * group by (job) (yourturn_build_infoOURS @ end()) + time()) unless on (job) count_over_time(yourturn_build_infoOURS[5m]))[$__range:$__interval])
or 0 * group by (job) (yourturn_build_infoOURS)`, "OURS", ours)
}

// ago shows an instant as how long ago it was, and 0 as the words.
func ago(words string) *stat.PanelBuilder {
	return number(unitAgo, 0, plain()).Mappings([]dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{
		Type: "value", Options: map[string]dashboard.ValueMappingResult{"0": word(words, colorNothing)},
	}}})
}

// ofWaits selects the alerts about waits in the chosen projects, or in none.
const ofWaits = ", component=\"waits\", project=~`${project:regex}|`"

// alerts lists the alerts that fire, as the queries say: which, how many, and since when.
func alerts(title, asks, about, many, since string, columns ...column) panel {
	return panel{
		title: title, asks: asks, width: 16, height: 5,
		about:   about + " Since: when the oldest of these problems began. docs/dashboards.md explains each alert, and its notification links the runbook.",
		caution: "Caution: an alert that is silenced or inhibited in Alertmanager is listed here too.",
		queries: []query{
			rows(many + `
or on () label_replace(0 * group(yourturn:acceptance_objective:ratio) and on () yourturn_data_timestamp_seconds` + ours + `, "alertname", "` + saysNone + `", "", "")`),
			rows(since),
		},
		view: grid("Alert", false, append(append([]column{{from: "alertname", title: "Alert"}}, columns...),
			column{from: "severity", title: "Severity", width: 90},
			column{from: "Value #A", title: "How many", unit: unitCount, width: 90},
			column{from: "Value #B", title: "Since", unit: unitAgo, width: 130})...).
			NoValue("no data about alerts: choose another job, and look whether this Prometheus has the rules of dashboards/prometheus/rules"),
	}
}

// requested leaves out what nobody asked for within the last points.
func requested(expr, by string) string {
	return expr + "\nand on (" + by + ") sum by (" + by + ") (rate(yourturn_jira_request_duration_seconds_count" + ours + "[$__rate_interval])) > 0"
}

// coloredBy gives the lines with these names a colour.
func coloredBy(t *timeseries.PanelBuilder, names, color string) *timeseries.PanelBuilder {
	return t.OverrideByRegexp(names, colored(color))
}

// odd returns the findings of the audit for these reasons.
func odd(list []term) string {
	return summed("project, reason", "project, reason", `po_audit_findings{`+isProject+`, reason=~"`+anyOf(list)+`"}`)
}

// oddList lists findings, and how many more they are than a day ago. Without an earlier
// number there is a dash.
func oddList(title, asks, about string, list []term) panel {
	return panel{
		title: title, asks: asks, width: 15, height: 9,
		about:   about + " Nothing is dropped because of it, and yourturn waits --audit lists every finding. + 24 h: how many more than a day ago.",
		caution: "Caution: this is only what can be seen in Jira's record; more may be wrong. After a change of the config, other projects and rules have other findings.",
		queries: []query{
			rows(orNone(odd(list)+" > 0", "reason", saysNothing)),
			rows("(" + odd(list) + " > 0) - " + strings.ReplaceAll(odd(list), `"})`, `"} offset 1d)`)),
		},
		view: grid("Project", false,
			column{from: "project", title: "Project", width: 88},
			column{from: "reason", title: "What", words: list},
			column{from: "Value #A", title: "Now", unit: unitCount, width: 50},
			column{from: "Value #B", title: "+ 24 h", unit: unitCount, width: 66}),
	}
}

// service returns the dashboard of whether yourturn itself works.
func service() *board {
	b := newBoard("yourturn-service", "Service health",
		"Whether yourturn is well and its numbers are fresh and complete: alerts, polls, requests to Jira, its rate limits, and what is odd in the data.",
		"now-6h", "1m")
	b.variables(jobVariable(), projectVariable())
	answers := lines(unitCount).AxisLabel("per minute")
	coloredBy(coloredBy(answers, "/^[23]..$/", colorWell), "/^([45]..|0)$/", colorBroken)
	polls := lines(unitCount).AxisLabel("per minute")
	coloredBy(coloredBy(polls, "/^complete$/", colorWell), "/^failed$/", colorBroken)
	doubtful := lines(unitCount)
	for _, s := range doubts() {
		doubtful.OverrideByName(s.label, called(s.words, ""))
	}
	b.add(
		panel{
			title: "State", asks: "Is it well?", width: 6, height: 4,
			about:   "Not well: a critical alert about yourturn fires, or the last complete poll began more than half an hour and three poll intervals ago. Look at this: another alert about yourturn fires, or the last poll failed. First sync: it runs and has no numbers yet.",
			caution: "Caution: without the alert rules in this Prometheus, it knows the polls alone.",
			queries: []query{now(health(), "{{job}}")},
			view:    number(unitCount, 0, plain()).Mappings(healthWords()),
		},
		panel{
			title: "Not well since", asks: "Since when is it not well?", width: 6, height: 4,
			about:   "The earliest of: when the problem of an alert about yourturn began, and, while polls fail or the data are too old, the last complete poll.",
			caution: "Caution: after a restart of Prometheus an alert may begin anew.",
			queries: []query{now(illSince(), "{{job}}")},
			view:    ago("–"),
		},
		panel{
			title: "Last gap ended", asks: "When did the last gap end?", width: 6, height: 4,
			about:   "When yourturn was scraped again after the last gap of five minutes or more within the range. In a gap nothing is known of yourturn, and alerts that fired before it may begin anew. What was imported of it counts as a gap.",
			caution: "Caution: in a range of more than a day, short gaps may be missed.",
			queries: []query{now(gapUntil(), "{{job}}")},
			view:    ago("none in range"),
		},
		panel{
			title: "Age of the data", asks: "How old are the numbers?", width: 6, height: 4,
			about:   "The time since the start, in Jira's clock, of the last complete poll.",
			caution: "Caution: it includes the difference between Jira's clock and that of Prometheus.",
			queries: []query{now(`time() - max by (job) (yourturn_data_timestamp_seconds`+ours+`)`, "{{job}}")},
			view:    number(unitSeconds, 0, plain()),
		},
		alerts("Alerts about yourturn", "Which alerts about yourturn itself fire?",
			"Alerts about yourturn itself and its data. Those about waits are for the teams, and are listed at the end.",
			`count by (alertname, severity) (`+firing(ofComponent)+`)`,
			`1000 * min by (alertname, severity) (`+firingSince(ofComponent)+`)`),
		panel{
			title: "Version", asks: "Which version runs?", width: 8, height: 5,
			about:   "The version of the binary that is scraped.",
			caution: "Caution: a binary that you built yourself shows what your build set.",
			queries: []query{rows(`max by (job, version) (yourturn_build_info` + ours + `)`)},
			view: grid("Job", false,
				column{from: "job", title: "Job"},
				column{from: "version", title: "Version"}).
				NoValue("no data: choose another job"),
		},
		panel{
			title: "Polls", asks: "Do polls succeed?", width: 12, height: 7,
			about:   "Poll cycles per minute, by how they ended. A failed cycle changes no number; the next one goes on where it stopped.",
			caution: "Caution: if polls are further apart than the points of the graph, the rate jumps.",
			queries: []query{course(`sum by (result) (rate(yourturn_poll_cycles_total`+ours+`[$__rate_interval])) * 60`, "{{result}}")},
			view:    polls,
		},
		panel{
			title: "Jira's answers", asks: "What does Jira answer?", width: 12, height: 7,
			about:   "Requests per minute by status code. 429 is Jira's rate limit, 401 and 403 mean a refused token, 0 means no answer.",
			caution: "Caution: while yourturn waits for Jira's rate limit it sends no requests, and this looks quiet.",
			queries: []query{course(`sum by (code) (rate(yourturn_jira_requests_total`+ours+`[$__rate_interval])) * 60`, "{{code}}")},
			view:    answers,
		},
	)
	b.row("Can the numbers be trusted?")
	steps := unconfigured()
	steps.width, steps.height = 9, 9
	b.add(
		oddList("Doubtful data", "What may make numbers wrong?", "What the audit found that may make numbers wrong: Jira showed less, or something else, than there was, or the config does not fit.", doubts()),
		panel{
			title: "Doubtful data over time", asks: "Does what may make numbers wrong become more?", width: 9, height: 9,
			about:   "The same over time, in the selected projects.",
			caution: "Caution: after a change of the config, other projects and rules have other findings.",
			queries: []query{course(summed("reason", "project, reason", `po_audit_findings{`+isProject+`, reason=~"`+anyOf(doubts())+`"}`)+" > 0", "{{reason}}")},
			view:    doubtful,
		},
		oddList("Odd, but harmless", "What is odd, and makes no number wrong?", "What the audit found that makes no number wrong.", oddities()),
		steps,
	)
	b.row("Jira")
	b.add(
		panel{
			title: "Jira's response time", asks: "How fast does Jira answer?", width: 12, height: 8,
			about:   "Seconds within which half, and 95 of 100, of all requests were answered.",
			caution: "Caution: it is interpolated between the buckets of a histogram, and never above 30 s. In a gap there were no requests.",
			queries: []query{
				course(`histogram_quantile(0.5, sum by (le) (rate(yourturn_jira_request_duration_seconds_bucket`+ours+`[$__rate_interval]))) >= 0`, "half"),
				course(`histogram_quantile(0.95, sum by (le) (rate(yourturn_jira_request_duration_seconds_bucket`+ours+`[$__rate_interval]))) >= 0`, "95 of 100"),
			},
			view: lines(unitSeconds),
		},
		panel{
			title: "Request budget left", asks: "How much of Jira's request budget is left?", width: 12, height: 8,
			about:   "What was left of the scarcest budget, as a share, by the headers of Jira's last answer. Empty if Jira states no budget, as some Data Center instances do.",
			caution: "Caution: after a pause it still shows the last answer, although Jira may have refilled the budget.",
			queries: []query{course(`min(max by (job, endpoint) (yourturn_jira_rate_limit_remaining_requests`+ours+`)
/ (max by (job, endpoint) (yourturn_jira_rate_limit_requests`+ours+`) > 0))`, "least of all endpoints")},
			view: lines(unitShare).Max(1).NoValue("no data: Jira states no budget, or choose a later range or another job"),
		},
	)
	b.row("Alerts about waits: for the teams, and no fault of yourturn")
	ofTeams := alerts("Alerts about waits", "Which alerts about waits fire?",
		"Alerts about what teams wait for, by project. How many: stories; of StoriesForgotten, the forgotten waits; of others, one for each project or owner.",
		`sum by (alertname, project, severity) (`+firing(ofWaits+`, alertname="StoriesForgotten"`)+` * on (job, project) group_left () sum by (job, project) (max by (job, kind, project, owner) (po_waits_forgotten`+within+`)))
or count by (alertname, project, severity) (`+firing(ofWaits)+`)`,
		`1000 * min by (alertname, project, severity) (`+firingSince(ofWaits)+`)`,
		column{from: "project", title: "Project", width: 110})
	ofTeams.width, ofTeams.height = 24, 8
	b.add(ofTeams)
	b.fold("Detail: endpoints, polls, machine")
	b.add(
		panel{
			title: "Requests by endpoint", asks: "Where does the work go?", width: 12, height: 9,
			about:   "Requests per minute by endpoint.",
			caution: "Caution: requests are not cost. Some endpoints weigh more in Jira's budget than others.",
			queries: []query{course(`sum by (endpoint) (rate(yourturn_jira_requests_total`+ours+`[$__rate_interval])) * 60 > 0`, "{{endpoint}}")},
			view:    stacked(unitCount, common.StackingModeNormal).AxisLabel("per minute"),
		},
		panel{
			title: "Response time by endpoint", asks: "Which endpoints are slow?", width: 12, height: 9,
			about:   "Seconds within which 95 of 100 requests were answered, by endpoint, where there were any.",
			caution: "Caution: it is interpolated between the buckets of a histogram, and never above 30 s.",
			queries: []query{course(requested(`histogram_quantile(0.95, sum by (le, endpoint) (rate(yourturn_jira_request_duration_seconds_bucket`+ours+`[$__rate_interval])))`, "endpoint"), "{{endpoint}}")},
			view:    lines(unitSeconds),
		},
		panel{
			title: "Stories read", asks: "How many stories do polls bring in?", width: 12, height: 8,
			about:   "Stories per minute that polls read, changed or not. Because polls overlap, some are read again.",
			caution: "Caution: this is not the team's pace. It counts what was read, not what happened.",
			queries: []query{course(`sum by (job) (rate(yourturn_poll_stories_total`+ours+`[$__rate_interval])) * 60`, "{{job}}")},
			view:    lines(unitCount).AxisLabel("per minute"),
		},
		panel{
			title: "Time a poll takes", asks: "How long do polls take?", width: 12, height: 8,
			about:   "How long the last poll cycle took, complete or failed.",
			caution: "Caution: the first cycle reads everything and may take hours, and a failed one may have ended early.",
			queries: []query{course(`max by (job) (yourturn_poll_duration_seconds`+ours+`)`, "{{job}}")},
			view:    lines(unitSeconds),
		},
		panel{
			title: "Memory", asks: "How much memory does it need?", width: 12, height: 7,
			about:   "The memory of the process; of several replicas, of each.",
			caution: "Caution: on systems other than Linux the process exports nothing about itself.",
			queries: []query{course(eachReplica(`process_resident_memory_bytes`+ours), "{{job}} {{instance}}")},
			view:    lines("bytes"),
		},
		panel{
			title: "Processor", asks: "How much of a processor does it need?", width: 12, height: 7,
			about:   "The share of one processor that the process kept busy; 200 % are two processors. Each replica has a line.",
			caution: "Caution: on systems other than Linux the process exports nothing about itself.",
			queries: []query{course(eachReplica(`rate(process_cpu_seconds_total`+ours+`[$__rate_interval])`), "{{job}} {{instance}}")},
			view:    lines(unitShare),
		},
	)
	for i := range b.panels {
		b.panels[i].empty = noService // the other dashboards refer to this one
	}
	return b
}
