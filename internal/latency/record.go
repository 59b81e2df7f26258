package latency

import (
	"slices"
	"time"
)

// echo is how long after an action of the owner a move or comment by automation
// on the same story counts as the owner's.
const echo = 60 * time.Second

// situation is what the rules make of a story's fields at an instant.
type situation struct {
	project   *Project // nil: not watched
	inScope   bool
	status    string // id
	accepting bool   // the status is of the acceptance set
	done      bool   // the status is done or withdrawn
	flagged   bool
	owner     string
	assignee  string // person
	labels    string // separated by spaces
	delegates string // the accounts in the delegate field, separated by commas
}

// assess returns the situation at t, and notes when its owner may change next.
func (r *replay) assess(t Instant) situation {
	p := r.d.rules.watched(r.st.project.ID)
	s := situation{
		project: p, status: r.st.status.ID, owner: r.d.ownerAt(p, &r.st, t),
		assignee: r.d.rules.Person(r.st.assignee.ID), labels: r.st.labels.Name, flagged: r.st.flag != Value{},
	}
	r.tick = r.d.nextOwnerTick(p, &r.st, t)
	if p != nil {
		s.inScope = !r.gone && r.d.rules.counts(r.st.typ)
		s.accepting = p.Acceptance[s.status]
		s.done = !s.accepting && (r.d.rules.Statuses[s.status].Category == CategoryDone || p.Withdrawn[s.status])
		if p.DelegateField != "" {
			s.delegates = r.st.people(p.DelegateField)
		}
	}
	if r.d.hidden != "" && !r.orphan && s.inScope {
		r.orphan = true
		r.find(FindNoParent, t, "parent "+r.d.hidden)
	}
	return s
}

// withdrawn reports whether the story's present status or resolution withdraws
// it. A resolution counts only in the record that ends or begins a wait.
func (r *replay) withdrawn() bool {
	p := r.now.project
	return p.Withdrawn[r.now.status] || r.st.resolution.Name != "" && p.WithdrawnResolutions[r.d.fold(r.st.resolution.Name)]
}

// record is a history record while it is read.
type record struct {
	*Event
	move      *move // its status move, undone or not; nil: it has none
	moved     bool  // it has one that was not undone
	migration bool  // it is an administrator's
	described bool  // the description was edited
	rehoused  bool  // the story's type or project changed
	changed   bool  // it changed something that the rules read
}

// record lets the story's nth event, a history record, happen: all its items
// at once. What it ends is judged by the situation before it, what it starts by
// the one after.
func (r *replay) record(n int, ev *Event) {
	rec := record{Event: ev, move: r.moveOf(n)}
	rec.moved = rec.move != nil && !rec.move.undone
	if rec.move == nil || rec.moved || len(ev.Changes) > 1 {
		r.noteAction(ev)
	}
	r.apply(n, &rec)
	if rec.moved {
		r.checkStatus(ev.At)
		r.checkActor(ev)
	}
	r.before = r.now
	if rec.changed {
		r.now = r.assess(ev.At)
	}
	before, after := &r.before, &r.now
	if before.inScope && rec.migration && (rec.moved || rec.rehoused) {
		r.find(FindMigration, ev.At, "")
	}
	switch {
	case before.inScope && !after.inScope:
		r.recordOut(&rec, before)
	case !before.inScope && after.inScope:
		r.enterScope(ev)
	case after.inScope:
		r.recordIn(&rec, before, after)
	}
}

// apply makes the changes of a record take effect, except an undone move.
func (r *replay) apply(n int, rec *record) {
	for i := range rec.Changes {
		c := &rec.Changes[i]
		switch c.Field {
		case FieldStatus:
			r.checkMove(n, rec, c)
			if rec.moved {
				r.st.status = Value{ID: rec.move.to, Name: c.To.Name}
				rec.changed = true
			}
			continue
		case FieldWorkflow:
			rec.migration = true
		case FieldDescription:
			rec.described = true
		case FieldType, FieldProject:
			rec.rehoused = true
		}
		rec.changed = r.st.apply(c) || rec.changed
	}
}

// recordIn lets a record happen to a story that is in scope before and after it.
func (r *replay) recordIn(rec *record, before, after *situation) {
	r.endAcceptance(rec, before)
	r.endQuestion(rec, before)
	if before.project != after.project {
		r.enterPart(&r.acc, rec.At)
		r.enterPart(&r.q, rec.At)
		r.setLapse(rec.At) // another project has other patience
	}
	r.handOver(before.owner, rec.Event, ending{})
	r.startAcceptance(rec, before)
	r.startAsks(rec.Event, before)
	r.pauseForFlag(rec.Event)
	if rec.moved && !rec.migration {
		r.guardReopening(rec.Event)
		r.endOwnersQuestion(rec.Event)
		r.countBypass(rec.Event, before)
	}
}

// recordOut lets a record happen that takes the story out of scope.
func (r *replay) recordOut(rec *record, before *situation) {
	if r.acc.open {
		r.end(&r.acc, rec.At, rec.endsAs(Withdrawn, before), r.stepOf(rec.Event, Rule(Withdrawn)))
	}
	r.endQuestion(rec, before)
}

// endsAs returns the ending of a wait by a record. Nobody gave a verdict or an
// answer by a migration, whoever the administrator is.
func (rec *record) endsAs(outcome Outcome, before *situation) ending {
	if rec.migration {
		return ending{outcome: outcome, responder: ByAutomation}
	}
	return ending{outcome: outcome, by: rec.Event, judged: before}
}

// roleIn returns the role of whoever made a record towards the owner before it.
func (r *replay) roleIn(rec *record, before *situation, kind Kind) Responder {
	if rec.migration {
		return ByAutomation
	}
	return r.roleOf(rec.Event, before, before.owner, kind)
}

// roleOf returns the role of an event's actor in a situation towards an owner. A
// move or comment by automation that follows an action of that owner or a delegate
// is theirs.
func (r *replay) roleOf(ev *Event, s *situation, owner string, kind Kind) Responder {
	if s.project == nil {
		return ByOther
	}
	if !r.d.rules.isAutomation(ev) {
		return r.d.role(s, owner, r.d.rules.Person(ev.Actor), kind, ev.At)
	}
	if r.echoes(ev) {
		if role := r.d.role(s, owner, r.actor, kind, ev.At); role != ByOther {
			return role
		}
	}
	return ByAutomation
}

// echoes reports whether an event of automation is a move or a comment that
// follows the owner's action.
func (r *replay) echoes(ev *Event) bool {
	moves := slices.ContainsFunc(ev.Changes, func(c Change) bool { return c.Field == FieldStatus || c.Field == FieldProject })
	return r.actAt != Never && ev.At <= r.actAt.Add(echo) && (moves || ev.Comment != nil)
}

// noteAction remembers an action of the owner or a delegate.
func (r *replay) noteAction(ev *Event) {
	if r.now.project == nil || r.d.rules.isAutomation(ev) {
		return
	}
	who := r.d.rules.Person(ev.Actor)
	for _, kind := range [2]Kind{Acceptance, Question} {
		if r.d.role(&r.now, r.now.owner, who, kind, ev.At) != ByOther {
			r.actAt, r.actor = ev.At, who
			return
		}
	}
}
