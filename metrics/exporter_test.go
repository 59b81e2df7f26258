package metrics

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"github.com/yourturn/yourturn/internal/latency"
)

// report is one in which every metric has a series.
func report() *latency.Report {
	rules := &latency.Rules{
		Projects: map[string]*latency.Project{"1": {
			ID: "1", Key: "PAY", TargetAcceptance: 8 * time.Hour, TargetQuestion: 4 * time.Hour,
			Terms: []latency.Term{{Person: "ada", Span: latency.Always}},
		}},
		Owners: map[string]*latency.Owner{"ada": {Key: "ada", Absences: []latency.Span{{From: 0, To: 50_000}}}},
		Names:  map[string]string{"ada": `Ada "Ohm" Łęcka`},
		Delegates: []latency.Delegation{
			{Owner: "ada", Delegate: "bo", Span: latency.Always},
			{Owner: "ada", Delegate: "cy", Span: latency.Span{From: 0, To: 10}},
		},
	}
	totals := latency.NewTotals()
	id := func(topic string, at latency.Instant) latency.EntryID {
		return latency.EntryID{StoryID: 7, Kind: latency.Acceptance, Topic: topic, At: at}
	}
	hour := time.Hour.Milliseconds()
	totals.Add(latency.Entry{ID: id("ended", 1), Type: latency.EntryEnded, Project: "PAY", Owner: "ada", Outcome: latency.Accepted, Responder: latency.ByOwner, Working: 3 * hour, Elapsed: 30 * hour})
	totals.Add(latency.Entry{ID: id("ended", 2), Type: latency.EntryEnded, Project: "PAY", Owner: "ada", Outcome: latency.Accepted, Responder: latency.ByAutomation, Working: 500 * hour, Elapsed: 5000 * hour})
	totals.Add(latency.Entry{ID: id("target", 1), Type: latency.EntryMet, Project: "PAY", Owner: "ada"})
	totals.Add(latency.Entry{ID: id("target", 2), Type: latency.EntryBreached, Project: "PAY", Owner: "ada"})
	totals.Add(latency.Entry{ID: latency.EntryID{Topic: "slip"}, Type: latency.EntrySlip, Project: "PAY"})
	totals.Add(latency.Entry{ID: latency.EntryID{Topic: "bypass"}, Type: latency.EntryBypass, Project: "PAY"})
	waits := []latency.Wait{
		{Story: "PAY-1", ProjectID: "1", Kind: latency.Acceptance, Owner: "ada", End: latency.Never, Working: 9 * hour, Elapsed: 33 * hour, StoryWorking: 12 * hour, Target: 8 * hour},
		{Story: "PAY-1", ProjectID: "1", Kind: latency.Acceptance, Owner: "ada", End: latency.Never, StoryWorking: hour, Target: 8 * hour}, // asked anew
		{Story: "PAY-2", ProjectID: "1", Kind: latency.Acceptance, Owner: "ada", End: latency.Never, Working: 2 * hour, StoryWorking: 2 * hour, Target: 8 * hour, PausedNow: true},
		{Story: "PAY-3", ProjectID: "1", Kind: latency.Acceptance, Owner: "ada", End: latency.Never, Working: hour, StoryWorking: hour, Target: 8 * hour},
		{Story: "PAY-4", ProjectID: "1", Kind: latency.Question, Owner: latency.Unowned, End: latency.Never, Working: hour, StoryWorking: hour, Target: 4 * hour},
		{Story: "PAY-5", ProjectID: "1", Kind: latency.Question, Owner: "ada", End: 5},
	}
	findings := []latency.Finding{{Reason: latency.FindMigration, ProjectID: "1"}}
	return latency.NewReport(rules, 42_500, totals, waits, findings, 2)
}

func TestExposition(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	e := NewExporter()
	reg.MustRegister(e)
	if n, err := testutil.GatherAndCount(reg); err != nil || n != 0 {
		t.Fatalf("before the first report there are %d series, %v", n, err)
	}
	e.Publish(report())
	golden, err := os.ReadFile("testdata/exposition.txt")
	if err != nil {
		t.Fatal(err)
	}
	if err := testutil.GatherAndCompare(reg, bytes.NewReader(golden)); err != nil {
		if os.Getenv("YOURTURN_UPDATE") != "" {
			writeGolden(t, reg)
		}
		t.Error(err)
	}
}

// writeGolden replaces the golden file; YOURTURN_UPDATE=1 asks for it.
func writeGolden(t *testing.T, reg prometheus.Gatherer) {
	t.Helper()
	if err := os.WriteFile("testdata/exposition.txt", exposition(t, reg), 0o600); err != nil {
		t.Fatal(err)
	}
}

func exposition(t *testing.T, reg prometheus.Gatherer) []byte {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// TestPromtool shows every metric to Prometheus' own checker.
func TestPromtool(t *testing.T) {
	path, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("YOURTURN_REQUIRE_ALL") != "" {
			t.Fatal("promtool is required: install Debian's package prometheus")
		}
		t.Skip("promtool is not installed")
	}
	reg := prometheus.NewPedanticRegistry()
	e := NewExporter()
	reg.MustRegister(e)
	e.Publish(report())
	self := NewSelf(reg, "https://example.atlassian.net", "v1", "abc", "go1")
	self.ObserveRequest("search", 200, time.Second, map[string][]string{"X-Ratelimit-Limit": {"100"}, "X-Ratelimit-Remaining": {"99"}})
	self.ObservePoll(time.Unix(100, 0), time.Second, 5, nil)
	text := exposition(t, reg)
	for _, line := range strings.Split(string(text), "\n") {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok && !strings.Contains(string(text), "\n"+strings.Fields(name)[0]) {
			t.Errorf("%s has no series", name)
		}
	}
	cmd := exec.Command(path, "check", "metrics")
	cmd.Stdin = bytes.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

func TestHistogram(t *testing.T) {
	h := latency.NewHistogram([]time.Duration{time.Second, time.Minute})
	for _, v := range []int64{0, 1000, 1001, 60_000, 60_001} {
		h.Add(v)
	}
	if got := h.Counts; got[0] != 2 || got[1] != 2 || got[2] != 1 || h.Count != 5 || h.SumMsec != 122_002 {
		t.Errorf("%+v", h)
	}
}
