package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/columns"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/suite"
)

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	good := "jira: {url: http://127.0.0.1:1, projects: [PAY]}\n"
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		write(t, path, text)
		return path
	}
	for _, tc := range []struct {
		name string
		args []string
		code int
		want []string // of what is printed
	}{
		{"help teaches", []string{"--help"}, 0, []string{"yourturn demo", "Exit codes"}},
		{"version", []string{"--version"}, 0, []string{"revision"}},
		{"unknown command", []string{"sevre"}, 2, []string{`unknown command "sevre"`}},
		{"unknown flag", []string{"waits", "--opne"}, 2, []string{"--opne", "yourturn waits --help"}},
		{"an argument too many", []string{"sync", "now"}, 2, []string{"yourturn sync --help"}},
		{"no config", []string{"sync", "--config.file", filepath.Join(dir, "none.yml")}, 2, []string{"none.yml", "--config.file"}},
		{"unknown key", []string{"check", "--config.file", file("key.yml", good+"defaults:\n  aceptance_statuses: [x]\n")}, 2, []string{"key.yml:3: ", "acceptance_statuses"}},
		{"two things wrong", []string{"serve", "--config.file", file("two.yml", "jira: {url: ftp://x, projects: [pay]}\n")}, 2, []string{"jira.url", "did you mean PAY?"}},
		{"not built yet", []string{"serve", "--config.file", file("later.yml", good+"metrics: {native_histograms: true}\n")}, 2, []string{"later.yml:2: metrics.native_histograms: is not supported yet"}},
		{"a valid config", []string{"check", "--config.file", file("good.yml", good)}, 0, []string{"is valid"}},
		{"no token", []string{"sync", "--config.file", file("token.yml", good)}, 2, []string{"YOURTURN_JIRA_TOKEN", "jira.token_file"}},
		{"nothing synced", []string{"waits", "--config.file", file("empty.yml", good+"store: {url: sqlite:none.db}\n")}, 1, []string{"none.db", "yourturn sync"}},
		{"format", []string{"waits", "--format", "xml"}, 2, []string{"table, json or csv"}},
		{"kind", []string{"waits", "--kind", "verdict"}, 2, []string{"acceptance or question"}},
		{"a report of a sprint of no project", []string{"report", "--sprint", "12"}, 2, []string{"--project"}},
		{"a report of a sprint and days", []string{"report", "--sprint", "12", "--from", "2026-03-02"}, 2, []string{"--sprint", "--from"}},
		{"a report from one day on", []string{"report", "--from", "2026-03-02"}, 2, []string{"both --from and --to"}},
		{"a report in another form", []string{"report", "--format", "pdf"}, 2, []string{"markdown, html, json or csv"}},
		{"speed", []string{"demo", "--speed", "0"}, 2, []string{"above 0"}},
		{"flavor", []string{"jirasim", "--flavor", "server"}, 2, []string{"cloud or datacenter"}},
		{"no export", []string{"jirasim", "--data", filepath.Join(dir, "none.jsonl")}, 1, []string{"none.jsonl"}},
		{"a broken line", []string{"jirasim", "--data", file("broken.jsonl", exportLine+"\n{\"id\": 7\n")}, 1, []string{"broken.jsonl:2: "}},
		{"nobody there", []string{"healthcheck", "--url", "http://127.0.0.1:1/-/healthy"}, 1, []string{"127.0.0.1:1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := yourturn(t, tc.code, tc.args...)
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("does not say %q:\n%s", want, got)
				}
			}
		})
	}
}

// exportLine is a small issue in the form of an export.
const exportLine = `{"id":"1","key":"X-1","fields":{"summary":"s","created":"2026-01-04T18:54:04.170+0000","updated":"2026-01-04T18:54:04.170+0000","project":{"id":"5","key":"X","name":"X"},"issuetype":{"id":"1","name":"Bug"},"status":{"id":"1","name":"Open","statusCategory":{"key":"new"}},"comment":{"total":0,"comments":[]}},"changelog":{"histories":[]}}`

func TestEnvironmentBeatsNothingButTheFile(t *testing.T) {
	t.Setenv("YOURTURN_FORMAT", "xml")
	if got := yourturn(t, 2, "waits"); !strings.Contains(got, "xml") {
		t.Errorf("the environment was not read: %s", got)
	}
	t.Setenv("YOURTURN_TIMEOUT", "soon")
	if got := yourturn(t, 2, "healthcheck"); !strings.Contains(got, "YOURTURN_TIMEOUT") {
		t.Errorf("does not name the variable: %s", got)
	}
}

// TestJiraRefuses runs commands with what Jira refuses: they exit with 1, and print
// no token.
func TestJiraRefuses(t *testing.T) {
	const secret = "s3cr3t-t0k3n"
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		for _, tc := range []struct {
			name, old, new string
			want           []string
		}{
			{"wrong token", "token", "", []string{"401"}},
			{"a bearer that is none", "token", "", []string{map[jirasim.Flavor]string{jirasim.Cloud: "403", jirasim.DataCenter: "401"}[flavor], "jira.token_file"}},
			{"unknown project", "projects: [", "projects: [NOPE, ", []string{"NOPE"}},
			{"unknown project in a query", "", `jql: "project in (PAY, NOPE)"`, []string{"NOPE"}},
			{"unknown field in a query", "", "jql: dragon = 1", []string{"dragon"}},
			{"a query that is none", "", "jql: project =", []string{"JQL"}},
			{"unknown status", "acceptance_statuses: [PO Review]", "acceptance_statuses: [PO Revue]", []string{"yourturn.yml:", "PO Revue", "PO Review"}},
			{"unknown field", "owner_field: Product Owner", "owner_field: Produkt Owner", []string{"yourturn.yml:", "Produkt Owner", "Product Owner (customfield_10050)"}},
		} {
			t.Run(string(flavor)+" "+tc.name, func(t *testing.T) {
				t.Parallel()
				o := newOrganisation(t, 1, flavor)
				text, err := os.ReadFile(o.config)
				if err != nil {
					t.Fatal(err)
				}
				switch tc.name {
				case "wrong token", "a bearer that is none":
					write(t, filepath.Join(filepath.Dir(o.config), "token"), secret)
					if tc.name != "wrong token" {
						text = regexp.MustCompile(`(?m)^ +(email|flavor):.*\n`).ReplaceAll(text, nil)
						text = bytes.Replace(text, []byte("jira:\n"), []byte("jira:\n  flavor: "+string(flavor)+"\n"), 1)
					}
				case "unknown project in a query", "unknown field in a query", "a query that is none":
					text = regexp.MustCompile(`(?m)^ +projects: \[.*\]$`).ReplaceAll(text, []byte("  "+tc.new))
				default:
					text = bytes.Replace(text, []byte(tc.old), []byte(tc.new), 1)
				}
				write(t, o.config, string(text))
				for _, args := range [][]string{
					{"sync", "--config.file", o.config},
					{"check", "--online", "--config.file", o.config},
					{"serve", "--config.file", o.config, "--web.listen-address", "127.0.0.1:0"},
				} {
					got := yourturn(t, 1, args...)
					for _, want := range tc.want {
						if !strings.Contains(got, want) {
							t.Errorf("%s does not say %q:\n%s", args[0], want, got)
						}
					}
					if strings.Contains(got, secret) {
						t.Errorf("%s prints the token:\n%s", args[0], got)
					}
				}
			})
		}
	}
}

// refusing is a network on which nobody listens.
type refusing struct{}

// RoundTrip implements http.RoundTripper.
func (refusing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// resetting is a network that connects, and breaks off every exchange.
type resetting struct{}

// RoundTrip implements http.RoundTripper.
func (resetting) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

// TestJiraIsUnreachable runs commands on a Jira that does not answer: they try again
// for a while, unless no connection can be made, exit with 1, and print no token.
func TestJiraIsUnreachable(t *testing.T) {
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		config := newOrganisation(t, 1, flavor).config
		for _, tc := range []struct {
			name, want string
			network    http.RoundTripper
			again      bool // they try again
			args       []string
		}{
			{"sync, broken off", "reset", resetting{}, true, []string{"sync", "--config.file", config}},
			{"check, broken off", "reset", resetting{}, true, []string{"check", "--online", "--config.file", config}},
			{"sync, refused", "refused", refusing{}, false, []string{"sync", "--config.file", config}},
			{"check, refused", "refused", refusing{}, false, []string{"check", "--online", "--config.file", config}},
		} {
			t.Run(fmt.Sprint(flavor, " ", tc.name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var out bytes.Buffer
					begin := time.Now()
					env := command.Env{In: strings.NewReader(""), Out: &out, Err: &out, Transport: tc.network}
					if code := command.Run(t.Context(), tc.args, env); code != command.ExitFailed || !strings.Contains(out.String(), tc.want) {
						t.Errorf("exit %d, want %d and the reason:\n%s", code, command.ExitFailed, &out)
					}
					if strings.Contains(out.String(), "t0k3n") {
						t.Errorf("it prints the token:\n%s", &out)
					}
					if took := time.Since(begin); (took >= time.Second) != tc.again {
						t.Errorf("it gave up after %s, and should have tried again: %t", took, tc.again)
					}
				})
			})
		}
	}
}

// TestCheckOnline checks the generated organisation by its own config: all of it
// works, in 80 columns, and --names lists what a config is written from.
func TestCheckOnline(t *testing.T) {
	o := newOrganisation(t, 1, jirasim.Cloud)
	yourturn(t, 0, "sync", "--config.file", o.config)
	got := yourturn(t, 0, "check", "--online", "--config.file", o.config)
	for _, want := range []string{
		"is a Jira Cloud", "a Cloud API token of bot@example.com is accepted", "in all 4 projects: the account may browse", `in 2 projects (APP, PAY): acceptance is "PO Review" (10105)`,
		`owner_field is "Product Owner"`, "ada is Ada Ohm", "store.db can be written; it holds ", "the last 90 days, from the store", "bypassed acceptance", "Result: ",
	} {
		if !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
			t.Errorf("does not say %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "LEFT ACCEPTANCE TO") || strings.Contains(got, "broken ") {
		t.Errorf("says too much:\n%s", got)
	}
	got = yourturn(t, 0, "check", "--online", "--names", "--config.file", o.config)
	for _, want := range []string{"PO Review", "acceptance", "customfield_10050", "IS A STORY", "CONFIGURED OWNERS", "LEFT ACCEPTANCE TO", "Ready for Release"} {
		if !strings.Contains(got, want) {
			t.Errorf("does not list %q:\n%s", want, got)
		}
	}
	for line := range strings.SplitSeq(got, "\n") {
		if columns.Of(line) > 80 && !strings.Contains(line, "/") { // a path or an address is never broken
			t.Errorf("a line of %d columns: %s", columns.Of(line), line)
		}
	}
	if got := yourturn(t, 2, "check", "--names", "--config.file", o.config); !strings.Contains(got, "--names needs --online") {
		t.Errorf("--names alone says: %s", got)
	}
}

func TestWaitsExplains(t *testing.T) {
	o := newOrganisation(t, 1, jirasim.Cloud)
	yourturn(t, 0, "sync", "--config.file", o.config)
	w := o.team.Truth()[0]
	got := yourturn(t, 0, "waits", "--config.file", o.config, "--story", w.Story)
	for _, want := range []string{w.Story, "owner's clock: working", "story's clock", w.Cause} {
		if !strings.Contains(got, want) {
			t.Errorf("does not say %q:\n%s", want, got)
		}
	}
	for _, wrong := range []struct{ flag, value, want string }{
		{"--owner", "adda", "did you mean ada"}, {"--owner", "Ada Om", "did you mean Ada Ohm"}, {"--project", "PAYY", "did you mean PAY"}, {"--story", "PAYY-7", "did you mean PAY-7?"},
	} {
		for _, format := range []string{"table", "json", "csv"} {
			if got := yourturn(t, 2, "waits", "--config.file", o.config, "--format", format, wrong.flag, wrong.value); !strings.Contains(got, wrong.want) {
				t.Errorf("%s %s: %s", wrong.flag, wrong.value, got)
			}
		}
	}
	for _, name := range []string{"ada ohm", "ADA"} {
		if got, want := yourturn(t, 0, "waits", "--config.file", o.config, "--owner", name), yourturn(t, 0, "waits", "--config.file", o.config, "--owner", "ada"); got != want {
			t.Errorf("%s has other waits than ada:\n%s", name, got)
		}
	}
	if got := yourturn(t, 2, "waits", "--config.file", o.config, "--story", "PAY-99999"); !strings.Contains(got, "PAY-99999") {
		t.Errorf("does not name the story: %s", got)
	}
	before := yourturn(t, 0, "waits", "--config.file", o.config, "--as-of", w.Start.Add(-time.Millisecond).Format(time.RFC3339Nano))
	if !strings.Contains(before, "0 waits") {
		t.Errorf("before the first wait there are some:\n%s", before)
	}
	// In three months of silence all that is open is forgotten.
	late := o.team.Truth()[len(o.team.Truth())-1].Start.AddDate(0, 3, 0).Format(time.RFC3339)
	for format, want := range map[string]string{"table": "  forgotten  ", "json": `"forgotten":true`, "csv": "entered_acceptance,true,"} {
		if got := yourturn(t, 0, "waits", "--config.file", o.config, "--open", "--as-of", late, "--format", format); !strings.Contains(got, want) {
			t.Errorf("as %s no wait is forgotten:\n%s", format, got)
		}
		if got := yourturn(t, 0, "waits", "--config.file", o.config, "--as-of", w.Start.Format(time.RFC3339), "--format", format); strings.Contains(got, want) {
			t.Errorf("as %s a wait is forgotten as it begins:\n%s", format, got)
		}
	}
	csv := yourturn(t, 0, "waits", "--config.file", o.config, "--owner", "ada", "--format", "csv")
	if lines := strings.Split(strings.TrimSpace(csv), "\n"); len(lines) < 10 || !strings.HasPrefix(lines[0], "story,") {
		t.Errorf("no table: %s", csv)
	}
	if audit := yourturn(t, 0, "waits", "--config.file", o.config, "--audit"); !strings.Contains(audit, "migration") {
		t.Errorf("the audit finds no migration:\n%s", audit)
	}
}

// TestOneShotCommandsSayWhatTheyAsk holds that commands that somebody waits for say
// which Jira they ask, before it answers, and that serve does while it has nothing
// to show.
func TestOneShotCommandsSayWhatTheyAsk(t *testing.T) {
	t.Setenv("YOURTURN_JIRA_TOKEN", "t0k3n")
	file := filepath.Join(t.TempDir(), "yourturn.yml")
	write(t, file, "jira: {url: http://127.0.0.1:1, projects: [PAY]}\n")
	for _, args := range [][]string{
		{"sync", "--config.file", file},
		{"check", "--online", "--config.file", file},
		{"init", "--yes", "--jira.url", "http://127.0.0.1:1", "--output", file + ".new"},
	} {
		var out output
		code := command.Run(t.Context(), args, command.Env{In: strings.NewReader(""), Out: &out, Err: &out})
		_, rest, ok := strings.Cut(out.String(), "asking http://127.0.0.1:1\n")
		if rest = strings.Join(strings.Fields(rest), " "); code != 1 || !ok || !strings.Contains(rest, "127.0.0.1:1: connect: connection refused") {
			t.Errorf("%s ends with %d and says:\n%s", args[0], code, out.String())
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var out output
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, []string{"serve", "--config.file", file, "--web.listen-address", "127.0.0.1:0"}, command.Env{In: strings.NewReader(""), Out: &out, Err: &out})
	}()
	started(t, &out, ended, `asking Jira; .*"jira": "(http://127.0.0.1:1)"`)
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("stopped, serve ended with %d:\n%s", code, out.String())
	}
}

// TestDemoBesideAToken runs the demo, reloads its config and reads its store where
// the environment holds the token of another Jira.
func TestDemoBesideAToken(t *testing.T) {
	t.Setenv("YOURTURN_JIRA_TOKEN", "of another Jira")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out output
	ended := make(chan int, 1)
	kept := filepath.Join(t.TempDir(), "demo.db")
	go func() {
		args := []string{"demo", "--web.listen-address", "127.0.0.1:0", "--jira.listen-address", "127.0.0.1:0", "--store", kept}
		ended <- command.Run(ctx, args, command.Env{In: strings.NewReader(""), Out: &out, Err: &out})
	}()
	base := started(t, &out, ended, `open +(http://\S+)/ `)
	await(t, base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	if status, answer := post(t, base+"/-/reload", ""); status != http.StatusOK {
		t.Errorf("a reload ends with %d: %s", status, answer)
	}
	yourturn(t, 0, "waits", "--config.file", kept+".yml", "--open")
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("stopped, the demo ended with %d:\n%s", code, out.String())
	}
}

// TestDemo runs the demo as a user does, and looks at what it serves.
func TestDemo(t *testing.T) {
	t.Parallel() // it waits more than it works
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out output
	ended := make(chan int, 1)
	kept := filepath.Join(t.TempDir(), "demo.db")
	args := []string{"demo", "--web.listen-address", "127.0.0.1:0", "--jira.listen-address", "127.0.0.1:0", "--speed", "6000", "--store", kept}
	go func() {
		ended <- command.Run(ctx, args, command.Env{In: strings.NewReader(""), Out: &out, Err: &out})
	}()
	base := started(t, &out, ended, `open +(http://\S+)/ `)
	await(t, base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	first := await(t, base+"/metrics", func(_ int, body string) bool { return strings.Contains(body, "po_waits_open") })
	for _, name := range []string{"po_acceptance_latency_seconds_count", "po_question_response_latency_seconds_count"} {
		owners := map[string]bool{}
		for _, m := range regexp.MustCompile(name+`\{[^}]*owner="(\w+)"[^}]*\} [1-9]`).FindAllStringSubmatch(first, -1) {
			owners[m[1]] = true
		}
		if len(owners) < 4 {
			t.Errorf("%s has values of %d owners", name, len(owners))
		}
	}
	if !regexp.MustCompile(`po_waits_open\{[^}]*\} [1-9]`).MatchString(first) {
		t.Error("nothing is open")
	}
	gauges := func(body string) string {
		return strings.Join(regexp.MustCompile(`(?m)^po_waits_open\{.*$`).FindAllString(body, -1), "\n")
	}
	await(t, base+"/metrics", func(_ int, body string) bool { return gauges(body) != gauges(first) })
	if page := await(t, base+"/", func(status int, _ string) bool { return status == http.StatusOK }); !strings.Contains(page, "Ada Ohm") || !strings.Contains(page, "What to look at") {
		t.Errorf("the page does not show who waits:\n%s", page)
	}
	tour := regexp.MustCompile(`(?s)A tour:.*`).FindString(out.String())
	stops := regexp.MustCompile(`  (.+\?) +(http://\S+)`).FindAllStringSubmatch(tour, -1)
	if len(stops) != 6 {
		t.Errorf("the tour has %d pages:\n%s", len(stops), out.String())
	}
	for _, stop := range stops {
		page := await(t, stop[2], func(status int, body string) bool { return status == http.StatusOK && strings.Contains(body, "<h1") })
		if h1 := regexp.MustCompile(`<h1[^>]*>(.*?)</h1>`).FindStringSubmatch(page); h1 == nil || strings.Contains(page, "No numbers yet") {
			t.Errorf("%s leads to %s, which answers nothing:\n%s", stop[1], stop[2], page)
		}
	}
	page := await(t, base+"/", has("/browse/"))
	link := regexp.MustCompile(`href="(http://127\.0\.0\.1:\d+/browse/(\w+-\d+))"`).FindStringSubmatch(page)
	if link == nil {
		t.Fatalf("no story has a link:\n%s", page)
	}
	await(t, link[1], func(status int, body string) bool {
		return status == http.StatusOK && strings.Contains(body, "<h1>"+link[2]+"</h1>")
	})
	yourturn(t, 0, "healthcheck", "--url", base+"/-/ready")
	if path, err := exec.LookPath("promtool"); err == nil {
		cmd := exec.CommandContext(ctx, path, "check", "metrics")
		cmd.Stdin = strings.NewReader(first)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("promtool check metrics: %v\n%s", err, out)
		}
	} else if suite.Full() {
		t.Error("promtool is required: install Debian's package prometheus")
	}
	if got := yourturn(t, 0, "waits", "--config.file", kept+".yml", "--open"); !strings.Contains(got, "of them open") {
		t.Errorf("waits on the kept store: %s", got)
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("stopped, the demo ended with %d:\n%s", code, out.String())
	}
	past := []string{
		"backfill", "--config.file", kept + ".yml", "--from", time.Now().AddDate(0, 0, -4).Format(time.RFC3339), "--to", time.Now().AddDate(0, 0, -2).Format(time.RFC3339),
		"--step", "24h", "--out", filepath.Join(t.TempDir(), "past"),
	}
	yourturn(t, 0, past...)
	if got := yourturn(t, 2, args...); !strings.Contains(got, "--anew") {
		t.Errorf("started on its former store, it says: %s", got)
	}
	other := filepath.Join(t.TempDir(), "yourturn.db")
	write(t, other, "somebody's")
	if got := yourturn(t, 2, "demo", "--store", other, "--anew"); !strings.Contains(got, "no demo wrote it") {
		t.Errorf("started on another store, it says: %s", got)
	}
	ctx, again := context.WithCancel(t.Context())
	defer again()
	out = output{}
	go func() {
		ended <- command.Run(ctx, append(args, "--anew"), command.Env{In: strings.NewReader(""), Out: &out, Err: &out})
	}()
	base = started(t, &out, ended, `open +(http://\S+)/ `)
	await(t, base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	if !strings.Contains(out.String(), "held the organisation of an earlier demo and is replaced") {
		t.Errorf("does not say that it is another organisation:\n%s", &out)
	}
	if got := yourturn(t, 2, past...); !strings.Contains(got, "from another store") {
		t.Errorf("a past of the former organisation is gone on with: %s", got)
	}
	again()
	if code := <-ended; code != 0 {
		t.Errorf("stopped, the demo ended with %d:\n%s", code, out.String())
	}
}

// TestServeWithARefusedToken starts on a store that has completed a sync, with a
// token that Jira refuses: the old numbers are served.
func TestServeWithARefusedToken(t *testing.T) {
	flavors(t, func(t *testing.T, flavor jirasim.Flavor) {
		o := newOrganisation(t, 1, flavor)
		yourturn(t, 0, "sync", "--config.file", o.config)
		o.server.Revoke()
		base, _ := serving(t, o)
		body := await(t, base+"/metrics", has(`yourturn_poll_failures_total{reason="unauthorized"} 1`))
		if !strings.Contains(body, "po_waits_open{") || !strings.Contains(body, "yourturn_poll_success 0") {
			t.Errorf("the old numbers are not served, or not marked as old:\n%s", body)
		}
		await(t, base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
		o.server.Restore()
		yourturn(t, 0, "healthcheck", "--url", base+"/-/healthy")
	})
}

// TestServeWithJiraAway starts while Jira cannot be reached. On a store that has
// completed a sync it serves the old numbers. On another it is not ready, and says
// why.
func TestServeWithJiraAway(t *testing.T) {
	bubbles(t, jirasim.Options{}, func(p *rig) {
		config, err := os.ReadFile(p.svc.Config().File())
		if err != nil {
			p.Fatal(err)
		}
		p.move(p.dev, p.create(p.pay), "1", "2")
		p.later(time.Hour)
		p.fine()
		p.opts.Transport = refusing{}
		unavailable := func() {
			p.Helper()
			if err := p.cycle(); err == nil || !strings.Contains(err.Error(), "refused") {
				p.Fatalf("the cycle failed with %v, want a refusal", err)
			}
			p.shows(`yourturn_poll_failures_total{reason="unavailable"}`, 1)
		}
		ready := func(status int, text string) {
			p.Helper()
			rec := httptest.NewRecorder()
			p.svc.ServeHTTP(rec, httptest.NewRequestWithContext(p.Context(), http.MethodGet, "/-/ready", nil))
			if rec.Code != status || !strings.Contains(rec.Body.String(), text) {
				p.Errorf("ready is answered with %d %s, want %d and %q", rec.Code, rec.Body, status, text)
			}
		}

		p.restart(asItWas)
		unavailable()
		p.shows(open, 1)
		ready(http.StatusOK, "is ready")

		p.restart(func(string) string { return strings.Replace(string(config), "rig.db", "new.db", 1) })
		unavailable()
		p.shows(open, -1)
		ready(http.StatusServiceUnavailable, "refused")
	})
}
