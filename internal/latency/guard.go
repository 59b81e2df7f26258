package latency

import "time"

const (
	reopenedWithin = 14 * 24 * time.Hour // of the acceptance
	silence        = 10 * time.Minute    // before and after a rejection, in which a comment is expected
	instantly      = 60 * time.Second    // after the move in
	againWithin    = 8 * time.Hour       // of working time, after the answer
)

// response is what a guard remembers of an acceptance, a rejection or an answer.
type response struct {
	at      Instant
	person  string   // who gave it
	owner   string   // whose wait it ended
	project *Project // nil: there is none to remember
	askers  []string // of an answered question
}

// mark counts something that happened at an instant and is final a while later;
// before history is derived nothing is counted.
func (d *Deriver) mark(typ EntryType, at Instant, p *Project, owner string, finalAfter time.Duration) {
	if at < p.HistoryFrom {
		return
	}
	m := Mark{Type: typ, At: at, Final: at.Add(finalAfter), ProjectID: p.ID, Owner: owner}
	d.result.Marks = append(d.result.Marks, m)
	if m.Final > d.asOf {
		d.result.Unsettled = true
	}
}

// responseTo returns what to remember of the wait that a record has just ended:
// it is its last owner's.
func (r *replay) responseTo(rec *record, w *runningWait) response {
	v := response{at: rec.At, person: r.d.rules.Person(rec.Actor), owner: w.last.owner, project: w.last.project}
	if r.d.rules.isAutomation(rec.Event) {
		v.person = r.actor // whose deed automation carried out, if anybody's
	}
	return v
}

// guardAcceptance counts an acceptance that came too soon after the move in, and
// remembers it.
func (r *replay) guardAcceptance(rec *record) {
	w := &r.acc
	v := r.responseTo(rec, w)
	r.acceptance = v
	r.cycleTime = cycleTime{accepted: true}
	if v.project != nil && (w.responder == ByOwner || w.responder == ByDelegate) && w.rule == EnteredAcceptance &&
		r.mover != v.person && rec.At <= w.start.Add(instantly) {
		r.d.mark(GuardInstantAcceptance, rec.At, v.project, v.owner, v.project.SlipWindow)
	}
}

// guardReopening counts an accepted story that is worked on again.
func (r *replay) guardReopening(ev *Event) {
	v := r.acceptance
	if v.project == nil || r.now.done || r.released() {
		return
	}
	r.acceptance.project = nil // one acceptance is undone once
	if ev.At <= v.at.Add(reopenedWithin) {
		r.d.mark(GuardReopened, ev.At, v.project, v.owner, v.project.SlipWindow)
	}
}

// released reports whether the story is accepted and not yet done.
func (r *replay) released() bool {
	p, status := r.now.project, r.now.status
	return p.Accepted[status] || !r.now.accepting && r.d.rules.stage(p, status) == StageRelease
}

// guardRejection remembers a rejection until its time for comments is over.
func (r *replay) guardRejection(rec *record) {
	if v := r.responseTo(rec, &r.acc); v.project != nil {
		r.rejections = append(r.rejections, v)
	}
}

// guardSilence counts the rejections that came with no comment.
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
	for i := range r.q.asks {
		askers = append(askers, r.q.asks[i].by)
	}
	r.answer = response{at: at, owner: r.q.last.owner, project: r.q.last.project, askers: askers}
}

// guardAsk counts an ask of somebody who has just been answered.
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
