package store

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// shardSamples is of how many stories of a shard the events are counted, to estimate
// those of all: enough for shards whose sizes differ by a few percent.
const shardSamples = 64

// everything is the shard of all stories.
func everything() jiradata.Shard { return jiradata.Shard{From: math.MinInt64, To: math.MaxInt64} }

// Shards divides the stories into at most n shards, in order of id, that have
// about equally many events. Together they hold every id there can be, those of
// stories yet to come too; there are fewer if there are fewer stories, and
// always one. Counting the events would read all of them, so every so many
// stories one is looked at.
func (s *Store) Shards(ctx context.Context, n int) ([]jiradata.Shard, error) {
	n = max(n, 1)
	var stories int
	if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM story`).Scan(&stories); err != nil {
		return nil, s.explain(err)
	}
	step := max(1, stories/(n*shardSamples))
	const sample = `SELECT id, (SELECT COUNT(*) FROM event WHERE story = story.id) FROM story WHERE id > $1 ORDER BY id LIMIT 1 OFFSET $2`
	type seen struct {
		id     int64 // of the last of step stories
		events int   // of all stories up to it, in units of step
	}
	var list []seen
	last := seen{id: math.MinInt64}
	for {
		var events int
		err := s.read.QueryRowContext(ctx, sample, last.id, step-1).Scan(&last.id, &events)
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err != nil {
			return nil, s.explain(err)
		}
		last.events += events
		list = append(list, last)
	}
	var shards []jiradata.Shard
	rest := everything()
	for _, v := range list {
		if v.events < last.events && v.events*n >= last.events*(len(shards)+1) {
			shards = append(shards, jiradata.Shard{From: rest.From, To: v.id + 1})
			rest.From = v.id + 1
		}
	}
	return append(shards, rest), nil
}
