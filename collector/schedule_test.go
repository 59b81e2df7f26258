package collector

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// scripted is a Source that only ever proves who it is, or fails.
type scripted struct {
	Source
	fail    func(cycle int) error
	updated latency.Instant // when the stories that are read by id were
	n       int
}

func (s *scripted) Myself(context.Context) (jiradata.Identity, error) {
	s.n++
	return jiradata.Identity{Account: "bot", At: latency.At(time.Now().Truncate(time.Second))}, s.fail(s.n)
}

func (s *scripted) Issues(_ context.Context, ids []int64) (page jiradata.Page, missing []int64, err error) {
	for _, id := range ids {
		page.Stories = append(page.Stories, jiradata.Story{History: latency.History{ID: id, Key: "PAY-1"}, ProjectID: "1", Updated: s.updated})
	}
	return page, nil, nil
}

func (s *scripted) Meta(context.Context, []string) (jiradata.Meta, error) {
	return jiradata.Meta{Projects: []jiradata.Project{{ID: "1", Key: "PAY"}}}, nil
}

func (s *scripted) Search(context.Context, jiradata.Query) iter.Seq2[jiradata.Page, error] {
	return func(func(jiradata.Page, error) bool) {}
}

func (s *scripted) IDs(context.Context, jiradata.Query) iter.Seq2[[]int64, error] {
	return func(func([]int64, error) bool) {}
}

func (s *scripted) Updates(context.Context, jiradata.Query) iter.Seq2[map[int64]latency.Instant, error] {
	return func(func(map[int64]latency.Instant, error) bool) {}
}

func (s *scripted) Sprints(context.Context, jiradata.Project) ([]jiradata.Sprint, error) {
	return nil, nil
}

// empty is a Store that keeps its state alone.
type empty struct {
	Store
	state jiradata.State
}

func (e *empty) State(context.Context) (jiradata.State, error) { return e.state, nil }
func (e *empty) SaveMeta(context.Context, jiradata.Meta) error { return nil }
func (e *empty) Meta(context.Context) (jiradata.Meta, error)   { return jiradata.Meta{}, nil }

func (e *empty) Notes(context.Context) ([]jiradata.Note, error) { return nil, nil }

func (e *empty) PresentIDs(context.Context) ([]int64, error) { return nil, nil }

func (e *empty) MissingParents(context.Context) ([]int64, error) { return nil, nil }

func (e *empty) ParentsAlone(context.Context) ([]int64, error) { return nil, nil }

func (e *empty) Known(context.Context, []int64) (map[int64]jiradata.Known, error) { return nil, nil }

func (e *empty) Updates(context.Context, []int64) (map[int64]latency.Instant, error) {
	return nil, nil
}
func (e *empty) ParentsOutside(context.Context) ([]int64, error)              { return nil, nil }
func (e *empty) SaveSprints(context.Context, string, []jiradata.Sprint) error { return nil }
func (e *empty) SaveStories(_ context.Context, b jiradata.Batch) (jiradata.Changed, error) {
	e.state = b.State
	return jiradata.Changed{}, nil
}

func (e *empty) SaveNotes(context.Context, string, []jiradata.Note, []int64) error { return nil }

func (e *empty) SaveCensus(_ context.Context, c jiradata.Census) error {
	e.state = c.State
	return nil
}

type limited struct{ wait time.Duration }

func (l limited) Error() string       { return fmt.Sprintf("wait %s", l.wait) }
func (l limited) Wait() time.Duration { return l.wait }

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		core, logs := observer.New(zap.InfoLevel)
		source := &scripted{fail: func(cycle int) error {
			switch cycle {
			case 2, 3:
				return down
			case 5:
				return limited{5 * time.Minute}
			}
			return nil
		}}
		c, err := New(Options{Source: source, Store: &empty{}, Projects: []string{"PAY"}, Logger: zap.New(core)})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var got []string
		stop := errors.New("enough")
		err = c.Run(t.Context(), Schedule{Interval: time.Minute, After: func(r Result, err error) error {
			got = append(got, fmt.Sprintf("%s full=%t failed=%t", time.Since(start), r.Full, err != nil))
			if len(got) == 6 {
				return stop
			}
			return nil
		}})
		if !errors.Is(err, stop) {
			t.Errorf("got error %v, want what after returned", err)
		}
		want := []string{
			"0s full=true failed=false", "1m0s full=false failed=true", "2m0s full=false failed=true",
			"3m0s full=false failed=false", "4m0s full=false failed=true", "9m0s full=false failed=false",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("cycles (-want +got):\n%s", diff)
		}
		if n := logs.FilterLevelExact(zap.WarnLevel).Len(); n != 2 {
			t.Errorf("got %d warnings, want one for each kind of failure", n)
		}
	})
}

// TestRunShowsWhatWasNamed: Jira's clock is exact to the second, so what happened
// in the last one is shown by another cycle, as soon as there can be one.
func TestRunShowsWhatWasNamed(t *testing.T) {
	for _, tc := range []struct {
		name    string
		updated time.Duration // behind the whole second at which Jira shows the story
		want    []string
	}{
		{"within the second", 600 * time.Millisecond, []string{"0s", "10.7s", "11.7s", "1m11.7s"}},
		{"before it", 0, []string{"0s", "10.7s", "1m10.7s"}},
		{"by another clock", time.Minute, []string{"0s", "10.7s", "1m10.7s"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := &scripted{fail: func(int) error { return nil }}
				c, err := New(Options{Source: source, Store: &empty{}, Projects: []string{"PAY"}})
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				wanted := make(chan []int64)
				go func() {
					time.Sleep(10*time.Second + 700*time.Millisecond)
					source.updated = latency.At(time.Now().Truncate(time.Second).Add(tc.updated))
					wanted <- []int64{7}
				}()
				var got []string
				stop := errors.New("enough")
				if err := c.Run(t.Context(), Schedule{Interval: time.Minute, Wanted: wanted, After: func(Result, error) error {
					if got = append(got, time.Since(start).String()); len(got) == len(tc.want) {
						return stop
					}
					return nil
				}}); !errors.Is(err, stop) {
					t.Errorf("got error %v, want %v", err, stop)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("cycles (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestRunTellsHowLongAFailureTook: a cycle that fails took its time too.
func TestRunTellsHowLongAFailureTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down, stop := errors.New("down"), errors.New("enough")
		source := &scripted{fail: func(int) error { time.Sleep(90 * time.Second); return down }}
		c, err := New(Options{Source: source, Store: &empty{}, Projects: []string{"PAY"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Run(t.Context(), Schedule{Interval: time.Minute, After: func(r Result, err error) error {
			if !errors.Is(err, down) || r.Duration != 90*time.Second {
				t.Errorf("got error %v after %s, want %v after 1m30s", err, r.Duration, down)
			}
			return stop
		}}); !errors.Is(err, stop) {
			t.Errorf("got error %v, want %v", err, stop)
		}
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Options{Source: &scripted{fail: func(int) error { return nil }}, Store: &empty{}, Projects: []string{"PAY"}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		cycles := 0
		if err := c.Run(ctx, Schedule{Interval: time.Minute, After: func(Result, error) error { cycles++; return nil }}); err != nil || cycles != 2 {
			t.Errorf("got %d cycles and %v, want 2 and nil", cycles, err)
		}
	})
}

func TestAnotherAccountIsRefused(t *testing.T) {
	store := &empty{state: jiradata.State{Account: "former", FirstDone: true}}
	c, err := New(Options{Source: &scripted{fail: func(int) error { return nil }}, Store: store, Projects: []string{"PAY"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Sync(t.Context()); !errors.Is(err, ErrOtherAccount) {
		t.Errorf("got error %v, want %v", err, ErrOtherAccount)
	}
	if store.state.Account != "former" {
		t.Error("the state was changed")
	}
}
