package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// TestReloadsStarveNoCycle interrupts cycles of half an hour as often as it may.
// One of them ends.
func TestReloadsStarveNoCycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const length = 30 * time.Minute
		var p pace
		var ran []time.Duration
		for {
			p.begin()
			began := time.Now()
			cycle := time.NewTimer(length)
			ended, over := p.spared()
			select {
			case <-ended:
				t.Fatal("a cycle ends that is under way")
			case <-over:
				// a poller that does nothing for a while, and is stopped then
				time.Sleep(time.Second)
			case <-cycle.C:
			}
			ran = append(ran, time.Since(began))
			if time.Since(began) >= length {
				break
			}
			p.interrupt()
		}
		want := []time.Duration{time.Second}
		for d := time.Minute; d < length; d = 2 * want[len(want)-1] {
			want = append(want, d+time.Second)
		}
		want = append(want, length)
		if !slices.Equal(ran, want) {
			t.Errorf("cycles ran for %v, want %v", ran, want)
		}
		p.end()
		p.begin()
		if _, over := p.spared(); !closedBy(over, 0) {
			t.Error("after a cycle that ended the next one is spared")
		}
		p.interrupt()
		p.interrupt() // of a poller that waits
		p.begin()
		ended, over := p.spared()
		go func() { time.Sleep(time.Second); p.end() }()
		select {
		case <-ended:
		case <-over:
			t.Error("a cycle is not spared until its end")
		}
	})
}

// closedBy reports whether a channel receives within a time.
func closedBy(c <-chan time.Time, d time.Duration) bool {
	select {
	case <-c:
		return true
	case <-time.After(d + time.Nanosecond):
		return false
	}
}

// TestReloadsAreJoined asks for reloads in a flood: who asks before one begins
// waits for it, and between two of them is a gap.
func TestReloadsAreJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zapcore.InfoLevel)
		s := &Service{reloads: newReloads(), audit: Audit(zap.New(core))}
		ctx, stop := context.WithCancel(t.Context())
		var begun []time.Time
		go func() {
			for {
				select {
				case <-s.reloads.wake:
				case <-ctx.Done():
					return
				}
				if r := s.reloads.take(); r != nil {
					begun = append(begun, time.Now())
					s.answer([]*reload{r}, errors.New("no"))
				}
			}
		}()
		start := time.Now()
		var people sync.WaitGroup
		answers := 0
		var mu sync.Mutex
		for _, who := range []string{"a", "b", "c", "d"} {
			people.Go(func() {
				for time.Since(start) < time.Second {
					if err := s.Reload(ctx, who); err == nil {
						t.Error("no error comes back")
					}
					mu.Lock()
					answers++
					mu.Unlock()
				}
			})
		}
		people.Wait()
		if len(begun) > 12 || answers < 4*9 {
			t.Errorf("%d reloads for %d requests in a second, want one every %s", len(begun), answers, reloadGap)
		}
		for _, line := range logged.All() {
			if line.LoggerName != "audit" || len(line.ContextMap()["by"].([]any)) > 4 {
				t.Errorf("the audit log says %v %v", line.LoggerName, line.ContextMap())
			}
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if err := s.Reload(gone, "a"); !errors.Is(err, context.Canceled) {
			t.Errorf("who went away is answered with %v", err)
		}
		synctest.Wait()
		time.Sleep(reloadGap)
		stop()
	})
}

// keeper keeps looks, or fails.
type keeper struct {
	kept []string
	err  error
}

func (k *keeper) RecordLook(_ context.Context, owner, by, what string, _ time.Time) error {
	if k.err == nil {
		k.kept = append(k.kept, owner+" by "+by+" at "+what)
	}
	return k.err
}

// TestLooksAreKeptOncePerHour holds that a page that loads itself again is one look.
func TestLooksAreKeptOncePerHour(t *testing.T) {
	core, logged := observer.New(zapcore.InfoLevel)
	k := &keeper{err: errors.New("the disk is full")}
	l := &lookLog{audit: Audit(zap.New(core))}
	l.kept.Store(&keptLooks{in: k, keys: map[string]string{"p-17": "grace"}})
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	see := func(owner, by string, after time.Duration) error {
		return l.RecordLook(t.Context(), owner, by, "/", at.Add(after))
	}
	if err := see("ada", "lin", 0); err == nil {
		t.Error("a look that is not kept is no error")
	}
	k.err = nil
	for _, look := range []struct {
		owner, by string
		after     time.Duration
	}{{"ada", "lin", 0}, {"ada", "lin", time.Second}, {"p-17", "lin", time.Second}, {"ada", "lou", time.Second}, {"ada", "lin", lookEvery - 1}, {"ada", "lin", lookEvery}} {
		if err := see(look.owner, look.by, look.after); err != nil {
			t.Error(err)
		}
	}
	want := []string{"ada by lin at /", "grace by lin at /", "ada by lou at /", "ada by lin at /"}
	if !slices.Equal(k.kept, want) || logged.Len() != len(want) {
		t.Errorf("kept %v and logged %d, want %v", k.kept, logged.Len(), want)
	}
	l.kept.Store(&keptLooks{in: k, together: true})
	if err := see("all", "lin", 0); err != nil || len(k.kept) != len(want) {
		t.Errorf("a look at no single owner is kept: %v, error %v", k.kept, err)
	}
}
