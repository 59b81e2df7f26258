package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/yourturn/yourturn/internal/stack"
)

// unitFile is the unit that people install.
const unitFile = "systemd/yourturn.service"

// TestUnit has systemd read the unit, and rate how much of the machine the service can
// reach: at most 1.5 of 10.
func TestUnit(t *testing.T) {
	analyze := stack.Program(t, "systemd", "systemd-analyze")
	here, err := os.Executable() // a program that exists in the place of the one that is installed
	if err != nil {
		t.Fatal(err)
	}
	const installed = "ExecStart=/usr/local/bin/yourturn "
	text := read(t, unitFile)
	if !strings.Contains(text, installed) {
		t.Fatalf("%s has no %s", unitFile, installed)
	}
	unit := filepath.Join(t.TempDir(), "yourturn.service")
	if err := os.WriteFile(unit, []byte(strings.Replace(text, installed, "ExecStart="+here+" ", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--man=no", unit}, // the pages of the manual are installed apart
		{"security", "--offline=true", "--threshold=15", "--no-pager", unit},
	} {
		out, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
		if args[0] == "verify" && len(out) > 0 { // a key that it does not know is no error to it
			t.Errorf("systemd-analyze says of the unit:\n%s", out)
		}
	}
}

// TestUnitIsWhatWorks holds what no program tells of a unit: what has to be there or to
// stay off so that it works, and that the page names the files that the unit names.
func TestUnitIsWhatWorks(t *testing.T) {
	set := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+)=(.*)$`).FindAllStringSubmatch(read(t, unitFile), -1) {
		set[m[1]] = append(set[m[1]], m[2])
	}
	for _, tc := range []struct{ key, want, why string }{
		{"Type", "notify", "serve says when it is ready"},
		{"Restart", "on-failure", "the watchdog is to restart it"},
		{"RestartPreventExitStatus", "", "a program of Go that the watchdog aborts ends with 2, as one with a wrong config does"},
		{"ProcSubset", "", "process_start_time_seconds needs /proc/stat"},
		{"CapabilityBoundingSet", "", "it needs none"},
		{"StateDirectoryMode", "0700", "nobody else reads the store"},
	} {
		if got := strings.Join(set[tc.key], " "); got != tc.want {
			t.Errorf("%s=%s, want %q: %s", tc.key, got, tc.want, tc.why)
		}
	}

	page := read(t, "systemd.md")
	name, file, _ := strings.Cut(strings.Join(set["LoadCredential"], ""), ":")
	state := "/var/lib/" + strings.Join(set["StateDirectory"], "")
	var keys string
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1) {
		keys += m[1]
	}
	var cfg struct {
		Jira struct {
			TokenFile string `yaml:"token_file"`
		}
		Store struct{ URL string }
	}
	if err := yaml.Unmarshal([]byte(keys), &cfg); err != nil {
		t.Fatalf("the page's keys are no YAML: %v", err)
	}
	if got, want := cfg.Jira.TokenFile, "/run/credentials/yourturn.service/"+name; got != want {
		t.Errorf("the page has the token at %s, the unit at %s", got, want)
	}
	if got, want := cfg.Store.URL, "sqlite:"+state+"/"; !strings.HasPrefix(got, want) {
		t.Errorf("the page has the store at %s, and the unit may write in %s", got, want)
	}
	if !slices.Contains(strings.Fields(page), file) || !strings.Contains(page, "--home-dir "+state) {
		t.Errorf("the page does not name %s and %s", file, state)
	}
}
