package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// uidWaiting is the dashboard of what waits now.
const uidWaiting = "yourturn-waiting"

// chosenWaits restricts a series to the selected projects, owners and kinds.
const chosenWaits = `{` + isProject + `, ` + isOwner + `, kind=~"$kind"}`

// ofTargets divides series with the labels job, kind and project by the targets.
func ofTargets(expr string) string {
	return expr + "\n/ on (job, kind, project) group_left () max by (job, kind, project) (po_wait_target_seconds)"
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

// openList is the list of the open waits that are not forgotten, on the story's clock.
const openList = `max by (job, kind, project, owner, story) (po_open_wait_seconds` + chosenWaits + `)`

// sinceList has since when each of them waits.
const sinceList = `max by (job, kind, project, owner, story) (po_open_wait_start_timestamp_seconds` + chosenWaits + `)`

// ofOwners selects what is known of the selected owners as a whole.
const ofOwners = `{` + isOwner + `}`

// standIns has one delegate who is active now for each owner.
func standIns() string {
	return `topk by (job, owner) (1, max by (job, owner, delegate_name) (` + deputy(`max by (job, owner, delegate) (po_delegation_active`+ofOwners+`) == 1`) + `))`
}

// answerable adds the label may to series with the labels job, owner and display_name:
// who may answer. That is the owner, or a delegate too; of an owner who is away the
// delegate alone, or nobody.
func answerable(expr string) string {
	return strings.NewReplacer("X", expr, "D", standIns(), "A", `(max by (job, owner) (po_owner_absent`+ofOwners+`) == 1)`).Replace(`(
  label_replace(X * on (job, owner) group_left (delegate_name) D and on (job, owner) A, "may", "$1", "delegate_name", "(.*)")
  or label_replace(X * on (job, owner) group_left (delegate_name) D unless on (job, owner) A, "may", "or $1", "delegate_name", "(.*)")
  or label_replace(X unless on (job, owner) D and on (job, owner) A, "may", "` + saysNobody + `, away", "", "")
  or label_replace(X unless on (job, owner) D unless on (job, owner) A, "may", "$1", "display_name", "(.*)")
)`)
}

// awayUntil returns when the owner of each of the waits is back, in milliseconds: 1 if
// the absence has no end, and nothing for an owner who is not away.
func awayUntil(waits string) string {
	return strings.NewReplacer("X", "0 * "+waits, "O", ofOwners).Replace(`X + on (job, owner) group_left () (1000 * max by (job, owner) (po_owner_absence_end_timestamp_secondsO)
or max by (job, owner) (po_owner_absentO) == 1)`)
}

// delegatedUntil returns when each active delegation ends, in milliseconds: 1 if it has no
// end. By are the labels of a delegation, and where selects them.
func delegatedUntil(by, where string) string {
	return strings.NewReplacer("B", by, "W", where).Replace(`1000 * max by (B) (po_delegation_end_timestamp_secondsW)
or max by (B) (po_delegation_activeW) == 1`)
}

// turn returns the place of each open wait in the order of what to do, from the multiples
// of the target: first those past it, last those whose clock is stopped and that are not, and
// in each of these the largest multiple first. Where selects the waits.
func turn(times, where string) string {
	return strings.NewReplacer(
		"T", times, "S", `max by (job, kind, project, owner, story) (po_open_wait_paused`+where+`) == 1`,
	).Replace(`(-T - (T >= bool 1)) unless S
or (1 / (1 + T) - 2 * (T >= bool 1)) and S`)
}

// turnWords are the words of turn.
func turnWords() []dashboard.ValueMapping {
	var list []dashboard.ValueMapping
	const little = 1e-6
	for _, w := range []struct {
		from, to float64
		words    string
	}{
		{-1e9, -3, "long past"},
		{-3 + little, -2, "past target"},
		{-2 + little, -1.5, "paused"},
		{-1.5 + little, -0.5, "due next"},
		{-0.5 + little, 0, "has time"},
		{0.5, 1, "paused"},
	} {
		list = append(list, dashboard.ValueMapping{RangeMap: &dashboard.RangeMap{
			Type: "range", Options: dashboard.DashboardRangeMapOptions{From: &w.from, To: &w.to, Result: word(w.words, colorNothing)},
		}})
	}
	return list
}

// turnAbout says what the words mean, in the ⓘ of lists of stories.
const turnAbout = "Stories are in the order of × target, those past it first, and of what to do: long past (twice the target or more), past target, due next (half of it or more is used), what has time, and paused (the story is parked or flagged, or the owner has asked back: its clock is stopped); a paused one past its target follows the other late ones. × target is the working time on the story's clock, which no hand-over restarts and to which nights, weekends and holidays add nothing, as a multiple of the target."

// endWords are the words for an end that there is not, which is 1.
func endWords() []dashboard.ValueMapping {
	return append(words(word("no end", colorNothing)), noNumber())
}

// orNoFigure says in words that expr has no answer: a figure that is written in words
// has no words of its own then.
func orNoFigure(expr string) string {
	return expr + `
or on () label_replace(vector(0), "words", "` + noFigure + `", "", "")`
}

// partOf returns the value of part with the label words: "3 of 20 open".
func partOf(part, of string) string {
	return orNoFigure(strings.NewReplacer("P", part, "O", of).Replace(`label_replace(label_join(
  P * on () group_left (part, of) (count_values("part", P) * on () group_left (of) count_values("of", O)),
  "words", " of ", "part", "of"), "words", "$1 open", "words", "(.*)")`))
}

// change returns the difference of two numbers with the label words: "3 more than a week ago".
func change(from, to string) string {
	return orNoFigure(strings.NewReplacer("D", "(("+to+") - ("+from+"))").Replace(`(
  label_replace(D * on () group_left (n) count_values("n", D > 0), "words", "$1 more than a week ago", "n", "(.*)")
  or label_replace(D * on () group_left (n) count_values("n", -D > 0), "words", "$1 fewer than a week ago", "n", "(.*)")
  or label_replace(D == 0, "words", "as many as a week ago", "", "")
)`))
}

// waiting returns the dashboard of who waits on whom, now.
func waiting() *board {
	b := newBoard(uidWaiting, "Who waits on whom, now",
		"What the teams wait for now, on whom, and since when. Times are working hours; the targets are the teams' own.",
		"now-7d", "1m")
	b.variables(projectVariable(), ownersVariable(), kindVariable())
	all := func(series string) string { return summed("", "kind, project, owner", series+chosenWaits) }
	onOwners := `sum by (job, owner) (max by (job, kind, project, owner) (po_waits_open` + chosenWaits + `)) > 0`
	weekAgo := func(series string) string { return summed("", "kind, project, owner", series+chosenWaits+" offset 7d") }
	times := ofTargets(openList)
	b.add(
		panel{
			title: "Past target", asks: "How many of the open waits are past their target?", width: 6, height: 4,
			about:   "Open waits whose owner's clock is past the target of their project and kind, of all open waits: stories in acceptance and unanswered questions. The clock counts working time, without absences and pauses. A story with both kinds counts twice.",
			caution: "Caution: a hand-over starts the owner's clock again; the list below shows the story's clock, which goes on. Jira does not see answers by voice or chat, so such a question stays open.",
			queries: []query{now(partOf(all("po_waits_overdue"), all("po_waits_open")), "{{words}}")},
			view:    number(unitCount, 0, alarm(1)).TextMode(common.BigValueTextModeName),
		},
		panel{
			title: "Past target: change", asks: "Are more past their target than a week ago?", width: 6, height: 4,
			about:   "By how many the waits past their target became more or fewer, against the same instant a week before the end of the range.",
			caution: "Caution: it needs data of a week ago. More open waits make more late ones; the graph below has both.",
			queries: []query{now(change(weekAgo("po_waits_overdue"), all("po_waits_overdue")), "{{words}}")},
			view:    number(unitCount, 0, plain()).TextMode(common.BigValueTextModeName),
		},
		panel{
			title: "Due next", asks: "How many are not late yet, and soon will be?", width: 4, height: 4,
			about:   "Waits of the list below that have used half of their target or more and are not past it, on the story's clock.",
			caution: "Caution: those whose clock is stopped count too, and go on where it stopped.",
			queries: []query{now(`count((`+times+`) >= 0.5 < 1) or 0 * `+all("po_waits_open"), "")},
			view:    number(unitCount, 0, plain()),
		},
		panel{
			title: "Forgotten", asks: "How many does nobody look at any more?", width: 4, height: 4,
			about:   "Open waits older than 10 targets on whose story nothing has happened for 15 working days, of the same open waits. They count as past target too, and are left out of the list below: decide whether to close them.",
			caution: "Caution: a story that is touched by chance leaves this number and stands in the list again. yourturn waits --open names the forgotten ones.",
			queries: []query{now(partOf(all("po_waits_forgotten"), all("po_waits_open")), "{{words}}")},
			view:    number(unitCount, 0, plain()).TextMode(common.BigValueTextModeName),
		},
		panel{
			title: "As of", asks: "As of when are these numbers?", width: 4, height: 4,
			about:   "The start, in Jira's clock, of the last complete poll; with several yourturns, of the one that is furthest behind. While Jira cannot be read, all numbers stay as they are and only this one ages.",
			caution: "Caution: it is off by the difference between Jira's clock and yours, which Service health shows.",
			queries: []query{now(`min(max by (job) (yourturn_data_timestamp_seconds)) * 1000`, "")},
			view:    number(unitAgo, 0, plain()),
		},
		panel{
			title: "Stories that wait, without the forgotten", asks: "Which stories wait, on whom, and what can be done today?", width: 24, height: 16,
			about:   turnAbout + " Waits on: the owner, with a link to that owner's dashboard. Away until: the day on which an owner who is away is back. Ask: the owner, or a delegate who is active now too; of an owner who is away the delegate alone, or nobody. A story links to Jira, and stands twice if it waits for an acceptance and an answer.",
			caution: "Caution: of an owner's open waits of a kind only the 20 oldest that are not forgotten are listed. A delegation may hold for some projects or kinds only.",
			queries: []query{
				// The labels are made for each owner and not for each story, which is many times cheaper.
				rows("(" + turn(times, chosenWaits) + ")\n* on (job, owner) group_left (display_name, may, url) " + linked(answerable(named(`group by (job, owner) (po_waits_open`+chosenWaits+`)`)))),
				rows(times),
				rows(sinceList + ` * 1000`),
				rows(awayUntil(sinceList)),
			},
			view: grid("State", false,
				column{from: "Value #A", title: "State", named: turnWords(), width: 92},
				column{from: "story", title: "Story", links: toStory()},
				column{from: "kind", title: "Waits for", width: 92, words: kinds()},
				column{from: "Value #B", title: "× target", unit: unitTimes, decimals: 1, width: 74, steps: ofTarget()},
				column{from: "Value #C", title: "Since", unit: unitDayOfYear, width: 98},
				column{from: "display_name", title: "Waits on", links: toOwner()},
				column{from: "Value #D", title: "Away until", unit: unitDay, width: 90, named: endWords()},
				column{from: "may", title: "Ask"},
				column{from: "owner"},
				column{from: "url"}).
				NoValue(noStories),
		},
	)
	b.row("How many before, and on whom")
	b.add(
		panel{
			title: "Open and past target", asks: "Do the open waits become more, and those past their target?", width: 11, height: 9,
			about:   "Open waits over time, and those of them past their target on their owner's clock. At night and on weekends the lines are flat, because nothing ends.",
			caution: "Caution: a question that is answered by voice or chat stays open here.",
			queries: []query{
				course(all("po_waits_open"), "open").in(colorSeries),
				course(all("po_waits_overdue"), "past target").in(colorLate),
				course(all("po_waits_forgotten"), "forgotten").in(colorForgotten),
			},
			view: lines(unitCount).FillOpacity(20),
		},
		panel{
			title: "Owners", asks: "What waits on each owner?", width: 13, height: 9,
			about:   "In the order of names: this is not a ranking. Open waits, those past the target on the owner's clock, those whose clock is stopped, and the forgotten ones, which count as open too. Owners on whom nothing waits are left out.",
			caution: "Caution: do not compare people by it. An owner of many stories has many to answer, and the clock of a story just handed over is young.",
			queries: []query{
				rows(named(onOwners)),
				rows(`sum by (job, owner) (max by (job, kind, project, owner) (po_waits_overdue` + chosenWaits + `)) and on (job, owner) ` + onOwners),
				rows(`sum by (job, owner) (max by (job, kind, project, owner) (po_waits_paused` + chosenWaits + `)) and on (job, owner) ` + onOwners),
				rows(`sum by (job, owner) (max by (job, kind, project, owner) (po_waits_forgotten` + chosenWaits + `)) and on (job, owner) ` + onOwners),
			},
			view: grid("Owner", false,
				column{from: "display_name", title: "Owner", links: toOwner()},
				column{from: "owner"},
				column{from: "Value #A", title: "Open", unit: unitCount, width: 56},
				column{from: "Value #B", title: "Past target", unit: unitCount, width: 94},
				column{from: "Value #C", title: "Paused", unit: unitCount, width: 68},
				column{from: "Value #D", title: "Forgotten", unit: unitCount, width: 86}).
				NoValue(noWaits),
		},
		panel{
			title: "Absent now", asks: "Who is absent, and until when?", width: 10, height: 6,
			about:   "Absences from the config, and when they end. While an owner is absent and has no delegate, the owner's clock stops and the story's runs on.",
			caution: "Caution: an absence that is not in the config is not known.",
			queries: []query{
				rows(orNone(named(`max by (job, owner) (po_owner_absent`+ofOwners+`) == 1`), "display_name", saysNobody)),
				rows(`1000 * max by (job, owner) (po_owner_absence_end_timestamp_seconds` + ofOwners + `)
or max by (job, owner) (po_owner_absent` + ofOwners + `) == 1`),
			},
			view: grid("Owner", false,
				column{from: "display_name", title: "Owner"},
				column{from: "Value #B", title: "Away until", unit: unitDayOfYear, width: 104, named: endWords()}),
		},
		panel{
			title: "Delegates now", asks: "Who answers for whom, and until when?", width: 14, height: 6,
			about:   "Delegations that are active now, and when they end; a standing one has no end. A delegate's answers and verdicts count as the owner's; the wait remains the owner's.",
			caution: "Caution: a delegation may hold for some projects or kinds only. An agreement that is in neither the config nor Jira is not known.",
			queries: []query{
				rows(orNone(deputy(named(`max by (job, owner, delegate) (po_delegation_active`+ofOwners+`) == 1`)), "display_name", saysNobody)),
				rows(delegatedUntil("job, owner, delegate", ofOwners)),
			},
			view: grid("For", false,
				column{from: "display_name", title: "For"},
				column{from: "delegate_name", title: "Delegate"},
				column{from: "Value #B", title: "Stands in until", unit: unitDayOfYear, width: 122, named: endWords()}),
		},
		unconfigured(),
	)
	return b
}
