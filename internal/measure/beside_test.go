package measure

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/store"
)

// halting is a store of which a stream of stories halts before one of them.
type halting struct {
	*store.Store
	before  int64
	reached chan struct{}
	goOn    chan struct{}
}

func (h halting) HistoriesIn(ctx context.Context, in jiradata.Shard) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		for s, err := range h.Store.HistoriesIn(ctx, in) {
			if err == nil && s.ID == h.before {
				h.reached <- struct{}{}
				<-h.goOn
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

// TestPolledWhileAnotherIsPrepared prepares numbers by another config while polls go on:
// stories change that were read already, and that are yet to be; something becomes final by
// the old rules and is counted, and something by both. The numbers that follow are those
// of a derivation of every story, and each thing is counted once.
func TestPolledWhileAnotherIsPrepared(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*latency.Rules)
	}{
		{"other targets", func(r *latency.Rules) { r.Projects["1"].TargetAcceptance = 1 }},
		{"another acceptance status", func(r *latency.Rules) { r.Projects["1"].Acceptance = latency.Set{"doing": true} }},
		{"a longer slip window", func(r *latency.Rules) { r.Projects["1"].SlipWindow *= 30 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := open(t)
			var list []jiradata.Story
			for id := range int64(40) {
				list = append(list, tale(id+1, at+latency.Instant(id)*hour/4, []string{"doing", "review", "done", "doing"}[:2+id%3]...))
			}
			save(t, s, list...)
			old, rules := rulesOf(t, "review"), rulesOf(t, "review")
			tc.change(rules)
			running := NewEngine(s, 20)
			running.KeepAs("build")
			if _, err := running.Load(t.Context(), old, "a", at+5*hour, nil); err != nil {
				t.Fatal(err)
			}
			for _, before := range []int64{2, 39} { // a second reload follows the first
				slow := halting{s, before, make(chan struct{}), make(chan struct{})}
				next := NewEngine(slow, 20)
				next.KeepAs("/")
				var noted Beside
				running.Note(&noted)
				began, failed := make(chan struct{}), make(chan error, 1)
				go func() {
					failed <- next.Prepare(t.Context(), rules, "b", at+5*hour, func() { close(began) })
				}()
				<-slow.reached
				<-began
				asOf := at + 5*hour
				for poll := range int64(6) {
					asOf += hour / 2
					var changed []int64
					for _, id := range []int64{1 + poll, 40 - poll} {
						changed = append(changed, save(t, s, tale(id, at+latency.Instant(id)*hour/4, "doing", "review", "done", "review", "done"))...)
					}
					if _, err := running.Refresh(t.Context(), changed, asOf); err != nil {
						t.Fatal(err)
					}
				}
				touched := save(t, s, tale(20, at, "doing", "review", "done", "review")) // and nobody derived it
				close(slow.goOn)
				if err := <-failed; err != nil {
					t.Fatal(err)
				}
				next.KeepAs("build2")
				r, err := next.Follow(t.Context(), touched, &noted, asOf, nil)
				if err != nil {
					t.Fatal(err)
				}
				comparesWithAllBy(t, s, rules, "b", asOf, r)
				again := NewEngine(s, 20)
				again.KeepAs("build2")
				if r, err = again.Restore(t.Context(), rules, "b", asOf+hour); err != nil {
					t.Fatal(err)
				}
				comparesWithAllBy(t, s, rules, "b", asOf+hour, r)
				running = again
			}
		})
	}
}

// TestAPreparationEndsWithItsContext holds that a reload that is given up stops deriving
// in the middle of the stories.
func TestAPreparationEndsWithItsContext(t *testing.T) {
	s := open(t)
	var list []jiradata.Story
	for id := range int64(40) {
		list = append(list, tale(id+1, at, "doing", "review", "done"))
	}
	save(t, s, list...)
	slow := halting{s, 20, make(chan struct{}), make(chan struct{})}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	failed := make(chan error, 1)
	go func() {
		failed <- NewEngine(slow, 20).Prepare(ctx, rulesOf(t, "review"), "a", at+hour, func() {})
	}()
	<-slow.reached
	stop()
	close(slow.goOn)
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}

// TestWhatIsUnreadStaysSo holds that neither a start from what is kept nor a reload counts
// what the search index showed long after it happened, and nobody could read by its id yet.
func TestWhatIsUnreadStaysSo(t *testing.T) {
	s := open(t)
	rules := rulesOf(t, "review")
	away := func(context.Context, []int64) ([]int64, error) { return nil, errors.New("away") }
	engine := func(identity string) *Engine {
		e := NewEngine(s, 20)
		e.ConfirmBy(away)
		e.KeepAs(identity)
		return e
	}
	check := func(what string, e *Engine, r *latency.Report, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := accepted(r); n != 0 || !e.Unconfirmed() {
			t.Errorf("%s: %d accepted, and unconfirmed is %v: want none, and that it still is", what, n, e.Unconfirmed())
		}
	}
	running := engine("build")
	if _, err := running.Load(t.Context(), rules, "a", at, nil); err != nil {
		t.Fatal(err)
	}
	r, err := running.Refresh(t.Context(), save(t, s, tale(1, at-10*hour, "doing", "review", "done")), at+hour)
	check("polled", running, r, err)

	next := engine("build2")
	var noted Beside
	running.Note(&noted)
	if err := next.Prepare(t.Context(), rules, "a", at+hour, func() {}); err != nil {
		t.Fatal(err)
	}
	written := save(t, s, tale(2, at-11*hour, "doing", "review", "done")) // and nobody derived it
	r, err = next.Follow(t.Context(), written, &noted, at+hour, nil)
	check("reloaded", next, r, err)

	again := engine("build2")
	r, err = again.Restore(t.Context(), rules, "a", at+2*hour)
	check("restarted", again, r, err)

	save(t, s, tale(3, at-12*hour, "doing", "review", "done"))
	again = engine("build2")
	r, err = again.Restore(t.Context(), rules, "a", at+2*hour)
	check("restarted before it derived", again, r, err)

	other := engine("build3")
	if _, err := other.Restore(t.Context(), rules, "a", at+3*hour); !errors.Is(err, ErrOther) {
		t.Fatalf("got error %v, want %v", err, ErrOther)
	}
	r, err = other.Load(t.Context(), rules, "a", at+3*hour, nil)
	check("restarted as another build", other, r, err)

	read := NewEngine(s, 20)
	read.ConfirmBy(func(context.Context, []int64) ([]int64, error) { return nil, nil })
	read.KeepAs("build3")
	if _, err := read.Restore(t.Context(), rules, "a", at+4*hour); err != nil {
		t.Fatal(err)
	}
	r, err = read.Refresh(t.Context(), nil, at+4*hour)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := accepted(r); n != 3 || read.Unconfirmed() {
		t.Errorf("once they are read: %d accepted, and unconfirmed is %v: want 3, and no more", n, read.Unconfirmed())
	}
}
