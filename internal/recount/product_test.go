package recount

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestProduct compares every part of every wait with what the product prints.
func TestProduct(t *testing.T) {
	export := exportPath(t)
	issues, err := readExport(export)
	if err != nil {
		t.Fatal(err)
	}
	f := factsOf(issues)
	bin := build(t)
	jira := simulate(t, bin, export)
	for _, tt := range []struct {
		name, acceptance string
		asked            bool // owners are those who are asked, not the busiest
		mentionAny       bool // asked by any mention, of which there are many more
	}{
		{"Patch Available, the busiest own", "Patch Available", false, false},
		{"Patch Available, the asked own", "Patch Available", true, true},
		{"Resolved, the busiest own", "Resolved", false, true},
		{"Resolved, the asked own", "Resolved", true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := cast(f, busiest(issues, tt.asked), tt.acceptance, tt.mentionAny)
			config := writeConfig(t, s, f, jira)
			for range 2 {
				out := run(t, bin, "sync", "--config.file", config)
				want := fmt.Sprintf("%d stories, %d history records, %d comments", f.stories, f.records, f.comments)
				if got := regexp.MustCompile(`\d+ stories, \d+ history records, \d+ comments`).FindString(out); got != want {
					t.Errorf("sync counts %q, the export %q", got, want)
				}
			}
			for _, at := range []string{"2013-08-01T12:34:56Z", "2014-01-24T09:07:05Z", longAfter} {
				compare(t, bin, config, s.team(t, f), issues, at)
			}
			compareLatest(t, bin, config, s.team(t, f), issues)
		})
	}
}

// longAfter is an instant at which everything in an export is over.
const longAfter = "2016-01-01T00:00:00Z"

// compare compares the waits as of an instant.
func compare(t *testing.T, bin, config string, m *team, issues []rawIssue, at string) {
	t.Helper()
	asOf, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	report(t, "as of "+at, waits(t, bin, config, "--as-of", at), recount(t, m, issues, asOf))
}

// compareLatest compares the waits as of the last poll, an instant which the
// product alone knows: the clocks of open waits apart, they are those of long
// after the export's last event.
func compareLatest(t *testing.T, bin, config string, m *team, issues []rawIssue) {
	t.Helper()
	asOf, err := time.Parse(time.RFC3339, longAfter)
	if err != nil {
		t.Fatal(err)
	}
	want := recount(t, m, issues, asOf)
	if len(want) == 0 {
		t.Error("the export holds no wait: nothing is compared")
	}
	report(t, "as of the last poll", clockless(waits(t, bin, config)), clockless(want))
}

// clockless takes the clocks from the open waits.
func clockless(list []part) []part {
	for i := range list {
		if p := &list[i]; p.End == "" {
			p.Elapsed, p.Working, p.Paused, p.StoryElapsed, p.StoryWorking = 0, 0, 0, 0, 0
		}
	}
	return list
}

// waits returns the waits that the product prints.
func waits(t *testing.T, bin, config string, args ...string) []part {
	t.Helper()
	var list []part
	out := run(t, bin, append([]string{"waits", "--config.file", config, "--format", "json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatalf("waits: %v", err)
	}
	if !slices.Equal(ids(list), ids(sorted(slices.Clone(list)))) {
		t.Errorf("waits %v: not ordered by start, story id and kind", args)
	}
	return list
}

// report reports every difference and what was compared.
func report(t *testing.T, what string, got, want []part) {
	t.Helper()
	list := differences(got, want)
	for _, d := range list {
		t.Errorf("%s: %s", what, d)
	}
	t.Logf("%s: %d of %d differ; %v", what, len(list), len(want), counts(want))
}

func ids(list []part) []string {
	var s []string
	for _, p := range list {
		s = append(s, p.Start+" "+p.StoryID+" "+p.Kind)
	}
	return s
}

// recount computes the parts of all waits of an export.
func recount(t *testing.T, m *team, issues []rawIssue, asOf time.Time) []part {
	t.Helper()
	var list []part
	for _, i := range issues {
		s, err := newStory(i, m.acceptance, m.slipWindow, asOf)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.events) == 0 {
			continue // not created yet
		}
		// What happened within the slip window is not final, and whether it is one is
		// another test's business.
		if last := s.events[len(s.events)-1]; asOf.Sub(last.at) < m.slipWindow {
			t.Fatalf("%s has an event at %s, too near to %s: compare as of another instant", s.key, last.at, asOf)
		}
		list = append(list, waitsOf(m, s, asOf)...)
	}
	return sorted(list)
}

// exportPath returns where the export is.
func exportPath(t *testing.T) string {
	t.Helper()
	path := os.Getenv("YOURTURN_EXPORT")
	if path == "" {
		t.Skip("YOURTURN_EXPORT is not set: name a Jira export (.jsonl or .jsonl.gz) to compare the product with")
	}
	return path
}

// build builds the product and returns the path of its binary.
func build(t *testing.T) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			t.Fatal("no go.mod in any folder above")
		}
		root = filepath.Dir(root)
	}
	bin := filepath.Join(t.TempDir(), "yourturn")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/yourturn")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

const token = "T"

// simulate serves the export as a Jira until the test ends, and returns its URL.
func simulate(t *testing.T, bin, export string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, bin, "jirasim", "--data", export, "--flavor", "datacenter", "--listen", "127.0.0.1:0", "--token", token)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if url := regexp.MustCompile(`http://\S+`).FindString(lines.Text()); url != "" {
			return url
		}
	}
	cancel()
	_ = cmd.Wait() // its words say more than its status
	t.Fatalf("jirasim ended without naming its URL:\n%s", stderr.String())
	return ""
}

// writeConfig writes the setup as a config and returns its path.
func writeConfig(t *testing.T, s setup, f facts, jira string) string {
	t.Helper()
	dir := t.TempDir()
	config, tokenFile := filepath.Join(dir, "yourturn.yml"), filepath.Join(dir, "token")
	text := s.yaml(t, f, jira, tokenFile, filepath.Join(dir, "yourturn.db"))
	if err := errors.Join(os.WriteFile(tokenFile, []byte(token+"\n"), 0o600), os.WriteFile(config, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	return config
}

// run runs a command of the product and returns what it prints.
func run(t *testing.T, bin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bin, args...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("yourturn %s: %v\n%s%s", strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String()
}
