package collector

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// The canary is a story that every search must show. A search that does not show
// it proves nothing by what else it does not show.

// otherStories is how many stories are asked for when the canary does not exist,
// before Jira is said to show nothing.
const otherStories = 10

// chooseCanary chooses a canary if there is none, or if the last one went: the
// oldest story, which no index lags behind.
func (cy *cycle) chooseCanary(ctx context.Context) error {
	if id := cy.state.Canary; id != 0 {
		there, err := cy.c.store.Updates(ctx, []int64{id})
		if err != nil {
			return fmt.Errorf("reading whether story %d, which every search must show, is stored: %w", id, err)
		}
		if _, ok := there[id]; ok {
			visible, _, err := cy.splitByVisibility(ctx, []int64{id})
			if err != nil || len(visible) > 0 {
				return err
			}
		}
		cy.state.Canary = 0
	}
	present, err := cy.c.presentIDs(ctx)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(present, keysBatch) {
		visible, renamed, err := cy.splitByVisibility(ctx, part)
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

// splitByVisibility returns the stories whose projects can be seen, by the keys
// that are stored, and those whose projects may have another key by now. Stories of
// lost projects are neither.
func (cy *cycle) splitByVisibility(ctx context.Context, ids []int64) (visible, renamed []int64, err error) {
	keys, err := cy.c.keysOf(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		project := projectIn(keys[id])
		if _, there := cy.c.visible[project]; there {
			visible = append(visible, id)
		} else if !cy.c.isLost(cy.state, project) {
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

// explainMissingCanary finds out why a search did not show the canary. If the
// canary is gone and other stories are there, one of them takes its place. If it is
// there although the search asked for it (named), or if no story is there, the
// search proved nothing, and that is the error.
func (cy *cycle) explainMissingCanary(ctx context.Context, named bool) error {
	canary := cy.state.Canary
	if canary == 0 {
		return nil // nothing is stored, so nothing can be missed
	}
	present, err := cy.c.presentIDs(ctx)
	if err != nil {
		return err
	}
	present = slices.DeleteFunc(present, func(id int64) bool { return id == canary })
	// An issue that is known to be lost proves nothing about the others.
	visible, renamed, err := cy.splitByVisibility(ctx, present)
	if err != nil {
		return err
	}
	if present = visible; len(present) == 0 {
		present = renamed
	}
	var others []int64 // from everywhere: a part may be closed to the account, and others be there
	for i := range min(len(present), otherStories) {
		others = append(others, present[i*len(present)/min(len(present), otherStories)])
	}
	_, missing, err := cy.c.source.Issues(ctx, append([]int64{canary}, others...))
	if err != nil {
		return fmt.Errorf("asking for story %d, which every search must show: %w", canary, err)
	}
	switch there := !slices.Contains(missing, canary); {
	case there && !named:
		return nil // the search was refused for an issue that it named, and sent without any
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
		cy.state.Canary = 0 // it was the only one: a census finds out
		return nil
	}
	return fmt.Errorf("%w: of the %d asked for: give the account the permission Browse projects again, or use an empty store (store.url) for another Jira", ErrBlind, len(others)+1)
}
