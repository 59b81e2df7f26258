package collector_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/jirasim"
)

// requests returns how many requests f makes, but those of boards and sprints,
// which have a schedule of their own.
func (w *world) requests(f func()) int {
	before := w.total()
	agile := w.agile(f)
	return w.total() - before - agile
}

func (w *world) total() int {
	n := 0
	for _, count := range w.server.Requests() {
		n += count
	}
	return n
}

// busy creates issues with 30 records and 5 comments each.
func (w *world) busy(n int) []int64 {
	projects := []*jirasim.Project{w.pay, w.ops}
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = w.create(projects[i%len(projects)])
		w.grow(ids[i], 30, 5)
	}
	return ids
}

// grow adds records and comments to an issue.
func (w *world) grow(id int64, records, comments int) {
	for range records {
		w.site.Change(w.now(), w.dev, id, nil, jirasim.Item{Field: "summary", FieldType: "jira", FieldID: "summary"})
	}
	for range comments {
		w.site.Comment(w.now(), w.dev, id, "so")
	}
}

func TestRequestBudget(t *testing.T) {
	w := newWorld(t, jirasim.Cloud)
	w.both()
	const n = 1000
	ids := w.busy(n)
	w.later(time.Hour)
	if got, most := w.requests(func() { w.sync() }), 14*n/1000+10; got > most {
		t.Errorf("a first sync of %d stories took %d requests, want at most %d: %v", n, got, most, w.server.Requests())
	}
	if got := len(w.live()); got != n {
		t.Fatalf("got %d stories, want %d", got, n)
	}
	w.later(time.Minute)
	if got := w.requests(func() { w.sync() }); got != 2 {
		t.Errorf("an idle poll took %d requests, want 2", got)
	}
	for _, id := range ids[:50] {
		w.grow(id, 3, 2)
	}
	w.later(time.Minute)
	if got := w.requests(func() {
		if r := w.sync(); len(r.Changed) != 50 {
			t.Errorf("got %d stories changed, want 50", len(r.Changed))
		}
	}); got > 5 {
		t.Errorf("a poll with 50 changed stories took %d requests, want at most 5", got)
	}
	w.later(2 * time.Minute)
	if got := w.requests(func() {
		w.sync() // they were updated at the watermark of the cycle before: once more
		w.later(time.Minute)
		if r := w.sync(); r.Unchanged != 50 {
			t.Errorf("got %d stories unchanged, want 50", r.Unchanged)
		}
	}); got > 3+2 {
		t.Errorf("two idle polls within the overlap took %d requests, want at most 5", got)
	}
}

// writes is a Store that tells what is written.
type writes struct {
	collector.Store
	log []string
}

func (s *writes) SaveMeta(ctx context.Context, m archive.Meta) error {
	s.log = append(s.log, "meta")
	return s.Store.SaveMeta(ctx, m)
}

func (s *writes) SaveStories(ctx context.Context, b archive.Batch) (archive.Changed, error) {
	s.log = append(s.log, fmt.Sprintf("state and %d stories", len(b.Stories)))
	return s.Store.SaveStories(ctx, b)
}

func (s *writes) SaveCensus(ctx context.Context, c archive.Census) error {
	s.log = append(s.log, "census")
	return s.Store.SaveCensus(ctx, c)
}

func (s *writes) SaveNotes(ctx context.Context, reason string, notes []archive.Note, inOrder []int64) error {
	s.log = append(s.log, "notes")
	return s.Store.SaveNotes(ctx, reason, notes, inOrder)
}

// TestIdlePollWritesOneRow holds that a poll that finds nothing costs the disk
// the row of the state and nothing else.
func TestIdlePollWritesOneRow(t *testing.T) {
	each(t, func(w *world) {
		store := &writes{Store: w.store}
		w.restart(func(o *collector.Options) { o.Store = store })
		w.create(w.pay)
		w.later(time.Hour)
		w.sync()
		w.later(time.Minute)
		w.sync()
		store.log = nil
		w.later(time.Minute)
		w.sync()
		if diff := cmp.Diff([]string{"state and 0 stories"}, store.log); diff != "" {
			w.Errorf("written by an idle poll (-want +got):\n%s", diff)
		}
	})
}
