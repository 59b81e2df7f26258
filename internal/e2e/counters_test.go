package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/query"
)

// scrape starts the service on the store of a config, as a restart would, and
// returns what Prometheus would read: every series' value by its name.
func scrape(t *testing.T, config string) (counters, gauges map[string]float64) {
	t.Helper()
	return scrapeAt(t, nil, config)
}

// scrapeAt is scrape on a machine with a clock of its own.
func scrapeAt(t *testing.T, now func() time.Time, config string) (counters, gauges map[string]float64) {
	t.Helper()
	cfg, err := app.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	s, err := app.Open(t.Context(), cfg, zap.NewNop(), app.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // it was read
	if err := s.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return series(t, w.Body)
}

// series reads what Prometheus would read: every series' value by its name.
func series(t *testing.T, exposition io.Reader) (counters, gauges map[string]float64) {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(exposition)
	if err != nil {
		t.Fatal(err)
	}
	counters, gauges = map[string]float64{}, map[string]float64{}
	for name, f := range families {
		if !strings.HasPrefix(name, "po_") {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := make([]string, 0, len(m.GetLabel()))
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			id := name + "{" + strings.Join(labels, ",") + "}"
			switch f.GetType() {
			case dto.MetricType_COUNTER:
				counters[id] = m.GetCounter().GetValue()
			case dto.MetricType_HISTOGRAM:
				h := m.GetHistogram()
				counters[id+" count"], counters[id+" sum"] = float64(h.GetSampleCount()), h.GetSampleSum()
				for _, b := range h.GetBucket() {
					counters[fmt.Sprintf("%s le %g", id, b.GetUpperBound())] = float64(b.GetCumulativeCount())
				}
			default:
				gauges[id] = m.GetGauge().GetValue()
			}
		}
	}
	return counters, gauges
}

// sum adds up the series whose names have a prefix.
func sum(series map[string]float64, prefix string) (total float64) {
	for id, v := range series {
		if strings.HasPrefix(id, prefix) {
			total += v
		}
	}
	return total
}

// corrected returns how many findings of the audit say that the past changed.
func corrected(gauges map[string]float64) (total float64) {
	for id, v := range gauges {
		if strings.HasPrefix(id, "po_audit_findings{") && strings.Contains(id, "reason=corrected") {
			total += v
		}
	}
	return total
}

// TestCountersNeverGoDown scrapes a service through events that come late,
// deleted comments, changed configs and restarts.
func TestCountersNeverGoDown(t *testing.T) {
	o := newOrganisation(t, 5, jirasim.Cloud) // nothing ends in it in the day of which nothing is news
	site := o.team.Site()
	now := end()
	site.Update(func() { site.Now = func() time.Time { return now } })
	edit := func(pattern, with string) {
		text, err := os.ReadFile(o.config)
		if err != nil {
			t.Fatal(err)
		}
		changed := regexp.MustCompile(pattern).ReplaceAllString(string(text), with)
		if changed == string(text) {
			t.Fatalf("the config has no %s", pattern)
		}
		write(t, o.config, changed)
	}
	var before map[string]float64
	step := func(what string, wantMore, wantCorrected bool) {
		t.Helper()
		counters, gauges := scrape(t, o.config)
		for id, v := range before {
			if now, ok := counters[id]; !ok || now < v {
				t.Errorf("%s: %s went from %g to %g (there: %t)", what, id, v, now, ok)
			}
		}
		more := sum(counters, "po_waits_ended_total") > sum(before, "po_waits_ended_total")
		if more != wantMore {
			t.Errorf("%s: counted something new: %t, want %t", what, more, wantMore)
		}
		if n := corrected(gauges); (n > 0) != wantCorrected {
			t.Errorf("%s: %g findings of what was corrected; want some: %t", what, n, wantCorrected)
		}
		t.Logf("%-50s %5.0f ended, %5.0f breached, %4.0f corrected", what, sum(counters, "po_waits_ended_total"), sum(counters, "po_waits_breached_total"), corrected(gauges))
		before = counters
	}
	sync := func() {
		t.Helper()
		now = now.Add(30 * time.Minute)
		yourturn(t, 0, "sync", "--config.file", o.config)
	}
	yourturn(t, 0, "sync", "--config.file", o.config)
	step("first sync", true, false)
	step("restart", false, false)

	var answered []query.Part
	for _, w := range waitsOf(t, o.config) {
		if w.Kind == "question" && w.Outcome == "answered" && w.Rule == "mention" && w.Responder == "owner" {
			answered = append(answered, w)
		}
	}
	for i, w := range answered[:10] {
		id, err := strconv.ParseInt(w.StoryID, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 { // the owner had answered at once, and Jira shows it only now
			start, err := time.Parse(time.RFC3339, w.Start)
			if err != nil {
				t.Fatal(err)
			}
			site.Comment(start.Add(time.Second), site.User(w.Owner), id, "that one")
		}
		site.Comment(now, site.User("dev1"), id, site.User("dev1").DisplayName+" was here")
	}
	sync()
	step("answers that came late", false, true)

	for _, w := range answered[10:20] {
		id, err := strconv.ParseInt(w.StoryID, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range w.Events {
			if e.Event == "comment" {
				comment, err := strconv.ParseInt(e.ID, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				site.DeleteComment(now, id, comment, true)
			}
		}
	}
	sync()
	step("questions and answers deleted", false, true)

	now = now.Add(25 * time.Hour) // until then a changed config begins a new ledger
	sync()
	step("a day later", false, true)

	edit(`paused_statuses: \[[^\]]*\]`, "paused_statuses: []")
	step("a pause that is none any more", false, true)
	edit(`calendar: \{time_zone: Europe/Berlin, hours: \{mon-fri: \["09:00-17:00"\]\}\}`, `calendar: {time_zone: Europe/Berlin, hours: {mon-fri: ["08:00-12:00"]}}`)
	edit(`defaults:\n`, "defaults:\n  targets: {acceptance: 1h, question: 30m}\n")
	step("other hours, other targets", false, true)
	step("restart", false, true)

	for _, w := range waitsOf(t, o.config) {
		if w.End == nil && w.Kind == "question" {
			id, err := strconv.ParseInt(w.StoryID, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if owner := site.User(w.Owner); owner != nil {
				now = now.Add(time.Second)
				site.Comment(now, owner, id, "that one")
			}
		}
	}
	sync()
	step("new answers", true, true)

	last := maps.Clone(before)
	if out := yourturn(t, 0, "sync", "--recount", "--config.file", o.config); !strings.Contains(out, "the store holds") {
		t.Error(out)
	}
	before = nil
	step("recounted, one visible reset", true, false)
	if maps.Equal(last, before) {
		t.Error("a recount changed nothing")
	}
}

// mostSeries is how many series an owner in a project may have, with 20 open waits
// of each kind, all responders and a standing delegation: what the docs promise.
const mostSeries = 350

// TestSeriesPerOwner bounds how many series an owner in a project has, buckets
// included, in an organisation in which everything happens.
func TestSeriesPerOwner(t *testing.T) {
	o := newOrganisation(t, 3, jirasim.Cloud)
	yourturn(t, 0, "sync", "--config.file", o.config)
	counters, gauges := scrape(t, o.config)
	owner, project := regexp.MustCompile(`owner=([^,}]*)`), regexp.MustCompile(`project=([^,}]*)`)
	series := map[string]int{}
	for _, list := range []map[string]float64{counters, gauges} {
		for id := range list {
			if o, p := owner.FindStringSubmatch(id), project.FindStringSubmatch(id); o != nil && p != nil {
				series[p[1]+" "+o[1]]++
			}
		}
	}
	most := 0
	for who, n := range series {
		if most = max(most, n); n > mostSeries {
			t.Errorf("%s has %d series", who, n)
		}
	}
	if most < 100 {
		t.Errorf("at most %d series: is anything exported?", most)
	}
}

// waitsOf returns what `waits` prints.
func waitsOf(t testing.TB, config string, args ...string) []query.Part {
	t.Helper()
	var list []query.Part
	if err := json.Unmarshal([]byte(yourturn(t, 0, append([]string{"waits", "--config.file", config, "--format", "json"}, args...)...)), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestTheConfigChangesWithoutJira changes a status list, a calendar and a
// delegation while Jira is away: everything follows from the store.
func TestTheConfigChangesWithoutJira(t *testing.T) {
	t.Parallel()
	o := newOrganisation(t, 5, jirasim.DataCenter)
	yourturn(t, 0, "sync", "--config.file", o.config)
	requests := o.server.Requests()
	before := waitsOf(t, o.config)
	original, err := os.ReadFile(o.config)
	if err != nil {
		t.Fatal(err)
	}
	total := func(list []query.Part, value func(query.Part) float64) (sum float64) {
		for _, w := range list {
			sum += value(w)
		}
		return math.Round(sum)
	}
	working := func(w query.Part) float64 { return w.WorkingSeconds }
	delegates := func(w query.Part) float64 {
		if w.Responder == "delegate" {
			return 1
		}
		return 0
	}
	for _, tc := range []struct {
		name, pattern, with string
		value               func(query.Part) float64
	}{
		{"a status list", `paused_statuses: \[[^\]]*\]`, "paused_statuses: []", func(query.Part) float64 { return 1 }},
		{"a calendar", `daily: \["09:00-17:00"\]`, `daily: ["10:00-11:00"]`, working},
		{"delegations", `(?s)delegations:\n.*?\n(automation|$)`, "delegations: []\n$1", delegates},
		{"a target", `defaults:\n`, "defaults:\n  targets: {acceptance: 1m, question: 1m}\n", func(w query.Part) float64 { return w.TargetSeconds }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			changed := regexp.MustCompile(tc.pattern).ReplaceAllString(string(original), tc.with)
			if changed == string(original) {
				t.Fatalf("the config has no %s", tc.pattern)
			}
			write(t, o.config, changed)
			after := waitsOf(t, o.config)
			if total(before, tc.value) == total(after, tc.value) {
				t.Errorf("%g before and after", total(after, tc.value))
			}
			_, gauges := scrape(t, o.config)
			open := 0
			for _, w := range after {
				if w.End == nil {
					open++
				}
			}
			if int(sum(gauges, "po_waits_open{")) != open {
				t.Errorf("the gauges show %g open waits, `waits` %d", sum(gauges, "po_waits_open{"), open)
			}
		})
	}
	if now := o.server.Requests(); !maps.Equal(now, requests) {
		t.Errorf("Jira was asked: %v, before %v", now, requests)
	}
	write(t, o.config, string(original))
	if !slices.EqualFunc(before, waitsOf(t, o.config), func(a, b query.Part) bool { return a.Story == b.Story && a.WorkingSeconds == b.WorkingSeconds }) {
		t.Error("with the old config the old waits do not come back")
	}
}
