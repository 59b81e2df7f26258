package backfill

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
)

// Source is what is known of a Jira: the whole of its past.
type Source interface {
	Shards(ctx context.Context, n int) ([]jiradata.Shard, error)
	HistoriesIn(ctx context.Context, shard jiradata.Shard) iter.Seq2[*latency.History, error]
	Histories(ctx context.Context, ids []int64) iter.Seq2[*latency.History, error]
	Parents(ctx context.Context) iter.Seq2[*latency.History, error]
	Notes(ctx context.Context) ([]jiradata.Note, error)
	Sprints(ctx context.Context) ([]jiradata.Sprint, error)
}

// past is a store as it would have been at an instant that moves on: with a
// ledger that was begun at the first of them and that is kept in memory. The
// histories that it gives go on beyond that instant; the domain looks at what is
// past alone.
type past struct {
	Source
	rules     *latency.Rules
	ancestors latency.Ancestors
	now       latency.Instant
	notes     []jiradata.Note
	sprints   []jiradata.Sprint

	// before is what had been counted of stories by the first instant. It is derived
	// when it is needed. since is what was counted after it.
	before, since map[int64][]latency.Counted
	first         latency.Instant
	// ledger is the start of the ledger that the past belongs to; see Options.
	ledger latency.Instant
	// stories are those that were asked for so far.
	stories map[int64]*latency.History
}

var _ measure.Store = (*past)(nil)

// newPast returns the store as it was at an instant.
func newPast(ctx context.Context, source Source, rules *latency.Rules, at latency.Instant) (*past, error) {
	ancestors, err := measure.Ancestors(ctx, source)
	if err != nil {
		return nil, err
	}
	notes, err := source.Notes(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the notes of the audit: %w", err)
	}
	sprints, err := source.Sprints(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the sprints of all projects: %w", err)
	}
	return &past{
		Source: source, rules: rules, ancestors: ancestors, now: at, notes: notes, sprints: sprints,
		first: at, before: map[int64][]latency.Counted{}, since: map[int64][]latency.Counted{}, stories: map[int64]*latency.History{},
	}, nil
}

// Ledger implements measure.Store. What is counted of the past is what the ledger
// that begins with it would have counted; it has been brought up to date by nothing.
func (p *past) Ledger(context.Context) (latency.Ledger, error) {
	return latency.Ledger{Start: p.ledger}, nil
}

// LedgerIn implements measure.Store: nothing was counted before the beginning.
func (p *past) LedgerIn(context.Context, jiradata.Shard) iter.Seq2[latency.Counted, error] {
	return func(func(latency.Counted, error) bool) {}
}

// LedgerOf implements measure.Store.
func (p *past) LedgerOf(ctx context.Context, ids []int64) ([]latency.Counted, error) {
	d := latency.NewDeriver(p.rules, p.ancestors)
	var out []latency.Counted
	for h, err := range p.Histories(ctx, ids) {
		if err != nil {
			return nil, err
		}
		rows, known := p.before[h.ID]
		if !known {
			for e := range p.rules.Entries(h.ID, d.Story(h, p.first), p.first) {
				rows = append(rows, latency.Counted{Entry: e, Counted: true})
			}
			p.before[h.ID] = rows
		}
		out = append(append(out, rows...), p.since[h.ID]...)
	}
	return out, nil
}

// Count implements measure.Store.
func (p *past) Count(_ context.Context, entries []latency.Entry, _ latency.Standing, _ bool, _ *jiradata.Kept) ([]latency.Entry, error) {
	if p.now > p.first {
		for _, e := range entries {
			p.since[e.ID.StoryID] = append(p.since[e.ID.StoryID], latency.Counted{Entry: e, Counted: true})
		}
	}
	return entries, nil
}

// Kept implements measure.Store: nothing is kept of the past.
func (p *past) Kept(context.Context, func([]byte, []latency.Entry) error) (jiradata.KeptState, error) {
	return jiradata.KeptState{}, errors.ErrUnsupported
}

// Touched implements measure.Store.
func (p *past) Touched(context.Context) ([]int64, error) { return nil, nil }

// EachKept implements measure.Store.
func (p *past) EachKept(context.Context, func(int64, []byte) error) error { return nil }

// Notes implements measure.Store.
func (p *past) Notes(context.Context) ([]jiradata.Note, error) {
	return slices.DeleteFunc(slices.Clone(p.notes), func(n jiradata.Note) bool { return n.At > p.now }), nil
}

// Sprints implements measure.Store. Sprints end when they are known to end today.
func (p *past) Sprints(context.Context) ([]jiradata.Sprint, error) {
	return slices.DeleteFunc(slices.Clone(p.sprints), func(s jiradata.Sprint) bool { return s.Start > p.now }), nil
}

// Histories implements measure.Store. What waits is looked at again and again:
// a story is read from the source once.
func (p *past) Histories(ctx context.Context, ids []int64) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		var missing []int64
		for _, id := range ids {
			if p.stories[id] == nil {
				missing = append(missing, id)
			}
		}
		if len(missing) > 0 {
			for h, err := range p.Source.Histories(ctx, missing) {
				if err != nil {
					yield(nil, err)
					return
				}
				p.stories[h.ID] = h.Clone()
			}
		}
		for _, id := range ids {
			if h := p.stories[id]; h != nil && !yield(h, nil) {
				return
			}
		}
	}
}

// changes returns which stories had an event after from, up to and including
// to, by the number of the step that shows it first.
func (p *past) changes(ctx context.Context, from, to latency.Instant, step int64) (map[int64][]int64, error) {
	shards, err := p.Shards(ctx, 1)
	if err != nil {
		return nil, fmt.Errorf("reading at which steps stories change: %w", err)
	}
	out := map[int64][]int64{}
	for _, shard := range shards {
		for h, err := range p.HistoriesIn(ctx, shard) {
			if err != nil {
				return nil, fmt.Errorf("reading at which steps stories change: %w", err)
			}
			for i := range h.Events {
				if at := h.Events[i].At; at > from && at <= to {
					n := (int64(at-from) + step - 1) / step
					if ids := out[n]; len(ids) == 0 || ids[len(ids)-1] != h.ID {
						out[n] = append(ids, h.ID)
					}
				}
			}
		}
	}
	return out, nil
}
