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

// noStory is the story of notes that are about no story in particular.
const noStory = 0

// standingNotes are those of the store's notes that a cycle may have to add to or
// to remove. The audit shows them, and they stay until the reading that finds the
// story, or the polls, in order again.
type standingNotes struct {
	comments map[string]map[int64]bool // stories that have a note about their comments, by its reason
	failed   bool                      // no cycle is complete since then
	zoned    bool                      // Jira is asked in the account's zone
	warned   bool                      // Jira warns of searches
	lost     bool                      // projects cannot be seen any more
}

// loadNotes reads which notes stand, once.
func (c *Collector) loadNotes(ctx context.Context) error {
	if c.standing != nil {
		return nil
	}
	notes, err := c.store.Notes(ctx)
	if err != nil {
		return fmt.Errorf("reading the notes of former cycles: %w", err)
	}
	c.standing = &standingNotes{comments: map[string]map[int64]bool{jiradata.NoteCommentsShort: {}, jiradata.NoteMistimed: {}}}
	for _, n := range notes {
		switch n.Reason {
		case jiradata.NoteCommentsShort, jiradata.NoteMistimed:
			c.standing.comments[n.Reason][n.Story] = true
		case jiradata.NoteFailed:
			c.standing.failed = true
		case jiradata.NoteZoned:
			c.standing.zoned = true
		case jiradata.NoteInvisible:
			c.standing.lost = c.standing.lost || n.Story == noStory
		case jiradata.NoteWarned:
			c.standing.warned = true
		}
	}
	return nil
}

// saveNotes adds notes of a reason, and removes those of stories that are in order.
func (c *Collector) saveNotes(ctx context.Context, reason string, notes []jiradata.Note, inOrder []int64) error {
	if len(notes)+len(inOrder) == 0 {
		return nil
	}
	if err := c.store.SaveNotes(ctx, reason, notes, inOrder); err != nil {
		return fmt.Errorf("storing notes of %s: %w", reason, err)
	}
	return nil
}

// noteOutcome notes that cycles fail, from the first one on, and removes that note
// when one is complete: the audit says that the numbers are not of today.
func (c *Collector) noteOutcome(ctx context.Context, res Result, err error) error {
	if ctx.Err() != nil {
		return err // it was stopped
	}
	if noteErr := c.loadNotes(ctx); noteErr != nil {
		return errors.Join(err, noteErr)
	}
	if err != nil {
		now := latency.At(time.Now()) // Jira's clock may be what is missing
		return errors.Join(err, c.notePolls(ctx, jiradata.NoteFailed, &c.standing.failed, true, now, "no poll is complete since then: "+err.Error()))
	}
	return errors.Join(
		c.notePolls(ctx, jiradata.NoteFailed, &c.standing.failed, false, 0, ""),
		c.notePolls(ctx, jiradata.NoteZoned, &c.standing.zoned, res.Zoned, res.AsOf, "Jira does not understand instants in queries, and is asked in the zone of the account's profile"),
		c.notePolls(ctx, jiradata.NoteWarned, &c.standing.warned, len(res.Warnings) > 0, res.AsOf, "Jira warns of a search: "+strings.Join(res.Warnings, "; ")),
	)
}

// notePolls adds a note about no story in particular, or removes it, unless it
// stands so already.
func (c *Collector) notePolls(ctx context.Context, reason string, stands *bool, wanted bool, at latency.Instant, detail string) error {
	if *stands == wanted {
		return nil
	}
	var notes []jiradata.Note
	var inOrder []int64
	if wanted {
		notes = []jiradata.Note{{Story: noStory, At: at, Detail: detail}}
	} else {
		inOrder = []int64{noStory}
	}
	if err := c.saveNotes(ctx, reason, notes, inOrder); err != nil {
		return err
	}
	*stands = wanted
	return nil
}

// noteComments notes stories whose comments are incomplete or mistimed, before the
// stories are written: the next reading removes a note too many.
func (cy *cycle) noteComments(ctx context.Context, stories []jiradata.Story) error {
	err := cy.noteStories(ctx, stories, jiradata.NoteCommentsShort, "Jira counts more comments than it gives to this account",
		"Jira does not give all comments of a story; questions in the others are not seen", func(st *jiradata.Story) bool { return st.CommentsShort })
	if err != nil {
		return err
	}
	return cy.noteStories(ctx, stories, jiradata.NoteMistimed, "a comment was edited before it was made, by what Jira says",
		"the instants of a story's comments cannot be right; waits may begin or end at others", func(st *jiradata.Story) bool { return st.CommentsMistimed })
}

// noteStories adds a note of a reason to those of some stories that applies is
// true of, and removes it from the others. It logs message for each new note.
func (cy *cycle) noteStories(ctx context.Context, stories []jiradata.Story, reason, detail, message string, applies func(*jiradata.Story) bool) error {
	c := cy.c
	stands := c.standing.comments[reason]
	var fresh []jiradata.Note
	var inOrder []int64
	for i := range stories {
		id := stories[i].History.ID
		switch {
		case applies(&stories[i]):
			if !stands[id] {
				fresh = append(fresh, jiradata.Note{Story: id, Key: stories[i].History.Key, At: cy.id.At, Detail: detail})
			}
		case stands[id]:
			inOrder = append(inOrder, id)
		}
	}
	if err := c.saveNotes(ctx, reason, fresh, inOrder); err != nil {
		return err
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
