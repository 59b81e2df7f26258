package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/stack"
)

// askedReplicas is a rig whose store is in a database, with a story that ada owned and accepted
// and another one that waits for her. She is not in the config.
type askedReplicas struct {
	*rig
	ada    *jirasim.User
	story  int64
	config string
}

// inTwo returns replicas that nothing serves yet.
func inTwo(t *testing.T) *askedReplicas {
	t.Helper()
	p := &askedReplicas{rig: newRig(t, jirasim.Cloud, jirasim.Options{}, "")}
	p.ada = p.site.AddUser(&jirasim.User{Ref: "ada", AccountID: "acc-5b10ac8d82e05b", Name: "ada", DisplayName: "Ada Lovelace", AccountType: "atlassian", Active: true, TimeZone: "Europe/Berlin"})
	for n := range 2 {
		story := p.site.CreateIssue(p.now(), p.dev, p.pay, map[string]any{
			"summary": "s", "issuetype": map[string]any{"id": "10", "name": "Story"},
			"status": map[string]any{"id": "1", "name": "Open"}, "customfield_10050": p.ada,
		})
		p.later(time.Hour)
		p.move(p.dev, story, "1", "2")
		p.later(3 * time.Hour)
		if n == 0 {
			p.move(p.ada, story, "2", "3")
		}
	}
	p.story = p.create(p.pay)
	p.later(48 * time.Hour)
	p.config = p.inReplicas("1h")
	return p
}

// serve starts two serves, and returns them with where they serve. The first leads.
func (p *askedReplicas) serve() (first, second *serveProcess, leads, follows string) {
	p.Helper()
	leads, follows = stack.Free(p.T), stack.Free(p.T)
	first = startServe(p.T, p.config, leads)
	await(p.T, "http://"+leads+"/metrics", func(_ int, body string) bool { return cycles(body) > 0 })
	second = startServe(p.T, p.config, follows)
	started(p.T, &second.out, second.ended, `(this one shows its numbers)`)
	ready(p.T, follows)
	return first, second, leads, follows
}

// valueAt returns a number from the metrics of a service.
func valueAt(t *testing.T, address, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(await(t, "http://"+address+"/metrics", func(int, string) bool { return true }))
	if m == nil {
		t.Fatalf("%s has no %s", address, name)
	}
	return m[1]
}

// alike returns the numbers that two services show, once the one that follows is where the
// one that leads is.
func alike(t *testing.T, leads, follows string) string {
	t.Helper()
	await(t, "http://"+follows+"/metrics", func(status int, body string) bool { // the one that leads may go on meanwhile
		return line("yourturn_replica_revision "+valueAt(t, leads, "yourturn_replica_revision"))(status, body)
	})
	want := numbersAt(t, leads)
	if d := gocmp.Diff(want, numbersAt(t, follows)); d != "" {
		t.Errorf("the two show other numbers (-leads +follows):\n%s", d)
	}
	return want
}

// countersAt returns the counters that a service shows.
func countersAt(t *testing.T, address string) map[string]float64 {
	t.Helper()
	counters, _ := series(t, strings.NewReader(await(t, "http://"+address+"/metrics", func(int, string) bool { return true })))
	return counters
}

// requestsIn returns how many requests a database holds.
func requestsIn(t *testing.T, config string) string {
	t.Helper()
	cfg, err := app.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return textsAt(t, cfg.Store.URL, `SELECT COUNT(*)::TEXT FROM request`)[0]
}

// filesOf returns what the files of a config's database hold.
func filesOf(t *testing.T, config string) string {
	t.Helper()
	cfg, err := app.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(cfg.Store.URL)
	if err != nil {
		t.Fatal(err)
	}
	return stack.StartPostgres(t).Bytes(t, strings.TrimPrefix(u.Path, "/"))
}

// TestSyncAsksTheReplicaThatLeads runs sync, and sync --recount, beside two replicas. The
// one that leads polls; both show what it read, and at the end the counters of a store that
// was filled by the config of today.
func TestSyncAsksTheReplicaThatLeads(t *testing.T) {
	p := inTwo(t)
	// By the config of before nothing had a target of an hour, and that was counted.
	if code, out := run(t, "sync", "--config.file", p.config); code != command.ExitFine {
		t.Fatalf("the first sync ended with %d:\n%s", code, out)
	}
	p.later(48 * time.Hour)
	if code, out := run(t, "sync", "--config.file", p.config); code != command.ExitFine {
		t.Fatalf("the second sync ended with %d:\n%s", code, out)
	}
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.config, p.replaced("defaults: {", "defaults: {targets: {acceptance: 1h}, ")(string(text)))
	first, second, leads, follows := p.serve()
	asked := func(args ...string) string {
		t.Helper()
		code, out := run(t, append(args, "--config.file", p.config)...)
		if code != command.ExitFine || !strings.Contains(out, fmt.Sprintf("yourturn serve (process %d on ", first.cmd.Process.Pid)) || !strings.Contains(out, "writes to this store, and is asked to poll now") {
			t.Fatalf("%v ended with %d:\n%s", args, code, out)
		}
		return out
	}
	before := alike(t, leads, follows)
	revision, began := valueAt(t, leads, "yourturn_replica_revision"), valueAt(t, leads, "yourturn_ledger_start_timestamp_seconds")
	p.later(time.Minute)
	p.move(p.dev, p.story, "1", "2")
	if out := asked("sync"); !strings.Contains(out, "read 1 stories, 1 new events") {
		t.Errorf("sync says %q", out)
	}
	if now := valueAt(t, leads, "yourturn_replica_revision"); now == revision {
		t.Errorf("after sync the revision is %s still", now)
	}
	if now := alike(t, leads, follows); !strings.Contains(now, open+" 1\n") || strings.Contains(before, open+" 1\n") {
		t.Errorf("after sync both show\n%s", now)
	}

	counted := countersAt(t, leads)
	asked("sync", "--recount")
	alike(t, leads, follows)
	after := countersAt(t, follows)
	if !strings.Contains(first.out.String(), "a new ledger begins") || strings.Contains(second.out.String(), "a new ledger begins") {
		t.Errorf("who began a new ledger?\n%s\n%s", &first.out, &second.out)
	}
	for _, address := range []string{leads, follows} {
		if now := valueAt(t, address, "yourturn_ledger_start_timestamp_seconds"); now == began {
			t.Errorf("%s: the ledger began at %s still", address, now)
		}
	}
	text, err = os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(filepath.Dir(p.config), "fresh.yml")
	write(t, fresh, storeLine.ReplaceAllLiteralString(string(text), fmt.Sprintf("store: {url: %q}", "sqlite:"+filepath.Join(t.TempDir(), "fresh.db"))))
	third := startServe(t, fresh, "127.0.0.1:0")
	await(t, "http://"+third.address()+"/metrics", func(_ int, body string) bool { return cycles(body) > 0 })
	if d := gocmp.Diff(countersAt(t, third.address()), after); d != "" {
		t.Errorf("counters (-of a store that is filled anew +after the recount):\n%s", d)
	}
	if len(after) == 0 || gocmp.Equal(counted, after) {
		t.Errorf("the recount changed none of %d counters: mend the test", len(after))
	}
	if n := requestsIn(t, p.config); n != "0" {
		t.Errorf("%s requests are left", n)
	}
}

// TestEraseAsksTheReplicaThatLeads erases somebody beside two replicas: neither names the
// person any more, nor does any file of the database; the numbers stay.
func TestEraseAsksTheReplicaThatLeads(t *testing.T) {
	p := inTwo(t)
	first, second, leads, follows := p.serve()
	account, name := p.ada.AccountID, p.ada.DisplayName
	before := alike(t, leads, follows)
	pages := func(tombstone string, want, not []string) {
		t.Helper()
		for _, address := range []string{leads, follows} {
			all := ""
			for _, path := range []string{"/", "/metrics", "/stories/PAY-1", "/stories/PAY-2", "/projects/PAY", "/owners/" + tombstone, "/data", "/sync", "/api/v1/waits"} {
				all += await(t, "http://"+address+path, func(int, string) bool { return true })
			}
			for _, text := range want {
				if !strings.Contains(all, text) {
					t.Errorf("the pages of %s lack %q", address, text)
				}
			}
			for _, text := range not {
				if strings.Contains(all, text) {
					t.Errorf("the pages of %s have %q", address, text)
				}
			}
		}
	}
	pages(account, []string{account, name}, []string{"erased-"})
	if files := filesOf(t, p.config); !strings.Contains(files, account) || !strings.Contains(files, name) {
		t.Fatal("the database does not name the person: mend the test")
	}
	other := filepath.Join(filepath.Dir(p.config), "other.yml")
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, other, p.replaced(p.po.AccountID, account)(string(text)))
	ask := fmt.Sprintf("yourturn serve (process %d on ", first.cmd.Process.Pid)
	for _, tc := range []struct {
		what, config, account string
		code                  int
		says                  []string
	}{
		{"whom the command's config names", other, account, command.ExitUsage, []string{"because the config names it"}},
		{"whom the replica's config names", other, p.po.AccountID, command.ExitFailed, []string{ask, "was asked to erase a person: ", "because the config names it"}},
		{"nobody", p.config, "acc-nobody", command.ExitFailed, []string{ask, `was asked to erase a person: the store holds no account "acc-nobody"`}},
		{"the person", p.config, account, command.ExitFine, []string{ask, "is asked to erase the person", account + " is erased, and is erased-", name + `" 0 times`, `match[]={owner="` + account + `"}`}},
		{"the person again", p.config, account, command.ExitFine, []string{ask, "was erased before, and is erased-", `"` + account + `" 0 times`}},
	} {
		code, out := run(t, "erase", "--config.file", tc.config, "--account", tc.account)
		if code != tc.code {
			t.Errorf("erasing %s ended with %d, want %d:\n%s", tc.what, code, tc.code, out)
		}
		for _, text := range tc.says {
			if !strings.Contains(strings.ReplaceAll(out, `\"`, `"`), text) {
				t.Errorf("erasing %s says %q, want %q", tc.what, out, text)
			}
		}
		if n := requestsIn(t, p.config); n != "0" {
			t.Errorf("erasing %s leaves %s requests", tc.what, n)
		}
		if files := filesOf(t, p.config); tc.code == command.ExitFine && (strings.Contains(files, account) || strings.Contains(files, name)) {
			t.Errorf("erasing %s leaves the person in the files of the database", tc.what)
		}
	}
	tombstone := regexp.MustCompile(`"tombstone": "(erased-[0-9a-f]+)"`).FindStringSubmatch(first.out.String())
	if tombstone == nil {
		t.Fatalf("the log of the replica that leads names no tombstone:\n%s", &first.out)
	}
	lines := func(numbers string) []string { return slices.Collect(strings.Lines(numbers)) }
	want := renamed(lines(before), account, tombstone[1], name, tombstone[1])
	if d := gocmp.Diff(want, renamed(lines(alike(t, leads, follows)))); d != "" {
		t.Errorf("numbers (-before but for the name +after):\n%s", d)
	}
	pages(tombstone[1], []string{tombstone[1]}, []string{account, name})
	if log := first.out.String() + second.out.String(); strings.Contains(log, account) || strings.Contains(log, name) {
		t.Errorf("a log names the person:\n%s", log)
	}
}

// stoppedInJira has the first request of a cycle that is asked for from now on wait in Jira.
func (p *askedReplicas) stoppedInJira() (reached <-chan struct{}, release func()) {
	at, goOn := make(chan struct{}), make(chan struct{})
	var asked atomic.Int64
	p.faulty(func(*http.Request) *jirasim.Fault {
		if asked.Add(1) == 1 {
			close(at)
			<-goOn
		}
		return nil
	})
	return at, func() { close(goOn) }
}

// command starts a command as a process of its own.
func (p *askedReplicas) command(args ...string) *serveProcess {
	s := &serveProcess{T: p.T, cmd: process(p.Context(), append(args, "--config.file", p.config)...), ended: make(chan int, 1)}
	s.begin()
	return s
}

// TestALeaderDiesInTheMiddleOfARequest kills the replica that leads when it has begun a new
// ledger and asks Jira. Whoever asked is told that nobody knows, and what to look at; the
// replica that takes over begins no other ledger, until it is asked for one.
func TestALeaderDiesInTheMiddleOfARequest(t *testing.T) {
	t.Parallel() // it waits for a lease to end
	p := inTwo(t)
	first, second, _, follows := p.serve()
	reached, release := p.stoppedInJira()
	defer release()
	asks := p.command("sync", "--recount")
	select {
	case <-reached:
	case code := <-asks.ended:
		t.Fatalf("sync ended with %d:\n%s", code, &asks.out)
	}
	first.signal(syscall.SIGKILL)
	if code := <-asks.ended; code != command.ExitFailed || !strings.Contains(asks.out.String(), "it is not known whether it did: the process that had taken the request ended") || !strings.Contains(asks.out.String(), "yourturn_ledger_start_timestamp_seconds") {
		t.Errorf("it ended with %d:\n%s", code, &asks.out)
	}
	await(t, "http://"+follows+"/metrics", func(_ int, body string) bool { return cycles(body) > 0 && line("yourturn_replica_writes 1")(0, body) })
	if out := second.out.String(); strings.Contains(out, "a new ledger begins") || strings.Contains(out, "a command asks") {
		t.Errorf("it is done twice:\n%s", out)
	}
	if n := requestsIn(t, p.config); n != "0" {
		t.Errorf("%s requests are left", n)
	}
	if code, out := run(t, "sync", "--recount", "--config.file", p.config); code != command.ExitFine || !strings.Contains(second.out.String(), "a new ledger begins") {
		t.Errorf("asked again, it ended with %d:\n%s", code, out)
	}
}

// TestWhoAskedIsInterrupted interrupts sync when its request is taken: the replica goes on.
func TestWhoAskedIsInterrupted(t *testing.T) {
	p := inTwo(t)
	_, _, leads, follows := p.serve()
	revision := valueAt(t, leads, "yourturn_replica_revision")
	reached, release := p.stoppedInJira()
	asks := p.command("sync")
	select {
	case <-reached:
	case code := <-asks.ended:
		t.Fatalf("sync ended with %d:\n%s", code, &asks.out)
	}
	if code := asks.signal(os.Interrupt.(syscall.Signal)); code != command.ExitFailed || !strings.Contains(asks.out.String(), "yourturn: interrupted: yourturn serve (process ") || !strings.Contains(asks.out.String(), "has begun with what it was asked for, and may go on") {
		t.Errorf("it ended with %d:\n%s", code, &asks.out)
	}
	if n := requestsIn(t, p.config); n != "0" {
		t.Errorf("%s requests are left", n)
	}
	p.later(time.Minute)
	p.move(p.dev, p.story, "1", "2")
	release()
	await(t, "http://"+leads+"/metrics", func(_ int, body string) bool {
		return strings.Contains(body, "\nyourturn_replica_revision ") && !line("yourturn_replica_revision "+revision)(0, body) && line(open+" 1")(0, body)
	})
	alike(t, leads, follows)
}

// TestNobodyTakesARequest asks a process that leads and takes no requests, as one that hangs.
// The request is withdrawn, and whoever asked is told; also where that process is gone by
// then, and where somebody does not want to wait. A process of which it is known that it
// takes none is not asked.
func TestNobodyTakesARequest(t *testing.T) {
	p := inTwo(t)
	cfg, err := app.LoadConfig(p.config)
	if err != nil {
		t.Fatal(err)
	}
	hangs := func(w app.Writer) *app.Service {
		t.Helper()
		s, err := app.Open(t.Context(), cfg, zap.NewNop(), app.Options{Writer: w})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	leads := hangs(app.Writer{Command: "serve", Follows: true})
	holder, held, err := app.WriterOf(t.Context(), cfg)
	if err != nil || !held || !holder.Asked() {
		t.Fatalf("%s holds the store: %t, %v", holder, held, err)
	}
	asker := app.Asker{Config: cfg, Holder: holder, Command: "erase", Patience: time.Millisecond}
	refused := func(err error, want ...string) {
		t.Helper()
		for _, text := range append(want, "nothing was done") {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("it ends with %v, want %q", err, text)
			}
		}
		if n := requestsIn(t, p.config); n != "0" {
			t.Errorf("%s requests are left", n)
		}
	}
	_, err = asker.Poll(t.Context(), true)
	refused(err, holder.String()+" was asked to begin a new ledger, and did not take the request within 1ms", "stop it so that another one takes over")
	_, err = asker.Erase(t.Context(), app.Erasure{Account: "acc-somebody"})
	refused(err, "was asked to erase a person, and did not take the request")
	if strings.Contains(filesOf(t, p.config), "acc-somebody") {
		t.Error("the files of the database hold what was asked for")
	}

	asks := p.command("erase", "--account", "acc-somebody")
	stack.Eventually(t, "a request is placed", func(context.Context) bool { return requestsIn(t, p.config) == "1" })
	if code := asks.signal(os.Interrupt.(syscall.Signal)); code != command.ExitFailed || !strings.Contains(asks.out.String(), "yourturn: interrupted: nothing was done") {
		t.Errorf("it ended with %d:\n%s", code, &asks.out)
	}
	if n := requestsIn(t, p.config); n != "0" || strings.Contains(filesOf(t, p.config), "acc-somebody") {
		t.Errorf("%s requests are left", n)
	}

	if err := leads.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = asker.Poll(t.Context(), false)
	refused(err, "was asked to poll, and writes to the store no more", "run this again")

	other := hangs(app.Writer{Command: "store copy"})
	defer other.Close() //nolint:errcheck // the test is over
	if code, out := run(t, "sync", "--config.file", p.config); code != command.ExitFailed || !strings.Contains(out, "yourturn store copy (process ") || !strings.Contains(out, "a store has one writer: stop that process") {
		t.Errorf("beside a copy it ended with %d:\n%s", code, out)
	}
}
