package latency

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/yourturn/yourturn/internal/calendar"
	"github.com/yourturn/yourturn/internal/comment"
)

// A small notation for histories: a story is written as what happened to it,
// in the local time of Berlin, in the week of Monday 2 March 2026 unless dated.

var testStatuses = map[string]Status{
	"To Do": {Category: CategoryNew}, "In Progress": {Category: CategoryIndeterminate},
	"PO Review": {Category: CategoryIndeterminate}, "Done": {Category: CategoryDone},
	"Third party": {Category: CategoryIndeterminate}, "Waiting for PO": {Category: CategoryIndeterminate},
	"Resolved": {Category: CategoryDone}, "Closed": {Category: CategoryDone},
	"Ready for Release": {Category: CategoryIndeterminate}, "Dropped": {Category: CategoryDone},
	"Sign-off": {Category: CategoryIndeterminate},
}

func berlin(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// when reads "Mon 09:00", "Mon 09:00:05" or "28 Mar 12:00".
func when(t testing.TB, s string) Instant {
	t.Helper()
	loc := berlin(t)
	for i, day := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		if rest, ok := strings.CutPrefix(s, day+" "); ok {
			for _, layout := range []string{"15:04", "15:04:05", "15:04:05.000"} {
				if c, err := time.Parse(layout, rest); err == nil {
					return At(time.Date(2026, 3, 2+i, c.Hour(), c.Minute(), c.Second(), c.Nanosecond(), loc))
				}
			}
		}
	}
	d, err := time.ParseInLocation("2 Jan 15:04 2006", s+" 2026", loc)
	if err != nil {
		t.Fatalf("no instant: %q", s)
	}
	return At(d)
}

// workdays is a calendar of Berlin.
func workdays(t testing.TB, from, to int, days ...time.Weekday) *calendar.Calendar {
	t.Helper()
	var week calendar.Week
	if len(days) == 0 {
		days = []time.Weekday{1, 2, 3, 4, 5}
	}
	for _, d := range days {
		week[d] = []calendar.Interval{{From: from * 60, To: to * 60}}
	}
	c, err := calendar.New(calendar.Spec{Zone: berlin(t), Week: week})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// testRules are the rules of the vectors: project PAY (id 1) and WEB (id 2),
// owner po of both unless the field says otherwise.
func testRules(t testing.TB) *Rules {
	t.Helper()
	cal := workdays(t, 9, 17)
	r := &Rules{
		Projects: map[string]*Project{}, Types: map[string]bool{"story": true}, Statuses: map[string]Status{},
		StatusIDs: map[string]string{}, People: map[string]string{}, Owners: map[string]*Owner{}, Names: map[string]string{},
		Automation: Set{"robot": true},
	}
	for name, s := range testStatuses {
		s.Name = name
		r.Statuses[name] = s
		r.StatusIDs[Fold(name)] = name
	}
	for id, key := range map[string]string{"1": "PAY", "2": "WEB"} {
		p := &Project{
			ID: id, Key: key,
			Acceptance: Set{"PO Review": true}, Accepted: Set{}, Withdrawn: Set{"Dropped": true},
			WithdrawnResolutions: Set{}, Paused: Set{"Third party": true},
			QuestionStatuses: Set{"Waiting for PO": true}, QuestionLabels: Set{"po-question": true}, Stages: map[string]Stage{"Ready for Release": StageRelease},
			PauseWhenAbsent: true, PauseWhileOwnerAsks: true,
			SlipWindow: 5 * time.Minute, MinDwell: 10 * time.Second,
			Mention: true, Markers: []string{"Q:", "Question:", "#question"}, AnsweredMarkers: []string{"#answered", "Answered:", "A:"},
			LapseAfter: 240 * time.Hour, TargetAcceptance: 8 * time.Hour, TargetQuestion: 4 * time.Hour,
			Calendar: cal, OwnerField: "customfield_1", Terms: []Term{{Person: "po", Span: Always}},
			HistoryFrom: Always.From,
		}
		for _, name := range DefaultWithdrawnResolutions() {
			p.WithdrawnResolutions[Fold(name)] = true
		}
		r.Projects[id] = p
	}
	r.Projects["2"].Acceptance = Set{"Sign-off": true, "PO Review": true}
	r.Owners["po"] = &Owner{Key: "po"}
	return r
}

// tale builds a history.
type tale struct {
	t    testing.TB
	h    *History
	last map[string]Value
	id   int64
}

// newTale begins a story of project PAY that dev created in status.
func newTale(t testing.TB, created, status string) *tale {
	s := &tale{t: t, h: &History{ID: 10007, Key: "PAY-7"}, last: map[string]Value{
		FieldStatus: val(status), FieldProject: {ID: "1", Name: "PAY"}, FieldType: val("story"),
	}}
	s.add(Event{At: when(t, created), Rank: RankCreated, Actor: "dev"})
	return s
}

func val(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{ID: s, Name: s}
}

func (s *tale) add(ev Event) *tale {
	s.id++
	if ev.Rank != RankCreated && ev.ID == 0 {
		ev.ID = s.id
	}
	s.h.Events = append(s.h.Events, ev)
	return s
}

// record adds a history record: field, new value, field, new value.
func (s *tale) record(at, who string, pairs ...string) *tale {
	var changes []Change
	for i := 0; i < len(pairs); i += 2 {
		to := val(pairs[i+1])
		changes = append(changes, Change{Field: pairs[i], From: s.last[pairs[i]], To: to})
		s.last[pairs[i]] = to
	}
	return s.add(Event{At: when(s.t, at), Rank: RankRecord, Actor: who, Changes: changes})
}

func (s *tale) move(at, who, status string) *tale { return s.record(at, who, FieldStatus, status) }

func (s *tale) says(at, who, text string) *tale {
	facts := comment.Wiki(text)
	return s.add(Event{At: when(s.t, at), Rank: RankCommentAdded, Actor: who, Comment: &facts})
}

func (s *tale) edits(at, who string, id int64, text string) *tale {
	facts := comment.Wiki(text)
	return s.add(Event{At: when(s.t, at), Rank: RankCommentEdited, Actor: who, Comment: &facts, ID: id})
}

func (s *tale) deletes(at string, id int64) *tale {
	return s.add(Event{At: when(s.t, at), Rank: RankCommentDeleted, Observed: true, ID: id})
}

// history returns the story as the store would give it.
func (s *tale) history() *History {
	s.h.Now = Snapshot{}
	for field, v := range s.last {
		if v != (Value{}) {
			s.h.Now[field] = []Value{v}
		}
	}
	return s.h
}

// commentFacts reads a comment's text.
func commentFacts(text string) *comment.Facts {
	facts := comment.Wiki(text)
	return &facts
}

// marks counts the marks of a type in a result.
func marks(res *Result, typ EntryType) (n int) {
	for _, m := range res.Marks {
		if m.Type == typ {
			n++
		}
	}
	return n
}

// ruleCase is a story and what a rule makes of it.
type ruleCase struct {
	name     string
	rules    func(*Rules)
	story    func(t *testing.T) *tale
	asOf     string   // "": long after
	want     []string // its parts
	findings []string // their reasons, where given; exit_by_default apart
}

// run derives each case's story.
func runCases(t *testing.T, cases []ruleCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			if tc.rules != nil {
				tc.rules(rules)
			}
			asOf := tc.asOf
			if asOf == "" {
				asOf = long
			}
			res := NewDeriver(rules, nil).Story(tc.story(t).history(), when(t, asOf))
			var got, reasons []string
			for _, p := range res.Parts {
				got = append(got, line(p))
			}
			for _, f := range res.Findings {
				if f.Reason != FindExitByDefault {
					reasons = append(reasons, f.Reason)
				}
			}
			if d := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("parts (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tc.findings, reasons, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
}

func begun(t *testing.T) *tale { return newTale(t, "Mon 08:00", "In Progress") }

// entered is in acceptance from Mon 09:00 on.
func entered(t *testing.T) *tale { return begun(t).move("Mon 09:00", "dev", "PO Review") }

// asked holds a question of dev to po of Mon 09:00.
func asked(t *testing.T) *tale { return begun(t).says("Mon 09:00", "dev", "[~po] which currency?") }

const ownerField = "customfield_1"

// clock writes an instant as tales do.
func clock(t testing.TB, at Instant) string {
	local := at.Time().In(berlin(t))
	if monday := time.Date(2026, 3, 2, 0, 0, 0, 0, berlin(t)); local.Before(monday) || !local.Before(monday.AddDate(0, 0, 7)) {
		return local.Format("2 Jan 15:04")
	}
	if local.Second() == 0 {
		return local.Format("Mon 15:04")
	}
	return local.Format("Mon 15:04:05")
}

// trace writes all that was derived of a story: what ended by when, the clocks,
// each step, and what was counted beside the waits.
func trace(t testing.TB, res *Result) []string {
	d := func(d time.Duration) string {
		s := d.String()
		if whole, ok := strings.CutSuffix(s, "m0s"); ok {
			s = whole + "m"
		}
		if whole, ok := strings.CutSuffix(s, "h0m"); ok {
			s = whole + "h"
		}
		return s
	}
	var out []string
	for _, w := range res.Parts {
		s := fmt.Sprintf("%s of %s in %s, part %d", w.Kind, w.Owner, w.ProjectID, w.Number)
		if w.Cycle != 0 {
			s += fmt.Sprintf(", cycle %d", w.Cycle)
		}
		s += ": " + clock(t, w.Start)
		if w.Origin != w.Start {
			s += " (at first " + clock(t, w.Origin) + ")"
		}
		if w.Open() {
			s += " open"
		} else {
			s += " to " + clock(t, w.End) + " " + strings.TrimSpace(fmt.Sprintf("%s %s", w.Outcome, w.Responder))
		}
		if w.ExitStatus != "" {
			s += " into " + w.ExitStatus
		}
		s += fmt.Sprintf("; %s, worked %s", d(w.Elapsed), d(w.Working))
		if w.Paused != 0 {
			s += ", paused " + d(w.Paused)
		}
		if w.PausedNow {
			s += ", stands"
		}
		if w.StoryElapsed != w.Elapsed || w.StoryWorking != w.Working {
			s += fmt.Sprintf(", story's %s, worked %s", d(w.StoryElapsed), d(w.StoryWorking))
		}
		if w.Breached {
			s += ", breached " + clock(t, w.BreachAt)
		}
		if w.Asks > 1 {
			s += fmt.Sprintf(", %d asks", w.Asks)
		}
		if w.Addressed != "" && w.Addressed != w.Owner {
			s += ", addressed to " + w.Addressed
		}
		if w.OtherReplies > 0 {
			s += fmt.Sprintf(", %d replies from %s", w.OtherReplies, clock(t, w.FirstReply))
		}
		var steps []string
		for _, st := range w.Steps {
			steps = append(steps, fmt.Sprintf("%s %s", clock(t, st.At), st.Rule))
		}
		out = append(out, s, "  "+strings.Join(steps, ", "))
	}
	for _, m := range res.Marks {
		mark := fmt.Sprintf("%s in %s, %s, final %s", m.Type, m.ProjectID, clock(t, m.At), clock(t, m.Final))
		if m.Owner != "" {
			mark += ", of " + m.Owner
		}
		out = append(out, mark)
	}
	for _, f := range res.Findings {
		out = append(out, fmt.Sprintf("finding in %s, %s: %s %s", f.ProjectID, clock(t, f.At), f.Reason, f.Detail))
	}
	if res.Unsettled {
		out = append(out, "unsettled")
	}
	return out
}

// theEnd is where the working hours of all calendars are over.
var theEnd = At(time.Date(2071, 1, 1, 0, 0, 0, 0, time.UTC))

// traceCase is a story and all that is derived of it.
type traceCase struct {
	name  string
	rules func(*Rules)
	story func(t *testing.T) *tale
	asOf  string // "": long after; "the end": after all working hours
	want  []string
}

// runTraces derives each case's story.
func runTraces(t *testing.T, cases []traceCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			if tc.rules != nil {
				tc.rules(rules)
			}
			asOf := tc.asOf
			if asOf == "" {
				asOf = long
			}
			at := theEnd.Add(time.Hour)
			if asOf != "the end" {
				at = when(t, asOf)
			}
			got := trace(t, NewDeriver(rules, nil).Story(tc.story(t).history(), at))
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("derived (-want +got):\n%s", d)
			}
		})
	}
}

// onPAY changes the rules of project PAY.
func onPAY(change func(*Project)) func(*Rules) { return func(r *Rules) { change(r.Projects["1"]) } }

// flagsPause lets a flag stop the clock.
func flagsPause(r *Rules) { r.Projects["1"].PauseWhenFlagged = true }

// deputised has deputy stand in for po all the time.
func deputised(r *Rules) {
	r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}}
}

// owns gives a story another owner.
func owns(s *tale, at, who string) *tale { return s.record(at, "dev", ownerField, who) }
