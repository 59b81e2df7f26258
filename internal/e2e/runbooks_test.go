package e2e

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/stack"
)

// The alerts of the bundled rules, by the test that causes each. Of the last ones
// promtool's tests alone have series.
var (
	alertsOfTeams   = []string{"StoryAwaitsAcceptance", "QuestionUnanswered", "OwnerAbsentWithoutDelegate", "OwnerIsLargestBlocker", "AcceptanceObjectiveMissed", "StoriesForgotten", "JiraDataInconsistent", "AcceptanceNotConfigured", "ConfigDoesNotFit", "JiraShowsFewerStories"}
	alertsOfService = []string{"JiraRefuses", "YourturnNoFreshData", "JiraRateLimited", "YourturnAbsent"}
	alertsOfSeries  = []string{"YourturnFirstSyncStuck", "JiraClockDoubted", "YourturnReplicaDown"}
)

// alertRule is a bundled alert.
type alertRule struct {
	Alert, Expr, For string
}

// alertRules returns the bundled alerts by name.
func alertRules(t testing.TB) map[string]alertRule {
	t.Helper()
	files, err := filepath.Glob("../../dashboards/prometheus/rules/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]alertRule{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var f struct{ Groups []struct{ Rules []alertRule } }
		if err := yaml.Unmarshal(text, &f); err != nil {
			t.Fatal(err)
		}
		for _, g := range f.Groups {
			for _, r := range g.Rules {
				if r.Alert != "" {
					out[r.Alert] = r
				}
			}
		}
	}
	return out
}

// runbook is what a section of docs/runbooks.md has the reader do.
type runbook struct {
	queries  []string
	commands []string // of yourturn, without its name
}

// runbookOf returns the section of an alert.
func runbookOf(t testing.TB, alert string) runbook {
	t.Helper()
	text, err := os.ReadFile("../../docs/runbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## "+alert+"\n")
	if !found {
		t.Fatalf("docs/runbooks.md has no section %s", alert)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var r runbook
	for _, m := range regexp.MustCompile("(?s)```promql\n(.+?)```").FindAllStringSubmatch(section, -1) {
		r.queries = append(r.queries, m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^\s*yourturn (.+)$`).FindAllStringSubmatch(section, -1) {
		r.commands = append(r.commands, m[1])
	}
	if len(r.queries) == 0 || len(r.commands) == 0 {
		t.Fatalf("%s: %d queries and %d commands: mend the page, or the test", alert, len(r.queries), len(r.commands))
	}
	return r
}

// runsCommands runs the commands of an alert's section about a story, and fails
// unless each says something. check --online must end with the given code: where
// something is broken, it says so.
func (p *rig) runsCommands(alert, story string, online int) {
	p.Helper()
	for _, line := range runbookOf(p.T, alert).commands {
		if strings.HasPrefix(line, "healthcheck") {
			continue // there is nothing to ask
		}
		want := command.ExitFine
		if strings.Contains(line, "--online") {
			want = online
		}
		args := strings.Fields(strings.NewReplacer("PAY-7", story, "yourturn.yml", p.svc.Config().File()).Replace(line))
		var out, errOut bytes.Buffer
		env := command.Env{In: strings.NewReader(""), Out: &out, Err: &errOut, Now: p.now, Transport: p.opts.Transport}
		if code := command.Run(p.Context(), args, env); code != want || out.Len() == 0 {
			p.Errorf("%s: yourturn %s: exit %d, want %d:\n%s%s", alert, line, code, want, out.String(), errOut.String())
		}
	}
}

// fires reports whether an alert fires at an instant: whether its expression has had
// an answer for its "for", each minute.
func fires(t *testing.T, s stack.Prometheus, alert string, at time.Time) bool {
	t.Helper()
	rule := alertRules(t)[alert]
	if rule.Expr == "" {
		t.Fatalf("there is no alert %s: mend the test", alert)
	}
	pending, err := model.ParseDuration(rule.For)
	if err != nil {
		t.Fatal(err)
	}
	from := at.Add(-time.Duration(pending))
	since := map[string]int{}
	for _, a := range s.Course(t, rule.Expr, from, at, time.Minute) {
		delete(a.Labels, "__name__")
		since[strings.Join(sortedPairs(a.Labels), ",")] += len(a.Values)
	}
	for _, n := range since {
		if n == int(at.Sub(from)/time.Minute)+1 {
			return true
		}
	}
	return false
}

// sortedPairs returns labels in order.
func sortedPairs(labels map[string]string) []string {
	var out []string
	for name, value := range labels {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return out
}

// followed fails unless an alert fired at an instant, its section's queries showed
// something then, and the alert no longer fires at another instant, if one is given.
func followed(t *testing.T, s stack.Prometheus, alert string, fired, gone time.Time) {
	t.Helper()
	if !fires(t, s, alert, fired) {
		t.Errorf("%s does not fire at %s", alert, fired)
	}
	for _, q := range runbookOf(t, alert).queries {
		if len(s.Instant(t, q, fired)) == 0 {
			t.Errorf("%s fires, and its runbook's query shows nothing: %s", alert, q)
		}
	}
	if !gone.IsZero() && len(s.Instant(t, alertRules(t)[alert].Expr, gone)) > 0 {
		t.Errorf("%s goes on at %s although its runbook was followed", alert, gone)
	}
}

// TestRunbooksName holds that each alert is caused by one of the tests below, or
// named as one that is not.
func TestRunbooksName(t *testing.T) {
	var rules []string
	for name := range alertRules(t) {
		rules = append(rules, name)
	}
	slices.Sort(rules)
	caused := slices.Sorted(slices.Values(slices.Concat(alertsOfTeams, alertsOfService, alertsOfSeries)))
	if diff := gocmp.Diff(rules, caused); diff != "" {
		t.Errorf("alerts (-rules +tests):\n%s", diff)
	}
}

// TestRunbooksOfTeams causes the alerts about waits and about what Jira tells: two
// weeks in which each story waits longer than its target, an owner who is absent, a
// question, a record that Jira lost, a project whose config does not fit, and stories
// that vanish. Then it does what the runbooks say.
func TestRunbooksOfTeams(t *testing.T) {
	t.Parallel() // it waits more than it works
	p := rigJira(t, jirasim.DataCenter, jirasim.Options{})
	const seldom, often = time.Hour, 5 * time.Minute
	end := time.Now().Truncate(seldom)
	fired := end.Add(-2 * time.Hour)
	begin := end.AddDate(0, 0, -15)
	p.clock.Store(begin.AddDate(0, 0, -20).UnixMilli())
	old := p.create(p.pay) // on which nothing happens any more
	p.move(p.dev, old, "1", "2")
	p.clock.Store(begin.UnixMilli())
	p.site.AddStatus(&jirasim.Status{ID: "4", Name: "In Progress", Category: "indeterminate"})
	p.site.Update(func() { p.ops.Statuses = []string{"1", "4", "3"} }) // no acceptance step
	p.serveJira()
	const noDelegate, fits = "owners: {po: ", "OPS: {owner: po, owner_field: Product Owner}"
	away := "absences: [{from: " + end.Add(-20*time.Hour).UTC().Format(time.RFC3339) + "}], "
	p.restart(func(config string) string {
		config = p.replaced("owners: {po: {", "owners: {po: {"+away)(config)
		config = p.replaced("projects: [PAY, OPS]", "projects: [PAY, OPS], census_interval: 1h")(config)
		return config + "projects: {PAY: {owner: po}, " + fits + "}\n"
	})
	for range 6 { // with an empty owner field
		p.site.CreateIssue(p.now(), p.dev, p.ops, map[string]any{
			"summary": "s", "issuetype": map[string]any{"id": "10", "name": "Story"}, "status": map[string]any{"id": "4", "name": "In Progress"},
		})
	}

	var scraped recording
	polls := func(until time.Time, every time.Duration) {
		t.Helper()
		for p.now().Before(until) {
			p.later(every)
			p.fine()
			scraped.scrape(p)
		}
	}
	var done []int64
	for p.now().Before(end.Add(-20 * time.Hour)) {
		story := p.create(p.pay)
		p.move(p.dev, story, "1", "2")
		polls(p.now().Add(10*time.Hour), seldom) // the target is 8 h
		p.move(p.po, story, "2", "3")
		done = append(done, story)
	}
	waiting, asking := p.create(p.pay), p.create(p.pay)
	p.move(p.dev, waiting, "1", "2")
	question := p.po.Mention(p.site.Flavor) + " which currency?"
	p.site.Comment(p.now(), p.dev, asking, question)
	polls(end.Add(-9*time.Hour), seldom)
	broken := p.create(p.pay)
	p.move(p.dev, broken, "1", "2")
	accepted := p.move(p.po, broken, "2", "3")
	p.lost = func(_, record int64) bool { return record == accepted }
	p.move(p.dev, broken, "3", "1")
	for _, id := range done[:len(done)/2] {
		p.site.Hide(id, true)
	}
	polls(end.Add(-4*time.Hour), seldom)
	polls(fired, often)
	key := func(id int64) string { return p.site.Key(id) }
	for _, alert := range alertsOfTeams {
		story := map[string]string{"QuestionUnanswered": key(asking), "JiraDataInconsistent": key(broken)}[alert]
		if story == "" {
			story = key(waiting)
		}
		p.runsCommands(alert, story, command.ExitFailed)
	}

	p.move(p.po, waiting, "2", "3")
	p.move(p.po, old, "2", "1")
	p.site.Comment(p.now(), p.dev, asking, "#answered in euro, by phone")
	for _, id := range done {
		p.site.Hide(id, false)
	}
	// What goes on waiting needs a delegate.
	p.move(p.dev, p.create(p.pay), "1", "2")
	p.restart(func(config string) string {
		config = p.replaced(noDelegate, "delegations: [{owner: po, delegate: hana}]\nowners: {hana: {accounts: [acc-hana]}, po: ")(config)
		return p.replaced(fits, `OPS: {owner: po, owner_field: "", acceptance_statuses: []}`)(config)
	})
	polls(end, often)

	s := scraped.prometheus(t)
	var none time.Time
	for alert, gone := range map[string]time.Time{
		"StoryAwaitsAcceptance": end, "QuestionUnanswered": end, "OwnerAbsentWithoutDelegate": end, "StoriesForgotten": end,
		"AcceptanceNotConfigured": end, "ConfigDoesNotFit": end, "JiraShowsFewerStories": end,
		"OwnerIsLargestBlocker": none, "JiraDataInconsistent": none, // a day later at the earliest
	} {
		followed(t, s, alert, fired, gone)
	}
	// It reads what rules record, and these have no past here: it becomes pending now.
	stack.Eventually(t, "AcceptanceObjectiveMissed is pending", func(context.Context) bool {
		return len(s.Instant(t, `ALERTS{alertname="AcceptanceObjectiveMissed", project="PAY"}`, time.Now())) > 0
	})
	for _, q := range runbookOf(t, "AcceptanceObjectiveMissed").queries {
		if len(s.Instant(t, q, time.Now())) == 0 {
			t.Errorf("AcceptanceObjectiveMissed is pending, and its runbook's query shows nothing: %s", q)
		}
	}
}

// TestRunbooksOfService causes the alerts about the service in a bubble of time, on
// what a Prometheus would have scraped meanwhile: a token that is refused, a Jira that
// is down, one that wants no requests, and a service that is gone.
func TestRunbooksOfService(t *testing.T) {
	stack.Program(t, "prometheus", "promtool")
	var scraped recording
	fired, gone := map[string]time.Time{}, map[string]time.Time{}
	synctest.Test(t, func(t *testing.T) {
		p := rigJira(t, jirasim.DataCenter, jirasim.Options{})
		p.opts.Transport = handled{p.server}
		p.clock.Store(time.Now().UnixMilli())
		p.create(p.pay)
		p.on("http://jira.example", "projects: [PAY, OPS]", "")
		polls := func(d time.Duration, fail bool) {
			t.Helper()
			for until := time.Now().Add(d); time.Now().Before(until); {
				time.Sleep(time.Minute)
				p.clock.Store(time.Now().UnixMilli())
				if err := p.cycle(); (err != nil) != fail {
					t.Fatalf("at %s the cycle ended with %v", time.Now(), err)
				}
				p.clock.Store(time.Now().UnixMilli()) // it may have waited before it asked again
				scraped.scrape(p)
			}
		}
		down := func(f jirasim.Fault) { p.faulty(func(*http.Request) *jirasim.Fault { return &f }) }
		for _, tc := range []struct {
			alert      string
			begin, end func()
			online     int
		}{
			{"JiraRefuses", p.server.Revoke, p.server.Restore, command.ExitFailed},
			{"YourturnNoFreshData", func() { down(jirasim.Fault{Status: 502}) }, func() { p.faulty(nil) }, command.ExitFailed},
			{"JiraRateLimited", func() { down(jirasim.Fault{Status: 429, Header: http.Header{"Retry-After": {"30"}}}) }, func() { p.faulty(nil) }, command.ExitFailed},
		} {
			polls(130*time.Minute, false) // nothing of the last one is seen any more
			tc.begin()
			polls(50*time.Minute, true)
			fired[tc.alert] = time.Now()
			p.runsCommands(tc.alert, "PAY-1", tc.online)
			tc.end()
			polls(20*time.Minute, false)
			gone[tc.alert] = time.Now()
		}
		const lookback = 65 * time.Minute
		fired["YourturnAbsent"] = time.Now().Add(lookback + 20*time.Minute)
		p.runsCommands("YourturnAbsent", "PAY-1", command.ExitFailed)
	})
	s := scraped.prometheus(t)
	for alert, at := range fired {
		followed(t, s, alert, at, gone[alert])
	}
}
