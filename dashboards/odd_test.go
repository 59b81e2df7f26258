package dashboards

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/stack"
)

// The odd ones are harmed wherever somebody forgets to escape them. The second
// of each is what the first one means as a regular expression.
const (
	oddOwner     = `j.doe's "R&D" + Łęcka\1 #/(a)`
	likeOddOwner = `jXdoe's "R&D" + Łęcka\1 #/(a)`
	oddName      = `山田 "太郎", Łęcka`
	oddProject   = `Ü.2 "β"`
	likeOddProj  = `Ü_2 "β"`
)

// labelled is a label as OpenMetrics writes it.
func labelled(name, value string) string { return name + "=" + strconv.Quote(value) }

// queriesOf calls f with every query of every panel and of every annotation.
func queriesOf(t *testing.T, f func(where, expr string, instant bool)) {
	t.Helper()
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			for _, q := range p.Targets {
				f(fmt.Sprintf("%s, %q, query %s", b.Title, p.Title, q.RefID), q.Expr, q.Instant)
			}
		}
		for _, a := range b.Annotations.List {
			f(b.Title+", annotation "+a.Name, a.Expr, false)
		}
	}
}

// TestDashboardsOnOddNames asks every query for owners and projects whose names
// need escapes.
func TestDashboardsOnOddNames(t *testing.T) {
	end := pastBegins.AddDate(0, 0, 45)
	s := startOnPast(t, past{from: pastBegins, to: end, step: time.Hour, rename: strings.NewReplacer(
		`owner="ada"`, labelled("owner", oddOwner), `owner="bo"`, labelled("owner", likeOddOwner),
		`display_name="Ada Ohm"`, labelled("display_name", oddName),
		`project="PAY"`, labelled("project", oddProject), `project="WEB"`, labelled("project", likeOddProj),
		`sprint="PAY Sprint`, `sprint="\"Sprint\" & ß`,
	)})
	check(t, s, end, 14*24*time.Hour, time.Hour, ofService)
	for _, b := range boards(t) {
		for _, v := range b.Templating.List {
			if v.Name != "owner" {
				continue
			}
			if got, want := namedValues(t, s, v, end), (namedValue{oddName, oddOwner}); !slices.Contains(got, want) {
				t.Errorf("%s lets the reader choose among %q; want %q too", b.Title, got, want)
			}
		}
	}
}

// TestDashboardsOnGaps asks every query for an owner on whom nothing ever
// waited, and for a project that is no more.
func TestDashboardsOnGaps(t *testing.T) {
	end, left := pastBegins.AddDate(0, 0, 95), pastBegins.AddDate(0, 0, 20)
	s := startOnPast(t,
		past{from: pastBegins, to: end, step: time.Hour},
		past{from: pastBegins, to: end, step: time.Hour, families: idle("cy", "WEB")},
		past{from: pastBegins, to: left, step: time.Hour, rename: strings.NewReplacer(
			`project="PAY"`, `project="GONE"`, `project="WEB"`, `project="GONE2"`, `owner="ada"`, `owner="left"`, `owner="bo"`, `owner="left2"`)})
	const span, step = 14 * 24 * time.Hour, time.Hour
	ask := func(c choice, at time.Time, expr string, instant bool) []stack.Answer {
		if instant {
			return s.Instant(t, c.fill(expr, span, step), at)
		}
		return s.Course(t, c.fill(expr, span, step), at.Add(-span), at, step)
	}
	with := func(owner, project string) choice {
		return choice{"owner": owner, "project": project, "kind": "acceptance|question", "window": "28d", "job": ".*"}
	}
	ofChosen := func(expr string) bool {
		return strings.Contains(expr, "${owner") || strings.Contains(expr, "${project")
	}
	t.Run("no waits", func(t *testing.T) {
		answered := 0
		queriesOf(t, func(where, expr string, instant bool) {
			c := with("cy", "WEB")
			for _, a := range ask(c, end, expr, instant) {
				answered++
				if owner, ok := a.Labels["owner"]; ok && owner != "cy" && strings.Contains(expr, "${owner") {
					t.Errorf("%s answers for %s", where, owner)
				}
				for at, v := range a.Values {
					if math.IsNaN(v) || math.IsInf(v, 0) && strings.Contains(expr, "${owner") {
						t.Errorf("%s has the value %v at %s:\n%s", where, v, time.Unix(at, 0).UTC(), expr)
						break
					}
				}
			}
		})
		if answered == 0 {
			t.Error("no query answers for an owner without waits, of whom zeroes are known")
		}
	})
	t.Run("vanished", func(t *testing.T) {
		before, after := 0, 0
		queriesOf(t, func(where, expr string, instant bool) {
			if !ofChosen(expr) {
				return
			}
			c := with("left", "GONE")
			before += len(ask(c, left.Add(24*time.Hour), expr, instant))
			for _, a := range ask(c, end, expr, instant) {
				if isNone(a) {
					continue
				}
				after++
				t.Errorf("%s goes on answering for what has vanished: %v\n%s", where, a.Labels, expr)
			}
		})
		if before == 0 || after > 0 {
			t.Errorf("there are %d series a day after the project vanished and %d when no range sees it; want some and none", before, after)
		}
	})
}

// idle is what is exported of an owner on whom nothing ever waited.
func idle(owner, project string) []pastFamily {
	zeroes := func(name, kind, suffix string, labels ...string) pastFamily {
		f := pastFamily{name: name, kind: kind}
		for _, l := range labels {
			f.series = append(f.series, pastSeries{suffix: suffix, labels: l + `,project="` + project + `",owner="` + owner + `"`, value: fixed(0)})
		}
		return f
	}
	kinds := []string{`kind="acceptance"`, `kind="question"`}
	var samples []string
	for _, k := range kinds {
		for _, state := range []string{"ended", "open", "censored"} {
			samples = append(samples, k+`,window="28d",state="`+state+`"`)
		}
	}
	list := []pastFamily{zeroes("po_wait_rolling_samples", "gauge", "", samples...)}
	for _, name := range []string{"po_waits_open", "po_waits_overdue", "po_waits_paused", "po_waits_forgotten", "po_wait_oldest_seconds"} {
		list = append(list, zeroes(name, "gauge", "", kinds...))
	}
	for _, name := range []string{"po_waits_breached", "po_waits_met"} {
		list = append(list, zeroes(name, "counter", "_total", kinds...))
	}
	return append(list,
		pastFamily{name: "po_owner_absent", kind: "gauge", series: []pastSeries{{labels: `owner="` + owner + `"`, value: fixed(0)}}},
		pastFamily{name: "po_owner_info", kind: "gauge", series: []pastSeries{{labels: `owner="` + owner + `",display_name="Cy"`, value: fixed(1)}}})
}

// TestDashboardsOnNothing asks every query and every variable of a Prometheus
// that knows nothing yet.
func TestDashboardsOnNothing(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "prometheus.yml"), "")
	s := stack.StartPrometheus(t, dir)
	at := time.Now()
	for name, c := range map[string]choice{
		"all":    {"project": everything, "owner": everything, "kind": everything, "job": everything, "window": "28d"},
		"nobody": {"project": "", "owner": "", "kind": "", "job": "", "window": "28d"},
	} {
		queriesOf(t, func(where, expr string, instant bool) {
			var got []stack.Answer
			if q := c.fill(expr, time.Hour, time.Minute); instant {
				got = s.Instant(t, q, at)
			} else {
				got = s.Course(t, q, at.Add(-time.Hour), at, time.Minute)
			}
			for _, a := range got {
				if len(a.Labels) > 0 && !isNone(a) {
					t.Errorf("%s, %s: there is a series %v", where, name, a.Labels)
				}
			}
		})
	}
	for _, b := range boards(t) {
		for _, v := range b.Templating.List {
			if v.Type == "query" {
				if got := namedValues(t, s, v, at); len(got) > 0 {
					t.Errorf("%s: the variable %s has the values %v", b.Title, v.Name, got)
				}
			}
		}
	}
}

// TestLinksKeepNames holds that what a link carries into another dashboard
// cannot be read as a part of the link.
func TestLinksKeepNames(t *testing.T) {
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			text := string(p.FieldConfig.Overrides)
			for i, part := range strings.Split(text, "=${__data.fields.") {
				if i == 0 {
					continue
				}
				field, _, _ := strings.Cut(part, "}")
				if !strings.HasSuffix(field, ":percentencode") && !strings.HasSuffix(field, ".numeric") {
					t.Errorf("%s, %q: a link carries %s as it is shown: add :percentencode or .numeric", b.Title, p.Title, field)
				}
			}
		}
	}
}

// TestNobodyIsAnAnswer holds that panels say "nobody" while yourturn is seen, and
// nothing once it is not: then they show that there are no data.
func TestNobodyIsAnAnswer(t *testing.T) {
	end := pastBegins.AddDate(0, 0, 3)
	s := startOnPast(t, past{from: pastBegins, to: end, step: time.Minute, labels: `job="yourturn"`, families: append(idle("cy", "WEB"),
		pastFamily{name: "yourturn_data_timestamp_seconds", kind: "gauge", series: []pastSeries{{value: fixed(1)}}})})
	for title, want := range map[string]string{"Absent now": saysNobody, "Delegates now": saysNobody, "Doubtful data": saysNothing, "Odd, but harmless": saysNothing, "How waits ended": saysNone} {
		for _, b := range boards(t) {
			for _, p := range b.Panels {
				if p.Title != title {
					continue
				}
				q := choice{"owner": everything, "project": everything}.fill(p.Targets[0].Expr, time.Hour, time.Minute)
				got := s.Instant(t, q, end.Add(-time.Minute))
				if len(got) != 1 || !isNone(got[0]) {
					t.Errorf("%q says %v, want %s", title, got, want)
				}
				if got := s.Instant(t, q, end.Add(24*time.Hour)); len(got) > 0 {
					t.Errorf("%q says %v though nothing is known", title, got)
				}
			}
		}
	}
}
