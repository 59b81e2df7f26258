package collector

import (
	"context"
	"fmt"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// A story may have its owner from its parents. So parents are stored wherever they are.
// Those that no search of the scope finds are read only for their user fields and their
// own parents.

const (
	// maxGenerations bounds the way up from a story to its parents' parents.
	maxGenerations = 16
	// parentsBatch is how many parents are read before they are written.
	parentsBatch = 100
	// maxNamedParents is how many parents a search may ask for beside the stories.
	maxNamedParents = 500
)

// parentsAlone returns the issues that are stored as parents alone, without
// those that could not be read.
func (cy *cycle) parentsAlone(ctx context.Context) ([]int64, error) {
	ids, err := cy.c.store.ParentsAlone(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading which issues are stored as parents alone: %w", err)
	}
	return slices.DeleteFunc(ids, func(id int64) bool { return cy.c.unreadableParents[id] }), nil
}

// readParents brings up to date those of some parents that were updated since an
// instant; 0 means all of them.
func (cy *cycle) readParents(ctx context.Context, ids []int64, since latency.Instant) error {
	for chunk := range slices.Chunk(ids, parentsBatch) {
		if err := cy.readParentsBatch(ctx, chunk, since); err != nil {
			return err
		}
	}
	return nil
}

// readParentsBatch reads and writes issues that are parents alone. It remembers
// those that cannot be read, so that not every cycle asks for them again.
func (cy *cycle) readParentsBatch(ctx context.Context, ids []int64, since latency.Instant) error {
	page, missing, err := cy.c.source.Parents(ctx, ids, since)
	if err != nil {
		return fmt.Errorf("reading %d parents of stories: %w", len(ids), err)
	}
	for _, id := range missing {
		cy.c.unreadableParents[id] = true
	}
	for _, q := range page.Quarantined {
		cy.c.unreadableParents[q.ID] = true
	}
	how := bySearch
	if since == 0 {
		how = byID
	}
	_, err = cy.save(ctx, page, how)
	return err
}

// readMissingParents reads the parents that stories name and the store lacks, and
// theirs, generation by generation.
func (cy *cycle) readMissingParents(ctx context.Context) error {
	if cy.c.parentsRead {
		return nil
	}
	for range maxGenerations {
		wanted, err := cy.c.store.MissingParents(ctx)
		if err != nil {
			return fmt.Errorf("reading which parents of stories are not stored: %w", err)
		}
		wanted = slices.DeleteFunc(wanted, func(id int64) bool { return cy.c.unreadableParents[id] })
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

// readUnsearchedParents brings parents of stories up to date that no search of
// the scope shows: those that were indexed late, and those that left the scope and
// are still stored as stories.
func (cy *cycle) readUnsearchedParents(ctx context.Context, since latency.Instant) error {
	alone, err := cy.parentsAlone(ctx)
	if err != nil {
		return err
	}
	if err := cy.readParents(ctx, alone, since); err != nil {
		return err
	}
	outside, err := cy.c.store.ParentsOutside(ctx)
	if err != nil {
		return fmt.Errorf("reading which parents of stories left the scope: %w", err)
	}
	_, err = cy.reread(ctx, outside, byID)
	return err
}
