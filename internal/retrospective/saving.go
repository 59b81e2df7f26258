package retrospective

import (
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/survival"
)

// fewestWatched is how many waits must be at risk throughout what a saving is told of.
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
	Begun    int          `json:"begun"`
	Total    Length       `json:"saving_seconds"` // per wait, times those that began in the range
	// Absent is the working time that waits stood in absences in which nobody stood in.
	Absent Length `json:"stood_in_absences_seconds"`
}

// savings makes the savings of each group.
func (c *collection) savings() []Saving {
	var out []Saving
	for _, p := range c.projects() {
		owners := []string{""}
		if c.options.PerOwner {
			owners = append(owners, c.owners(p.Key)...)
		}
		for _, kind := range []latency.Kind{latency.Acceptance, latency.Question} {
			if !p.Measures(kind) {
				continue
			}
			for _, owner := range owners {
				if s := c.saving(p, kind, owner); s.Told || s.Absent.Duration > 0 {
					out = append(out, s)
				}
			}
		}
	}
	return out
}

// saving makes the saving of a group.
func (c *collection) saving(p *latency.Project, kind latency.Kind, owner string) Saving {
	r := c.ranges[0]
	cell := r.cell(group{kind, p.Key, owner})
	target := p.Target(kind)
	out := Saving{Project: p.Key, Owner: owner, Kind: kind, Target: Length{target, true}, Begun: cell.Begun, Absent: Length{c.absent(p, kind, owner), true}}
	lists := cell.samples.lists()
	if owner != "" {
		out.Name = c.rules.Name(owner)
	}
	tau, ok := survival.Watched(flat(lists), 0, fewestWatched)
	if !ok || tau <= target {
		return out
	}
	saved := func(arms [][]survival.Sample) float64 {
		curve := survival.New(arms[0])
		all, _ := curve.Mean(tau)
		capped, _ := curve.Mean(target)
		return (all - capped).Hours()
	}
	out.Told = true
	out.Horizon = Length{tau, true}
	out.PerWait = length(saved([][]survival.Sample{flat(lists)}))
	out.Interval = interval([][][]survival.Sample{lists}, saved)
	out.Total = Length{out.PerWait.Duration * time.Duration(cell.Begun), true}
	return out
}

// absent returns the working time within the range in which the story's clock ran and
// the owner's did not.
func (c *collection) absent(p *latency.Project, kind latency.Kind, owner string) (sum time.Duration) {
	r := c.ranges[0]
	for i := range r.parts {
		part := &r.parts[i]
		if part.ProjectID != p.ID || part.Kind != kind || owner != "" && part.Owner != owner {
			continue
		}
		_, story := c.rules.StoryClockAt(part, r.asOf)
		_, storyBefore := c.rules.StoryClockAt(part, r.From)
		_, owners := c.rules.ClockAt(part, r.asOf)
		_, ownersBefore := c.rules.ClockAt(part, r.From)
		sum += story - storyBefore - (owners - ownersBefore)
	}
	return sum
}
