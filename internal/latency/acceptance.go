package latency

// startAcceptance begins an acceptance wait where the record entered the set
// from outside.
func (r *replay) startAcceptance(ev *Event, m *move, wasIn, moved bool) {
	if r.acc.open || !moved || wasIn || !r.inAcceptance() || r.withdrawnNow() || (m != nil && m.hop) {
		return
	}
	r.openAcceptance(ev, EnteredAcceptance)
}

func (r *replay) openAcceptance(ev *Event, rule Rule) {
	r.seen = true
	r.mover = r.d.rules.Person(ev.Actor)
	r.openWait(&r.acc, ev, rule)
	r.acc.cycle = r.cycle + 1
	if r.p.PauseWhenFlagged && r.st.flag != (Value{}) {
		r.acc.flagged = ev.At
		r.step(&r.acc, ev, Paused)
	}
}

// endAcceptance ends, pauses or resumes the running acceptance wait as the
// status move of a record says.
func (r *replay) endAcceptance(ev *Event, m *move, movedProject, migration bool, role Responder) {
	w := &r.acc
	if !w.open || (m == nil || m.undone) && !movedProject {
		return
	}
	status := r.status()
	switch {
	case r.p.Acceptance[status]:
		if w.parked != Never {
			w.unpause(&w.parked, ev.At)
			r.step(w, ev, Resumed)
		}
	case movedProject:
		r.end(w, ev.At, Withdrawn, role, r.stepOf(ev, Rule(Withdrawn)))
	case migration:
		r.end(w, ev.At, Withdrawn, ByAutomation, r.stepOf(ev, Rule(Withdrawn)))
	case r.p.Paused[status]:
		if w.parked == Never {
			w.parked = ev.At
			r.step(w, ev, Paused)
		}
	case r.withdrawnNow():
		r.end(w, ev.At, Withdrawn, role, r.stepOf(ev, Rule(Withdrawn)))
	case r.accepts(ev, status):
		if role == ByOther && r.d.rules.Person(ev.Actor) == r.mover && ev.At <= w.start.Add(ownMove) {
			r.bypass(ev)
		}
		r.end(w, ev.At, Accepted, role, r.stepOf(ev, Rule(Accepted)))
		r.cycle++
		r.guardAcceptance(ev, w, role)
	case role == ByOwner || role == ByDelegate:
		r.end(w, ev.At, Rejected, role, r.stepOf(ev, Rule(Rejected)))
		r.guardRejection(ev)
	default:
		r.end(w, ev.At, Recalled, role, r.stepOf(ev, Rule(Recalled)))
	}
}

// accepts tells whether leaving the set to status is an acceptance.
func (r *replay) accepts(ev *Event, status string) bool {
	if len(r.p.Accepted) > 0 {
		return r.p.Accepted[status]
	}
	if r.p.Stages[status] == StageRelease {
		return true
	}
	if r.d.rules.Statuses[status].Category == CategoryDone {
		r.find(FindExitByDefault, ev.At, r.d.rules.Statuses[status].Name)
		return true
	}
	return false
}

// countBypass counts a story that reached done with no visit of acceptance.
func (r *replay) countBypass(ev *Event, wasEnded bool) {
	if !r.seen && !wasEnded && r.ended() && !r.withdrawnNow() && len(r.p.Acceptance) > 0 {
		r.bypass(ev)
	}
}

func (r *replay) bypass(ev *Event) {
	if !r.passed {
		r.passed = true
		r.d.mark(EntryBypass, ev.At, r.p, "", r.p.SlipWindow)
	}
}

// teamSpoke ends the pause for the owner's own question.
func (r *replay) teamSpoke(ev *Event) {
	if w := &r.acc; w.open && w.asking != Never {
		w.pauses = append(w.pauses, Span{w.asking, min(ev.At, w.askingUntil)})
		w.asking = Never
		r.step(w, ev, TeamSpoke)
	}
}

// ownerAsked stops the clock of the running acceptance wait: the ball is in
// the team's court, at most for the target of a question.
func (r *replay) ownerAsked(ev *Event) {
	w := &r.acc
	if !w.open || !r.p.PauseWhileOwnerAsks {
		return
	}
	if w.asking != Never { // asked before, and not yet spoken to
		w.pauses = append(w.pauses, Span{w.asking, min(ev.At, w.askingUntil)})
	}
	w.asking = ev.At
	w.askingUntil = Never
	if at, ok := r.d.rules.calendar(r.p, r.owner).After(ev.At, r.p.TargetQuestion); ok {
		w.askingUntil = at
	}
	r.step(w, ev, OwnerAsks)
}
