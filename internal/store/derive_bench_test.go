package store

import (
	"testing"

	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
)

// BenchmarkRederive does what a change of the config does to a store whose
// ledger is full: every row is read and decoded, every story derived and
// compared with what was counted of it, and the report made.
func BenchmarkRederive(b *testing.B) {
	n := benchStories(b)
	s := generated(b, n)
	rules, err := newGenerator().rules()
	if err != nil {
		b.Fatal(err)
	}
	asOf := genStart + 2*genMinute*latency.Instant(n) // the last stories are still waited for
	e := measure.NewEngine(s, 20)
	if _, err := e.Load(b.Context(), rules, "a", asOf, nil); err != nil {
		b.Fatal(err)
	}
	e = measure.NewEngine(s, 20)
	forgetPeak()
	figures.Work(b, func() {
		for b.Loop() {
			report, err := e.Load(b.Context(), rules, "a", asOf, nil)
			if err != nil {
				b.Fatal(err)
			}
			var ended uint64
			for _, v := range report.Totals.Ended {
				ended += v
			}
			if ended == 0 || len(report.Statistics.Waits) == 0 {
				b.Fatalf("%d ended, %d distributions", ended, len(report.Statistics.Waits))
			}
			b.ReportMetric(float64(ended), "waits-ended")
		}
	})
	b.ReportMetric(float64(10*n*b.N)/b.Elapsed().Seconds(), "events/s")
	reportPeak(b)
}

// BenchmarkErase erases a person from a store of many generated stories.
func BenchmarkErase(b *testing.B) {
	n := benchStories(b)
	st := generated(b, n)
	person := newGenerator().accounts
	var meta jiradata.Meta
	for _, account := range person {
		meta.Users = append(meta.Users, jiradata.User{ID: account, DisplayName: "Ada Lovelace"})
	}
	if err := st.SaveMeta(b.Context(), meta); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for i := range b.N {
		done, err := st.Erase(b.Context(), Erasure{Account: person[i], Markers: []string{"Q:", "A:"}})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(done.Changed["event"]), "events")
	}
}
