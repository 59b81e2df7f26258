package jira_test

import (
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
)

// These tests go through the network that the binary goes through: a proxy,
// and certificates of an authority that nothing else trusts.

// proxy is an HTTP proxy through which every host is one Jira.
type proxy struct {
	*httptest.Server
	mu     sync.Mutex
	passed []string // what it was asked for: an address, or CONNECT and a host
}

func newProxy(t *testing.T, to *httptest.Server) *proxy {
	p := &proxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.passed = append(p.passed, strings.TrimPrefix(r.Method+" "+r.RequestURI, "GET "))
		p.mu.Unlock()
		if r.Method != http.MethodConnect {
			to.Config.Handler.ServeHTTP(w, r)
			return
		}
		there, err := net.Dial("tcp", to.Listener.Addr().String())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		here, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, err = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		}
		if err != nil {
			t.Error(err)
			return
		}
		go func() { io.Copy(there, here); there.Close() }() //nolint:errcheck // until either goes away
		go func() { io.Copy(here, there); here.Close() }()  //nolint:errcheck // likewise
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) seen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.passed, ", ")
}

// newSecure returns a Jira over TLS, and a file with the certificate of the
// authority that vouches for it as example.com.
func newSecure(t *testing.T) (srv *httptest.Server, caFile string) {
	srv = httptest.NewUnstartedServer(rightAnswers(jiradata.Cloud))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0) // of who does not trust it
	srv.StartTLS()
	t.Cleanup(srv.Close)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(caFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return srv, caFile
}

func TestPrivateAuthority(t *testing.T) {
	srv, caFile := newSecure(t)
	if _, err := newClient(t, jira.Options{URL: srv.URL, CAFile: caFile}).Myself(t.Context()); err != nil {
		t.Errorf("with jira.ca_file: %v", err)
	}
	_, err := newClient(t, jira.Options{URL: srv.URL}).Myself(t.Context())
	if !errors.Is(err, jira.ErrUnavailable) || !strings.Contains(err.Error(), "certificate") || !strings.Contains(err.Error(), "in jira.ca_file") {
		t.Errorf("without jira.ca_file: got error %v, want one that names it", err)
	}
}

func TestProxy(t *testing.T) {
	plain := httptest.NewServer(rightAnswers(jiradata.Cloud))
	defer plain.Close()
	secure, caFile := newSecure(t)
	for _, tc := range []struct {
		url  string
		to   *httptest.Server
		want string // what the proxy was asked for at first
	}{
		{"http://jira.example.com", plain, "http://jira.example.com/rest/api/2/myself"},
		{"https://example.com", secure, "CONNECT example.com:443"},
	} {
		p := newProxy(t, tc.to)
		c := newClient(t, jira.Options{URL: tc.url, ProxyURL: p.URL, CAFile: caFile})
		if _, err := c.Myself(t.Context()); err != nil {
			t.Errorf("%s: %v", tc.url, err)
		}
		if got, _, _ := strings.Cut(p.seen(), ", "); got != tc.want {
			t.Errorf("%s: the proxy was asked for %q, want %q", tc.url, got, tc.want)
		}
	}
}

// askVariable makes this binary ask the Jira at an address who asks, as a
// process of its own: net/http reads the environment's proxy once.
const askVariable = "YOURTURN_TEST_ASK"

func TestProxyOfTheEnvironment(t *testing.T) {
	if url := os.Getenv(askVariable); url != "" {
		c := newClient(t, jira.Options{URL: url, CAFile: os.Getenv("YOURTURN_TEST_CA"), ProxyURL: os.Getenv("YOURTURN_TEST_PROXY")})
		if _, err := c.Myself(t.Context()); err != nil {
			t.Error(err)
		}
		return
	}
	plain := httptest.NewServer(rightAnswers(jiradata.Cloud))
	defer plain.Close()
	secure, caFile := newSecure(t)
	const none = "http://127.0.0.1:1"
	for _, tc := range []struct {
		name, url, variable string
		to                  *httptest.Server
		environment         []string
		want                string // what the proxy was asked for
	}{
		{"HTTP_PROXY", "http://jira.example.com", "HTTP_PROXY", plain, nil, "http://jira.example.com/rest/api/2/myself"},
		{"HTTPS_PROXY", "https://example.com", "HTTPS_PROXY", secure, []string{"HTTP_PROXY=" + none}, "CONNECT example.com:443"},
		{"small letters", "https://example.com", "https_proxy", secure, nil, "CONNECT example.com:443"},
		{"the config goes before it", "https://example.com", "YOURTURN_TEST_PROXY", secure, []string{"HTTPS_PROXY=" + none}, "CONNECT example.com:443"},
		{"and before NO_PROXY", "https://example.com", "YOURTURN_TEST_PROXY", secure, []string{"NO_PROXY=example.com"}, "CONNECT example.com:443"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newProxy(t, tc.to)
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProxyOfTheEnvironment$")
			cmd.Env = append([]string{askVariable + "=" + tc.url, "YOURTURN_TEST_CA=" + caFile, tc.variable + "=" + p.URL}, tc.environment...)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if got, _, _ := strings.Cut(p.seen(), ", "); got != tc.want {
				t.Errorf("the proxy was asked for %q, want %q", got, tc.want)
			}
		})
	}
}
