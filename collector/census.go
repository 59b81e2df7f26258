package collector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/idset"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// relookInterval is how often the comments of open questions are read again.
const relookInterval = time.Hour

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

// CensusCount is one number of a census and the name that it has in metrics.
type CensusCount struct {
	Result string
	Count  int
}

// Counts returns the numbers of a census, each by its name. A census that
// counts something new needs a field above and a line here.
func (c *CensusResult) Counts() []CensusCount {
	return []CensusCount{
		{"shown", c.Shown},
		{"stored", c.Stored},
		{"gone", c.Gone},
		{"moved", c.Moved},
		{"invisible", c.Invisible},
		{"late", c.Late},
		{"returned", c.Returned},
	}
}

// lookAgain is how long a look that failed is not tried again: it begins from
// the start, and a poll is not to cost what it does.
const lookAgain = 5 * time.Minute

// look does what is due beside the reading of changes: another look at open
// questions, and a census. One that fails keeps the other from nothing, unless
// Jira wants to be left alone.
func (cy *cycle) look(ctx context.Context) error {
	c, now := cy.c, cy.id.At
	if !c.lookFailed.IsZero() && time.Since(c.lookFailed) < lookAgain {
		return nil
	}
	var failed error
	if now >= cy.state.Relook.Add(relookInterval) {
		if err := cy.relook(ctx); err != nil {
			failed = fmt.Errorf("looking at open questions again: %w", err)
		}
	}
	every := c.options.CensusInterval
	if Patience(failed) == 0 && (cy.state.Census == 0 || every > 0 && now >= cy.state.Census.Add(every)) {
		if err := cy.census(ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("census: %w", err))
		}
	}
	if err := cy.newParents(ctx); err != nil {
		failed = errors.Join(failed, err)
	}
	c.lookFailed, cy.result.Checks.Done = time.Time{}, failed == nil
	if failed != nil {
		c.lookFailed = time.Now()
	}
	return failed
}

// relook reads the stories with an open question again, but those that this
// cycle has read.
func (cy *cycle) relook(ctx context.Context) error {
	if cy.c.options.OpenQuestions == nil {
		return nil
	}
	ids, err := cy.c.options.OpenQuestions(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	ids = slices.DeleteFunc(ids, func(id int64) bool { return cy.read.Has(id) })
	if _, err := cy.reread(ctx, ids); err != nil {
		return err
	}
	cy.state.Relook = cy.id.At
	return cy.save(ctx, jiradata.Page{})
}

// lookBack looks for changes that no poll has shown. It looks back twice as far
// as the last census, which may have been too early for what happened before it:
// so the index may be late by the time between two. It looks back to the last
// census that was not stopped, or the first sync, too: what was out of sight
// since then may be back, and was changed by nobody when it came.
func (cy *cycle) lookBack(ctx context.Context) error {
	q := cy.query()
	q.Since = cy.state.Passed
	if last := cy.state.Census; last != 0 {
		twice := last.Add(-cy.id.At.Time().Sub(last.Time()))
		if q.Since == 0 || twice < q.Since {
			q.Since = twice
		}
	}
	q.Since = q.Since.Add(-cy.c.overlap)
	if err := cy.parentsElsewhere(ctx, q.Since); err != nil {
		return err
	}
	var late []int64
	for updates, err := range cy.c.source.Updates(ctx, q) {
		if err != nil {
			return fmt.Errorf("looking for what polls missed: %w", err)
		}
		stored, err := cy.c.store.Settled(ctx, slices.Collect(maps.Keys(updates)))
		if err != nil {
			return fmt.Errorf("reading what is stored: %w", err)
		}
		for id, updated := range updates {
			if have, ok := stored[id]; ok && have < updated && !cy.read.Has(id) {
				late = append(late, id)
			}
		}
	}
	if len(late) == 0 {
		return nil
	}
	slices.Sort(late)
	cy.back = true
	defer func() { cy.back = false }()
	if _, err := cy.reread(ctx, late); err != nil {
		return err
	}
	cy.c.log.Warn("a look back found changes that no poll had shown", zap.Int("stories", len(late)))
	return nil
}

// parentsElsewhere brings parents of stories up to date that no search of the
// scope shows: those that were indexed late, and those that left it and are still
// stored as stories.
func (cy *cycle) parentsElsewhere(ctx context.Context, since latency.Instant) error {
	alone, err := cy.parentsAlone(ctx)
	if err != nil {
		return err
	}
	if err := cy.readParents(ctx, alone, since); err != nil {
		return err
	}
	outside, err := cy.c.store.ParentsOutside(ctx)
	if err != nil {
		return fmt.Errorf("reading what is stored: %w", err)
	}
	_, err = cy.reread(ctx, outside)
	return err
}

// census compares the ids that Jira shows with those stored. What Jira shows
// and the store lacks is read; what Jira does not show is looked for by id, for
// a search that does not find a story proves nothing.
func (cy *cycle) census(ctx context.Context) error {
	c := cy.c
	if !cy.described { // what may be browsed is told apart from what is gone
		if err := c.describe(ctx, cy.id, &cy.state); err != nil {
			return err
		}
	}
	// Behind a full sync polls look back to where it began; and a store that knows
	// neither instant does not know what it has read whole.
	looks := !cy.result.Full && (cy.state.Census != 0 || cy.state.Passed != 0)
	if looks {
		if err := cy.lookBack(ctx); err != nil {
			return err
		}
	}
	live, err := c.store.Live(ctx)
	if err != nil {
		return fmt.Errorf("reading what is stored: %w", err)
	}
	res := &CensusResult{Stored: len(live)}
	record := jiradata.Census{At: cy.id.At, Last: cy.state.Census}
	var shown idset.Set
	var unknown []int64
	for ids, err := range c.source.IDs(ctx, cy.query()) {
		if err != nil {
			return err
		}
		for _, id := range ids {
			shown.Add(id)
			switch _, stored := slices.BinarySearch(live, id); {
			case stored:
			case cy.seen.Has(id):
				record.Inside = append(record.Inside, id) // whether it was outside or is new
			default:
				unknown = append(unknown, id)
			}
		}
	}
	res.Shown = shown.Len()
	if note := c.lostNote(cy.state, cy.id.At); note != nil {
		record.Notes = append(record.Notes, *note)
	}
	quarantined, err := cy.quarantined(ctx)
	if err != nil {
		return err
	}
	if err := cy.meet(ctx, unknown, quarantined, res, &record); err != nil {
		return err
	}
	missing := slices.DeleteFunc(slices.Clone(live), func(id int64) bool { return shown.Has(id) || cy.seen.Has(id) })
	if err := cy.miss(ctx, missing, res, &record); err != nil {
		return err
	}
	cy.guard(res, &record)
	record.State = cy.state
	record.State.Census = cy.id.At
	if looks && !res.Stopped {
		record.State.Passed = cy.id.At
	}
	if err := cy.saveCensus(ctx, record); err != nil {
		return err
	}
	cy.result.Census = res
	c.log.Info("census complete", zap.Int("stories", res.Shown), zap.Int("gone", res.Gone), zap.Int("moved", res.Moved),
		zap.Int("invisible", res.Invisible), zap.Int("late", res.Late), zap.Int("returned", res.Returned))
	return nil
}

// quarantined returns the ids of the issues in quarantine.
func (cy *cycle) quarantined(ctx context.Context) (ids []int64, err error) {
	notes, err := cy.c.store.Notes(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading notes: %w", err)
	}
	for _, n := range notes {
		if n.Reason == jiradata.NoteQuarantined && n.Story != 0 {
			ids = append(ids, n.Story)
		}
	}
	return ids, nil
}

// meet reads stories that Jira shows and the store lacks, and those in
// quarantine: they may be readable by now, or not there any more.
func (cy *cycle) meet(ctx context.Context, unknown, quarantined []int64, res *CensusResult, record *jiradata.Census) error {
	c := cy.c
	defer func(before bool) { cy.byID = before }(cy.byID)
	cy.byID = true
	ids := slices.Compact(slices.Sorted(slices.Values(slices.Concat(unknown, quarantined))))
	for part := range slices.Chunk(ids, rereadBatch) {
		var late []jiradata.Note
		known, err := c.store.Known(ctx, part)
		if err != nil {
			return fmt.Errorf("reading what is stored: %w", err)
		}
		page, absent, err := c.source.Issues(ctx, part)
		if err != nil {
			return fmt.Errorf("reading stories by id: %w", err)
		}
		record.Released = append(record.Released, absent...)
		// What is readable again may be of somebody else by now.
		page.Stories = slices.DeleteFunc(page.Stories, func(st jiradata.Story) bool {
			_, stored := known[st.History.ID]
			foreign := !stored && !c.watches(st.ProjectID)
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
		// Once they are written nothing tells any more that they were late.
		if len(late) > 0 {
			if err := c.store.SaveNotes(ctx, jiradata.NoteLate, late, nil); err != nil {
				return fmt.Errorf("storing notes: %w", err)
			}
		}
		if err := cy.save(ctx, page); err != nil {
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

// miss finds out about stories that a census did not show: whether they are
// there all the same, have moved, or are gone.
func (cy *cycle) miss(ctx context.Context, ids []int64, res *CensusResult, record *jiradata.Census) error {
	c := cy.c
	defer func(before bool) { cy.byID = before }(cy.byID)
	cy.byID = true
	invisible := func(id int64, key string) {
		res.Invisible++
		record.Notes = append(record.Notes, jiradata.Note{
			Story: id, Key: key, Reason: jiradata.NoteInvisible, At: cy.id.At,
			Detail: "the account may not browse project " + projectIn(key) + " any more",
		})
	}
	for part := range slices.Chunk(ids, rereadBatch) {
		keys, err := c.store.Keys(ctx, part)
		if err != nil {
			return fmt.Errorf("reading what is stored: %w", err)
		}
		asked := slices.DeleteFunc(slices.Clone(part), func(id int64) bool { // it costs a request for each story to see none of a lost project
			lost := c.lost(cy.state, projectIn(keys[id]))
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
			return fmt.Errorf("reading stories by id: %w", err)
		}
		var doubtful []int64 // there, in a project of the scope
		for i := range page.Stories {
			st := &page.Stories[i]
			if c.watches(st.ProjectID) {
				doubtful = append(doubtful, st.History.ID)
				continue
			}
			res.Moved++
			record.Outside = append(record.Outside, st.History.ID)
			c.log.Info("a story moved to a project that is not watched", zap.String("key", st.History.Key))
		}
		left, err := cy.left(ctx, doubtful)
		if err != nil {
			return err
		}
		if err := cy.save(ctx, page); err != nil {
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

// leavers finds the stories that changed and that the scope's JQL does not find
// any more: this poll is when they leave.
func (cy *cycle) leavers(ctx context.Context, since latency.Instant) error {
	if cy.c.jql == "" {
		return nil
	}
	var changed []int64
	for ids, err := range cy.c.source.IDs(ctx, jiradata.Query{Projects: cy.c.keys, Since: since}) {
		if err != nil {
			return fmt.Errorf("looking for stories that left the scope: %w", err)
		}
		changed = append(changed, ids...)
	}
	stored, err := cy.c.store.Settled(ctx, changed)
	if err != nil {
		return fmt.Errorf("reading what is stored: %w", err)
	}
	doubtful := slices.DeleteFunc(changed, func(id int64) bool { _, ok := stored[id]; return !ok || cy.seen.Has(id) })
	if len(doubtful) == 0 {
		return nil
	}
	record := jiradata.Census{At: cy.id.At, Partial: true, State: cy.state}
	if err := cy.miss(ctx, doubtful, &CensusResult{}, &record); err != nil {
		return err
	}
	return cy.saveCensus(ctx, record)
}

// saveCensus writes what was proved.
func (cy *cycle) saveCensus(ctx context.Context, record jiradata.Census) error {
	if err := cy.c.store.SaveCensus(ctx, record); err != nil {
		return fmt.Errorf("storing the census: %w", err)
	}
	cy.state = record.State
	for _, id := range slices.Concat(record.Gone, record.Left) {
		cy.c.changed.Add(id)
	}
	return nil
}

// watches tells whether a project is of the scope.
func (c *Collector) watches(id string) bool {
	if len(c.keys) == 0 {
		return true
	}
	for _, p := range c.visible {
		if p.ID == id {
			return true
		}
	}
	return false
}

// left returns those of some stories that the scope's JQL does not find any
// more. Without JQL a story that is there is of the scope.
func (cy *cycle) left(ctx context.Context, ids []int64) ([]int64, error) {
	if cy.c.jql == "" || len(ids) == 0 {
		return nil, nil
	}
	in, err := cy.c.source.Matching(ctx, cy.c.jql, ids)
	if err != nil {
		return nil, fmt.Errorf("asking whether stories are still of the scope: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return slices.Contains(in, id) }), nil
}

// guard stops a census that would remove more than may be: a permission that
// was lost looks like many deletions. One story may always go, else a small
// store would keep it for ever; and so may those that are there, and which the
// scope's JQL does not find any more.
func (cy *cycle) guard(res *CensusResult, record *jiradata.Census) {
	share, gone := cy.c.options.CensusMaxRemoved, len(record.Gone)
	res.Gone = gone + len(record.Left)
	if float64(gone) <= max(1, share*float64(res.Stored)) {
		return
	}
	detail := fmt.Sprintf("%d of %d stories are not to be seen any more, which is more than a share of %g: none of them was removed", gone, res.Stored, share)
	record.Notes = append(record.Notes, jiradata.Note{Reason: jiradata.NoteCensusGuard, At: cy.id.At, Detail: detail})
	cy.c.log.Error("a census was stopped; if they were really deleted, raise jira.census_max_removed for one census", zap.String("why", detail))
	record.Gone, res.Gone, res.Stopped = nil, len(record.Left), true
}
