package survival

import (
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
	age   time.Duration
	after float64 // S from this age on
}

// Quantile returns the smallest age at which S is at most
// 1-q, give or take 1e-9: the age that the share q does not outlast. ok is
// false where S never falls as far, thus for no samples, and for a q that is
// over 1 or no number. At a q of 0 or less it is the age of the first event.
func (c *Curve) Quantile(q float64) (age time.Duration, ok bool) {
	i := sort.Search(len(c.steps), func(i int) bool { return c.steps[i].after <= 1-q+tolerance })
	if i == len(c.steps) {
		return 0, false
	}
	return c.steps[i].age, true
}

// Survival returns S at an age, from 0 to 1: the share that
// lasts longer, so after the events at that very age.
func (c *Curve) Survival(age time.Duration) float64 {
	return c.through(sort.Search(len(c.steps), func(i int) bool { return c.steps[i].age > age }))
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
