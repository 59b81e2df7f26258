package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// idChunk bounds how many stories one query names.
const idChunk = 1000

// Histories streams stories by their ids, which must be ascending, with all
// their events; nil ids mean all stories. Issues that are only parents are left
// out. A history is valid until the next one.
func (s *Store) Histories(ctx context.Context, ids []int64) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		if ids == nil {
			s.stream(ctx, `story.parent_only = 0`, yield)
			return
		}
		for chunk := range slices.Chunk(ids, idChunk) {
			if !s.stream(ctx, `story.parent_only = 0 AND story.id IN (`+idList(chunk)+`)`, yield) {
				return
			}
		}
	}
}

// Parents streams the issues that are, or were, the parents of others.
func (s *Store) Parents(ctx context.Context) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		s.stream(ctx, `story.id IN (SELECT id FROM parent)`, yield)
	}
}

// Story returns the history of the story with that key, or nil.
func (s *Store) Story(ctx context.Context, key string) (*latency.History, error) {
	var id int64
	err := s.read.QueryRowContext(ctx, `SELECT id FROM story WHERE key = $1 AND parent_only = 0`, key).Scan(&id)
	if err == sql.ErrNoRows { //nolint:errorlint // database/sql returns it bare
		return nil, nil
	}
	if err != nil {
		return nil, s.explain(err)
	}
	for h, err := range s.Histories(ctx, []int64{id}) {
		return h, err
	}
	return nil, nil
}

// stream yields the stories that where selects; it tells whether to go on.
func (s *Store) stream(ctx context.Context, where string, yield func(*latency.History, error) bool) bool {
	rows, err := s.read.QueryContext(ctx, `SELECT story.id, story.key, story.now, event.at, event.rank, event.id,
		event.actor, event.actor_type, event.observed, event.body
		FROM story JOIN event ON event.story = story.id WHERE `+where+` ORDER BY story.id, event.at, event.rank, event.id`)
	if err != nil {
		yield(nil, s.explain(err))
		return false
	}
	defer rows.Close()
	h := &latency.History{}
	for rows.Next() {
		var id int64
		var key, now, body sql.RawBytes
		var ev latency.Event
		err := rows.Scan(&id, &key, &now, &ev.At, &ev.Rank, &ev.ID, &ev.Actor, &ev.ActorType, &ev.Observed, &body)
		if err == nil && id != h.ID {
			if h.ID != 0 && !yield(h, nil) {
				return false
			}
			*h = latency.History{ID: id, Key: string(key), Events: h.Events[:0]}
			err = json.Unmarshal(now, &h.Now)
		}
		if err == nil {
			err = decodeBody(&ev, string(body))
		}
		if err != nil {
			yield(nil, fmt.Errorf("store %s: story %d: %w", s.path, id, err))
			return false
		}
		h.Events = append(h.Events, ev)
	}
	if err := rows.Err(); err != nil {
		yield(nil, s.explain(err))
		return false
	}
	return h.ID == 0 || yield(h, nil)
}
