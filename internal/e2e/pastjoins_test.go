package e2e

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/stack"
)

// TestThePastJoinsWhatIsScraped has the first day of an installation: a past that
// is written before anybody scrapes, the hours up to the first scrape that are
// written later, and a real Prometheus that has both imported and scrapes the same
// store. Both are one series without a gap, and nothing jumps. The simulated Jira's
// clock stands at a full hour, so that what is scraped is as of the last step.
func TestThePastJoinsWhatIsScraped(t *testing.T) {
	t.Parallel() // it waits more than it works
	promtool := stack.Program(t, "prometheus", "promtool")
	asOf := time.Now().UTC().Add(-2 * time.Minute).Truncate(time.Hour)
	stands := func() time.Time { return asOf }
	tm, err := team.New(team.Options{Seed: 3, Flavor: jirasim.Cloud, End: asOf, Now: stands})
	if err != nil {
		t.Fatal(err)
	}
	o := serveTeam(t, tm, jirasim.Cloud)
	yourturn(t, 0, "sync", "--config.file", o.config)
	const instance = "yourturn:9817"
	dir := t.TempDir()
	const headOfPrometheus = 3 * time.Hour // which it writes itself
	args := []string{"backfill", "--config.file", o.config, "--from", asOf.AddDate(0, 0, -3).Format(time.RFC3339), "--out", filepath.Join(dir, "past"), "--instance", instance, "--step", "1h"}
	backfilled := func(now time.Time) (told, line string) {
		t.Helper()
		var out, errOut bytes.Buffer
		clock := func() time.Time { return now }
		if code := command.Run(t.Context(), args, command.Env{In: strings.NewReader(""), Out: &out, Err: &errOut, Now: clock}); code != command.ExitFine {
			t.Fatalf("exit %d: %s", code, errOut.String())
		}
		return errOut.String(), out.String()
	}
	told, _ := backfilled(time.Now())
	first := lastSample(t, told)
	if age := time.Since(first); age < headOfPrometheus {
		t.Errorf("the first run ends %s ago", age)
	}
	if want := fmt.Sprintf("with --from %s", first.Add(time.Hour).Format(time.RFC3339)); !strings.Contains(told, want) {
		t.Errorf("does not say %q:\n%s", want, told)
	}

	base, _ := serving(t, o)
	told, line := backfilled(time.Now().Add(headOfPrometheus + time.Minute))
	if got := lastSample(t, told); !got.Equal(asOf) || !strings.Contains(told, "was there already") {
		t.Errorf("the second run ends at %s, want %s after what was there:\n%s", got, asOf, told)
	}
	if strings.Contains(told, "run this again") {
		t.Errorf("there is nothing left to write:\n%s", told)
	}
	line = strings.NewReplacer("PROMETHEUS_DATA", filepath.Join(dir, "data"), "promtool ", promtool+" ").Replace(line)
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", line).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	config := "global: {scrape_interval: 1s}\nscrape_configs: [{job_name: yourturn, static_configs: [{targets: [\"" + strings.TrimPrefix(base, "http://") + "\"], labels: {instance: \"" + instance + "\"}}]}]\n"
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	prometheus := stack.StartPrometheus(t, dir, "--storage.tsdb.retention.time=1y", "--query.lookback-delta=65m")
	var now time.Time
	stack.Eventually(t, "a scrape", func(context.Context) bool {
		now = time.Now()
		return len(prometheus.Instant(t, fmt.Sprintf("timestamp(po_waits_open) > %d", asOf.Unix()), now)) > 0
	})

	const everything = `{__name__=~"po_.+|yourturn_data_timestamp_seconds"}`
	series := func(expr string, at time.Time) map[string]float64 {
		out := map[string]float64{}
		for _, a := range prometheus.Instant(t, expr, at) {
			out[fmt.Sprint(a.Labels)] = a.Values[at.Unix()]
		}
		return out
	}
	// Looked back at for an hour, an imported series that has ended would still be there:
	// on one side an instant is read, on the other what is younger than the last import.
	scrapes := fmt.Sprintf("last_over_time(%s[%ds])", everything, now.Unix()-asOf.Unix()-1)
	imported, scraped := series(everything+"[1s]", asOf), series(scrapes, now)
	if d := gocmp.Diff(imported, scraped); d != "" {
		t.Errorf("series (-imported +scraped):\n%s", d)
	}
	if len(imported) < 1000 {
		t.Errorf("only %d series were compared", len(imported))
	}
	from, step := asOf.Add(-12*time.Hour), 5*time.Minute
	for _, a := range prometheus.Course(t, `{__name__=~"po_waits_open|po_waits_ended_total|po_waits_met_total|po_stage_seconds"}`, from, now, step) {
		begun := slices.Min(slices.Collect(maps.Keys(a.Values))) // it may be younger
		if want := int(now.Unix()-begun)/int(step.Seconds()) + 1; len(a.Values) != want {
			t.Errorf("%v has %d points of %d", a.Labels, len(a.Values), want)
		}
	}
	for _, counter := range []string{"po_waits_ended_total", "po_waits_met_total", "po_waits_breached_total", "po_acceptance_latency_seconds_bucket", "po_question_response_latency_seconds_sum"} {
		if a := prometheus.Instant(t, `resets(`+counter+`[2d]) > 0`, now); len(a) > 0 {
			t.Errorf("%s: %v went back", counter, a[0].Labels)
		}
	}
	t.Logf("%d series are the same as of %s, imported and scraped at %s", len(imported), asOf, now.UTC().Truncate(time.Second))
}

// lastSample returns the last instant that backfill says it writes.
func lastSample(t *testing.T, told string) time.Time {
	t.Helper()
	_, rest, _ := strings.Cut(told, " to ")
	text, _, _ := strings.Cut(rest, ",")
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatalf("%v:\n%s", err, told)
	}
	return at
}
