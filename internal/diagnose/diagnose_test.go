package diagnose_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/diagnose"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/orgs"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/suite"
)

// noon is Jira's clock and this machine's in these tests: a Tuesday.
func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// patient is a simulated Jira, a config for it, and what a diagnosis of both says.
type patient struct {
	*testing.T
	org     *orgs.Org
	options jirasim.Options
	url     string
	dir     string
	store   string    // path
	now     time.Time // this machine's clock
	jira    string    // lines of the section jira, beside url and token
	rest    string    // other sections
	lines   []diagnose.Line
}

// newPatient serves an organisation; the config is the one that its truth makes.
func newPatient(t *testing.T, name string, flavor jirasim.Flavor) *patient {
	t.Helper()
	org, err := orgs.New(name, orgs.Options{Flavor: flavor, Seed: 1, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	p := &patient{T: t, org: org, dir: t.TempDir(), now: noon(), options: jirasim.Options{Token: "t0k3n"}}
	p.store = filepath.Join(p.dir, "yourturn.db")
	if flavor == jirasim.Cloud {
		p.options.Email = "bot@example.com"
		p.jira = "  email: bot@example.com\n"
	}
	srv := httptest.NewServer(jirasim.NewServer(org.Site, p.options))
	t.Cleanup(srv.Close)
	p.url = srv.URL
	p.truth()
	return p
}

// truth writes the config that the organisation's truth makes.
func (p *patient) truth() {
	var keys []string
	var projects, owners strings.Builder
	accounts := map[string]string{}
	owner := func(account string) string {
		if accounts[account] == "" {
			accounts[account] = fmt.Sprintf("owner%d", len(accounts)+1)
		}
		return accounts[account]
	}
	for _, key := range slices.Sorted(maps.Keys(p.org.Truth.Projects)) {
		pr := p.org.Truth.Projects[key]
		if !pr.Living {
			continue
		}
		keys = append(keys, key)
		ids := func(list []string) string { return `["` + strings.Join(list, `", "`) + `"]` }
		if len(pr.Acceptance) == 0 {
			fmt.Fprintf(&projects, "  %s:\n    acceptance_statuses: []\n", key)
		} else {
			fmt.Fprintf(&projects, "  %s:\n    acceptance_statuses: %s\n", key, ids(pr.Acceptance))
		}
		for k, list := range map[string][]string{"accepted_statuses": pr.Accepted, "withdrawn_statuses": pr.Withdrawn, "paused_statuses": pr.Paused, "question_statuses": pr.Question} {
			if len(list) > 0 {
				fmt.Fprintf(&projects, "    %s: %s\n", k, ids(list))
			}
		}
		field := pr.OwnerField
		if pr.Owner == orgs.OwnerByReporter {
			field = "Reporter"
		}
		if len(pr.Components) > 0 {
			fmt.Fprintln(&projects, "    components:")
			for name, who := range pr.Components {
				fmt.Fprintf(&projects, "      %q: {owner: %s}\n", name, owner(who))
			}
		}
		fmt.Fprintf(&projects, "    owner_field: %q\n", field)
		for _, who := range pr.Deciders {
			owner(who)
		}
		if field == "" && len(pr.Components) == 0 && len(pr.Deciders) > 0 {
			fmt.Fprintf(&projects, "    owner: %s\n", owner(pr.Deciders[0]))
		}
	}
	for account, key := range accounts {
		fmt.Fprintf(&owners, "  %s: {accounts: [%q]}\n", key, account)
	}
	p.jira += "  projects: [" + strings.Join(keys, ", ") + "]\n"
	p.rest = "calendar: {time_zone: UTC}\nprojects:\n" + projects.String()
	if owners.Len() > 0 {
		p.rest += "owners:\n" + owners.String()
	}
}

// replace changes the config; old must be in it.
func (p *patient) replace(old, with string) {
	p.Helper()
	if !strings.Contains(p.jira+p.rest, old) {
		p.Fatalf("the config has no %q:\n%s%s", old, p.jira, p.rest)
	}
	p.jira, p.rest = strings.Replace(p.jira, old, with, 1), strings.Replace(p.rest, old, with, 1)
}

// config reads the config.
func (p *patient) config() *config.Config {
	p.Helper()
	text := fmt.Sprintf("jira:\n  url: %s\n%sstore: {url: %q}\n%s", p.url, p.jira, "sqlite:"+p.store, p.rest)
	cfg, err := config.Parse(filepath.Join(p.dir, "yourturn.yml"), []byte(text), func(string) string { return p.options.Token })
	if err != nil {
		p.Fatalf("%v\n%s", err, text)
	}
	return cfg
}

// diagnosed runs the diagnosis.
func (p *patient) diagnosed() diagnose.Grade {
	p.Helper()
	cfg, token := p.config(), p.options.Token
	client, err := jira.New(jira.Options{URL: cfg.Jira.URL, Flavor: jiradata.Flavor(cfg.Jira.Flavor), Email: cfg.Jira.Email, Token: token, RequestsPerSecond: 10000})
	if err != nil {
		p.Fatal(err)
	}
	var told []diagnose.Line
	d, err := diagnose.Run(p.Context(), diagnose.Subject{Config: cfg, Client: client, Now: func() time.Time { return p.now }}, func(lines []diagnose.Line) { told = append(told, lines...) })
	if err != nil {
		p.Fatal(err)
	}
	if len(told) != len(d.Lines) {
		p.Errorf("%d lines are told, and there are %d", len(told), len(d.Lines))
	}
	p.lines = d.Lines
	grade, _ := diagnose.Worst(d.Lines)
	return grade
}

// text is all that was found, a line each.
func (p *patient) text() string {
	var b strings.Builder
	for _, l := range p.lines {
		fmt.Fprintf(&b, "%s|%s|%s|%s\n", l.Grade, l.Topic, l.Message(), l.Advice())
	}
	return b.String()
}

// says fails unless a line of a grade and topic holds all the words.
func (p *patient) says(grade diagnose.Grade, topic string, words ...string) {
	p.Helper()
	for _, l := range p.lines {
		all := l.Message() + " " + l.Advice()
		if l.Grade == grade && l.Topic == topic && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(all, w) }) {
			return
		}
	}
	p.Errorf("no line %s, %s holds %q:\n%s", grade, topic, words, p.text())
}

// TestTheTruthWorks diagnoses every organisation with the config that its truth
// makes: nothing is broken, and no status is taken for another.
func TestTheTruthWorks(t *testing.T) {
	for flavor, names := range map[jirasim.Flavor][]string{jirasim.Cloud: orgs.Names(), jirasim.DataCenter: {"french-components", "classic-reporter", "spanish-two"}} {
		for _, name := range names {
			t.Run(string(flavor)+"/"+name, func(t *testing.T) {
				t.Parallel()
				p := newPatient(t, name, flavor)
				grade := p.diagnosed()
				if grade == diagnose.Broken {
					t.Errorf("it is broken:\n%s", p.text())
				}
				for _, l := range p.lines {
					if l.Grade == diagnose.Look && l.Topic == "history" {
						t.Errorf("to be looked at: %s", l.Message())
					}
				}
			})
		}
	}
}

// TestAWrongConfigIsLoud takes the truth away from every organisation: the
// acceptance step. Left out it is broken; written as [] the history contradicts.
func TestAWrongConfigIsLoud(t *testing.T) {
	for _, name := range orgs.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, as := range []string{"", "acceptance_statuses: []"} {
				p := newPatient(t, name, jirasim.Cloud)
				taken := 0
				for key, pr := range p.org.Truth.Projects {
					if pr.Living && len(pr.Acceptance) > 0 {
						p.replace(fmt.Sprintf("  %s:\n    acceptance_statuses: [\"%s\"]", key, strings.Join(pr.Acceptance, `", "`)), fmt.Sprintf("  %s:\n    %s", key, as))
						taken++
					}
				}
				if hasNone := name == "kanban-none"; (taken == 0) != hasNone {
					t.Fatalf("it has %d projects with an acceptance step", taken)
				} else if hasNone {
					return // there is nothing to take away
				}
				grade := p.diagnosed()
				if as == "" && name == "english-field" {
					if grade != diagnose.Works { // its status has the name of the built-in default
						t.Errorf("left out, it is %s:\n%s", grade, p.text())
					}
					continue
				}
				if as == "" {
					if grade != diagnose.Broken {
						t.Errorf("left out, it is %s:\n%s", grade, p.text())
					}
					p.says(diagnose.Broken, "statuses", "no story can wait for acceptance", "or [] if there is none")
				} else if grade != diagnose.Look {
					t.Errorf("written as [], it is %s:\n%s", grade, p.text())
				}
				p.says(diagnose.Look, "history", "looks like acceptance", "acceptance_statuses")
			}
		})
	}
}

// TestWhatIsWrong makes one thing wrong at a time.
func TestWhatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(p *patient)
		grade diagnose.Grade
		topic string
		says  []string
	}{
		{"no Jira there", func(p *patient) { p.url += "/confluence" }, diagnose.Broken, "address", []string{"/confluence/rest/api/2/serverInfo", "context path"}},
		{"another e-mail", func(p *patient) { p.replace("bot@", "robot@") }, diagnose.Broken, "token", []string{"a Cloud API token of robot@example.com", "check that jira.email is the account that made the token"}},
		{"a bearer token for a site", func(p *patient) { p.replace("  email: bot@example.com\n", "  flavor: cloud\n") }, diagnose.Broken, "token", []string{"a bearer token", "write jira.email"}},
		{"the rest is left out", func(p *patient) { p.replace("bot@", "robot@") }, diagnose.Look, "the rest", []string{"mend what is broken"}},
		{"a clock that is behind", func(p *patient) { p.now = p.now.Add(-5 * time.Minute) }, diagnose.Look, "clock", []string{"5m0s behind Jira's"}},
		{"a clock that is far behind", func(p *patient) { p.now = p.now.Add(-2 * time.Hour) }, diagnose.Broken, "clock", []string{"2h0m0s behind Jira's", "no poll is complete"}},
		{"an unknown project", func(p *patient) { p.replace("[KASSE]", "[KASSE, KASE]") }, diagnose.Broken, "projects", []string{"no project KASE; did you mean KASSE?", "it sees KASSE"}},
		{"an unknown status", func(p *patient) { p.replace("withdrawn_statuses: [", "withdrawn_statuses: [Verworffen, ") }, diagnose.Broken, "statuses", []string{`no status "Verworffen"; did you mean "Verworfen"?`, `"Abnahme" (10305)`}},
		{"a status no story visits", func(p *patient) {
			p.org.Site.AddStatus(&jirasim.Status{ID: "999", Name: "Geparkt", Category: "indeterminate"})
			kasse := p.project()
			p.org.Site.Update(func() { kasse.Statuses = append(kasse.Statuses, "999") })
			p.replace(`acceptance_statuses: ["`, `paused_statuses: [Geparkt]`+"\n    "+`acceptance_statuses: ["`)
		}, diagnose.Look, "history", []string{`ever visited "Geparkt"`, "yourturn.yml:"}},
		{"a status of another workflow", func(p *patient) {
			p.org.Site.AddStatus(&jirasim.Status{ID: "999", Name: "Anderswo", Category: "done"})
			p.replace("withdrawn_statuses: [", "withdrawn_statuses: [Anderswo, ")
		}, diagnose.Look, "statuses", []string{`"Anderswo" is a status of this Jira, but of another workflow`}},
		{"an acceptance status of another workflow alone", func(p *patient) {
			p.org.Site.AddStatus(&jirasim.Status{ID: "999", Name: "PO Review", Category: "indeterminate"})
			p.replace(`acceptance_statuses: ["10305"]`, "acceptance_statuses: [PO Review]")
		}, diagnose.Broken, "statuses", []string{"no story can wait for acceptance", `"PO Review" is a status of this Jira, but of another workflow`}},
		{"development as acceptance", func(p *patient) { p.replace(`acceptance_statuses: ["10305"]`, "acceptance_statuses: [In Arbeit]") }, diagnose.Look, "history", []string{`"Abnahme" looks like acceptance`, "add it to projects.KASSE.acceptance_statuses"}},
		{"where dropped stories go is not said", func(p *patient) {
			p.rest = dropLine(p.rest, "withdrawn_statuses")
			p.rest = strings.Replace(p.rest, "    owner_field", "    withdrawn_resolutions: [Nothing]\n    owner_field", 1)
		}, diagnose.Look, "history", []string{`exits to "Verworfen" are judged rejected`, `add "Verworfen" to projects.KASSE.withdrawn_statuses`}},
		{"a test as acceptance", func(p *patient) { p.replace(`acceptance_statuses: ["10305"]`, "acceptance_statuses: [Test]") }, diagnose.Look, "history", []string{"exits from acceptance are recalled", "check acceptance_statuses"}},
		{"an owner who does not decide", func(p *patient) {
			p.rest = strings.Replace(p.rest, p.org.Site.User("anke").AccountID, p.org.Site.User("dev1").AccountID, 1)
		}, diagnose.Look, "history", []string{"acceptances are by others than the story's owner, most by Anke Vogt", "write them as owner"}},
		{"an unknown user field", func(p *patient) { p.replace(`owner_field: ""`, "owner_field: Assignees") }, diagnose.Broken, "fields", []string{`no user field "Assignees"; did you mean "Assignee"?`}},
		{"an unknown type", func(p *patient) { p.jira += "  issue_types: [Storey]\n" }, diagnose.Broken, "types", []string{`no issue type "Storey"`, "Story"}},
		{"a name as an account", func(p *patient) { p.rest += "  bob: {accounts: [Anke Vogt]}\n" }, diagnose.Broken, "owners", []string{`no account "Anke Vogt"`, "write their account id: 5c"}},
		{"nobody's account", func(p *patient) { p.rest += "  bob: {accounts: [zz]}\n" }, diagnose.Broken, "owners", []string{`no account "zz"`, "profile in Jira"}},
		{"a name of many", func(p *patient) { p.rest += "automation_accounts: [Developer]\n" }, diagnose.Look, "owners", []string{"in the names of 5 people", "Developer 1 (5c"}},
		{"a closed account", func(p *patient) { anke := p.org.Site.User("anke"); p.org.Site.Update(func() { anke.Active = false }) }, diagnose.Look, "owners", []string{"Anke Vogt, whose account is closed"}},
		{"another zone", func(p *patient) { p.replace("calendar: {time_zone: UTC}", "calendar: {time_zone: Asia/Tokyo}") }, diagnose.Look, "owners", []string{"works in Asia/Tokyo by the config, and in Europe/Berlin"}},
		{"no calendar", func(p *patient) { p.replace("calendar: {time_zone: UTC}", "") }, diagnose.Look, "calendars", []string{"the config has no calendar", "Mon-Fri 09:00-17:00"}},
		{"a webhook that nobody reaches", func(p *patient) { p.secret("0123456789abcdef") }, diagnose.Look, "webhook", []string{"this machine alone"}},
		{"a short secret", func(p *patient) { p.secret("short"); p.rest += "web: {listen_address: \":9817\"}\n" }, diagnose.Look, "secrets", []string{"5 characters", "16"}},
		{"a short secret behind a proxy", func(p *patient) { p.secret("short") }, diagnose.Look, "secrets", []string{"5 characters", "16"}},
		{"a store for everybody", func(p *patient) {
			s, err := store.Open(p.Context(), "sqlite:"+p.store, store.ReadWrite)
			if err == nil {
				err = errors.Join(s.Close(), os.Chmod(p.store, 0o666)) //nolint:gosec // the mistake
			}
			if err != nil {
				p.Fatal(err)
			}
		}, diagnose.Look, "store", []string{"open to every user of this machine (mode 0666)", "chmod"}},
		{"pages for everybody", func(p *patient) { p.rest += "web: {listen_address: \":9817\"}\n" }, diagnose.Look, "pages", []string{"open to everybody"}},
		{"a store in no folder", func(p *patient) { p.store = filepath.Join(p.dir, "none", "y.db") }, diagnose.Broken, "store", []string{"there is no folder", "store.url"}},
		{"a text as store", func(p *patient) {
			p.store = p.file("y.db", "a text that is no database, and long enough to look like one\n")
		}, diagnose.Broken, "store", []string{"y.db", "set store.url"}},
		{"no owner", func(p *patient) {
			kasse := p.project()
			p.org.Site.Update(func() { kasse.Lead = nil })
			p.rest = dropLine(p.rest, "    owner:")
		}, diagnose.Look, "owners", []string{"nothing says who owns its stories", "write projects.KASSE.owner"}},
		{"waits of nobody", func(p *patient) {
			kasse := p.project()
			p.org.Site.Update(func() { kasse.Lead = nil })
			p.rest = dropLine(p.rest, "    owner:")
		}, diagnose.Look, "history", []string{"waits are unowned (100 %)", "write projects.KASSE.owner"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t, "german-lead", jirasim.Cloud)
			tc.spoil(p)
			grade := p.diagnosed()
			if grade < tc.grade {
				t.Errorf("the verdict is %s, want at least %s", grade, tc.grade)
			}
			p.says(tc.grade, tc.topic, tc.says...)
		})
	}
}

func (p *patient) project() *jirasim.Project { return p.org.Site.Project("KASSE") }

// file writes a file beside the config and returns its path.
func (p *patient) file(name, text string) string {
	p.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.Fatal(err)
	}
	return path
}

func (p *patient) secret(text string) {
	p.rest += fmt.Sprintf("webhook: {secret_file: %q}\n", p.file("secret", text))
}

// dropLine returns a text without the lines that hold a word.
func dropLine(text, word string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return strings.Contains(line, word) }), "\n")
}

// TestAnotherFlavour says of a Jira that it is not what jira.flavor says.
func TestAnotherFlavour(t *testing.T) {
	p := newPatient(t, "german-lead", jirasim.DataCenter)
	p.jira += "  flavor: cloud\n"
	if grade := p.diagnosed(); grade != diagnose.Broken {
		t.Errorf("it is %s:\n%s", grade, p.text())
	}
	p.says(diagnose.Broken, "address", "is a Jira Data Center, and jira.flavor says cloud", "write jira.flavor: datacenter")
}

// TestUnwritableStore holds that a store that cannot be written is broken: the
// folder, in which the database has files beside it. Root may write everywhere, so
// for root another user runs the test.
func TestUnwritableStore(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	p := newPatient(t, "german-lead", jirasim.Cloud)
	if err := os.Chmod(p.dir, 0o500); err != nil { //nolint:gosec // a folder must be entered
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(p.dir, 0o700) }) //nolint:errcheck,gosec // so that it can be removed
	if grade := p.diagnosed(); grade != diagnose.Broken {
		t.Errorf("it is %s:\n%s", grade, p.text())
	}
	p.says(diagnose.Broken, "store", "its folder cannot be written")
}

// asNobody runs the test once more, as a user who is not root.
func asNobody(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for path, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o755, dir: 0o777} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.ReadFile(os.Args[0]) // it is in a folder of root's
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "test")
	if err := os.WriteFile(path, program, 0o755); err != nil { //nolint:gosec // the other user runs it
		t.Fatal(err)
	}
	const nobody = 65534
	cmd := exec.CommandContext(t.Context(), path, "-test.v", "-test.run", "^"+t.Name()+"$")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as another user: %v\n%s", err, out)
	}
}

// TestUnwritableStoreElsewhere is the same where even root may not write.
func TestUnwritableStoreElsewhere(t *testing.T) {
	p := newPatient(t, "german-lead", jirasim.Cloud)
	p.store = "/proc/yourturn.db"
	if _, err := os.Stat("/proc"); err != nil {
		suite.Skip(t, "there is no /proc")
	}
	if grade := p.diagnosed(); grade != diagnose.Broken {
		t.Errorf("it is %s:\n%s", grade, p.text())
	}
	p.says(diagnose.Broken, "store", "its folder cannot be written", "store.url")
}

// TestLeavesNothingBehind holds that a diagnosis writes nothing.
func TestLeavesNothingBehind(t *testing.T) {
	p := newPatient(t, "german-lead", jirasim.Cloud)
	p.diagnosed()
	left, err := os.ReadDir(p.dir)
	if err != nil || len(left) > 0 {
		t.Errorf("it left %v: %v", left, err)
	}
}

// TestQuery diagnoses a config with a query: the projects are those in which it
// finds stories.
func TestQuery(t *testing.T) {
	p := newPatient(t, "mixed-workflows", jirasim.Cloud)
	p.jira = "  email: bot@example.com\n  jql: project in (ALPHA, BETA)\n"
	if grade := p.diagnosed(); grade == diagnose.Broken {
		t.Errorf("it is broken:\n%s", p.text())
	}
	p.says(diagnose.Works, "projects", "of the 3 projects that the account sees it has found stories of 2")
	p.says(diagnose.Works, "permissions", "in all 2 projects")
	if strings.Contains(p.text(), "GAMMA") {
		t.Errorf("looks at a project that the query leaves out:\n%s", p.text())
	}
}

// TestDefaultsOfSeveralWorkflows holds that defaults may name the statuses of
// several workflows: each project takes those of its own.
func TestDefaultsOfSeveralWorkflows(t *testing.T) {
	p := newPatient(t, "mixed-workflows", jirasim.Cloud)
	p.rest = "calendar: {time_zone: UTC}\ndefaults: {acceptance_statuses: [UAT, Delivered], withdrawn_statuses: [Cancelled]}\nprojects: {GAMMA: {acceptance_statuses: []}}\n"
	if grade := p.diagnosed(); grade == diagnose.Broken || strings.Contains(p.text(), "another workflow") {
		t.Errorf("it is %s:\n%s", grade, p.text())
	}
	p.says(diagnose.Works, "statuses", `ALPHA: acceptance is "UAT"`)
	p.says(diagnose.Works, "statuses", `BETA: acceptance is "Delivered"`)
	p.replace("projects: {", `projects: {ALPHA: {acceptance_statuses: [UAT, Delivered]}, `)
	p.diagnosed()
	p.says(diagnose.Look, "statuses", `ALPHA: "Delivered" is a status of this Jira, but of another workflow`, "take it out")
}

// TestFold holds that what differs in its project alone is said once.
func TestFold(t *testing.T) {
	p := newPatient(t, "mixed-workflows", jirasim.Cloud)
	p.diagnosed()
	p.says(diagnose.Works, "permissions", "in all 3 projects: the account may browse the project")
	many := diagnose.Line{Projects: strings.Fields("A B C D E F G H"), Text: "look at {project}"}
	if got := many.Message(); got != "in 8 projects (A, B, C, D, E and 3 more): look at KEY" {
		t.Errorf("got %q", got)
	}
}

// TestInterrupted holds that a diagnosis ends with its context.
func TestInterrupted(t *testing.T) {
	p := newPatient(t, "german-lead", jirasim.Cloud)
	ctx, stop := context.WithCancel(t.Context())
	cfg, err := config.Parse("yourturn.yml", []byte("jira: {url: "+p.url+", email: bot@example.com, projects: [KASSE]}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := jira.New(jira.Options{URL: p.url, Email: "bot@example.com", Token: "t0k3n"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = diagnose.Run(ctx, diagnose.Subject{Config: cfg, Client: client, Now: noon}, func([]diagnose.Line) { stop() })
	if err != context.Canceled { //nolint:errorlint // it is that error
		t.Errorf("got %v", err)
	}
}

// TestLedger says what a changed config makes of what is counted already: within
// a day of the first sync a new ledger, later only sync --recount.
func TestLedger(t *testing.T) {
	p := newPatient(t, "german-lead", jirasim.Cloud)
	st, err := store.Open(t.Context(), "sqlite:"+p.store, store.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	first := latency.At(noon().Add(-2 * time.Hour))
	count := func(fingerprint string, asOf latency.Instant) {
		t.Helper()
		state := jiradata.State{FirstDone: true, FirstComplete: first, DataTimestamp: asOf, Watermark: asOf}
		if _, err := st.SaveStories(t.Context(), jiradata.Batch{State: state}); err != nil {
			t.Fatal(err)
		}
		if _, err := st.Count(t.Context(), nil, latency.Standing{AsOf: asOf, Fingerprint: fingerprint}, true, nil); err != nil {
			t.Fatal(err)
		}
	}
	count("another", first)
	p.diagnosed()
	p.says(diagnose.Look, "store", "counted by another config", "the first day", "counts anew")
	count("another", first.Add(25*time.Hour))
	p.diagnosed()
	p.says(diagnose.Look, "store", "counted by another config", "yourturn sync --recount")
	count(rules.Fingerprint(p.config()), first.Add(26*time.Hour))
	p.diagnosed()
	p.says(diagnose.Works, "store", "the counters are counted by this config")
}

// TestAnyWrongStatusIsLoud takes each other status of a workflow for acceptance:
// nothing of it passes.
func TestAnyWrongStatusIsLoud(t *testing.T) {
	for status, says := range map[string]string{
		"Zu erledigen": "112 of 116 exits from acceptance are recalled", "In Arbeit": "exits from acceptance are recalled", "Code-Review": "exits from acceptance are recalled",
		"Test": "exits from acceptance are recalled", "Rückfrage": "stories that were done bypassed acceptance (100 %)",
	} {
		p := newPatient(t, "german-lead", jirasim.Cloud)
		p.rest = dropLine(p.rest, "question_statuses")
		p.replace(`acceptance_statuses: ["10305"]`, "acceptance_statuses: ["+status+"]")
		if grade := p.diagnosed(); grade != diagnose.Look {
			t.Errorf("%s: it is %s:\n%s", status, grade, p.text())
		}
		p.says(diagnose.Look, "history", says)
		p.says(diagnose.Look, "history", `"Abnahme" looks like acceptance`)
	}
	p := newPatient(t, "kanban-none", jirasim.Cloud)
	p.replace("acceptance_statuses: []", "acceptance_statuses: [In Progress]")
	p.diagnosed()
	p.says(diagnose.Look, "history", "acceptance is mostly left by whoever began it", "check acceptance_statuses")
}

// TestOwnerOfAnEpic holds that an owner whom only a story's parent names is found
// in a sample too.
func TestOwnerOfAnEpic(t *testing.T) {
	p := newPatient(t, "kanban-none", jirasim.Cloud)
	site, kan := p.org.Site, p.org.Site.Project("KAN")
	nils := site.User("nils")
	site.AddType(&jirasim.IssueType{ID: "10000", Name: "Epic", Level: 1})
	site.AddField(&jirasim.Field{ID: "customfield_777", Name: "Product Owner", Custom: true, SchemaType: "user", SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"})
	site.AddStatus(&jirasim.Status{ID: "777", Name: "PO Review", Category: "indeterminate"})
	site.Update(func() {
		kan.Lead, kan.Statuses, kan.IssueTypes = nil, append(kan.Statuses, "777"), append(kan.IssueTypes, "10000")
	})
	at := noon().AddDate(0, 0, -20)
	issue := func(kind string, more map[string]any) int64 {
		fields := map[string]any{"summary": "s", "issuetype": map[string]any{"id": kind, "name": "n"}, "status": map[string]any{"id": "777", "name": "PO Review"}}
		maps.Copy(fields, more)
		return site.CreateIssue(at, site.User("dev1"), kan, fields)
	}
	epic := issue("10000", map[string]any{"customfield_777": nils})
	for range 12 {
		issue("10001", map[string]any{"parent": map[string]any{"id": fmt.Sprint(epic), "key": site.Key(epic)}})
	}
	p.rest = "calendar: {time_zone: UTC}\n"
	p.diagnosed()
	p.says(diagnose.Works, "history", "12 acceptance waits (12 open")
	if strings.Contains(p.text(), "waits are unowned") {
		t.Errorf("the epic's owner is not found:\n%s", p.text())
	}
}
