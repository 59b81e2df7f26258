package web

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// mostRows is how many lines of owners a page has.
const mostRows = 60

// row is a line about an owner, a project and a kind of wait.
type row struct {
	latency.Key
	ID, Name, Path        string
	Open, Past, Forgotten int // Open and Past without the forgotten
	Target                time.Duration
	Day                   time.Duration // how long the owner's working day is
	Median                measured      // of the waits of the last 28 days, counting open waits as open
	Absent                bool
}

// team is what a member of a project sees of its waits: counts, and nobody's
// statistics.
type team struct {
	latency.StoryKey
	Open, Past, Forgotten int // Open and Past without the forgotten
	Target, Day           time.Duration
	Oldest                time.Duration // of those that are not forgotten, on the story's clock
}

// late returns how many waits of each key are past their target, without the forgotten, as
// the tiles count them.
func late(r *latency.Report) map[latency.Key]int {
	out := map[latency.Key]int{}
	for i := range r.Queue {
		if w := &r.Queue[i]; w.State == latency.StateOverdue || w.State == latency.StateOverdueSince {
			out[w.Key]++
		}
	}
	return out
}

// measured is a quantile of waits: a duration, or why there is none.
type measured struct {
	Time *phrase
	Text string // where there is no time
}

// quantileOf returns the age by which a share of waits was answered.
func quantileOf(d *latency.Distribution, q float64, day time.Duration) measured {
	if d == nil {
		return measured{Text: "–"}
	}
	switch age, reached, never := d.Quantile(q); {
	case reached:
		return measured{Time: &phrase{words.Working(age, day), words.Exact(age) + " of working time"}}
	case never:
		return measured{Text: "not reached yet"}
	default:
		return measured{Text: "too early to tell"}
	}
}

// rows lists the owners whose statistics a caller may see and a filter concerns, in
// alphabetical order, because the page ranks nobody. It returns the first ones, and how
// many more there are.
func (s *Server) rows(r *latency.Report, c Caller, f query.WaitingFilter) (first []row, more int) {
	keys, names := map[string][]latency.Key{}, map[string]string{} // by owner
	for k := range r.Open {
		if !c.SeesOwner(k.Owner, k.Project) || !concerns(f, k) {
			continue
		}
		if keys[k.Owner] == nil {
			names[k.Owner] = short(r.DisplayName(k.Owner))
		}
		keys[k.Owner] = append(keys[k.Owner], k)
		more++
	}
	owners := slices.SortedFunc(maps.Keys(keys), func(a, b string) int { return cmp.Or(cmp.Compare(names[a], names[b]), cmp.Compare(a, b)) })
	past := late(r)
	for _, owner := range owners {
		if len(first) == mostRows {
			break
		}
		list := keys[owner]
		slices.SortFunc(list, func(a, b latency.Key) int {
			return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Kind, b.Kind))
		})
		for _, k := range list[:min(len(list), mostRows-len(first))] {
			open := r.Open[k]
			line := row{
				Key: k, ID: "owner-" + k.Owner + "-" + k.Project + "-" + string(k.Kind), Name: names[owner], Path: s.ownerPath(k.Owner), Open: open.Open - open.Forgotten, Past: past[k], Forgotten: open.Forgotten,
				Absent: r.Absent[k.Owner], Target: r.Targets[latency.StoryKey{Kind: k.Kind, Project: k.Project}], Day: workingDay(r, k.Owner, k.Project),
			}
			line.Median = quantileOf(r.Statistics.Waits[latency.WaitsKey{Kind: k.Kind, Project: k.Project, Owner: k.Owner, Window: "28d"}], 0.5, line.Day)
			first = append(first, line)
		}
	}
	return first, more - len(first)
}

// concerns reports whether a filter, but for its state, is about a key.
func concerns(f query.WaitingFilter, k latency.Key) bool {
	return (f.Project == "" || f.Project == k.Project) && (f.Owner == "" || f.Owner == k.Owner) && (f.Kind == "" || f.Kind == k.Kind)
}

// workingDay returns how long the working day is by which an owner's clock runs.
func workingDay(r *latency.Report, owner, project string) time.Duration {
	if cal := r.Calendar(owner, project); cal != nil {
		return cal.Day()
	}
	return 0
}

// teams lists the projects of which a caller sees the counts and no statistics.
func teams(r *latency.Report, c Caller, f query.WaitingFilter) []team {
	sums, past := map[latency.StoryKey]*team{}, late(r)
	for k, o := range r.Open {
		if !c.SeesProject(k.Project) || c.SeesOwner("", k.Project) || !concerns(f, k) {
			continue
		}
		story := latency.StoryKey{Kind: k.Kind, Project: k.Project}
		if sums[story] == nil {
			sums[story] = &team{StoryKey: story, Target: r.Targets[story], Day: workingDay(r, "", k.Project)}
		}
		sums[story].Open += o.Open - o.Forgotten
		sums[story].Forgotten += o.Forgotten
		sums[story].Past += past[k]
	}
	for i := range r.Queue {
		w := &r.Queue[i]
		if sum := sums[latency.StoryKey{Kind: w.Kind, Project: w.Project}]; sum != nil && concerns(f, w.Key) && w.State != latency.StateForgotten {
			sum.Oldest = max(sum.Oldest, w.StoryWorking)
		}
	}
	var out []team
	for _, sum := range sums {
		out = append(out, *sum)
	}
	slices.SortFunc(out, func(a, b team) int { return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Kind, b.Kind)) })
	return out
}
