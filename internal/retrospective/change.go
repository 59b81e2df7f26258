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
		c.Interval = interval([][][]survival.Sample{lists}, func(arms [][]survival.Sample) float64 { return median(arms[0]) })
	}
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

// median returns the median in hours; +Inf where it is not reached.
func median(samples []survival.Sample) float64 {
	if age, ok := survival.New(samples).Quantile(0.5); ok {
		return age.Hours()
	}
	return math.Inf(1)
}

// difference returns the difference of medians in hours, of the second arm less the
// first; NaN where neither is reached.
func difference(arms [][]survival.Sample) float64 { return median(arms[1]) - median(arms[0]) }

// interval returns the percentile interval of an estimate in hours.
func interval(arms [][][]survival.Sample, estimate func([][]survival.Sample) float64) Interval {
	in := survival.Bootstrap(arms, draws, confidence, estimate)
	return Interval{length(in.Low), length(in.High)}
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
func change(now clusters, before []clusters) Change {
	together := clusters{}
	for _, b := range before {
		for id, list := range b {
			together[id] = append(together[id], list...)
		}
	}
	is, was := now.lists(), together.lists()
	c := Change{Direction: Unclear, Now: responses(is), Then: responses(was)}
	if len(was) == 0 {
		c.Direction = Unmatched
		return c
	}
	c.Before = length(median(flat(was)))
	if c.Now < fewest || c.Then < fewest {
		return c
	}
	arms := [][][]survival.Sample{was, is}
	c.Difference = length(difference([][]survival.Sample{flat(was), flat(is)}))
	c.Interval = interval(arms, difference)
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
