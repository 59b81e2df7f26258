package app

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"go.uber.org/zap/zapcore"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/web"
	"github.com/yourturn/yourturn/metrics"
)

// exposed returns the series of poll cycles and censuses after events, without
// empty buckets.
func exposed(t *testing.T, events ...any) (text []byte, series []string) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	self := metrics.NewSelf(reg, pollMetrics()...)
	for _, e := range events {
		self.Observe(e)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		if slices.ContainsFunc(PollMetrics(), func(d metrics.Definition) bool { return d.Name == f.GetName() }) {
			if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
				t.Fatal(err)
			}
		}
	}
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "#") && !strings.HasSuffix(line, "} 0\n") {
			series = append(series, strings.TrimSpace(line))
		}
	}
	return b.Bytes(), series
}

// busy is a complete cycle in which everything happened.
func busy() cycle {
	return cycle{
		Result: collector.Result{
			AsOf: latency.At(time.Unix(1_700_000_000, 0)), Duration: 1500 * time.Millisecond, Full: true,
			Stories: 5, Unchanged: 2, Events: 11, Mended: 1, Changed: []int64{7, 8, 9}, Late: []time.Duration{7 * time.Minute},
			Warnings: []string{"a clause was cut"}, Zoned: true, Skew: 2 * time.Second, DateAhead: -3 * time.Second,
			Checks: collector.Checks{Err: errors.New("census: no route")},
		},
		End: time.Unix(1_700_000_001, 0),
	}
}

// TestCycleIsShown holds that log, metrics and page show what a cycle found, each
// by the one table.
func TestCycleIsShown(t *testing.T) {
	c := busy()
	_, series := exposed(t, c)
	want := []string{
		"yourturn_census_failures_total 1",
		"yourturn_census_stopped 0",
		"yourturn_census_timestamp_seconds 0",
		"yourturn_clock_skew_seconds 2",
		"yourturn_jira_clock_doubt_seconds 0",
		"yourturn_jira_date_ahead_seconds -3",
		`yourturn_poll_cycles_total{result="complete"} 1`,
		"yourturn_poll_duration_seconds 1.5",
		"yourturn_poll_last_success_timestamp_seconds 1.700000001e+09",
		`yourturn_poll_late_seconds_bucket{le="600"} 1`,
		`yourturn_poll_late_seconds_bucket{le="1200"} 1`,
		`yourturn_poll_late_seconds_bucket{le="3600"} 1`,
		`yourturn_poll_late_seconds_bucket{le="21600"} 1`,
		`yourturn_poll_late_seconds_bucket{le="+Inf"} 1`,
		"yourturn_poll_late_seconds_sum 420",
		"yourturn_poll_late_seconds_count 1",
		"yourturn_poll_search_warnings 1",
		"yourturn_poll_stories_total 5",
		"yourturn_poll_success 1",
		"yourturn_poll_zone_literals 1",
	}
	if diff := cmp.Diff(want, series); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}

	log := zapcore.NewMapObjectEncoder()
	for _, f := range c.logFields() {
		f.AddTo(log)
	}
	wantLog := map[string]any{
		"as_of": c.AsOf.Time(), "took": c.Duration, "full": true, "stories": int64(5), "unchanged": int64(2), "changed": int64(3),
		"new_events": int64(11), "mended_events": int64(1), "late": int64(1),
	}
	if diff := cmp.Diff(wantLog, log.Fields); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}

	wantPage := []web.Row{
		{Label: "It was a full sync", Value: "yes"},
		{Label: "Stories that it read", Value: "5"},
		{Label: "Stories that had not changed", Value: "2"},
		{Label: "Stories that changed", Value: "3"},
		{Label: "New events", Value: "11"},
		{Label: "Stored events of which Jira now shows more", Value: "1"},
		{Label: "Changes that Jira's search showed late", Value: "1"},
		{Label: "Warnings from Jira about its searches", Value: "1"},
		{Label: "This machine's clock is ahead of Jira's by", Value: "2s"},
		{Label: "The Date of Jira's replies is ahead of Jira's clock by", Value: "-3s"},
		{Label: "It asked in the time zone of the account's profile", Value: "yes"},
	}
	if diff := cmp.Diff(wantPage, c.pageRows()); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

// TestFailedCycleIsShown holds that a cycle that failed is counted with its reason,
// and that what the last complete one found stays.
func TestFailedCycleIsShown(t *testing.T) {
	_, before := exposed(t, busy())
	failed := cycle{Result: collector.Result{Duration: 4 * time.Second, Stories: 9}, End: time.Unix(1_700_000_100, 0), Err: collector.ErrBlind}
	_, after := exposed(t, busy(), failed)
	want := slices.Clone(before)
	for old, now := range map[string]string{"yourturn_poll_duration_seconds 1.5": "yourturn_poll_duration_seconds 4", "yourturn_poll_success 1": "yourturn_poll_success 0"} {
		want[slices.Index(want, old)] = now
	}
	want = append(want, `yourturn_poll_cycles_total{result="failed"} 1`, `yourturn_poll_failures_total{reason="blind"} 1`)
	slices.Sort(want)
	slices.Sort(after)
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNoSuccessIsNone holds that there is no instant of a complete poll before
// there was one: 0 would be read as 56 years ago.
func TestNoSuccessIsNone(t *testing.T) {
	const name = "yourturn_poll_last_success_timestamp_seconds"
	if text, _ := exposed(t, cycle{Err: errors.New("no route")}); bytes.Contains(text, []byte("\n"+name)) {
		t.Errorf("an instant is shown of a complete poll that never was:\n%s", text)
	}
	if text, _ := exposed(t, busy()); !bytes.Contains(text, []byte("\n"+name)) {
		t.Errorf("no instant is shown of a complete poll:\n%s", text)
	}
}

// TestCensusIsShown holds that the numbers of a census have their names, and that
// one from before the start has its instant alone.
func TestCensusIsShown(t *testing.T) {
	_, series := exposed(t, census{begun: time.Unix(90, 0), found: &collector.CensusResult{Shown: 9, Stored: 10, Gone: 1}, stopped: true})
	for _, want := range []string{
		`yourturn_census_stories{result="shown"} 9`, `yourturn_census_stories{result="stored"} 10`, `yourturn_census_stories{result="gone"} 1`,
		"yourturn_census_timestamp_seconds 90", "yourturn_census_stopped 1",
	} {
		if !slices.Contains(series, want) {
			t.Errorf("no %s in %v", want, series)
		}
	}
	text, _ := exposed(t, census{begun: time.Unix(90, 0)})
	if bytes.Contains(text, []byte("yourturn_census_stories{")) || !bytes.Contains(text, []byte("yourturn_census_timestamp_seconds 90")) {
		t.Errorf("of a census before the start:\n%s", text)
	}
}

// TestCycleFacts holds that each entry of the table is shown somewhere, under a
// name that no other has, and of every cycle.
func TestCycleFacts(t *testing.T) {
	named := map[string]bool{}
	for i, f := range cycleFacts() {
		if f.metric.Name == "" && f.log == "" && f.page == "" {
			t.Errorf("fact %d is shown nowhere", i)
		}
		for _, name := range []string{f.metric.Name, "log " + f.log, "page " + f.page} {
			if named[name] {
				t.Errorf("%s is the name of two facts", name)
			}
			named[name] = name != "" && name != "log " && name != "page "
		}
		for _, c := range []cycle{{}, busy(), {Err: errors.New("no route")}} {
			samples(f.of(c)) // panics of what no metric takes
			if v := f.of(c); c.Err == nil && f.page != "" && text(v) == fmt.Sprint(nil) {
				t.Errorf("%s has no value", f.page)
			}
		}
	}
}

// TestPromtool shows the metrics of polls to Prometheus' own checker.
func TestPromtool(t *testing.T) {
	promtool := stack.Program(t, "prometheus", "promtool")
	text, _ := exposed(t, busy(), cycle{Err: errors.New("no route")}, census{begun: time.Unix(90, 0), found: &collector.CensusResult{}})
	for _, d := range PollMetrics() {
		if !bytes.Contains(text, []byte("# TYPE "+d.Name+" "+string(d.Kind)+"\n"+d.Name)) {
			t.Errorf("%s, a %s, has no series", d.Name, d.Kind)
		}
	}
	cmd := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	cmd.Stdin = bytes.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
