package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/stack"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
	"github.com/yourturn/yourturn/internal/suite"
)

// The secrets and the names of a service of which a bundle is made.
const (
	theToken    = "ATATT3xFfGF0-quill_TOKEN=9f8e7d"
	theHook     = "hook/of+a=secret-4711"
	theKey      = "0123456789abcdef-the-key-of-pseudonyms"
	proxyUser   = "gatekeeper-kim"
	proxySecret = "pa55&of%the-proxy!"
	pagesSecret = "s3cret-of-the-pages"
	theMail     = "bernadette.quill@quillcorp.example"
	jiraHost    = "jira.quillcorp.example"
	someMail    = "eve.unheardof@quillcorp.example"
	stranger    = "xenia.stranger"
)

// echoing is a proxy before a Jira that answers some requests with errors that repeat what
// it was sent, and name people.
type echoing struct {
	to    http.Handler
	says  string // what errors say of people
	on    atomic.Bool
	count atomic.Int64
}

// ServeHTTP implements http.Handler.
func (e *echoing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const every = 7
	n := e.count.Add(1)
	if !e.on.Load() || n%every != 0 {
		e.to.ServeHTTP(w, r)
		return
	}
	sent := r.Header.Get("Authorization") + " " + r.Header.Get("Proxy-Authorization") + " " + theToken
	said := func(text string) string {
		doc, err := json.Marshal(map[string]any{"errorMessages": []string{text}})
		if err != nil {
			panic(err)
		}
		return string(doc)
	}
	switch n / every % 4 {
	case 0:
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, said("bad header: "+sent))
	case 1:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, said(hex.EncodeToString([]byte(theToken))+" "+url.QueryEscape(sent)))
	case 2:
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, said(e.says))
	default:
		w.Header().Set("Content-Type", "text/html; "+theToken)
		fmt.Fprintf(w, "<p>%s", sent)
	}
}

// inEncodings returns the forms in which a text must be nowhere. Of base64 the digits that
// it alone decides are enough.
func inEncodings(text string) []string {
	forms := []string{text, hex.EncodeToString([]byte(text)), url.QueryEscape(text), url.PathEscape(text), strings.Trim(strconv.QuoteToASCII(text), `"`)}
	for before := range 3 {
		whole := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + text))
		forms = append(forms, whole[(before*8+5)/6:len(whole)-1])
	}
	return forms
}

// bundleFiles returns the files of a bundle, and fails unless each parses.
func bundleFiles(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatalf("%v: %.200q", err, archive)
	}
	out := map[string]string{}
	for _, f := range r.File {
		body, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
		switch filepath.Ext(f.Name) {
		case ".json":
			err = json.Unmarshal(text, new(any))
		case ".jsonl":
			for line := range bytes.Lines(text) {
				if err == nil {
					err = json.Unmarshal(line, new(any))
				}
			}
		case ".yml":
			err = yaml.Unmarshal(text, new(any))
		case ".txt":
			if f.Name == "metrics.txt" {
				parser := expfmt.NewTextParser(model.UTF8Validation)
				_, err = parser.TextToMetricFamilies(bytes.NewReader(text))
			}
		}
		if err != nil {
			t.Errorf("%s does not parse: %v", f.Name, err)
		}
		if f.Name != "MANIFEST.md" && !strings.Contains(out["MANIFEST.md"], "- `"+f.Name+"`, ") {
			t.Errorf("the manifest does not list %s", f.Name)
		}
	}
	return out
}

// TestBundleHoldsNoSecretAndNoName serves a living team's Jira through a day in which a
// proxy repeats secrets and names people. No file of the bundles that are made of it, by
// the route, by the command and without the service, holds a secret or a name in any
// encoding, and yet they tell what went wrong.
func TestBundleHoldsNoSecretAndNoName(t *testing.T) {
	for i, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			bundled(t, flavor, int64(i+1))
		})
	}
}

func bundled(t *testing.T, flavor jirasim.Flavor, seed int64) {
	tm, err := team.New(team.Options{Seed: seed, Flavor: flavor, Now: time.Now, SlipWindow: liveSlip})
	if err != nil {
		t.Fatal(err)
	}
	defer tm.Close()
	opts := jirasim.Options{Token: theToken, Email: theMail}
	if flavor == jirasim.DataCenter {
		opts.Email, opts.ContextPath = "", "/jira"
	}
	jira := &echoing{to: jirasim.NewServer(tm.Site(), opts)}
	srv := httptest.NewServer(jira)
	defer srv.Close()

	dir := filepath.Join(t.TempDir(), "folder-of-"+proxyUser)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	client := tlsConfig(t, dir, "prometheus", pagesSecret)
	for name, text := range map[string]string{"token": theToken, "hook": theHook, "key": theKey} {
		write(t, filepath.Join(dir, name), text+"\n")
	}
	config, probes := filepath.Join(dir, "yourturn.yml"), stack.Free(t)
	text := tm.ConfigYAML(team.Setup{JiraURL: "http://" + jiraHost + opts.ContextPath, StoreURL: "sqlite:" + filepath.Join(dir, "store.db"), TokenFile: "token", PollInterval: time.Second})
	text = strings.Replace(text, "bot@example.com", theMail, 1)
	text = strings.Replace(text, "jira:\n", "jira:\n  ca_file: ca.crt\n", 1) + fmt.Sprintf(`
web:
  config_file: web.yml
  probe_address: %q
  probe_metrics: true
  hosts: [pages.quillcorp.example]
  identity: {header: X-Forwarded-User, groups_header: X-Forwarded-Groups, trusted_proxies: [127.0.0.1/32]}
  roles:
    operator: {users: [prometheus], groups: [sre-of-quill]}
    lead: {PAY: {users: [lin@quillcorp.example]}}
    member: {PAY: {groups: [team-of-quill]}}
webhook: {secret_file: hook}
privacy: {key_file: key}
`, probes)
	write(t, config, text)

	s := &serveProcess{T: t, cmd: process(t.Context(), "serve", "--config.file", config, "--web.listen-address", "127.0.0.1:0"), ended: make(chan int, 1)}
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	through := &url.URL{Scheme: "http", User: url.UserPassword(proxyUser, proxySecret), Host: strings.TrimPrefix(srv.URL, "http://")}
	s.cmd.Env = append(s.cmd.Env, "HTTP_PROXY="+through.String(), "NO_PROXY=", "no_proxy=", "http_proxy=")
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s.cmd.Wait() //nolint:errcheck // the code tells
		s.ended <- s.cmd.ProcessState.ExitCode()
	}()
	base := "https://" + s.address()
	awaitFor(t, 3*time.Minute, "http://"+probes+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })

	// The day.
	people := peopleOf(t, config)
	jira.says = fmt.Sprintf("%s (%s) may not do that; ask %s or https://wiki.quillcorp.example/x, says %s", people[0].DisplayName, people[0].ID, someMail, people[len(people)-1].DisplayName)
	jira.on.Store(true)
	length := time.Duration(suite.Count(t, "YOURTURN_BUNDLE_HOURS", 8, 24)) * time.Hour / liveSpeed
	day, over := context.WithTimeout(t.Context(), length)
	defer over()
	var living sync.WaitGroup
	living.Go(func() { tm.Live(day, liveSpeed) }) //nolint:errcheck // it ends with its context
	as := func(user, groups string) func(*http.Request) {
		return func(r *http.Request) {
			r.SetBasicAuth("prometheus", pagesSecret)
			r.Host = "pages.quillcorp.example"
			if user != "" {
				r.Header.Set("X-Forwarded-User", user)
				r.Header.Set("X-Forwarded-Groups", groups)
			}
		}
	}
	if status, answer := asked(t, client, http.MethodPost, base+"/-/reload", as(stranger, "sre-of-quill")); status != http.StatusOK {
		t.Fatalf("the reload is answered with %d: %s", status, answer)
	}
	if status, _ := asked(t, client, http.MethodGet, base+"/projects/PAY", as("lin@quillcorp.example", "")); status != http.StatusOK {
		t.Errorf("a lead is answered with %d", status)
	}
	asked(t, http.DefaultClient, http.MethodGet, "http://"+s.address()+"/"+stranger, nil) // which is no TLS, and logged at debug
	living.Wait()
	failed := func(body, reason string) bool {
		return value(body, fmt.Sprintf(`yourturn_poll_failures_total{reason=%q}`, reason)) > 0
	}
	awaitFor(t, 3*time.Minute, "http://"+probes+"/metrics", func(_ int, body string) bool {
		return failed(body, "unauthorized") && failed(body, "bad_reply") && failed(body, "forbidden") && strings.Contains(body, "yourturn_jira_redacted_replies_total{")
	})

	// Who may have it.
	for who, tc := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"nobody":   {func(r *http.Request) { r.Host = "pages.quillcorp.example" }, http.StatusUnauthorized},
		"lead":     {as("lin@quillcorp.example", ""), http.StatusForbidden},
		"member":   {as("mia", "team-of-quill"), http.StatusForbidden},
		"no role":  {as("ned", ""), http.StatusForbidden},
		"operator": {as(stranger, "sre-of-quill"), http.StatusOK},
	} {
		if status, _ := asked(t, client, http.MethodGet, base+"/-/support", tc.change); status != tc.want {
			t.Errorf("%s is answered with %d, want %d", who, status, tc.want)
		}
	}
	path, err := store.Path("sqlite:" + filepath.Join(dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	holder, err := storelock.Read(path)
	if err != nil || holder.Secret == "" {
		t.Fatal("the lock file has no secret", err)
	}
	check := bundleCheck{dir: dir, people: peopleOf(t, config), config: config, lock: holder.Secret}

	_, archive := asked(t, client, http.MethodGet, base+"/-/support", as("", ""))
	files := bundleFiles(t, []byte(archive))
	check.holds(t, "by the route", files)
	for name, texts := range map[string][]string{
		"log.jsonl":      {"repeats a secret", "a poll cycle failed", "the config was reloaded", "poll complete", "may not do that; ask email-", `"level":"debug"`, `"by":["user-`},
		"sync.json":      {`"Requests": [`, "search"},
		"store.json":     {`"story": `, `"schema": 7`, `"first_sync_done": true`},
		"config.yml":     {"email: ", "owner-1", "url: http://host-", "user-1", "group-1", "token_file: token"},
		"audit.json":     {"exit_by_default"},
		"metrics.txt":    {`yourturn_poll_failures_total{reason="unauthorized"} `, `yourturn_jira_info{url="http://host-`, "go_goroutines ", "po_audit_findings{"},
		"goroutines.txt": {"app.(*Service).Run"},
		"heap.txt":       {"heap profile: "},
		"versions.json":  {`"database": "SQLite 3.`, `"go": "go1.`},
	} {
		for _, want := range texts {
			if strings.Contains(want, "email: ") && flavor == jirasim.DataCenter {
				continue
			}
			if !strings.Contains(files[name], want) {
				t.Errorf("%s lacks %q:\n%.3000s", name, want, files[name])
			}
		}
	}

	// By the command, which needs no password.
	out := filepath.Join(t.TempDir(), "bundle.zip")
	said := yourturn(t, 0, "support", "--config.file", config, "--out", out)
	if !strings.Contains(said, "MANIFEST.md") || !strings.Contains(said, "log.jsonl") {
		t.Errorf("support says:\n%s", said)
	}
	info, err := os.Stat(out)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v (%v)", info, err)
	}
	files = bundleFiles(t, []byte(content(t, out)))
	check.holds(t, "by the command", files)
	if !strings.Contains(files["log.jsonl"], "the command support") {
		t.Error("the audit log does not say that a bundle was made")
	}
	if again := yourturn(t, 2, "support", "--config.file", config, "--out", out); !strings.Contains(again, "exists, or cannot be looked at: choose another name") {
		t.Errorf("onto a file that exists support says:\n%s", again)
	}

	if code := s.signal(syscall.SIGTERM); code != 0 {
		t.Errorf("serve ended with %d:\n%s", code, &s.out)
	}
	for _, secret := range []string{theToken, theHook, proxySecret} {
		for _, form := range inEncodings(secret) {
			if strings.Contains(s.out.String(), form) {
				t.Errorf("the log holds %q as %q", secret, form)
			}
		}
	}
	// Without the service, and onto standard output.
	archive = yourturn(t, 0, "support", "--config.file", config, "--out", "-")
	files = bundleFiles(t, []byte(archive))
	check.holds(t, "without the service", files)
	manifest := strings.Join(strings.Fields(files["MANIFEST.md"]), " ")
	if _, has := files["log.jsonl"]; has || !strings.Contains(manifest, "no running service was asked") || !strings.Contains(manifest, "- `log.jsonl` a running service alone has it") {
		t.Errorf("the manifest says:\n%s", files["MANIFEST.md"])
	}
	for name, want := range map[string]string{"audit.json": "exit_by_default", "store.json": `"first_sync_done": true`, "config.yml": "owner-1"} {
		if !strings.Contains(files[name], want) {
			t.Errorf("without the service %s lacks %q:\n%s", name, want, files[name])
		}
	}
}

// TestSupportAsAPersonMeetsIt holds what support says to those who do not name a file, where
// another process has the store and cannot be asked, and where there is no store.
func TestSupportAsAPersonMeetsIt(t *testing.T) {
	p := newRig(t, jirasim.Cloud, jirasim.Options{}, "")
	p.move(p.dev, p.create(p.pay), "1", "2")
	p.fine()
	config, dir := p.svc.Config().File(), t.TempDir()
	if said := yourturn(t, 2, "support", "--config.file", config); !strings.Contains(said, "--out is missing: name the file to write") {
		t.Errorf("without a file support says:\n%s", said)
	}
	run := func(name string, args ...string) (said string, files map[string]string) {
		t.Helper()
		var out, errOut output
		file := filepath.Join(dir, name)
		if code := command.Run(t.Context(), append([]string{"support", "--config.file", config, "--out", file}, args...), command.Env{In: strings.NewReader(""), Out: &out, Err: &errOut}); code != 0 {
			t.Fatalf("%v: exit %d:\n%s", args, code, errOut.String())
		}
		return errOut.String(), bundleFiles(t, []byte(content(t, file)))
	}
	const alone = "the bundle is made of the config and the store alone"
	said, files := run("held.zip") // the rig holds the lock, and serves nothing
	if !strings.Contains(said, "holds the store and cannot be asked") || !strings.Contains(said, alone) || !strings.Contains(files["store.json"], `"story": 1`) {
		t.Errorf("where it cannot be asked support says:\n%s%s", said, files["store.json"])
	}
	r := p.serve()
	await(t, r.base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	said, files = run("asked.zip")
	if !strings.Contains(said, "runs, and is asked for a bundle") || files["sync.json"] == "" || !strings.Contains(files["MANIFEST.md"], "this process keeps none in memory") {
		t.Errorf("where it runs support says:\n%s%s", said, files["MANIFEST.md"])
	}
	said, files = run("offline.zip", "--offline")
	if !strings.Contains(said, alone) || files["sync.json"] != "" {
		t.Errorf("offline support says:\n%s", said)
	}
	p.stopped(r)
	p.svc.Close() //nolint:errcheck // it has ended
	if err := os.Remove(p.storePath()); err != nil {
		t.Fatal(err)
	}
	said, files = run("nothing.zip")
	if !strings.Contains(said, "no serve runs on this store") || files["config.yml"] == "" || files["store.json"] != "" || !strings.Contains(strings.Join(strings.Fields(files["MANIFEST.md"]), " "), "no such file or directory: run `yourturn sync`") {
		t.Errorf("without a store support says:\n%s%s", said, files["MANIFEST.md"])
	}
}

// bundleCheck knows what no bundle may hold.
type bundleCheck struct {
	dir, config, lock string
	people            []person
}

// person is an account of the store.
type person struct{ ID, Name, DisplayName string }

// peopleOf returns the accounts of the store of a config.
func peopleOf(t *testing.T, config string) (out []person) {
	t.Helper()
	users, err := storeOf(t, config, store.ReadOnly).Users(t.Context())
	if err != nil || len(users) < 10 {
		t.Fatalf("the store has %d accounts: %v", len(users), err)
	}
	for _, u := range users {
		out = append(out, person{u.ID, u.Name, u.DisplayName})
	}
	return out
}

// holds fails if a file holds a secret or a name.
func (c bundleCheck) holds(t *testing.T, how string, files map[string]string) {
	t.Helper()
	var doc struct {
		Owners map[string]struct {
			Accounts []string `yaml:"accounts"`
		} `yaml:"owners"`
	}
	if err := yaml.Unmarshal([]byte(content(t, c.config)), &doc); err != nil || len(doc.Owners) < 3 {
		t.Fatalf("the config has %d owners: %v", len(doc.Owners), err)
	}
	everywhere := []string{theToken, theHook, theKey, proxySecret, pagesSecret, theMail, c.lock, proxyUser}
	for _, o := range doc.Owners {
		everywhere = append(everywhere, o.Accounts...)
	}
	plain := []string{
		someMail, stranger, "quillcorp", "sre-of-quill", "team-of-quill", "lin@", c.dir, t.TempDir(), "$2a$",
	}
	for _, name := range []string{"ca.crt", "server.crt", "server.key"} {
		plain = append(plain, strings.Split(content(t, filepath.Join(c.dir, name)), "\n")[1])
	}
	var words []string
	for _, p := range c.people {
		plain = append(plain, p.ID, p.DisplayName)
		words = append(words, p.Name)
	}
	for key := range doc.Owners {
		words = append(words, key)
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	word := regexp.MustCompile(`\b(` + strings.Join(words, "|") + `)\b`)
	for name, text := range files {
		for _, secret := range everywhere {
			for _, form := range inEncodings(secret) {
				if i := strings.Index(text, form); i >= 0 {
					t.Errorf("%s: %s holds %q as %q: %q", how, name, secret, form, text[max(0, i-100):min(len(text), i+100)])
				}
			}
		}
		for _, form := range plain {
			if i := strings.Index(text, form); form != "" && i >= 0 {
				t.Errorf("%s: %s holds %q: %q", how, name, form, text[max(0, i-100):min(len(text), i+100)])
			}
		}
		if name == "versions.json" || name == "goroutines.txt" || name == "heap.txt" || name == "MANIFEST.md" {
			continue // their words are of programs
		}
		if at := word.FindStringIndex(text); at != nil {
			t.Errorf("%s: %s names %q: %q", how, name, text[at[0]:at[1]], text[max(0, at[0]-100):min(len(text), at[1]+100)])
		}
	}
}
