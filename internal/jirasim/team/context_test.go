package team

import (
	"context"
	"testing"
	"time"
)

// contextFor returns a context that ends after d of the bubble's time.
func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
