package latency

import (
	"slices"

	"github.com/yourturn/yourturn/internal/comment"
)

// commentNow is what a comment says now.
type commentNow struct {
	id    int64
	facts *comment.Facts
}

// setComment remembers what a comment says from an event on, and returns what
// it said before; nil if it is new.
func (r *replay) setComment(ev *Event) (before *comment.Facts) {
	i := -1
	if ev.Rank == RankCommentEdited {
		i = slices.IndexFunc(r.comments, func(c commentNow) bool { return c.id == ev.ID })
	}
	if i < 0 {
		r.comments = append(r.comments, commentNow{ev.ID, ev.Comment})
		return nil
	}
	before = r.comments[i].facts
	r.comments[i].facts = ev.Comment
	return before
}

// dropComment forgets a comment that was deleted.
func (r *replay) dropComment(ev *Event) {
	r.comments = slices.DeleteFunc(r.comments, func(c commentNow) bool { return c.id == ev.ID })
}

// commentAdded lets a comment be read: it may stop or start the clock of an
// acceptance wait, and answer, take back, join or open a question, or reply.
func (r *replay) commentAdded(ev *Event) {
	r.setComment(ev)
	r.lastComment = ev.At
	if !r.now.inScope {
		r.noteAction(ev)
		return
	}
	r.checkActor(ev)
	owner := r.now.owner
	asking := ev.Comment.Question && r.roleOf(ev, &r.now, owner, Acceptance) == ByOwner
	role := r.roleOf(ev, &r.now, owner, Question)
	r.noteAction(ev)
	if asking {
		r.pauseForQuestion(ev)
	} else {
		r.endOwnersQuestion(ev)
	}
	mute := role == ByAutomation || ev.ActorType == Customer
	if r.q.open {
		r.commentOnQuestion(ev, role, mute)
	} else if role == ByOther && !mute && !r.now.done {
		if a, ok := r.askOf(ev, ev.Comment); ok {
			r.addAsk(ev, a)
		}
	}
}

// commentOnQuestion lets a comment be read while a question is open. One of a
// mute author neither answers nor asks.
func (r *replay) commentOnQuestion(ev *Event, role Responder, mute bool) {
	q := &r.q
	end := func(e ending) { r.end(q, ev.At, e, r.stepOf(ev, Rule(e.outcome))) }
	by := r.d.rules.Person(ev.Actor)
	asker := by != "" && slices.ContainsFunc(q.asks, func(a ask) bool { return a.by == by })
	switch {
	case role == ByOwner || role == ByDelegate:
		end(ending{outcome: Answered, by: ev, judged: &r.now})
	case !mute && slices.ContainsFunc(q.asks, func(a ask) bool { return a.delegate && a.addressed == by }):
		// The delegate who was asked by name, after the delegation or the owner's time ended.
		end(ending{outcome: Answered, by: ev, judged: &r.now, responder: ByDelegate})
	case mute:
	case asker && ev.Comment.HasMarker(r.now.project.AnsweredMarkers):
		// The answer came elsewhere: it is by others, whoever owns the part by now.
		end(ending{outcome: Answered, responder: ByOther})
	case asker && ev.Comment.HasMarker([]string{WithdrawnMarker}):
		if r.dropAsks(func(a *ask) bool { return a.by == by }); len(q.asks) == 0 {
			end(ending{outcome: Withdrawn, by: ev, judged: &r.now})
			return
		}
		r.step(q, ev, TakenBack)
	default:
		if a, ok := r.askOf(ev, ev.Comment); ok {
			r.addAsk(ev, a)
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
	before := r.setComment(ev)
	if !r.now.inScope {
		return
	}
	a, asks := r.askOf(ev, ev.Comment)
	if i := slices.IndexFunc(r.q.asks, func(a ask) bool { return a.comment == ev.ID }); r.q.open && i >= 0 {
		if !asks && !r.addresses(ev.Comment, r.q.asks[i].addressed) {
			r.takeBack(ev, ending{outcome: Withdrawn, by: ev, judged: &r.now})
		}
		return
	}
	_, asked := r.askOf(ev, before)
	if asks && !asked && !r.now.done && r.roleOf(ev, &r.now, r.now.owner, Question) == ByOther && ev.ActorType != Customer {
		r.addAsk(ev, a)
	}
}

// commentDeleted takes back what a deleted comment asked.
func (r *replay) commentDeleted(ev *Event) {
	r.dropComment(ev)
	if r.now.inScope && r.q.open && slices.ContainsFunc(r.q.asks, func(a ask) bool { return a.comment == ev.ID }) {
		r.takeBack(ev, ending{outcome: Withdrawn})
	}
}

// takeBack removes the ask of a comment, which ends the question as e says if
// nothing else was asked.
func (r *replay) takeBack(ev *Event, e ending) {
	if r.dropAsks(func(a *ask) bool { return a.comment == ev.ID }); len(r.q.asks) == 0 {
		r.end(&r.q, ev.At, e, r.stepOf(ev, Rule(Withdrawn)))
		return
	}
	r.step(&r.q, ev, TakenBack)
	r.setLapse(ev.At)
}
