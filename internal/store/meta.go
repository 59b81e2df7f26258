package store

import (
	"context"
	"database/sql"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// Meta returns what the Jira's ids and names mean, as it said last; its zero
// value before the first sync.
func (s *Store) Meta(ctx context.Context) (jiradata.Meta, error) {
	var m jiradata.Meta
	_, err := getMeta(ctx, s.read, metaJira, &m)
	return m, s.explain(err)
}

// SaveMeta replaces what the Jira's ids and names mean, and notes who leads
// each project as of that poll.
func (s *Store) SaveMeta(ctx context.Context, m jiradata.Meta) error {
	people, err := s.Erased(ctx)
	if err != nil {
		return err
	}
	m = people.Meta(m)
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, u := range m.Users {
			if _, err := tx.ExecContext(ctx, putUser, u.ID, u.Type, u.Name, u.DisplayName, u.Active); err != nil {
				return err
			}
		}
		for _, p := range m.Projects {
			_, err := tx.ExecContext(ctx, `INSERT INTO lead (project, at, account)
				SELECT $1, $2, $3 WHERE COALESCE((SELECT account FROM lead WHERE project = $1 ORDER BY at DESC LIMIT 1), '') <> $3
				ON CONFLICT DO NOTHING`, p.ID, int64(m.At), p.Lead)
			if err != nil {
				return err
			}
		}
		return putMeta(ctx, tx, metaJira, m)
	})
}

// Leads returns who led the projects, as polls saw it, oldest first.
func (s *Store) Leads(ctx context.Context) ([]jiradata.Lead, error) {
	return query(ctx, s, `SELECT project, at, account FROM lead ORDER BY project, at`, func(r *sql.Rows) (l jiradata.Lead, err error) {
		return l, r.Scan(&l.Project, &l.At, &l.Account)
	})
}

// Users returns the accounts that were seen.
func (s *Store) Users(ctx context.Context) ([]jiradata.User, error) {
	return query(ctx, s, `SELECT id, type, name, display_name, active FROM account ORDER BY id`, scanUser)
}

func scanUser(r *sql.Rows) (u jiradata.User, err error) {
	return u, r.Scan(&u.ID, &u.Type, &u.Name, &u.DisplayName, &u.Active)
}
