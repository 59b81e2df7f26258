package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// uidOwner is the dashboard of one owner.
const uidOwner = "yourturn-owner"

// theirs restricts a series to the selected owner and projects.
const theirs = isOwner + `, ` + isProject

// rolling returns the queries for the quantiles of the owner's waits of a kind over the
// window, the target, and the number of waits.
func rolling(kind string) []query {
	quantile := func(q, words string) query {
		return course(reached(hours(`max by (q) (po_owner_wait_rolling_seconds{`+isOwner+`, kind="`+kind+`", window="$window", q="`+q+`"})`)), words)
	}
	return []query{
		quantile("0.5", "half within"),
		quantile("0.85", "85 of 100 within"),
		course(hours(`min by (kind) (po_wait_target_seconds{`+isProject+`, kind="`+kind+`"})`), "target"),
		course(summed("kind", "kind, project, owner, state", `po_wait_rolling_samples{kind="`+kind+`", `+isOwner+`, window="$window"}`), "waits counted"),
	}
}

// buckets queries the latencies that a histogram counted between two columns.
func buckets(histogram string) query {
	return query{
		expr:   ended("le", histogram+`_bucket{`+theirs+`}`, "$__interval"),
		legend: "{{le}}",
		format: prometheus.PromQueryFormatHeatmap,
		step:   "1h",
	}
}

// meanBy returns the queries for the mean latency over the window by responder, in hours,
// and for the number of waits.
func meanBy(histogram string) []query {
	sum, count := ended("responder", histogram+`_sum{`+theirs+`}`, "$window"), ended("responder", histogram+`_count{`+theirs+`}`, "$window")
	return []query{
		course(hours(sum+"\n/ ("+count+" > 0)"), "by {{responder}}"),
		course(count, "by {{responder}}, waits counted"),
	}
}

// oneOwner returns the dashboard of the waits on one owner.
func oneOwner() *board {
	b := newBoard(uidOwner, "One owner",
		"The waits on one Product Owner: how long they are, against which target, who answered, and whether delegation helped. It measures waiting and does not compare people.",
		"now-30d", "5m")
	b.variables(ownerVariable(), projectVariable(), windowVariable())
	b.annotate(annotation{
		Name:        "Delegations",
		Expr:        `max by (delegate_name) (` + deputy(`max by (job, delegate) (po_delegation_active{`+isOwner+`})`) + `)`,
		TitleFormat: "Delegated to {{delegate_name}}",
		Step:        "1d",
		IconColor:   colorDelegate,
	})
	const unknown = "Caution: until a whole window has been scraped or imported, what was counted before is missing."
	waits := `{` + theirs + `}`
	b.row("Now")
	b.add(
		panel{
			title: "Open", asks: "How many wait on this owner?", width: 6, height: 4,
			about:   "Open waits on this owner in the selected projects, by what is waited for.",
			caution: "Caution: Jira does not see answers by voice or chat.",
			queries: []query{now(summed("kind", "kind, project, owner", `po_waits_open`+waits), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
		panel{
			title: "Past target", asks: "How many are past their target?", width: 6, height: 4,
			about:   "Those of them whose working time on the owner's clock is past the target.",
			caution: "Caution: if absences or working hours are missing in the config, the clock runs while the owner is away.",
			queries: []query{now(summed("kind", "kind, project, owner", `po_waits_overdue`+waits), "{{kind}}")},
			view:    number(unitCount, 0, alarm(1)).TextMode(valueAndName),
		},
		panel{
			title: "Longest ÷ target", asks: "How many times its target is the longest?", width: 6, height: 4,
			about:   "The longest open wait as a multiple of its target: working time on the owner's clock, divided by the target of its project and kind.",
			caution: "Caution: a hand-over starts the owner's clock again.",
			queries: []query{now(`max by (kind) (`+ofTargets(oldestOf(waits))+`)`, "{{kind}}")},
			view:    number(unitTimes, 1, multiple()).TextMode(valueAndName),
		},
		panel{
			title: "Absent", asks: "Is the owner absent now?", width: 6, height: 4,
			about:   "Absences from the config. While an owner is absent and has no delegate, the owner's clock stops and the story's runs on.",
			caution: "Caution: an absence that is not in the config is not known.",
			queries: []query{now(`1 + max by (owner) (po_owner_absent{`+isOwner+`}) or 3 * group by (owner) (po_waits_open{`+isOwner+`} unless on (owner) po_owner_absent)`, "{{owner}}")},
			view: number(unitCount, 0, plain()).
				Mappings(words(word("no", colorNothing), word("absent", colorSeries), word("not in the config", colorNothing))),
		},
	)
	b.row("How long do teams wait on this owner?")
	b.add(
		panel{
			title: "Waiting times", asks: "How long, and how sure is that?", width: 24, height: 11,
			about:   "The time within which half, and 85 of 100, of the waits on this owner that ran in the window were over, in working hours on the owner's clock, and the latter as a multiple of the target. Open waits count with the time that they have waited so far. Not yet: so many are open past their target that the quantile is beyond all of them. A dash: it is too early to tell. Cut short: the part that ended without a verdict or an answer (withdrawn, handed over, …).",
			caution: "Caution: under 10 waits it says little. If more than 20 % were cut short, the quantiles are probably too low.",
			queries: howSure(`po_wait_rolling_seconds`, theirs, `max by (kind, project) (po_wait_target_seconds{`+isProject+`}) and on (kind, project) max by (kind, project) (po_waits_open`+waits+`)`),
			view:    howSureGrid(),
		},
		panel{
			title: "Time to a verdict", asks: "How long does acceptance take?", width: 12, height: 9,
			about:   "The time within which half, and 85 of 100, of the acceptance waits were over, in all projects of the owner. Each point looks back over the window; the tooltip has the number of waits. Purple marks are delegations, to compare before and after.",
			caution: "Caution: under 10 waits it says little. In a gap the quantile was not reached, or it was too early to tell.",
			queries: rolling("acceptance"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "Time to an answer", asks: "How long do answers take?", width: 12, height: 9,
			about:   "The same for answers to questions.",
			caution: "Caution: under 10 waits it says little. Jira does not see answers by voice or chat.",
			queries: rolling("question"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "Age at the verdict", asks: "How old were waits at the verdict?", width: 12, height: 9,
			about:   "A column is the verdicts of an hour, or of more in a long range. A row is how long the wait had lasted, as hours:minutes:seconds of working time: 40:00:00 is a week of 8-hour days. The scale has the number for each colour.",
			caution: "Caution: verdicts of the last minutes are missing, because a verdict counts when it can no longer be a slip. Open waits are missing too.",
			queries: []query{buckets("po_acceptance_latency_seconds")},
			view:    density(),
		},
		panel{
			title: "Age at the answer", asks: "How old were questions when answered?", width: 12, height: 9,
			about:   "The same for answers to questions.",
			caution: "Caution: questions that were never answered are missing.",
			queries: []query{buckets("po_question_response_latency_seconds")},
			view:    density(),
		},
	)
	b.row("Who answers?")
	b.add(
		panel{
			title: "Verdicts and answers by role", asks: "Who ended the waits?", width: 8, height: 8,
			about:   "Verdicts and answers, by the role of whoever gave them. Each point looks back over the window. If many are by others, the owner is bypassed, or the team answers its own questions.",
			caution: unknown,
			queries: []query{course(ended("responder", `po_waits_ended_total{`+theirs+`, outcome=~"accepted|rejected|answered"}`, "$window"), "by {{responder}}")},
			view:    stacked(unitCount, common.StackingModeNormal),
		},
		panel{
			title: "Time to a verdict by role", asks: "How long until a verdict, by who gave it?", width: 8, height: 8,
			about:   "Does the delegate take as long as the owner? Mean working hours of the acceptance waits that ended within the window, by who gave the verdict. The tooltip has the number of waits.",
			caution: "Caution: under 10 waits a single one moves the mean. Open waits are missing; for how long waits last, see the quantiles above.",
			queries: meanBy("po_acceptance_latency_seconds"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "Time to an answer by role", asks: "How long until an answer, by who gave it?", width: 8, height: 8,
			about:   "The same for answers to questions.",
			caution: "Caution: under 10 waits it says little. Answers by others are often reported late, when they came by voice or chat.",
			queries: meanBy("po_question_response_latency_seconds"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
	)
	b.row("So that speed is not all")
	b.add(
		panel{
			title: "Accepted at the first try", asks: "How many were accepted at first?", width: 8, height: 8,
			about:   "The share of the stories accepted by their first verdict, of those whose first verdict fell into the window. The tooltip has the number of verdicts, first or not.",
			caution: "Caution: under 10 verdicts single stories make it jump.",
			queries: []query{
				course(`max by (project) (po_first_pass_ratio{`+theirs+`, window="$window"})`, "{{project}}"),
				course(ended("project", `po_waits_ended_total{`+theirs+`, kind="acceptance", outcome=~"accepted|rejected"}`, "$window"), "{{project}}, verdicts counted"),
			},
			view: lines(unitShare).Max(1),
		},
		panel{
			title: "Signs of haste", asks: "Are there signs of haste?", width: 8, height: 8,
			about:   "Each point looks back over the window. Reopened: worked on again within 14 days of acceptance. Silent: rejected without a comment by whoever rejected, from 10 minutes before to 10 minutes after. At once: accepted within a minute of the move into acceptance. Asked again: by the same asker within 8 working hours of the answer.",
			caution: "Caution: it proves nothing, each has innocent causes. Look at the stories before you conclude anything.",
			queries: []query{
				course(ended("owner", `po_guard_reopened_total{`+theirs+`}`, "$window"), "reopened"),
				course(ended("owner", `po_guard_silent_rejections_total{`+theirs+`}`, "$window"), "silent rejections"),
				course(ended("owner", `po_guard_instant_acceptances_total{`+theirs+`}`, "$window"), "accepted at once"),
				course(ended("owner", `po_guard_asked_again_total{`+theirs+`}`, "$window"), "asked again"),
			},
			view: lines(unitCount),
		},
		panel{
			title: "Waiting for the owner", asks: "How much of the cycle time was waiting for the owner?", width: 8, height: 8,
			about:   "The share of waiting for the owner in the cycle time of this owner's stories within the window, whether they are finished or not. At least: while nothing else could be done. At most: also while a question was open and work could go on. The tooltip has the number of waits.",
			caution: "Caution: under 10 waits it says little, and nothing if statuses are in the wrong stages.",
			queries: []query{
				course(`max by (project) (po_cycle_time_share_ratio{`+theirs+`, window="$window", bound="low"})`, "{{project}}, at least"),
				course(`max by (project) (po_cycle_time_share_ratio{`+theirs+`, window="$window", bound="high"})`, "{{project}}, at most"),
				course(summed("project", "kind, project, owner, state", `po_wait_rolling_samples{`+theirs+`, window="$window"}`), "{{project}}, waits counted"),
			},
			view: lines(unitShare),
		},
	)
	return b
}
