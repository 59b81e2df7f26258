package collector

import (
	"context"
	"fmt"
	"slices"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

const (
	// maxWanted is how many stories that webhooks named are read before a cycle, which
	// finds the others. Each may cost a request.
	maxWanted = 100
	// maxUnknown is how many issues that do not exist webhooks may name from one poll
	// that was due to the next. Beyond that only stored stories are read for them:
	// whoever knows the webhooks' secret must not use up Jira's budget.
	maxUnknown = 20
	// maxRemembered is how many of them are remembered, so that none costs a second
	// request.
	maxRemembered = 10_000
)

// unknownWanted is what is remembered of issues that webhooks named and that do not
// exist, or that the account may not see.
type unknownWanted struct {
	ids   map[int64]bool
	since int // how many were found since the last poll that was due
}

// worthReading returns which of the issues that webhooks named are read now: stored
// ones, and as many others as may turn out not to exist.
func (c *Collector) worthReading(ctx context.Context, ids []int64) (stored, fresh []int64, err error) {
	have, err := c.store.Updates(ctx, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("reading which of %d stories that webhooks named are stored: %w", len(ids), err)
	}
	for _, id := range ids {
		switch _, ok := have[id]; {
		case ok:
			stored = append(stored, id)
		case !c.unknown.ids[id]:
			fresh = append(fresh, id)
		}
	}
	stored = stored[:min(len(stored), maxWanted)]
	return stored, fresh[:min(len(fresh), maxWanted-len(stored))], nil
}

// noteUnknown remembers issues that webhooks named and that Jira does not show.
func (c *Collector) noteUnknown(ids []int64) {
	c.unknown.since += len(ids)
	if c.unknown.ids == nil || len(c.unknown.ids)+len(ids) > maxRemembered {
		c.unknown.ids = map[int64]bool{}
	}
	for _, id := range ids {
		c.unknown.ids[id] = true
	}
}

// readWanted reads issues that a webhook named, and writes those of the scope. It reads a
// bounded number, because a cycle finds the others. Issues that do not exist are left to
// the census. It returns when the last of them was updated.
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
	known, unstored, err := c.worthReading(ctx, ids)
	if err != nil {
		return 0, err
	}
	parts := slices.Collect(slices.Chunk(known, rereadBatch))
	stored := len(parts)
	parts = slices.AppendSeq(parts, slices.Chunk(unstored, maxUnknown)) // so small that few are asked for in vain
	for i, part := range parts {
		if i >= stored && c.unknown.since >= maxUnknown {
			break
		}
		page, missing, err := c.source.Issues(ctx, part)
		if err != nil {
			return 0, fmt.Errorf("reading %d stories that webhooks named: %w", len(part), err)
		}
		c.noteUnknown(missing)
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

// dueAgain notes that a poll is due: webhooks may name unknown issues again.
func (c *Collector) dueAgain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unknown.since = 0
}
