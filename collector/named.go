package collector

import (
	"context"
	"fmt"
	"slices"

	"github.com/yourturn/yourturn/internal/archive"
)

// fetchNamed reads issues that somebody named, and writes those of the scope:
// what else there is to a Jira is none of the store's business. What does not
// exist is left to the census.
func (c *Collector) fetchNamed(ctx context.Context, ids []int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	cy, err := c.begin(ctx)
	if err != nil {
		return err
	}
	if !cy.state.FirstDone {
		return nil // the full sync finds them
	}
	cy.byID = true
	for part := range slices.Chunk(ids, rereadBatch) {
		page, _, err := c.source.Issues(ctx, part)
		if err != nil {
			return fmt.Errorf("reading stories that were named: %w", err)
		}
		stored, err := c.store.Settled(ctx, part)
		if err != nil {
			return fmt.Errorf("reading what is stored: %w", err)
		}
		var foreign []int64 // not stored yet, and of a watched project
		page.Stories = slices.DeleteFunc(page.Stories, func(st archive.Story) bool {
			_, have := stored[st.History.ID]
			if !have && c.watches(st.ProjectID) {
				foreign = append(foreign, st.History.ID)
			}
			return !have && !c.watches(st.ProjectID)
		})
		page.Quarantined = nil // whether they are of the scope cannot be told
		outside, err := cy.left(ctx, foreign)
		if err != nil {
			return err
		}
		page.Stories = slices.DeleteFunc(page.Stories, func(st archive.Story) bool { return slices.Contains(outside, st.History.ID) })
		if err := cy.save(ctx, page); err != nil {
			return err
		}
	}
	if cy.state.FullStarted != 0 {
		return nil // it may find their parents as stories
	}
	return cy.newParents(ctx)
}
