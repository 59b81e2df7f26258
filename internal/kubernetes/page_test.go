package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/yourturn/yourturn/internal/stack"
)

// page returns docs/kubernetes.md.
func page(t *testing.T) string {
	t.Helper()
	return string(read(t, root, "docs", "kubernetes.md"))
}

// examples returns the files that the page shows, by the name in the first line of each.
func examples(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)\n( *)```(?:yaml|toml)\n *# (\\S+)\n(.*?)\n *```\n").FindAllStringSubmatch(page(t), -1) {
		out[m[2]] = strings.ReplaceAll("\n"+m[3], "\n"+m[1], "\n")
	}
	return out
}

// writeExamples writes the folders that the page describes beside a checkout, each with a
// config and with what `yourturn dashboards` writes; and two more, which have replicas beside
// everything else, as the first component and as the last.
func writeExamples(t *testing.T, dir string) {
	t.Helper()
	files := examples(t)
	const with = "  - ../yourturn/docs/kubernetes/components/replicas\n"
	for name, at := range map[string]string{"deploy-first": "components:\n", "deploy-last": "components/oauth2-proxy\n"} {
		files[name+"/kustomization.yaml"] = strings.Replace(files["deploy-all/kustomization.yaml"], at, at+with, 1)
		files[name+"/oauth2-proxy.cfg"] = files["deploy-all/oauth2-proxy.cfg"]
	}
	for name, text := range files {
		write(t, []byte(text), dir, name)
		if filepath.Base(name) == "kustomization.yaml" {
			write(t, []byte(configFor(t, text)), dir, filepath.Dir(name), "yourturn.yml")
			writeDashboards(t, filepath.Join(dir, filepath.Dir(name)))
		}
	}
}

// configFor returns a config with what the components of a kustomization want.
func configFor(t *testing.T, kustomization string) string {
	t.Helper()
	of := func(folder string) string { return string(read(t, root, "docs", "kubernetes", folder, "yourturn.yml")) }
	config := of("base")
	if strings.Contains(kustomization, "components/oauth2-proxy") {
		config = strings.ReplaceAll(of("overlays/oauth2-proxy"), "yourturn.example.com", "waits.example.org")
	}
	if strings.Contains(kustomization, "components/replicas") {
		url := regexp.MustCompile(`(?m)^  url: "?(sqlite|postgres):.*$`)
		config = url.ReplaceAllLiteralString(config, url.FindString(of("overlays/replicas")))
	}
	return config
}

// TestExamples holds what the examples of the page say that they do.
func TestExamples(t *testing.T) {
	made := installations(t)
	for _, name := range []string{"deploy", "deploy-all", "deploy-dc", "deploy-replicas"} {
		if image := product(t, made[name]).Image; image != "registry.example.com/yourturn:v1.2.3" {
			t.Errorf("%s runs %s", name, image)
		}
	}
	for _, p := range all[*networkingv1.NetworkPolicy](made["deploy-all"]) {
		if p.Name != "yourturn" {
			continue
		}
		from, out := p.Spec.Ingress[0].From[0].NamespaceSelector.MatchLabels, p.Spec.Egress[0].Ports
		if from["kubernetes.io/metadata.name"] != "observability" || out[len(out)-1].Port.IntVal != 8443 {
			t.Errorf("the NetworkPolicy lets in %v and out at %v", from, out)
		}
	}
	for _, name := range []string{"deploy-all", "prometheus-operator"} {
		boards := slices.DeleteFunc(all[*corev1.ConfigMap](made[name]), func(c *corev1.ConfigMap) bool { return c.Labels["grafana_dashboard"] == "" })
		if rules := all[*monitoringv1.PrometheusRule](made[name]); len(rules) != 1 || len(boards) != 5 {
			t.Errorf("%s has %d PrometheusRules and %d dashboards, want 1 and 5", name, len(rules), len(boards))
		}
		for _, m := range all[*monitoringv1.ServiceMonitor](made[name]) {
			if m.Labels["release"] != "kube-prometheus-stack" {
				t.Errorf("%s: the operator does not select the ServiceMonitor %v", name, m.Labels)
			}
		}
	}
	several := made["deploy-replicas"]
	if n := or(one[*appsv1.Deployment](t, several).Spec.Replicas); n != 3 {
		t.Errorf("deploy-replicas has %d pods, want 3", n)
	}
	for _, p := range all[*networkingv1.NetworkPolicy](several) {
		if out := p.Spec.Egress[0].Ports; p.Name == "yourturn-postgresql" && (len(out) != 2 || out[1].Port.IntVal != 6432) {
			t.Errorf("the NetworkPolicy lets replicas out at %v", out)
		}
	}
	second := made["deploy-dc"]
	if set := one[*appsv1.StatefulSet](t, second); set.Name != "yourturn-dc" || set.Namespace != "yourturn-dc" || set.Spec.ServiceName != "yourturn-dc" {
		t.Errorf("the second Jira's StatefulSet is %s in %s, of the Service %s", set.Name, set.Namespace, set.Spec.ServiceName)
	}
	if s := monitored(t, second, one[*monitoringv1.ServiceMonitor](t, second)); s.Name != "yourturn-dc" {
		t.Errorf("the second Jira's job is %s", s.Name)
	}
}

// TestCommands holds the commands of the page to the objects.
func TestCommands(t *testing.T) {
	text := page(t)
	made := installations(t, "deploy-all", "deploy-replicas")
	one, several := runs(t, made["deploy-all"]), runs(t, made["deploy-replicas"])
	secrets := map[string]bool{}
	for _, v := range slices.Concat(one.pod.Spec.Volumes, several.pod.Spec.Volumes) {
		if v.Secret == nil {
			continue
		}
		secrets[v.Secret.SecretName] = true
		said := regexp.MustCompile(`create secret generic ` + v.Secret.SecretName + ` (.*)`).FindStringSubmatch(text)
		if said == nil {
			t.Fatalf("the page does not say how the Secret %s is made", v.Secret.SecretName)
		}
		keys := map[string]bool{}
		for _, m := range regexp.MustCompile(`--from-file=([a-z.-]+)`).FindAllStringSubmatch(said[1], -1) {
			keys[m[1]] = true
		}
		var wanted []string
		for _, item := range v.Secret.Items {
			wanted = append(wanted, item.Key)
		}
		if wanted == nil {
			wanted = []string{"client-secret", "cookie-secret"}
		}
		for _, key := range wanted {
			if !keys[key] {
				t.Errorf("the Secret %s is made without the key %s: %s", v.Secret.SecretName, key, said[1])
			}
		}
	}
	if len(secrets) != 3 {
		t.Errorf("the Secrets %v are mounted, want 3", secrets)
	}
	program := regexp.MustCompile(`(?m)^ENTRYPOINT \["(.*)"\]$`).FindStringSubmatch(string(read(t, root, "Dockerfile")))
	run := regexp.MustCompile(`exec (\S+) -- (\S+) `).FindAllStringSubmatch(text, -1)
	if program == nil || len(run) < 2 {
		t.Fatalf("the Dockerfile's program is %v, and the page runs %v in the pod: mend the test", program, run)
	}
	for _, m := range run {
		if m[1] != one.Name+"-0" && m[1] != "deployment/"+several.Name || m[2] != program[1] {
			t.Errorf("the page runs %s in %s, want %s in %s-0 or deployment/%s", m[2], m[1], program[1], one.Name, several.Name)
		}
	}
	for _, m := range regexp.MustCompile(`(statefulset|deployment)[/ ]([a-z-]+)`).FindAllStringSubmatch(text, -1) {
		if m[2] != map[string]string{"statefulset": one.Name, "deployment": several.Name}[m[1]] {
			t.Errorf("the page names the %s %s", m[1], m[2])
		}
	}
	for _, m := range regexp.MustCompile("`(base|components/[a-z0-9-]+|overlays/[a-z0-9-]+)`").FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(root, "docs", "kubernetes", m[1], "kustomization.yaml")); err != nil {
			t.Errorf("the page names %s: %v", m[1], err)
		}
	}
}

// TestScrapeConfig holds that promtool takes the config for a Prometheus without the
// operator, and that it asks for what the Service is called.
func TestScrapeConfig(t *testing.T) {
	text := examples(t)["prometheus.yml"]
	in := installations(t, "deploy")["deploy"]
	s := one[*corev1.Service](t, in)
	if name := "_" + s.Spec.Ports[0].Name + "._tcp." + s.Name + "." + s.Namespace + ".svc.cluster.local"; !strings.Contains(text, "["+name+"]") {
		t.Errorf("the example does not ask for %s:\n%s", name, text)
	}
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	write(t, []byte(text), file)
	promtool := stack.Program(t, "prometheus", "promtool")
	if out, err := exec.CommandContext(t.Context(), promtool, "check", "config", file).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
