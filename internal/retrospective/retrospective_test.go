package retrospective

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/latency"
)

const hour = time.Hour

// spread are n stories whose waits begin evenly between two days and take 1, 2, … n
// times so many hours.
func spread(first int64, n, from, to int, hours float64) []*tale {
	var out []*tale
	for i := range n {
		start := day(from).Add(time.Duration(i) * time.Duration(to-from) * 24 * hour / time.Duration(n+2))
		out = append(out, waited(first+int64(i), start, hours*float64(i+1)))
	}
	return out
}

// acceptance returns what is told of PAY's acceptance waits.
func acceptance(t testing.TB, r *Report) Waits {
	t.Helper()
	if len(r.Projects) != 1 || r.Projects[0].Waits[0].Kind != latency.Acceptance {
		t.Fatalf("%+v", r.Projects)
	}
	return r.Projects[0].Waits[0]
}

func TestChange(t *testing.T) {
	opts := Options{Range: days(28, 42), Before: []Range{days(14, 28), days(0, 14)}}
	for _, tc := range []struct {
		name   string
		tales  [][]*tale
		want   Direction
		median float64 // hours, of the range
		before float64
	}{
		{"half as long", [][]*tale{spread(1, 24, 0, 28, 2), spread(101, 12, 28, 42, 1)}, Sooner, 6, 24},
		{"four times as long", [][]*tale{spread(1, 24, 0, 28, 0.5), spread(101, 12, 28, 42, 4)}, Later, 24, 6},
		{"as long", [][]*tale{spread(1, 12, 0, 28, 1), spread(101, 12, 28, 42, 1)}, NotShown, 6, 6},
		{"too few", [][]*tale{spread(1, 24, 0, 28, 2), spread(101, 9, 28, 42, 1)}, Unclear, 5, 24},
		{"too few before", [][]*tale{spread(1, 9, 0, 28, 2), spread(101, 24, 28, 42, 0.25)}, Unclear, 3, 10},
		{"nothing before", [][]*tale{spread(101, 12, 28, 42, 1)}, Unmatched, 6, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var tales []*tale
			for _, list := range tc.tales {
				tales = append(tales, list...)
			}
			w := acceptance(t, made(t, rulesFor(t), opts, tales...))
			if w.Change.Direction != tc.want {
				t.Errorf("%s, want %s: %+v", w.Change.Direction, tc.want, w.Change)
			}
			if got := w.Cells[0].Median.Hours(); got != tc.median {
				t.Errorf("the median is %v h, want %v", got, tc.median)
			}
			if got := w.Change.Before; got.Reached != (tc.before >= 0) || got.Reached && got.Hours() != tc.before {
				t.Errorf("the median before is %v h, want %v", got.Hours(), tc.before)
			}
		})
	}
}

// TestCells counts waits that begin, run and end on either side of a range.
func TestCells(t *testing.T) {
	opts := Options{Range: days(14, 28), Before: []Range{days(0, 14)}}
	w := acceptance(t, made(t, rulesFor(t), opts,
		waited(1, day(13), 48),   // ends in the range, past its target of before it
		waited(2, day(20), 4),    // begins and ends in it
		waited(3, day(27, 1), 0), // open
		waited(4, day(27, 2), 48),
		waited(5, day(5), 2),
		waited(6, day(40), 2),
		story(7, day(14)).move(day(15), "dev", "PO Review").move(day(15, 6), "dev", "In Progress"), // pulled back
	))
	want := Cell{
		Begun: 4, Outcomes: map[latency.Outcome]int{latency.Accepted: 2, latency.Recalled: 1}, Responded: 2, Open: 2, Censored: 1, Met: 1, Breached: 2,
		Median: Length{48 * hour, true}, FirstPass: latency.FirstPass{Accepted: 2, Stories: 2},
	}
	got := w.Cells[0]
	got.Interval, got.P85Within, want.P85 = Interval{}, Interval{}, got.P85
	if d := cmp.Diff(want, got, cmp.AllowUnexported(Cell{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if before := w.Cells[1]; before.Begun != 2 || before.Responded != 1 || before.Open != 1 || before.Breached != 1 {
		t.Errorf("before: %+v", before)
	}
}

func TestLongest(t *testing.T) {
	rules := rulesFor(t)
	rules.Projects["1"].Terms = []latency.Term{{Person: "po", Span: latency.Span{From: latency.Always.From, To: day(20)}}, {Person: "next", Span: latency.Span{From: day(20), To: latency.Never}}}
	r := made(t, rules, Options{Range: days(14, 28), Longest: 2}, waited(1, day(1), 0), waited(2, day(18), 96), waited(3, day(27), 5), waited(4, day(2), 24), waited(5, day(20, 1), 0))
	type line struct {
		Story, Owner  string
		Within, Age   float64
		Open          bool
		Forgotten     bool
		Outcome       latency.Outcome
		Targets       float64
		First, Second latency.Rule
	}
	lines := func(list []Waited) (out []line) {
		for _, w := range list {
			l := line{w.Story, w.Owner, w.Within.Hours(), w.Age.Hours(), w.End == Instant(latency.Never), w.Forgotten, w.Outcome, w.Targets, w.Steps[0].Rule, ""}
			if len(w.Steps) > 1 {
				l.Second = w.Steps[1].Rule
			}
			out = append(out, l)
		}
		return out
	}
	forgotten := line{"PAY-1", "next", 14 * 24, 27 * 24, true, true, "", 81, latency.EnteredAcceptance, latency.Handed}
	first := line{"PAY-5", "next", 191, 191, true, false, "", 23.875, latency.EnteredAcceptance, ""}
	want := []line{first, {"PAY-2", "next", 96, 96, false, false, latency.Accepted, 12, latency.EnteredAcceptance, latency.Handed}}
	if d := cmp.Diff(want, lines(r.Longest)); d != "" {
		t.Errorf("the longest (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]line{forgotten, first}, lines(r.Open)); d != "" {
		t.Errorf("open (-want +got):\n%s", d)
	}
}

// TestStandIn compares waits that took 2, 4, … hours with a stand-in with those that
// took ten times as long without.
func TestStandIn(t *testing.T) {
	rules := rulesFor(t)
	rules.Owners["po"].Absences = []latency.Span{{From: day(100), To: day(120)}}
	rules.Delegates = []latency.Delegation{{Owner: "po", Delegate: "eve", Span: latency.Span{From: day(100), To: day(120)}}}
	tales := append(spread(1, 10, 60, 95, 20), spread(101, 10, 100, 115, 2)...)
	tales = append(tales, waited(201, day(98), 120)) // the stand-in came meanwhile
	opts := Options{Range: days(106, 120), PerOwner: true, DataTimestamp: day(121)}
	r := made(t, rules, opts, tales...)
	if len(r.Delegations) != 1 {
		t.Fatalf("%+v", r.Delegations)
	}
	got := r.Delegations[0]
	if got.With.Began != 10 || got.With.Ended != 10 || got.With.Median.Hours() != 10 || got.Without.Began != 11 || got.Without.Ended != 10 || got.Without.Censored != 1 || got.Without.Median.Hours() != 120 {
		t.Errorf("arms %+v and %+v", got.With, got.Without)
	}
	if !got.Compared || got.Median.Hours() != -110 || got.MedianInterval.High.Duration >= 0 || got.Power != 29 {
		t.Errorf("%+v", got)
	}
	// Means are compared up to twice the target of 8 hours.
	if got.Horizon.Hours() != 16 || math.Abs(got.Mean.Hours()-(mean(2, 16)-16)) > 1e-9 {
		t.Errorf("means differ by %v h up to %v h, want %v", got.Mean.Hours(), got.Horizon.Hours(), mean(2, 16)-16)
	}
	if got.P > 0.001 || got.PWeeks < got.P || got.Corrected < got.PWeeks {
		t.Errorf("p %v, of weeks %v, corrected %v", got.P, got.PWeeks, got.Corrected)
	}

	few := made(t, rules, opts, append(spread(1, 10, 60, 95, 20), spread(101, 4, 100, 115, 2)...)...).Delegations[0]
	if few.Compared || strings.Join(few.With.Waits, " ") != "PAY-101 PAY-102 PAY-103 PAY-104" || few.Without.Waits != nil {
		t.Errorf("too few: %+v", few)
	}
	if opts.PerOwner = false; len(made(t, rules, opts, tales...).Delegations) > 0 {
		t.Error("an owner is compared though no statistic of one is wanted")
	}
}

// mean returns the mean of 1 to 10 times step hours, none over tau.
func mean(step, tau float64) (sum float64) {
	for i := range 10 {
		sum += min(step*float64(i+1), tau) / 10
	}
	return sum
}

func TestSaving(t *testing.T) {
	rules := rulesFor(t)
	rules.Owners["po"].Absences = []latency.Span{{From: day(6), To: day(7)}}
	// Ten waits of 4, 8, … 40 hours; three are at risk up to 32. One stood for a day.
	tales := append(spread(1, 10, 14, 26, 4), waited(50, day(5), 0))
	r := made(t, rules, Options{Range: days(14, 28)}, tales[:10]...)
	if len(r.WhatIf) != 1 {
		t.Fatalf("%+v", r.WhatIf)
	}
	s := r.WhatIf[0]
	want := mean(4, 32) - mean(4, 8)
	if !s.Told || s.Horizon.Hours() != 32 || math.Abs(s.PerWait.Hours()-want) > 1e-9 || s.Begun != 10 || math.Abs(s.Total.Hours()-10*want) > 1e-6 {
		t.Errorf("%+v, want %v h a wait up to 32 h", s, want)
	}
	if s.Interval.Low.Duration > s.PerWait.Duration || s.Interval.High.Duration < s.PerWait.Duration {
		t.Errorf("the interval %+v does not hold %v", s.Interval, s.PerWait)
	}
	if s.Past != 8 || s.Ran != 10 {
		t.Errorf("the saving rests on %d of %d waits, want 8 of 10", s.Past, s.Ran)
	}
	// No question was asked: what the target of acceptance saves is all there is.
	if len(r.CycleTime) != 1 || r.CycleTime[0].Low != s.Total || r.CycleTime[0].High != s.Total || r.CycleTime[0].Lows != s.Totals || r.CycleTime[0].Hours != r.Projects[0].Share[0].Hours {
		t.Errorf("for cycle time %+v, want %+v", r.CycleTime, s.Total)
	}
	// Two waits past the target tell too little of what it saves, in which no bound lies.
	asked := story(70, day(15)).ask(day(16), 30)
	if late := made(t, rules, Options{Range: days(14, 28)}, append(tales[:10:10], asked)...).CycleTime; len(late) != 1 || late[0].Low != s.Total || late[0].High.Reached {
		t.Errorf("with a question past its target: %+v, want no upper bound", late)
	}
	if r := made(t, rules, Options{Range: days(14, 28)}, spread(1, 10, 14, 26, 0.5)...); len(r.WhatIf) != 0 || len(r.CycleTime) != 0 {
		t.Errorf("all within the target, and still %+v", r.WhatIf)
	}
	if away := made(t, rules, Options{Range: days(0, 14)}, tales[10]).WhatIf[0]; away.Told || away.Absent.Hours() != 24 {
		t.Errorf("stood for a day: %+v", away)
	}
}

// TestSameReport shuffles the histories.
func TestSameReport(t *testing.T) {
	rules := rulesFor(t)
	rules.Delegates = []latency.Delegation{{Owner: "po", Delegate: "eve", Span: latency.Span{From: day(14), To: day(20)}}}
	tales := append(spread(1, 20, 0, 28, 2), spread(101, 12, 28, 42, 1)...)
	opts := Options{Range: days(28, 42), Before: []Range{days(14, 28), days(0, 14)}, PerOwner: true}
	text := func(tales []*tale) string {
		opts.Workers = 3 - opts.Workers // one, and several
		out, err := json.Marshal(made(t, rules, opts, tales...))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	want := text(tales)
	random := rand.New(rand.NewPCG(1, 1))
	for range 10 {
		random.Shuffle(len(tales), func(i, j int) { tales[i], tales[j] = tales[j], tales[i] })
		if got := text(tales); got != want {
			t.Fatalf("(-want +got):\n%s", cmp.Diff(want, got))
		}
	}
}

func TestPower(t *testing.T) {
	for _, tc := range []struct{ with, without, want int }{{8, 8, 24}, {7, 7, 0}, {8, 100, 29}, {20, 20, 53}, {1000, 1000, 71}} {
		if got := power(tc.with, tc.without); got != tc.want {
			t.Errorf("%d and %d: %d, want %d", tc.with, tc.without, got, tc.want)
		}
	}
}
