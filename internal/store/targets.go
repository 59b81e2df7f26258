package store

import (
	"context"
	"database/sql"
	"maps"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

const metaTargets = "targets"

// Target is what a team agreed on for a kind of wait, and since when the service knows.
type Target struct {
	Target time.Duration   `json:"target"` // of working time
	Since  latency.Instant `json:"since"`  // the data timestamp of the first derivation by it
	// First reports whether it is the first one that was noted: it may have held before.
	First bool `json:"first,omitempty"`
}

// Targets returns the targets that were noted last, by project and kind.
func (s *Store) Targets(ctx context.Context) (map[latency.StoryKey]Target, error) {
	stored, err := s.targets(ctx)
	out := make(map[latency.StoryKey]Target, len(stored))
	for project, kinds := range stored {
		for kind, target := range kinds {
			out[latency.StoryKey{Kind: kind, Project: project}] = target
		}
	}
	return out, err
}

// storedTargets are targets by project and kind.
type storedTargets map[string]map[latency.Kind]Target

func (s *Store) targets(ctx context.Context) (storedTargets, error) {
	out := storedTargets{}
	_, err := getMeta(ctx, s.read, metaTargets, &out)
	return out, s.explain(err)
}

// SaveTargets notes the targets by which numbers were derived as of an instant. A target
// that is as it was keeps its since; projects that now does not have are kept as they
// were, because they may come back.
func (s *Store) SaveTargets(ctx context.Context, now map[latency.StoryKey]time.Duration, asOf latency.Instant) error {
	stored, err := s.targets(ctx)
	if err != nil {
		return err
	}
	changed := false
	for key, target := range now {
		before, known := stored[key.Project][key.Kind]
		if known && before.Target == target {
			continue
		}
		kinds := maps.Clone(stored[key.Project])
		if kinds == nil {
			kinds = map[latency.Kind]Target{}
		}
		kinds[key.Kind] = Target{Target: target, Since: asOf, First: !known}
		stored[key.Project], changed = kinds, true
	}
	if !changed {
		return nil
	}
	return s.write(ctx, func(tx *sql.Tx) error { return putMeta(ctx, tx, metaTargets, stored) })
}
