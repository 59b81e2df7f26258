package web

import (
	"container/list"
	"context"
	"net/http"
	"sync"
	"time"
)

// A request of a lane that is full ends the oldest one that has been answered for
// longer than slowAfter, and waits so long for its place.
const (
	slowAfter = 2 * time.Second
	patience  = time.Second
)

// lane bounds how many requests of a route are answered at a time.
type lane struct {
	places  chan struct{}
	patient bool // nobody is cut off
	mu      sync.Mutex
	inside  list.List // of *visit, the oldest first
}

// visit is a request that is answered.
type visit struct {
	since time.Time
	conn  *http.ResponseController
	cut   bool
}

func newLane(places int, patient bool) *lane {
	return &lane{places: make(chan struct{}, places), patient: patient}
}

// enter waits for a place. ok is false if there is none; else leave ends the visit.
func (l *lane) enter(ctx context.Context, w http.ResponseWriter) (leave func(), ok bool) {
	select {
	case l.places <- struct{}{}:
	default:
		l.cutOldest()
		wait := time.NewTimer(patience)
		defer wait.Stop()
		select {
		case l.places <- struct{}{}:
		case <-wait.C:
			return nil, false
		case <-ctx.Done():
			return nil, false
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	place := l.inside.PushBack(&visit{since: time.Now(), conn: http.NewResponseController(w)})
	return func() {
		l.mu.Lock()
		l.inside.Remove(place)
		l.mu.Unlock()
		<-l.places
	}, true
}

// cutOldest cuts off the oldest reader, or sender, that is slow.
func (l *lane) cutOldest() {
	if l.patient {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for e := l.inside.Front(); e != nil; e = e.Next() {
		v := e.Value.(*visit)
		now := time.Now()
		if now.Sub(v.since) < slowAfter {
			return
		}
		if !v.cut {
			v.cut = true
			v.conn.SetReadDeadline(now)  //nolint:errcheck // a writer without deadlines is never slow
			v.conn.SetWriteDeadline(now) //nolint:errcheck // likewise
			return
		}
	}
}
