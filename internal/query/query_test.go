package query_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/store"
)

// end is when the generated history ends.
func end() time.Time { return time.Date(2026, time.May, 20, 15, 4, 5, 0, time.UTC) }

// synced returns the config of a store that holds a generated Jira.
func synced(t *testing.T) *config.Config {
	t.Helper()
	tm, err := team.New(team.Options{Seed: 1, Flavor: jirasim.Cloud, End: end(), Now: end})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tm.Close)
	srv := httptest.NewServer(jirasim.NewServer(tm.Site(), jirasim.Options{Token: "t0k3n", Email: "bot@example.com"}))
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	write(t, token, "t0k3n\n")
	cfg := load(t, filepath.Join(dir, "yourturn.yml"), tm.ConfigYAML(team.Setup{JiraURL: srv.URL, StoreURL: "sqlite:" + filepath.Join(dir, "store.db"), TokenFile: token}))
	svc, err := app.Open(t.Context(), cfg, zap.NewNop(), app.Options{RequestsPerSecond: 1000})
	if err != nil {
		t.Fatal(err)
	}
	res, err := svc.Read(t.Context())
	if err == nil {
		err = svc.Measure(t.Context(), res)
	}
	if err = errors.Join(err, svc.Close()); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, path, text string) *config.Config {
	t.Helper()
	write(t, path, text)
	cfg, err := app.LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func open(t *testing.T, cfg *config.Config) *query.Reader {
	t.Helper()
	r, err := query.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// waits returns all waits that a filter selects.
func waits(t *testing.T, r *query.Reader, f query.Filter, asOf latency.Instant) []latency.Part {
	t.Helper()
	found, err := r.Waits(t.Context(), f, asOf, query.Preview{})
	if err != nil {
		t.Fatal(err)
	}
	return listed(t, found)
}

// listed returns all of some waits, in order.
func listed(t *testing.T, found *query.Waits) []latency.Part {
	t.Helper()
	defer found.Close() //nolint:errcheck // it only read
	var list []latency.Part
	for p, err := range found.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, *p)
	}
	if len(list) != found.Count || !slices.IsSortedFunc(list, latency.CompareParts) {
		t.Fatalf("%d of %d waits, in order: %t", len(list), found.Count, slices.IsSortedFunc(list, latency.CompareParts))
	}
	return list
}

// TestOpen refuses a store that nothing can be asked about.
func TestOpen(t *testing.T) {
	cfg := synced(t)
	if r := open(t, cfg); !r.State.FirstDone || r.State.DataTimestamp.Time() != end().Truncate(time.Second) {
		t.Errorf("the store is as of %v, want %v", r.State.DataTimestamp, end())
	}
	text, err := os.ReadFile(cfg.File())
	if err != nil {
		t.Fatal(err)
	}
	changed := func(old, with string) *config.Config {
		t.Helper()
		if !strings.Contains(string(text), old) {
			t.Fatalf("the config has no %q", old)
		}
		return load(t, filepath.Join(filepath.Dir(cfg.File()), "changed.yml"), strings.Replace(string(text), old, with, 1))
	}
	var names query.NamesError
	if _, err := query.Open(t.Context(), changed("[PO Review]", "[PO Revue]")); !errors.As(err, &names) || !strings.Contains(err.Error(), "PO Revue") {
		t.Errorf("a status that Jira lacks: got error %v, want a NamesError", err)
	}
	fresh := changed("store.db", "fresh.db")
	if _, err := query.Open(t.Context(), fresh); err == nil {
		t.Error("a store that does not exist is opened")
	}
	st, err := store.Open(t.Context(), fresh.Store.URL, store.ReadWrite)
	if err = errors.Join(err, st.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := query.Open(t.Context(), fresh); !errors.Is(err, store.ErrEmpty) {
		t.Errorf("before a sync: got error %v, want %v", err, store.ErrEmpty)
	}
}

// TestWaitsFilter: a filter returns of all waits those that it selects.
func TestWaitsFilter(t *testing.T) {
	r := open(t, synced(t))
	asOf := r.State.DataTimestamp
	list := func(f query.Filter) []latency.Part {
		t.Helper()
		return waits(t, r, f, asOf)
	}
	all := list(query.Filter{})
	some := all[len(all)/2]
	for _, tc := range []struct {
		name   string
		filter query.Filter
		is     func(latency.Part) bool
	}{
		{"owner", query.Filter{Owner: some.Owner}, func(p latency.Part) bool { return p.Owner == some.Owner }},
		{"kind", query.Filter{Kind: "question"}, func(p latency.Part) bool { return p.Kind == latency.Question }},
		{"project", query.Filter{Project: r.Project(some.ProjectID)}, func(p latency.Part) bool { return p.ProjectID == some.ProjectID }},
		{"open", query.Filter{Open: true}, func(p latency.Part) bool { return p.Open() }},
		{"story, in any case", query.Filter{Story: strings.ToLower(some.Story)}, func(p latency.Part) bool { return p.Story == some.Story }},
		{"two at once", query.Filter{Owner: some.Owner, Open: true}, func(p latency.Part) bool { return p.Owner == some.Owner && p.Open() }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := list(tc.filter)
			want := slices.DeleteFunc(slices.Clone(all), func(p latency.Part) bool { return !tc.is(p) })
			if len(got) != len(want) || len(want) == 0 || len(want) == len(all) {
				t.Errorf("got %d waits of %d, want %d", len(got), len(all), len(want))
			}
			for _, p := range got {
				if !tc.is(p) {
					t.Errorf("%s of %s is not selected", p.Story, p.Owner)
				}
			}
		})
	}
	if _, err := r.Waits(t.Context(), query.Filter{Story: "NOPE-1"}, asOf, query.Preview{}); err == nil || !strings.Contains(err.Error(), "NOPE-1") {
		t.Errorf("a story that is not there: got error %v", err)
	}
}

// TestWaitsBeyondMemory holds that waits that do not fit into memory are the same, in
// the same order, and those of one state of the store though it is written meanwhile.
func TestWaitsBeyondMemory(t *testing.T) {
	cfg := synced(t)
	r := open(t, cfg)
	asOf := r.State.DataTimestamp
	for _, f := range []query.Filter{{}, {Open: true}, {Kind: "question"}} {
		want := waits(t, r, f, asOf)
		for _, most := range []int{1, 7, len(want) - 1, len(want), len(want) + 1} {
			found, err := r.WaitsKeeping(t.Context(), f, asOf, most)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, listed(t, found)); diff != "" {
				t.Errorf("%+v, %d in memory (-all in memory +got):\n%.2000s", f, most, diff)
			}
		}
	}
	want := waits(t, r, query.Filter{}, asOf)
	found, err := r.WaitsKeeping(t.Context(), query.Filter{}, asOf, 10)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), cfg.Store.URL, store.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close() //nolint:errcheck // the test is over
	gone := jiradata.Census{At: want[0].Start + 1, State: r.State, Gone: []int64{want[0].StoryID}}
	if err := st.SaveCensus(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, listed(t, found)); diff != "" {
		t.Errorf("after a write (-before +got):\n%.2000s", diff)
	}
}

// TestNamed holds what a filter may say, and what is said where it names nothing.
func TestNamed(t *testing.T) {
	r := open(t, synced(t))
	story := waits(t, r, query.Filter{}, r.State.DataTimestamp)[0]
	for _, tc := range []struct {
		name         string
		filter, want query.Filter
		err          string // "": none
	}{
		{"nothing", query.Filter{}, query.Filter{}, ""},
		{"a key of owners", query.Filter{Owner: "ada"}, query.Filter{Owner: "ada"}, ""},
		{"a key in another case", query.Filter{Owner: "ADA"}, query.Filter{Owner: "ada"}, ""},
		{"a display name", query.Filter{Owner: "ada ohm"}, query.Filter{Owner: "ada"}, ""},
		{"nobody's", query.Filter{Owner: "unowned"}, query.Filter{Owner: "unowned"}, ""},
		{"a name with a slip", query.Filter{Owner: "Ada Omh"}, query.Filter{}, `--owner "Ada Omh": nobody is called so; did you mean Ada Ohm`},
		{"a name of nobody", query.Filter{Owner: "Zaphod Beeblebrox"}, query.Filter{}, "owners are ada"},
		{"a project in another case", query.Filter{Project: "pay"}, query.Filter{Project: "PAY"}, ""},
		{"a project with a slip", query.Filter{Project: "PAYY"}, query.Filter{}, `--project "PAYY": the store holds no such project; did you mean PAY`},
		{"a project that is not there", query.Filter{Project: "MARKETING"}, query.Filter{}, "projects are "},
		{"a story in another case", query.Filter{Story: strings.ToLower(story.Story)}, query.Filter{Story: story.Story}, ""},
		{"a story that is not there", query.Filter{Story: "PAY-999999"}, query.Filter{}, `--story "PAY-999999": the store holds no such story`},
		{"a story of a project with a slip", query.Filter{Story: "PAYS-7"}, query.Filter{}, "did you mean PAY-7?"},
		{"no key of a story", query.Filter{Story: "7"}, query.Filter{}, "such as PAY-7"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := r.Named(t.Context(), tc.filter)
			var unknown query.UnknownError
			switch {
			case tc.err == "" && (err != nil || got != tc.want):
				t.Errorf("got %+v, %v; want %+v", got, err, tc.want)
			case tc.err != "" && (!errors.As(err, &unknown) || !strings.Contains(err.Error(), tc.err)):
				t.Errorf("got error %v, want one that says %q", err, tc.err)
			}
		})
	}
}

// TestStory explains every story that waits: its occasions are in order, each
// rule of its waits is at one of them, and each wait's clock is shown while it
// is open.
func TestStory(t *testing.T) {
	r := open(t, synced(t))
	asOf := r.State.DataTimestamp
	waiting := map[string]bool{}
	for _, p := range waits(t, r, query.Filter{Open: true}, asOf) {
		waiting[p.Story] = true
	}
	for key := range waiting {
		story, err := r.Story(t.Context(), strings.ToLower(key), asOf)
		if err != nil {
			t.Fatal(err)
		}
		if story.Key != key || !slices.IsSortedFunc(story.Occasions, func(a, b query.Occasion) int { return int(a.At - b.At) }) {
			t.Errorf("%s: the story is %s, or its occasions are not in order", key, story.Key)
		}
		for _, p := range story.Parts {
			for _, step := range p.Steps {
				rule := string(p.Kind) + ": " + string(step.Rule)
				if !slices.ContainsFunc(story.Occasions, func(o query.Occasion) bool { return o.At == step.At && slices.Contains(o.Rules, rule) }) {
					t.Errorf("%s: no occasion at %s shows the rule %q", key, query.Stamp(step.At), rule)
				}
			}
			if !slices.ContainsFunc(story.Occasions, func(o query.Occasion) bool {
				return o.At == p.Start && slices.ContainsFunc(o.Clocks, func(c query.Clock) bool { return c.Kind == p.Kind && c.Owner == p.Owner })
			}) {
				t.Errorf("%s: no clock of %s at %s, where the wait for %s begins", key, p.Owner, query.Stamp(p.Start), p.Kind)
			}
		}
	}
	if _, err := r.Story(t.Context(), "NOPE-1", asOf); err == nil {
		t.Error("a story that is not there is explained")
	}
}

// TestExits counts what the waits say, each ending once, and no hand-over.
func TestExits(t *testing.T) {
	r := open(t, synced(t))
	exits, err := r.Exits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := query.Exits{}
	for _, p := range waits(t, r, query.Filter{Kind: "acceptance"}, r.State.DataTimestamp) {
		if p.Final && p.Outcome != latency.HandedOver {
			want[query.Exit{Project: r.Project(p.ProjectID), Status: p.ExitStatus, Outcome: p.Outcome}]++
		}
	}
	if len(want) < 3 {
		t.Fatalf("there are only %d ways out of acceptance: mend the test", len(want))
	}
	for _, e := range want.Sorted() {
		if exits[e] != want[e] {
			t.Errorf("%v: counted %d times, want %d", e, exits[e], want[e])
		}
	}
	if list := exits.Sorted(); len(list) != len(want) || !slices.IsSortedFunc(list, func(a, b query.Exit) int { return strings.Compare(a.Project+a.Status, b.Project+b.Status) }) {
		t.Errorf("the exits are not in order: %v", list)
	}
	r.State.FirstDone = false
	if _, err := r.Exits(context.Background()); !errors.Is(err, store.ErrEmpty) {
		t.Errorf("before a sync: got error %v, want %v", err, store.ErrEmpty)
	}
}

// TestAuditFilter: findings can be selected by project and by story.
func TestAuditFilter(t *testing.T) {
	r := open(t, synced(t))
	audit := func(f query.Filter) []query.Finding {
		t.Helper()
		list, err := r.Audit(t.Context(), f, r.State.DataTimestamp)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	all := audit(query.Filter{})
	i := slices.IndexFunc(all, func(f query.Finding) bool { return f.Story != "" })
	if i < 0 {
		t.Fatal("the audit finds nothing about a story: mend the test")
	}
	for _, f := range audit(query.Filter{Project: all[i].Project}) {
		if f.Project != all[i].Project {
			t.Errorf("%+v is not of project %s", f, all[i].Project)
		}
	}
	list := audit(query.Filter{Story: strings.ToLower(all[i].Story)})
	if len(list) == 0 || slices.ContainsFunc(list, func(f query.Finding) bool { return f.Story != all[i].Story }) {
		t.Errorf("the findings of %s are %+v", all[i].Story, list)
	}
}

// TestSprintIsComparedOnItsBoard has two boards whose sprints alternate, and sprints of
// which Jira does not say the board.
func TestSprintIsComparedOnItsBoard(t *testing.T) {
	r := open(t, synced(t))
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "s.db"), store.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	id := r.Rules.ProjectID("PAY")
	var list []jiradata.Sprint
	for i := range int64(12) {
		board := []int64{7, 8, 0}[i%3]
		start := latency.Instant(1000 * i)
		list = append(list, jiradata.Sprint{ID: i + 1, ProjectID: id, Name: fmt.Sprint("S", i+1), Board: board, Start: start, End: start + 1000})
	}
	if err := st.SaveSprints(t.Context(), id, list); err != nil {
		t.Fatal(err)
	}
	on := *r
	on.Store = st
	for sprint, want := range map[string]string{
		"S10": "[S9 S7 S6]",   // of board 7: its own, and those of which it may be
		"S11": "[S9 S8 S6]",   // of board 8
		"S12": "[S11 S10 S9]", // of none that is known: any
	} {
		_, before, err := on.Sprint(t.Context(), "PAY", sprint)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, b := range before {
			names = append(names, b.Name)
		}
		if got := fmt.Sprint(names); got != want {
			t.Errorf("%s is compared with %s, want %s", sprint, got, want)
		}
	}
}
