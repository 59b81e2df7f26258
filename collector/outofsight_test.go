package collector_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// TestLostProjectOfMostStories: a project that is lost proves nothing of the
// others, however many of the stories are its own, costs no request for each of
// them, and counts no more once the config does not name it.
func TestLostProjectOfMostStories(t *testing.T) {
	each(t, func(w *world) {
		w.both()
		for range 30 {
			w.under(w.create(w.ops)) // which is of that project too
		}
		ids := []int64{w.create(w.pay), w.create(w.pay)}
		w.later(time.Hour)
		w.sync()
		w.later(time.Minute)
		w.sync()
		w.site.Archive(w.ops, true)
		w.later(10 * time.Minute)
		if _, err := w.collector.Sync(w.Context()); err == nil { // what describes stories is an hour old at most
			t.Error("a search of a project that is not there is complete")
		}
		w.move(ids[1])
		for range 3 {
			w.later(time.Minute)
			w.sync()
		}
		w.hasEvents(ids[1], latency.RankCreated, latency.RankRecord)
		if got := w.requests(func() { w.gives(w.census(), collector.CensusResult{Invisible: 60}) }); got > 20 {
			w.Errorf("a census took %d requests, with 60 stories of a lost project", got)
		}

		w.restart() // with the other project alone
		for range 3 {
			w.later(time.Minute)
			w.sync()
		}
		if got := w.requests(func() { w.gives(w.census(), collector.CensusResult{}) }); got > 20 {
			w.Errorf("a census took %d requests, with 60 stories of a project that is not watched", got)
		}
		if got := w.notes(); got != nil {
			w.Errorf("got notes %v of a project that is not watched, want none", got)
		}
		if got := w.live(); !slices.Equal(got, ids) {
			w.Errorf("a census looks for %v, want %v", got, ids)
		}
		if st := w.state(); len(st.Lost) > 0 {
			w.Errorf("still lost: %v", st.Lost)
		}

		// Watched again, and there: a census asks for its stories as before.
		w.site.Archive(w.ops, false)
		w.both()
		w.later(time.Minute)
		w.sync()
		if got := len(w.live()); got != 62 {
			w.Errorf("a census looks for %d stories, want all 62", got)
		}
	})
}

// TestLostProjectOfMostOfAQuery is the same where no project is named.
func TestLostProjectOfMostOfAQuery(t *testing.T) {
	each(t, func(w *world) {
		narrowed(w)
		for range 60 {
			w.create(w.ops)
		}
		id := w.create(w.pay)
		w.later(time.Hour)
		w.sync()
		w.later(time.Minute)
		w.sync()
		w.site.Archive(w.ops, true)
		w.later(10 * time.Minute)
		if _, err := w.collector.Sync(w.Context()); !errors.Is(err, collector.ErrBlind) {
			w.Errorf("got error %v, want %v", err, collector.ErrBlind)
		}
		w.site.Comment(w.now(), w.dev, id, "so")
		w.later(time.Minute)
		w.sync()
		w.hasEvents(id, latency.RankCreated, latency.RankCommentAdded)
	})
}

// TestOneProjectIsLostAndTheOtherEmpty: nothing can be missed in what holds nothing.
func TestOneProjectIsLostAndTheOtherEmpty(t *testing.T) {
	each(t, func(w *world) {
		w.both()
		w.create(w.ops)
		w.later(time.Hour)
		w.sync()
		w.site.Archive(w.ops, true)
		w.both() // a new process reads which projects there are
		for range 2 {
			w.later(time.Minute)
			w.sync()
		}
		id := w.create(w.pay)
		w.later(time.Minute)
		w.sync()
		w.hasEvents(id, latency.RankCreated)
	})
}

// TestWhatChangedOutOfSight: stories that come back into sight have not changed
// by that, but may have before.
func TestWhatChangedOutOfSight(t *testing.T) {
	each(t, func(w *world) {
		ids := settled(w, 60)
		hidden := ids[10:14] // more than may go
		for _, id := range hidden {
			w.site.Hide(id, true)
		}
		w.gives(w.census(), collector.CensusResult{Stopped: true})
		w.move(hidden[0])
		for range 4 {
			w.gives(w.census(), collector.CensusResult{Stopped: true})
		}
		for _, id := range hidden {
			w.site.Hide(id, false)
		}
		w.gives(w.census(), collector.CensusResult{})
		w.hasEvents(hidden[0], latency.RankCreated, latency.RankRecord)
		w.hasEvents(hidden[1], latency.RankCreated)
	})
}

// TestLostProjectOfAQuery: where no project is named, one that was lost stays
// described, and what happened in it is read when it is back.
func TestLostProjectOfAQuery(t *testing.T) {
	each(t, func(w *world) {
		narrowed(w)
		settled(w, 40)
		foreign := w.create(w.ops)
		w.later(time.Minute)
		w.sync()
		w.site.Archive(w.ops, true)
		w.later(time.Hour) // what describes stories is read again
		w.restart(func(o *collector.Options) { o.Projects, o.JQL = nil, "status = Open or status = Done" })
		w.fault = func(r *http.Request) *jirasim.Fault {
			if strings.Contains(r.URL.Path, "/search") && !strings.Contains(r.URL.Path, "/project/") {
				return &jirasim.Fault{Status: 403}
			}
			return nil
		}
		if _, err := w.collector.Sync(w.Context()); err == nil {
			w.Error("a search that is refused is complete")
		}
		w.fault = nil
		if _, lost := w.state().Lost["OPS"]; !lost {
			w.Error("that a project is lost was forgotten with the cycle that failed")
		}
		w.sync()
		w.site.Comment(w.now(), w.dev, foreign, "so")
		for range 4 {
			w.gives(w.census(), collector.CensusResult{Invisible: 1})
		}
		m, err := w.store.Meta(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if !slices.ContainsFunc(m.Projects, func(p jiradata.Project) bool { return p.Key == "OPS" }) {
			w.Error("the lost project is not described any more")
		}
		if diff := cmp.Diff([]string{"invisible 0", fmt.Sprint("invisible ", foreign)}, w.notes()); diff != "" {
			w.Errorf("notes (-want +got):\n%s", diff)
		}
		w.site.Archive(w.ops, false)
		w.gives(w.census(), collector.CensusResult{})
		w.later(time.Minute)
		w.sync()
		w.hasEvents(foreign, latency.RankCreated, latency.RankCommentAdded)
		if st := w.state(); len(st.Lost) > 0 || w.notes() != nil {
			w.Errorf("still lost: %v, %v", st.Lost, w.notes())
		}
	})
}

// owns makes po the owner of an issue.
func (w *world) owns(issue int64) {
	id := w.po.ID(w.site.Flavor)
	w.site.Change(w.now(), w.dev, issue, map[string]any{"customfield_10050": w.po},
		jirasim.Item{Field: "Product Owner", FieldType: "custom", FieldID: "customfield_10050", To: &id, ToString: &w.po.DisplayName})
}

// ownerOf returns who owns an issue that is a parent, by the store.
func (w *world) ownerOf(parent int64) string {
	if owner := w.parents()[parent].Now["customfield_10050"]; len(owner) == 1 {
		return owner[0].ID
	}
	return ""
}

// indexedLate lets searches show an issue as it is when no poll looks back so far.
func (w *world) indexedLate(id int64) {
	w.Helper()
	w.blind = map[int64]bool{id: true}
	for range 3 {
		w.later(10 * time.Minute)
		w.sync()
	}
	w.blind = nil
	w.later(10 * time.Minute)
	w.sync()
}

// TestParentThatIsIndexedLate: whose children's owner an epic tells may be known
// behind all overlap.
func TestParentThatIsIndexedLate(t *testing.T) {
	each(t, func(w *world) {
		parent := w.under(w.create(w.pay))
		w.later(time.Hour)
		w.sync()
		w.owns(parent)
		w.indexedLate(parent)
		if got := w.ownerOf(parent); got != "" {
			w.Fatalf("a poll shows that the owner is %s: the test tests nothing", got)
		}
		w.census()
		if got, want := w.ownerOf(parent), w.po.ID(w.site.Flavor); got != want {
			w.Errorf("the owner is %q, want %q", got, want)
		}
	})
}

// TestParentThatLeftTheScope is stored as a story, which no search finds any more.
func TestParentThatLeftTheScope(t *testing.T) {
	each(t, func(w *world) {
		w.both()
		parent := w.under(w.create(w.pay))
		w.later(time.Hour)
		w.sync()
		w.restart() // without its project
		w.later(time.Minute)
		w.sync()
		w.later(time.Minute)
		w.owns(parent)
		w.census()
		if got, want := w.ownerOf(parent), w.po.ID(w.site.Flavor); got != want {
			w.Errorf("the owner is %q, want %q", got, want)
		}
		w.hasEvents(parent, latency.RankCreated, latency.RankRecord)
	})
}

// spoilt is a Store that does not write some things.
type spoilt struct {
	collector.Store
	census, failure error // of writing a census, and of taking back that polls fail
}

func (s *spoilt) SaveCensus(ctx context.Context, c jiradata.Census) error {
	if s.census != nil {
		return s.census
	}
	return s.Store.SaveCensus(ctx, c)
}

func (s *spoilt) SaveNotes(ctx context.Context, reason string, notes []jiradata.Note, inOrder []int64) error {
	if s.failure != nil && reason == jiradata.NoteFailed && len(inOrder) > 0 {
		return s.failure
	}
	return s.Store.SaveNotes(ctx, reason, notes, inOrder)
}

// TestCensusThatIsNotStored was none, whatever else of the cycle is.
func TestCensusThatIsNotStored(t *testing.T) {
	each(t, func(w *world) {
		settled(w, 3)
		store := &spoilt{Store: w.store, census: errors.New("no space")}
		w.restart(func(o *collector.Options) { o.Store = store })
		late := w.create(w.pay)
		parent := w.under(late)
		w.blind = map[int64]bool{late: true}
		w.later(time.Hour)
		w.sync()
		w.blind = nil
		before := w.state()
		w.later(6 * time.Hour)
		if r := w.sync(); !errors.Is(r.Checks.Err, store.census) {
			w.Errorf("got error %v of the census, want %v", r.Checks.Err, store.census)
		}
		w.hasParent(parent) // so the state was written behind the census
		if got := w.state(); got.Census != before.Census || got.LookedBack != before.LookedBack {
			w.Errorf("a census is said to have been at %s, though it was not stored", got.Census.Time())
		}
	})
}

// TestLookBackOfTheFirstCensus: until a census is complete, nothing has looked for
// what the index shows late.
func TestLookBackOfTheFirstCensus(t *testing.T) {
	each(t, func(w *world) {
		store := &spoilt{Store: w.store, census: errors.New("no space")}
		w.restart(func(o *collector.Options) { o.Store = store })
		id := settled(w, 3)[1]
		w.move(id)
		w.indexedLate(id)
		w.hasEvents(id, latency.RankCreated)
		if w.state().Census != 0 {
			w.Fatal("a census was stored: the test tests nothing")
		}
		w.restart() // and what failed is tried at once
		w.later(time.Minute)
		w.sync()
		w.hasEvents(id, latency.RankCreated, latency.RankRecord)
	})
}

// TestChangesOfACycleThatFailsAtLast: the next cycle returns them.
func TestChangesOfACycleThatFailsAtLast(t *testing.T) {
	each(t, func(w *world) {
		id := settled(w, 3)[1]
		store := &spoilt{Store: w.store}
		w.restart(func(o *collector.Options) { o.Store = store })
		w.fault = func(*http.Request) *jirasim.Fault { return &jirasim.Fault{Status: 401} }
		if _, err := w.collector.Sync(w.Context()); err == nil {
			w.Error("a poll that is refused is complete")
		}
		w.fault = nil
		w.later(time.Hour)
		w.move(id)
		w.later(time.Hour)
		store.failure = errors.New("no space")
		if _, err := w.collector.Sync(w.Context()); !errors.Is(err, store.failure) {
			w.Errorf("got error %v, want %v", err, store.failure)
		}
		store.failure = nil
		w.later(time.Hour)
		if r := w.sync(); !slices.Equal(r.Changed, []int64{id}) {
			w.Errorf("got %v changed, want %d", r.Changed, id)
		}
	})
}

// TestQuarantineSinceWhen: a note says since when an issue cannot be read, from
// the first sync on.
func TestQuarantineSinceWhen(t *testing.T) {
	each(t, func(w *world) {
		odd := w.create(w.pay)
		w.site.Change(w.now(), w.dev, odd, map[string]any{"status": "Open"})
		w.later(time.Hour)
		w.sync()
		since := latency.At(w.now())
		w.later(5 * time.Minute)
		w.sync() // which reads it again
		w.census()
		notes, err := w.store.Notes(w.Context())
		if err != nil || len(notes) != 1 || notes[0].At != since {
			w.Errorf("got notes %v, %v; want one, since %s", notes, err, since.Time())
		}
	})
}
