package collector

import (
	"context"
	"fmt"
	"slices"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// fetchNamed reads issues that somebody named, and writes those of the scope:
// what else there is to a Jira is none of the store's business. What does not
// exist is left to the census. It returns when the last of them was updated.
func (c *Collector) fetchNamed(ctx context.Context, ids []int64) (newest latency.Instant, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cy, err := c.begin(ctx)
	if err != nil {
		return 0, err
	}
	if !cy.state.FirstDone {
		return 0, nil // the full sync finds them
	}
	cy.byID = true
	for part := range slices.Chunk(ids, rereadBatch) {
		page, _, err := c.source.Issues(ctx, part)
		if err != nil {
			return 0, fmt.Errorf("reading stories that were named: %w", err)
		}
		stored, err := c.store.Settled(ctx, part)
		if err != nil {
			return 0, fmt.Errorf("reading what is stored: %w", err)
		}
		var foreign []int64 // not stored yet, and of a watched project
		page.Stories = slices.DeleteFunc(page.Stories, func(st jiradata.Story) bool {
			_, have := stored[st.History.ID]
			if !have && c.watches(st.ProjectID) {
				foreign = append(foreign, st.History.ID)
			}
			return !have && !c.watches(st.ProjectID)
		})
		page.Quarantined = nil // whether they are of the scope cannot be told
		outside, err := cy.left(ctx, foreign)
		if err != nil {
			return 0, err
		}
		page.Stories = slices.DeleteFunc(page.Stories, func(st jiradata.Story) bool { return slices.Contains(outside, st.History.ID) })
		for i := range page.Stories {
			newest = max(newest, page.Stories[i].Updated)
		}
		if err := cy.save(ctx, page); err != nil {
			return 0, err
		}
	}
	if cy.state.FullStarted != 0 {
		return newest, nil // it may find their parents as stories
	}
	return newest, cy.newParents(ctx)
}
