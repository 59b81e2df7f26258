package recount

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

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

func ids(list []part) []string {
	var s []string
	for _, p := range list {
		s = append(s, p.Start+" "+p.StoryID+" "+p.Kind)
	}
	return s
}

// storiesOf reads the issues of an export, by id.
func storiesOf(t *testing.T, f facts, issues []rawIssue) map[string]*story {
	t.Helper()
	stories := make(map[string]*story)
	for _, i := range issues {
		s, err := newStory(i, f)
		if err != nil {
			t.Fatal(err)
		}
		stories[i.ID] = s
	}
	return stories
}

// recount computes the parts of all waits of an export as of an instant. Of a
// story that is in no watched project today there are none: no search finds it.
func recount(r *rules, stories map[string]*story, asOf time.Time) []part {
	r.stories = stories
	var list []part
	for _, s := range stories {
		if r.projects[s.events[len(s.events)-1].after.project] != nil {
			list = append(list, waitsOf(r, s, asOf)...)
		}
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
