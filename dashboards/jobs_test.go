package dashboards

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/stack"
)

// jiraInfo returns the family of the addresses of Jiras, as a scraped service has it.
func jiraInfo(urls ...string) []pastFamily {
	f := pastFamily{name: "yourturn_jira_info", kind: "gauge"}
	for _, u := range urls {
		f.series = append(f.series, pastSeries{labels: `url="` + u + `"`, value: fixed(1)})
	}
	return []pastFamily{f}
}

// panelQueries are the queries of a panel, filled in for everything over a range.
func panelQueries(t *testing.T, uid, title string, span time.Duration) []string {
	t.Helper()
	var list []string
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			if b.UID == uid && p.Title == title {
				for _, q := range p.Targets {
					list = append(list, choice{"project": everything, "owner": everything, "kind": everything, "window": "28d", "job": everything}.fill(q.Expr, span, time.Hour))
				}
			}
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s has no panel %q: mend the test", uid, title)
	}
	return list
}

// TestTwoJiras asks for two Jiras, each with a job of its own, that use the same
// keys for projects and owners: each story leads to its own Jira and names its own
// owner, and what is added up is both. The range is an imported past, of which no
// address is known; Jira one has moved since.
func TestTwoJiras(t *testing.T) {
	end := pastBegins.AddDate(0, 0, 40)
	day := 24 * time.Hour
	renamed := []pastFamily{{name: "po_owner_info", kind: "gauge", series: []pastSeries{{labels: `owner="ada",display_name="Ada Ohm-Now"`, value: fixed(1)}}}}
	one, two := `job="one",instance="a"`, `job="two",instance="b"`
	s := startOnPast(t,
		past{from: pastBegins, to: end, step: time.Hour, labels: one},
		past{from: pastBegins, to: end, step: time.Hour, labels: two, rename: strings.NewReplacer(`display_name="Ada Ohm"`, `display_name="Adam Two"`)},
		past{from: pastBegins, to: end, step: time.Hour, labels: `job="one",instance="renamed"`, families: renamed},
		past{from: end.Add(2 * day), to: end.Add(3 * day), step: time.Minute, labels: one, families: jiraInfo("https://old.example.com")},
		past{from: end.Add(4 * day), to: end.Add(5 * day), step: time.Minute, labels: one, families: jiraInfo("https://one.example.com")},
		past{from: end.Add(2 * day), to: end.Add(3 * day), step: time.Minute, labels: two, families: jiraInfo("https://two.example.com")})
	at := end.Add(-time.Hour)
	queriesOf(t, func(_, expr string, instant bool) { // a join that finds two fails
		c := choice{"project": everything, "owner": everything, "kind": everything, "window": "28d", "job": everything}
		if q := c.fill(expr, 10*day, 6*time.Hour); instant {
			s.Instant(t, q, at)
		} else {
			s.Course(t, q, at.Add(-10*day), at, 6*time.Hour)
		}
	})
	for uid, title := range map[string]string{uidWaiting: "Stories that wait, without the forgotten", uidRetrospective: "Longest waits in the range"} {
		for _, q := range panelQueries(t, uid, title, 10*day)[:1] { // the others only add columns to its rows
			rows := map[string]int{}
			for _, a := range s.Instant(t, q, at) {
				job, name := a.Labels["job"], a.Labels["display_name"]
				rows[job]++
				if want := "https://" + job + ".example.com"; a.Labels["url"] != want {
					t.Errorf("%q links %s of job %s to %s", title, a.Labels["story"], job, a.Labels["url"])
				}
				if a.Labels["owner"] == "ada" && (job == "two") != (name == "Adam Two") {
					t.Errorf("%q: ada of job %s is called %s", title, job, name)
				}
			}
			if rows["one"] != 6 || rows["two"] != 6 {
				t.Errorf("%q has %v rows, want 6 of each job\n%s", title, rows, q)
			}
		}
	}
	sum := func(expr string) (v float64) {
		for _, a := range s.Instant(t, expr, at) {
			v += a.Values[at.Unix()]
		}
		return v
	}
	if both, each := sum(panelQueries(t, uidWaiting, "Open and past target", day)[0]), sum(`po_waits_open{job="one"}`); math.Abs(both-2*each) > 1e-9*both || each == 0 { // versions of Prometheus add in another way
		t.Errorf("%v waits are open, want twice %v", both, each)
	}
	for _, b := range boards(t) {
		for _, v := range b.Templating.List {
			if v.Name != "owner" {
				continue
			}
			if got := namedValues(t, s, v, at); len(got) != 2 {
				t.Errorf("%s lets the reader choose among %v, want two owners", b.Title, got)
			}
		}
	}
}

// TestNoJira has stories in an imported past before anything was ever scraped:
// they are shown, without a link.
func TestNoJira(t *testing.T) {
	end := pastBegins.AddDate(0, 0, 3)
	s := startOnPast(t, past{from: pastBegins, to: end, step: time.Hour, labels: `job="yourturn"`})
	count := func(s stack.Prometheus) int {
		return len(s.Instant(t, panelQueries(t, uidWaiting, "Stories that wait, without the forgotten", time.Hour)[0], end.Add(-time.Hour)))
	}
	if n := count(s); n != 6 {
		t.Errorf("%d stories are shown, want 6", n)
	}
	// A Jira that was scraped under another job is the only one, and so it is that one.
	s = startOnPast(t, past{from: pastBegins, to: end, step: time.Hour, labels: `job="yourturn"`},
		past{from: end, to: end.Add(24 * time.Hour), step: time.Minute, labels: `job="live"`, families: jiraInfo("https://example.com")})
	for _, a := range s.Instant(t, panelQueries(t, uidWaiting, "Stories that wait, without the forgotten", time.Hour)[0], end.Add(-time.Hour)) {
		if a.Labels["url"] != "https://example.com" {
			t.Errorf("%s leads to %q", a.Labels["story"], a.Labels["url"])
		}
	}
}
