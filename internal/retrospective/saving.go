package retrospective

import (
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/survival"
)

// fewestWatched is how many waits must be at risk throughout the ages that a saving covers.
const fewestWatched = 3

// Saving is what the waits of a range would have saved, had each ended at the target at
// the latest: the mean restricted to Horizon less the mean restricted to the target. It
// ignores what queues behind, batches, quality, and that stories which wait are
// different.
type Saving struct {
	Project  string       `json:"project"`
	Owner    string       `json:"owner,omitempty"` // "": all of the project's
	Name     string       `json:"owner_name,omitempty"`
	Kind     latency.Kind `json:"kind"`
	Target   Length       `json:"target_seconds"`
	Told     bool         `json:"told"` // false: fewer than three waits ran past the target
	Horizon  Length       `json:"horizon_seconds"`
	PerWait  Length       `json:"saving_per_wait_seconds"`
	Interval Interval     `json:"saving_per_wait_interval"`
	Past     int          `json:"ran_past_target"` // waits that the saving rests on
	Ran      int          `json:"ran"`             // of so many that ran in the range
	Begun    int          `json:"begun"`
	Total    Length       `json:"saving_seconds"` // per wait, times those that began in the range
	Totals   Interval     `json:"saving_interval"`
	// Absent is the working time that waits stood in absences in which nobody stood in.
	Absent Length `json:"stood_in_absences_seconds"`
}

// CycleSaving is what the savings of a project's waits mean for the cycle time of its
// stories. Low is the saving of acceptance, because stories stand meanwhile. High adds that
// of questions, as if no work went on while one was open. It ignores what a Saving ignores.
type CycleSaving struct {
	Project string   `json:"project"`
	Low     Length   `json:"low_seconds"`
	Lows    Interval `json:"low_interval"`
	High    Length   `json:"high_seconds"` // not reached: too few waits ran past a target to say
	Highs   Interval `json:"high_interval"`
	Hours   float64  `json:"cycle_time_hours"` // that all stories lived in the range
}

// savings lists the savings of each group, and what they mean for cycle time.
func (c *collection) savings() (waits []Saving, cycle []CycleSaving) {
	waits, cycle = []Saving{}, []CycleSaving{}
	for _, p := range c.projects() {
		told := false
		for _, g := range c.groups(p) {
			s := c.ranges[0].cell(g).saving
			if s.Told || s.Absent.Duration > 0 {
				waits = append(waits, s)
			}
			told = told || s.Told && g.owner == ""
		}
		if told {
			cycle = append(cycle, c.cycleSaving(p))
		}
	}
	return waits, cycle
}

// prepare finds out what a target would save of the waits of the range in a group.
func (c *collection) prepare(g group, p *latency.Project, cell *Cell) {
	target := p.Target(g.kind)
	out := &cell.saving
	*out = Saving{Project: p.Key, Owner: g.owner, Kind: g.kind, Target: Length{target, true}, Begun: cell.Begun, Absent: Length{c.absent(g, p.ID), true}}
	if g.owner != "" {
		out.Name = c.rules.Name(g.owner)
	}
	all := flat(cell.samples.lists())
	for _, s := range all {
		out.Ran++
		if s.Age > target && (s.Began || s.Entry < s.Age) {
			out.Past++
		}
	}
	tau, ok := survival.Watched(all, 0, fewestWatched)
	if !ok || tau <= target {
		return
	}
	cell.saved = func(curve *survival.Curve) float64 {
		all, _ := curve.Mean(tau)
		capped, _ := curve.Mean(target)
		return (all - capped).Hours()
	}
	out.Told = true
	out.Horizon = Length{tau, true}
	out.PerWait = length(cell.saved(survival.New(all)))
	out.Total = out.PerWait.times(out.Begun)
}

// save fills in where what is saved lies.
func (c *Cell) save() {
	if c.saved == nil {
		return
	}
	s := &c.saving
	s.Interval = interval(c.drawn[2])
	s.Totals = Interval{s.Interval.Low.times(s.Begun), s.Interval.High.times(s.Begun)}
}

// times returns a length so many times.
func (l Length) times(n int) Length { return Length{l.Duration * time.Duration(n), l.Reached} }

// cycleSaving makes the bounds of a project from the savings of its kinds of waits. A
// kind of which none ran past its target saves nothing; where some did, and too few to
// tell, there is no upper bound.
func (c *collection) cycleSaving(p *latency.Project) CycleSaving {
	zero := Length{0, true}
	out := CycleSaving{Project: p.Key, Low: zero, Lows: Interval{zero, zero}, Hours: c.ranges[0].share(p.Key).Hours}
	both, sum := make([]float64, draws), Length{0, true}
	for _, kind := range kindsOf(p) {
		cell := c.ranges[0].cell(group{kind, p.Key, ""})
		s := &cell.saving
		if !s.Told {
			sum.Reached = sum.Reached && s.Past == 0
			continue
		}
		if kind == latency.Acceptance {
			out.Low, out.Lows = s.Total, s.Totals
		}
		sum.Duration += s.Total.Duration
		for i, v := range cell.drawn[2] {
			both[i] += v * float64(s.Begun)
		}
	}
	if sum.Reached {
		out.High, out.Highs = sum, interval(both)
	}
	return out
}

// absent returns the working time within the range in which the story's clock ran and
// the owner's did not.
func (c *collection) absent(g group, project string) (sum time.Duration) {
	r := c.ranges[0]
	for i := range r.parts {
		part := &r.parts[i]
		if part.ProjectID == project && part.Kind == g.kind && (g.owner == "" || part.Owner == g.owner) {
			story, owners := r.ran(c.rules, part)
			sum += story - owners
		}
	}
	return sum
}
