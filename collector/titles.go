package collector

import (
	"context"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/idset"
)

// titlesBatch is how many titles are read before they are written.
const titlesBatch = 500

// readTitles reads the titles that the store lacks, as after an upgrade, or after the
// config allowed them: those of stories with an open wait in the first cycle, all
// others in a cycle with a census. Every other title comes with its story.
func (cy *cycle) readTitles(ctx context.Context) error {
	c := cy.c
	rest := cy.result.Census != nil || c.options.CensusInterval == 0
	if !c.options.Titles || c.titlesRead && !rest {
		return nil
	}
	ids, err := c.store.Untitled(ctx)
	if err != nil {
		return fmt.Errorf("reading which stories have no title: %w", err)
	}
	if !rest && len(ids) > 0 && c.options.OpenWaits != nil {
		open, err := c.options.OpenWaits(ctx)
		if err != nil {
			return err
		}
		var waiting idset.Set
		for _, id := range open {
			waiting.Add(id)
		}
		ids = slices.DeleteFunc(ids, func(id int64) bool { return !waiting.Has(id) })
	}
	found := 0
	for part := range slices.Chunk(ids, titlesBatch) {
		titles, err := c.source.Titles(ctx, part)
		if err != nil {
			return fmt.Errorf("reading the titles of %d stories: %w", len(part), err)
		}
		if err := c.store.SaveTitles(ctx, titles); err != nil {
			return fmt.Errorf("storing the titles of %d stories: %w", len(titles), err)
		}
		found += len(titles)
	}
	if len(ids) > 0 {
		c.log.Info("titles of stories were read that the store lacked", zap.Int("lacking", len(ids)), zap.Int("read", found))
	}
	c.titlesRead = true
	return nil
}
