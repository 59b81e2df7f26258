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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/query"
)

// BenchmarkExplainingPages asks for the pages that explain over HTTP, alone and while the
// store is written to and all of it is derived, as a full sync does. YOURTURN_BENCH_STORIES
// is how many stories there are; one in fifty is open, and YOURTURN_BENCH_OPEN of them at
// most. It reports the 99th of 100 times.
func BenchmarkExplainingPages(b *testing.B) {
	askUnderLoad(b, "/stories/", "/projects/PAY", "/how", "/data")
}

// BenchmarkAPI is BenchmarkExplainingPages for the API.
func BenchmarkAPI(b *testing.B) {
	askUnderLoad(b, "/api/v1/waiting", "/api/v1/waiting?limit=100", "/api/v1/waits", "/api/v1/waits?limit=100", "/api/v1/waits?open=true&limit=100", "/api/v1/waits?owner=grace", "/api/v1/stories/",
		"/api/v1/owners", "/api/v1/owners/ada", "/api/v1/projects", "/api/v1/projects/PAY", "/api/v1/audit?limit=100", "/api/v1/data", "/api/v1/agreement", "/api/v1/openapi.json")
}

// benchStory is a story on which somebody asks, which moves to and fro and, unless it is
// open, is answered before anybody looks.
func benchStory(i int, open bool) jiradata.Story {
	st := asking(int64(i+10), fmt.Sprint("PAY-", i+10), "1", "a")
	for k := range 8 {
		st.History.Events = append(st.History.Events, latency.Event{
			At: answersFrom.Add(time.Duration(k+1) * 10 * time.Minute), Rank: latency.RankRecord, ID: int64(i*10 + k), Actor: "d",
			Changes: []latency.Change{{Field: latency.FieldStatus, From: latency.Value{ID: strconv.Itoa(1 + k%2)}, To: latency.Value{ID: strconv.Itoa(2 - k%2)}}},
		})
	}
	if !open {
		st.History.Events = append(st.History.Events, latency.Event{At: answersFrom.Add(3 * time.Hour), Rank: latency.RankCommentAdded, ID: int64(i*10 + 9), Actor: "a", Comment: &comment.Facts{}})
	}
	return st
}

// benchNumber returns what an environment variable says, or else a number.
func benchNumber(b *testing.B, name string, otherwise int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return n
}

// askUnderLoad asks for paths; one that ends in a slash is followed by a story's key.
func askUnderLoad(b *testing.B, paths ...string) {
	n, open := benchNumber(b, "YOURTURN_BENCH_STORIES", 1000), benchNumber(b, "YOURTURN_BENCH_OPEN", 2000)
	report := twoTeams(b)
	reader := answering(b, report, nil)
	fill := func(ctx context.Context, from, to int) error {
		for at := from; at < to; at += 2000 {
			batch := jiradata.Batch{State: jiradata.State{FirstDone: true}, At: answersFrom}
			for i := at; i < min(at+2000, to); i++ {
				batch.Stories = append(batch.Stories, benchStory(i, i%50 == 0 && i/50 < open))
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
	report, err := measure.NewEngine(reader.Store, 20).Show(b.Context(), reader.Rules, report.DataTimestamp, nil)
	if err != nil {
		b.Fatal(err)
	}
	reader.Report = report
	s := serving(Sources{
		Report: func() *latency.Report { return report }, Reader: func(context.Context) (*query.Reader, error) { return reader, nil },
		Status: func() Status { return Status{JiraURL: "https://jira.example/"} },
	})
	srv := httptest.NewServer(s)
	defer srv.Close()
	for _, busy := range []bool{false, true} {
		for _, path := range paths {
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
					if strings.HasSuffix(path, "/") {
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
