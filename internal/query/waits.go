package query

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
)

// Filter selects waits or findings. A zero field selects all.
type Filter struct {
	Owner, Kind string
	Project     string // its key
	Story       string // its key, in any case
	Open        bool   // only open waits
}

// matches reports whether w is selected.
func (f *Filter) matches(w *latency.Part, rules *latency.Rules) bool {
	return (f.Owner == "" || w.Owner == f.Owner) && (f.Kind == "" || string(w.Kind) == f.Kind) &&
		(f.Project == "" || projectKey(rules, w.ProjectID) == f.Project) && (!f.Open || w.Open())
}

// Waits are the selected waits as of an instant.
type Waits struct {
	Parts      []latency.Part
	Statistics *latency.Statistics // over the stories that were read, whatever the filter
}

// Waits derives the waits as of an instant and returns those that f selects, in
// the order of latency.CompareParts.
func (r *Reader) Waits(ctx context.Context, f Filter, asOf latency.Instant) (*Waits, error) {
	ancestors, err := measure.Ancestors(ctx, r.Store)
	if err != nil {
		return nil, err
	}
	var ids []int64
	if f.Story != "" {
		h, err := r.history(ctx, f.Story)
		if err != nil {
			return nil, err
		}
		ids = []int64{h.ID}
	}
	d := latency.NewDeriver(r.Rules, ancestors)
	var out Waits
	var traces []*latency.Trace
	for h, err := range r.Store.Histories(ctx, ids) {
		if err != nil {
			return nil, err
		}
		res := d.Story(h, asOf)
		for _, w := range res.Parts {
			if f.matches(&w, r.Rules) {
				out.Parts = append(out.Parts, w)
			}
		}
		if t := res.Trace(asOf.Add(-latency.LongestWindow)); len(t.Samples) > 0 {
			traces = append(traces, &t)
		}
	}
	slices.SortStableFunc(out.Parts, latency.CompareParts)
	out.Statistics = latency.NewStatistics(r.Rules, latency.Rolling(asOf), slices.Values(traces))
	return &out, nil
}

// history returns the history of the story with a key.
func (r *Reader) history(ctx context.Context, key string) (*latency.History, error) {
	h, err := r.Store.Story(ctx, strings.ToUpper(key))
	if err != nil {
		return nil, err
	}
	if h == nil {
		return nil, fmt.Errorf("the store holds no story %s: is its project watched, and its key today's?", key)
	}
	return h, nil
}
