package collector_test

import (
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// TestWhatACensusIsTooEarlyForIsFoundByTheNext has a change that the index shows
// only after a census, and later than the overlap: neither a poll's search nor
// the look back of the next census goes back so far.
func TestWhatACensusIsTooEarlyForIsFoundByTheNext(t *testing.T) {
	lagging(t, func(w *world, lag func(time.Duration)) {
		w.create(w.pay) // which every search must show
		id := w.create(w.pay)
		w.later(time.Hour)
		w.sync()
		w.later(6*time.Hour - 20*time.Minute)
		w.move(id)
		lag(50 * time.Minute)
		w.later(30 * time.Minute)
		if r := w.sync(); r.Census == nil {
			w.Fatal("no census was due")
		}
		w.later(30 * time.Minute)
		lag(0)
		w.sync()
		w.later(7 * time.Hour)
		if r := w.sync(); r.Census == nil {
			w.Fatal("no census was due")
		}
		w.hasEvents(id, latency.RankCreated, latency.RankRecord)
	})
}
