package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

const (
	metaState = "state"
	metaJira  = "jira"
)

// State returns the sync state; its zero value before the first sync.
func (s *Store) State(ctx context.Context) (jiradata.State, error) {
	var st jiradata.State
	if err := s.kind.inPlace(); err != nil {
		return st, s.name(err)
	}
	_, err := getMeta(ctx, s.read, metaState, &st)
	return st, s.explain(err)
}

const metaResolved = "resolved"

// Resolved returns the status ids that names of the config have had, by the
// key they were remembered under.
func (s *Store) Resolved(ctx context.Context) (map[string][]string, error) {
	out := map[string][]string{}
	_, err := getMeta(ctx, s.read, metaResolved, &out)
	return out, s.explain(err)
}

// SaveResolved stores which ids names of the config stood for, so that a status that
// is renamed later keeps its meaning.
func (s *Store) SaveResolved(ctx context.Context, resolved map[string][]string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		all := map[string][]string{}
		if _, err := getMeta(ctx, tx, metaResolved, &all); err != nil {
			return err
		}
		before := len(all)
		changed := false
		for k, ids := range resolved {
			changed = changed || !slices.Equal(all[k], ids)
			all[k] = ids
		}
		if !changed && len(all) == before {
			return nil
		}
		return putMeta(ctx, tx, metaResolved, all)
	})
}

const metaExposed = "exposed"

// Exposed returns since when numbers of this store can be scraped, by the service's
// own clock; ok is false if that never was so.
func (s *Store) Exposed(ctx context.Context) (at latency.Instant, ok bool, err error) {
	ok, err = getMeta(ctx, s.read, metaExposed, &at)
	return at, ok, s.explain(err)
}

// Expose stores now as the instant from which on numbers could be scraped, unless
// there is one. A new ledger does not change it.
func (s *Store) Expose(ctx context.Context, now latency.Instant) error {
	if _, ok, err := s.Exposed(ctx); ok || err != nil {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error { return putMeta(ctx, tx, metaExposed, now) })
}

// getMeta reads a value of the meta table into v; it reports whether there is one.
func getMeta(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, key string, v any,
) (bool, error) {
	var text string
	err := q.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = $1`, key).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal([]byte(text), v)
}

// putMeta writes a value of the meta table.
func putMeta(ctx context.Context, tx *sql.Tx, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, string(text))
	return err
}
