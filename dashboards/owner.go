package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// uidOwner is the dashboard of one owner.
const uidOwner = "yourturn-owner"

// theirs restricts a series to the owner and the projects chosen.
const theirs = isOwner + `, ` + isProject

// rolling is the quantiles of all the owner's waits of a kind over the window.
func rolling(kind string) []query {
	return []query{
		course(reached(hours(`max by (q) (po_owner_wait_rolling_seconds{`+isOwner+`, kind="`+kind+`", window="$window", q=~"0.5|0.85"})`)), "quantile {{q}}"),
		course(hours(`min by (kind) (po_wait_target_seconds{`+isProject+`, kind="`+kind+`"})`), "target"),
	}
}

// buckets is the latencies of a histogram that came in between two columns.
func buckets(histogram string) query {
	return query{
		expr:   `round(sum by (le) (increase(` + histogram + `_bucket{` + theirs + `}[$__interval])))`,
		legend: "{{le}}",
		format: prometheus.PromQueryFormatHeatmap,
		step:   "1h",
	}
}

// meanBy is the mean latency over the window by who answered, in hours.
func meanBy(histogram string) string {
	return hours(fmt.Sprintf(`sum by (responder) (increase(%[1]s_sum{%[2]s}[$window]))
/ (sum by (responder) (increase(%[1]s_count{%[2]s}[$window])) > 0)`, histogram, theirs))
}

// oneOwner shows the waits on one owner.
func oneOwner() *board {
	b := newBoard(uidOwner, "One owner",
		"The waits on one Product Owner: how long, against which target, who answered, and whether delegating helped. It measures waiting, and compares nobody with anybody.",
		"now-30d", "5m")
	b.variables(ownerVariable(), projectVariable(), windowVariable())
	b.annotate(annotation{
		Name:        "Delegations",
		Expr:        `max by (delegate) (po_delegation_active{` + isOwner + `})`,
		TitleFormat: "Delegated to {{delegate}}",
		Step:        "1d",
		IconColor:   "purple",
	})
	waits := `{` + theirs + `}`
	b.row("Now")
	b.add(
		panel{
			title: "Open", width: 6, height: 4,
			about:   "Waits on this owner in the projects chosen, by what is waited for.",
			queries: []query{now(summed("kind", "kind, project, owner", `po_waits_open`+waits), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(common.BigValueTextModeValueAndName),
		},
		panel{
			title: "Overdue", width: 6, height: 4,
			about:   "Of them, those whose working time on the owner's clock is past the target.",
			queries: []query{now(summed("kind", "kind, project, owner", `po_waits_overdue`+waits), "{{kind}}")},
			view:    number(unitCount, 0, thresholds(colorCalm, step{1, colorOver})).TextMode(common.BigValueTextModeValueAndName),
		},
		panel{
			title: "Longest", width: 6, height: 4,
			about: "The longest open wait as times its target: on the owner's clock, in working time, divided by the target of its project and kind.",
			queries: []query{now(`max by (kind) (max by (kind, project) (po_wait_oldest_seconds`+waits+`)
/ on (kind, project) max by (kind, project) (po_wait_target_seconds))`, "{{kind}}")},
			view: number(unitTimes, 1, thresholds(colorCalm, step{0.75, colorNear}, step{1, colorOver})).TextMode(common.BigValueTextModeValueAndName),
		},
		panel{
			title: "Absent now?", width: 6, height: 4,
			about:   "As the config says. While an owner is absent without a delegate the owner's clock stands and the story's runs on.",
			queries: []query{now(`1 + max by (owner) (po_owner_absent{`+isOwner+`})`, "{{owner}}")},
			view: number(unitCount, 0, plain()).
				Mappings(words(word("no", colorCalm), word("absent", colorNear))).
				NoValue("not in the config"),
		},
	)
	b.row("How long do teams wait on this owner?")
	b.add(
		panel{
			title: "How long, and how sure is that?", width: 24, height: 10,
			about:   "Of the waits on this owner that ran in the window, in working hours on the owner's clock: half were over after the median, 85 of 100 after the next column; open ones count for what they have waited so far. Not reached yet: so many are open past their target that the quantile lies beyond them. Empty: too early to tell. Under 10 waits, or with more than 20 % censored, do not trust it.",
			queries: howSure(`po_wait_rolling_seconds`, theirs, `max by (kind, project) (po_wait_target_seconds{`+isProject+`}) and on (kind, project) max by (kind, project) (po_waits_open`+waits+`)`),
			view:    howSureGrid(),
		},
		panel{
			title: "How long does acceptance take?", width: 12, height: 9,
			about:   "The time within which half, and 85 of 100, acceptance waits of the window before each instant were over, over all projects of the owner. Purple marks: delegations, so that before and after can be compared. A gap is a quantile that was not reached, or too early to tell.",
			queries: rolling("acceptance"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "How long do answers take?", width: 12, height: 9,
			about:   "The same for answers to questions.",
			queries: rolling("question"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "How old were waits at the verdict?", width: 12, height: 9,
			about:   "Each column is the verdicts of an hour, or of longer where the range is long; each row how long the wait had lasted, as hours:minutes:seconds of working time: 40:00:00 is a week of 8-hour days. The scale says which colour is how many. A verdict is counted some minutes after it was given, when it can no longer be a slip.",
			queries: []query{buckets("po_acceptance_latency_seconds")},
			view:    density(),
		},
		panel{
			title: "How old were questions when answered?", width: 12, height: 9,
			about:   "The same for answers to questions.",
			queries: []query{buckets("po_question_response_latency_seconds")},
			view:    density(),
		},
	)
	b.row("Who answers?")
	b.add(
		panel{
			title: "Who ended the waits?", width: 8, height: 8,
			about:   "Verdicts and answers within the window before each instant, by the role of whoever gave them. Many by others: the owner is being bypassed, or the team answers itself.",
			queries: []query{course(ended("responder", `po_waits_ended_total{`+theirs+`, outcome=~"accepted|rejected|answered"}`, "$window"), "{{responder}}")},
			view:    stacked(unitCount, common.StackingModeNormal),
		},
		panel{
			title: "Time to a verdict", width: 8, height: 8,
			about:   "Does the delegate take as long as the owner? Mean working hours of acceptance waits that ended within the window, by who gave the verdict. A mean of few is moved by a single one, and waits that are still open are missing: for how long waits last, see the quantiles above.",
			queries: []query{course(meanBy("po_acceptance_latency_seconds"), "{{responder}}")},
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "Time to an answer", width: 8, height: 8,
			about:   "The same for answers to questions.",
			queries: []query{course(meanBy("po_question_response_latency_seconds"), "{{responder}}")},
			view:    lines(unitHours).AxisLabel("working hours"),
		},
	)
	b.row("So that speed is not all")
	b.add(
		panel{
			title: "Accepted at first?", width: 8, height: 8,
			about:   "Of the stories whose first verdict fell into the window, the part that was accepted by it. Few stories make it jump.",
			queries: []query{course(`max by (project) (po_first_pass_ratio{`+theirs+`, window="$window"})`, "{{project}}")},
			view:    lines(unitShare).Max(1),
		},
		panel{
			title: "Signs of haste", width: 8, height: 8,
			about: "Within the window before each instant. Reopened: within 14 days of acceptance. Silent: a rejection with no comment of the owner's near it. At once: accepted within a minute of arriving. Asked again: the same asker within a working day of the answer. Each has innocent causes; look at the stories before you conclude anything.",
			queries: []query{
				course(ended("owner", `po_guard_reopened_total{`+theirs+`}`, "$window"), "reopened"),
				course(ended("owner", `po_guard_silent_rejections_total{`+theirs+`}`, "$window"), "silent rejections"),
				course(ended("owner", `po_guard_instant_acceptances_total{`+theirs+`}`, "$window"), "accepted at once"),
				course(ended("owner", `po_guard_asked_again_total{`+theirs+`}`, "$window"), "asked again"),
			},
			view: lines(unitCount),
		},
		panel{
			title: "Part of cycle time", width: 8, height: 8,
			about:   "Which part of their cycle time this owner's stories waited for the owner: of the working time that they lived within the window, finished or not. Low: nothing else could be done. High: with questions during which work may have gone on.",
			queries: []query{course(`max by (project, bound) (po_cycle_time_share_ratio{`+theirs+`, window="$window"})`, "{{project}}, {{bound}}")},
			view:    lines(unitShare),
		},
	)
	return b
}
