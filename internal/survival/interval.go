package survival

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Interval is where a number lies with the stated confidence.
type Interval struct{ Low, High float64 }

// Draws returns what each estimate makes of the curves of samples that are drawn anew:
// whole clusters with replacement, because the waits of one story are not independent.
// All estimates see the same draws. The seed is fixed, so the same samples give the same
// numbers; arms that are compared are drawn with streams of different numbers. A curve
// is valid during the call alone; it has a step, which may be none, at each age at which
// any sample has its event.
func Draws(clusters [][]Sample, draws int, stream uint64, estimates ...func(*Curve) float64) [][]float64 {
	random := rand.New(rand.NewPCG(seed, stream))
	drawn := newRedraw(clusters)
	out := make([][]float64, len(estimates))
	for i := range out {
		out[i] = make([]float64, 0, draws)
	}
	for range draws {
		c := drawn.curve(random)
		for i, estimate := range estimates {
			out[i] = append(out[i], estimate(c))
		}
	}
	return out
}

// Percentiles returns the percentile interval, at a level such as 0.95, of an estimate's
// draws (Efron and Tibshirani, "An Introduction to the Bootstrap", section 13.3). A draw of
// which the estimate says nothing (NaN) widens both ends.
func Percentiles(of []float64, level float64) Interval {
	if len(of) == 0 {
		return Interval{math.NaN(), math.NaN()}
	}
	lows := slices.Clone(of)
	highs := slices.Clone(of)
	for i, v := range of {
		if math.IsNaN(v) {
			lows[i], highs[i] = math.Inf(-1), math.Inf(1)
		}
	}
	slices.Sort(lows)
	slices.Sort(highs)
	tail := (1 - level) / 2
	rank := func(p float64) int { return max(int(math.Ceil(p*float64(len(of))-tolerance)), 1) - 1 }
	return Interval{lows[rank(tail)], highs[rank(1-tail)]}
}

// redraw makes the curve of one draw of clusters after another. No draw has an event
// at an age at which none of all samples has one, so nothing is sorted but once, and what
// a cluster adds to a draw is a few counts.
type redraw struct {
	ends  []int32 // of each cluster in adds, from that of the one before; the first is 0
	adds  []int32 // the counts that go up by one
	began []int32 // by cluster: how many of its samples are at risk from age 0

	counts []int32 // of a draw, by age: events, then who enters before it, then who is censored before it
	drawn  Curve   // with a step at each age of an event of all samples
}

func newRedraw(clusters [][]Sample) *redraw {
	r := &redraw{ends: []int32{0}}
	var ages []time.Duration
	for _, s := range New(slices.Concat(clusters...)).steps {
		ages = append(ages, s.age)
		r.drawn.steps = append(r.drawn.steps, step{age: s.age})
	}
	n := len(ages) + 1
	for _, samples := range clusters {
		var began int32
		for _, s := range samples {
			if !s.watched() {
				continue
			}
			at := spanOf(ages, s)
			if at.from == 0 {
				began++
			} else {
				r.adds = append(r.adds, int32(n+at.from))
			}
			if s.Event {
				r.adds = append(r.adds, int32(at.to-1))
			} else {
				r.adds = append(r.adds, int32(2*n+at.to))
			}
		}
		r.began = append(r.began, began)
		r.ends = append(r.ends, int32(len(r.adds)))
	}
	r.counts = make([]int32, 3*n)
	return r
}

// curve returns the curve of as many clusters as there are, drawn with replacement.
func (r *redraw) curve(random *rand.Rand) *Curve {
	clear(r.counts)
	clusters := uint64(len(r.began))
	var bits uint64
	atRisk := int32(0)
	for k := range clusters {
		if k%2 == 0 {
			bits = random.Uint64()
		}
		i := (bits & math.MaxUint32) * clusters >> 32 // the bias is below clusters/2^32
		bits >>= 32
		atRisk += r.began[i]
		for _, c := range r.adds[r.ends[i]:r.ends[i+1]] {
			r.counts[c]++
		}
	}
	n := len(r.drawn.steps) + 1
	events, enter, leave := r.counts[:n], r.counts[n:2*n], r.counts[2*n:]
	after := 1.0
	for i := range r.drawn.steps {
		s := &r.drawn.steps[i]
		atRisk += enter[i] - leave[i]
		d := events[i]
		n := max(atRisk, 1)
		after *= float64(n-d) / float64(n) // without a branch: half of the ages have no event
		s.after, s.events, s.atRisk = after, int(d), int(atRisk)
		atRisk -= d
	}
	return &r.drawn
}

// Holm returns p-values that are corrected for how many they are, in the order in
// which they were given (Holm 1979): whoever calls those under a level significant is
// wrong about any of them no more often than that.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	out := make([]float64, len(p))
	least := 0.0
	for rank, i := range order {
		least = max(least, min(1, p[i]*float64(len(p)-rank)))
		out[i] = least
	}
	return out
}
