package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/stack"
)

const ledgerStart = "yourturn_ledger_start_timestamp_seconds"

// The first guess of the tests below allows waits of a month, the second of an hour.
const (
	firstTarget = "targets: {acceptance: 1000h}"
	otherTarget = "targets: {acceptance: 1h}"
)

// judgedBy returns the series of acceptance waits of PAY that passed their target,
// or met it.
func judgedBy(result string) string {
	return fmt.Sprintf(`po_waits_%s_total{kind="acceptance",owner="po",project="PAY"}`, result)
}

// accept makes a story that po accepts after it has waited.
func (p *rig) accept(waited time.Duration) {
	p.Helper()
	story := p.create(p.pay)
	p.move(p.dev, story, "1", "2")
	p.later(waited)
	p.move(p.po, story, "2", "3")
}

// TestTheFirstGuessIsNotKept changes the config of a service in its first day, and
// after it: for 24 hours of data timestamp a changed config begins a new ledger.
func TestTheFirstGuessIsNotKept(t *testing.T) {
	for _, tc := range []struct {
		after   time.Duration // of the first complete sync
		renewed bool
	}{
		{0, true}, // not even a poll in between
		{20 * time.Hour, true},
		{24*time.Hour - time.Minute, true},
		{24 * time.Hour, false},
		{30 * time.Hour, false},
	} {
		t.Run(tc.after.String(), func(t *testing.T) {
			p := rigJira(t, jirasim.DataCenter, jirasim.Options{})
			for range 6 {
				p.accept(5 * time.Hour)
			}
			p.later(time.Hour)
			p.serveJira()
			p.restart(p.replaced("owner_field: Product Owner", "owner_field: Product Owner, "+firstTarget))
			p.fine()
			first := float64(p.now().Unix())
			p.shows(ledgerStart, first)
			p.shows(judgedBy("met"), 6)
			if tc.after > 0 {
				p.later(tc.after)
				p.fine()
			}
			p.restart(asItWas)
			p.shows(ledgerStart, first) // the same config goes on with the same ledger
			p.restart(p.replaced(firstTarget, otherTarget))
			p.logs("a new ledger begins", tc.renewed)
			if !tc.renewed {
				p.shows(ledgerStart, first)
				p.shows(judgedBy("met"), 6)
				p.shows(judgedBy("breached"), -1)
				p.shows(finding("corrected"), 6)
				return
			}
			if second := p.metric(ledgerStart); second <= first {
				t.Errorf("the second ledger began at %v, want later than the first at %v", second, first)
			}
			p.shows(judgedBy("met"), -1)
			p.shows(judgedBy("breached"), 6)
			p.shows(finding("corrected"), -1)
			// The day is of the first sync, and not of the ledger.
			p.later(25 * time.Hour)
			p.fine()
			second := p.metric(ledgerStart)
			p.restart(p.replaced(otherTarget, firstTarget))
			p.shows(ledgerStart, second)
			p.shows(judgedBy("breached"), 6)
			if err := p.svc.Recount(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.restart(asItWas)
			if third := p.metric(ledgerStart); third <= second {
				t.Errorf("after a recount the ledger began at %v, want later than %v", third, second)
			}
			p.shows(judgedBy("met"), 6)
		})
	}
}

// recording is what a Prometheus would have scraped of a service, in Jira's time.
type recording struct {
	names   []string // of series, in the order in which they were first seen
	samples map[string][]string
}

// scrape records what the service shows now.
func (r *recording) scrape(p *rig) {
	p.Helper()
	if r.samples == nil {
		r.samples = map[string][]string{}
	}
	rec := httptest.NewRecorder()
	p.svc.ServeHTTP(rec, httptest.NewRequestWithContext(p.Context(), http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(rec.Body.String()) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if i := strings.LastIndexByte(strings.TrimSpace(line), ' '); i > 0 { // labels may hold blanks
			series, value = line[:i], strings.TrimSpace(line[i+1:])
		}
		if !ok || strings.HasPrefix(line, "#") || !strings.HasPrefix(line, "po_") && !strings.HasPrefix(line, "yourturn_") {
			continue
		}
		const labels = `job="yourturn",instance="a"`
		if name, rest, has := strings.Cut(series, "{"); has {
			series = name + "{" + labels + "," + rest
		} else {
			series += "{" + labels + "}"
		}
		if r.samples[series] == nil {
			r.names = append(r.names, series)
		}
		r.samples[series] = append(r.samples[series], fmt.Sprintf("%s %s %d.%03d", series, value, p.clock.Load()/1000, p.clock.Load()%1000))
	}
}

// prometheus starts a Prometheus that has scraped all this, with the bundled rules.
func (r *recording) prometheus(t *testing.T) stack.Prometheus {
	t.Helper()
	promtool := stack.Program(t, "prometheus", "promtool")
	dir := t.TempDir()
	var text strings.Builder
	for _, name := range r.names {
		text.WriteString(strings.Join(r.samples[name], "\n") + "\n")
	}
	write(t, filepath.Join(dir, "scraped.om"), text.String()+"# EOF\n")
	args := []string{"tsdb", "create-blocks-from", "--max-block-duration=720h", "openmetrics", filepath.Join(dir, "scraped.om"), filepath.Join(dir, "data")}
	if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
		t.Fatalf("promtool %v: %v\n%s", args, err, out)
	}
	for _, name := range []string{"objective.yml", "waits.yml"} {
		rules, err := os.ReadFile(filepath.Join("../../dashboards/prometheus/rules", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), strings.Replace(string(rules), "interval: 1m", "interval: 1s", 1))
	}
	write(t, filepath.Join(dir, "prometheus.yml"), "global: {evaluation_interval: 1s}\nrule_files: [objective.yml, waits.yml]\n")
	return stack.StartPrometheus(t, dir, "--storage.tsdb.retention.time=1y", "--query.lookback-delta=65m")
}

// alertExpr returns the expression of a bundled alert about waits.
func alertExpr(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../dashboards/prometheus/rules/waits.yml")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			if r.Alert == name {
				return r.Expr
			}
		}
	}
	t.Fatalf("there is no alert %s: mend the test", name)
	return ""
}

// TestNoGrowthAcrossANewLedger has a real Prometheus scrape a service whose config
// is changed at hour 20: of 36 waits that had met the first target the second says
// that they passed it. Counters jump, and no alert about the objective and no panel
// takes that for growth: what is counted after the change is, two waits.
func TestNoGrowthAcrossANewLedger(t *testing.T) {
	t.Parallel() // it waits more than it works
	p := rigJira(t, jirasim.DataCenter, jirasim.Options{})
	const every = 5 * time.Minute
	end := time.Now().Truncate(every)
	begin := end.Add(-26 * time.Hour)
	p.clock.Store(begin.AddDate(0, 0, -20).UnixMilli())
	for range 30 {
		p.accept(5 * time.Hour)
	}
	p.clock.Store(begin.UnixMilli())
	p.serveJira()
	p.restart(p.replaced("owner_field: Product Owner", "owner_field: Product Owner, "+firstTarget))
	var scraped recording
	polls := func(until time.Time) {
		t.Helper()
		for ; !p.now().After(until); p.later(every) {
			p.fine()
			scraped.scrape(p)
		}
	}
	accepted := func(from, until time.Time) {
		t.Helper()
		polls(from)
		story := p.create(p.pay)
		p.move(p.dev, story, "1", "2")
		polls(until)
		p.move(p.po, story, "2", "3")
	}
	for i := range 6 {
		accepted(begin.Add(time.Duration(3*i)*time.Hour), begin.Add(time.Duration(3*i+2)*time.Hour))
	}
	change := begin.Add(20 * time.Hour)
	polls(change)
	p.shows(judgedBy("met"), 36)
	p.restart(p.replaced(firstTarget, otherTarget))
	scraped.scrape(p)
	p.shows(judgedBy("breached"), 36)
	accepted(change.Add(time.Hour), change.Add(3*time.Hour))
	accepted(change.Add(3*time.Hour), change.Add(5*time.Hour))
	polls(end)
	p.shows(judgedBy("breached"), 38)

	prometheus := scraped.prometheus(t)
	const recorded = `job_project:acceptance_breached:growth14d{project="PAY"}`
	var now time.Time
	stack.Eventually(t, "the rules are evaluated", func(context.Context) bool {
		now = time.Now()
		return len(prometheus.Instant(t, recorded, now)) > 0
	})
	value := func(expr string, at time.Time) float64 {
		t.Helper()
		a := prometheus.Instant(t, expr, at)
		if len(a) != 1 {
			t.Fatalf("%d answers to %s", len(a), expr)
		}
		return a[0].Values[at.Unix()]
	}
	for _, series := range []string{recorded, `job_project:acceptance_breached:growth3d{project="PAY"}`} {
		if got := value(series, now); got != 2 {
			t.Errorf("%s is %v, want 2: what was counted after the change", series, got)
		}
	}
	for _, expr := range []string{alertExpr(t, "AcceptanceObjectiveMissed"), `ALERTS{alertname="AcceptanceObjectiveMissed"}`} {
		if a := prometheus.Instant(t, expr, now); len(a) > 0 {
			t.Errorf("at the objective somebody is alarmed: %v\n%s", a, expr)
		}
	}
	panels := 0
	for _, panel := range saidByPanels(t) {
		if !panel.counts {
			continue
		}
		for i, expr := range panel.exprs {
			if !strings.Contains(expr, "po_waits_") || strings.Contains(expr, "/ (") {
				continue
			}
			panels++
			for at := change.Add(-time.Hour); !at.After(end); at = at.Add(30 * time.Minute) {
				most := 6.0 // what ended since the service began
				if at.After(change) {
					most = 2
				}
				for _, a := range prometheus.Instant(t, panel.query(i, "po", 14*24*time.Hour), at) {
					if got := a.Values[at.Unix()]; got > most {
						t.Errorf("%s, %q draws %v at %s, want at most %v", panel.board, panel.title, got, at.Sub(change), most)
					}
				}
			}
		}
	}
	if panels < 3 {
		t.Errorf("only %d queries were looked at", panels)
	}
	if got := value(`sum(`+(&said{exprs: []string{passedTarget(t)}}).query(0, "po", 14*24*time.Hour)+`)`, end); got != 2 {
		t.Errorf("the retrospective says that %v passed their target, want 2", got)
	}
}

// passedTarget returns the query of the retrospective for waits past their target.
func passedTarget(t *testing.T) string {
	t.Helper()
	for _, p := range saidByPanels(t) {
		if p.title == "Went past target" {
			return p.exprs[0]
		}
	}
	t.Fatal("the retrospective has no such panel: mend the test")
	return ""
}
