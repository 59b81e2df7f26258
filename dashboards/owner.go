package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
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
		quantile("0.5", "half within").in(colorOwner),
		quantile("0.85", "85 of 100 within").in(colorOwnerMost),
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
		course(hours(sum+"\n/ ("+count+" > 0)"), "{{responder}}"),
		course(count, "{{responder}}, waits counted"),
	}
}

// theirList is the list of the owner's open waits that are not forgotten, on the
// story's clock.
const theirList = `max by (job, kind, project, owner, story) (po_open_wait_seconds{` + theirs + `})`

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
		Step:        "3h",
		IconColor:   colorDelegate,
	})
	const unknown = "Caution: until a whole window has been scraped or imported, what was counted before is missing."
	waits := `{` + theirs + `}`
	byKind := period("$window")
	median := hours(`max by (kind) (po_owner_wait_rolling_seconds{` + isOwner + `, window="$window", q="0.5"})`)
	b.add(
		panel{
			title: "Past target", asks: "How many are past their target?", width: 6, height: 4,
			about:   "Open waits on this owner in the selected projects whose working time on the owner's clock is past the target.",
			caution: "Caution: if absences or working hours are missing in the config, the clock runs while the owner is away.",
			queries: []query{now(summed("kind", "kind, project, owner", `po_waits_overdue`+waits), "{{kind}}")},
			view:    number(unitCount, 0, alarm(1)).TextMode(valueAndName),
		},
		panel{
			title: "Open", asks: "How many wait on this owner?", width: 6, height: 4,
			about:   "All open waits on this owner, by what is waited for.",
			caution: "Caution: Jira does not see answers by voice or chat.",
			queries: []query{now(summed("kind", "kind, project, owner", `po_waits_open`+waits), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
		panel{
			title: "Forgotten, of open", asks: "How many of the open waits are forgotten?", width: 6, height: 4,
			about:   "Open waits that are older than 10 targets, on stories on which nothing has happened for 15 working days. They count as open, and as a rule as past target, and are not in the list below. Somebody should say in Jira whether they are still wanted: yourturn waits lists them.",
			caution: "Caution: any comment, move or change of the story takes it out of this number and back into the list.",
			queries: []query{now(summed("kind", "kind, project, owner", `po_waits_forgotten`+waits), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
		panel{
			title: "Absent", asks: "Is the owner absent now, and until when?", width: 6, height: 4,
			about:   "Absences from the config, and the day on which the owner is back. While an owner is absent and has no delegate, the owner's clock stops and the story's runs on. Who stands in is listed below.",
			caution: "Caution: an absence that is not in the config is not known.",
			queries: []query{
				now(`1 + max by (owner) (po_owner_absent{`+isOwner+`}) or 3 * group by (owner) (po_waits_open{`+isOwner+`} unless on (owner) po_owner_absent)`, "now"),
				now(`max by (owner) (po_owner_absence_end_timestamp_seconds{`+isOwner+`}) * 1000`, "back on"),
			},
			view: number(unitCount, 0, plain()).
				TextMode(common.BigValueTextModeAuto).
				Mappings(words(word("no", colorNothing), word("absent", colorSeries), word("not configured", colorNothing))).
				OverrideByName("back on", []dashboard.DynamicConfigValue{{Id: "unit", Value: unitDay}}),
		},
		panel{
			title: "Stories that wait, without the forgotten", asks: "Which stories wait for this owner, and where to begin?", width: 24, height: 12,
			about:   turnAbout + " Stand-in: a delegate who may answer now too, and whom to ask while the owner is away. The story's clock runs on while an owner is away, because the team waits on. A story links to Jira. The forgotten are only counted, above.",
			caution: "Caution: of an owner's open waits of a kind only the 20 oldest are listed. Past target above is by the owner's clock, without absences and what came before a hand-over.",
			queries: []query{
				rows(hours(linked(theirList))),
				rows(ofTargets(theirList)),
				rows(`max by (job, kind, project, owner, story) (po_open_wait_start_timestamp_seconds` + waits + `) * 1000`),
				rows(turn(ofTargets(theirList), waits)),
				rows(`group by (job, kind, project, owner, story) (po_open_wait_start_timestamp_seconds` + waits + `) * on (job, owner) group_left (delegate_name) ` + standIns()),
			},
			view: grid("State", false,
				column{from: "Value #D", title: "State", named: turnWords(), width: 92},
				column{from: "story", title: "Story", links: toStory()},
				column{from: "kind", title: "Waits for", width: 92, words: kinds()},
				column{from: "Value #B", title: "× target", unit: unitTimes, decimals: 1, width: 80, steps: ofTarget()},
				column{from: "Value #A", title: "Working hours", unit: unitHours, decimals: 1, width: 118},
				column{from: "Value #C", title: "Since", unit: unitDayOfYear, width: 105},
				column{from: "delegate_name", title: "Stand-in"},
				column{from: "url"}).
				NoValue(noStories),
		},
		panel{
			title: "Against the window before", asks: "Do teams wait less on this owner than before?", width: 24, height: 5,
			about:   "This window (now) and the one before it, which is as long (then). Late: the share of waits that passed their target, of those that met or passed it, whose number stands beside it. Change: of that share. Half: the time within which half of the waits were over, in working hours on the owner's clock, in all projects, and how many ended now. " + comparedAbout,
			caution: "Caution: it compares this owner with nobody else. What changed may be the stories, the team or the target. If Prometheus has no data of the window before, it cannot tell.",
			queries: []query{
				rows(earlier(median, "$window")),
				rows(byKind.before(byKind.late("kind", waits))),
				rows(byKind.before(byKind.judged("kind", waits))),
				rows(median),
				rows(byKind.late("kind", waits)),
				rows(byKind.judged("kind", waits)),
				rows(byKind.compared("kind", waits, `group by (kind) (po_waits_open`+waits+`)`)),
				rows(summed("kind", "kind, project, owner, state", `po_wait_rolling_samples{`+isOwner+`, window="$window", state="ended"}`)),
			},
			view: grid("Waits for", false,
				column{from: "kind", title: "Waits for", words: kinds(), width: 99},
				column{from: "Value #B", title: "Late, then", unit: unitShare, width: 87},
				column{from: "Value #C", title: "of, then", unit: unitOf, width: 70},
				column{from: "Value #E", title: "Late, now", unit: unitShare, width: 87},
				column{from: "Value #F", title: "of, now", unit: unitOf, width: 68},
				column{from: "Value #G", title: "Change of late", named: comparedWords(), width: 122},
				column{from: "Value #A", title: "Half, then", unit: unitHours, decimals: 1},
				column{from: "Value #D", title: "Half, now", unit: unitHours, decimals: 1},
				column{from: "Value #H", title: "of", unit: unitOf, width: 50}),
		},
	)
	b.row("How long do teams wait on this owner? Lilac: while somebody else may answer")
	b.add(
		panel{
			title: "Time to a verdict", asks: "How long does acceptance take?", width: 12, height: 9,
			about:   "The time within which half, and 85 of 100, of the acceptance waits were over, in all projects of the owner. Each point looks back over the window; the tooltip has the number of waits. Lilac is while a delegation is active, to compare before and after: all of it, if it was active all the time.",
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
	)
	b.row("Who answers?")
	b.add(
		panel{
			title: "Delegates now", asks: "Who may answer for this owner, and until when?", width: 12, height: 8,
			about:   "Delegations that are active now. A delegate's answers and verdicts count as the owner's; the wait remains the owner's. No end: a standing delegation, which goes on when the owner is back.",
			caution: "Caution: a delegation may hold for some projects or kinds only. An agreement that is in neither the config nor Jira is not known.",
			queries: []query{
				rows(orNone(deputy(`max by (job, delegate) (po_delegation_active{`+isOwner+`}) == 1`), "delegate_name", saysNobody)),
				rows(deputy(delegatedUntil("job, delegate", `{`+isOwner+`}`))),
			},
			view: grid("Delegate", false,
				column{from: "delegate_name", title: "Delegate"},
				column{from: "Value #B", title: "Stands in until", unit: unitDayOfYear, width: 122, named: endWords()}),
		},
		panel{
			title: "Verdicts and answers by role", asks: "Who ended the waits?", width: 12, height: 8,
			about:   "Verdicts and answers, by the role of whoever gave them. Each point looks back over the window. If many are by others, the owner is bypassed, or the team answers its own questions.",
			caution: unknown,
			queries: []query{course(ended("responder", `po_waits_ended_total{`+theirs+`, outcome=~"accepted|rejected|answered"}`, "$window"), "{{responder}}")},
			view:    stacked(unitCount, common.StackingModeNormal),
		},
		panel{
			title: "Time to a verdict by role", asks: "How long until a verdict, by who gave it?", width: 12, height: 8,
			about:   "Does the delegate take as long as the owner? Mean working hours of the acceptance waits that ended within the window, by who gave the verdict. The tooltip has the number of waits.",
			caution: "Caution: under 10 waits a single one moves the mean. Open waits are missing; for how long waits last, see the quantiles above.",
			queries: meanBy("po_acceptance_latency_seconds"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
		panel{
			title: "Time to an answer by role", asks: "How long until an answer, by who gave it?", width: 12, height: 8,
			about:   "The same for answers to questions.",
			caution: "Caution: under 10 waits it says little. Answers by others are often reported late, when they came by voice or chat.",
			queries: meanBy("po_question_response_latency_seconds"),
			view:    lines(unitHours).AxisLabel("working hours"),
		},
	)
	b.row("So that speed is not all")
	b.add(
		panel{
			title: "Accepted at the first try", asks: "How many were accepted at the first try?", width: 12, height: 8,
			about:   "The share of the stories accepted by their first verdict, of those whose first verdict fell into the window; the number of verdicts, first or not; and the same share one window before.",
			caution: "Caution: under 10 verdicts single stories make it jump. A dash: there was no first verdict.",
			queries: []query{
				rows(`max by (project) (po_first_pass_ratio{` + theirs + `, window="$window"})`),
				rows(ended("project", `po_waits_ended_total{`+theirs+`, kind="acceptance", outcome=~"accepted|rejected"}`, "$window")),
				rows(`max by (project) (po_first_pass_ratio{` + theirs + `, window="$window"} offset $window)`),
			},
			view: grid("Project", false,
				column{from: "project", title: "Project"},
				column{from: "Value #C", title: "Before", unit: unitShare, width: 70},
				column{from: "Value #A", title: "Now", unit: unitShare, width: 65},
				column{from: "Value #B", title: "Verdicts counted", unit: unitCount, width: 135}),
		},
		panel{
			title: "Signs of haste", asks: "Are there signs of haste?", width: 8, height: 8,
			about:   "Within the window. Reopened: worked on again within 14 days of acceptance. Silent: rejected without a comment by whoever rejected, from 10 minutes before to 10 minutes after. At once: accepted within a minute of the move into acceptance. Asked again: by the same asker within 8 working hours of the answer.",
			caution: "Caution: it proves nothing, each has innocent causes. Look at the stories before you conclude anything.",
			queries: []query{
				now(ended("owner", `po_guard_reopened_total{`+theirs+`}`, "$window"), "reopened"),
				now(ended("owner", `po_guard_silent_rejections_total{`+theirs+`}`, "$window"), "silent rejections"),
				now(ended("owner", `po_guard_instant_acceptances_total{`+theirs+`}`, "$window"), "accepted at once"),
				now(ended("owner", `po_guard_asked_again_total{`+theirs+`}`, "$window"), "asked again"),
			},
			view: number(unitCount, 0, plain()).TextMode(valueAndName).Orientation(common.VizOrientationHorizontal),
		},
		panel{
			title: "Out of", asks: "Of how many verdicts and answers?", width: 4, height: 8,
			about:   "All verdicts and answers within the window, by whomever, in which the signs beside it were looked for.",
			caution: unknown,
			queries: []query{now(ended("owner", `po_waits_ended_total{`+theirs+`, outcome=~"accepted|rejected|answered"}`, "$window"), "verdicts and answers")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
	)
	b.fold("By project: waiting times and the share of cycle time")
	b.add(
		panel{
			title: "Waiting times", asks: "How long, and how sure is that?", width: 24, height: 11,
			about:   "The time within which half, and 85 of 100, of the waits on this owner that ran in the window were over, in working hours on the owner's clock, and the latter as a multiple of the target. Open waits count with the time that they have waited so far. Not yet: so many are open past their target that the quantile is beyond all of them. A dash: it is too early to tell. Cut short: the share that ended without a verdict or an answer (withdrawn, handed over, …).",
			caution: "Caution: under 10 waits it says little. If more than 20 % were cut short, the quantiles are probably too low.",
			queries: howSure(`po_wait_rolling_seconds`, theirs, `max by (kind, project) (po_wait_target_seconds{`+isProject+`}) and on (kind, project) max by (kind, project) (po_waits_open`+waits+`)`),
			view:    howSureGrid(),
		},
		panel{
			title: "Part in $project", asks: "How much of the cycle time was waiting for the owner?", width: 8, height: 8, each: "project",
			about:   "The share of waiting for the owner in the cycle time of this owner's stories within the window, whether they are finished or not. At least: while nothing else could be done. At most: also while a question was open and work could go on. The truth is between them. The tooltip has the number of waits.",
			caution: "Caution: under 10 waits it says little, and nothing if statuses are in the wrong stages.",
			queries: []query{
				course(`max by (project) (po_cycle_time_share_ratio{`+theirs+`, window="$window", bound="low"})`, "at least").in(colorOwner),
				course(`max by (project) (po_cycle_time_share_ratio{`+theirs+`, window="$window", bound="high"})`, "at most").in(colorOwnerMost),
				course(summed("project", "kind, project, owner, state", `po_wait_rolling_samples{`+theirs+`, window="$window"}`), "waits counted"),
			},
			view: lines(unitShare),
		},
	)
	b.fold("How old were waits when they ended?")
	b.add(
		panel{
			title: "Age at the verdict", asks: "How old were waits at the verdict?", width: 12, height: 9,
			about:   "A column is the verdicts of an hour, or of more in a long range. A row is how long the wait had lasted, as hours:minutes:seconds of working time: 40:00:00 is a week of 8-hour days. The scale has the number for each colour.",
			caution: "Caution: verdicts since the last whole column are missing, and of the last minutes too, because a verdict counts when it can no longer be a slip. Open waits are missing.",
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
	return b
}
