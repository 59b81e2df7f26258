package survival

import (
	"math"
	"sort"
	"time"
)

// tolerance is by how much a share may miss its bound through rounding and
// still be said to have reached it.
const tolerance = 1e-9

// Curve is an estimated survival function S: the share that lasts longer than
// an age. It is 1 at first and falls at the ages of events alone. It never
// changes, so it is safe for concurrent use.
type Curve struct {
	steps []step // by age, each lower than the one before or as low
}

// step is an age at which there were events.
type step struct {
	age            time.Duration
	after          float64 // S from this age on
	events, atRisk int
}

// Quantile returns the smallest age at which S is at most
// 1-q, give or take 1e-9: the age that the share q does not outlast. ok is
// false where S never falls as far, so for no samples, and for a q that is
// over 1 or no number. At a q of 0 or less it is the age of the first event.
func (c *Curve) Quantile(q float64) (age time.Duration, ok bool) {
	i := sort.Search(len(c.steps), func(i int) bool { return c.steps[i].after <= 1-q+tolerance })
	if i == len(c.steps) {
		return 0, false
	}
	return c.steps[i].age, true
}

// Remaining returns the smallest further time t by which the share q of those
// that last for age does not last for age+t: S(age+t) is at most (1-q) S(age), give
// or take 1e-9. ok is false where S never falls as far, or is 0 at age already.
func (c *Curve) Remaining(age time.Duration, q float64) (t time.Duration, ok bool) {
	here := c.Survival(age)
	if here == 0 {
		return 0, false
	}
	later := c.steps[c.stepsUpTo(age):]
	i := sort.Search(len(later), func(i int) bool { return later[i].after/here <= 1-q+tolerance })
	if i == len(later) {
		return 0, false
	}
	return later[i].age - age, true
}

// Mean returns the mean restricted to tau, the area under S from 0 to tau, and its
// standard error. The variance is the sum of A^2 d/(n(n-d)) over the ages of events up
// to tau, where A is the area under S from there to tau; an age at which all at risk
// have their event adds nothing, because S is 0 from there on (Klein and Moeschberger,
// section 4.5). It says nothing of whether tau lies within what was watched: see
// Watched.
func (c *Curve) Mean(tau time.Duration) (mean, standardError time.Duration) {
	n := c.stepsUpTo(tau)
	var area, variance float64 // of S from the step on; in nanoseconds, and their square
	until := tau
	for i := n - 1; i >= 0; i-- {
		s := c.steps[i]
		area += s.after * float64(until-s.age)
		if s.atRisk > s.events {
			variance += area * area * float64(s.events) / (float64(s.atRisk) * float64(s.atRisk-s.events))
		}
		until = s.age
	}
	return time.Duration(math.Round(area + float64(until))), time.Duration(math.Round(math.Sqrt(variance)))
}

// Survival returns S at an age, from 0 to 1: the share that
// lasts longer, so after the events at that very age.
func (c *Curve) Survival(age time.Duration) float64 {
	return c.through(c.stepsUpTo(age))
}

// stepsUpTo returns how many steps there are up to an age, that age included.
func (c *Curve) stepsUpTo(age time.Duration) int {
	return sort.Search(len(c.steps), func(i int) bool { return c.steps[i].age > age })
}

// Before returns S just before an age, from 0 to 1: the share
// that lasts as long or longer, so before the events at that very age.
func (c *Curve) Before(age time.Duration) float64 {
	return c.through(sort.Search(len(c.steps), func(i int) bool { return c.steps[i].age >= age }))
}

// through returns S after the first n steps.
func (c *Curve) through(n int) float64 {
	if n == 0 {
		return 1
	}
	return c.steps[n-1].after
}
