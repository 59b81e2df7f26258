package recount

import (
	"slices"
	"time"
)

// wait is an interval for which a story waits for an owner.
type wait struct {
	kind          string
	story         *story
	start, end    time.Time // the end of an open one is the as-of
	outcome       string    // "": open
	rule          string
	cycle         int         // of an acceptance wait
	asks, replies int         // of a question wait
	firstReply    time.Time   // zero: none
	turns         []ownership // the first is that at the start
	pauses        []span
	// responder returns the role, towards an owner, of who ended the wait; nil
	// where nobody did.
	responder func(owner string) string
}

// ownership is whose a story is, and in which project, from an instant on.
type ownership struct {
	from           time.Time
	project, owner string
}

// tenure is a stretch of a wait with one owner, in the project in which it ended.
type tenure struct {
	span
	project, owner string
	within         []ownership // in its order: the project may change within it
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
	Final        bool    `json:"final"`
	Part         int     `json:"part"`
	Cycle        int     `json:"cycle"` // null: 0
	Elapsed      float64 `json:"elapsed_seconds"`
	Working      float64 `json:"working_seconds"`
	Paused       float64 `json:"paused_seconds"`
	StoryElapsed float64 `json:"story_elapsed_seconds"` // up to the part's end
	StoryWorking float64 `json:"story_working_seconds"`
	Target       float64 `json:"target_seconds"`
	Breached     bool    `json:"breached"`
	Forgotten    bool    `json:"forgotten"`
	Asks         int     `json:"asks"`
	OtherReplies int     `json:"other_replies"`
	FirstReply   string  `json:"first_reply"` // null: ""
	Rule         string  `json:"rule"`
}

// tenures cuts a wait where its owner changes. Oldest first, a stretch shorter
// than its project's slip window belongs to the next, which is so much longer;
// the last one belongs to the one before.
func tenures(r *rules, w *wait) []tenure { return owned(r, w, true) }

// owned is tenures of a wait that is over, or else may go on.
func owned(r *rules, w *wait, over bool) []tenure {
	var list []tenure
	for i, o := range w.turns {
		to := w.end
		if i+1 < len(w.turns) {
			to = earlier(to, w.turns[i+1].from)
		}
		from := later(o.from, w.start)
		if !to.After(from) && i+1 < len(w.turns) {
			continue // over before the ask that is now the oldest
		}
		o.from = from
		list = append(list, tenure{span{from, to}, o.project, o.owner, []ownership{o}})
	}
	list = sameOwners(list)
	for i := 0; i < len(list) && len(list) > 1; {
		short := list[i].to.Sub(list[i].from) < r.projects[list[i].project].slipWindow
		switch {
		case !short:
			i++
		case i+1 < len(list):
			list[i+1].from, list[i+1].within = list[i].from, slices.Concat(list[i].within, list[i+1].within)
			list = slices.Delete(list, i, i+1)
		case !over:
			i++
		default:
			list[i-1].to, list[i-1].project, list[i-1].within = list[i].to, list[i].project, slices.Concat(list[i-1].within, list[i].within)
			list = slices.Delete(list, i, i+1)
		}
	}
	return sameOwners(list)
}

// sameOwners makes one of neighbours of one owner.
func sameOwners(list []tenure) []tenure {
	for i := 0; i+1 < len(list); {
		if list[i].owner != list[i+1].owner {
			i++
			continue
		}
		list[i].to, list[i].project, list[i].within = list[i+1].to, list[i+1].project, slices.Concat(list[i].within, list[i+1].within)
		list = slices.Delete(list, i+1, i+2)
	}
	return list
}

// parts returns a wait as the product prints it as of an instant: a part for
// each owner. An ending counts once the slip window has passed since.
func parts(r *rules, w *wait, key string, asOf time.Time) []part {
	var list []part
	owned := tenures(r, w)
	var storyElapsed, storyWorking time.Duration
	for i, n := range owned {
		p := r.projects[n.project]
		own := clocks(r, w, n, true)
		shared := clocks(r, w, n, false)
		storyElapsed += shared.elapsed
		storyWorking += shared.working
		out := part{
			Story: key, StoryID: itoa(w.story.id), Project: p.key, Kind: w.kind, Owner: n.owner,
			Start: stamp(n.from), Part: i + 1, Cycle: w.cycle,
			Elapsed: own.elapsed.Seconds(), Working: own.working.Seconds(), Paused: own.paused.Seconds(),
			StoryElapsed: storyElapsed.Seconds(), StoryWorking: storyWorking.Seconds(),
			Target: p.targets[w.kind].Seconds(), Breached: own.breached,
			Asks: w.asks, OtherReplies: w.replies, FirstReply: stamp(w.firstReply), Rule: w.rule,
		}
		switch {
		case i+1 < len(owned):
			out.End, out.Outcome, out.Final = stamp(n.to), "handed_over", true
		case w.outcome != "" && !w.end.Add(p.slipWindow).After(asOf):
			out.End, out.Outcome, out.Final = stamp(w.end), w.outcome, true
			if w.responder != nil {
				out.Responder = w.responder(n.owner)
			}
		default:
			out.Forgotten = storyWorking > 10*p.targets[w.kind] && r.projectsHours(n.project).fullDays(lastEvent(w.story, asOf), asOf) >= 15
		}
		list = append(list, out)
	}
	return list
}

// lastEvent returns when something last happened on a story, up to an instant.
func lastEvent(s *story, asOf time.Time) time.Time {
	var last time.Time
	for _, e := range s.events {
		if e.kind != turn && !e.at.After(asOf) {
			last = later(last, e.at)
		}
	}
	return last
}

// clock is what the clocks of a part show.
type clock struct {
	elapsed, working, paused time.Duration
	breached                 bool // the working clock has passed the target of the project in which the story then was
}

// clocks returns a clock of a part, elapsed and working, which stands while the
// wait is paused and, if it is the owner's and not the story's, while the owner is
// absent with nobody to stand in; and how long the wait was paused, which an
// absence is not.
func clocks(r *rules, w *wait, n tenure, owners bool) clock {
	cuts := []time.Time{n.from, n.to}
	cut := func(spans ...span) {
		for _, s := range spans {
			cuts = append(cuts, s.from, s.to)
		}
	}
	cut(w.pauses...)
	cut(r.owners[n.owner].absences...)
	for _, d := range r.delegations {
		cut(d.span)
	}
	for _, o := range n.within {
		cuts = append(cuts, o.from)
	}
	cuts = slices.DeleteFunc(cuts, func(at time.Time) bool { return at.Before(n.from) || at.After(n.to) })
	slices.SortFunc(cuts, time.Time.Compare)
	var c clock
	for i := 0; i+1 < len(cuts); i++ {
		from, to := cuts[i], cuts[i+1]
		if !from.Before(to) {
			continue
		}
		now := n.within[0]
		for _, o := range n.within {
			if !o.from.After(from) {
				now = o
			}
		}
		p := r.projects[n.project]
		switch {
		case slices.ContainsFunc(w.pauses, func(s span) bool { return s.contains(from) }):
			c.paused += to.Sub(from)
		case owners && p.whenAbsent && r.absent(n.owner, w.kind, n.project, from):
		default:
			c.elapsed += to.Sub(from)
			c.working += r.hoursOf(n.owner, n.project).working(from, to)
			c.breached = c.breached || c.working > r.projects[now.project].targets[w.kind]
		}
	}
	return c
}

// waitsOf returns every part of every wait of a story as of an instant.
func waitsOf(r *rules, whole *story, asOf time.Time) []part {
	s := whole.upTo(r, asOf)
	if len(s.events) == 0 {
		return nil // not created yet
	}
	s.withTurns(r, asOf)
	key := s.events[len(s.events)-1].after.key
	var list []part
	for _, w := range slices.Concat(acceptanceWaits(r, s, asOf), questionWaits(r, s, asOf)) {
		if p := r.projects[w.turns[len(w.turns)-1].project]; !w.start.Before(p.from) { // in the project under which it is listed
			list = append(list, parts(r, &w, key, asOf)...)
		}
	}
	return list
}

// withTurns puts among the events of a story the instants at which its owner
// changes with no record of the story: a term of the config begins or ends, or
// something happens to its parent.
func (s *story) withTurns(r *rules, asOf time.Time) {
	for _, at := range r.ownerChanges(s) {
		i := slices.IndexFunc(s.events, func(e event) bool { return !e.at.Before(at) })
		if i < 0 {
			i = len(s.events)
		}
		if i == 0 || at.After(asOf) {
			continue
		}
		now := s.events[i-1].after
		if r.ownerOf(now, at.Add(-1)) != r.ownerOf(now, at) {
			s.events = slices.Insert(s.events, i, event{at: at, kind: turn, before: now, after: now})
		}
	}
}

// ownerBefore returns whose the story was when e happened.
func (r *rules) ownerBefore(e *event) string {
	if e.kind == turn {
		return r.ownerOf(e.before, e.at.Add(-1))
	}
	return r.ownerOf(e.before, e.at)
}

// roleAt returns what who made event i is to an owner. What automation says or
// moves within a minute after the owner or a delegate did something on the story
// counts as theirs; a migration is nobody's but automation's.
func (r *rules) roleAt(s *story, i int, kind, owner string) string {
	e := &s.events[i]
	switch {
	case e.kind == turn:
		return ""
	case e.migration():
		return roleAutomation
	case !r.automation[e.actor]:
		return r.role(r.person(e.actor), owner, kind, e.before.project, e.at)
	}
	if person := r.actorAt(s, i, kind, owner); person != "" {
		return r.role(person, owner, kind, e.before.project, e.at)
	}
	return roleAutomation
}

// actorAt returns the person whose doing event i is: for automation, the owner or
// delegate in whose name it speaks or moves, else "". Who created the story did
// nothing on it yet.
func (r *rules) actorAt(s *story, i int, kind, owner string) string {
	e := &s.events[i]
	if !r.automation[e.actor] {
		return r.person(e.actor)
	}
	if e.kind != comment && !e.moves() {
		return ""
	}
	for j := i - 1; j >= 0 && e.at.Sub(s.events[j].at) <= time.Minute; j-- {
		act := &s.events[j]
		if act.kind == turn || act.kind == created || r.automation[act.actor] {
			continue
		}
		// They were the owner or delegate when they acted, and are so still.
		person := r.person(act.actor)
		if r.role(person, r.ownerBefore(act), kind, act.before.project, act.at) != roleOther &&
			r.role(person, owner, kind, e.before.project, e.at) != roleOther {
			return person
		}
	}
	return ""
}

// note keeps whose the story is after e, if that is new.
func (w *wait) note(r *rules, e *event) {
	next := ownership{e.at, e.after.project, r.ownerOf(e.after, e.at)}
	if n := len(w.turns); n > 0 && w.turns[n-1].project == next.project && w.turns[n-1].owner == next.owner {
		return
	}
	w.turns = append(w.turns, next)
}
