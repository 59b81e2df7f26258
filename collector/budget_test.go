package collector_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// requests returns how many requests f makes, of whatever kind.
func (w *world) requests(f func()) int {
	before := w.total()
	f()
	return w.total() - before
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

// TestRequestBudget counts every request of the service's whole cycle, boards and
// sprints and what is read by id before it is counted included.
func TestRequestBudget(t *testing.T) {
	w := newWorld(t, jirasim.Cloud)
	counting, err := newCounting(w.store)
	if err != nil {
		t.Fatal(err)
	}
	w.restart(func(o *collector.Options) {
		o.Projects, o.OpenQuestions = []string{"PAY", "OPS"}, counting.openQuestions
	})
	counting.collector = w.collector
	w.board(1, "PAY", "one")
	w.board(2, "OPS", "other")
	// cycle holds how many requests a cycle takes.
	cycle := func(what string, most int) {
		t.Helper()
		got := w.requests(func() {
			if done, err := counting.turn(t.Context()); err != nil || !done {
				t.Errorf("%s: done %t, error %v", what, done, err)
			}
		})
		if got > most {
			t.Errorf("%s took %d requests, want at most %d: %v", what, got, most, w.server.Requests())
		}
		figures.Note(t, "%s: %d requests", what, got)
	}
	// Boards and sprints are asked for once for each project, and each board; the
	// statuses of its workflow once for each project.
	const n, agile, workflows = 1000, 4, 2
	ids := w.busy(n)
	w.later(time.Hour)
	cycle(fmt.Sprintf("a first sync of %d stories", n), 14*n/1000+10+agile+workflows)
	if got := len(w.live()); got != n {
		t.Fatalf("got %d stories, want %d", got, n)
	}
	w.later(time.Minute)
	cycle("an idle poll", 2)
	for _, id := range ids[:50] {
		w.grow(id, 3, 2)
		w.move(id) // which is not final yet, nor to be counted
	}
	w.later(time.Minute)
	cycle("a poll with 50 changed stories", 5)
	for i := range w.history(ids[0]).Events {
		if ev := w.history(ids[0]).Events[i]; ev.Rank == latency.RankRecord && len(ev.Changes) > 0 && ev.Changes[0].Field == latency.FieldStatus {
			w.later(2 * time.Minute)
			cycle("a poll that finds them once more", 5) // they were updated at the watermark of the cycle before
			w.later(time.Minute)
			cycle("a poll within the overlap", 2)
			return
		}
	}
	t.Error("the moves were not read")
}

// writes is a Store that notes what is written.
type writes struct {
	collector.Store
	log []string
}

func (s *writes) SaveMeta(ctx context.Context, m jiradata.Meta) error {
	s.log = append(s.log, "meta")
	return s.Store.SaveMeta(ctx, m)
}

func (s *writes) SaveStories(ctx context.Context, b jiradata.Batch) (jiradata.Changed, error) {
	s.log = append(s.log, fmt.Sprintf("state and %d stories", len(b.Stories)))
	return s.Store.SaveStories(ctx, b)
}

func (s *writes) SaveCensus(ctx context.Context, c jiradata.Census) error {
	s.log = append(s.log, "census")
	return s.Store.SaveCensus(ctx, c)
}

func (s *writes) SaveNotes(ctx context.Context, reason string, notes []jiradata.Note, inOrder []int64) error {
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
