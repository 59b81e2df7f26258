package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/stack"
)

// tlsConfig writes a certificate for localhost, and exporter-toolkit's config with it
// and one user. It returns a client that trusts the certificate.
func tlsConfig(t *testing.T, dir, user, password string) *http.Client {
	t.Helper()
	a := stack.NewAuthority(t, dir)
	a.Sign(t, "server", 7)
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "web.yml"), fmt.Sprintf("tls_server_config: {cert_file: server.crt, key_file: server.key}\nbasic_auth_users: {%s: %q}\n", user, hash))
	return a.Client(t, "")
}

// asked sends a request and returns the answer.
func asked(t *testing.T, c *http.Client, method, url string, change func(*http.Request)) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	resp, err := c.Do(req)
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

// plain returns a page without its markup and white space.
func plain(body string) string {
	body = regexp.MustCompile(`(?s)<head>.*?</head>`).ReplaceAllString(body, "")
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, " ")), " ")
}

// TestWhoSeesWhat serves with TLS, passwords, a trusted proxy, roles and a listener
// for probes, and asks as each role.
func TestWhoSeesWhat(t *testing.T) {
	p := rigJira(t, jirasim.Cloud, jirasim.Options{})
	p.move(p.dev, p.create(p.pay), "1", "2")
	p.move(p.dev, p.create(p.ops), "1", "2")
	p.later(time.Hour)
	probes := stack.Free(t)
	p.serveJira()
	file := p.svc.Config().File()
	client := tlsConfig(t, filepath.Dir(file), "prometheus", "s3cret")
	p.restart(func(config string) string {
		return strings.Replace(config, "owners: {po: {", "owners: {po: {users: [pat], ", 1) + fmt.Sprintf(`
web:
  config_file: web.yml
  probe_address: %q
  probe_metrics: true
  hosts: [yourturn.example.com]
  identity: {header: x-forwarded-user, trusted_proxies: [127.0.0.1/32]}
  roles:
    operator: {users: [prometheus], groups: [sre]}
    lead: {PAY: {users: [lin]}}
    member: {OPS: {groups: [team-ops]}}
`, probes)
	})
	p.fine()
	r := p.serve()
	base := strings.Replace(r.base, "http:", "https:", 1)
	await(t, "http://"+probes+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	if body := await(t, "http://"+probes+"/metrics", line(open+" 1")); !strings.Contains(body, "go_goroutines") {
		t.Error("the probes' metrics lack those of the process")
	}
	for _, path := range []string{"/", "/sync", "/-/reload", "/webhook/jira", "/assets/page.css"} {
		if status, _ := asked(t, http.DefaultClient, http.MethodGet, "http://"+probes+path, nil); status != http.StatusNotFound {
			t.Errorf("the probes' listener answers %s with %d", path, status)
		}
	}
	as := func(user, groups string) func(*http.Request) {
		return func(r *http.Request) {
			r.SetBasicAuth("prometheus", "s3cret")
			r.Host = "yourturn.example.com"
			if user != "" {
				r.Header.Set("X-Forwarded-User", user)
				r.Header.Set("X-Forwarded-Groups", groups)
			}
		}
	}
	if status, _ := asked(t, client, http.MethodGet, base+"/", nil); status != http.StatusUnauthorized {
		t.Errorf("without a password: %d", status)
	}
	for _, tc := range []struct {
		who            string
		change         func(*http.Request)
		sees           []string
		lacks          []string
		sync, reloaded int
	}{
		{"operator", as("sam", "sre"), []string{"Sync", "No project is visible to you"}, []string{"PAY-1", "By owner", "Nothing waits"}, 200, 200},
		{"operator by password", as("", ""), []string{"Sync"}, []string{"PAY-1", "By owner"}, 200, 200},
		{"lead of PAY", as("lin", ""), []string{"PAY-1", "By owner", "PO PAY acceptance 1"}, []string{"OPS", "Sync"}, 403, 403},
		{"owner", as("pat", ""), []string{"PAY-1", "OPS-1", "By owner", "PO PAY acceptance 1", "PO OPS acceptance 1"}, []string{"Sync"}, 403, 403},
		{"member of OPS", as("kim", "staff, team-ops"), []string{"OPS-1", "By project", "OPS acceptance 1"}, []string{"PAY", "By owner", "Sync"}, 403, 403},
		{"nobody", as("eve", ""), []string{"not for you"}, []string{"PAY", "OPS"}, 403, 403},
	} {
		_, body := asked(t, client, http.MethodGet, base+"/", tc.change)
		text := plain(body)
		for _, want := range tc.sees {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not see %q: %s", tc.who, want, text)
			}
		}
		for _, not := range tc.lacks {
			if strings.Contains(text, not) {
				t.Errorf("%s sees %q: %s", tc.who, not, text)
			}
		}
		sync, _ := asked(t, client, http.MethodGet, base+"/sync", tc.change)
		metrics, _ := asked(t, client, http.MethodGet, base+"/metrics", tc.change)
		reload, _ := asked(t, client, http.MethodPost, base+"/-/reload", tc.change)
		if sync != tc.sync || metrics != tc.sync || reload != tc.reloaded {
			t.Errorf("%s: /sync %d, /metrics %d, reload %d, want %d, %d and %d", tc.who, sync, metrics, reload, tc.sync, tc.sync, tc.reloaded)
		}
		figures.Note(t, "%s: /sync %d, /metrics %d, POST /-/reload %d; / shows: %s", tc.who, sync, metrics, reload, text)
	}
	p.logs(`"logger":"audit","msg":"the config was reloaded","by":["sam at 127.0.0.1"]`, true)
	p.logs(`"logger":"audit","msg":"somebody looks at an owner's numbers","owner":"po","by":"lin","what":"/"`, true)
	p.logs(`"by":"pat"`, false)
	_, own := asked(t, client, http.MethodGet, base+"/owners/po", as("pat", ""))
	if text := plain(own); !strings.Contains(text, "Your turn") || !regexp.MustCompile(`Who looked at your numbers\s+lin\s+at\s+/\s*,`).MatchString(text) {
		t.Errorf("the owner does not see who looked: %s", text)
	}
	body := await(t, "http://"+probes+"/metrics", has("yourturn_http_refused_total"))
	if value(body, `yourturn_http_refused_total{reason="no_role"}`) < 7 {
		t.Errorf("refusals are not counted:\n%s", regexp.MustCompile(`(?m)^yourturn_http.*$`).FindAllString(body, -1))
	}

	// sync reaches the process by the lock file, whatever the pages ask for.
	if out := yourturn(t, 0, "sync", "--config.file", file); !strings.Contains(out, "the store holds 2 stories") {
		t.Errorf("sync says:\n%s", out)
	}
	// Another role is in force after a reload, another listener is not.
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, strings.Replace(string(text), "users: [lin]", "users: [lou]", 1))
	if status, answer := asked(t, client, http.MethodPost, base+"/-/reload", as("sam", "sre")); status != http.StatusOK {
		t.Fatalf("reload: %d %s", status, answer)
	}
	if status, _ := asked(t, client, http.MethodGet, base+"/", as("lin", "")); status != http.StatusForbidden {
		t.Errorf("who was lead is answered with %d", status)
	}
	write(t, file, strings.Replace(string(text), probes, stack.Free(t), 1))
	if status, answer := asked(t, client, http.MethodPost, base+"/-/reload", as("sam", "sre")); status != http.StatusInternalServerError || !strings.Contains(answer, "web.probe_address") {
		t.Errorf("reload with another listener: %d %s", status, answer)
	}
	p.stopped(r)
}

// TestReloadsStarveNoCycle reloads in a loop from four sides, while Jira takes its
// time. Cycles are completed all the same, and the answers come.
func TestReloadsStarveNoCycle(t *testing.T) {
	p := newRig(t, jirasim.Cloud, jirasim.Options{}, "")
	p.move(p.dev, p.create(p.pay), "1", "2")
	p.later(time.Hour)
	p.restart(p.replaced("projects: [", "poll_interval: 1s, projects: ["))
	p.faulty(func(*http.Request) *jirasim.Fault { return &jirasim.Fault{Delay: 50 * time.Millisecond} })
	r := p.serve()
	p.completes(r, 0)
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base+"/-/reload", nil)
				if err != nil {
					t.Error(err)
					return
				}
				if resp, err := http.DefaultClient.Do(req); err == nil {
					resp.Body.Close()
					if resp.StatusCode != http.StatusOK {
						t.Errorf("a reload is answered with %s", resp.Status)
					}
				}
			}
		})
	}
	for range 2 {
		p.completes(r, p.completed())
	}
	stop()
	clients.Wait()
	p.stopped(r)
}

// TestOpenToEverybodyIsSaid starts on all addresses without protection: the log and
// check say so.
func TestOpenToEverybodyIsSaid(t *testing.T) {
	p := newRig(t, jirasim.Cloud, jirasim.Options{}, "web: {listen_address: \":9817\"}\n")
	const said = "open to everybody who reaches"
	if out := yourturn(t, 0, "check", "--config.file", p.svc.Config().File()); !strings.Contains(strings.Join(strings.Fields(out), " "), said+" :9817") {
		t.Errorf("check says:\n%s", out)
	}
	p.logs(said, false)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.svc.Run(ctx, l) }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	await(t, "http://127.0.0.1:"+port+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	p.logs(said, true)
	// Whatever the name: the address is not only this machine's.
	if status, _ := asked(t, http.DefaultClient, http.MethodGet, "http://127.0.0.1:"+port+"/", func(r *http.Request) { r.Host = "yourturn.example.com" }); status != http.StatusOK {
		t.Errorf("another name is answered with %d", status)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	// A file of exporter-toolkit that is wrong ends serve before it begins.
	write(t, filepath.Join(filepath.Dir(p.svc.Config().File()), "web.yml"), "tls: {}\n")
	p.svc.Close() //nolint:errcheck // it has ended
	text, err := os.ReadFile(p.svc.Config().File())
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.svc.Config().File(), strings.Replace(string(text), "web: {", "web: {config_file: web.yml, ", 1))
	for _, args := range [][]string{{"serve"}, {"check"}} {
		if out := yourturn(t, 2, append(args, "--config.file", p.svc.Config().File())...); !strings.Contains(out, "web.config_file") {
			t.Errorf("%v says:\n%s", args, out)
		}
	}
}
