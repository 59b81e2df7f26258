package dashboards

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// TestDelegationsBeginAndEnd holds that the marks of delegations begin and end where
// these do, to three hours, and that one that goes on reaches the end of the range.
func TestDelegationsBeginAndEnd(t *testing.T) {
	const most = 3 * time.Hour
	end := pastBegins.AddDate(0, 0, 85).Add(15 * time.Hour)
	s := startOnPast(t, past{from: pastBegins, to: end.Add(time.Hour), step: time.Hour, labels: `job="yourturn",instance="a"`})
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	marked := 0
	for _, f := range files {
		var b struct {
			Annotations struct {
				List []struct{ Name, Expr, Step string }
			}
		}
		if err := json.Unmarshal(f.JSON, &b); err != nil {
			t.Fatal(err)
		}
		for _, a := range b.Annotations.List {
			if a.Name != "Delegations" {
				continue
			}
			step := duration(t, a.Step)
			if step > most || step < stepOf(90*24*time.Hour, columns*800/1400, 0, 0) {
				t.Errorf("%s: the step of %s is %s", f.Name, a.Name, step)
			}
			// A delegation lasts 15 days of 40, see pastFamilies.
			day := func(n int) time.Time { return pastBegins.AddDate(0, 0, n) }
			want := [][2]time.Time{{day(0), day(15)}, {day(40), day(55)}, {day(80), end}}
			for _, series := range s.Course(t, choice{"owner": "ada"}.fill(a.Expr, 0, step), pastBegins, end, step) {
				marked++
				var at []int64
				for when, v := range series.Values {
					if v > 0 {
						at = append(at, when)
					}
				}
				slices.Sort(at)
				var spans [][2]time.Time
				for _, when := range at {
					if n := len(spans); n > 0 && spans[n-1][1].Unix()+int64(step.Seconds()) >= when {
						spans[n-1][1] = time.Unix(when, 0)
						continue
					}
					spans = append(spans, [2]time.Time{time.Unix(when, 0), time.Unix(when, 0)})
				}
				if len(spans) != len(want) {
					t.Fatalf("there are %d spans, want %d: %v", len(spans), len(want), spans)
				}
				for i, span := range spans {
					if late, early := span[0].Sub(want[i][0]), want[i][1].Sub(span[1]); late < 0 || late > most || early < 0 || early > most {
						t.Errorf("a span goes from %s to %s, want from %s to %s", span[0].UTC(), span[1].UTC(), want[i][0], want[i][1])
					}
				}
			}
		}
	}
	if marked != 1 {
		t.Errorf("%d delegations are marked, want one", marked)
	}
}
