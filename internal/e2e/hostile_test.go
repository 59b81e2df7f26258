package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/stack"

	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/suite"
)

// hostileMemory is how much more memory than at rest hostile traffic may take.
const hostileMemory = 64 << 20

// underRace is whether the race detector runs, which takes several times the memory.
var underRace bool

// TestHostileTraffic attacks a service for as long as YOURTURN_HOSTILE says, in every
// way at a time that needs no right: it stays alive, polls, and in its memory.
func TestHostileTraffic(t *testing.T) {
	text := os.Getenv("YOURTURN_HOSTILE")
	switch {
	case text == "" && suite.Full():
		text = "10s"
	case text == "":
		text = "2s"
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("YOURTURN_HOSTILE: %v", err)
	}
	a := newAttack(t)
	rest := a.observe(length/10 + 2*time.Second)
	idle := slices.Max(rest.memory)
	attackers := exec.CommandContext(t.Context(), "nice", "-n", "19", os.Args[0]) // they would be on other machines
	attackers.Env = append(os.Environ(), attackVariable+"="+a.address+" "+length.String())
	var sent bytes.Buffer
	attackers.Stdout, attackers.Stderr = &sent, os.Stderr
	if err := attackers.Start(); err != nil {
		t.Fatal(err)
	}
	attacked := a.observe(length)
	if err := attackers.Wait(); err != nil {
		t.Fatal(err)
	}
	after := a.observe(2 * time.Second)

	mib := func(n int64) float64 { return float64(n) / (1 << 20) }
	for _, o := range []struct {
		when string
		*observation
	}{{"at rest", rest}, {"attacked", attacked}, {"afterwards", after}} {
		figures.Note(t, "%s, %s: memory %.0f MiB at most, %d descriptors at most; health answered %d times (%d within 100 ms), %d times not, in %s median, %s for 99 of 100, %s at most; "+
			"%d cycles began, every %s median, %s at most; %s of a processor", o.when, o.length, mib(slices.Max(o.memory)), slices.Max(o.descriptors), len(o.health), within(o.health, 100*time.Millisecond), o.failed,
			longest(o.health, .5), longest(o.health, .99), longest(o.health, 1), len(o.gaps), longest(o.gaps, .5), longest(o.gaps, 1), o.processor)
	}
	figures.Note(t, "what was done: %s; memory over rest: %.0f MiB", strings.TrimSpace(sent.String()), mib(slices.Max(attacked.memory)-idle))

	if over := slices.Max(attacked.memory) - idle; over > hostileMemory && !underRace {
		t.Errorf("attacked, it takes %.0f MiB more than at rest", mib(over))
	}
	if attacked.failed > 0 {
		t.Errorf("%d health checks were not answered", attacked.failed)
	}
	if attacked.complete == 0 && length >= time.Minute { // a short attack may end before a cycle does
		t.Error("no cycle was completed while it was attacked")
	}
	done := cycles(await(t, "http://"+a.address+"/metrics", has("yourturn_poll_cycles_total")))
	await(t, "http://"+a.address+"/metrics", func(_ int, body string) bool { return cycles(body) > done })
	if most := 2*slices.Max(rest.descriptors) + 400; slices.Max(attacked.descriptors) > most {
		t.Errorf("it has %d descriptors", slices.Max(attacked.descriptors))
	}
	if code := a.signal(syscall.SIGTERM); code != 0 {
		t.Errorf("serve ended with %d:\n%.5000s", code, warnings(a.out.String()))
	}
	if strings.Contains(a.out.String(), "panic") {
		t.Errorf("something panics:\n%s", a.out.String())
	}
}

// longest returns the smallest duration that a share of all does not exceed.
func longest(all []time.Duration, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))].Round(10 * time.Microsecond)
}

// within returns how many durations are not longer than a limit.
func within(all []time.Duration, limit time.Duration) (n int) {
	for _, d := range all {
		if d <= limit {
			n++
		}
	}
	return n
}

// attack is a service and what is done to it.
type attack struct {
	*serveProcess
	address, probes string

	mu     sync.Mutex
	begun  []time.Time     // when cycles began, as Jira sees them
	health []time.Duration // that answers to the probe took; negative: there was none
}

// newAttack starts a service that has completed a sync.
func newAttack(t *testing.T) *attack {
	t.Helper()
	a := &attack{}
	tm, err := team.New(team.Options{Seed: 1, Flavor: jirasim.Cloud, MinStories: 800})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tm.Close)
	dir := t.TempDir()
	jira := httptest.NewServer(jirasim.NewServer(tm.Site(), jirasim.Options{
		Token: "t0k3n", Email: "bot@example.com",
		Fault: func(r *http.Request) *jirasim.Fault {
			if strings.HasSuffix(r.URL.Path, "/myself") {
				a.mu.Lock()
				defer a.mu.Unlock()
				a.begun = append(a.begun, time.Now())
			}
			return nil
		},
	}))
	t.Cleanup(jira.Close)
	write(t, filepath.Join(dir, "token"), "t0k3n\n")
	write(t, filepath.Join(dir, "hook"), "a secret that nobody guesses\n")
	a.probes = stack.Free(t)
	config := filepath.Join(dir, "yourturn.yml")
	write(t, config, tm.ConfigYAML(team.Setup{JiraURL: jira.URL, StoreURL: "sqlite:" + filepath.Join(dir, "attacked.db"), TokenFile: filepath.Join(dir, "token"), PollInterval: time.Second})+
		fmt.Sprintf("webhook: {secret_file: hook}\nweb: {probe_address: %q}\n", a.probes))
	a.serveProcess = startServe(t, config, "127.0.0.1:0")
	a.address = a.serveProcess.address()
	ready(t, a.address)
	a.probe()
	return a
}

// probe starts a process that asks for health all the time: this one is busy.
func (a *attack) probe() {
	a.Helper()
	cmd := exec.CommandContext(a.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), probeVariable+"=http://"+a.probes+"/-/healthy")
	out, err := cmd.StdoutPipe()
	if err != nil {
		a.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		a.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
				a.mu.Lock()
				a.health = append(a.health, time.Duration(n))
				a.mu.Unlock()
			}
		}
		cmd.Wait() //nolint:errcheck // it is killed
	}()
	a.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended with the test's context
		<-ended
	})
}

// heard returns the answers to the probe since the last call.
func (a *attack) heard() []time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.health
	a.health = nil
	return all
}

// observation is what was measured of a service for a while.
type observation struct {
	length       time.Duration
	memory       []int64 // bytes, resident
	descriptors  []int
	health       []time.Duration // that answers took
	failed       int             // answers that did not come
	gaps         []time.Duration // between the beginnings of cycles
	complete     int             // cycles
	lastComplete int
	processor    time.Duration // that the service used
}

// observe measures a service while a Prometheus scrapes it.
func (a *attack) observe(length time.Duration) *observation {
	a.Helper()
	o := &observation{length: length}
	complete := func() int {
		_, body, err := fetched(a.Context(), "http://"+a.address+"/metrics")
		if err != nil {
			return o.lastComplete // an attacked address need not answer
		}
		o.lastComplete = cycles(body)
		return o.lastComplete
	}
	began, before := time.Now(), complete()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	cpu := a.processor()
	a.heard()
	for n := 0; time.Since(began) < length; n++ {
		o.memory = append(o.memory, a.resident())
		if fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", a.cmd.Process.Pid)); err == nil {
			o.descriptors = append(o.descriptors, len(fds))
		}
		if n%50 == 49 {
			complete()
		}
		<-tick.C
	}
	o.processor = a.processor() - cpu
	for _, took := range a.heard() {
		if took < 0 {
			o.failed++
		} else {
			o.health = append(o.health, took)
		}
	}
	o.complete = complete() - before
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := 1; i < len(a.begun); i++ {
		if a.begun[i].After(began) {
			o.gaps = append(o.gaps, a.begun[i].Sub(a.begun[i-1]))
		}
	}
	return o
}

// fetched gets a URL by a connection of its own.
func fetched(ctx context.Context, url string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// resident returns the memory of the service, in bytes.
func (a *attack) resident() int64 {
	a.Helper()
	return a.memory("VmRSS")
}
