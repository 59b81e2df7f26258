package store

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
)

// benchStories is how many stories the benchmarks read and write.
func benchStories(b *testing.B) int {
	b.Helper()
	text := os.Getenv("YOURTURN_BENCH_STORIES")
	if text == "" {
		return 1000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("YOURTURN_BENCH_STORIES: %v", err)
	}
	return n
}

// generated opens a store of n generated stories. YOURTURN_BENCH_STORE names a file, or the
// URL of a database, that is kept for the next run; without it the store is made anew, in a
// file or, by YOURTURN_STORE=postgres, in a database of a server that the benchmarks start.
func generated(b *testing.B, n int) *Store {
	b.Helper()
	url := os.Getenv("YOURTURN_BENCH_STORE")
	switch {
	case url == "":
		url = stack.StoreURL(b, filepath.Join(b.TempDir(), "s.db"))
	case !strings.HasPrefix(url, postgresScheme+":"):
		url = sqliteScheme + url
	}
	s, err := Open(b.Context(), url, ReadWrite)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	var stories int
	if err := s.read.QueryRowContext(b.Context(), `SELECT COUNT(*) FROM story`).Scan(&stories); err != nil {
		b.Fatal(err)
	}
	if stories != n {
		began := time.Now()
		fill(b, s, n, 5000)
		b.Logf("%d stories with %d events, written in %s", n, 10*n, time.Since(began))
	}
	return s
}

// reportDisk reports how many bytes the store has.
func reportDisk(b *testing.B, s *Store) {
	b.Helper()
	facts := Facts{Bytes: map[string]int64{}}
	if err := s.kind.facts(b.Context(), s.read, &facts); err != nil {
		b.Fatal(err)
	}
	var all int64
	for _, n := range facts.Bytes {
		all += n
	}
	b.ReportMetric(float64(all)/1e6, "disk-MB")
}

// fill saves n generated stories in batches.
func fill(b *testing.B, s *Store, n, batch int) {
	b.Helper()
	g := newGenerator()
	var stories []jiradata.Story
	for i := range n {
		stories = append(stories, g.story(i))
		if len(stories) == batch || i == n-1 {
			if _, err := s.SaveStories(b.Context(), jiradata.Batch{Stories: stories}); err != nil {
				b.Fatal(err)
			}
			stories = stories[:0]
		}
	}
}

// forgetPeak makes the process's peak of resident memory what it holds now,
// where the system can do that.
func forgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// reportPeak reports the peak of resident memory, where the system gives it.
func reportPeak(b *testing.B) {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return
	}
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kB, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(kB)/1024, "peak-MB")
		}
	}
}

// BenchmarkDecode decodes stories; what it allocates is the texts of comments,
// which are nobody else's.
func BenchmarkDecode(b *testing.B) {
	g := newGenerator()
	var bodies [][]byte
	var snapshots [][]byte
	for i := range 100 {
		h := g.story(i).History
		for j := range h.Events {
			bodies = append(bodies, appendEvent(nil, &h.Events[j], jiradata.Reading))
		}
		snapshots = append(snapshots, appendSnapshot(nil, h.Now))
	}
	dec, now := newDecoder(), latency.Snapshot{}
	b.ReportAllocs()
	for i := 0; b.Loop(); i = (i + 1) % len(snapshots) {
		dec.reset()
		var ev latency.Event
		for _, body := range bodies[10*i : 10*i+10] {
			if err := dec.event(body, &ev); err != nil {
				b.Fatal(err)
			}
		}
		if err := dec.snapshot(snapshots[i], now); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(10*b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkHistories reads all stories as one stream.
func BenchmarkHistories(b *testing.B) {
	n := benchStories(b)
	s := generated(b, n)
	b.ReportAllocs()
	forgetPeak()
	for b.Loop() {
		stories, events := 0, 0
		for h, err := range s.Histories(b.Context(), nil) {
			if err != nil {
				b.Fatal(err)
			}
			stories++
			events += len(h.Events)
		}
		if stories != n || events != 10*n {
			b.Fatalf("%d stories with %d events", stories, events)
		}
	}
	b.ReportMetric(float64(10*n*b.N)/b.Elapsed().Seconds(), "events/s")
	reportPeak(b)
}

// BenchmarkSaveStories saves stories in batches of 100, as a sync does.
func BenchmarkSaveStories(b *testing.B) {
	n := benchStories(b)
	for b.Loop() {
		s, err := Open(b.Context(), stack.StoreURL(b, filepath.Join(b.TempDir(), strconv.Itoa(b.N)+".db")), ReadWrite)
		if err != nil {
			b.Fatal(err)
		}
		fill(b, s, n, 100)
		s.Close()
	}
	b.ReportMetric(float64(10*n*b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkDerive does what a start does: shards are read side by side, each
// with its part of the ledger, and every story is derived.
func BenchmarkDerive(b *testing.B) {
	n := benchStories(b)
	s := generated(b, n)
	rules, err := newGenerator().rules()
	if err != nil {
		b.Fatal(err)
	}
	const asOf = genStart + 10*365*24*60*genMinute
	shards, err := s.Shards(b.Context(), 2)
	if err != nil {
		b.Fatal(err)
	}
	forgetPeak()
	for b.Loop() {
		var stories, waits, entries atomic.Int64
		g, ctx := errgroup.WithContext(b.Context())
		for _, shard := range shards {
			g.Go(func() error {
				d := latency.NewDeriver(rules, nil)
				for h, err := range s.HistoriesIn(ctx, shard) {
					if err != nil {
						return err
					}
					stories.Add(1)
					waits.Add(int64(len(d.Story(h, asOf).Parts)))
				}
				for _, err := range s.LedgerIn(ctx, shard) {
					if err != nil {
						return err
					}
					entries.Add(1)
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			b.Fatal(err)
		}
		if stories.Load() != int64(n) || waits.Load() < 2*int64(n) {
			b.Fatalf("%d stories with %d waits and %d entries", stories.Load(), waits.Load(), entries.Load())
		}
	}
	b.ReportMetric(float64(10*n*b.N)/b.Elapsed().Seconds(), "events/s")
	reportPeak(b)
}
