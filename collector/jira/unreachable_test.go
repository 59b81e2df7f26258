package jira_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
)

// tripper is a network of one function.
type tripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering serves a Jira's right answers, without a log of what goes wrong.
func answering(t *testing.T, start func(*httptest.Server)) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(rightAnswers(jiradata.Cloud))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	start(srv)
	t.Cleanup(srv.Close)
	return srv
}

// raw serves TCP, and answers whatever is sent with a text.
func raw(t *testing.T, text string) (host string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) //nolint:errcheck // the test is over
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()                             //nolint:errcheck // the test looks at the other side
				c.Read(make([]byte, 4096))                  //nolint:errcheck // likewise
				io.WriteString(c, text)                     //nolint:errcheck // likewise
				c.(*net.TCPConn).CloseWrite()               //nolint:errcheck,forcetypeassert // likewise
				io.Copy(io.Discard, io.LimitReader(c, 1e5)) //nolint:errcheck // likewise
			}()
		}
	}()
	return l.Addr().String()
}

// refusing returns an address at which nobody listens, and nobody else can: a listener
// that was closed would leave its port to other tests.
func refusing(t *testing.T) string {
	t.Helper()
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(s) }) //nolint:errcheck // the test is over
	if err := syscall.Bind(s, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(s)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port) //nolint:forcetypeassert // it was bound as one
}

// TestWhatNoRetryMendsIsToldAtOnce holds that a Jira that cannot be reached for a
// reason that lasts is tried once, and that the error names the address and what
// to do.
func TestWhatNoRetryMendsIsToldAtOnce(t *testing.T) {
	plain, secure := answering(t, (*httptest.Server).Start), answering(t, (*httptest.Server).StartTLS)
	host := func(srv *httptest.Server) string { return srv.Listener.Addr().String() }
	refused := refusing(t)
	redirecting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusMovedPermanently)
	}))
	t.Cleanup(redirecting.Close)
	for _, tc := range []struct {
		name, url string
		kind      error
		want      []string
	}{
		{"no such host", "https://jira.example.invalid", jira.ErrUnavailable, []string{"there is no host jira.example.invalid", "check the spelling of jira.url"}},
		{"nobody listens", "http://" + refused, jira.ErrUnavailable, []string{"connection refused", "check the host and the port in jira.url"}},
		{"https to http", "https://" + host(plain), jira.ErrUnavailable, []string{"does not speak HTTPS", "write http:// in jira.url"}},
		{"http to https", "http://" + host(secure), jira.ErrBadReply, []string{"HTTPS is spoken there", "write https:// in jira.url"}},
		{"http to a TLS that sends an alert", "http://" + raw(t, "\x15\x03\x01\x00\x02\x02\x0a"), jira.ErrUnavailable, []string{"speaks HTTPS", "write https:// in jira.url"}},
		{"http to Tomcat's https", "http://" + raw(t, "HTTP/1.1 400 \r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nBad Request\nThis combination of host and port requires TLS.\n"), jira.ErrBadReply, []string{"write https:// in jira.url"}},
		{"http where https is led to", redirecting.URL, jira.ErrBadReply, []string{"write https:// in jira.url"}},
		{"a certificate of nobody known", "https://" + host(secure), jira.ErrUnavailable, []string{"certificate", "in jira.ca_file"}},
		{"a proxy that is not there", "http://jira.example.invalid", jira.ErrUnavailable, []string{"connection refused", "jira.proxy_url"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tries := 0
			o := jira.Options{URL: tc.url, OneShot: true, Observe: func(string, int, time.Duration, http.Header) { tries++ }}
			switch tc.name {
			case "a proxy that is not there":
				o.ProxyURL = "http://" + refused
			case "no such host": // what the network says, wherever the test runs
				o.Transport = tripper(func(*http.Request) (*http.Response, error) {
					tries++
					return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "jira.example.invalid", IsNotFound: true}}
				})
				o.Observe = nil
			}
			_, err := newClient(t, o).Myself(t.Context())
			if !errors.Is(err, tc.kind) || tries != 1 {
				t.Errorf("%d tries, error %v; want one, and %v", tries, err, tc.kind)
			}
			for _, want := range append(tc.want, tc.url) {
				if err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%v: does not say %q", err, want)
				}
			}
		})
	}
}
