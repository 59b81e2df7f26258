package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/suite"
)

// dumpCommands returns what docs/postgresql.md has people run to dump a store, and to
// restore and check the dump.
func dumpCommands(t *testing.T) (dump, restore string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/postgresql.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Backup\n")
	section, _, _ = strings.Cut(section, "\n## ")
	found := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(found) != 2 {
		t.Fatalf("the docs have %d scripts about dumps, want 2", len(found))
	}
	return found[0][1], found[1][1]
}

// TestDumpsUnderLoad has a service poll a living team into PostgreSQL, and takes dumps of
// that by the commands of the docs. Each has all that was written before it began, and
// nothing that is not in the store after it: story by story, event by event, entry by entry
// of the ledger. Restored by the commands of the docs, it passes its check, and has the waits
// of the live store as of its data timestamp, apart from what that learnt later.
func TestDumpsUnderLoad(t *testing.T) {
	dump, restore := dumpCommands(t)
	tm, err := team.New(team.Options{Seed: 3, Flavor: jirasim.Cloud, SlipWindow: liveSlip})
	if err != nil {
		t.Fatal(err)
	}
	o := serveTeam(t, tm, jirasim.Cloud)
	server := stack.StartPostgres(t)
	name, _, _ := strings.Cut(strings.TrimPrefix(server.Database(t, t.Name()), "postgres://postgres@"+server.Address+"/"), "?")
	server.Exec(t, "postgres", `DO $$ BEGIN CREATE ROLE yourturn LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`)
	server.Exec(t, "postgres", `ALTER DATABASE `+name+` OWNER TO yourturn`)
	urlOf := func(database string) string {
		return strings.Replace(server.URL(database), "://postgres@", "://yourturn@", 1)
	}
	config := inDatabase(t, o.config, urlOf(name))
	dir, programs := filepath.Dir(config), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(programs, "yourturn")); err != nil {
		t.Fatal(err)
	}
	sh := func(script string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", `PATH=`+programs+`:$PATH`+"\n"+script)
		cmd.Dir, cmd.Env = dir, server.Environ()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s%v:\n%s", script, err, out)
		}
		return string(out)
	}

	p := newPoller(t, config)
	p.look()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	living, rest := context.WithCancel(t.Context())
	serving, stop := context.WithCancel(t.Context())
	var people, service sync.WaitGroup
	defer func() { rest(); people.Wait(); stop(); service.Wait() }()
	service.Go(func() {
		if err := p.Run(serving, l); err != nil {
			t.Error(err)
		}
	})
	people.Go(func() { tm.Live(living, backedUpSpeed) }) //nolint:errcheck // it ends with its context
	people.Go(func() {                                   // one poll after the other
		for living.Err() == nil {
			if _, err := p.PollNow(living, false); err != nil && living.Err() == nil {
				t.Error(err)
				return
			}
		}
	})
	live := stack.OpenSQL(t, urlOf(name))
	const hex = "encode(body, 'hex')"
	var list []taken
	dumps := map[bool]int{false: 3, true: 6}[suite.Full()]
	if underRace {
		dumps = 1
	}
	compared := 0 // dumps that keep a derivation
	for amid := 0; len(list) < dumps || compared == 0 || amid < (dumps+1)/2; {
		if len(list) > 10*dumps {
			t.Fatalf("of %d dumps %d were written to meanwhile: the team rests", len(list), amid)
		}
		before := stateIn(t, live, hex)
		sh(exchanged(t, dump, "postgres://yourturn@db.example.com/yourturn", urlOf(name)))
		after := stateIn(t, live, hex)
		if len(after) > len(before) {
			amid++
		}
		restored := fmt.Sprintf("%s_%d", name, len(list))
		said := sh(exchanged(t, restore, "postgres://yourturn@db.example.com/restored", urlOf(restored), "restored", restored))
		t.Cleanup(func() { server.Exec(t, "postgres", "DROP DATABASE IF EXISTS "+restored+" WITH (FORCE)") })
		// Only at an instant at which every story is just derived anew is nothing kept.
		want := "is what every story comes to"
		_, err := storeOf(t, filepath.Join(dir, restored+".yml"), store.ReadOnly).Kept(t.Context(), func([]byte, []latency.Entry) error { return nil })
		if errors.Is(err, store.ErrNotKept) {
			want = "nothing is kept of a derivation"
		} else {
			compared++
		}
		if !strings.Contains(said, want) {
			t.Errorf("the check of dump %d says, want %q:\n%s", len(list), want, said)
		}
		b := taken{config: filepath.Join(dir, restored+".yml"), rows: stateIn(t, stack.OpenSQL(t, urlOf(restored)), hex)}
		some(t, missing(before, b.rows), "dump %d lacks what was there when it began", len(list))
		some(t, missing(b.rows, after), "dump %d has what is not there when it is complete", len(list))
		state, err := storeOf(t, b.config, store.ReadOnly).State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b.asOf = state.DataTimestamp
		list = append(list, b)
		if t.Failed() {
			t.FailNow()
		}
	}
	rest()
	people.Wait()
	tm.Settle(t.Context())
	if _, err := p.PollNow(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	all, parents := stateIn(t, live, hex), childrenOf(t, live)
	compared, instants := 0, []latency.Instant{}
	for i, b := range list {
		later := learntLater(t, all, b, parents)
		want := except(derived(t, config, "--as-of", stampOf(b.asOf.Time())), later)
		if diff := gocmp.Diff(want, except(derived(t, b.config), later)); diff != "" {
			t.Errorf("dump %d comes to other waits as of %s (-store +dump):\n%s", i, stampOf(b.asOf.Time()), diff)
		}
		compared += len(want)
		instants = append(instants, b.asOf)
	}
	if slices.Sort(instants); compared < 100*len(list) || len(slices.Compact(instants)) < (dumps+1)/2 {
		t.Errorf("%d waits of %d dumps as of %v are compared: that shows too little", compared, len(list), instants)
	}
}
