package survival

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

// agesOf reads the ages of a published data set, in hours; a plus marks a censored one.
func agesOf(text string) []Sample {
	var out []Sample
	for _, f := range strings.Fields(text) {
		digits, censored := strings.CutSuffix(f, "+")
		n, err := strconv.Atoi(digits)
		if err != nil {
			panic(err)
		}
		out = append(out, began(time.Duration(n)*hour, !censored))
	}
	return out
}

// singly makes each sample a cluster.
func singly(samples []Sample) [][]Sample {
	var out [][]Sample
	for _, s := range samples {
		out = append(out, []Sample{s})
	}
	return out
}

// leukaemia is the 6-MP trial (Freireich and others 1963, as in Klein and
// Moeschberger, section 1.2).
func leukaemia() (sixMP, placebo []Sample) {
	return agesOf("6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"),
		agesOf("1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23")
}

// aml is the trial of maintenance chemotherapy (Embury and others 1977).
func aml() (maintained, not []Sample) {
	return agesOf("9 13 13+ 18 23 28+ 31 34 45+ 48 161+"), agesOf("5 5 8 8 12 16+ 23 27 30 33 43 45")
}

// lateEntry is an example with delayed entry.
func lateEntry() (with, without []Sample) {
	row := func(entry, exit float64, event bool) Sample {
		return Sample{Entry: time.Duration(entry * float64(hour)), Began: entry == 0, Age: time.Duration(exit * float64(hour)), Event: event}
	}
	return []Sample{row(0, 1, true), row(0, 2, true), row(0, 2.5, true), row(0, 3, true), row(3, 6, true), row(0, 4, false), row(0, 7, true), row(0, 5, true)},
		[]Sample{
			row(0, 3, true), row(0, 6, true), row(0, 8, true), row(12, 20, true), row(0, 11, false), row(0, 14, true), row(5, 16, true),
			row(0, 24, false), row(0, 30, false), row(0, 9, true),
		}
}

// near reports whether a number is right to the digits that the source gives.
func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %.10f, want %.10f", what, got, want)
	}
}

// TestPublishedComparisons has data sets of which the statistics are known: the chi
// squared and the medians from the literature, the other digits from R (survival 3.5)
// or from looking at every arrangement.
func TestPublishedComparisons(t *testing.T) {
	for _, tc := range []struct {
		name              string
		arms              func() (first, second []Sample)
		medians           [2]float64 // hours, as all that follows
		score             Score      // 0: not known
		chi2              float64
		tau               float64
		mean, se          [2]float64 // 0: not known
		difference, seOfD float64
		extreme, of       int // 0: not known
	}{
		{
			name: "6-MP", arms: leukaemia, medians: [2]float64{23, 8},
			score: Score{9, 19.25050095, 6.256960574}, chi2: 16.79294099,
			tau: 20, mean: [2]float64{16.11652661, 8.428571429}, se: [2]float64{1.251560196, 1.268082683}, difference: 7.687955182, seOfD: (11.18001296 - 4.195897403) / 2 / 1.959963985,
		},
		{
			name: "aml", arms: aml, medians: [2]float64{31, 23}, chi2: 3.396388699,
			tau: 40, difference: 6.967171717, seOfD: 5.17070963, extreme: 104_631, of: 1_352_078,
		},
		{
			name: "delayed entry", arms: lateEntry, medians: [2]float64{3, 14},
			score: Score{7, 2.771520146520, 1.738333087090}, chi2: 10.285739829768,
			tau: 16, mean: [2]float64{3.785714286, 11.421875}, difference: -7.636160714, seOfD: 1.839344197, extreme: 61, of: 43_758,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			first, second := tc.arms()
			l := Compare(singly(first), singly(second))
			score := l.Score()
			if tc.score != (Score{}) {
				near(t, "O", score.Observed, tc.score.Observed, 0)
				near(t, "E", score.Expected, tc.score.Expected, 1e-8)
				near(t, "V", score.Variance, tc.score.Variance, 1e-9)
			}
			near(t, "chi squared", score.ChiSquared(), tc.chi2, 1e-8)
			tau := time.Duration(tc.tau * float64(hour))
			var mean, se [2]float64
			for i, samples := range [][]Sample{first, second} {
				curve := New(samples)
				median, _ := curve.Quantile(0.5)
				near(t, "the median", median.Hours(), tc.medians[i], 0)
				m, s := curve.Mean(tau)
				mean[i], se[i] = m.Hours(), s.Hours()
				if tc.mean[i] != 0 {
					near(t, "the restricted mean", mean[i], tc.mean[i], 1e-8)
				}
				if tc.se[i] != 0 {
					near(t, "its standard error", se[i], tc.se[i], 1e-8)
				}
			}
			near(t, "the difference of means", mean[0]-mean[1], tc.difference, 1e-8)
			near(t, "its standard error", math.Hypot(se[0], se[1]), tc.seOfD, 1e-6)
			if tc.of > 0 {
				p := l.Permute(2_000_000, 0)
				if !p.Exact || p.Extreme != tc.extreme || p.Arrangements != tc.of {
					t.Errorf("%+v, want %d of %d", p, tc.extreme, tc.of)
				}
			}
			exact := l.Permute(2_000_000, 20_000)
			drawn := l.Permute(0, 20_000)
			if drawn.Exact || drawn.P < float64(1)/20_001 {
				t.Errorf("drawn: %+v", drawn)
			}
			if exact.Exact {
				spread := math.Sqrt(exact.P * (1 - exact.P) / 20_000)
				near(t, "p of 20,000 draws", drawn.P, exact.P, 5*spread+1e-4)
			}
		})
	}
}

func TestDelayedEntryCurve(t *testing.T) {
	_, without := lateEntry()
	want := []step{
		{3 * hour, .875, 1, 8},
		{6 * hour, .765625, 1, 8},
		{8 * hour, .65625, 1, 7},
		{9 * hour, .546875, 1, 6},
		{14 * hour, .4375, 1, 5},
		{16 * hour, .328125, 1, 4},
		{20 * hour, .21875, 1, 3},
	}
	got := New(without).steps
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		near(t, "S", got[i].after, want[i].after, 1e-12)
		got[i].after = want[i].after
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got[i], want[i])
		}
	}
}

func TestWatched(t *testing.T) {
	with, without := lateEntry()
	for _, tc := range []struct {
		name    string
		samples []Sample
		from    time.Duration
		least   int
		want    time.Duration
		ok      bool
	}{
		{"none", nil, 0, 1, 0, false},
		{"to the end of the last but two", agesOf("1 2 3 4 5"), 0, 3, 3 * hour, true},
		{"three that end together", agesOf("4 4 4"), 0, 3, 4 * hour, true},
		{"too few", agesOf("4 4"), 0, 3, 0, false},
		{"who enters takes the place of who ends", []Sample{began(2*hour, true), began(9*hour, true), late(hour, 5*hour, true)}, 0, 2, 5 * hour, true},
		{"at risk after the age of entry alone", []Sample{began(2*hour, true), began(9*hour, true), late(2*hour, 5*hour, true)}, 0, 2, 5 * hour, true},
		{"too late", []Sample{began(2*hour, true), began(9*hour, true), late(3*hour, 5*hour, true)}, 0, 2, 2 * hour, true},
		{"from an age on", agesOf("1 2 3 4 5"), 3 * hour, 1, 5 * hour, true},
		{"from an age on, too few", agesOf("1 2 3 4 5"), 3 * hour, 3, 0, false},
		{"with a delegate", with, 0, 3, 5 * hour, true},
		{"without", without, 0, 3, 20 * hour, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, ok := Watched(tc.samples, tc.from, tc.least); got != tc.want || ok != tc.ok {
				t.Errorf("%s %t, want %s %t", got, ok, tc.want, tc.ok)
			}
		})
	}
}

func TestRemaining(t *testing.T) {
	for _, tc := range []struct {
		name string
		age  time.Duration
		q    float64
		want time.Duration // hours
		ok   bool
	}{
		{"from the beginning it is the median", 0, 0.5, 5, true},
		{"half of the six that last for 4 hours", 4 * hour, 0.5, 3, true},
		{"half of an hour's age counts on from there", 4*hour + 30*time.Minute, 0.5, 2, true},
		{"all of them", 4 * hour, 1, 6, true},
		{"nobody lasted as long", 10 * hour, 0.5, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := New(agesOf("1 2 3 4 5 6 7 8 9 10")).Remaining(tc.age, tc.q)
			want := tc.want * hour
			if tc.age%hour != 0 {
				want += 30 * time.Minute
			}
			if got != want || ok != tc.ok {
				t.Errorf("%s %t, want %s %t", got, ok, want, tc.ok)
			}
		})
	}
}

func TestHolm(t *testing.T) {
	got := Holm([]float64{0.01, 0.04, 0.03, 0.005})
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		near(t, "the corrected p", got[i], want, 1e-12)
	}
	if got := Holm([]float64{0.9, 0.8}); got[0] != 1 || got[1] != 1 {
		t.Errorf("over 1: %v", got)
	}
	if len(Holm(nil)) != 0 {
		t.Error("something of nothing")
	}
}

// TestPercentiles holds the ranks of an interval's ends among 100 draws.
func TestPercentiles(t *testing.T) {
	var draws []float64
	for i := range 100 {
		draws = append(draws, float64(100-i))
	}
	for level, want := range map[float64]Interval{0.9: {5, 95}, 0.98: {1, 99}, 0.5: {25, 75}} {
		if got := Percentiles(draws, level); got != want {
			t.Errorf("at %v: %v, want %v", level, got, want)
		}
	}
}

// TestArmsThatCannotDiffer has no variance: the arms are never at risk at the same age.
func TestArmsThatCannotDiffer(t *testing.T) {
	if got := (Score{Observed: 2, Expected: 1}).ChiSquared(); got != 0 {
		t.Errorf("chi squared %v, want 0", got)
	}
}

// TestEveryArrangement looks at as many as the limit says, and at one more not.
func TestEveryArrangement(t *testing.T) {
	many := make([]Sample, 70)
	for i := range many {
		many[i] = began(time.Duration(i+1)*hour, true)
	}
	for _, arms := range [][2][]Sample{{many, many[:1]}, {many[:1], many}} { // 71 arrangements
		l := Compare(singly(arms[0]), singly(arms[1]))
		if p := l.Permute(71, 10); !p.Exact || p.Arrangements != 71 {
			t.Errorf("%d against %d: %+v, want all 71 arrangements", len(arms[0]), len(arms[1]), p)
		}
		if p := l.Permute(70, 10); p.Exact || p.Arrangements != 10 {
			t.Errorf("%d against %d: %+v, want 10 arrangements", len(arms[0]), len(arms[1]), p)
		}
	}
}
