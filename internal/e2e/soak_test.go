package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/suite"
)

// longSoak is how long a day must be to have every kind of trouble.
const longSoak = 10 * time.Minute

// TestSoak serves a living team's Jira on a bad day that YOURTURN_SOAK says the
// length of, from the first sync on. When the day is over, the store has everything
// that a new one reads and nothing that never was, both agree with the ground truth,
// the process has counted what the ground truth says, once, and it has not grown.
func TestSoak(t *testing.T) {
	text := os.Getenv("YOURTURN_SOAK")
	switch {
	case text == "" && !suite.Full():
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
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", tr.now().UTC().Format(http.TimeFormat)) // by the same clock
		tr.server.ServeHTTP(w, r)
	}))
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
	post := &postman{url: func() string { return base + "/webhook/jira" }, secret: "hush", queue: make(chan int64, 100), now: tr.now, spares: tr.hides, rng: rand.New(rand.NewPCG(uint64(seed), 1)), count: map[string]int{}} //nolint:gosec // no secret
	changed, lively := changes(soakStories)
	tm.Site().Update(func() {
		tm.Site().OnChange = func(issue int64) {
			changed(issue)
			post.change(issue)
		}
	})
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
	go func() {
		select {
		case <-living.Done():
			return
		case <-time.After(length):
		}
		select {
		case <-living.Done():
		case <-lively:
			rest()
		}
	}()
	samples := s.sampled(living, base+"/metrics")
	people.Wait()
	delivery.Wait()
	tm.Settle(t.Context())
	tr.over.Store(true)

	// Nothing happens any more: in an hour all of it is final, and what the polls
	// did not see was looked at. From then on Jira's clock stands. The service's clock
	// has come as far, or it would doubt Jira's.
	s.end = tr.now().Add(soakEnding).Truncate(time.Second)
	write(t, s.clock(), soakEnding.String())
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

// soakStories is how many stories a day changes at least: on a busy machine a short soak
// lasts longer, because one in two of them has a wait.
const soakStories = 12

// changes returns what takes note of a story that changes, and what is closed once so many
// have.
func changes(stories int) (changed func(issue int64), reached <-chan struct{}) {
	var mu sync.Mutex
	seen, all := map[int64]bool{}, make(chan struct{})
	return func(issue int64) {
		mu.Lock()
		defer mu.Unlock()
		if len(seen) == stories {
			return
		}
		if seen[issue] = true; len(seen) == stories {
			close(all)
		}
	}, all
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

// serve starts the service as a process of its own, so that what is sampled is the
// product's and not the test's, and returns where it listens.
func (s *soaking) serve() (base string) {
	s.Helper()
	s.cmd = process(s.Context(), "serve", "--config.file", s.config("soaked"), "--web.listen-address", "127.0.0.1:0")
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	s.cmd.Env = append(s.cmd.Env, clockVariable+"="+s.clock())
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

// clock is the file that sets the service's clock.
func (s *soaking) clock() string { return filepath.Join(s.dir, "clock") }

// soakEnding is by how much Jira's clock and the service's are put forward at the end of
// the day.
const soakEnding = 65 * time.Minute

// machine is the clock of the service's machine at the end of the day. It is not Jira's.
func (s *soaking) machine() time.Time { return time.Now().Add(soakEnding) }

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
