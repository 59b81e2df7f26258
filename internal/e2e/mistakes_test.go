package e2e

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/orgs"
)

// mistakesPage is the page whose table says what is said to each mistake.
const mistakesPage = "../../docs/mistakes.md"

// documented is a line of the page's table.
type documented struct {
	said []string // what the output holds, in this order
	code int
}

// documentedMistakes reads the page's table, by the name of the mistake.
func documentedMistakes(t *testing.T) map[string]documented {
	t.Helper()
	page, err := os.ReadFile(mistakesPage)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]documented{}
	for _, row := range regexp.MustCompile(`(?m)^\| (.+?) \| (.+?) \| (.+?) \| (\d) \|$`).FindAllStringSubmatch(string(page), -1) {
		name, code := row[1], 0
		if code, err = strconv.Atoi(row[4]); err != nil {
			t.Fatal(err)
		}
		if _, twice := out[name]; twice {
			t.Errorf("%s: %q stands there twice", mistakesPage, name)
		}
		d := documented{code: code}
		for _, part := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[3], -1) {
			d.said = append(d.said, part[1])
		}
		if len(d.said) == 0 {
			t.Errorf("%s: of %q it does not say what is said", mistakesPage, name)
		}
		out[name] = d
	}
	return out
}

// newcomer is somebody with a Jira, an account and a config that works, until
// they make their mistake.
type newcomer struct {
	*testing.T
	flavor    jirasim.Flavor
	org       *orgs.Org
	options   jirasim.Options
	dir       string
	config    string // the text
	token     string // in the file token
	transport http.RoundTripper
}

// mistakes are what new users do, by the name in the page's table: each changes
// what is there and returns the command line.
func mistakes() map[string]func(n *newcomer) []string {
	check := []string{"check", "--config.file", "yourturn.yml", "--online"}
	offline := check[:3]
	in := func(old, with string) func(*newcomer) []string {
		return func(n *newcomer) []string { n.replace(old, with); return offline }
	}
	online := func(old, with string) func(*newcomer) []string {
		return func(n *newcomer) []string { n.replace(old, with); return check }
	}
	synced := func(args ...string) func(*newcomer) []string {
		return func(n *newcomer) []string {
			n.sync()
			return append([]string{"waits", "--config.file", "yourturn.yml"}, args...)
		}
	}
	run := func(args ...string) func(*newcomer) []string {
		return func(*newcomer) []string { return args }
	}
	return map[string]func(*newcomer) []string{
		"a key is misspelt":                         in("acceptance_statuses", "aceptance_statuses"),
		"a line begins with a tab":                  in("  token_file", "\ttoken_file"),
		"a bracket is not closed":                   in("projects: [KASSE]", "projects: [KASSE"),
		"a duration has no unit":                    in("  token_file", "  poll_interval: 60\n  token_file"),
		"a duration is in days":                     in("    owner: anke", "    owner: anke\n    question: {lapse_after: 10d}"),
		"a project's key in small letters":          in("projects: [KASSE]", "projects: [kasse]"),
		"settings of a project that is not watched": in("  KASSE:", "  KASE:"),
		"the token in the config":                   in("token_file: token", "token: t0k3n"),
		"the address without https://":              in("url: http://", "url: "),
		"the address with a password":               in("url: http://", "url: http://me:secret@"),
		"an owner who is not in owners":             in("owner: anke", "owner: anka"),
		"an owner without an account":               in(`{accounts: `, `{account: `),
		"a status in two lists":                     in(`acceptance_statuses: ["Abnahme"]`, `acceptance_statuses: ["Abnahme", "Verworfen"]`),
		"a time zone by its abbreviation":           in("Europe/Berlin", "CEST"),
		"hours without a colon":                     in("09:00-17:00", "9-17"),
		"no config in this folder":                  run("check", "--config.file", "other.yml"),
		"no token": func(n *newcomer) []string {
			n.replace("  token_file: token\n", "")
			return check
		},
		"an empty token file":            func(n *newcomer) []string { n.token = "\n"; return check },
		"a token file that is not there": in("token_file: token", "token_file: tokens"),

		"a command that is misspelt": run("sevre"),
		"a flag that is misspelt":    run("waits", "--opne"),
		"a kind that there is not":   run("waits", "--kind", "verdict"),
		"an instant in words": func(n *newcomer) []string {
			n.sync()
			return []string{"waits", "--config.file", "yourturn.yml", "--as-of", "yesterday"}
		},
		"an owner that there is not":         synced("--owner", "ankee"),
		"a project that is not in the store": synced("--project", "KASE"),
		"a story that is not in the store":   synced("--story", "KASSE-99999"),
		"waits before the first sync":        run("waits", "--config.file", "yourturn.yml"),
		"names without --online":             run("check", "--config.file", "yourturn.yml", "--names"),
		"init without an address":            run("init", "--yes"),
		"init over a config":                 run("init", "--yes", "--jira.url", "https://jira.example.com", "--output", "yourturn.yml"),
		"a port that is taken": func(n *newcomer) []string {
			l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed with the test
			if err != nil {
				n.Fatal(err)
			}
			n.Cleanup(func() { l.Close() }) //nolint:errcheck // the test is over
			return []string{"serve", "--config.file", "yourturn.yml", "--web.listen-address", l.Addr().String()}
		},
		"a health check of nothing": run("healthcheck", "--url", "http://127.0.0.1:1/-/healthy"),

		"a host that there is not": func(n *newcomer) []string {
			n.transport = noHost{}
			n.address("https://exampel.atlassian.net")
			return check
		},
		"a wrong port": func(n *newcomer) []string {
			n.address("http://127.0.0.1:1")
			return check
		},
		"https where there is http": online("url: http://", "url: https://"),
		"the context path left out": func(n *newcomer) []string {
			n.atDataCenter()
			n.replace("/jira", "")
			return check
		},
		"the address of a page":           online("\n  token_file", "/browse/KASSE-1\n  token_file"),
		"a wrong token":                   func(n *newcomer) []string { n.token = "another"; return check },
		"another e-mail than the token's": online("bot@example.com", "me@example.com"),
		"no e-mail on Cloud":              online("  email: bot@example.com\n", "  flavor: cloud\n"),
		"an e-mail on Data Center": func(n *newcomer) []string {
			n.atDataCenter()
			n.replace("  token_file", "  email: bot@example.com\n  token_file")
			return check
		},
		"an expired personal access token": func(n *newcomer) []string {
			n.atDataCenter()
			n.replace("  token_file", "  flavor: datacenter\n  token_file")
			n.token = "expired"
			return check
		},
		"another kind of Jira": func(n *newcomer) []string {
			n.atDataCenter()
			n.replace("  token_file", "  flavor: cloud\n  token_file")
			return check
		},
		"a project that Jira does not show": online("projects: [KASSE]", "projects: [KASSE, KASE]"),
		"a query that is none":              online("  projects: [KASSE]", `  jql: "project = KASSE AND dragon = 1"`),

		"an acceptance status that is misspelt": online(`["Abnahme"]`, `["Abnahmen"]`),
		"acceptance left out":                   online("    acceptance_statuses: [\"Abnahme\"]\n", ""),
		"an acceptance status of another workflow": func(n *newcomer) []string {
			n.org.Site.AddStatus(&jirasim.Status{ID: "999", Name: "PO Review", Category: "indeterminate"})
			n.replace(`["Abnahme"]`, `["PO Review"]`)
			return check
		},
		"[] where there is an acceptance step": online(`["Abnahme"]`, `[]`),
		"development as acceptance":            online(`["Abnahme"]`, `["In Arbeit"]`),
		"a test as acceptance":                 online(`["Abnahme"]`, `["Test"]`),
		"an owner who does not decide": func(n *newcomer) []string {
			n.account(n.org.Site.User("dev1").ID(n.flavor))
			return check
		},
		"a step that nobody uses": func(n *newcomer) []string {
			kasse := n.org.Site.Project("KASSE")
			n.org.Site.AddStatus(&jirasim.Status{ID: "999", Name: "Geparkt", Category: "indeterminate"})
			n.org.Site.Update(func() { kasse.Statuses = append(kasse.Statuses, "999") })
			n.replace("    owner: anke", "    owner: anke\n    paused_statuses: [Geparkt]")
			return check
		},
		"an owner field that there is not": online("    owner: anke", "    owner: anke\n    owner_field: Product Owners"),
		"an owner field that nobody fills": func(n *newcomer) []string {
			n.org.Site.AddField(&jirasim.Field{ID: "customfield_999", Name: "Entscheider", Custom: true, SchemaType: "user", SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"})
			n.replace("    owner: anke", "    owner: anke\n    owner_field: Entscheider")
			return check
		},
		"nobody owns the stories": func(n *newcomer) []string {
			kasse := n.org.Site.Project("KASSE")
			n.org.Site.Update(func() { kasse.Lead = nil })
			n.replace("    owner: anke\n", "")
			return check
		},
		"a name as an account id":               func(n *newcomer) []string { n.account("Anke Vogt"); return check },
		"an account that there is not":          func(n *newcomer) []string { n.account("5c00000000000"); return check },
		"an issue type that there is not":       online("  token_file", "  issue_types: [Storey]\n  token_file"),
		"a calendar in another zone":            online("Europe/Berlin", "America/New_York"),
		"no calendar":                           online("calendar: {time_zone: Europe/Berlin, hours: \"09:00-17:00\"}\n", ""),
		"a store in a folder that there is not": online("sqlite:yourturn.db", "sqlite:data/yourturn.db"),
		"a store that cannot be written":        online("sqlite:yourturn.db", "sqlite:/proc/yourturn.db"),
		"a text file as the store": func(n *newcomer) []string {
			write(n.T, filepath.Join(n.dir, "yourturn.db"), strings.Repeat("This is no database. ", 100))
			return check
		},
		"a token of another account than before": func(n *newcomer) []string {
			n.sync()
			anke := n.anke()
			n.org.Site.Update(func() { n.org.Site.Self = anke })
			return check
		},
		"a token that everybody may read": func(n *newcomer) []string {
			// Who may not enter the folder reads nothing in it.
			if err := errors.Join(os.Chmod(filepath.Dir(n.dir), 0o755), os.WriteFile(filepath.Join(n.dir, "token"), nil, 0o600), os.Chmod(filepath.Join(n.dir, "token"), 0o644)); err != nil { //nolint:gosec // the mistake
				n.Fatal(err)
			}
			return offline
		},
		"a short webhook secret": func(n *newcomer) []string {
			write(n.T, filepath.Join(n.dir, "secret"), "hunter2")
			n.replace("store:", "webhook: {secret_file: secret}\nstore:")
			return offline
		},
		"a Jira without encryption": func(n *newcomer) []string { n.address("http://jira.example.com"); return offline },
		"a store that everybody may read": func(n *newcomer) []string {
			n.sync()
			if err := os.Chmod(filepath.Join(n.dir, "yourturn.db"), 0o666); err != nil { //nolint:gosec // the mistake
				n.Fatal(err)
			}
			return check
		},
		"a store of a newer yourturn": func(n *newcomer) []string {
			n.sync()
			n.newerSchema()
			return []string{"waits", "--config.file", "yourturn.yml"}
		},
		"pages for everybody": online("calendar:", "web: {listen_address: \":9817\"}\ncalendar:"),
	}
}

// noHost is a network that knows no names.
type noHost struct{}

// RoundTrip implements http.RoundTripper.
func (noHost) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
}

func newNewcomer(t *testing.T, flavor jirasim.Flavor) *newcomer {
	t.Helper()
	n := &newcomer{T: t, dir: t.TempDir(), token: "t0k3n"}
	n.settle(flavor)
	return n
}

// settle serves an organisation in a flavour, and makes the config that fits.
func (n *newcomer) settle(flavor jirasim.Flavor) {
	n.Helper()
	var err error
	if n.org, err = orgs.New("german-lead", orgs.Options{Flavor: flavor, Seed: 1}); err != nil {
		n.Fatal(err)
	}
	n.flavor = flavor
	n.options = jirasim.Options{Token: "t0k3n"}
	email := ""
	if flavor == jirasim.Cloud {
		n.options.Email, email = "bot@example.com", "  email: bot@example.com\n"
	} else {
		n.options.ContextPath = "/jira"
	}
	srv := httptest.NewServer(jirasim.NewServer(n.org.Site, n.options))
	n.Cleanup(srv.Close)
	n.config = fmt.Sprintf(`jira:
  url: %s%s
  token_file: token
%s  projects: [KASSE]
store: {url: "sqlite:yourturn.db"}
calendar: {time_zone: Europe/Berlin, hours: "09:00-17:00"}
projects:
  KASSE:
    acceptance_statuses: ["Abnahme"]
    withdrawn_statuses: ["Verworfen"]
    owner: anke
owners:
  anke: {accounts: [%q]}
`, srv.URL, n.options.ContextPath, email, n.anke().ID(flavor))
}

func (n *newcomer) atDataCenter() { n.settle(jirasim.DataCenter) }

func (n *newcomer) anke() *jirasim.User { return n.org.Site.User("anke") }

// account writes an account for the owner.
func (n *newcomer) account(text string) { n.replace(n.anke().ID(n.flavor), text) }

// address writes another address of Jira.
func (n *newcomer) address(text string) {
	n.config = regexp.MustCompile(`(?m)^  url: .*$`).ReplaceAllString(n.config, "  url: "+text)
}

// replace changes the config.
func (n *newcomer) replace(old, with string) {
	n.Helper()
	if !strings.Contains(n.config, old) {
		n.Fatalf("the config has no %q:\n%s", old, n.config)
	}
	n.config = strings.Replace(n.config, old, with, 1)
}

// sync fills the store.
func (n *newcomer) sync() {
	n.Helper()
	if code, out := n.run([]string{"sync", "--config.file", "yourturn.yml"}); code != command.ExitFine {
		n.Fatalf("sync ended with %d:\n%s", code, out)
	}
}

// newerSchema makes the store one that a later version wrote.
func (n *newcomer) newerSchema() {
	n.Helper()
	db, err := sql.Open("sqlite", filepath.Join(n.dir, "yourturn.db"))
	if err == nil {
		_, err = db.ExecContext(n.Context(), `INSERT INTO schema_version (version) VALUES (99)`)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		n.Fatal(err)
	}
}

// run runs a command line in the newcomer's folder.
func (n *newcomer) run(args []string) (int, string) {
	n.Helper()
	write(n.T, filepath.Join(n.dir, "yourturn.yml"), n.config)
	write(n.T, filepath.Join(n.dir, "token"), n.token)
	args = append([]string{}, args...)
	for i := range args {
		if strings.HasSuffix(args[i], ".yml") {
			args[i] = filepath.Join(n.dir, args[i])
		}
	}
	var out bytes.Buffer
	code := command.Run(n.Context(), args, command.Env{In: strings.NewReader(""), Out: &out, Err: &out, Transport: n.transport})
	return code, strings.ReplaceAll(out.String(), n.dir+string(os.PathSeparator), "")
}

// TestMistakes makes every mistake of docs/mistakes.md against the simulated
// Jira, and compares what is said, and the exit code, with the page.
func TestMistakes(t *testing.T) {
	page, done := documentedMistakes(t), mistakes()
	if len(page) < 25 {
		t.Errorf("%s has only %d mistakes", mistakesPage, len(page))
	}
	for name := range page {
		if done[name] == nil {
			t.Errorf("%s has %q, which nobody makes here", mistakesPage, name)
		}
	}
	for name, do := range done {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, ok := page[name]
			if !ok {
				t.Errorf("it is not in %s", mistakesPage)
			}
			n := newNewcomer(t, jirasim.Cloud)
			args := do(n)
			code, out := n.run(args)
			if code != want.code {
				t.Errorf("exit code %d, want %d:\n%s", code, want.code, out)
			}
			// Lines are broken to fit 80 columns.
			text := strings.Join(strings.Fields(out), " ")
			rest := text
			for _, part := range want.said {
				at := strings.Index(rest, part)
				if at < 0 {
					t.Errorf("it does not say %q, or not at its place:\n%s", part, out)
					break
				}
				rest = rest[at+len(part):]
			}
			if strings.Contains(out, "t0k3n") {
				t.Errorf("it tells the token:\n%s", out)
			}
			if os.Getenv("YOURTURN_MISTAKES") != "" {
				t.Logf("%s → %d\n%s", strings.Join(args, " "), code, out)
			}
		})
	}
}

// TestNewcomer holds that the config that mistakes are made in is a good one.
func TestNewcomer(t *testing.T) {
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		n := newNewcomer(t, flavor)
		code, out := n.run([]string{"check", "--config.file", "yourturn.yml", "--online"})
		if code != command.ExitFine || !strings.Contains(out, "Result: works.") {
			t.Errorf("%s: exit code %d:\n%s", flavor, code, out)
		}
	}
}
