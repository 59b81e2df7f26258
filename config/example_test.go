package config

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
	for _, c := range []struct{ name, got, want any }{
		{"store", cfg.Store, least.Store},
		{"web", cfg.Web, least.Web},
		{"log", cfg.Log, least.Log},
		{"metrics", cfg.Metrics, least.Metrics},
		{"poll_interval", cfg.Jira.PollInterval, least.Jira.PollInterval},
		{"overlap", cfg.Jira.Overlap, least.Jira.Overlap},
		{"census_interval", cfg.Jira.CensusInterval, least.Jira.CensusInterval},
		{"census_max_removed", cfg.Jira.CensusMaxRemoved, least.Jira.CensusMaxRemoved},
	} {
		if c.got != c.want {
			t.Errorf("%s of the example is %v, the default is %v", c.name, c.got, c.want)
		}
	}
}

// TestExampleIsComplete holds that the example has every key; that it has no
// others is what loading it says. A key that excludes another is in a comment.
func TestExampleIsComplete(t *testing.T) {
	data, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	d := &decoder{report: report{file: example, lines: map[string]int{}}, cfg: &Config{}}
	d.structure(d.parse(data), reflect.ValueOf(d.cfg).Elem(), "")

	has := map[string]bool{}
	for key := range d.lines {
		has[pattern(key)] = true
	}
	commented := regexp.MustCompile(`(?m)^ *# ([a-z_]+): `)
	for _, m := range commented.FindAllStringSubmatch(string(data), -1) {
		has["# "+m[1]] = true
	}
	keys := keysOf(reflect.TypeFor[Config](), "")
	if len(keys) < 60 {
		t.Fatalf("only %d keys were found: %v", len(keys), keys)
	}
	for _, key := range keys {
		if key == "jira.token_file" || key == "jira.jql" || key == "calendar.days" {
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

// pattern is a key without the names that the file gives itself.
func pattern(key string) string {
	key = regexp.MustCompile(`\[\d+\]`).ReplaceAllString(key, "")
	return regexp.MustCompile(`^(projects|owners)\.[^.]+|(components)\.[^.]+`).ReplaceAllString(key, "$1$2.*")
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
