package latency

import (
	"slices"

	"github.com/yourturn/yourturn/internal/comment"
)

// endings is what a history record means for an open question.
type endings struct {
	role      Responder
	moved     bool   // the story's status really moved
	wasEnded  bool   // the story was done or withdrawn before
	owner     string // before the record
	assignee  string // before the record
	described bool   // the description was edited
}

// endQuestion ends the open question as a record says, in the order in which
// endings are looked at: an answer, an ask taken away, a story that ended.
func (r *replay) endQuestion(ev *Event, e endings) {
	q := &r.q
	if !q.open {
		return
	}
	assignee := r.d.rules.Person(r.st.assignee.ID)
	taken := func(a *ask) bool {
		switch a.rule {
		case ByStatus:
			return !r.p.QuestionStatuses[r.status()]
		case ByLabel:
			return !hasWord(r.st.labels.Name, a.label)
		case ByAssignment:
			return assignee != e.assignee && assignee != e.owner
		default: // a comment stands until it is edited or deleted
			return false
		}
	}
	takes := slices.ContainsFunc(q.asks, func(a ask) bool { return taken(&a) })
	mine := e.role == ByOwner || e.role == ByDelegate
	if mine && (e.moved || takes || e.described && r.p.AnswerByEdit) {
		r.end(q, ev.At, Answered, e.role, r.stepOf(ev, Rule(Answered)))
		return
	}
	if takes {
		r.dropAsks(taken)
		if len(q.asks) == 0 {
			r.end(q, ev.At, Resolved, e.role, r.stepOf(ev, Rule(Resolved)))
			return
		}
		r.step(q, ev, TakenBack)
		r.setLapse(ev.At)
	}
	if r.ended() && !e.wasEnded {
		r.end(q, ev.At, Obsolete, e.role, r.stepOf(ev, Rule(Obsolete)))
	}
}

// startAsks begins or joins a question for what a record, or the creation of
// a story, asks of the owner without a word: a status, a label, an assignment.
func (r *replay) startAsks(ev *Event, status string, project *Project, labels, assignee string, moved bool) {
	if r.ended() {
		return
	}
	by := r.d.rules.Person(ev.Actor)
	if moved && r.p.QuestionStatuses[r.status()] && (project == nil || !project.QuestionStatuses[status]) {
		r.addAsk(ev, ask{at: ev.At, by: by, rule: ByStatus})
	}
	if r.st.labels.Name != labels {
		for label := range r.p.QuestionLabels {
			if hasWord(r.st.labels.Name, label) && !hasWord(labels, label) {
				r.addAsk(ev, ask{at: ev.At, by: by, rule: ByLabel, label: label})
			}
		}
	}
	if r.p.Assignment && !r.inAcceptance() && r.owner != Unowned {
		if now := r.d.rules.Person(r.st.assignee.ID); now == r.owner && now != assignee {
			if role := r.roleOf(ev, Question); role != ByOwner && role != ByDelegate {
				r.addAsk(ev, ask{at: ev.At, by: by, rule: ByAssignment, addressed: now})
			}
		}
	}
}

// addAsk opens a question wait, or joins the open one.
func (r *replay) addAsk(ev *Event, a ask) {
	r.guardAsk(&a)
	if r.q.open {
		r.q.asks = append(r.q.asks, a)
		r.q.asked++
		r.step(&r.q, ev, Joined)
		return
	}
	r.openWait(&r.q, ev, a.rule)
	r.q.asks = append(r.q.asks, a)
	r.q.asked = 1
	r.q.addressed = a.addressed
	r.setLapse(ev.At)
}

// dropAsks removes the asks that match; the oldest that still stands is what
// the wait began with.
func (r *replay) dropAsks(match func(*ask) bool) {
	q := &r.q
	kept := q.asks[:0]
	for i := range q.asks {
		if a := q.asks[i]; !match(&a) {
			kept = append(kept, a)
		}
	}
	q.asks = kept
	if len(kept) > 0 {
		q.start, q.rule, q.addressed = kept[0].at, kept[0].rule, kept[0].addressed
	}
}

// setLapse recomputes when the open question lapses: the lapse time in the
// owner's working hours after the last comment on the story, but not before
// now: another owner's calendar cannot end a wait in the past.
func (r *replay) setLapse(now Instant) {
	q := &r.q
	q.lapseAt = Never
	if !q.open || r.p.LapseAfter <= 0 {
		return
	}
	from := max(q.start, r.lastComment)
	if at, ok := r.d.rules.calendar(r.p, r.owner).After(from, r.p.LapseAfter); ok {
		q.lapseAt = max(now, at)
	}
}

// asks tells whether a comment by somebody else asks the owner, by which rule
// and whom by name.
func (r *replay) asksOwner(f *comment.Facts, at Instant) (rule Rule, addressed string, ok bool) {
	if f == nil || r.p == nil {
		return "", "", false
	}
	if r.p.Mention {
		names := f.Asked
		if r.p.MentionAny {
			names = f.Mentioned
		}
		if who := r.firstAnswerer(names, at); who != "" {
			return ByMention, who, true
		}
	}
	if f.HasMarker(r.p.Markers) {
		who := r.firstAnswerer(f.Mentioned, at)
		if len(f.Mentioned) == 0 || who != "" {
			return ByMarker, who, true
		}
	}
	return "", "", false
}

// firstAnswerer returns the first of accounts that is the owner or an active
// delegate, as a person; "" if none is.
func (r *replay) firstAnswerer(accounts []string, at Instant) string {
	for _, a := range accounts {
		if who := r.d.rules.Mentioned(a); who != "" && r.d.role(r.p, &r.st, r.owner, who, Question, at) != ByOther {
			return who
		}
	}
	return ""
}

// commentAdded lets a comment be read: it may answer, take back, join, open,
// or reply; and stop or start the clock of an acceptance wait.
func (r *replay) commentAdded(ev *Event) {
	r.comments = append(r.comments, commentNow{ev.ID, ev.Comment})
	r.lastComment = ev.At
	if !r.in {
		r.noteAction(ev)
		return
	}
	r.checkActor(ev)
	automation := r.d.rules.isAutomation(ev)
	accRole, role := r.roleOf(ev, Acceptance), r.roleOf(ev, Question)
	r.noteAction(ev)
	switch {
	case automation:
	case accRole != ByOwner:
		r.teamSpoke(ev)
	case ev.Comment.Question:
		r.ownerAsked(ev)
	}
	mute := role == ByAutomation || ev.ActorType == Customer
	by := r.d.rules.Person(ev.Actor)
	q := &r.q
	if !q.open {
		if role == ByOther && !mute && !r.ended() {
			if rule, who, ok := r.asksOwner(ev.Comment, ev.At); ok {
				r.addAsk(ev, ask{at: ev.At, by: by, rule: rule, comment: ev.ID, addressed: who})
			}
		}
		return
	}
	asker := by != "" && slices.ContainsFunc(q.asks, func(a ask) bool { return a.by == by })
	switch {
	case role == ByOwner || role == ByDelegate:
		r.end(q, ev.At, Answered, role, r.stepOf(ev, Rule(Answered)))
	case by != "" && !mute && slices.ContainsFunc(q.asks, func(a ask) bool { return a.addressed == by }):
		// The delegate who was asked by name, after the delegation ended.
		r.end(q, ev.At, Answered, ByDelegate, r.stepOf(ev, Rule(Answered)))
	case mute:
	case asker && ev.Comment.HasMarker(r.p.AnsweredMarkers):
		r.end(q, ev.At, Answered, ByOther, r.stepOf(ev, Rule(Answered)))
	case asker && ev.Comment.HasMarker([]string{withdrawnMarker}):
		if r.dropAsks(func(a *ask) bool { return a.by == by }); len(q.asks) == 0 {
			r.end(q, ev.At, Withdrawn, role, r.stepOf(ev, Rule(Withdrawn)))
			return
		}
		r.step(q, ev, TakenBack)
	default:
		if rule, who, ok := r.asksOwner(ev.Comment, ev.At); ok {
			r.addAsk(ev, ask{at: ev.At, by: by, rule: rule, comment: ev.ID, addressed: who})
		} else if !asker {
			q.replies++
			q.firstReply = min(q.firstReply, ev.At)
			r.step(q, ev, Replied)
		}
	}
	r.setLapse(ev.At)
}

// commentEdited lets a comment say something else: an ask may be taken back,
// or made. An edit after the answer changes nothing.
func (r *replay) commentEdited(ev *Event) {
	var before *comment.Facts
	i := slices.IndexFunc(r.comments, func(c commentNow) bool { return c.id == ev.ID })
	if i < 0 {
		r.comments = append(r.comments, commentNow{ev.ID, ev.Comment})
	} else {
		before = r.comments[i].facts
		r.comments[i].facts = ev.Comment
	}
	if !r.in {
		return
	}
	rule, who, now := r.asksOwner(ev.Comment, ev.At)
	if i := slices.IndexFunc(r.q.asks, func(a ask) bool { return a.comment == ev.ID }); r.q.open && i >= 0 {
		if !now && !r.addresses(ev.Comment, r.q.asks[i].addressed) {
			r.takeBack(ev, r.roleOf(ev, Question))
		}
		return
	}
	_, _, asked := r.asksOwner(before, ev.At)
	if now && !asked && !r.ended() && r.roleOf(ev, Question) == ByOther && ev.ActorType != Customer {
		r.addAsk(ev, ask{at: ev.At, by: r.d.rules.Person(ev.Actor), rule: rule, comment: ev.ID, addressed: who})
	}
}

// addresses tells whether a comment still asks a person by name, who may own
// the story no longer: the ask stands then, whoever it waits on by now.
func (r *replay) addresses(f *comment.Facts, person string) bool {
	names := f.Asked
	if r.p.MentionAny {
		names = f.Mentioned
	}
	return person != "" && slices.ContainsFunc(names, func(account string) bool { return r.d.rules.Mentioned(account) == person })
}

// commentDeleted takes back what a deleted comment asked.
func (r *replay) commentDeleted(ev *Event) {
	r.comments = slices.DeleteFunc(r.comments, func(c commentNow) bool { return c.id == ev.ID })
	if r.in && r.q.open && slices.ContainsFunc(r.q.asks, func(a ask) bool { return a.comment == ev.ID }) {
		r.takeBack(ev, "")
	}
}

// takeBack removes the ask of a comment.
func (r *replay) takeBack(ev *Event, role Responder) {
	if r.dropAsks(func(a *ask) bool { return a.comment == ev.ID }); len(r.q.asks) == 0 {
		r.end(&r.q, ev.At, Withdrawn, role, r.stepOf(ev, Rule(Withdrawn)))
		return
	}
	r.step(&r.q, ev, TakenBack)
	r.setLapse(ev.At)
}
