package collector_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/jiradata"
)

// unanswered is a Store that writes a batch, and then says that it did not: the answer of
// its database is lost.
type unanswered struct {
	collector.Store
	lost error // of the next batch of stories
}

func (s *unanswered) SaveStories(ctx context.Context, b jiradata.Batch) (jiradata.Changed, error) {
	changed, err := s.Store.SaveStories(ctx, b)
	if err == nil && s.lost != nil && len(b.Stories) > 0 {
		changed, err, s.lost = jiradata.Changed{}, s.lost, nil
	}
	return changed, err
}

// TestAnAnswerThatIsLost holds that stories which were written, though the store said that
// they were not, are derived by the next cycle, which finds nothing new in them.
func TestAnAnswerThatIsLost(t *testing.T) {
	each(t, func(w *world) {
		settled(w, 2)
		lost := errors.New("the connection broke")
		store := &unanswered{Store: w.store}
		w.restart(func(o *collector.Options) { o.Store = store })
		w.later(time.Hour)
		w.sync()
		id := w.create(w.pay)
		w.later(time.Minute)
		store.lost = lost
		if _, err := w.collector.Sync(w.Context()); !errors.Is(err, lost) {
			w.Fatalf("got error %v, want %v", err, lost)
		}
		w.later(time.Minute)
		if r := w.sync(); r.Events != 0 || !slices.Contains(r.Changed, id) {
			w.Errorf("the next cycle has %d new events and the changed stories %v; want none, and %d", r.Events, r.Changed, id)
		}
	})
}
