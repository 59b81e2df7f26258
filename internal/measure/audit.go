package measure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Audit derives every story as of asOf and returns all that is odd, in the
// order in which it happened.
func Audit(ctx context.Context, store Store, rules *latency.Rules, asOf latency.Instant) ([]latency.Finding, error) {
	ancestors, err := Ancestors(ctx, store)
	if err != nil {
		return nil, err
	}
	shards, err := store.Shards(ctx, 1)
	if err != nil {
		return nil, fmt.Errorf("cutting the stories into shards: %w", err)
	}
	var out []latency.Finding
	traces, peopled, firstWaits := newTraces(), latency.Set{}, latency.FirstWaits{}
	for _, shard := range shards {
		for s, err := range derived(ctx, store, shard, latency.NewDeriver(rules, ancestors), rules, asOf) {
			if err != nil {
				return nil, err
			}
			out = append(out, s.findings...)
			traces.set(s.id, &s.trace)
			firstWaits.Add(s.firstWaits)
			if s.home != "" {
				peopled[s.home] = true
			}
		}
	}
	notes, err := store.Notes(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what polls noted: %w", err)
	}
	ended := latency.Bulk{}
	statistics := latency.NewStatistics(rules, latency.Rolling(asOf), ended.Count(traces.each()))
	out = append(out, ended.Findings(traces.each())...)
	out = append(out, Noted(rules, notes)...)
	out = append(out, latency.Misfits(rules, asOf, statistics, peopled, firstWaits)...)
	slices.SortStableFunc(out, func(a, b latency.Finding) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.StoryID, b.StoryID), cmp.Compare(a.Reason, b.Reason))
	})
	return out, nil
}

// Noted returns what polls noted, as findings: stories that can no longer be seen
// or read, comments that Jira counts and does not give. A story is of the project
// that its key names.
func Noted(rules *latency.Rules, notes []jiradata.Note) []latency.Finding {
	var out []latency.Finding
	for _, n := range notes {
		project, _, _ := strings.Cut(n.Key, "-")
		out = append(out, latency.Finding{Reason: n.Reason, StoryID: n.Story, Story: n.Key, ProjectID: rules.ProjectID(project), At: n.At, Detail: n.Detail})
	}
	return out
}
