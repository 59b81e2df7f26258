package latency

import "slices"

// counts reports whether issues of a type are stories: those that the rules
// list and, by default, those of a type that Jira no longer lists, unless it is
// called as sub-tasks and epics are.
func (r *Rules) counts(typ Value) bool {
	if counts, listed := r.Types[typ.ID]; listed || !r.UnlistedTypes || typ == (Value{}) {
		return counts
	}
	switch Fold(typ.Name) {
	case "epic", "sub-task", "subtask":
		return false
	}
	return true
}

// enterScope starts what a story that is created in its present state, or
// comes into scope in it, makes a team wait for.
func (r *replay) enterScope(ev *Event) {
	if !r.now.inScope {
		return
	}
	if r.now.accepting {
		r.enterAcceptance(ev, CreatedInAcceptance)
	}
	r.startAsks(ev, &situation{})
}

// leaveScope withdraws what runs: the story is gone.
func (r *replay) leaveScope(ev *Event) {
	r.now.inScope = false
	for _, w := range [2]*runningWait{&r.acc, &r.q} {
		if w.open {
			r.end(w, ev.At, ending{outcome: Withdrawn}, r.stepOf(ev, Rule(Withdrawn)))
		}
	}
}

// birthOf returns the number of the event at which a story's life begins: its
// creation. Jira has events that are older than their story, of stories that
// came from elsewhere.
func birthOf(events []Event) int {
	return max(0, slices.IndexFunc(events, func(ev Event) bool { return ev.Rank == RankCreated }))
}

// beforeCreated keeps the nth event, which is older than the story: its fields
// are as it left them, and its comment is known. It begins and ends nothing.
func (r *replay) beforeCreated(n int, ev *Event) {
	for i := range ev.Changes {
		c := ev.Changes[i]
		if c.Field == FieldStatus {
			c.To.ID = r.statusIn(n, c.To)
		}
		r.st.apply(&c)
	}
	if ev.Comment != nil {
		r.setComment(ev)
	}
	r.early++
}

// auditBeforeCreated finds the events that are older than the story.
func (r *replay) auditBeforeCreated(created *Event) {
	for _, ev := range r.h.Events[:r.early] {
		if r.now.inScope {
			r.find(FindBeforeCreated, ev.At, "the story was created at "+created.At.Time().Format(findingTime))
		}
	}
}
