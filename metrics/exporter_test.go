package metrics

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"github.com/yourturn/yourturn/internal/calendar"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
)

// update writes the golden file instead of comparing it.
var update = flag.Bool("update", false, "write testdata/exposition.txt")

// base is in the years that calendars know.
const base = latency.Instant(1_772_000_000_000)

// report is one in which every metric has a series.
func report(t testing.TB) *latency.Report {
	t.Helper()
	rules := &latency.Rules{
		Projects: map[string]*latency.Project{"1": {
			ID: "1", Key: "PAY", TargetAcceptance: 8 * time.Hour, TargetQuestion: 4 * time.Hour,
			Terms: []latency.Term{{Person: "ada", Span: latency.Always}}, Calendar: aroundTheClock(t),
		}},
		Owners: map[string]*latency.Owner{"ada": {Key: "ada", Absences: []latency.Span{{From: base, To: base + 50_000}}}},
		Names:  map[string]string{"ada": `Ada "Ohm" Łęcka`},
		Delegates: []latency.Delegation{
			{Owner: "ada", Delegate: "bo", Span: latency.Always},
			{Owner: "ada", Delegate: "cy", Span: latency.Span{From: base, To: base + 10}},
			{Owner: "ada", Delegate: "di", Span: latency.Span{From: base, To: base + 60_000}},
		},
	}
	totals := latency.NewTotals()
	id := func(topic string, at latency.Instant) latency.EntryID {
		return latency.EntryID{StoryID: 7, Kind: latency.Acceptance, Topic: topic, At: at}
	}
	const hour, ledgerHour = time.Hour, latency.Milliseconds(3_600_000)
	totals.Add(latency.Entry{ID: id("ended", 1), Type: latency.EntryEnded, Project: "PAY", Owner: "ada", Outcome: latency.Accepted, Responder: latency.ByOwner, Working: 3 * ledgerHour, Elapsed: 30 * ledgerHour})
	totals.Add(latency.Entry{ID: id("ended", 2), Type: latency.EntryEnded, Project: "PAY", Owner: "ada", Outcome: latency.Accepted, Responder: latency.ByAutomation, Working: 500 * ledgerHour, Elapsed: 5000 * ledgerHour})
	totals.Add(latency.Entry{ID: id("target", 1), Type: latency.EntryMet, Project: "PAY", Owner: "ada"})
	totals.Add(latency.Entry{ID: id("target", 2), Type: latency.EntryBreached, Project: "PAY", Owner: "ada"})
	totals.Add(latency.Entry{ID: latency.EntryID{Topic: "slip"}, Type: latency.EntrySlip, Project: "PAY"})
	totals.Add(latency.Entry{ID: latency.EntryID{Topic: "bypass"}, Type: latency.EntryBypass, Project: "PAY"})
	waits := []latency.Part{
		{Wait: latency.Wait{StoryID: 1, Story: "PAY-1", Kind: latency.Acceptance, Since: base - 3_600_000}, ProjectID: "1", Owner: "ada", Start: 1, End: latency.Never, Working: 9 * hour, Elapsed: 33 * hour, StoryWorking: 12 * hour, Target: 8 * hour},
		{Wait: latency.Wait{StoryID: 1, Story: "PAY-1", Kind: latency.Acceptance}, ProjectID: "1", Owner: "ada", End: latency.Never, StoryWorking: hour, Target: 8 * hour}, // the one before, whose ending is not final
		{Wait: latency.Wait{StoryID: 2, Story: "PAY-2", Kind: latency.Acceptance, Since: base - 1}, ProjectID: "1", Owner: "ada", End: latency.Never, Working: 2 * hour, StoryWorking: 2 * hour, Target: 8 * hour, PausedNow: true},
		{Wait: latency.Wait{StoryID: 3, Story: "PAY-3", Kind: latency.Acceptance}, ProjectID: "1", Owner: "ada", End: latency.Never, Working: hour, StoryWorking: hour, Target: 8 * hour},
		{Wait: latency.Wait{StoryID: 4, Story: "PAY-4", Kind: latency.Question}, ProjectID: "1", Owner: latency.Unowned, End: latency.Never, Working: hour, StoryWorking: hour, Target: 4 * hour},
		{Wait: latency.Wait{StoryID: 6, Story: "PAY-6", Kind: latency.Acceptance}, ProjectID: "1", Owner: "ada", End: latency.Never, Working: 90 * hour, StoryWorking: 90 * hour, Target: 8 * hour, Forgotten: true},
		{Wait: latency.Wait{StoryID: 5, Story: "PAY-5", Kind: latency.Question}, ProjectID: "1", Owner: "ada", End: 5},
	}
	totals.Add(latency.Entry{ID: latency.EntryID{Topic: "reopened"}, Type: latency.GuardReopened, Project: "PAY", Owner: "ada"})
	audit := map[latency.AuditKey]int{{Project: "PAY", Reason: latency.FindMigration}: 1}
	const asOf = base + 42_500
	statistics := latency.NewStatistics(rules, latency.Rolling(asOf), slices.Values(traces()))
	r := latency.NewReport(rules, asOf, totals, waits, audit, statistics, 2)
	r.LedgerStart = base - 86_400_000
	r.Sprints = []latency.Sprint{{Project: "PAY", Name: `Sprint "7", déjà`, Start: base - 86_400_000, End: base + 86_400_000}}
	return r
}

// traces are of five stories: two answered questions, a third that is past its
// target, and cycle times.
func traces() []*latency.Trace {
	var out []*latency.Trace
	const hour = time.Hour
	for i := range int64(5) {
		tr := &latency.Trace{Verdict: latency.Verdict{At: base + 5, ProjectID: "1", Owner: "ada", Accepted: i > 0}}
		run := latency.Sample{StoryID: i, Kind: latency.Question, ProjectID: "1", Owner: "ada", Start: base + 1, Target: 4 * hour, Working: time.Duration(i+1) * 3 * hour, End: base + 9}
		switch i {
		case 0, 1, 3:
			run.Response = true
		case 2:
			run.End = latency.Never
		}
		tr.Samples = append(tr.Samples, run)
		for j, stage := range latency.Stages() {
			tr.Stages = append(tr.Stages, latency.StageSpan{Span: latency.Span{From: base + latency.Instant(j)*1000, To: base + latency.Instant(j+1)*1000}, ProjectID: "1", Owner: "ada", Stage: stage})
		}
		out = append(out, tr)
	}
	return out
}

func aroundTheClock(t testing.TB) *calendar.Calendar {
	t.Helper()
	var week calendar.Week
	for d := range week {
		week[d] = []calendar.Interval{{From: 0, To: 1440}}
	}
	cal, err := calendar.New(calendar.Spec{Zone: time.UTC, Week: week})
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

func TestExposition(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	e := NewExporter()
	reg.MustRegister(e)
	if n, err := testutil.GatherAndCount(reg); err != nil || n != 0 {
		t.Fatalf("before the first report there are %d series, %v", n, err)
	}
	e.Publish(report(t))
	golden, err := os.ReadFile("testdata/exposition.txt")
	if err != nil {
		t.Fatal(err)
	}
	if err := testutil.GatherAndCompare(reg, bytes.NewReader(golden)); err != nil {
		if *update {
			writeGolden(t, reg)
		}
		t.Error(err)
	}
}

// writeGolden replaces the golden file.
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
	promtool := stack.Program(t, "prometheus", "promtool")
	reg := prometheus.NewPedanticRegistry()
	e := NewExporter()
	reg.MustRegister(e)
	e.Publish(report(t))
	self := NewSelf(reg)
	for _, event := range events() {
		self.Observe(event)
	}
	text := exposition(t, reg)
	for _, d := range Definitions() {
		if !bytes.Contains(text, []byte("\n# TYPE "+d.Name+" "+string(d.Kind)+"\n"+d.Name)) {
			t.Errorf("%s, a %s, has no series", d.Name, d.Kind)
		}
	}
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = bytes.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

func TestHistogram(t *testing.T) {
	h := latency.NewHistogram([]time.Duration{time.Second, time.Minute})
	for _, v := range []latency.Milliseconds{0, 1000, 1001, 60_000, 60_001} {
		h.Add(v)
	}
	if got := h.Counts; got[0] != 2 || got[1] != 2 || got[2] != 1 || h.Count != 5 || h.Sum != 122_002 {
		t.Errorf("%+v", h)
	}
}
