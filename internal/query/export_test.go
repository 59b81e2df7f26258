package query

import (
	"context"

	"github.com/yourturn/yourturn/internal/latency"
)

// WaitsKeeping is Reader.Waits with at most so many parts in memory.
func (r *Reader) WaitsKeeping(ctx context.Context, f Filter, asOf latency.Instant, most int) (*Waits, error) {
	return r.waits(ctx, f, asOf, Preview{}, most)
}
