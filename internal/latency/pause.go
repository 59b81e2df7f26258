package latency

// pauses are what stops the clock of an acceptance wait. The clock of a question
// never stops for a pause.
type pauses struct {
	over []Span // those that have ended

	// Since when the wait is paused for a status, for a flag, and for the owner's
	// own question; Never.
	status, flag, question Instant

	asker         string  // who asked that question
	questionUntil Instant // when it no longer stops the clock
}

// reset makes p no pauses, and keeps its slice.
func (p *pauses) reset() {
	*p = pauses{over: p.over[:0], status: Never, flag: Never, question: Never}
}

// any reports whether there was a pause, or is one.
func (p *pauses) any() bool {
	return len(p.over) > 0 || p.status != Never || p.flag != Never || p.question != Never
}

// end ends the pause that began at *since.
func (p *pauses) end(since *Instant, at Instant) {
	p.over = append(p.over, Span{*since, at})
	*since = Never
}

// endQuestion ends the pause of the owner's own question.
func (p *pauses) endQuestion(at Instant) {
	p.end(&p.question, min(at, p.questionUntil))
}

// until appends to spans the pauses up to an instant, in order and disjoint, and
// reports whether one runs then.
func (p *pauses) until(stop Instant, spans []Span) (_ []Span, running bool) {
	spans = append(spans, p.over...)
	for _, since := range [2]Instant{p.status, p.flag} {
		if since != Never && since <= stop {
			spans = append(spans, Span{since, stop})
			running = true
		}
	}
	if p.question != Never && p.question <= stop {
		spans = append(spans, Span{p.question, min(stop, p.questionUntil)})
		running = running || p.questionUntil > stop
	}
	if len(spans) > 1 {
		spans = union(spans)
	}
	return spans, running
}

// pauseForStatus stops the clock of the running acceptance wait: the story has
// entered a paused status, where a third party holds it.
func (r *replay) pauseForStatus(ev *Event) {
	if p := &r.acc.pauses; p.status == Never {
		p.status = ev.At
		r.step(&r.acc, ev, Paused)
	}
}

// resumeFromStatus lets the clock go on: the story is back in acceptance.
func (r *replay) resumeFromStatus(ev *Event) {
	if p := &r.acc.pauses; p.status != Never {
		p.end(&p.status, ev.At)
		r.step(&r.acc, ev, Resumed)
	}
}

// pauseForFlag stops the clock of the running acceptance wait while the story is
// flagged, where the project wants that.
func (r *replay) pauseForFlag(ev *Event) {
	if !r.acc.open {
		return
	}
	p := &r.acc.pauses
	switch flagged := r.now.project.PauseWhenFlagged && r.now.flagged; {
	case flagged && p.flag == Never:
		p.flag = ev.At
		r.step(&r.acc, ev, Paused)
	case !flagged && p.flag != Never:
		p.end(&p.flag, ev.At)
		r.step(&r.acc, ev, Resumed)
	}
}

// pauseForQuestion stops the clock of the running acceptance wait: the owner
// asked something, and the ball is in the team's court, at most for the target
// of a question.
func (r *replay) pauseForQuestion(ev *Event) {
	w, project := &r.acc, r.now.project
	if !w.open || !project.PauseWhileOwnerAsks {
		return
	}
	p := &w.pauses
	if p.question != Never { // asked before, and nobody has answered
		p.endQuestion(ev.At)
	}
	p.question, p.asker, p.questionUntil = ev.At, r.now.owner, Never
	if at, ok := r.d.rules.calendar(project, r.now.owner).After(ev.At, project.TargetQuestion); ok {
		p.questionUntil = at
	}
	r.step(w, ev, OwnerAsks)
}

// endOwnersQuestion ends the pause for the owner's own question where somebody
// else comments or moves the story. Automation is nobody.
func (r *replay) endOwnersQuestion(ev *Event) {
	if p := &r.acc.pauses; p.question != Never && !r.d.rules.isAutomation(ev) && r.d.rules.Person(ev.Actor) != p.asker {
		r.answerOwner(ev)
	}
}

// answerOwner ends the pause for the owner's own question.
func (r *replay) answerOwner(ev *Event) {
	if w := &r.acc; w.open && w.pauses.question != Never {
		w.pauses.endQuestion(ev.At)
		r.step(w, ev, TeamSpoke)
	}
}
