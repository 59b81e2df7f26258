package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// patient changes an organisation's config to poll once an hour, and appends text.
func patient(t *testing.T, o *organisation, text string) string {
	t.Helper()
	config, err := os.ReadFile(o.config)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Replace(string(config), "jira:\n", "jira:\n  poll_interval: 1h\n", 1) + text
	write(t, o.config, all)
	return all
}

func TestServeReloadsItsConfig(t *testing.T) {
	o := newOrganisation(t, 1, jirasim.Cloud)
	right := patient(t, o, "")
	base, out := serving(t, o)
	for _, tc := range []struct {
		name, config, says string
	}{
		{"unknown key", right + "wbe: {}\n", "wbe"},
		{"a status that this Jira lacks", strings.Replace(right, "[PO Review]", "[PO Revue]", 1), "PO Revue"},
		{"another store", strings.Replace(right, "store.db", "other.db", 1), "restart to use"},
		{"a project that this Jira lacks", strings.Replace(right, "projects: [", "projects: [NOPE, ", 1), "NOPE"},
		{"no YAML", "jira: [", "yourturn.yml"},
	} {
		before := len(out.String())
		write(t, o.config, tc.config)
		if status := posted(t, base+"/-/reload", ""); status != http.StatusInternalServerError {
			t.Errorf("%s: reloaded with status %d, want 500", tc.name, status)
		}
		shows(t, base+"/metrics", "\nyourturn_config_last_reload_successful 0\n")
		if said := out.String()[before:]; !strings.Contains(said, tc.says) {
			t.Errorf("%s: the log does not say %q:\n%s", tc.name, tc.says, said)
		}
	}
	shows(t, base+"/sync", "the old one stays")
	shows(t, base+"/-/ready", "yourturn is ready")

	write(t, o.config, strings.Replace(right, "[PO Review]", "[Done]", 1))
	if status := posted(t, base+"/-/reload", ""); status != http.StatusOK {
		t.Fatalf("the right config was reloaded with status %d:\n%s", status, out)
	}
	shows(t, base+"/metrics", "\nyourturn_config_last_reload_successful 1\n")
	hangUp := func(config string, successful int) {
		t.Helper()
		write(t, o.config, config)
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		await(t, base+"/metrics", line(fmt.Sprint("yourturn_config_last_reload_successful ", successful)))
	}
	hangUp("", 0)
	hangUp(right, 1)
	hangUp(strings.Replace(right, "projects: [", "projects: [NEIN, ", 1), 0)
	if !strings.Contains(out.String(), "NEIN") {
		t.Errorf("the log does not say which project:\n%s", out)
	}
	hangUp(regexp.MustCompile(`projects: \[(.*)\]`).ReplaceAllString(right, `jql: project in ($1)`), 1)
	shows(t, base+"/-/ready", "yourturn is ready")
}

// TestReloadsOfNothingNew reloads a config that says the same: nothing is asked and
// nothing is derived. What changes back and forth leaves no connection behind.
func TestReloadsOfNothingNew(t *testing.T) {
	o := newOrganisation(t, 1, jirasim.Cloud)
	right := patient(t, o, "")
	var open, begun atomic.Int64
	jira := httptest.NewUnstartedServer(o.server)
	jira.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
			begun.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		case http.StateActive, http.StateIdle:
		}
	}
	jira.Start()
	t.Cleanup(jira.Close)
	right = strings.Replace(right, o.url, jira.URL, 1)
	write(t, o.config, right)
	base, _ := serving(t, o)
	await(t, base+"/metrics", line("yourturn_poll_success 1"))
	reload := func(config string) {
		t.Helper()
		write(t, o.config, config)
		if status, answer := post(t, base+"/-/reload", ""); status != http.StatusOK {
			t.Fatalf("answered with %d %s", status, answer)
		}
	}
	asked := o.server.Requests()
	for range 3 {
		reload(right)
	}
	if diff := cmp.Diff(asked, o.server.Requests()); diff != "" {
		t.Errorf("a config that says the same asks Jira (-before +after):\n%s", diff)
	}
	for i := range 10 {
		reload(strings.Replace(right, "poll_interval: 1h", fmt.Sprintf("poll_interval: %dm", 50+i), 1))
	}
	if begun.Load() < 5 {
		t.Errorf("%d connections were made to Jira: the test shows nothing", begun.Load())
	}
	await(t, base+"/metrics", func(int, string) bool { return open.Load() <= 4 })
}

// TestReloadAsksJira changes what is sent to Jira. The change takes effect if Jira
// accepts it, and the numbers are served at all times.
func TestReloadAsksJira(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		for _, project := range []*jirasim.Project{p.pay, p.ops} {
			accepted := p.create(project)
			p.move(p.dev, accepted, "1", "2")
			p.later(time.Hour)
			p.move(p.po, accepted, "2", "3")
			p.move(p.dev, p.create(project), "1", "2")
		}
		p.later(time.Hour)
		var right string
		p.restart(func(config string) string {
			right = p.replaced("projects: [PAY, OPS]", "poll_interval: 1h, projects: [PAY]")(config)
			return right
		})
		token := filepath.Join(filepath.Dir(p.svc.Config().File()), "token")
		r := p.serve()
		metrics := func(want ...string) {
			p.Helper()
			for _, text := range want {
				await(p.T, r.base+"/metrics", line(text))
			}
		}
		lacks := func(text string) {
			p.Helper()
			if body := await(p.T, r.base+"/metrics", has("yourturn_build_info")); strings.Contains(body, text) {
				p.Errorf("there is %s", text)
			}
		}
		old := []string{open + " 1", ended("PAY") + " 1"}
		metrics(old...)
		p.later(25 * time.Hour) // until then a changed config begins a new ledger

		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
		defer proxy.Close()
		for _, tc := range []struct {
			name, config string
			says         []string
		}{
			{"a project that is not there", p.replaced("projects: [PAY]", "projects: [PAY, NOPE]")(right), []string{"NOPE", "jira.projects"}},
			{"a query for one", p.replaced("projects: [PAY]", "jql: project = NOPE")(right), []string{"NOPE", "jira.jql"}},
			{"a query that is none", p.replaced("projects: [PAY]", `jql: "project ="`)(right), []string{"JQL", "jira.jql"}},
			{"a proxy that lets nobody through", p.replaced("projects: [PAY]", fmt.Sprintf("projects: [PAY], proxy_url: %q", proxy.URL))(right), []string{"HTTP 407"}},
			{"certificates that are none", p.replaced("projects: [PAY]", "projects: [PAY], ca_file: token")(right), []string{"jira.ca_file"}},
			{"no YAML", "jira: [", []string{"yourturn.yml"}},
		} {
			status, answer := p.reload(r, tc.config)
			if status != http.StatusInternalServerError {
				p.Errorf("%s: answered with %d, want 500: %s", tc.name, status, answer)
			}
			for _, text := range tc.says {
				if !strings.Contains(answer, text) {
					p.Errorf("%s: the answer does not say %q: %s", tc.name, text, answer)
				}
			}
			metrics(append(old, "yourturn_config_last_reload_successful 0")...)
		}
		write(p.T, token, "another\n")
		if status, answer := p.reload(r, right); status != http.StatusInternalServerError || !strings.Contains(answer, "jira.token_file") {
			p.Errorf("a token that is none: answered with %d %s", status, answer)
		}
		metrics(old...)
		write(p.T, token, "t0k3n\n")

		// One project more, while Jira answers slowly.
		asked, answer := make(chan struct{}, 100), make(chan struct{})
		p.faulty(func(r *http.Request) *jirasim.Fault {
			if strings.Contains(r.URL.Path, "/myself") {
				asked <- struct{}{}
				<-answer
			}
			return nil
		})
		write(p.T, p.svc.Config().File(), p.replaced("projects: [PAY]", "projects: [PAY, OPS]")(right))
		done := make(chan int, 1)
		go func() { done <- posted(p.T, r.base+"/-/reload", "") }()
		<-asked
		metrics(old...)
		lacks("OPS")
		close(answer)
		if status := <-done; status != http.StatusOK {
			p.Errorf("a project more: answered with %d:\n%s", status, p.log)
		}
		metrics(append(old, openIn("OPS")+" 1", ended("OPS")+" 1", "yourturn_config_last_reload_successful 1")...)

		// While Jira cannot be reached, only what is not sent to it may change.
		p.faulty(func(*http.Request) *jirasim.Fault {
			return &jirasim.Fault{Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>down for maintenance"}
		})
		both := p.replaced("projects: [PAY]", "projects: [PAY, OPS]")(right)
		faster := p.replaced("defaults: {", "defaults: {targets: {acceptance: 1h}, ")(both)
		if status, answer := p.reload(r, faster); status != http.StatusOK {
			p.Errorf("a target while Jira is away: answered with %d %s", status, answer)
		}
		metrics(append(old, `po_wait_target_seconds{kind="acceptance",project="PAY"} 3600`)...)
		if status, answer := p.reload(r, right); status != http.StatusInternalServerError || !strings.Contains(answer, "not an answer of Jira") {
			p.Errorf("a project less while Jira is away: answered with %d %s", status, answer)
		}
		metrics(append(old, openIn("OPS")+" 1")...)
		p.faulty(nil)

		// One project less: what was counted stays, and nothing new is shown about it.
		if status, answer := p.reload(r, right); status != http.StatusOK {
			p.Errorf("a project less: answered with %d %s", status, answer)
		}
		metrics(append(old, ended("OPS")+" 1", openIn("OPS")+" 0")...)
		lacks(`po_wait_target_seconds{kind="acceptance",project="OPS"}`)

		// A query instead.
		if status, answer := p.reload(r, p.replaced("projects: [PAY]", `jql: "project = PAY and status = Done"`)(right)); status != http.StatusOK {
			p.Errorf("a query: answered with %d %s", status, answer)
		}
		await(p.T, r.base+"/metrics", func(int, string) bool { st := p.state(); return st.Complete == nil && st.FullStarted == 0 })
		metrics(old...)
		p.stopped(r)
	})
}

// TestReloadTakesAnotherToken starts with an expired token, on a store that has
// completed a sync, and reloads with a valid one.
func TestReloadTakesAnotherToken(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.move(p.dev, p.create(p.pay), "1", "2")
		p.later(time.Hour)
		p.fine()
		token := filepath.Join(filepath.Dir(p.svc.Config().File()), "token")
		write(p.T, token, "expired\n")
		p.restart(p.replaced("projects: [", "poll_interval: 1h, projects: ["))
		r := p.serve()
		await(p.T, r.base+"/metrics", line(`yourturn_poll_failures_total{reason="unauthorized"} 1`))
		await(p.T, r.base+"/metrics", line(open+" 1"))
		write(p.T, token, "t0k3n\n")
		if status, answer := post(p.T, r.base+"/-/reload", ""); status != http.StatusOK {
			p.Fatalf("answered with %d %s", status, answer)
		}
		await(p.T, r.base+"/metrics", line("yourturn_poll_success 1"))
		await(p.T, r.base+"/metrics", line(open+" 1"))
		p.stopped(r)
	})
}

// TestReloadKeepsALostProject reloads while the account may not see a project. The
// project stays as it was. It cannot be part of another scope, because it cannot be
// read completely.
func TestReloadKeepsALostProject(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		for _, project := range []*jirasim.Project{p.pay, p.ops} {
			p.move(p.dev, p.create(project), "1", "2")
		}
		p.later(time.Hour)
		p.fine()
		p.site.Archive(p.ops, true)
		p.restart(p.replaced("projects: [", "poll_interval: 1h, projects: ["))
		config, err := os.ReadFile(p.svc.Config().File())
		if err != nil {
			p.Fatal(err)
		}
		right := string(config)
		before := p.completed()
		r := p.serve()
		p.completes(r, before)
		// What Jira is asked with changes, though not what it answers.
		before = p.completed()
		if status, answer := p.reload(r, p.replaced("flavor: "+string(p.site.Flavor), "flavor: auto")(right)); status != http.StatusOK {
			p.Errorf("the same scope: answered with %d %s", status, answer)
		}
		p.completes(r, before)
		p.shows(openIn("OPS"), 1)
		p.shows(open, 1)
		if status, answer := p.reload(r, p.replaced("projects: [PAY, OPS]", "projects: [OPS]")(right)); status != http.StatusInternalServerError || !strings.Contains(answer, "OPS") {
			p.Errorf("another scope: answered with %d %s", status, answer)
		}
		p.stopped(r)
	})
}

// TestReloadKeepsALostProjectOfAQuery: where no project is named, only the store
// knows that there is one more.
func TestReloadKeepsALostProjectOfAQuery(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.restart(p.replaced("projects: [PAY, OPS]", "jql: \"status = 'PO Review'\", poll_interval: 1h"))
		for _, project := range []*jirasim.Project{p.pay, p.ops} {
			p.move(p.dev, p.create(project), "1", "2")
		}
		p.later(time.Hour)
		p.fine()
		p.site.Archive(p.ops, true)
		config, err := os.ReadFile(p.svc.Config().File())
		if err != nil {
			p.Fatal(err)
		}
		before := p.completed() // one, in which OPS was not lost yet
		r := p.serve()
		p.completes(r, before)
		before = p.completed()
		if status, answer := p.reload(r, p.replaced("flavor: "+string(p.site.Flavor), "flavor: auto")(string(config))); status != http.StatusOK {
			p.Errorf("the same scope: answered with %d %s", status, answer)
		}
		p.completes(r, before)
		p.shows(openIn("OPS"), 1)
		p.stopped(r)
		if st, err := p.stored().State(p.Context()); err != nil || len(st.Lost) != 1 {
			p.Errorf("got %v lost and error %v, want the project", st.Lost, err)
		}
	})
}

// TestReloadKnowsWhatJiraKnows reloads a config that names a status which was added
// to Jira since the last poll. That fails only while Jira cannot be reached.
func TestReloadKnowsWhatJiraKnows(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.move(p.dev, p.create(p.pay), "1", "2")
		p.later(time.Hour)
		p.restart(p.replaced("projects: [", "poll_interval: 1h, projects: ["))
		right, err := os.ReadFile(p.svc.Config().File())
		if err != nil {
			p.Fatal(err)
		}
		r := p.serve()
		await(p.T, r.base+"/metrics", line(open+" 1"))
		p.site.AddStatus(&jirasim.Status{ID: "9", Name: "Sign-off", Category: "indeterminate"})
		for _, project := range []*jirasim.Project{p.pay, p.ops} {
			p.site.Update(func() { project.Statuses = append(project.Statuses, "9") })
		}
		named := p.replaced("defaults: {", "defaults: {acceptance_statuses: [PO Review, Sign-off], ")(string(right))
		p.faulty(func(*http.Request) *jirasim.Fault {
			return &jirasim.Fault{Status: http.StatusNotImplemented} // which is not tried again
		})
		if status, answer := p.reload(r, named); status != http.StatusInternalServerError || !strings.Contains(answer, "Sign-off") || !strings.Contains(answer, "unavailable") {
			p.Errorf("while Jira is away: answered with %d %s", status, answer)
		}
		p.faulty(nil)
		if status, answer := p.reload(r, named); status != http.StatusOK {
			p.Errorf("answered with %d %s", status, answer)
		}
		await(p.T, r.base+"/metrics", line(open+" 1"))
		p.stopped(r)
	})
}
