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
)

// choice is what a reader chose at the top of a dashboard.
type choice map[string]string

// nobody chooses what does not exist, so that only constants have a value.
var nobody = choice{"project": "NO-SUCH", "owner": "no-such", "kind": "no-such", "job": "no-such", "window": "28d", "jira": "x"}

// fill replaces the variables of a query as Grafana does over a range with a step.
func (c choice) fill(expr string, span, step time.Duration) string {
	in := func(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }
	oldnew := []string{
		"${__range_s}", fmt.Sprint(int(span.Seconds())), "$__range", in(span),
		"$__interval", in(step), "$__rate_interval", in(max(step+30*time.Second, 2*time.Minute)),
	}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		oldnew = append(oldnew, "${"+name+"}", c[name], "$"+name, c[name])
	}
	return strings.NewReplacer(oldnew...).Replace(expr)
}

// choices asks the variables of a dashboard for their values, as Grafana does,
// and returns each pair of an owner and a project.
func choices(t *testing.T, s server, b grafanaBoard, at time.Time) []choice {
	t.Helper()
	values := map[string][]string{"window": {"28d"}, "kind": {"acceptance|question"}, "owner": {""}, "job": {".*"}, "jira": {"x"}}
	for _, v := range b.Templating.List {
		if v.Type != "query" {
			continue
		}
		var q struct{ Query string }
		if err := json.Unmarshal(v.Query, &q); err != nil {
			t.Fatalf("%s, variable %s: %v", b.Title, v.Name, err)
		}
		values[v.Name] = variable(t, s, q.Query, v.Regex, at)
		if len(values[v.Name]) == 0 && v.Name != "job" && v.Name != "jira" {
			t.Errorf("%s: the variable %s has no values: %s", b.Title, v.Name, q.Query)
		}
	}
	var list []choice
	for _, owner := range values["owner"] {
		for _, project := range values["project"] {
			c := choice{"owner": owner, "project": project, "job": ".*"}
			for _, name := range []string{"window", "kind"} {
				c[name] = values[name][0]
			}
			list = append(list, c)
		}
	}
	return list
}

// variable returns the values of a query of a variable.
func variable(t *testing.T, s server, query, regex string, at time.Time) []string {
	t.Helper()
	var list []string
	if m := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`).FindStringSubmatch(query); m != nil {
		for _, a := range s.instant(t, m[1], at) {
			list = append(list, a.labels[m[2]])
		}
	} else if m := regexp.MustCompile(`^query_result\((.+)\)$`).FindStringSubmatch(query); m != nil {
		// Grafana shows series as text, labels in order, and takes the named groups out of it.
		value := regexp.MustCompile(strings.ReplaceAll(strings.Trim(regex, "/"), "(?<", "(?P<"))
		for _, a := range s.instant(t, m[1], at) {
			var labels []string
			for _, name := range slices.Sorted(maps.Keys(a.labels)) {
				labels = append(labels, fmt.Sprintf("%s=%q", name, a.labels[name]))
			}
			found := value.FindStringSubmatch("{" + strings.Join(labels, ",") + "} 1 0")
			if found == nil {
				t.Fatalf("%s finds nothing in %v", regex, labels)
			}
			list = append(list, found[value.SubexpIndex("value")])
		}
	} else {
		t.Fatalf("Grafana knows no such query of a variable: %s", query)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// check asks every query of every dashboard for a finite value that belongs to
// an owner and a project chosen, and for none where nobody is chosen. A query
// that unanswered explains may have no value.
func check(t *testing.T, s server, at time.Time, span, step time.Duration, unanswered func(expr string) bool) {
	for _, b := range boards(t) {
		t.Run(b.UID, func(t *testing.T) {
			cs := choices(t, s, b, at)
			ask := func(q string, c choice, now bool) []answer {
				if now {
					return s.instant(t, c.fill(q, span, step), at)
				}
				return s.course(t, c.fill(q, span, step), at.Add(-span), at, step)
			}
			one := func(where, q string, now bool) {
				if unanswered(q) {
					return
				}
				if !slices.ContainsFunc(cs, func(c choice) bool { return belongs(ask(q, c, now), c) }) {
					t.Errorf("%s has no finite value for any owner and project:\n%s", where, q)
				}
				if regexp.MustCompile(`\$(owner|project|kind|job)`).MatchString(q) && len(ask(q, nobody, now)) > 0 {
					t.Errorf("%s has a value where nobody is chosen:\n%s", where, q)
				}
			}
			for _, p := range b.Panels {
				for _, q := range p.Targets {
					one(fmt.Sprintf("%q, query %s", p.Title, q.RefID), q.Expr, q.Instant)
				}
			}
			for _, a := range b.Annotations.List {
				one("the annotation "+a.Name, a.Expr, false)
			}
		})
	}
}

// belongs tells whether there is a finite value and every series bears the
// owner and the project chosen, if it bears one.
func belongs(answers []answer, c choice) bool {
	finite := false
	for _, a := range answers {
		for _, name := range []string{"owner", "project"} {
			if v, ok := a.labels[name]; ok && c[name] != "" && v != c[name] {
				return false
			}
		}
		for _, v := range a.values {
			finite = finite || !math.IsNaN(v) && !math.IsInf(v, 0)
		}
	}
	return finite
}

// TestDashboardsOnDemo asks every query of every dashboard of a Prometheus that
// scrapes the demo. Those about what was counted between two scrapes have no
// value yet; TestDashboardsOnPast asks them.
func TestDashboardsOnDemo(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "prometheus.yml"), edited(t, "prometheus/prometheus.yml",
		"yourturn:9817", demo(t), "scrape_interval: 30s", "scrape_interval: 1s", "rule_files: [rules/*.yml]", "", "alertmanager:9093", free(t)))
	s := startPrometheus(t, dir)
	eventually(t, "a poll between two scrapes", func(context.Context) bool {
		return len(s.instant(t, `po_waits_open and on () increase(yourturn_poll_cycles_total[1m]) > 0`, time.Now())) > 0
	})
	at := time.Now()
	check(t, s, at, time.Minute, time.Second, func(q string) bool {
		return strings.Contains(q, "increase(") && strings.Contains(q, " > 0") || strings.Contains(q, "offset") || strings.Contains(q, "_bucket{owner")
	})
}

// TestDashboardsOnPast asks every query about ninety imported days, with a
// sample an hour, that goes over into what is scraped.
func TestDashboardsOnPast(t *testing.T) {
	promtool := program(t, "prometheus", "promtool")
	dir := t.TempDir()
	end := pastBegins.AddDate(0, 0, 90)
	for name, p := range map[string]past{
		"imported": {from: pastBegins, to: end, step: time.Hour},
		"scraped":  {from: end, to: end.Add(3 * time.Hour), step: 30 * time.Second, labels: `job="yourturn",instance="127.0.0.1:9817"`},
	} {
		f, err := os.Create(filepath.Join(dir, name))
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
	s := startPrometheus(t, dir, "--storage.tsdb.retention.time=100y", "--query.lookback-delta=65m")
	at := end.Add(2 * time.Hour)
	ofService := func(q string) bool { return strings.Contains(q, "yourturn_") || strings.Contains(q, "process_") }
	check(t, s, at, 14*24*time.Hour, time.Hour, ofService)

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
					for _, a := range s.course(t, c.fill(q.Expr, 14*24*time.Hour, 24*time.Hour), from, at, step) {
						if want := int(at.Sub(from)/step) + 1; len(a.values) != want {
							t.Errorf("%s, %q: %v has %d points of %d", b.Title, p.Title, a.labels, len(a.values), want)
						}
					}
				}
			}
		}
	})
	t.Run("counted once", func(t *testing.T) {
		expr := choice{"project": ".*", "owner": ".*", "kind": ".*"}.fill(summed("", "kind, project, owner", "po_waits_paused"+chosenWaits+" + 1"), 0, 0)
		for _, a := range s.course(t, expr, end.Add(-time.Hour), at, 5*time.Minute) {
			for at, v := range a.values {
				if v != 6 {
					t.Errorf("at %s there are %v waits of 6", time.Unix(at, 0).UTC(), v)
				}
			}
		}
	})
}
