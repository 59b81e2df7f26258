package latency

import (
	"testing"

	"pgregory.net/rapid"
)

// TestDriftIsWorkingTime compares the drift of many stretches, whose window moves on,
// with their working time in the window, one by one.
func TestDriftIsWorkingTime(t *testing.T) {
	rules := testRules(t)
	p := rules.Projects["1"]
	begin := when(t, "Mon 00:00")
	rapid.Check(t, func(rt *rapid.T) {
		day := int64(24 * 3_600_000)
		from := begin + Instant(rapid.Int64Range(0, 20*day).Draw(rt, "from"))
		to := from + Instant(rapid.Int64Range(1, 20*day).Draw(rt, "length"))
		sums := map[int]drift{}
		var want Milliseconds
		for range rapid.IntRange(0, 5).Draw(rt, "stretches") {
			s := Span{From: begin + Instant(rapid.Int64Range(0, 20*day).Draw(rt, "begins"))}
			s.To = s.From + Instant(rapid.Int64Range(0, 10*day).Draw(rt, "lasts"))
			if rapid.Bool().Draw(rt, "open") {
				s.To = Never
			}
			if s.From >= to || s.To <= from || s.To > to && s.To != Never {
				continue
			}
			addDrift(sums, 0, driftOf(p, s, from), 1)
			want += MillisecondsOf(p.Calendar.Working(max(s.From, from), min(s.To, to)))
			addDrift(sums, 1, driftOf(p, s, from), 1)
			addDrift(sums, 1, driftOf(p, s, from), -1)
		}
		if got := sums[0].at(p.clockOf(from), p.clockOf(to)); got != want {
			rt.Fatalf("%d ms, want %d", got, want)
		}
		if d, ok := sums[1]; ok {
			rt.Fatalf("what was taken out again leaves %+v", d)
		}
	})
}

// TestAStoryLeavesWithItsLastWorkingHour moves the beginning of the shortest window over
// a stretch that goes on after hours.
func TestAStoryLeavesWithItsLastWorkingHour(t *testing.T) {
	rules := testRules(t)
	stretch := Span{when(t, "Fri 16:00"), when(t, "7 Mar 12:00")}
	traces := tracesByStory{1: {Verdict: Verdict{At: Never}, Stages: []StageSpan{{Span: stretch, ProjectID: "1", Owner: "po", Stage: StageTest}}}}
	rolling := NewRollingStatistics(rules, traces, stretch.To)
	rolling.Replace(1, nil, traces[1])
	for at, want := range map[string]int{"Fri 15:00": 1, "Fri 16:30": 1, "Fri 17:00": 0, "7 Mar 11:00": 0, "8 Mar 11:00": 0} {
		asOf := when(t, at) + Instant(7*24*3_600_000)
		got := rolling.At(asOf) // in any order: time may go back
		if n := got.Stories[ProjectWindow{"PAY", "7d"}]; n != want {
			t.Errorf("from %s on: %d stories, want %d", at, n, want)
		}
	}
	asOf := when(t, "Fri 16:30") + Instant(7*24*3_600_000)
	rolling.At(asOf)
	if n := rolling.At(asOf + 1_800_000).Stories[ProjectWindow{"PAY", "7d"}]; n != 0 {
		t.Errorf("half an hour later: %d stories, want 0", n)
	}
}
