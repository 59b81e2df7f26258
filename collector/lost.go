package collector

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/latency"
)

// lose notes which projects of the scope are not to be seen any more: archived,
// deleted, or closed to the account. They stay described as they were, and the
// others are read on. When one is back, what changed in it meanwhile is read.
func (c *Collector) lose(ctx context.Context, m *archive.Meta, at latency.Instant, state *archive.State) error {
	missing := m.Missing
	m.Missing = nil
	if len(missing) > 0 {
		before, err := c.store.Meta(ctx)
		if err != nil {
			return fmt.Errorf("reading what is stored: %w", err)
		}
		for _, p := range before.Projects {
			if slices.Contains(missing, p.Key) {
				m.Projects = append(m.Projects, p)
			}
		}
	}
	lost := maps.Clone(state.Lost)
	for _, key := range missing {
		if _, ok := lost[key]; !ok {
			if lost == nil {
				lost = map[string]latency.Instant{}
			}
			// It may have been lost right after it was seen last.
			lost[key] = state.Watermark.Add(-metaInterval)
			c.log.Warn("a project is not to be seen any more; its stories stay as they are, and the others are read on", zap.String("project", key))
		}
	}
	state.Lost = lost
	gone := maps.Clone(lost)
	maps.DeleteFunc(gone, func(key string, _ latency.Instant) bool { return !slices.Contains(missing, key) })
	detail := ""
	if note := lostNote(gone, at); note != nil {
		detail = note.Detail
	}
	return c.note(ctx, archive.NoteInvisible, &c.noted.lost, detail != "", at, detail)
}

// lostNote returns the note of projects that are not to be seen; nil if there are none.
func lostNote(lost map[string]latency.Instant, at latency.Instant) *archive.Note {
	if len(lost) == 0 {
		return nil
	}
	keys := slices.Sorted(maps.Keys(lost))
	return &archive.Note{
		Story: noStory, Reason: archive.NoteInvisible, At: at,
		Detail: fmt.Sprintf("the account may not browse project %s any more: what changes there is not read", strings.Join(keys, ", ")),
	}
}
