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

// cycle is one cycle under way.
type cycle struct {
	c        *Collector
	id       jiradata.Identity
	state    jiradata.State
	metaRead bool            // what describes stories was read in this cycle
	before   latency.Instant // when it began, everything up to this instant had been read
	found    idset.Set       // stories that searches found
	read     idset.Set       // stories that were read, whether a search found them or not
	result   Result
}

// origin is how a story was read, which decides what its differences from the
// stored one mean.
type origin int

const (
	// bySearch: as the search index shows it, which may lag behind.
	bySearch origin = iota
	// byID: as it is now.
	byID
	// byIDAfterMissedChange: as it is now, and read because it has a change that no
	// poll had shown.
	byIDAfterMissedChange
)

// query returns what the scope is searched for.
func (cy *cycle) query() jiradata.Query { return jiradata.Query{Projects: cy.c.keys, JQL: cy.c.jql} }

// full reads the whole scope. The cursor says where to go on after an
// interruption.
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
	if err := cy.readMissingParents(ctx); err != nil {
		return err
	}
	if err := cy.chooseCanary(ctx); err != nil {
		return err
	}
	st := &cy.state
	if st.FirstDone {
		if err := cy.markOutside(ctx); err != nil {
			return err
		}
	} else {
		st.LookedBack, st.FirstComplete = st.FullStarted, st.FullStarted
	}
	st.Complete = cy.c.scopeIDs(*st)
	st.FirstDone, st.Reading, st.Rereading = true, jiradata.Reading, false
	st.Watermark, st.DataTimestamp, st.BesideSearch = st.FullStarted, st.FullStarted, st.FullStarted
	st.FullStarted, st.Cursor = 0, ""
	st.Census = 0 // a census is due at once: it finds what a search missed
	return cy.saveState(ctx)
}

// incremental reads what was updated since the last complete cycle. The same
// search must show the canary, and asks for the parents too where it can.
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
	q.Since, q.Canary, q.Known = since, cy.state.Canary, cy.knownUntil()
	// With JQL an issue that was found may be a parent or a story, so parents are
	// read by themselves.
	beside := q.JQL != "" || len(parents) > maxNamedParents
	if !beside {
		q.Parents = parents
	}
	shown, err := cy.search(ctx, q)
	if err != nil {
		return fmt.Errorf("sync of what changed since %s: %w", since.Time(), err)
	}
	if !shown.canary {
		if err := cy.explainMissingCanary(ctx, shown.named); err != nil {
			return err
		}
	}
	switch {
	case beside:
		err = cy.readBesideSearch(ctx, parents)
	case !shown.named:
		err = cy.readParents(ctx, parents, since)
	}
	if err != nil {
		return err
	}
	if !beside {
		cy.state.BesideSearch = cy.id.At
	}
	if err := cy.readMissingParents(ctx); err != nil {
		return err
	}
	if n := len(cy.result.Late); n > 0 {
		cy.c.log.Info("Jira's search showed changes that the cycle before should have seen", zap.Int("stories", n), zap.Duration("latest", slices.Max(cy.result.Late)))
	}
	cy.state.Watermark, cy.state.DataTimestamp = cy.id.At, cy.id.At
	cy.state.Lost = maps.Clone(cy.state.Lost)
	maps.DeleteFunc(cy.state.Lost, func(key string, _ latency.Instant) bool { _, back := cy.c.visible[key]; return back })
	return cy.saveState(ctx)
}

// besideInterval is how often readBesideSearch reads.
const besideInterval = 5 * time.Minute

// readBesideSearch reads, when that is due, what the search of a poll cannot
// show: stories that left the scope, and changes of parents that it cannot name.
func (cy *cycle) readBesideSearch(ctx context.Context, parents []int64) error {
	last := cy.state.BesideSearch
	if last == 0 {
		last = cy.before
	}
	if cy.id.At < last.Add(besideInterval) {
		return nil
	}
	since := last.Add(-cy.c.overlap)
	if err := cy.findLeavers(ctx, since); err != nil {
		return err
	}
	if err := cy.readParents(ctx, parents, since); err != nil {
		return err
	}
	cy.state.BesideSearch = cy.id.At
	return nil
}

// instantMargin is how long before a cycle an instant must lie for that cycle to
// have read everything that bears it: what happens within a second may bear the
// same one.
const instantMargin = 5 * time.Second

// knownUntil returns a function that returns up to when stories are known: up to
// their stored update if the last complete cycle, or one before it, read them long
// enough after it, and else up to right before it, because an index that lags may
// have shown them as they were.
func (cy *cycle) knownUntil() func(context.Context, []int64) (map[int64]latency.Instant, error) {
	store, before := cy.c.store, cy.before.Add(-instantMargin)
	return func(ctx context.Context, ids []int64) (map[int64]latency.Instant, error) {
		known, err := store.Updates(ctx, ids)
		if err != nil {
			return nil, fmt.Errorf("reading when %d stories were updated, as far as is stored: %w", len(ids), err)
		}
		for id, updated := range known {
			if updated >= before {
				known[id] = updated - 1
			}
		}
		return known, nil
	}
}

// shown is what a search showed beside the stories it was for.
type shown struct {
	canary bool // it showed the canary
	named  bool // it could ask for the canary and the parents by id
}

// search reads what a query finds and writes it page by page, and at the end
// reads by id what the index shows older than it is stored. While a full sync is
// under way its cursor moves with each page.
func (cy *cycle) search(ctx context.Context, q jiradata.Query) (seen shown, err error) {
	search := func(ctx context.Context) iter.Seq2[jiradata.Page, error] { return cy.c.source.Search(ctx, q) }
	var outdated []int64
	for page, err := range readAhead(ctx, search) {
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
			cy.found.Add(id)
		}
		for i := range page.Stories {
			// With JQL the canary may have been found because it was named.
			if id := page.Stories[i].History.ID; q.JQL == "" || id != q.Canary {
				cy.found.Add(id)
			}
		}
		cy.result.Unchanged += len(page.Unchanged)
		if len(page.Stories)+len(page.Quarantined) > 0 {
			older, err := cy.save(ctx, page, bySearch)
			if err != nil {
				return seen, err
			}
			outdated = append(outdated, older...)
		}
		cy.c.progress(Progress{Full: cy.result.Full, Stories: cy.result.Stories})
	}
	_, err = cy.reread(ctx, outdated, byID)
	return seen, err
}

// outdated reports whether the search index shows a story as it was before it
// became what is stored, or shows it though it has gone. Such a reading is
// compared with nothing.
func outdated(st *jiradata.Story, known jiradata.Known) bool {
	return st.Updated < known.Updated || known.Gone
}

// rereadBatch is how many stories are read by id before they are written.
const rereadBatch = 100

// reread reads stories by id and writes them. It returns those that do not exist
// or that the account may not see.
func (cy *cycle) reread(ctx context.Context, ids []int64, how origin) (missing []int64, err error) {
	for part := range slices.Chunk(ids, rereadBatch) {
		page, absent, err := cy.c.source.Issues(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("reading %d stories by id: %w", len(part), err)
		}
		missing = append(missing, absent...)
		if _, err := cy.save(ctx, page, how); err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// saveState writes the state alone.
func (cy *cycle) saveState(ctx context.Context) error {
	if _, err := cy.c.store.SaveStories(ctx, jiradata.Batch{At: cy.id.At, State: cy.state}); err != nil {
		return fmt.Errorf("storing the sync state: %w", err)
	}
	return nil
}

// save compares a page with what is stored, and writes it with the state. Of a
// page of a search it leaves out the stories that the index shows older than they
// are stored, and returns those of them that are not parents alone.
func (cy *cycle) save(ctx context.Context, page jiradata.Page, how origin) (older []int64, err error) {
	ids := make([]int64, 0, len(page.Stories))
	for i := range page.Stories {
		ids = append(ids, page.Stories[i].History.ID)
	}
	known, err := cy.c.store.Known(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading what is stored of %d stories: %w", len(ids), err)
	}
	page.Stories = slices.DeleteFunc(page.Stories, func(st jiradata.Story) bool {
		k, ok := known[st.History.ID]
		if how != bySearch || !ok || !outdated(&st, k) {
			return false
		}
		if !st.ParentOnly {
			older = append(older, st.History.ID)
		}
		return true
	})
	for i := range page.Stories {
		st := &page.Stories[i]
		cy.countStory(st)
		if k, ok := known[st.History.ID]; ok {
			reconcile(st, k, cy.id.At)
		}
		cy.c.parentsRead = false // it may have a parent that is not stored
	}
	if err := cy.noteComments(ctx, page.Stories); err != nil {
		return nil, err
	}
	for _, q := range page.Quarantined {
		if cy.c.unreadable[q] {
			continue // it was logged
		}
		cy.c.unreadable[q] = true
		cy.c.log.Warn("an issue cannot be read and is left out until it can", zap.Int64("id", q.ID), zap.String("key", q.Key), zap.String("reason", q.Reason))
	}
	changed, err := cy.c.store.SaveStories(ctx, jiradata.Batch{At: cy.id.At, Stories: page.Stories, Quarantined: page.Quarantined, State: cy.state})
	if err != nil {
		// All of it may be written though the answer was lost, and then the next cycle
		// finds nothing new in it.
		for i := range page.Stories {
			cy.c.changed.Add(page.Stories[i].History.ID)
		}
		return nil, fmt.Errorf("storing %d stories: %w", len(page.Stories), err)
	}
	cy.result.Events += changed.Events
	cy.result.Mended += changed.Mended
	fresh := make(map[int64]bool, len(changed.Stories))
	for _, id := range changed.Stories {
		cy.c.changed.Add(id)
		fresh[id] = true
	}
	if how == byID {
		return older, nil
	}
	return older, cy.noteLate(ctx, page.Stories, fresh)
}

// noteLate notes how late the search showed changes that the last cycle should
// have seen. It notes them before the cycle is complete, because a second try
// would not find them late.
func (cy *cycle) noteLate(ctx context.Context, stories []jiradata.Story, changed map[int64]bool) error {
	if cy.state.FullStarted != 0 || cy.before == 0 {
		return nil
	}
	var late []jiradata.Note
	for i := range stories {
		st := &stories[i]
		if !changed[st.History.ID] || st.ParentOnly || st.Updated >= cy.before.Add(-instantMargin) {
			continue
		}
		by := cy.id.At.Time().Sub(st.Updated.Time())
		cy.result.Late = append(cy.result.Late, by)
		late = append(late, jiradata.Note{Story: st.History.ID, Key: st.History.Key, At: cy.id.At, Detail: fmt.Sprintf("the search showed a change of it %s late", by)})
	}
	return cy.c.saveNotes(ctx, jiradata.NoteLate, late, nil)
}

// countStory adds a story to the result, once however often it comes.
func (cy *cycle) countStory(st *jiradata.Story) {
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
