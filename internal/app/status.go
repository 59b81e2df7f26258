package app

import (
	"sync"
	"time"

	"github.com/yourturn/yourturn/internal/web"
)

// grace is how long the poller may be silent beyond the time to its next turn
// before the service calls itself unhealthy: a request may time out, and may be
// tried again after as long as Jira asks for.
const grace = 20 * time.Minute

// status owns what the service says about itself. It is safe for concurrent use.
type status struct {
	mu  sync.Mutex
	now web.Status
}

// get returns what the service says about itself now.
func (s *status) get() web.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// set changes what the service says about itself.
func (s *status) set(change func(*web.Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.now)
}

// progress says how far long work has come; "" ends it.
func (s *status) progress(text string) { s.set(func(v *web.Status) { v.Progress = text }) }

// alive says that the poller turns, and turns again after wait at the latest.
func (s *status) alive(wait time.Duration) {
	until := time.Now().Add(wait + grace)
	s.set(func(v *web.Status) { v.AliveUntil = until })
}
