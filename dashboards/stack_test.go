package dashboards

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// begin starts a program and stops it when the test ends. What it writes is
// shown if the test fails.
func begin(t *testing.T, path string, args ...string) io.Reader {
	t.Helper()
	cmd := exec.Command(path, args...)
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
		//nolint:errcheck // how it ends after the signal is its own affair
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

// demo builds yourturn, runs its demo and returns its address.
func demo(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "yourturn")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/yourturn").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	lines := bufio.NewScanner(begin(t, binary, "demo", "--web.listen-address", "127.0.0.1:0", "--speed", "6000"))
	address := regexp.MustCompile(`metrics +http://(\S+)/metrics`)
	for lines.Scan() {
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			return m[1]
		}
	}
	t.Fatal("the demo ended before it said where it listens")
	return ""
}

// free is an address on loopback that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

// edited returns a file of this folder with each old replaced by its new, all
// of which must be there.
func edited(t *testing.T, name string, oldnew ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(string(text), oldnew[i]) {
			t.Fatalf("%s no longer has %q: mend the test", name, oldnew[i])
		}
	}
	return strings.NewReplacer(oldnew...).Replace(string(text))
}

// put writes a file.
func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// server is a Prometheus.
type server struct{ address string }

// startPrometheus starts one on the folder, which holds prometheus.yml and may hold data.
func startPrometheus(t *testing.T, dir string, flags ...string) server {
	t.Helper()
	s := server{address: free(t)}
	begin(t, program(t, "prometheus", "prometheus"), append([]string{
		"--config.file=" + filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path=" + filepath.Join(dir, "data"),
		"--web.listen-address=" + s.address,
	}, flags...)...)
	eventually(t, "Prometheus is ready", func(ctx context.Context) bool { return answers(ctx, "http://"+s.address+"/-/ready") })
	return s
}

// answers tells whether a GET is answered with 200.
func answers(ctx context.Context, address string) bool {
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

// eventually waits for what other programs do.
func eventually(t *testing.T, what string, done func(context.Context) bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
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

// answer is one series of the answer to a query.
type answer struct {
	labels map[string]string
	values map[int64]float64 // by Unix time
}

// instant evaluates expr at one instant.
func (s server) instant(t *testing.T, expr string, at time.Time) []answer {
	t.Helper()
	return s.ask(t, "query", url.Values{"query": {expr}, "time": {strconv.FormatInt(at.Unix(), 10)}})
}

// course evaluates expr over a range of time.
func (s server) course(t *testing.T, expr string, from, to time.Time, step time.Duration) []answer {
	t.Helper()
	return s.ask(t, "query_range", url.Values{
		"query": {expr}, "start": {strconv.FormatInt(from.Unix(), 10)}, "end": {strconv.FormatInt(to.Unix(), 10)}, "step": {fmt.Sprint(step.Seconds())},
	})
}

// ask posts a query.
func (s server) ask(t *testing.T, path string, form url.Values) []answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.address+"/api/v1/"+path, strings.NewReader(form.Encode()))
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
	var list []answer
	for _, r := range body.Data.Result {
		a := answer{labels: r.Metric, values: map[int64]float64{}}
		if r.Value[0] != nil {
			r.Values = append(r.Values, r.Value)
		}
		for _, v := range r.Values {
			at, text := v[0].(float64), v[1].(string)
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			a.values[int64(at)] = n
		}
		list = append(list, a)
	}
	return list
}
