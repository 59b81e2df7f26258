package store

import (
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
)

// BenchmarkStart derives as a start does: from what is kept of the last derivation.
// BenchmarkRederive is the whole of it.
func BenchmarkStart(b *testing.B) {
	_, start := polled(b)
	forgetPeak()
	reportWork(b, func() {
		for b.Loop() {
			start()
		}
	})
	reportPeak(b)
}

// reportWork reports the processor time of each round of f, which other work on the
// machine changes less than the time on the wall.
func reportWork(b *testing.B, f func()) {
	b.Helper()
	work := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := work()
	f()
	b.ReportMetric(float64((work()-before).Milliseconds())/float64(b.N), "cpu-ms/op")
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
		reportWork(b, func() {
			for b.Loop() {
				poll(b, nil)
			}
		})
		reportPeak(b)
	})
	b.Run("50", func(b *testing.B) {
		comment := int64(1 << 40)
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
			poll(b, changed.Stories)
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
