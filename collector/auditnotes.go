package collector

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// What is odd with no story in particular is noted under none.
const noStory = 0

// noted is what the store's notes say that a cycle may have to add to, or to
// take back.
type noted struct {
	odd    map[string]map[int64]bool // stories whose comments are odd, by reason
	failed bool                      // no cycle is complete since then
	zoned  bool                      // Jira is asked in the account's zone
	warned bool                      // it warns of searches
	lost   bool                      // projects are not to be seen any more
}

// recall reads what is noted.
func (c *Collector) recall(ctx context.Context) error {
	if c.noted != nil {
		return nil
	}
	notes, err := c.store.Notes(ctx)
	if err != nil {
		return fmt.Errorf("reading notes: %w", err)
	}
	c.noted = &noted{odd: map[string]map[int64]bool{jiradata.NoteCommentsShort: {}, jiradata.NoteMistimed: {}}}
	for _, n := range notes {
		switch n.Reason {
		case jiradata.NoteCommentsShort, jiradata.NoteMistimed:
			c.noted.odd[n.Reason][n.Story] = true
		case jiradata.NoteFailed:
			c.noted.failed = true
		case jiradata.NoteZoned:
			c.noted.zoned = true
		case jiradata.NoteInvisible:
			c.noted.lost = c.noted.lost || n.Story == noStory
		case jiradata.NoteWarned:
			c.noted.warned = true
		}
	}
	return nil
}

// noteOutcome notes that cycles fail, from the first one on, and takes it back
// when one is complete: the audit says that the numbers are not of today.
func (c *Collector) noteOutcome(ctx context.Context, res Result, err error) error {
	if ctx.Err() != nil {
		return err // it was told to stop
	}
	if noteErr := c.recall(ctx); noteErr != nil {
		return errors.Join(err, noteErr)
	}
	if err != nil {
		now := latency.At(time.Now()) // Jira's clock may be what is missing
		return errors.Join(err, c.note(ctx, jiradata.NoteFailed, &c.noted.failed, true, now, "no poll is complete since then: "+err.Error()))
	}
	return errors.Join(
		c.note(ctx, jiradata.NoteFailed, &c.noted.failed, false, 0, ""),
		c.note(ctx, jiradata.NoteZoned, &c.noted.zoned, res.Zoned, res.AsOf, "Jira does not understand instants in queries, and is asked in the zone of the account's profile"),
		c.note(ctx, jiradata.NoteWarned, &c.noted.warned, len(res.Warnings) > 0, res.AsOf, "Jira warns of a search: "+strings.Join(res.Warnings, "; ")),
	)
}

// note notes what is odd with no story in particular, or takes it back, unless
// it stands so already.
func (c *Collector) note(ctx context.Context, reason string, stands *bool, odd bool, at latency.Instant, detail string) error {
	if *stands == odd {
		return nil
	}
	var notes []jiradata.Note
	var inOrder []int64
	if odd {
		notes = []jiradata.Note{{Story: noStory, At: at, Detail: detail}}
	} else {
		inOrder = []int64{noStory}
	}
	if err := c.store.SaveNotes(ctx, reason, notes, inOrder); err != nil {
		return fmt.Errorf("storing notes: %w", err)
	}
	*stands = odd
	return nil
}

// noteComments notes stories whose comments are odd, before they are written: a
// note too many is taken back at the next reading.
func (cy *cycle) noteComments(ctx context.Context, stories []jiradata.Story) error {
	err := cy.noteStories(ctx, stories, jiradata.NoteCommentsShort, "Jira counts more comments than it gives to this account",
		"Jira does not give all comments of a story; questions in the others are not seen", func(st *jiradata.Story) bool { return st.CommentsShort })
	if err != nil {
		return err
	}
	return cy.noteStories(ctx, stories, jiradata.NoteMistimed, "a comment was edited before it was made, by what Jira says",
		"the instants of a story's comments cannot be right; waits may begin or end at others", func(st *jiradata.Story) bool { return st.CommentsMistimed })
}

// noteStories notes, for a reason, those of some stories that are odd, and takes
// back what was noted of the others.
func (cy *cycle) noteStories(ctx context.Context, stories []jiradata.Story, reason, detail, message string, odd func(*jiradata.Story) bool) error {
	c := cy.c
	stands := c.noted.odd[reason]
	var fresh []jiradata.Note
	var inOrder []int64
	for i := range stories {
		id := stories[i].History.ID
		switch {
		case odd(&stories[i]):
			if !stands[id] {
				fresh = append(fresh, jiradata.Note{Story: id, Key: stories[i].History.Key, At: cy.id.At, Detail: detail})
			}
		case stands[id]:
			inOrder = append(inOrder, id)
		}
	}
	if len(fresh)+len(inOrder) == 0 {
		return nil
	}
	if err := c.store.SaveNotes(ctx, reason, fresh, inOrder); err != nil {
		return fmt.Errorf("storing notes: %w", err)
	}
	for i := range fresh {
		stands[fresh[i].Story] = true
		c.log.Warn(message, zap.String("key", fresh[i].Key))
	}
	for _, id := range inOrder {
		delete(stands, id)
	}
	return nil
}
