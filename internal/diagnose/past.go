package diagnose

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/propose"
	"github.com/yourturn/yourturn/internal/setup"
)

// mostJudged is how many stories of a project are looked at for the steps that
// they take; waits are derived of all that are there.
const mostJudged = 400

// past is the stories by which a config is judged: those of the store, and of
// projects that it does not hold a sample.
type past struct {
	sources []source
	sample  *propose.Sample // of them all, at most mostJudged of a project
	stories map[string]int  // how many there are, by project id
	from    []string        // where they are from, in words
}

// source is stories as of an instant.
type source struct {
	asOf      latency.Instant
	ancestors latency.Ancestors
	histories iter.Seq2[*latency.History, error]
}

// projectOf returns the id of the project that a story is in.
func projectOf(h *latency.History) string {
	if p := h.Now[latency.FieldProject]; len(p) > 0 {
		return p[0].ID
	}
	return ""
}

// readPast reads the stories of the watched projects, or of all projects where
// jira.jql says which stories count.
func (e *examination) readPast(ctx context.Context) (*past, error) {
	if e.past != nil {
		return e.past, nil
	}
	out := &past{
		stories: map[string]int{},
		sample:  &propose.Sample{Meta: e.facts.Meta, Users: map[string]jiradata.User{}, Zones: map[string]string{}, AsOf: e.me.At},
	}
	want := e.facts.Meta
	want.Projects = e.watched
	if e.store != nil && e.state.FirstDone {
		if err := e.readStore(ctx, out); err != nil {
			return nil, err
		}
		want.Projects = slices.DeleteFunc(slices.Clone(want.Projects), func(p jiradata.Project) bool {
			return len(e.state.Complete) == 0 || slices.Contains(e.state.Complete, p.ID)
		})
	}
	if len(want.Projects) == 0 {
		return out, nil
	}
	var read []setup.Read
	var s *propose.Sample
	var err error
	if jql := e.Config.Jira.JQL; jql != "" {
		s, read, err = setup.SampleOfQuery(ctx, e.Client, want, jql, e.me.At, e.Progress)
	} else {
		s, read, err = setup.SampleOf(ctx, e.Client, want, e.me.At, e.Progress)
	}
	if err != nil {
		return nil, err
	}
	for i := range s.Stories {
		out.stories[s.Stories[i].ProjectID]++
	}
	out.sample.Stories = append(out.sample.Stories, s.Stories...)
	maps.Copy(out.sample.Users, s.Users)
	maps.Copy(out.sample.Zones, s.Zones)
	ancestors, err := e.parents(ctx, s)
	if err != nil {
		return nil, err
	}
	out.sources = append(out.sources, source{asOf: s.AsOf, ancestors: ancestors, histories: func(yield func(*latency.History, error) bool) {
		for i := range s.Stories {
			h := s.Stories[i].History
			h.Events = slices.Clone(h.Events) // a derivation orders them
			if !yield(&h, nil) {
				return
			}
		}
	}})
	const named = 4
	for _, r := range read[:min(named, len(read))] {
		out.from = append(out.from, r.String())
	}
	if more := len(read) - named; more > 0 {
		out.from = append(out.from, fmt.Sprintf("and of %d projects more", more))
	}
	return out, nil
}

// parents reads the parents of a sample's stories, and theirs: an owner field may
// be set there alone.
func (e *examination) parents(ctx context.Context, s *propose.Sample) (latency.Ancestors, error) {
	const (
		generations = 3
		atOnce      = 100
	)
	out := latency.Ancestors{}
	level := make([]latency.History, len(s.Stories))
	for i := range s.Stories {
		level[i] = s.Stories[i].History
	}
	for range generations {
		var ids []int64
		for i := range level {
			for _, parent := range level[i].Now[latency.FieldParent] {
				id, err := strconv.ParseInt(parent.ID, 10, 64)
				if err == nil && out[parent.ID] == nil && !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
		}
		level = level[:0]
		for part := range slices.Chunk(ids, atOnce) {
			e.Progress(fmt.Sprintf("reading %d parents of stories", len(ids)))
			page, _, err := e.Client.Issues(ctx, part)
			if err != nil {
				return nil, fmt.Errorf("reading %d parents of stories: %w", len(part), err)
			}
			for i := range page.Stories {
				h := page.Stories[i].History
				level = append(level, h)
				h.Events = slices.Clone(h.Events)
				out[strconv.FormatInt(h.ID, 10)] = latency.NewAncestor(&h)
			}
		}
	}
	return out, nil
}

// readStore adds the stories of the store.
func (e *examination) readStore(ctx context.Context, out *past) error {
	e.Progress("reading the store")
	ancestors, err := measure.Ancestors(ctx, e.store)
	if err != nil {
		return err
	}
	since := e.state.DataTimestamp.Add(-latency.LongestWindow)
	recent := map[string][]int64{}
	total := 0
	for h, err := range e.store.Histories(ctx, nil) {
		if err != nil {
			return err
		}
		p := projectOf(h)
		out.stories[p]++
		total++
		if slices.ContainsFunc(h.Events, func(ev latency.Event) bool { return ev.At > since }) {
			recent[p] = append(recent[p], h.ID)
		}
	}
	var ids []int64
	for _, list := range recent {
		// In an order that has nothing to do with when they were created.
		slices.SortFunc(list, func(a, b int64) int { return cmp.Or(cmp.Compare(scatter(a), scatter(b)), cmp.Compare(a, b)) })
		ids = append(ids, list[:min(mostJudged, len(list))]...)
	}
	slices.Sort(ids)
	for h, err := range e.store.Histories(ctx, ids) {
		if err != nil {
			return err
		}
		out.sample.Stories = append(out.sample.Stories, jiradata.Story{History: keep(h), ProjectID: projectOf(h)})
	}
	users, err := e.store.Users(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		out.sample.Users[u.ID] = u
	}
	out.sources = append(out.sources, source{e.state.DataTimestamp, ancestors, e.store.Histories(ctx, nil)})
	out.from = append(out.from, fmt.Sprintf("the store: %d stories as of %s", total, e.state.DataTimestamp.Time().Format("2006-01-02 15:04 UTC")))
	return nil
}

// scatter returns a number that looks like chance, and is always the same.
func scatter(id int64) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, strconv.FormatInt(id, 10)) // a hash takes everything
	return h.Sum64()
}

// keep returns a copy of a history that a store gave, which may be kept.
func keep(h *latency.History) latency.History {
	out := latency.History{ID: h.ID, Key: h.Key, Now: latency.Snapshot{}, Events: slices.Clone(h.Events)}
	for field, values := range h.Now {
		out.Now[field] = slices.Clone(values)
	}
	for i := range out.Events {
		ev := &out.Events[i]
		ev.Changes = slices.Clone(ev.Changes)
		if ev.Comment != nil {
			c := comment.Facts{Question: ev.Comment.Question, Head: ev.Comment.Head, Asked: slices.Clone(ev.Comment.Asked), Mentioned: slices.Clone(ev.Comment.Mentioned)}
			ev.Comment = &c
		}
	}
	return out
}

// tally is what happened in a project in the last 90 days.
type tally struct {
	stories, ownerless int            // on which something happened; of those, with an empty owner field
	parts, unowned     int            // owners' parts of waits; of those, nobody's
	bypassed, accepted int            // stories done without acceptance; acceptances
	byDefault          int            // exits that only the category of the status judges
	exits              map[way]int    // how acceptance waits ended
	others             map[string]int // who accepted in place of the owner and of delegates, by person
	visited            latency.Set    // statuses, at any time
}

// way is a way out of acceptance.
type way struct {
	status  string // name
	outcome latency.Outcome
}

// derive derives all stories of the past by the rules, and returns what happened
// by project id, and the statistics over all.
func (e *examination) derive(ctx context.Context, p *past) (map[string]*tally, *latency.Statistics, error) {
	out := map[string]*tally{}
	for _, w := range e.watched {
		out[w.ID] = &tally{exits: map[way]int{}, others: map[string]int{}, visited: latency.Set{}}
	}
	var traces []*latency.Trace
	newest := latency.Instant(0)
	for _, src := range p.sources {
		since := src.asOf.Add(-latency.LongestWindow)
		newest = max(newest, src.asOf)
		d := latency.NewDeriver(e.rules.Rules, src.ancestors)
		n := 0
		for h, err := range src.histories {
			if err != nil {
				return nil, nil, err
			}
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			if n++; n%1000 == 0 {
				e.Progress(fmt.Sprintf("deriving waits: %d stories", n))
			}
			if t := out[projectOf(h)]; t != nil {
				t.look(h, since, e.rules.Rules)
			}
			res := d.Story(h, src.asOf)
			for i := range res.Parts {
				if t := out[res.Parts[i].ProjectID]; t != nil {
					t.part(&res.Parts[i], since)
				}
			}
			for _, m := range res.Marks {
				if t := out[m.ProjectID]; t != nil && m.Type == latency.EntryBypass && m.At > since {
					t.bypassed++
				}
			}
			for _, f := range res.Findings {
				if t := out[f.ProjectID]; t != nil && f.Reason == latency.FindExitByDefault && f.At > since {
					t.byDefault++
				}
			}
			if t := res.Trace(since); len(t.Samples) > 0 {
				traces = append(traces, &t)
			}
		}
	}
	return out, latency.NewStatistics(e.rules.Rules, latency.Rolling(newest), slices.Values(traces)), nil
}

// look counts a story and the statuses that it visited.
func (t *tally) look(h *latency.History, since latency.Instant, r *latency.Rules) {
	if kind := h.Now[latency.FieldType]; len(kind) > 0 {
		if story, listed := r.Types[kind[0].ID]; listed && !story {
			return
		}
	}
	for _, v := range h.Now[latency.FieldStatus] {
		t.visited[v.ID] = true
	}
	seen := false
	for i := range h.Events {
		seen = seen || h.Events[i].At > since
		for _, c := range h.Events[i].Changes {
			if c.Field == latency.FieldStatus {
				t.visited[c.From.ID], t.visited[c.To.ID] = true, true
			}
		}
	}
	if !seen {
		return
	}
	t.stories++
	if p := r.Projects[projectOf(h)]; p != nil && p.OwnerField != "" && len(h.Now[p.OwnerField]) == 0 {
		t.ownerless++
	}
}

// part counts an owner's part of a wait.
func (t *tally) part(p *latency.Part, since latency.Instant) {
	if p.End <= since {
		return
	}
	t.parts++
	if p.Owner == latency.Unowned {
		t.unowned++
	}
	if p.Kind != latency.Acceptance || !p.Final || p.Outcome == latency.HandedOver {
		return
	}
	t.exits[way{p.ExitStatus, p.Outcome}]++
	if p.Outcome != latency.Accepted {
		return
	}
	t.accepted++
	if n := len(p.Steps); p.Responder == latency.ByOther && n > 0 {
		t.others[p.Steps[n-1].Actor]++
	}
}

// sum returns how many exits there were, and how many had an outcome.
func (t *tally) sum(outcome latency.Outcome) (n, all int) {
	for w, count := range t.exits {
		all += count
		if w.outcome == outcome {
			n += count
		}
	}
	return n, all
}

// ways returns how acceptance waits ended, the commonest first, in words.
func (t *tally) ways() string {
	list := slices.SortedFunc(maps.Keys(t.exits), func(a, b way) int {
		return cmp.Or(cmp.Compare(t.exits[b], t.exits[a]), cmp.Compare(a.status, b.status), cmp.Compare(a.outcome, b.outcome))
	})
	var out []string
	for _, w := range list {
		out = append(out, fmt.Sprintf("%d to %q (%s)", t.exits[w], cmp.Or(w.status, "nowhere"), w.outcome))
	}
	return strings.Join(out, ", ")
}
