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
// requests in a moment. Any other reason is about all endpoints.
const burst = "jira-burst-based"

// Throttle remembers how long a Jira asked to be left alone. Its zero value is
// ready for use, and it is safe for concurrent use. A client that replaces another,
// after a reload of the config for instance, must share its Throttle: else it asks
// at once what Jira has just refused.
type Throttle struct {
	mu     sync.Mutex
	limits map[string]limit // by endpoint; "" is about all of them
}

// limit is what Jira asked for until an instant of the local clock: that requests
// wait, or, where that is longer than they can wait, that none is sent.
type limit struct {
	until   time.Time
	refused error  // the kind of the error that requests fail with; nil: they wait
	why     string // the detail of that error
}

// remember remembers what an answer asks for.
func (t *Throttle) remember(endpoint string, status int, header http.Header, now time.Time) {
	wait, asked := retryAfter(status, header, now)
	if !asked {
		wait = easing(header)
	}
	if wait == 0 {
		return
	}
	p := limit{until: now.Add(wait)}
	if wait > patience {
		e := statusError(endpoint, status, header, nil, now)
		p.refused, p.why = e.kind, fmt.Sprintf("nothing was sent, because %s was answered HTTP %d", endpoint, status)
	}
	about := ""
	if header.Get("RateLimit-Reason") == burst {
		about = endpoint
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.limits == nil {
		t.limits = map[string]limit{}
	}
	if p.until.After(t.limits[about].until) {
		t.limits[about] = p
	}
}

// wait waits until a request to an endpoint may be sent. It returns an *Error with
// how much longer Jira wants to be left alone where that is too long to wait.
func (t *Throttle) wait(ctx context.Context, endpoint string, now func() time.Time) error {
	for {
		p, left := t.limit(endpoint, now())
		switch {
		case left <= 0:
			return nil
		case p.refused != nil:
			return &Error{Endpoint: endpoint, Detail: p.why, RetryAfter: left, kind: p.refused}
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
func (t *Throttle) Until(now time.Time) map[string]time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[string]time.Time{}
	for endpoint, p := range t.limits {
		if p.until.After(now) {
			out[endpoint] = p.until
		}
	}
	return out
}

// limit returns what Jira asked for of requests to an endpoint, and for how much
// longer. Of two limits the one that forbids requests counts, else the longer one.
func (t *Throttle) limit(endpoint string, now time.Time) (limit, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all, one := t.limits[""], t.limits[endpoint]
	if forbids := one.refused != nil && one.until.After(now); forbids || all.refused == nil && one.until.After(all.until) {
		return one, one.until.Sub(now)
	}
	return all, all.until.Sub(now)
}
