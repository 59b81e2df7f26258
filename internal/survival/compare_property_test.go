package survival

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestArmsHaveNoOrder exchanges the arms: the statistic and the exact p stay.
func TestArmsHaveNoOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		some := rapid.SliceOfN(someSamples(), 0, 5)
		first, second := some.Draw(rt, "first"), some.Draw(rt, "second")
		l, other := Compare(first, second), Compare(second, first)
		a, b := l.Score(), other.Score()
		if math.Abs(a.ChiSquared()-b.ChiSquared()) > 1e-9*(1+a.ChiSquared()) || math.Abs(a.Variance-b.Variance) > 1e-9 {
			rt.Fatalf("%+v and %+v", a, b)
		}
		if a, b := l.Permute(1000, 0), other.Permute(1000, 0); a != b {
			rt.Fatalf("%+v and %+v", a, b)
		}
	})
}

// TestComparedTimesScale multiplies all ages: only what is a time changes.
func TestComparedTimesScale(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		samples := someSamples().Draw(rt, "samples")
		factor := ages(1, 1000).Draw(rt, "factor")
		scaled := slices.Clone(samples)
		for i := range scaled {
			scaled[i].Entry *= factor
			scaled[i].Age *= factor
		}
		half := len(samples) / 2
		compared := func(s []Sample) Permuted { return Compare(singly(s[:half]), singly(s[half:])).Permute(1000, 50) }
		if a, b := compared(samples), compared(scaled); a != b {
			rt.Fatalf("%+v and %+v", a, b)
		}
		tau := ages(0, 30).Draw(rt, "tau")
		mean, se := New(samples).Mean(tau)
		scaledMean, scaledSE := New(scaled).Mean(tau * factor)
		for _, d := range []time.Duration{scaledMean - mean*factor, scaledSE - se*factor} {
			if d > factor || -d > factor { // the rounding to a nanosecond
				rt.Fatalf("%d %d, and %d %d at %d times", mean, se, scaledMean, scaledSE, factor)
			}
		}
	})
}

// TestMeanOfWholeSamples has nothing censored: the restricted mean is the plain one of
// min(age, tau), and its standard error that of a sample over the root of its size.
func TestMeanOfWholeSamples(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := rapid.SliceOfN(ages(0, 50), 1, 40).Draw(rt, "ages")
		tau := ages(0, 60).Draw(rt, "tau")
		var samples []Sample
		var sum, squares float64
		for _, age := range list {
			samples = append(samples, began(age*hour, true))
			v := float64(min(age, tau))
			sum, squares = sum+v, squares+v*v
		}
		n := float64(len(list))
		mean, se := New(samples).Mean(tau * hour)
		if math.Abs(mean.Hours()-sum/n) > 1e-9 {
			rt.Fatalf("the mean is %v, want %v", mean.Hours(), sum/n)
		}
		if want := math.Sqrt(max(squares/n-sum/n*(sum/n), 0) / n); math.Abs(se.Hours()-want) > 1e-6 {
			rt.Fatalf("the standard error is %v, want %v", se.Hours(), want)
		}
	})
}

// TestRemainingFromTheBeginning is the quantile.
func TestRemainingFromTheBeginning(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c, q := New(someSamples().Draw(rt, "samples")), share().Filter(func(q float64) bool { return q > 0 }).Draw(rt, "q")
		if c.Survival(0) != 1 {
			rt.Skip() // some ended at once
		}
		a, ok := c.Quantile(q)
		b, okToo := c.Remaining(0, q)
		if a != b || ok != okToo {
			rt.Fatalf("%d %t and %d %t", a, ok, b, okToo)
		}
	})
}

// TestWatchedByTheDefinition looks at every age.
func TestWatchedByTheDefinition(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		samples := someSamples().Draw(rt, "samples")
		from, least := ages(0, 25).Draw(rt, "from"), rapid.IntRange(1, 5).Draw(rt, "least")
		atRisk := func(age time.Duration) (n int) {
			for _, s := range samples {
				if (s.Began || s.Entry < age) && s.Age >= age {
					n++
				}
			}
			return n
		}
		var last time.Duration
		for _, s := range samples {
			if s.Age > last {
				last = s.Age
			}
		}
		if last > 1000 {
			rt.Skip() // every age is looked at
		}
		want := from
		for want < last && atRisk(want+1) >= least {
			want++
		}
		var began, others []Sample
		for _, s := range samples {
			if s.Began && rapid.Bool().Draw(rt, "in ages") {
				began = append(began, s)
			} else {
				others = append(others, s)
			}
		}
		got, ok := Ages{}.With(began, nil).Watched(others, from, least)
		if ok != (want > from) || ok && got != want {
			rt.Fatalf("%d %t, want %d", got, ok, want)
		}
	})
}

// simulated draws an arm of waits as they are in practice: lognormal with a median of
// 6 hours, a fifth of them old when watching began, a quarter exposed to censoring.
func simulated(r *rand.Rand, n int, factor float64) []Sample {
	var out []Sample
	for len(out) < n {
		age := time.Duration(factor * 6 * math.Exp(1.2*r.NormFloat64()) * float64(hour))
		s := Sample{Began: r.Float64() >= 0.2, Age: age, Event: true}
		if !s.Began {
			s.Entry = time.Duration(r.Float64() * 12 * float64(hour))
		}
		if r.Float64() < 0.25 {
			if censored := time.Duration(r.ExpFloat64() * 20 * float64(hour)); censored < age {
				s.Age, s.Event = censored, false
			}
		}
		if s.watched() {
			out = append(out, s)
		}
	}
	return out
}

// rejected returns the share of 2,000 simulated data sets of which the test says p <= 5 %.
func rejected(arms func(r *rand.Rand) (first, second [][]Sample)) float64 {
	r := rand.New(rand.NewPCG(7, 7))
	const sets, draws = 2000, 199
	n := 0
	for range sets {
		if first, second := arms(r); Compare(first, second).Permute(0, draws).P <= 0.05 {
			n++
		}
	}
	return float64(n) / sets
}

// TestCalibration has arms that do not differ: a test at 5 % rejects about as many.
func TestCalibration(t *testing.T) {
	got := rejected(func(r *rand.Rand) (first, second [][]Sample) {
		return singly(simulated(r, 20, 1)), singly(simulated(r, 20, 1))
	})
	t.Logf("a true null is rejected in %.1f %%", 100*got)
	if got < 0.035 || got > 0.065 {
		t.Errorf("a true null is rejected in %.1f %%, want 3.5 to 6.5", 100*got)
	}
}

// spells draws half a year in which arms come in spells of one to three weeks, and
// weeks have an effect of their own, but the arm has none. Each week is a cluster.
func spells(r *rand.Rand) (arms [2][][]Sample) {
	arm := r.IntN(2)
	for week := 0; week < 26; {
		for range 1 + r.IntN(3) {
			effect := math.Exp(0.8 * r.NormFloat64())
			arms[arm] = append(arms[arm], simulated(r, 1+r.IntN(3), effect))
			week++
		}
		arm = 1 - arm
	}
	return arms
}

// TestCalibrationOfWeeks permutes whole weeks, and shows why: the waits one by one
// reject a true null far too often.
func TestCalibrationOfWeeks(t *testing.T) {
	whole := rejected(func(r *rand.Rand) (first, second [][]Sample) { a := spells(r); return a[0], a[1] })
	single := rejected(func(r *rand.Rand) (first, second [][]Sample) {
		a := spells(r)
		return singly(slices.Concat(a[0]...)), singly(slices.Concat(a[1]...))
	})
	t.Logf("with an effect of weeks a true null is rejected in %.1f %%; were waits permuted one by one, in %.1f %%", 100*whole, 100*single)
	if whole > 0.08 {
		t.Errorf("a true null is rejected in %.1f %%, want at most 8", 100*whole)
	}
	if single <= whole {
		t.Errorf("the waits one by one reject in %.1f %%, weeks in %.1f %%: weeks have no effect here", 100*single, 100*whole)
	}
}

// TestPower has one arm 60 % shorter; the figures are those that the report publishes.
func TestPower(t *testing.T) {
	for _, tc := range []struct {
		n    int
		want float64
	}{{8, .24}, {10, .29}, {15, .41}, {20, .53}, {30, .71}} {
		got := rejected(func(r *rand.Rand) (first, second [][]Sample) {
			return singly(simulated(r, tc.n, 0.4)), singly(simulated(r, tc.n, 1))
		})
		t.Logf("%d in each arm: %.0f %%, published %.0f %%", tc.n, 100*got, 100*tc.want)
		if math.Abs(got-tc.want) > 0.04 {
			t.Errorf("%d in each arm: the power is %.0f %%, want %.0f", tc.n, 100*got, 100*tc.want)
		}
	}
}

// TestBootstrapCovers counts how often the interval of a median holds the true one.
func TestBootstrapCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	const sets = 400
	n := 0
	for range sets {
		in := Percentiles(Draws(singly(simulated(r, 30, 1)), 300, 0, half)[0], 0.95)
		if in.Low <= 6 && 6 <= in.High {
			n++
		}
	}
	share := float64(n) / sets
	t.Logf("the interval holds the median in %.1f %%", 100*share)
	if share < 0.91 || share > 0.99 {
		t.Errorf("the interval holds the median in %.1f %%, want about 95", 100*share)
	}
}

// half returns the median in hours.
func half(c *Curve) float64 {
	age, ok := c.Quantile(0.5)
	if !ok {
		return math.Inf(1)
	}
	return age.Hours()
}

func TestDrawsAreTheSameEachTime(t *testing.T) {
	first, _ := leukaemia()
	unsure := func(c *Curve) float64 {
		if h := half(c); h > 20 && !math.IsInf(h, 1) {
			return h
		}
		return math.NaN()
	}
	interval := func(stream uint64) Interval {
		return Percentiles(Draws(singly(first), 2000, stream, unsure)[0], 0.95)
	}
	if a, b := interval(1), interval(1); a != b {
		t.Errorf("%v and %v", a, b)
	}
	if a := interval(1); !math.IsInf(a.Low, -1) || !math.IsInf(a.High, 1) {
		t.Errorf("draws that say nothing leave %v", a)
	}
	if a, b := Draws(singly(first), 50, 1, half), Draws(singly(first), 50, 2, half); slices.Equal(a[0], b[0]) {
		t.Error("two streams draw alike")
	}
}

// TestDrawsAreCurves draws as the definition says, sample by sample, and compares.
func TestDrawsAreCurves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clusters := rapid.SliceOfN(someSamples(), 0, 5).Draw(t, "clusters")
		const draws, stream = 30, 3
		at := func(c *Curve) float64 {
			age, ok := c.Quantile(0.85)
			return float64(age) + 1000*map[bool]float64{true: 1}[ok]
		}
		random := rand.New(rand.NewPCG(seed, stream))
		var want, got []float64
		for range draws {
			var drawn []Sample
			var bits uint64
			for k := range clusters {
				if k%2 == 0 {
					bits = random.Uint64()
				}
				drawn = append(drawn, clusters[uint64(uint32(bits))*uint64(len(clusters))>>32]...)
				bits >>= 32
			}
			mean, sd := New(drawn).Mean(20)
			want = append(want, float64(mean), float64(sd), New(drawn).Survival(7), at(New(drawn)))
		}
		Draws(clusters, draws, stream, func(c *Curve) float64 {
			mean, sd := c.Mean(20)
			got = append(got, float64(mean), float64(sd), c.Survival(7), at(c))
			return 0
		})
		if !slices.EqualFunc(want, got, func(a, b float64) bool { return math.Abs(a-b) <= 1 && (a > 1 || b > 1 || math.Abs(a-b) < 1e-12) }) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
