package collector_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jirasim"
)

// TestJiraIsLeftAlone holds that when Jira refuses a request and asks for an
// hour, no request of any kind is sent in that hour, whichever one it refused:
// also one whose failure does not fail the cycle.
func TestJiraIsLeftAlone(t *testing.T) {
	const alone = time.Hour
	for _, tc := range []struct {
		name    string
		refuses func(path, body string) bool
		webhook bool // a webhook names a story
		reread  bool // a story is read again before it is counted
		fails   bool // the cycle that is refused
	}{
		{name: "the first request", refuses: func(path, _ string) bool { return strings.HasSuffix(path, "/myself") }, fails: true},
		{name: "the search", refuses: func(path, body string) bool {
			return strings.Contains(path, "/search") && !strings.Contains(body, `"fields":["id"]`)
		}, fails: true},
		{name: "the census", refuses: func(path, body string) bool {
			return strings.Contains(path, "/search") && strings.Contains(body, `"fields":["id"]`)
		}},
		{name: "sprints", refuses: func(path, _ string) bool { return strings.Contains(path, "/agile/") }},
		{name: "open questions", refuses: readsByID},
		{name: "before it is counted", refuses: readsByID, reread: true},
		{name: "a webhook's story", refuses: readsByID, webhook: true, fails: true},
	} {
		for flavor, kind := range flavors {
			t.Run(tc.name+"/"+flavor, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					v, st := newVoyage(t, kind, filepath.Join(t.TempDir(), "alone.db"))
					defer st.Close()
					ids := []int64{v.create(v.pay), v.create(v.pay)}
					v.restart(func(o *collector.Options) {
						if !tc.webhook && !tc.reread {
							o.OpenQuestions = func(context.Context) ([]int64, error) { return ids, nil }
						}
					})
					v.later(time.Hour)
					v.sync()
					v.later(7 * time.Hour) // a census, sprints and open questions are due

					var refused time.Time
					v.wire.at, v.wire.onwards = 1, true
					v.wire.fault = func(req *http.Request, right func() *http.Response) (*http.Response, error) {
						body, err := io.ReadAll(req.Body)
						if err != nil {
							t.Error(err)
						}
						req.Body = io.NopCloser(bytes.NewReader(body))
						if !refused.IsZero() {
							if since := time.Since(refused); since < alone {
								t.Errorf("%s was asked for %s after the refusal", req.URL.Path, since)
							}
							return right(), nil
						}
						if tc.refuses(req.URL.Path, string(body)) {
							refused = time.Now()
							return says(429, "", "Retry-After", "3600")(req, right)
						}
						return right(), nil
					}
					wanted := make(chan []int64, 1)
					if tc.webhook {
						wanted <- ids
					}
					enough := errors.New("enough")
					var failed []error
					err := v.collector.Run(v.Context(), collector.Schedule{Interval: time.Minute, Wanted: wanted, After: func(_ collector.Result, err error) error {
						if err == nil && tc.reread && refused.IsZero() {
							if _, err := v.collector.Reread(v.Context(), ids); !errors.Is(err, jira.ErrRateLimited) {
								t.Errorf("got error %v, want %v", err, jira.ErrRateLimited)
							}
						}
						if err != nil {
							failed = append(failed, err)
						}
						if !refused.IsZero() && time.Since(refused) >= alone {
							return enough
						}
						return nil
					}})
					if !errors.Is(err, enough) {
						t.Fatal(err)
					}
					// One that failed by the refusal itself, or the one after it.
					if len(failed) != 1 || !errors.Is(failed[0], jira.ErrRateLimited) || strings.Contains(failed[0].Error(), "nothing was sent") == tc.fails {
						t.Errorf("got failed cycles %v, want one, that sent nothing: %t", failed, !tc.fails)
					}
					if live := v.live(); !slices.Equal(live, ids) {
						t.Errorf("got stories %v, want %v", live, ids)
					}
				})
			})
		}
	}
}

// budget is a Jira's budget of requests: what of it is left is filled at each
// interval, and every answer says so as its flavour does.
type budget struct {
	flavor             jirasim.Flavor
	size, fill         int
	interval           time.Duration
	left, refused, had int
	filled             time.Time
}

// spend is a fault: it answers as the server does while there is some left.
func (b *budget) spend(req *http.Request, right func() *http.Response) (*http.Response, error) {
	for b.filled.IsZero() || time.Since(b.filled) >= b.interval {
		if b.filled.IsZero() {
			b.filled, b.left = time.Now(), b.size
			continue
		}
		b.filled, b.left = b.filled.Add(b.interval), min(b.size, b.left+b.fill)
	}
	b.had++
	if b.left == 0 {
		b.refused++
		return says(429, "")(req, right)
	}
	b.left--
	res := right()
	for _, name := range []string{"X-RateLimit-Interval-Seconds", "X-RateLimit-FillRate", "Retry-After"} {
		res.Header.Del(name)
	}
	res.Header.Set("X-RateLimit-Limit", strconv.Itoa(b.size))
	res.Header.Set("X-RateLimit-Remaining", strconv.Itoa(b.left))
	if b.flavor == jirasim.DataCenter {
		wait := 0
		if b.left == 0 {
			wait = int((b.interval - time.Since(b.filled) + time.Second - 1) / time.Second)
		}
		res.Header.Set("X-RateLimit-FillRate", strconv.Itoa(b.fill))
		res.Header.Set("X-RateLimit-Interval-Seconds", strconv.Itoa(int(b.interval/time.Second)))
		res.Header.Set("Retry-After", strconv.Itoa(wait))
	}
	return res, nil
}

// TestBudgetIsNotOverdrawn holds that a sync that needs several times what a
// Jira gives at once slows down and is refused nothing.
func TestBudgetIsNotOverdrawn(t *testing.T) {
	for flavor, kind := range flavors {
		t.Run(flavor, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, st := newVoyage(t, kind, filepath.Join(t.TempDir(), "budget.db"))
				defer st.Close()
				for range 60 {
					v.grow(v.create(v.pay), 0, 3)
				}
				v.later(time.Hour)
				b := &budget{flavor: kind, size: 20, fill: 1, interval: time.Second}
				if kind == jirasim.DataCenter {
					b.size, b.fill, b.interval = 4, 2, 30*time.Second
				}
				v.wire.at, v.wire.onwards, v.wire.fault = 1, true, b.spend
				v.sync()
				if len(v.live()) != 60 || b.had < 2*b.size {
					t.Errorf("got %d stories by %d requests, want 60 by many more than %d", len(v.live()), b.had, b.size)
				}
				if b.refused != 0 {
					t.Errorf("%d of %d requests were refused", b.refused, b.had)
				}
			})
		})
	}
}

// readsByID reports whether a request reads issues by id.
func readsByID(path, _ string) bool {
	return strings.HasSuffix(path, "/issue/bulkfetch") || strings.Contains(path, "/rest/api/2/issue/")
}
