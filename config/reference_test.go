package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const reference = "../docs/config.md"

// documented reads the tables of the reference: the default of each key, and of
// the keys that are not supported what to do instead.
func documented(t *testing.T) (defaults, instead map[string]string) {
	t.Helper()
	data, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	defaults, instead = map[string]string{}, map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)`([^|]*) \\| ([^|]+) \\|( .* \\|)?$").FindAllStringSubmatch(string(data), -1) {
		list := defaults
		if m[4] == "" {
			list = instead
		}
		if _, twice := list[m[1]]; twice {
			t.Errorf("%s has two rows of %s", reference, m[1])
		}
		list[m[1]] = strings.Trim(m[3], "`")
	}
	return defaults, instead
}

// valued lists the keys that have a row of their own in the reference: not the
// sections, what a project may override, or the parts of a list's elements.
func valued() []string {
	var keys []string
	all := keysOf(reflect.TypeFor[Config](), "")
	parts := regexp.MustCompile(`^(projects\.\*\.(owner|components)|web\.roles\.(operator|lead|member)|owners\.\*\.absences|delegations|(projects|owners)\.\*\.calendar)\.`)
	for _, key := range all {
		_, override := strings.CutPrefix(key, "projects.*.")
		section := slices.ContainsFunc(all, func(k string) bool { return strings.HasPrefix(k, key+".") && !parts.MatchString(k) })
		if override && slices.Contains(all, "defaults."+strings.TrimPrefix(key, "projects.*.")) || section || parts.MatchString(key) {
			continue
		}
		keys = append(keys, key)
	}
	return keys
}

// TestReference holds that the reference has every key with its default, and no other.
func TestReference(t *testing.T) {
	defaults, instead := documented(t)
	least := reflect.ValueOf(load(t, "least.good.yml")).Elem()
	refused := map[string]string{}
	for _, k := range unsupportedKeys() {
		refused[k.key] = k.instead
	}
	if diff := cmp.Diff(refused, instead); diff != "" {
		t.Errorf("what is not supported (-code +%s):\n%s", reference, diff)
	}
	for _, key := range valued() {
		got, ok := defaults[key]
		if _, unsupported := refused[key]; unsupported && key != "store.url" {
			if ok {
				t.Errorf("%s says what %s does, which is not supported", reference, key)
			}
			continue
		}
		if !ok {
			t.Errorf("%s lacks %s", reference, key)
			continue
		}
		delete(defaults, key)
		if want := defaultOf(t, least, key); got != want {
			t.Errorf("%s says that %s is %s by default; it is %s", reference, key, got, want)
		}
	}
	for key := range defaults {
		t.Errorf("%s has %s, which is no key", reference, key)
	}
}

// defaultOf renders the value that a key has in the least config, as the reference
// does.
func defaultOf(t *testing.T, least reflect.Value, key string) string {
	t.Helper()
	switch key { // what the least config gives, and what has no value but a default all the same
	case "jira.url", "owners.*.accounts":
		return "required"
	case "jira.jql":
		return "none"
	case "jira.issue_types":
		return "all but sub-tasks and epics"
	case "calendar.hours":
		return "09:00-17:00"
	}
	if strings.Contains(key, "*") {
		return "none"
	}
	v := least
	for name := range strings.SplitSeq(key, ".") {
		i := slices.IndexFunc(fieldsOf(v.Type()), func(f field) bool { return f.name == name })
		v = v.FieldByIndex(fieldsOf(v.Type())[i].index)
	}
	switch value := v.Interface().(type) {
	case time.Duration:
		return regexp.MustCompile(`(h0m|m)0s$`).ReplaceAllStringFunc(value.String(), func(zeroes string) string { return zeroes[:1] })
	case []string:
		if len(value) == 0 {
			return "none"
		}
		if slices.ContainsFunc(value, func(s string) bool { return strings.ContainsAny(s, ":#") }) {
			quoted := make([]string, len(value))
			for i, s := range value {
				quoted[i] = strconv.Quote(s)
			}
			value = quoted
		}
		return "[" + strings.Join(value, ", ") + "]"
	}
	if v.IsZero() && v.Kind() != reflect.Bool || v.Kind() == reflect.Map && v.Len() == 0 {
		return "none"
	}
	return fmt.Sprint(v.Interface())
}

// TestDocsNameKeys holds that the docs name no key that does not exist: of a name
// with dots that begins with a section, each is one.
func TestDocsNameKeys(t *testing.T) {
	known, sections := map[string]bool{}, map[string]bool{}
	for _, key := range keysOf(reflect.TypeFor[Config](), "") {
		known[key] = true
		section, _, _ := strings.Cut(key, ".")
		sections[section] = true
	}
	files, err := filepath.Glob("../docs/*.md")
	if err != nil || len(files) < 5 {
		t.Fatalf("the docs are not there: %v, %v", files, err)
	}
	named := map[string]bool{}
	for _, name := range append(files, "../README.md", "../ARCHITECTURE.md", "../CONTRIBUTING.md", "../CHANGELOG.md") {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("`([a-z_]+(?:\\.[A-Za-z_*]+)+)`").FindAllStringSubmatch(string(data), -1) {
			section, _, _ := strings.Cut(m[1], ".")
			if !sections[section] {
				continue
			}
			named[m[1]] = true
			if key := pattern(m[1]); !known[key] && key != "jira.token" {
				t.Errorf("%s names %s, which is no key", name, m[1])
			}
		}
	}
	if len(named) < 40 {
		t.Errorf("only %d keys are named: mend the test: %v", len(named), slices.Sorted(maps.Keys(named)))
	}
}
