package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Live returns the ids of the stories that a census must find, in order: those
// that have not gone, and have not moved to a project that nobody watches.
func (s *Store) Live(ctx context.Context) ([]int64, error) {
	return query(ctx, s, `SELECT id FROM story WHERE gone = 0 AND parent_only = 0 AND id NOT IN (SELECT story FROM outside) ORDER BY id`,
		func(r *sql.Rows) (id int64, err error) { return id, r.Scan(&id) })
}

// Settled returns when stories that are stored with all there is were updated,
// by id; those that are not, or have gone, are absent.
func (s *Store) Settled(ctx context.Context, ids []int64) (map[int64]latency.Instant, error) {
	type row struct {
		id int64
		at latency.Instant
	}
	rows, err := query(ctx, s, `SELECT id, updated FROM story WHERE gone = 0 AND parent_only = 0 AND id IN (`+idList(ids)+`)`,
		func(r *sql.Rows) (v row, err error) { return v, r.Scan(&v.id, &v.at) })
	out := make(map[int64]latency.Instant, len(rows))
	for _, v := range rows {
		out[v.id] = v.at
	}
	return out, err
}

// Keys returns the last known keys of stories, by id.
func (s *Store) Keys(ctx context.Context, ids []int64) (map[int64]string, error) {
	type row struct {
		id  int64
		key string
	}
	rows, err := query(ctx, s, `SELECT id, key FROM story WHERE id IN (`+idList(ids)+`)`,
		func(r *sql.Rows) (v row, err error) { return v, r.Scan(&v.id, &v.key) })
	out := make(map[int64]string, len(rows))
	for _, v := range rows {
		out[v.id] = v.key
	}
	return out, err
}

// SaveCensus writes what a census proved, and the state, in one transaction. A
// story that has gone already is left alone.
func (s *Store) SaveCensus(ctx context.Context, c jiradata.Census) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		gone := latency.Event{At: c.At, Rank: latency.RankGone, Observed: true}
		body := appendEvent(nil, &gone, jiradata.Reading)
		for _, id := range slices.Concat(c.Gone, c.Left) {
			res, err := tx.ExecContext(ctx, `UPDATE story SET gone = 1 WHERE id = $1 AND gone = 0`, id)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil {
				return err
			} else if n == 0 {
				continue
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO event (story, at, rank, id, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
				id, int64(gone.At), gone.Rank, gone.ID, body); err != nil {
				return err
			}
		}
		for _, id := range c.Outside {
			if _, err := tx.ExecContext(ctx, `INSERT INTO outside (story) VALUES ($1) ON CONFLICT DO NOTHING`, id); err != nil {
				return err
			}
		}
		if len(c.Inside) > 0 {
			if _, err := tx.ExecContext(ctx, `DELETE FROM outside WHERE story IN (`+idList(c.Inside)+`)`); err != nil {
				return err
			}
		}
		if len(c.Released) > 0 {
			if _, err := tx.ExecContext(ctx, `DELETE FROM quarantine WHERE id IN (`+idList(c.Released)+`)`); err != nil {
				return err
			}
		}
		if !c.Partial {
			// All ids of the scope could be read.
			if _, err := tx.ExecContext(ctx, `DELETE FROM quarantine WHERE id = 0`); err != nil {
				return err
			}
			// What was late is known from the poll that met it, and is told for as
			// long as one census; the others are of this one.
			if _, err := tx.ExecContext(ctx, `DELETE FROM note WHERE reason IN ($1, $2) OR reason = $3 AND at <= $4`,
				jiradata.NoteInvisible, jiradata.NoteCensusGuard, jiradata.NoteLate, int64(c.Last)); err != nil {
				return err
			}
		}
		for _, n := range c.Notes {
			if err := putNote(ctx, tx, n); err != nil {
				return err
			}
		}
		return putMeta(ctx, tx, metaState, c.State)
	})
}

// SaveNotes notes, for a reason, what is odd with stories that are about to be written, and
// takes back what was noted for it of those that are in order.
func (s *Store) SaveNotes(ctx context.Context, reason string, notes []jiradata.Note, inOrder []int64) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if len(inOrder) > 0 {
			if _, err := tx.ExecContext(ctx, `DELETE FROM note WHERE reason = $1 AND story IN (`+idList(inOrder)+`)`, reason); err != nil {
				return err
			}
		}
		for _, n := range notes {
			n.Reason = reason
			if err := putNote(ctx, tx, n); err != nil {
				return err
			}
		}
		return nil
	})
}

func putNote(ctx context.Context, tx *sql.Tx, n jiradata.Note) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO note (story, reason, key, at, detail) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (story, reason) DO UPDATE SET key = excluded.key, detail = excluded.detail`, n.Story, n.Reason, n.Key, int64(n.At), n.Detail)
	if err != nil {
		return fmt.Errorf("note %s of story %d: %w", n.Reason, n.Story, err)
	}
	return nil
}

// Notes returns what is odd though no event shows it: the notes and the
// quarantine, in order of story and reason.
func (s *Store) Notes(ctx context.Context) ([]jiradata.Note, error) {
	return query(ctx, s, `SELECT story, reason, key, at, detail FROM note
		UNION ALL SELECT id, '`+jiradata.NoteQuarantined+`', key, at, reason FROM quarantine ORDER BY 1, 2, 3`,
		func(r *sql.Rows) (n jiradata.Note, err error) {
			return n, r.Scan(&n.Story, &n.Reason, &n.Key, &n.At, &n.Detail)
		})
}
