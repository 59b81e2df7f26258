package app

import (
	"sync"
	"time"

	"github.com/yourturn/yourturn/internal/web"
)

// grace is how long the poller may be late before the service is unhealthy: a
// request may time out, and may be tried again after as long as Jira asks for.
const grace = 20 * time.Minute

// status owns the state of the service, as the pages show it. It is safe for
// concurrent use.
type status struct {
	changed chan struct{} // holds a value after each change, for the one who waits for it

	mu  sync.Mutex
	now web.Status
}

func newStatus(now web.Status) *status { return &status{changed: make(chan struct{}, 1), now: now} }

// get returns the state.
func (s *status) get() web.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// set changes the state.
func (s *status) set(change func(*web.Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.now)
	select {
	case s.changed <- struct{}{}:
	default: // it has not been looked at since the change before
	}
}

// progress shows how far long work has come; "" ends it.
func (s *status) progress(text string) { s.set(func(v *web.Status) { v.Progress = text }) }

// alive records that the poller runs, and that its next cycle begins after wait at
// the latest.
func (s *status) alive(wait time.Duration) {
	until := time.Now().Add(wait + grace)
	s.set(func(v *web.Status) { v.AliveUntil = until })
}
