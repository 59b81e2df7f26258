package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// BenchmarkPages asks over HTTP for pages of ten thousand open waits of twenty owners,
// who had 12,500 others in the last 90 days, as an organisation with a hundred thousand
// stories of two years has. Each first reader of a report pays for
// the expected answers; "again" is what the others pay.
func BenchmarkPages(b *testing.B) {
	rules := inOffice(b)
	var waits []latency.Part
	past := latency.Trace{Verdict: latency.Verdict{At: latency.Never}}
	for i := range int64(22_500) {
		owner := fmt.Sprintf("owner%d", i%20)
		if i < 10_000 {
			w := openWait(i+1, latency.Question, time.Duration(i%600)*time.Minute, i%50 == 0)
			w.Owner = owner
			waits = append(waits, w)
			continue
		}
		past.Samples = append(past.Samples, latency.Sample{
			StoryID: i, Kind: latency.Question, ProjectID: "1", Owner: owner, Start: monday - 1_000_000, End: monday - 1000, Response: true, Working: time.Duration(i%977) * time.Minute,
		})
	}
	statistics := latency.NewStatistics(rules, latency.Rolling(monday), slices.Values([]*latency.Trace{&past}))
	newReport := func() *latency.Report {
		return latency.NewReport(rules, monday, latency.NewTotals(), waits, nil, statistics, 1)
	}
	report := newReport()
	s := serving(Sources{
		Report: func() *latency.Report { return report },
		Titles: func(_ context.Context, ids []int64) (map[int64]string, error) {
			out := map[int64]string{}
			for _, id := range ids {
				out[id] = strings.Repeat("a title ", 10)
			}
			return out, nil
		},
	})
	srv := httptest.NewServer(s)
	defer srv.Close()
	ask := func(path string) (size int64) {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, srv.URL+path, nil)
		if err != nil {
			b.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close() //nolint:errcheck // it is read
		if size, err = io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			b.Fatalf("%d %v", resp.StatusCode, err)
		}
		return size
	}
	for _, path := range []string{"/", "/?page=300", "/?owner=owner7", "/owners/owner7"} {
		b.Run("first"+path, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				report = newReport()
				b.StartTimer()
				ask(path)
			}
		})
		b.Run("again"+path, func(b *testing.B) {
			var size int64
			for b.Loop() {
				size = ask(path)
			}
			b.ReportMetric(float64(size), "B/page")
		})
	}
}
