package recount

import (
	"slices"
	"strings"
	"time"
)

// acceptanceWaits returns the waits of a story for its owner's verdict.
func acceptanceWaits(t *team, s *story, asOf time.Time) []wait {
	var waits []wait
	var open *wait
	cycle := 1
	for i := range s.events {
		e := &s.events[i]
		if open != nil {
			outcome := verdict(t, e)
			if outcome == "" {
				if e.after.project != e.before.project {
					open.moves = append(open.moves, projectMove{e.at, e.after.project})
				}
				continue
			}
			open.end, open.outcome, open.responder = e.at, outcome, t.role(e.actor, t.ownerOf(e.before.project, e.at), acceptanceKind, e.before.project, e.at)
			if e.migration() {
				open.responder = "automation"
			}
			if outcome == "accepted" {
				cycle++
			}
			waits, open = append(waits, *open), nil
			continue
		}
		if rule := enters(t, e); rule != "" {
			open = &wait{kind: acceptanceKind, story: s, start: e.at, rule: rule, cycle: cycle, moves: []projectMove{{e.at, e.after.project}}}
		}
	}
	if open != nil {
		open.end = asOf
		waits = append(waits, *open)
	}
	for i := range waits {
		waits[i].pauses = ownerAsks(t, s, &waits[i])
	}
	return waits
}

// enters returns the rule by which e begins an acceptance wait, or "".
func enters(t *team, e *event) string {
	switch {
	case !t.watched(e.after) || !t.acceptance[e.after.status] || withdrawnBy(t, e.after):
		return ""
	case !t.watched(e.before):
		return "created_in_acceptance"
	case !t.acceptance[e.before.status]:
		return "entered_acceptance"
	}
	return ""
}

// verdict returns the outcome with which e ends an acceptance wait, or "".
func verdict(t *team, e *event) string {
	left := !t.acceptance[e.after.status]
	switch {
	case e.kind != record:
		return ""
	case !t.watched(e.after):
		return "withdrawn"
	case !left:
		return ""
	case e.migration(), e.after.project != e.before.project, withdrawnBy(t, e.after):
		return "withdrawn"
	case t.isDone(e.after.status):
		return "accepted"
	}
	owner := t.ownerOf(e.before.project, e.at)
	if t.role(e.actor, owner, acceptanceKind, e.before.project, e.at) == "other" {
		return "recalled"
	}
	return "rejected"
}

// withdrawnBy tells whether the story's resolution says that it is taken away.
func withdrawnBy(t *team, s state) bool {
	name := strings.ToLower(strings.ReplaceAll(s.resolution, "’", "'"))
	return slices.Contains(t.withdrawn, name)
}

// ownerAsks returns the spans of an acceptance wait in which its owner waits for
// the team: from the owner's question to the first word or move of anybody else,
// at most for the target of questions.
func ownerAsks(t *team, s *story, w *wait) []span {
	var pauses []span
	for i := range s.events {
		e := &s.events[i]
		if e.kind != comment || e.at.Before(w.start) || !e.at.Before(w.end) || !asks(e.text) {
			continue
		}
		owner := t.ownerOf(e.after.project, e.at)
		if t.owners[owner].account != e.actor {
			continue
		}
		until := t.calendarOf(owner).after(e.at, t.targets[questionKind])
		for _, next := range s.events[i+1:] {
			if next.actor != e.actor && (next.kind == comment || next.moves()) {
				until = earlier(until, next.at)
				break
			}
		}
		pauses = append(pauses, span{e.at, earlier(until, w.end)})
	}
	return pauses
}
