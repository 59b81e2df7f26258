package query

import (
	"context"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
)

// Ledger is the ledger of a store beside a config.
type Ledger struct {
	latency.Ledger
	// Changed reports whether the ledger was counted by another config, or by other
	// rules. What this one sees otherwise in the past is listed as corrected and
	// counted only by a new ledger.
	Changed bool
	// RenewedUntil is the data timestamp up to which a changed config begins a new
	// ledger by itself; later only sync --recount does. 0: there was no such time.
	RenewedUntil latency.Instant
}

// Renewed reports whether a derivation as of an instant begins a new ledger,
// because the config was changed so soon after the first complete sync.
func (l Ledger) Renewed(asOf latency.Instant) bool { return l.Changed && asOf < l.RenewedUntil }

// LedgerBy returns the ledger of a store beside a config.
func LedgerBy(ctx context.Context, st *store.Store, cfg *config.Config) (Ledger, error) {
	var l Ledger
	state, err := st.State(ctx)
	if err != nil {
		return l, err
	}
	if l.Ledger, err = st.Ledger(ctx); err != nil {
		return l, err
	}
	l.Changed, l.RenewedUntil = l.CountedByAnother(rules.Fingerprint(cfg)), latency.RenewedUntil(state.FirstComplete)
	return l, nil
}
