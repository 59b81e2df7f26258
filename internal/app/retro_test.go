package app

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/retrospective"
	"github.com/yourturn/yourturn/internal/web"
)

// maker makes retrospectives when a test says so.
type maker struct {
	*retros
	made    []string // what was made, in order
	proceed chan error
	busy    int
}

// making runs f beside retros whose retrospectives take until the test sends how they end.
func making(t *testing.T, f func(m *maker)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := &maker{retros: newRetros(zap.NewNop(), &answers{}), proceed: make(chan error)}
		m.report = func(ctx context.Context, ask web.RetroAsk, progress func()) (*retrospective.Report, error) {
			if m.busy++; m.busy > 1 {
				t.Error("two are made at once")
			}
			defer func() { m.busy-- }()
			progress()
			select {
			case err := <-m.proceed:
				m.made = append(m.made, ask.Sprint)
				return &retrospective.Report{Open: make([]retrospective.Waited, 1)}, err
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		go m.run(ctx)
		f(m)
		stop()
		synctest.Wait()
	})
}

// of asks for a sprint.
func (m *maker) of(sprint string, data latency.Instant) web.Retro {
	defer synctest.Wait()
	return m.ask(web.RetroAsk{Projects: []string{"PAY"}, Sprint: sprint}, edition{data: data})
}

// ends lets the one that is made end.
func (m *maker) ends(err error) {
	m.proceed <- err
	synctest.Wait()
}

func TestRetroIsMadeOnceForAll(t *testing.T) {
	making(t, func(m *maker) {
		for range 3 {
			if r := m.of("one", 1); r.Report != nil || !r.Making {
				t.Errorf("before it is made: %+v", r)
			}
		}
		m.of("two", 1)
		if r := m.of("one", 1); r.Progress != "1 stories are read" {
			t.Errorf("while it is made: %q", r.Progress)
		}
		if r := m.of("two", 1); r.Progress != "it waits for its turn" {
			t.Errorf("while another is made: %q", r.Progress)
		}
		m.ends(nil)
		m.ends(nil)
		first := m.of("one", 1)
		if first.Report == nil || first.Making || fmt.Sprint(m.made) != "[one two]" {
			t.Errorf("%+v, made %v", first, m.made)
		}
		if r := m.of("one", 2); r.Report != first.Report || !r.Making {
			t.Errorf("with newer data: %+v, want the older one while the newer is made", r)
		}
		m.ends(nil)
		if r := m.of("one", 2); r.Report == first.Report || r.Making {
			t.Errorf("made anew: %+v", r)
		}
	})
}

func TestRetroThatFails(t *testing.T) {
	making(t, func(m *maker) {
		m.of("one", 1)
		m.ends(errors.New("the disk is gone"))
		m.of("none", 1)
		m.ends(query.UnknownError{What: "--sprint", Value: "none"})
		for _, sprint := range []string{"one", "none"} {
			if r := m.of(sprint, 1); r.Err == nil || r.Making || r.Report != nil {
				t.Errorf("%s: %+v", sprint, r)
			}
		}
		if m.of("one", 2); len(m.made) != 2 {
			t.Errorf("made %v", m.made)
		}
		m.ends(nil)
		if r := m.of("one", 2); r.Err != nil || r.Report == nil {
			t.Errorf("with newer data: %+v", r)
		}
	})
}

func TestRetrosAreBounded(t *testing.T) {
	making(t, func(m *maker) {
		for i := range keptRetros {
			m.of(fmt.Sprint(i), 1)
		}
		if r := m.of("more", 1); !r.Making || r.Progress != "others are made first" {
			t.Errorf("with a full queue: %+v", r)
		}
		m.ends(nil)
		if m.of("more", 1); len(m.list) != keptRetros {
			t.Errorf("%d are kept, want %d", len(m.list), keptRetros)
		}
		// The others are not asked for any more, so they are not made.
		time.Sleep(retroPatience + time.Second)
		if m.of("wanted", 1); len(m.list) != keptRetros {
			t.Errorf("%d are kept, want %d", len(m.list), keptRetros)
		}
		m.ends(nil) // the one that was being made
		m.ends(nil)
		if fmt.Sprint(m.made) != "[0 1 wanted]" {
			t.Errorf("made %v", m.made)
		}
	})
}

// TestRetroIsForgotten forgets, as another config and an erasure do.
func TestRetroIsForgotten(t *testing.T) {
	making(t, func(m *maker) {
		m.of("one", 1)
		m.ends(nil)
		m.forget()
		if r := m.of("one", 1); r.Report != nil || !r.Making {
			t.Errorf("%+v", r)
		}
		m.forget()  // while it is made
		m.ends(nil) // which is of no use any more
		if r := m.of("one", 1); r.Report != nil {
			t.Errorf("what was begun before: %+v", r)
		}
		m.ends(nil)
		if r := m.of("one", 1); r.Report == nil {
			t.Errorf("%+v", r)
		}
	})
}

// TestRetroByOtherRules has other rules come into force, while the data stay.
func TestRetroByOtherRules(t *testing.T) {
	making(t, func(m *maker) {
		m.of("one", 1)
		m.ends(nil)
		if r := m.ask(web.RetroAsk{Projects: []string{"PAY"}, Sprint: "one"}, edition{1, &latency.Rules{}}); !r.Making {
			t.Errorf("by other rules: %+v", r)
		}
		synctest.Wait()
		m.ends(nil)
	})
}
