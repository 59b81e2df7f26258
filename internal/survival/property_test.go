package survival

import (
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// fall is a step in exact arithmetic.
type fall struct {
	age time.Duration
	s   *big.Rat
}

// exact estimates S by the definition: for each age, it looks at every sample.
func exact(samples []Sample) []fall {
	ages := map[time.Duration]bool{}
	for _, s := range samples {
		if s.Event && (s.Began || s.Entry < s.Age) {
			ages[s.Age] = true
		}
	}
	var list []fall
	surviving := big.NewRat(1, 1)
	for _, age := range sortedKeys(ages) {
		var events, atRisk int64
		for _, s := range samples {
			if (s.Began || s.Entry < age) && s.Age >= age {
				atRisk++
				if s.Age == age && s.Event {
					events++
				}
			}
		}
		surviving = new(big.Rat).Mul(surviving, big.NewRat(atRisk-events, atRisk))
		list = append(list, fall{age, surviving})
	}
	return list
}

func sortedKeys(set map[time.Duration]bool) []time.Duration {
	var keys []time.Duration
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// differs returns how a curve is not what exact arithmetic gives, or "".
func differs(c *Curve, want []fall) string {
	if len(c.steps) != len(want) {
		return "another number of steps"
	}
	for i, w := range want {
		s, _ := w.s.Float64()
		switch {
		case c.steps[i].age != w.age:
			return "a step at another age"
		case math.Abs(c.steps[i].after-s) > 1e-12:
			return "another S"
		case w.s.Sign() == 0 && c.steps[i].after != 0:
			return "not quite 0"
		}
	}
	return ""
}

// someSamples draws samples whose ages collide often.
func someSamples() *rapid.Generator[[]Sample] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Sample {
		most := rapid.SampledFrom([]time.Duration{3, 20, 1_000_000_000_000}).Draw(t, "scale")
		age := ages(0, most)
		return Sample{Entry: age.Draw(t, "entry"), Began: rapid.Bool().Draw(t, "began"), Age: age.Draw(t, "age"), Event: rapid.Bool().Draw(t, "event")}
	}), 0, 40)
}

// share draws a quantile.
func share() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.SampledFrom([]float64{0.5, 0.75, 0.85, 0.95}), rapid.Float64Range(0, 1))
}

func TestAgainstExactArithmetic(t *testing.T) {
	var e Estimator // one for all, so that what it keeps would be seen
	rapid.Check(t, func(rt *rapid.T) {
		samples := someSamples().Draw(rt, "samples")
		given := slices.Clone(samples)
		c, want := e.Curve(samples), exact(samples)
		if d := differs(c, want); d != "" {
			rt.Fatalf("%s: %v, want %v", d, c.steps, want)
		}
		if !slices.Equal(samples, given) {
			rt.Fatal("the samples were changed")
		}
		// The quantile is the first step that is low enough.
		q := share().Draw(rt, "q")
		bound := new(big.Rat).SetFloat64(1 - q + tolerance)
		i := slices.IndexFunc(want, func(w fall) bool { return w.s.Cmp(bound) <= 0 })
		age, ok := c.Quantile(q)
		if ok != (i >= 0) || ok && age != want[i].age {
			rt.Fatalf("quantile %v: %d %t, want step %d of %v", q, age, ok, i, want)
		}
	})
}

func TestCurveFallsAndNeverRises(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := New(someSamples().Draw(rt, "samples"))
		a, b := ages(0, 25).Draw(rt, "a"), ages(0, 25).Draw(rt, "b")
		low, high := c.Survival(max(a, b)), c.Survival(min(a, b))
		if low > high || low < 0 || high > 1 {
			rt.Fatalf("S is %v at %d and %v at %d", c.Survival(a), a, c.Survival(b), b)
		}
		if c.Before(a) != c.Survival(a-1) {
			rt.Fatalf("S is %v just before %d, and %v at the nanosecond before", c.Before(a), a, c.Survival(a-1))
		}
	})
}

func TestOrderChangesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		samples := someSamples().Draw(rt, "samples")
		other := rapid.Permutation(samples).Draw(rt, "in another order")
		if a, b := New(samples), New(other); !slices.Equal(a.steps, b.steps) {
			rt.Fatalf("%v and %v", a.steps, b.steps)
		}
	})
}

func TestTimesScale(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		samples := someSamples().Draw(rt, "samples")
		factor := ages(1, 1_000_000).Draw(rt, "factor")
		scaled := slices.Clone(samples)
		for i := range scaled {
			scaled[i].Entry *= factor
			scaled[i].Age *= factor
		}
		q := share().Draw(rt, "q")
		a, ok := New(samples).Quantile(q)
		b, okScaled := New(scaled).Quantile(q)
		if ok != okScaled || a*factor != b {
			rt.Fatalf("%d %t, and %d %t at %d times", a, ok, b, okScaled, factor)
		}
	})
}

// TestWholeSamples leaves nothing censored and nobody late: S is the share of
// samples that are older, and the quantile is theirs.
func TestWholeSamples(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ages := rapid.SliceOfN(ages(0, 50), 1, 60).Draw(rt, "ages")
		var samples []Sample
		for _, age := range ages {
			samples = append(samples, began(age, true))
		}
		slices.Sort(ages)
		c := New(samples)
		k := rapid.IntRange(1, len(ages)).Draw(rt, "k")
		if got, ok := c.Quantile(float64(k) / float64(len(ages))); got != ages[k-1] || !ok {
			rt.Fatalf("quantile %d/%d is %d, want %d", k, len(ages), got, ages[k-1])
		}
		older, _ := slices.BinarySearch(ages, ages[k-1]+1)
		if got, want := c.Survival(ages[k-1]), float64(len(ages)-older)/float64(len(ages)); math.Abs(got-want) > 1e-12 {
			rt.Fatalf("S is %v after %d, want %v", got, ages[k-1], want)
		}
	})
}

// TestWhoLastsLongerRaisesTheCurve changes one sample, each time such that at
// every age as many are at risk or more, and as many have their event or fewer.
// (More at risk alone is not enough: an added event may lower S or raise it.)
func TestWhoLastsLongerRaisesTheCurve(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		samples := someSamples().Filter(func(s []Sample) bool { return len(s) > 0 }).Draw(rt, "samples")
		other := slices.Clone(samples)
		i := rapid.IntRange(0, len(samples)-1).Draw(rt, "which")
		s := &other[i]
		what := rapid.SampledFrom([]string{"one more, censored", "censored in place of its event", "censored later", "watched for longer"}).Draw(rt, "change")
		switch what {
		case "one more, censored":
			more := someSamples().Filter(func(s []Sample) bool { return len(s) > 0 }).Draw(rt, "more")[0]
			more.Event = false
			other = append(other, more)
		case "censored in place of its event":
			s.Event = false
		case "censored later":
			if s.Event {
				rt.Skip()
			}
			s.Age += ages(0, 30).Draw(rt, "by")
		case "watched for longer":
			if !s.watched() { // its event would be a new one
				rt.Skip()
			}
			s.Began = true
		}
		was, is := New(samples), New(other)
		for _, step := range append(slices.Clone(was.steps), is.steps...) {
			if is.Survival(step.age) < was.Survival(step.age)-1e-12 {
				rt.Fatalf("%s: S at %d fell from %v to %v", what, step.age, was.Survival(step.age), is.Survival(step.age))
			}
		}
	})
}

// ages draws ages from one to another, both included.
func ages(from, to time.Duration) *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.Int64Range(int64(from), int64(to)), func(v int64) time.Duration { return time.Duration(v) })
}
