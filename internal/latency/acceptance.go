package latency

// startAcceptance begins an acceptance wait where the record entered the set
// from outside.
func (r *replay) startAcceptance(rec *record, before *situation) {
	if (rec.moved || before.project != r.now.project) && !before.accepting && r.now.accepting {
		r.enterAcceptance(rec.Event, EnteredAcceptance)
	}
}

// enterAcceptance lets the story visit acceptance. A withdrawn one starts no wait.
func (r *replay) enterAcceptance(ev *Event, rule Rule) {
	visited := r.visited
	r.visited = true
	if r.acc.open || r.withdrawn() {
		return
	}
	r.mover = r.d.rules.Person(ev.Actor)
	r.openWait(&r.acc, ev, rule)
	r.acc.cycle = r.cycle + 1
	r.acc.firstVisit = !visited
	r.pauseForFlag(ev)
}

// endAcceptance ends, pauses or resumes the running acceptance wait as the
// status move of a record says.
func (r *replay) endAcceptance(rec *record, before *situation) {
	w, p := &r.acc, r.now.project
	changedProject := before.project != p
	if !w.open || !rec.moved && !changedProject {
		return
	}
	role := r.roleIn(rec, before, Acceptance)
	end := func(outcome Outcome) {
		r.end(w, rec.At, rec.endsAs(outcome, before), r.stepOf(rec.Event, Rule(outcome)))
	}
	switch {
	case r.now.accepting:
		r.resumeFromStatus(rec.Event)
	case changedProject, rec.migration:
		end(Withdrawn)
	case p.Paused[r.now.status]:
		r.pauseForStatus(rec.Event)
	case r.isHop(rec, role):
		r.forgetVisit()
	case r.withdrawn():
		end(Withdrawn)
	case r.accepts(rec.Event):
		end(Accepted)
		r.cycle++
		r.countInstantBypass(rec)
		r.guardAcceptance(rec)
	case role == ByOwner || role == ByDelegate:
		end(Rejected)
		r.guardRejection(rec)
	default:
		end(Recalled)
	}
}

// accepts reports whether leaving the set to the present status is an acceptance.
func (r *replay) accepts(ev *Event) bool {
	p, status := r.now.project, r.now.status
	if len(p.Accepted) > 0 {
		return p.Accepted[status]
	}
	if p.Stages[status] == StageRelease {
		return true
	}
	if r.d.rules.Statuses[status].Category == CategoryDone {
		r.find(FindExitByDefault, ev.At, r.d.rules.Statuses[status].Name)
		return true
	}
	return false
}
