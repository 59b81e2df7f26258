package dashboards

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/stack"
)

// TestOrderOfStories holds that the list of waiting stories begins with those past their
// target, says so in words, names who may answer, and says until when an owner is away.
func TestOrderOfStories(t *testing.T) {
	const target, back = 28800, 1.9e9
	gauge := func(name string, series ...pastSeries) pastFamily {
		return pastFamily{name: name, kind: "gauge", series: series}
	}
	of := func(owner, story string) string {
		return fmt.Sprintf(`kind="acceptance",project="PAY",owner="%s",story="%s"`, owner, story)
	}
	var open, starts, waits []pastSeries
	for _, owner := range []string{"away", "away-helped", "here", "here-helped"} {
		waits = append(waits, pastSeries{labels: fmt.Sprintf(`kind="acceptance",project="PAY",owner="%s"`, owner), value: fixed(1)})
	}
	for _, w := range []struct {
		owner, story string
		times        float64
	}{
		{"away", "PAY-1", 1.9},
		{"away-helped", "PAY-2", 1.1},
		{"here", "PAY-3", 0.95},
		{"here-helped", "PAY-4", 0.5},
		{"here", "PAY-5", 40},
		{"here", "PAY-6", 2},
		{"here", "PAY-7", 0.49},
		{"here", "PAY-8", 0},
		{"here", "PAY-9", 3},
		{"here", "PAY-10", 0.9},
	} {
		open = append(open, pastSeries{labels: of(w.owner, w.story), value: fixed(w.times * target)})
		starts = append(starts, pastSeries{labels: of(w.owner, w.story), value: fixed(float64(pastBegins.Unix()))})
	}
	end := pastBegins.AddDate(0, 0, 2)
	s := startOnPast(t, past{from: pastBegins, to: end, step: time.Hour, labels: `job="yourturn"`, families: []pastFamily{
		gauge("po_open_wait_seconds", open...),
		gauge("po_waits_open", waits...),
		gauge("po_open_wait_paused", pastSeries{labels: of("here", "PAY-9"), value: fixed(1)}, pastSeries{labels: of("here", "PAY-10"), value: fixed(1)}),
		gauge("po_wait_target_seconds", pastSeries{labels: `kind="acceptance",project="PAY"`, value: fixed(target)}),
		gauge("po_owner_absent", pastSeries{labels: `owner="away"`, value: fixed(1)}, pastSeries{labels: `owner="away-helped"`, value: fixed(1)}, pastSeries{labels: `owner="here"`, value: fixed(0)}),
		gauge("po_owner_absence_end_timestamp_seconds", pastSeries{labels: `owner="away"`, value: fixed(back)}),
		gauge("po_open_wait_start_timestamp_seconds", starts...),
		gauge("po_delegation_active", pastSeries{labels: `owner="away-helped",delegate="hana"`, value: fixed(1)}, pastSeries{labels: `owner="here-helped",delegate="hana"`, value: fixed(1)}),
		gauge("po_owner_info", pastSeries{labels: `owner="hana",display_name="Hana Novak"`, value: fixed(1)}),
	}})
	list := s.Instant(t, panelQueries(t, uidWaiting, "Stories that wait, without the forgotten", time.Hour)[0], end.Add(-time.Hour))
	at := end.Add(-time.Hour).Unix()
	slices.SortFunc(list, func(a, b stack.Answer) int { return cmp.Compare(a.Values[at], b.Values[at]) })
	var got []string
	for _, a := range list {
		got = append(got, a.Labels["story"]+" "+wordOf(t, a.Values[at])+", ask "+a.Labels["may"])
	}
	want := []string{
		"PAY-5 long past, ask here", "PAY-6 long past, ask here", "PAY-1 past target, ask nobody, away", "PAY-2 past target, ask Hana Novak",
		"PAY-9 paused, ask here", "PAY-3 due next, ask here", "PAY-4 due next, ask or Hana Novak", "PAY-7 has time, ask here",
		"PAY-8 has time, ask here", "PAY-10 paused, ask here",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the list is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if due := s.Instant(t, panelQueries(t, uidWaiting, "Due next", time.Hour)[0], end.Add(-time.Hour)); len(due) != 1 || due[0].Values[at] != 3 {
		t.Errorf("%v are due next, want 3", due)
	}
	until := map[string]float64{} // of the absence, by story
	for _, a := range s.Instant(t, panelQueries(t, uidWaiting, "Stories that wait, without the forgotten", time.Hour)[3], end.Add(-time.Hour)) {
		until[a.Labels["story"]] = a.Values[at]
	}
	if want := map[string]float64{"PAY-1": 1000 * back, "PAY-2": 1}; !maps.Equal(until, want) {
		t.Errorf("owners are away until %v, want %v: a day, and no end", until, want)
	}
}

// TestOwnersWithNothing holds that the table of owners has the same rows in each of its
// columns: those on whom something waits.
func TestOwnersWithNothing(t *testing.T) {
	end := pastBegins.AddDate(0, 0, 2)
	s := startOnPast(t,
		past{from: pastBegins, to: end, step: time.Hour, labels: `job="yourturn"`},
		past{from: pastBegins, to: end, step: time.Hour, labels: `job="yourturn"`, families: idle("cy", "NEW")})
	for i, q := range panelQueries(t, uidWaiting, "Owners", time.Hour) {
		got := s.Instant(t, q, end.Add(-time.Hour))
		if len(got) != 2 || slices.ContainsFunc(got, func(a stack.Answer) bool { return a.Labels["owner"] == "cy" }) {
			t.Errorf("column %d has the rows %v, want ada and bo", i, got)
		}
	}
}

// wordOf returns the word that the list of waiting stories shows for a number.
func wordOf(t *testing.T, value float64) string {
	t.Helper()
	for _, m := range turnWords() {
		if o := m.RangeMap.Options; value >= *o.From && value <= *o.To {
			return *o.Result.Text
		}
	}
	t.Fatalf("there is no word for %v", value)
	return ""
}

// TestFiguresInWords holds what large figures say in words.
func TestFiguresInWords(t *testing.T) {
	const series = `kind="acceptance",project="PAY",owner="ada"`
	week := pastBegins.AddDate(0, 0, 7)
	for _, tc := range []struct {
		name          string
		before, after float64
		want          []string
	}{
		{"more", 3, 5, []string{"5 of 20 open", "2 more than a week ago"}},
		{"fewer", 3, 0, []string{"0 of 20 open", "3 fewer than a week ago"}},
		{"as many", 3, 3, []string{"3 of 20 open", "as many as a week ago"}},
		{"no data of then", -1, 3, []string{"3 of 20 open", "no data"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			late := func(h float64) float64 {
				if h < 24*7 {
					return tc.before
				}
				return tc.after
			}
			s := startOnPast(t, past{from: pastBegins, to: week.AddDate(0, 0, 2), step: time.Hour, labels: `job="yourturn"`, families: []pastFamily{
				{name: "po_waits_open", kind: "gauge", series: []pastSeries{{labels: series, value: fixed(20)}}},
				{name: "po_waits_overdue", kind: "gauge", series: []pastSeries{{labels: series, value: late, shown: func(h float64) bool { return late(h) >= 0 }}}},
			}})
			for i, title := range []string{"Past target", "Past target: change"} {
				got := s.Instant(t, panelQueries(t, uidWaiting, title, time.Hour)[0], week.Add(24*time.Hour))
				if len(got) != 1 || got[0].Labels["words"] != tc.want[i] {
					t.Errorf("%s says %v, want %q", title, got, tc.want[i])
				}
			}
		})
	}
}

// TestVerdict holds what the bounds of the owner's share say, and that shares below 20 %
// have no colour.
func TestVerdict(t *testing.T) {
	stage := func(name string, hours float64) pastSeries {
		return pastSeries{labels: fmt.Sprintf(`project="PAY",stage="%s",window="28d"`, name), value: fixed(hours * 3600)}
	}
	for _, tc := range []struct {
		owner, question float64
		bounds, verdict string
		colored         bool
	}{
		{3.9, 2.2, "3–7 %", "no", false},
		{0, 0, "0 %", "no", false},
		{5, 0, "5 %", "a little", false},
		{12.5, 10, "12–23 %", "in part", false},
		{24, 10, "24–34 %", "yes", true},
		{40, 0.5, "40–41 %", "yes", true},
	} {
		t.Run(tc.bounds, func(t *testing.T) {
			end := pastBegins.AddDate(0, 0, 1)
			s := startOnPast(t, past{from: pastBegins, to: end, step: time.Hour, labels: `job="yourturn"`, families: []pastFamily{{name: "po_stage_seconds", kind: "gauge", series: []pastSeries{
				stage("backlog", 20), stage("development", 80-tc.owner-tc.question), stage("owner", tc.owner), stage("owner_question", tc.question),
			}}}})
			at := end.Add(-time.Hour)
			got := s.Instant(t, panelQueries(t, "yourturn-bottleneck", "Verdict", time.Hour)[0], at)
			if len(got) != 1 || got[0].Labels["bounds"] != tc.bounds {
				t.Fatalf("the owner's share is %v, want %q", got, tc.bounds)
			}
			for _, m := range verdictWords() {
				if o := m.RangeMap.Options; got[0].Values[at.Unix()] >= *o.From && got[0].Values[at.Unix()] <= *o.To {
					if *o.Result.Text != tc.verdict || (*o.Result.Color != colorNothing) != tc.colored {
						text, err := json.Marshal(o.Result)
						t.Errorf("the verdict is %s (%v), want %q, colored %v", text, err, tc.verdict, tc.colored)
					}
				}
			}
		})
	}
}
