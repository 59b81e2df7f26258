package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
)

// collected is an organisation that a service has collected as of its end.
func collected(t testing.TB, seed int64) *organisation {
	t.Helper()
	o := newOrganisation(t, seed, jirasim.Cloud)
	command(t, 0, "sync", "--config.file", o.config)
	return o
}

// TestBackfill imports a backfilled past into a real Prometheus, and compares
// what its range queries answer at random steps with what `waits --as-of` says.
func TestBackfill(t *testing.T) {
	promtool := stack.Program(t, "prometheus", "promtool")
	instants := count(t, "YOURTURN_BACKFILL_INSTANTS", 20)
	o := collected(t, 3)
	step := 3 * time.Hour
	if instants < 10 { // it is slow under the race detector
		step = 24 * time.Hour
	}
	from := end().AddDate(0, 0, -75).Truncate(step)
	dir := t.TempDir()
	past := filepath.Join(dir, "past")
	last := command(t, 0, "backfill", "--config.file", o.config, "--from", from.Format(time.RFC3339), "--step", step.String(), "--out", past, "--instance", "yourturn:9817")
	files, err := filepath.Glob(filepath.Join(past, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, filepath.Base(f))
	}
	if want := []string{"2026-03.om", "2026-04.om", "2026-05.om"}; !slices.Equal(names, want) {
		t.Fatalf("wrote %v, want %v", names, want)
	}
	samples := 0
	counters := map[string]float64{}
	for _, f := range files {
		samples += follow(t, f, counters)
	}

	// As the command says.
	last = strings.ReplaceAll(strings.ReplaceAll(last, "PROMETHEUS_DATA", filepath.Join(dir, "data")), "promtool ", promtool+" ")
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", last).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", last, err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	prometheus := stack.StartPrometheus(t, dir, "--storage.tsdb.retention.time=20y")
	steps := int(end().Truncate(step).Sub(from)/step) + 1
	random := rand.New(rand.NewPCG(1, 2))
	owners := []string{"ada", "bo", "cy", "dee", "eve", "fin", "gil", "hana"}
	panels := saidByPanels(t)
	compared := 0
	for range instants {
		at := from.Add(time.Duration(random.IntN(steps)) * step)
		want, got := toldAsOf(t, o, at), map[string]float64{}
		for _, metric := range []string{"po_waits_open", "po_waits_overdue", "po_wait_oldest_seconds", "po_open_wait_seconds", "po_waits_ended_total"} {
			for _, a := range prometheus.Course(t, metric, at, at, time.Hour) {
				if a.Labels["job"] != "yourturn" || a.Labels["instance"] != "yourturn:9817" {
					t.Fatalf("%v: want the job and instance of the live scrape", a.Labels)
				}
				// What is not there is 0 or, of the longest waits, not told.
				if v := a.Values[at.Unix()]; v != 0 || metric == "po_open_wait_seconds" {
					got[metric+" "+labelsOf(a.Labels)] = v
				}
			}
		}
		if d := gocmp.Diff(want, got); d != "" {
			t.Errorf("as of %s (-waits +Prometheus):\n%s", at, d)
		}
		compared += len(want)
		owner := owners[random.IntN(len(owners))]
		list := listed(t, o, at)
		for _, p := range panels {
			want, got := p.told(list, owner), map[string]float64{}
			for _, a := range prometheus.Instant(t, p.query(owner), at) {
				if v := a.Values[at.Unix()]; v != 0 {
					got[p.labels(func(name string) string { return a.Labels[name] })] += v
				}
			}
			if d := gocmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-9)); d != "" {
				t.Errorf("%s, %q, as of %s, owner %s (-waits +panel):\n%s", p.board, p.title, at, owner, d)
			}
			compared += len(want)
		}
	}
	t.Logf("%d samples of %d steps imported; %d numbers compared at %d instants", samples, steps, compared, instants)
}

// labelsOf writes labels, but for those of the scrape.
func labelsOf(labels map[string]string) string {
	var out []string
	for _, name := range []string{"kind", "project", "owner", "outcome", "responder", "story"} {
		if labels[name] != "" {
			out = append(out, labels[name])
		}
	}
	return strings.Join(out, "/")
}

// said is a panel of a bundled dashboard whose numbers `waits` lists too.
type said struct {
	board, title, expr string
	by                 []string // the labels of its series
	mine               bool     // it shows one owner's
	value              func(old float64, w *waitJSON) float64
}

// saidByPanels are panels with their queries, as they are committed.
func saidByPanels(t testing.TB) []said {
	t.Helper()
	one := func(old float64, _ *waitJSON) float64 { return old + 1 }
	overdue := func(old float64, w *waitJSON) float64 {
		if w.WorkingSeconds > w.TargetSeconds {
			return old + 1
		}
		return old
	}
	oldest := func(old float64, w *waitJSON) float64 { return max(old, w.WorkingSeconds/3600) }
	ofStory := func(old float64, w *waitJSON) float64 { return max(old, w.StoryWorkingSeconds/3600) }
	list := []said{
		{board: "waiting", title: "How many waits are open?", value: one},
		{board: "waiting", title: "How many are past their target?", value: overdue},
		{board: "waiting", title: "How long is the longest?", value: oldest},
		{board: "waiting", title: "Which stories wait, and how much of the target is used?", by: []string{"kind", "project", "owner", "story"}, value: ofStory},
		{board: "waiting", title: "How much waits on each owner?", by: []string{"kind", "owner"}, value: one},
		{board: "waiting", title: "How many waits were open?", by: []string{"kind"}, value: one},
		{board: "waiting", title: "How old was the oldest wait?", by: []string{"kind"}, value: oldest},
		{board: "owner", title: "How many wait on this owner?", by: []string{"kind"}, mine: true, value: one},
		{board: "owner", title: "How many are past their target?", by: []string{"kind"}, mine: true, value: overdue},
		{board: "retrospective", title: "How many are still open?", by: []string{"kind"}, value: one},
		{board: "retrospective", title: "What was open, day by day?", by: []string{"kind", "project"}, value: one},
		{board: "retrospective", title: "How old was the oldest, day by day?", by: []string{"kind", "project"}, value: ofStory},
	}
	for i := range list {
		p := &list[i]
		text, err := os.ReadFile("../../dashboards/grafana/yourturn-" + p.board + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(text, &board); err != nil {
			t.Fatal(err)
		}
		for _, panel := range board.Panels {
			if panel.Title == p.title {
				p.expr = panel.Targets[0].Expr
			}
		}
		if p.expr == "" {
			t.Fatalf("dashboard %s has no panel %q: mend the test", p.board, p.title)
		}
	}
	return list
}

// query is what the panel asks, for all or for an owner.
func (p *said) query(owner string) string {
	if !p.mine {
		owner = ".*"
	}
	return strings.NewReplacer("${project:regex}", ".*", "${owner:regex}", owner, "$kind", ".*").Replace(p.expr)
}

// labels writes the labels of one of its series.
func (p *said) labels(value func(name string) string) string {
	var out []string
	for _, name := range p.by {
		out = append(out, value(name))
	}
	return strings.Join(out, "/")
}

// told is what the panel is to show, by what `waits` lists.
func (p *said) told(list []waitJSON, owner string) map[string]float64 {
	out := map[string]float64{}
	for i := range list {
		w := &list[i]
		if w.End != nil || p.mine && w.Owner != owner {
			continue
		}
		id := p.labels(func(name string) string {
			return map[string]string{"kind": w.Kind, "project": w.Project, "owner": w.Owner, "story": w.Story}[name]
		})
		if v := p.value(out[id], w); v != 0 {
			out[id] = v
		}
	}
	return out
}

// listed is what `waits` lists as of an instant.
func listed(t testing.TB, o *organisation, at time.Time) []waitJSON {
	t.Helper()
	var list []waitJSON
	if err := json.Unmarshal([]byte(command(t, 0, "waits", "--config.file", o.config, "--format", "json", "--as-of", at.Format(time.RFC3339))), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// toldAsOf is what metrics are to say at an instant, by what `waits` lists.
func toldAsOf(t testing.TB, o *organisation, at time.Time) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	add := func(metric string, by float64, labels ...string) { out[metric+" "+strings.Join(labels, "/")] += by }
	most := func(metric string, v float64, labels ...string) {
		if v > 0 || metric == "po_open_wait_seconds" {
			id := metric + " " + strings.Join(labels, "/")
			out[id] = max(out[id], v)
		}
	}
	for _, w := range listed(t, o, at) {
		key := []string{w.Kind, w.Project, w.Owner}
		if w.End != nil {
			outcome := append(slices.Clone(key), w.Outcome)
			if w.Responder != "" {
				outcome = append(outcome, w.Responder)
			}
			add("po_waits_ended_total", 1, outcome...)
			continue
		}
		add("po_waits_open", 1, key...)
		if w.WorkingSeconds > w.TargetSeconds {
			add("po_waits_overdue", 1, key...)
		}
		most("po_wait_oldest_seconds", w.WorkingSeconds, key...)
		most("po_open_wait_seconds", w.StoryWorkingSeconds, append(key, w.Story)...)
	}
	return out
}

// follow reads a file: no counter of it, nor of those before it, goes down. It
// returns how many samples there are.
func follow(t testing.TB, path string, counters map[string]float64) (samples int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kind, previous := "", ""
	families := map[string]bool{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if text, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, k, _ := strings.Cut(text, " ")
			if families[name] {
				t.Fatalf("%s: %s comes twice", path, name)
			}
			families[name], kind = true, k
			continue
		}
		previous = line
		if strings.HasPrefix(line, "#") {
			continue
		}
		samples++
		if kind == "gauge" || strings.Contains(line, "_sum{") {
			continue
		}
		series, rest, _ := strings.Cut(line, "} ")
		text, _, _ := strings.Cut(rest, " ")
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(v, 0) {
			t.Fatalf("%s: %s", path, line)
		}
		if v < counters[series] {
			t.Fatalf("%s: %s: it was %v", path, line, counters[series])
		}
		counters[series] = v
	}
	if err := lines.Err(); err != nil || previous != "# EOF" {
		t.Fatalf("%s ends with %q (%v)", path, previous, err)
	}
	return samples
}

// TestBackfillRefuses has what cannot be written, and why.
func TestBackfillRefuses(t *testing.T) {
	o := collected(t, 3)
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	write(t, filepath.Join(dir, "file"), "")
	if err := os.Mkdir(there, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(there, "2026-05.om"), "kept")
	for _, tc := range []struct {
		name, want string
		code       int
		args       []string
	}{
		{"no beginning", "--from is missing", 2, nil},
		{"no instant", `--from "May": give a date`, 2, []string{"--from", "May"}},
		{"beyond what is known", "--to 2026-06-01: it can be 2026-05-20T15:04:05Z at the latest, when Jira was last asked", 2, []string{"--from", "2026-05-01", "--to", "2026-06-01"}},
		{"the wrong way round", "there is no step", 2, []string{"--from", "2026-05-02", "--to", "2026-05-01"}},
		{"a step that leaves a rest", "--step 7h0m0s: give whole seconds that divide a day", 2, []string{"--from", "2026-05-01", "--step", "7h"}},
		{"a file that is there", "2026-05.om is there already: replace it with --force", 2, []string{"--from", "2026-05-19", "--out", there}},
		{"no folder", "file", 1, []string{"--from", "2026-05-19", "--out", filepath.Join(dir, "file")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := append([]string{"backfill", "--config.file", o.config}, tc.args...)
			if !slices.Contains(args, "--out") {
				args = append(args, "--out", filepath.Join(t.TempDir(), "out"))
			}
			if got := command(t, tc.code, args...); !strings.Contains(got, tc.want) {
				t.Errorf("got %s, want %q in it", got, tc.want)
			}
		})
	}
	if text, err := os.ReadFile(filepath.Join(there, "2026-05.om")); err != nil || string(text) != "kept" {
		t.Errorf("the file that was there holds %q (%v)", text, err)
	}
	command(t, 0, "backfill", "--config.file", o.config, "--from", "2026-05-19", "--out", there, "--force")
	if n := follow(t, filepath.Join(there, "2026-05.om"), map[string]float64{}); n == 0 {
		t.Error("nothing was written over it")
	}
}

// TestBackfillEndsBeforeTheFirstScrape has a service that serves its numbers:
// from then on they are scraped.
func TestBackfillEndsBeforeTheFirstScrape(t *testing.T) {
	tm, err := team.New(team.Options{Seed: 3, Flavor: jirasim.Cloud, End: end(), Now: end})
	if err != nil {
		t.Fatal(err)
	}
	o := serveTeam(t, tm, jirasim.Cloud)
	p := newPoller(t, o.config)
	p.look()
	scraped := end().Add(-30 * 24 * time.Hour)
	for _, at := range []time.Time{scraped, end()} { // the first counts
		if err := p.store.Expose(t.Context(), latency.At(at)); err != nil {
			t.Fatal(err)
		}
	}
	got := command(t, 2, "backfill", "--config.file", o.config, "--from", "2026-04-01", "--to", "2026-05-01")
	if want := fmt.Sprintf("it can be %s at the latest, before the service first had something to be scraped", scraped.Add(-time.Second).Format(time.RFC3339)); !strings.Contains(got, want) {
		t.Errorf("got %s, want %q in it", got, want)
	}
}

// TestOnlyWhatIsServedIsExposed: a sync writes numbers that nobody scrapes, a
// service is scraped from its first numbers on.
func TestOnlyWhatIsServedIsExposed(t *testing.T) {
	o := collected(t, 3)
	exposed := func() (time.Time, bool) {
		l, err := openStored(t.Context(), o.config)
		if err != nil {
			t.Fatal(err)
		}
		defer l.store.Close()
		at, ok, err := l.store.Exposed(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return at.Time(), ok
	}
	if at, ok := exposed(); ok {
		t.Errorf("exposed since %s by a sync", at)
	}
	before := time.Now().Truncate(time.Millisecond)
	serving(t, o)
	at, ok := exposed()
	if !ok || at.Before(before) || at.After(time.Now()) {
		t.Errorf("exposed since %s (%t), want since the service began at %s", at, ok, before)
	}
}
