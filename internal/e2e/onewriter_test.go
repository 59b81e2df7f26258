package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/stack"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/storelock"
)

// serveProcess is serve as a process of its own.
type serveProcess struct {
	*testing.T
	cmd   *exec.Cmd
	out   output
	ended chan int
}

// startServe starts serve on a config; environ are further variables of its environment.
func startServe(t *testing.T, config, address string, environ ...string) *serveProcess {
	t.Helper()
	s := &serveProcess{T: t, cmd: process(t.Context(), "serve", "--config.file", config, "--web.listen-address", address), ended: make(chan int, 1)}
	s.cmd.Env = append(s.cmd.Env, environ...)
	s.begin()
	return s
}

// begin starts the process.
func (s *serveProcess) begin() {
	s.Helper()
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		s.Fatal(err)
	}
	go func() {
		s.cmd.Wait() //nolint:errcheck // the code tells
		s.ended <- s.cmd.ProcessState.ExitCode()
	}()
}

// address returns where it serves, once it does.
func (s *serveProcess) address() string {
	s.Helper()
	return started(s.T, &s.out, s.ended, `"address": "([^"]+)"`)
}

// signal sends a signal and returns the exit code.
func (s *serveProcess) signal(sig syscall.Signal) int {
	s.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.Fatal(err)
	}
	return <-s.ended
}

// memory returns a size from the status of the process, in bytes: VmRSS is what is resident,
// VmHWM the most that was.
func (s *serveProcess) memory(field string) int64 {
	s.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.Fatalf("the service is gone: %v\n%s", err, s.out.String())
	}
	m := regexp.MustCompile(field + `:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		s.Fatalf("the service is gone:\n%s", s.out.String())
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		s.Fatal(err)
	}
	return n << 10
}

// processor returns how much time of a processor the process has used.
func (s *serveProcess) processor() time.Duration {
	s.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		s.Fatalf("the service is gone: %v\n%s", err, s.out.String())
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // from the state on
	var ticks int64
	for _, field := range fields[11:13] { // in the program, and in the kernel
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			s.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// generated serves a generated organisation, and returns its config.
func generated(t *testing.T) string {
	t.Helper()
	tm, err := team.New(team.Options{Seed: 5, Flavor: jirasim.Cloud, MinStories: 200})
	if err != nil {
		t.Fatal(err)
	}
	return serveTeam(t, tm, jirasim.Cloud).config
}

// run runs a command in a process of its own.
func run(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var buf bytes.Buffer
	cmd := process(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &buf, &buf
	cmd.Run() //nolint:errcheck // the code tells
	return cmd.ProcessState.ExitCode(), buf.String()
}

// ready waits until a service is.
func ready(t *testing.T, address string) {
	t.Helper()
	await(t, "http://"+address+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
}

// endings returns how many waits the metrics of a service count as ended. It waits
// for a complete cycle: before, endings may be shown that are not counted yet,
// because Jira is to be asked about them once more.
func endings(t *testing.T, address string) float64 {
	t.Helper()
	text := await(t, "http://"+address+"/metrics", func(_ int, body string) bool { return cycles(body) > 0 })
	sum := 0.0
	for _, m := range regexp.MustCompile(`(?m)^po_waits_ended_total\{.*\} (\S+)$`).FindAllStringSubmatch(text, -1) {
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// control returns where the process that writes to a config's store takes what others
// on this machine ask for.
func control(t *testing.T, config string) string {
	t.Helper()
	cfg, err := app.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	holder, err := storelock.Read(strings.TrimPrefix(cfg.Store.URL, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + holder.Address
}

// TestSyncAsksTheServeThatWrites runs sync, and sync --recount, beside a serve:
// that process polls, counts all that it counted, and sync says what it did.
func TestSyncAsksTheServeThatWrites(t *testing.T) {
	t.Parallel()
	config := generated(t)
	s := startServe(t, config, "127.0.0.1:0")
	address := s.address()
	ready(t, address)
	before := endings(t, address)
	for _, args := range [][]string{{"sync"}, {"sync", "--recount"}} {
		code, out := run(t, append(args, "--config.file", config)...)
		if code != command.ExitFine || !strings.Contains(out, fmt.Sprintf("yourturn serve (process %d on ", s.cmd.Process.Pid)) || !strings.Contains(out, "0 new events") || !strings.Contains(out, "the store holds ") {
			t.Errorf("%v ended with %d:\n%s", args, code, out)
		}
		if after := endings(t, address); before == 0 || after != before {
			t.Errorf("after %v %v waits have ended, and before %v", args, after, before)
		}
	}
	if !strings.Contains(s.out.String(), "a new ledger begins") {
		t.Error("serve did not begin a new ledger")
	}
	// Without the secret nobody makes it poll, and the pages' address has no such route.
	if status := posted(t, control(t, config)+"/-/poll", ""); status != http.StatusForbidden {
		t.Errorf("a poll without the secret is answered with %d", status)
	}
	if status := posted(t, "http://"+address+"/-/poll", ""); status != http.StatusNotFound {
		t.Errorf("a poll by way of the pages is answered with %d", status)
	}
	// Those who read go on beside it.
	for _, args := range [][]string{{"waits", "--open"}, {"check", "--online"}} {
		if code, out := run(t, append(args, "--config.file", config)...); code != command.ExitFine {
			t.Errorf("%v beside serve ended with %d:\n%s", args, code, out)
		}
	}
	if code := s.signal(syscall.SIGTERM); code != command.ExitFine {
		t.Errorf("serve ended with %d", code)
	}
	if code, out := run(t, "sync", "--config.file", config); code != command.ExitFine || strings.Contains(out, "is asked to poll") {
		t.Errorf("sync after serve ended with %d:\n%s", code, out)
	}
}

// TestASecondServeTakesOver starts a second serve on a store, as a rolling
// replacement does: it says at once whom it waits for, answers that it is alive
// and not ready, takes over when the first leaves, and counts on from there.
func TestASecondServeTakesOver(t *testing.T) {
	t.Parallel()
	config := generated(t)
	first := startServe(t, config, "127.0.0.1:0")
	ready(t, first.address())
	before := endings(t, first.address())
	address := stack.Free(t)
	second := startServe(t, config, address)
	started(t, &second.out, second.ended, `(waiting for it to leave)`)
	if text := second.out.String(); !strings.Contains(text, fmt.Sprintf("yourturn serve (process %d", first.cmd.Process.Pid)) {
		t.Errorf("it does not say whom it waits for:\n%s", text)
	}
	await(t, "http://"+address+"/-/healthy", func(status int, _ string) bool { return status == http.StatusOK })
	await(t, "http://"+address+"/-/ready", func(status int, body string) bool {
		return status == http.StatusServiceUnavailable && strings.Contains(body, "waits for yourturn serve")
	})
	if code := first.signal(syscall.SIGTERM); code != command.ExitFine {
		t.Errorf("the first ended with %d", code)
	}
	ready(t, address)
	if after := endings(t, address); after != before {
		t.Errorf("the second counts %v endings, and the first %v", after, before)
	}
	if code := second.signal(syscall.SIGTERM); code != command.ExitFine {
		t.Errorf("the second ended with %d:\n%s", code, &second.out)
	}
}

// TestAKilledServeIsNoObstacle kills serve without a warning in the middle of a
// first sync: the next start takes the store at once and counts everything once.
func TestAKilledServeIsNoObstacle(t *testing.T) {
	t.Parallel()
	config := generated(t)
	first := startServe(t, config, "127.0.0.1:0")
	first.address()
	if code := first.signal(syscall.SIGKILL); code == command.ExitFine {
		t.Fatal("it was not killed")
	}
	second := startServe(t, config, "127.0.0.1:0")
	address := second.address()
	ready(t, address)
	if strings.Contains(second.out.String(), "waiting for it") {
		t.Error("it waited for a dead process")
	}
	counted := endings(t, address)
	second.signal(syscall.SIGTERM)
	code, out := run(t, "sync", "--recount", "--config.file", config)
	if code != command.ExitFine {
		t.Fatalf("the recount ended with %d:\n%s", code, out)
	}
	third := startServe(t, config, "127.0.0.1:0")
	ready(t, third.address())
	if again := endings(t, third.address()); counted == 0 || again != counted {
		t.Errorf("%v endings were counted, and %v from the beginning", counted, again)
	}
	third.signal(syscall.SIGTERM)
}

// TestTwoSyncsAtOnce starts several syncs on one store: all that write do so one
// after the other or are told who does, and nothing is lost.
func TestTwoSyncsAtOnce(t *testing.T) {
	config := generated(t)
	type result struct {
		code int
		out  string
	}
	results := make(chan result)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 4 {
		go func() {
			var buf bytes.Buffer
			cmd := process(ctx, "sync", "--config.file", config)
			cmd.Stdout, cmd.Stderr = &buf, &buf
			cmd.Run() //nolint:errcheck // the code tells
			results <- result{cmd.ProcessState.ExitCode(), buf.String()}
		}()
	}
	wrote := 0
	for range 4 {
		switch r := <-results; {
		case r.code == command.ExitFine:
			wrote++
		case r.code == command.ExitFailed && strings.Contains(r.out, "a store has one writer"):
		default:
			t.Errorf("a sync ended with %d:\n%s", r.code, r.out)
		}
	}
	if wrote == 0 {
		t.Error("no sync wrote")
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(config), "store.db.lock")); err != nil || len(left) != 1 {
		t.Errorf("lock files: %v %v", left, err)
	}
	if code, out := run(t, "sync", "--config.file", config); code != command.ExitFine || !strings.Contains(out, "0 new events") {
		t.Errorf("a sync afterwards ended with %d:\n%s", code, out)
	}
}
