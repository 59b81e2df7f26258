package support

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/redact"
)

// texts lists the keys of a type whose values are texts in YAML. A * is any name.
func texts(typ reflect.Type, key string) []string {
	switch {
	case typ == reflect.TypeFor[config.Hours]():
		return nil
	case typ.Kind() == reflect.String || typ == reflect.TypeFor[config.Bound]() || typ == reflect.TypeFor[time.Duration]():
		return []string{key}
	case typ.Kind() == reflect.Slice:
		return texts(typ.Elem(), key)
	case typ.Kind() == reflect.Map:
		return texts(typ.Elem(), key+".*")
	case typ.Kind() != reflect.Struct:
		return nil
	}
	var out []string
	for f := range typ.Fields() {
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			out = append(out, texts(f.Type, key)...)
		case name != "" && name != "-":
			out = append(out, texts(f.Type, strings.TrimPrefix(key+"."+name, "."))...)
		}
	}
	return out
}

// TestEveryKeyOfTheConfig: somebody has decided of each key how it is shown, and what names
// people, hosts, files or secrets is not shown as it is.
func TestEveryKeyOfTheConfig(t *testing.T) {
	all, list := keys(), texts(reflect.TypeFor[config.Config](), "")
	if len(list) < 60 {
		t.Fatalf("the config has %d keys: mend the test", len(list))
	}
	telling := regexp.MustCompile(`(url|email|file|address|hosts|proxies|users|groups|accounts|jql|\.owner|delegate)$`)
	for _, key := range list {
		s := how(all, key)
		if s == hidden {
			t.Errorf("%s is hidden: say in keys how it is shown", key)
		}
		if telling.MatchString(key) && s == asIs {
			t.Errorf("%s is shown as it is", key)
		}
	}
	for key := range all {
		if !slices.ContainsFunc(list, func(known string) bool {
			return known == key || strings.HasPrefix(known, key+".") || strings.HasPrefix(known, strings.TrimSuffix(key, "*"))
		}) {
			t.Errorf("%s is no key of the config", key)
		}
	}
	if how(all, "jira.new_key") != hidden || how(all, "new.key") != hidden {
		t.Error("a new key is shown")
	}
}

// TestShown renders a config that names everything it can. What remains is a YAML document
// with all rules, and without a name.
func TestShown(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder-of-kim")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"token": "t0k3n-of-jira", "hook": "hush-hush-hush-hush", "web.yml": "{}"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "yourturn.yml")
	const text = `
jira: {url: "https://api.atlassian.com/ex/jira/11223344-a0a0", email: bot@corp.example, token_file: token, jql: "assignee = xaver", proxy_url: "http://proxy.corp.example:3128"}
store: {url: "sqlite:store.db"}
web:
  listen_address: yourturn.corp.example:9817
  probe_address: ":9819"
  config_file: web.yml
  hosts: [other.corp.example]
  identity: {trusted_proxies: [10.7.0.0/16, 127.0.0.1/32]}
  roles: {operator: {users: [ursula], groups: [sre-berlin]}, lead: {PAY: {users: [lin@corp.example]}}, member: {PAY: {groups: [team-blue]}}}
webhook: {secret_file: hook}
projects:
  PAY:
    owner: [{owner: quilla, to: 2026-05-31}, {owner: ruprecht, from: 2026-06-01}]
    components: {Desk of Quilla: {owner: ruprecht}}
    stages: {review: [Review by Quilla]}
owners:
  quilla: {accounts: [5b10ac8d82e05b22cc7d4ef5], users: [q@corp.example], absences: [{from: 2026-07-01, to: 2026-07-03}]}
  ruprecht: {accounts: [JIRAUSER10842], calendar: {time_zone: Europe/Berlin, hours: {mon-fri: ["09:00-17:00"]}}}
delegations: [{owner: quilla, delegate: ruprecht}]
automation_accounts: [robot-17]
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.LoadIn(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := NewNames(redact.New(cfg.Secrets()...))
	n.Config(cfg)
	out, err := n.Shown(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(out, &doc); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	for _, name := range []string{
		"atlassian", "11223344", "corp.example", "bot@", "xaver", "10.7.", "ursula", "sre-berlin", "lin@", "team-blue", "quilla", "Quilla", "ruprecht", "5b10ac", "JIRAUSER10842", "q@", "robot-17",
		"t0k3n", "hush", "kim",
	} {
		if strings.Contains(string(out), name) {
			t.Errorf("%q is in it", name)
		}
	}
	for _, line := range []string{
		"url: https://host-", "email: email-1", "token_file: token", "jql: query-1", "listen_address: host-", ":9817", `probe_address: :9819`, "127.0.0.1/32", "slip_window: 5m0s",
		"owner: owner-1", "owner: owner-2", "Desk of owner-1:", "Review by owner-1", "from: \"2026-07-01\"", "delegate: owner-2", "owner-1-account-1", "owner-1-user-1", "account-1", "user-1", "group-1", "url: store.db",
	} {
		if !strings.Contains(string(out), line) {
			t.Errorf("%q is not in it", line)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}

// TestAStoreInADatabase holds that the hosts of a database are shown nowhere, nor are its
// user and its name in the config.
func TestAStoreInADatabase(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://lin@db1.corp.example:5432,db2.corp.example:5432/linsdata?sslrootcert=/home/lin/ca.pem": "postgres://host-1,host-2",
		"postgres://lin@db1.corp.example/linsdata":                                                         "postgres://host-1",
		"postgres://lin@127.0.0.1:5432/linsdata":                                                           "postgres://127.0.0.1",
		"sqlite:/srv/lin/store.db":                                                                         "store.db",
	} {
		n := NewNames(redact.New())
		if got := n.value(aStore, address); got != want {
			t.Errorf("%s is shown as %q, want %q", address, got, want)
		}
		if text := n.Text("dial tcp: lookup db1.corp.example: no such host"); strings.Contains(want, "host-1") && strings.Contains(text, "db1") {
			t.Errorf("%s: a line of the log is shown as %q", address, text)
		}
	}
}
