package app

import (
	"sync"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/web"
)

// TestStatusLosesNoChange changes one field while others are changed.
func TestStatusLosesNoChange(t *testing.T) {
	var s status
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for range 100 {
				s.set(func(v *web.Status) { v.Notes = append(v.Notes, "a note") })
				s.progress("reading")
				s.alive(time.Hour)
			}
		})
	}
	writers.Wait()
	if got := s.get(); len(got.Notes) != 800 || got.Progress != "reading" {
		t.Errorf("got %d notes and progress %q, want 800 and reading", len(got.Notes), got.Progress)
	}
}

// TestAliveUntilTheNextTurnAndSomeGrace: whoever watches the service waits for a
// request that is tried again before it calls the service dead.
func TestAliveUntilTheNextTurnAndSomeGrace(t *testing.T) {
	var s status
	if !s.get().AliveUntil.IsZero() {
		t.Error("it is alive before its poller has begun")
	}
	before := time.Now()
	s.alive(time.Minute)
	if left := s.get().AliveUntil.Sub(before); left < time.Minute+grace || left > time.Minute+grace+time.Minute {
		t.Errorf("it is alive for %s, want %s", left, time.Minute+grace)
	}
}
