package backfill

import (
	"context"
	"fmt"
	"math"

	"github.com/yourturn/yourturn/internal/latency"
)

// Beginning is the instant of the first samples. Before it there was nothing to
// measure, which is not the same as zero.
type Beginning struct {
	First    latency.Instant            // Never: there is nothing
	Projects map[string]latency.Instant // by key
}

// Begin returns when the first event of each project was, or when its history
// begins that is derived.
func Begin(ctx context.Context, source Source, rules *latency.Rules) (Beginning, error) {
	b := Beginning{First: latency.Never, Projects: map[string]latency.Instant{}}
	shards, err := source.Shards(ctx, 1)
	if err != nil {
		return b, fmt.Errorf("reading when each project begins: %w", err)
	}
	for _, shard := range shards {
		for h, err := range source.HistoriesIn(ctx, shard) {
			if err != nil {
				return b, fmt.Errorf("reading when each project begins: %w", err)
			}
			b.take(h, rules)
		}
	}
	return b, nil
}

// take looks at the projects that a story was in.
func (b *Beginning) take(h *latency.History, rules *latency.Rules) {
	first, moved := latency.Never, latency.Never
	var project string
	if now := h.Now[latency.FieldProject]; len(now) > 0 {
		project = now[0].ID
	}
	for i := range h.Events {
		ev := &h.Events[i]
		first = min(first, ev.At)
		for _, c := range ev.Changes {
			if c.Field != latency.FieldProject {
				continue
			}
			b.in(c.To.ID, ev.At, rules)
			if ev.At < moved {
				moved, project = ev.At, c.From.ID
			}
		}
	}
	b.in(project, first, rules)
}

// in takes an instant at which a project had a story.
func (b *Beginning) in(project string, at latency.Instant, rules *latency.Rules) {
	p := rules.Projects[project]
	if p == nil || at == latency.Never {
		return
	}
	at = max(at, p.HistoryFrom)
	if before, ok := b.Projects[p.Key]; !ok || at < before {
		b.Projects[p.Key] = at
	}
	b.First = min(b.First, at)
}

// begun reports whether a project has samples as of an instant; "" stands for the
// series of no project.
func (b *Beginning) begun(project string, at latency.Instant) bool {
	if b.Projects == nil {
		return true
	}
	first := b.First
	if project != "" {
		var ok bool
		if first, ok = b.Projects[project]; !ok {
			first = math.MaxInt64
		}
	}
	return first <= at
}
