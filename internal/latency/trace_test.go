package latency

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestTrace keeps what windows see that begin at an instant, and nothing that
// was over then.
func TestTrace(t *testing.T) {
	const since = Instant(1000)
	steps := []Step{{Rank: RankRecord, Actor: "po"}}
	wait := func(end Instant, outcome Outcome, steps []Step) Part {
		return Part{Wait: Wait{StoryID: 7, Story: "PAY-7", Kind: Acceptance, Steps: steps}, ProjectID: "1", Owner: "ada", Start: end - 10, End: end, Outcome: outcome, Final: end != Never}
	}
	span := func(from, to Instant) StageSpan {
		return StageSpan{Span: Span{from, to}, ProjectID: "1", Stage: StageTest}
	}
	res := &Result{
		Parts: []Part{
			wait(since, Rejected, steps), wait(since+1, Accepted, steps), wait(since+2, Rejected, nil), wait(since+3, HandedOver, steps),
			wait(since+4, Withdrawn, []Step{{Rank: RankCommentAdded, Actor: "dev"}}), wait(Never, "", steps),
		},
		Stages: []StageSpan{span(1, since), span(since, since+5), span(since+5, Never)},
	}
	got := res.Trace(since)
	var ends []Instant
	var by []string
	for _, r := range got.Samples {
		ends, by = append(ends, r.End), append(by, r.EndedBy)
	}
	if d := cmp.Diff([]Instant{since + 1, since + 2, since + 3, since + 4, Never}, ends); d != "" {
		t.Errorf("runs (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"po", "", "", "", ""}, by); d != "" {
		t.Errorf("ended by (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]StageSpan{span(since, since+5), span(since+5, Never)}, got.Stages); d != "" {
		t.Errorf("stages (-want +got):\n%s", d)
	}
	if got.Verdict.At != Never { // the first one was before
		t.Errorf("first verdict %+v", got.Verdict)
	}
	if v := res.Trace(since - 1).Verdict; v != (Verdict{since, "1", "ada", false}) {
		t.Errorf("first verdict %+v", v)
	}
	twins := &Result{Parts: []Part{wait(5, Accepted, nil), wait(5, Rejected, nil)}}
	if v := twins.Trace(0).Verdict; !v.Accepted {
		t.Errorf("of two verdicts at once the first counts: %+v", v)
	}
	past := &Result{Parts: res.Parts[:1], Stages: res.Stages[:1]}
	if tr := past.Trace(since); !tr.Empty() || tr.Stages != nil {
		t.Errorf("nothing is left: %+v", tr)
	}
	if tr := past.Trace(since - 1); tr.Empty() || tr.Until() != since {
		t.Errorf("until %d, want %d", tr.Until(), since)
	}
	if got.Until() != Never || got.Empty() {
		t.Errorf("until %d: the story goes on", got.Until())
	}
}

// TestWindowEdges puts runs, stages and verdicts on the edges of a window.
func TestWindowEdges(t *testing.T) {
	rules := testRules(t)
	from, to := when(t, "Mon 09:00"), when(t, "Tue 09:00")
	const hour = Instant(3_600_000)
	run := func(start, end Instant, working, target time.Duration) Sample {
		return Sample{Kind: Question, ProjectID: "1", Owner: "po", Start: start, End: end, Working: working, Target: target, Clock: []Span{{start, min(end, to)}}}
	}
	make := func(tr Trace) *Statistics {
		return NewStatistics(rules, []Window{{"w", Span{from, to}}}, slices.Values([]*Trace{&tr}))
	}
	for _, tc := range []struct {
		name    string
		run     Sample
		counted bool
		never   bool // its quantile is never reached: it is past its target
	}{
		{"it begins when the window ends", run(to, Never, 9, 5), false, false},
		{"it ends when the window begins", run(from-5, from, 9, 5), false, false},
		{"it ends just after", run(from-hour, from+1, 9, 5), true, true},
		{"it begins with the window", run(from, Never, 9, 5), true, true},
		{"it shows its target", run(from, Never, 5, 5), true, false},
		{"it began before, and its clock has stood since", run(from-24*hour, from+hour, 0, -1), true, false},
		{"nobody watches it", Sample{Kind: Question, ProjectID: "77", Owner: "po", Start: from, End: Never, Working: 9}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := make(Trace{Samples: []Sample{tc.run}, Verdict: Verdict{At: Never}}).Waits[WaitsKey{Question, "PAY", "po", "w"}]
			if (d != nil) != tc.counted {
				t.Fatalf("distribution %+v, want one: %t", d, tc.counted)
			}
			if d != nil {
				if _, _, never := d.Quantile(0.5); never != tc.never {
					t.Errorf("never reached: %t, want %t", never, tc.never)
				}
			}
		})
	}
	for _, tc := range []struct {
		at      Instant
		project string
		want    int
	}{{from, "1", 0}, {from + 1, "1", 1}, {to, "1", 1}, {to + 1, "1", 0}, {from + 1, "77", 0}} {
		st := make(Trace{Verdict: Verdict{At: tc.at, ProjectID: tc.project, Owner: "po"}})
		if got := st.FirstPass[OwnerWindow{"PAY", "po", "w"}].Stories; got != tc.want {
			t.Errorf("a verdict at %d of the window in project %s: %d stories, want %d", tc.at-from, tc.project, got, tc.want)
		}
	}
	stage := func(project string, from, to Instant) StageSpan {
		return StageSpan{Span: Span{from, to}, ProjectID: project, Owner: "po", Stage: StageTest}
	}
	st := make(Trace{Verdict: Verdict{At: Never}, Stages: []StageSpan{
		stage("77", from, from+hour), stage("1", from-hour, from), stage("1", to, Never), // none of the window's
		stage("1", from+10*hour, from+11*hour), // at night
		stage("1", from-hour, from+hour), stage("1", from+2*hour, from+3*hour),
	}})
	if got := st.Stages[StageWindow{"PAY", StageTest, "w"}]; got != MillisecondsOf(2*time.Hour) || st.Stories[ProjectWindow{"PAY", "w"}] != 1 {
		t.Errorf("%v ms of cycle time in %v stories, want two hours of one", got, st.Stories)
	}
}

func TestRolling(t *testing.T) {
	const day = Instant(24) * 3600_000
	want := []Window{{"7d", Span{93 * day, 100 * day}}, {"28d", Span{72 * day, 100 * day}}, {"90d", Span{10 * day, 100 * day}}}
	if d := cmp.Diff(want, Rolling(100*day)); d != "" {
		t.Errorf("windows (-want +got):\n%s", d)
	}
}

// TestBlockersByWindow has too few stories in one window, and enough in the next.
func TestBlockersByWindow(t *testing.T) {
	rules := testRules(t)
	at := when(t, "Mon 09:00")
	var traces []*Trace
	for range fewest {
		traces = append(traces, &Trace{Verdict: Verdict{At: Never}, Stages: []StageSpan{{Span: Span{at, at + 1000}, ProjectID: "1", Stage: StageTest}}})
	}
	windows := []Window{{"none", Span{at + 5000, at + 6000}}, {"all", Span{at, at + 6000}}}
	st := NewStatistics(rules, windows, slices.Values(traces))
	if d := cmp.Diff(map[ProjectWindow]Blocker{{"PAY", "all"}: {StageTest, 1}}, st.Blockers); d != "" {
		t.Errorf("blockers (-want +got):\n%s", d)
	}
}

// TestPaceLeavesOutTheWaitItself and nothing else of its story or its instant.
func TestPaceLeavesOutTheWaitItself(t *testing.T) {
	rules := testRules(t)
	asOf := when(t, "Fri 17:00")
	run := func(story int64, start Instant) Sample {
		return Sample{StoryID: story, Kind: Question, ProjectID: "1", Owner: "po", Start: start, End: start + 10, Response: true, Working: 10, Target: 100}
	}
	at := asOf - 100_000
	tr := Trace{Verdict: Verdict{At: Never}, Samples: []Sample{run(1, at), run(1, at+50), run(2, at), run(3, at+20), run(4, at+30), run(5, at+40)}}
	st := NewStatistics(rules, Rolling(asOf), slices.Values([]*Trace{&tr}))
	if share, ok := st.Pace(&Part{Wait: Wait{StoryID: 1, Kind: Question}, Owner: "po", Start: at, Working: 50}); !ok || share != 1 {
		t.Errorf("pace %g, %t: of five others all were shorter", share, ok)
	}
	if _, ok := st.Pace(&Part{Wait: Wait{StoryID: 1, Kind: Acceptance}, Owner: "po", Start: at, Working: 50}); ok {
		t.Error("a verdict is compared with answers")
	}
}

// TestComponentsOverTime gives a story a component, and takes it away.
func TestComponentsOverTime(t *testing.T) {
	rules := testRules(t)
	rules.Projects["1"].Components = map[string]string{"Alpha": "a", "Beta": "b"}
	alpha, beta := Value{ID: "1", Name: "Alpha"}, Value{ID: "2", Name: "Beta"}
	s := newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review")
	s.add(Event{At: when(t, "Mon 10:00"), Rank: RankRecord, Actor: "dev", Changes: []Change{{Field: FieldComponents, To: alpha}, {Field: FieldComponents, To: beta}}}).
		add(Event{At: when(t, "Mon 12:00"), Rank: RankRecord, Actor: "dev", Changes: []Change{{Field: FieldComponents, From: alpha}}}).
		move("Mon 15:00", "b", "Done")
	h := s.history()
	h.Now[FieldComponents] = []Value{beta}
	h.Now[FieldParent] = []Value{} // set once, and cleared
	var got []string
	for _, w := range NewDeriver(rules, nil).Story(h, when(t, long)).Parts {
		got = append(got, line(w))
	}
	want := []string{
		"acceptance of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "acceptance of a: handed_over, elapsed 2h0m0s, working 2h0m0s",
		"acceptance of b: accepted owner, elapsed 3h0m0s, working 3h0m0s",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("waits (-want +got):\n%s", d)
	}
}

// TestListsInFields reads fields of several people and labels.
func TestListsInFields(t *testing.T) {
	h := newTale(t, "Mon 08:00", "In Progress").says("Mon 10:00", "next", "so").history()
	h.Now["customfield_1"] = []Value{val("x"), val("next")}
	h.Now[FieldLabels] = []Value{val("x"), val("po-question")}
	rules := testRules(t)
	rules.Owners["next"] = &Owner{Key: "next"}
	waits := NewDeriver(rules, nil).Story(h, when(t, long)).Parts
	if len(waits) != 1 || waits[0].Owner != "next" || waits[0].Rule != ByLabel || waits[0].Outcome != Answered {
		t.Errorf("waits %+v, want one of next by label", waits)
	}
}
