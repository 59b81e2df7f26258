package measure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// ErrTooMuch says that so much is to be counted that it cannot be held back until
// another engine has ended.
var ErrTooMuch = errors.New("too much is to be counted to hold it back")

// heldBack is how many entries Prepare holds back at most: about 100 MB.
const heldBack = 500_000

// Beside is what an engine counted while another one was prepared over the same store.
type Beside struct {
	by      *Engine
	stories map[int64]bool // that have changed, or of which something came up to be counted
	added   []latency.Entry
}

// Note makes e note in b, from now on, what it counts; nil ends it. Nothing may be
// derived meanwhile.
func (e *Engine) Note(b *Beside) {
	if b != nil {
		b.by = e
	}
	e.beside = b
}

// note notes what was counted of what came up, and notice what has changed.
func (b *Beside) note(entries, added []latency.Entry) {
	if b == nil {
		return
	}
	for i := range entries {
		b.notice([]int64{entries[i].ID.StoryID})
	}
	b.added = append(b.added, added...)
}

func (b *Beside) notice(ids []int64) {
	if b == nil {
		return
	}
	if b.stories == nil {
		b.stories = map[int64]bool{}
	}
	for _, id := range ids {
		b.stories[id] = true
	}
}

// Prepare derives everything by rules, as Load does, while another engine goes on with
// the same store by others. It writes nothing: Follow does, when the other has ended. It
// calls began once it sees the store as it then is, whatever is written later; until
// then nothing may be counted. Where too much would have to be held back it returns an
// ErrTooMuch.
func (e *Engine) Prepare(ctx context.Context, rules *latency.Rules, fingerprint string, asOf latency.Instant, began func()) error {
	e.rules, e.fingerprint, e.began = rules, fingerprint, began
	defer func() { e.began = nil }()
	ledger, err := e.store.Ledger(ctx)
	if err != nil {
		return fmt.Errorf("reading where the ledger stands: %w", err)
	}
	e.since = ledger.AsOf
	return e.load(ctx, asOf, nil, func(context.Context, latency.Instant, bool) error {
		if len(e.pending) > heldBack {
			return ErrTooMuch
		}
		return nil
	})
}

// Follow goes on where Prepare ended, as of asOf: it derives what was written since and
// what the other engine has counted, and counts what Prepare held back. What the other
// still had to confirm is confirmed before it is counted. Where everything has to be
// derived again it calls progress as Load does.
func (e *Engine) Follow(ctx context.Context, changed []int64, other *Beside, asOf latency.Instant, progress func(stories int)) (*latency.Report, error) {
	ledger, err := e.store.Ledger(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading where the ledger stands: %w", err)
	}
	e.since = ledger.AsOf
	changed = slices.AppendSeq(slices.Clone(changed), maps.Keys(other.stories))
	if e.haveChildren(changed) {
		return e.Load(ctx, e.rules, e.fingerprint, asOf, progress)
	}
	for _, entry := range other.added {
		e.totals.Add(entry)
	}
	again := map[int64]bool{}
	maps.Copy(e.unconfirmed, other.by.unconfirmed)
	for _, id := range changed {
		e.unconfirmed[id] = true // unless the other has counted it: nobody may have derived it
	}
	for _, ids := range [][]int64{changed, slices.Collect(maps.Keys(e.unsettled)), slices.Collect(maps.Keys(e.unconfirmed))} {
		for _, id := range ids {
			again[id] = true
		}
	}
	held := func(entry latency.Entry) bool { return again[entry.ID.StoryID] } // comes up again
	e.pending, e.bypassed = slices.DeleteFunc(e.pending, held), slices.DeleteFunc(e.bypassed, held)
	ids := slices.Collect(maps.Keys(again))
	e.begun(ids)
	if err := e.derive(ctx, ids, asOf, allStories); err != nil {
		return nil, err
	}
	if e.unseenGrew {
		return e.Load(ctx, e.rules, e.fingerprint, asOf, progress)
	}
	return e.finish(ctx, asOf, e.count)
}
