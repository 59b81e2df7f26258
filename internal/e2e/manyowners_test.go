package e2e

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/suite"
)

// manyScrapers is how many Prometheus servers scrape at once, and scrapeEvery how often
// each does.
const (
	manyScrapers = 50
	scrapeEvery  = 15 * time.Second
)

// leftOut are the families that docs/metrics.md names to leave out where an installation has
// many owners in many projects: the histograms and the open waits one by one.
var leftOut = []string{
	"po_acceptance_latency_seconds", "po_question_response_latency_seconds", "po_acceptance_latency_elapsed_seconds", "po_question_response_latency_elapsed_seconds",
	"po_open_wait_seconds", "po_open_wait_start_timestamp_seconds", "po_open_wait_paused",
}

// TestManyOwners serves a Jira in which every owner has waits in every project. 50 servers
// scrape at once, people read pages, and a reload changes the numbers. YOURTURN_MANY says
// how many projects, how many owners and for how long, as in "500 200 3m".
func TestManyOwners(t *testing.T) {
	text := os.Getenv("YOURTURN_MANY")
	switch {
	case text == "" && !suite.Full():
		t.Skip(`set YOURTURN_MANY="500 200 3m" to run it with so many projects and owners for so long`)
	case text == "":
		text = "5 4 5s"
	}
	var projects, owners int
	var last string
	if _, err := fmt.Sscan(text, &projects, &owners, &last); err != nil {
		t.Fatalf("YOURTURN_MANY: %v", err)
	}
	length, err := time.ParseDuration(last)
	if err != nil {
		t.Fatalf("YOURTURN_MANY: %v", err)
	}
	c := newCrowd(t, projects, owners, 0, 20)
	dir := t.TempDir()
	poll := min(5*time.Second, max(time.Second, length/10))
	config := c.config(dir, poll, "8h", "")
	// A change of the config on the day of the first sync begins a new ledger.
	c.ahead.Store(int64(-25 * time.Hour))
	clock := filepath.Join(dir, "clock")
	write(t, clock, "-25h")
	began := time.Now()
	first := &serveProcess{T: t, cmd: process(t.Context(), "serve", "--config.file", config, "--web.listen-address", "127.0.0.1:0"), ended: make(chan int, 1)}
	first.cmd.Env = append(first.cmd.Env, clockVariable+"="+clock)
	first.begin()
	awaitFor(t, time.Hour, "http://"+first.address()+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	figures.Note(t, "%d stories of %d projects and %d owners, %d of them open: first sync in %s, %s resident at most", len(c.stories), projects, owners, c.open, time.Since(began).Round(time.Second), mib(first.memory("VmHWM")))
	if code := first.signal(syscall.SIGTERM); code != 0 {
		t.Fatalf("serve ended with %d:\n%s", code, first.out.String())
	}
	c.ahead.Store(0)
	go c.live(t.Context(), time.Second)
	var families []string
	for _, name := range leftOut {
		families = append(families, name+": false")
	}
	for _, of := range []struct{ name, more string }{
		{"all families", ""},
		{"without histograms and open waits", "metrics: {families: {" + strings.Join(families, ", ") + "}}\n"},
	} {
		t.Run(of.name, func(t *testing.T) { c.scraped(t, dir, poll, length, of.more) })
	}
}

// scraped starts a service with more in its config, and measures it while it is scraped.
func (c *crowd) scraped(t *testing.T, dir string, poll, length time.Duration, more string) {
	began := time.Now()
	s := startServe(t, c.config(dir, poll, "8h", more), "127.0.0.1:0")
	base := "http://" + s.address()
	awaitFor(t, 10*time.Minute, base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	ready := time.Since(began)
	c.polled(3)
	figures.Note(t, "ready %s after the start; at rest: %s resident, %s at most", ready.Round(100*time.Millisecond), mib(s.memory("VmRSS")), mib(s.memory("VmHWM")))
	one, err := scrapeOnce(t, base+"/metrics")
	if err != nil {
		t.Errorf("the first scrape: %v", err)
	}
	figures.Note(t, "%d series in %d bytes, %d with gzip; the first scrape took %s", one.series, one.plain, one.gzip, one.took.Round(time.Millisecond))
	pages := map[string]*readers{"/": {}, "/owners/" + c.owners[0].Ref: {}, "/projects/" + c.projects[0].Key: {}}
	var reading sync.WaitGroup
	loading := time.Now()
	processor := s.processor()
	for path, r := range pages {
		reading.Go(func() { r.read(base+path, loading.Add(length)) })
	}
	reading.Go(func() {
		time.Sleep(length / 3)
		c.config(dir, poll, "6h", more)
		asked := time.Now()
		status, answer := post(t, base+"/-/reload", "")
		took := time.Since(asked)
		if status != http.StatusOK {
			t.Errorf("the reload: %d %s", status, answer)
		}
		gaps := c.gaps(asked)
		figures.Note(t, "the reload took %s; %d polls began meanwhile, %s apart at most", took.Round(time.Millisecond), len(gaps), longest(gaps, 1))
	})
	went := load{Length: length, Kinds: []loadKind{{Name: "scrapes", URLs: []string{base + "/metrics"}, Gzip: true, Readers: manyScrapers, Every: scrapeEvery}}}.send(t)["scrapes"]
	reading.Wait()
	used := s.processor() - processor
	gaps := c.gaps(loading)
	figures.Note(t, "%d scrapers every %s for %s: %s", manyScrapers, scrapeEvery, length, went)
	for _, path := range slices.Sorted(maps.Keys(pages)) {
		r := pages[path]
		figures.Note(t, "%s: first reader of a report %s median, %s at most (%d); later %s median, %s for 99 of 100, %s at most (%d); %d bytes", path, longest(r.first, .5), longest(r.first, 1), len(r.first),
			longest(r.later, .5), longest(r.later, .99), longest(r.later, 1), len(r.later), r.bytes)
		for _, err := range r.errs {
			t.Errorf("%s: %v", path, err)
		}
	}
	figures.Note(t, "%d polls began, every %s median, %s at most; %s resident at most; %s of a processor in %s", len(gaps), longest(gaps, .5), longest(gaps, 1), mib(s.memory("VmHWM")), used.Round(time.Second), time.Since(loading).Round(time.Second))
	went.failed(t, "scrapes")
	if code := s.signal(syscall.SIGTERM); code != 0 {
		t.Errorf("serve ended with %d:\n%.5000s", code, warnings(s.out.String()))
	}
	if log := warnings(s.out.String()); log != "" {
		t.Logf("the log warns:\n%.5000s", log)
	}
}

// mib says how many MiB some bytes are.
func mib(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }

// weight is what a scrape comes to.
type weight struct {
	series      int
	plain, gzip int64
	took        time.Duration
}

// scrapeOnce scrapes and counts what comes.
func scrapeOnce(t *testing.T, url string) (out weight, err error) {
	t.Helper()
	began := time.Now()
	body, resp, err := zipped(t, url)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	plain, err := gzip.NewReader(body)
	if err != nil {
		return out, err
	}
	lines := bufio.NewReaderSize(plain, 1<<20)
	for {
		line, err := lines.ReadSlice('\n')
		out.plain += int64(len(line))
		if err == io.EOF { //nolint:errorlint // a reader returns it so
			break
		}
		if err != nil {
			return out, err
		}
		if line[0] != '#' {
			out.series++
		}
	}
	out.gzip, out.took = body.n, time.Since(began)
	return out, nil
}

// zipped asks for a URL with gzip, and returns the answer as it is sent.
func zipped(t *testing.T, url string) (*sized, *http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, nil, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return &sized{Reader: resp.Body}, resp, nil
}

// sized counts what is read.
type sized struct {
	io.Reader
	n int64
}

// Read implements io.Reader.
func (c *sized) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// readers is how a page was answered.
type readers struct {
	first, later []time.Duration
	bytes        int64
	errs         []error
}

// asOfOf is where a page says as of when its numbers are.
var asOfOf = regexp.MustCompile(`<time datetime="([^"]+)"`)

// read reads a page twice a second until an instant.
func (r *readers) read(url string, until time.Time) {
	last := ""
	for tick := time.NewTicker(500 * time.Millisecond); time.Now().Before(until); <-tick.C {
		began := time.Now()
		resp, err := http.Get(url) //nolint:gosec // it is of this test
		if err != nil {
			r.errs = append(r.errs, err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			r.errs = append(r.errs, fmt.Errorf("%s: %w", resp.Status, err))
			continue
		}
		took := time.Since(began)
		r.bytes = max(r.bytes, int64(len(body)))
		m := asOfOf.FindSubmatch(body)
		switch {
		case m == nil:
			r.errs = append(r.errs, fmt.Errorf("the page says no time: %.300s", body))
		case string(m[1]) != last:
			last = string(m[1])
			r.first = append(r.first, took)
		default:
			r.later = append(r.later, took)
		}
	}
}
