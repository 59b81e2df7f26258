package recount

import (
	"slices"
	"time"
)

// wait is an interval for which a story waits for an owner.
type wait struct {
	kind               string
	story              *story
	start, end         time.Time // end of an open one: as-of
	outcome, responder string    // "": open
	rule               string
	cycle              int           // of an acceptance wait
	asks, replies      int           // of a question wait
	firstReply         time.Time     // zero: none
	moves              []projectMove // the first is the project at the start
	pauses             []span
}

// projectMove is the instant from which a story is in a project.
type projectMove struct {
	at      time.Time
	project string // id
}

// part is one owner's part of a wait, in the form and with the names in which
// the product prints it.
type part struct {
	Story        string  `json:"story"`
	StoryID      string  `json:"story_id"`
	Project      string  `json:"project"`
	Kind         string  `json:"kind"`
	Owner        string  `json:"owner"`
	Start        string  `json:"start"`
	End          string  `json:"end"` // null: ""
	Outcome      string  `json:"outcome"`
	Responder    string  `json:"responder"`
	Part         int     `json:"part"`
	Cycle        int     `json:"cycle"` // null: 0
	Elapsed      float64 `json:"elapsed_seconds"`
	Working      float64 `json:"working_seconds"`
	Paused       float64 `json:"paused_seconds"`
	StoryElapsed float64 `json:"story_elapsed_seconds"` // up to the part's end
	StoryWorking float64 `json:"story_working_seconds"`
	Target       float64 `json:"target_seconds"`
	Breached     bool    `json:"breached"`
	Asks         int     `json:"asks"`
	OtherReplies int     `json:"other_replies"`
	FirstReply   string  `json:"first_reply"` // null: ""
	Rule         string  `json:"rule"`
}

// tenure is a stretch of a wait with one project and one owner.
type tenure struct {
	span
	project, owner string
}

// tenures cuts a wait where its owner or project changes. One shorter than the
// slip window belongs to the next, the last to the one before.
func tenures(t *team, w *wait) []tenure {
	cuts := []time.Time{w.start}
	for _, m := range w.moves[1:] {
		cuts = append(cuts, m.at)
	}
	for _, at := range termStarts(t) {
		if at.After(w.start) && at.Before(w.end) {
			cuts = append(cuts, at)
		}
	}
	slices.SortFunc(cuts, time.Time.Compare)
	var list []tenure
	for i, at := range cuts {
		to := w.end
		if i+1 < len(cuts) {
			to = cuts[i+1]
		}
		n := tenure{span{at, to}, projectAt(w, at), ""}
		n.owner = t.ownerOf(n.project, at)
		if k := len(list) - 1; k >= 0 && list[k].owner == n.owner {
			list[k].to, list[k].project = n.to, n.project
			continue
		}
		list = append(list, n)
	}
	for i := 0; i < len(list) && len(list) > 1; {
		if list[i].to.Sub(list[i].from) >= t.slipWindow {
			i++
		} else if i+1 < len(list) {
			list[i+1].from = list[i].from
			list = slices.Delete(list, i, i+1)
		} else {
			list[i-1].to = list[i].to
			list = slices.Delete(list, i, i+1)
		}
	}
	return list
}

func projectAt(w *wait, at time.Time) string {
	project := w.moves[0].project
	for _, m := range w.moves {
		if !m.at.After(at) {
			project = m.project
		}
	}
	return project
}

// parts returns a wait as the product prints it: a part for each owner.
func parts(t *team, w *wait) []part {
	var list []part
	owned := tenures(t, w)
	var storyElapsed, storyWorking time.Duration
	for i, n := range owned {
		elapsed, working, paused := clocks(t, w, n, true)
		partElapsed, partWorking, _ := clocks(t, w, n, false)
		storyElapsed += partElapsed
		storyWorking += partWorking
		p := part{
			Story: w.story.key, StoryID: itoa(w.story.id), Project: t.projects[n.project].key, Kind: w.kind, Owner: n.owner,
			Start: stamp(n.from), End: stamp(n.to), Outcome: w.outcome, Responder: w.responder, Part: i + 1, Cycle: w.cycle,
			Elapsed: elapsed.Seconds(), Working: working.Seconds(), Paused: paused.Seconds(),
			StoryElapsed: storyElapsed.Seconds(), StoryWorking: storyWorking.Seconds(),
			Target: t.targets[w.kind].Seconds(), Breached: working > t.targets[w.kind],
			Asks: w.asks, OtherReplies: w.replies, FirstReply: stamp(w.firstReply), Rule: w.rule,
		}
		switch {
		case i+1 < len(owned):
			p.Outcome, p.Responder = "handed_over", ""
		case w.outcome == "":
			p.End = ""
		}
		list = append(list, p)
	}
	return list
}

// clocks returns a clock of a part, elapsed and working, which stands while the
// wait is paused and, if it is the owner's and not the story's, while the owner is
// absent with nobody to stand in; and how long the wait was paused, which an
// absence is not.
func clocks(t *team, w *wait, n tenure, owners bool) (elapsed, working, paused time.Duration) {
	cuts := []time.Time{n.from, n.to}
	cut := func(spans ...span) {
		for _, s := range spans {
			cuts = append(cuts, s.from, s.to)
		}
	}
	cut(w.pauses...)
	cut(t.owners[n.owner].absences...)
	for _, d := range t.delegations {
		cut(d.span)
	}
	cuts = slices.DeleteFunc(cuts, func(at time.Time) bool { return at.Before(n.from) || at.After(n.to) })
	slices.SortFunc(cuts, time.Time.Compare)
	for i := 0; i+1 < len(cuts); i++ {
		from, to := cuts[i], cuts[i+1]
		switch {
		case slices.ContainsFunc(w.pauses, func(s span) bool { return s.contains(from) }):
			paused += to.Sub(from)
		case owners && t.absent(n.owner, w.kind, n.project, from):
		default:
			elapsed += to.Sub(from)
			working += t.calendarOf(n.owner).working(from, to)
		}
	}
	return elapsed, working, paused
}

// waitsOf returns every part of every wait of a story.
func waitsOf(t *team, s *story, asOf time.Time) []part {
	var list []part
	for _, w := range slices.Concat(acceptanceWaits(t, s, asOf), questionWaits(t, s, asOf)) {
		list = append(list, parts(t, &w)...)
	}
	return list
}
