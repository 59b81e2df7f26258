package measure

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/yourturn/yourturn/internal/latency"
)

// randomTrace draws a trace of story id.
func randomTrace(rt *rapid.T, id int64) latency.Trace {
	name := rapid.SampledFrom([]string{"", "po", "next", "1", "Ł"})
	instant := func() latency.Instant {
		return latency.Instant(rapid.OneOf(rapid.Int64Range(-5, 2_000_000_000_000), rapid.Just(int64(latency.Never))).Draw(rt, "instant"))
	}
	duration := func(name string) time.Duration {
		const most = int64(math.MaxInt64 / time.Millisecond)
		return time.Duration(rapid.Int64Range(-most, most).Draw(rt, name)) * time.Millisecond
	}
	span := func() latency.Span { return latency.Span{From: instant(), To: instant()} }
	t := latency.Trace{Verdict: latency.Verdict{At: instant(), ProjectID: name.Draw(rt, "project"), Owner: name.Draw(rt, "owner"), Accepted: rapid.Bool().Draw(rt, "accepted")}}
	key := rapid.SampledFrom([]string{"PAY-1", "", "WEB-100000"}).Draw(rt, "key")
	for range rapid.IntRange(0, 3).Draw(rt, "runs") {
		r := latency.Sample{
			StoryID: id, Story: key, Kind: latency.Question, ProjectID: name.Draw(rt, "project"), Owner: name.Draw(rt, "owner"), EndedBy: name.Draw(rt, "by"),
			Start: instant(), End: instant(), Response: rapid.Bool().Draw(rt, "response"), Working: duration("working"), Target: duration("target"),
		}
		for range rapid.IntRange(0, 3).Draw(rt, "spans") {
			r.Clock = append(r.Clock, span())
		}
		t.Samples = append(t.Samples, r)
	}
	for range rapid.IntRange(0, 3).Draw(rt, "stages") {
		t.Stages = append(t.Stages, latency.StageSpan{Stage: latency.StageOwner, ProjectID: name.Draw(rt, "project"), Owner: name.Draw(rt, "owner"), Span: span()})
	}
	return t
}

func TestTracesComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newTraces()
		want := map[int64]latency.Trace{}
		for id := range int64(rapid.IntRange(1, 5).Draw(rt, "stories")) {
			tr := randomTrace(rt, id)
			s.set(id, &tr)
			if !tr.Empty() {
				want[id] = tr
			}
		}
		got := map[int64]latency.Trace{}
		for id := range s.packed {
			s.reader.out = latency.Trace{} // what is returned is overwritten by the next
			got[id] = *s.Trace(id)
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			rt.Fatalf("traces (-want +got):\n%s", d)
		}
		n := 0
		for range s.each() {
			n++
		}
		if n != len(want) {
			rt.Fatalf("%d of %d traces", n, len(want))
		}
	})
}
