package dashboards

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/yourturn/yourturn/internal/stack"
)

// usual is the bundle that changes nothing.
func usual() Bundle {
	return Bundle{Runbooks: DefaultRunbooks, Objective: DefaultObjective, Folder: DefaultFolder}
}

// bundled returns the files of a bundle by name.
func bundled(t *testing.T, b Bundle) map[string][]byte {
	t.Helper()
	files, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		out[f.Name] = f.Text
	}
	return out
}

// TestBundleAsCommitted holds that a bundle without wishes is what is committed.
func TestBundleAsCommitted(t *testing.T) {
	files := bundled(t, usual())
	compared := 0
	for _, pattern := range []string{"grafana/*.json", "prometheus/rules/*.yml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			var want, got any
			load(t, name, &want)
			if err := yaml.Unmarshal(files[filepath.ToSlash(name)], &got); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-committed +bundled):\n%s", name, diff)
			}
			compared++
		}
	}
	if compared != 8 || len(files) != compared+2 {
		t.Errorf("%d files were compared of %d", compared, len(files))
	}
	if !bytes.Contains(files["prometheus/rules/objective.yml"], []byte("# The share of acceptance waits")) {
		t.Error("the comments are lost")
	}
}

// TestBundleObjects decodes the Kubernetes objects: they hold the dashboards and rules
// of the other files, and what selects them.
func TestBundleObjects(t *testing.T) {
	b := usual()
	b.Namespace, b.Folder, b.DataSource, b.Labels = "monitoring", "Product Owners", "mimir-1", map[string]string{"release": "kube-prometheus-stack"}
	b.Runbooks, b.Objective, b.Selector = "https://wiki.example.com/runbooks", 0.9, `cluster="a \"b\" 100%"`
	files := bundled(t, b)
	d := yaml.NewDecoder(bytes.NewReader(files["kubernetes/dashboards.yml"]))
	d.KnownFields(true)
	maps := 0
	for {
		var o object
		if err := d.Decode(&o); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		maps++
		if o.APIVersion != "v1" || o.Kind != "ConfigMap" || o.Metadata.Namespace != "monitoring" || o.Metadata.Labels["grafana_dashboard"] != "1" ||
			o.Metadata.Labels["release"] != "kube-prometheus-stack" || o.Metadata.Annotations["grafana_folder"] != "Product Owners" || len(o.Data) != 1 {
			t.Errorf("%+v", o.Metadata)
		}
		for name, text := range o.Data {
			var got, want any
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(files["grafana/"+name], &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" || name != o.Metadata.Name+".json" {
				t.Errorf("%s in %s (-file +object):\n%s", name, o.Metadata.Name, diff)
			}
			if len(text) > 256<<10*19/20 {
				t.Errorf("%s has %d bytes: kubectl apply keeps at most 256 KiB", name, len(text))
			}
			if !strings.Contains(text, `"value":"mimir-1"`) {
				t.Errorf("%s does not select the data source", name)
			}
		}
	}
	if maps != 5 {
		t.Errorf("%d ConfigMaps", maps)
	}
	var rule struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   map[string]any
		Spec       ruleFile
	}
	if err := yaml.Unmarshal(files["kubernetes/rules.yml"], &rule); err != nil {
		t.Fatal(err)
	}
	alerts := 0
	for _, g := range rule.Spec.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			alerts++
			if want := "https://wiki.example.com/runbooks#" + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != want {
				t.Errorf("%s leads to %s", r.Alert, r.Annotations["runbook_url"])
			}
		}
	}
	if rule.APIVersion != "monitoring.coreos.com/v1" || rule.Kind != "PrometheusRule" || alerts < 14 {
		t.Errorf("%s %s with %d alerts", rule.APIVersion, rule.Kind, alerts)
	}
	if text := string(files["kubernetes/rules.yml"]); !strings.Contains(text, "vector(0.9)") || strings.Contains(text, "vector(0.8)") {
		t.Error("the objective is not the one that was asked for")
	}
}

// TestBundledRules gives the rules with a selector that everything meets to promtool,
// with all tests of the rules.
func TestBundledRules(t *testing.T) {
	promtool := stack.Program(t, "prometheus", "promtool")
	dir := t.TempDir()
	b := usual()
	b.Selector = `job=~".+", job!="100% \"$1\""`
	for name, text := range bundled(t, b) {
		if rules, ok := strings.CutPrefix(name, "prometheus/"); ok {
			put(t, filepath.Join(dir, filepath.FromSlash(rules)), string(text))
		}
	}
	tests, err := filepath.Glob("prometheus/tests/*.yml")
	if err != nil || len(tests) == 0 {
		t.Fatalf("there are no tests of rules: %v", err)
	}
	for _, name := range tests {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			at := filepath.Join(dir, "tests", filepath.Base(name))
			put(t, at, edited(t, name))
			if out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", at).CombinedOutput(); err != nil {
				t.Errorf("promtool: %v\n%s", err, out)
			}
		})
	}
}

// TestBundledSelector asks every query and every rule of a Prometheus that has one job:
// restricted to that job they answer as they do unrestricted, and restricted to
// another they answer nothing.
func TestBundledSelector(t *testing.T) {
	end := pastBegins.AddDate(0, 0, 40)
	s := startOnPast(t, past{from: pastBegins, to: end, step: time.Hour, labels: `job="two",instance="b"`},
		past{from: end, to: end.Add(time.Hour), step: time.Minute, labels: `job="two",instance="b"`, families: jiraInfo("https://two.example.com")})
	at := end.Add(-time.Hour)
	queries := func(b Bundle) (list []string) {
		for name, text := range bundled(t, b) {
			switch {
			case strings.HasPrefix(name, "grafana/"):
				var board grafanaBoard
				if err := json.Unmarshal(text, &board); err != nil {
					t.Fatal(err)
				}
				for _, p := range board.Panels {
					for _, q := range p.Targets {
						list = append(list, q.Expr)
					}
				}
				for _, a := range board.Annotations.List {
					list = append(list, a.Expr)
				}
			case strings.HasPrefix(name, "prometheus/"):
				var f struct {
					Groups []struct{ Rules []struct{ Expr string } }
				}
				if err := yaml.Unmarshal(text, &f); err != nil {
					t.Fatal(err)
				}
				for _, g := range f.Groups {
					for _, r := range g.Rules {
						if !strings.Contains(r.Expr, "absent") && !strings.HasPrefix(r.Expr, "vector") {
							list = append(list, r.Expr)
						}
					}
				}
			}
		}
		return list
	}
	answers := func(expr string) int {
		c := choice{"project": everything, "owner": everything, "kind": everything, "window": "28d", "job": everything}
		return len(s.Instant(t, c.fill(expr, 10*24*time.Hour, 6*time.Hour), at))
	}
	total := map[string]int{}
	for _, selector := range []string{"", `job="two"`, `job="one"`} {
		b := usual()
		b.Selector = selector
		for _, q := range queries(b) {
			n := answers(q)
			total[selector] += n
			// Alerts bear what their rules kept of the labels, and some panels say that there are no data.
			if selector == `job="one"` && n > 0 && !strings.Contains(q, "ALERTS") && !strings.Contains(q, "label_replace(vector(0)") {
				t.Errorf("of another job there are %d answers to %s", n, q)
			}
		}
	}
	if total[""] < 100 || total[`job="two"`] != total[""] {
		t.Errorf("answers by selector: %v", total)
	}
}

// TestBundleRefuses holds what a bundle refuses.
func TestBundleRefuses(t *testing.T) {
	for _, tc := range []struct {
		change func(*Bundle)
		want   string
	}{
		{func(b *Bundle) { b.Selector = `{job="a"}` }, "without braces"},
		{func(b *Bundle) { b.Selector = `job="a"} or vector(1)` }, "without braces"},
		{func(b *Bundle) { b.Selector = `job=a` }, "without braces"},
		{func(b *Bundle) { b.Runbooks = "wiki" }, "https://"},
		{func(b *Bundle) { b.Runbooks = "https://wiki.example.com/#a" }, "without #"},
		{func(b *Bundle) { b.Objective = 80 }, "between 0 and 1"},
		{func(b *Bundle) { b.Namespace = "My Namespace" }, "small letters"},
	} {
		b := usual()
		tc.change(&b)
		if _, err := b.Files(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: got %v, want %q", b, err, tc.want)
		}
	}
}
