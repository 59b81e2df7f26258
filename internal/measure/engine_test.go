package measure

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/calendar"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
)

func TestMain(m *testing.M) { stack.Main(m) }

const hour = latency.Instant(3600_000)

// rulesOf watch one project, around the clock.
func rulesOf(t *testing.T, acceptance string) *latency.Rules {
	t.Helper()
	var week calendar.Week
	for d := range week {
		week[d] = []calendar.Interval{{From: 0, To: 1440}}
	}
	cal, err := calendar.New(calendar.Spec{Zone: time.UTC, Week: week})
	if err != nil {
		t.Fatal(err)
	}
	return &latency.Rules{
		Types: map[string]bool{"": true},
		Statuses: map[string]latency.Status{
			"doing": {Category: latency.CategoryIndeterminate}, "review": {Category: latency.CategoryIndeterminate}, "done": {Category: latency.CategoryDone},
		},
		Projects: map[string]*latency.Project{"1": {
			ID: "1", Key: "PAY", Acceptance: latency.Set{acceptance: true}, SlipWindow: 5 * time.Minute, Calendar: cal,
			TargetAcceptance: 8 * time.Hour, TargetQuestion: 4 * time.Hour, Terms: []latency.Term{{Person: "po", Span: latency.Always}}, HistoryFrom: latency.Always.From,
		}},
	}
}

// tale moves through statuses, an hour apart from at on.
func tale(id int64, at latency.Instant, statuses ...string) jiradata.Story {
	v := func(s string) latency.Value { return latency.Value{ID: s, Name: s} }
	h := latency.History{ID: id, Key: "PAY-1", Now: latency.Snapshot{
		latency.FieldProject: {{ID: "1"}}, latency.FieldStatus: {v(statuses[len(statuses)-1])},
	}}
	h.Events = append(h.Events, latency.Event{At: at, Rank: latency.RankCreated, Actor: "dev"})
	for i := 1; i < len(statuses); i++ {
		who := "dev"
		if statuses[i] == "done" {
			who = "po"
		}
		h.Events = append(h.Events, latency.Event{
			At: at + latency.Instant(i)*hour, Rank: latency.RankRecord, ID: int64(i), Actor: who,
			Changes: []latency.Change{{Field: latency.FieldStatus, From: v(statuses[i-1]), To: v(statuses[i])}},
		})
	}
	return jiradata.Story{History: h}
}

// at is in the calendar's years.
const at = latency.Instant(1_772_000_000_000)

func save(t *testing.T, s *store.Store, stories ...jiradata.Story) (ids []int64) {
	t.Helper()
	c, err := s.SaveStories(t.Context(), jiradata.Batch{Stories: stories})
	if err != nil {
		t.Fatal(err)
	}
	return c.Stories
}

func open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), stack.StoreURL(t, filepath.Join(t.TempDir(), "s.db")), store.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// accepted is the number of acceptances counted, and bypassed of bypasses.
func accepted(r *latency.Report) (n, bypassed uint64) {
	for k, v := range r.Totals.Ended {
		if k.Outcome == latency.Accepted {
			n += v
		}
	}
	return n, r.Totals.Bypassed["PAY"]
}

// TestCountersNeverGoDown follows the counters through new events, a restart, a
// correction and a change of the config.
func TestCountersNeverGoDown(t *testing.T) {
	s := open(t)
	changed := save(t, s, tale(1, at, "doing", "review", "done"), tale(2, at, "doing", "review"), tale(3, at-2*hour, "doing", "done"), tale(4, at+hour, "doing", "done"))
	e := NewEngine(s, 20)
	step := func(what string, r *latency.Report, err error, want, wantBypassed uint64, wantOpen int) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		n, bypassed := accepted(r)
		open := r.Open[latency.Key{Kind: latency.Acceptance, Project: "PAY", Owner: "po"}].Open
		if n != want || bypassed != wantBypassed || open != wantOpen {
			t.Errorf("%s: %d accepted, %d bypassed, %d open; want %d, %d, %d", what, n, bypassed, open, want, wantBypassed, wantOpen)
		}
	}
	ctx := t.Context()
	review := rulesOf(t, "review")
	// Story 3 was done before the project's first acceptance wait: it bypassed nothing.
	r, err := e.Load(ctx, review, "a", at+3*hour, nil)
	step("loaded", r, err, 1, 1, 1)
	r, err = e.Refresh(ctx, changed, at+3*hour)
	step("the same again", r, err, 1, 1, 1)

	changed = save(t, s, tale(2, at, "doing", "review", "done"))
	r, err = e.Refresh(ctx, changed, at+2*hour+60_000)
	step("accepted, not yet final", r, err, 1, 1, 1)
	r, err = e.Refresh(ctx, nil, at+3*hour)
	step("final, by time alone", r, err, 2, 1, 0)

	r, err = NewEngine(s, 20).Load(ctx, review, "a", at+3*hour, nil)
	step("restarted", r, err, 2, 1, 0)
	r, err = e.Load(ctx, rulesOf(t, "doing"), "b", at+3*hour, nil)
	step("another acceptance status: of the past nothing is counted", r, err, 2, 1, 0)
	changed = save(t, s, tale(5, at+3*hour, "doing", "done"))
	r, err = e.Refresh(ctx, changed, at+5*hour)
	step("and what is new is", r, err, 3, 1, 0)
	if err := s.NewLedger(ctx); err != nil {
		t.Fatal(err)
	}
	r, err = e.Load(ctx, review, "a", at+5*hour, nil)
	step("recounted", r, err, 2, 2, 0)
}

// TestWhatASlipBegan lets a look see a move into acceptance before it is taken
// back: that began nothing, and what is done later bypasses nothing.
func TestWhatASlipBegan(t *testing.T) {
	s := open(t)
	entered := tale(1, at, "doing", "review")
	save(t, s, entered)
	e := NewEngine(s, 20)
	if _, err := e.Load(t.Context(), rulesOf(t, "review"), "a", at+hour+60_000, nil); err != nil {
		t.Fatal(err)
	}
	back := entered.History.Events[1]
	back.At, back.ID = back.At+120_000, 2
	back.Changes = []latency.Change{{Field: latency.FieldStatus, From: back.Changes[0].To, To: back.Changes[0].From}}
	entered.History.Events = append(entered.History.Events, back)
	entered.History.Now[latency.FieldStatus] = []latency.Value{back.Changes[0].To}
	changed := save(t, s, entered, tale(2, at+hour, "doing", "done"))
	r, err := e.Refresh(t.Context(), changed, at+5*hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, bypassed := accepted(r); bypassed != 0 {
		t.Errorf("%d bypassed, want none: the project has had no acceptance wait", bypassed)
	}
}

// TestAParentsOwnerIsItsChildrens changes the owner of a parent alone.
func TestAParentsOwnerIsItsChildrens(t *testing.T) {
	s := open(t)
	epic := tale(9, at, "doing")
	epic.ParentOnly = true
	child := tale(1, at, "doing", "review")
	child.History.Now[latency.FieldParent] = []latency.Value{{ID: "9"}}
	save(t, s, epic, child)
	r := rulesOf(t, "review")
	r.Projects["1"].OwnerField = "customfield_1"
	e := NewEngine(s, 20)
	if _, err := e.Load(t.Context(), r, "a", at+2*hour, nil); err != nil {
		t.Fatal(err)
	}
	epic.History.Now["customfield_1"] = []latency.Value{{ID: "ada"}}
	changed := save(t, s, epic)
	report, err := e.Refresh(t.Context(), changed, at+2*hour)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.OpenWaits) != 1 || report.OpenWaits[0].Owner != "ada" {
		t.Errorf("open waits %+v, want one of ada", report.OpenWaits)
	}
}

// broken is a store that fails to count.
type broken struct{ *store.Store }

func (broken) Count(context.Context, []latency.Entry, latency.Standing, bool, *jiradata.Kept) ([]latency.Entry, error) {
	return nil, context.DeadlineExceeded
}

func (b broken) Histories(ctx context.Context, ids []int64) iter.Seq2[*latency.History, error] {
	return b.Store.Histories(ctx, ids)
}

// TestSprintsOfAReport holds that a report has the last twelve sprints of the
// projects measured, whenever it was made.
func TestSprintsOfAReport(t *testing.T) {
	s := open(t)
	put := func(project string, n int64) {
		t.Helper()
		var list []jiradata.Sprint
		for i := range n {
			list = append(list, jiradata.Sprint{ID: i + 1, ProjectID: project, Name: fmt.Sprint("S", i+1), Start: at + latency.Instant(i)*hour, End: at + latency.Instant(i+1)*hour})
		}
		if err := s.SaveSprints(t.Context(), project, list); err != nil {
			t.Fatal(err)
		}
	}
	check := func(r *latency.Report, err error, n int, first latency.Sprint) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Sprints) != n || r.Sprints[0] != first {
			t.Errorf("got %+v, want %d sprints and first %+v", r.Sprints, n, first)
		}
	}
	put("1", 13)
	put("2", 1) // nobody measures it
	e := NewEngine(s, 20)
	r, err := e.Load(t.Context(), rulesOf(t, "review"), "a", at, nil)
	check(r, err, 12, latency.Sprint{Project: "PAY", Name: "S13", Start: at + 12*hour, End: at + 13*hour})
	put("1", 1)
	r, err = e.Refresh(t.Context(), nil, at+hour)
	check(r, err, 1, latency.Sprint{Project: "PAY", Name: "S1", Start: at, End: at + hour})
}

// interrupted is a store whose reader is told to stop after some stories.
type interrupted struct {
	*store.Store
	left atomic.Int64
	stop context.CancelFunc
}

func (i *interrupted) HistoriesIn(ctx context.Context, in jiradata.Shard) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		for h, err := range i.Store.HistoriesIn(ctx, in) {
			if i.left.Add(-1) < 0 {
				i.stop()
			}
			if !yield(h, err) {
				return
			}
		}
	}
}

// TestAStopInADerivationLosesNothing stops a derivation of everything that has
// written a part of the ledger: the next one counts the rest, and all of it once.
func TestAStopInADerivationLosesNothing(t *testing.T) {
	s := open(t)
	const stories = 2*countBatch + 1 // each of which ended, and met its target
	var list []jiradata.Story
	for id := range int64(stories) {
		list = append(list, tale(id+1, at, "doing", "review", "done"))
	}
	save(t, s, list...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	some := &interrupted{Store: s, stop: stop}
	some.left.Store(stories * 3 / 4)
	if _, err := NewEngine(some, 20).Load(ctx, rulesOf(t, "review"), "a", at+3*hour, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("got error %v, want %v", err, context.Canceled)
	}
	written, err := s.LedgerOf(t.Context(), []int64{1, 2, 3})
	if err != nil || len(written) == 0 {
		t.Errorf("nothing was counted before the stop, %v", err)
	}
	r, err := NewEngine(s, 20).Load(t.Context(), rulesOf(t, "review"), "a", at+3*hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := accepted(r); n != stories {
		t.Errorf("%d accepted, want %d", n, stories)
	}
}

func TestWhatCannotBeCountedIsNotReported(t *testing.T) {
	s := open(t)
	save(t, s, tale(1, at, "doing", "review", "done"))
	if r, err := NewEngine(broken{s}, 20).Load(t.Context(), rulesOf(t, "review"), "a", at+3*hour, nil); err == nil {
		t.Errorf("a report %+v over a ledger that was not written", r)
	}
}

func TestHistoriesComeInOrder(t *testing.T) {
	s := open(t)
	save(t, s, tale(3, at, "doing"), tale(1, at, "doing"))
	var ids []int64
	for h, err := range s.Histories(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, h.ID)
	}
	if d := cmp.Diff([]int64{1, 3}, ids); d != "" {
		t.Error(d)
	}
}
