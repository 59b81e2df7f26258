package kubernetes

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/storelock"
)

// token is what the Secret of the tests holds.
const token = "t0k3n"

func TestMain(m *testing.M) { stack.Main(m) }

// fixed are the Secrets of an installation whose database nobody asks.
func fixed(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"token": token, "pgpass": pgpass(t, password), "ca.crt": "none"}
}

// product returns the container of yourturn.
func product(t *testing.T, in installation) corev1.Container {
	t.Helper()
	for _, c := range runs(t, in).pod.Spec.Containers {
		if c.Name == "yourturn" {
			return c
		}
	}
	t.Fatal("no container is named yourturn")
	return corev1.Container{}
}

// mounts returns a folder with the volumes of the product's container at their paths, and
// the path of the config in it, which the container's variable names. The container's
// variables are set. Secrets have the modes that the volumes give them; what they hold is
// looked up by their keys. Changes are made in the config.
func mounts(t *testing.T, in installation, secrets map[string]string, changes ...string) (dir, configFile string) {
	t.Helper()
	dir = t.TempDir()
	w, container := runs(t, in), product(t, in)
	for i := 0; i < len(changes); i += 2 {
		changed := false
		for _, m := range all[*corev1.ConfigMap](in) {
			changed = changed || strings.Contains(m.Data["yourturn.yml"], changes[i])
		}
		if !changed {
			t.Fatalf("the config has no %q", changes[i])
		}
	}
	var paths []string
	for _, m := range container.VolumeMounts {
		paths = append(paths, m.MountPath, filepath.Join(dir, m.MountPath))
		if err := os.MkdirAll(filepath.Join(dir, m.MountPath), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	within := strings.NewReplacer(paths...)
	for _, v := range w.pod.Spec.Volumes {
		at := slices.IndexFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name })
		switch {
		case at < 0: // another container's
		case v.ConfigMap != nil:
			for _, m := range all[*corev1.ConfigMap](in) {
				for name, text := range m.Data {
					if m.Name == v.ConfigMap.Name {
						write(t, []byte(within.Replace(strings.NewReplacer(changes...).Replace(text))), dir, container.VolumeMounts[at].MountPath, name)
					}
				}
			}
		case v.Secret != nil:
			for _, item := range v.Secret.Items {
				write(t, []byte(secrets[item.Key]+"\n"), dir, container.VolumeMounts[at].MountPath, item.Path)
				if err := os.Chmod(filepath.Join(dir, container.VolumeMounts[at].MountPath, item.Path), os.FileMode(*v.Secret.DefaultMode)); err != nil { //nolint:gosec // a mode
					t.Fatal(err)
				}
			}
		}
	}
	for _, e := range container.Env {
		t.Setenv(e.Name, within.Replace(e.Value))
	}
	configFile = os.Getenv("YOURTURN_CONFIG_FILE")
	if _, err := os.Stat(configFile); err != nil {
		t.Fatalf("the container's config is not mounted: %v", err)
	}
	return dir, configFile
}

// TestConfigs loads the config of each installation from where it is mounted, as serve
// does, and compares it with the objects.
func TestConfigs(t *testing.T) {
	t.Setenv("YOURTURN_JIRA_TOKEN", "")
	for name, in := range installations(t) {
		t.Run(name, func(t *testing.T) {
			dir, file := mounts(t, in, fixed(t))
			cfg, err := app.LoadConfig(file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := app.CheckWeb(cfg); err != nil {
				t.Error(err)
			}
			if err := cfg.Jira.RequireToken(); err != nil || cfg.Jira.Token.Reveal() != token {
				t.Errorf("the token is not the Secret's: %v", err)
			}
			for _, e := range cfg.Exposures() {
				t.Error(e)
			}
			if set := runs(t, in).set; set != nil {
				inVolume(t, in, cfg.Store.URL, dir, set.Spec.VolumeClaimTemplates[0].Name)
			} else {
				inDatabase(t, in, cfg.Store.URL, dir)
			}
			if port := product(t, in).Ports[0].ContainerPort; cfg.Web.ProbeAddress != ":9819" || port != 9819 || !cfg.Web.ProbeMetrics {
				t.Errorf("probes are at %q (metrics: %t), and the port is %d", cfg.Web.ProbeAddress, cfg.Web.ProbeMetrics, port)
			}
			if cfg.Web.ListenAddress != "127.0.0.1:9817" {
				t.Errorf("pages are at %s, which is not for the pod alone", cfg.Web.ListenAddress)
			}
			login(t, in, cfg.Web.Hosts, cfg.Web.Identity.TrustedProxies)
		})
	}
}

// inVolume fails unless a store is a file in the volume that stays.
func inVolume(t *testing.T, in installation, url, dir, claim string) {
	t.Helper()
	db, isFile := strings.CutPrefix(url, "sqlite:")
	at := slices.IndexFunc(product(t, in).VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == claim && !m.ReadOnly })
	if !isFile || at < 0 || filepath.Dir(db) != filepath.Join(dir, product(t, in).VolumeMounts[at].MountPath) {
		t.Errorf("the store %s is not in the volume that stays", url)
	}
}

// inDatabase fails unless a store is in a database that the pods may reach, whose
// certificate is checked, and whose password is in a file that is mounted.
func inDatabase(t *testing.T, in installation, store, dir string) {
	t.Helper()
	u, err := url.Parse(store)
	if err != nil {
		t.Fatal(err)
	}
	if _, inURL := u.User.Password(); u.Scheme != "postgres" || u.Query().Get("sslmode") != "verify-full" || inURL {
		t.Errorf("the store %s is in no database, or whoever is between can be that database, or the password is in the config", u.Redacted())
	}
	for _, name := range []string{os.Getenv("PGPASSFILE"), u.Query().Get("sslrootcert")} {
		if _, err := os.Stat(name); !strings.HasPrefix(name, dir) || err != nil {
			t.Errorf("%s is not mounted: %v", name, err)
		}
	}
	open := false
	for _, p := range all[*networkingv1.NetworkPolicy](in) {
		for _, rule := range p.Spec.Egress {
			open = open || slices.ContainsFunc(rule.Ports, func(p networkingv1.NetworkPolicyPort) bool { return p.Port.String() == u.Port() })
		}
	}
	if !open {
		t.Errorf("no NetworkPolicy lets out port %s, of the store", u.Port())
	}
}

// login compares what stands before the pages, if anything does, with the config.
func login(t *testing.T, in installation, hosts, trusted []string) {
	t.Helper()
	pod := runs(t, in).pod.Spec
	at := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return c.Name == "oauth2-proxy" })
	if at < 0 {
		if len(all[*networkingv1.Ingress](in)) > 0 || len(trusted) > 0 {
			t.Error("pages are reached, or proxies are trusted, without a login")
		}
		return
	}
	proxy := pod.Containers[at]
	flags := map[string]string{}
	for _, a := range proxy.Args {
		name, value, _ := strings.Cut(a, "=")
		flags[name] = value
	}
	at = slices.IndexFunc(all[*corev1.ConfigMap](in), func(c *corev1.ConfigMap) bool { return strings.HasPrefix(c.Name, "yourturn-oauth2-proxy") })
	settings := all[*corev1.ConfigMap](in)[at].Data[filepath.Base(flags["--config"])]
	callback := regexp.MustCompile(`(?m)^redirect_url = "(.*)"$`).FindStringSubmatch(settings)
	if callback == nil {
		t.Fatalf("oauth2-proxy.cfg has no redirect_url:\n%s", settings)
	}
	host := one[*networkingv1.Ingress](t, in).Spec.Rules[0].Host
	back, err := url.Parse(callback[1])
	if err != nil || back.Host != host || !slices.Equal(hosts, []string{host}) || one[*networkingv1.Ingress](t, in).Spec.TLS[0].Hosts[0] != host {
		t.Errorf("the Ingress has the host %s, the login returns to %s, and the pages answer to %v: %v", host, back, hosts, err)
	}
	if !slices.Equal(trusted, []string{"127.0.0.1/32"}) || flags["--upstream"] != "http://127.0.0.1:9817" {
		t.Errorf("the login asks %s, and %v are trusted", flags["--upstream"], trusted)
	}
	if flags["--http-address"] != ":4180" || proxy.Ports[0].ContainerPort != 4180 {
		t.Errorf("the login listens on %s, and its port is %d", flags["--http-address"], proxy.Ports[0].ContainerPort)
	}
	for name, volume := range map[string]string{"--client-secret-file": "oauth2-proxy", "--cookie-secret-file": "oauth2-proxy", "--config": "oauth2-proxy-config"} {
		if !slices.ContainsFunc(proxy.VolumeMounts, func(m corev1.VolumeMount) bool {
			return m.Name == volume && m.MountPath == filepath.Dir(flags[name]) && m.ReadOnly
		}) {
			t.Errorf("%s is %s, where %s is not mounted: %v", name, flags[name], volume, proxy.VolumeMounts)
		}
	}
}

// jira returns a Jira with one story that waits, served over HTTP. It answers nothing
// before opened is closed.
func jira(t *testing.T, opened <-chan struct{}) string {
	t.Helper()
	now := func() time.Time { return time.Now().UTC() }
	s := jirasim.NewSite(jirasim.Cloud, now)
	user := func(id, name string) *jirasim.User {
		return s.AddUser(&jirasim.User{Ref: name, AccountID: id, Name: name, Key: name, DisplayName: name, AccountType: "atlassian", Active: true, TimeZone: "UTC"})
	}
	dev, owner := user("dev", "Dev"), user("5b10ac8d82e05b22cc7d4ef5", "Ada")
	s.Self = user("bot", "Bot")
	open, review := "Open", "PO Review"
	for _, st := range []jirasim.Status{{ID: "1", Name: open, Category: "new"}, {ID: "2", Name: review, Category: "indeterminate"}, {ID: "3", Name: "Done", Category: "done"}} {
		s.AddStatus(&st)
	}
	s.AddType(&jirasim.IssueType{ID: "10", Name: "Story"})
	project := s.AddProject(&jirasim.Project{ID: "100", Key: "PAY", Name: "Payments", Lead: owner, IssueTypes: []string{"10"}, Statuses: []string{"1", "2", "3"}})
	at := now().Add(-48 * time.Hour)
	id := s.CreateIssue(at, dev, project, map[string]any{
		"summary": "s", "issuetype": map[string]any{"id": "10", "name": "Story"}, "status": map[string]any{"id": "1", "name": open},
	})
	from, to := "1", "2"
	s.Change(at.Add(time.Hour), dev, id, map[string]any{"status": map[string]any{"id": to, "name": review}},
		jirasim.Item{Field: "status", FieldType: "jira", FieldID: "status", From: &from, FromString: &open, To: &to, ToString: &review})
	server := jirasim.NewServer(s, jirasim.Options{Token: token, Email: "bot@example.com"})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-opened:
			server.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// served is a product that runs until the test ends.
type served struct {
	*testing.T
	said  output
	stop  context.CancelFunc
	ended chan int
}

// serve runs the product with arguments.
func serve(t *testing.T, args []string) *served {
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	s := &served{T: t, stop: stop, ended: make(chan int, 1)}
	go func() {
		s.ended <- command.Run(ctx, args, command.Env{In: strings.NewReader(""), Out: &s.said, Err: &s.said})
	}()
	return s
}

// await gets a URL until so reports true. It fails after a minute, and when the product
// ends.
func (s *served) await(url string, so func(status int, body string) bool) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		status, body := asked(ctx, url, nil)
		if so(status, body) {
			return
		}
		select {
		case <-ctx.Done():
			s.Fatalf("%s never answered so; last: %d %s\n%s", url, status, body, s.said.String())
		case code := <-s.ended:
			s.Fatalf("the product ended with %d:\n%s", code, s.said.String())
		case <-tick.C:
		}
	}
}

// asked gets a URL, and returns 0 where nobody answers.
func asked(ctx context.Context, url string, change func(*http.Request)) (status int, body string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err.Error()
	}
	if change != nil {
		change(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(text)
}

// output collects what a command prints while it runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// TestProbesAndScrapes runs the product as the container does, with the config and the
// secret as they are mounted, and asks what the probes and Prometheus ask: while Jira does
// not answer, and when it does. The pages need a login where the config says so; probes
// and metrics never do.
func TestProbesAndScrapes(t *testing.T) {
	t.Setenv("YOURTURN_JIRA_TOKEN", "")
	for name, in := range installations(t) {
		t.Run(name, func(t *testing.T) {
			opened := make(chan struct{})
			pages, probes := stack.Free(t), stack.Free(t)
			secrets, changes := database(t, in)
			changes = append(changes, "https://example.atlassian.net", jira(t, opened), "127.0.0.1:9817", pages, ":9819", probes)
			_, file := mounts(t, in, secrets, changes...)
			cfg, err := app.LoadConfig(file)
			if err != nil {
				t.Fatal(err)
			}
			container := product(t, in)
			s := serve(t, container.Args)
			get := func(p *corev1.Probe) string { return "http://" + probes + p.HTTPGet.Path }
			ok := func(status int, _ string) bool { return status == http.StatusOK }
			for _, p := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe} {
				s.await(get(p), ok) // or Kubernetes would restart it in a first sync
			}
			if status, body := asked(t.Context(), get(container.ReadinessProbe), nil); status != http.StatusServiceUnavailable {
				t.Errorf("before Jira answers readiness is %d: %s", status, body)
			}
			scraped := "http://" + probes + "/metrics"
			for _, m := range all[*monitoringv1.ServiceMonitor](in) {
				scraped = "http://" + probes + m.Spec.Endpoints[0].Path
			}
			s.await(scraped, func(_ int, body string) bool { return strings.Contains(body, "\nyourturn_build_info{") })
			close(opened)
			s.await(get(container.ReadinessProbe), ok)
			s.await(get(container.LivenessProbe), ok)
			waits := regexp.MustCompile(`(?m)^po_waits_open\{kind="acceptance",owner="ada",project="PAY"\} 1$`)
			s.await(scraped, func(_ int, body string) bool { return waits.MatchString(body) })

			as := func(user string) func(*http.Request) {
				return func(r *http.Request) {
					if len(cfg.Web.Hosts) > 0 {
						r.Host = cfg.Web.Hosts[0]
					}
					if user != "" {
						r.Header.Set(cfg.Web.Identity.Header, user)
					}
				}
			}
			nobody := http.StatusOK
			if cfg.Web.Identity.Configured() {
				nobody = http.StatusForbidden
			}
			if status, body := asked(t.Context(), "http://"+pages+"/", as("")); status != nobody || strings.Contains(body, "PAY-1") != (nobody == http.StatusOK) {
				t.Errorf("without a login / is %d, want %d:\n%s", status, nobody, body)
			}
			if status, body := asked(t.Context(), "http://"+pages+"/", as("lin@example.com")); status != http.StatusOK || !strings.Contains(body, "PAY-1") {
				t.Errorf("to a lead / is %d:\n%s", status, body)
			}
			s.stop()
			if code := <-s.ended; code != 0 {
				t.Errorf("stopped, it ended with %d", code)
			}
			for _, secret := range []string{token, password} {
				if strings.Contains(s.said.String(), secret) {
					t.Errorf("the log has the secret %s", secret)
				}
			}
		})
	}
}

// TestTheOldPodIsStillThere starts the product while another process holds the store: it
// is healthy and not ready, and takes over when that process leaves.
func TestTheOldPodIsStillThere(t *testing.T) {
	t.Setenv("YOURTURN_JIRA_TOKEN", "")
	in := installations(t, "base")["base"]
	opened, probes := make(chan struct{}), stack.Free(t)
	close(opened)
	dir, _ := mounts(t, in, fixed(t), "https://example.atlassian.net", jira(t, opened), "127.0.0.1:9817", stack.Free(t), ":9819", probes)
	lock, err := storelock.Acquire(filepath.Join(dir, "data", "yourturn.db"), "serve")
	if err != nil {
		t.Fatal(err)
	}
	container := product(t, in)
	s := serve(t, container.Args)
	for _, p := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe} {
		s.await("http://"+probes+p.HTTPGet.Path, func(status int, body string) bool {
			return status == http.StatusOK && strings.Contains(body, "waits for its store")
		})
	}
	ready := "http://" + probes + container.ReadinessProbe.HTTPGet.Path
	if status, body := asked(t.Context(), ready, nil); status != http.StatusServiceUnavailable {
		t.Errorf("beside another process readiness is %d: %s", status, body)
	}
	if said := "another process writes to the store; waiting for it to leave"; !strings.Contains(s.said.String(), said) || !strings.Contains(page(t), said) {
		t.Errorf("the page and the log do not both say %q:\n%s", said, s.said.String())
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	s.await(ready, func(status int, _ string) bool { return status == http.StatusOK })
	s.stop()
	if code := <-s.ended; code != 0 {
		t.Errorf("stopped, it ended with %d", code)
	}
}

// TestEmptySecret holds what the page quotes of a pod whose Secret is empty.
func TestEmptySecret(t *testing.T) {
	t.Setenv("YOURTURN_JIRA_TOKEN", "")
	dir, _ := mounts(t, installations(t, "base")["base"], fixed(t))
	const at = "/run/secrets/yourturn/token"
	if err := os.Remove(filepath.Join(dir, at)); err != nil {
		t.Fatal(err)
	}
	write(t, nil, dir, at)
	s := serve(t, []string{"serve"})
	code := <-s.ended
	quoted := regexp.MustCompile("such as `([^`]*)`").FindStringSubmatch(page(t))
	if said := strings.ReplaceAll(s.said.String(), dir, ""); code != 2 || quoted == nil || !strings.Contains(said, quoted[1]) {
		t.Errorf("it ended with %d, said %q, and the page quotes %q", code, said, quoted)
	}
}
