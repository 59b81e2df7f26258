package store

import (
	"context"
	"database/sql"

	"github.com/yourturn/yourturn/internal/latency"
)

const metaExposed = "exposed"

// Exposed returns when numbers of this store were first there to be scraped, by
// the service's own clock; ok is false if never.
func (s *Store) Exposed(ctx context.Context) (at latency.Instant, ok bool, err error) {
	ok, err = getMeta(ctx, s.read, metaExposed, &at)
	return at, ok, s.explain(err)
}

// Expose notes that numbers are there to be scraped from now on, unless they
// were before. A new ledger does not change that.
func (s *Store) Expose(ctx context.Context, now latency.Instant) error {
	if _, ok, err := s.Exposed(ctx); ok || err != nil {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error { return putMeta(ctx, tx, metaExposed, now) })
}
