package collector

import (
	"context"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/idset"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// CensusResult is what a comparison of all ids of Jira with the store's found.
type CensusResult struct {
	Shown     int  // stories that Jira shows
	Stored    int  // stories that it should show
	Gone      int  // deleted, hidden or out of the scope: they went
	Moved     int  // to a project that is not watched
	Invisible int  // of projects that the account may not browse any more: nothing is proven of them
	Late      int  // that no search had shown
	Returned  int  // that had gone
	Stopped   bool // it would have removed too many, and removed none
}

// census compares the ids that Jira shows with those stored. What Jira shows and
// the store lacks is read. What Jira does not show is asked for by id, because a
// search that does not find a story proves nothing.
func (cy *cycle) census(ctx context.Context) error {
	c := cy.c
	if !cy.metaRead { // it says which projects may be browsed: stories of others are not gone
		if err := c.readMeta(ctx, cy.id, &cy.state); err != nil {
			return err
		}
	}
	// After a full sync polls look back to where it began; and a store whose state
	// holds neither instant was not read whole at any time that is known.
	looksBack := !cy.result.Full && (cy.state.Census != 0 || cy.state.LookedBack != 0)
	if looksBack {
		if err := cy.readMissedChanges(ctx); err != nil {
			return err
		}
	}
	present, err := c.presentIDs(ctx)
	if err != nil {
		return err
	}
	res := &CensusResult{Stored: len(present)}
	record := jiradata.Census{At: cy.id.At, Last: cy.state.Census}
	var shown idset.Set
	var unknown []int64
	for ids, err := range c.source.IDs(ctx, cy.query()) {
		if err != nil {
			return err
		}
		for _, id := range ids {
			shown.Add(id)
			switch _, stored := slices.BinarySearch(present, id); {
			case stored:
			case cy.found.Has(id):
				record.Inside = append(record.Inside, id) // it was outside or is new
			default:
				unknown = append(unknown, id)
			}
		}
	}
	res.Shown = shown.Len()
	if note := c.lostProjectsNote(cy.state, cy.id.At); note != nil {
		record.Notes = append(record.Notes, *note)
	}
	quarantined, err := cy.quarantined(ctx)
	if err != nil {
		return err
	}
	if err := cy.readUnknown(ctx, unknown, quarantined, res, &record); err != nil {
		return err
	}
	missing := slices.DeleteFunc(slices.Clone(present), func(id int64) bool { return shown.Has(id) || cy.found.Has(id) })
	if err := cy.resolveMissing(ctx, missing, res, &record); err != nil {
		return err
	}
	cy.limitRemovals(res, &record)
	record.State = cy.state
	record.State.Census = cy.id.At
	if looksBack && !res.Stopped {
		record.State.LookedBack = cy.id.At
	}
	if err := cy.saveCensus(ctx, record); err != nil {
		return err
	}
	cy.result.Census = res
	return nil
}

// readUnknown reads stories that Jira shows and the store lacks, and the issues in
// quarantine: by now they may be readable, or gone.
func (cy *cycle) readUnknown(ctx context.Context, unknown, quarantined []int64, res *CensusResult, record *jiradata.Census) error {
	c := cy.c
	ids := slices.Compact(slices.Sorted(slices.Values(slices.Concat(unknown, quarantined))))
	for part := range slices.Chunk(ids, rereadBatch) {
		var late []jiradata.Note
		known, err := c.store.Known(ctx, part)
		if err != nil {
			return fmt.Errorf("reading what is stored of %d stories: %w", len(part), err)
		}
		page, absent, err := c.source.Issues(ctx, part)
		if err != nil {
			return fmt.Errorf("reading %d stories by id: %w", len(part), err)
		}
		record.Released = append(record.Released, absent...)
		// An issue that is readable again may have moved out of the scope since.
		page.Stories = slices.DeleteFunc(page.Stories, func(st jiradata.Story) bool {
			_, stored := known[st.History.ID]
			foreign := !stored && !c.watchesProject(st.ProjectID)
			if foreign {
				record.Released = append(record.Released, st.History.ID)
			}
			return foreign
		})
		for i := range page.Stories {
			st := &page.Stories[i]
			switch k, stored := known[st.History.ID]; {
			case stored && k.Gone:
				res.Returned++
			case stored: // it was outside, or a parent alone
				record.Inside = append(record.Inside, st.History.ID)
			case slices.Contains(quarantined, st.History.ID):
			case created(st) < cy.state.Watermark.Add(-c.overlap):
				res.Late++
				late = append(late, jiradata.Note{Story: st.History.ID, Key: st.History.Key, At: cy.id.At, Detail: "no search had shown it before this census did"})
				c.log.Warn("a census found a story that no search had shown", zap.String("key", st.History.Key))
			}
		}
		// First the notes: once the stories are written, nothing shows that they were
		// late.
		if err := c.saveNotes(ctx, jiradata.NoteLate, late, nil); err != nil {
			return err
		}
		if _, err := cy.save(ctx, page, byID); err != nil {
			return err
		}
	}
	return nil
}

// created returns when a story was created.
func created(st *jiradata.Story) latency.Instant {
	for i := range st.History.Events {
		if st.History.Events[i].Rank == latency.RankCreated {
			return st.History.Events[i].At
		}
	}
	return 0
}

// resolveMissing finds out about stories that no search showed: whether they are
// there all the same, have moved, or are gone.
func (cy *cycle) resolveMissing(ctx context.Context, ids []int64, res *CensusResult, record *jiradata.Census) error {
	c := cy.c
	invisible := func(id int64, key string) {
		res.Invisible++
		record.Notes = append(record.Notes, jiradata.Note{
			Story: id, Key: key, Reason: jiradata.NoteInvisible, At: cy.id.At,
			Detail: "the account may not browse project " + projectIn(key) + " any more",
		})
	}
	for part := range slices.Chunk(ids, rereadBatch) {
		keys, err := c.keysOf(ctx, part)
		if err != nil {
			return err
		}
		// To ask for each story of a lost project would cost a request and show none.
		asked := slices.DeleteFunc(slices.Clone(part), func(id int64) bool {
			lost := c.isLost(cy.state, projectIn(keys[id]))
			if lost {
				invisible(id, keys[id])
			}
			return lost
		})
		if len(asked) == 0 {
			continue
		}
		page, absent, err := c.source.Issues(ctx, asked)
		if err != nil {
			return fmt.Errorf("reading %d stories by id: %w", len(asked), err)
		}
		var there []int64 // in a project of the scope
		for i := range page.Stories {
			st := &page.Stories[i]
			if c.watchesProject(st.ProjectID) {
				there = append(there, st.History.ID)
				continue
			}
			res.Moved++
			record.Outside = append(record.Outside, st.History.ID)
			c.log.Info("a story moved to a project that is not watched", zap.String("key", st.History.Key))
		}
		left, err := cy.leftScope(ctx, there)
		if err != nil {
			return err
		}
		if _, err := cy.save(ctx, page, byID); err != nil {
			return err
		}
		record.Left = append(record.Left, left...)
		for _, id := range absent {
			if _, visible := c.visible[projectIn(keys[id])]; visible {
				record.Gone = append(record.Gone, id)
			} else {
				invisible(id, keys[id])
			}
		}
	}
	return nil
}

// limitRemovals takes back what a census would remove if that is more than it may:
// a permission that was lost looks like many deletions. One story may always go,
// or a small store would keep it for ever; and so may those that are there and that
// the scope's JQL does not find any more.
func (cy *cycle) limitRemovals(res *CensusResult, record *jiradata.Census) {
	share, gone := cy.c.options.CensusMaxRemoved, len(record.Gone)
	res.Gone = gone + len(record.Left)
	if float64(gone) <= max(1, share*float64(res.Stored)) {
		return
	}
	detail := fmt.Sprintf("%d of %d stories cannot be seen any more, which is more than a share of %g: none of them was removed", gone, res.Stored, share)
	record.Notes = append(record.Notes, jiradata.Note{Reason: jiradata.NoteCensusGuard, At: cy.id.At, Detail: detail})
	cy.c.log.Error("a census was stopped; if the stories were really deleted, raise jira.census_max_removed for one census", zap.String("why", detail))
	record.Gone, res.Gone, res.Stopped = nil, len(record.Left), true
}

// saveCensus writes what was proved.
func (cy *cycle) saveCensus(ctx context.Context, record jiradata.Census) error {
	// An error may come of an answer that was lost, after all of it was written.
	for _, id := range slices.Concat(record.Gone, record.Left) {
		cy.c.changed.Add(id)
	}
	if err := cy.c.store.SaveCensus(ctx, record); err != nil {
		return fmt.Errorf("storing the census: %w", err)
	}
	cy.state = record.State
	return nil
}
