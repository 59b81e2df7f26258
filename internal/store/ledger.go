package store

import (
	"context"
	"database/sql"

	"github.com/yourturn/yourturn/internal/latency"
)

// ledgerState is what the ledger was advanced with last.
type ledgerState struct {
	AsOf        latency.Instant `json:"as_of"`
	Fingerprint string          `json:"fingerprint"` // of the config
}

const metaLedger = "ledger"

// Count enters what the ledger does not hold yet, in one transaction, and
// returns what was newly counted. After a change of the config (another
// fingerprint) the past looks different: what it brings up from before the
// ledger's last instant is entered as not counted, so that no counter jumps.
// The last call of a derivation advances the ledger to asOf.
func (s *Store) Count(ctx context.Context, entries []latency.Entry, asOf latency.Instant, fingerprint string, last bool) ([]latency.Entry, error) {
	if len(entries) == 0 && !last {
		return nil, nil
	}
	var added []latency.Entry
	err := s.write(ctx, func(tx *sql.Tx) error {
		var before ledgerState
		begun, err := getMeta(ctx, tx, metaLedger, &before)
		if err != nil {
			return err
		}
		if len(entries) > 0 {
			insert, err := tx.PrepareContext(ctx, `INSERT INTO ledger
				(story, kind, topic, at, type, project, owner, outcome, responder, working, elapsed, happened, counted)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`)
			if err != nil {
				return err
			}
			defer insert.Close()
			for _, e := range entries {
				late := begun && before.Fingerprint != fingerprint && e.At <= before.AsOf
				res, err := insert.ExecContext(ctx, e.ID.StoryID, e.ID.Kind, e.ID.Topic, int64(e.ID.At), e.Type, e.Project, e.Owner,
					e.Outcome, e.Responder, e.Working, e.Elapsed, int64(e.At), !late)
				if err != nil {
					return err
				}
				if n, err := res.RowsAffected(); err != nil {
					return err
				} else if n == 1 && !late {
					added = append(added, e)
				}
			}
		}
		if now := (ledgerState{asOf, fingerprint}); last && now != before {
			return putMeta(ctx, tx, metaLedger, now)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return added, nil
}

// Recount empties the ledger: the counters start anew, one visible reset.
func (s *Store) Recount(ctx context.Context) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM ledger`); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM meta WHERE key = $1`, metaLedger)
		return err
	})
}
