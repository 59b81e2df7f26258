package backfill_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/retrospective"
)

// BenchmarkRetrospective makes a report of the company's last quarter, from the store:
// each of its owners is compared with themselves while somebody stood in, too.
func BenchmarkRetrospective(b *testing.B) {
	s, rules := company(b, benchStories(b)), companyRules(b)
	day := func(n int) latency.Instant { return latency.At(begins.AddDate(1, 0, n)) }
	for owner := range rules.Owners {
		for n := -180; n < 0; n += 45 {
			rules.Delegates = append(rules.Delegates, latency.Delegation{Owner: owner, Delegate: "somebody", Span: latency.Span{From: day(n), To: day(n + 14)}})
		}
	}
	r := &query.Reader{Store: s, Rules: rules, State: jiradata.State{DataTimestamp: day(0)}}
	opts := retrospective.Options{PerOwner: true, Longest: 10, Workers: runtime.GOMAXPROCS(0)}
	opts.Range, opts.Before = query.Days(begins.AddDate(0, 9, 0), begins.AddDate(1, 0, -1), time.UTC)
	b.ReportAllocs()
	figures.Work(b, func() {
		for b.Loop() {
			read := 0
			made, err := r.Retrospective(b.Context(), opts, func() { read++ })
			if err != nil {
				b.Fatal(err)
			}
			waits, compared, shown := 0, 0, map[string]bool{}
			for _, p := range made.Projects {
				for _, w := range p.Waits {
					for _, c := range w.Cells {
						waits += c.Begun
					}
				}
				for _, o := range p.Owners {
					shown[o.Key] = true
				}
			}
			for _, d := range made.Delegations {
				if d.Compared {
					compared++
				}
			}
			b.ReportMetric(float64(read), "stories")
			b.ReportMetric(float64(len(shown)), "owners")
			b.ReportMetric(float64(waits), "waits-begun")
			b.ReportMetric(float64(compared), "stand-ins-compared")
		}
	})
	b.ReportMetric(peak(b), "peak-MB")
}
