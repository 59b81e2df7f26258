package dashboards

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

// uidWaiting is the dashboard of what waits now.
const uidWaiting = "yourturn-waiting"

// chosenWaits restricts a series to what the reader chose.
const chosenWaits = `{` + isProject + `, ` + isOwner + `, kind=~"$kind"}`

// ofTargets divides what is there by job, kind and project by the targets.
func ofTargets(expr string) string {
	return expr + "\n/ on (job, kind, project) group_left () max by (job, kind, project) (po_wait_target_seconds)"
}

// oldestOf is the oldest open waits on their owners' clocks, and times is how
// many times the target they are.
func oldestOf(where string) string {
	return `max by (job, kind, project, owner) (po_wait_oldest_seconds` + where + `)`
}

// waiting shows who waits on whom, now.
func waiting() *board {
	b := newBoard(uidWaiting, "Who waits on whom, now",
		"What the teams wait for at this moment, on whom, and since when. Times are working hours; targets are the teams' own.",
		"now-7d", "1m")
	b.variables(projectVariable(), ownersVariable(), kindVariable())
	openWaits := `max by (job, kind, project, owner, story) (po_open_wait_seconds` + chosenWaits + `)`
	b.add(
		panel{
			title: "How many waits are open?", width: 5, height: 5,
			about:   "Stories in acceptance and questions without an answer, as of the instant shown at the right. A story with both counts twice.",
			doubt:   "Doubt it where answers are given by voice or chat: Jira does not see them, so such a question stays open until somebody says so in a comment.",
			queries: []query{now(summed("", "kind, project, owner", `po_waits_open`+chosenWaits), "")},
			view:    number(unitCount, 0, plain()),
		},
		panel{
			title: "How many are past their target?", width: 5, height: 5,
			about:   "Open waits whose owner's clock, in working time and without absences and pauses, is past the target of project and kind.",
			doubt:   "Doubt it right after a hand-over, which begins the owner's clock anew: the table below shows the story's clock.",
			queries: []query{now(summed("", "kind, project, owner", `po_waits_overdue`+chosenWaits), "")},
			view:    number(unitCount, 0, thresholds(colorCalm, step{1, colorOver})),
		},
		panel{
			title: "How many are paused?", width: 5, height: 5,
			about:   "Open waits that are paused: parked in a paused status, flagged, given back to the team by the owner's own question, or their owner is absent. They do not grow older on the owner's clock.",
			doubt:   "Doubt it as good news when many are: parking a story stops its clock and helps nobody.",
			queries: []query{now(summed("", "kind, project, owner", `po_waits_paused`+chosenWaits), "")},
			view:    number(unitCount, 0, plain()),
		},
		panel{
			title: "How long is the longest?", width: 5, height: 5,
			about: "The open wait that is oldest on its owner's clock, in working hours: 8 h is one full day of work, not a third of a day. Below it the most times that any wait is its target, in the target's colours: these may be two waits.",
			doubt: "Doubt it where stories change hands: the owner's clock begins anew at a hand-over.",
			queries: []query{
				now(hours(`max(`+oldestOf(chosenWaits)+`)`), "working hours"),
				now(`max(`+ofTargets(oldestOf(chosenWaits))+`)`, "times the target"),
			},
			view: number(unitHours, 1, plain()).
				TextMode(valueAndName).
				OverrideByName("times the target", []dashboard.DynamicConfigValue{
					{Id: "unit", Value: unitTimes}, {Id: "thresholds", Value: ofTarget()},
				}),
		},
		panel{
			title: "As of when?", width: 4, height: 5,
			about:   "The start, in Jira's clock, of the last complete poll; of several yourturns, of the one that is furthest behind. While Jira cannot be read every number here stands still and only this one ages.",
			doubt:   "Doubt it by what Jira's clock and yours are apart: Service health shows that.",
			queries: []query{now(`min(max by (job) (yourturn_data_timestamp_seconds)) * 1000`, "")},
			view:    number(unitAgo, 0, plain()),
		},
		panel{
			title: "Which stories wait, and how much of the target is used?", width: 24, height: 14,
			about: "Working hours on the story's clock, which no hand-over restarts, and how many times the target that is. Stories are in the order of their waiting, the longest first; people are in none. A story leads to Jira, an owner to that owner's dashboard.",
			doubt: "Doubt it to be all of them where an owner has more than 20 open waits of a kind: only the 20 oldest are exported.",
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
		panel{
			title: "How much waits on each owner?", width: 24, height: 18,
			about: "By name, and not in any other order: this is no ranking. Open, past the target, the oldest wait in working hours on the owner's clock, and the most times that any is its target.",
			doubt: "Doubt it as a comparison: who owns much has much to answer, and whoever was handed a story has a young clock.",
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
			title: "Who is absent?", width: 12, height: 8,
			about:   "Absences as the config gives them. While an owner is absent and has no delegate, the story's clock runs on and the owner's stands.",
			doubt:   "Doubt it where absences are kept elsewhere: what nobody entered in the config is not known.",
			queries: []query{rows(orNone(named(`max by (job, owner) (po_owner_absent{`+isOwner+`}) == 1`), "display_name", saysNobody))},
			view: grid("Owner", false,
				column{from: "display_name", title: "Owner", links: toOwner()},
				column{from: "owner"}),
		},
		panel{
			title: "Who answers for whom?", width: 12, height: 8,
			about:   "Delegations that are active now. A delegate's answers and verdicts count as the owner's; the wait stays the owner's.",
			doubt:   "Doubt it for a single project or kind: a delegation may hold for some alone. Stand-ins that are only agreed upon are not known.",
			queries: []query{rows(orNone(deputy(named(`max by (job, owner, delegate) (po_delegation_active{`+isOwner+`}) == 1`)), "display_name", saysNobody))},
			view: grid("For", false,
				column{from: "delegate_name", title: "Delegate"},
				column{from: "display_name", title: "For", links: toOwner()},
				column{from: "owner"}),
		},
		panel{
			title: "How many waits were open?", width: 12, height: 8,
			about:   "Open waits over time, by what is waited for. In a night or weekend nothing ends, so lines are flat then.",
			doubt:   "Doubt it where questions are answered by voice or chat: they stay open here.",
			queries: []query{course(summed("kind", "kind, project, owner", `po_waits_open`+chosenWaits), "{{kind}}"), course(summed("kind", "kind, project, owner", `po_waits_overdue`+chosenWaits), "{{kind}}, past target")},
			view:    lines(unitCount),
		},
		panel{
			title: "How old was the oldest wait?", width: 12, height: 8,
			about: "Working hours of the longest open wait on its owner's clock. The dashed line is the target; where projects have different ones, the strictest.",
			doubt: "Doubt it as a picture of the usual: it is a single wait. For those see the quantiles of the other dashboards.",
			queries: []query{
				course(hours(`max by (kind) (po_wait_oldest_seconds`+chosenWaits+`)`), "{{kind}}"),
				course(hours(`min by (kind) (po_wait_target_seconds{`+isProject+`, kind=~"$kind"})`), "target of {{kind}}"),
			},
			view: lines(unitHours).AxisLabel("working hours"),
		},
	)
	return b
}
