package jira

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// longest is how long Jira is left alone at most, whatever it asks for: its
// budgets go by the hour, and a wrong number in a header must not end polling.
const longest = time.Hour

// burst is the reason that Cloud gives where one endpoint alone had too many
// requests in a moment; any other is about all of them.
const burst = "jira-burst-based"

// Hold remembers how long a Jira wants to be left alone. Its zero value is
// ready, and it is safe for concurrent use. A client that takes the place of
// another, after a reload of the config for instance, must share its Hold, or it
// asks at once what Jira has just refused.
type Hold struct {
	mu     sync.Mutex
	wishes map[string]wish // by endpoint; "" is about all of them
}

// wish is what Jira wants of requests until an instant of the local clock: that
// they wait, or, where that is too long for them, that they are not made.
type wish struct {
	until   time.Time
	refused error  // the kind of what requests fail with; nil: they wait
	why     string // of the failure
}

// heed remembers what an answer asks for.
func (h *Hold) heed(endpoint string, status int, header http.Header, now time.Time) {
	wait, asked := retryAfter(status, header, now)
	if !asked {
		wait = easing(header)
	}
	if wait == 0 {
		return
	}
	w := wish{until: now.Add(wait)}
	if wait > patience {
		e := statusError(endpoint, status, header, nil, now)
		w.refused, w.why = e.kind, fmt.Sprintf("nothing was sent, for %s was answered HTTP %d", endpoint, status)
	}
	about := ""
	if header.Get("RateLimit-Reason") == burst {
		about = endpoint
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.wishes == nil {
		h.wishes = map[string]wish{}
	}
	if w.until.After(h.wishes[about].until) {
		h.wishes[about] = w
	}
}

// allow returns when a request to an endpoint may be sent, or an *Error with how
// much longer Jira wants to be left alone.
func (h *Hold) allow(ctx context.Context, endpoint string, now func() time.Time) error {
	for {
		w, left := h.wish(endpoint, now())
		switch {
		case left <= 0:
			return nil
		case w.refused != nil:
			return &Error{Endpoint: endpoint, Detail: w.why, RetryAfter: left, kind: w.refused}
		}
		timer := time.NewTimer(left)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// Until returns until when, in the local clock, Jira wants to be left alone as of
// now, by endpoint; "" is about all of them.
func (h *Hold) Until(now time.Time) map[string]time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string]time.Time{}
	for endpoint, w := range h.wishes {
		if w.until.After(now) {
			out[endpoint] = w.until
		}
	}
	return out
}

// wish returns what Jira wants of requests to an endpoint, and for how much
// longer. Of two wishes the one that forbids them counts, else the longer one.
func (h *Hold) wish(endpoint string, now time.Time) (wish, time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all, one := h.wishes[""], h.wishes[endpoint]
	if forbids := one.refused != nil && one.until.After(now); forbids || all.refused == nil && one.until.After(all.until) {
		return one, one.until.Sub(now)
	}
	return all, all.until.Sub(now)
}
