package store

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/metrics"
)

// BenchmarkStart derives as a start does: from what is kept of the last derivation.
// BenchmarkRederive is the whole of it.
func BenchmarkStart(b *testing.B) {
	s, start := polled(b)
	forgetPeak()
	figures.Work(b, func() {
		for b.Loop() {
			start()
		}
	})
	reportPeak(b)
	reportDisk(b, s)
}

// BenchmarkScrape answers scrapes of what was derived of the stories.
func BenchmarkScrape(b *testing.B) {
	_, start := polled(b)
	e, asOf := start()
	report, err := e.Refresh(b.Context(), nil, asOf.Add(time.Minute))
	if err != nil {
		b.Fatal(err)
	}
	exporter := metrics.NewExporter()
	exporter.Publish(report)
	h := metrics.Handler(exporter, prometheus.NewRegistry())
	figures.Work(b, func() {
		for b.Loop() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			if w.Code != http.StatusOK {
				b.Fatal(w.Code)
			}
		}
	})
}

// BenchmarkPoll derives after a poll that found nothing, and after one that found 50
// changed stories, and keeps what it came to.
func BenchmarkPoll(b *testing.B) {
	s, start := polled(b)
	e, asOf := start()
	n := benchStories(b)
	g := newGenerator()
	poll := func(b *testing.B, changed []int64) {
		asOf = asOf.Add(time.Minute)
		if _, err := e.Refresh(b.Context(), changed, asOf); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("idle", func(b *testing.B) {
		forgetPeak()
		figures.Work(b, func() {
			for b.Loop() {
				poll(b, nil)
			}
		})
		reportPeak(b)
	})
	b.Run("50", func(b *testing.B) {
		comment := int64(1 << 40)
		var spent time.Duration
		defer func() { figures.Each(b, spent) }()
		for b.Loop() {
			b.StopTimer()
			var batch jiradata.Batch
			for i := range 50 {
				st := g.story(max(0, n-1-i*7))
				comment++
				st.History.Events = append(st.History.Events, latency.Event{At: asOf, Rank: latency.RankCommentAdded, ID: comment, Actor: g.accounts[i], Comment: st.History.Events[3].Comment})
				batch.Stories = append(batch.Stories, st)
			}
			changed, err := s.SaveStories(b.Context(), batch)
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			before := figures.Spent(b)
			poll(b, changed.Stories)
			spent += figures.Spent(b) - before
		}
	})
}

// polled returns a store of generated stories that a derivation was kept of, and what
// starts an engine on it.
func polled(b *testing.B) (*Store, func() (*measure.Engine, latency.Instant)) {
	b.Helper()
	n := benchStories(b)
	s := generated(b, n)
	rules, err := newGenerator().rules()
	if err != nil {
		b.Fatal(err)
	}
	asOf := genStart + 2*genMinute*latency.Instant(n) // the last stories are still waited for
	first := true
	start := func() (*measure.Engine, latency.Instant) {
		e := measure.NewEngine(s, 20)
		e.KeepAs("a")
		_, err := e.Restore(b.Context(), rules, "a", asOf)
		if err != nil && first {
			began := time.Now()
			_, err = e.Load(b.Context(), rules, "a", asOf, nil)
			b.Logf("%d stories, derived wholly in %s", n, time.Since(began))
		}
		if first = false; err != nil {
			b.Fatal(err)
		}
		return e, asOf
	}
	start()
	return s, start
}
