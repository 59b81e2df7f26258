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

// noteLostProjects notes which projects of the scope cannot be seen any more:
// archived, deleted, or closed to the account. They stay described as they were,
// and the others are still read. When one is back, what changed in it meanwhile is
// read.
func (c *Collector) noteLostProjects(ctx context.Context, m *jiradata.Meta, at latency.Instant, state *jiradata.State) error {
	before, err := c.store.Meta(ctx)
	if err != nil {
		return fmt.Errorf("reading the projects that could be seen before: %w", err)
	}
	missing := m.Missing
	m.Missing = nil
	if len(c.projects) == 0 {
		if missing, err = c.vanishedProjects(ctx, before.Projects, m.Projects); err != nil {
			return err
		}
	}
	for _, p := range before.Projects {
		if slices.Contains(missing, p.Key) {
			m.Projects = append(m.Projects, p)
		}
	}
	lost := maps.Clone(state.Lost)
	maps.DeleteFunc(lost, func(key string, _ latency.Instant) bool { // it is not in the scope any more
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
			c.log.Warn("a project cannot be seen any more; its stories stay as they are, and the others are still read", zap.String("project", key))
		}
	}
	if !maps.Equal(state.Lost, lost) {
		state.Lost = lost
		// At once: if this cycle fails, later ones may not read this again, and move on.
		if _, err := c.store.SaveStories(ctx, jiradata.Batch{At: at, State: *state}); err != nil {
			return fmt.Errorf("storing the sync state: %w", err)
		}
	}
	detail := ""
	if note := c.lostProjectsNote(*state, at); note != nil {
		detail = note.Detail
	}
	return c.notePolls(ctx, jiradata.NoteInvisible, &c.standing.lost, detail != "", at, detail)
}

// vanishedProjects returns the keys of projects with stories that could be seen
// before and cannot be now. It is for a scope that names no projects: nothing else
// says then which there should be.
func (c *Collector) vanishedProjects(ctx context.Context, before, now []jiradata.Project) ([]string, error) {
	var vanished []string
	for _, p := range before {
		if !slices.ContainsFunc(now, func(n jiradata.Project) bool { return n.ID == p.ID }) {
			vanished = append(vanished, p.Key)
		}
	}
	if len(vanished) == 0 {
		return nil, nil
	}
	present, err := c.presentIDs(ctx)
	if err != nil {
		return nil, err
	}
	withStories := map[string]bool{}
	for part := range slices.Chunk(present, keysBatch) {
		keys, err := c.keysOf(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			withStories[projectIn(key)] = true
		}
	}
	return slices.DeleteFunc(vanished, func(key string) bool { return !withStories[key] }), nil
}

// isLost reports whether a project was lost, and is not back.
func (c *Collector) isLost(state jiradata.State, key string) bool {
	_, lost := state.Lost[key]
	_, visible := c.visible[key]
	return lost && !visible
}

// lostProjectsNote returns the note of projects that are lost; nil if none is.
func (c *Collector) lostProjectsNote(state jiradata.State, at latency.Instant) *jiradata.Note {
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(state.Lost)), func(key string) bool { return !c.isLost(state, key) })
	if len(keys) == 0 {
		return nil
	}
	return &jiradata.Note{
		Story: noStory, Reason: jiradata.NoteInvisible, At: at,
		Detail: fmt.Sprintf("the account may not browse project %s any more: what changes there is not read", strings.Join(keys, ", ")),
	}
}
