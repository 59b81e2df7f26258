package recount

import (
	"slices"
	"strings"
	"time"
)

// ask is a question to the owner that stands.
type ask struct {
	at    time.Time
	rule  string
	label string   // of the rule label
	asker string   // person; "": nobody knows who
	named []string // the delegates whom a comment addresses
}

// questions derives the question waits of a story.
type questions struct {
	r     *rules
	s     *story
	waits []wait
	open  *wait
	asks  []ask     // that stand
	said  time.Time // when somebody commented last
}

// questionWaits returns the waits of a story for its owner's answers.
func questionWaits(r *rules, s *story, asOf time.Time) []wait {
	q := &questions{r: r, s: s}
	for i := range s.events {
		e := &s.events[i]
		q.pass(e.at)
		if e.kind == comment {
			q.said = e.at
		}
		asked := e.actor != "" && slices.ContainsFunc(q.asks, func(a ask) bool { return a.asker == r.person(e.actor) })
		over := q.open != nil && q.ending(i)
		if q.open != nil {
			q.open.note(r, e)
		}
		if over && e.kind == comment {
			continue // a comment that answers asks nothing
		}
		open, asks := q.open != nil, q.asking(i)
		for _, a := range asks {
			q.ask(e, a)
		}
		if open && e.kind == comment && !asked && len(asks) == 0 && !r.automation[e.actor] {
			q.reply(e)
		}
	}
	q.pass(asOf)
	if q.open != nil {
		q.end(asOf, "", nil)
	}
	return q.waits
}

// pass lets time pass up to an instant: a question of which nobody has spoken
// for long lapses. The working time since the last comment is summed over the
// parts, each in its owner's calendar. The last one goes on: how short it will be
// does not count yet.
func (q *questions) pass(to time.Time) {
	if q.open == nil {
		return
	}
	since := later(q.open.start, q.said)
	q.open.end = to
	var silent time.Duration
	for _, n := range owned(q.r, q.open, false) {
		for i, o := range n.within {
			from, until := later(o.from, since), n.to
			if i+1 < len(n.within) {
				until = n.within[i+1].from
			}
			if !from.Before(until) {
				continue
			}
			hours := q.r.hoursOf(n.owner, n.project)
			if lapse := q.r.projects[o.project].lapseAfter; lapse > 0 {
				at, ok := from, true
				if lapse > silent {
					at, ok = hours.after(from, lapse-silent)
				}
				if ok && !at.After(until) {
					// Another project's hours or patience end nothing in the past.
					q.end(later(at, q.open.turns[len(q.open.turns)-1].from), "lapsed", nil)
					return
				}
			}
			silent += hours.working(from, until)
		}
	}
}

// end ends the open wait.
func (q *questions) end(at time.Time, outcome string, responder func(owner string) string) {
	q.open.end, q.open.outcome, q.open.responder = at, outcome, responder
	q.waits, q.open, q.asks = append(q.waits, *q.open), nil, nil
}

// ending ends the open wait if event i does, and reports whether it did. The
// endings are looked at in the order of SPEC 3.2.
func (q *questions) ending(i int) bool {
	r, e := q.r, &q.s.events[i]
	owner := r.ownerBefore(e)
	role := r.roleAt(q.s, i, questionKind, owner)
	by := func(owner string) string { return r.roleAt(q.s, i, questionKind, owner) }
	done := func(outcome string, responder func(string) string) bool {
		q.end(e.at, outcome, responder)
		return true
	}
	if role == roleOwner || role == roleDelegate {
		if e.kind == comment || e.moves() || q.takesBack(e, "status") || q.takesBack(e, "label") || q.takesBack(e, "assignment") || q.edits(e) {
			return done("answered", by)
		}
	}
	person := r.person(e.actor)
	speaks := e.kind == comment && person != "" && !r.automation[e.actor]
	if speaks && slices.ContainsFunc(q.asks, func(a ask) bool { return slices.Contains(a.named, person) }) {
		return done("answered", func(owner string) string {
			if role := by(owner); role == roleOwner {
				return role
			}
			return roleDelegate
		})
	}
	asker := speaks && slices.ContainsFunc(q.asks, func(a ask) bool { return a.asker == person })
	if p := r.of(e.before); asker && p != nil && begins(e.text, p.answered) {
		return done("answered", func(string) string { return roleOther })
	}
	takes := make(map[string]bool)
	for _, rule := range []string{"status", "label", "assignment"} {
		takes[rule] = q.takesBack(e, rule)
	}
	q.remove(func(a ask) bool { return takes[a.rule] && (a.rule != "label" || !labelled(e.after, a.label)) })
	if len(q.asks) == 0 {
		return done("resolved", by)
	}
	if r.of(e.after) == nil {
		return done("withdrawn", by)
	}
	if asker && begins(e.text, []string{"#withdrawn"}) {
		q.remove(func(a ask) bool { return a.asker == person })
	}
	if next := r.ownerOf(e.after, e.at); next != owner {
		q.remove(func(a ask) bool { return a.asker == next }) // nobody waits for an answer to their own question
	}
	if len(q.asks) == 0 {
		return done("withdrawn", by)
	}
	before, after := r.of(e.before), r.of(e.after)
	if after.done(e.after.status) && !before.done(e.before.status) {
		return done("obsolete", by)
	}
	return false
}

// remove takes asks away; the wait is that of the oldest ask that is left.
func (q *questions) remove(which func(ask) bool) {
	q.asks = slices.DeleteFunc(q.asks, which)
	if len(q.asks) > 0 {
		q.open.start, q.open.rule = q.asks[0].at, q.asks[0].rule
	}
}

// takesBack reports whether a record takes away what asks by a rule, and an ask
// by it stands. A move to a project whose question statuses are others takes the
// story out of its question status.
func (q *questions) takesBack(e *event, rule string) bool {
	if e.kind != record || !slices.ContainsFunc(q.asks, func(a ask) bool { return a.rule == rule }) {
		return false
	}
	before, after := q.r.of(e.before), q.r.of(e.after)
	switch rule {
	case "status":
		if after == nil {
			return e.moves()
		}
		return before.asking[e.before.status] && !after.asking[e.after.status]
	case "assignment":
		return q.reassigned(e)
	}
	return slices.ContainsFunc(q.asks, func(a ask) bool { return a.rule == rule && !labelled(e.after, a.label) })
}

// reassigned reports whether e gives the story to another person.
func (q *questions) reassigned(e *event) bool {
	return q.r.person(e.before.users["assignee"]) != q.r.person(e.after.users["assignee"])
}

// labelled reports whether a story has a label.
func labelled(s state, label string) bool { return slices.Contains(strings.Fields(s.labels), label) }

// edits reports whether e edits the description, where that answers.
func (q *questions) edits(e *event) bool {
	p := q.r.of(e.before)
	return p != nil && p.byEdit && slices.ContainsFunc(e.items, func(it rawItem) bool { return it.Field == "description" })
}

// asking returns what event i asks the owner.
func (q *questions) asking(i int) []ask {
	r, e := q.r, &q.s.events[i]
	before, after := r.of(e.before), r.of(e.after)
	if after == nil || after.done(e.after.status) {
		return nil
	}
	owner := r.ownerOf(e.after, e.at)
	a := ask{at: e.at, asker: r.person(e.actor)}
	if e.kind == comment {
		if rule, named := q.addresses(i, owner); rule != "" {
			a.rule, a.named = rule, named
			return []ask{a}
		}
		return nil
	}
	if e.kind == turn {
		return nil
	}
	var list []ask
	add := func(rule, label string) {
		a.rule, a.label = rule, label
		list = append(list, a)
	}
	if after.asking[e.after.status] && (before == nil || !before.asking[e.before.status]) {
		add("status", "")
	}
	for _, label := range strings.Fields(e.after.labels) {
		asked := before != nil && labelled(e.before, label) && slices.Contains(before.labels, label)
		if slices.Contains(after.labels, label) && !asked {
			add("label", label)
		}
	}
	assigned := func(p *project, s state, owner string) bool {
		account := s.users["assignee"]
		return p != nil && p.assignment && account != "" && r.person(account) == owner && !p.acceptance[s.status]
	}
	reassigned := q.reassigned(e)
	stands := slices.ContainsFunc(q.asks, func(a ask) bool { return a.rule == "assignment" }) // and asks once
	changed := reassigned || (before == nil || e.relocates()) && !stands
	if changed && assigned(after, e.after, owner) && (reassigned || !assigned(before, e.before, r.ownerBefore(e))) {
		if role := r.roleAfter(q.s, i, owner); role != roleOwner && role != roleDelegate {
			add("assignment", "")
		}
	}
	return list
}

// roleAfter returns what who made event i is to the owner after it.
func (r *rules) roleAfter(s *story, i int, owner string) string {
	e := &s.events[i]
	if r.automation[e.actor] {
		return roleAutomation
	}
	return r.role(r.person(e.actor), owner, questionKind, e.after.project, e.at)
}

// addresses returns the rule by which a comment asks the owner, or "", and the
// delegates whom it addresses.
func (q *questions) addresses(i int, owner string) (rule string, named []string) {
	r, e := q.r, &q.s.events[i]
	p := r.of(e.after)
	if r.automation[e.actor] || r.roleAt(q.s, i, questionKind, owner) != roleOther {
		return "", nil
	}
	delegates := r.delegates(owner, questionKind, e.after.project, e.at)
	var users []string
	for _, account := range asked(e.text) {
		users = append(users, r.person(account))
	}
	if p.mentionAny {
		for _, account := range allAddressed(e.text) {
			users = append(users, r.person(account))
		}
	}
	for _, d := range delegates {
		if slices.Contains(users, d) {
			named = append(named, d)
		}
	}
	if p.mention && (len(named) > 0 || slices.Contains(users, owner)) {
		return "mention", named
	}
	if begins(e.text, p.markers) {
		all := allAddressed(e.text)
		toThem := slices.ContainsFunc(all, func(account string) bool {
			return r.person(account) == owner || slices.Contains(delegates, r.person(account))
		})
		if len(all) == 0 || toThem {
			return "marker", nil
		}
	}
	return "", nil
}

// ask lets an ask join the open wait, or opens one.
func (q *questions) ask(e *event, a ask) {
	if q.open == nil {
		q.open = &wait{kind: questionKind, story: q.s, start: e.at, rule: a.rule}
		q.open.note(q.r, e)
	}
	q.open.asks++
	q.asks = append(q.asks, a)
}

// reply counts a comment that neither answers nor asks, by somebody else than an
// asker.
func (q *questions) reply(e *event) {
	q.open.replies++
	if q.open.firstReply.IsZero() {
		q.open.firstReply = e.at
	}
}
