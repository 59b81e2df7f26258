package collector_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// narrowed makes the scope the open issues of all projects: what a query finds
// today it may not find tomorrow.
func narrowed(w *world) {
	w.restart(func(o *collector.Options) { o.Projects, o.JQL = nil, "status = Open or status = Done" })
}

func TestStoryThatLeavesTheQueryGoes(t *testing.T) {
	each(t, func(w *world) {
		narrowed(w)
		var ids []int64
		for range 40 {
			ids = append(ids, w.create([]*jirasim.Project{w.pay, w.ops}[len(ids)%2]))
		}
		never := w.create(w.pay)
		w.move(never)
		w.later(time.Hour)
		if r := w.sync(); r.Stories != 40 {
			w.Fatalf("got %d stories, want 40", r.Stories)
		}
		w.later(time.Hour)
		w.move(ids[3])
		w.later(time.Minute)
		seen := latency.At(w.now())
		if r := w.sync(); !cmp.Equal(r.Changed, []int64{ids[3]}) {
			w.Errorf("got %v changed, want %d", r.Changed, ids[3])
		}
		events := w.history(ids[3]).Events
		if last := events[len(events)-1]; last.Rank != latency.RankGone || last.At != seen || !last.Observed {
			w.Errorf("the story ends with %+v, want it gone by the poll that saw it leave", last)
		}
		w.later(time.Minute)
		if r := w.sync(); r.Changed != nil {
			w.Errorf("got %v changed by the next poll, want none", r.Changed)
		}

		// It comes back: anew, from the poll that saw it.
		from, to, review, done := "2", "3", "PO Review", "Done"
		w.later(time.Hour)
		w.site.Change(w.now(), w.dev, ids[3], map[string]any{"status": map[string]any{"id": to, "name": done}},
			jirasim.Item{Field: "status", FieldType: "jira", FieldID: "status", From: &from, FromString: &review, To: &to, ToString: &done})
		w.later(time.Minute)
		w.sync()
		want := []latency.Rank{latency.RankCreated, latency.RankRecord, latency.RankGone, latency.RankRecord, latency.RankReturned}
		if diff := cmp.Diff(want, w.ranks(ids[3])); diff != "" {
			w.Errorf("events (-want +got):\n%s", diff)
		}
		w.gives(w.census(), collector.CensusResult{})
	})
}

// TestQueryThatFlapsRemovesNothing: an index that forgets a story for a moment
// has not seen it leave.
func TestQueryThatFlapsRemovesNothing(t *testing.T) {
	each(t, func(w *world) {
		narrowed(w)
		ids := settled(w, 40)
		w.later(time.Hour)
		w.site.Comment(w.now(), w.dev, ids[3], "so")
		w.blind = map[int64]bool{ids[3]: true}
		w.later(time.Minute)
		w.sync()
		w.gives(w.census(), collector.CensusResult{})
		if got := len(w.live()); got != 40 {
			w.Errorf("got %d stories there, want all 40", got)
		}
	})
}

// TestLostProjectIsInvisible: where the query names no project, one that may
// not be browsed any more proves nothing of its stories.
func TestLostProjectIsInvisible(t *testing.T) {
	each(t, func(w *world) {
		narrowed(w)
		var ids []int64
		for range 40 {
			ids = append(ids, w.create(w.pay))
		}
		foreign := w.create(w.ops)
		w.later(time.Hour)
		w.sync()
		w.site.Archive(w.ops, true)
		w.gives(w.census(), collector.CensusResult{Invisible: 1})
		if got := len(w.live()); got != len(ids)+1 {
			w.Errorf("got %d stories there, want all %d", got, len(ids)+1)
		}
		w.site.Archive(w.ops, false)
		w.gives(w.census(), collector.CensusResult{})
		if got := w.notes(); got != nil {
			w.Errorf("got notes %v of a project that is back, want none", got)
		}
		if n := len(w.ranks(foreign)); n != 1 {
			w.Errorf("the story has %d events, want its creation alone", n)
		}
	})
}

// TestCanaryThatLeaves: the story that every search is asked for leaves the
// query as others do, and does not come back for being asked for.
func TestCanaryThatLeaves(t *testing.T) {
	each(t, func(w *world) {
		narrowed(w)
		ids := settled(w, 40)
		if got := w.state().Canary; got != ids[0] {
			w.Fatalf("the canary is %d, want %d", got, ids[0])
		}
		w.later(time.Hour)
		w.move(ids[0])
		w.later(10 * time.Minute)
		w.sync()
		w.hasEvents(ids[0], latency.RankCreated, latency.RankRecord, latency.RankGone)
		w.site.Comment(w.now(), w.dev, ids[0], "so")
		for range 3 {
			w.later(10 * time.Minute)
			w.sync()
		}
		w.hasEvents(ids[0], latency.RankCreated, latency.RankRecord, latency.RankGone)
		if got := w.state().Canary; got != ids[1] {
			w.Errorf("the canary is %d, want %d", got, ids[1])
		}
	})
}

// TestManyThatLeaveTheQuery: stories that are there, and not of the scope any
// more, are no reason to stop a census.
func TestManyThatLeaveTheQuery(t *testing.T) {
	each(t, func(w *world) {
		w.restart(func(o *collector.Options) { o.Projects, o.JQL = nil, "updated >= -7d" })
		settled(w, 40)
		w.later(8 * 24 * time.Hour)
		young := w.create(w.pay)
		w.later(time.Minute)
		r := w.sync()
		w.gives(*r.Census, collector.CensusResult{Gone: 40})
		if got := w.live(); !cmp.Equal(got, []int64{young}) {
			w.Errorf("got stories %v there, want %d alone", got, young)
		}
	})
}

// TestIdlePollOfAQuery: a poll of a query that finds nothing costs what others do.
func TestIdlePollOfAQuery(t *testing.T) {
	each(t, func(w *world) {
		narrowed(w)
		w.under(settled(w, 30)[3])
		w.later(10 * time.Minute)
		w.sync()
		w.later(time.Minute)
		if got := w.requests(func() { w.sync() }); got != 2 {
			w.Errorf("an idle poll took %d requests, want 2", got)
		}
	})
}
