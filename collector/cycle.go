package collector

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/idset"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// maxGenerations bounds the way up from a story to its parents' parents.
const maxGenerations = 16

// parentsBatch is how many parents are read before they are written.
const parentsBatch = 100

// cycle is one cycle on its way.
type cycle struct {
	c       *Collector
	id      jiradata.Identity
	state   jiradata.State
	before  latency.Instant // up to when all was read that there was, when it began
	seen    idset.Set       // stories that searches found in this cycle
	read    idset.Set       // stories that were read in it, whether found or by id
	doubted []int64         // stories that a search showed otherwise than they are known; to be read by id
	// described: what describes stories was read in this cycle
	described bool
	byID      bool // what is read now is read by id: as of now, and late for no search's fault
	back      bool // but for what a look back found that no poll had shown
	result    Result
}

// query returns what the scope is searched for.
func (cy *cycle) query() jiradata.Query { return jiradata.Query{Projects: cy.c.keys, JQL: cy.c.jql} }

// full reads the whole scope; the cursor tells where to go on should it be
// interrupted.
func (cy *cycle) full(ctx context.Context) error {
	cy.result.Full = true
	q := cy.query()
	q.Cursor = cy.state.Cursor
	if _, err := cy.search(ctx, q); err != nil {
		return fmt.Errorf("full sync: %w", err)
	}
	parents, err := cy.parentsAlone(ctx)
	if err != nil {
		return err
	}
	if err := cy.readParents(ctx, parents, 0); err != nil {
		return err
	}
	if err := cy.newParents(ctx); err != nil {
		return err
	}
	if err := cy.chooseCanary(ctx); err != nil {
		return err
	}
	st := &cy.state
	if st.FirstDone {
		if err := cy.leaveOut(ctx); err != nil {
			return err
		}
	} else {
		st.Passed = st.FullStarted
	}
	st.Complete = cy.c.scopeIDs(*st)
	st.FirstDone, st.Reading, st.Rereading = true, jiradata.Reading, false
	st.Watermark, st.DataTimestamp, st.Aside = st.FullStarted, st.FullStarted, st.FullStarted
	st.FullStarted, st.Cursor = 0, ""
	st.Census = 0 // what a search missed is found by a census at once
	return cy.save(ctx, jiradata.Page{})
}

// leaveOut notes which stories the new scope's projects do not hold, lest
// censuses look for them. Without projects in the scope a census tells.
func (cy *cycle) leaveOut(ctx context.Context) error {
	c := cy.c
	if len(c.projects) == 0 {
		return nil
	}
	live, err := c.store.Live(ctx)
	if err != nil {
		return fmt.Errorf("reading what is stored: %w", err)
	}
	record := jiradata.Census{At: cy.id.At, Partial: true, State: cy.state}
	for part := range slices.Chunk(live, keysBatch) {
		keys, err := c.store.Keys(ctx, part)
		if err != nil {
			return fmt.Errorf("reading what is stored: %w", err)
		}
		for _, id := range part {
			project := projectIn(keys[id])
			if _, visible := c.visible[project]; !visible && !slices.Contains(c.projects, project) {
				record.Outside = append(record.Outside, id)
			}
		}
	}
	if len(record.Outside) == 0 {
		return nil
	}
	return cy.saveCensus(ctx, record)
}

// incremental reads what was updated since the last complete cycle. The same
// search must show the canary, and asks for the parents too, where it can.
func (cy *cycle) incremental(ctx context.Context) error {
	cy.before = cy.state.Watermark
	for key, lost := range cy.state.Lost {
		if _, back := cy.c.visible[key]; back {
			cy.before = min(cy.before, lost)
		}
	}
	since := cy.before.Add(-cy.c.overlap)
	if err := cy.chooseCanary(ctx); err != nil {
		return err
	}
	parents, err := cy.parentsAlone(ctx)
	if err != nil {
		return err
	}
	q := cy.query()
	q.Since, q.Canary, q.Known = since, cy.state.Canary, cy.known()
	// With JQL it cannot be told whether an issue was found as a parent or as a story.
	aside := q.JQL != "" || len(parents) > namedParents
	if !aside {
		q.Parents = parents
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
	switch {
	case aside:
		err = cy.lookAside(ctx, parents)
	case !seen.named:
		err = cy.readParents(ctx, parents, since)
	}
	if err != nil {
		return err
	}
	if !aside {
		cy.state.Aside = cy.id.At
	}
	if err := cy.newParents(ctx); err != nil {
		return err
	}
	if n := len(cy.result.Late); n > 0 {
		cy.c.log.Info("Jira's search showed changes that the cycle before should have seen", zap.Int("stories", n), zap.Duration("latest", slices.Max(cy.result.Late)))
	}
	cy.state.Watermark, cy.state.DataTimestamp = cy.id.At, cy.id.At
	cy.state.Lost = maps.Clone(cy.state.Lost)
	maps.DeleteFunc(cy.state.Lost, func(key string, _ latency.Instant) bool { _, back := cy.c.visible[key]; return back })
	return cy.save(ctx, jiradata.Page{})
}

const (
	// namedParents is how many parents a search asks for beside the stories.
	namedParents = 500
	// asideInterval is how often is looked for what the search of a poll cannot show.
	asideInterval = 5 * time.Minute
)

// lookAside looks for what the search of a poll cannot show, when that is due:
// stories that left the scope, and changes of parents that it cannot name.
func (cy *cycle) lookAside(ctx context.Context, parents []int64) error {
	last := cy.state.Aside
	if last == 0 {
		last = cy.before
	}
	if cy.id.At < last.Add(asideInterval) {
		return nil
	}
	since := last.Add(-cy.c.overlap)
	if err := cy.leavers(ctx, since); err != nil {
		return err
	}
	if err := cy.readParents(ctx, parents, since); err != nil {
		return err
	}
	cy.state.Aside = cy.id.At
	return nil
}

// settledFor is how long before a cycle a story must have been updated for
// that cycle to have read all there was at that instant: what happens within a
// second may bear the same one.
const settledFor = 5 * time.Second

// known returns a function that returns up to when stories are known: to their
// last update as it is stored, if the last complete cycle, or one before it,
// read it long enough after; else to right before it. An index that lags shows
// stories as they were.
func (cy *cycle) known() func(context.Context, []int64) (map[int64]latency.Instant, error) {
	store, before := cy.c.store, cy.before.Add(-settledFor)
	return func(ctx context.Context, ids []int64) (map[int64]latency.Instant, error) {
		known, err := store.Settled(ctx, ids)
		if err != nil {
			return nil, fmt.Errorf("reading what is stored: %w", err)
		}
		for id, updated := range known {
			if updated >= before {
				known[id] = updated - 1
			}
		}
		return known, nil
	}
}

// sight is what a search showed beside the stories it was for.
type sight struct{ canary, named bool }

// search reads what a query finds and writes it page by page, and at last by id
// what it was in doubt of. While a full sync is under way its cursor moves with
// each page.
func (cy *cycle) search(ctx context.Context, q jiradata.Query) (seen sight, err error) {
	search := func(ctx context.Context) iter.Seq2[jiradata.Page, error] { return cy.c.source.Search(ctx, q) }
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
			cy.seen.Add(id)
		}
		for i := range page.Stories {
			// With JQL the canary may have been found for its id alone.
			if id := page.Stories[i].History.ID; q.JQL == "" || id != q.Canary {
				cy.seen.Add(id)
			}
		}
		cy.result.Unchanged += len(page.Unchanged)
		if len(page.Stories)+len(page.Quarantined) > 0 {
			if err := cy.save(ctx, page); err != nil {
				return seen, err
			}
		}
		cy.c.progress(Progress{Full: cy.result.Full, Stories: cy.result.Stories})
	}
	doubted := cy.doubted
	cy.doubted = nil
	_, err = cy.reread(ctx, doubted)
	return seen, err
}

// doubts tells whether a search shows a story as it was before it became as it
// is known, or though it has gone. The index may lag, so what it shows is
// nothing to compare with.
func (cy *cycle) doubts(st *jiradata.Story, known jiradata.Known) bool {
	if cy.byID || st.Updated >= known.Updated && !known.Gone {
		return false
	}
	if !st.ParentOnly {
		cy.doubted = append(cy.doubted, st.History.ID)
	}
	return true
}

// reread reads stories by id and writes them; missing are those that do not
// exist or may not be seen.
func (cy *cycle) reread(ctx context.Context, ids []int64) (missing []int64, err error) {
	defer func(before bool) { cy.byID = before }(cy.byID)
	cy.byID = true
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
func (cy *cycle) save(ctx context.Context, page jiradata.Page) error {
	ids := make([]int64, 0, len(page.Stories))
	for i := range page.Stories {
		ids = append(ids, page.Stories[i].History.ID)
	}
	known, err := cy.c.store.Known(ctx, ids)
	if err != nil {
		return fmt.Errorf("reading what is stored: %w", err)
	}
	page.Stories = slices.DeleteFunc(page.Stories, func(st jiradata.Story) bool {
		k, ok := known[st.History.ID]
		return ok && cy.doubts(&st, k)
	})
	for i := range page.Stories {
		st := &page.Stories[i]
		cy.count(st)
		if k, ok := known[st.History.ID]; ok {
			reconcile(st, k, cy.id.At)
		}
		cy.c.parentsRead = false // it may have a parent that nobody read
	}
	if err := cy.noteComments(ctx, page.Stories); err != nil {
		return err
	}
	for _, q := range page.Quarantined {
		if cy.c.unreadable[q] {
			continue // the log knows
		}
		cy.c.unreadable[q] = true
		cy.c.log.Warn("an issue cannot be read and is left out until it can", zap.Int64("id", q.ID), zap.String("key", q.Key), zap.String("reason", q.Reason))
	}
	changed, err := cy.c.store.SaveStories(ctx, jiradata.Batch{At: cy.id.At, Stories: page.Stories, Quarantined: page.Quarantined, State: cy.state})
	if err != nil {
		return fmt.Errorf("storing stories: %w", err)
	}
	cy.result.Events += changed.Events
	cy.result.Mended += changed.Mended
	fresh := make(map[int64]bool, len(changed.Stories))
	for _, id := range changed.Stories {
		cy.c.changed.Add(id)
		fresh[id] = true
	}
	return cy.late(ctx, page.Stories, fresh)
}

// late notes how late changes were shown that the last cycle should have seen.
// The cycle that shows them is not complete yet: another try would find the same.
func (cy *cycle) late(ctx context.Context, stories []jiradata.Story, changed map[int64]bool) error {
	if cy.state.FullStarted != 0 || cy.before == 0 || cy.byID && !cy.back {
		return nil
	}
	var late []jiradata.Note
	for i := range stories {
		st := &stories[i]
		if !changed[st.History.ID] || st.ParentOnly || st.Updated >= cy.before.Add(-settledFor) {
			continue
		}
		by := cy.id.At.Time().Sub(st.Updated.Time())
		cy.result.Late = append(cy.result.Late, by)
		late = append(late, jiradata.Note{Story: st.History.ID, Key: st.History.Key, At: cy.id.At, Detail: fmt.Sprintf("the search showed a change of it %s late", by)})
	}
	if len(late) == 0 {
		return nil
	}
	if err := cy.c.store.SaveNotes(ctx, jiradata.NoteLate, late, nil); err != nil {
		return fmt.Errorf("storing notes: %w", err)
	}
	return nil
}

// count adds a story to the result, once however often it comes.
func (cy *cycle) count(st *jiradata.Story) {
	if st.ParentOnly || !cy.read.Add(st.History.ID) {
		return
	}
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

// parentsAlone returns the issues that are stored as parents alone and can be
// read, as far as is known.
func (cy *cycle) parentsAlone(ctx context.Context) ([]int64, error) {
	ids, err := cy.c.store.ParentsAlone(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what is stored: %w", err)
	}
	return slices.DeleteFunc(ids, func(id int64) bool { return cy.c.unseen[id] }), nil
}

// readParents brings parents of stories up to date that no search finds, as
// far as they were updated since an instant.
func (cy *cycle) readParents(ctx context.Context, ids []int64, since latency.Instant) error {
	for chunk := range slices.Chunk(ids, parentsBatch) {
		if err := cy.saveParents(ctx, chunk, since); err != nil {
			return err
		}
	}
	return nil
}

// newParents reads the parents that stories name and the store lacks, and
// theirs, generation by generation: whoever owned them, or owned past ones,
// may own the stories.
func (cy *cycle) newParents(ctx context.Context) error {
	if cy.c.parentsRead {
		return nil
	}
	for range maxGenerations {
		wanted, err := cy.c.store.MissingParents(ctx)
		if err != nil {
			return fmt.Errorf("reading what is stored: %w", err)
		}
		wanted = slices.DeleteFunc(wanted, func(id int64) bool { return cy.c.unseen[id] })
		if len(wanted) == 0 {
			break
		}
		if err := cy.readParents(ctx, wanted, 0); err != nil {
			return err
		}
	}
	cy.c.parentsRead = true
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
	defer func(before bool) { cy.byID = before }(cy.byID)
	cy.byID = since == 0
	return cy.save(ctx, page)
}
