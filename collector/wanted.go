package collector

import (
	"context"
	"fmt"
	"slices"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// readWanted reads issues that a webhook named, and writes those of the scope. Issues that do not exist are left to the
// census. It returns when the last of them was updated.
func (c *Collector) readWanted(ctx context.Context, ids []int64) (newest latency.Instant, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cy, err := c.startCycle(ctx)
	if err != nil {
		return 0, err
	}
	if !cy.state.FirstDone {
		return 0, nil // the full sync finds them
	}
	for part := range slices.Chunk(ids, rereadBatch) {
		page, _, err := c.source.Issues(ctx, part)
		if err != nil {
			return 0, fmt.Errorf("reading %d stories that webhooks named: %w", len(part), err)
		}
		stored, err := c.store.Updates(ctx, part)
		if err != nil {
			return 0, fmt.Errorf("reading which of %d stories that webhooks named are stored: %w", len(part), err)
		}
		var fresh []int64 // not stored yet, and of a watched project
		page.Stories = slices.DeleteFunc(page.Stories, func(st jiradata.Story) bool {
			_, have := stored[st.History.ID]
			if !have && c.watchesProject(st.ProjectID) {
				fresh = append(fresh, st.History.ID)
			}
			return !have && !c.watchesProject(st.ProjectID)
		})
		page.Quarantined = nil // they may be out of the scope
		outside, err := cy.leftScope(ctx, fresh)
		if err != nil {
			return 0, err
		}
		page.Stories = slices.DeleteFunc(page.Stories, func(st jiradata.Story) bool { return slices.Contains(outside, st.History.ID) })
		for i := range page.Stories {
			newest = max(newest, page.Stories[i].Updated)
		}
		if _, err := cy.save(ctx, page, byID); err != nil {
			return 0, err
		}
	}
	if cy.state.FullStarted != 0 {
		return newest, nil // it may find their parents as stories
	}
	return newest, cy.readMissingParents(ctx)
}
