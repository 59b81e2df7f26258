package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/stack"
)

// examples returns the examples of docs/access.md under a heading, by the name of
// the file that each is of.
func examples(t *testing.T, heading string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/access.md has no heading %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	out := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```[a-z]+\n# (\\S+)\n(.*?)```").FindAllStringSubmatch(section, -1) {
		out[filepath.Base(m[1])] = m[2]
	}
	return out
}

// exchanged replaces texts that an example must have.
func exchanged(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the example has no %q:\n%s", pairs[i], text)
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

// hashed returns what htpasswd -B writes of a password.
func hashed(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

// watched returns a service with an open wait of PAY, whose config goes on with more,
// and the folder of its config, in which an authority has signed yourturn.crt and
// files are by name.
func watched(t *testing.T, more string, files map[string]string) (p *rig, dir string, authority *stack.Authority) {
	t.Helper()
	p = rigJira(t, jirasim.Cloud, jirasim.Options{})
	p.move(p.dev, p.create(p.pay), "1", "2")
	p.later(time.Hour)
	p.serveJira()
	dir = filepath.Dir(p.svc.Config().File())
	authority = stack.NewAuthority(t, dir)
	authority.Sign(t, "yourturn", 2)
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	p.restart(func(config string) string {
		more = strings.Replace(more, "  listen_address: :9817\n", "", 1) // the test chooses it
		return config + "webhook: {secret_file: token}\n" + more
	})
	p.fine()
	return p, dir, authority
}

// TestExampleOfNginx runs Debian's nginx with the example of docs/access.md.
func TestExampleOfNginx(t *testing.T) {
	nginx := stack.Program(t, "nginx-light", "nginx", "/usr/sbin/nginx")
	e := examples(t, "People, by nginx")
	p, dir, authority := watched(t, e["yourturn.yml"], nil)
	r := p.serve()
	users := ""
	for _, user := range []string{"sam", "lin", "kim", "eve"} {
		users += user + ":" + hashed(t, user+"'s password") + "\n"
	}
	write(t, filepath.Join(dir, "yourturn.users"), users)
	address := stack.Free(t)
	server := exchanged(t, e["yourturn.conf"], "listen 443 ssl", "listen "+address+" ssl", "/etc/ssl/", dir+"/", "/etc/nginx/", dir+"/", "http://127.0.0.1:9817", r.base)
	temporary := ""
	for _, of := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temporary += fmt.Sprintf("  %s_temp_path %s/%s;\n", of, dir, of)
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n" // who may read the folder of the test
	}
	write(t, filepath.Join(dir, "nginx.conf"), user+"daemon off;\nerror_log stderr;\npid "+dir+"/nginx.pid;\nevents {}\nhttp {\n  access_log off;\n"+temporary+server+"}\n")
	stack.Begin(t, nginx, "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	client := authority.Client(t, "")
	ask := func(method, path string, change func(*http.Request)) (status int, body string, err error) {
		req, err := http.NewRequestWithContext(t.Context(), method, "https://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "yourturn.example.com"
		if change != nil {
			change(req)
		}
		return replied(client.Do(req))
	}
	stack.Eventually(t, "nginx answers", func(context.Context) bool { _, _, err := ask(http.MethodGet, "/", nil); return err == nil })
	as := func(user string) func(*http.Request) {
		return func(r *http.Request) {
			r.SetBasicAuth(user, user+"'s password")
			// What nginx does not take from a client:
			r.Header.Set("X-Forwarded-User", "sam")
			r.Header.Set("X-Forwarded-Groups", "sre")
		}
	}
	for _, tc := range []struct {
		method, path string
		change       func(*http.Request)
		status       int
		says         string
	}{
		{"GET", "/", nil, 401, ""},
		{"GET", "/", func(r *http.Request) { r.SetBasicAuth("sam", "x") }, 401, ""},
		{"GET", "/", as("lin"), 200, "By owner"},
		{"GET", "/", as("kim"), 200, "By project"},
		{"GET", "/assets/page.css", as("kim"), 200, "color-scheme"},
		{"GET", "/", as("sam"), 200, "No project is visible to you"},
		{"GET", "/", as("eve"), 403, "not for you"},
		{"GET", "/sync", as("lin"), 403, "not for you"},
		{"GET", "/sync", as("sam"), 200, "Sync"},
		{"POST", "/-/reload", as("sam"), 200, ""},
		{"POST", "/-/reload", func(r *http.Request) { as("sam")(r); r.Header.Set("Origin", "https://yourturn.example.com") }, 200, ""},
		{"POST", "/-/reload", func(r *http.Request) { as("sam")(r); r.Header.Set("Origin", "https://evil.example") }, 403, "another site"},
		{"POST", "/-/reload", as("kim"), 403, "not for you"},
		{"POST", "/webhook/jira", as("sam"), 401, ""}, // its signature is missing
		{"GET", "/webhook/jira", as("sam"), 405, ""},
	} {
		status, body, err := ask(tc.method, tc.path, tc.change)
		if err != nil || status != tc.status || !strings.Contains(body, tc.says) {
			t.Errorf("%s %s: answered with %d (error %v), want %d and %q:\n%s", tc.method, tc.path, status, err, tc.status, tc.says, body)
		}
	}
	p.logs(`"by":["sam at 127.0.0.1"]`, true)
	p.stopped(r)
}

// replied returns the status and the body of an answer.
func replied(resp *http.Response, err error) (int, string, error) {
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// TestExampleOfPrometheus runs Debian's Prometheus with the example of
// docs/access.md, with identity besides, and with the probes' example.
func TestExampleOfPrometheus(t *testing.T) {
	stack.Program(t, "prometheus", "prometheus")
	e := examples(t, "Prometheus, with TLS and a password")
	p, dir, _ := watched(t, e["yourturn.yml"]+"  probe_address: "+stack.Free(t)+"\n  identity: {trusted_proxies: [192.0.2.0/24]}\n  roles: {operator: {users: [prometheus]}}\n", map[string]string{
		"access.yml": regexp.MustCompile(`\$2y\$\S+`).ReplaceAllLiteralString(e["access.yml"], hashed(t, "s3cret")), "yourturn.password": "s3cret",
	})
	r := p.serve()
	address := strings.TrimPrefix(r.base, "http://")
	write(t, filepath.Join(dir, "prometheus.yml"), "global: {scrape_interval: 1s}\n"+exchanged(t, e["prometheus.yml"], "yourturn.example.com:9817", address))
	prometheus := stack.StartPrometheus(t, dir)
	stack.Eventually(t, "Prometheus has scraped", func(context.Context) bool {
		return len(prometheus.Instant(t, `po_waits_open{job="yourturn",project="PAY"} == 1 and on(job) up == 1 and on(job) yourturn_poll_success == 1`, time.Now())) == 1
	})
	probes := p.svc.Config().Web.ProbeAddress
	yourturn(t, 0, "healthcheck", "--url", "http://"+probes+"/-/healthy")
	if out := yourturn(t, 0, "sync", "--config.file", p.svc.Config().File()); !strings.Contains(out, "the store holds") {
		t.Errorf("sync says:\n%s", out)
	}
	p.stopped(r)
}
