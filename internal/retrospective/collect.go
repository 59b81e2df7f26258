package retrospective

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/survival"
)

// window is the name that the statistics of a range have.
const window = "range"

// group is whose waits are looked at: Owner "" means all of a project's.
type group struct {
	kind           latency.Kind
	project, owner string
}

// clusters are samples by story: the waits of one story are not independent.
type clusters map[int64][]survival.Sample

// lists returns the samples of each story, in order of their ids.
func (c clusters) lists() [][]survival.Sample {
	out := make([][]survival.Sample, 0, len(c))
	for _, id := range slices.Sorted(maps.Keys(c)) {
		out = append(out, c[id])
	}
	return out
}

// ranged is one range as it is collected.
type ranged struct {
	Range
	asOf   latency.Instant
	seen   latency.Span // the range up to asOf
	parts  []latency.Part
	traces []*latency.Trace
	guards map[string]Guards // by project
	cells  map[group]*Cell
	stats  *latency.Statistics
}

// collection is what is known of all ranges.
type collection struct {
	options Options
	rules   *latency.Rules
	ranges  []*ranged // the range itself first
	effects effects
	odd     map[string]int // findings by reason
	unowned int
}

// Make derives histories by rules and returns the report that opts ask for. Each
// history is derived once for every range. Where the rules do not tell owners apart no
// statistic is of one.
func Make(named *latency.Rules, ancestors latency.Ancestors, histories iter.Seq2[*latency.History, error], opts Options) (*Report, error) {
	rules := byName(named)
	opts.PerOwner = opts.PerOwner && !named.Together
	c := &collection{options: opts, rules: rules, odd: map[string]int{}}
	for _, r := range append([]Range{opts.Range}, opts.Before...) {
		asOf := min(r.To, opts.DataTimestamp)
		c.ranges = append(c.ranges, &ranged{
			Range: r, asOf: asOf, seen: latency.Span{From: r.From, To: asOf}, guards: map[string]Guards{}, cells: map[group]*Cell{},
		})
	}
	c.effects = newEffects(rules, c.ranges[0].asOf, cmp.Or(opts.StandInDays, standInDays))
	d := latency.NewDeriver(rules, ancestors)
	for h, err := range histories {
		if err != nil {
			return nil, err
		}
		for i, r := range c.ranges {
			c.add(i, r, d.Story(h, r.asOf))
		}
	}
	out := c.report()
	out.label(named)
	return out, nil
}

// looksAt reports whether the report is about a project.
func (c *collection) looksAt(projectID string) (key string, ok bool) {
	p := c.rules.Projects[projectID]
	if p == nil || len(c.options.Projects) > 0 && !slices.Contains(c.options.Projects, p.Key) {
		return "", false
	}
	return p.Key, true
}

// add takes in what a story amounted to at the end of the nth range.
func (c *collection) add(n int, r *ranged, res *latency.Result) {
	if n == 0 {
		for i := range res.Parts {
			if _, ok := c.looksAt(res.Parts[i].ProjectID); ok {
				c.effects.add(&res.Parts[i])
			}
		}
		for _, f := range res.Findings {
			if _, ok := c.looksAt(f.ProjectID); ok && r.Contains(f.At) {
				c.odd[f.Reason]++
			}
		}
	}
	trace := res.Trace(r.From)
	for i := range res.Parts {
		p := &res.Parts[i]
		key, ok := c.looksAt(p.ProjectID)
		if !ok || !c.rules.Projects[p.ProjectID].Measures(p.Kind) || p.Start >= r.asOf || p.End <= r.From {
			continue
		}
		r.parts = append(r.parts, *p)
		r.count(c.rules, key, p)
		if n == 0 && p.Owner == latency.Unowned {
			c.unowned++
		}
	}
	if !trace.Empty() {
		r.traces = append(r.traces, &trace)
	}
	for _, m := range res.Marks {
		if key, ok := c.looksAt(m.ProjectID); ok && r.seen.Contains(m.At) {
			g := r.guards[key]
			g.count(m.Type)
			r.guards[key] = g
		}
	}
}

// count counts a mark.
func (g *Guards) count(mark latency.EntryType) {
	switch mark {
	case latency.GuardReopened:
		g.Reopened++
	case latency.GuardSilentRejection:
		g.SilentRejections++
	case latency.GuardInstantAcceptance:
		g.InstantAcceptances++
	case latency.GuardAskedAgain:
		g.AskedAgain++
	case latency.EntryBypass:
		g.Bypassed++
	default: // a slip; what becomes of waits is counted part by part
	}
}

// cell returns the cell of a group.
func (r *ranged) cell(g group) *Cell {
	c := r.cells[g]
	if c == nil {
		c = &Cell{Outcomes: map[latency.Outcome]int{}, samples: clusters{}}
		r.cells[g] = c
	}
	return c
}

// count counts a part that ran in the range.
func (r *ranged) count(rules *latency.Rules, project string, p *latency.Part) {
	of := p.Sample()
	sample, ok := rules.InWindow(r.seen, &of)
	for _, g := range []group{{p.Kind, project, ""}, {p.Kind, project, p.Owner}} {
		c := r.cell(g)
		if r.Contains(p.Start) && p.Number == 1 || g.owner != "" && r.Contains(p.Start) {
			c.Begun++
		}
		if p.End != latency.Never {
			c.Outcomes[p.Outcome]++
		}
		if p.Breached && r.seen.Contains(p.BreachAt) {
			c.Breached++
		}
		if !p.Breached && p.Outcome.IsResponse() {
			c.Met++
		}
		if ok {
			c.samples[p.StoryID] = append(c.samples[p.StoryID], sample)
		}
	}
}

// report makes the report of what was collected.
func (c *collection) report() *Report {
	r := c.ranges[0]
	out := &Report{Range: r.extent(), Before: []Extent{}, AsOf: Instant(c.options.DataTimestamp), StandInDays: cmp.Or(c.options.StandInDays, standInDays)}
	for _, b := range c.ranges[1:] {
		out.Before = append(out.Before, b.extent())
	}
	for _, b := range c.ranges {
		b.stats = latency.NewStatistics(c.rules, []latency.Window{{Name: window, Span: b.seen}}, slices.Values(b.traces))
	}
	projects := c.projects()
	for _, p := range projects {
		for _, g := range c.groups(p) {
			for _, b := range c.ranges {
				b.cell(g) // from here on no cell is added
			}
		}
	}
	out.Projects = make([]Project, len(projects))
	atOnce(c.options.Workers, len(projects), func(i int) { out.Projects[i] = c.project(projects[i]) })
	out.Longest, out.Open = c.lists()
	out.Delegations = c.effects.report(c.rules, c.options)
	out.WhatIf, out.CycleTime = c.savings()
	out.Talk = topics(out)
	out.LeftOut = c.omissions()
	out.Notes = notes(out)
	return out
}

func (r *ranged) extent() Extent {
	return Extent{Name: r.Name, From: Instant(r.From), To: Instant(r.To), AsOf: Instant(r.asOf)}
}

// projects returns the projects that the report is about, by key.
func (c *collection) projects() []*latency.Project {
	var out []*latency.Project
	for id, p := range c.rules.Projects {
		if _, ok := c.looksAt(id); ok {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *latency.Project) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// owners returns those who have a wait in a project, in any of the ranges.
func (c *collection) owners(project string) []string {
	seen := map[string]bool{}
	for _, r := range c.ranges {
		for g := range r.cells {
			if g.project == project && g.owner != "" && g.owner != latency.Unowned {
				seen[g.owner] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// project makes what the report says of a project.
func (c *collection) project(p *latency.Project) Project {
	out := Project{Key: p.Key}
	out.Waits = c.waits(p, "")
	for _, b := range c.ranges {
		out.Guards = append(out.Guards, b.guards[p.Key])
		out.Share = append(out.Share, b.share(p.Key))
	}
	if !c.options.PerOwner {
		return out
	}
	for _, owner := range c.owners(p.Key) {
		out.Owners = append(out.Owners, Owner{Key: owner, Name: c.rules.Name(owner), Waits: c.waits(p, owner)})
	}
	return out
}

// share makes what the report says of a project's cycle time in the range.
func (r *ranged) share(project string) Share {
	share, key := r.stats.ProjectShare(project, window), latency.ProjectWindow{Project: project, Window: window}
	blocker := r.stats.Blockers[key]
	s := Share{Stories: r.stats.Stories[key], Hours: hoursOf(share.Total), Stages: []Stage{}, Blocker: blocker.Stage, BlockedBy: blocker.Share}
	if share.Total == 0 {
		return s
	}
	s.Low, s.High = share.Low(), share.High()
	for _, stage := range latency.Stages() {
		if lived := r.stats.Stages[latency.StageWindow{Project: project, Stage: stage, Window: window}]; lived > 0 {
			s.Stages = append(s.Stages, Stage{stage, hoursOf(lived), float64(lived) / float64(share.Total)})
		}
	}
	slices.SortStableFunc(s.Stages, func(a, b Stage) int { return cmp.Compare(b.Hours, a.Hours) })
	return s
}

func hoursOf(ms latency.Milliseconds) float64 { return ms.Seconds() / 3600 }

// kindsOf returns the kinds of waits that are measured in a project.
func kindsOf(p *latency.Project) []latency.Kind {
	return slices.DeleteFunc([]latency.Kind{latency.Acceptance, latency.Question}, func(k latency.Kind) bool { return !p.Measures(k) })
}

// groups returns the groups of a project that the report tells of.
func (c *collection) groups(p *latency.Project) []group {
	owners := []string{""}
	if c.options.PerOwner {
		owners = append(owners, c.owners(p.Key)...)
	}
	var out []group
	for _, kind := range kindsOf(p) {
		for _, owner := range owners {
			out = append(out, group{kind, p.Key, owner})
		}
	}
	return out
}

// waits makes what the report says of the waits of a project, or of an owner in it, for
// each kind that is measured.
func (c *collection) waits(p *latency.Project, owner string) []Waits {
	var out []Waits
	for _, kind := range kindsOf(p) {
		w := Waits{Kind: kind, Target: Length{p.Target(kind), true}}
		g := group{kind, p.Key, owner}
		c.prepare(g, p, c.ranges[0].cell(g))
		var before []clusters
		for i, r := range c.ranges {
			cell := r.cell(g)
			cell.finish(r.stats, latency.WaitsKey{Kind: kind, Project: p.Key, Owner: owner, Window: window})
			cell.save()
			w.Cells = append(w.Cells, cell.told())
			if i > 0 {
				before = append(before, cell.samples)
				cell.drawn = nil
			}
		}
		w.Change = change(kind, c.ranges[0].cell(g), before)
		out = append(out, w)
	}
	return out
}

// atOnce calls f for each number below n, so many at a time; fewer than two: one.
func atOnce(workers, n int, f func(i int)) {
	if workers < 2 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(workers, n) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	all.Wait()
}
