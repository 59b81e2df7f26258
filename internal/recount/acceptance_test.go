package recount

import (
	"slices"
	"time"
)

// acceptanceWaits returns the waits of a story for its owner's verdict.
func acceptanceWaits(r *rules, s *story, asOf time.Time) []wait {
	var waits []wait
	var open *wait
	cycle := 1
	for i := range s.events {
		e := &s.events[i]
		if open != nil {
			outcome := verdict(r, s, i)
			if outcome == "" {
				open.note(r, e)
				continue
			}
			open.end, open.outcome = e.at, outcome
			open.responder = func(owner string) string { return r.roleAt(s, i, acceptanceKind, owner) }
			if !hop(r, s, i, open) {
				if outcome == "accepted" {
					cycle++
				}
				waits = append(waits, *open)
			}
			open = nil
		}
		if rule := enters(r, e); rule != "" {
			open = &wait{kind: acceptanceKind, story: s, start: e.at, rule: rule, cycle: cycle}
			open.note(r, e)
		}
	}
	if open != nil {
		open.end = asOf
		waits = append(waits, *open)
	}
	for i := range waits {
		w := &waits[i]
		w.pauses = slices.Concat(parked(r, s, w), ownerAsks(r, s, w))
	}
	return waits
}

// enters returns the rule by which e begins an acceptance wait, or "".
func enters(r *rules, e *event) string {
	before, after := r.of(e.before), r.of(e.after)
	switch {
	case after == nil || !after.acceptance[e.after.status] || after.takesAway(e.after):
		return ""
	case e.kind == created || before == nil:
		return "created_in_acceptance"
	case !before.acceptance[e.before.status]:
		return "entered_acceptance"
	}
	return ""
}

// verdict returns the outcome with which event i ends an acceptance wait, or "".
func verdict(r *rules, s *story, i int) string {
	e := &s.events[i]
	after := r.of(e.after)
	switch {
	case e.kind != record:
		return ""
	case after == nil:
		return "withdrawn"
	case after.acceptance[e.after.status]:
		return ""
	case e.relocates():
		return "withdrawn" // a move is no verdict
	case !e.moves():
		return ""
	case e.migration():
		return "withdrawn"
	case after.paused[e.after.status]:
		return ""
	case after.takesAway(e.after):
		return "withdrawn"
	case after.accepted[e.after.status], after.defaultExits && (after.category[e.after.status] || after.release[e.after.status]):
		return "accepted"
	}
	switch r.roleAt(s, i, acceptanceKind, r.ownerOf(e.before, e.at)) {
	case roleOwner, roleDelegate:
		return "rejected"
	}
	return "recalled"
}

// hop reports whether a wait that event i ends is none: a visit shorter than
// min_dwell from which automation moves the story. One that was paused, or that a migration ends,
// is a wait.
func hop(r *rules, s *story, i int, w *wait) bool {
	e := &s.events[i]
	p := r.of(e.before)
	return r.automation[e.actor] && e.moves() && !e.migration() && e.at.Sub(w.start) < p.minDwell && len(parked(r, s, w)) == 0 && len(ownerAsks(r, s, w)) == 0 &&
		r.roleAt(s, i, acceptanceKind, r.ownerOf(e.before, e.at)) == roleAutomation
}

// parked returns the spans of a wait in which a third party holds the story: it
// is in a paused status or, where that counts, flagged.
func parked(r *rules, s *story, w *wait) []span {
	var pauses []span
	for i := range s.events {
		e := &s.events[i]
		p := r.of(e.after)
		if p == nil {
			continue
		}
		if held := p.paused[e.after.status] || p.whenFlagged && e.after.flagged; !held {
			continue
		}
		to := w.end
		if i+1 < len(s.events) {
			to = earlier(to, s.events[i+1].at)
		}
		if from := later(e.at, w.start); from.Before(to) {
			pauses = append(pauses, span{from, to})
		}
	}
	return pauses
}

// ownerAsks returns the spans of an acceptance wait in which its owner waits for
// the team: from the owner's question to the first comment or move of anybody
// else, automation apart, or to the hand-over to the next owner; at most for the
// target of questions.
func ownerAsks(r *rules, s *story, w *wait) []span {
	var pauses []span
	for i := range s.events {
		e := &s.events[i]
		if e.kind != comment || e.at.Before(w.start) || !e.at.Before(w.end) || !asks(e.text) {
			continue
		}
		p := r.of(e.after)
		owner := r.ownerOf(e.after, e.at)
		if r.roleAt(s, i, acceptanceKind, owner) != roleOwner || !p.whileOwnerAsks {
			continue
		}
		until := w.end
		if limit, ok := r.hoursOf(owner, e.after.project).after(e.at, p.targets[questionKind]); ok {
			until = earlier(until, limit)
		}
		for j := i + 1; j < len(s.events); j++ {
			next := &s.events[j]
			if next.kind != comment && !next.moves() {
				continue
			}
			by := r.actorAt(s, j, acceptanceKind, owner)
			if by == owner || r.automation[next.actor] && by == "" {
				continue
			}
			until = earlier(until, next.at)
			break
		}
		for _, o := range w.turns {
			if o.from.After(e.at) && o.owner != owner {
				until = earlier(until, o.from)
			}
		}
		pauses = append(pauses, span{e.at, until})
	}
	return pauses
}
