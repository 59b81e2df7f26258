package dashboards

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/stack"
)

// choice is what a reader chose at the top of a dashboard.
type choice map[string]string

// noSuch chooses what does not exist, so that only constants have a value.
var noSuch = choice{"project": "NO-SUCH", "owner": "no-such", "kind": "no-such", "job": "no-such"}

// windows are the values of the variable of that name.
var windows = []string{"7d", "28d", "90d"}

// fill replaces the variables of a query as Grafana does over a range with a step.
func (c choice) fill(expr string, span, step time.Duration) string {
	in := func(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }
	oldnew := []string{
		"${__range_s}", fmt.Sprint(int(span.Seconds())), "$__range", in(span),
		"$__interval", in(step), "$__rate_interval", in(max(step+30*time.Second, 2*time.Minute)),
	}
	special := regexp.MustCompile(`[\\^$*+?.()|\[\]{}/]`)
	for _, name := range slices.Sorted(maps.Keys(c)) {
		escaped := c[name]
		if escaped != everything { // which is what All becomes
			escaped = special.ReplaceAllString(escaped, `\$0`)
		}
		oldnew = append(oldnew, "${"+name+":regex}", escaped, "${"+name+"}", c[name], "$"+name, c[name])
	}
	return strings.NewReplacer(oldnew...).Replace(expr)
}

// choices asks the variables of a dashboard for their values, as Grafana does,
// and returns each pair of an owner and a project.
func choices(t *testing.T, s stack.Prometheus, b grafanaBoard, at time.Time) []choice {
	t.Helper()
	values := map[string][]string{"kind": {"acceptance|question"}, "owner": {""}, "job": {".*"}, "jira": {"x"}}
	for _, v := range b.Templating.List {
		if v.Type != "query" {
			continue
		}
		values[v.Name] = nil
		for _, c := range namedValues(t, s, v, at) {
			values[v.Name] = append(values[v.Name], c.value)
		}
		if len(values[v.Name]) == 0 && v.Name != "job" {
			t.Errorf("%s: the variable %s has no values: %s", b.Title, v.Name, v.Query)
		}
	}
	var list []choice
	for _, owner := range values["owner"] {
		for _, project := range values["project"] {
			c := choice{"owner": owner, "project": project, "job": ".*"}
			c["kind"] = values["kind"][0]
			list = append(list, c)
		}
	}
	return list
}

// namedValue is what a reader can choose, and what is asked for then.
type namedValue struct{ text, value string }

// namedValues asks for the values of a variable as Grafana does, in order.
func namedValues(t *testing.T, s stack.Prometheus, v grafanaVariable, at time.Time) []namedValue {
	t.Helper()
	var asked struct{ Query string }
	if err := json.Unmarshal(v.Query, &asked); err != nil {
		t.Fatalf("variable %s: %v", v.Name, err)
	}
	var list []namedValue
	if m := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`).FindStringSubmatch(asked.Query); m != nil {
		for _, a := range s.Instant(t, m[1], at) {
			list = append(list, namedValue{a.Labels[m[2]], a.Labels[m[2]]})
		}
	} else if m := regexp.MustCompile(`^query_result\((.+)\)$`).FindStringSubmatch(asked.Query); m != nil {
		// Grafana shows series as text, labels in order and as they are, and takes the named groups out of it.
		parts := regexp.MustCompile(strings.Trim(v.Regex, "/"))
		for _, a := range s.Instant(t, m[1], at) {
			var labels []string
			for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
				labels = append(labels, name+`="`+a.Labels[name]+`"`)
			}
			found := parts.FindStringSubmatch("{" + strings.Join(labels, ",") + "} 1 0")
			if found == nil {
				t.Fatalf("%s finds nothing in %v", v.Regex, labels)
			}
			list = append(list, namedValue{found[parts.SubexpIndex("text")], found[parts.SubexpIndex("value")]})
		}
	} else {
		t.Fatalf("Grafana knows no such query of a variable: %s", asked.Query)
	}
	slices.SortFunc(list, func(a, b namedValue) int { return strings.Compare(a.value, b.value) })
	return slices.Compact(list)
}

// withWindows calls f with c for each window of a query that asks for one.
func (c choice) withWindows(expr string, f func(choice)) {
	if !strings.Contains(expr, "$window") {
		f(c)
		return
	}
	for _, w := range windows {
		if strings.Contains(expr, "offset $window") && w != windows[0] {
			continue // it looks back over two windows, of which the pasts of the tests have only short ones
		}
		with := maps.Clone(c)
		with["window"] = w
		f(with)
	}
}

// check asks every query of every dashboard, for every window, for a finite value
// that belongs to an owner and a project chosen, and for none where one of the
// things chosen does not exist. A query that unanswered names may have no value.
// It returns how many queries there are and how many were answered.
func check(t *testing.T, s stack.Prometheus, at time.Time, span, step time.Duration, unanswered func(expr string) bool) (asked, answered int) {
	t.Helper()
	for _, b := range boards(t) {
		t.Run(b.UID, func(t *testing.T) {
			cs := choices(t, s, b, at)
			one := func(where, q string, now bool, least string) {
				step := step
				if least != "" {
					step = max(step, duration(t, least))
				}
				ask := func(q string, c choice, now bool) []stack.Answer {
					if now {
						return s.Instant(t, c.fill(q, span, step), at)
					}
					return s.Course(t, c.fill(q, span, step), at.Add(-max(span, step)), at, step)
				}
				asked++
				if unanswered(q) {
					return
				}
				answered++
				choice{}.withWindows(q, func(w choice) {
					if !slices.ContainsFunc(cs, func(c choice) bool {
						with := maps.Clone(c)
						maps.Copy(with, w)
						return belongs(ask(q, with, now), with)
					}) {
						t.Errorf("%s has no finite value for any owner and project %v:\n%s", where, w, q)
					}
				})
				for name, value := range noSuch {
					if !strings.Contains(q, "$"+name) && !strings.Contains(q, "${"+name) {
						continue
					}
					c := choice{"project": everything, "owner": everything, "kind": everything, "job": everything, "window": "28d"}
					c[name] = value
					for _, a := range ask(q, c, now) {
						if !isNone(a) {
							t.Errorf("%s has the value %v where no such %s is:\n%s", where, a.Labels, name, q)
						}
					}
				}
			}
			for _, p := range b.Panels {
				for _, q := range p.Targets {
					one(fmt.Sprintf("%q, query %s", p.Title, q.RefID), q.Expr, q.Instant, q.Interval)
				}
			}
			for _, a := range b.Annotations.List {
				one("the annotation "+a.Name, a.Expr, false, "")
			}
		})
	}
	return asked, answered
}

// isNone reports whether a row only says that there is none, see orNone.
func isNone(a stack.Answer) bool {
	return len(a.Labels) == 1 && (a.Labels["display_name"] == saysNobody || a.Labels["delegate_name"] == saysNobody || a.Labels["reason"] == saysNothing || a.Labels["alertname"] == saysNone || a.Labels["outcome"] == saysNone || a.Labels["project"] == saysNone || a.Labels["words"] == noFigure)
}

// belongs reports whether there is a finite value and every series bears the
// owner and the project chosen, if it bears one.
func belongs(answers []stack.Answer, c choice) bool {
	finite := false
	for _, a := range answers {
		if isNone(a) {
			continue
		}
		for _, name := range []string{"owner", "project"} {
			if v, ok := a.Labels[name]; ok && c[name] != "" && v != c[name] {
				return false
			}
		}
		for _, v := range a.Values {
			finite = finite || !math.IsNaN(v) && !math.IsInf(v, 0)
		}
	}
	return finite
}

// unfiltered are the selectors that need not bear what the reader chose: those
// that others are joined with, and what is known about an owner as a whole.
var unfiltered = regexp.MustCompile(`^(po_owner_info|po_wait_target_seconds|po_owner_absent|po_largest_blocker\{window="[^"]*"\}|yourturn_data_timestamp_seconds|yourturn_jira_info|yourturn_build_info)( .*)?$`)

// ofOwnerAsWhole are series by project that the board of one owner sums over all projects.
var ofOwnerAsWhole = map[string]string{
	"Time to a verdict": "po_wait_rolling_samples", "Time to an answer": "po_wait_rolling_samples",
	"Absent": "po_waits_open", "Against the window before": "po_wait_rolling_samples",
}

// TestEveryFilter holds that each selector of a query is restricted by the variables
// of its labels, even if the labels are summed away: the number itself does not show
// that it is everybody's.
func TestEveryFilter(t *testing.T) {
	selector := regexp.MustCompile(`\b((?:po|yourturn|process)_[a-z_]+)(\{[^}]*\})?`)
	labels := map[string]string{} // of each metric
	for _, f := range append(pastFamilies(), idle("cy", "WEB")...) {
		for _, series := range f.series {
			labels[f.name+series.suffix] = series.labels
		}
	}
	checked := 0
	for _, b := range boards(t) {
		variables := map[string]bool{}
		for _, v := range b.Templating.List {
			variables[v.Name] = true
		}
		one := func(title, expr string) {
			filled := choice{"owner": "OWNER", "project": "PROJECT", "kind": "KIND", "job": "JOB", "window": "28d"}.fill(expr, time.Hour, time.Minute)
			for _, m := range selector.FindAllStringSubmatch(filled, -1) {
				if unfiltered.MatchString(m[0]) && !strings.Contains(m[2], "=~") {
					continue
				}
				bears, known := labels[m[1]]
				if !known && !ofService(m[1]) {
					t.Fatalf("%s, %q: add %s to pastFamilies", b.Title, title, m[1])
				}
				checked++
				for name, want := range map[string]string{"owner": "OWNER", "project": "PROJECT", "kind": "KIND", "job": "JOB"} {
					has := strings.Contains(","+bears, ","+name+"=") || name == "job" && ofService(m[1])
					if name == "project" && ofOwnerAsWhole[title] == m[1] {
						continue
					}
					if variables[name] && has && !regexp.MustCompile(name+`=~["`+"`"+`]`+want).MatchString(m[2]) && !regexp.MustCompile(name+`="`).MatchString(m[2]) {
						t.Errorf("%s, %q asks for any %s:\n%s", b.Title, title, name, m[0])
					}
				}
			}
		}
		for _, p := range b.Panels {
			for _, q := range p.Targets {
				one(p.Title, q.Expr)
			}
		}
		for _, a := range b.Annotations.List {
			one(a.Name, a.Expr)
		}
	}
	if checked < 100 {
		t.Errorf("found %d selectors only: mend the test", checked)
	}
}

// TestDashboardsOnDemo asks every query of every dashboard of a Prometheus that
// scrapes the demo, except for parts of what was counted in the few seconds, or before
// them, for quantiles that its fast team may not reach, for what is past its target where
// its owners have answered all of that, and for who stands in where nobody waits for an
// owner who has a stand-in. TestDashboardsOnReal asks those.
func TestDashboardsOnDemo(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "prometheus.yml"), edited(t, "prometheus/prometheus.yml",
		"yourturn:9817", demo(t), "scrape_interval: 30s", "scrape_interval: 1s", "rule_files: [rules/*.yml]", "", "alertmanager:9093", stack.Free(t)))
	s := stack.StartPrometheus(t, dir)
	stack.Eventually(t, "a poll between two scrapes", func(context.Context) bool {
		return len(s.Instant(t, `po_waits_open and on () increase(yourturn_poll_cycles_total[1m]) > 0`, time.Now())) > 0
	})
	now := time.Now()
	late := len(s.Instant(t, "max by (job, kind, project, story) (last_over_time(po_open_wait_seconds[1m:1s])) / on (job, kind, project) group_left () max by (job, kind, project) (po_wait_target_seconds) >= 1", now)) > 0
	relieved := len(s.Instant(t, "max by (job, owner) (last_over_time(po_open_wait_start_timestamp_seconds[1m:1s])) and on (job, owner) po_delegation_active == 1", now)) > 0
	asked, answered := check(t, s, now, time.Minute, time.Second, func(expr string) bool {
		return !late && ofLate(expr) || !relieved && strings.Contains(expr, "po_delegation_active") && strings.Contains(expr, "po_open_wait") || ofMisfits(expr) || ofEnds(expr) || ofAlerts(expr) || ofCounted(expr) || strings.Contains(expr, `q="0.`) ||
			strings.Contains(expr, "[1s:1s] offset") || regexp.MustCompile(` offset (7d|1d|\$window)`).MatchString(expr)
	})
	t.Logf("%d queries, %d of them of the demo", asked, answered)
}

// ofLate reports whether a query answers with open waits past their target alone.
func ofLate(expr string) bool {
	return strings.Contains(expr, "po_open_wait_seconds") && strings.Contains(expr, "(po_wait_target_seconds)") && strings.Contains(expr, ">= 1")
}

// ofCounted reports whether a query has no answer where nothing was counted.
func ofCounted(expr string) bool {
	return !ofService(expr) && strings.Contains(expr, "clamp_min(") && strings.Contains(expr, " > 0")
}

// ofMisfits reports whether a query answers with a project only where the config
// does not fit it, as it does in the demo and in a generated organisation. Made-up
// pasts have such a project.
func ofMisfits(expr string) bool { return strings.Contains(expr, "po_acceptance_configured") }

// ofEnds reports whether a query answers only where an absence or a delegation has an
// end, which the standing ones of the demo lack. Made-up pasts have ends.
func ofEnds(expr string) bool {
	return strings.Contains(expr, "po_owner_absence_end") || strings.Contains(expr, "po_delegation_end")
}

// ofAlerts reports whether a query is about alerts alone, which neither an imported past
// nor a Prometheus without rules has.
func ofAlerts(expr string) bool { return strings.Contains(expr, "ALERTS") && !ofService(expr) }

// TestDashboardsOnReal asks every query, except those about the service, of an
// imported past that backfill wrote from a simulated Jira. TestDashboardsOnDemo asks the
// others. Then it compares what is counted with what the command waits lists.
func TestDashboardsOnReal(t *testing.T) {
	r := startOnReal(t)
	asked, answered := check(t, r.Prometheus, r.to, 14*24*time.Hour, 6*time.Hour, func(expr string) bool { return ofService(expr) || ofMisfits(expr) || ofEnds(expr) || ofAlerts(expr) })
	t.Logf("%d queries, %d of them of the past: data: all", asked, answered)
	queriesOf(t, func(where, expr string, _ bool) {
		if ofService(expr) && (ofCounted(expr) || strings.Contains(expr, "[1s:1s] offset")) {
			t.Errorf("%s is asked neither here nor of the demo", where)
		}
	})
	t.Run("counters", func(t *testing.T) { countersCountAll(t, r) })
	t.Run("costs", func(t *testing.T) { costs(t, r.Prometheus, r.to) })
}

// startOnPast starts a Prometheus on pasts.
func startOnPast(t *testing.T, pasts ...past) stack.Prometheus {
	t.Helper()
	promtool := stack.Program(t, "prometheus", "promtool")
	dir := t.TempDir()
	for i, p := range pasts {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint("past", i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.write(f); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		args := []string{"tsdb", "create-blocks-from", "--max-block-duration=2400h", "openmetrics", f.Name(), filepath.Join(dir, "data")}
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	put(t, filepath.Join(dir, "prometheus.yml"), "")
	return stack.StartPrometheus(t, dir, "--storage.tsdb.retention.time=100y", "--query.lookback-delta=65m")
}

// ofService reports whether expr asks for what no past has.
func ofService(expr string) bool {
	return regexp.MustCompile(`yourturn_(poll|jira_r|build)|process_`).MatchString(expr)
}

// sprintQueries are those of the panel in which a sprint is chosen: when it
// starts, when it ends, and where a link to it ends; in milliseconds.
func sprintQueries(t *testing.T) []string {
	t.Helper()
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			if p.Title == "Sprints" {
				var list []string
				for _, q := range p.Targets {
					list = append(list, q.Expr)
				}
				return list
			}
		}
	}
	t.Fatal("there is no panel in which a sprint is chosen")
	return nil
}

// TestDashboardsOnPast asks every query about ninety imported days, with a
// sample an hour, that goes over into what is scraped.
func TestDashboardsOnPast(t *testing.T) {
	end := pastBegins.AddDate(0, 0, 90)
	s := startOnPast(t,
		past{from: pastBegins, to: end, step: time.Hour, labels: `job="yourturn",instance="another:9817"`},
		past{from: end, to: end.Add(3 * time.Hour), step: 30 * time.Second, labels: `job="yourturn",instance="127.0.0.1:9817"`})
	at := end.Add(2 * time.Hour)
	check(t, s, at, 14*24*time.Hour, time.Hour, ofService)

	t.Run("sprints", func(t *testing.T) {
		// The fifth sprint still runs when the past ends, and all are looked at from
		// before and after it.
		running, known := pastBegins.AddDate(0, 0, 34+14*4), end.Add(3*time.Hour)
		for _, at := range []time.Time{pastBegins.AddDate(0, 0, -100), pastBegins.AddDate(0, 0, 40), at} {
			var got []map[string]float64
			for _, q := range sprintQueries(t) {
				values := map[string]float64{}
				for _, a := range s.Instant(t, choice{"project": "PAY"}.fill(q, 0, 0), at) {
					values[a.Labels["sprint"]] = a.Values[at.Unix()] / 1000
				}
				got = append(got, values)
			}
			for i := range 5 {
				name := fmt.Sprintf("PAY Sprint %d", i+1)
				start := pastBegins.AddDate(0, 0, 34+14*i)
				if got[0][name] != float64(start.Unix()) || got[1][name] != float64(start.AddDate(0, 0, 14).Unix()) {
					t.Errorf("on %s %s goes from %v to %v", at.Format(time.DateOnly), name, got[0][name], got[1][name])
				}
				until := time.Unix(int64(got[2][name]), 0)
				switch {
				case start.Before(running) && !until.Equal(start.AddDate(0, 0, 14)):
					t.Errorf("on %s the link to %s, which is over, ends on %s", at.Format(time.DateOnly), name, until.UTC())
				case start.Equal(running) && (until.After(known) || until.Before(known.Add(-6*time.Hour))):
					t.Errorf("on %s the link to %s, which still runs, ends on %s", at.Format(time.DateOnly), name, until.UTC())
				}
			}
		}
	})
	t.Run("no gaps", func(t *testing.T) {
		step := 10 * time.Minute
		for _, b := range boards(t) {
			for _, p := range b.Panels {
				for _, q := range p.Targets {
					if q.Instant || ofService(q.Expr) || p.Type == "state-timeline" {
						continue
					}
					c := choice{"project": "WEB", "owner": "ada", "kind": ".*", "window": "28d"}
					from := end.Add(-40 * 24 * time.Hour)
					for _, a := range s.Course(t, c.fill(q.Expr, 14*24*time.Hour, 24*time.Hour), from, at, step) {
						if want := int(at.Sub(from)/step) + 1; len(a.Values) != want {
							t.Errorf("%s, %q: %v has %d points of %d", b.Title, p.Title, a.Labels, len(a.Values), want)
						}
					}
				}
			}
		}
	})
	t.Run("counted once", func(t *testing.T) {
		expr := choice{"project": ".*", "owner": ".*", "kind": ".*"}.fill(summed("", "kind, project, owner", "po_waits_paused"+chosenWaits+" + 1"), 0, 0)
		for _, a := range s.Course(t, expr, end.Add(-time.Hour), at, 5*time.Minute) {
			for at, v := range a.Values {
				if v != 6 {
					t.Errorf("at %s there are %v waits of 6", time.Unix(at, 0).UTC(), v)
				}
			}
		}
	})
}
