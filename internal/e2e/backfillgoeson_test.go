package e2e

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
)

// watcher calls seen once, when a line reports the first complete file.
type watcher struct {
	output
	seen func()
}

func (w *watcher) Write(p []byte) (int, error) {
	if w.seen != nil && strings.Contains(string(p), "since the start") {
		w.seen()
		w.seen = nil
	}
	return w.output.Write(p)
}

// TestBackfillGoesOn interrupts a run after its first complete file, of the built
// binary and in this process, and runs the command that it then names. In the end
// the folder holds what a run without an interruption writes.
func TestBackfillGoesOn(t *testing.T) {
	o := collected(t, 3)
	whole := filepath.Join(t.TempDir(), "whole")
	args := func(out string) []string {
		return []string{"backfill", "--config.file", o.config, "--from", "2026-01-20", "--step", "12h", "--out", out}
	}
	yourturn(t, 0, args(whole)...)
	names := []string{"2026-01-20T0000_2026-01-31T1200.om", "2026-02.om", "2026-03.om", "2026-04.om", "2026-05-01T0000_2026-05-20T1200.om"}
	if got := pastFiles(t, whole); !slices.Equal(names, got) {
		t.Fatalf("wrote %v, want %v", got, names)
	}
	for _, tc := range []struct {
		name        string
		interrupted func(t *testing.T, args []string) string
	}{
		{"in this process", func(t *testing.T, args []string) string {
			ctx, stop := context.WithCancel(t.Context())
			out := &watcher{seen: stop}
			if code := command.Run(ctx, args, command.Env{In: strings.NewReader(""), Out: out, Err: out}); code != command.ExitFailed {
				t.Errorf("exit %d, want %d", code, command.ExitFailed)
			}
			return out.String()
		}},
		{"the binary", func(t *testing.T, args []string) string {
			binary := filepath.Join(t.TempDir(), "yourturn")
			if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/yourturn").CombinedOutput(); err != nil {
				t.Fatalf("go build: %v\n%s", err, out)
			}
			cmd := exec.CommandContext(t.Context(), binary, args...)
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			out := &watcher{seen: func() {
				if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
					t.Error(err)
				}
			}}
			lines := bufio.NewReader(stderr)
			for {
				line, err := lines.ReadString('\n')
				if _, err := out.Write([]byte(line)); err != nil {
					t.Fatal(err)
				}
				if err != nil {
					break
				}
			}
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != command.ExitFailed {
				t.Errorf("ended with %v, want exit %d", err, command.ExitFailed)
			}
			return out.String()
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			past := filepath.Join(t.TempDir(), "the past")
			told := tc.interrupted(t, args(past))
			before := pastFiles(t, past)
			if len(before) == 0 || len(before) == len(names) {
				t.Fatalf("it was not interrupted after the first complete file: %v\n%s", before, told)
			}
			if want := "yourturn: interrupted: complete in " + past + ", and kept: " + strings.Join(before, ", "); !strings.Contains(told, want) {
				t.Errorf("does not say %q:\n%s", want, told)
			}
			m := regexp.MustCompile(`this command writes the rest:\n  yourturn (.*)\n`).FindStringSubmatch(told)
			if m == nil {
				t.Fatalf("does not say how to go on:\n%s", told)
			}
			kept := map[string]os.FileInfo{}
			for _, name := range before {
				info, err := os.Stat(filepath.Join(past, name))
				if err != nil {
					t.Fatal(err)
				}
				kept[name] = info
			}
			// A shell reads the line.
			words, err := exec.CommandContext(t.Context(), "sh", "-c", `printf '%s\n' `+m[1]).Output()
			if err != nil {
				t.Fatal(err)
			}
			got := yourturn(t, 0, strings.Split(strings.TrimSpace(string(words)), "\n")...)
			if want := "for f in '" + past + "'/*.om; do "; !strings.HasPrefix(got, want) {
				t.Errorf("does not say %q: %s", want, got)
			}
			for _, name := range names {
				if d := gocmp.Diff(samplesOf(t, filepath.Join(whole, name)), samplesOf(t, filepath.Join(past, name))); d != "" {
					t.Errorf("%s (-in one run +interrupted):\n%s", name, d)
				}
				if info, err := os.Stat(filepath.Join(past, name)); err != nil || kept[name] != nil && !os.SameFile(kept[name], info) {
					t.Errorf("%s was whole and was written again (%v)", name, err)
				}
			}
			if got := pastFiles(t, past); !slices.Equal(names, got) {
				t.Errorf("there is %v, want %v", got, names)
			}
		})
	}
}

// pastFiles returns the names of the files for Prometheus in a folder. It fails if
// anything unfinished is left there.
func pastFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		switch {
		case strings.HasSuffix(e.Name(), ".om"):
			names = append(names, e.Name())
		case e.Name() != "backfill.json":
			t.Errorf("%s is left", e.Name())
		}
	}
	return names
}

// samplesOf returns the lines of a file.
func samplesOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
