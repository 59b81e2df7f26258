package app

import (
	"sync"
	"time"
)

// leastGrace is how long at least a cycle is spared that follows an interrupted one.
const leastGrace = time.Minute

// pace keeps reloads from stopping every cycle. A reload may interrupt a cycle; the
// next one is then spared for at least twice as long as that one ran, until one has
// ended. So however often the config changes, every cycle that ends does so. It is
// safe for concurrent use.
type pace struct {
	mu    sync.Mutex
	began time.Time     // the cycle under way; zero: there is none
	ended chan struct{} // is closed when it ends
	grace time.Duration // how long it is spared
}

// begin records that a cycle begins, and end that it was not interrupted.
func (p *pace) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began, p.ended = time.Now(), make(chan struct{})
}

func (p *pace) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != nil {
		close(p.ended)
	}
	p.began, p.ended, p.grace = time.Time{}, nil, 0
}

// spared returns what ends when a reload may stop the poller: the cycle under way,
// or the time for which it is spared.
func (p *pace) spared() (ended <-chan struct{}, over <-chan time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.grace - time.Since(p.began)
	if p.began.IsZero() {
		left = 0
	}
	return p.ended, time.After(max(0, left))
}

// interrupt records that the poller was stopped.
func (p *pace) interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.began.IsZero() {
		p.grace = max(leastGrace, 2*time.Since(p.began))
	}
	p.began, p.ended = time.Time{}, nil
}
