package store_test

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/store"
)

// BenchmarkWaits lists the waits of a store as `yourturn waits` does: as JSON, and
// as a table, which compares each open wait with others of its owner.
func BenchmarkWaits(b *testing.B) {
	s, rules, asOf := store.GeneratedForWaits(b)
	r := &query.Reader{Store: s, Rules: rules}
	list := func(b *testing.B, look query.Preview, each func(*query.Waits)) {
		store.ForgetPeak()
		figures.Work(b, func() {
			for b.Loop() {
				found, err := r.Waits(b.Context(), query.Filter{}, asOf, look)
				if err != nil {
					b.Fatal(err)
				}
				each(found)
				if err := found.Close(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(found.Count), "waits")
				b.ReportMetric(float64(found.Open), "open")
			}
		})
		store.ReportPeak(b)
	}
	b.Run("json", func(b *testing.B) {
		enc := json.NewEncoder(io.Discard)
		list(b, query.Preview{}, func(found *query.Waits) {
			for p, err := range found.All(b.Context()) {
				if err != nil || enc.Encode(query.NewPart(rules, p)) != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("table", func(b *testing.B) {
		list(b, query.Preview{Statistics: true}, func(found *query.Waits) {
			for p, err := range found.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				if p.Open() {
					found.Statistics.Pace(p)
				}
			}
		})
	})
}
