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
	"github.com/yourturn/yourturn/internal/latency"
)

// sprintInterval is how often sprints are read.
const sprintInterval = time.Hour

// sprintSchedule is when sprints were read, and how that went.
type sprintSchedule struct {
	last    latency.Instant // in Jira's clock; 0: not yet
	failure string          // that was logged; "": the last reading went well
}

// readSprints reads the sprints of the projects in scope when that is due. They
// name ranges of time and change no number, so a cycle succeeds without them;
// it fails only if they cannot be stored.
func (cy *cycle) readSprints(ctx context.Context) error {
	c := cy.c
	read := c.sprints.last != 0 && c.sprints.last <= cy.id.At.Add(futureMargin) // a wrong clock may have read them in the future
	if read && cy.id.At < c.sprints.last.Add(sprintInterval) {
		return nil
	}
	c.sprints.last = cy.id.At
	var failed error
	for _, key := range slices.Sorted(maps.Keys(c.visible)) {
		p := c.visible[key]
		list, err := c.source.Sprints(ctx, p)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("project %s: %w", key, err))
			if errors.Is(err, jiradata.ErrWithheld) {
				continue // others may be given
			}
			break // Jira is in trouble
		}
		if err := c.store.SaveSprints(ctx, p.ID, list); err != nil {
			return fmt.Errorf("storing sprints: %w", err)
		}
	}
	c.logSprintFailure(failed)
	return nil
}

// logSprintFailure logs that sprints could not be read, once for as long as the
// reason is the same.
func (c *Collector) logSprintFailure(failed error) {
	switch {
	case failed == nil:
		c.sprints.failure = ""
	case failed.Error() != c.sprints.failure:
		c.sprints.failure = failed.Error()
		c.log.Warn("sprints could not be read; those that are stored stay, and every number is right without them", zap.Error(failed))
	}
}
