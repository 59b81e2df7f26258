package collector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

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
	parents map[int64]bool // of issues read, past ones too, that are still to be looked at
	result  Result
}

// full reads the whole scope, project by project, each in the order of ids:
// the cursor tells where to go on should it be interrupted.
func (cy *cycle) full(ctx context.Context) error {
	cy.result.Full = true
	for _, key := range cy.c.visible {
		if key < cy.state.CursorProject {
			continue
		}
		if key != cy.state.CursorProject {
			cy.state.CursorProject, cy.state.Cursor = key, 0
		}
		err := cy.search(ctx, key, cy.c.where([]string{key}, 0), cy.state.Cursor, true)
		if errors.Is(err, archive.ErrCursorLost) {
			cy.state.Cursor = 0
			err = cy.search(ctx, key, cy.c.where([]string{key}, 0), 0, true)
		}
		if err != nil {
			return fmt.Errorf("full sync of project %s: %w", key, err)
		}
	}
	if err := cy.readParents(ctx, 0); err != nil {
		return err
	}
	st := &cy.state
	st.FirstDone = true
	st.Watermark, st.DataTimestamp = st.FullStarted, st.FullStarted
	st.FullStarted, st.CursorProject, st.Cursor, st.Wanted = 0, "", 0, nil
	return cy.save(ctx, archive.Page{})
}

// incremental reads what was updated since the last complete cycle.
func (cy *cycle) incremental(ctx context.Context) error {
	since := cy.state.Watermark.Add(-cy.c.overlap)
	err := cy.search(ctx, "", cy.c.where(cy.c.keys, since), 0, false)
	if errors.Is(err, archive.ErrIncomplete) && len(cy.c.visible) > 1 {
		for _, key := range cy.c.visible {
			if err = cy.search(ctx, key, cy.c.where([]string{key}, since), 0, false); err != nil {
				break
			}
		}
	}
	if err != nil {
		return fmt.Errorf("sync of what changed since %s: %w", since.Time(), err)
	}
	if err := cy.readParents(ctx, since); err != nil {
		return err
	}
	cy.state.Watermark, cy.state.DataTimestamp = cy.id.At, cy.id.At
	return cy.save(ctx, archive.Page{})
}

// search reads what a query finds and writes it page by page; if the cursor
// is to move, it moves with each page.
func (cy *cycle) search(ctx context.Context, project, where string, after int64, cursor bool) error {
	for page, err := range cy.c.source.Search(ctx, where, after) {
		if err != nil {
			return err
		}
		if last := lastOf(page); cursor && last != 0 {
			cy.state.Cursor = last
		}
		if err := cy.save(ctx, page); err != nil {
			return err
		}
		cy.c.progress(Progress{Full: cy.result.Full, Project: project, Stories: cy.result.Stories})
	}
	return nil
}

// lastOf returns the id of a page's last story. Pages come in order, whatever
// order of ids that is to Jira.
func lastOf(page archive.Page) int64 {
	if n := len(page.Stories); n > 0 {
		return page.Stories[n-1].History.ID
	}
	return 0
}

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
	for _, id := range changed.Stories {
		cy.c.changed[id] = true
	}
	return nil
}

// count adds a story to the result, once however often it comes.
func (cy *cycle) count(st *archive.Story) {
	if st.ParentOnly || cy.seen[st.History.ID] {
		return
	}
	cy.seen[st.History.ID] = true
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
