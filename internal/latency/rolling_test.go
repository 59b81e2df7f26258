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

// sameStatistics compares statistics wholly. Samples have no order, and may have settled or not.
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
	if p == nil || ended < fewestEnded || !atRisk {
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
