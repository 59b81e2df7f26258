package main

import (
	stdcmp "cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/store"
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

// The kinds of trouble that no request of its own bears.
const (
	hanging    = "hang"
	garbled    = "issue that cannot be read"
	lagging    = "index that lags"
	forgetting = "index that forgets"
	hiding     = "index that lags longer than the overlap"
	starting   = "in the first sync"
)

// now is the Jira's clock.
func (tr *trouble) now() time.Time {
	if at := tr.frozen.Load(); at != nil {
		return *at
	}
	return time.Now().Add(tr.skew)
}

// freeze makes it an instant for ever.
func (tr *trouble) freeze(at time.Time) { tr.frozen.Store(&at) }

// faults are the bad answers by name.
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

// hides tells of an issue that the index does not show for long after its
// creation: one new one in twenty. Webhooks must not tell of it either, or what
// changes in it meanwhile is beyond the overlap.
func (tr *trouble) hides(issue int64) bool { return issue > tr.newest && issue%20 == 0 }

// forgets tells of an issue in a hundred, another one each quarter of a minute,
// and of those that are not shown yet.
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

// garbles tells of an issue in three hundred, another one each ten seconds.
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
	url, secret string
	queue       chan int64
	now         func() time.Time
	spares      func(issue int64) bool // which it does not tell of
	rng         *rand.Rand
	count       map[string]int
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
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, strings.NewReader(body))
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

// serveVariable tells this binary to serve the config it names, as a process of
// its own: what is sampled then is the product's and not the test's.
const serveVariable = "YOURTURN_TEST_SERVE"

func TestMain(m *testing.M) {
	config := os.Getenv(serveVariable)
	if config == "" {
		m.Run()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if code := run(ctx, []string{"serve", "--config.file", config, "--web.listen-address", "127.0.0.1:0"}, streams{os.Stdin, os.Stdout, os.Stderr}); code != 0 {
		os.Exit(code) //nolint:forbidigo // it is a main
	}
}

// longSoak is how long a day must be for every kind of trouble to be in it.
const longSoak = 10 * time.Minute

// TestSoak serves a living team's Jira on a bad day that YOURTURN_SOAK says the
// length of, from the first sync on. When the day is over it holds that the store
// has all that a new one reads and nothing that never was, that both tell the
// ground truth, that the process has counted what the ground truth says, once,
// and that it has not grown.
func TestSoak(t *testing.T) {
	text := os.Getenv("YOURTURN_SOAK")
	switch {
	case text == "" && os.Getenv("YOURTURN_REQUIRE_ALL") == "":
		t.Skip("set YOURTURN_SOAK=20m to run it so long")
	case text == "":
		text = "5s"
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("YOURTURN_SOAK: %v", err)
	}
	for i, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			soak(t, flavor, int64(i+1), length)
		})
	}
}

func soak(t *testing.T, flavor jirasim.Flavor, seed int64, length time.Duration) {
	tr := &trouble{
		short: length <= soakOverlap/2,
		rng:   rand.New(rand.NewPCG(uint64(seed), 0)), count: map[string]int{}, shown: map[int64]time.Time{}, //nolint:gosec // no secret
		skew: map[jirasim.Flavor]time.Duration{jirasim.Cloud: 7 * time.Minute, jirasim.DataCenter: -7 * time.Minute}[flavor],
	}
	past := team.Options{Seed: seed, Flavor: flavor, Now: tr.now, SlipWindow: liveSlip}
	speed := float64(liveSpeed)
	if length > time.Minute {
		// More than the store caches, or its cache grows with the day; and at a speed
		// at which the day adds little to them.
		past.MinStories, speed = 5000, liveSpeed*3/10
	}
	tm, err := team.New(past)
	if err != nil {
		t.Fatal(err)
	}
	defer tm.Close()
	opts := jirasim.Options{Token: "t0k3n", Email: "bot@example.com", Fault: tr.fault, IndexLagOf: tr.lag, Unindexed: tr.forgets, Garbled: tr.garbles}
	if flavor == jirasim.DataCenter {
		opts.Email, opts.ContextPath = "", "/jira"
	}
	tr.server = jirasim.NewServer(tm.Site(), opts)
	srv := httptest.NewServer(tr.server)
	defer srv.Close()
	s := &soaking{T: t, tm: tm, tr: tr, length: length, dir: t.TempDir(), jira: srv.URL + opts.ContextPath}
	write(t, filepath.Join(s.dir, "token"), "t0k3n\n")
	write(t, filepath.Join(s.dir, "hook"), "hush\n")
	for _, w := range tm.Truth() {
		tr.newest = max(tr.newest, w.StoryID)
	}

	// The first sync is part of the day.
	tr.first.Store(true)
	s.began = tr.now()
	base := s.serve()
	living, rest := context.WithCancel(t.Context())
	defer rest()
	post := &postman{url: base + "/webhook/jira", secret: "hush", queue: make(chan int64, 100), now: tr.now, spares: tr.hides, rng: rand.New(rand.NewPCG(uint64(seed), 1)), count: map[string]int{}} //nolint:gosec // no secret
	tm.Site().Update(func() { tm.Site().OnChange = post.change })
	var people, delivery sync.WaitGroup
	people.Go(func() { tm.Live(living, speed) }) //nolint:errcheck // it ends with its context
	awaitFor(t, 5*time.Minute, base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	tr.first.Store(false)
	delivery.Go(func() { post.run(living) })
	tr.mu.Lock()
	for at := length / 4; length >= 5*time.Minute && at < length; at += length / 3 {
		tr.hangs = append(tr.hangs, time.Now().Add(at))
	}
	tr.mu.Unlock()
	ending := time.AfterFunc(length, rest)
	defer ending.Stop()
	samples := s.sampled(living, base+"/metrics")
	people.Wait()
	delivery.Wait()
	tm.Settle(t.Context())
	tr.over.Store(true)

	// Nothing happens any more: in an hour all of it is final, and what the polls
	// did not see was looked at. From then on Jira's clock stands.
	s.end = tr.now().Add(65 * time.Minute).Truncate(time.Second)
	tr.freeze(s.end)
	polls := `yourturn_poll_cycles_total{result="complete"}`
	seen := 0.0
	served := awaitFor(t, 7*time.Minute, base+"/metrics", func(_ int, body string) bool {
		if value(body, "yourturn_data_timestamp_seconds") != float64(s.end.Unix()) {
			return false
		}
		// All of a short day is within the overlap. After a longer one a census is to
		// look back, which comes minutes after one that failed.
		if !tr.short && value(body, "yourturn_census_timestamp_seconds") != float64(s.end.Unix()) {
			return false
		}
		if seen == 0 {
			seen = value(body, polls)
		}
		return value(body, polls) > seen+1
	})
	s.stop()

	s.holdsAll()
	s.tellsTheTruth()
	s.counts(served)
	s.showsOpen(served)
	s.troubled(post.count)
	s.noTrend(samples)
}

// soaking is a day's soak and what it left.
type soaking struct {
	*testing.T
	tm         *team.Team
	tr         *trouble
	dir, jira  string
	length     time.Duration
	began, end time.Time // of the day, and what all is compared as of

	cmd   *exec.Cmd
	out   output
	ended chan int

	fresh, soaked map[int64]latency.History
	heard         map[int64]team.Heard
	touched       map[string]bool // stories to which something happened in the day, by id
}

// db and config name the files of a store.
func (s *soaking) db(name string) string { return filepath.Join(s.dir, name+".db") }

func (s *soaking) config(name string) string {
	file := filepath.Join(s.dir, name+".yml")
	text := s.tm.ConfigYAML(team.Setup{JiraURL: s.jira, StoreURL: "sqlite:" + s.db(name), TokenFile: filepath.Join(s.dir, "token"), PollInterval: time.Second})
	text = strings.Replace(text, "jira:\n", fmt.Sprintf("jira:\n  census_interval: 10s\n  overlap: %s\n", soakOverlap), 1)
	write(s.T, file, text+"webhook: {secret_file: hook}\n")
	return file
}

// serve starts the service as a process of its own, and returns where it listens.
func (s *soaking) serve() (base string) {
	s.Helper()
	s.cmd = exec.CommandContext(s.Context(), os.Args[0])
	s.cmd.Env = append(os.Environ(), serveVariable+"="+s.config("soaked"))
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.ended = make(chan int, 1)
	go func() {
		s.cmd.Wait() //nolint:errcheck // the code tells
		s.ended <- s.cmd.ProcessState.ExitCode()
	}()
	s.Cleanup(func() {
		if s.Failed() {
			s.Log(warnings(s.out.String()))
		}
	})
	return "http://" + started(s.T, &s.out, s.ended, `"address": "([^"]+)"`)
}

// warnings returns the last lines of a log that say more than that all is well.
func warnings(log string) string {
	var list []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, "WARN") || strings.Contains(line, "ERROR") {
			list = append(list, line)
		}
	}
	return strings.Join(list[max(0, len(list)-20):], "")
}

// stop ends it as an operator does.
func (s *soaking) stop() {
	s.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.Fatal(err)
	}
	if code := <-s.ended; code != 0 {
		s.Fatalf("serve ended with %d:\n%s", code, &s.out)
	}
}

// holdsAll fails unless the soaked store holds the stories of a fresh one as they
// are and all their events, each once, and beside them nothing but what Jira no
// longer shows of comments that were edited and deleted.
func (s *soaking) holdsAll() {
	s.Helper()
	command(s.T, 0, "sync", "--config.file", s.config("fresh"))
	s.fresh, s.soaked = histories(s.T, s.db("fresh")), histories(s.T, s.db("soaked"))
	for story, want := range s.fresh {
		got, ok := s.soaked[story]
		if !ok {
			s.Errorf("story %s was lost", want.Key)
			continue
		}
		if diff := cmp.Diff(want.Now, got.Now); diff != "" || want.Key != got.Key {
			s.Errorf("story %s is %s, and otherwise than it is (-is +stored):\n%s", want.Key, got.Key, diff)
		}
		have, shown := ids(got), ids(want)
		for id, ev := range shown {
			if _, ok := have[id]; !ok {
				s.Errorf("story %s lost event %+v", want.Key, ev)
			}
		}
		for id, ev := range have {
			if _, ok := shown[id]; !ok && (ev.Rank == latency.RankCreated || ev.Rank == latency.RankRecord || ev.Rank == latency.RankGone || ev.Rank == latency.RankReturned) {
				s.Errorf("story %s has event %+v, which never was", want.Key, ev)
			}
		}
	}
	for story, got := range s.soaked {
		if _, ok := s.fresh[story]; !ok {
			s.Errorf("story %s is not there, and stored", got.Key)
		}
	}
	s.hear()
}

// hear learns from the soaked store which comments it saw, saying what, and
// fails on what it took for an edit or a deletion and was none.
func (s *soaking) hear() {
	s.Helper()
	remarks := map[int64]team.Remark{}
	for _, r := range s.tm.Remarks() {
		remarks[r.ID] = r
	}
	s.heard = map[int64]team.Heard{}
	last := map[int64]comment.Facts{}
	never := map[string][]string{}
	for _, h := range s.soaked {
		for _, ev := range h.Events {
			r, h := remarks[ev.ID], s.heard[ev.ID]
			wrong := func(what string) {
				never[what] = append(never[what], fmt.Sprintf("story %d, comment %d at %s, observed %t", r.StoryID, ev.ID, stampOf(ev.At.Time()), ev.Observed))
			}
			says := func(i int) bool { return cmp.Equal(*ev.Comment, comment.Wiki(r.Texts[i].Text), cmpopts.EquateEmpty()) }
			switch ev.Rank {
			case latency.RankCommentAdded:
				for h.First = 0; h.First < len(r.Texts) && !says(h.First); h.First++ {
				}
				if h.First == len(r.Texts) {
					wrong("a comment that never said that")
					continue
				}
				last[ev.ID] = *ev.Comment
			case latency.RankCommentEdited:
				i := slices.IndexFunc(r.Texts, func(x team.Text) bool { return latency.At(x.At) == ev.At })
				if ev.Observed || i < 1 || !says(i) {
					wrong("an edit that never was")
					continue
				}
				h.Later = append(h.Later, i)
				last[ev.ID] = *ev.Comment
			case latency.RankCommentDeleted:
				if r.Deleted.IsZero() || s.tr.pollAfter(ev.At.Time()).Before(r.Deleted) {
					wrong("a deletion that never was")
				}
				h.Deleted = ev.At.Time()
			default:
				continue
			}
			s.heard[ev.ID] = h
		}
	}
	for what, list := range never {
		s.Errorf("%d times %s:\n%s", len(list), what, strings.Join(list[:min(len(list), 8)], "\n"))
	}
	edited, deleted := 0, 0
	for id, h := range s.heard {
		r := remarks[id]
		switch {
		case !r.Deleted.IsZero():
			deleted++
			if h.Deleted.IsZero() {
				s.Errorf("story %d: comment %d was deleted, and is stored as if it were there", r.StoryID, id)
			}
		case !cmp.Equal(last[id], comment.Wiki(r.Texts[len(r.Texts)-1].Text), cmpopts.EquateEmpty()):
			s.Errorf("story %d: comment %d is stored with what it does not say any more", r.StoryID, id)
		}
		if len(h.Later) > 0 {
			edited++
		}
	}
	s.Logf("%d comments were seen, %d of them before an edit, %d before a deletion", len(s.heard), edited, deleted)
}

// tellsTheTruth fails unless both stores tell of every story what its people
// know, as far as it can be known: of comments that were edited or deleted, what
// each store saw of them.
func (s *soaking) tellsTheTruth() {
	s.Helper()
	at := stampOf(s.end)
	s.touched = map[string]bool{}
	for _, h := range s.soaked {
		if h.Events[len(h.Events)-1].At >= latency.At(s.began) {
			s.touched[strconv.FormatInt(h.ID, 10)] = true
		}
	}
	for _, of := range []struct {
		name string
		want []team.Wait
	}{
		{"fresh", s.tm.Known([]time.Time{s.end})},
		{"soaked", s.tm.KnownOf(s.heard, s.end)},
	} {
		config := filepath.Join(s.dir, of.name+".yml")
		want := told(of.want)
		diff := differences(want, derived(s.T, config, "--as-of", at))
		stories := map[string]bool{}
		for _, p := range want {
			if s.touched[p.StoryID] {
				stories[p.StoryID] = true
			}
		}
		figure(s.T, "%s store: %d waits compared with the ground truth, %d of them of %d stories touched in the day (of %d), %d differ",
			of.name, len(want), len(slices.DeleteFunc(want, func(p part) bool { return !s.touched[p.StoryID] })), len(stories), len(s.touched), len(diff))
		// The others of the day were compared too, and have had no wait.
		if len(stories) == 0 || s.length >= longSoak && len(stories) < max(300, len(s.touched)/2) {
			s.Errorf("%s: %d stories of the day have waits, too few to say anything", of.name, len(stories))
		}
		if len(diff) > 0 {
			s.Errorf("%s: %d differences\n%s", of.name, len(diff), strings.Join(diff[:min(len(diff), 12)], "\n"))
			s.Log(command(s.T, 0, "waits", "--config.file", config, "--story", s.tm.Site().Key(storyOf(diff[0]))))
		}
	}
}

// counts fails unless a count of all that is stored comes to what the ground
// truth says, and the process has counted that too: all of it, once. What it
// counted and a later fact has changed since, such as a first ask that is deleted,
// is in the audit, and rare.
func (s *soaking) counts(served string) {
	s.Helper()
	for _, suffix := range []string{"", "-wal"} {
		if text, err := os.ReadFile(s.db("soaked") + suffix); err == nil {
			write(s.T, s.db("recount")+suffix, string(text))
		}
	}
	command(s.T, 0, "sync", "--recount", "--config.file", s.config("recount"))
	recount, _ := scrape(s.T, filepath.Join(s.dir, "recount.yml"))
	truth := s.counters()
	maps.DeleteFunc(truth, func(_ string, v float64) bool { return v == 0 })
	if diff := cmp.Diff(truth, comparable(recount)); diff != "" {
		s.Errorf("what is stored comes to other counters than the truth (-truth +counted):\n%s", diff)
	}

	counters, gauges := series(s.T, strings.NewReader(served))
	again, _ := scrape(s.T, filepath.Join(s.dir, "soaked.yml"))
	if diff := cmp.Diff(again, counters); diff != "" {
		s.Errorf("the process served other counters than its ledger comes to (-ledger +served):\n%s", diff)
	}
	want, got := s.ledger("recount"), s.ledger("soaked")
	var wrong []string
	for id, entry := range want {
		if have, ok := got[id]; !ok {
			wrong = append(wrong, fmt.Sprintf("not counted: %+v", entry))
		} else if have != entry {
			wrong = append(wrong, fmt.Sprintf("counted %+v, and is %+v", have, entry))
		}
	}
	for id, entry := range got {
		if _, ok := want[id]; !ok {
			wrong = append(wrong, fmt.Sprintf("counted, and is no more: %+v", entry))
		}
	}
	findings := int(corrected(gauges))
	if most := len(s.touched)/50 + 2; len(wrong) != findings || findings > most {
		s.Errorf("%d of %d entries of the ledger are otherwise than what is stored, and the audit has %d corrections, of which there may be %d:\n%s",
			len(wrong), len(want), findings, most, strings.Join(wrong[:min(len(wrong), 12)], "\n"))
	}
	if len(wrong) > 0 {
		s.Logf("corrected:\n%s", strings.Join(wrong[:min(len(wrong), 12)], "\n"))
	}
	figure(s.T, "%d things counted, as the truth and %d counters and histograms' series say, but for %d that were corrected later", len(want), len(counters), findings)
}

// ledger returns what a store's ledger counts.
func (s *soaking) ledger(name string) map[latency.EntryID]latency.Entry {
	s.Helper()
	st, err := store.Open(s.Context(), "sqlite:"+s.db(name), store.ReadOnly)
	if err != nil {
		s.Fatal(err)
	}
	defer st.Close()
	counted, err := st.LedgerOf(s.Context(), slices.Sorted(maps.Keys(s.soaked)))
	if err != nil {
		s.Fatal(err)
	}
	out := map[latency.EntryID]latency.Entry{}
	for _, c := range counted {
		if c.Counted {
			out[c.ID] = c.Entry
		}
	}
	return out
}

// counters returns what the ground truth comes to, of what it knows: guards it
// does not.
func (s *soaking) counters() map[string]float64 {
	out := map[string]float64{}
	for _, w := range s.tm.KnownOf(s.heard, s.end) {
		if !w.Final {
			continue
		}
		out[fmt.Sprintf("po_waits_ended_total{kind=%s,outcome=%s,owner=%s,project=%s,responder=%s}", w.Kind, w.Outcome, w.Owner, w.Project, w.Responder)]++
		name, labels := "po_acceptance_latency", "outcome="+w.Outcome+","
		switch w.Outcome {
		case "accepted", "rejected":
		case "answered":
			name, labels = "po_question_response_latency", ""
		default:
			continue
		}
		by := strings.Replace(w.Responder, "automation", "other", 1) // histograms do not tell them apart
		full := fmt.Sprintf("%s_seconds{%sowner=%s,project=%s,responder=%s}", name, labels, w.Owner, w.Project, by)
		elapsed := fmt.Sprintf("%s_elapsed_seconds{owner=%s,project=%s}", name, w.Owner, w.Project)
		out[full+" count"]++
		out[full+" sum"] += float64(w.Working.Milliseconds())
		out[elapsed+" count"]++
		out[elapsed+" sum"] += float64(w.Elapsed.Milliseconds())
		if !w.Breached {
			out[fmt.Sprintf("po_waits_met_total{kind=%s,owner=%s,project=%s}", w.Kind, w.Owner, w.Project)]++
		}
	}
	for _, w := range s.tm.KnownOf(s.heard, s.end.Add(-liveSlip)) { // what was breached later is not final
		if w.Breached {
			out[fmt.Sprintf("po_waits_breached_total{kind=%s,owner=%s}", w.Kind, w.Owner)]++
		}
	}
	for _, tally := range s.tm.KnownTallies([]time.Time{s.end}) {
		out[map[string]string{"slip": "po_slips_total", "bypass": "po_acceptance_bypassed_total"}[tally.What]+"{project="+tally.Project+"}"]++
	}
	return out
}

// comparable returns those of counters that the ground truth knows, sums in
// milliseconds. A breach is of the project that the story was in just then, of
// which the truth knows the last one alone.
func comparable(counters map[string]float64) map[string]float64 {
	out := map[string]float64{}
	project := regexp.MustCompile(`,project=[^,}]*`)
	for id, v := range counters {
		switch {
		case v == 0, strings.HasPrefix(id, "po_guard_"), strings.Contains(id, " le "):
		case strings.HasPrefix(id, "po_waits_breached_total{"):
			out[project.ReplaceAllString(id, "")] += v
		case strings.HasSuffix(id, " sum"):
			out[id] = math.Round(v * 1000)
		default:
			out[id] = v
		}
	}
	return out
}

// shownOpen is how many open waits of an owner and kind are shown one by one.
const shownOpen = 20

// showsOpen fails unless the process shows as open and overdue what `waits` lists,
// each with the age that it has there.
func (s *soaking) showsOpen(served string) {
	s.Helper()
	want, ages := map[string]float64{}, map[string]float64{}
	for _, w := range waitsOf(s.T, filepath.Join(s.dir, "soaked.yml"), "--open") {
		labels := fmt.Sprintf("{kind=%s,owner=%s,project=%s}", w.Kind, w.Owner, w.Project)
		want["po_waits_open"+labels]++
		if w.Breached {
			want["po_waits_overdue"+labels]++
		}
		ages[fmt.Sprintf("po_open_wait_seconds{kind=%s,owner=%s,project=%s,story=%s}", w.Kind, w.Owner, w.Project, w.Story)] = w.StoryWorkingSeconds
	}
	_, gauges := series(s.T, strings.NewReader(served))
	owner := regexp.MustCompile(`kind=[^,]*,owner=[^,]*`)
	listed, shown := map[string]int{}, map[string]int{}
	for id := range ages {
		listed[owner.FindString(id)]++
	}
	for id, age := range gauges {
		if !strings.HasPrefix(id, "po_open_wait_seconds{") {
			continue
		}
		shown[owner.FindString(id)]++
		if want, ok := ages[id]; !ok || math.Abs(age-want) > 1e-6 {
			s.Errorf("%s is served as %g, and listed (%t) with %g", id, age, ok, want)
		}
	}
	for who, n := range listed {
		if shown[who] != min(n, shownOpen) {
			s.Errorf("%d of %d open waits of %s are shown one by one, want %d", shown[who], n, who, min(n, shownOpen))
		}
	}
	maps.DeleteFunc(gauges, func(id string, v float64) bool {
		return v == 0 || !strings.HasPrefix(id, "po_waits_open{") && !strings.HasPrefix(id, "po_waits_overdue{")
	})
	if diff := cmp.Diff(want, gauges); diff != "" {
		s.Errorf("open and overdue waits (-listed +served):\n%s", diff)
	}
	figure(s.T, "%.0f open waits served, %.0f of them overdue, as `waits --open` lists them", sum(gauges, "po_waits_open{"), sum(gauges, "po_waits_overdue{"))
}

// troubled tells what went wrong on that day, and fails if a long one was without
// some kind of it.
func (s *soaking) troubled(webhooks map[string]int) {
	s.Helper()
	count := maps.Clone(s.tr.count)
	for name := range s.tr.faults() {
		count[name] += 0
	}
	for _, name := range []string{hanging, garbled, lagging, forgetting, hiding, starting} {
		count[name] += 0
	}
	for _, name := range []string{"lost", "once", "twice"} {
		count["webhook that comes "+name] = webhooks[name]
	}
	count["story that a census found"] = strings.Count(s.out.String(), "a census found a story that no search had shown")
	count["story that was set aside"] = strings.Count(s.out.String(), "an issue cannot be read")
	figure(s.T, "%s: requests %v, trouble %v", s.length, s.tr.server.Requests(), count)
	for name, n := range count {
		if n == 0 && s.length >= longSoak {
			s.Errorf("in %s there was never: %s", s.length, name)
		}
	}
}

// figure logs what was measured, and appends it to the file that
// YOURTURN_FIGURES names, if any.
func figure(t *testing.T, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	path := os.Getenv("YOURTURN_FIGURES")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(f, "%s: %s\n", t.Name(), line)
}

// stampOf is an instant as `waits` takes and gives it.
func stampOf(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// storyOf returns the story that a difference is about.
func storyOf(diff string) (id int64) {
	_, rest, _ := strings.Cut(diff, "story ")
	fmt.Sscan(rest, &id) //nolint:errcheck // every difference names one
	return id
}

// eventID identifies an event of a story.
type eventID struct {
	at   latency.Instant
	rank latency.Rank
	id   int64
}

// ids returns a story's events by identity.
func ids(h latency.History) map[eventID]latency.Event {
	out := make(map[eventID]latency.Event, len(h.Events))
	for _, ev := range h.Events {
		out[eventID{ev.At, ev.Rank, ev.ID}] = ev
	}
	return out
}

// histories returns the stories that a store holds.
func histories(t *testing.T, path string) map[int64]latency.History {
	t.Helper()
	st, err := store.Open(t.Context(), "sqlite:"+path, store.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	out := map[int64]latency.History{}
	for h, err := range st.Histories(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		one := latency.History{ID: h.ID, Key: h.Key, Now: latency.Snapshot{}, Events: slices.Clone(h.Events)}
		for field, values := range h.Now {
			one.Now[field] = slices.Clone(values)
		}
		for i, ev := range one.Events {
			if ev.Comment != nil {
				facts := *ev.Comment
				facts.Asked, facts.Mentioned = slices.Clone(facts.Asked), slices.Clone(facts.Mentioned)
				one.Events[i].Comment = &facts
			}
		}
		out[h.ID] = one
	}
	return out
}

// sample is what a process used at an instant, and by how much it says that its
// clock is ahead of Jira's, in seconds.
type sample struct{ goroutines, descriptors, memory, skew float64 }

// sampled reads each second what the metrics say that the process uses, until
// ctx ends.
func (s *soaking) sampled(ctx context.Context, url string) (list []sample) {
	s.Helper()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return list
		case <-ticker.C:
		}
		body, err := scraped(ctx, url)
		switch {
		case ctx.Err() != nil:
			return list
		case err != nil:
			s.Errorf("in the middle of the day the process does not answer: %v", err)
			continue
		}
		one := sample{value(body, "go_goroutines"), value(body, "process_open_fds"), value(body, "process_resident_memory_bytes") / (1 << 20), value(body, "yourturn_clock_skew_seconds")}
		if one.goroutines == 0 || one.descriptors == 0 || one.memory == 0 {
			s.Errorf("the process does not say what it uses: %+v", one)
		}
		list = append(list, one)
	}
}

// scraped returns the body of an answer.
func scraped(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// fewSamples say nothing of a trend.
const fewSamples = 100

// noTrend fails if samples are missing, or if what a process uses rises after a
// third of the time: by the median slope of all pairs of samples, which no spike
// moves. In 100 samples and more goroutines and descriptors have been seen to rise
// by 0.00. Memory rises by a third to two thirds of the share by which the day adds
// stories, of each of which the process keeps something, and has been seen to go
// 4 MiB up or down beside: so much it may.
func (s *soaking) noTrend(all []sample) {
	s.Helper()
	if want := int(s.length.Seconds() / 2); len(all) < want || len(all) == 0 {
		s.Errorf("in %s there were %d samples, want one a second", s.length, len(all))
		return
	}
	list := all[len(all)/3:]
	added := 0
	for id := range s.soaked {
		if id > s.tr.newest {
			added++
		}
	}
	grown := float64(added) / float64(len(s.soaked)) * 2 / 3
	for _, of := range []struct {
		what  string
		value func(sample) float64
		share float64 // of the median, that it may rise by
		more  float64 // and that
	}{
		{"goroutines", func(s sample) float64 { return s.goroutines }, 0, 1},
		{"descriptors", func(s sample) float64 { return s.descriptors }, 0, 1},
		{"MiB of memory", func(s sample) float64 { return s.memory }, grown * 2 / 3, 4},
	} {
		var values []float64
		for _, one := range list {
			values = append(values, of.value(one))
		}
		rise := slope(values) * float64(len(values))
		slices.Sort(values)
		middle := values[len(values)/2]
		figure(s.T, "%s: median %.0f of %d samples, rising by %.2f", of.what, middle, len(values), rise)
		if len(all) >= fewSamples && rise > of.share*middle+of.more {
			s.Errorf("%s rise by %.2f from a median of %.0f", of.what, rise, middle)
		}
	}
	slices.SortFunc(list, func(a, b sample) int { return stdcmp.Compare(a.skew, b.skew) })
	if got, want := list[len(list)/2].skew, -s.tr.skew.Seconds(); math.Abs(got-want) > 60 {
		s.Errorf("the clock is shown to be %.0f s ahead of Jira's, want about %.0f", got, want)
	}
}

// slope returns the median of the slopes between all pairs of values (Theil 1950, Sen 1968).
func slope(values []float64) float64 {
	var all []float64
	for i := range values {
		for j := i + 1; j < len(values); j++ {
			all = append(all, (values[j]-values[i])/float64(j-i))
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func TestSlope(t *testing.T) {
	for _, tc := range []struct {
		name   string
		values []float64
		want   float64
	}{
		{"flat", []float64{5, 5, 5, 5, 5}, 0},
		{"flat with a spike", []float64{5, 5, 50, 5, 5, 5, 5}, 0},
		{"rising", []float64{1, 3, 5, 7}, 2},
		{"rising with a dip", []float64{1, 2, 3, 0, 5, 6, 7}, 1},
	} {
		if got := slope(tc.values); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

// value returns the value of a series without labels.
func value(metrics, series string) (v float64) {
	for line := range strings.Lines(metrics) {
		if text, ok := strings.CutPrefix(line, series+" "); ok {
			fmt.Sscan(text, &v) //nolint:errcheck // then it is 0
		}
	}
	return v
}
