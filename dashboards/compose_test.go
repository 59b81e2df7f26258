package dashboards

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"
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
		if s.Build == nil && s.HealthCheck == nil {
			t.Errorf("%s has no health check", name)
		}
	}
	if got := strings.Join(p.Services["yourturn"].Command, " "); got != "demo" {
		t.Errorf("with no .env it runs %q and not the demo", got)
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
