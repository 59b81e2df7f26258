package web

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
)

// BenchmarkExplainingPages asks for the pages that explain over HTTP, alone and while the
// store is written to and all of it is derived, as a full sync does. YOURTURN_BENCH_STORIES
// is how many stories there are. It reports the 99th of 100 times.
func BenchmarkExplainingPages(b *testing.B) {
	n := 1000
	if text := os.Getenv("YOURTURN_BENCH_STORIES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	report := twoTeams(b)
	reader := answering(b, report, nil)
	fill := func(ctx context.Context, from, to int) error {
		for at := from; at < to; at += 2000 {
			batch := jiradata.Batch{State: jiradata.State{FirstDone: true}, At: answersFrom}
			for i := at; i < min(at+2000, to); i++ {
				st := asking(int64(i+10), fmt.Sprint("PAY-", i+10), "1", "a")
				for k := range 8 {
					move := latency.Change{Field: latency.FieldStatus, From: latency.Value{ID: strconv.Itoa(1 + k%2)}, To: latency.Value{ID: strconv.Itoa(2 - k%2)}}
					st.History.Events = append(st.History.Events, latency.Event{
						At: answersFrom.Add(time.Duration(k+2) * time.Hour), Rank: latency.RankRecord, ID: int64(i*10 + k), Actor: "d", Changes: []latency.Change{move},
					})
				}
				batch.Stories = append(batch.Stories, st)
			}
			if _, err := reader.Store.SaveStories(ctx, batch); err != nil {
				return err
			}
		}
		return nil
	}
	if err := fill(b.Context(), 0, n); err != nil {
		b.Fatal(err)
	}
	s := serving(Sources{
		Report: func() *latency.Report { return report }, Reader: func(context.Context) (*query.Reader, error) { return reader, nil },
		Status: func() Status { return Status{JiraURL: "https://jira.example/"} },
	})
	srv := httptest.NewServer(s)
	defer srv.Close()
	for _, busy := range []bool{false, true} {
		for _, path := range []string{"/stories/", "/projects/PAY", "/how", "/data"} {
			b.Run(fmt.Sprintf("%s/busy=%t", path, busy), func(b *testing.B) {
				ctx, stop := context.WithCancel(b.Context())
				var work sync.WaitGroup
				if busy {
					work.Add(2)
					go func() {
						defer work.Done()
						for at := n; ctx.Err() == nil; at += 2000 {
							fill(ctx, at, at+2000) //nolint:errcheck // it is stopped
						}
					}()
					go func() {
						defer work.Done()
						for ctx.Err() == nil {
							d := latency.NewDeriver(reader.Rules, nil)
							for h, err := range reader.Store.Histories(ctx, nil) {
								if err != nil {
									break
								}
								d.Story(h, report.DataTimestamp)
							}
						}
					}()
				}
				var times []time.Duration
				random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a benchmark
				for b.Loop() {
					url := srv.URL + path
					if path == "/stories/" {
						url += fmt.Sprint("PAY-", 10+random.IntN(n))
					}
					begin := time.Now()
					resp, err := srv.Client().Get(url) //nolint:noctx // a benchmark
					if err != nil {
						b.Fatal(err)
					}
					size, err := io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
					times = append(times, time.Since(begin))
					if err != nil || resp.StatusCode != http.StatusOK || size == 0 || size > 100_000 {
						b.Fatalf("%s: %d, %d bytes, %v", url, resp.StatusCode, size, err)
					}
				}
				stop()
				work.Wait()
				slices.Sort(times)
				b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
				b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
			})
		}
	}
}
