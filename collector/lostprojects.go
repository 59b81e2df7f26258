package collector

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// lose notes which projects of the scope are not to be seen any more: archived,
// deleted, or closed to the account. They stay described as they were, and the
// others are read on. When one is back, what changed in it meanwhile is read.
func (c *Collector) lose(ctx context.Context, m *jiradata.Meta, at latency.Instant, state *jiradata.State) error {
	before, err := c.store.Meta(ctx)
	if err != nil {
		return fmt.Errorf("reading what is stored: %w", err)
	}
	missing := m.Missing
	m.Missing = nil
	if len(c.projects) == 0 {
		if missing, err = c.vanished(ctx, before.Projects, m.Projects); err != nil {
			return err
		}
	}
	for _, p := range before.Projects {
		if slices.Contains(missing, p.Key) {
			m.Projects = append(m.Projects, p)
		}
	}
	lost := maps.Clone(state.Lost)
	maps.DeleteFunc(lost, func(key string, _ latency.Instant) bool { // it is not of the scope any more
		_, visible := c.visible[key]
		return !visible && !slices.Contains(missing, key)
	})
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
	if !maps.Equal(state.Lost, lost) {
		state.Lost = lost
		// At once: should this cycle fail, later ones may not look, and move on.
		if _, err := c.store.SaveStories(ctx, jiradata.Batch{At: at, State: *state}); err != nil {
			return fmt.Errorf("storing the sync state: %w", err)
		}
	}
	detail := ""
	if note := c.lostNote(*state, at); note != nil {
		detail = note.Detail
	}
	return c.note(ctx, jiradata.NoteInvisible, &c.noted.lost, detail != "", at, detail)
}

// vanished returns the keys of projects that could be seen before, that cannot
// be now, and that stories are of: where the scope names no projects, nobody else
// says which there should be.
func (c *Collector) vanished(ctx context.Context, before, now []jiradata.Project) ([]string, error) {
	var keys []string
	for _, p := range before {
		if !slices.ContainsFunc(now, func(n jiradata.Project) bool { return n.ID == p.ID }) {
			keys = append(keys, p.Key)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	live, err := c.store.Live(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what is stored: %w", err)
	}
	held := map[string]bool{}
	for part := range slices.Chunk(live, keysBatch) {
		of, err := c.store.Keys(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("reading what is stored: %w", err)
		}
		for _, key := range of {
			held[projectIn(key)] = true
		}
	}
	return slices.DeleteFunc(keys, func(key string) bool { return !held[key] }), nil
}

// lost tells whether a project was lost, and is not back.
func (c *Collector) lost(state jiradata.State, key string) bool {
	_, lost := state.Lost[key]
	_, visible := c.visible[key]
	return lost && !visible
}

// lostNote returns the note of projects that are not to be seen; nil if there are none.
func (c *Collector) lostNote(state jiradata.State, at latency.Instant) *jiradata.Note {
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(state.Lost)), func(key string) bool { return !c.lost(state, key) })
	if len(keys) == 0 {
		return nil
	}
	return &jiradata.Note{
		Story: noStory, Reason: jiradata.NoteInvisible, At: at,
		Detail: fmt.Sprintf("the account may not browse project %s any more: what changes there is not read", strings.Join(keys, ", ")),
	}
}
