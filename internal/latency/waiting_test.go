package latency

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestStatesOfOpenWaits has one wait of each state and each border, as of a Tuesday
// noon; office hours are from 9 to 17 and the target is 8 hours.
func TestStatesOfOpenWaits(t *testing.T) {
	rules := testRules(t)
	asOf := when(t, "Tue 12:00")
	monday := when(t, "Mon 00:00")
	late := func(hours float64, passed Instant) Part {
		return Part{Working: 8*time.Hour + time.Duration(hours*float64(time.Hour)), Start: monday - 1_000_000, Breached: true, BreachAt: passed}
	}
	in := func(working time.Duration, began string) Part { return Part{Working: working, Start: when(t, began)} }
	paused := in(2*time.Hour, "Tue 10:00")
	paused.PausedNow = true
	latePaused := late(1, monday)
	latePaused.PausedNow = true
	forgotten := late(200, monday)
	forgotten.Forgotten = true
	rules.Owners["evenings"] = &Owner{Key: "evenings", Calendar: workdays(t, 16, 24)}
	atMidnight := in(0, "Tue 11:00")
	atMidnight.Owner = "evenings"
	for i, tc := range []struct {
		name  string
		part  Part
		state WaitState
		due   string // "": none
	}{
		{"passed at the start of the last working day", late(3, monday), StateOverdueSince, ""},
		{"passed today", late(1, asOf-1), StateOverdueSince, ""},
		{"due before midnight", in(3*time.Hour, "Mon 09:00"), StateDueToday, "Tue 17:00"},
		{"due now", in(8*time.Hour, "Mon 09:00"), StateDueToday, "Tue 12:00"},
		{"due tomorrow, and new", in(2*time.Hour, "Mon 17:00"), StateNew, "Wed 10:00"},
		{"due tomorrow, and older", in(2*time.Hour, "Mon 16:59"), StateWaiting, "Wed 10:00"},
		{"passed before the last working day", late(9, monday-1), StateOverdue, ""},
		{"paused", paused, StatePaused, ""},
		{"late and paused", latePaused, StateOverdueSince, ""},
		{"forgotten", forgotten, StateForgotten, ""},
		{"due at midnight", atMidnight, StateNew, "Wed 00:00"},
	} {
		tc.part.Wait = Wait{StoryID: int64(i + 1), Story: "PAY-1", Kind: Acceptance, Since: tc.part.Start}
		tc.part.ProjectID, tc.part.End, tc.part.Target = "1", Never, 8*time.Hour
		if tc.part.Owner == "" {
			tc.part.Owner = "po"
		}
		r := NewReport(rules, asOf, NewTotals(), []Part{tc.part}, nil, &Statistics{}, 1)
		got := r.Queue
		due := Never
		if tc.due != "" {
			due = when(t, tc.due)
		}
		if len(got) != 1 || got[0].State != tc.state || got[0].Due != due {
			t.Errorf("%s: got %+v, want %s, due %s", tc.name, got, tc.state, tc.due)
		}
	}
}

// TestOrderOfOpenWaits lists what is to be done today first.
func TestOrderOfOpenWaits(t *testing.T) {
	rules := testRules(t)
	asOf := when(t, "Tue 12:00")
	const long = "long ago" // before the last working day
	part := func(id int64, kind Kind, working time.Duration, began, passed string) Part {
		p := Part{
			Wait: Wait{StoryID: id, Story: "PAY-1", Kind: kind}, ProjectID: "1", Owner: "po", Start: when(t, began), End: Never,
			Working: working, Target: 8 * time.Hour, BreachAt: Never,
		}
		switch passed {
		case "":
		case long:
			p.Breached, p.BreachAt = true, when(t, "Mon 00:00")-1
		default:
			p.Breached, p.BreachAt = true, when(t, passed)
		}
		return p
	}
	paused, forgotten := part(8, Acceptance, time.Hour, "Mon 09:00", ""), part(9, Acceptance, 99*time.Hour, "Mon 09:00", "Mon 09:00")
	paused.PausedNow, forgotten.Forgotten = true, true
	parts := []Part{
		paused, forgotten,
		part(7, Question, time.Hour, "Mon 09:00", ""), part(7, Acceptance, 2*time.Hour, "Mon 09:00", ""), // due on Wednesday at 11 and at 10
		part(5, Acceptance, 20*time.Hour, "Mon 09:00", long), part(6, Question, 30*time.Hour, "Mon 09:00", long), part(11, Question, 29*time.Hour, "Mon 09:00", long),
		part(4, Question, 0, "Tue 11:00", ""), part(3, Acceptance, time.Minute, "Tue 10:00", ""),
		part(2, Acceptance, 7*time.Hour, "Mon 09:00", ""),
		part(1, Question, 9*time.Hour, "Mon 09:00", "Tue 11:00"), part(10, Question, 10*time.Hour, "Mon 09:00", "Tue 10:00"),
		part(1, Question, 8*time.Hour, "Mon 09:00", ""), // an earlier one, whose ending is not final yet
	}
	r := NewReport(rules, asOf, NewTotals(), parts, nil, &Statistics{}, 20)
	var got []int64
	for _, w := range r.Queue {
		got = append(got, w.StoryID)
	}
	if d := cmp.Diff([]int64{10, 1, 2, 3, 4, 6, 11, 5, 7, 7, 8, 9}, got); d != "" {
		t.Errorf("order (-want +got):\n%s", d)
	}
	open := 0
	for _, o := range r.Open {
		open += o.Open
	}
	if open != len(got) {
		t.Errorf("%d are listed, and %d are counted", len(got), open)
	}
}

// TestStandInsOfAWait names who may answer now, and until when without a gap.
func TestStandInsOfAWait(t *testing.T) {
	rules := testRules(t)
	asOf := when(t, "Tue 12:00")
	rules.Delegates = []Delegation{
		{Owner: "po", Delegate: "deputy", Span: Span{when(t, "Mon 00:00"), when(t, "Wed 00:00")}},
		{Owner: "po", Delegate: "deputy", Span: Span{when(t, "Wed 00:00"), when(t, "Thu 00:00")}},
		{Owner: "po", Delegate: "asked", Span: Always, Kinds: []Kind{Question}},
		{Owner: "po", Delegate: "elsewhere", Span: Always, Projects: Set{"2": true}},
		{Owner: "po", Delegate: "later", Span: Span{asOf + 1, Never}},
		{Owner: "po", Delegate: "always", Span: Always},
		{Owner: "next", Delegate: "other", Span: Always},
		{Owner: "po", Delegate: "po", Span: Always},
	}
	part := Part{Wait: Wait{StoryID: 1, Story: "PAY-1", Kind: Acceptance}, ProjectID: "1", Owner: "po", Start: asOf - 1, End: Never, Target: 8 * time.Hour}
	r := NewReport(rules, asOf, NewTotals(), []Part{part}, nil, &Statistics{}, 1)
	want := []Delegated{{"po", "always", Never}, {"po", "deputy", when(t, "Thu 00:00")}}
	if d := cmp.Diff(want, r.StandIns(&r.Queue[0])); d != "" {
		t.Errorf("stand-ins (-want +got):\n%s", d)
	}
	rules.Together = true
	r = NewReport(rules, asOf, NewTotals(), []Part{part}, nil, &Statistics{}, 1)
	if got := r.StandIns(&r.Queue[0]); got != nil || r.Queue[0].Owner != All {
		t.Errorf("owners are not told apart: got %v", got)
	}
}

// TestAnOwnerByLabel finds the hours and the name of somebody whom pages call by a label.
func TestAnOwnerByLabel(t *testing.T) {
	named, hidden := testRules(t), testRules(t)
	hidden.Pseudonyms = reversed{}
	for _, tc := range []struct {
		rules                 *Rules
		po, next, gone, shown string // the labels, and how the last one is shown
	}{
		{named, "po", "next", "gone", "Grace"},
		{hidden, "p-op", "p-txen", "p-enog", "p-enog"},
	} {
		own, cal := workdays(t, 8, 11), tc.rules.Projects["1"].Calendar
		tc.rules.Owners["po"].Calendar = own
		tc.rules.Owners["next"] = &Owner{Key: "next"}
		tc.rules.Names = map[string]string{"gone": "Grace"}
		r := NewReport(tc.rules, when(t, "Tue 12:00"), NewTotals(), nil, nil, &Statistics{}, 1)
		if r.Calendar(tc.po, "PAY") != own || r.Calendar(tc.next, "PAY") != cal || r.Calendar(tc.po, "OLD") != nil {
			t.Errorf("%s: the hours are not the owner's, else the project's", tc.po)
		}
		if got := r.DisplayName(tc.gone); got != tc.shown {
			t.Errorf("%s, who is in no report: %q, want %q", tc.gone, got, tc.shown)
		}
	}
}

// BenchmarkWaiting has ten thousand open waits of twenty owners with a history of
// waits.
func BenchmarkWaiting(b *testing.B) {
	rules := testRules(b)
	asOf := when(b, "Tue 12:00")
	owners := make([]string, 20)
	for i := range owners {
		owners[i] = string(rune('a' + i))
		rules.Owners[owners[i]] = &Owner{Key: owners[i], Absences: []Span{{asOf - 1, asOf.Add(24 * time.Hour)}}}
	}
	parts := make([]Part, 10_000)
	for i := range parts {
		parts[i] = Part{
			Wait: Wait{StoryID: int64(i), Story: "PAY-1", Kind: Acceptance}, ProjectID: "1", Owner: owners[i%20], Start: asOf - 1, End: Never,
			Working: time.Duration(i%12) * time.Hour, Target: 8 * time.Hour, BreachAt: Never,
		}
	}
	var trace Trace
	for i := range 100_000 { // of ninety days
		trace.Samples = append(trace.Samples, Sample{
			StoryID: int64(i + 100_000), Kind: Acceptance, ProjectID: "1", Owner: owners[i%20], Start: asOf - 1_000_000, End: asOf - 1000, Response: true,
			Working: time.Duration(i%977) * time.Minute,
		})
	}
	trace.Verdict.At = Never
	statistics := NewStatistics(rules, Rolling(asOf), func(yield func(*Trace) bool) { yield(&trace) })
	b.Run("report", func(b *testing.B) {
		for b.Loop() {
			NewReport(rules, asOf, NewTotals(), parts, nil, statistics, 20)
		}
	})
	r := NewReport(rules, asOf, NewTotals(), parts, nil, statistics, 20)
	b.Run("expected", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			r.Expect(&r.Queue[i%len(r.Queue)])
		}
	})
}
