package recount

import (
	"slices"
	"time"
)

// ask is a comment that asks the owner.
type ask struct {
	at    time.Time
	asker string
	named []string // keys of the delegates whom it addresses
}

// questionWaits returns the waits of a story for its owner's answers.
func questionWaits(t *team, s *story, asOf time.Time) []wait {
	var waits []wait
	var open *wait
	var asks []ask // that stand
	var last time.Time
	end := func(at time.Time, outcome, responder string) {
		open.end, open.outcome, open.responder = at, outcome, responder
		waits, open, asks = append(waits, *open), nil, nil
	}
	for _, e := range withTerms(t, s, asOf) {
		owner := t.ownerOf(e.before.project, e.at)
		if open != nil {
			if e.kind == term {
				owner = t.ownerOf(e.before.project, e.at.Add(-1))
			}
			if lapse := t.calendarOf(owner).after(last, t.lapseAfter); !lapse.After(e.at) {
				end(lapse, "lapsed", "")
			}
		}
		role := t.role(e.actor, owner, questionKind, e.before.project, e.at)
		if open != nil {
			if outcome := answer(t, &e, role, &asks); outcome != "" {
				if outcome == "answered" && role == "other" && addressedByName(t, asks, e.actor) {
					role = "delegate"
				}
				if e.migration() {
					role = "automation"
				}
				end(e.at, outcome, role)
				continue
			}
			if len(asks) > 0 && asks[0].at.After(open.start) {
				open.start = asks[0].at
			}
			if e.after.project != e.before.project {
				open.moves = append(open.moves, projectMove{e.at, e.after.project})
			}
		}
		if e.kind != comment {
			continue
		}
		last = e.at
		rule, named := asksOwner(t, &e, role, owner)
		switch {
		case open != nil && rule != "":
			open.asks++
			asks = append(asks, ask{e.at, e.actor, named})
		case open != nil:
			if !slices.ContainsFunc(asks, func(a ask) bool { return a.asker == e.actor }) {
				open.replies++
				if open.firstReply.IsZero() {
					open.firstReply = e.at
				}
			}
		case rule != "" && t.watched(e.after) && !t.isDone(e.after.status):
			open = &wait{kind: questionKind, story: s, start: e.at, rule: rule, asks: 1, moves: []projectMove{{e.at, e.after.project}}}
			asks = []ask{{e.at, e.actor, named}}
		}
	}
	if open != nil {
		owner := t.ownerOf(open.moves[len(open.moves)-1].project, asOf)
		if lapse := t.calendarOf(owner).after(last, t.lapseAfter); !lapse.After(asOf) {
			end(lapse, "lapsed", "")
		} else {
			end(asOf, "", "")
		}
	}
	return waits
}

// asksOwner returns the rule by which a comment asks the owner, or "", and the
// keys of the delegates whom it addresses.
func asksOwner(t *team, e *event, role, owner string) (rule string, named []string) {
	if role != "other" {
		return "", nil
	}
	delegates := t.delegates(owner, questionKind, e.after.project, e.at)
	users := asked(e.text)
	if t.mentionAny {
		users = allMentioned(e.text)
	}
	for _, d := range delegates {
		if slices.Contains(users, t.owners[d].account) {
			named = append(named, d)
		}
	}
	if len(named) > 0 || slices.Contains(users, t.owners[owner].account) {
		return "mention", named
	}
	if begins(e.text, "Q:", "Question:", "#question") && len(allMentioned(e.text)) == 0 {
		return "marker", nil
	}
	return "", nil
}

// answer returns the outcome with which e ends an open question wait, or "". An
// asker's withdrawal takes that asker's asks away first.
func answer(t *team, e *event, role string, asks *[]ask) string {
	asker := slices.ContainsFunc(*asks, func(a ask) bool { return a.asker == e.actor })
	switch {
	case (e.kind == comment || e.moves()) && role != "other":
		return "answered"
	case e.kind == comment && addressedByName(t, *asks, e.actor):
		return "answered"
	case e.kind == comment && asker && begins(e.text, "#answered", "Answered:", "A:"):
		return "answered"
	case !t.watched(e.after):
		return "withdrawn"
	case e.kind == term || e.after.project != e.before.project:
		// Nobody waits for an answer to their own question.
		account := t.owners[t.ownerOf(e.after.project, e.at)].account
		*asks = slices.DeleteFunc(*asks, func(a ask) bool { return a.asker == account })
		if len(*asks) == 0 {
			return "withdrawn"
		}
	case e.kind == comment && asker && begins(e.text, "#withdrawn"):
		*asks = slices.DeleteFunc(*asks, func(a ask) bool { return a.asker == e.actor })
		if len(*asks) == 0 {
			return "withdrawn"
		}
	case e.moves() && !t.acceptance[e.after.status] && (t.isDone(e.after.status) || withdrawnBy(t, e.after)):
		return "obsolete"
	}
	return ""
}

// addressedByName tells whether the actor is a delegate whom an ask addresses.
func addressedByName(t *team, asks []ask, actor string) bool {
	return slices.ContainsFunc(asks, func(a ask) bool {
		return slices.ContainsFunc(a.named, func(d string) bool { return t.owners[d].account == actor })
	})
}

// withTerms returns the events of a story and, among them, the instants at which
// its project's next owner takes over.
func withTerms(t *team, s *story, asOf time.Time) []event {
	events := slices.Clone(s.events)
	for _, at := range termStarts(t) {
		i := len(events)
		for i > 0 && !events[i-1].at.Before(at) {
			i--
		}
		if i == 0 || at.After(asOf) {
			continue
		}
		now := events[i-1].after
		if t.ownerOf(now.project, at.Add(-1)) != t.ownerOf(now.project, at) {
			events = slices.Insert(events, i, event{at: at, kind: term, before: now, after: now})
		}
	}
	return events
}

// termStarts returns the instants at which an owner of some project takes over.
func termStarts(t *team) []time.Time {
	var starts []time.Time
	for _, p := range t.projects {
		for _, o := range p.terms {
			if !o.from.IsZero() && !slices.Contains(starts, o.from) {
				starts = append(starts, o.from)
			}
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	return starts
}
