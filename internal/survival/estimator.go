package survival

import (
	"slices"
	"time"
)

// New returns the curve of samples. It takes time in proportion to n log n and
// does not change them; their order does not matter. A sample that ended by the
// age at which watching began was never at risk and counts for nothing, its
// event neither.
func New(samples []Sample) *Curve {
	var e Estimator
	return e.Curve(samples)
}

// Estimator makes one curve after another and keeps its memory between them.
// Its zero value is ready to use. It is not safe for concurrent use; the curves
// it returned are its no longer.
type Estimator struct {
	entries []time.Duration // the ages of those that entered late
	ends    []time.Duration // the ages of all, however they ended
	events  []time.Duration // the ages of those that ended by an event
	steps   []step
}

// Curve returns the curve of samples, as New does.
func (e *Estimator) Curve(samples []Sample) *Curve {
	e.sort(samples)
	c := &Curve{steps: make([]step, 0, distinct(e.events))}
	// At an age, those are at risk that entered before it less those that ended
	// before it. Those there from the beginning are the ones not in entries.
	began := len(e.ends) - len(e.entries)
	entered, ended := 0, 0
	after := 1.0
	for i := 0; i < len(e.events); {
		age := e.events[i]
		first := i
		for i < len(e.events) && e.events[i] == age {
			i++
		}
		for entered < len(e.entries) && e.entries[entered] < age {
			entered++
		}
		for e.ends[ended] < age { // ends at the age of the last event, at the latest
			ended++
		}
		events, atRisk := i-first, began+entered-ended
		after *= float64(atRisk-events) / float64(atRisk)
		c.steps = append(c.steps, step{age, after, events, atRisk})
	}
	return c
}

// sort fills the ages from samples and puts them in order.
func (e *Estimator) sort(samples []Sample) {
	e.entries, e.ends, e.events = e.entries[:0], e.ends[:0], e.events[:0]
	for _, s := range samples {
		if !s.watched() {
			continue
		}
		if !s.Began {
			e.entries = append(e.entries, s.Entry)
		}
		if s.Event {
			e.events = append(e.events, s.Age)
		}
		e.ends = append(e.ends, s.Age)
	}
	slices.Sort(e.entries)
	slices.Sort(e.ends)
	slices.Sort(e.events)
}

// distinct returns how many different ages a sorted list has.
func distinct(ages []time.Duration) int {
	n := 0
	for i, age := range ages {
		if i == 0 || age != ages[i-1] {
			n++
		}
	}
	return n
}
