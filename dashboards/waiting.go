package dashboards

import "github.com/grafana/grafana-foundation-sdk/go/common"

// uidWaiting is the dashboard of what waits now.
const uidWaiting = "yourturn-waiting"

// chosenWaits restricts a series to what the reader chose.
const chosenWaits = `{` + isProject + `, ` + isOwner + `, kind=~"$kind"}`

// waiting shows who waits on whom, now.
func waiting() *board {
	b := newBoard(uidWaiting, "Who waits on whom, now",
		"What the teams wait for at this moment, on whom, and since when. Times are working hours; targets are the teams' own.",
		"now-7d", "1m")
	b.variables(projectVariable(), ownersVariable(), kindVariable(), jiraVariable())
	b.add(
		panel{
			title: "Open", width: 5, height: 4,
			about:   "Stories in acceptance and questions without an answer, as of the instant shown at the right. A story with both counts twice. Answers by voice or chat are invisible to Jira, so such a question stays open until somebody says so in a comment.",
			queries: []query{now(summed("", "kind, project, owner", `po_waits_open`+chosenWaits), "")},
			view:    number(unitCount, 0, plain()),
		},
		panel{
			title: "Overdue", width: 5, height: 4,
			about:   "Open waits whose owner's clock, in working time and without absences and pauses, is past the target of project and kind.",
			queries: []query{now(summed("", "kind, project, owner", `po_waits_overdue`+chosenWaits), "")},
			view:    number(unitCount, 0, thresholds(colorCalm, step{1, colorOver})),
		},
		panel{
			title: "Paused", width: 5, height: 4,
			about:   "Open waits that are paused: parked in a paused status, flagged, given back to the team by the owner's own question, or their owner is absent. They do not grow older on the owner's clock.",
			queries: []query{now(summed("", "kind, project, owner", `po_waits_paused`+chosenWaits), "")},
			view:    number(unitCount, 0, plain()),
		},
		panel{
			title: "Longest", width: 5, height: 4,
			about:   "The open wait that is oldest on its owner's clock, in working hours: 8 h is one full day of work, not a third of a day.",
			queries: []query{now(hours(`max(po_wait_oldest_seconds`+chosenWaits+`)`), "")},
			view:    number(unitHours, 1, plain()),
		},
		panel{
			title: "As of", width: 4, height: 4,
			about:   "The start, in Jira's clock, of the last complete poll. While Jira cannot be read every number here stands still and only this one ages.",
			queries: []query{now(`max(yourturn_data_timestamp_seconds) * 1000`, "")},
			view:    number(unitAgo, 0, plain()),
		},
		panel{
			title: "Which stories wait, and how much of the target is used?", width: 24, height: 11,
			about: "Working hours on the story's clock, which no hand-over restarts, and how many times the target that is. Only the 20 oldest of each owner and kind are exported. A story leads to Jira, an owner to that owner's dashboard.",
			queries: []query{
				rows(hours(named(`max by (kind, project, owner, story) (po_open_wait_seconds` + chosenWaits + `)`))),
				rows(named(`max by (kind, project, owner, story) (po_open_wait_seconds` + chosenWaits + `)
/ on (kind, project) group_left () max by (kind, project) (po_wait_target_seconds)`)),
			},
			view: grid("Times the target", true,
				column{from: "story", title: "Story", width: 130, links: toStory()},
				column{from: "kind", title: "Waits for", width: 110},
				column{from: "project", title: "Project", width: 80},
				column{from: "display_name", title: "On", links: toOwner()},
				column{from: "owner"},
				column{from: "Value #A", title: "Working hours", unit: unitHours, decimals: 1, width: 140},
				column{from: "Value #B", title: "Times the target", unit: unitTimes, decimals: 1, width: 140, steps: ofTarget()}),
		},
		panel{
			title: "How much waits on each owner?", width: 24, height: 14,
			about: "By name, and not in any other order: this is no ranking. Who owns much has much to answer. Open, past the target, and the oldest wait in working hours on the owner's clock.",
			queries: []query{
				rows(named(summed("kind, owner", "kind, project, owner", `po_waits_open`+chosenWaits))),
				rows(named(summed("kind, owner", "kind, project, owner", `po_waits_overdue`+chosenWaits))),
				rows(hours(named(`max by (kind, owner) (po_wait_oldest_seconds` + chosenWaits + `)`))),
			},
			view: grid("Owner", false,
				column{from: "display_name", title: "Owner", links: toOwner()},
				column{from: "owner"},
				column{from: "kind", title: "Waits for", width: 130},
				column{from: "Value #A", title: "Open", unit: unitCount, width: 90},
				column{from: "Value #B", title: "Past target", unit: unitCount, width: 120},
				column{from: "Value #C", title: "Oldest", unit: unitHours, decimals: 1, width: 120}),
		},
		panel{
			title: "Who is absent?", width: 12, height: 6,
			about:   "Absences as the config gives them; what nobody entered there is not known. While an owner is absent and has no delegate, the story's clock runs on and the owner's stands.",
			queries: []query{rows(named(`max by (owner) (po_owner_absent{` + isOwner + `}) == 1`))},
			view: grid("Owner", false,
				column{from: "display_name", title: "Owner", links: toOwner()},
				column{from: "owner"}).
				NoValue("nobody"),
		},
		panel{
			title: "Who answers for whom?", width: 12, height: 6,
			about:   "Delegations that are active now. A delegate's answers and verdicts count as the owner's; the wait stays the owner's.",
			queries: []query{rows(named(`max by (owner, delegate) (po_delegation_active{` + isOwner + `}) == 1`))},
			view: grid("Owner", false,
				column{from: "delegate", title: "Delegate"},
				column{from: "display_name", title: "For", links: toOwner()},
				column{from: "owner"}).
				NoValue("no delegation is active"),
		},
		panel{
			title: "How many waits were open?", width: 12, height: 8,
			about:   "Open waits over time, by what is waited for. In a night or weekend nothing ends, so lines are flat then.",
			queries: []query{course(summed("kind", "kind, project, owner", `po_waits_open`+chosenWaits), "{{kind}}"), course(summed("kind", "kind, project, owner", `po_waits_overdue`+chosenWaits), "{{kind}}, past target")},
			view:    lines(unitCount),
		},
		panel{
			title: "How old was the oldest wait?", width: 12, height: 8,
			about: "Working hours of the longest open wait on its owner's clock. The dashed line is the target; where projects have different ones, the strictest.",
			queries: []query{
				course(hours(`max by (kind) (po_wait_oldest_seconds`+chosenWaits+`)`), "{{kind}}"),
				course(hours(`min by (kind) (po_wait_target_seconds{`+isProject+`, kind=~"$kind"})`), "target of {{kind}}"),
			},
			view: lines(unitHours).AxisLabel("working hours").Legend(common.NewVizLegendOptionsBuilder().
				DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(true)),
		},
	)
	return b
}
