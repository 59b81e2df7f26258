package collector_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

func TestNamedStoriesAreReadAtOnce(t *testing.T) {
	each(t, func(w *world) {
		known := settled(w, 2)[1]
		fresh, foreign := w.create(w.pay), w.create(w.ops)
		w.later(time.Minute)
		w.move(known)
		w.blind = map[int64]bool{known: true, fresh: true, foreign: true} // the index knows nothing yet
		wanted := make(chan []int64, 1)
		ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
		defer cancel()
		var got [][]int64
		err := w.collector.Run(ctx, collector.Schedule{Interval: time.Hour, Wanted: wanted, After: func(r collector.Result, err error) error {
			if err != nil {
				return err
			}
			if got = append(got, r.Changed); len(got) == 2 {
				cancel()
			} else {
				wanted <- []int64{known, fresh, foreign, 4711}
			}
			return nil
		}})
		if err != nil {
			w.Fatal(err)
		}
		if diff := cmp.Diff([][]int64{nil, {known, fresh}}, got); diff != "" {
			w.Errorf("stories that changed (-want +got):\n%s", diff)
		}
	})
}

// TestNamedIssueThatCannotBeRead: whatever is named, polls go on.
func TestNamedIssueThatCannotBeRead(t *testing.T) {
	each(t, func(w *world) {
		id := settled(w, 3)[0]
		w.fault = func(r *http.Request) *jirasim.Fault {
			if strings.HasSuffix(r.URL.Path, "/issue/4711") {
				return &jirasim.Fault{Status: 403}
			}
			return nil
		}
		w.later(time.Minute)
		w.move(id)
		w.named(4711)
		w.hasEvents(id, latency.RankCreated, latency.RankRecord)
	})
}

// TestUnknownNamedIssues: webhooks that name a thousand issues which do not exist cost
// a few requests until the next poll that is due, however they come, and none a second
// time; stored stories are still read at once.
func TestUnknownNamedIssues(t *testing.T) {
	each(t, func(w *world) {
		known := settled(w, 2)[1]
		var ghosts []int64
		for i := range int64(1000) {
			ghosts = append(ghosts, 900_000+i)
		}
		asked := func() (n int) {
			for endpoint, times := range w.server.Requests() {
				if strings.Contains(endpoint, "/issue/{id}") || strings.Contains(endpoint, "/bulkfetch") {
					n += times
				}
			}
			return n
		}
		w.later(time.Minute)
		w.move(known)
		w.blind = map[int64]bool{known: true} // the index does not know of it yet
		batches := [][]int64{ghosts, ghosts[:500], append([]int64{known}, ghosts[500:]...)}
		wanted := make(chan []int64, 1)
		ctx, cancel := context.WithCancel(w.Context())
		defer cancel()
		var changed []int64
		before, first := asked(), true
		err := w.collector.Run(ctx, collector.Schedule{Interval: time.Hour, Wanted: wanted, After: func(r collector.Result, err error) error {
			if err != nil {
				return err
			}
			if first {
				first, before = false, asked()
			}
			changed = append(changed, r.Changed...)
			if len(batches) == 0 {
				cancel()
				return nil
			}
			wanted <- batches[0]
			batches = batches[1:]
			return nil
		}})
		if err != nil {
			w.Fatal(err)
		}
		if got := asked() - before; got > 30 {
			w.Errorf("2,001 webhooks for 1,000 issues that do not exist cost %d readings by id, want 30 at most", got)
		}
		if diff := cmp.Diff([]int64{known}, changed); diff != "" {
			w.Errorf("stories that changed (-want +got):\n%s", diff)
		}
	})
}
