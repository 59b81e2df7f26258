package retrospective

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/survival"
)

const (
	standInDays  = 180     // over which stand-ins are compared
	fewestInArm  = 5       // ended waits in each arm that a comparison needs
	permutations = 10_000  // drawn where there are too many to look at each
	arrangements = 200_000 // that are looked at each
	listed       = 10      // waits of an arm with too few to compare
)

// StandIn compares the waits of an owner that began while somebody stood in with those
// that began while nobody did, on the story's clock. Absences count, because they are
// what a stand-in is for.
type StandIn struct {
	Project string       `json:"project"`
	Owner   string       `json:"owner"`
	Name    string       `json:"owner_name"`
	Kind    latency.Kind `json:"kind"`
	With    Arm          `json:"with_stand_in"`
	Without Arm          `json:"without"`

	Compared bool `json:"compared"` // false: an arm has fewer than five ended waits
	// Median is the difference of medians, with less without; negative is sooner.
	Median         Length   `json:"difference_of_medians_seconds"`
	MedianInterval Interval `json:"difference_of_medians_interval"`
	// Mean is the difference of the means restricted to Horizon; not reached where one
	// arm has nobody at risk from the beginning.
	Mean         Length   `json:"difference_of_means_seconds"`
	MeanInterval Interval `json:"difference_of_means_interval"`
	Horizon      Length   `json:"horizon_seconds"`
	P            float64  `json:"p"`       // of the permuted waits
	PWeeks       float64  `json:"p_weeks"` // of whole weeks: stand-ins come in spells
	// Corrected is the larger of the two, corrected by Holm for how many comparisons
	// the report makes: what a headline may rest on.
	Corrected float64 `json:"p_corrected"`
	Power     int     `json:"power_percent"` // of seeing a wait that is 60 % shorter, by the size of the arms; 0: under 8
}

// Arm is the waits that began with, or without, a stand-in.
type Arm struct {
	Began    int      `json:"began"`
	Ended    int      `json:"ended"`
	Open     int      `json:"open"`
	Censored int      `json:"ended_another_way"` // or the stand-in came or went meanwhile
	Median   Length   `json:"median_seconds"`
	Waits    []string `json:"waits,omitempty"` // the stories, where there are too few to compare
}

// armSample is a sample and what it is permuted with.
type armSample struct {
	survival.Sample
	story int64
	key   string
	week  int64
	start latency.Instant
}

// effects collect the arms.
type effects struct {
	rules  *latency.Rules
	window latency.Span
	arms   map[group]*[2][]armSample // with a stand-in, without
	count  map[group]*[2]Arm
}

func newEffects(rules *latency.Rules, asOf latency.Instant, days int) effects {
	window := latency.Span{From: asOf.Add(-time.Duration(days) * 24 * time.Hour), To: asOf}
	return effects{rules, window, map[group]*[2][]armSample{}, map[group]*[2]Arm{}}
}

// add takes in a part as of the end of the window.
func (e *effects) add(p *latency.Part) {
	project := e.rules.Projects[p.ProjectID]
	if p.Owner == latency.Unowned || !project.Measures(p.Kind) || p.Start >= e.window.To || p.End <= e.window.From {
		return
	}
	spans := e.rules.StandIns(p.Owner, p.ProjectID, p.Kind)
	if len(spans) == 0 {
		return // nobody ever stands in: there is nothing to compare
	}
	arm, until := 1, latency.Never
	for _, s := range spans {
		if s.Contains(p.Start) {
			arm, until = 0, s.To
			break
		}
		if s.From > p.Start {
			until = s.From
			break
		}
	}
	if until <= e.window.From {
		return // it was in no arm any more when the window began
	}
	at := func(i latency.Instant) time.Duration {
		_, working := e.rules.StoryClockAt(p, i)
		return working
	}
	s := armSample{story: p.StoryID, key: p.Story, start: p.Start, week: weekOf(p.Start)}
	s.Began = p.Start >= e.window.From
	if !s.Began {
		s.Entry = at(e.window.From)
	}
	g := group{p.Kind, project.Key, p.Owner}
	if e.arms[g] == nil {
		e.arms[g], e.count[g] = &[2][]armSample{}, &[2]Arm{}
	}
	count := &e.count[g][arm]
	if s.Began {
		count.Began++
	}
	switch end := min(p.End, e.window.To); {
	case p.End <= until && p.Outcome.IsResponse():
		s.Age, s.Event = at(end), true
		count.Ended++
	case p.End == latency.Never && until > e.window.To:
		s.Age = at(end)
		count.Open++
	default:
		s.Age = at(min(end, until))
		count.Censored++
	}
	e.arms[g][arm] = append(e.arms[g][arm], s)
}

// weekOf numbers weeks that begin on Mondays, in UTC.
func weekOf(i latency.Instant) int64 {
	const day, thursday = int64(24 * time.Hour / time.Millisecond), 3 // 1 January 1970 was one
	return (int64(i)/day + thursday) / 7
}

// report compares the arms of every group in which somebody stood in.
func (e *effects) report(rules *latency.Rules, opts Options) []StandIn {
	out := []StandIn{}
	if !opts.PerOwner {
		return out
	}
	groups := slices.SortedFunc(maps.Keys(e.arms), func(a, b group) int {
		return cmp.Or(cmp.Compare(a.project, b.project), cmp.Compare(a.owner, b.owner), cmp.Compare(a.kind, b.kind))
	})
	groups = slices.DeleteFunc(groups, func(g group) bool { return len(e.arms[g][0]) == 0 })
	out = slices.Grow(out, len(groups))[:len(groups)]
	atOnce(opts.Workers, len(groups), func(i int) {
		g := groups[i]
		out[i] = e.compare(g, rules.Projects[rules.ProjectID(g.project)].Target(g.kind), opts)
	})
	var p []float64
	for i := range out {
		if out[i].Compared {
			p = append(p, max(out[i].P, out[i].PWeeks))
		}
	}
	corrected := survival.Holm(p)
	for i := range out {
		if out[i].Compared {
			out[i].Corrected, corrected = corrected[0], corrected[1:]
		}
	}
	return out
}

// compare compares two arms.
func (e *effects) compare(g group, target time.Duration, opts Options) StandIn {
	out := StandIn{Project: g.project, Owner: g.owner, Name: e.rules.Name(g.owner), Kind: g.kind, With: e.count[g][0], Without: e.count[g][1]}
	var samples [2][]survival.Sample
	var waits, weeks, stories [2][][]survival.Sample
	for i, arm := range e.arms[g] {
		slices.SortFunc(arm, func(a, b armSample) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.story, b.story)) })
		byWeek, byStory := clusters{}, clusters{}
		for _, s := range arm {
			samples[i] = append(samples[i], s.Sample)
			waits[i] = append(waits[i], []survival.Sample{s.Sample})
			byWeek[s.week] = append(byWeek[s.week], s.Sample)
			byStory[s.story] = append(byStory[s.story], s.Sample)
		}
		weeks[i], stories[i] = byWeek.lists(), byStory.lists()
	}
	with, without := survival.New(samples[0]), survival.New(samples[1])
	out.With.Median, out.Without.Median = length(half(with)), length(half(without))
	if min(out.With.Ended, out.Without.Ended) < fewestInArm {
		out.With.Waits, out.Without.Waits = list(e.arms[g][0], out.With), list(e.arms[g][1], out.Without)
		return out
	}
	out.Compared = true
	tau, ok := horizon(samples, 2*target)
	mean := func(c *survival.Curve) float64 { mean, _ := c.Mean(tau); return mean.Hours() }
	drawn := [2][][]float64{
		survival.Draws(stories[0], draws, ofRange, half, mean), survival.Draws(stories[1], draws, ofBefore, half, mean),
	}
	out.Median, out.MedianInterval = length(half(with)-half(without)), interval(less(drawn[0][0], drawn[1][0]))
	if ok {
		out.Horizon = Length{tau, true}
		out.Mean, out.MeanInterval = length(mean(with)-mean(without)), interval(less(drawn[0][1], drawn[1][1]))
	}
	exact := cmp.Or(opts.Arrangements, arrangements)
	out.P = survival.Compare(waits[0], waits[1]).Permute(exact, permutations).P
	out.PWeeks = survival.Compare(weeks[0], weeks[1]).Permute(exact, permutations).P
	out.Power = power(out.With.Ended, out.Without.Ended)
	return out
}

// list returns the stories of an arm in which too few waits ended.
func list(arm []armSample, count Arm) []string {
	if count.Ended >= fewestInArm {
		return nil
	}
	var out []string
	for _, s := range arm[max(0, len(arm)-listed):] {
		out = append(out, s.key)
	}
	return out
}

// horizon returns up to which age means are compared: limit, or the longest age of an
// arm whose longest is censored before that. ok is false where nobody in an arm is at
// risk from the beginning.
func horizon(arms [2][]survival.Sample, limit time.Duration) (tau time.Duration, ok bool) {
	tau = limit
	for _, samples := range arms {
		if _, ok := survival.Watched(samples, 0, 1); !ok {
			return 0, false
		}
		longest := slices.MaxFunc(samples, func(a, b survival.Sample) int {
			return cmp.Or(cmp.Compare(a.Age, b.Age), cmp.Compare(events(a), events(b)))
		})
		if !longest.Event {
			tau = min(tau, longest.Age)
		}
	}
	return tau, tau > 0
}

func events(s survival.Sample) int {
	if s.Event {
		return 1
	}
	return 0
}

// power returns the percentage of comparisons that see a wait which is 60 % shorter, at
// 5 %, from a table of simulated comparisons at the next lower size; 0 below its first.
// The size is the harmonic mean of both arms' ended waits.
func power(with, without int) int {
	if with == 0 || without == 0 {
		return 0
	}
	size := math.Floor(2 / (1/float64(with) + 1/float64(without)))
	table := []struct {
		size    float64
		percent int
	}{{30, 71}, {20, 53}, {15, 41}, {10, 29}, {8, 24}}
	for _, row := range table {
		if size >= row.size {
			return row.percent
		}
	}
	return 0
}
