package listen

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"golang.org/x/crypto/bcrypt"

	"github.com/yourturn/yourturn/internal/stack"
)

// begin serves a handler until the test ends, and returns its address.
func begin(t *testing.T, h http.Handler, o Options) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Log = zap.NewNop()
	s := New(t.Context(), h, o)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), <-ended); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// dial opens a connection.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) //nolint:errcheck // it may be closed already
	return c
}

// ask sends a request and returns the status of the answer.
func ask(t *testing.T, c net.Conn, path string) int {
	t.Helper()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body) //nolint:errcheck // it is empty
	return resp.StatusCode
}

// ends waits until the other side closes a connection.
func ends(t *testing.T, c net.Conn) {
	t.Helper()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("there is an answer instead of an end")
	}
}

// TestTheOldestIdleConnectionMakesRoom opens one connection more than there may be.
func TestTheOldestIdleConnectionMakesRoom(t *testing.T) {
	reached, release := make(chan struct{}), make(chan struct{})
	address := begin(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			reached <- struct{}{}
			<-release
		}
	}), Options{Connections: 3})
	waits, silent, used := dial(t, address), dial(t, address), dial(t, address)
	fmt.Fprint(waits, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
	<-reached
	if code := ask(t, used, "/"); code != http.StatusOK {
		t.Fatal(code)
	}
	// The oldest one is being answered; the next oldest never said anything.
	next := dial(t, address)
	ends(t, silent)
	if code := ask(t, next, "/"); code != http.StatusOK {
		t.Error(code)
	}
	if code := ask(t, used, "/"); code != http.StatusOK { // a younger one than next by this
		t.Error(code)
	}
	last := dial(t, address)
	ends(t, next)
	// Where all are being answered, no other is accepted.
	for _, c := range []net.Conn{used, last} {
		fmt.Fprint(c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
		<-reached
	}
	ends(t, dial(t, address))
	close(release)
	for _, c := range []net.Conn{waits, used, last} {
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if code := ask(t, used, "/"); code != http.StatusOK {
		t.Error(code)
	}
}

// TestALargeHeadIsRefused sends more than the largest head.
func TestALargeHeadIsRefused(t *testing.T) {
	address := begin(t, http.NotFoundHandler(), Options{Connections: 2})
	c := dial(t, address)
	go fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\nCookie: %s\r\n\r\n", strings.Repeat("x", 2*maxHeader))
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("answered with %s", resp.Status)
	}
}

// written writes a file beside the certificates.
func written(t *testing.T, a *stack.Authority, name, text string) string {
	t.Helper()
	path := filepath.Join(a.Dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTLSAndPasswords serves with certificates, passwords, and client certificates.
func TestTLSAndPasswords(t *testing.T) {
	a := stack.NewAuthority(t, t.TempDir())
	a.Sign(t, "server", 7)
	a.Sign(t, "prometheus", 8)
	hash, err := bcrypt.GenerateFromPassword([]byte("s3cret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	users := fmt.Sprintf("basic_auth_users: {prometheus: %q}\n", hash)
	encrypted := "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"
	both := written(t, a, "both.yml", encrypted+users)
	mutual := written(t, a, "mutual.yml", "tls_server_config: {cert_file: server.crt, key_file: server.key, client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert}\n")
	for _, tc := range []struct {
		file string
		want Protection
	}{
		{"", Protection{}},
		{both, Protection{TLS: true, BasicAuth: true}},
		{mutual, Protection{TLS: true, ClientCertificate: true}},
		{written(t, a, "users.yml", users), Protection{BasicAuth: true}},
		{written(t, a, "tls.yml", encrypted), Protection{TLS: true}},
	} {
		if got, err := Check(tc.file); err != nil || got != tc.want {
			t.Errorf("%s protects by %+v (error %v), want %+v", tc.file, got, err, tc.want)
		}
	}
	for name, text := range map[string]string{"plain": "basic_auth_users: {a: secret}", "unknown": "tls: {}", "lacking": "tls_server_config: {cert_file: none.crt, key_file: none.key}"} {
		if _, err := Check(written(t, a, name, text)); err == nil || !strings.Contains(err.Error(), "web.config_file") {
			t.Errorf("%s is accepted: %v", name, err)
		}
	}
	if !HasUser(both, "prometheus") || HasUser(both, "lin") || HasUser(mutual, "prometheus") || HasUser("none", "prometheus") {
		t.Error("the users are others")
	}

	get := func(c *http.Client, address, user, password string) (code int, serial int64, err error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			req.SetBasicAuth(user, password)
		}
		resp, err := c.Do(req)
		if err != nil {
			return 0, 0, err
		}
		resp.Body.Close()
		if resp.ProtoMajor != 1 {
			t.Errorf("the protocol is %s", resp.Proto)
		}
		return resp.StatusCode, resp.TLS.PeerCertificates[0].SerialNumber.Int64(), nil
	}
	address := begin(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), Options{Connections: 5, ConfigFile: both})
	for _, tc := range []struct {
		user, password string
		want           int
	}{{"", "", 401}, {"prometheus", "wrong", 401}, {"lin", "s3cret", 401}, {"prometheus", "s3cret", 200}} {
		if code, serial, err := get(a.Client(t, ""), address, tc.user, tc.password); err != nil || code != tc.want || serial != 7 {
			t.Errorf("%s %s: answered with %d by certificate %d (error %v), want %d by 7", tc.user, tc.password, code, serial, err, tc.want)
		}
	}
	// Another certificate is used by the next connection.
	a.Sign(t, "server", 9)
	if code, serial, err := get(a.Client(t, ""), address, "prometheus", "s3cret"); err != nil || code != 200 || serial != 9 {
		t.Errorf("answered with %d by certificate %d (error %v), want 200 by 9", code, serial, err)
	}
	address = begin(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), Options{Connections: 5, ConfigFile: mutual})
	if _, _, err := get(a.Client(t, ""), address, "", ""); err == nil {
		t.Error("no certificate is asked for")
	}
	if code, _, err := get(a.Client(t, "prometheus"), address, "", ""); err != nil || code != 200 {
		t.Errorf("answered with %d, error %v", code, err)
	}
}

// TestShutdownCutsOff stops while a request is answered.
func TestShutdownCutsOff(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	reached, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	s := New(t.Context(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached <- struct{}{}; <-release }), Options{Connections: 1, Log: zap.NewNop()})
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	c := dial(t, l.Addr().String())
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-reached
	now, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if cut, err := s.Shutdown(now); !cut || err != nil {
		t.Errorf("cut off: %t, error %v", cut, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	ends(t, c)
}
