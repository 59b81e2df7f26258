package collector_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// lagging runs a test against both flavours of a Jira whose index lags as the
// test says.
func lagging(t *testing.T, f func(w *world, lag func(time.Duration))) {
	for name, flavor := range flavors {
		t.Run(name, func(t *testing.T) {
			var lag atomic.Int64
			w := newWorldWith(t, flavor, jirasim.Options{IndexLagOf: func(int64) time.Duration { return time.Duration(lag.Load()) }})
			f(w, func(d time.Duration) { lag.Store(int64(d)) })
		})
	}
}

// named runs a turn in which a webhook has named a story.
func (w *world) named(id int64) {
	w.Helper()
	wanted := make(chan []int64, 1)
	ctx, cancel := context.WithCancel(w.Context())
	defer cancel()
	turns := 0
	err := w.collector.Run(ctx, collector.Schedule{Interval: time.Hour, Wanted: wanted, After: func(_ collector.Result, err error) error {
		if err != nil {
			return err
		}
		if turns++; turns == 2 {
			cancel()
		} else {
			wanted <- []int64{id}
		}
		return nil
	}})
	if err != nil {
		w.Fatal(err)
	}
}

// asks has a comment made that asks the owner.
func (w *world) asks(id int64) {
	w.site.Comment(w.now(), w.dev, id, w.po.Mention(w.site.Flavor)+" which currency?")
}

// hasEvents fails unless a story has events of these ranks.
func (w *world) hasEvents(id int64, want ...latency.Rank) {
	w.Helper()
	if diff := cmp.Diff(want, w.ranks(id)); diff != "" {
		w.Errorf("events of story %d (-want +got):\n%s", id, diff)
	}
}

// TestSearchBehindAReadingByID: a story that was read by id is shown by the
// next search as it was before.
func TestSearchBehindAReadingByID(t *testing.T) {
	lagging(t, func(w *world, lag func(time.Duration)) {
		id := settled(w, 3)[1]
		w.later(time.Hour)
		w.sync()
		w.site.Comment(w.now(), w.dev, id, "first")
		w.later(time.Minute)
		w.sync()
		lag(30 * time.Second)
		w.later(3 * time.Minute)
		w.asks(id)
		w.later(time.Second)
		w.named(id)
		w.later(time.Second)
		if got := w.requests(func() { w.sync() }); got != 2 {
			w.Errorf("a search that shows what is known took %d requests, want 2", got)
		}
		for range 3 {
			w.later(2 * time.Minute)
			w.sync()
		}
		w.hasEvents(id, latency.RankCreated, latency.RankCommentAdded, latency.RankCommentAdded)
	})
}

// TestSearchThatFallsBack: what one search shows the next one does not.
func TestSearchThatFallsBack(t *testing.T) {
	lagging(t, func(w *world, lag func(time.Duration)) {
		id := settled(w, 3)[1]
		w.later(time.Hour)
		w.sync()
		w.site.Comment(w.now(), w.dev, id, "first")
		w.later(time.Minute)
		w.sync()
		w.later(time.Minute)
		w.asks(id)
		w.later(20 * time.Second)
		w.sync()
		lag(time.Minute)
		w.later(20 * time.Second)
		w.sync()
		lag(0)
		w.later(time.Minute)
		w.sync()
		w.hasEvents(id, latency.RankCreated, latency.RankCommentAdded, latency.RankCommentAdded)
	})
}

// TestFullReadingBehindTheStore: a scope that has changed is read anew from an
// index that lags behind what is stored.
func TestFullReadingBehindTheStore(t *testing.T) {
	lagging(t, func(w *world, lag func(time.Duration)) {
		id := settled(w, 3)[1]
		w.later(time.Minute)
		w.asks(id)
		w.later(time.Second)
		w.sync()
		lag(time.Minute)
		w.both()
		w.later(time.Second)
		if r := w.sync(); !r.Full {
			w.Fatal("another scope was not read anew")
		}
		w.hasEvents(id, latency.RankCreated, latency.RankCommentAdded)
	})
}

// TestLaterThanTheOverlap: a change that the index comes to know of behind all
// overlap is found by a look back, and noted.
func TestLaterThanTheOverlap(t *testing.T) {
	lagging(t, func(w *world, lag func(time.Duration)) {
		id := settled(w, 3)[1]
		w.later(time.Minute)
		w.sync()
		lag(40 * time.Minute)
		w.move(id)
		for range 15 {
			w.later(5 * time.Minute)
			w.sync()
		}
		w.hasEvents(id, latency.RankCreated)
		w.census()
		w.hasEvents(id, latency.RankCreated, latency.RankRecord)
		if got := w.notes(); len(got) != 1 || !strings.HasPrefix(got[0], "late ") {
			w.Errorf("got notes %v, want one of a late change", got)
		}
	})
}

// TestGoneStoryThatASearchShows: an index that does not know yet that a story
// went does not bring it back; a reading by id does.
func TestGoneStoryThatASearchShows(t *testing.T) {
	each(t, func(w *world) {
		id := settled(w, 60)[7]
		w.site.Hide(id, true)
		w.gives(w.census(), collector.CensusResult{Gone: 1})
		w.hasEvents(id, latency.RankCreated, latency.RankGone)
		w.later(time.Second)
		w.site.Hide(id, false)
		w.site.Comment(w.now(), w.dev, id, "so")
		searched := false
		w.fault = func(r *http.Request) *jirasim.Fault {
			if search := strings.Contains(r.URL.Path, "/search"); search || searched {
				searched = true
				w.site.Hide(id, !search)
			}
			return nil
		}
		w.later(time.Minute)
		w.sync()
		w.hasEvents(id, latency.RankCreated, latency.RankGone)
		w.fault = nil
		w.site.Hide(id, false)
		w.later(time.Minute)
		w.sync()
		w.hasEvents(id, latency.RankCreated, latency.RankGone, latency.RankCommentAdded, latency.RankReturned)
	})
}

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
