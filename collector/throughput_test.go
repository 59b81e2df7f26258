package collector_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
)

// cannedVariable makes this binary serve a canned Jira of so many issues.
const cannedVariable = "YOURTURN_TEST_CANNED"

// recorder passes requests on and writes them down, a line each: kept in memory
// they would be what grows with the number of stories.
type recorder struct {
	to *json.Encoder
}

type recorded struct {
	Method, URL string
	Header      http.Header
	Body        []byte
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	one := recorded{Method: req.Method, URL: req.URL.String(), Header: req.Header.Clone()}
	if req.Body != nil {
		var err error
		if one.Body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(one.Body))
	}
	if err := r.to.Encode(one); err != nil {
		return nil, err
	}
	return http.DefaultTransport.RoundTrip(req)
}

// again sends the requests once more, one in flight, and decodes and forgets
// what comes: no decoder of JSON is faster.
func again(b *testing.B, requests []recorded) time.Duration {
	begin := time.Now()
	for _, one := range requests {
		req, err := http.NewRequestWithContext(b.Context(), one.Method, one.URL, bytes.NewReader(one.Body))
		if err != nil {
			b.Fatal(err)
		}
		req.Header = one.Header
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		var doc any
		if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
	}
	return time.Since(begin)
}

// recordedIn reads what a recorder wrote down.
func recordedIn(b *testing.B, path string) []recorded {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var list []recorded
	for from := json.NewDecoder(f); ; {
		var one recorded
		switch err := from.Decode(&one); {
		case errors.Is(err, io.EOF):
			return list
		case err != nil:
			b.Fatal(err)
		}
		list = append(list, one)
	}
}

// firstVariable makes this binary read a canned Jira for the first time; it
// names the Jira, the number of its issues, where to write the requests, a
// line each, and the store.
const firstVariable = "YOURTURN_TEST_FIRST"

// first is what a first sync took.
type first struct {
	Took   time.Duration
	Half   int64 // the peak of the resident memory at half way, in bytes
	Peak   int64 // and at the end
	Counts [2]int
}

// syncFirst runs a first sync as a process of its own, and prints what it took.
func syncFirst(spec []string) error {
	ctx := context.Background()
	stories, err := strconv.Atoi(spec[1])
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, spec[3], store.ReadWrite)
	if err != nil {
		return err
	}
	defer st.Close()
	requests, err := os.Create(spec[2])
	if err != nil {
		return err
	}
	wire := &recorder{to: json.NewEncoder(requests)}
	client, err := jira.New(jira.Options{URL: spec[0], Email: "bot@example.com", Token: "t0k3n", Transport: wire})
	if err != nil {
		return err
	}
	var out first
	c, err := collector.New(collector.Options{
		Source: client, Store: st, Projects: []string{"PAY"}, CensusMaxRemoved: 0.05,
		Progress: func(p collector.Progress) {
			if p.Stories <= stories/2 {
				out.Half = peakMemory()
			}
		},
	})
	if err != nil {
		return err
	}
	begin := time.Now()
	r, err := c.Sync(ctx)
	if err != nil {
		return err
	}
	out.Took, out.Peak, out.Counts = time.Since(begin), peakMemory(), [2]int{r.Stories, r.Events}
	return errors.Join(requests.Close(), json.NewEncoder(os.Stdout).Encode(out))
}

// peakMemory returns the most resident memory that this process has had, in
// bytes; 0 where the system does not give it.
func peakMemory() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kilobytes int64
	fmt.Sscan(rest, &kilobytes) //nolint:errcheck // then it is 0
	return kilobytes << 10
}

// BenchmarkFirstSync reads a Jira of another process for the first time, in a
// process of its own, and reports how much longer that takes than to send the
// same requests and to decode and forget the answers, the median of the rounds;
// the resident memory at half way and at the end; and the requests per thousand
// stories. YOURTURN_BENCH_STORIES says how many stories there are; the
// memory of a tenth of them is to be compared with. YOURTURN_STORE=postgres reads them
// into PostgreSQL.
func BenchmarkFirstSync(b *testing.B) {
	stories := 3000
	if text := os.Getenv("YOURTURN_BENCH_STORIES"); text != "" {
		var err error
		if stories, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	for _, n := range []int{stories / 10, stories} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkFirstSync(b, n) })
	}
}

func benchmarkFirstSync(b *testing.B, stories int) {
	server := exec.CommandContext(b.Context(), os.Args[0])
	server.Env = append(os.Environ(), fmt.Sprintf("%s=%d", cannedVariable, stories))
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	defer server.Wait()         //nolint:errcheck // it was killed
	defer server.Process.Kill() //nolint:errcheck // it may have ended
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	var syncs, bares, ratios []float64
	var requests int
	var memory first
	for b.Loop() {
		dir := b.TempDir()
		path := filepath.Join(dir, "requests.json")
		ours := exec.CommandContext(b.Context(), os.Args[0])
		ours.Env = append(os.Environ(), fmt.Sprintf("%s=%s\n%d\n%s\n%s", firstVariable, strings.TrimSpace(url), stories, path, stack.StoreURL(b, filepath.Join(dir, "first.db"))))
		ours.Stderr = os.Stderr
		said, err := ours.Output()
		if err != nil {
			b.Fatal(err)
		}
		var f first
		if err := json.Unmarshal(said, &f); err != nil {
			b.Fatal(err)
		}
		if want := [2]int{stories, stories * (1 + cannedRecords + cannedComments)}; f.Counts != want {
			b.Fatalf("got %v stories and events, want %v", f.Counts, want)
		}
		list := recordedIn(b, path)
		bare := again(b, list)
		requests = len(list)
		memory.Half, memory.Peak = max(memory.Half, f.Half), max(memory.Peak, f.Peak)
		syncs, bares, ratios = append(syncs, f.Took.Seconds()), append(bares, bare.Seconds()), append(ratios, f.Took.Seconds()/bare.Seconds())
		b.Logf("sync %.2fs, bare %.2fs", f.Took.Seconds(), bare.Seconds())
	}
	b.ReportMetric(median(syncs), "sync-s")
	b.ReportMetric(median(bares), "bare-s")
	b.ReportMetric(median(ratios), "sync/bare")
	b.ReportMetric(float64(memory.Half)/(1<<20), "half-MiB")
	b.ReportMetric(float64(memory.Peak)/(1<<20), "peak-MiB")
	b.ReportMetric(float64(requests)*1000/float64(stories), "requests/1000")
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
