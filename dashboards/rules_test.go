package dashboards

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/yourturn/yourturn/internal/stack"
)

// TestConfigs gives every config to its own program's check.
func TestConfigs(t *testing.T) {
	promtool := stack.Program(t, "prometheus", "promtool")
	amtool := stack.Program(t, "prometheus-alertmanager", "amtool")
	rules, err := filepath.Glob("prometheus/rules/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := filepath.Glob("prometheus/tests/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	commands := [][]string{
		{promtool, "check", "config", "--lint-fatal", "prometheus/prometheus.yml"},
		append([]string{promtool, "check", "rules", "--lint-fatal"}, rules...),
		{amtool, "check-config", "alertmanager/alertmanager.yml"},
	}
	for _, test := range tests { // in processes of their own, which run side by side
		commands = append(commands, []string{promtool, "test", "rules", test})
	}
	for _, args := range commands {
		t.Run(filepath.Base(args[0])+" "+args[1]+" "+filepath.Base(args[len(args)-1]), func(t *testing.T) {
			t.Parallel()
			if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
			}
		})
	}
}

// ruleFile is a file of rules.
type ruleFile struct {
	Groups []struct {
		Rules []rule `yaml:"rules"`
	} `yaml:"groups"`
}

// rule is what the tests read of a rule.
type rule struct {
	Alert       string            `yaml:"alert"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// eachAlert calls f for each alert, with the name of its file.
func eachAlert(t *testing.T, f func(file string, r rule)) {
	t.Helper()
	names, err := filepath.Glob("prometheus/rules/*.yml")
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no rules: %v", err)
	}
	for _, name := range names {
		var file ruleFile
		load(t, name, &file)
		for _, g := range file.Groups {
			for _, r := range g.Rules {
				if r.Alert != "" { // else it records
					f(strings.TrimSuffix(filepath.Base(name), ".yml"), r)
				}
			}
		}
	}
}

// testFile is a file of promtool tests.
type testFile struct {
	Tests []struct {
		Alerts []struct {
			At     string `yaml:"eval_time"`
			Name   string `yaml:"alertname"`
			Expect []any  `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	} `yaml:"tests"`
}

// duration reads a duration as Prometheus writes it.
func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := model.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(d)
}

// alertCases is which tests of an alert there are.
type alertCases struct {
	fires bool // in some test
	// quiet is the latest instant that a test looks at in which it never fires.
	quiet time.Duration
}

// casesOf reads all tests of alerts.
func casesOf(t *testing.T) map[string]*alertCases {
	t.Helper()
	cases := map[string]*alertCases{}
	names, err := filepath.Glob("prometheus/tests/*.yml")
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no tests of rules: %v", err)
	}
	for _, name := range names {
		var f testFile
		load(t, name, &f)
		for _, test := range f.Tests {
			fired, quiet := map[string]bool{}, map[string]time.Duration{}
			for _, a := range test.Alerts {
				if cases[a.Name] == nil {
					cases[a.Name] = &alertCases{}
				}
				if len(a.Expect) > 0 {
					fired[a.Name] = true
					cases[a.Name].fires = true
					continue
				}
				quiet[a.Name] = max(quiet[a.Name], duration(t, a.At))
			}
			for alert, d := range quiet {
				if !fired[alert] {
					cases[alert].quiet = max(cases[alert].quiet, d)
				}
			}
		}
	}
	return cases
}

// TestAlerts holds that each alert says what to do, has a test in which it
// fires, and another in which it never does though its "for" has passed.
func TestAlerts(t *testing.T) {
	cases := casesOf(t)
	docs, err := os.ReadFile(filepath.Join("..", "docs", "dashboards.md"))
	if err != nil {
		t.Fatal(err)
	}
	eachAlert(t, func(component string, r rule) {
		want := []string{"summary", "description", "runbook"}
		if component == "waits" {
			want = append(want, "owner", "link")
		}
		for _, key := range want {
			if r.Annotations[key] == "" {
				t.Errorf("%s has no %s", r.Alert, key)
			}
		}
		if r.Labels["severity"] == "" || r.Labels["component"] != component {
			t.Errorf("%s: labels %v", r.Alert, r.Labels)
		}
		c := cases[r.Alert]
		if c == nil || !c.fires {
			t.Errorf("%s: no file under prometheus/tests has a case in which it fires", r.Alert)
		}
		if c == nil || c.quiet <= duration(t, r.For) {
			t.Errorf("%s: no test under prometheus/tests keeps it quiet for longer than its %s", r.Alert, r.For)
		}
		if !bytes.Contains(docs, []byte("`"+r.Alert+"`")) {
			t.Errorf("docs/dashboards.md does not name %s", r.Alert)
		}
		delete(cases, r.Alert)
	})
	for name := range cases {
		t.Errorf("there is a test of %s, and no such alert", name)
	}
}
