package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// LooksKept is for how long it is known who looked at an owner's numbers.
const LooksKept = 400 * 24 * time.Hour

// Look is one look of somebody at an owner's page, report or answer.
type Look struct {
	At   latency.Instant
	By   string // who looked, as the proxy in front named them
	What string // which page, report or answer
}

// RecordLook notes that by looked at what, which is about an owner: a key of owners,
// or an account. The same look in the same second is one. It is for looks by others
// than the owner.
func (s *Store) RecordLook(ctx context.Context, owner, by, what string, at time.Time) error {
	s.forgetErased() // another process may have erased somebody
	people, err := s.Erased(ctx)
	if err != nil {
		return err
	}
	if people != nil {
		owner, by = people.OwnerLabel(owner), people.Looks(by)
	}
	return s.aside(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO look (owner, at, viewer, what) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			owner, int64(latency.At(at.Truncate(time.Second))), by, what)
		return err
	})
}

// Looks returns who looked at an owner's numbers, the latest first.
func (s *Store) Looks(ctx context.Context, owner string) ([]Look, error) {
	return s.looks(ctx, `owner = $1`, owner)
}

// LooksBy returns what somebody looked at, the latest first.
func (s *Store) LooksBy(ctx context.Context, by string) ([]Look, error) {
	return s.looks(ctx, `viewer = $1`, by)
}

func (s *Store) looks(ctx context.Context, where, who string) ([]Look, error) {
	if has, err := s.has(ctx, "look"); err != nil || !has {
		return nil, err
	}
	return query(ctx, s, `SELECT at, viewer, what FROM look WHERE `+where+` ORDER BY at DESC, viewer, what`,
		func(r *sql.Rows) (l Look, err error) { return l, r.Scan(&l.At, &l.By, &l.What) }, who)
}

// ForgetLooks removes the looks that are older than LooksKept.
func (s *Store) ForgetLooks(ctx context.Context, now time.Time) error {
	before := int64(latency.At(now.Add(-LooksKept)))
	var any bool
	if err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM look WHERE at < $1)`, before).Scan(&any); err != nil || !any {
		return s.explain(err)
	}
	return s.aside(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM look WHERE at < $1`, before)
		return err
	})
}
