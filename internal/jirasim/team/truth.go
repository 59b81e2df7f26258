package team

import (
	"cmp"
	"slices"
	"time"
)

// Targets of waits, in the owner's working time: the rules' defaults.
const (
	acceptanceTarget = 8 * time.Hour
	answerTarget     = questionTarget
)

// Part is one owner's part of a wait, as the people knew it.
type Part struct {
	StoryID                            int64
	Story, Project, Kind, Cause, Owner string
	Start, End                         time.Time // End is zero while it is open, or while a slip could still undo it
	Outcome, Responder                 string

	Part, Cycle, Asks int // Cycle is 0 of questions, Asks of acceptance
	Final             bool
	// Elapsed and Working are the owner's clock, Paused what no clock ran, and the other two the story's clock up to the part's end.
	Elapsed, Working, Paused, StoryElapsed, StoryWorking time.Duration
	Breached                                             bool // the owner's clock is past the target
}

// Tally is something else that is counted: a "slip" or a "bypass" in a project.
type Tally struct {
	What, Project string
	At            time.Time
}

// Truth returns the parts of all waits up to now as they happened, in order of
// start, story and kind.
func (t *Team) Truth() []Part {
	var out []Part
	for _, l := range t.lives {
		l.book.until(t.now)
		out = append(out, l.book.waits(l, t.now)...)
	}
	return sorted(out)
}

// Tallies returns the slips and bypasses in the order in which stories came
// into being; those of a project that happened before its first acceptance
// wait too.
func (t *Team) Tallies() []Tally {
	var out []Tally
	for _, l := range t.lives {
		out = append(out, l.book.tallies...)
	}
	return out
}

func sorted(list []Part) []Part {
	slices.SortStableFunc(list, func(a, b Part) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.StoryID, b.StoryID), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Part, b.Part))
	})
	return list
}

// waits returns the parts of all waits in the book, as of an instant.
func (b *book) waits(l *life, asOf time.Time) []Part {
	spells := slices.Clone(b.told)
	for _, s := range []*wait{b.acc, b.q} {
		if s != nil {
			spells = append(spells, s)
		}
	}
	var out []Part
	for _, s := range spells {
		out = append(out, s.parts(l, asOf)...)
	}
	return out
}

// parts returns a wait's parts with their clocks.
func (s *wait) parts(l *life, asOf time.Time) []Part {
	t := l.t
	stop := asOf
	if !s.end.IsZero() {
		stop = s.end
	}
	final := !s.end.IsZero() && !s.end.Add(t.opts.SlipWindow).After(asOf)
	pauses := slices.Clone(s.pauses)
	for _, since := range []time.Time{s.parked, s.flagged} {
		if !since.IsZero() {
			pauses = append(pauses, span{since, stop})
		}
	}
	target := acceptanceTarget
	if s.kind == "question" {
		target = answerTarget
	}
	shares := s.settled(stop, t.opts.SlipWindow)
	var out []Part
	var elapsed, working time.Duration
	for i, sh := range shares {
		to := stop
		if i+1 < len(shares) {
			to = shares[i+1].from
		}
		hours := t.hoursOf(sh.owner)
		running := without([]span{{sh.from, to}}, pauses)
		elapsed += total(running)
		working += hours.worked(running)
		w := Part{
			StoryID: l.id, Story: l.key, Project: sh.p.jira.Key, Kind: s.kind, Cause: s.cause, Owner: l.ownerLabel(sh.owner),
			Start: sh.from, Part: i + 1, Cycle: s.cycle, Asks: s.asked, Paused: to.Sub(sh.from) - total(running),
			StoryElapsed: elapsed, StoryWorking: working,
		}
		if !sh.p.awayRuns {
			running = without(running, t.awayFrom(sh.owner))
		}
		w.Elapsed, w.Working = total(running), hours.worked(running)
		w.Breached = w.Working > target
		switch {
		case i+1 < len(shares):
			w.End, w.Outcome, w.Final = to, "handed_over", true
		case final:
			w.End, w.Outcome, w.Responder, w.Final = s.end, s.outcome, s.toward(t, sh.owner), true
		}
		out = append(out, w)
	}
	return out
}

// toward returns the role, towards an owner, of the person who ended the wait. The
// owner is the one to whom the last share belongs in the end, who need not have
// owned the story at that instant.
func (s *wait) toward(t *Team, owner string) string {
	if s.by == nil || s.by == t.robot || s.responder == "automation" || owner == s.shares[len(s.shares)-1].owner {
		return s.responder
	}
	role := t.role(owner, s.by, s.end)
	if s.addressed && !answers(role) {
		return "delegate"
	}
	if s.robot && !answers(role) {
		return "automation" // it followed somebody whom it need not have followed
	}
	return role
}

// settled returns the shares of the wait without those that are shorter than the
// slip window: these belong to the next, and the last one to the one before. A share
// is in the project in which it ended.
func (s *wait) settled(stop time.Time, short time.Duration) []share {
	var out []share
	for i, sh := range s.shares {
		to := stop
		if i+1 < len(s.shares) {
			to = s.shares[i+1].from
		}
		last := i+1 == len(s.shares)
		if !to.After(s.start) && !last {
			continue // before the ask that still stands
		}
		sh.from = later(sh.from, s.start)
		if n := len(out); n > 0 && out[n-1].owner == sh.owner {
			out[n-1].p = sh.p
			continue
		}
		out = append(out, sh)
	}
	ends := func(i int) time.Time {
		if i+1 < len(out) {
			return out[i+1].from
		}
		return stop
	}
	for i := 0; i+1 < len(out); {
		if ends(i).Sub(out[i].from) < short {
			out[i+1].from = out[i].from
			out = slices.Delete(out, i, i+1)
		} else {
			i++
		}
	}
	if n := len(out); n > 1 && stop.Sub(out[n-1].from) < short {
		out[n-2].p = out[n-1].p
		out = out[:n-1]
	}
	for i := 0; i+1 < len(out); {
		if out[i].owner == out[i+1].owner {
			out[i].p = out[i+1].p
			out = slices.Delete(out, i+1, i+2)
		} else {
			i++
		}
	}
	return out
}
