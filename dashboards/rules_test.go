package dashboards

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is the path of a program that a test runs; without it the test
// skips, unless nothing may skip.
func program(t *testing.T, pkg string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("YOURTURN_REQUIRE_ALL") != "" {
		t.Fatalf("%s is required: install Debian's package %s", names[0], pkg)
	}
	t.Skipf("%s is not installed", names[0])
	return ""
}

// TestConfigs gives every config to its own program's check.
func TestConfigs(t *testing.T) {
	promtool := program(t, "prometheus", "promtool")
	rules, err := filepath.Glob("prometheus/rules/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := filepath.Glob("prometheus/tests/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{promtool, "check", "config", "--lint-fatal", "prometheus/prometheus.yml"},
		append([]string{promtool, "check", "rules", "--lint-fatal"}, rules...),
		append([]string{promtool, "test", "rules"}, tests...),
		{program(t, "prometheus-alertmanager", "amtool"), "check-config", "alertmanager/alertmanager.yml"},
	} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// ruleFile is a file of rules.
type ruleFile struct {
	Groups []struct {
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

// testFile is a file of promtool tests.
type testFile struct {
	Tests []struct {
		Alerts []struct {
			Name   string `yaml:"alertname"`
			Expect []any  `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	} `yaml:"tests"`
}

// TestAlerts holds that each alert says what to do, and has a test in which it
// fires and one in which it does not.
func TestAlerts(t *testing.T) {
	fires, keepsQuiet := map[string]bool{}, map[string]bool{}
	for _, name := range []string{"waits", "trends", "service"} {
		var f testFile
		load(t, "prometheus/tests/"+name+".yml", &f)
		for _, test := range f.Tests {
			for _, a := range test.Alerts {
				if len(a.Expect) > 0 {
					fires[a.Name] = true
				} else {
					keepsQuiet[a.Name] = true
				}
			}
		}
	}
	docs, err := os.ReadFile(filepath.Join("..", "docs", "dashboards.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"waits", "service"} {
		var f ruleFile
		load(t, "prometheus/rules/"+name+".yml", &f)
		for _, g := range f.Groups {
			for _, r := range g.Rules {
				want := []string{"summary", "description", "runbook"}
				if name == "waits" {
					want = append(want, "owner", "link")
				}
				for _, key := range want {
					if r.Annotations[key] == "" {
						t.Errorf("%s has no %s", r.Alert, key)
					}
				}
				if r.Labels["severity"] == "" || r.Labels["component"] != name {
					t.Errorf("%s: labels %v", r.Alert, r.Labels)
				}
				if !fires[r.Alert] || !keepsQuiet[r.Alert] {
					t.Errorf("%s: tested to fire %t, tested to keep quiet %t", r.Alert, fires[r.Alert], keepsQuiet[r.Alert])
				}
				if !bytes.Contains(docs, []byte("`"+r.Alert+"`")) {
					t.Errorf("docs/dashboards.md does not name %s", r.Alert)
				}
			}
		}
	}
}
