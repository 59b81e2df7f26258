// Package stack runs Prometheus and its companions for tests.
package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/suite"
)

// Program is the path of a program that a test runs; without it the test
// skips, unless nothing may skip.
func Program(t testing.TB, pkg string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	suite.Lacks(t, names[0], pkg)
	return ""
}

// Begin starts a program and stops it when the test ends. What it writes is
// shown if the test fails.
func Begin(t testing.TB, path string, args ...string) io.Reader {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), path, args...) // the cleanup stops it
	cmd.Dir = t.TempDir()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		//nolint:errcheck // after the signal any exit code is fine
		cmd.Wait()
		log.Close()
		if t.Failed() {
			if text, err := os.ReadFile(log.Name()); err == nil {
				t.Logf("%s wrote:\n%.1500s", filepath.Base(path), text)
			}
		}
	})
	return out
}

// Free returns an address on loopback that is not in use. Its port is below those that the
// system gives to connections and to who listens on port 0, so that none of them takes it
// before the program that is to listen there.
func Free(t testing.TB) string {
	t.Helper()
	address, err := freeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// Ports from firstFree to before firstGiven are chosen from: those below belong to known
// services, and Linux gives those above (ip_local_port_range).
const firstFree, firstGiven = 10000, 32768

func freeAddress(ctx context.Context) (string, error) {
	var errs []error
	for range 20 {
		port := firstFree + rand.IntN(firstGiven-firstFree) //nolint:gosec // no secret
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}

// Prometheus is a running Prometheus.
type Prometheus struct{ Address string }

// StartPrometheus starts a Prometheus in a folder that holds prometheus.yml and may
// hold data.
func StartPrometheus(t testing.TB, dir string, flags ...string) Prometheus {
	t.Helper()
	s := Prometheus{Address: Free(t)}
	Begin(t, Program(t, "prometheus", "prometheus"), append([]string{
		"--config.file=" + filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path=" + filepath.Join(dir, "data"),
		"--web.listen-address=" + s.Address,
	}, flags...)...)
	Eventually(t, "Prometheus is ready", func(ctx context.Context) bool { return Answers(ctx, "http://"+s.Address+"/-/ready") })
	return s
}

// Answers reports whether a GET of url is answered with 200.
func Answers(ctx context.Context, address string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Eventually waits until done reports true, which depends on other programs. It
// fails the test if that takes too long.
func Eventually(t testing.TB, what string, done func(context.Context) bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !done(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("gave up waiting: %s", what)
		case <-tick.C:
		}
	}
}

// Answer is one series of a query's result.
type Answer struct {
	Labels map[string]string
	Values map[int64]float64 // by Unix time
}

// Instant evaluates expr at an instant.
func (s Prometheus) Instant(t testing.TB, expr string, at time.Time) []Answer {
	t.Helper()
	return s.ask(t, "query", url.Values{"query": {expr}, "time": {strconv.FormatInt(at.Unix(), 10)}})
}

// Course evaluates expr over a range of time.
func (s Prometheus) Course(t testing.TB, expr string, from, to time.Time, step time.Duration) []Answer {
	t.Helper()
	return s.ask(t, "query_range", url.Values{
		"query": {expr}, "start": {strconv.FormatInt(from.Unix(), 10)}, "end": {strconv.FormatInt(to.Unix(), 10)}, "step": {fmt.Sprint(step.Seconds())},
	})
}

// ask posts a query.
func (s Prometheus) ask(t testing.TB, path string, form url.Values) []Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.Address+"/api/v1/"+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
				Values [][2]any
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if body.Status != "success" {
		t.Fatalf("%s\n%s", body.Error, form.Get("query"))
	}
	var list []Answer
	for _, r := range body.Data.Result {
		a := Answer{Labels: r.Metric, Values: map[int64]float64{}}
		if r.Value[0] != nil {
			r.Values = append(r.Values, r.Value)
		}
		for _, v := range r.Values {
			at, text := v[0].(float64), v[1].(string)
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			a.Values[int64(at)] = n
		}
		list = append(list, a)
	}
	return list
}
