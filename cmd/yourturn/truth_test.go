package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
)

// count returns how often a test repeats itself: name is an environment variable.
func count(t testing.TB, name string, def int) int {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return def
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is no count", name, v)
	}
	return n
}

// command runs a command line in this process and returns what it printed.
func command(t testing.TB, wantCode int, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errOut}); code != wantCode {
		t.Fatalf("yourturn %s: exit %d, want %d\n%s%s", strings.Join(args, " "), code, wantCode, out.String(), errOut.String())
	}
	return out.String() + map[bool]string{true: errOut.String()}[wantCode != 0]
}

// organisation is a generated Jira with a config for it.
type organisation struct {
	team   *team.Team
	server *jirasim.Server
	config string
}

// end is when generated histories end in tests.
func end() time.Time { return time.Date(2026, time.May, 20, 15, 4, 5, 0, time.UTC) }

func newOrganisation(t testing.TB, seed int64, flavor jirasim.Flavor) *organisation {
	t.Helper()
	tm, err := team.New(team.Options{Seed: seed, Flavor: flavor, End: end(), Now: end})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tm.Close)
	o := &organisation{team: tm}
	opts := jirasim.Options{Token: "t0k3n", Email: "bot@example.com"}
	if flavor == jirasim.DataCenter {
		opts.Email, opts.ContextPath = "", "/jira"
	}
	o.server = jirasim.NewServer(tm.Site(), opts)
	srv := httptest.NewServer(o.server)
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	o.config = filepath.Join(dir, "yourturn.yml")
	write(t, token, "t0k3n\n")
	write(t, o.config, tm.ConfigYAML(team.Setup{JiraURL: srv.URL + opts.ContextPath, StoreURL: "sqlite:" + filepath.Join(dir, "store.db"), TokenFile: token}))
	return o
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// part is a wait as the truth and the product both tell it.
type part struct {
	StoryID, Kind, Owner, Start, End, Outcome, Responder, Rule string
}

func (p part) String() string {
	return fmt.Sprintf("story %s %s of %s (%s): %s to %s, %s %s", p.StoryID, p.Kind, p.Owner, p.Rule, p.Start, p.End, p.Outcome, p.Responder)
}

// told returns the parts that the truth tells.
func told(waits []team.Wait) []part {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	var out []part
	for _, w := range waits {
		out = append(out, part{strconv.FormatInt(w.StoryID, 10), w.Kind, w.Owner, stamp(w.Start), stamp(w.End), w.Outcome, w.Responder, w.Cause})
	}
	return out
}

// derived returns the parts that `waits` prints.
func derived(t testing.TB, config string) []part {
	t.Helper()
	var list []waitJSON
	if err := json.Unmarshal([]byte(command(t, 0, "waits", "--config.file", config, "--format", "json")), &list); err != nil {
		t.Fatal(err)
	}
	var out []part
	for _, w := range list {
		p := part{w.StoryID, w.Kind, w.Owner, w.Start, "", w.Outcome, w.Responder, w.Rule}
		if w.End != nil {
			p.End = *w.End
		}
		out = append(out, p)
	}
	return out
}

// differences returns what only one side tells.
func differences(want, got []part) []string {
	left := map[part]int{}
	for _, p := range want {
		left[p]++
	}
	for _, p := range got {
		left[p]--
	}
	var out []string
	for _, p := range slices.SortedFunc(maps.Keys(left), func(a, b part) int {
		return cmp.Or(cmp.Compare(a.StoryID, b.StoryID), cmp.Compare(a.Start, b.Start), cmp.Compare(a.String(), b.String()))
	}) {
		switch {
		case left[p] > 0:
			out = append(out, "only in the truth: "+p.String())
		case left[p] < 0:
			out = append(out, "only derived:      "+p.String())
		}
	}
	return out
}

// TestWaitsEqualTheGroundTruth compares, over many generated organisations and
// both flavours, every wait that `waits` reports after a `sync` over HTTP with
// what the simulated people know they waited for.
func TestWaitsEqualTheGroundTruth(t *testing.T) {
	type cell struct{ kind, cause, outcome, responder string }
	cells := map[cell]int{}
	seeds := count(t, "YOURTURN_SEEDS", 4)
	total, wrong, stories := 0, 0, 0
	for seed := range seeds {
		for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
			o := newOrganisation(t, int64(seed), flavor)
			first := command(t, 0, "sync", "--config.file", o.config)
			var n, records, comments int
			lines := strings.Split(strings.TrimSpace(first), "\n")
			if _, err := fmt.Sscanf(lines[len(lines)-1], "the store holds %d stories, %d history records, %d comments", &n, &records, &comments); err != nil || n < 200 {
				t.Fatalf("seed %d: %q: %d stories", seed, first, n)
			}
			stories += n
			want, got := told(o.team.Truth()), derived(t, o.config)
			if diff := differences(want, got); len(diff) > 0 {
				wrong += len(diff)
				t.Errorf("seed %d, %s: %d differences\n%s", seed, flavor, len(diff), strings.Join(diff[:min(len(diff), 12)], "\n"))
			}
			total += len(want)
			for _, p := range want {
				cells[cell{p.Kind, p.Rule, p.Outcome, p.Responder}]++
			}
			second := command(t, 0, "sync", "--config.file", o.config)
			if !strings.Contains(second, " 0 new events") || !strings.HasSuffix(strings.TrimSpace(second), lines[len(lines)-1]) {
				t.Errorf("seed %d, %s: a second sync changed something: %s", seed, flavor, second)
			}
			if again := derived(t, o.config); len(differences(got, again)) > 0 {
				t.Errorf("seed %d, %s: a second sync changed the waits", seed, flavor)
			}
		}
	}
	var b strings.Builder
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "kind\tcause\toutcome\tresponder\tcount")
	for _, c := range slices.SortedFunc(maps.Keys(cells), func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.cause, b.cause), cmp.Compare(a.outcome, b.outcome), cmp.Compare(a.responder, b.responder))
	}) {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%d\n", c.kind, c.cause, cmp.Or(c.outcome, "(open)"), c.responder, cells[c])
		if seeds >= 50 && cells[c] < 20 {
			t.Errorf("%v occurs only %d times", c, cells[c])
		}
	}
	tw.Flush() //nolint:errcheck // a Builder takes everything
	t.Logf("%d seeds in both flavours, %d stories, %d waits: %d of them differ\n%s", seeds, stories, total, wrong, b.String())
}
