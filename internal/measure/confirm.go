package measure

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/yourturn/yourturn/internal/latency"
)

// Reread reads stories by id, past Jira's search index, writes what it finds and
// returns those that changed.
type Reread func(ctx context.Context, ids []int64) (changed []int64, err error)

// Confirm makes the engine ask for stories before it counts what happened to
// them lately: the search index may not know yet of the move that undid it.
// Without it what the store says is counted.
func (e *Engine) Confirm(reread Reread) { e.reread = reread }

// Holds tells whether something is to be counted that the next Refresh confirms.
func (e *Engine) Holds() bool { return len(e.held) > 0 }

// doubtful tells whether something is to be counted of a story that was not
// final at the last derivation, or did not stand then, and that no reading by
// id has confirmed. Of a story that has changed that is whatever is new: the
// index may have shown late what happened long ago, and not yet what undid it.
func (e *Engine) doubtful(s *story) bool {
	if e.reread == nil || e.since == 0 || e.sure[s.id] {
		return false
	}
	if len(s.entries) > 0 && (e.held[s.id] || e.single) {
		return true
	}
	after := e.since
	for _, p := range e.rules.Projects {
		after = min(after, e.since.Add(-p.SlipWindow))
	}
	return slices.ContainsFunc(s.entries, func(entry latency.Entry) bool { return entry.At > after })
}

// hold keeps what is to be counted of a story until a later derivation.
func (e *Engine) hold(s *story) {
	s.entries = nil
	e.held[s.id] = true
}

// confirm reads the stories held back, derives them anew and counts what still
// stands. While they cannot be read they are held back, which is no failure:
// what is counted is counted for good, and can wait.
func (e *Engine) confirm(ctx context.Context, asOf latency.Instant) error {
	for len(e.held) > 0 {
		ids := slices.Sorted(maps.Keys(e.held))
		changed, err := e.reread(ctx, ids)
		if err != nil {
			return ctx.Err()
		}
		for _, id := range ids {
			e.sure[id] = true
		}
		clear(e.held)
		again := e.ofFamilies(changed)
		if !again {
			if err := e.derive(ctx, slices.Concat(ids, changed), asOf); err != nil {
				return err
			}
			again = e.met
		}
		if again {
			// Children's owners may be others: more may come up to be confirmed.
			if err := e.load(ctx, asOf, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// ofFamilies tells whether one of some stories is the parent of another: its
// owner is its children's. It may be one that was not to be seen before.
func (e *Engine) ofFamilies(ids []int64) bool {
	return slices.ContainsFunc(ids, func(id int64) bool {
		name := strconv.FormatInt(id, 10)
		return e.ancestors[name] != nil || e.strangers[name]
	})
}

// derive derives stories, of which the totals hold what was counted before.
func (e *Engine) derive(ctx context.Context, ids []int64, asOf latency.Instant) error {
	e.single = true
	defer func() { e.single = false }()
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	d := latency.NewDeriver(e.rules, e.ancestors)
	for chunk := range slices.Chunk(ids, refreshChunk) {
		counted, err := e.store.LedgerOf(ctx, chunk)
		if err != nil {
			return fmt.Errorf("reading the ledger: %w", err)
		}
		rows := byStory(counted)
		for h, err := range e.store.Histories(ctx, chunk) {
			if err != nil {
				return fmt.Errorf("reading stories: %w", err)
			}
			s := newStory(d, e.rules, h, asOf, rows[h.ID])
			s.ledger = nil // it is in the totals
			e.take(s)
			if err := e.countFull(ctx, asOf); err != nil {
				return err
			}
		}
	}
	return nil
}
