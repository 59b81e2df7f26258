package dashboards

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

// uidWaiting is the dashboard of what waits now.
const uidWaiting = "yourturn-waiting"

// chosenWaits restricts a series to the selected projects, owners and kinds.
const chosenWaits = `{` + isProject + `, ` + isOwner + `, kind=~"$kind"}`

// ofTargets divides series with the labels job, kind and project by the targets.
func ofTargets(expr string) string {
	return expr + "\n/ on (job, kind, project) group_left () max by (job, kind, project) (po_wait_target_seconds)"
}

// oldestOf returns the oldest open waits, on their owners' clocks.
func oldestOf(where string) string {
	return `max by (job, kind, project, owner) (po_wait_oldest_seconds` + where + `)`
}

// unconfigured shows the projects in which acceptance is not measured: panels about
// acceptance are empty there for that reason.
func unconfigured() panel {
	return panel{
		title: "No acceptance step", asks: "Where is no acceptance step configured?", width: 24, height: 4,
		about:   "Projects whose workflow has none of the configured acceptance statuses. Acceptance is not measured there, so what waits for it is not known.",
		caution: "Caution: a step that exists and that no story ever used is not listed here; yourturn waits --audit lists it (no_acceptance).",
		queries: []query{rows(orNone(`min by (project) (po_acceptance_configured`+within+`) == 0`, "project", saysNone))},
		view:    grid("Project", false, column{from: "project", title: "Project"}),
	}
}

// waiting returns the dashboard of who waits on whom, now.
func waiting() *board {
	b := newBoard(uidWaiting, "Who waits on whom, now",
		"What the teams wait for now, on whom, and since when. Times are working hours; the targets are the teams' own.",
		"now-7d", "1m")
	b.variables(projectVariable(), ownersVariable(), kindVariable())
	openWaits := `max by (job, kind, project, owner, story) (po_open_wait_seconds` + chosenWaits + `)`
	b.add(
		panel{
			title: "Open", asks: "How many waits are open?", width: 5, height: 5,
			about:   "Stories in acceptance and unanswered questions, as of the instant at the right. A story with both counts twice.",
			caution: "Caution: Jira does not see answers by voice or chat. Such a question stays open until somebody says in a comment that it was answered.",
			queries: []query{now(summed("", "kind, project, owner", `po_waits_open`+chosenWaits), "")},
			view:    number(unitCount, 0, plain()),
		},
		panel{
			title: "Past target", asks: "How many are past their target?", width: 5, height: 5,
			about:   "Open waits whose owner's clock is past the target of their project and kind. The clock counts working time, without absences and pauses.",
			caution: "Caution: a hand-over starts the owner's clock again. The table below shows the story's clock, which goes on.",
			queries: []query{now(summed("", "kind, project, owner", `po_waits_overdue`+chosenWaits), "")},
			view:    number(unitCount, 0, alarm(1)),
		},
		panel{
			title: "Paused", asks: "How many are paused?", width: 5, height: 5,
			about:   "Open waits whose clock is stopped: the story is in a paused status or flagged, the owner has asked the team something, or the owner is absent.",
			caution: "Caution: many paused waits are no good news. Parking a story stops its clock, and nobody is served.",
			queries: []query{now(summed("", "kind, project, owner", `po_waits_paused`+chosenWaits), "")},
			view:    number(unitCount, 0, plain()),
		},
		panel{
			title: "Longest", asks: "How long is the longest?", width: 5, height: 5,
			about:   "The longest open wait on its owner's clock, in working hours: 8 h is a full day of work, not a third of a day. Below it, the largest multiple of a target that any wait has reached; it may be another wait.",
			caution: "Caution: a hand-over starts the owner's clock again.",
			queries: []query{
				now(hours(`max(`+oldestOf(chosenWaits)+`)`), "working hours"),
				now(`max(`+ofTargets(oldestOf(chosenWaits))+`)`, "times the target"),
			},
			view: number(unitHours, 1, plain()).
				TextMode(valueAndName).
				OverrideByName("times the target", []dashboard.DynamicConfigValue{
					{Id: "unit", Value: unitTimes}, {Id: "thresholds", Value: stepsOf(multiple())},
				}),
		},
		panel{
			title: "As of", asks: "As of when?", width: 4, height: 5,
			about:   "The start, in Jira's clock, of the last complete poll; with several yourturns, of the one that is furthest behind. While Jira cannot be read, all numbers stay as they are and only this one ages.",
			caution: "Caution: it is off by the difference between Jira's clock and yours, which Service health shows.",
			queries: []query{now(`min(max by (job) (yourturn_data_timestamp_seconds)) * 1000`, "")},
			view:    number(unitAgo, 0, plain()),
		},
		panel{
			title: "Stories that wait", asks: "Which stories wait, and how much of the target is used?", width: 24, height: 14,
			about:   "Working hours on the story's clock, which no hand-over restarts, and the same as a multiple of the target. Stories are in the order of how long they have waited, the longest first; people are in no order. A story links to Jira, an owner to that owner's dashboard.",
			caution: "Caution: of an owner's open waits of a kind only the 20 oldest are listed.",
			queries: []query{
				rows(hours(linked(named(openWaits)))),
				rows(linked(named(ofTargets(openWaits)))),
			},
			view: grid("Working hours", true,
				column{from: "story", title: "Story", width: 130, links: toStory()},
				column{from: "kind", title: "Waits for", width: 110},
				column{from: "project", title: "Project", width: 80},
				column{from: "display_name", title: "On", links: toOwner()},
				column{from: "owner"},
				column{from: "url"},
				column{from: "Value #A", title: "Working hours", unit: unitHours, decimals: 1, width: 140},
				column{from: "Value #B", title: "Times the target", unit: unitTimes, decimals: 1, width: 140, steps: ofTarget()}),
		},
		unconfigured(),
		panel{
			title: "Owners", asks: "How much waits on each owner?", width: 24, height: 18,
			about:   "In the order of names: this is not a ranking. The columns are open waits, those past the target, the oldest wait in working hours on the owner's clock, and the largest multiple of a target that any of them has reached.",
			caution: "Caution: do not compare people by it. An owner of many stories has many to answer, and the clock of a story just handed over is young.",
			queries: []query{
				rows(named(summed("job, kind, owner", "kind, project, owner", `po_waits_open`+chosenWaits))),
				rows(named(summed("job, kind, owner", "kind, project, owner", `po_waits_overdue`+chosenWaits))),
				rows(hours(named(`max by (job, kind, owner) (po_wait_oldest_seconds` + chosenWaits + `)`))),
				rows(named(`max by (job, kind, owner) (` + ofTargets(oldestOf(chosenWaits)) + `)`)),
			},
			view: grid("Owner", false,
				column{from: "display_name", title: "Owner", links: toOwner()},
				column{from: "owner"},
				column{from: "kind", title: "Waits for", width: 130},
				column{from: "Value #A", title: "Open", unit: unitCount, width: 90},
				column{from: "Value #B", title: "Past target", unit: unitCount, width: 120},
				column{from: "Value #C", title: "Oldest", unit: unitHours, decimals: 1, width: 120},
				column{from: "Value #D", title: "Oldest ÷ target", unit: unitTimes, decimals: 1, width: 130, steps: ofTarget()}),
		},
		panel{
			title: "Absent now", asks: "Who is absent?", width: 12, height: 8,
			about:   "Absences from the config. While an owner is absent and has no delegate, the owner's clock stops and the story's runs on.",
			caution: "Caution: an absence that is not in the config is not known.",
			queries: []query{rows(orNone(named(`max by (job, owner) (po_owner_absent{`+isOwner+`}) == 1`), "display_name", saysNobody))},
			view: grid("Owner", false,
				column{from: "display_name", title: "Owner", links: toOwner()},
				column{from: "owner"}),
		},
		panel{
			title: "Delegates now", asks: "Who answers for whom?", width: 12, height: 8,
			about:   "Delegations that are active now. A delegate's answers and verdicts count as the owner's; the wait remains the owner's.",
			caution: "Caution: a delegation may hold for some projects or kinds only. An agreement that is in neither the config nor Jira is not known.",
			queries: []query{rows(orNone(deputy(named(`max by (job, owner, delegate) (po_delegation_active{`+isOwner+`}) == 1`)), "display_name", saysNobody))},
			view: grid("For", false,
				column{from: "delegate_name", title: "Delegate"},
				column{from: "display_name", title: "For", links: toOwner()},
				column{from: "owner"}),
		},
		panel{
			title: "Open waits", asks: "How many waits were open?", width: 12, height: 8,
			about:   "Open waits over time, by what is waited for. At night and on weekends the lines are flat, because nothing ends.",
			caution: "Caution: a question that is answered by voice or chat stays open here.",
			queries: []query{course(summed("kind", "kind, project, owner", `po_waits_open`+chosenWaits), "{{kind}}"), course(summed("kind", "kind, project, owner", `po_waits_overdue`+chosenWaits), "{{kind}}, past target")},
			view:    lines(unitCount),
		},
		panel{
			title: "Oldest wait", asks: "How old was the oldest wait?", width: 12, height: 8,
			about:   "Working hours of the longest open wait on its owner's clock. The dashed line is the target; if projects have different ones, the strictest.",
			caution: "Caution: this is a single wait. The other dashboards have quantiles, which show what is usual.",
			queries: []query{
				course(hours(`max by (kind) (po_wait_oldest_seconds`+chosenWaits+`)`), "{{kind}}"),
				course(hours(`min by (kind) (po_wait_target_seconds{`+isProject+`, kind=~"$kind"})`), "target of {{kind}}"),
			},
			view: lines(unitHours).AxisLabel("working hours"),
		},
	)
	return b
}
