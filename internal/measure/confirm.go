package measure

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/yourturn/yourturn/internal/latency"
)

// Reread reads stories by id, past Jira's search index, writes what it finds and
// returns those that changed.
type Reread func(ctx context.Context, ids []int64) (changed []int64, err error)

// ConfirmBy makes the engine read stories again before it counts what happened to
// them lately: the search index may not know yet of the move that undid it.
// Without it what the store says is counted.
func (e *Engine) ConfirmBy(reread Reread) { e.reread = reread }

// Unconfirmed reports whether the next Refresh must confirm something before it
// is counted.
func (e *Engine) Unconfirmed() bool { return len(e.unconfirmed) > 0 }

// needsConfirmation reports whether something is to be counted of a story that
// was not final at the last derivation, or not known then, and that no reading by
// id has confirmed. Of a story that was derived because it has changed that is
// whatever is new: the index may have shown late what happened long ago, and not
// yet what undid it.
func (e *Engine) needsConfirmation(s *story, of extent) bool {
	if e.reread == nil || e.since == 0 || e.confirmed[s.id] {
		return false
	}
	if len(s.entries) > 0 && (e.unconfirmed[s.id] || of == someStories) {
		return true
	}
	after := e.since
	for _, p := range e.rules.Projects {
		after = min(after, e.since.Add(-p.SlipWindow))
	}
	return slices.ContainsFunc(s.entries, func(entry latency.Entry) bool { return entry.At > after })
}

// confirm reads the unconfirmed stories by id, derives them anew and counts what
// is still so. If they cannot be read they stay unconfirmed, which is no failure:
// what is counted is counted for good, and can wait.
func (e *Engine) confirm(ctx context.Context, asOf latency.Instant) error {
	for len(e.unconfirmed) > 0 {
		ids := slices.Sorted(maps.Keys(e.unconfirmed))
		changed, err := e.reread(ctx, ids)
		if err != nil {
			return ctx.Err()
		}
		for _, id := range ids {
			e.confirmed[id] = true
		}
		clear(e.unconfirmed)
		e.begun(changed)
		all := e.haveChildren(changed)
		if !all {
			if err := e.derive(ctx, slices.Concat(ids, changed), asOf, someStories); err != nil {
				return err
			}
			all = e.unseenGrew
		}
		if all {
			// Children's owners may be others: more may come up to be confirmed.
			if err := e.load(ctx, asOf, nil, e.count); err != nil {
				return err
			}
		}
	}
	return nil
}

// haveChildren reports whether one of some stories is the parent of another: its
// owner is its children's. It may be a parent that was not in the store before.
func (e *Engine) haveChildren(ids []int64) bool {
	return slices.ContainsFunc(ids, func(id int64) bool {
		name := strconv.FormatInt(id, 10)
		return e.ancestors[name] != nil || e.unseen[name]
	})
}

// derive derives stories, of which the totals hold what was counted before.
func (e *Engine) derive(ctx context.Context, ids []int64, asOf latency.Instant, of extent) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	keep := func(s *story) error {
		s.ledger = nil // it is in the totals
		e.keep(s, of)
		return e.countFull(ctx, asOf, e.count)
	}
	var unread []int64
	var known []*stored
	for _, id := range ids {
		if st := e.recent.of(id); st != nil {
			known = append(known, st)
		} else {
			unread = append(unread, id)
		}
	}
	for _, s := range e.deriveStored(known, asOf) {
		if err := keep(s); err != nil {
			return err
		}
	}
	d := latency.NewDeriver(e.rules, e.ancestors)
	for chunk := range slices.Chunk(unread, refreshChunk) {
		counted, err := e.store.LedgerOf(ctx, chunk)
		if err != nil {
			return fmt.Errorf("reading the ledger of %d stories: %w", len(chunk), err)
		}
		rows := byStory(counted)
		for h, err := range e.store.Histories(ctx, chunk) {
			if err != nil {
				return fmt.Errorf("reading %d stories: %w", len(chunk), err)
			}
			s := newStory(d, e.rules, h, asOf, rows[h.ID])
			if s.unsettled {
				s.stored = &stored{h.Clone(), rows[h.ID]}
			}
			if err := keep(s); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// deriveStored derives stories that are in memory, on all cores.
func (e *Engine) deriveStored(list []*stored, asOf latency.Instant) []*story {
	out := make([]*story, len(list))
	var wg sync.WaitGroup
	size := len(list)/runtime.GOMAXPROCS(0) + 1
	for from := 0; from < len(list); from += size {
		wg.Go(func() {
			d := latency.NewDeriver(e.rules, e.ancestors)
			for i := from; i < min(from+size, len(list)); i++ {
				out[i] = newStory(d, e.rules, list[i].history, asOf, list[i].ledger)
			}
		})
	}
	wg.Wait()
	return out
}
