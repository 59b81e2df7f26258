package survival

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// LogRank compares how long the samples of two arms last, by the log-rank statistic
// (Mantel 1966; Klein and Moeschberger, section 7.3): at each age of an event, the
// events of the first arm against those that it would have if both arms were alike.
// It is not safe for concurrent use.
type LogRank struct {
	ages     []riskSet
	clusters []cluster // those of the first arm before those of the second
	first    int       // how many clusters the first arm has

	risk []int // of one arrangement: by how many the arm's number at risk changes at an age
}

// riskSet is an age of events in both arms together: what no arrangement changes.
type riskSet struct {
	share  float64 // of those at risk that have their event
	spread float64 // the variance is this times the numbers at risk in both arms
	atRisk float64
}

// cluster holds the samples that change arms together.
type cluster struct {
	spans  []ageSpan
	events int
}

// ageSpan is at which ages of events a sample is at risk: from the one up to, but not
// including, the other.
type ageSpan struct{ from, to int }

// spanOf returns at which of these ages, which rise, a sample is at risk.
func spanOf(ages []time.Duration, s Sample) (span ageSpan) {
	if !s.Began {
		span.from, _ = slices.BinarySearch(ages, s.Entry+1)
	}
	span.to, _ = slices.BinarySearch(ages, s.Age+1)
	return span
}

// Compare returns the comparison of two arms. Each inner list is a cluster: samples
// that an arrangement moves from arm to arm together. A sample that was never at risk
// counts for nothing.
func Compare(first, second [][]Sample) *LogRank {
	l := &LogRank{first: len(first)}
	all := slices.Concat(slices.Concat(first...), slices.Concat(second...))
	curve := New(all)
	ages := make([]time.Duration, 0, len(curve.steps))
	for _, s := range curve.steps {
		n, d := float64(s.atRisk), float64(s.events)
		r := riskSet{share: d / n, atRisk: n}
		if s.atRisk > 1 {
			r.spread = d * (n - d) / (n * n * (n - 1))
		}
		l.ages = append(l.ages, r)
		ages = append(ages, s.age)
	}
	for _, samples := range slices.Concat(first, second) {
		var c cluster
		for _, s := range samples {
			if !s.watched() {
				continue
			}
			c.spans = append(c.spans, spanOf(ages, s))
			if s.Event {
				c.events++
			}
		}
		l.clusters = append(l.clusters, c)
	}
	l.risk = make([]int, len(l.ages)+1)
	return l
}

// Score is the events of the first arm beside those expected, and the variance of
// their difference.
type Score struct{ Observed, Expected, Variance float64 }

// ChiSquared returns (O-E)^2/V, and 0 where no age has both arms at risk.
func (s Score) ChiSquared() float64 {
	if s.Variance <= 0 {
		return 0
	}
	return (s.Observed - s.Expected) * (s.Observed - s.Expected) / s.Variance
}

// Score returns the score of the arms as they are.
func (l *LogRank) Score() Score {
	chosen := make([]int, l.first)
	for i := range chosen {
		chosen[i] = i
	}
	return l.score(chosen)
}

// score returns the score of an arrangement: these clusters are the first arm.
func (l *LogRank) score(chosen []int) Score {
	clear(l.risk)
	var s Score
	for _, i := range chosen {
		c := &l.clusters[i]
		for _, span := range c.spans {
			l.risk[span.from]++
			l.risk[span.to]--
		}
		s.Observed += float64(c.events)
	}
	atRisk := 0
	for i := range l.ages {
		a := &l.ages[i]
		atRisk += l.risk[i]
		n := float64(atRisk)
		s.Expected += a.share * n
		s.Variance += a.spread * n * (a.atRisk - n)
	}
	return s
}

// Permuted is the result of a permutation test.
type Permuted struct {
	// P is the share of arrangements whose statistic is at least the observed one, give
	// or take 1e-9. Where arrangements are drawn the observed one is counted too.
	P            float64
	Extreme      int // how many were
	Arrangements int // how many were looked at
	Exact        bool
}

// Permute returns how rare a statistic as large as the observed one is if it makes no
// difference which arm a cluster is in: the variance is made anew for each arrangement.
// It looks at every arrangement if there are at most limit, and else at as many as
// draws says, from a fixed seed.
func (l *LogRank) Permute(limit, draws int) Permuted {
	observed := l.Score().ChiSquared() - tolerance
	n, k := len(l.clusters), l.first
	if total, ok := binomial(n, k, limit); ok {
		p := Permuted{Arrangements: total, Exact: true}
		for chosen := range combinations(n, k) {
			if l.score(chosen).ChiSquared() >= observed {
				p.Extreme++
			}
		}
		p.P = float64(p.Extreme) / float64(total)
		return p
	}
	p := Permuted{Arrangements: draws}
	random := rand.New(rand.NewPCG(seed, seed))
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for range draws {
		for i := range k { // the first k of a shuffle
			j := i + random.IntN(n-i)
			order[i], order[j] = order[j], order[i]
		}
		if l.score(order[:k]).ChiSquared() >= observed {
			p.Extreme++
		}
	}
	p.P = float64(1+p.Extreme) / float64(1+draws)
	return p
}

// seed is fixed, so that the same data give the same numbers.
const seed = 20260301

// binomial returns how many ways there are to choose k of n, if at most limit.
func binomial(n, k, limit int) (ways int, ok bool) {
	ways = 1
	for i := range min(k, n-k) {
		if ways > math.MaxInt/n {
			return 0, false
		}
		ways = ways * (n - i) / (i + 1) // a binomial coefficient at every step
	}
	return ways, ways <= limit
}

// combinations yields every choice of k of n in lexical order; each is valid until the next.
func combinations(n, k int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		chosen := make([]int, k)
		for i := range chosen {
			chosen[i] = i
		}
		for yield(chosen) {
			i := k - 1
			for i >= 0 && chosen[i] == n-k+i {
				i--
			}
			if i < 0 {
				return
			}
			chosen[i]++
			for j := i + 1; j < k; j++ {
				chosen[j] = chosen[j-1] + 1
			}
		}
	}
}
