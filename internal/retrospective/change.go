package retrospective

import (
	"math"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/survival"
)

const (
	draws      = 2000 // of the bootstrap
	confidence = 0.95
	fewest     = 10 // responses on either side that a comparison of ranges needs
)

// finish fills in what the statistics of the range say.
func (c *Cell) finish(st *latency.Statistics, key latency.WaitsKey) {
	if d := st.Waits[key]; d != nil {
		c.Responded, c.Open, c.Censored = d.Ended, d.Open, d.Censored
		c.Median.Duration, c.Median.Reached, _ = d.Quantile(0.5)
		c.P85.Duration, c.P85.Reached, _ = d.Quantile(0.85)
	}
	if key.Kind == latency.Acceptance {
		c.FirstPass = firstPass(st, key)
	}
	if lists := c.samples.lists(); len(lists) > 0 {
		c.drawn = survival.Draws(lists, draws, stream(key.Kind, ofRange), half, most, func(curve *survival.Curve) float64 {
			if c.saved == nil {
				return 0
			}
			return c.saved(curve)
		})
		c.Interval, c.P85Within = interval(c.drawn[0]), interval(c.drawn[1])
	}
}

// told returns the cell without what it was made of.
func (c *Cell) told() Cell {
	out := *c
	out.samples, out.saving, out.saved, out.drawn = nil, Saving{}, nil, nil
	return out
}

// firstPass sums over the owners of a project, or takes one of them.
func firstPass(st *latency.Statistics, key latency.WaitsKey) (sum latency.FirstPass) {
	for k, f := range st.FirstPass {
		if k.Project == key.Project && (key.Owner == "" || k.Owner == key.Owner) {
			sum.Accepted += f.Accepted
			sum.Stories += f.Stories
		}
	}
	return sum
}

// hoursAt returns the age that a share of waits does not outlast, in hours; +Inf where
// it is not reached.
func hoursAt(c *survival.Curve, share float64) float64 {
	if age, ok := c.Quantile(share); ok {
		return age.Hours()
	}
	return math.Inf(1)
}

// half and most are estimates of a curve.
func half(c *survival.Curve) float64 { return hoursAt(c, 0.5) }
func most(c *survival.Curve) float64 { return hoursAt(c, 0.85) }

// The arms that are compared: a range, or waits with a stand-in, and those before, or
// without.
const (
	ofRange  = 0
	ofBefore = 1
)

// stream returns the number of the stream that an arm is drawn with: what is compared or
// added up must not be drawn alike.
func stream(kind latency.Kind, arm uint64) uint64 {
	if kind == latency.Question {
		return 2 + arm
	}
	return arm
}

// interval returns the percentile interval of draws in hours.
func interval(draws []float64) Interval {
	in := survival.Percentiles(draws, confidence)
	return Interval{length(in.Low), length(in.High)}
}

// less returns the differences of draws; NaN where neither is finite.
func less(of, than []float64) []float64 {
	out := make([]float64, len(of))
	for i := range of {
		out[i] = of[i] - than[i]
	}
	return out
}

// responses returns how many samples ended by a response.
func responses(lists [][]survival.Sample) (n int) {
	for _, list := range lists {
		for i := range list {
			if list[i].Event {
				n++
			}
		}
	}
	return n
}

// change compares a range with those before it together.
func change(kind latency.Kind, now *Cell, before []clusters) Change {
	together := clusters{}
	for _, b := range before {
		for id, list := range b {
			together[id] = append(together[id], list...)
		}
	}
	is, was := now.samples.lists(), together.lists()
	c := Change{Direction: Unclear, Now: responses(is), Then: responses(was)}
	c.Power = power(c.Now, c.Then)
	if len(was) == 0 {
		c.Direction = Unmatched
		return c
	}
	then := half(survival.New(flat(was)))
	c.Before = length(then)
	if c.Now < fewest || c.Then < fewest {
		return c
	}
	c.Difference = length(half(survival.New(flat(is))) - then)
	c.Interval = interval(less(now.drawn[0], survival.Draws(was, draws, stream(kind, ofBefore), half)[0]))
	switch {
	case c.Interval.High.Reached && c.Interval.High.Duration < 0:
		c.Direction = Sooner
	case c.Interval.Low.Reached && c.Interval.Low.Duration > 0:
		c.Direction = Later
	default:
		c.Direction = NotShown
	}
	return c
}

// flat returns all samples in one list.
func flat(lists [][]survival.Sample) []survival.Sample {
	var out []survival.Sample
	for _, list := range lists {
		out = append(out, list...)
	}
	return out
}
