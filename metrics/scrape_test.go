package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/yourturn/yourturn/internal/latency"
)

// manyOwners is a report of about 5,000 series: that many owners, each in one
// project, with everything that can be said of them.
func manyOwners(b testing.TB, owners int) *latency.Report {
	rules := &latency.Rules{Projects: map[string]*latency.Project{}, Owners: map[string]*latency.Owner{}}
	cal := aroundTheClock(b)
	totals := latency.NewTotals()
	var all []*latency.Trace
	for i := range owners {
		id, owner := fmt.Sprint(i), fmt.Sprintf("owner-%d", i)
		rules.Projects[id] = &latency.Project{ID: id, Key: "P" + id, Calendar: cal, Terms: []latency.Term{{Person: owner, Span: latency.Always}}}
		rules.Owners[owner] = &latency.Owner{Key: owner}
		for n := range 100 {
			totals.Add(latency.Entry{
				ID: latency.EntryID{Kind: latency.Acceptance}, Type: latency.EntryEnded, Project: "P" + id, Owner: owner,
				Outcome: latency.Accepted, Responder: latency.ByOwner, Working: latency.Milliseconds(n) * 3_600_000, Elapsed: latency.Milliseconds(n) * 3_600_000,
			})
		}
		for _, t := range traces() {
			for j := range t.Samples {
				t.Samples[j].ProjectID, t.Samples[j].Owner = id, owner
			}
			for j := range t.Stages {
				t.Stages[j].ProjectID, t.Stages[j].Owner = id, owner
			}
			t.Verdict.ProjectID, t.Verdict.Owner = id, owner
			all = append(all, t)
		}
	}
	const asOf = base + 42_500
	statistics := latency.NewStatistics(rules, latency.Rolling(asOf), slices.Values(all))
	return latency.NewReport(rules, asOf, totals, nil, map[latency.AuditKey]int{}, statistics, 20)
}

// BenchmarkScrape answers scrapes over HTTP handlers, as Prometheus asks for
// them. A histogram counts as one series.
func BenchmarkScrape(b *testing.B) {
	reg := prometheus.NewRegistry()
	e := NewExporter()
	reg.MustRegister(e)
	e.Publish(manyOwners(b, 33))
	families, err := reg.Gather()
	if err != nil {
		b.Fatal(err)
	}
	series := 0
	for _, f := range families {
		series += len(f.GetMetric())
	}
	h := Handler(e, prometheus.NewRegistry())
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		req := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		req.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		begun := time.Now()
		h.ServeHTTP(w, req)
		took = append(took, time.Since(begun))
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
	b.ReportMetric(float64(took[0].Microseconds())/1000, "ms-first")
	slices.Sort(took)
	b.ReportMetric(float64(series), "series")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
}
