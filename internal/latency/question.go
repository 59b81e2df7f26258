package latency

import (
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/comment"
)

// WithdrawnMarker begins the comment with which an asker takes a question back.
const WithdrawnMarker = "#withdrawn"

// ask is one question that still stands.
type ask struct {
	at        Instant
	by        string // person
	rule      Rule
	comment   int64 // of a comment's ask
	label     string
	addressed string // the person, where an ask names one
	delegate  bool   // who was a delegate then, not the owner
}

// endQuestion ends the open question as a record says, by the first that applies:
// an answer, an ask taken away, a question withdrawn, a story that is done. The
// story may be out of scope by now.
func (r *replay) endQuestion(rec *record, before *situation) {
	q := &r.q
	if !q.open {
		return
	}
	end := func(outcome Outcome) {
		r.end(q, rec.At, rec.endsAs(outcome, before), r.stepOf(rec.Event, Rule(outcome)))
	}
	p := r.now.project
	if p == nil {
		p = before.project
	}
	taken := func(a *ask) bool { return r.takes(p, before, a) }
	takes := slices.ContainsFunc(q.asks, func(a ask) bool { return taken(&a) })
	role := r.roleIn(rec, before, Question)
	if (role == ByOwner || role == ByDelegate) && (rec.moved || takes || rec.described && p.AnswerByEdit) {
		end(Answered)
		return
	}
	if takes {
		if r.dropAsks(taken); len(q.asks) == 0 {
			end(Resolved)
			return
		}
		r.step(q, rec.Event, TakenBack)
	}
	switch {
	case !r.now.inScope:
		end(Withdrawn)
	case before.owner != r.now.owner && r.withdrawOwnAsks(rec.Event, rec.endsAs(Withdrawn, before)):
	case r.now.done && !before.done:
		end(Obsolete)
	case takes:
		r.setLapse(rec.At)
	}
}

// takes reports whether the story no longer asks, by the rules of a project,
// what an ask asks. A comment stands until it is edited or deleted.
func (r *replay) takes(p *Project, before *situation, a *ask) bool {
	switch now := &r.now; a.rule {
	case ByStatus:
		return !p.QuestionStatuses[now.status]
	case ByLabel:
		return !hasWord(now.labels, a.label)
	case ByAssignment:
		return now.assignee != before.assignee && now.assignee != before.owner
	default:
		return false
	}
}

// withdrawOwnAsks withdraws what the story's present owner had asked, and
// reports whether that has ended the open question.
func (r *replay) withdrawOwnAsks(ev *Event, e ending) bool {
	owner := r.now.owner
	if r.dropAsks(func(a *ask) bool { return a.by == owner && a.by != "" }); len(r.q.asks) > 0 {
		return false
	}
	e.outcome = Withdrawn
	r.end(&r.q, ev.At, e, r.stepOf(ev, Rule(Withdrawn)))
	return true
}

// startAsks begins or joins a question for what a record, or the creation of
// a story, asks of the owner without a word: by a status, a label or an
// assignment that did not ask before.
func (r *replay) startAsks(ev *Event, before *situation) {
	now, p := &r.now, r.now.project
	if now.done {
		return
	}
	by := r.d.rules.Person(ev.Actor)
	old := before.project
	if old == nil {
		old = &Project{} // in which nothing asked
	}
	if p.QuestionStatuses[now.status] && !old.QuestionStatuses[before.status] {
		r.addAsk(ev, ask{at: ev.At, by: by, rule: ByStatus})
	}
	if now.labels != before.labels || p != before.project {
		for label := range strings.FieldsSeq(now.labels) {
			if asked := old.QuestionLabels[label] && hasWord(before.labels, label); p.QuestionLabels[label] && !asked {
				r.addAsk(ev, ask{at: ev.At, by: by, rule: ByLabel, label: label})
			}
		}
	}
	if p.Assignment && !now.accepting && now.owner != Unowned && now.assignee == now.owner && assigned(now, before) {
		if role := r.roleOf(ev, now, now.owner, Question); role != ByOwner && role != ByDelegate {
			r.addAsk(ev, ask{at: ev.At, by: by, rule: ByAssignment, addressed: now.assignee})
		}
	}
}

// assigned reports whether the story came to be assigned to its owner: by a new
// assignee, or by coming to a project whose owner is the assignee. A story that is
// new in scope has a new assignee.
func assigned(now, before *situation) bool {
	if now.assignee != before.assignee {
		return true
	}
	asked := before.project.Assignment && before.assignee == before.owner
	return now.project != before.project && !asked
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

// askOf returns what a comment of an event asks the owner, if anything.
func (r *replay) askOf(ev *Event, f *comment.Facts) (ask, bool) {
	a := ask{at: ev.At, by: r.d.rules.Person(ev.Actor), comment: ev.ID}
	p := r.now.project
	if f == nil || p == nil {
		return a, false
	}
	if p.Mention {
		names := f.Asked
		if p.MentionAny {
			names = f.Mentioned
		}
		if a.addressed, a.delegate = r.firstAnswerer(names, ev.At); a.addressed != "" {
			a.rule = ByMention
			return a, true
		}
	}
	if f.HasMarker(p.Markers) {
		a.addressed, a.delegate = r.firstAnswerer(f.Mentioned, ev.At)
		a.rule = ByMarker
		return a, len(f.Mentioned) == 0 || a.addressed != ""
	}
	return a, false
}

// firstAnswerer returns the first of accounts that is the owner or an active
// delegate, as a person, and which of them; "" if none is.
func (r *replay) firstAnswerer(accounts []string, at Instant) (who string, delegate bool) {
	for _, a := range accounts {
		if who := r.d.rules.Mentioned(a); who != "" {
			if role := r.d.role(&r.now, r.now.owner, who, Question, at); role != ByOther {
				return who, role == ByDelegate
			}
		}
	}
	return "", false
}

// addresses reports whether a comment still asks a person by name, who may own
// the story no longer: the ask stands then, whoever it waits on by now.
func (r *replay) addresses(f *comment.Facts, person string) bool {
	names := f.Asked
	if r.now.project.MentionAny {
		names = f.Mentioned
	}
	return person != "" && slices.ContainsFunc(names, func(account string) bool { return r.d.rules.Mentioned(account) == person })
}
