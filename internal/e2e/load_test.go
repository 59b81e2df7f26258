package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"
)

// loadVariable makes the test binary send requests to a service, and print how they
// went. It holds a load as JSON.
const loadVariable = "YOURTURN_TEST_LOAD"

// load is what requests a process sends, for how long.
type load struct {
	Length time.Duration
	Kinds  []loadKind
}

// loadKind is one kind of requests: at a rate all together, whether or not the ones before
// are answered; or by readers who begin together and ask again at every interval.
type loadKind struct {
	Name    string
	URLs    []string
	Gzip    bool
	Rate    float64 // in a second; 0: Readers ask
	Readers int
	Every   time.Duration
}

// loaded is how requests of a kind went.
type loaded struct {
	Took   []time.Duration            // of those that were answered, from when they were to be sent to the end of the answer
	By     map[string][]time.Duration // by the first part of the path
	Bytes  int64                      // of the longest answer as it was sent
	Errors map[string]int
}

// loadTimeout is after what time an answer comes too late: Prometheus takes none that takes
// longer than the interval of scrapes.
const loadTimeout = 15 * time.Second

// send runs a load in a process of its own and returns how its kinds went, by name.
func (l load) send(t *testing.T) map[string]*loaded {
	t.Helper()
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), loadVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*loaded{}
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// loadMain sends what the value of loadVariable says.
func loadMain(value string) {
	var l load
	if err := json.Unmarshal([]byte(value), &l); err != nil {
		panic(err)
	}
	client := &http.Client{Timeout: loadTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 200, DisableCompression: true}}
	ctx, stop := context.WithTimeout(context.Background(), l.Length)
	defer stop()
	all := map[string]*loaded{}
	var kinds sync.WaitGroup
	for _, k := range l.Kinds {
		s := &sender{loadKind: k, client: client, went: &loaded{By: map[string][]time.Duration{}, Errors: map[string]int{}}}
		all[k.Name] = s.went
		if k.Rate > 0 {
			kinds.Go(func() { s.constantly(ctx, l.Length) })
			continue
		}
		for i := range k.Readers {
			kinds.Go(func() { s.again(ctx, i) })
		}
	}
	kinds.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		panic(err)
	}
}

// sender sends requests of a kind.
type sender struct {
	loadKind
	client *http.Client
	mu     sync.Mutex
	went   *loaded
}

// constantly sends requests at the rate, each at its instant.
func (s *sender) constantly(ctx context.Context, length time.Duration) {
	var all sync.WaitGroup
	defer all.Wait()
	began := time.Now()
	for i := range int(s.Rate * length.Seconds()) {
		due := began.Add(time.Duration(float64(i) / s.Rate * float64(time.Second)))
		time.Sleep(time.Until(due))
		if ctx.Err() != nil {
			return
		}
		all.Go(func() { s.one(due, s.URLs[i%len(s.URLs)]) })
	}
}

// again asks for one URL at every interval, or when the answer before is there.
func (s *sender) again(ctx context.Context, i int) {
	tick := time.NewTicker(s.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		s.one(time.Now(), s.URLs[i%len(s.URLs)])
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// one sends a request that was due at an instant.
func (s *sender) one(due time.Time, url string) {
	n, err := s.get(url)
	took := time.Since(due)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.went.Errors[err.Error()]++
		return
	}
	s.went.Took, s.went.Bytes = append(s.went.Took, took), max(s.went.Bytes, n)
	path := firstPart.FindStringSubmatch(url)[1]
	s.went.By[path] = append(s.went.By[path], took)
}

// firstPart finds the first part of the path in a URL.
var firstPart = regexp.MustCompile(`^http://[^/]+(/[^/?]*)`)

// get reads an answer and returns how long it is as it was sent.
func (s *sender) get(url string) (int64, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	if s.Gzip {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 100)) //nolint:errcheck // the status says enough
		return 0, fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(text))
	}
	return io.Copy(io.Discard, resp.Body)
}

// String says how requests went.
func (l *loaded) String() string {
	errs := 0
	for _, n := range l.Errors {
		errs += n
	}
	return fmt.Sprintf("%d answers, %s median, %s for 99 of 100, %s at most, %d bytes at most, %d errors", len(l.Took), longest(l.Took, .5), longest(l.Took, .99), longest(l.Took, 1), l.Bytes, errs)
}

// failed fails the test for requests that were not answered.
func (l *loaded) failed(t *testing.T, name string) {
	t.Helper()
	var texts []string
	for text, n := range l.Errors {
		texts = append(texts, fmt.Sprintf("%d times %s", n, text))
	}
	slices.Sort(texts)
	for _, text := range texts[:min(len(texts), 10)] {
		t.Errorf("%s: %s", name, text)
	}
	if len(l.Took) == 0 {
		t.Errorf("%s: nothing was answered", name)
	}
}
