package collector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/jiradata"
)

const (
	// questionsInterval is how often the comments of open questions are read again.
	questionsInterval = time.Hour
	// checkRetry is how long after a failure the checks are put off: they begin from
	// the start, and not every poll is to cost that.
	checkRetry = 5 * time.Minute
)

// runChecks makes the checks that are due: it reads open questions again, takes a
// census, and reads parents and titles that are not stored. When one fails the others are made
// all the same, unless Jira asked to be left alone.
func (cy *cycle) runChecks(ctx context.Context) error {
	c, now := cy.c, cy.id.At
	if !c.checksFailed.IsZero() && time.Since(c.checksFailed) < checkRetry {
		return nil
	}
	var failed error
	if now >= cy.state.QuestionsRead.Add(questionsInterval) {
		if err := cy.rereadQuestions(ctx); err != nil {
			failed = fmt.Errorf("reading open questions again: %w", err)
		}
	}
	every := c.options.CensusInterval
	if Patience(failed) == 0 && (cy.state.Census == 0 || every > 0 && now >= cy.state.Census.Add(every)) {
		if err := cy.census(ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("census: %w", err))
		}
	}
	if err := cy.readMissingParents(ctx); err != nil {
		failed = errors.Join(failed, err)
	}
	if Patience(failed) == 0 {
		failed = errors.Join(failed, cy.readTitles(ctx))
	}
	c.checksFailed, cy.result.Checks.Done = time.Time{}, failed == nil
	if failed != nil {
		c.checksFailed = time.Now()
	}
	return failed
}

// rereadQuestions reads the stories with an open question again, except for those
// that this cycle has read.
func (cy *cycle) rereadQuestions(ctx context.Context) error {
	if cy.c.options.OpenQuestions == nil {
		return nil
	}
	ids, err := cy.c.options.OpenQuestions(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	ids = slices.DeleteFunc(ids, func(id int64) bool { return cy.read.Has(id) })
	if _, err := cy.reread(ctx, ids, byID); err != nil {
		return err
	}
	cy.state.QuestionsRead = cy.id.At
	return cy.saveState(ctx)
}

// readMissedChanges reads the stories with changes that no poll has shown. It
// looks back twice as far as the last census, which may have been too early for
// what happened before it: so the index may be late by the time between two. And it
// looks back to the last census that was not stopped, or to the first sync: what
// was out of sight since then may be visible again, and that changes no story.
func (cy *cycle) readMissedChanges(ctx context.Context) error {
	q := cy.query()
	q.Since = cy.state.LookedBack
	if last := cy.state.Census; last != 0 {
		twice := last.Add(-cy.id.At.Time().Sub(last.Time()))
		if q.Since == 0 || twice < q.Since {
			q.Since = twice
		}
	}
	q.Since = q.Since.Add(-cy.c.overlap)
	if err := cy.readUnsearchedParents(ctx, q.Since); err != nil {
		return err
	}
	var missed []int64
	for updates, err := range cy.c.source.Updates(ctx, q) {
		if err != nil {
			return fmt.Errorf("looking for changes that polls missed: %w", err)
		}
		stored, err := cy.c.store.Updates(ctx, slices.Collect(maps.Keys(updates)))
		if err != nil {
			return fmt.Errorf("reading when %d stories were updated, as far as is stored: %w", len(updates), err)
		}
		for id, updated := range updates {
			if have, ok := stored[id]; ok && have < updated && !cy.read.Has(id) {
				missed = append(missed, id)
			}
		}
	}
	if len(missed) == 0 {
		return nil
	}
	slices.Sort(missed)
	if _, err := cy.reread(ctx, missed, byIDAfterMissedChange); err != nil {
		return err
	}
	cy.c.log.Warn("a look back found changes that no poll had shown", zap.Int("stories", len(missed)))
	return nil
}

// quarantined returns the ids of the issues in quarantine.
func (cy *cycle) quarantined(ctx context.Context) (ids []int64, err error) {
	notes, err := cy.c.store.Notes(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the notes of issues in quarantine: %w", err)
	}
	for _, n := range notes {
		if n.Reason == jiradata.NoteQuarantined && n.Story != 0 {
			ids = append(ids, n.Story)
		}
	}
	return ids, nil
}
