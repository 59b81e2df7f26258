package latency

import (
	"cmp"
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/calendar"
)

// WaitState is how pressing an open wait is, by its owner's clock and calendar.
type WaitState string

// The states of an open wait. It has the first one that is true.
const (
	StateForgotten    WaitState = "forgotten"               // older than ten targets, and its story has been silent for long
	StateOverdueSince WaitState = "overdue_since_yesterday" // past its target since the start of the owner's last working day
	StateOverdue      WaitState = "overdue"                 // past its target for longer
	StatePaused       WaitState = "paused"                  // its clock is stopped by a pause
	StateDueToday     WaitState = "due_today"               // it reaches its target on the owner's day of the data timestamp
	StateNew          WaitState = "new"                     // it began after the owner's last working hours before that day
	StateWaiting      WaitState = "waiting"                 // none of these
)

// WaitStates are the states in the order in which waits are listed: what is to be done
// today first.
func WaitStates() []WaitState {
	return []WaitState{StateOverdueSince, StateDueToday, StateNew, StateOverdue, StateWaiting, StatePaused, StateForgotten}
}

// place returns where a state stands in a list. Paused waits stand among those that
// wait, by when they are due.
func (s WaitState) place() int {
	if s == StatePaused {
		s = StateWaiting
	}
	return slices.Index(WaitStates(), s)
}

// Waiting is one open wait, as a list of all of them has it.
type Waiting struct {
	Key
	StoryID int64
	Story   string  // key
	Since   Instant // when the team began to wait
	Start   Instant // when it began to wait on this owner
	Asked   int64   // id of the comment that asks; 0: no comment does

	Working, Elapsed           time.Duration // the owner's clock
	StoryWorking, StoryElapsed time.Duration // the story's clock, which no hand-over restarts
	Target                     time.Duration // of working time

	Passed Instant // when the owner's clock passed the target; Never: it has not
	Due    Instant // when it will, by the owner's hours and absences; Never where it has, or its clock is stopped by a pause
	State  WaitState
	Paused bool // its clock is stopped by a pause

	person, projectID string
}

// Overdue reports whether the wait is past its target on the owner's clock.
func (w *Waiting) Overdue() bool { return w.Working > w.Target }

// Rules returns the rules that the report was derived by.
func (r *Report) Rules() *Rules { return r.rules }

// Calendar returns the working hours by which an owner's clock runs in a project: the
// owner's own, else the project's. owner is a label; nil: there is no such project.
func (r *Report) Calendar(owner, project string) *calendar.Calendar {
	p := r.rules.watched(r.rules.ProjectID(project))
	if p == nil {
		return nil
	}
	if person, ok := r.persons[owner]; ok {
		owner = person
	}
	return r.rules.calendar(p, owner)
}

// arrange finds out when each open wait is due and in which state it is, and puts them
// in order.
func (r *Report) arrange() {
	days := map[*calendar.Calendar]calendar.Today{}
	d := NewDeriver(r.rules, nil)
	for i := range r.Queue {
		w := &r.Queue[i]
		p := r.rules.watched(w.projectID)
		w.Due = Never
		cal := r.rules.calendar(p, w.person)
		today, known := days[cal]
		if !known {
			today = cal.Today(r.DataTimestamp)
			days[cal] = today
		}
		if !w.Overdue() && !w.Paused {
			w.Due = d.clockReaches(p, w.part(), r.DataTimestamp, w.Target-w.Working)
		}
		w.State = w.stateOn(today)
	}
	slices.SortFunc(r.Queue, compareWaiting)
}

// stateOn returns the state of a wait on a day.
func (w *Waiting) stateOn(today calendar.Today) WaitState {
	switch {
	case w.State == StateForgotten:
		return StateForgotten
	case w.Overdue() && w.Passed >= today.Before:
		return StateOverdueSince
	case w.Overdue():
		return StateOverdue
	case w.Paused:
		return StatePaused
	case w.Due < today.To:
		return StateDueToday
	case w.Start >= today.Left:
		return StateNew
	default:
		return StateWaiting
	}
}

// compareWaiting orders open waits: see Report.Queue.
func compareWaiting(a, b Waiting) int {
	by := cmp.Compare(a.State.place(), b.State.place())
	if by == 0 {
		switch a.State {
		case StateOverdueSince, StateOverdue, StateForgotten:
			by = cmp.Compare(b.Working-b.Target, a.Working-a.Target)
		case StateNew:
			by = cmp.Compare(a.Start, b.Start)
		default:
			by = cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.Start, b.Start))
		}
	}
	return cmp.Or(by, cmp.Compare(a.StoryID, b.StoryID), cmp.Compare(a.Kind, b.Kind))
}

// part returns what the domain needs of the wait's part to look ahead.
func (w *Waiting) part() *Part {
	return &Part{
		Wait: Wait{StoryID: w.StoryID, Kind: w.Kind}, ProjectID: w.projectID, Owner: w.person, Start: w.Start, End: Never,
		Working: w.Working, Target: w.Target, PausedNow: w.Paused,
	}
}

// Expect returns the expected answer to an open wait: see Statistics.Expect. It takes
// time in proportion to how many waits its owner had in the last 90 days.
func (r *Report) Expect(w *Waiting) (ExpectedAnswer, bool) {
	return r.Statistics.Expect(NewDeriver(r.rules, nil), w.part(), r.DataTimestamp)
}

// StandIns returns who answers in the owner's stead now, by the config, in order of
// their labels. Of people who are not told apart it names nobody.
func (r *Report) StandIns(w *Waiting) []Delegated {
	if r.rules.Together {
		return nil
	}
	out := r.rules.StandingIn(w.person, w.projectID, w.Kind, r.DataTimestamp)
	for i := range out {
		out[i].Owner, out[i].Delegate = w.Owner, r.rules.Label(out[i].Delegate)
	}
	slices.SortFunc(out, func(a, b Delegated) int { return cmp.Compare(a.Delegate, b.Delegate) })
	return out
}

// DisplayName returns what people call somebody by a label: a name, or the label where
// that is all there is of one.
func (r *Report) DisplayName(label string) string {
	if name, ok := r.Names[label]; ok {
		return name
	}
	if r.rules.Pseudonyms != nil {
		return label
	}
	return r.rules.Name(label)
}

// stand adds an open part, the newest of its kind on its story, to those of a report.
func (r *Report) stand(p *Part, key Key) {
	w := Waiting{
		Key: key, StoryID: p.StoryID, Story: p.Story, Since: p.Since, Start: p.Start, Asked: p.AskedIn(),
		Working: p.Working, Elapsed: p.Elapsed, StoryWorking: p.StoryWorking, StoryElapsed: p.StoryElapsed, Target: p.Target,
		Passed: Never, Paused: p.PausedNow, person: p.Owner, projectID: p.ProjectID,
	}
	if p.Overdue() {
		w.Passed = p.BreachAt
	}
	if p.Forgotten {
		w.State = StateForgotten
	}
	r.Queue = append(r.Queue, w)
}
