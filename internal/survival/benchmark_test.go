package survival

import (
	"math/rand/v2"
	"testing"
	"time"
)

func BenchmarkCurve(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	samples := make([]Sample, 100_000)
	for i := range samples {
		entry := time.Duration(r.Int64N(int64(40 * hour)))
		samples[i] = Sample{Entry: entry, Began: r.IntN(3) > 0, Age: entry + time.Duration(r.Int64N(int64(80*hour))), Event: r.IntN(4) > 0}
	}
	b.ReportAllocs()
	var e Estimator
	for b.Loop() {
		e.Curve(samples)
	}
}

func BenchmarkPermute(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	l := Compare(singly(simulated(r, 20, 1)), singly(simulated(r, 20, 1)))
	b.ReportAllocs()
	for b.Loop() {
		l.Permute(0, 10_000)
	}
}
