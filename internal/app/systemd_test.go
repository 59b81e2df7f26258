package app

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/yourturn/yourturn/internal/web"
)

// notifySocket listens as systemd does, and returns what brings the next message.
func notifySocket(t *testing.T) (next func() string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "notify")
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "unixgram", name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) //nolint:errcheck // the test is over
	t.Setenv("NOTIFY_SOCKET", name)
	return func() string {
		buf := make([]byte, 4096)
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

// TestSystemdIsTold holds what systemd is told, and when, message by message.
func TestSystemdIsTold(t *testing.T) {
	next := notifySocket(t)
	d := &systemd{log: zap.NewNop()}
	for _, step := range []struct {
		name string
		do   func()
		want string // "": nothing is told
	}{
		{"a line before it is ready", func() { d.show(false, "not ready: asking") }, "STATUS=not ready: asking"},
		{"the same line", func() { d.show(false, "not ready: asking") }, ""},
		{"a sign of life before it is ready", func() { d.beat(time.Minute) }, "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=60000000"},
		{"a reload before it is ready", d.reloading, ""},
		{"its end", func() { d.reloaded(1) }, ""},
		{"ready", func() { d.show(true, "data of then") }, "READY=1\nSTATUS=data of then"},
		{"still ready", func() { d.show(true, "data of then") }, ""},
		{"a line that would be two", func() { d.show(true, "data\nMAINPID=1") }, "STATUS=data MAINPID=1"},
		{"a sign of life", func() { d.beat(time.Minute) }, "WATCHDOG=1"},
		{"a reload", d.reloading, "RELOADING=1"},
		{"another one beside it", d.reloading, "RELOADING=1"},
		{"nobody waits for the first", func() { d.reloaded(0) }, ""},
		{"the end of one", func() { d.reloaded(1) }, ""},
		{"the end of both", func() { d.reloaded(1) }, "READY=1"},
		{"a stop", d.stopping, "STOPPING=1\nSTATUS=stopping"},
	} {
		step.do()
		if step.want != "" {
			got, clock, timed := strings.Cut(next(), "\nMONOTONIC_USEC=")
			if got != step.want {
				t.Errorf("%s: systemd was told %q, want %q", step.name, got, step.want)
			}
			if begins := step.want == "RELOADING=1"; begins != timed || begins && len(clock) < 7 {
				t.Errorf("%s: the message has the clock: %t (%q)", step.name, timed, clock)
			}
		}
	}
	d.show(true, "the end") // nothing was told between the steps if this comes next
	if got := next(); got != "STATUS=the end" {
		t.Errorf("at the end systemd was told %q", got)
	}
}

// silent is the address of a server that takes connections and says nothing, as one
// whose goroutines hang.
func silent(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) //nolint:errcheck // the test is over
	return l.Addr().String()
}

// ending is the address of a server that ends connections without an answer, as one
// does that has all that it may have.
func ending(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) //nolint:errcheck // the test is over
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close() //nolint:errcheck // nothing was sent
		}
	}()
	return l.Addr().String()
}

// living returns a service whose poller begins its next cycle before an instant, and
// whose web server is at an address.
func living(until time.Time, address string) *Service {
	s := &Service{log: zap.NewNop(), status: newStatus(web.Status{AliveUntil: until, LastErr: "Jira is away"}), systemd: systemd{log: zap.NewNop()}}
	s.address.Store(address)
	return s
}

// TestAlive holds what a restart would mend. That Jira is away is not among it.
func TestAlive(t *testing.T) {
	soon, ago := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	gone := silent(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name    string
		s       *Service
		timeout time.Duration
		want    string // in the error; "": it is alive
	}{
		{"all works, and Jira is away", living(soon, ending(t)), time.Minute, ""},
		{"the poller hangs", living(ago, ending(t)), time.Minute, "the poller should have begun a cycle 1m0s ago"},
		{"the web server hangs", living(soon, gone), time.Millisecond, "does not answer"},
		{"there is no web server", living(soon, l.Addr().String()), time.Minute, "connection refused"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), tc.timeout)
			defer stop()
			err := tc.s.isAlive(ctx)
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

// TestBeats holds that systemd gets no sign of life of a service that does not work,
// that the log says so once, and that it gets one again when the service works again.
func TestBeats(t *testing.T) {
	next := notifySocket(t)
	core, logs := observer.New(zap.ErrorLevel)
	s := living(time.Now().Add(time.Hour), ending(t))
	s.log = zap.New(core)
	s.systemd.ready = true
	ctx, stop := context.WithCancel(t.Context())
	tick, ended := make(chan time.Time), make(chan struct{})
	go func() {
		defer close(ended)
		s.beats(ctx, tick, time.Hour)
	}()
	var got []string
	got = append(got, next()) // at once
	s.status.set(func(v *web.Status) { v.AliveUntil = time.Now().Add(-time.Minute) })
	tick <- time.Time{}
	tick <- time.Time{} // is taken when the tick before has been dealt with
	tick <- time.Time{}
	s.systemd.show(true, "between")
	s.status.alive(0)
	tick <- time.Time{}
	got = append(got, next(), next())
	stop()
	<-ended
	if diff := cmp.Diff([]string{"WATCHDOG=1", "STATUS=between", "WATCHDOG=1"}, got); diff != "" {
		t.Errorf("what systemd was told (-want +got):\n%s", diff)
	}
	if logs.Len() != 1 || !strings.Contains(logs.All()[0].Message, "stops its sign of life") {
		t.Errorf("the log says %v", logs.All())
	}
}

// TestSystemdIsAway holds that a message that cannot be sent is logged once, and ends
// nothing.
func TestSystemdIsAway(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "none"))
	core, logs := observer.New(zap.WarnLevel)
	d := &systemd{log: zap.New(core)}
	d.beat(time.Minute)
	d.beat(time.Minute)
	if logs.Len() != 1 || !strings.Contains(fmt.Sprint(logs.All()[0].ContextMap()["error"]), "no such file") {
		t.Errorf("the log says %v", logs.All())
	}
}
