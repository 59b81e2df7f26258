package collector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// fingerprint identifies the scope: of another one the store holds too much or
// too little.
func (c *Collector) fingerprint() string {
	const version = "1" // with another one, every store would be of another scope
	text, err := json.Marshal([]any{version, c.projects, c.jql})
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Covers reports whether a store of that state holds the whole scope. One that
// does not may hold a part of it, beside what it held before.
func (c *Collector) Covers(st jiradata.State) bool {
	return st.FirstDone && st.FullStarted == 0 && st.Fingerprint == c.fingerprint()
}

// scopeIDs returns the ids of the projects that a full sync has read, in order;
// none if JQL alone is the scope. Where it has read the same scope once more, the
// projects that were lost since are still among them.
func (c *Collector) scopeIDs(st jiradata.State) []string {
	var ids []string
	if st.Rereading {
		ids = slices.Clone(st.Complete)
	}
	for _, key := range c.keys {
		ids = append(ids, c.visible[key].ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// watchesProject reports whether a project is in the scope.
func (c *Collector) watchesProject(id string) bool {
	if len(c.keys) == 0 {
		return true
	}
	for _, p := range c.visible {
		if p.ID == id {
			return true
		}
	}
	return false
}

// markOutside notes which stories the projects of a new scope do not hold, so that
// no census looks for them. Without projects in the scope a census finds out.
func (cy *cycle) markOutside(ctx context.Context) error {
	c := cy.c
	if len(c.projects) == 0 {
		return nil
	}
	present, err := c.presentIDs(ctx)
	if err != nil {
		return err
	}
	record := jiradata.Census{At: cy.id.At, Partial: true, State: cy.state}
	for part := range slices.Chunk(present, keysBatch) {
		keys, err := c.keysOf(ctx, part)
		if err != nil {
			return err
		}
		for _, id := range part {
			project := projectIn(keys[id])
			if _, visible := c.visible[project]; !visible && !slices.Contains(c.projects, project) {
				record.Outside = append(record.Outside, id)
			}
		}
	}
	if len(record.Outside) == 0 {
		return nil
	}
	return cy.saveCensus(ctx, record)
}

// findLeavers finds the stories that changed and that the scope's JQL does not
// find any more: they leave at this poll.
func (cy *cycle) findLeavers(ctx context.Context, since latency.Instant) error {
	if cy.c.jql == "" {
		return nil
	}
	var changed []int64
	for ids, err := range cy.c.source.IDs(ctx, jiradata.Query{Projects: cy.c.keys, Since: since}) {
		if err != nil {
			return fmt.Errorf("looking for stories that left the scope: %w", err)
		}
		changed = append(changed, ids...)
	}
	stored, err := cy.c.store.Updates(ctx, changed)
	if err != nil {
		return fmt.Errorf("reading which of %d stories are stored: %w", len(changed), err)
	}
	unclear := slices.DeleteFunc(changed, func(id int64) bool { _, ok := stored[id]; return !ok || cy.found.Has(id) })
	if len(unclear) == 0 {
		return nil
	}
	record := jiradata.Census{At: cy.id.At, Partial: true, State: cy.state}
	if err := cy.resolveMissing(ctx, unclear, &CensusResult{}, &record); err != nil {
		return err
	}
	return cy.saveCensus(ctx, record)
}

// leftScope returns those of some stories that the scope's JQL does not find any
// more. Without JQL, none: a story of a project of the scope is in the scope.
func (cy *cycle) leftScope(ctx context.Context, ids []int64) ([]int64, error) {
	if cy.c.jql == "" || len(ids) == 0 {
		return nil, nil
	}
	in, err := cy.c.source.Matching(ctx, cy.c.jql, ids)
	if err != nil {
		return nil, fmt.Errorf("asking whether %d stories are still in the scope: %w", len(ids), err)
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return slices.Contains(in, id) }), nil
}

// presentIDs returns the ids of the stories that a census must find, in order.
func (c *Collector) presentIDs(ctx context.Context) ([]int64, error) {
	ids, err := c.store.PresentIDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the ids of the stories that Jira should show: %w", err)
	}
	return ids, nil
}

// keysBatch is how many stories' keys are read together.
const keysBatch = 1000

// keysOf returns the stored keys of stories.
func (c *Collector) keysOf(ctx context.Context, ids []int64) (map[int64]string, error) {
	keys, err := c.store.Keys(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of %d stories: %w", len(ids), err)
	}
	return keys, nil
}
