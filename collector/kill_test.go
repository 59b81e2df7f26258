package collector_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"modernc.org/sqlite"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/suite"
)

// childVariable makes this binary a process that is killed; it names
// the store, the Jira and the e-mail, and the step at which it kills itself, a
// line each.
const childVariable = "YOURTURN_TEST_CHILD"

func TestMain(m *testing.M) {
	var err error
	switch child, canned, first := os.Getenv(childVariable), os.Getenv(cannedVariable), os.Getenv(firstVariable); {
	case child != "":
		err = syncAlone(strings.Split(child, "\n"))
	case canned != "":
		err = serveCanned(canned)
	case first != "":
		err = syncFirst(strings.Split(first, "\n"))
	default:
		stack.Main(m)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // it is a main
	}
}

// syncAlone runs one cycle as a process of its own, derives and counts. It says
// when it begins, and each of its steps.
func syncAlone(spec []string) error {
	ctx := context.Background()
	deadly, err := strconv.Atoi(spec[3])
	if err != nil {
		return err
	}
	steps := &steps{deadly: deadly}
	sqlite.RegisterConnectionHook(steps.watch)
	st, err := store.Open(ctx, spec[0], store.ReadWrite)
	if err != nil {
		return err
	}
	defer st.Close()
	client, err := jira.New(jira.Options{URL: spec[1], Email: spec[2], Token: "t0k3n", RequestsPerSecond: 10000})
	if err != nil {
		return err
	}
	counting, err := newCounting(st)
	if err != nil {
		return err
	}
	counting.collector, err = collector.New(collector.Options{
		Source: client, Store: st, Projects: []string{"PAY", "OPS"}, Overlap: 10 * time.Minute, CensusInterval: 6 * time.Hour, CensusMaxRemoved: 0.05,
	})
	if err != nil {
		return err
	}
	fmt.Println("begun")
	steps.counted.Store(true)
	done, err := counting.turn(ctx)
	if err == nil && !done {
		err = errors.New("something was left to do")
	}
	return err
}

// What a child says of its steps: it changes a row, of the ledger or of another
// table, within a transaction, which it then commits.
const (
	rowStep    = 'r'
	ledgerStep = 'l'
	commitStep = 'c'
)

// steps are what the store of a child does.
type steps struct {
	counted atomic.Bool // from now on
	n       atomic.Int64
	deadly  int // the step, from 1, at which the process dies; 0: none
}

// watch is called for each connection to a store.
func (s *steps) watch(conn sqlite.ExecQuerierContext, _ string) error {
	hooks, ok := conn.(sqlite.HookRegisterer)
	if !ok {
		return errors.New("this SQLite has no hooks for its steps")
	}
	hooks.RegisterPreUpdateHook(func(change sqlite.SQLitePreUpdateData) {
		if change.TableName == "ledger" {
			s.step(ledgerStep)
		} else {
			s.step(rowStep)
		}
	})
	hooks.RegisterCommitHook(func() int32 { s.step(commitStep); return 0 })
	return nil
}

// step says a step, before it is made, and dies at the deadly one.
func (s *steps) step(kind byte) {
	if !s.counted.Load() {
		return
	}
	fmt.Printf("%c", kind)
	if int(s.n.Add(1)) == s.deadly {
		syscall.Kill(os.Getpid(), syscall.SIGKILL) //nolint:errcheck // it dies
		select {}
	}
}

// kill says when a child is killed: a while after it began, or at its nth step;
// the zero value is never.
type kill struct {
	after time.Duration
	step  int
}

// life is how a child lived.
type life struct {
	took   time.Duration
	steps  int
	counts []int // the steps, from 1, that were of the ledger
	killed bool
	last   byte // step
}

// process runs a child over a store, and kills it unless it ends before.
func (w *world) process(path, url string, when kill) (l life) {
	w.Helper()
	email, context := where(w.site.Flavor)
	cmd := exec.CommandContext(w.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+strings.Join([]string{stack.StoreURL(w.T, path), url + context, email, strconv.Itoa(when.step)}, "\n"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	said := bufio.NewReader(out)
	if line, err := said.ReadString('\n'); err != nil {
		w.Fatalf("the child said %q and ended: %v: %s", line, errors.Join(err, cmd.Wait()), stderr.String())
	}
	begin := time.Now()
	if when.after > 0 {
		defer time.AfterFunc(when.after, func() { cmd.Process.Kill() }).Stop() //nolint:errcheck // it may have ended
	}
	for {
		c, err := said.ReadByte()
		if err != nil {
			break // it has ended
		}
		l.last = c
		if l.steps++; c == ledgerStep {
			l.counts = append(l.counts, l.steps)
		}
	}
	err = cmd.Wait()
	l.took = time.Since(begin)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == -1 {
		l.killed = true
		return l
	}
	if err != nil {
		w.Fatalf("the child failed: %v: %s", err, stderr.String())
	}
	return l
}

// survive runs the history with child processes, of which each is killed up to
// often times a chapter, at random instants and at random steps, and returns the
// store's content after each, and the kills. It learns how long a chapter takes,
// and in how many steps, from those that were not killed.
func survive(t *testing.T, flavor jirasim.Flavor, often int, chapters map[int]life) (dump string, kills tally) {
	w := newSite(t, flavor, jirasim.Options{SearchPage: 50, ChangelogPage: 400, CommentPage: 2, InlineComments: 2})
	w.fault = func(*http.Request) *jirasim.Fault { return &jirasim.Fault{Delay: time.Millisecond} }
	srv := httptest.NewServer(w.server)
	defer srv.Close()
	path := filepath.Join(t.TempDir(), "survivor.db")
	chapter := 0
	var dumps []string
	history(w, func(last bool) {
		chapter++
		defer func() { dumps = append(dumps, contents(t, path, last)) }()
		for i := range often {
			usual := chapters[chapter]
			when := kill{after: time.Duration(rand.Int64N(int64(usual.took)))}
			switch n := len(usual.counts); {
			case i == 0 && n > 0 && rand.IntN(2) == 0: // what is counted is little beside what is collected
				when = kill{step: usual.counts[rand.IntN(n)]}
			case rand.IntN(4) > 0 && usual.steps > 0:
				when = kill{step: 1 + rand.IntN(usual.steps)>>i} // there is less to do each time
			}
			l := w.process(path, srv.URL, when)
			if !l.killed {
				return
			}
			kills.all++
			if keepsTheTruth(t, path) {
				kills.kept++
			}
			switch {
			case l.last == ledgerStep:
				kills.counting++
			case l.last == rowStep, l.last == commitStep && when.step > 0:
				kills.writing++
			}
		}
		l := w.process(path, srv.URL, kill{})
		if !keepsTheTruth(t, path) {
			t.Error("a process that lived keeps nothing for the next start")
		}
		if often == 0 {
			chapters[chapter] = l
		}
	})
	return strings.ReplaceAll(strings.Join(dumps, "\n"), srv.URL, "http://jira.example"), kills
}

// tally is how many processes were killed, and how many of them for certain
// inside a transaction: of what was collected, or of what was counted; and after how many
// a start would begin with what was kept of a derivation.
type tally struct{ all, writing, counting, kept int }

// manyKills are so many that a good part of them must have come inside a
// transaction.
const manyKills = 50

// TestKilledProcesses holds that a process killed at any instant of a first or
// a later sync loses nothing: the next one goes on.
func TestKilledProcesses(t *testing.T) {
	for name, flavor := range flavors {
		t.Run(name, func(t *testing.T) {
			chapters := map[int]life{}
			want, _ := survive(t, flavor, 0, chapters)
			var kills tally
			for wanted := suite.Count(t, "YOURTURN_KILLS", 4, 8); kills.all < wanted; {
				got, n := survive(t, flavor, min(4, wanted-kills.all), chapters)
				kills = tally{kills.all + n.all, kills.writing + n.writing, kills.counting + n.counting, kills.kept + n.kept}
				if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
					t.Fatalf("after %d kills the store differs (-without +with):\n%s", n.all, diff)
				}
			}
			inside := kills.writing + kills.counting
			if !stack.OnPostgres() && kills.all >= manyKills && (inside*10 < kills.all*4 || kills.counting == 0) {
				t.Errorf("only %d of %d kills came inside a transaction, %d of them while it counted: they hold little", inside, kills.all, kills.counting)
			}
			figures.Note(t, "%d kills, %d of them inside a transaction (%d of the ledger): no store differs from that of a process that lives, and after %d of them a start begins with what was kept, which is what every story comes to", kills.all, inside, kills.counting, kills.kept)
		})
	}
}
