package e2e

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/store"
)

// yourturn runs a command line in this process and returns what it printed.
func yourturn(t testing.TB, wantCode int, args ...string) string {
	t.Helper()
	return yourturnAt(t, nil, wantCode, args...)
}

// yourturnAt is yourturn on a machine with a clock of its own.
func yourturnAt(t testing.TB, now func() time.Time, wantCode int, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := command.Run(t.Context(), args, command.Env{In: strings.NewReader(""), Out: &out, Err: &errOut, Now: now}); code != wantCode {
		t.Fatalf("yourturn %s: exit %d, want %d\n%s%s", strings.Join(args, " "), code, wantCode, out.String(), errOut.String())
	}
	return out.String() + map[bool]string{true: errOut.String()}[wantCode != 0]
}

// output collects what a command prints while it runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// started waits until a running command says where it listens.
func started(t *testing.T, out *output, ended chan int, pattern string) string {
	t.Helper()
	where := regexp.MustCompile(pattern)
	for {
		select {
		case code := <-ended:
			t.Fatalf("the command ended with %d:\n%s", code, out)
		case <-time.After(20 * time.Millisecond):
		}
		if m := where.FindStringSubmatch(out.String()); m != nil {
			return m[1]
		}
	}
}

// await gets a URL of a running service until so reports true, and returns the body.
// It fails after a minute.
func await(t *testing.T, url string, so func(status int, body string) bool) string {
	t.Helper()
	return awaitFor(t, time.Minute, url, so)
}

// awaitFor is await with another timeout.
func awaitFor(t *testing.T, patience time.Duration, url string, so func(status int, body string) bool) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var last string
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			body, readErr := io.ReadAll(resp.Body)
			resp.Body.Close()
			if last = string(body); readErr == nil && so(resp.StatusCode, last) {
				return last
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s never answered so; last:\n%s", url, last)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// serving starts serve with a config that polls once an hour, and returns
// where it listens and what it prints.
func serving(t *testing.T, o *organisation) (base string, out *output) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out = &output{}
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, []string{"serve", "--config.file", o.config, "--web.listen-address", "127.0.0.1:0"}, command.Env{In: strings.NewReader(""), Out: out, Err: out})
	}()
	base = "http://" + started(t, out, ended, `"address": "([^"]+)"`)
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("stopped, serve ended with %d:\n%s", code, out)
		}
	})
	await(t, base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	return base, out
}

// has reports whether a body contains a text.
func has(text string) func(int, string) bool {
	return func(_ int, body string) bool { return strings.Contains(body, text) }
}

// line reports whether metrics have a line. A part of a line could be in a help text.
func line(text string) func(int, string) bool { return has("\n" + text + "\n") }

// storeOf opens the store of a config until the test ends.
func storeOf(t *testing.T, config string, mode store.Mode) *store.Store {
	t.Helper()
	cfg, err := app.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return openStore(t, cfg, mode)
}

func openStore(t *testing.T, cfg *config.Config, mode store.Mode) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), cfg.Store.URL, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

// posted posts a body and returns the status.
func posted(t *testing.T, url, body string, header ...string) int {
	t.Helper()
	status, _ := post(t, url, body, header...)
	return status
}

// post posts a body and returns the answer.
func post(t *testing.T, url, body string, header ...string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// shows fails unless a running service answers with a text now.
func shows(t *testing.T, url, text string) {
	t.Helper()
	if body := await(t, url, func(int, string) bool { return true }); !strings.Contains(body, text) {
		t.Errorf("%s lacks %q:\n%s", url, text, body)
	}
}
