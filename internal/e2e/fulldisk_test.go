package e2e

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
)

// noRoom is what an error says of a full disk of PostgreSQL, and full the series of polls
// that failed for one.
const (
	noRoom = "(SQLSTATE 53100): nothing of this batch was written; free some space and start again"
	full   = `yourturn_poll_failures_total{reason="disk_full"}`
)

// TestAFullDiskOfADatabase fills the disk of a database below a service. Polls fail and say
// why: one that writes stories stores nothing of its batch, one that counts enters nothing
// into the ledger, and the numbers stay. Room comes back bit by bit, so that polls fail at
// several places. Once there is enough, the store and the numbers are those of a store that
// was never full. The command sync fails so too.
func TestAFullDiskOfADatabase(t *testing.T) {
	t.Parallel()
	server := stack.SmallPostgres(t, "32m")
	p := newRig(t, jirasim.Cloud, jirasim.Options{}, "")
	url := server.Database(t, t.Name())
	roomy, config := p.besides(url)
	db, file := stack.OpenSQL(t, url), stack.OpenSQL(t, roomy.Config().Store.URL)
	// rows returns what is stored of stories, and the ledger, of the one that gets full.
	rows := func() (stories, ledger map[string]string) { return parted(stateIn(t, db, "encode(body, 'hex')")) }
	// wanted returns that of the store that is never full, after another poll.
	wanted := func() (stories, ledger map[string]string) {
		t.Helper()
		if failed, err := roomy.Poll(t.Context()); failed != nil || err != nil {
			t.Fatal(failed, err)
		}
		return parted(stateIn(t, file, "lower(hex(body))"))
	}
	same := func(what string) {
		t.Helper()
		wantStories, wantLedger := wanted()
		stories, ledger := rows()
		if d := gocmp.Diff(exposed(t, roomy), exposed(t, p.svc)); d != "" {
			t.Errorf("%s: the numbers are not those of a store that was never full (-that +this):\n%s", what, d)
		}
		some(t, unequal(wantStories, stories), "%s: the stories", what)
		some(t, unequal(wantLedger, ledger), "%s: the ledger", what)
	}
	failures := 0.0
	var shown []string
	fails := func(err error) {
		t.Helper()
		if !errors.Is(err, store.ErrNoSpace) || !strings.Contains(err.Error(), noRoom) {
			t.Fatalf("on a full disk a poll ends with: %v", err)
		}
		failures++
		p.shows(full, failures)
		if d := gocmp.Diff(shown, exposed(t, p.svc)); d != "" {
			t.Errorf("after a poll that failed the numbers are others (-before +after):\n%s", d)
		}
	}

	p.create(p.pay)
	p.later(time.Hour)
	p.fine()
	wanted()
	same("before the disk is full")

	shown = exposed(t, p.svc)
	oldStories, oldLedger := rows()
	stays := func(when string) {
		t.Helper()
		stories, ledger := rows()
		some(t, unequal(oldStories, stories), "%s: the stories", when)
		some(t, unequal(oldLedger, ledger), "%s: the ledger", when)
	}
	giveBack := func(bits []func()) {
		for _, bit := range bits {
			bit()
		}
	}
	state := p.state()
	bits := server.Fill(t, 1, 2, 4, 8, 16, 32, 64)
	const written = 300 // stories; what the last pages of tables have left is less
	var ids []int64
	for range written {
		ids = append(ids, p.create(p.pay))
	}
	p.later(time.Minute)
	for _, id := range ids {
		p.move(p.dev, id, "1", "2")
	}
	p.later(time.Hour)
	for _, id := range ids {
		p.move(p.po, id, "2", "3")
	}
	newStories, _ := wanted()
	for i := range bits {
		err := p.cycle()
		stories, ledger := rows()
		if err == nil && i > 0 {
			giveBack(bits[i:])
			break
		}
		fails(err)
		if i == 0 || len(stories) == len(oldStories) {
			some(t, unequal(oldStories, stories), "poll %d failed: the stories", i+1)
			if d := gocmp.Diff(state, p.state()); d != "" {
				t.Errorf("poll %d failed, and the state has moved:\n%s", i+1, d)
			}
		} else {
			some(t, unequal(newStories, stories), "poll %d failed when it had stored all stories: these", i+1)
		}
		some(t, unequal(oldLedger, ledger), "poll %d failed: the ledger", i+1)
		giveBack(bits[i : i+1])
	}
	p.fine()
	same("with room again")

	before := p.completed()
	r := p.serve()
	p.completes(r, before)
	shown = exposed(t, p.svc)
	oldStories, oldLedger = rows()
	bits = server.Fill(t)
	p.later(10 * time.Minute) // after the slip window what was written before is final
	if _, newLedger := wanted(); len(newLedger) < len(oldLedger)+written {
		t.Fatalf("%d entries are new in the ledger: mend the test", len(newLedger)-len(oldLedger))
	}
	await(t, r.base+"/metrics", func(int, string) bool {
		return p.metric(full) > failures && strings.Contains(p.log.String(), "to the ledger")
	})
	if d := gocmp.Diff(shown, exposed(t, p.svc)); d != "" {
		t.Errorf("when counting failed the numbers are others (-before +after):\n%s", d)
	}
	stays("counting failed")
	before = p.completed()
	giveBack(bits)
	p.completes(r, before)
	same("when serve went on")
	p.stopped(r)
	if err := p.svc.Close(); err != nil {
		t.Fatal(err)
	}

	oldStories, oldLedger = rows()
	bits = server.Fill(t)
	for range written {
		p.create(p.ops)
	}
	p.later(time.Hour)
	sync := func(wantCode int) string {
		return yourturnAt(t, p.opts.Now, wantCode, "sync", "--config.file", config)
	}
	if says := sync(command.ExitFailed); !strings.Contains(says, noRoom) {
		t.Errorf("sync says:\n%s", says)
	}
	stays("sync failed")
	giveBack(bits)
	sync(command.ExitFine)
	p.start(config)
	if err := p.svc.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	same("after another sync")
}

// besides moves the rig's service to the store at a URL, and returns that config, and a
// service with the store that the rig had.
func (p *rig) besides(url string) (had *poller, config string) {
	p.Helper()
	file := p.svc.Config().File()
	if err := p.svc.Close(); err != nil {
		p.Fatal(err)
	}
	text, err := os.ReadFile(inDatabase(p.T, file, url))
	if err != nil {
		p.Fatal(err)
	}
	config = filepath.Join(filepath.Dir(file), "besides.yml") // the token is there
	write(p.T, config, p.replaced("projects: [", "poll_interval: 1s, projects: [")(string(text)))
	p.start(config)
	return newPoller(p.T, file, p.opts.Now), config
}

// parted parts the rows of a store into those of the ledger and others.
func parted(rows map[string]string) (others, ledger map[string]string) {
	others, ledger = maps.Clone(rows), maps.Clone(rows)
	isLedger := func(key, _ string) bool { return strings.HasPrefix(key, "ledger ") }
	maps.DeleteFunc(others, isLedger)
	maps.DeleteFunc(ledger, func(key, body string) bool { return !isLedger(key, body) })
	return others, ledger
}

// unequal returns what rows lack of those that are wanted, and what they have beside them.
func unequal(want, got map[string]string) []string {
	list := missing(want, got)
	for key := range got {
		if _, ok := want[key]; !ok {
			list = append(list, key+" is not wanted")
		}
	}
	return list
}
