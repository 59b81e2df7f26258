package store

import (
	"context"
	"database/sql"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// SaveSprints replaces the sprints of a project.
func (s *Store) SaveSprints(ctx context.Context, projectID string, sprints []jiradata.Sprint) error {
	people, err := s.Erased(ctx)
	if err != nil {
		return err
	}
	people.Sprints(sprints)
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sprint WHERE project = $1`, projectID); err != nil {
			return err
		}
		for _, sp := range sprints {
			if _, err := tx.ExecContext(ctx, `INSERT INTO sprint (project, id, name, board, starts_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6)`,
				projectID, sp.ID, sp.Name, sp.Board, int64(sp.Start), int64(sp.End)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Sprints returns the sprints that have begun, of all projects, in order of
// project and id.
func (s *Store) Sprints(ctx context.Context) ([]jiradata.Sprint, error) {
	return query(ctx, s, `SELECT project, id, name, board, starts_at, ends_at FROM sprint ORDER BY project, id`,
		func(r *sql.Rows) (sp jiradata.Sprint, err error) {
			return sp, r.Scan(&sp.ProjectID, &sp.ID, &sp.Name, &sp.Board, &sp.Start, &sp.End)
		})
}
