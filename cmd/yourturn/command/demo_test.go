package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/suite"
)

// TestDemoHasALastWeek starts the demo's organisation at many hours of a week:
// whenever that is, some stories had their first decision in the last seven days, so
// that no panel over seven days is empty.
func TestDemoHasALastWeek(t *testing.T) {
	begin := time.Date(2026, time.May, 20, 15, 4, 5, 0, time.UTC)
	step := 17 * time.Hour // which meets ten different hours
	if suite.Full() {
		step = 5 * time.Hour
	}
	for at := begin; at.Before(begin.AddDate(0, 0, 7)); at = at.Add(step) {
		o := demoFlags{seed: 1}.organisation()
		o.Now = func() time.Time { return at }
		tm, err := team.New(o)
		if err != nil {
			t.Fatal(err)
		}
		judged := 0
		for _, w := range tm.Truth() {
			if w.Kind == "acceptance" && w.Cycle == 1 && (w.Outcome == "accepted" || w.Outcome == "rejected") && w.End.After(at.AddDate(0, 0, -7)) {
				judged++
			}
		}
		tm.Close()
		if judged < 3 {
			t.Errorf("started at %v, the demo shows %d first decisions in the last seven days", at, judged)
		}
	}
}

// TestDemoStaysWithinItsPast lets the demo's team live for a day at the demo's speed.
// Whatever the hour at which it starts, at each instant of the day as many waits are
// open as were at some minute of the last three months.
func TestDemoStaysWithinItsPast(t *testing.T) {
	saturday := time.Date(2000, time.January, 8, 23, 40, 0, 0, time.UTC)
	var begins []time.Time
	for seed := range suite.Count(t, "YOURTURN_DEMO_DAYS", 3, 15) {
		begins = append(begins, saturday.Add(time.Duration(seed)*(2*24+9)*time.Hour))
	}
	for i, begin := range begins {
		seed := int64(i + 1)
		t.Run(fmt.Sprintf("seed %d from %s on", seed, begin.Format("Mon 15:04")), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(begin))
				o := demoFlags{seed: seed}.organisation()
				o.Now = time.Now
				tm, err := team.New(o)
				if err != nil {
					t.Fatal(err)
				}
				defer tm.Close()
				ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
				defer cancel()
				if err := tm.Live(ctx, demoSpeed); err != nil {
					t.Fatal(err)
				}
				open := openOf(tm.Truth())
				least, most := open.between(begin.AddDate(0, 0, -90), begin, time.Minute)
				low, high := open.between(begin, time.Now().Add(-time.Minute), time.Minute)
				t.Logf("open at first %d, after an hour %d, 6 hours %d, a day %d: %d to %d; in three months %d to %d",
					open.at(begin), open.at(begin.Add(time.Hour)), open.at(begin.Add(6*time.Hour)), open.at(begin.Add(24*time.Hour-time.Minute)), low, high, least, most)
				if low < least || high > most {
					t.Errorf("%d to %d waits are open in the day, %d to %d in the three months before", low, high, least, most)
				}
				if moves := open.begun(begin); moves < 30 {
					t.Errorf("only %d waits begin in the day", moves)
				}
			})
		})
	}
}

// openOf returns how the number of open waits changes, in order of time.
func openOf(waits []team.Part) course {
	var c course
	for _, w := range waits {
		c = append(c, change{w.Start, 1})
		if !w.End.IsZero() {
			c = append(c, change{w.End, -1})
		}
	}
	slices.SortFunc(c, func(a, b change) int { return a.at.Compare(b.at) })
	return c
}

// change is one of a number.
type change struct {
	at time.Time
	by int
}

type course []change

// at returns the number at an instant.
func (c course) at(t time.Time) (n int) {
	for _, x := range c {
		if x.at.After(t) {
			break
		}
		n += x.by
	}
	return n
}

// between returns the least and the most from one instant to another, step by step.
func (c course) between(from, to time.Time, step time.Duration) (least, most int) {
	least = math.MaxInt
	n, i := 0, 0
	for at := from; at.Before(to); at = at.Add(step) {
		for ; i < len(c) && !c[i].at.After(at); i++ {
			n += c[i].by
		}
		least, most = min(least, n), max(most, n)
	}
	return least, most
}

// begun returns how many waits begin after an instant.
func (c course) begun(after time.Time) (n int) {
	for _, x := range c {
		if x.by > 0 && x.at.After(after) {
			n++
		}
	}
	return n
}

// told is what somebody was told, and says when it was told something.
type told struct {
	mu    sync.Mutex
	text  strings.Builder
	waits string
	found chan struct{}
}

// Write implements io.Writer.
func (w *told) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := strings.Contains(w.text.String(), w.waits)
	w.text.Write(p)
	if !before && strings.Contains(w.text.String(), w.waits) {
		close(w.found)
	}
	return len(p), nil
}

// TestDemoWritesItsPast lets a demo write two days of its past: the folder appears when
// it is whole, bears the labels of the scrape that continues it, and ends within an
// hour before that. An earlier demo's is replaced when that is asked for.
func TestDemoWritesItsPast(t *testing.T) {
	dir := t.TempDir()
	f := demoFlags{
		address: "127.0.0.1:0", jira: "127.0.0.1:0", jiraChosen: true, store: filepath.Join(dir, "demo.db"), seed: 1, speed: demoSpeed, level: "error",
		past: filepath.Join(dir, "past"), instance: "somewhere:9817", pastOf: 48 * time.Hour,
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &told{waits: "The past is in", found: make(chan struct{})}
	ended := make(chan error, 1)
	begun := time.Now()
	go func() { ended <- demo(ctx, Env{Out: out, Err: io.Discard}, f) }()
	select {
	case <-out.found:
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(f.past, "*.om"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files (%v)", err)
	}
	text, err := os.ReadFile(slices.Max(files))
	if err != nil {
		t.Fatal(err)
	}
	samples := regexp.MustCompile(`(?m)^po_waits_open\{.*instance="somewhere:9817".*job="yourturn".*\} \d+ (\d+)`).FindAllStringSubmatch(string(text), -1)
	last := 0
	for _, s := range samples {
		n, err := strconv.Atoi(s[1])
		if err != nil {
			t.Fatal(err)
		}
		last = max(last, n)
	}
	if at := time.Unix(int64(last), 0); at.Before(begun.Add(-time.Hour)) || at.After(time.Now()) {
		t.Errorf("of %d samples the last is of %s, and it began at %s", len(samples), at, begun)
	}

	var usage usageError
	if err := f.replacePast(); !errors.As(err, &usage) || !strings.Contains(err.Error(), "--anew") {
		t.Errorf("it writes over an earlier demo's past: %v", err)
	}
	f.anew = true
	if err := f.replacePast(); err != nil {
		t.Error(err)
	}
	if err := os.MkdirAll(f.past, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.replacePast(); !errors.As(err, &usage) {
		t.Errorf("it removes a folder that is no past: %v", err)
	}
}

// TestReached: what listens everywhere is reached on loopback.
func TestReached(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:9818": "127.0.0.1:9818", "[::]:9818": "127.0.0.1:9818", "127.0.0.1:5": "127.0.0.1:5", "[::1]:5": "[::1]:5",
	} {
		a, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := reached(a); got != want {
			t.Errorf("%s is reached at %s, want %s", address, got, want)
		}
	}
}
