package query

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/yourturn/yourturn/internal/latency"
)

// Sight is what somebody may see.
type Sight interface {
	// SeesProject reports whether they may see a project's counts and stories.
	SeesProject(project string) bool
	// SeesOwner reports whether they may see an owner's statistics in a project.
	SeesOwner(owner, project string) bool
}

// Titles returns the titles of stories by their ids, of those that the store has one of.
type Titles func(ctx context.Context, ids []int64) (map[int64]string, error)

// WaitingFilter selects open waits. A zero field selects all, but State: without one
// all are selected that are not forgotten.
type WaitingFilter struct {
	Project string // key
	Owner   string // label
	Kind    latency.Kind
	// State selects one state; latency.StateOverdue all that are past their target and
	// not forgotten.
	State latency.WaitState

	Offset int // how many to leave out
	Limit  int // how many at most; DefaultPage if it is not positive, MaxPage if it is more
}

// The lengths of a page of waits.
const (
	DefaultPage = 25
	MaxPage     = 100
)

// WaitingList is a page of the open waits as of the data timestamp.
type WaitingList struct {
	AsOf   Time          `json:"as_of"`
	Totals WaitingTotals `json:"totals"`
	Total  int           `json:"total"`  // how many are selected
	Offset int           `json:"offset"` // how many of them come before these
	Waits  []Waiting     `json:"waits"`
}

// WaitingTotals count the open waits of a filter, whatever their state.
type WaitingTotals struct {
	Open      int                       `json:"open"`
	Overdue   int                       `json:"overdue"`   // past the target on the owner's clock
	Forgotten int                       `json:"forgotten"` // of the open ones
	Paused    int                       `json:"paused"`    // of the open ones, whatever their state
	States    map[latency.WaitState]int `json:"states"`    // each open wait has one
}

// Waiting is one open wait.
type Waiting struct {
	StoryID string `json:"story_id"`
	Story   string `json:"story"`
	Title   string `json:"title"` // as somebody wrote it in Jira; "": the store has none
	URL     string `json:"url"`   // of the story in Jira, or of the comment that asks; "": Jira's address is not known

	Kind      latency.Kind `json:"kind"`
	Project   string       `json:"project"`
	Owner     string       `json:"owner"`
	OwnerName string       `json:"owner_name"`

	Since        Time    `json:"since"` // when the team began to wait
	Start        Time    `json:"start"` // when it began to wait on this owner
	Working      Seconds `json:"working_seconds"`
	Elapsed      Seconds `json:"elapsed_seconds"`
	StoryWorking Seconds `json:"story_working_seconds"`
	StoryElapsed Seconds `json:"story_elapsed_seconds"`
	Target       Seconds `json:"target_seconds"`

	State  latency.WaitState `json:"state"`
	Paused bool              `json:"paused"`
	Passed Time              `json:"passed_target"` // null: the target is not passed
	Due    Time              `json:"due"`           // null: it is passed, or the clock stands

	MayAnswer   []StandIn `json:"may_answer"`   // besides the owner
	Absent      bool      `json:"absent"`       // the owner is away
	AbsentUntil Time      `json:"absent_until"` // null: the owner is not absent, or no end is known
	Expected    *Expected `json:"expected"`     // null: too few waits tell, or it is not the reader's to see

	Day  Seconds `json:"working_day_seconds"` // how long the owner's working day is
	Zone string  `json:"zone"`                // of the owner's calendar
}

// StandIn is somebody who answers in an owner's stead.
type StandIn struct {
	Person string `json:"person"`
	Name   string `json:"name"`
	Until  Time   `json:"until"` // null: no end is known
}

// Expected is when an open wait will be answered, if it goes as the waits before it
// went and nobody takes it away: no promise.
type Expected struct {
	Half   Forecast `json:"half"`            // half of such waits are answered by then
	Most   Forecast `json:"most"`            // 85 of 100 are
	Stands bool     `json:"when_it_goes_on"` // the clock stands: both count from when it goes on
}

// Forecast is how much longer a wait runs.
type Forecast struct {
	Within Seconds `json:"within_seconds"` // of working time
	Later  bool    `json:"later"`          // later than that: of how much later too few waits tell
	At     Time    `json:"at"`             // null while the clock stands
}

// Now answers what is so as of a report, to somebody.
type Now struct {
	Report    *latency.Report
	See       Sight
	Titles    Titles     // nil: there are none
	JiraURL   string     // where people find Jira; "": it is not known
	Estimates *Estimates // nil: what is expected is found out each time
}

// Estimates keep which answers are expected to the open waits of one report: finding out
// takes as long as its owner has many waits. Its zero value is ready to use, and it is
// safe for concurrent use.
type Estimates struct {
	mu     sync.Mutex
	report *latency.Report
	known  map[*latency.Waiting]estimate
}

// estimate is an expected answer, if there is one.
type estimate struct {
	answer latency.ExpectedAnswer
	ok     bool
}

// of returns the expected answer to an open wait of a report.
func (e *Estimates) of(report *latency.Report, w *latency.Waiting) (latency.ExpectedAnswer, bool) {
	if e == nil {
		return report.Expect(w)
	}
	e.mu.Lock()
	if e.report != report {
		e.report, e.known = report, map[*latency.Waiting]estimate{}
	}
	found, known := e.known[w]
	e.mu.Unlock()
	if !known {
		found.answer, found.ok = report.Expect(w)
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.report == report {
			e.known[w] = found
		}
	}
	return found.answer, found.ok
}

// Waiting lists the open waits that somebody may see and f selects.
func (n Now) Waiting(ctx context.Context, f WaitingFilter) (*WaitingList, error) {
	report, see := n.Report, n.See
	out := &WaitingList{AsOf: Time(report.DataTimestamp), Totals: WaitingTotals{States: map[latency.WaitState]int{}}, Waits: []Waiting{}}
	var selected []*latency.Waiting
	for i := range report.Queue {
		w := &report.Queue[i]
		if !f.concerns(w) || !see.SeesProject(w.Project) && !see.SeesOwner(w.Owner, w.Project) {
			continue
		}
		out.Totals.add(w)
		if f.state(w) {
			selected = append(selected, w)
		}
	}
	out.Total = len(selected)
	limit := f.Limit
	if limit <= 0 {
		limit = DefaultPage
	}
	limit = min(limit, MaxPage)
	if out.Offset = max(f.Offset, 0); out.Offset >= out.Total && out.Total > 0 {
		out.Offset = (out.Total - 1) / limit * limit
	}
	selected = selected[min(out.Offset, out.Total):min(out.Offset+limit, out.Total)]
	var named map[int64]string
	if n.Titles != nil && len(selected) > 0 {
		ids := make([]int64, len(selected))
		for i, w := range selected {
			ids[i] = w.StoryID
		}
		var err error
		if named, err = n.Titles(ctx, ids); err != nil {
			return nil, fmt.Errorf("reading the titles of %d stories: %w", len(ids), err)
		}
	}
	for _, w := range selected {
		out.Waits = append(out.Waits, n.waiting(w, named[w.StoryID]))
	}
	return out, nil
}

// concerns reports whether a wait is one of those that f counts.
func (f *WaitingFilter) concerns(w *latency.Waiting) bool {
	return (f.Project == "" || w.Project == f.Project) && (f.Owner == "" || w.Owner == f.Owner) && (f.Kind == "" || w.Kind == f.Kind)
}

// state reports whether f selects the state of a wait.
func (f *WaitingFilter) state(w *latency.Waiting) bool {
	switch f.State {
	case "":
		return w.State != latency.StateForgotten
	case latency.StateOverdue:
		return w.State == latency.StateOverdue || w.State == latency.StateOverdueSince
	default:
		return w.State == f.State
	}
}

// add counts a wait.
func (t *WaitingTotals) add(w *latency.Waiting) {
	t.Open++
	if w.Overdue() {
		t.Overdue++
	}
	if w.State == latency.StateForgotten {
		t.Forgotten++
	}
	if w.Paused {
		t.Paused++
	}
	t.States[w.State]++
}

// waiting returns the stable form of an open wait. What its owner's other waits say
// of it is a statistic of the owner.
func (n Now) waiting(w *latency.Waiting, title string) Waiting {
	report := n.Report
	out := Waiting{
		StoryID: strconv.FormatInt(w.StoryID, 10), Story: w.Story, Title: title, URL: Link(n.JiraURL, w.Story, w.Asked),
		Kind: w.Kind, Project: w.Project, Owner: w.Owner, OwnerName: report.DisplayName(w.Owner),
		Since: Time(w.Since), Start: Time(w.Start), Working: Seconds(w.Working), Elapsed: Seconds(w.Elapsed),
		StoryWorking: Seconds(w.StoryWorking), StoryElapsed: Seconds(w.StoryElapsed), Target: Seconds(w.Target),
		State: w.State, Paused: w.Paused, Passed: Time(w.Passed), Due: Time(w.Due), MayAnswer: []StandIn{},
		Absent: report.Absent[w.Owner], AbsentUntil: Time(latency.Never),
	}
	if cal := report.Calendar(w.Owner, w.Project); cal != nil {
		out.Day, out.Zone = Seconds(cal.Day()), cal.Zone().String()
	}
	for _, d := range report.StandIns(w) {
		out.MayAnswer = append(out.MayAnswer, StandIn{Person: d.Delegate, Name: report.DisplayName(d.Delegate), Until: Time(d.Until)})
	}
	if until, absent := report.AbsentUntil[w.Owner]; absent {
		out.AbsentUntil = Time(until)
	}
	if n.See.SeesOwner(w.Owner, w.Project) {
		if e, ok := n.Estimates.of(report, w); ok {
			out.Expected = expectedOf(e)
		}
	}
	return out
}

// expectedOf returns the stable form of an expected answer.
func expectedOf(e latency.ExpectedAnswer) *Expected {
	forecast := func(f latency.Forecast) Forecast { return Forecast{Seconds(f.Within), f.Later, Time(f.At)} }
	return &Expected{Half: forecast(e.Half), Most: forecast(e.Most), Stands: e.Stands}
}
