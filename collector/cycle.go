package collector

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/latency"
)

// maxGenerations bounds the way up from a story to its parents' parents.
const maxGenerations = 16

// parentsBatch is how many parents are read before they are written.
const parentsBatch = 100

// cycle is one cycle on its way.
type cycle struct {
	c       *Collector
	id      archive.Identity
	state   archive.State
	seen    map[int64]bool // stories that searches found in this cycle
	read    map[int64]bool // stories that were read in it, whether found or by id
	parents map[int64]bool // of issues read, past ones too, that are still to be looked at
	// described: what describes stories was read in this cycle
	described bool
	byID      bool // what is read now is read by id, and late for no search's fault
	result    Result
}

// query returns what the scope is searched for.
func (cy *cycle) query() archive.Query { return archive.Query{Projects: cy.c.keys, JQL: cy.c.jql} }

// full reads the whole scope; the cursor tells where to go on should it be
// interrupted.
func (cy *cycle) full(ctx context.Context) error {
	cy.result.Full = true
	q := cy.query()
	q.Cursor = cy.state.Cursor
	if _, err := cy.search(ctx, q); err != nil {
		return fmt.Errorf("full sync: %w", err)
	}
	if err := cy.readParents(ctx, 0); err != nil {
		return err
	}
	if err := cy.chooseCanary(ctx); err != nil {
		return err
	}
	st := &cy.state
	st.FirstDone = true
	st.Watermark, st.DataTimestamp = st.FullStarted, st.FullStarted
	st.FullStarted, st.Cursor, st.Wanted = 0, "", nil
	st.Census = 0 // what a search missed is found by a census at once
	return cy.save(ctx, archive.Page{})
}

// incremental reads what was updated since the last complete cycle. The same
// search must show the canary, and asks for the parents too, where it can.
func (cy *cycle) incremental(ctx context.Context) error {
	since := cy.state.Watermark.Add(-cy.c.overlap)
	if err := cy.chooseCanary(ctx); err != nil {
		return err
	}
	q := cy.query()
	q.Since, q.Canary, q.Known = since, cy.state.Canary, cy.known()
	if q.JQL == "" && len(cy.state.Parents) <= namedParents {
		q.Parents = cy.state.Parents
	}
	seen, err := cy.search(ctx, q)
	if err != nil {
		return fmt.Errorf("sync of what changed since %s: %w", since.Time(), err)
	}
	if !seen.canary {
		if err := cy.proveSight(ctx, seen.named); err != nil {
			return err
		}
	}
	if err := cy.leavers(ctx, since); err != nil {
		return err
	}
	if !seen.named || len(q.Parents) < len(cy.state.Parents) {
		err = cy.readParents(ctx, since)
	} else {
		err = cy.newParents(ctx)
	}
	if err != nil {
		return err
	}
	if n := len(cy.result.Late); n > 0 {
		cy.c.log.Info("Jira's search showed changes that the cycle before should have seen", zap.Int("stories", n), zap.Duration("latest", slices.Max(cy.result.Late)))
	}
	cy.state.Watermark, cy.state.DataTimestamp = cy.id.At, cy.id.At
	return cy.save(ctx, archive.Page{})
}

// namedParents is how many parents a search asks for beside the stories.
const namedParents = 500

// settledFor is how long before a cycle a story must have been updated for
// that cycle to have read all there was at that instant: what happens within a
// second may bear the same one.
const settledFor = 5 * time.Second

// known returns a function that returns when stories were updated as they are
// stored, of those that the last complete cycle, or one before it, read long
// enough after.
func (cy *cycle) known() func(context.Context, []int64) (map[int64]latency.Instant, error) {
	store, before := cy.c.store, cy.state.Watermark.Add(-settledFor)
	return func(ctx context.Context, ids []int64) (map[int64]latency.Instant, error) {
		settled, err := store.Settled(ctx, ids)
		if err != nil {
			return nil, fmt.Errorf("reading what is stored: %w", err)
		}
		maps.DeleteFunc(settled, func(_ int64, updated latency.Instant) bool { return updated >= before })
		return settled, nil
	}
}

// sight is what a search showed beside the stories it was for.
type sight struct{ canary, named bool }

// search reads what a query finds and writes it page by page. While a full
// sync is under way its cursor moves with each page.
func (cy *cycle) search(ctx context.Context, q archive.Query) (seen sight, err error) {
	search := func(ctx context.Context) iter.Seq2[archive.Page, error] { return cy.c.source.Search(ctx, q) }
	for page, err := range ahead(ctx, search) {
		if err != nil {
			return seen, err
		}
		cy.result.Zoned = cy.result.Zoned || page.Zoned
		for _, warning := range page.Warnings {
			if !slices.Contains(cy.result.Warnings, warning) {
				cy.result.Warnings = append(cy.result.Warnings, warning)
			}
		}
		seen.canary = seen.canary || page.Canary
		seen.named = seen.named || page.Named
		if cy.state.FullStarted != 0 && page.Cursor != "" {
			cy.state.Cursor = page.Cursor
		}
		for _, id := range page.Unchanged {
			cy.seen[id] = true
		}
		for i := range page.Stories {
			cy.seen[page.Stories[i].History.ID] = true
		}
		cy.result.Unchanged += len(page.Unchanged)
		if len(page.Stories)+len(page.Quarantined) > 0 {
			if err := cy.save(ctx, page); err != nil {
				return seen, err
			}
		}
		cy.c.progress(Progress{Full: cy.result.Full, Stories: cy.result.Stories})
	}
	return seen, nil
}

// reread reads stories by id and writes them; missing are those that do not
// exist or may not be seen.
func (cy *cycle) reread(ctx context.Context, ids []int64) (missing []int64, err error) {
	for part := range slices.Chunk(ids, rereadBatch) {
		page, absent, err := cy.c.source.Issues(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("reading stories by id: %w", err)
		}
		missing = append(missing, absent...)
		if err := cy.save(ctx, page); err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// rereadBatch is how many stories are read by id before they are written.
const rereadBatch = 100

// save compares a page with what is stored, and writes it with the state.
func (cy *cycle) save(ctx context.Context, page archive.Page) error {
	ids := make([]int64, 0, len(page.Stories))
	for i := range page.Stories {
		ids = append(ids, page.Stories[i].History.ID)
	}
	known, err := cy.c.store.Known(ctx, ids)
	if err != nil {
		return fmt.Errorf("reading what is stored: %w", err)
	}
	for i := range page.Stories {
		st := &page.Stories[i]
		cy.count(st)
		if k, ok := known[st.History.ID]; ok {
			reconcile(st, k, cy.id.At)
		}
		cy.wantParents(st)
	}
	if err := cy.noteComments(ctx, page.Stories); err != nil {
		return err
	}
	if cy.state.FullStarted != 0 {
		cy.state.Wanted = slices.DeleteFunc(slices.Sorted(maps.Keys(cy.parents)), func(id int64) bool { return cy.seen[id] })
	}
	for _, q := range page.Quarantined {
		if cy.c.unreadable[q] {
			continue // the log knows
		}
		cy.c.unreadable[q] = true
		cy.c.log.Warn("an issue cannot be read and is left out until it can", zap.Int64("id", q.ID), zap.String("key", q.Key), zap.String("reason", q.Reason))
	}
	changed, err := cy.c.store.SaveStories(ctx, archive.Batch{Stories: page.Stories, Quarantined: page.Quarantined, State: cy.state})
	if err != nil {
		return fmt.Errorf("storing stories: %w", err)
	}
	cy.result.Events += changed.Events
	fresh := make(map[int64]bool, len(changed.Stories))
	for _, id := range changed.Stories {
		cy.c.changed[id], fresh[id] = true, true
	}
	return cy.late(ctx, page.Stories, fresh)
}

// late notes how late changes were shown that the last cycle should have seen.
// The cycle that shows them is not complete yet: another try would find the same.
func (cy *cycle) late(ctx context.Context, stories []archive.Story, changed map[int64]bool) error {
	w := cy.state.Watermark
	if cy.state.FullStarted != 0 || w == 0 || cy.byID {
		return nil
	}
	var late []archive.Note
	for i := range stories {
		st := &stories[i]
		if !changed[st.History.ID] || st.ParentOnly || st.Updated >= w.Add(-settledFor) {
			continue
		}
		by := cy.id.At.Time().Sub(st.Updated.Time())
		cy.result.Late = append(cy.result.Late, by)
		late = append(late, archive.Note{Story: st.History.ID, Key: st.History.Key, At: cy.id.At, Detail: fmt.Sprintf("the search showed a change of it %s late", by)})
	}
	if len(late) == 0 {
		return nil
	}
	if err := cy.c.store.SaveNotes(ctx, archive.NoteLate, late, nil); err != nil {
		return fmt.Errorf("storing notes: %w", err)
	}
	return nil
}

// count adds a story to the result, once however often it comes.
func (cy *cycle) count(st *archive.Story) {
	if st.ParentOnly || cy.read[st.History.ID] {
		return
	}
	cy.read[st.History.ID] = true
	cy.result.Stories++
	for i := range st.History.Events {
		switch st.History.Events[i].Rank {
		case latency.RankRecord:
			cy.result.Records++
		case latency.RankCommentAdded:
			cy.result.Comments++
		default:
		}
	}
}

// wantParents notes the parents that a story has or had: whoever owned them
// may own it.
func (cy *cycle) wantParents(st *archive.Story) {
	want := func(v latency.Value) {
		if id, err := strconv.ParseInt(v.ID, 10, 64); err == nil && id > 0 {
			cy.parents[id] = true
		}
	}
	for _, v := range st.History.Now[latency.FieldParent] {
		want(v)
	}
	for i := range st.History.Events {
		for _, ch := range st.History.Events[i].Changes {
			if ch.Field == latency.FieldParent {
				want(ch.From)
				want(ch.To)
			}
		}
	}
}

// readParents brings the parents of stories up to date that no search finds:
// first those that were read before, as far as they were updated since an
// instant, then those that are new.
func (cy *cycle) readParents(ctx context.Context, since latency.Instant) error {
	// Those that a search finds by now are stories like any other.
	cy.state.Parents = slices.DeleteFunc(cy.state.Parents, func(id int64) bool { return cy.seen[id] })
	if len(cy.state.Parents) > 0 {
		if err := cy.saveParents(ctx, cy.state.Parents, since); err != nil {
			return err
		}
	}
	return cy.newParents(ctx)
}

// newParents reads the parents that no search found and the store lacks, and
// theirs, generation by generation.
func (cy *cycle) newParents(ctx context.Context) error {
	for range maxGenerations {
		wanted := slices.DeleteFunc(slices.Sorted(maps.Keys(cy.parents)), func(id int64) bool { return cy.seen[id] || cy.c.unseen[id] })
		known, err := cy.c.store.Known(ctx, wanted)
		if err != nil {
			return fmt.Errorf("reading what is stored: %w", err)
		}
		wanted = slices.DeleteFunc(wanted, func(id int64) bool { _, ok := known[id]; return ok })
		if len(wanted) == 0 {
			break
		}
		for chunk := range slices.Chunk(wanted, parentsBatch) {
			if err := cy.saveParents(ctx, chunk, 0); err != nil {
				return err
			}
		}
	}
	clear(cy.parents)
	return nil
}

// saveParents reads and writes issues that are parents alone. Those that
// cannot be read are remembered, lest every cycle ask for them again.
func (cy *cycle) saveParents(ctx context.Context, ids []int64, since latency.Instant) error {
	page, missing, err := cy.c.source.Parents(ctx, ids, since)
	if err != nil {
		return fmt.Errorf("reading parents of stories: %w", err)
	}
	for _, id := range missing {
		cy.c.unseen[id] = true
	}
	for _, q := range page.Quarantined {
		cy.c.unseen[q.ID] = true
	}
	parents := slices.Clone(cy.state.Parents)
	for i := range page.Stories {
		parents = append(parents, page.Stories[i].History.ID)
	}
	slices.Sort(parents)
	cy.state.Parents = slices.DeleteFunc(slices.Compact(parents), func(id int64) bool { return cy.c.unseen[id] })
	return cy.save(ctx, page)
}
