package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
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
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/suite"
)

// follower starts a service on a store that another one writes to.
func follower(t *testing.T, config string, now func() time.Time) *app.Service {
	t.Helper()
	cfg, err := app.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	s, err := app.Open(t.Context(), cfg, zap.NewNop(), app.Options{RequestsPerSecond: 1000, Now: now, Writer: app.Writer{Command: "serve", Follows: true}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestReplicasShowTheSame lets organisations live whose store is in a database. One
// service polls; it is stopped at random, also in the middle of deriving and writing, gets
// another config, and begins a new ledger. After each poll a service that follows, from the
// beginning or just begun, has the same numbers as the one that polled; in the middle it
// has those of the poll before.
func TestReplicasShowTheSame(t *testing.T) {
	var compared, middles atomic.Int64
	organisations(t, suite.Count(t, "YOURTURN_REPLICA_SEEDS", 1, 1), func(t *testing.T, seed int, flavor jirasim.Flavor) {
		random := rand.New(rand.NewPCG(uint64(seed), uint64(len(flavor)))) //nolint:gosec // it is no secret
		var clock atomic.Pointer[time.Time]
		now := func() time.Time { return *clock.Load() }
		tm, err := team.Begin(team.Options{Seed: int64(seed), Flavor: flavor, End: end(), Losses: true, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		config := inDatabase(t, serveTeam(t, tm, flavor).config, "")
		at := tm.Start()
		clock.Store(&at)
		p := newPoller(t, config, now)
		p.look()
		f := follower(t, config, now)
		defer func() { f.Close() }() //nolint:errcheck // the test is over
		catchUp := func(f *app.Service) []string {
			t.Helper()
			if err := f.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			return exposed(t, f)
		}
		same := func(f *app.Service, what string) {
			t.Helper()
			compared.Add(1)
			if diff := gocmp.Diff(exposed(t, p), catchUp(f)); diff != "" {
				t.Fatalf("%s, %s: numbers (-polled +followed):\n%s", now(), what, diff)
			}
		}
		start := func() {
			t.Helper()
			p = newPoller(t, config, now)
			if err := p.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		same(f, "at first")
		configs := []string{"defaults:\n", "defaults:\n  targets: {acceptance: 6h}\n"}
		gap := 200 * time.Hour
		if os.Getenv("YOURTURN_REPLICA_SEEDS") == "" {
			gap = 600 * time.Hour
		}
		for at.Before(end()) {
			at = at.Add(time.Duration(random.Int64N(int64(gap))).Truncate(time.Second) + time.Second)
			clock.Store(&at)
			tm.Until(at)
			switch random.IntN(12) {
			case 0:
				p.leave()
				start()
			case 1, 2: // stopped in the middle
				res, err := p.Read(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				before := exposed(t, f)
				if diff := gocmp.Diff(before, catchUp(f)); diff != "" {
					t.Fatalf("%s, in the middle of a poll: numbers (-before +followed):\n%s", now(), diff)
				}
				if random.IntN(2) == 0 { // the poll fails; who begins to follow now shows what is there
					other := follower(t, config, now)
					if got := catchUp(other); len(got) < 100 {
						t.Fatalf("%s: a replica that begins in the middle of a poll shows %q", now(), got)
					}
					other.Close() //nolint:errcheck // it only read
				}
				middles.Add(1)
				ctx := &dying{Context: t.Context()}
				ctx.left.Store(random.Int64N(400))
				_ = p.Measure(ctx, res) // it may come to its end all the same
				p.leave()
				start()
			case 3:
				text, err := os.ReadFile(config)
				if err != nil {
					t.Fatal(err)
				}
				p.leave()
				write(t, config, strings.Replace(string(text), configs[0], configs[1], 1))
				configs[0], configs[1] = configs[1], configs[0]
				start()
				f.Close() //nolint:errcheck // it only read
				f = follower(t, config, now)
			case 4:
				if err := p.Recount(t.Context()); err != nil {
					t.Fatal(err)
				}
				p.leave()
				start()
			}
			p.look()
			same(f, "followed")
			if random.IntN(5) == 0 {
				other := follower(t, config, now)
				same(other, "just begun")
				other.Close() //nolint:errcheck // it only read
			}
		}
	})
	t.Logf("%d comparisons, %d in the middle of a poll", compared.Load(), middles.Load())
	if compared.Load() < 20 || middles.Load() == 0 {
		t.Errorf("%d comparisons, %d in the middle of a poll", compared.Load(), middles.Load())
	}
}

// TestAWriterThatDiesBeforeItPublishes begins a new ledger, and erases somebody, in a process
// that counts and cannot publish any more. The next one starts from what that kept. Who
// follows all the time shows what it shows: nothing twice, and nobody who was erased.
func TestAWriterThatDiesBeforeItPublishes(t *testing.T) {
	const account = "5b00000000354830f9eeac62" // of somebody who waits for nobody by the config
	for _, tc := range []struct {
		name string
		do   func(*poller) error
	}{
		{"a new ledger", func(p *poller) error { return p.Recount(t.Context()) }},
		{"an erasure", func(p *poller) error { _, err := p.Erase(t.Context(), app.Erasure{Account: account}); return err }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config := inDatabase(t, generated(t), "")
			p := newPoller(t, config)
			p.look()
			p.look()
			f := follower(t, config, time.Now)
			defer f.Close() //nolint:errcheck // it only read
			if err := f.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(exposed(t, p), exposed(t, f)); diff != "" {
				t.Fatalf("numbers (-polled +followed):\n%s", diff)
			}
			cfg, err := app.LoadConfig(config)
			if err != nil {
				t.Fatal(err)
			}
			db := stack.OpenSQL(t, cfg.Store.URL)
			statement := func(text string) {
				t.Helper()
				if _, err := db.ExecContext(t.Context(), text); err != nil {
					t.Fatal(err)
				}
			}
			statement(`CREATE FUNCTION no_publish() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the server goes away'; END $$`)
			statement(`CREATE TRIGGER no_publish BEFORE UPDATE OF published ON lease FOR EACH ROW EXECUTE FUNCTION no_publish()`)
			p.leave()
			p = newPoller(t, config) // which derives every story
			err = tc.do(p)
			res, failed := p.Read(t.Context())
			if failed != nil {
				t.Fatal(failed)
			}
			if err := errors.Join(err, p.Measure(t.Context(), res)); err == nil || !strings.Contains(err.Error(), "the server goes away") {
				t.Fatalf("the writer published, though it could not: %v", err)
			}
			p.leave()
			statement(`DROP TRIGGER no_publish ON lease`)
			p = newPoller(t, config)
			if err := p.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				p.look()
				if err := f.CatchUp(t.Context()); err != nil {
					t.Fatal(err)
				}
				if diff := gocmp.Diff(exposed(t, p), exposed(t, f)); diff != "" {
					t.Fatalf("numbers (-polled +followed):\n%s", diff)
				}
			}
		})
	}
}

// numbersAt returns the numbers that a service shows on /metrics.
func numbersAt(t *testing.T, address string) string {
	t.Helper()
	var out []string
	for line := range strings.Lines(await(t, "http://"+address+"/metrics", func(int, string) bool { return true })) {
		if strings.HasPrefix(line, "po_") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// inReplicas closes the rig's service and moves its store into a database. It returns the
// config, with webhooks.
func (p *rig) inReplicas(interval string) (config string) {
	p.Helper()
	file := p.svc.Config().File()
	if err := p.svc.Close(); err != nil {
		p.Fatal(err)
	}
	dir := filepath.Dir(file)
	text, err := os.ReadFile(inDatabase(p.T, file, ""))
	if err != nil {
		p.Fatal(err)
	}
	write(p.T, filepath.Join(dir, "hook"), hook+"\n")
	write(p.T, file, p.replaced("projects: [", "poll_interval: "+interval+", projects: [")(string(text))+"webhook: {secret_file: hook}\n")
	return file
}

// TestAReplicaHandsWebhooksOver posts a webhook to the replica that follows: the one that
// asks Jira reads the story, an hour before its next poll, and both show it.
func TestAReplicaHandsWebhooksOver(t *testing.T) {
	p := newRig(t, jirasim.Cloud, jirasim.Options{}, "")
	story := p.create(p.pay)
	p.later(time.Hour)
	config := p.inReplicas("1h")
	first := startServe(t, config, "127.0.0.1:0")
	await(t, "http://"+first.address()+"/metrics", func(_ int, body string) bool { return cycles(body) > 0 })
	address := stack.Free(t)
	second := startServe(t, config, address)
	started(t, &second.out, second.ended, `(this one shows its numbers)`)
	ready(t, address)
	p.later(time.Minute)
	p.move(p.dev, story, "1", "2")
	p.hears("http://"+address, story)
	await(t, "http://"+first.address()+"/metrics", line(open+" 1"))
	await(t, "http://"+address+"/metrics", line(open+" 1"))
	shows(t, "http://"+address+"/metrics", "\nyourturn_replica_writes 0\n")
}

// TestAReplicaTakesAFirstSyncOver kills a service in the middle of its first sync. The
// replica that waited for its numbers goes on where it was.
func TestAReplicaTakesAFirstSyncOver(t *testing.T) {
	t.Parallel()                                  // it waits for a lease to end
	const stories, batch, killedAt = 1500, 300, 3 // histories are asked for, and written, in batches
	p := rigJira(t, jirasim.Cloud, jirasim.Options{})
	for range stories {
		p.create(p.pay)
		p.later(time.Minute) // a first sync goes on behind an instant of creation
	}
	p.later(time.Hour)
	var asked atomic.Int64
	reached, release := make(chan struct{}), make(chan struct{})
	p.faulty(func(r *http.Request) *jirasim.Fault { // before Jira is served: what asks it is another process
		if strings.HasSuffix(r.URL.Path, "/changelog/bulkfetch") && asked.Add(1) == killedAt {
			close(reached)
			<-release
		}
		return nil
	})
	p.serveJira()
	config := p.inReplicas("1h")
	first := startServe(t, config, "127.0.0.1:0")
	select {
	case <-reached:
	case code := <-first.ended:
		t.Fatalf("the first service ended with %d:\n%s", code, &first.out)
	}
	address := stack.Free(t)
	second := startServe(t, config, address)
	started(t, &second.out, second.ended, `(this one shows its numbers)`)
	await(t, "http://"+address+"/-/ready", func(status int, body string) bool {
		return status == http.StatusServiceUnavailable && strings.Contains(body, "are shown once it has some")
	})
	await(t, "http://"+first.address()+"/-/ready", has(fmt.Sprintf("has read %d stories", 2*batch)))
	first.signal(syscall.SIGKILL)
	close(release)
	read, err := strconv.Atoi(started(t, &second.out, second.ended, `poll complete.*"full": true, "stories": (\d+)`))
	if want := stories - 2*batch + 1; err != nil || read > want {
		t.Errorf("the second service read %d stories (%v), where %d were left at most", read, err, want)
	}
	shows(t, "http://"+address+"/sync", fmt.Sprintf("<td>%d</td>", stories))
}

// TestAReplicaIsStoppedAsItTakesOver stops a replica that has the lease, and waits for the
// database before it polls: it ends as any that is stopped.
func TestAReplicaIsStoppedAsItTakesOver(t *testing.T) {
	t.Parallel()
	config := inDatabase(t, generated(t), "")
	cfg, err := app.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	first := startServe(t, config, "127.0.0.1:0")
	ready(t, first.address())
	second := startServe(t, config, "127.0.0.1:0")
	started(t, &second.out, second.ended, `(this one shows its numbers)`)
	tx, err := stack.OpenSQL(t, cfg.Store.URL).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // the test is over
	if _, err := tx.ExecContext(t.Context(), `LOCK TABLE schema_version`); err != nil {
		t.Fatal(err)
	}
	if code := first.signal(syscall.SIGTERM); code != command.ExitFine {
		t.Errorf("the first ended with %d:\n%s", code, &first.out)
	}
	started(t, &second.out, second.ended, `(this process polls Jira and writes to the store from now on)`)
	if code := second.signal(syscall.SIGTERM); code != command.ExitFine {
		t.Errorf("the second ended with %d:\n%s", code, &second.out)
	}
}

// TestAReplicaWithAnOlderConfig gives another config to one replica after the other. The
// first with the new one counts by it as soon as it may write. One that comes back with the
// former config serves, and its metrics say that its config is outdated.
func TestAReplicaWithAnOlderConfig(t *testing.T) {
	older := inDatabase(t, generated(t), "")
	text, err := os.ReadFile(older)
	if err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(filepath.Dir(older), "newer.yml")
	write(t, newer, strings.Replace(string(text), "defaults:\n", "defaults:\n  targets: {acceptance: 6h}\n", 1))
	first := startServe(t, older, "127.0.0.1:0")
	before := endings(t, first.address())
	address := stack.Free(t)
	startServe(t, newer, address)
	ready(t, address)
	shows(t, "http://"+address+"/metrics", "\nyourturn_replica_config_outdated 0\n")
	first.signal(syscall.SIGTERM)
	await(t, "http://"+address+"/metrics", line("yourturn_replica_writes 1"))
	if after := endings(t, address); after != before || before == 0 {
		t.Errorf("by the newer config %v endings are counted, and %v were before", after, before)
	}
	last := stack.Free(t)
	third := startServe(t, older, last)
	await(t, "http://"+last+"/metrics", line("yourturn_replica_config_outdated 1"))
	ready(t, last)
	started(t, &third.out, third.ended, `(the store is counted by a newer config)`)
	shows(t, "http://"+last+"/metrics", "\nyourturn_replica_writes 0\n")
	if after := endings(t, address); after != before {
		t.Errorf("beside a replica with an older config %v endings are counted, and %v were before", after, before)
	}
}
