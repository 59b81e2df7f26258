package jira_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
)

const secret = "s3cr3t-t0k3n"

// inProcess serves requests without a network, so that waits between tries
// pass in a bubble of fake time.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	if req.Body == nil {
		req.Body = http.NoBody
	}
	p.ServeHTTP(rec, req)
	resp := rec.Result()
	resp.Request = req
	return resp, nil
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func newClient(t *testing.T, o jira.Options) *jira.Client {
	t.Helper()
	if o.URL == "" {
		o.URL = "https://jira.example.com"
	}
	if o.Token == "" {
		o.Token = secret
	}
	if o.Flavor == "" {
		o.Flavor = jiradata.Cloud
	}
	c, err := jira.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answer writes a JSON reply.
func answer(w http.ResponseWriter, status int, body string, header ...string) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	for i := 0; i < len(header); i += 2 {
		w.Header().Set(header[i], header[i+1])
	}
	w.WriteHeader(status)
	io.WriteString(w, body) //nolint:errcheck // a recorder
}

const me = `{"accountId":"bot","displayName":"Bot","timeZone":"Europe/Berlin"}`

func TestErrors(t *testing.T) {
	html := []string{"Content-Type", "text/html"}
	for _, tc := range []struct {
		name   string
		status int
		body   string
		header []string
		want   error
		says   string // a part of the message
		tries  int
	}{
		{"unauthorized", 401, "<html>", html, jira.ErrUnauthorized, "jira.token_file", 1},
		{"wrong scope", 401, `{"code":401,"message":"Unauthorized; scope does not match"}`, nil, jira.ErrUnauthorized, "scope does not match", 1},
		{"unresolved bearer token", 403, `{"error":"Failed to parse Connect Session Auth Token"}`, nil, jira.ErrForbidden, "Failed to parse Connect Session Auth Token; check that the token in jira.token_file", 1},
		{"CAPTCHA", 403, `<html>`, append(html, "X-Seraph-LoginReason", "AUTHENTICATION_DENIED"), jira.ErrForbidden, "CAPTCHA", 1},
		{"not found", 404, `{"message":"null for uri","status-code":404}`, nil, jira.ErrNotFound, "null for uri", 1},
		{"gone", 410, `{"errorMessages":["The requested API has been removed."],"errors":{}}`, nil, jira.ErrGone, "has been removed", 1},
		{"refused", 400, `{"errorMessages":[],"errors":{"jql":"bad"}}`, nil, jira.ErrRefused, "jql: bad", 1},
		{"rate limited, empty body", 429, "", nil, jira.ErrRateLimited, "HTTP 429", 4},
		{"rate limited for longer than we wait", 429, "", []string{"Retry-After", "3600"}, jira.ErrRateLimited, "wait 1h0m0s", 1},
		{"server error", 500, "<html>oops", html, jira.ErrUnavailable, "HTTP 500", 4},
		{"not implemented", 501, "", nil, jira.ErrUnavailable, "HTTP 501", 1},
		{"login page", 200, "<html>log in", html, jira.ErrBadReply, "text/html", 1},
		{"cut JSON", 200, `{"accountId":"bo`, nil, jira.ErrBadReply, "cut", 1},
		{"nobody", 200, `{}`, nil, jira.ErrBadReply, "no account", 1},
		{"anonymous view", 200, me, []string{"X-Seraph-LoginReason", "AUTHENTICATED_FAILED"}, jira.ErrUnauthorized, "AUTHENTICATED_FAILED", 1},
		{"anonymous on data center", 200, me, []string{"X-AUSERNAME", "anonymous"}, jira.ErrUnauthorized, "anonymously", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				c := newClient(t, jira.Options{Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					tries++
					answer(w, tc.status, tc.body, tc.header...)
				})}})
				_, err := c.Myself(t.Context())
				if !errors.Is(err, tc.want) {
					t.Fatalf("got error %v, want %v", err, tc.want)
				}
				for _, part := range []string{"myself", tc.says} {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("error %q does not say %q", err, part)
					}
				}
				if strings.Contains(err.Error(), secret) {
					t.Errorf("error %q holds the token", err)
				}
				if tries != tc.tries {
					t.Errorf("got %d tries, want %d", tries, tc.tries)
				}
			})
		})
	}
}

// TestForbidden holds that the error of a missing permission does not say to change the
// token, which was accepted.
func TestForbidden(t *testing.T) {
	c := newClient(t, jira.Options{Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 403, `{"errorMessages":[],"errors":{},"error":{"code":403}}`)
	})}})
	_, err := c.Statuses(t.Context())
	if !errors.Is(err, jira.ErrForbidden) || !strings.Contains(err.Error(), "Browse projects") || strings.Contains(err.Error(), "token") || strings.Contains(err.Error(), "code") {
		t.Errorf("got error %v, want one about permissions alone", err)
	}
}

func TestRetriesWaitAsLongAsJiraAsks(t *testing.T) {
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of a bubble's clock
	date := begin.Format(http.TimeFormat)
	for _, tc := range []struct {
		name     string
		status   int
		header   []string
		min, max time.Duration
	}{
		{"no word", 429, nil, 1400 * time.Millisecond, 2600 * time.Millisecond},
		{"seconds", 429, []string{"Retry-After", "17"}, 17 * time.Second, 17 * time.Second},
		{"seconds of a 503", 503, []string{"Retry-After", "17"}, 17 * time.Second, 17 * time.Second},
		{"a 500 is not asked", 500, []string{"Retry-After", "17"}, 1400 * time.Millisecond, 2600 * time.Millisecond},
		{"HTTP date, in Jira's clock", 429, []string{
			"Date", begin.Add(time.Hour).Format(http.TimeFormat), "Retry-After", begin.Add(time.Hour + 40*time.Second).Format(http.TimeFormat),
		}, 40 * time.Second, 40 * time.Second},
		{"reset without seconds", 429, []string{"Date", date, "X-RateLimit-Reset", begin.Add(time.Minute).Format("2006-01-02T15:04Z07:00")}, time.Minute, time.Minute},
		{"Data Center's interval", 429, []string{"X-RateLimit-Interval-Seconds", "20"}, 20 * time.Second, 20 * time.Second},
		{"Data Center's interval, and a wait of 0", 429, []string{"Retry-After", "0", "X-RateLimit-Interval-Seconds", "20"}, 20 * time.Second, 20 * time.Second},
		{"a wait goes before an interval", 429, []string{"Retry-After", "5", "X-RateLimit-Interval-Seconds", "20"}, 5 * time.Second, 5 * time.Second},
		{"a reset goes before an interval", 429, []string{"Date", date, "X-RateLimit-Reset", begin.Add(time.Minute).Format(time.RFC3339), "X-RateLimit-Interval-Seconds", "20"}, time.Minute, time.Minute},
		{"garbage, and an interval", 429, []string{"Retry-After", "-1", "X-RateLimit-Interval-Seconds", "20"}, 20 * time.Second, 20 * time.Second},
		{"an interval with a 503", 503, []string{"X-RateLimit-Interval-Seconds", "20"}, 1400 * time.Millisecond, 2600 * time.Millisecond},
		{"less than our own wait", 429, []string{"Retry-After", "0"}, 1400 * time.Millisecond, 2600 * time.Millisecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				c := newClient(t, jira.Options{Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					if tries++; tries == 1 {
						answer(w, tc.status, "", tc.header...)
						return
					}
					answer(w, 200, `[{"id":"1"}]`)
				})}})
				start := time.Now()
				if _, err := c.Statuses(t.Context()); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took < tc.min || took > tc.max {
					t.Errorf("waited %s, want %s to %s", took, tc.min, tc.max)
				}
			})
		})
	}
}

func TestCancelledWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, jira.Options{Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 429, "", "Retry-After", "60")
		})}})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.Myself(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("got %v after %s, want the deadline after 5s", err, time.Since(start))
		}
	})
}

func TestTruncatedReplyIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		c := newClient(t, jira.Options{Transport: roundTripFunc(func(req *http.Request) (*http.Response, error) {
			rec := httptest.NewRecorder()
			answer(rec, 200, `[{"id":"1"}]`)
			resp := rec.Result()
			if tries++; tries == 1 {
				resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("["), iotest.ErrReader(io.ErrUnexpectedEOF)))
			}
			resp.Request = req
			return resp, nil
		})})
		if _, err := c.Statuses(t.Context()); err != nil || tries != 2 {
			t.Errorf("got error %v after %d tries, want none after 2", err, tries)
		}
	})
}

func TestTokenStaysWithItsHost(t *testing.T) {
	leaked := ""
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaked = r.Header.Get("Authorization")
		answer(w, 200, me)
	}))
	defer other.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/myself") {
			http.Redirect(w, r, other.URL+"/here", http.StatusFound)
			return
		}
		http.Redirect(w, r, "/elsewhere/myself-not", http.StatusFound)
	}))
	defer srv.Close()
	for _, email := range []string{"", "bot@example.com"} {
		c := newClient(t, jira.Options{URL: srv.URL, Email: email})
		_, err := c.Myself(t.Context())
		if !errors.Is(err, jira.ErrBadReply) || !strings.Contains(err.Error(), "another host") {
			t.Errorf("got error %v, want one about another host", err)
		}
		if leaked != "" {
			t.Errorf("the other host was sent %q", leaked)
		}
	}
}

func TestNetworkErrorNamesNoQueryAndNoToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		codes := []int{}
		c := newClient(t, jira.Options{
			Transport: roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }),
			Observe: func(endpoint string, code int, _ time.Duration, h http.Header) {
				if endpoint != "user/search" || h == nil {
					t.Errorf("observed endpoint %q, header %v", endpoint, h)
				}
				codes = append(codes, code)
			},
		})
		_, err := c.FindUsers(t.Context(), "Ada Lovelace")
		if !errors.Is(err, jira.ErrUnavailable) || strings.Contains(err.Error(), "Ada") || strings.Contains(err.Error(), secret) {
			t.Errorf("got error %v", err)
		}
		if len(codes) != 4 {
			t.Errorf("observed %v, want 4 tries", codes)
		}
	})
}

func TestOptions(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		options    jira.Options
	}{
		{"no URL", "jira.url", jira.Options{URL: "example", Token: secret}},
		{"password in URL", "jira.url holds", jira.Options{URL: "https://a:" + secret + "@example.com", Token: secret}},
		{"no token", "jira.token_file", jira.Options{URL: "https://example.com", Token: " \n"}},
		{"unknown flavour", "auto, cloud or datacenter", jira.Options{URL: "https://example.com", Token: secret, Flavor: "server"}},
		{"proxy", "jira.proxy_url", jira.Options{URL: "https://example.com", Token: secret, ProxyURL: "proxy"}},
		{"no certificate", "jira.ca_file", jira.Options{URL: "https://example.com", Token: secret, CAFile: "transport_test.go"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := jira.New(tc.options)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("got error %v, want one about %q", err, tc.want)
			}
		})
	}
}
