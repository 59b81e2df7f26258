package e2e

import (
	"bufio"
	"fmt"
	"maps"
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
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/suite"
)

// collected returns an organisation that was synced as of its end.
func collected(t testing.TB, seed int64) *organisation {
	t.Helper()
	o := newOrganisation(t, seed, jirasim.Cloud)
	yourturn(t, 0, "sync", "--config.file", o.config)
	return o
}

// TestBackfill imports a backfilled past into a real Prometheus, and compares
// what it answers at random steps with what `waits --as-of` says: gauges, counters,
// histograms and quantiles one by one, and panels with every query they have.
func TestBackfill(t *testing.T) {
	for seed := range suite.Count(t, "YOURTURN_BACKFILL_SEEDS", 1, 1) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { readBack(t, int64(seed)) })
	}
}

// rollingStep is how far the steps are apart at which a panel with a rolling window looks
// at a past that begins within the window: firstStep of the dashboards.
const rollingStep = 6 * time.Hour

// readBack compares one organisation's past.
func readBack(t *testing.T, seed int64) {
	promtool := stack.Program(t, "prometheus", "promtool")
	instants := suite.Count(t, "YOURTURN_BACKFILL_INSTANTS", 6, 20)
	o := collected(t, seed)
	step := time.Hour
	if instants < 10 { // what takes the time is writing and importing the steps
		step = 24 * time.Hour
	}
	from := end().AddDate(0, 0, -35).Truncate(step)
	dir := t.TempDir()
	past := filepath.Join(dir, "past")
	last := yourturn(t, 0, "backfill", "--config.file", o.config, "--from", from.Format(time.RFC3339), "--step", step.String(), "--out", past, "--instance", "yourturn:9817")
	names := pastFiles(t, past)
	if want := []string{
		"2026-04-" + from.Format("02T1504") + "_2026-04-30T" + time.Unix(0, 0).UTC().Add(-step).Format("1504") + ".om",
		"2026-05-01T0000_2026-05-20T" + end().Truncate(step).Format("1504") + ".om",
	}; !slices.Equal(names, want) {
		t.Fatalf("wrote %v, want %v", names, want)
	}
	samples := 0
	counters := map[string]float64{}
	for _, name := range names {
		samples += follow(t, filepath.Join(past, name), counters)
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
	random := rand.New(rand.NewPCG(1, uint64(seed))) //nolint:gosec // a seed is no size
	panels, list := saidByPanels(t), newLists(o.config)
	compared := 0
	for n := range instants {
		at := from.Add(time.Duration(random.IntN(steps)) * step)
		if onStep := at.Truncate(rollingStep); n%2 == 0 && !onStep.Before(from) {
			at = onStep
		}
		want := list.numbers(t, at)
		compared += same(t, fmt.Sprint("as of ", at), want.values(), answered(t, prometheus, at).values())
		compared += lookAt(t, prometheus, panels, at, anyOwner(random), want, func(over time.Duration, rolls bool) numbers {
			since := at.Add(-over)
			if since.Before(from) { // the past begins then
				since = from
				if rolls { // and is looked at from the first step on, until the last one
					if since = from.Add(rollingStep - 1).Truncate(rollingStep); !at.Equal(at.Truncate(rollingStep)) || since.After(at) {
						return nil
					}
				}
			}
			return list.numbers(t, since)
		})
	}
	t.Logf("%d samples of %d steps imported; %d numbers compared at %d instants", samples, steps, compared, instants)
}

// anyOwner returns an owner of the generated organisation.
func anyOwner(random *rand.Rand) string {
	owners := []string{"ada", "bo", "cy", "dee", "eve", "fin", "gil", "hana"}
	return owners[random.IntN(len(owners))]
}

// answered returns what a Prometheus has as of an instant, of the metrics that can
// be recomputed from `waits`.
func answered(t testing.TB, prometheus stack.Prometheus, at time.Time) (out numbers) {
	t.Helper()
	for _, a := range prometheus.Instant(t, `{__name__=~"`+comparedMetrics+`"}`, at) {
		if a.Labels["job"] != "yourturn" || a.Labels["instance"] != "yourturn:9817" {
			t.Fatalf("%v: want the job and instance of the live scrape", a.Labels)
		}
		if le, err := strconv.ParseFloat(a.Labels["le"], 64); err == nil {
			a.Labels["le"] = bucket(le)
		}
		out = append(out, number{a.Labels["__name__"], a.Labels, a.Values[at.Unix()]})
	}
	return out
}

// same fails unless two sets of samples are equal, and returns how many they are.
func same(t testing.TB, what string, want, got map[string]float64) int {
	t.Helper()
	if d := gocmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 1e-6)); d != "" {
		t.Errorf("%s (-waits +Prometheus):\n%s", what, d)
	}
	return len(want)
}

// lookAt compares what panels show at an instant, and returns how many numbers it
// compared. before returns the numbers of an earlier instant, or nil where a panel, whose
// window rolls or not, does not show what grew since then to the hour.
func lookAt(t testing.TB, prometheus stack.Prometheus, panels []said, at time.Time, owner string, now numbers, before func(over time.Duration, rolls bool) numbers) (compared int) {
	t.Helper()
	const week = 7 * 24 * time.Hour
	for i := range panels {
		p := &panels[i]
		l := look{now: now}
		if p.mine {
			l.owner = owner
		}
		if p.counts {
			over, rolls := week, p.over == panelWindow
			if rolls {
				over = 4 * week
			}
			if l.before = before(over, rolls); l.before == nil {
				continue
			}
		}
		for n, target := range p.targets {
			if target == nil { // only the config says it
				continue
			}
			l.want = map[string]float64{}
			target(l)
			got := map[string]float64{}
			for _, a := range prometheus.Instant(t, p.query(n, owner, week), at) {
				got[labelled(chosenLabels(a.Labels))] += a.Values[at.Unix()]
			}
			// What is not shown is 0.
			for _, values := range []map[string]float64{l.want, got} {
				maps.DeleteFunc(values, func(_ string, v float64) bool { return v == 0 })
			}
			compared += same(t, fmt.Sprintf("%s, %q, query %d, as of %s, owner %s", p.board, p.title, n+1, at, owner), l.want, got)
		}
	}
	return compared
}

// follow reads a file and fails if a counter goes down, in it or from the files
// before it. It returns how many samples there are.
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

// TestBackfillRefuses asks for what cannot be written.
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
		{"beyond what is known", "--to 2026-06-01: the latest that is allowed is 2026-05-20T15:04:05Z, when the last complete poll began", 2, []string{"--from", "2026-05-01", "--to", "2026-06-01"}},
		{"the wrong way round", "there is no step", 2, []string{"--from", "2026-05-02", "--to", "2026-05-01"}},
		{"a step that leaves a rest", "--step 7h0m0s: give whole minutes that divide a day", 2, []string{"--from", "2026-05-01", "--step", "7h"}},
		{"a step that is too fine", "--step 30s: give whole minutes that divide a day", 2, []string{"--from", "2026-05-01", "--step", "30s"}},
		{"an end before the first story", "the first story was created at 2025-11-2", 2, []string{"--from", "2000-01-01", "--to", "2000-02-01"}},
		{"a file that is there", "2026-05.om is there, and backfill.json does not say what it holds: replace it with --force", 2, []string{"--from", "2026-05-19", "--out", there}},
		{"no folder", "file", 1, []string{"--from", "2026-05-19", "--out", filepath.Join(dir, "file")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := append([]string{"backfill", "--config.file", o.config}, tc.args...)
			if !slices.Contains(args, "--out") {
				args = append(args, "--out", filepath.Join(t.TempDir(), "out"))
			}
			if got := yourturn(t, tc.code, args...); !strings.Contains(got, tc.want) {
				t.Errorf("got %s, want %q in it", got, tc.want)
			}
		})
	}
	if text, err := os.ReadFile(filepath.Join(there, "2026-05.om")); err != nil || string(text) != "kept" {
		t.Errorf("the file that was there holds %q (%v)", text, err)
	}
	yourturn(t, 0, "backfill", "--config.file", o.config, "--from", "2026-05-19", "--out", there, "--force")
	files, err := filepath.Glob(filepath.Join(there, "*.om"))
	if err != nil || len(files) != 1 || follow(t, files[0], map[string]float64{}) == 0 {
		t.Errorf("it was not replaced: %v (%v)", files, err)
	}
}

// TestBackfillEndsBeforeTheFirstScrape asks for samples of the time in which a
// service already showed its numbers.
func TestBackfillEndsBeforeTheFirstScrape(t *testing.T) {
	tm, err := team.New(team.Options{Seed: 3, Flavor: jirasim.Cloud, End: end(), Now: end})
	if err != nil {
		t.Fatal(err)
	}
	o := serveTeam(t, tm, jirasim.Cloud)
	newPoller(t, o.config, end).look()
	st := storeOf(t, o.config, store.ReadWrite)
	scraped := end().Add(-30 * 24 * time.Hour)
	for _, at := range []time.Time{scraped, end()} { // the first counts
		if err := st.Expose(t.Context(), latency.At(at)); err != nil {
			t.Fatal(err)
		}
	}
	got := yourturn(t, 2, "backfill", "--config.file", o.config, "--from", "2026-04-01", "--to", "2026-05-01")
	if want := fmt.Sprintf("the latest that is allowed is %s, before the service first had something to be scraped", scraped.Add(-time.Second).Format(time.RFC3339)); !strings.Contains(got, want) {
		t.Errorf("got %s, want %q in it", got, want)
	}
}

// TestOnlyWhatIsServedIsExposed: a sync shows its numbers to nobody; a service can
// be scraped from its first numbers on.
func TestOnlyWhatIsServedIsExposed(t *testing.T) {
	o := collected(t, 3)
	exposed := func() (time.Time, bool) {
		at, ok, err := storeOf(t, o.config, store.ReadOnly).Exposed(t.Context())
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
