package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// trouble is a Jira on a bad day: it fails at random, its token dies for a
// while, it hangs, its index lags and forgets, some issues cannot be read for a
// moment, and its clock is wrong. Instants are the Jira's.
type trouble struct {
	over   atomic.Bool // the day
	first  atomic.Bool // nothing is stored yet: a refused token would end the service
	short  bool        // the day, which ends without a census: what an index hides from a first sync would stay lost
	skew   time.Duration
	frozen atomic.Pointer[time.Time]
	server *jirasim.Server

	mu      sync.Mutex
	rng     *rand.Rand
	deck    []string
	revoked int         // requests until the token is good again
	hangs   []time.Time // when the next request is never answered
	asked   []time.Time // when it was told who asks, and at what time: when polls begin
	newest  int64       // issue before the day
	shown   map[int64]time.Time
	count   map[string]int
}

// The kinds of trouble that are not a bad answer to one request.
const (
	hanging    = "hang"
	garbled    = "issue that cannot be read"
	lagging    = "index that lags"
	forgetting = "index that forgets"
	hiding     = "index that lags longer than the overlap"
	starting   = "in the first sync"
)

// now returns Jira's clock.
func (tr *trouble) now() time.Time {
	if at := tr.frozen.Load(); at != nil {
		return *at
	}
	return time.Now().Add(tr.skew)
}

// freeze stops the clock at an instant.
func (tr *trouble) freeze(at time.Time) { tr.frozen.Store(&at) }

// faults returns the bad answers by name.
func (tr *trouble) faults() map[string]*jirasim.Fault {
	text := func(kind string) http.Header { return http.Header{"Content-Type": {kind}} }
	return map[string]*jirasim.Fault{
		"429":                     {Status: 429, Header: http.Header{"Retry-After": {"1"}}},
		"429 without Retry-After": {Status: 429},
		"429 with a reset":        {Status: 429, Header: http.Header{"X-Ratelimit-Reset": {tr.now().Add(2 * time.Second).UTC().Format(time.RFC3339)}}},
		"500":                     {Status: 500},
		"502":                     {Status: 502, Header: text("text/html"), Body: "<html>bad gateway</html>"},
		"503":                     {Status: 503, Header: http.Header{"Retry-After": {"1"}}},
		"login page":              {Status: 200, Header: text("text/html"), Body: "<html>log in</html>"},
		"empty":                   {Status: 200, Header: text("application/json")},
		"another document":        {Status: 200, Header: text("application/json"), Body: `{"ok":true}`},
		"403":                     {Status: 403},
		"redirect":                {Status: 302, Header: http.Header{"Location": {"http://127.0.0.1:1/rest"}}},
		"reset":                   {Reset: true},
		"cut":                     {Truncate: 100},
		"slow":                    {Delay: 500 * time.Millisecond},
		"drip":                    {Drip: 50 * time.Microsecond},
		"revoked":                 nil,
	}
}

// fault spoils one request in twenty, and one in five of a first sync, with each
// kind once before any comes again.
func (tr *trouble) fault(r *http.Request) *jirasim.Fault {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if tr.revoked > 0 {
		if tr.revoked--; tr.revoked == 0 || tr.over.Load() {
			tr.server.Restore()
			tr.revoked = 0
		}
	}
	share := 20
	if tr.first.Load() {
		share = 5
	}
	switch {
	case tr.over.Load():
	case len(tr.hangs) > 0 && time.Now().After(tr.hangs[0]):
		tr.hangs = tr.hangs[1:]
		tr.count[hanging]++
		return &jirasim.Fault{Delay: time.Hour}
	case tr.rng.IntN(share) == 0:
		return tr.deal()
	}
	if strings.HasSuffix(r.URL.Path, "/myself") && tr.revoked == 0 {
		tr.asked = append(tr.asked, tr.now())
	}
	return nil
}

// deal returns the next fault of a shuffled deck.
func (tr *trouble) deal() *jirasim.Fault {
	all := tr.faults()
	if len(tr.deck) == 0 {
		tr.deck = slices.Sorted(maps.Keys(all))
		tr.rng.Shuffle(len(tr.deck), func(i, j int) { tr.deck[i], tr.deck[j] = tr.deck[j], tr.deck[i] })
	}
	name := tr.deck[0]
	tr.deck = tr.deck[1:]
	if tr.first.Load() {
		tr.count[starting]++
		if name == "revoked" {
			return all["500"]
		}
	}
	tr.count[name]++
	if name == "revoked" {
		tr.server.Revoke()
		tr.revoked = 3
	}
	return all[name]
}

const (
	soakOverlap = time.Minute      // more than an index may lag behind, and forget, taken together
	longLag     = 90 * time.Second // is more than that
)

// lag is up to half a minute, another one for each issue and minute: what is
// seen now may be gone in a moment.
func (tr *trouble) lag(issue int64) time.Duration {
	if tr.over.Load() || tr.first.Load() {
		return 0
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.count[lagging]++
	return time.Duration((issue*31+time.Now().Unix()/60*17)%30) * time.Second
}

// hides reports whether the index does not show an issue for long after its
// creation, as one new issue in twenty. No webhook may name it either, or what changes
// in it meanwhile is beyond the overlap.
func (tr *trouble) hides(issue int64) bool { return issue > tr.newest && issue%20 == 0 }

// forgets reports whether the index does not show an issue now: one issue in a
// hundred, another one each quarter of a minute, and those that it hides.
func (tr *trouble) forgets(issue int64) bool {
	if tr.hides(issue) && !tr.over.Load() {
		tr.mu.Lock()
		since, met := tr.shown[issue]
		if !met && !tr.first.Load() {
			since = time.Now()
			tr.count[hiding]++
		}
		tr.shown[issue] = since
		tr.mu.Unlock()
		if time.Since(since) < longLag {
			return true
		}
	}
	return tr.strikes(forgetting, (issue+time.Now().Unix()/15)%100 == 0)
}

// garbles reports whether an issue cannot be read now: one issue in three hundred,
// another one every ten seconds.
func (tr *trouble) garbles(issue int64) bool {
	return tr.strikes(garbled, (issue+time.Now().Unix()/10)%300 == 0)
}

func (tr *trouble) strikes(what string, does bool) bool {
	if !does || tr.over.Load() || tr.short && tr.first.Load() {
		return false
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.count[what]++
	return true
}

// pollAfter returns the second poll that began after one that began in the
// second at, or the end of the world: what that one saw had happened by then.
func (tr *trouble) pollAfter(at time.Time) time.Time {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	i, _ := slices.BinarySearchFunc(tr.asked, at.Add(time.Second), time.Time.Compare)
	if i >= len(tr.asked) {
		return at.AddDate(1, 0, 0)
	}
	return tr.asked[i]
}

// postman brings a Jira's webhooks: one in three gets lost, one in three comes
// twice, and in every other half minute none comes at all.
type postman struct {
	url    func() string // where they go
	secret string
	queue  chan int64
	now    func() time.Time
	spares func(issue int64) bool // which no webhook names
	rng    *rand.Rand
	count  map[string]int
}

// Run delivers until ctx ends.
func (p *postman) run(ctx context.Context) {
	for n := 0; ; n++ {
		var issue int64
		select {
		case <-ctx.Done():
			return
		case issue = <-p.queue:
		}
		times := p.rng.IntN(3)
		if time.Now().Unix()/30%2 == 0 || p.spares(issue) {
			times = 0
		}
		p.count[[]string{"lost", "once", "twice"}[times]]++
		body := fmt.Sprintf(`{"timestamp":%d,"webhookEvent":"jira:issue_updated","issue":{"id":"%d"}}`, p.now().UnixMilli(), issue)
		mac := hmac.New(sha256.New, []byte(p.secret))
		mac.Write([]byte(body))
		for range times {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url(), strings.NewReader(body))
			if err != nil {
				return
			}
			req.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
			req.Header.Set("X-Atlassian-Webhook-Identifier", strconv.Itoa(n))
			if resp, err := http.DefaultClient.Do(req); err == nil {
				resp.Body.Close()
			}
		}
	}
}

// change takes note of a change unless too many wait.
func (p *postman) change(issue int64) {
	select {
	case p.queue <- issue:
	default:
	}
}
