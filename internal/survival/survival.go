// Package survival estimates how long something takes from observations of
// which some are not over, and some were not seen from their beginning: the
// Kaplan-Meier (product-limit) estimator with right censoring and delayed entry
// (left truncation), after Klein and Moeschberger, Survival Analysis, 2nd
// edition, sections 4.2 and 4.6.
package survival

import (
	"cmp"
	"slices"
)

// tolerance is how far above 1-q a survival may be and still count as reached:
// products of fractions do not meet round numbers.
const tolerance = 1e-9

// Sample is one observation. Ages are in milliseconds of whatever clock it ran
// on; only their order matters.
type Sample struct {
	Entry int64 // the age after which it was observed
	Began bool  // it was observed from its beginning, age 0 included; Entry is not used
	Age   int64 // the age at which it ended, or at which it was seen last
	Event bool  // it ended with what is waited for; else it is right-censored at Age
}

// Curve is an estimated survival function: the share that is not over at an
// age. It is not changed once made.
type Curve struct {
	ages     []int64   // at which events happened, ascending
	survival []float64 // after the events at that age
}

// Estimator makes curves and keeps its scratch space from one to the next. Its
// zero value is ready. It is not safe for concurrent use; its curves are.
type Estimator struct {
	ends    []Sample
	entries []int64
}

// New returns the curve of samples.
func New(samples []Sample) *Curve {
	var e Estimator
	return e.Curve(samples)
}

// Curve returns the curve of samples, whose order does not matter. At risk at
// an age are those that were observed before it and not over before it; of what
// happens at one age, events come before censorings.
func (e *Estimator) Curve(samples []Sample) *Curve {
	e.ends = append(e.ends[:0], samples...)
	slices.SortFunc(e.ends, func(a, b Sample) int { return cmp.Compare(a.Age, b.Age) })
	e.entries = e.entries[:0]
	atRisk := 0 // those who came in before the age looked at and have not left
	for _, s := range samples {
		if s.Began {
			atRisk++
		} else if s.Entry < s.Age { // else it was never seen at risk
			e.entries = append(e.entries, s.Entry)
		}
	}
	slices.Sort(e.entries)
	c := &Curve{}
	survival, entered := 1.0, 0
	for i := 0; i < len(e.ends); {
		age := e.ends[i].Age
		for entered < len(e.entries) && e.entries[entered] < age {
			entered++
			atRisk++
		}
		events, leaving := 0, 0
		for ; i < len(e.ends) && e.ends[i].Age == age; i++ {
			if s := e.ends[i]; s.Began || s.Entry < s.Age {
				leaving++
				if s.Event {
					events++
				}
			}
		}
		if events > 0 {
			survival *= 1 - float64(events)/float64(atRisk)
			c.ages = append(c.ages, age)
			c.survival = append(c.survival, survival)
		}
		atRisk -= leaving
	}
	return c
}

// Quantile returns the smallest age at which the survival is at most 1-q: by
// then the share q is over. ok is false where it never gets there.
func (c *Curve) Quantile(q float64) (age int64, ok bool) {
	i, _ := slices.BinarySearchFunc(c.survival, 1-q+tolerance, func(s, limit float64) int {
		if s <= limit {
			return 1 // the first that is low enough is what is looked for
		}
		return -1
	})
	if i == len(c.ages) {
		return 0, false
	}
	return c.ages[i], true
}

// Survival returns the share that is not over after the events at an age.
func (c *Curve) Survival(age int64) float64 {
	i, found := slices.BinarySearch(c.ages, age)
	if found {
		return c.survival[i]
	}
	return c.at(i)
}

// Before returns the share that is not over just before an age.
func (c *Curve) Before(age int64) float64 {
	i, _ := slices.BinarySearch(c.ages, age)
	return c.at(i)
}

// at returns the survival before the event at index i.
func (c *Curve) at(i int) float64 {
	if i == 0 {
		return 1
	}
	return c.survival[i-1]
}
