package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
)

// listener hears what a process tells systemd.
type listener struct {
	*testing.T
	name  string // of its socket
	conn  net.PacketConn
	heard []string
}

// newListener listens as systemd does.
func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{T: t, name: filepath.Join(t.TempDir(), "notify")}
	var err error
	if l.conn, err = (&net.ListenConfig{}).ListenPacket(t.Context(), "unixgram", l.name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.conn.Close() }) //nolint:errcheck // the test is over
	return l
}

// until returns the next message that matches a pattern, and what was heard before it.
func (l *listener) until(pattern string) (message string, before []string) {
	l.Helper()
	if err := l.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		l.Fatal(err)
	}
	buf := make([]byte, 4096)
	for so := regexp.MustCompile(pattern); ; {
		n, _, err := l.conn.ReadFrom(buf)
		if err != nil {
			l.Fatalf("waiting for %s: %v; heard:\n%s", pattern, err, strings.Join(l.heard, "\n--\n"))
		}
		message = string(buf[:n])
		if l.heard = append(l.heard, message); so.MatchString(message) {
			return message, before
		}
		before = append(before, message)
	}
}

// TestSystemd runs serve as systemd does: it says when it is ready and what it does,
// and that it is alive, also while Jira is away.
func TestSystemd(t *testing.T) {
	t.Parallel()
	tm, err := team.New(team.Options{Seed: 5, Flavor: jirasim.Cloud, MinStories: 200})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tm.Close)
	server := jirasim.NewServer(tm.Site(), jirasim.Options{Token: "t0k3n", Email: "bot@example.com"})
	var away atomic.Bool
	opened := make(chan struct{})
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-opened:
		case <-r.Context().Done():
			return
		}
		if away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(gate.Close)
	dir := t.TempDir()
	config := filepath.Join(dir, "yourturn.yml")
	write(t, filepath.Join(dir, "token"), "t0k3n\n")
	write(t, config, tm.ConfigYAML(team.Setup{JiraURL: gate.URL, StoreURL: "sqlite:" + filepath.Join(dir, "store.db"), TokenFile: "token", PollInterval: time.Second}))

	l := newListener(t)
	// A busy machine may need long for an answer: a sign of life comes every second, and
	// nobody ends the process when one does not.
	s := startServe(t, config, "127.0.0.1:0", "NOTIFY_SOCKET="+l.name, "WATCHDOG_USEC=2000000")
	base := "http://" + s.address()

	for range 2 {
		_, before := l.until(`^WATCHDOG=1\nEXTEND_TIMEOUT_USEC=2000000$`)
		if heard := strings.Join(before, "\n"); strings.Contains(heard, "READY=1") {
			t.Errorf("before Jira has answered, systemd is told:\n%s", heard)
		}
	}
	await(t, base+"/-/ready", func(status int, _ string) bool { return status == http.StatusServiceUnavailable })
	if first := strings.Join(l.heard, "\n"); !strings.Contains(first, "STATUS=not ready: ") {
		t.Errorf("systemd has no line about a service that is not ready:\n%s", first)
	}
	close(opened)
	l.until(`(?m)^READY=1\nSTATUS=data of 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ; \d+ stories wait$`)
	await(t, base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	l.until(`^WATCHDOG=1$`) // nothing is extended any more

	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	l.until(`^RELOADING=1\nMONOTONIC_USEC=\d+$`)
	l.until(`^READY=1$`)

	away.Store(true)
	l.until(`(?m)^STATUS=data of .*; the last poll failed, see the log$`)
	for range 3 {
		l.until(`^WATCHDOG=1$`)
	}
	if code := s.signal(syscall.SIGTERM); code != 0 {
		t.Errorf("stopped, serve ended with %d:\n%s", code, &s.out)
	}
	l.until(`^STOPPING=1\n`)
	if heard := fmt.Sprint(l.heard); strings.Contains(heard, "t0k3n") || strings.Contains(heard, "bot@") {
		t.Errorf("systemd is told a secret: %s", heard)
	}
}
