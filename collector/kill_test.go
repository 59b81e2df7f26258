package collector_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
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
		Source: client, Store: st, Projects: []string{"PAY", "OPS"}, Overlap: 10 * time.Minute, CensusInterval: 6 * time.Hour, CensusMaxRemoved: 0.05,
	})
	if err != nil {
		return err
	}
	fmt.Println("begun")
	r, err := c.Sync(ctx)
	return errors.Join(err, r.Unlooked)
}

// process runs a child over a store, and kills it after a while unless it ends
// before. It returns how long it ran, and whether it was killed.
func (w *world) process(path, url string, after time.Duration) (took time.Duration, killed bool) {
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
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil {
		w.Fatalf("the child said %q and ended: %v: %s", line, errors.Join(err, cmd.Wait()), stderr.String())
	}
	begin := time.Now()
	if after > 0 {
		defer time.AfterFunc(after, func() { cmd.Process.Kill() }).Stop() //nolint:errcheck // it has ended
	}
	io.Copy(io.Discard, lines) //nolint:errcheck // it ends when the child does
	err = cmd.Wait()
	took = time.Since(begin)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == -1 {
		return took, true
	}
	if err != nil {
		w.Fatalf("the child failed: %v: %s", err, stderr.String())
	}
	return took, false
}

// survive tells the story to child processes, of which each is killed up to
// often times a chapter, and returns the store's content after each and the kills. It
// learns how long a chapter takes from those that were not killed.
func survive(t *testing.T, flavor jirasim.Flavor, often int, chapters map[int]time.Duration) (dump string, kills int) {
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
		for range often {
			_, killed := w.process(path, srv.URL, time.Duration(rand.Int64N(int64(chapters[chapter]))))
			if !killed {
				return
			}
			kills++
		}
		took, _ := w.process(path, srv.URL, 0)
		if often == 0 {
			chapters[chapter] = took
		}
	})
	return strings.ReplaceAll(strings.Join(dumps, "\n"), srv.URL, "http://jira.example"), kills
}

// TestKilledProcesses holds that a process killed at any instant of a first or
// a later sync loses nothing: the next one goes on.
func TestKilledProcesses(t *testing.T) {
	for name, flavor := range flavors {
		t.Run(name, func(t *testing.T) {
			chapters := map[int]time.Duration{}
			want, _ := survive(t, flavor, 0, chapters)
			for kills, wanted := 0, count(t, "YOURTURN_KILLS", 8); kills < wanted; {
				got, n := survive(t, flavor, min(4, wanted-kills), chapters)
				kills += n
				if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
					t.Fatalf("after %d kills the store differs (-without +with):\n%s", n, diff)
				}
			}
		})
	}
}
