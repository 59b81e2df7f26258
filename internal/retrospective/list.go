package retrospective

import (
	"cmp"
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// lists returns the waits that ran longest within the range, whether they ended in it
// or not, and all that were open at its end. A wait that was handed over is one wait.
// Those that are forgotten stood throughout the range, and are none of the longest: they
// would be all of them.
func (c *collection) lists() (longest, open []Waited) {
	r := c.ranges[0]
	longest, open = []Waited{}, []Waited{}
	for _, w := range r.waits(c.rules) {
		if w.End == Instant(latency.Never) {
			open = append(open, w)
		}
		if !w.Forgotten {
			longest = append(longest, w)
		}
	}
	slices.SortStableFunc(longest, func(a, b Waited) int { return cmp.Compare(b.Within.Duration, a.Within.Duration) })
	return longest[:min(len(longest), c.options.Longest)], open
}

// waits returns the waits of the range in order of their start. Each has the owner of
// its last part in the range.
func (r *ranged) waits(rules *latency.Rules) []Waited {
	slices.SortStableFunc(r.parts, latency.CompareParts)
	type id struct {
		story int64
		kind  latency.Kind
		cycle int
		first latency.Instant // of its steps
	}
	index := map[id]int{}
	var out []Waited
	for i := range r.parts {
		p := &r.parts[i]
		key := id{p.StoryID, p.Kind, p.Cycle, p.Steps[0].At}
		story, owners := r.ran(rules, p)
		n, known := index[key]
		if !known {
			n = len(out)
			index[key] = n
			out = append(out, Waited{Story: p.Story, StoryID: p.StoryID, Comment: p.AskedIn(), Kind: p.Kind, Start: Instant(p.Steps[0].At), Within: Length{0, true}, Absent: Length{0, true}, Steps: steps(rules, p)})
		}
		w := &out[n]
		w.Within.Duration += story
		w.Absent.Duration += story - owners
		w.Forgotten = p.Forgotten
		w.Project, w.Owner, w.End, w.Outcome = rules.Projects[p.ProjectID].Key, p.Owner, Instant(p.End), p.Outcome
		w.Name = rules.Name(p.Owner)
		w.Age = Length{p.StoryWorking, true}
		if p.Target > 0 {
			w.Targets = float64(p.StoryWorking) / float64(p.Target)
		}
	}
	return out
}

// ran returns how long a part ran within the range, in working time on the story's
// clock and on the owner's, which stands in absences in which nobody stands in.
func (r *ranged) ran(rules *latency.Rules, p *latency.Part) (story, owners time.Duration) {
	_, story = rules.StoryClockAt(p, r.asOf)
	_, storyBefore := rules.StoryClockAt(p, r.From)
	_, owners = rules.ClockAt(p, r.asOf)
	_, ownersBefore := rules.ClockAt(p, r.From)
	return story - storyBefore, owners - ownersBefore
}

// steps returns what happened in a wait.
func steps(rules *latency.Rules, p *latency.Part) []Happened {
	out := []Happened{}
	for _, s := range p.Steps {
		h := Happened{At: Instant(s.At), Rule: s.Rule}
		if s.Actor != "" {
			h.By = rules.Person(s.Actor)
			h.Name = rules.Name(h.By)
		}
		out = append(out, h)
	}
	return out
}
