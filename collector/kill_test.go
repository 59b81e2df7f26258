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
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/store"
)

// childVariable tells this binary that it is a process to be killed; it names
// the store, the Jira and the e-mail, a line each.
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
		m.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // it is a main
	}
}

// syncAlone runs one cycle as a process of its own, and says when it begins.
func syncAlone(spec []string) error {
	ctx := context.Background()
	st, err := store.Open(ctx, "sqlite:"+spec[0], store.ReadWrite)
	if err != nil {
		return err
	}
	defer st.Close()
	client, err := jira.New(jira.Options{URL: spec[1], Email: spec[2], Token: "t0k3n", RequestsPerSecond: 10000})
	if err != nil {
		return err
	}
	c, err := collector.New(collector.Options{
		Source: client, Store: telling{st}, Projects: []string{"PAY", "OPS"}, Overlap: 10 * time.Minute, CensusInterval: 6 * time.Hour, CensusMaxRemoved: 0.05,
	})
	if err != nil {
		return err
	}
	fmt.Println("begun")
	r, err := c.Sync(ctx)
	return errors.Join(err, r.Unlooked)
}

// telling is a Store that says when it begins to write and when it has written.
type telling struct{ collector.Store }

func tellWrite[T any](write func() (T, error)) (T, error) {
	fmt.Print("(")
	defer fmt.Print(")")
	return write()
}

func (s telling) SaveMeta(ctx context.Context, m archive.Meta) error {
	_, err := tellWrite(func() (any, error) { return nil, s.Store.SaveMeta(ctx, m) })
	return err
}

func (s telling) SaveStories(ctx context.Context, b archive.Batch) (archive.Changed, error) {
	return tellWrite(func() (archive.Changed, error) { return s.Store.SaveStories(ctx, b) })
}

func (s telling) SaveCensus(ctx context.Context, c archive.Census) error {
	_, err := tellWrite(func() (any, error) { return nil, s.Store.SaveCensus(ctx, c) })
	return err
}

func (s telling) SaveNotes(ctx context.Context, reason string, notes []archive.Note, inOrder []int64) error {
	_, err := tellWrite(func() (any, error) { return nil, s.Store.SaveNotes(ctx, reason, notes, inOrder) })
	return err
}

// kill says when a child is killed: a while after it began, or after it began
// to write for the nth time; the zero value is never.
type kill struct {
	after time.Duration
	write int
}

// life is how a child lived.
type life struct {
	took   time.Duration
	writes int
	killed bool
	inside bool // killed while it wrote
}

// process runs a child over a store, and kills it unless it ends before.
func (w *world) process(path, url string, when kill) (l life) {
	w.Helper()
	email, context := where(w.site.Flavor)
	cmd := exec.CommandContext(w.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+strings.Join([]string{path, url + context, email}, "\n"))
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
	end := func() { cmd.Process.Kill() } //nolint:errcheck // it may have ended
	if when.after > 0 && when.write == 0 {
		defer time.AfterFunc(when.after, end).Stop()
	}
	for {
		c, err := said.ReadByte()
		if err != nil {
			break // it has ended
		}
		if l.inside = c == '('; l.inside {
			if l.writes++; l.writes == when.write {
				defer time.AfterFunc(when.after, end).Stop()
			}
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

// survive tells the story to child processes, of which each is killed up to
// often times a chapter, and returns the store's content after each, the kills
// and how many of them came while a child wrote. It learns how long a chapter
// takes, and how often it writes, from those that were not killed.
func survive(t *testing.T, flavor jirasim.Flavor, often int, chapters map[int]life) (dump string, kills, inside int) {
	w := newSite(t, flavor, jirasim.Options{SearchPage: 50, ChangelogPage: 400, CommentPage: 2, InlineComments: 2})
	w.fault = func(*http.Request) *jirasim.Fault { return &jirasim.Fault{Delay: time.Millisecond} }
	srv := httptest.NewServer(w.server)
	defer srv.Close()
	path := filepath.Join(t.TempDir(), "survivor.db")
	chapter := 0
	var dumps []string
	tell(w, func() {
		chapter++
		defer func() { dumps = append(dumps, contents(t, path)) }()
		for i := range often {
			usual := chapters[chapter]
			when := kill{after: time.Duration(rand.Int64N(int64(usual.took)))}
			if i%4 > 0 { // while it writes, which takes a few milliseconds
				when = kill{after: time.Duration(rand.Int64N(int64(time.Millisecond))), write: 1 + rand.IntN(usual.writes)}
			}
			l := w.process(path, srv.URL, when)
			if !l.killed {
				return
			}
			kills++
			if l.inside {
				inside++
			}
		}
		l := w.process(path, srv.URL, kill{})
		if often == 0 {
			chapters[chapter] = l
		}
	})
	return strings.ReplaceAll(strings.Join(dumps, "\n"), srv.URL, "http://jira.example"), kills, inside
}

// TestKilledProcesses holds that a process killed at any instant of a first or
// a later sync loses nothing: the next one goes on.
func TestKilledProcesses(t *testing.T) {
	for name, flavor := range flavors {
		t.Run(name, func(t *testing.T) {
			chapters := map[int]life{}
			want, _, _ := survive(t, flavor, 0, chapters)
			kills, inside := 0, 0
			for wanted := count(t, "YOURTURN_KILLS", 8); kills < wanted; {
				got, n, writing := survive(t, flavor, min(4, wanted-kills), chapters)
				kills, inside = kills+n, inside+writing
				if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
					t.Fatalf("after %d kills the store differs (-without +with):\n%s", n, diff)
				}
			}
			t.Logf("%d kills, %d of them inside a transaction", kills, inside)
		})
	}
}
