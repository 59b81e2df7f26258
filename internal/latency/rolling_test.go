package latency

import (
	"cmp"
	"iter"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/yourturn/yourturn/internal/calendar"
	"github.com/yourturn/yourturn/internal/survival"
)

// tracesByStory are traces in a map.
type tracesByStory map[int64]*Trace

func (s tracesByStory) Trace(id int64) *Trace         { return s[id] }
func (s tracesByStory) All() iter.Seq2[int64, *Trace] { return maps.All(s) }
func (s tracesByStory) Drop(id int64)                 { delete(s, id) }

// sameStatistics compares statistics wholly. Samples have no order, and may be summed or not.
func sameStatistics() gocmp.Options {
	type shown struct {
		Ended, Open, Censored, Began int
		Overrun                      bool
		Curve                        *survival.Curve
		Samples                      []survival.Sample
	}
	return gocmp.Options{
		gocmp.Exporter(func(reflect.Type) bool { return true }), cmpopts.IgnoreFields(Statistics{}, "rules"), cmpopts.EquateEmpty(),
		gocmp.Transformer("shown", func(d *Distribution) shown {
			samples := slices.AppendSeq(slices.Clone(d.moves), d.still.All())
			slices.SortFunc(samples, func(a, b survival.Sample) int {
				return cmp.Or(cmp.Compare(a.Age, b.Age), cmp.Compare(a.Entry, b.Entry), cmp.Compare(fmtBool(a.Event), fmtBool(b.Event)), cmp.Compare(fmtBool(a.Began), fmtBool(b.Began)))
			})
			return shown{d.Ended, d.Open, d.Censored, d.Began, d.overrun, d.curve, samples}
		}),
	}
}

func fmtBool(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestRollingStatisticsAreStatistics lets time pass over stories, of which only those
// are derived anew that have changed or that time can change, and compares what is kept
// up to date with statistics that are made of all traces.
func TestRollingStatisticsAreStatistics(t *testing.T) {
	plain, together, pseudonyms := busyRules(t), busyRules(t), busyRules(t)
	together.Together, pseudonyms.Pseudonyms = true, reversed{}
	delete(pseudonyms.Projects, "2")
	closed, err := calendar.New(calendar.Spec{
		Zone: berlin(t), Week: calendar.Week{time.Monday: {{From: 9 * 60, To: 17 * 60}}},
		Holiday: func(_ int, month time.Month, day int) bool { return month != time.March || day > 8 },
	})
	if err != nil {
		t.Fatal(err)
	}
	pseudonyms.Projects["1"].Calendar = closed // a window may have no working time
	rapid.Check(t, func(rt *rapid.T) {
		rules := rapid.SampledFrom([]*Rules{plain, together, pseudonyms}).Draw(rt, "rules")
		var stories []*History
		for range rapid.IntRange(1, 4).Draw(rt, "tales") {
			h := randomTale(t, rt)
			for range rapid.SampledFrom([]int{1, 1, 2, 22}).Draw(rt, "copies") { // more than 20 are in bulk
				c := h.Clone()
				c.ID = int64(len(stories) + 1)
				stories = append(stories, c)
			}
		}
		asOf := stories[0].Events[0].At - 1
		traces := tracesByStory{}
		var rolling *RollingStatistics
		unsettled, known := map[int64]bool{}, map[int64]int{}
		const shownLate = 8
		late := map[int64]int{} // an event that no poll before that one shows, by its number
		for _, h := range stories {
			late[h.ID] = rapid.IntRange(1, 40).Draw(rt, "late")
		}
		for poll := range rapid.IntRange(1, 25).Draw(rt, "polls") {
			asOf += Instant(rapid.SampledFrom([]int64{0, 1, 60_000, 300_001, 3_600_000, 90_000_000, 500_000_000, 2_000_000_000, 7_900_000_000}).Draw(rt, "passes"))
			if rapid.IntRange(0, 15).Draw(rt, "back") == 0 {
				asOf -= 1000
				clear(known) // as a whole derivation does
			}
			if rolling == nil {
				rolling = NewRollingStatistics(rules, traces, asOf)
			}
			if poll == shownLate {
				clear(known) // as the store says that all of them have changed
			}
			whole := tracesByStory{}
			var open []Part
			d := NewDeriver(rules, nil)
			for _, h := range stories {
				if n := late[h.ID]; n < len(h.Events) && poll < shownLate {
					h = h.Clone()
					h.Events = slices.Delete(h.Events, n, n+1)
				}
				res := d.Story(h, asOf)
				for i := range res.Parts {
					if res.Parts[i].Open() {
						open = append(open, res.Parts[i])
					}
				}
				trace := res.Trace(asOf.Add(-LongestWindow))
				if !trace.Empty() {
					whole[h.ID] = &trace
				}
				n := 1 // events so far, and one more
				for _, ev := range h.Events {
					if ev.At <= asOf {
						n++
					}
				}
				if known[h.ID] == n && !unsettled[h.ID] {
					continue
				}
				known[h.ID], unsettled[h.ID] = n, res.Unsettled
				rolling.Replace(h.ID, traces[h.ID], whole[h.ID])
				if trace.Empty() {
					delete(traces, h.ID)
				} else {
					traces[h.ID] = &trace
				}
			}
			bulk := Bulk{}
			want := NewStatistics(rules, Rolling(asOf), bulk.Count(maps.Values(whole)))
			got := rolling.At(asOf)
			if diff := gocmp.Diff(want, got, sameStatistics()); diff != "" {
				rt.Fatalf("as of %s (-all traces +kept):\n%s", asOf.Time(), diff)
			}
			found, odd := map[AuditKey]int{}, Report{}
			for _, f := range bulk.Findings(maps.Values(whole)) {
				if p := rules.watched(f.ProjectID); p != nil {
					found[AuditKey{p.Key, f.Reason}]++
					odd.AddOdd(AuditKey{p.Key, f.Reason}, f.StoryID)
				}
			}
			inBulk, latest := rolling.Bulk()
			if diff := gocmp.Diff(found, inBulk) + gocmp.Diff(odd.Odd, latest, cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("as of %s, in bulk (-all traces +kept):\n%s", asOf.Time(), diff)
			}
			if kept := rolling.InBulk(); !maps.Equal(bulk, kept) { // which Findings has left
				rt.Fatalf("as of %s, ended in bulk: %v, want %v", asOf.Time(), kept, bulk)
			}
			if len(traces) != len(whole) {
				rt.Fatalf("as of %s: %d traces, want %d", asOf.Time(), len(traces), len(whole))
			}
			for i := range open {
				wantPace, wantOK := want.Pace(&open[i])
				if pace, ok := got.Pace(&open[i]); pace != wantPace || ok != wantOK {
					rt.Fatalf("pace %v, %t; want %v, %t", pace, ok, wantPace, wantOK)
				}
				wantAnswer, wantOK := want.Expect(d, &open[i], asOf)
				if answer, ok := got.Expect(d, &open[i], asOf); answer != wantAnswer || ok != wantOK {
					rt.Fatalf("expected answer %v, %t; want %v, %t", answer, ok, wantAnswer, wantOK)
				}
				if answer, ok := expectedByList(want, d, &open[i], asOf); answer != wantAnswer || ok != wantOK {
					rt.Fatalf("expected answer %v, %t; of a list without the wait itself %v, %t", wantAnswer, wantOK, answer, ok)
				}
			}
		}
	})
}

// countedLooks are traces that count how often any of them is looked at.
type countedLooks struct {
	tracesByStory
	t     *testing.T
	looks int
}

func (s *countedLooks) look() {
	if s.looks++; s.looks > 10_000 {
		s.t.Fatal("the windows look at the same traces again and again")
	}
}

func (s *countedLooks) Trace(id int64) *Trace {
	s.look()
	return s.tracesByStory.Trace(id)
}

func (s *countedLooks) All() iter.Seq2[int64, *Trace] {
	s.look()
	return s.tracesByStory.All()
}

// TestWindowsLookWhereTheirEndsLie lets the ends of windows pass over all that a trace has,
// instant by instant. What is kept up to date is what statistics of the trace make of it,
// and each window looks at it when an end comes to something alone.
func TestWindowsLookWhereTheirEndsLie(t *testing.T) {
	plain, closed := testRules(t), testRules(t)
	plain.Projects["2"].NoAcceptance = true
	march, err := calendar.New(calendar.Spec{
		Zone: berlin(t), Week: calendar.Week{time.Monday: {{From: 9 * 60, To: 17 * 60}}},
		Holiday: func(_ int, month time.Month, day int) bool { return month != time.March || day > 8 },
	})
	if err != nil {
		t.Fatal(err)
	}
	closed.Projects["1"].Calendar = march
	wait := func(project, owner, from, to string) Sample {
		s := Sample{StoryID: 1, Kind: Acceptance, ProjectID: project, Owner: owner, Start: when(t, from), End: Never, Working: 2 * time.Hour, Target: time.Hour}
		s.Clock = []Span{{s.Start, s.Start + 7_200_000}}
		if to != "" {
			s.End, s.Response = when(t, to), true
			s.Clock = []Span{{s.Start, s.End}}
		}
		return s
	}
	stretch := func(project string, stage Stage, from, to string) StageSpan {
		s := StageSpan{Span: Span{when(t, from), Never}, ProjectID: project, Owner: "po", Stage: stage}
		if to != "" {
			s.To = when(t, to)
		}
		return s
	}
	verdict := func(project, at string) Verdict {
		return Verdict{At: when(t, at), ProjectID: project, Owner: "po", Accepted: true}
	}
	none := Verdict{At: Never}
	met := wait("1", "po", "Mon 10:00", "Mon 12:00")
	met.Working = met.Target
	taken := wait("1", "po", "Mon 10:00", "Mon 12:00")
	taken.Response = false
	for _, tc := range []struct {
		name  string
		rules *Rules
		trace Trace
		looks int // of the three windows together, while they pass over the trace
	}{
		{"a wait", plain, Trace{Verdict: none, Home: Home{"1", FieldSet}, Samples: []Sample{wait("1", "po", "Mon 10:00", "Mon 12:00")}}, 6},
		{"a wait that shows its target", plain, Trace{Verdict: none, Samples: []Sample{met}}, 6},
		{"a wait that was taken away", plain, Trace{Verdict: none, Samples: []Sample{taken}}, 6},
		{"waits on two owners", plain, Trace{Verdict: none, Samples: []Sample{wait("1", "po", "Mon 10:00", "Mon 11:00"), wait("1", "next", "Mon 11:00", "Mon 12:00")}}, 12},
		{"an open wait, and a stretch", plain, Trace{Verdict: none, Samples: []Sample{wait("1", "po", "Mon 10:00", "")}, Stages: []StageSpan{stretch("1", StageTest, "Mon 10:00", "Mon 12:00")}}, 6},
		{"a wait without an owner", plain, Trace{Verdict: none, Home: Home{"1", FieldEmpty}, Samples: []Sample{wait("1", Unowned, "Mon 10:00", "Mon 12:00")}}, 6},
		{"a wait that ended as it began", plain, Trace{Verdict: none, Samples: []Sample{wait("1", "po", "Mon 10:00", "Mon 10:00")}}, 6},
		{"an open wait", plain, Trace{Verdict: none, Samples: []Sample{wait("1", "po", "Mon 10:00", "")}}, 0},
		{"two waits that began at once", plain, Trace{Verdict: none, Samples: []Sample{wait("1", "po", "Mon 10:00", "Mon 11:00"), wait("1", "po", "Mon 10:00", "Mon 12:00")}}, 9},
		{"waits that nobody measures", plain, Trace{Verdict: none, Home: Home{"77", FieldEmpty}, Samples: []Sample{
			wait("77", "po", "Mon 10:00", "Mon 12:00"), wait("2", "po", "Mon 10:00", "Mon 12:00"),
		}}, 6},
		{"a verdict", plain, Trace{Verdict: verdict("1", "Mon 12:00"), Home: Home{"1", NoField}}, 3},
		{"a verdict where nobody watches", plain, Trace{Verdict: verdict("77", "Mon 12:00")}, 3},
		{"a verdict where there is no acceptance", plain, Trace{Verdict: verdict("2", "Mon 12:00")}, 3},
		{"a verdict before the end of another wait", plain, Trace{Verdict: verdict("1", "Mon 11:00"), Home: Home{"1", FieldSet}, Samples: []Sample{wait("1", "po", "Mon 10:00", "Mon 12:00")}}, 9},
		{"a verdict after one", plain, Trace{Verdict: verdict("1", "Mon 13:00"), Home: Home{"1", FieldSet}, Samples: []Sample{wait("1", "po", "Mon 10:00", "Mon 12:00")}}, 9},
		{"a verdict, and an open wait", plain, Trace{Verdict: verdict("1", "Mon 11:00"), Samples: []Sample{wait("1", "po", "Mon 10:00", "")}}, 3},
		{"a stretch", plain, Trace{Verdict: none, Home: Home{"1", FieldSet}, Stages: []StageSpan{stretch("1", StageOwner, "Mon 10:00", "Mon 12:00")}}, 6},
		{"a stretch that ends after hours", plain, Trace{Verdict: none, Stages: []StageSpan{stretch("1", StageOwnerQuestion, "Fri 16:00", "7 Mar 12:00")}}, 9},
		{"a stretch at night", plain, Trace{Verdict: none, Stages: []StageSpan{stretch("1", StageTest, "Mon 20:00", "Mon 22:00")}}, 6},
		{"a stretch over a night", plain, Trace{Verdict: none, Stages: []StageSpan{stretch("1", StageTest, "Mon 20:00", "Tue 11:00")}}, 6},
		{"a stretch that goes on", plain, Trace{Verdict: none, Stages: []StageSpan{stretch("1", StageTest, "Mon 10:00", "")}}, 6},
		{"a stretch that goes on in the night", plain, Trace{Verdict: none, Stages: []StageSpan{stretch("1", StageTest, "Mon 20:00", "")}}, 6},
		{"a stretch that goes on while nobody works", closed, Trace{Verdict: none, Stages: []StageSpan{stretch("1", StageTest, "Mon 10:00", "")}}, 6},
		{"stretches of one story", plain, Trace{Verdict: none, Stages: []StageSpan{
			stretch("77", StageTest, "Mon 09:00", "Mon 10:00"), stretch("1", StageTest, "Mon 10:00", "Mon 11:00"), stretch("1", StageOwner, "Mon 11:00", "Mon 12:00"), stretch("1", StageTest, "Mon 13:00", ""),
		}}, 24},
		{"stretches of which the first lies in the night", plain, Trace{Verdict: none, Stages: []StageSpan{
			stretch("1", StageTest, "Mon 20:00", "Mon 22:00"), stretch("1", StageOwner, "Tue 10:00", "Tue 12:00"),
		}}, 12},
	} {
		t.Run(tc.name, func(t *testing.T) {
			edges := map[Instant]bool{}
			for _, s := range tc.trace.Samples {
				edges[s.Start], edges[s.End] = true, true
			}
			for _, s := range tc.trace.Stages {
				edges[s.From], edges[s.To] = true, true
			}
			edges[tc.trace.Verdict.At] = true
			delete(edges, Never)
			traces := &countedLooks{tracesByStory: tracesByStory{1: &tc.trace}, t: t}
			end := slices.Max(slices.Collect(maps.Keys(edges)))
			rolling := NewRollingStatistics(tc.rules, traces, end)
			rolling.Replace(1, nil, &tc.trace)
			at := func(asOf Instant) {
				t.Helper()
				var seen []*Trace
				if tc.trace.Until() > asOf.Add(-LongestWindow) {
					seen = append(seen, &tc.trace)
				}
				want := NewStatistics(tc.rules, Rolling(asOf), slices.Values(seen))
				if diff := gocmp.Diff(want, rolling.At(asOf), sameStatistics()); diff != "" {
					t.Fatalf("as of %s (-all traces +kept):\n%s", asOf.Time(), diff)
				}
				if len(traces.tracesByStory) != len(seen) {
					t.Fatalf("as of %s: %d traces are kept, want %d", asOf.Time(), len(traces.tracesByStory), len(seen))
				}
			}
			// The end of the windows, to and fro: time may go back.
			var ends, begins []Instant
			for e := range edges {
				ends = append(ends, e-1, e, e+1)
				for _, w := range Rolling(0) {
					begins = append(begins, e-1-w.From, e-w.From, e+1-w.From)
				}
			}
			slices.Sort(ends)
			for _, asOf := range slices.Backward(ends) {
				at(asOf)
			}
			for _, asOf := range ends {
				at(asOf)
			}
			rolling.Replace(1, &tc.trace, nil)
			if diff := gocmp.Diff(NewStatistics(tc.rules, Rolling(end+1), slices.Values([]*Trace{})), rolling.At(end+1), sameStatistics()); diff != "" {
				t.Fatalf("without the trace (-none +kept):\n%s", diff)
			}
			// Their beginnings.
			for day := range Instant(100) {
				begins = append(begins, end+day*24*3_600_000)
			}
			slices.Sort(begins)
			rolling = NewRollingStatistics(tc.rules, traces, end)
			rolling.Replace(1, nil, &tc.trace)
			at(end)
			traces.looks = 0
			for _, asOf := range begins {
				if asOf > end {
					at(asOf)
				}
			}
			if dropped := tc.trace.Until() != Never; dropped {
				traces.looks-- // to see whose it was
			}
			if traces.looks != tc.looks {
				t.Errorf("the windows look %d times, want %d", traces.looks, tc.looks)
			}
		})
	}
}

// TestATraceGoesOn tells a trace in which no more than the clocks of open waits have run on
// from one in which something has happened.
func TestATraceGoesOn(t *testing.T) {
	const ended, open = 0, 1
	trace := func() *Trace {
		return &Trace{
			Home: Home{"1", FieldSet}, Verdict: Verdict{5, "1", "po", true}, Stages: []StageSpan{{Span: Span{1, Never}, ProjectID: "1", Owner: "po", Stage: StageTest}},
			Samples: []Sample{
				{StoryID: 1, Story: "PAY-1", Kind: Question, ProjectID: "1", Owner: "po", Start: 1, End: 5, Response: true, EndedBy: "po", Working: 4, Target: 9, Clock: []Span{{1, 5}}},
				{StoryID: 1, Story: "PAY-1", Kind: Question, ProjectID: "1", Owner: "po", Start: 6, End: Never, Working: 4, Target: 9, Clock: []Span{{6, 10}}},
			},
		}
	}
	for name, tc := range map[string]struct {
		change func(t *Trace)
		want   bool
	}{
		"nothing":                {func(*Trace) {}, true},
		"its clock runs on":      {func(t *Trace) { t.Samples[open].Working, t.Samples[open].Clock = 5, []Span{{6, 11}} }, true},
		"another target":         {func(t *Trace) { t.Samples[open].Target = 8 }, true},
		"the owner field":        {func(t *Trace) { t.Home.Field = FieldEmpty }, false},
		"the verdict":            {func(t *Trace) { t.Verdict.Accepted = false }, false},
		"a stage":                {func(t *Trace) { t.Stages[0].To = 10 }, false},
		"another wait":           {func(t *Trace) { t.Samples = append(t.Samples, t.Samples[open]) }, false},
		"its kind":               {func(t *Trace) { t.Samples[open].Kind = Acceptance }, false},
		"its project":            {func(t *Trace) { t.Samples[open].ProjectID = "2" }, false},
		"its owner":              {func(t *Trace) { t.Samples[open].Owner = "next" }, false},
		"its key":                {func(t *Trace) { t.Samples[open].Story = "WEB-1" }, false},
		"its start":              {func(t *Trace) { t.Samples[open].Start = 7 }, false},
		"its end":                {func(t *Trace) { t.Samples[open].End = 10 }, false},
		"the end of an ended":    {func(t *Trace) { t.Samples[ended].End = 4 }, false},
		"the clock of an ended":  {func(t *Trace) { t.Samples[ended].Working = 3 }, false},
		"when an ended one ran":  {func(t *Trace) { t.Samples[ended].Clock = []Span{{2, 5}} }, false},
		"the target of an ended": {func(t *Trace) { t.Samples[ended].Target = 8 }, false},
		"no response":            {func(t *Trace) { t.Samples[ended].Response = false }, false},
		"who ended it":           {func(t *Trace) { t.Samples[ended].EndedBy = "dev" }, false},
	} {
		later := trace()
		tc.change(later)
		if got := trace().goesOnAs(later); got != tc.want {
			t.Errorf("%s: goes on %t, want %t", name, got, tc.want)
		}
	}
}

// TestOpenWaitsGoOn lets the clocks of two open waits run on beside one that lies across the
// beginning of each window, and beside one that nobody watches.
func TestOpenWaitsGoOn(t *testing.T) {
	rules := testRules(t)
	asOf := when(t, "Fri 12:00")
	early := asOf.Add(-2 * LongestWindow)
	run := func(project string, start, end Instant, working time.Duration) Sample {
		return Sample{StoryID: 1, Kind: Question, ProjectID: project, Owner: "po", Start: start, End: end, Response: end != Never, Working: working, Target: time.Hour, Clock: []Span{{start, min(end, asOf)}}}
	}
	trace := func(working time.Duration) *Trace {
		return &Trace{Verdict: Verdict{At: Never}, Samples: []Sample{
			run("77", early, Never, working), run("1", early, when(t, "Mon 12:00"), 5*time.Hour), run("1", when(t, "Tue 09:00"), Never, working), run("2", when(t, "Wed 09:00"), Never, 2*working),
		}}
	}
	for _, samples := range [][2]int{{0, 4}, {0, 1}, {1, 2}} { // all of them, what nobody watches, no open one
		of := func(working time.Duration) *Trace {
			tr := trace(working)
			tr.Samples = tr.Samples[samples[0]:samples[1]]
			return tr
		}
		rolling := NewRollingStatistics(rules, tracesByStory{}, asOf)
		rolling.Replace(1, nil, of(time.Hour))
		rolling.Replace(1, of(time.Hour), of(3*time.Hour))
		want := NewStatistics(rules, Rolling(asOf), slices.Values([]*Trace{of(3 * time.Hour)}))
		if diff := gocmp.Diff(want, rolling.At(asOf), sameStatistics()); diff != "" {
			t.Errorf("samples %v (-all traces +kept):\n%s", samples, diff)
		}
	}
}

// others lists what a wait is compared with, without the wait itself.
func others(s *Statistics, w *Part) []survival.Sample {
	d := s.compared(w)
	if d == nil {
		return nil
	}
	samples := slices.Collect(d.still.All())
	for i, of := range d.whose {
		if of.story != w.StoryID || of.start != w.Start {
			samples = append(samples, d.moves[i])
		}
	}
	return samples
}

// expectedByList is Expect by its definition: of a curve of the others alone.
func expectedByList(s *Statistics, d *Deriver, w *Part, asOf Instant) (expected ExpectedAnswer, ok bool) {
	samples := others(s, w)
	ended := 0
	for _, of := range samples {
		if of.Event {
			ended++
		}
	}
	p := d.rules.watched(w.ProjectID)
	watched, atRisk := survival.Watched(samples, w.Working, fewestAtRisk)
	if p == nil || ended < FewestEnded || !atRisk {
		return ExpectedAnswer{}, false
	}
	curve := survival.New(samples)
	forecast := func(q float64) Forecast {
		f := Forecast{At: Never}
		t, reached := curve.Remaining(w.Working, q)
		if f.Within = t; !reached || w.Working+t > watched {
			f.Within, f.Later = watched-w.Working, true
		}
		if !w.PausedNow {
			f.At = d.clockReaches(p, w, asOf, f.Within)
		}
		return f
	}
	return ExpectedAnswer{Half: forecast(0.5), Most: forecast(0.85), Stands: w.PausedNow}, true
}

// TestPaceKnowsTwins compares an open wait with others, of which one began and ended on
// its story at the instant at which it began: it is no other.
func TestPaceKnowsTwins(t *testing.T) {
	rules := testRules(t)
	traces := tracesByStory{}
	asOf := when(t, "Fri 12:00")
	rolling := NewRollingStatistics(rules, traces, asOf)
	for id := range int64(7) {
		at := when(t, "Tue 10:00") + Instant(id)
		trace := &Trace{Verdict: Verdict{At: Never}, Samples: []Sample{{StoryID: id, Kind: Question, ProjectID: "1", Owner: "po", Start: at, End: at + 1000, Response: true, Working: 1000 * time.Millisecond}}}
		if id == 0 {
			open := trace.Samples[0]
			open.End, open.Response, open.Working = Never, false, 26*time.Hour
			trace.Samples = append(trace.Samples, open)
		}
		rolling.Replace(id, nil, trace)
		traces[id] = trace
	}
	w := Part{Wait: Wait{StoryID: 0, Kind: Question}, Owner: "po", Start: when(t, "Tue 10:00"), Working: 26 * time.Hour}
	want, _ := NewStatistics(rules, Rolling(asOf), maps.Values(traces)).Pace(&w)
	st := rolling.At(asOf)
	if got, ok := st.Pace(&w); !ok || got != want {
		t.Errorf("pace %v, %t; want %v", got, ok, want)
	}
	if n := len(others(st, &w)); n != 6 {
		t.Errorf("compared with %d waits, want 6", n)
	}
	if n := len(st.compared(&w).moves); n != 2 {
		t.Errorf("%d waits are told apart, want the wait itself and its twin", n)
	}
	if d := st.compared(&w); d.count()-len(d.own(nil, &w)) != 6 {
		t.Errorf("of %d waits %d are the wait itself, want all but 6", d.count(), len(d.own(nil, &w)))
	}
}

// BenchmarkRolling moves the windows of a busy organisation on by a minute.
func BenchmarkRolling(b *testing.B) {
	rules := testRules(b)
	traces := tracesByStory{}
	const stories, minute = 80_000, Instant(60_000)
	start := when(b, "Mon 09:00")
	asOf := start.Add(LongestWindow)
	rolling := NewRollingStatistics(rules, traces, asOf)
	for i := range int64(stories) {
		at := start + Instant(i)*Instant(LongestWindow.Milliseconds()/stories)
		t := &Trace{Verdict: Verdict{At: Never}, Home: Home{ProjectID: "1"}}
		for j := range int64(3) {
			from := at + Instant(j*i%7)*3_600_000
			to := from + Instant(j+i%11)*3_600_000
			s := Sample{StoryID: i, Kind: Question, ProjectID: "1", Owner: string(rune('a' + i%40)), Start: from, End: min(to, asOf), Response: true, Working: time.Duration(i%977) * time.Minute, Clock: []Span{{from, to}}}
			if to >= asOf {
				s.End, s.Response = Never, false
			}
			t.Samples = append(t.Samples, s)
			t.Stages = append(t.Stages, StageSpan{Span: Span{from, to}, ProjectID: "1", Owner: s.Owner, Stage: StageOwner})
		}
		rolling.Replace(i, nil, t)
		traces[i] = t
	}
	for b.Loop() {
		asOf += minute
		rolling.At(asOf)
	}
}
