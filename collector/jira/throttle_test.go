package jira_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
)

// moody is a Jira whose answers a test sets, and that keeps what it was asked.
type moody struct {
	asked
	status int // 0: as it should
	header []string
	paths  []string
}

// ServeHTTP implements http.Handler.
func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.paths = append(m.paths, strings.TrimPrefix(r.URL.Path, "/rest/api/2/"))
	for i := 0; i < len(m.header); i += 2 {
		w.Header().Set(m.header[i], m.header[i+1])
	}
	if m.status != 0 {
		answer(w, m.status, "")
		return
	}
	m.asked.ServeHTTP(w, r)
}

// newMoody returns such a Jira of both flavours' paths, and a client of it.
func newMoody(t *testing.T, o jira.Options) (*moody, *jira.Client) {
	if o.Flavor == "" {
		o.Flavor = jiradata.Cloud
	}
	m := &moody{asked: rightAnswers(o.Flavor)}
	o.Transport = inProcess{m}
	return m, newClient(t, o)
}

// wait returns how long an error says that Jira wants to be left alone.
func wait(err error) time.Duration {
	var e *jira.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Wait()
}

// TestJiraIsLeftAlone holds that after a refusal for long nothing is sent to
// any endpoint until Jira's time is over.
func TestJiraIsLeftAlone(t *testing.T) {
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of a bubble's clock
	date := []string{"Date", begin.Format(http.TimeFormat)}
	for _, tc := range []struct {
		name   string
		status int
		header []string
		kind   error
		alone  time.Duration
	}{
		{"429", 429, []string{"Retry-After", "1800"}, jira.ErrRateLimited, 30 * time.Minute},
		{"503", 503, []string{"Retry-After", "1800"}, jira.ErrUnavailable, 30 * time.Minute},
		{"a date", 429, append(date, "Retry-After", begin.Add(20*time.Minute).Format(http.TimeFormat)), jira.ErrRateLimited, 20 * time.Minute},
		{"a reset", 429, append(date, "X-RateLimit-Reset", begin.Add(40*time.Minute).Format(time.RFC3339)), jira.ErrRateLimited, 40 * time.Minute},
		{"a quota", 429, []string{"Retry-After", "1800", "RateLimit-Reason", "jira-quota-tenant-based"}, jira.ErrRateLimited, 30 * time.Minute},
		{"a little more than patience", 429, []string{"Retry-After", "121"}, jira.ErrRateLimited, 121 * time.Second},
		{"longer than any window", 429, []string{"Retry-After", "86400"}, jira.ErrRateLimited, time.Hour},
		{"garbage", 429, []string{"Retry-After", "2147483647"}, jira.ErrRateLimited, time.Hour},
		{"more garbage", 503, []string{"Retry-After", "99999999999999999999999999"}, jira.ErrUnavailable, time.Hour},
		{"a date in another century", 429, []string{"Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT"}, jira.ErrRateLimited, time.Hour},
	} {
		for _, flavor := range []jiradata.Flavor{jiradata.Cloud, jiradata.DataCenter} {
			t.Run(tc.name+"/"+string(flavor), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m, c := newMoody(t, jira.Options{Flavor: flavor})
					m.status, m.header = tc.status, tc.header
					_, err := c.Statuses(t.Context())
					if !errors.Is(err, tc.kind) || wait(err) != tc.alone {
						t.Fatalf("got error %v with a wait of %s, want %v with one of %s", err, wait(err), tc.kind, tc.alone)
					}
					m.status, m.header, m.paths = 0, nil, nil
					for _, later := range []time.Duration{0, tc.alone - time.Second} {
						time.Sleep(later)
						_, err = c.Myself(t.Context())
						if left := tc.alone - later; !errors.Is(err, tc.kind) || wait(err) != left {
							t.Errorf("after %s: got error %v with a wait of %s, want %v with one of %s", later, err, wait(err), tc.kind, left)
						}
						if err != nil && !strings.Contains(err.Error(), "status was answered HTTP") {
							t.Errorf("the error %q does not say what was refused", err)
						}
					}
					if len(m.paths) != 0 {
						t.Errorf("it was asked for %v meanwhile", m.paths)
					}
					time.Sleep(time.Second)
					if _, err := c.Statuses(t.Context()); err != nil {
						t.Errorf("afterwards: %v", err)
					}
				})
			})
		}
	}
}

// TestAWaitIsForEverybody holds that for as short as a request sits out a
// refusal, others wait with it, also once it has given up.
func TestAWaitIsForEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, c := newMoody(t, jira.Options{})
		m.status, m.header = 429, []string{"Retry-After", "100"}
		if _, err := c.Statuses(t.Context()); wait(err) != 100*time.Second || len(m.paths) != 4 {
			t.Fatalf("got error %v after %d tries, want a wait of 100s after 4", err, len(m.paths))
		}
		m.status, m.header = 0, nil
		start := time.Now()
		if _, err := c.IssueTypes(t.Context()); err != nil || time.Since(start) != 100*time.Second {
			t.Errorf("got error %v after %s, want none after 100s", err, time.Since(start))
		}
	})
}

// TestABurstIsOfOneEndpoint holds that the others are asked meanwhile.
func TestABurstIsOfOneEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := &jira.Throttle{}
		m, c := newMoody(t, jira.Options{Throttle: throttle})
		m.status, m.header = 429, []string{"Retry-After", "600", "RateLimit-Reason", "jira-burst-based"}
		if _, err := c.Statuses(t.Context()); wait(err) != 10*time.Minute {
			t.Fatalf("got error %v, want a wait of 10m", err)
		}
		m.status, m.header, m.paths = 0, nil, nil
		if _, err := c.IssueTypes(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := c.Statuses(t.Context()); wait(err) != 10*time.Minute {
			t.Errorf("got error %v, want a wait of 10m", err)
		}
		// A quota that is used up meanwhile is of all endpoints, if for less long.
		m.status, m.header = 429, []string{"Retry-After", "300", "RateLimit-Reason", "jira-quota-global-based"}
		if _, err := c.IssueTypes(t.Context()); wait(err) != 5*time.Minute {
			t.Fatalf("got error %v, want a wait of 5m", err)
		}
		m.status, m.header = 0, nil
		_, all := c.Myself(t.Context())
		_, one := c.Statuses(t.Context())
		if wait(all) != 5*time.Minute || wait(one) != 10*time.Minute {
			t.Errorf("got %v and %v, want waits of 5m and 10m", all, one)
		}
		now := time.Now()
		if diff := cmp.Diff(map[string]time.Time{"": now.Add(5 * time.Minute), "status": now.Add(10 * time.Minute)}, throttle.Until(now)); diff != "" {
			t.Errorf("until when Jira is left alone (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]time.Time{"status": now.Add(10 * time.Minute)}, throttle.Until(now.Add(5*time.Minute))); diff != "" {
			t.Errorf("five minutes later (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"issuetype", "issuetype"}, m.paths); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
		time.Sleep(5 * time.Minute)
		if _, err := c.Myself(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := c.Statuses(t.Context()); wait(err) != 5*time.Minute {
			t.Errorf("got error %v, want a wait of 5m", err)
		}
	})
}

// TestAThrottleOutlivesItsClient holds that a client in the place of another is
// held to what that one was, where it is given its Throttle.
func TestAThrottleOutlivesItsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := &jira.Throttle{}
		m, c := newMoody(t, jira.Options{Throttle: throttle})
		m.status, m.header = 429, []string{"Retry-After", "3600"}
		if _, err := c.Statuses(t.Context()); wait(err) != time.Hour {
			t.Fatalf("got error %v, want a wait of 1h", err)
		}
		time.Sleep(10 * time.Minute)
		_, next := newMoody(t, jira.Options{Throttle: throttle})
		if _, err := next.Statuses(t.Context()); wait(err) != 50*time.Minute {
			t.Errorf("with the same Throttle: got error %v, want a wait of 50m", err)
		}
		_, other := newMoody(t, jira.Options{})
		if _, err := other.Statuses(t.Context()); err != nil {
			t.Errorf("with a Throttle of its own: %v", err)
		}
	})
}

// TestACutRefusalIsHeeded holds that what a refusal's head asks for counts,
// whatever becomes of its body.
func TestACutRefusalIsHeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		c := newClient(t, jira.Options{Transport: roundTripFunc(func(req *http.Request) (*http.Response, error) {
			tries++
			rec := httptest.NewRecorder()
			answer(rec, 429, "", "Retry-After", "3600")
			resp := rec.Result()
			resp.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))
			resp.Request = req
			return resp, nil
		})})
		if _, err := c.Statuses(t.Context()); !errors.Is(err, jira.ErrRateLimited) || tries != 1 {
			t.Errorf("got error %v after %d tries, want %v after 1", err, tries, jira.ErrRateLimited)
		}
	})
}

// TestRequestsEaseOff holds that requests slow down before they are refused,
// where Jira says that its budget is all but used, and only then.
func TestRequestsEaseOff(t *testing.T) {
	for _, tc := range []struct {
		name   string
		header []string
		wait   time.Duration
	}{
		{"nothing is said", nil, 0},
		{"plenty on Cloud", []string{"X-RateLimit-Limit", "350", "X-RateLimit-Remaining", "70"}, 0},
		{"less than a fifth on Cloud", []string{"X-RateLimit-Limit", "350", "X-RateLimit-Remaining", "69"}, time.Second},
		{"near the limit on Cloud", []string{"X-RateLimit-NearLimit", "true"}, time.Second},
		{"not near the limit on Cloud", []string{"X-RateLimit-NearLimit", "false", "X-RateLimit-Limit", "350", "X-RateLimit-Remaining", "300"}, 0},
		{"no number on Cloud", []string{"X-RateLimit-Limit", "350", "X-RateLimit-Remaining", "-Inf"}, 0},
		{"no number on Data Center", []string{"X-RateLimit-Limit", "NaN", "X-RateLimit-Remaining", "NaN", "X-RateLimit-Interval-Seconds", "60"}, 0},
		{"garbage on Cloud", []string{"X-RateLimit-Limit", "many", "X-RateLimit-Remaining", "few"}, 0},
		{"plenty on Data Center", []string{"X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "99", "X-RateLimit-FillRate", "10", "X-RateLimit-Interval-Seconds", "30", "Retry-After", "0"}, 0},
		{"the last on Data Center", []string{"X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "1", "X-RateLimit-FillRate", "10", "X-RateLimit-Interval-Seconds", "30", "Retry-After", "0"}, 0},
		{"nothing left on Data Center", []string{"X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "0", "X-RateLimit-FillRate", "10", "X-RateLimit-Interval-Seconds", "30", "Retry-After", "12"}, 12 * time.Second},
		{"nothing left, and no word when", []string{"X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "0", "X-RateLimit-FillRate", "10", "X-RateLimit-Interval-Seconds", "30", "Retry-After", "0"}, 30 * time.Second},
		{"nothing left for an hour", []string{"X-RateLimit-Limit", "1000", "X-RateLimit-Remaining", "0", "X-RateLimit-FillRate", "1000", "X-RateLimit-Interval-Seconds", "3600"}, 2 * time.Minute},
		{"a Retry-After alone", []string{"Retry-After", "600"}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, c := newMoody(t, jira.Options{})
				m.header = tc.header
				start := time.Now()
				for _, want := range []time.Duration{0, tc.wait, 2 * tc.wait} {
					if _, err := c.Statuses(t.Context()); err != nil || time.Since(start) != want {
						t.Errorf("got error %v after %s, want none after %s", err, time.Since(start), want)
					}
				}
				// What the last of them said still counts; from then on nothing does.
				m.header = nil
				for range 2 {
					if _, err := c.Statuses(t.Context()); err != nil || time.Since(start) != 3*tc.wait {
						t.Errorf("with plenty again: got error %v after %s, want none after %s", err, time.Since(start), 3*tc.wait)
					}
				}
			})
		})
	}
}

// TestRequestsPerSecond holds the pace that the service has unless options say
// another.
func TestRequestsPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := newMoody(t, jira.Options{})
		start := time.Now()
		for range 150 { // of which 50 may come at once
			if _, err := c.Statuses(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("150 requests took %s, want 2s", took)
		}
	})
}
