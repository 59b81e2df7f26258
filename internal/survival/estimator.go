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
func (e *Estimator) Curve(samples []Sample) *Curve { return e.CurveOf(Ages{}, samples) }

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
