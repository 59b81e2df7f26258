package survival

import (
	"iter"
	"slices"
	"time"
)

// Ages are samples that were watched from their beginning, in order of age. Whoever
// estimates again and again, while few of many samples change, keeps those that do not
// in order. Ages never change, so they are safe for concurrent use. The zero value has
// no sample.
type Ages struct {
	list []int64 // twice the age in nanoseconds, and one more for an event
}

// code is how a sample stands in a list.
func code(s Sample) int64 {
	c := int64(s.Age) << 1
	if s.Event {
		c++
	}
	return c
}

// Len returns how many samples there are.
func (a Ages) Len() int { return len(a.list) }

// All yields the samples in order of age.
func (a Ages) All() iter.Seq[Sample] {
	return func(yield func(Sample) bool) {
		for _, c := range a.list {
			if !yield(Sample{Began: true, Age: time.Duration(c >> 1), Event: c&1 == 1}) {
				return
			}
		}
	}
}

// With returns the ages with some samples more and some fewer. All of them were
// watched from their beginning, and those that are removed are there, or are added. It
// sorts both lists.
func (a Ages) With(added, removed []Sample) Ages {
	return Ages{slices.Collect(changedList(a.list, codes(added), codes(removed)))}
}

// codes returns how samples stand in a list, in order.
func codes(samples []Sample) []int64 {
	out := make([]int64, len(samples))
	for i, s := range samples {
		out[i] = code(s)
	}
	slices.Sort(out)
	return out
}

// changedList yields what two sorted lists hold without what a third holds.
func changedList(a, added, removed []int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for len(a)+len(added) > 0 {
			from := &a
			if len(a) == 0 || len(added) > 0 && added[0] < a[0] {
				from = &added
			}
			c := (*from)[0]
			*from = (*from)[1:]
			if len(removed) > 0 && removed[0] == c {
				removed = removed[1:]
				continue
			}
			if !yield(c) {
				return
			}
		}
	}
}

// CurveOf returns the curve of ages and further samples together, as New does for all
// of them. It takes time in proportion to the ages, and does not sort them.
func (e *Estimator) CurveOf(ages Ages, samples []Sample) *Curve {
	e.sort(samples)
	list := ages.list
	e.steps = e.steps[:0]
	// At an age, those are at risk that entered before it less those that ended
	// before it. Those there from the beginning are the ones not in entries.
	began := len(list) + len(e.ends) - len(e.entries)
	entered, ended, event := 0, 0, 0 // of samples
	over, next := 0, 0               // of ages: ended before the age, and looked at for an event
	after := 1.0
	for {
		for next < len(list) && list[next]&1 == 0 {
			next++
		}
		var age time.Duration
		switch {
		case next < len(list) && (event == len(e.events) || time.Duration(list[next]>>1) <= e.events[event]):
			age = time.Duration(list[next] >> 1)
		case event < len(e.events):
			age = e.events[event]
		default:
			return &Curve{steps: slices.Clone(e.steps)}
		}
		events := 0
		for next < len(list) && list[next] == int64(age)<<1+1 {
			next, events = next+1, events+1
		}
		for event < len(e.events) && e.events[event] == age {
			event, events = event+1, events+1
		}
		for over < len(list) && time.Duration(list[over]>>1) < age {
			over++
		}
		for entered < len(e.entries) && e.entries[entered] < age {
			entered++
		}
		for ended < len(e.ends) && e.ends[ended] < age {
			ended++
		}
		atRisk := began + entered - ended - over
		after *= float64(atRisk-events) / float64(atRisk)
		e.steps = append(e.steps, step{age, after, events, atRisk})
	}
}

// Watched is Watched of ages and further samples together. It takes less time the fewer
// samples are at risk at the age that it returns.
func (a Ages) Watched(samples []Sample, from time.Duration, least int) (tau time.Duration, ok bool) {
	first, _ := slices.BinarySearch(a.list, int64(from+1)<<1)
	list := a.list[first:]
	var entries, ends []time.Duration // of those that are at risk at some age after from
	atRisk := len(list)
	for _, s := range samples {
		if !s.watched() || s.Age <= from {
			continue
		}
		if s.Began || s.Entry <= from {
			atRisk++
		} else {
			entries = append(entries, s.Entry)
		}
		ends = append(ends, s.Age)
	}
	if atRisk < least {
		return 0, false
	}
	slices.Sort(entries)
	slices.Sort(ends)
	// As long as no more than atRisk-least have ended, enough are at risk. So many of the
	// first ages need no look, whichever of the samples end among them.
	over := max(0, min(len(list), atRisk-least-len(ends)))
	list = list[over:]
	for entered := 0; len(list)+len(ends) > 0; {
		var end time.Duration
		if len(list) > 0 && (len(ends) == 0 || time.Duration(list[0]>>1) < ends[0]) {
			end = time.Duration(list[0] >> 1)
		} else {
			end = ends[0]
		}
		for len(list) > 0 && time.Duration(list[0]>>1) <= end {
			list, over = list[1:], over+1
		}
		for len(ends) > 0 && ends[0] <= end {
			ends, over = ends[1:], over+1
		}
		for entered < len(entries) && entries[entered] <= end {
			entered++
		}
		if atRisk+entered-over < least {
			return end, true
		}
	}
	return 0, false // least is 0 or less
}

// BeforeWithout returns what Before would be if some of the samples were not there.
func (c *Curve) BeforeWithout(age time.Duration, without ...Sample) float64 {
	first := 0 // the first step at which one of them is at risk
	if len(without) == 1 && !without[0].Began {
		first = c.stepsUpTo(min(without[0].Entry, age-1))
	}
	after := c.through(first)
	for _, s := range c.steps[first:] {
		if s.age >= age {
			break
		}
		atRisk, events := s.atRisk, s.events
		for _, w := range without {
			if w.watched() && (w.Began || w.Entry < s.age) && s.age <= w.Age {
				atRisk--
				if w.Event && w.Age == s.age {
					events--
				}
			}
		}
		if events > 0 {
			after *= float64(atRisk-events) / float64(atRisk)
		}
	}
	return after
}
