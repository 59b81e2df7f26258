package kubernetes

import (
	"bytes"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
)

// workload is what runs the pods of an installation: a StatefulSet with a volume for its
// store, or a Deployment whose store is in PostgreSQL.
type workload struct {
	metav1.ObjectMeta
	selector *metav1.LabelSelector
	pod      corev1.PodTemplateSpec
	set      *appsv1.StatefulSet // nil: it is a Deployment
}

// runs returns the one workload of an installation.
func runs(t *testing.T, in installation) workload {
	t.Helper()
	if len(all[*appsv1.Deployment](in)) > 0 && len(all[*appsv1.StatefulSet](in)) == 0 {
		d := one[*appsv1.Deployment](t, in)
		return workload{d.ObjectMeta, d.Spec.Selector, d.Spec.Template, nil}
	}
	set := one[*appsv1.StatefulSet](t, in)
	if len(all[*appsv1.Deployment](in)) > 0 {
		t.Fatal("there are a StatefulSet and a Deployment")
	}
	return workload{set.ObjectMeta, set.Spec.Selector, set.Spec.Template, set}
}

// installations builds the kustomizations with these names, or all, and returns them by
// the names of their folders in a checkout.
func installations(t *testing.T, wanted ...string) map[string]installation {
	t.Helper()
	dir := checkout(t)
	writeExamples(t, dir)
	out := map[string]installation{}
	for _, pattern := range []string{"yourturn/docs/kubernetes/base", "yourturn/docs/kubernetes/overlays/*", "deploy*"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: no folder: %v", pattern, err)
		}
		for _, name := range names {
			if len(wanted) == 0 || slices.Contains(wanted, filepath.Base(name)) {
				out[filepath.Base(name)] = build(t, name)
			}
		}
	}
	return out
}

// TestObjectsAgree compares what must agree between the objects of each installation.
func TestObjectsAgree(t *testing.T) {
	for name, in := range installations(t) {
		t.Run(name, func(t *testing.T) {
			names(t, in)
			selectors(t, in)
			ports(t, in)
			volumes(t, in)
			confined(t, in)
			if runs(t, in).set != nil {
				singleWriter(t, in)
			} else {
				replicas(t, in)
			}
			stops(t, in)
		})
	}
}

// names fails where Kubernetes refuses a name or a label, and where objects are in
// several namespaces.
func names(t *testing.T, in installation) {
	namespaces := map[string]bool{}
	for _, o := range in {
		m, err := meta.Accessor(o)
		if err != nil {
			t.Fatal(err)
		}
		namespaces[m.GetNamespace()] = true
		for _, problem := range validation.IsDNS1123Subdomain(m.GetName()) {
			t.Errorf("%T %s: %s", o, m.GetName(), problem)
		}
		for key, value := range m.GetLabels() {
			for _, problem := range slices.Concat(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)) {
				t.Errorf("%T %s: label %s: %s: %s", o, m.GetName(), key, value, problem)
			}
		}
	}
	if len(namespaces) != 1 {
		t.Errorf("the objects are in %d namespaces", len(namespaces))
	}
}

// selectors fails where a selector does not select the pod.
func selectors(t *testing.T, in installation) {
	w := runs(t, in)
	pod := labels.Set(w.pod.Labels)
	check := func(what string, of *metav1.LabelSelector) {
		s, err := metav1.LabelSelectorAsSelector(of)
		if err != nil || s.Empty() || !s.Matches(pod) {
			t.Errorf("%s selects %v, and the pod has %v: %v", what, of, pod, err)
		}
	}
	check(w.Name, w.selector)
	for _, c := range w.pod.Spec.TopologySpreadConstraints {
		check("the spread over "+c.TopologyKey, c.LabelSelector)
	}
	for _, s := range all[*corev1.Service](in) {
		check("the Service "+s.Name, &metav1.LabelSelector{MatchLabels: s.Spec.Selector})
	}
	for _, p := range all[*networkingv1.NetworkPolicy](in) {
		check("the NetworkPolicy "+p.Name, &p.Spec.PodSelector)
	}
	check("the PodDisruptionBudget", one[*policyv1.PodDisruptionBudget](t, in).Spec.Selector)
	for _, m := range all[*monitoringv1.ServiceMonitor](in) {
		if s := monitored(t, in, m); s.Spec.ClusterIP != corev1.ClusterIPNone {
			t.Errorf("the ServiceMonitor selects %s, whose address balances", s.Name)
		}
	}
}

// monitored returns the one Service that a ServiceMonitor selects.
func monitored(t *testing.T, in installation, m *monitoringv1.ServiceMonitor) *corev1.Service {
	t.Helper()
	s, err := metav1.LabelSelectorAsSelector(&m.Spec.Selector)
	if err != nil {
		t.Fatal(err)
	}
	selected := slices.DeleteFunc(all[*corev1.Service](in), func(o *corev1.Service) bool { return !s.Matches(labels.Set(o.Labels)) })
	if len(selected) != 1 {
		t.Fatalf("the ServiceMonitor selects %d Services, want 1", len(selected))
	}
	return selected[0]
}

// ports fails where a port is named that nothing has.
func ports(t *testing.T, in installation) {
	pod := runs(t, in).pod.Spec
	ofPod := map[string]bool{}
	for _, c := range pod.Containers {
		own := map[string]bool{}
		for _, p := range c.Ports {
			if problems := validation.IsValidPortName(p.Name); len(problems) > 0 || ofPod[p.Name] {
				t.Errorf("port %q stands twice or is no name: %v", p.Name, problems)
			}
			own[p.Name], ofPod[p.Name] = true, true
		}
		for name, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "readiness": c.ReadinessProbe, "liveness": c.LivenessProbe} {
			if probe != nil && !own[probe.HTTPGet.Port.StrVal] {
				t.Errorf("the %s probe of %s asks port %v, which it has not", name, c.Name, &probe.HTTPGet.Port)
			}
		}
	}
	used := map[string]bool{}
	for _, s := range all[*corev1.Service](in) {
		for _, p := range s.Spec.Ports {
			used[p.TargetPort.StrVal] = true
		}
	}
	for _, p := range all[*networkingv1.NetworkPolicy](in) {
		for _, rule := range p.Spec.Ingress {
			for _, p := range rule.Ports {
				used[p.Port.StrVal] = true
			}
			if len(rule.From) == 0 {
				t.Errorf("the NetworkPolicy %s lets everybody in", p.Name)
			}
		}
	}
	for name := range used {
		if !ofPod[name] {
			t.Errorf("a Service or a NetworkPolicy names the port %q, and the pod has %v", name, ofPod)
		}
	}
	ofService := func(service, port string) bool {
		for _, s := range all[*corev1.Service](in) {
			if s.Name == service && slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == port }) {
				return true
			}
		}
		return false
	}
	for _, m := range all[*monitoringv1.ServiceMonitor](in) {
		for _, e := range m.Spec.Endpoints {
			if s := monitored(t, in, m); !ofService(s.Name, e.Port) {
				t.Errorf("the ServiceMonitor scrapes the port %q, which the Service %s has not", e.Port, s.Name)
			}
		}
	}
	for _, i := range all[*networkingv1.Ingress](in) {
		for _, rule := range i.Spec.Rules {
			for _, p := range rule.HTTP.Paths {
				if b := p.Backend.Service; !ofService(b.Name, b.Port.Name) {
					t.Errorf("the Ingress leads to the port %q of %s, which is not there", b.Port.Name, b.Name)
				}
			}
		}
	}
}

// volumes fails where a mount has no volume, a volume no mount or no source, and where
// a secret is not mounted as a file for the pod's user alone.
func volumes(t *testing.T, in installation) {
	w := runs(t, in)
	mounted := map[string]bool{}
	for _, c := range w.pod.Spec.Containers {
		for _, m := range c.VolumeMounts {
			mounted[m.Name] = true
		}
		if len(c.EnvFrom) > 0 || slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.ValueFrom != nil }) {
			t.Errorf("%s has variables from elsewhere: a secret belongs into a file", c.Name)
		}
	}
	if len(all[*corev1.Secret](in)) > 0 {
		t.Error("there is a Secret among the manifests, and whoever applies them would overwrite theirs")
	}
	there := map[string]bool{}
	if w.set != nil {
		for _, claim := range w.set.Spec.VolumeClaimTemplates {
			there[claim.Name] = true
		}
	}
	for _, v := range w.pod.Spec.Volumes {
		there[v.Name] = true
		switch {
		case v.Secret != nil:
			if or(v.Secret.DefaultMode) != 0o440 {
				t.Errorf("the Secret %s is mounted with the mode %04o, want 0440: the pod's group reads it", v.Secret.SecretName, or(v.Secret.DefaultMode))
			}
		case v.ConfigMap != nil:
			if !slices.ContainsFunc(all[*corev1.ConfigMap](in), func(c *corev1.ConfigMap) bool { return c.Name == v.ConfigMap.Name }) {
				t.Errorf("the volume %s is of the ConfigMap %s, which is not there", v.Name, v.ConfigMap.Name)
			}
		}
	}
	for name := range mounted {
		if !there[name] {
			t.Errorf("%s is mounted, and there is no such volume", name)
		}
	}
	for name := range there {
		if !mounted[name] {
			t.Errorf("the volume %s is not mounted", name)
		}
	}
}

// confined fails where a container may do more than it needs, or is not the Dockerfile's
// user.
func confined(t *testing.T, in installation) {
	pod := runs(t, in).pod.Spec
	user := regexp.MustCompile(`(?m)^USER (\d+):(\d+)$`).FindSubmatch(read(t, root, "Dockerfile"))
	if user == nil {
		t.Fatal("the Dockerfile names no user by numbers")
	}
	s := pod.SecurityContext
	got := fmt.Sprintf("%d:%d, with the group %d for files", or(s.RunAsUser), or(s.RunAsGroup), or(s.FSGroup))
	if want := fmt.Sprintf("%s:%s, with the group %s for files", user[1], user[2], user[2]); got != want {
		t.Errorf("the pod runs as %s; the image has %s", got, want)
	}
	if !or(s.RunAsNonRoot) || s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Error("the pod may run as root, or without seccomp's default profile")
	}
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken || pod.EnableServiceLinks == nil || *pod.EnableServiceLinks {
		t.Error("the pod has a token for Kubernetes, or variables of services")
	}
	account := one[*corev1.ServiceAccount](t, in)
	if account.Name != pod.ServiceAccountName || account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken {
		t.Errorf("the pod's account is %s, and %s has a token", pod.ServiceAccountName, account.Name)
	}
	for _, c := range pod.Containers {
		s := c.SecurityContext
		if s == nil || !or(s.ReadOnlyRootFilesystem) || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
			s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(s.Capabilities.Add) > 0 {
			t.Errorf("%s may do more than it needs: %+v", c.Name, s)
		}
		limit, wanted := c.Resources.Limits.Memory(), c.Resources.Requests.Memory()
		if limit.IsZero() || wanted.IsZero() || wanted.Cmp(*limit) > 0 || c.Resources.Requests.Cpu().IsZero() {
			t.Errorf("%s asks for %v and %v of CPU and may have %v", c.Name, wanted, c.Resources.Requests.Cpu(), limit)
		}
		if _, tag, ok := strings.Cut(path.Base(c.Image), ":"); !ok || tag == "latest" {
			t.Errorf("%s runs %s, which names no version", c.Name, c.Image)
		}
	}
}

// or returns what a pointer leads to, and the zero value for nil.
func or[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}

// singleWriter fails unless there is one pod, that is gone before the next one starts.
func singleWriter(t *testing.T, in installation) {
	set := one[*appsv1.StatefulSet](t, in)
	if or(set.Spec.Replicas) != 1 || set.Spec.UpdateStrategy.Type != appsv1.RollingUpdateStatefulSetStrategyType {
		t.Errorf("there are %d pods, updated by %s", or(set.Spec.Replicas), set.Spec.UpdateStrategy.Type)
	}
	if service(t, in).Name != set.Spec.ServiceName {
		t.Errorf("the StatefulSet's Service %s is not there", set.Spec.ServiceName)
	}
}

// replicas fails unless there are several pods, which keep nothing in a volume, are spread
// over nodes, and of which as many as ever are ready while they are replaced.
func replicas(t *testing.T, in installation) {
	d := one[*appsv1.Deployment](t, in)
	if or(d.Spec.Replicas) < 2 {
		t.Errorf("there is no second pod: %d", or(d.Spec.Replicas))
	}
	r := d.Spec.Strategy.RollingUpdate
	if d.Spec.Strategy.Type != appsv1.RollingUpdateDeploymentStrategyType || r == nil || *r.MaxUnavailable != intstr.FromInt32(0) || *r.MaxSurge != intstr.FromInt32(1) {
		t.Errorf("the pods are replaced by %+v %+v", d.Spec.Strategy, r)
	}
	for _, v := range d.Spec.Template.Spec.Volumes {
		if v.Secret == nil && v.ConfigMap == nil {
			t.Errorf("the pods have a volume of their own: %s", v.Name)
		}
	}
	spread := d.Spec.Template.Spec.TopologySpreadConstraints
	for _, c := range spread {
		if c.WhenUnsatisfiable != corev1.ScheduleAnyway || !slices.Equal(c.MatchLabelKeys, []string{appsv1.DefaultDeploymentUniqueLabelKey}) {
			t.Errorf("over %s, a cluster of one node has no second pod, or those that end count too: %+v", c.TopologyKey, c)
		}
	}
	if len(spread) == 0 || spread[0].TopologyKey != corev1.LabelHostname {
		t.Errorf("the pods may all be on one node: %+v", spread)
	}
	service(t, in)
}

// service returns the Service by which Prometheus finds each pod, also one that is not
// ready.
func service(t *testing.T, in installation) *corev1.Service {
	t.Helper()
	var found []*corev1.Service
	for _, s := range all[*corev1.Service](in) {
		if s.Labels["app.kubernetes.io/component"] == "metrics" {
			found = append(found, s)
		}
	}
	if len(found) != 1 || found[0].Spec.ClusterIP != corev1.ClusterIPNone || !found[0].Spec.PublishNotReadyAddresses {
		t.Fatalf("the Service for metrics is not there, balances, or hides a pod that is not ready: %v", found)
	}
	return found[0]
}

// stops fails where the drain of a node is blocked, and where a pod has too little time to
// stop, or so much that a new process gives up waiting for it.
func stops(t *testing.T, in installation) {
	budget := one[*policyv1.PodDisruptionBudget](t, in).Spec
	if budget.MinAvailable != nil || budget.MaxUnavailable == nil || *budget.MaxUnavailable != intstr.FromInt32(1) {
		t.Errorf("the budget %+v blocks the drain of a node", budget)
	}
	var help bytes.Buffer
	command.Run(t.Context(), []string{"serve", "--help"}, command.Env{Out: &help, Err: &help})
	waits := regexp.MustCompile(`waits\s+up to (\d+ s)`).FindStringSubmatch(help.String())
	if waits == nil {
		t.Fatal("the help of serve does not say how long it waits for another process: mend the test")
	}
	patience, err := time.ParseDuration(strings.ReplaceAll(waits[1], " ", ""))
	grace := time.Duration(or(runs(t, in).pod.Spec.TerminationGracePeriodSeconds)) * time.Second
	if err != nil || grace < 10*time.Second || grace >= patience {
		t.Errorf("a pod has %s to stop, want more than an answer takes and less than the %s that a new process waits: %v", grace, patience, err)
	}
}
