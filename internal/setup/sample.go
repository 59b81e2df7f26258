// Package setup makes a first config: it looks at a Jira, proposes a config with
// its evidence, lets somebody decide, replays it, and writes it.
package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/propose"
)

// The limits of what is read of a Jira: enough to see who hands what to whom, and little
// of a big Jira.
const (
	enoughStories  = 200  // of a project; the sample reaches further back until it has them
	mostOfProject  = 400  // of a project; of more, so many are read, evenly spread
	mostOfAll      = 4000 // of all projects together
	livingDays     = 90   // a project in which nothing happened for longer is not proposed
	mostProjects   = 200  // projects that are looked at unless they are named
	idsOfABatch    = 100  // stories that are read at once
	zonesOfProfile = 40   // profiles that are asked for their zone
)

// reaches are how far back the sample goes, in days, the nearest first; 0 is
// everything.
func reaches() []int { return []int{90, 180, 365, 0} }

// Project is a project that the token sees.
type Project struct {
	jiradata.Project
	jira.Activity
	Living bool
}

// Progress is called with a sentence that says how far the reading has come.
type Progress func(text string)

// Projects lists the projects that the token sees, the busiest first, and
// whether somebody works in them. keys, where there are any, are the only ones
// that are looked at.
func Projects(ctx context.Context, client *jira.Client, keys []string, now latency.Instant, progress Progress) ([]Project, error) {
	found, _, missing, err := client.Projects(ctx, keys)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("this Jira shows the account no project %s: check the key, and that the account may browse the project", missing)
	}
	if len(found) > mostProjects && len(keys) == 0 {
		return nil, fmt.Errorf("the account sees %d projects: name those of your teams with --projects, at most %d", len(found), mostProjects)
	}
	out := make([]Project, 0, len(found))
	for i, p := range found {
		progress(fmt.Sprintf("looking at project %s, %d of %d", p.Key, i+1, len(found)))
		a, err := client.Activity(ctx, p.Key)
		if err != nil {
			return nil, fmt.Errorf("project %s: %w", p.Key, err)
		}
		out = append(out, Project{p, a, a.Issues > 0 && a.Last > now.Add(-livingDays*24*time.Hour)})
	}
	slices.SortStableFunc(out, func(a, b Project) int { return cmp.Or(-cmp.Compare(a.Last, b.Last), cmp.Compare(a.Key, b.Key)) })
	return out, nil
}

// Read is what a sample was made of.
type Read struct {
	Project string
	Stories int // that were read and are stories
	Found   int // issues that were updated in the time
	Days    int // how far back; 0: everything
}

// String says what was read, in words.
func (r Read) String() string {
	back := "of all time"
	if r.Days > 0 {
		back = fmt.Sprintf("that changed in the last %d days", r.Days)
	}
	return fmt.Sprintf("%s: %s, of %s %s", r.Project, counted(r.Stories, "story", "stories"), counted(r.Found, "issue", "issues"), back)
}

// counted words a number of things.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Sample reads a sample of the projects' stories. Of each project it goes back
// until it has enough; of too many stories it reads some, evenly spread.
func Sample(ctx context.Context, client *jira.Client, projects []string, now latency.Instant, progress Progress) (*propose.Sample, []Read, error) {
	meta, err := client.Meta(ctx, projects)
	if err != nil {
		return nil, nil, err
	}
	if len(meta.Missing) > 0 {
		return nil, nil, fmt.Errorf("this Jira shows the account no project %s: check the key, and that the account may browse the project", meta.Missing)
	}
	return SampleOf(ctx, client, meta, now, progress)
}

// SampleOf is Sample of the projects of a meta that was read already.
func SampleOf(ctx context.Context, client *jira.Client, meta jiradata.Meta, now latency.Instant, progress Progress) (*propose.Sample, []Read, error) {
	s := newSampler(client, meta, now, progress)
	limit := min(mostOfProject, max(idsOfABatch, mostOfAll/max(1, len(meta.Projects))))
	for _, p := range meta.Projects {
		if err := s.read(ctx, p.Key, jiradata.Query{Projects: []string{p.Key}}, limit); err != nil {
			return nil, nil, fmt.Errorf("project %s: %w", p.Key, err)
		}
	}
	return s.done()
}

// SampleOfQuery is Sample of the stories that a query finds, of whatever project.
func SampleOfQuery(ctx context.Context, client *jira.Client, meta jiradata.Meta, jql string, now latency.Instant, progress Progress) (*propose.Sample, []Read, error) {
	s := newSampler(client, meta, now, progress)
	if err := s.read(ctx, "jira.jql", jiradata.Query{JQL: jql}, mostOfAll/2); err != nil {
		return nil, nil, err
	}
	return s.done()
}

// sampler reads a sample, scope by scope.
type sampler struct {
	client   *jira.Client
	now      latency.Instant
	progress Progress
	types    map[string]bool
	sample   *propose.Sample
	reads    []Read
}

func newSampler(client *jira.Client, meta jiradata.Meta, now latency.Instant, progress Progress) *sampler {
	return &sampler{
		client: client, now: now, progress: progress, types: storyTypes(meta.Types),
		sample: &propose.Sample{Meta: meta, Users: map[string]jiradata.User{}, Zones: map[string]string{}, AsOf: now},
	}
}

// read reads at most limit stories of a scope, which is called name.
func (s *sampler) read(ctx context.Context, name string, scope jiradata.Query, limit int) error {
	ids, days, err := recent(ctx, s.client, scope, s.now)
	if err != nil {
		return err
	}
	r := Read{Project: name, Found: len(ids), Days: days}
	for part := range slices.Chunk(thin(ids, limit), idsOfABatch) {
		s.progress(fmt.Sprintf("reading stories of %s: %d of %d", name, r.Stories, min(limit, len(ids))))
		stories, err := stories(ctx, s.client, scope.Projects, part)
		if err != nil {
			return err
		}
		for _, st := range stories {
			if kind := st.History.Now[latency.FieldType]; len(kind) == 0 || !s.types[kind[0].ID] {
				continue
			}
			s.sample.Stories = append(s.sample.Stories, st)
			r.Stories++
			for _, u := range st.Users {
				s.sample.Users[u.ID] = u
			}
		}
	}
	s.reads = append(s.reads, r)
	return nil
}

// done returns the sample, with the people that are known without a story too.
func (s *sampler) done() (*propose.Sample, []Read, error) {
	for _, u := range s.sample.Meta.Users {
		s.sample.Users[u.ID] = u
	}
	for id, u := range s.sample.Users {
		if u.TimeZone != "" {
			s.sample.Zones[id] = u.TimeZone
		}
	}
	return s.sample, s.reads, nil
}

// stories reads issues of some projects, or of all, by id, with one search. If Jira
// refuses it, because one of them was deleted meanwhile, it reads them one by one.
func stories(ctx context.Context, client *jira.Client, projects []string, ids []int64) ([]jiradata.Story, error) {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.FormatInt(id, 10)
	}
	var out []jiradata.Story
	for page, err := range client.Search(ctx, jiradata.Query{Projects: projects, JQL: "id in (" + strings.Join(words, ", ") + ")"}) {
		if errors.Is(err, jira.ErrRefused) {
			page, _, err = client.Issues(ctx, ids)
			return page.Stories, err
		}
		if err != nil {
			return nil, err
		}
		out = append(out, page.Stories...)
	}
	return out, nil
}

// storyTypes returns the types that count as stories by default: neither
// sub-tasks nor epics.
func storyTypes(types []jiradata.IssueType) map[string]bool {
	out := map[string]bool{}
	for _, t := range types {
		epic := t.Level > 0 || !t.HasLevel && latency.Fold(t.Name) == "epic"
		out[t.ID] = !t.Subtask && t.Level >= 0 && !epic
	}
	return out
}

// recent returns the issues of a scope that were updated lately, as far back as
// it takes to have enough, and how many days that is.
func recent(ctx context.Context, client *jira.Client, scope jiradata.Query, now latency.Instant) (ids []int64, days int, err error) {
	for _, days = range reaches() {
		q := scope
		if days > 0 {
			q.Since = now.Add(-time.Duration(days) * 24 * time.Hour)
		}
		ids = ids[:0]
		for part, err := range client.IDs(ctx, q) {
			if err != nil {
				return nil, 0, err
			}
			ids = append(ids, part...)
		}
		if len(ids) >= enoughStories {
			break
		}
	}
	slices.Sort(ids)
	return ids, days, nil
}

// thin returns at most limit of the ids, evenly spread.
func thin(ids []int64, limit int) []int64 {
	if len(ids) <= limit {
		return ids
	}
	out := make([]int64, limit)
	for i := range out {
		out[i] = ids[i*len(ids)/limit]
	}
	return out
}

// Propose makes the proposal, and asks Jira for the zones of the owners that
// their stories do not tell. zone is that of who has none.
func Propose(ctx context.Context, client *jira.Client, s *propose.Sample, zone string) (*propose.Proposal, error) {
	p, err := propose.New(s, zone)
	if err != nil {
		return nil, err
	}
	asked := 0
	for _, o := range p.Owners {
		if s.Zones[o.Account] != "" || asked == zonesOfProfile {
			continue
		}
		asked++
		u, err := client.User(ctx, o.Account)
		if err != nil {
			continue // a closed account has no zone, and the proposal says where it comes from
		}
		if u.TimeZone != "" {
			s.Zones[o.Account] = u.TimeZone
		}
	}
	if asked == 0 {
		return p, nil
	}
	return propose.New(s, zone)
}
