package dashboards

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"

	"github.com/yourturn/yourturn/internal/stack"
)

// project loads docker-compose.yml as docker compose does, with this environment.
func project(t *testing.T, env ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join("..", "docker-compose.yml")}, cli.WithEnv(env))
	if err != nil {
		t.Fatal(err)
	}
	p, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestCompose holds what docker-compose.yml promises: pinned images, loopback
// ports, files that are there, no password.
func TestCompose(t *testing.T) {
	p := project(t)
	pinned := regexp.MustCompile(`^[a-z/]+:v?\d+\.\d+\.\d+$`)
	for name, s := range p.Services {
		if s.Build == nil && !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %q names no version", name, s.Image)
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is open beyond loopback", name, port.Published)
			}
		}
		for _, v := range s.Volumes {
			switch v.Type {
			case types.VolumeTypeBind:
				if _, err := os.Stat(v.Source); err != nil {
					t.Errorf("%s mounts what is not there: %v", name, err)
				}
				if !v.ReadOnly {
					t.Errorf("%s may write to %s", name, v.Source)
				}
			case types.VolumeTypeVolume:
				if _, ok := p.Volumes[v.Source]; !ok {
					t.Errorf("%s: no volume %s", name, v.Source)
				}
			}
		}
		for key, value := range s.Environment {
			if value != nil && *value != "" && regexp.MustCompile(`(?i)passw|token|secret`).MatchString(key) {
				t.Errorf("%s: %s is set for everybody", name, key)
			}
		}
		switch {
		case s.Restart == types.RestartPolicyNo: // it ends
		case s.HealthCheck == nil && s.Build == nil: // an image that is built here has its own
			t.Errorf("%s has no health check", name)
		case s.HealthCheck != nil && (s.HealthCheck.Disable || len(s.HealthCheck.Test) < 2):
			t.Errorf("the health check of %s checks nothing", name)
		}
	}
	for service, needs := range map[string]string{"prometheus": "yourturn", "grafana": "prometheus"} {
		if got := p.Services[service].DependsOn[needs].Condition; got != types.ServiceConditionHealthy {
			t.Errorf("%s does not wait until %s is healthy: %q", service, needs, got)
		}
	}
}

// TestComposeConfines holds that each service can do little harm: no capability, no way
// to get one, nothing to write but its volume and /tmp, and bounds on its memory and
// its processes.
func TestComposeConfines(t *testing.T) {
	services := project(t).Services
	if len(services) < 4 {
		t.Fatalf("only %d services", len(services))
	}
	for name, s := range services {
		if !s.ReadOnly || s.Privileged || len(s.CapAdd) > 0 {
			t.Errorf("%s: read-only %t, privileged %t, capabilities added: %v", name, s.ReadOnly, s.Privileged, s.CapAdd)
		}
		if !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s drops %v and has the options %v", name, s.CapDrop, s.SecurityOpt)
		}
		if s.MemLimit <= 0 || s.MemLimit > 2<<30 {
			t.Errorf("%s may use %d bytes of memory", name, s.MemLimit)
		}
		if s.PidsLimit <= 0 || s.PidsLimit > 500 {
			t.Errorf("%s may start %d processes", name, s.PidsLimit)
		}
		// What does its work once and ends is awaited, and must not begin again.
		if name != "past" && s.Restart != types.RestartPolicyUnlessStopped || !slices.Equal(s.Tmpfs, []string{"/tmp"}) {
			t.Errorf("%s restarts %q and has the temporary folders %v", name, s.Restart, s.Tmpfs)
		}
	}
}

// TestComposeRunsTheDemo holds that with no .env the demo runs: with a store in
// the volume that other commands find, and with a start after which comes another.
// What listens in the container has the same port outside, where links lead to.
func TestComposeRunsTheDemo(t *testing.T) {
	s := project(t).Services["yourturn"]
	if got, want := strings.Join(s.Command, " "), "demo --store /data/demo.db --anew --past /data/past --instance yourturn:9817"; got != want {
		t.Errorf("with no .env it runs %q and not %q", got, want)
	}
	if !slices.ContainsFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool {
		return v.Type == types.VolumeTypeVolume && v.Target == "/data" && !v.ReadOnly
	}) {
		t.Error("its store is in no volume")
	}
	for _, name := range []string{"YOURTURN_WEB_LISTEN_ADDRESS", "YOURTURN_JIRA_LISTEN_ADDRESS"} {
		address := s.Environment[name]
		if address == nil {
			t.Errorf("%s is not set", name)
			continue
		}
		host, port, err := net.SplitHostPort(*address)
		if err != nil || host != "0.0.0.0" {
			t.Errorf("%s is %q, which cannot be reached from outside (%v)", name, *address, err)
		}
		if !slices.ContainsFunc(s.Ports, func(c types.ServicePortConfig) bool { return c.Published == port && fmt.Sprint(c.Target) == port }) {
			t.Errorf("%s is not published under its own port", *address)
		}
	}
	if s.User != "" || s.Privileged || !s.ReadOnly {
		t.Errorf("it runs as %q (privileged: %t, read-only: %t)", s.User, s.Privileged, s.ReadOnly)
	}
}

// TestComposeKeepsThePast holds that Prometheus keeps what is imported.
func TestComposeKeepsThePast(t *testing.T) {
	for _, arg := range project(t).Services["prometheus"].Command {
		if text, ok := strings.CutPrefix(arg, "--storage.tsdb.retention.time="); ok {
			if years, err := strconv.Atoi(strings.TrimSuffix(text, "y")); err != nil || !strings.HasSuffix(text, "y") || years < 1 {
				t.Errorf("it keeps %s: an imported year would be dropped", text)
			}
			return
		}
	}
	t.Error("it keeps 15 days: an imported past would be dropped at once")
}

// TestComposeImportsThePast holds that the demo's past is imported before Prometheus
// starts, from where the demo writes it to where Prometheus has its data.
func TestComposeImportsThePast(t *testing.T) {
	p := project(t)
	s := p.Services["past"]
	if got := p.Services["prometheus"].DependsOn["past"].Condition; got != types.ServiceConditionCompletedSuccessfully {
		t.Errorf("Prometheus does not wait for its past: %q", got)
	}
	if got := s.DependsOn["yourturn"].Condition; got != types.ServiceConditionHealthy || s.Image != p.Services["prometheus"].Image {
		t.Errorf("the past of %s waits until yourturn is %q", s.Image, got)
	}
	mounted := func(of types.ServiceConfig, target string) types.ServiceVolumeConfig {
		i := slices.IndexFunc(of.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == target })
		if i < 0 {
			t.Fatalf("%s mounts nothing at %s", of.Name, target)
		}
		return of.Volumes[i]
	}
	for _, shared := range []struct{ with, target string }{{"yourturn", "/data"}, {"prometheus", "/prometheus"}} {
		if a, b := mounted(s, shared.target).Source, mounted(p.Services[shared.with], shared.target).Source; a != b {
			t.Errorf("%s is %s here and %s in %s", shared.target, a, b, shared.with)
		}
	}
	if !mounted(s, "/data").ReadOnly || mounted(s, s.Entrypoint[1]).Source == "" {
		t.Error("it may write to the demo's store")
	}
	if command := project(t, "YOURTURN_COMMAND=serve").Services["past"].Environment["YOURTURN_COMMAND"]; command == nil || *command != "serve" {
		t.Error("with a real Jira it would wait for the past of a demo")
	}
}

// TestPastIsImportedOnce runs the script that compose runs: it imports what the
// demo has written, once, into the data of a Prometheus that has not started yet.
func TestPastIsImportedOnce(t *testing.T) {
	promtool := stack.Program(t, "prometheus", "promtool")
	const past = "# TYPE po_waits_open gauge\npo_waits_open{job=\"yourturn\"} 3 1767225600\npo_waits_open{job=\"yourturn\"} 4 1767229200\n# EOF\n"
	for _, tc := range []struct {
		title, command, has string
		written             bool
		want                string
		blocks              int
	}{
		{"the demo", "demo --past /data/past", "", true, "is imported", 1},
		{"a demo that wrote nothing", "demo", "", false, "graphs begin now", 0},
		{"a real Jira", "serve", "", true, "real Jira", 0},
		{"a second start", "demo", "past-imported", true, "earlier start", 0},
		{"a Prometheus that has started", "demo", "wal", true, "earlier start", 0},
	} {
		t.Run(tc.title, func(t *testing.T) {
			dir := t.TempDir()
			data := filepath.Join(dir, "data")
			for _, name := range []string{data, filepath.Join(data, tc.has)} {
				if err := os.MkdirAll(name, 0o755); err != nil { //nolint:gosec // as an image has it
					t.Fatal(err)
				}
			}
			if tc.written {
				if err := os.Mkdir(filepath.Join(dir, "past"), 0o755); err != nil { //nolint:gosec // others read it
					t.Fatal(err)
				}
				put(t, filepath.Join(dir, "past", "2026-01.om"), past)
			}
			cmd := exec.CommandContext(t.Context(), "sh", filepath.Join("prometheus", "past.sh"))
			cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(promtool)+":"+os.Getenv("PATH"), "YOURTURN_COMMAND="+tc.command,
				"PAST="+filepath.Join(dir, "past"), "PROMETHEUS_DATA="+data, "PATIENCE=0")
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), tc.want) {
				t.Errorf("%v, want %q:\n%s", err, tc.want, out)
			}
			blocks, err := filepath.Glob(filepath.Join(data, "*", "meta.json"))
			if err != nil || len(blocks) != tc.blocks {
				t.Errorf("%d blocks (%v), want %d:\n%s", len(blocks), err, tc.blocks, out)
			}
		})
	}
}

// TestComposeLetsNobodyLogIn holds each of the settings without which Grafana has
// an admin whose password everybody knows, or asks for one.
func TestComposeLetsNobodyLogIn(t *testing.T) {
	env := project(t).Services["grafana"].Environment
	for name, want := range map[string]string{
		"GF_AUTH_ANONYMOUS_ENABLED": "true", "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer", "GF_AUTH_DISABLE_LOGIN_FORM": "true",
		"GF_AUTH_BASIC_ENABLED": "false", "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true",
	} {
		if got := env[name]; got == nil || *got != want {
			t.Errorf("%s is not %s", name, want)
		}
	}
}

// instruction is one of a Dockerfile.
type instruction struct{ name, rest string }

// dockerfile returns the instructions of each stage, the stage's FROM first.
func dockerfile(t *testing.T) (stages [][]instruction) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	whole := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(string(text), "")
	whole = strings.ReplaceAll(whole, "\\\n", " ")
	for line := range strings.Lines(whole) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case name == "":
			continue
		case name == "FROM":
			stages = append(stages, nil)
		case len(stages) == 0:
			t.Fatalf("%s comes before any FROM", name)
		}
		last := len(stages) - 1
		stages[last] = append(stages[last], instruction{name, strings.TrimSpace(rest)})
	}
	return stages
}

// TestDockerfile holds what the image promises: pinned parts, a static binary with
// nothing beside it, nobody's account, a health check.
func TestDockerfile(t *testing.T) {
	stages := dockerfile(t)
	if len(stages) != 2 {
		t.Fatalf("%d stages", len(stages))
	}
	built, image := stages[0], stages[1]
	if !regexp.MustCompile(`^golang:\d+\.\d+\.\d+-\w+ AS build$`).MatchString(built[0].rest) {
		t.Errorf("it is built from %q, which names no version", built[0].rest)
	}
	if image[0].rest != "scratch" {
		t.Errorf("the image is from %q: there is more in it than the binary", image[0].rest)
	}
	if !slices.ContainsFunc(built, func(i instruction) bool {
		return i.name == "RUN" && strings.HasPrefix(i.rest, "CGO_ENABLED=0 go build ")
	}) {
		t.Error("the binary is not static")
	}
	last := map[string]string{}
	for _, i := range image {
		last[i.name] = i.rest
	}
	user := regexp.MustCompile(`^([1-9]\d*):([1-9]\d*)$`)
	if !user.MatchString(last["USER"]) {
		t.Errorf("it runs as %q, want a number that is not root's", last["USER"])
	}
	if !slices.ContainsFunc(built, func(i instruction) bool {
		return strings.Contains(i.rest, "chown -R "+last["USER"]+" /out"+last["WORKDIR"])
	}) {
		t.Errorf("%s does not belong to %s", last["WORKDIR"], last["USER"])
	}
	_, text, _ := strings.Cut(last["HEALTHCHECK"], "CMD ")
	var check, entry, command []string
	for name, into := range map[string]*[]string{text: &check, last["ENTRYPOINT"]: &entry, last["CMD"]: &command} {
		if err := json.Unmarshal([]byte(name), into); err != nil {
			t.Errorf("%q is no list of words: %v", name, err)
		}
	}
	if want := []string{"/yourturn", "healthcheck", "--url", "http://127.0.0.1:9817/-/healthy"}; !slices.Equal(check, want) {
		t.Errorf("its health is told by %q, want %q", check, want)
	}
	if !slices.Equal(entry, []string{"/yourturn"}) || len(command) == 0 || command[0] != "demo" || !slices.Contains(command, "0.0.0.0:9817") {
		t.Errorf("it runs %q %q", entry, command)
	}
}

// TestComposeOnRealJira holds that a filled-in .env.example serves the config that it names.
func TestComposeOnRealJira(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if line == "YOURTURN_JIRA_TOKEN=" {
			line += "s3cret"
		}
		env = append(env, line)
	}
	s := project(t, env...).Services["yourturn"]
	if token := s.Environment["YOURTURN_JIRA_TOKEN"]; token == nil || *token != "s3cret" {
		t.Error("the token does not reach yourturn")
	}
	if strings.Contains(strings.Join(s.Command, " "), "s3cret") {
		t.Error("the token is an argument")
	}
	if len(s.Command) != 3 || s.Command[0] != "serve" || s.Command[1] != "--config.file" {
		t.Fatalf("it runs %q", s.Command)
	}
	for _, v := range s.Volumes {
		if v.Target == s.Command[2] && filepath.Base(v.Source) == "yourturn.yml" {
			return
		}
	}
	t.Errorf("nothing is mounted at %s", s.Command[2])
}

// TestProvisioning holds that Grafana is given what compose mounts, under the
// names that the services have.
func TestProvisioning(t *testing.T) {
	var sources struct {
		Datasources []struct {
			URL      string `yaml:"url"`
			JSONData struct {
				Interval string `yaml:"timeInterval"`
				Custom   string `yaml:"customQueryParameters"`
			} `yaml:"jsonData"`
		} `yaml:"datasources"`
	}
	load(t, "provisioning/datasources/prometheus.yml", &sources)
	var scrape struct {
		Global struct {
			Interval string `yaml:"scrape_interval"`
		} `yaml:"global"`
	}
	load(t, "prometheus/prometheus.yml", &scrape)
	if len(sources.Datasources) != 1 || sources.Datasources[0].URL != "http://prometheus:9090" ||
		sources.Datasources[0].JSONData.Interval != scrape.Global.Interval {
		t.Errorf("the data source is not the Prometheus that scrapes every %s: %+v", scrape.Global.Interval, sources)
	}
	// An imported past has a sample an hour: what looks back less far has gaps.
	const step = time.Hour
	custom, err := url.ParseQuery(sources.Datasources[0].JSONData.Custom)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := time.ParseDuration(custom.Get("lookback_delta")); err != nil || back <= step {
		t.Errorf("the data source looks back %q (%v), want more than %s", custom.Get("lookback_delta"), err, step)
	}
	var providers struct {
		Providers []struct {
			Options struct {
				Path string `yaml:"path"`
			} `yaml:"options"`
		} `yaml:"providers"`
	}
	load(t, "provisioning/dashboards/yourturn.yml", &providers)
	p := project(t)
	for _, v := range p.Services["grafana"].Volumes {
		if v.Target == providers.Providers[0].Options.Path {
			home := p.Services["grafana"].Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
			text, err := os.ReadFile(filepath.Join(v.Source, filepath.Base(*home)))
			if err != nil || !json.Valid(text) {
				t.Errorf("the home dashboard %s: %v", *home, err)
			}
			return
		}
	}
	t.Errorf("no dashboards are mounted at %s", providers.Providers[0].Options.Path)
}

// load reads a YAML file of this folder.
func load(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
