package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// SaveNotes adds notes of a reason, and removes those of stories that are in order.
func (s *Store) SaveNotes(ctx context.Context, reason string, notes []jiradata.Note, inOrder []int64) error {
	people, err := s.Erased(ctx)
	if err != nil {
		return err
	}
	people.Notes(notes)
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

// Notes returns the notes and the quarantine, in order of story and reason.
func (s *Store) Notes(ctx context.Context) ([]jiradata.Note, error) { return s.notes(ctx, ``) }

// NotesOf is Notes for one story.
func (s *Store) NotesOf(ctx context.Context, story int64) ([]jiradata.Note, error) {
	return s.notes(ctx, `WHERE story = $1 `, story)
}

// notes returns those of the notes and the quarantine that a condition selects.
func (s *Store) notes(ctx context.Context, where string, args ...any) ([]jiradata.Note, error) {
	return query(ctx, s, `SELECT * FROM (SELECT story, reason, key, at, detail FROM note
		UNION ALL SELECT id, '`+jiradata.NoteQuarantined+`', key, at, reason FROM quarantine) AS noted `+where+`ORDER BY 1, 2, 3`,
		func(r *sql.Rows) (n jiradata.Note, err error) {
			return n, r.Scan(&n.Story, &n.Reason, &n.Key, &n.At, &n.Detail)
		}, args...)
}
