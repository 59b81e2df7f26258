package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/stack"
)

// storeLine is the store of a config.
var storeLine = regexp.MustCompile(`(?m)^store: .*$`)

// inDatabase writes a config like another one, with its store in a database of its own, or
// at a URL.
func inDatabase(t *testing.T, config, url string) string {
	t.Helper()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if !storeLine.Match(text) {
		t.Fatalf("the config names no store:\n%s", text)
	}
	file := filepath.Join(t.TempDir(), "yourturn.yml")
	if url == "" {
		url = stack.StartPostgres(t).Database(t, file)
	}
	write(t, file, storeLine.ReplaceAllLiteralString(string(text), fmt.Sprintf("store: {url: %q}", url)))
	return file
}

// TestPostgresHasTheSameNumbers reads organisations into a file and into a database, and
// compares all that they say: waits, the audit, a retrospective, and the metrics.
func TestPostgresHasTheSameNumbers(t *testing.T) {
	flavors(t, func(t *testing.T, flavor jirasim.Flavor) {
		o := newOrganisation(t, 3, flavor)
		other := inDatabase(t, o.config, "")
		for _, args := range [][]string{
			{"sync"},
			{"waits", "--format", "json"},
			{"waits", "--audit", "--format", "json"},
			{"waits", "--as-of", "2026-03-03T12:00:00Z", "--format", "json"},
			{"report", "--from", "2026-03-01", "--to", "2026-04-15", "--format", "json"},
			{"check", "--store"},
		} {
			args = append(args, "--config.file")
			want, got := yourturnAt(t, end, 0, append(args, o.config)...), yourturnAt(t, end, 0, append(args, other)...)
			got = strings.ReplaceAll(got, other, o.config)
			if d := gocmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("%s (-file +database):\n%s", args[0], d)
			}
		}
		p, q := newPoller(t, o.config, end), newPoller(t, other, end)
		if err := p.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := q.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := exposed(t, p)
		if d := gocmp.Diff(want, exposed(t, q)); d != "" || len(want) < 100 {
			t.Errorf("%d lines of metrics (-file +database):\n%s", len(want), d)
		}
	})
}

// TestOneServeWritesToADatabase starts two serves on one database. The second shows what the
// first polls and counts. It takes over when the first is killed; and when the one that
// writes is frozen for longer than its lease, that one writes nothing more and ends. Nothing
// is counted twice.
func TestOneServeWritesToADatabase(t *testing.T) {
	t.Parallel() // it waits for leases to end
	config := inDatabase(t, generated(t), "")
	first := startServe(t, config, "127.0.0.1:0")
	ready(t, first.address())
	before := endings(t, first.address())
	replica := func() (*serveProcess, string) {
		t.Helper()
		address := stack.Free(t)
		s := startServe(t, config, address)
		started(t, &s.out, s.ended, `(this one shows its numbers)`)
		ready(t, address)
		shows(t, "http://"+address+"/metrics", "\nyourturn_replica_writes 0\n")
		shows(t, "http://"+address+"/sync", "This replica shows what yourturn serve")
		return s, address
	}
	writes := func(address string) {
		t.Helper()
		await(t, "http://"+address+"/metrics", line("yourturn_replica_writes 1"))
	}
	second, address := replica()
	if d := gocmp.Diff(numbersAt(t, first.address()), numbersAt(t, address)); d != "" {
		t.Errorf("the two show other numbers (-first +second):\n%s", d)
	}
	if code, out := run(t, "check", "--online", "--config.file", config); code != command.ExitFine || !strings.Contains(out, fmt.Sprintf("(process %d on", first.cmd.Process.Pid)) {
		t.Errorf("check ended with %d:\n%s", code, out)
	}
	first.signal(syscall.SIGKILL)
	writes(address)
	if after := endings(t, address); after != before || before == 0 {
		t.Errorf("the second counts %v endings, and the first %v", after, before)
	}

	third, last := replica()
	if err := second.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	writes(last)
	if err := second.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if code := <-second.ended; code == command.ExitFine || !strings.Contains(second.out.String(), "another process writes to the store by now") {
		t.Errorf("the one that was frozen ended with %d:\n%s", code, &second.out)
	}
	if after := endings(t, last); after != before {
		t.Errorf("the third counts %v endings, and the first %v", after, before)
	}
	if code := third.signal(syscall.SIGTERM); code != command.ExitFine {
		t.Errorf("the third ended with %d:\n%s", code, &third.out)
	}
}

// TestADatabaseThatGoesAway stops the server of a database below a serve, and starts it
// again: the numbers stay, polls fail and say why, and go on.
func TestADatabaseThatGoesAway(t *testing.T) {
	server := stack.StartPostgres(t)
	config := inDatabase(t, generated(t), "")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, config, strings.Replace(string(text), "jira:\n", "jira:\n  poll_interval: 1s\n", 1))
	if cfg, err := app.LoadConfig(config); err != nil || cfg.Jira.PollInterval != time.Second {
		t.Fatal("the config has no poll_interval: mend the test", err)
	}
	s := startServe(t, config, "127.0.0.1:0")
	ready(t, s.address())
	before := endings(t, s.address())
	if err := server.Stop(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	const failed = `yourturn_poll_failures_total{reason="database_unreachable"} `
	await(t, "http://"+s.address()+"/metrics", func(_ int, body string) bool {
		return strings.Contains(body, failed) && !strings.Contains(body, failed+"0\n")
	})
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	done := cycles(await(t, "http://"+s.address()+"/metrics", func(int, string) bool { return true }))
	await(t, "http://"+s.address()+"/metrics", func(_ int, body string) bool { return cycles(body) > done })
	if after := endings(t, s.address()); after != before || before == 0 {
		t.Errorf("%v endings are counted, and before %v", after, before)
	}
	if code := s.signal(syscall.SIGTERM); code != command.ExitFine {
		t.Errorf("serve ended with %d:\n%s", code, &s.out)
	}
}

// TestThroughAPooler runs commands through pgbouncer, which gives each transaction a
// connection that others have used.
func TestThroughAPooler(t *testing.T) {
	path := stack.Program(t, "pgbouncer", "pgbouncer", "/usr/sbin/pgbouncer")
	server := stack.StartPostgres(t)
	o := newOrganisation(t, 3, jirasim.Cloud)
	direct := inDatabase(t, o.config, "")
	cfg, err := app.LoadConfig(direct)
	if err != nil {
		t.Fatal(err)
	}
	pooled := inDatabase(t, o.config, stack.StartPooler(t, path, server, cfg.Store.URL))
	for _, args := range [][]string{{"sync"}, {"waits", "--format", "json"}, {"sync", "--recount"}} {
		args = append(args, "--config.file")
		want, got := yourturnAt(t, end, 0, append(args, o.config)...), yourturnAt(t, end, 0, append(args, pooled)...)
		if d := gocmp.Diff(want, got); d != "" {
			t.Errorf("%s (-file +pooled):\n%s", args[0], d)
		}
	}
}

// TestStoreCopiedBothWays copies a store from a file into a database, and from there into
// another file: all three have the same numbers, and a poll of each finds nothing new.
// Targets that hold something, and stores that a process writes to, are refused.
func TestStoreCopiedBothWays(t *testing.T) {
	server := stack.StartPostgres(t)
	o := newOrganisation(t, 5, jirasim.Cloud)
	yourturnAt(t, end, 0, "sync", "--config.file", o.config)
	cfg, err := app.LoadConfig(o.config)
	if err != nil {
		t.Fatal(err)
	}
	file, database, back := cfg.Store.URL, server.Database(t, t.Name()), "sqlite:"+filepath.Join(t.TempDir(), "back.db")
	for _, way := range [][2]string{{file, database}, {database, back}} {
		out := yourturn(t, 0, "store", "copy", "--from", way[0], "--to", way[1])
		if !strings.Contains(out, "both stores hold the same") || !regexp.MustCompile(`(?m)^ *\d+ +event$`).MatchString(out) {
			t.Errorf("the copy says %q", out)
		}
	}
	var numbers []string
	for _, url := range []string{file, database, back} {
		p := newPoller(t, inDatabase(t, o.config, url), end)
		if err := p.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !began(t, p, "kept") {
			t.Errorf("%s: the start derived every story", url)
		}
		got := exposed(t, p)
		if numbers == nil {
			numbers = got
		}
		if d := gocmp.Diff(numbers, got); d != "" {
			t.Errorf("%s (-file +it):\n%s", url, d)
		}
		if n := p.look(); n != 0 {
			t.Errorf("%s: a poll found %d new events", url, n)
		}
		p.leave()
	}
	for _, tc := range []struct{ from, to, says string }{
		{file, database, "a store is copied into an empty one alone"},
		{file, back, "a store is copied into an empty one alone"},
		{"sqlite:" + filepath.Join(t.TempDir(), "none.db"), database, "no such file"},
		{file, "mysql://x", "the URL of a store is not a known store"},
		{"postgres://u:hunter2@h/d", file, "holds a password, which is refused"},
	} {
		if out := yourturn(t, 1, "store", "copy", "--from", tc.from, "--to", tc.to); !strings.Contains(out, tc.says) {
			t.Errorf("from %s to %s: it says %q", tc.from, tc.to, out)
		}
	}
	p := newPoller(t, inDatabase(t, o.config, database), end)
	if out := yourturn(t, 1, "store", "copy", "--from", database, "--to", "sqlite:"+filepath.Join(t.TempDir(), "new.db")); !strings.Contains(out, "a store has one writer") {
		t.Errorf("of a store in use it says %q", out)
	}
	p.leave()
}
