package e2e

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/http"
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

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
	"github.com/yourturn/yourturn/internal/suite"
)

// stateOf returns what stateIn does of the store in a file.
func stateOf(t *testing.T, path string) (rows map[string]string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was read
	return stateIn(t, db, "hex(body)")
}

// stateIn returns, as they are at one instant, the rows of a store that are written once
// and stay: stories by id, events and entries of the ledger by what identifies them. hex is
// how its database writes a body as text.
func stateIn(t *testing.T, db *sql.DB, hex string) (rows map[string]string) {
	t.Helper()
	list, err := db.QueryContext(t.Context(), `SELECT 'story ' || id, '' FROM story
		UNION ALL SELECT 'event ' || story || ' ' || at || ' ' || rank || ' ' || id, `+hex+` FROM event
		UNION ALL SELECT 'ledger ' || story || ' ' || kind || ' ' || topic || ' ' || at, counted || ' ' || `+hex+` FROM ledger`)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	rows = map[string]string{}
	for list.Next() {
		var key, body string
		if err := list.Scan(&key, &body); err != nil {
			t.Fatal(err)
		}
		rows[key] = body
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// missing returns which rows of a store another one lacks, or has otherwise.
func missing(of, in map[string]string) (out []string) {
	for key, body := range of {
		if had, ok := in[key]; !ok {
			out = append(out, key+" is not there")
		} else if had != body {
			out = append(out, key+" is another")
		}
	}
	slices.Sort(out)
	return out
}

// some fails with the first of some differences, if there is one.
func some(t *testing.T, diff []string, format string, args ...any) {
	t.Helper()
	if len(diff) > 0 {
		t.Errorf("%s: %d differences:\n%s", fmt.Sprintf(format, args...), len(diff), strings.Join(diff[:min(len(diff), 12)], "\n"))
	}
}

// elsewhere restores a backup by the config of another store, and returns that config and
// its store.
func elsewhere(t *testing.T, config, backup string) (other, path string) {
	t.Helper()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "restored.db")
	f, err := os.CreateTemp(filepath.Dir(config), "restored-*.yml") // beside the token
	if err != nil {
		t.Fatal(err)
	}
	other = f.Name()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, other, strings.ReplaceAll(string(text), storeFile(t, config), path))
	yourturn(t, 0, "restore", "--config.file", other, "--from", backup)
	return other, path
}

// backedUpSpeed is how fast the team lives of which backups are taken: at its pace
// something happens in every poll.
const backedUpSpeed = 20 * liveSpeed

// taken is a backup that was taken of a store in use.
type taken struct {
	file, config, store string // restored by the last two
	asOf                latency.Instant
	rows                map[string]string
}

// TestBackupsUnderLoad has serve, as a process of its own, poll a living team, and takes
// backups of its store again and again. Each has all that was written before it began,
// and nothing that is not in the store after it: story by story, event by event, entry
// by entry of the ledger. As of its data timestamp it has the waits of the live store,
// apart from what that learnt later. A service that starts on the backup and polls has
// the numbers of the one that never stopped, apart from what Jira keeps no history of.
func TestBackupsUnderLoad(t *testing.T) {
	for i, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			backups := map[bool]int{false: 6, true: 12}[suite.Full()]
			if underRace {
				backups = 3
			}
			backupsUnderLoad(t, flavor, int64(i+1), backups)
		})
	}
}

func backupsUnderLoad(t *testing.T, flavor jirasim.Flavor, seed int64, backups int) {
	tm, err := team.New(team.Options{Seed: seed, Flavor: flavor, SlipWindow: liveSlip})
	if err != nil {
		t.Fatal(err)
	}
	o := serveTeam(t, tm, flavor)
	replace(t, o.config, "jira:\n", "jira:\n  poll_interval: 1s\n")
	clock := filepath.Join(t.TempDir(), "clock")
	s := &serveProcess{T: t, cmd: process(t.Context(), "serve", "--config.file", o.config, "--web.listen-address", "127.0.0.1:0"), ended: make(chan int, 1)}
	s.cmd.Env = append(s.cmd.Env, clockVariable+"="+clock)
	s.begin()
	address := s.address()
	ready(t, address)
	live := storeFile(t, o.config)

	living, rest := context.WithCancel(t.Context())
	defer rest()
	var people sync.WaitGroup
	people.Go(func() { tm.Live(living, backedUpSpeed) }) //nolint:errcheck // it ends with its context
	writer, err := storelock.Read(live)
	if err != nil {
		t.Fatal(err)
	}
	polled := 0
	people.Go(func() { // one poll after the other
		for {
			_, err := app.Asker{Holder: writer}.Poll(living, false)
			if living.Err() != nil {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			polled++
		}
	})
	var list []taken
	amid, instants, lost := 0, map[latency.Instant]bool{}, map[string]bool{}
	for len(list) < backups || len(instants) < backups/6+2 || amid < backups/3 {
		if len(list) > 20*backups {
			t.Fatalf("of %d backups %d were written to meanwhile, and they are as of %d polls: the team rests", len(list), amid, len(instants))
		}
		b := taken{file: filepath.Join(t.TempDir(), "backup.db")}
		before := stateOf(t, live)
		code, out := run(t, "backup", "--config.file", o.config, "--to", b.file)
		if code != command.ExitFine {
			t.Fatalf("backup ended with %d:\n%s", code, out)
		}
		after := stateOf(t, live)
		if len(after) > len(before) {
			amid++ // it was written to meanwhile
		}
		for key := range after {
			lost[key] = true
		}
		b.config, b.store = elsewhere(t, o.config, b.file)
		b.rows = stateOf(t, b.store)
		some(t, missing(before, b.rows), "backup %d lacks what was there when it began", len(list))
		some(t, missing(b.rows, after), "backup %d has what is not there when it is complete", len(list))
		state, err := storeOf(t, b.config, store.ReadOnly).State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b.asOf = state.DataTimestamp
		instants[b.asOf] = true
		list = append(list, b)
		if t.Failed() || t.Context().Err() != nil {
			t.FailNow()
		}
	}
	rest()
	people.Wait()
	tm.Settle(t.Context())

	// In an hour all that happened is final. From then on Jira's clock stands.
	end := time.Now().Add(soakEnding).Truncate(time.Second)
	write(t, clock, soakEnding.String())
	tm.Site().Update(func() { tm.Site().Now = func() time.Time { return end } })
	seen := 0
	served := await(t, "http://"+address+"/metrics", func(_ int, body string) bool {
		if value(body, "yourturn_data_timestamp_seconds") != float64(end.Unix()) {
			return false
		}
		if seen == 0 {
			seen = cycles(body)
		}
		return cycles(body) > seen+1
	})
	if strings.Contains(served, "yourturn_poll_failures_total{") || strings.Contains(s.out.String(), "ERROR") {
		t.Errorf("a poll failed beside the backups:\n%s", warnings(s.out.String()))
	}
	if code := s.signal(syscall.SIGTERM); code != command.ExitFine {
		t.Fatalf("serve ended with %d:\n%s", code, &s.out)
	}

	all := stateOf(t, live)
	for key := range lost {
		if _, ok := all[key]; !ok {
			t.Errorf("the store that goes on lost %s", key)
		}
	}
	want := histories(t, live)
	waits, entries := derived(t, o.config), counted(t, live)
	parents := childrenOf(t, stack.OpenSQL(t, "sqlite:"+live))
	waitsThen := map[latency.Instant][]part{}
	caughtUp, apart, compared, learnt, restored := 0, 0, 0, 0, 0
	for i := 0; i < len(list); i += (len(list) + backups - 1) / backups {
		b := list[i]
		restored++
		at := stampOf(b.asOf.Time())
		if waitsThen[b.asOf] == nil {
			waitsThen[b.asOf] = derived(t, o.config, "--as-of", at)
		}
		later := learntLater(t, all, b, parents)
		then := except(waitsThen[b.asOf], later)
		if diff := gocmp.Diff(then, except(derived(t, b.config), later)); diff != "" {
			t.Errorf("backup %d comes to other waits as of %s (-store +backup):\n%s", i, at, diff)
		}
		compared, learnt = compared+len(then), learnt+len(waitsThen[b.asOf])-len(then)
		had := histories(t, b.store)
		p := newPoller(t, b.config, func() time.Time { return end })
		if err := p.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.look()
		p.look()
		p.leave()
		got := histories(t, b.store)
		if diff := gocmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
			t.Errorf("backup %d ends with other stories (-store +backup):\n%s", i, diff)
		}
		unseen := map[string]bool{}
		for id, h := range want {
			switch {
			case gocmp.Equal(h, got[id]):
				if len(h.Events) > len(had[id].Events) {
					caughtUp++
				}
			case unrecorded(h, b.asOf) || unrecorded(got[id], b.asOf):
				unseen[strconv.FormatInt(id, 10)] = true
				apart++
			default:
				t.Errorf("backup %d ends with another story %s:\n%s%s", i, h.Key, course(h), course(got[id]))
			}
		}
		if diff := gocmp.Diff(except(waits, unseen), except(derived(t, b.config), unseen)); diff != "" {
			t.Errorf("backup %d ends with other waits (-store +backup):\n%s", i, diff)
		}
		seenOnly := func(list []string) []string {
			return slices.DeleteFunc(slices.Clone(list), func(row string) bool { return unseen[strings.Fields(row)[0]] })
		}
		if diff := gocmp.Diff(seenOnly(entries), seenOnly(counted(t, b.store))); diff != "" {
			t.Errorf("backup %d ends with another ledger (-store +backup):\n%s", i, diff)
		}
	}
	figures.Note(t, "%s: %d backups within %d polls, as of %d of them, %d while rows were written; afterwards %d rows. %d waits as of the backups are those of the store that went on, and %d of stories of which that learnt more about the time before. Of %d that were restored and polled, %d stories caught up, and %d had comments that were edited or deleted meanwhile",
		flavor, len(list), polled, len(instants), amid, len(all), compared, learnt, restored, caughtUp, apart)
	if caughtUp < 3*restored || apart > caughtUp/4 || learnt > compared/10 {
		t.Errorf("%d stories caught up and %d cannot be compared, and neither can %d of %d waits: that shows too little", caughtUp, apart, learnt, learnt+compared)
	}
}

// except returns the waits of all but some stories.
func except(list []part, stories map[string]bool) []part {
	return slices.DeleteFunc(slices.Clone(list), func(p part) bool { return stories[p.StoryID] })
}

// childrenOf returns the stories whose parent an issue is or was, by that.
func childrenOf(t *testing.T, db *sql.DB) map[string][]string {
	t.Helper()
	list, err := db.QueryContext(t.Context(), `SELECT id, child FROM parent`)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	out := map[string][]string{}
	for list.Next() {
		var id, child string
		if err := list.Scan(&id, &child); err != nil {
			t.Fatal(err)
		}
		out[id] = append(out[id], child)
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// learntLater returns the stories of which a store that went on knows more of the time
// before a backup than it did then: those that came from a project that is not watched,
// whose comment went in the second of that poll, or whose parent was read later.
func learntLater(t *testing.T, all map[string]string, b taken, children map[string][]string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for key, body := range all {
		var story string
		var at latency.Instant
		if n, _ := fmt.Sscanf(key, "event %s %d", &story, &at); n != 2 || at > b.asOf || b.rows[key] == body { //nolint:errcheck // n tells
			continue
		}
		out[story] = true
		for _, child := range children[story] {
			out[child] = true
		}
	}
	return out
}

// unrecorded reports whether something happened to a story after an instant that Jira
// keeps no history of: what is known of it depends on when it was looked at.
func unrecorded(h latency.History, after latency.Instant) bool {
	return slices.ContainsFunc(h.Events, func(ev latency.Event) bool {
		return ev.At >= after && (ev.Rank == latency.RankCommentEdited || ev.Rank == latency.RankCommentDeleted)
	})
}

// TestARestoredStoreCatchesUp restores a backup after more has happened: before a sync it
// shows the numbers of the backup, and after it those of the service that never stopped,
// each thing counted once.
func TestARestoredStoreCatchesUp(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		var ids []int64
		for range 4 {
			ids = append(ids, p.create(p.pay))
			p.later(time.Minute)
		}
		p.move(p.dev, ids[0], "1", "2")
		p.later(time.Hour)
		p.move(p.po, ids[0], "2", "3")
		p.move(p.dev, ids[1], "1", "2")
		p.settle()
		p.settle()
		file := filepath.Join(p.TempDir(), "backup.db")
		yourturn(p.T, 0, "backup", "--config.file", p.svc.Config().File(), "--to", file)
		then := exposed(p.T, p.svc)
		p.move(p.po, ids[1], "2", "3")
		p.move(p.dev, ids[2], "1", "2")
		p.later(time.Hour)
		p.move(p.po, ids[2], "2", "3")
		p.move(p.dev, ids[3], "1", "2")
		p.settle()
		p.settle()
		p.shows(ended("PAY"), 3)

		config, path := elsewhere(p.T, p.svc.Config().File(), file)
		q := newPoller(p.T, config, p.opts.Now)
		if err := q.Resume(p.Context()); err != nil {
			p.Fatal(err)
		}
		if diff := gocmp.Diff(then, exposed(p.T, q)); diff != "" {
			p.Errorf("the restored store shows other numbers than the backup (-backup +restored):\n%s", diff)
		}
		q.leave()
		yourturnAt(p.T, p.opts.Now, 0, "sync", "--config.file", config)
		q = newPoller(p.T, config, p.opts.Now)
		if err := q.Resume(p.Context()); err != nil {
			p.Fatal(err)
		}
		if diff := gocmp.Diff(exposed(p.T, p.svc), exposed(p.T, q)); diff != "" {
			p.Errorf("after a sync it shows other numbers than the service that never stopped (-never stopped +restored):\n%s", diff)
		}
		q.leave()
		if diff := gocmp.Diff(counted(p.T, storeFile(p.T, p.svc.Config().File())), counted(p.T, path)); diff != "" {
			p.Errorf("its ledger is another (-never stopped +restored):\n%s", diff)
		}
	})
}

// TestRestoreTakesTheWritersLock tries to restore while serve writes to the store.
func TestRestoreTakesTheWritersLock(t *testing.T) {
	config := generated(t)
	s := startServe(t, config, "127.0.0.1:0")
	ready(t, s.address())
	file := filepath.Join(t.TempDir(), "backup.db")
	if code, out := run(t, "backup", "--config.file", config, "--to", file); code != command.ExitFine {
		t.Fatalf("backup ended with %d:\n%s", code, out)
	}
	before := stateOf(t, storeFile(t, config))
	code, out := run(t, "restore", "--config.file", config, "--from", file, "--overwrite")
	if code != command.ExitFailed || !strings.Contains(out, fmt.Sprintf("yourturn serve (process %d on ", s.cmd.Process.Pid)) {
		t.Errorf("restore beside serve ended with %d:\n%s", code, out)
	}
	some(t, missing(before, stateOf(t, storeFile(t, config))), "the store that serve writes to")
	await(t, "http://"+s.address()+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	// Killed, it leaves a journal: that is the former store's.
	s.signal(syscall.SIGKILL)
	code, out = run(t, "restore", "--config.file", config, "--from", file, "--overwrite")
	if code != command.ExitFine {
		t.Fatalf("restore after serve ended with %d:\n%s", code, out)
	}
	former, err := filepath.Glob(storeFile(t, config) + ".before-restore-*Z")
	if err != nil || len(former) != 1 {
		t.Fatalf("the former store is %v, %v:\n%s", former, err, out)
	}
	if _, err := os.Stat(former[0] + "-wal"); err != nil {
		t.Errorf("the former store has no journal: %v", err)
	}
	some(t, missing(before, stateOf(t, former[0])), "the former store")
	some(t, missing(stateOf(t, file), stateOf(t, storeFile(t, config))), "the restored store")
	if _, err := os.Stat(storeFile(t, config) + "-wal"); err == nil {
		t.Error("the restored store has a journal, which is the former one's")
	}
	if code, out := run(t, "sync", "--config.file", config); code != command.ExitFine {
		t.Errorf("sync on the restored store ended with %d:\n%s", code, out)
	}
}

// TestARestoreSaysWhomItBringsBack restores a backup from before an erasure.
func TestARestoreSaysWhomItBringsBack(t *testing.T) {
	o := newOrganisation(t, 3, jirasim.Cloud)
	yourturn(t, 0, "sync", "--config.file", o.config)
	file := filepath.Join(t.TempDir(), "backup.db")
	yourturn(t, 0, "backup", "--config.file", o.config, "--to", file)
	dev := o.team.Site().User("dev1").AccountID
	restored := func() string {
		t.Helper()
		return yourturn(t, 0, "restore", "--config.file", o.config, "--from", file, "--overwrite")
	}
	if out := restored(); strings.Contains(out, "erase") {
		t.Errorf("nobody was erased, and it says:\n%s", out)
	}
	yourturn(t, 0, "erase", "--config.file", o.config, "--account", dev)
	if out := restored(); !strings.Contains(out, "1 person was erased since the backup") || !strings.Contains(out, "yourturn erase") {
		t.Errorf("somebody was erased since the backup, and it says:\n%s", out)
	}
	if left := found(t, o.config, dev); len(left) == 0 {
		t.Error("the backup does not name the person: the test shows nothing")
	}
	yourturn(t, 0, "erase", "--config.file", o.config, "--account", dev)
	if left := found(t, o.config, dev); len(left) > 0 {
		t.Errorf("erased again, there is still %q", left)
	}
}

// TestBackupsThatCannotBeMade, and restores: each says why, and changes nothing.
func TestBackupsThatCannotBeMade(t *testing.T) {
	o := newOrganisation(t, 4, jirasim.Cloud)
	yourturn(t, 0, "sync", "--config.file", o.config)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	good, path := in("good.db"), storeFile(t, o.config)
	out := yourturn(t, 0, "backup", "--config.file", o.config, "--to", good)
	for _, text := range []string{"stories", "events", "entries of the ledger, as of 2026-05-20T15:04:05", "every page was checked"} {
		if !strings.Contains(out, text) {
			t.Errorf("backup does not say %q:\n%s", text, out)
		}
	}
	if info, err := os.Stat(good); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup has mode %v: %v", info.Mode(), err)
	}
	copied := func(name, statement string) {
		t.Helper()
		text, err := os.ReadFile(good)
		if err != nil {
			t.Fatal(err)
		}
		write(t, in(name), string(text))
		change(t, in(name), statement)
	}
	copied("newer.db", `INSERT INTO schema_version VALUES (1000)`)
	// Pages that belong to nothing: no query sees them.
	copied("damaged.db", `PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'story_key'`)
	write(t, in("text"), "hello")
	change(t, in("other.db"), `CREATE TABLE moz_places (id)`)
	backup := func(to string, more ...string) []string {
		return append([]string{"backup", "--config.file", o.config, "--to", to}, more...)
	}
	restore := func(from string) []string {
		return []string{"restore", "--config.file", o.config, "--from", from, "--overwrite"}
	}
	before := stateOf(t, path)
	for _, tc := range []struct {
		name string
		args []string
		code int
		text string
	}{
		{"no name", []string{"backup", "--config.file", o.config}, 2, "--to is missing"},
		{"a file that is there", backup(good), 2, "--overwrite"},
		{"the store itself", backup(path, "--overwrite"), 1, "it is a file of the store itself"},
		{"its journal", backup(path+"-wal", "--overwrite"), 1, "it is a file of the store itself"},
		{"a folder", backup(dir, "--overwrite"), 1, "it is a folder: name a file in it"},
		{"no folder", backup(in("none/backup.db")), 1, "there is no folder"},
		{"a file for a folder", backup(in("text/backup.db")), 1, "there is no folder"},
		{"no backup", []string{"restore", "--config.file", o.config}, 2, "--from is missing"},
		{"a store that is there", restore(good)[:5], 2, "--overwrite"},
		{"a backup that is not there", restore(in("none.db")), 1, "there is no such file"},
		{"the store as its backup", restore(path), 1, "it is the store itself"},
		{"a text", restore(in("text")), 1, "it is no store of yourturn"},
		{"another program's file", restore(in("other.db")), 1, "it is no store of yourturn"},
		{"a newer version's store", restore(in("newer.db")), 1, "use the newer yourturn"},
		{"a damaged store", restore(in("damaged.db")), 1, "it is damaged: restore another one"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if out := yourturn(t, tc.code, tc.args...); !strings.Contains(out, tc.text) {
				t.Errorf("it does not say %q:\n%s", tc.text, out)
			}
		})
	}
	some(t, missing(before, stateOf(t, path)), "the store")
	for _, pattern := range []string{in("*.partial"), path + ".*.partial", path + ".before-restore-*"} {
		if left, err := filepath.Glob(pattern); err != nil || len(left) > 0 {
			t.Errorf("%v is left (%v)", left, err)
		}
	}
	write(t, good, "an older backup")
	yourturn(t, 0, backup(good, "--overwrite")...)
	some(t, missing(before, stateOf(t, good)), "the backup that replaces another")
}

// TestABackupToAFullDisk has no room for the copy.
func TestABackupToAFullDisk(t *testing.T) {
	o := newOrganisation(t, 4, jirasim.Cloud)
	yourturn(t, 0, "sync", "--config.file", o.config)
	dir := t.TempDir()
	inner := process(t.Context(), "backup", "--config.file", o.config, "--to", filepath.Join(dir, "backup.db"))
	cmd := exec.CommandContext(t.Context(), "unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
		`mount -t tmpfs -o size=200k none "$1" || exit 99; "$0"; code=$?; ls -A "$1"; exit $code`, inner.Path, dir)
	cmd.Env = inner.Env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Run() //nolint:errcheck // the code tells
	if code := cmd.ProcessState; code == nil || code.ExitCode() == 99 || strings.Contains(out.String(), "unshare failed") {
		suite.Skip(t, fmt.Sprintf("no small disk can be mounted here: %s", &out))
	}
	text := out.String()
	if cmd.ProcessState.ExitCode() != command.ExitFailed || !strings.Contains(text, "the disk of the folder "+dir+" is full, and the copy needs ") {
		t.Errorf("backup ended with %d:\n%s", cmd.ProcessState.ExitCode(), text)
	}
	if strings.Contains(text, "\nbackup.db") {
		t.Errorf("half a file is left:\n%s", text)
	}
}

// replace replaces a text in a file.
func replace(t *testing.T, file, old, with string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q", file, old)
	}
	write(t, file, strings.Replace(string(text), old, with, 1))
}
