package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"math"

	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/latency"
)

// Shards cuts the ids of all stories into at most n ranges with about as many
// stories each. Together they hold every id there can be.
func (s *Store) Shards(ctx context.Context, n int) ([]archive.Shard, error) {
	bounds, err := query(ctx, s, `SELECT MIN(id) FROM (SELECT id, NTILE($1) OVER (ORDER BY id) AS part FROM story) GROUP BY part ORDER BY part`,
		func(r *sql.Rows) (id int64, err error) { return id, r.Scan(&id) }, n)
	if err != nil {
		return nil, err
	}
	out := []archive.Shard{{From: math.MinInt64, To: math.MaxInt64}}
	for _, id := range bounds[min(1, len(bounds)):] {
		out[len(out)-1].To = id
		out = append(out, archive.Shard{From: id, To: math.MaxInt64})
	}
	return out, nil
}

// HistoriesIn streams the stories of a shard with all their events, by id. A
// history is valid until the next one.
func (s *Store) HistoriesIn(ctx context.Context, sh archive.Shard) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		s.stream(ctx, fmt.Sprintf(`story.parent_only = 0 AND story.id >= %d AND story.id < %d`, sh.From, sh.To), yield)
	}
}

// ledger streams the entries of the ledger that where selects, by story.
func (s *Store) ledger(ctx context.Context, where string) iter.Seq2[latency.Counted, error] {
	return func(yield func(latency.Counted, error) bool) {
		rows, err := s.read.QueryContext(ctx, `SELECT story, kind, topic, at, type, project, owner, outcome, responder, working, elapsed, happened, counted
			FROM ledger WHERE `+where+` ORDER BY story`)
		if err != nil {
			yield(latency.Counted{}, s.explain(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var e latency.Counted
			err := rows.Scan(&e.ID.StoryID, &e.ID.Kind, &e.ID.Topic, &e.ID.At, &e.Type, &e.Project, &e.Owner,
				&e.Outcome, &e.Responder, &e.Working, &e.Elapsed, &e.At, &e.Counted)
			if !yield(e, s.explain(err)) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(latency.Counted{}, s.explain(err))
		}
	}
}

// LedgerIn streams what the ledger holds of the stories of a shard, by story.
func (s *Store) LedgerIn(ctx context.Context, sh archive.Shard) iter.Seq2[latency.Counted, error] {
	return s.ledger(ctx, fmt.Sprintf(`story >= %d AND story < %d`, sh.From, sh.To))
}

// LedgerOf returns what the ledger holds of stories.
func (s *Store) LedgerOf(ctx context.Context, ids []int64) ([]latency.Counted, error) {
	var out []latency.Counted
	for c, err := range s.ledger(ctx, `story IN (`+idList(ids)+`)`) {
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}
