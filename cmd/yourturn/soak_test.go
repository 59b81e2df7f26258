package main

import (
	"context"
	"fmt"
	"io"
	"maps"
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

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/store"
)

// trouble is a Jira on a bad day: it fails at random, its token dies for a
// while, and its index lags and forgets.
type trouble struct {
	over   atomic.Bool // the day
	server *jirasim.Server

	mu      sync.Mutex
	rng     *rand.Rand
	revoked int // requests until the token is good again
	count   map[string]int
}

// fault spoils one request in twenty.
func (tr *trouble) fault(*http.Request) *jirasim.Fault {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if tr.revoked > 0 {
		if tr.revoked--; tr.revoked == 0 || tr.over.Load() {
			tr.server.Restore()
			tr.revoked = 0
		}
	}
	if tr.over.Load() || tr.rng.IntN(20) > 0 {
		return nil
	}
	text := func(kind string) http.Header { return http.Header{"Content-Type": {kind}} }
	all := []struct {
		name  string
		fault *jirasim.Fault
	}{
		{"429", &jirasim.Fault{Status: 429, Header: http.Header{"Retry-After": {"1"}}}},
		{"429 without Retry-After", &jirasim.Fault{Status: 429}},
		{"500", &jirasim.Fault{Status: 500}},
		{"502", &jirasim.Fault{Status: 502, Header: text("text/html"), Body: "<html>bad gateway</html>"}},
		{"503", &jirasim.Fault{Status: 503, Header: http.Header{"Retry-After": {"1"}}}},
		{"login page", &jirasim.Fault{Status: 200, Header: text("text/html"), Body: "<html>log in</html>"}},
		{"empty", &jirasim.Fault{Status: 200, Header: text("application/json")}},
		{"another document", &jirasim.Fault{Status: 200, Header: text("application/json"), Body: `{"ok":true}`}},
		{"403", &jirasim.Fault{Status: 403}},
		{"redirect", &jirasim.Fault{Status: 302, Header: http.Header{"Location": {"http://127.0.0.1:1/rest"}}}},
		{"reset", &jirasim.Fault{Reset: true}},
		{"cut", &jirasim.Fault{Truncate: 100}},
		{"slow", &jirasim.Fault{Delay: 500 * time.Millisecond}},
		{"drip", &jirasim.Fault{Drip: 50 * time.Microsecond}},
		{"revoked", nil},
	}
	one := all[tr.rng.IntN(len(all))]
	tr.count[one.name]++
	if one.name == "revoked" {
		tr.server.Revoke()
		tr.revoked = 3
	}
	return one.fault
}

// lag is up to half a minute, another one for each issue and minute: what is
// seen now may be gone in a moment.
func (tr *trouble) lag(issue int64) time.Duration {
	if tr.over.Load() {
		return 0
	}
	return time.Duration((issue*31+time.Now().Unix()/60*17)%30) * time.Second
}

// forgets tells of an issue in a hundred, another one each quarter of a minute.
func (tr *trouble) forgets(issue int64) bool {
	return !tr.over.Load() && (issue+time.Now().Unix()/15)%100 == 0
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

// TestSoak serves a living team's Jira on a bad day that YOURTURN_SOAK says the
// length of. When the day is over it holds that the store has all that a new one
// reads, that both tell the ground truth, and that the process has not grown.
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
	past := team.Options{Seed: seed, Flavor: flavor}
	if length > time.Minute {
		past.MinStories = 5000 // more than the store caches, or its cache grows with the day
	}
	tm, err := team.New(past)
	if err != nil {
		t.Fatal(err)
	}
	defer tm.Close()
	tr := &trouble{rng: rand.New(rand.NewPCG(uint64(seed), 0)), count: map[string]int{}} //nolint:gosec // no secret
	opts := jirasim.Options{Token: "t0k3n", Email: "bot@example.com", Fault: tr.fault, IndexLagOf: tr.lag, Unindexed: tr.forgets}
	if flavor == jirasim.DataCenter {
		opts.Email, opts.ContextPath = "", "/jira"
	}
	tr.server = jirasim.NewServer(tm.Site(), opts)
	srv := httptest.NewServer(tr.server)
	defer srv.Close()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	write(t, token, "t0k3n\n")
	config := func(name string) (file, db string) {
		file, db = filepath.Join(dir, name+".yml"), filepath.Join(dir, name+".db")
		text := tm.ConfigYAML(team.Setup{JiraURL: srv.URL + opts.ContextPath, StoreURL: "sqlite:" + db, TokenFile: token, PollInterval: time.Second})
		text = strings.Replace(text, "jira:\n", "jira:\n  census_interval: 10s\n", 1)
		write(t, file, text)
		return file, db
	}
	soaked, soakedDB := config("soaked")
	fresh, freshDB := config("fresh")

	// With a sync done before the day begins, a refused token does not end it.
	tr.over.Store(true)
	command(t, 0, "sync", "--config.file", soaked)
	tr.over.Store(false)
	var out output
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), serveVariable+"="+soaked)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan int, 1)
	go func() {
		cmd.Wait() //nolint:errcheck // the code tells
		ended <- cmd.ProcessState.ExitCode()
	}()
	base := "http://" + started(t, &out, ended, `"address": "([^"]+)"`)
	began := time.Now()
	living, rest := context.WithTimeout(t.Context(), length)
	defer rest()
	var samples []sample
	var sampling sync.WaitGroup
	sampling.Go(func() { samples = sampled(living, base+"/metrics") })
	if err := tm.Live(living, 3000); err != nil && living.Err() == nil {
		t.Fatal(err)
	}
	rest()
	sampling.Wait()
	tr.over.Store(true)
	over := time.Now()
	// By the end of a census that began since everything was looked at.
	await(t, base+"/metrics", func(_ int, body string) bool {
		return value(body, "yourturn_census_timestamp_seconds") > float64(over.Add(2*time.Second).Unix())
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != 0 {
		t.Fatalf("serve ended with %d:\n%s", code, &out)
	}
	command(t, 0, "sync", "--config.file", fresh)
	open := compareStores(t, freshDB, soakedDB, func(h *latency.History) bool {
		var last latency.Event // that moved it
		var left string        // by it
		for _, ev := range h.Events {
			if ev.At >= latency.At(over.Add(-time.Minute)) {
				return true
			}
			for _, c := range ev.Changes {
				if c.Field != latency.FieldStatus {
					continue
				}
				if ev.At >= latency.At(began) && c.To.ID == left && ev.Actor == last.Actor {
					return true
				}
				last, left = ev, c.From.ID
			}
		}
		return last.At >= latency.At(over.Add(-5*time.Minute)) // somebody may have been about to take it back
	})
	// Nothing happens any more: in an hour all of it is final.
	asOf := over.Add(time.Hour).Truncate(time.Millisecond)
	at := asOf.UTC().Format("2006-01-02T15:04:05.000Z")
	compare := func(name, config string, ignore map[string]bool) {
		want, got := without(told(tm.Known([]time.Time{asOf})), ignore), without(derived(t, config, "--as-of", at), ignore)
		diff := differences(want, got)
		t.Logf("%s: %d waits compared with the ground truth, %d differ", name, len(want), len(diff))
		if len(diff) > 0 {
			t.Errorf("%s: %d differences\n%s", name, len(diff), strings.Join(diff[:min(len(diff), 12)], "\n"))
			t.Log(command(t, 0, "waits", "--config.file", config, "--story", open.keys[regexp.MustCompile(`story (\d+)`).FindStringSubmatch(diff[0])[1]]))
		}
	}
	for _, d := range differences(without(derived(t, fresh, "--as-of", at), open.glimpsed), without(derived(t, soaked, "--as-of", at), open.glimpsed)) {
		t.Errorf("the soaked store (derived) differs from a fresh one (the truth): %s", d)
	}
	compare("fresh", fresh, open.unfinished)
	compare("soaked", soaked, open.either())
	t.Logf("%s of %s: requests %v, faults %v", length, flavor, tr.server.Requests(), tr.count)
	noTrend(t, samples)
}

// without returns the parts but those of some stories.
func without(list []part, stories map[string]bool) []part {
	return slices.DeleteFunc(list, func(p part) bool { return stories[p.StoryID] })
}

// sample is what a process used at an instant.
type sample struct{ goroutines, descriptors, memory float64 }

// sampled reads each second what the metrics say that the process uses, until
// ctx ends.
func sampled(ctx context.Context, url string) (list []sample) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return list
		case <-ticker.C:
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return list
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil {
			text := string(body)
			list = append(list, sample{value(text, "go_goroutines"), value(text, "process_open_fds"), value(text, "process_resident_memory_bytes") / (1 << 20)})
		}
	}
}

// noTrend fails if what a process uses rises after a third of the time: by the
// median slope of all pairs of samples, which no spike moves.
func noTrend(t *testing.T, all []sample) {
	t.Helper()
	list := all[len(all)/3:]
	for _, of := range []struct {
		what  string
		value func(sample) float64
		share float64 // of the median, that it may rise by
		more  float64 // and that
	}{
		{"goroutines", func(s sample) float64 { return s.goroutines }, 0, 2},
		{"descriptors", func(s sample) float64 { return s.descriptors }, 0, 2},
		{"MiB of memory", func(s sample) float64 { return s.memory }, 0.1, 2},
	} {
		var values []float64
		for _, s := range list {
			values = append(values, of.value(s))
		}
		if len(values) < 2 {
			continue
		}
		rise := slope(values) * float64(len(values))
		slices.Sort(values)
		middle := values[len(values)/2]
		t.Logf("%s: median %.0f of %d samples, rising by %.2f", of.what, middle, len(values), rise)
		if len(values) >= 40 && rise > of.share*middle+of.more { // fewer say nothing
			t.Errorf("%s rise by %.2f from a median of %.0f", of.what, rise, middle)
		}
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

// unsaid are stories of which the ground truth cannot say what a store must tell.
type unsaid struct {
	// The day ended in the middle of what somebody did; or, at the speed of this
	// day, somebody's way back looks like a slip.
	unfinished map[string]bool
	// They were seen before they left, or with a comment that was edited or
	// deleted later, which may have gone unseen.
	glimpsed map[string]bool
	keys     map[string]string
}

func (u unsaid) either() map[string]bool {
	all := maps.Clone(u.unfinished)
	maps.Copy(all, u.glimpsed)
	return all
}

// compareStores fails unless the second store holds the stories of the first
// as they are, and all their events, each once. What it holds beside is of what
// Jira no longer shows, or what it shows no instant of.
// unclear tells of a story that is not to be compared with the truth.
func compareStores(t *testing.T, freshDB, soakedDB string, unclear func(*latency.History) bool) unsaid {
	t.Helper()
	read := func(path string) map[int64]latency.History {
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
			out[h.ID] = one
		}
		return out
	}
	fresh, soaked := read(freshDB), read(soakedDB)
	type id struct {
		at   latency.Instant
		rank latency.Rank
		id   int64
	}
	events := 0
	out := unsaid{map[string]bool{}, map[string]bool{}, map[string]string{}}
	for story, want := range fresh {
		got, ok := soaked[story]
		out.keys[strconv.FormatInt(story, 10)] = want.Key
		if !ok {
			t.Errorf("story %s was lost", want.Key)
			continue
		}
		if diff := cmp.Diff(want.Now, got.Now); diff != "" || want.Key != got.Key {
			t.Errorf("story %s is %s, and otherwise than it is (-is +stored):\n%s", want.Key, got.Key, diff)
		}
		have := make(map[id]bool, len(got.Events))
		for _, ev := range got.Events {
			have[id{ev.At, ev.Rank, ev.ID}] = true
		}
		shown := map[id]bool{}
		for _, ev := range want.Events {
			shown[id{ev.At, ev.Rank, ev.ID}] = true
			if !have[id{ev.At, ev.Rank, ev.ID}] {
				t.Errorf("story %s lost event %+v", want.Key, ev)
			}
		}
		for _, ev := range got.Events {
			switch known := shown[id{ev.At, ev.Rank, ev.ID}]; {
			case ev.Rank == latency.RankCommentEdited, ev.Rank == latency.RankCommentDeleted, ev.Rank == latency.RankCommentAdded && !known:
				out.glimpsed[strconv.FormatInt(story, 10)] = true
			case !known && !ev.Observed && (ev.Rank == latency.RankCreated || ev.Rank == latency.RankRecord):
				t.Errorf("story %s has event %+v, which never was", want.Key, ev)
			}
		}
		if unclear(&got) {
			out.unfinished[strconv.FormatInt(story, 10)] = true
		}
		events += len(want.Events)
	}
	for story, got := range soaked {
		if _, ok := fresh[story]; !ok {
			out.glimpsed[strconv.FormatInt(story, 10)] = true
			t.Logf("story %s left", got.Key)
		}
	}
	t.Logf("%d stories with %d events are the same; not compared with the truth: %d, and %d more that left or whose comments were edited", len(fresh), events, len(out.unfinished), len(out.glimpsed))
	return out
}
