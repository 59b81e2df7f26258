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

// How much of a Jira is read: enough to see who hands what to whom, and a small
// part of a big Jira.
const (
	enoughStories  = 200  // of a project; the sample reaches further back until it has them
	mostOfProject  = 400  // of a project; of more, every so manieth is read
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

// Progress is told how far the reading has come, in a sentence.
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
	return fmt.Sprintf("%s: %d stories, of %d issues %s", r.Project, r.Stories, r.Found, back)
}

// Sample reads a sample of the projects' stories. Of each project it goes back
// until it has enough, and of many stories it reads every so manieth.
func Sample(ctx context.Context, client *jira.Client, projects []string, now latency.Instant, progress Progress) (*propose.Sample, []Read, error) {
	meta, err := client.Meta(ctx, projects)
	if err != nil {
		return nil, nil, err
	}
	if len(meta.Missing) > 0 {
		return nil, nil, fmt.Errorf("this Jira shows the account no project %s: check the key, and that the account may browse the project", meta.Missing)
	}
	s := &propose.Sample{Meta: meta, Users: map[string]jiradata.User{}, Zones: map[string]string{}, AsOf: now}
	types := storyTypes(meta.Types)
	limit := min(mostOfProject, max(idsOfABatch, mostOfAll/max(1, len(meta.Projects))))
	var read []Read
	for _, p := range meta.Projects {
		ids, days, err := recent(ctx, client, p.Key, now)
		if err != nil {
			return nil, nil, fmt.Errorf("project %s: %w", p.Key, err)
		}
		r := Read{Project: p.Key, Found: len(ids), Days: days}
		for part := range slices.Chunk(thin(ids, limit), idsOfABatch) {
			progress(fmt.Sprintf("reading stories of %s: %d of %d", p.Key, r.Stories, min(limit, len(ids))))
			stories, err := stories(ctx, client, p.Key, part)
			if err != nil {
				return nil, nil, fmt.Errorf("project %s: %w", p.Key, err)
			}
			for _, st := range stories {
				if kind := st.History.Now[latency.FieldType]; len(kind) == 0 || !types[kind[0].ID] {
					continue
				}
				s.Stories = append(s.Stories, st)
				r.Stories++
				for _, u := range st.Users {
					s.Users[u.ID] = u
				}
			}
		}
		read = append(read, r)
	}
	for _, u := range meta.Users {
		s.Users[u.ID] = u
	}
	for id, u := range s.Users {
		if u.TimeZone != "" {
			s.Zones[id] = u.TimeZone
		}
	}
	return s, read, nil
}

// stories reads issues by id, by one search; where Jira refuses it, for one of
// them was deleted meanwhile, one by one.
func stories(ctx context.Context, client *jira.Client, project string, ids []int64) ([]jiradata.Story, error) {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.FormatInt(id, 10)
	}
	var out []jiradata.Story
	for page, err := range client.Search(ctx, jiradata.Query{Projects: []string{project}, JQL: "id in (" + strings.Join(words, ", ") + ")"}) {
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

// recent returns the issues of a project that were updated lately, as far back
// as it takes to have enough, and how many days that is.
func recent(ctx context.Context, client *jira.Client, key string, now latency.Instant) (ids []int64, days int, err error) {
	for _, days = range reaches() {
		q := jiradata.Query{Projects: []string{key}}
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
