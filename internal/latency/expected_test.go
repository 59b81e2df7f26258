package latency

import (
	"slices"
	"testing"
	"time"
)

// TestExpectedAnswer has an owner who answered n questions after 1, 2, … n hours.
func TestExpectedAnswer(t *testing.T) {
	hours := func(n float64) time.Duration { return time.Duration(n * float64(time.Hour)) }
	asOf := "Mon 10:00" // office hours are from 9 to 17
	for _, tc := range []struct {
		name       string
		answered   int
		open       int     // that still run, at 30 hours
		age        float64 // hours
		paused     bool
		away       [2]string
		half, most Forecast
		twin       bool // of the wait itself, which was answered
		none       bool
	}{
		{name: "of ten, at first", answered: 10, half: Forecast{Within: hours(5), At: when(t, "Mon 15:00")}, most: Forecast{Within: hours(8), Later: true, At: when(t, "Tue 10:00")}},
		{name: "nine are too few", answered: 9, none: true},
		{name: "the wait's own answer is none of ten", answered: 9, twin: true, none: true},
		{name: "of fourteen: as long as three have lasted", answered: 14, half: Forecast{Within: hours(7), At: when(t, "Mon 17:00")}, most: Forecast{Within: hours(12), At: when(t, "Tue 14:00")}},
		{name: "of twenty", answered: 20, half: Forecast{Within: hours(10), At: when(t, "Tue 12:00")}, most: Forecast{Within: hours(17), At: when(t, "Wed 11:00")}},
		{name: "of those that lasted as long", answered: 20, age: 10, half: Forecast{Within: hours(5), At: when(t, "Mon 15:00")}, most: Forecast{Within: hours(8), Later: true, At: when(t, "Tue 10:00")}},
		{name: "too few lasted as long", answered: 20, age: 18, none: true},
		{name: "open ones have lasted too", answered: 20, open: 3, age: 18, half: Forecast{Within: hours(12), Later: true, At: when(t, "Tue 14:00")}, most: Forecast{Within: hours(12), Later: true, At: when(t, "Tue 14:00")}},
		{name: "paused", answered: 20, paused: true, half: Forecast{Within: hours(10), At: Never}, most: Forecast{Within: hours(17), At: Never}},
		{name: "away until Thursday", answered: 20, away: [2]string{"Mon 12:00", "Thu 00:00"}, half: Forecast{Within: hours(10), At: when(t, "Thu 17:00")}, most: Forecast{Within: hours(17), At: when(t, "Fri 16:00")}},
		{name: "away from that very instant on", answered: 10, away: [2]string{"Mon 15:00", "Thu 00:00"}, half: Forecast{Within: hours(5), At: when(t, "Mon 15:00")}, most: Forecast{Within: hours(8), Later: true, At: when(t, "Thu 12:00")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			if tc.away[0] != "" {
				rules.Owners["po"].Absences = []Span{{when(t, tc.away[0]), when(t, tc.away[1])}}
			}
			now := when(t, asOf)
			var samples []Sample
			for i := range tc.answered + tc.open {
				s := Sample{StoryID: int64(i), Kind: Question, ProjectID: "1", Owner: "po", Start: now - 1_000_000, End: now - 1000, Response: true, Working: hours(float64(i + 1))}
				if i >= tc.answered {
					s.End, s.Response, s.Working = Never, false, hours(30)
				}
				samples = append(samples, s)
			}
			w := Part{Wait: Wait{StoryID: 99, Kind: Question}, ProjectID: "1", Owner: "po", Start: now - 500, End: Never, Working: hours(tc.age), PausedNow: tc.paused}
			// The wait itself says nothing of itself, nor do another owner's.
			own := Sample{StoryID: 99, Kind: Question, ProjectID: "1", Owner: "po", Start: w.Start, End: Never, Working: w.Working}
			if tc.twin {
				twin := own
				twin.End, twin.Response = now-100, true
				samples = append(samples, twin)
			}
			other := Sample{StoryID: 98, Kind: Question, ProjectID: "1", Owner: "next", Start: now - 1_000_000, End: now - 1000, Response: true, Working: hours(1)}
			tr := Trace{Verdict: Verdict{At: Never}, Samples: append(samples, own, other)}
			st := NewStatistics(rules, Rolling(now), slices.Values([]*Trace{&tr}))
			got, ok := st.Expect(NewDeriver(rules, nil), &w, now)
			if want := (ExpectedAnswer{Half: tc.half, Most: tc.most, Stands: tc.paused}); ok == tc.none || ok && got != want {
				t.Errorf("%+v %t, want %+v %t", got, ok, want, !tc.none)
			}
		})
	}
}
