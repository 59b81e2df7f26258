package metrics

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/yourturn/yourturn/internal/latency"
)

// most is how many series an owner in a project may have at the default of 20 open
// waits, without those that say that a clock is stopped now.
const most = 350

// TestSeriesOfAnOwner counts the series of an owner in a project in the worst mix:
// a standing delegation, every outcome by every responder that can bring it about,
// all statistics known, and more open waits of each kind than are listed.
func TestSeriesOfAnOwner(t *testing.T) {
	for name, tc := range map[string]struct {
		paused  bool
		allowed int
	}{"clocks run": {false, most}, "all clocks of acceptance are stopped": {true, most + 20}} {
		t.Run(name, func(t *testing.T) {
			reg := prometheus.NewPedanticRegistry()
			e := NewExporter()
			reg.MustRegister(e)
			e.Publish(worstMix(t, tc.paused))
			total, by := seriesOfOwners(t, reg)
			t.Logf("%d series", total)
			for _, metric := range slices.Sorted(maps.Keys(by)) {
				t.Logf("%4d %s", by[metric], metric)
			}
			if total > tc.allowed {
				t.Errorf("%d series of an owner in a project, at most %d are allowed", total, tc.allowed)
			}
			for _, d := range Definitions() {
				if slices.Contains(d.Labels, "owner") && slices.Contains(d.Labels, "project") && by[d.Name] == 0 && (tc.paused || d.Name != "po_open_wait_paused") {
					t.Errorf("%s has no series: this is not the worst mix", d.Name)
				}
			}
			if n := by["po_open_wait_seconds"]; n != 40 {
				t.Errorf("%d open waits are listed, want 20 of each kind", n)
			}
		})
	}
}

// seriesOfOwners counts the series that have both an owner and a project, as
// Prometheus counts them: a histogram has one for each bucket, its sum and its count.
func seriesOfOwners(t *testing.T, reg prometheus.Gatherer) (total int, by map[string]int) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	by = map[string]int{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]bool{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = true
			}
			if !labels["owner"] || !labels["project"] {
				continue
			}
			n := 1
			if h := m.GetHistogram(); h != nil {
				n = len(h.GetBucket()) + 3 // +Inf, the sum and the count
			}
			by[f.GetName()] += n
			total += n
		}
	}
	return total, by
}

// worstMix is the report of one owner in one project about whom everything is known.
func worstMix(t *testing.T, paused bool) *latency.Report {
	t.Helper()
	const hour = time.Hour
	rules := &latency.Rules{
		Projects: map[string]*latency.Project{"1": {
			ID: "1", Key: "PAY", TargetAcceptance: 8 * hour, TargetQuestion: 4 * hour, Terms: []latency.Term{{Person: "ada", Span: latency.Always}}, Calendar: aroundTheClock(t),
		}},
		Owners:    map[string]*latency.Owner{"ada": {Key: "ada"}},
		Delegates: []latency.Delegation{{Owner: "ada", Delegate: "bo", Span: latency.Always}},
	}
	totals := latency.NewTotals()
	end := func(kind latency.Kind, outcome latency.Outcome, responders ...latency.Responder) {
		for _, who := range responders {
			totals.Add(latency.Entry{ID: latency.EntryID{Kind: kind}, Type: latency.EntryEnded, Project: "PAY", Owner: "ada", Outcome: outcome, Responder: who})
		}
	}
	end(latency.Acceptance, latency.Accepted, latency.ByOwner, latency.ByDelegate, latency.ByOther, latency.ByAutomation)
	end(latency.Acceptance, latency.Rejected, latency.ByOwner, latency.ByDelegate)
	end(latency.Acceptance, latency.Recalled, latency.ByOther, latency.ByAutomation)
	end(latency.Acceptance, latency.Withdrawn, latency.ByOwner, latency.ByDelegate, latency.ByOther, latency.ByAutomation, "")
	end(latency.Acceptance, latency.HandedOver, "")
	end(latency.Question, latency.Answered, latency.ByOwner, latency.ByDelegate, latency.ByOther)
	end(latency.Question, latency.Resolved, latency.ByOther, latency.ByAutomation)
	end(latency.Question, latency.Withdrawn, latency.ByOwner, latency.ByDelegate, latency.ByOther, latency.ByAutomation, "")
	end(latency.Question, latency.Obsolete, latency.ByOther, latency.ByAutomation)
	end(latency.Question, latency.Lapsed, "")
	end(latency.Question, latency.HandedOver, "")
	for _, guard := range latency.Guards() {
		totals.Add(latency.Entry{ID: latency.EntryID{Kind: latency.Acceptance}, Type: guard, Project: "PAY", Owner: "ada"})
	}
	var waits []latency.Part
	for id := range int64(100) {
		kind := latency.Acceptance
		if id%2 == 0 {
			kind = latency.Question
		}
		waits = append(waits, latency.Part{
			Wait: latency.Wait{StoryID: id, Story: fmt.Sprint("PAY-", id), Kind: kind, Since: base}, ProjectID: "1", Owner: "ada", Start: base, End: latency.Never,
			Working: hour, StoryWorking: hour, Target: 8 * hour, Forgotten: id < 30, PausedNow: paused && kind == latency.Acceptance,
		})
	}
	var history []*latency.Trace
	for _, tr := range traces() {
		verdict := tr.Samples[0]
		verdict.Kind = latency.Acceptance
		tr.Samples = append(tr.Samples, verdict)
		history = append(history, tr)
	}
	const asOf = base + 42_500
	statistics := latency.NewStatistics(rules, latency.Rolling(asOf), slices.Values(history))
	return latency.NewReport(rules, asOf, totals, waits, nil, statistics, 20)
}

// TestLeavingFamiliesOut leaves each family out in turn: it alone has no series then.
func TestLeavingFamiliesOut(t *testing.T) {
	named := func(e *Exporter) map[string]int {
		reg := prometheus.NewPedanticRegistry()
		reg.MustRegister(e)
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]int{}
		for _, f := range families {
			out[f.GetName()] = len(f.GetMetric())
		}
		return out
	}
	report := worstMix(t, true)
	e := NewExporter()
	e.Publish(report)
	all := named(e)
	for _, name := range Optional() {
		want := maps.Clone(all)
		delete(want, name)
		e.LeaveOut([]string{name})
		e.Publish(report)
		if got := named(e); !maps.Equal(got, want) {
			t.Errorf("without %s there are %v, want %v", name, got, want)
		}
	}
	e.LeaveOut(nil)
	e.Publish(report)
	if got := named(e); !maps.Equal(got, all) {
		t.Errorf("with all of them there are %v, want %v", got, all)
	}
}

// TestSizesOfFamilies holds that docs/metrics.md says how many series an owner in a
// project has of each family that may be left out.
func TestSizesOfFamilies(t *testing.T) {
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## Leaving families out")
	documented := map[string]int{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(po_[a-z_]+)` \\| ([0-9]+) \\|").FindAllStringSubmatch(section, -1) {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		documented[m[1]] = n
	}
	reg := prometheus.NewPedanticRegistry()
	e := NewExporter()
	reg.MustRegister(e)
	e.Publish(worstMix(t, true))
	_, sizes := seriesOfOwners(t, reg)
	want := map[string]int{}
	for _, name := range Optional() {
		want[name] = sizes[name]
	}
	if diff := cmp.Diff(want, documented); diff != "" {
		t.Errorf("series of families (-exposed +docs):\n%s", diff)
	}
}
