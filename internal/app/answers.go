package app

import (
	"context"
	"sync/atomic"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/query"
)

// answers gives pages what they ask of the store. It is safe for concurrent use.
type answers struct {
	numbers *numbers
	running query.Running
	cfg     atomic.Pointer[config.Config] // in force
}

// reader returns a reader of the store, as of what is published.
func (a *answers) reader(ctx context.Context) (*query.Reader, error) {
	return a.running.Reader(ctx, a.cfg.Load(), a.numbers.report())
}

// titles returns the titles of stories.
func (a *answers) titles(ctx context.Context, ids []int64) (map[int64]string, error) {
	r, err := a.reader(ctx)
	if err != nil {
		return nil, err
	}
	return r.Titles(ctx, ids)
}
