package query

import (
	"context"
	"sync"
	"time"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/store"
)

// ZoneOf returns the zone whose days a report of a project has, or, with "", one of several.
func (r *Reader) ZoneOf(project string) *time.Location {
	if project != "" {
		return r.config.ProjectZone(project)
	}
	return r.config.Zone()
}

// Standing answers by what a store holds, whoever writes to it: it makes the report that a
// service would publish when the store has newer data. It counts nothing and writes nothing.
// It is safe for concurrent use.
type Standing struct {
	cfg    *config.Config
	store  *store.Store
	mu     sync.Mutex
	latest *Reader // nil: none was made yet
}

// Stand opens the store of a config for reading alone.
func Stand(ctx context.Context, cfg *config.Config) (*Standing, error) {
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadOnly)
	if err != nil {
		return nil, err
	}
	return &Standing{cfg: cfg, store: st}, nil
}

// Reader returns what answers by the store's last complete poll. It fails with
// store.ErrEmpty if there was none, and with a NamesError if the Jira that the store was
// read from lacks a name in the config.
func (s *Standing) Reader(ctx context.Context) (*Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, err := open(ctx, s.cfg, s.store)
	if err != nil {
		return nil, err
	}
	if s.latest != nil && s.latest.State.DataTimestamp == now.State.DataTimestamp {
		return s.latest, nil
	}
	report, err := measure.NewEngine(s.store, s.cfg.Metrics.OpenWaitsPerOwner).Show(ctx, now.Rules, now.State.DataTimestamp, nil)
	if err != nil {
		return nil, err
	}
	now.Report = report
	s.latest = now
	return now, nil
}

// Close closes the store.
func (s *Standing) Close() error { return s.store.Close() }
