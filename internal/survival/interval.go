package survival

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is where a number lies with the stated confidence.
type Interval struct{ Low, High float64 }

// Bootstrap returns the percentile interval, at a level such as 0.95, of what
// estimate makes of samples that are drawn anew (Efron and Tibshirani, "An
// Introduction to the Bootstrap", section 13.3). Arms are drawn each for itself, and
// within one whole clusters with replacement: the waits of one story are not
// independent. The seed is fixed, so the same samples give the same interval. A draw
// of which estimate says nothing (NaN) widens both ends.
func Bootstrap(arms [][][]Sample, draws int, level float64, estimate func(arms [][]Sample) float64) Interval {
	random := rand.New(rand.NewPCG(seed, seed))
	drawn := make([][]Sample, len(arms))
	lows, highs := make([]float64, 0, draws), make([]float64, 0, draws)
	for range draws {
		for i, clusters := range arms {
			drawn[i] = drawn[i][:0]
			for range clusters {
				drawn[i] = append(drawn[i], clusters[random.IntN(len(clusters))]...)
			}
		}
		low := estimate(drawn)
		high := low
		if math.IsNaN(low) {
			low, high = math.Inf(-1), math.Inf(1)
		}
		lows, highs = append(lows, low), append(highs, high)
	}
	if draws == 0 {
		return Interval{math.NaN(), math.NaN()}
	}
	slices.Sort(lows)
	slices.Sort(highs)
	tail := (1 - level) / 2
	rank := func(p float64) int { return max(int(math.Ceil(p*float64(draws)-tolerance)), 1) - 1 }
	return Interval{lows[rank(tail)], highs[rank(1-tail)]}
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
