package dashboards

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/stack"
)

// queryOf returns a query of a panel.
func queryOf(t *testing.T, board, title, ref string) string {
	t.Helper()
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			for _, q := range p.Targets {
				if b.UID == board && p.Title == title && q.RefID == ref {
					return q.Expr
				}
			}
		}
	}
	t.Fatalf("there is no %s/%s/%s", board, title, ref)
	return ""
}

// by returns the answers to a query by a label.
func by(t *testing.T, s stack.Prometheus, expr, label string, span, step time.Duration, at time.Time) map[string]float64 {
	t.Helper()
	got := map[string]float64{}
	for _, a := range s.Instant(t, choice{"project": everything, "job": everything}.fill(expr, span, step), at) {
		got[a.Labels[label]] = a.Values[at.Unix()]
	}
	return got
}

// TestHealth holds what Service health says of yourturns that are well, of which an
// alert fires, whose data are old, whose polls fail, and that have no numbers yet.
func TestHealth(t *testing.T) {
	const hour = 3600
	end := pastBegins.Add(10 * time.Hour)
	at := func(hours float64) float64 { return float64(pastBegins.Unix()) + hours*hour }
	gauge := func(name, labels string, v float64) pastFamily {
		return pastFamily{name: name, kind: "gauge", series: []pastSeries{{labels: labels, value: fixed(v)}}}
	}
	job := func(name string, data, success float64, more ...pastFamily) past {
		families := append([]pastFamily{
			gauge("yourturn_build_info", "", 1), gauge("yourturn_poll_interval_seconds", "", 60),
		}, more...)
		if success >= 0 { // else no poll has ended yet
			families = append(families, gauge("yourturn_poll_success", "", success))
		}
		if data > 0 {
			families = append(families, gauge("yourturn_data_timestamp_seconds", "", at(data)), gauge("yourturn_poll_last_success_timestamp_seconds", "", at(data)))
		}
		return past{from: pastBegins, to: end, step: time.Minute, labels: `job="` + name + `"`, families: families}
	}
	alert := func(name, severity, component string, since float64) []pastFamily {
		labels := `alertname="` + name + `",severity="` + severity + `",component="` + component + `"`
		if component == "waits" {
			labels += `,project="PAY"`
		}
		return []pastFamily{gauge("ALERTS", labels+`,alertstate="firing"`, 1), gauge("ALERTS_FOR_STATE", labels, at(since))}
	}
	now := end.Add(-time.Minute)
	s := startOnPast(t,
		job("well", 9.9, 1),
		job("waits", 9.9, 1, alert("StoryAwaitsAcceptance", "warning", "waits", 3)...),
		job("forgotten", 9.9, 1, append(alert("StoriesForgotten", "info", "waits", 4),
			gauge("po_waits_forgotten", `kind="question",project="PAY",owner="ada"`, 1), gauge("po_waits_forgotten", `kind="question",project="PAY",owner="bo"`, 3))...),
		job("refused", 9.9, 1, alert("JiraRefuses", "critical", "service", 7)...),
		job("odd", 9.9, 1, alert("JiraDataInconsistent", "warning", "service", 8)...),
		job("old", 5, 1),
		job("fails", 9.8, 0),
		job("failed first", 0, 0),
		job("first", 0, -1))
	want := map[string]float64{"well": 4, "waits": 4, "forgotten": 4, "refused": 1, "odd": 2, "old": 1, "fails": 2, "failed first": 2, "first": 3}
	if diff := cmp.Diff(want, by(t, s, queryOf(t, "yourturn-service", "State", "A"), "job", time.Hour, time.Minute, now)); diff != "" {
		t.Errorf("states (-want +panel):\n%s", diff)
	}
	since := map[string]float64{"well": 0, "waits": 0, "forgotten": 0, "refused": 1000 * at(7), "odd": 1000 * at(8), "old": 1000 * at(5), "fails": 1000 * at(9.8)}
	if diff := cmp.Diff(since, by(t, s, queryOf(t, "yourturn-service", "Not well since", "A"), "job", time.Hour, time.Minute, now)); diff != "" {
		t.Errorf("since when (-want +panel):\n%s", diff)
	}
	for title, firing := range map[string]map[string]float64{
		"Alerts about yourturn": {"JiraRefuses": 1000 * at(7), "JiraDataInconsistent": 1000 * at(8)},
		"Alerts about waits":    {"StoryAwaitsAcceptance": 1000 * at(3), "StoriesForgotten": 1000 * at(4)},
	} {
		if diff := cmp.Diff(firing, by(t, s, queryOf(t, "yourturn-service", title, "B"), "alertname", time.Hour, time.Minute, now)); diff != "" {
			t.Errorf("%s (-want +panel):\n%s", title, diff)
		}
	}
	many := map[string]float64{"StoryAwaitsAcceptance": 1, "StoriesForgotten": 4}
	if diff := cmp.Diff(many, by(t, s, queryOf(t, "yourturn-service", "Alerts about waits", "A"), "alertname", time.Hour, time.Minute, now)); diff != "" {
		t.Errorf("how many (-want +panel):\n%s", diff)
	}
}

// TestGaps holds since when a job is scraped without a gap.
func TestGaps(t *testing.T) {
	end := pastBegins.Add(10 * time.Hour)
	job := func(name string, scraped func(h float64) bool) past {
		return past{from: pastBegins, to: end, step: time.Minute, labels: `job="` + name + `"`, families: []pastFamily{
			{name: "yourturn_build_info", kind: "gauge", series: []pastSeries{{value: fixed(1), shown: scraped}}},
		}}
	}
	s := startOnPast(t,
		job("always", func(float64) bool { return true }),
		job("gap", func(h float64) bool { return h < 5 || h >= 7 }),
		job("short", func(h float64) bool { return h < 6 || h >= 6.05 }),
		job("ten minutes", func(h float64) bool { return h < 7 || h >= 7.2 }),
		job("new", func(h float64) bool { return h >= 9 }),
		job("gone", func(h float64) bool { return h < 8 }))
	got := by(t, s, queryOf(t, "yourturn-service", "Last gap ended", "A"), "job", 6*time.Hour, time.Minute, end.Add(-time.Minute))
	after := func(minutes time.Duration) float64 { // the last minute of the gap
		return float64(pastBegins.Add((minutes - 1) * time.Minute).UnixMilli())
	}
	if diff := cmp.Diff(map[string]float64{"always": 0, "gap": after(7 * 60), "short": 0, "ten minutes": after(7*60 + 12), "new": after(9 * 60)}, got); diff != "" {
		t.Errorf("since when there is no gap (-want +panel):\n%s", diff)
	}
}

// TestLongestWaits holds which part of a wait lies in the range shown, and what the
// retrospective says became of it.
func TestLongestWaits(t *testing.T) {
	// Of 20 days the last 10 are shown. A clock runs 8 hours a day: here always, a third as fast.
	end := pastBegins.AddDate(0, 0, 20)
	wait := func(story string, from, to float64) []pastFamily { // in days
		labels := `kind="acceptance",project="WEB",owner="bo",story="` + story + `"`
		shown := func(h float64) bool { return h >= 24*from && h < 24*to }
		return []pastFamily{
			{name: "po_open_wait_seconds", kind: "gauge", series: []pastSeries{{labels: labels, shown: shown, value: func(h float64) float64 { return (h - 24*from) * 1200 }}}},
			{name: "po_open_wait_start_timestamp_seconds", kind: "gauge", series: []pastSeries{{labels: labels, shown: shown, value: fixed(float64(pastBegins.Unix()) + from*86400)}}},
		}
	}
	merged := map[string]pastFamily{}
	for _, list := range [][]pastFamily{
		wait("OLD-1", 2, 99), wait("BEGAN-2", 12, 16), wait("ENDED-3", 9.5, 12), wait("GONE-4", 1, 13), wait("BEFORE-5", 2, 5), wait("SHORT-6", 19.5, 99), wait("TWICE-7", 8, 11), wait("TWICE-7", 12, 15),
	} {
		for _, f := range list {
			m := merged[f.name]
			m.name, m.kind, m.series = f.name, f.kind, append(m.series, f.series...)
			merged[f.name] = m
		}
	}
	families := []pastFamily{{name: "po_wait_target_seconds", kind: "gauge", series: []pastSeries{{labels: `kind="acceptance",project="WEB"`, value: fixed(8 * 3600)}}}}
	for _, f := range merged {
		families = append(families, f)
	}
	s := startOnPast(t, past{from: pastBegins, to: end.Add(2 * time.Hour), step: time.Hour, labels: `job="yourturn"`, families: families})
	ask := func(ref string) map[string]float64 {
		return by(t, s, queryOf(t, "yourturn-retrospective", "Longest waits in the range", ref), "story", 10*24*time.Hour, time.Hour, end)
	}
	const last = 1.0 / 3 // of an hour: the sample before the end
	hours := map[string]float64{"OLD-1": 80, "BEGAN-2": 32 - last, "ENDED-3": 16 - last, "GONE-4": 24 - last, "TWICE-7": 24 - last}
	got := ask("A")
	for story, h := range hours {
		if g := got[story]; g < h-0.01 || g > h+0.01 {
			t.Errorf("%s waited %.2f h in the range, and the panel says %.2f", story, h, g)
		}
	}
	if len(got) != len(hours) {
		t.Errorf("the panel lists %v", got)
	}
	if diff := cmp.Diff(map[string]float64{"OLD-1": 1, "BEGAN-2": 2, "ENDED-3": 2, "GONE-4": 3, "TWICE-7": 2}, ask("D")); diff != "" {
		t.Errorf("what became of them (-want +panel):\n%s", diff)
	}
}
