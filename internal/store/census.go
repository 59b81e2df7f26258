package store

import (
	"context"
	"database/sql"
	"slices"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// SaveCensus writes what a census proved, and the state, in one transaction. A
// story that has gone already is left alone.
func (s *Store) SaveCensus(ctx context.Context, c jiradata.Census) error {
	people, err := s.Erased(ctx)
	if err != nil {
		return err
	}
	people.Notes(c.Notes)
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
		if err := forgetTitles(ctx, tx, slices.Concat(c.Gone, c.Left, c.Outside)); err != nil {
			return err
		}
		if err := s.touch(ctx, tx, slices.Concat(c.Gone, c.Left)); err != nil {
			return err
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
			// A note of something late stays until the next census. Notes of the other two
			// reasons are of this census.
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
