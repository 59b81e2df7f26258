package collector

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// canaries is how many stories are looked for when the canary is not found,
// before Jira is said to show nothing.
const canaries = 10

// chooseCanary chooses a story that every search must show, if there is none,
// or the last one went: the oldest, which no index lags behind.
func (cy *cycle) chooseCanary(ctx context.Context) error {
	if id := cy.state.Canary; id != 0 {
		there, err := cy.c.store.Settled(ctx, []int64{id})
		if err != nil {
			return fmt.Errorf("reading what is stored: %w", err)
		}
		if _, ok := there[id]; ok {
			visible, _, err := cy.inSight(ctx, []int64{id})
			if err != nil || len(visible) > 0 {
				return err
			}
		}
		cy.state.Canary = 0
	}
	live, err := cy.c.store.Live(ctx)
	if err != nil {
		return fmt.Errorf("reading what is stored: %w", err)
	}
	for part := range slices.Chunk(live, keysBatch) {
		visible, renamed, err := cy.inSight(ctx, part)
		if err != nil {
			return err
		}
		if len(visible) > 0 {
			cy.state.Canary = visible[0]
			return nil
		}
		if cy.state.Canary == 0 && len(renamed) > 0 {
			cy.state.Canary = renamed[0] // unless there is a better one
		}
	}
	return nil
}

// keysBatch is how many stories are looked at together for their keys.
const keysBatch = 1000

// inSight tells stories whose projects can be seen, by the keys that are stored,
// from those whose projects may have other keys by now; those of projects that
// are lost are neither.
func (cy *cycle) inSight(ctx context.Context, ids []int64) (visible, renamed []int64, err error) {
	keys, err := cy.c.store.Keys(ctx, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("reading what is stored: %w", err)
	}
	for _, id := range ids {
		project := projectIn(keys[id])
		if _, there := cy.c.visible[project]; there {
			visible = append(visible, id)
		} else if !cy.c.lost(cy.state, project) {
			renamed = append(renamed, id)
		}
	}
	return visible, renamed, nil
}

// projectIn returns the key of the project in a story's key.
func projectIn(key string) string {
	project, _, _ := strings.Cut(key, "-")
	return project
}

// proveSight finds out why a search did not show the canary. If that one is
// gone and others are there, one of them takes its place; if it is there though
// the search was asked for it, or if there are none, the search proved nothing.
func (cy *cycle) proveSight(ctx context.Context, asked bool) error {
	canary := cy.state.Canary
	if canary == 0 {
		return nil // nothing is stored, so nothing can be missed
	}
	live, err := cy.c.store.Live(ctx)
	if err != nil {
		return fmt.Errorf("reading what is stored: %w", err)
	}
	live = slices.DeleteFunc(live, func(id int64) bool { return id == canary })
	// What is known to be lost proves nothing of the rest.
	visible, renamed, err := cy.inSight(ctx, live)
	if err != nil {
		return err
	}
	if live = visible; len(live) == 0 {
		live = renamed
	}
	var others []int64 // from everywhere: a part may be closed to the account, and others be there
	for i := range min(len(live), canaries) {
		others = append(others, live[i*len(live)/min(len(live), canaries)])
	}
	_, missing, err := cy.c.source.Issues(ctx, append([]int64{canary}, others...))
	if err != nil {
		return fmt.Errorf("looking for story %d: %w", canary, err)
	}
	switch there := !slices.Contains(missing, canary); {
	case there && !asked:
		return nil // an issue that was named with it is gone
	case there:
		return fmt.Errorf("%w: the search does not show story %d, which is there: its index is being rebuilt or lags", jiradata.ErrIncomplete, canary)
	}
	for _, id := range others {
		if !slices.Contains(missing, id) {
			cy.c.log.Info("the story that every search must show is gone; another takes its place", zap.Int64("was", canary), zap.Int64("is", id))
			cy.state.Canary = id
			return nil
		}
	}
	if len(others) == 0 {
		cy.state.Canary = 0 // it was the only one: the census finds out
		return nil
	}
	return fmt.Errorf("%w: of the %d looked for: give the account the permission Browse projects again, or use an empty store (store.url) for another Jira", ErrBlind, len(others)+1)
}
