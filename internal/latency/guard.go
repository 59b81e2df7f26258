package latency

import "time"

const (
	reopenedWithin = 14 * 24 * time.Hour // of the acceptance
	silence        = 10 * time.Minute    // before and after a rejection, in which a word is looked for
	instantly      = 60 * time.Second    // after the move in
	againWithin    = 8 * time.Hour       // of working time, after the answer
)

// verdict is what a guard remembers of an acceptance, a rejection or an answer.
type verdict struct {
	at      Instant
	person  string   // who gave it
	owner   string   // whose wait it ended
	project *Project // nil: there is none to remember
	askers  []string // of an answered question
}

// mark counts something that happened at an instant and is final settle later;
// before history is derived nothing is counted.
func (d *Deriver) mark(typ EntryType, at Instant, p *Project, owner string, settle time.Duration) {
	if at < p.HistoryFrom {
		return
	}
	m := Mark{Type: typ, At: at, Final: at.Add(settle), ProjectID: p.ID, Owner: owner}
	d.result.Marks = append(d.result.Marks, m)
	if m.Final > d.asOf {
		d.result.Unsettled = true
	}
}

// verdictOn returns what to remember of the wait that has just ended: it is
// its last owner's.
func (r *replay) verdictOn(ev *Event, w *runningWait) verdict {
	v := r.lastPart(ev.At, w)
	v.person = r.d.rules.Person(ev.Actor)
	if r.d.rules.isAutomation(ev) {
		v.person = r.actor // whose deed automation carried out, if anybody's
	}
	return v
}

// lastPart returns whose wait, in which project, the one was that has just
// ended; one that began before history is derived is nobody's.
func (r *replay) lastPart(at Instant, w *runningWait) verdict {
	v := verdict{at: at}
	if segments := r.d.clock.ownersParts; w.start >= r.p.HistoryFrom && len(segments) > 0 {
		last := segments[len(segments)-1]
		v.owner, v.project = last.owner, last.p
	}
	return v
}

// guardAcceptance looks at an acceptance: was there time to look at anything?
func (r *replay) guardAcceptance(ev *Event, w *runningWait, role Responder) {
	v := r.verdictOn(ev, w)
	r.acceptance, r.accepted, r.cycling = v, true, false
	if v.project != nil && (role == ByOwner || role == ByDelegate) && w.rule == EnteredAcceptance &&
		r.mover != v.person && ev.At <= w.start.Add(instantly) {
		r.d.mark(GuardInstantAcceptance, ev.At, v.project, v.owner, v.project.SlipWindow)
	}
}

// guardReopening looks at a story that ended, or was to be released, and is
// worked on again.
func (r *replay) guardReopening(ev *Event) {
	v := r.acceptance
	if v.project == nil || r.ended() || r.resting() {
		return
	}
	r.acceptance.project = nil // one acceptance is undone once
	if ev.At <= v.at.Add(reopenedWithin) {
		r.d.mark(GuardReopened, ev.At, v.project, v.owner, v.project.SlipWindow)
	}
}

// resting tells whether the story is accepted and not yet done.
func (r *replay) resting() bool {
	status := r.status()
	return r.p.Accepted[status] || !r.inAcceptance() && r.d.rules.stage(r.p, status) == StageRelease
}

// guardRejection remembers a rejection until its time for words is over.
func (r *replay) guardRejection(ev *Event) {
	if v := r.verdictOn(ev, &r.acc); v.project != nil {
		r.rejections = append(r.rejections, v)
	}
}

// guardSilence looks for the word that goes with each rejection.
func (r *replay) guardSilence(events []Event) {
next:
	for _, v := range r.rejections {
		for i := range events {
			ev := &events[i]
			if ev.Rank == RankCommentAdded && ev.At >= v.at.Add(-silence) && ev.At <= v.at.Add(silence) && r.d.rules.Person(ev.Actor) == v.person {
				continue next
			}
		}
		r.d.mark(GuardSilentRejection, v.at, v.project, v.owner, max(silence, v.project.SlipWindow))
	}
}

// guardAnswer remembers who had asked what was just answered.
func (r *replay) guardAnswer(at Instant) {
	askers := r.answer.askers[:0]
	r.answer = r.lastPart(at, &r.q)
	r.answer.askers = askers
	for i := range r.q.asks {
		r.answer.askers = append(r.answer.askers, r.q.asks[i].by)
	}
}

// guardAsk looks at an ask: is it the same person's who has just been answered?
func (r *replay) guardAsk(a *ask) {
	v := r.answer
	if v.project == nil || a.by == "" {
		return
	}
	for _, by := range v.askers {
		if by != a.by {
			continue
		}
		r.answer.project = nil // one answer falls short once
		cal := r.d.rules.calendar(v.project, v.owner)
		if cal.Working(v.at, a.at) <= againWithin {
			r.d.mark(GuardAskedAgain, a.at, v.project, v.owner, v.project.SlipWindow)
		}
		return
	}
}
