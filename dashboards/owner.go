package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// uidOwner is the dashboard of one owner.
const uidOwner = "yourturn-owner"

// theirs restricts a series to the owner and the projects chosen.
const theirs = isOwner + `, ` + isProject

// rolling is the quantiles of all the owner's waits of a kind over the window,
// of how many they are made, and the target.
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

// buckets is the latencies of a histogram that came in between two columns.
func buckets(histogram string) query {
	return query{
		expr:   ended("le", histogram+`_bucket{`+theirs+`}`, "$__interval"),
		legend: "{{le}}",
		format: prometheus.PromQueryFormatHeatmap,
		step:   "1h",
	}
}

// meanBy is the mean latency over the window by who answered, in hours, and how
// many waits it is made of.
func meanBy(histogram string) []query {
	sum, count := ended("responder", histogram+`_sum{`+theirs+`}`, "$window"), ended("responder", histogram+`_count{`+theirs+`}`, "$window")
	return []query{
		course(hours(sum+"\n/ ("+count+" > 0)"), "by {{responder}}"),
		course(count, "by {{responder}}, waits counted"),
	}
}

// oneOwner shows the waits on one owner.
func oneOwner() *board {
	b := newBoard(uidOwner, "One owner",
		"The waits on one Product Owner: how long, against which target, who answered, and whether delegating helped. It measures waiting, and compares nobody with anybody.",
		"now-30d", "5m")
	b.variables(ownerVariable(), projectVariable(), windowVariable())
	b.annotate(annotation{
		Name:        "Delegations",
		Expr:        `max by (delegate_name) (` + deputy(`max by (job, delegate) (po_delegation_active{`+isOwner+`})`) + `)`,
		TitleFormat: "Delegated to {{delegate_name}}",
		Step:        "1d",
		IconColor:   "purple",
	})
	const unknown = "Doubt it until a whole window was scraped or imported: what was counted before is not known."
	waits := `{` + theirs + `}`
	b.row("Now")
	b.add(
		panel{
			title: "How many wait on this owner?", width: 6, height: 4,
			about:   "Waits on this owner in the projects chosen, by what is waited for.",
			doubt:   "Doubt it where answers are given by voice or chat: Jira does not see them.",
			queries: []query{now(summed("kind", "kind, project, owner", `po_waits_open`+waits), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
		panel{
			title: "How many are past their target?", width: 6, height: 4,
			about:   "Of them, those whose working time on the owner's clock is past the target.",
			doubt:   "Doubt it where absences or working hours are missing in the config: then the clock runs while the owner is away.",
			queries: []query{now(summed("kind", "kind, project, owner", `po_waits_overdue`+waits), "{{kind}}")},
			view:    number(unitCount, 0, thresholds(colorCalm, step{1, colorOver})).TextMode(valueAndName),
		},
		panel{
			title: "How many times its target is the longest?", width: 6, height: 4,
			about:   "The longest open wait as times its target: on the owner's clock, in working time, divided by the target of its project and kind.",
			doubt:   "Doubt it after a hand-over, which begins the owner's clock anew.",
			queries: []query{now(`max by (kind) (`+ofTargets(oldestOf(waits))+`)`, "{{kind}}")},
			view:    number(unitTimes, 1, thresholds(colorCalm, step{0.75, colorNear}, step{1, colorOver})).TextMode(valueAndName),
		},
		panel{
			title: "Is the owner absent now?", width: 6, height: 4,
			about:   "As the config says. While an owner is absent without a delegate the owner's clock stands and the story's runs on.",
			doubt:   "Doubt it where absences are kept elsewhere: what nobody entered in the config is not known.",
			queries: []query{now(`1 + max by (owner) (po_owner_absent{`+isOwner+`}) or 3 * group by (owner) (po_waits_open{`+isOwner+`} unless on (owner) po_owner_absent)`, "{{owner}}")},
			view: number(unitCount, 0, plain()).
				Mappings(words(word("no", colorCalm), word("absent", colorNear), word("not in the config", colorPlain))),
		},
	)
	b.row("How long do teams wait on this owner?")
	b.add(
		panel{
			title: "How long, and how sure is that?", width: 24, height: 11,
			about:   "Of the waits on this owner that ran in the window, in working hours on the owner's clock: the time within which half of them, and 85 of 100, were over; each also as times the target, in the target's colours. Open ones count for what they have waited so far. Not reached yet: so many are open past their target that the quantile lies beyond them all. Empty: too early to tell.",
			doubt:   "Doubt it under 10 waits, and where more than 20 % are censored (withdrawn, handed over, …): then the quantiles are probably too low.",
			queries: howSure(`po_wait_rolling_seconds`, theirs, `max by (kind, project) (po_wait_target_seconds{`+isProject+`}) and on (kind, project) max by (kind, project) (po_waits_open`+waits+`)`),
			view:    howSureGrid(),
		},
		panel{
			title: "How long does acceptance take?", width: 12, height: 9,
			about:   "The time within which half, and 85 of 100, acceptance waits of the window before each instant were over, over all projects of the owner; the tooltip says how many waits that is made of. Purple marks: delegations, so that before and after can be compared.",
			doubt:   "Doubt it under 10 waits. A gap is a quantile that was not reached, or too early to tell.",
			queries: rolling("acceptance"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "How long do answers take?", width: 12, height: 9,
			about:   "The same for answers to questions.",
			doubt:   "Doubt it under 10 waits, and where answers are given by voice or chat.",
			queries: rolling("question"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "How old were waits at the verdict?", width: 12, height: 9,
			about:   "Each column is the verdicts of an hour, or of longer where the range is long; each row how long the wait had lasted, as hours:minutes:seconds of working time: 40:00:00 is a week of 8-hour days. The scale says which colour is how many.",
			doubt:   "Doubt it in the last minutes: a verdict is counted when it can no longer be a slip. Waits that are still open are missing.",
			queries: []query{buckets("po_acceptance_latency_seconds")},
			view:    density(),
		},
		panel{
			title: "How old were questions when answered?", width: 12, height: 9,
			about:   "The same for answers to questions.",
			doubt:   "Doubt it for questions that nobody ever answered: they are missing.",
			queries: []query{buckets("po_question_response_latency_seconds")},
			view:    density(),
		},
	)
	b.row("Who answers?")
	b.add(
		panel{
			title: "Who ended the waits?", width: 8, height: 8,
			about:   "Verdicts and answers within the window before each instant, by the role of whoever gave them. Many by others: the owner is being bypassed, or the team answers itself.",
			doubt:   unknown,
			queries: []query{course(ended("responder", `po_waits_ended_total{`+theirs+`, outcome=~"accepted|rejected|answered"}`, "$window"), "by {{responder}}")},
			view:    stacked(unitCount, common.StackingModeNormal),
		},
		panel{
			title: "How long until a verdict, by who gave it?", width: 8, height: 8,
			about:   "Does the delegate take as long as the owner? Mean working hours of acceptance waits that ended within the window, by who gave the verdict; the tooltip says of how many.",
			doubt:   "Doubt it under 10 waits: a mean of few is moved by a single one. Waits that are still open are missing: for how long waits last, see the quantiles above.",
			queries: meanBy("po_acceptance_latency_seconds"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "How long until an answer, by who gave it?", width: 8, height: 8,
			about:   "The same for answers to questions.",
			doubt:   "Doubt it under 10 waits, and by others above all: an answer that came elsewhere is told late.",
			queries: meanBy("po_question_response_latency_seconds"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
	)
	b.row("So that speed is not all")
	b.add(
		panel{
			title: "How many were accepted at first?", width: 8, height: 8,
			about: "Of the stories whose first verdict fell into the window, the part that was accepted by it. The tooltip says how many verdicts, first or not, there were.",
			doubt: "Doubt it under 10 verdicts: few stories make it jump.",
			queries: []query{
				course(`max by (project) (po_first_pass_ratio{`+theirs+`, window="$window"})`, "{{project}}"),
				course(ended("project", `po_waits_ended_total{`+theirs+`, kind="acceptance", outcome=~"accepted|rejected"}`, "$window"), "{{project}}, verdicts counted"),
			},
			view: lines(unitShare).Max(1),
		},
		panel{
			title: "Are there signs of haste?", width: 8, height: 8,
			about: "Within the window before each instant. Reopened: within 14 days of acceptance. Silent: a rejection with no comment of the owner's near it. At once: accepted within a minute of arriving. Asked again: the same asker within a working day of the answer.",
			doubt: "Doubt it as proof: each has innocent causes. Look at the stories before you conclude anything.",
			queries: []query{
				course(ended("owner", `po_guard_reopened_total{`+theirs+`}`, "$window"), "reopened"),
				course(ended("owner", `po_guard_silent_rejections_total{`+theirs+`}`, "$window"), "silent rejections"),
				course(ended("owner", `po_guard_instant_acceptances_total{`+theirs+`}`, "$window"), "accepted at once"),
				course(ended("owner", `po_guard_asked_again_total{`+theirs+`}`, "$window"), "asked again"),
			},
			view: lines(unitCount),
		},
		panel{
			title: "How much of the cycle time was waiting for the owner?", width: 8, height: 8,
			about: "Of the working time that this owner's stories lived within the window, finished or not, the part in which they waited for the owner. At least: nothing else could be done. At most: with questions during which work may have gone on. The tooltip says how many waits there were.",
			doubt: "Doubt it under 10 waits, and where statuses are mapped to wrong stages.",
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
