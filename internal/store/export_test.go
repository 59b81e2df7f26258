package store

import (
	"testing"

	"github.com/yourturn/yourturn/internal/latency"
)

// GeneratedForWaits returns a store of as many generated stories as the benchmarks
// read, the rules of their waits, and an instant at which the last are waited for.
func GeneratedForWaits(b *testing.B) (*Store, *latency.Rules, latency.Instant) {
	b.Helper()
	n := benchStories(b)
	rules, err := newGenerator().rules()
	if err != nil {
		b.Fatal(err)
	}
	return generated(b, n), rules, genStart + 2*genMinute*latency.Instant(n)
}

// ForgetPeak and ReportPeak measure the peak of resident memory.
func ForgetPeak()             { forgetPeak() }
func ReportPeak(b *testing.B) { reportPeak(b) }
