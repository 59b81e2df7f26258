package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const example = "config.example.yml"

// TestExample holds that the example is a good file and that it tells the
// truth about the defaults.
func TestExample(t *testing.T) {
	t.Setenv(tokenVariable, "")
	cfg, err := Load(example)
	if err != nil {
		t.Fatal(err)
	}
	least := load(t, "least.good.yml")
	same := cmp.Options{
		cmp.AllowUnexported(Bound{}),
		// An empty list says what none does.
		cmp.Transformer("list", func(s []string) string { return strings.Join(s, "\n") }),
		cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Stages" }, cmp.Ignore()),
	}
	if diff := cmp.Diff(least.Defaults, cfg.Defaults, same); diff != "" {
		t.Errorf("the defaults of the example are not the ones (-real +example):\n%s", diff)
	}
	nobody := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Lead" || p.Last().String() == ".Member" }, cmp.Ignore())
	if diff := cmp.Diff(least.Web, cfg.Web, same, nobody, cmp.AllowUnexported(Identity{})); diff != "" {
		t.Errorf("web of the example is not the default (-default +example):\n%s", diff)
	}
	for _, c := range []struct{ name, got, want any }{
		{"store", cfg.Store, least.Store},
		{"log", cfg.Log, least.Log},
		{"metrics", cfg.Metrics, least.Metrics},
		{"poll_interval", cfg.Jira.PollInterval, least.Jira.PollInterval},
		{"overlap", cfg.Jira.Overlap, least.Jira.Overlap},
		{"census_interval", cfg.Jira.CensusInterval, least.Jira.CensusInterval},
		{"census_max_removed", cfg.Jira.CensusMaxRemoved, least.Jira.CensusMaxRemoved},
	} {
		if !cmp.Equal(c.got, c.want, cmpopts.EquateEmpty()) {
			t.Errorf("%s of the example is %v, the default is %v", c.name, c.got, c.want)
		}
	}
}

// TestExampleIsComplete holds that the example has every key that this version
// can act on, and no other. A key that excludes another is in a comment.
func TestExampleIsComplete(t *testing.T) {
	data, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	d := &decoder{report: report{file: example, lines: map[string]int{}}, cfg: &Config{}}
	d.structure(d.parse(data), reflect.ValueOf(d.cfg).Elem(), "")
	if err := d.err(); err != nil {
		t.Fatal(err)
	}

	has := map[string]bool{}
	for key := range d.lines {
		has[pattern(key)] = true
	}
	for _, key := range commentedKeys(string(data)) {
		has["# "+key] = true
	}
	left := map[string]bool{}
	for _, k := range unsupportedKeys() {
		if k.key != "store.url" { // of which one form is supported
			left[k.key] = true
		}
	}
	keys := keysOf(reflect.TypeFor[Config](), "")
	if len(keys) < 60 {
		t.Fatalf("only %d keys were found: %v", len(keys), keys)
	}
	for _, key := range keys {
		if left[key] {
			if has[key] {
				t.Errorf("the example shows %s, which is not supported", key)
			}
			continue
		}
		if key == "jira.token_file" || key == "jira.jql" || key == "privacy.key_file" || key == "calendar.days" {
			key = "# " + key[strings.LastIndexByte(key, '.')+1:]
		}
		// What a project may override is told once, under defaults.
		if setting, ok := strings.CutPrefix(key, "projects.*."); ok && has["defaults."+setting] {
			continue
		}
		if setting, ok := strings.CutPrefix(key, "projects.*.calendar."); ok && has["owners.*.calendar."+setting] {
			continue
		}
		if !has[key] {
			t.Errorf("the example lacks %s", key)
		}
	}
}

// commentedKeys returns the keys that the example shows in comments, in order.
func commentedKeys(text string) []string {
	var keys []string
	for _, m := range regexp.MustCompile(`(?m)^ *# ([a-z_]+): `).FindAllStringSubmatch(text, -1) {
		keys = append(keys, m[1])
	}
	return keys
}

// TestExampleIsAccepted holds that no key that the example shows is refused, be
// it in force or in a comment: whoever takes the comment off, and takes out what
// it stands in for, has a config that loads and that this version can act on.
func TestExampleIsAccepted(t *testing.T) {
	t.Setenv(tokenVariable, "")
	data, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	dir := t.TempDir()
	token := filepath.Join(dir, "jira")
	if err := os.WriteFile(token, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hashes := filepath.Join(dir, "hashes")
	if err := os.WriteFile(hashes, []byte(strings.Repeat("hunter2 ", 5)), 0o600); err != nil {
		t.Fatal(err)
	}
	uncommented := map[string]bool{}
	for _, v := range []struct {
		name   string
		keys   []string // that are taken out of their comments
		oldnew []string // what is replaced besides
		is     func(*Config) bool
	}{
		{name: "as it is", is: func(*Config) bool { return true }},
		{
			name: "a token in a file", keys: []string{"token_file"}, oldnew: []string{"/run/secrets/jira", token},
			is: func(c *Config) bool { return c.Jira.Token.Reveal() == "hunter2" },
		},
		{
			name: "a query for projects", keys: []string{"jql"}, oldnew: []string{"  projects: [PAY, WEB]\n", ""},
			is: func(c *Config) bool { return c.Jira.JQL == "project in (PAY, WEB) AND labels = team-blue" },
		},
		{
			name: "the same hours on several days", keys: []string{"days", "hours"},
			oldnew: []string{"  hours:\n    mon-thu: [\"09:00-12:00\", \"13:00-17:00\"]\n    fri: [\"09:00-15:00\"]\n", ""},
			is:     func(c *Config) bool { return len(c.Calendar.Days) == 1 && len(c.Calendar.Hours.Each) == 1 },
		},
		{
			name: "pseudonyms", keys: []string{"key_file"}, oldnew: []string{"pseudonyms: false", "pseudonyms: true", "pseudonyms.key", hashes},
			is: func(c *Config) bool { return c.Privacy.Pseudonyms && c.Privacy.Key != "" },
		},
	} {
		t.Run(v.name, func(t *testing.T) {
			with := text
			for i := 0; i < len(v.oldnew); i += 2 {
				if !strings.Contains(with, v.oldnew[i]) {
					t.Fatalf("the example has no %q", v.oldnew[i])
				}
				with = strings.Replace(with, v.oldnew[i], v.oldnew[i+1], 1)
			}
			for _, key := range v.keys {
				uncommented[key] = true
				with = regexp.MustCompile(`(?m)^( *)# (`+key+`: )`).ReplaceAllString(with, "$1$2")
			}
			cfg, err := Parse(filepath.Join(dir, "yourturn.yml"), []byte(with), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := cfg.Unsupported(); err != nil {
				t.Error(err)
			}
			if !v.is(cfg) {
				t.Error("what was taken out of its comment has no effect")
			}
		})
	}
	for _, key := range commentedKeys(text) {
		if !uncommented[key] {
			t.Errorf("no case takes %s out of its comment", key)
		}
	}
}

func TestUnsupported(t *testing.T) {
	dir := t.TempDir()
	text := `jira: {url: https://jira.example.com, projects: [PAY]}
metrics: {native_histograms: true}
`
	cfg, err := Parse(filepath.Join(dir, "yourturn.yml"), []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2: metrics.native_histograms: is not supported yet; leave it off",
	}
	got := strings.Split(strings.ReplaceAll(fmt.Sprint(cfg.Unsupported()), cfg.File()+":", ""), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(unsupportedKeys()) != len(want) {
		t.Errorf("%d keys are not supported, and %d are tried", len(unsupportedKeys()), len(want))
	}
	for _, name := range []string{"least.good.yml", "spec.good.yml"} {
		if err := load(t, name).Unsupported(); err != nil {
			t.Error(err)
		}
	}
}

// pattern is a key without the names that the file gives itself.
func pattern(key string) string {
	key = regexp.MustCompile(`\[\d+\]`).ReplaceAllString(key, "")
	return regexp.MustCompile(`^(projects|owners|web\.roles\.lead|web\.roles\.member)\.[^.]+|(components)\.[^.]+`).ReplaceAllString(key, "$1$2.*")
}

// keysOf lists the keys that a type may have in the file.
func keysOf(typ reflect.Type, key string) []string {
	own := typ == reflect.TypeFor[Hours]() || typ == reflect.TypeFor[Bound]() || typ == reflect.TypeFor[time.Duration]()
	var keys []string
	switch {
	case own:
	case typ.Kind() == reflect.Struct:
		for _, f := range fieldsOf(typ) {
			name := join(key, f.name)
			keys = append(keys, name)
			keys = append(keys, keysOf(typ.FieldByIndex(f.index).Type, name)...)
		}
	case typ.Kind() == reflect.Map && typ.Elem().Kind() == reflect.Struct:
		keys = keysOf(typ.Elem(), join(key, "*"))
	case typ.Kind() == reflect.Slice:
		keys = keysOf(typ.Elem(), key)
	}
	return keys
}
