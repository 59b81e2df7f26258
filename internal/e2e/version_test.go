package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/internal/suite"
)

// built builds the command of a checkout and returns what --version says.
func built(t *testing.T, dir string, args ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "yourturn")
	cmd := in(t.Context(), dir, "go", append(append([]string{"build", "-o", binary}, args...), "./cmd/yourturn")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	out, err := in(t.Context(), dir, binary, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// in returns a command that runs in a folder.
func in(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	return cmd
}

// TestVersion builds the binary from a git checkout, clean and with a change, and
// as the Dockerfile does: each says what it was built from. It takes long, because
// another folder is compiled anew.
func TestVersion(t *testing.T) {
	if !suite.Full() {
		t.Skip("set YOURTURN_TEST=full to build binaries")
	}
	root := filepath.Join("..", "..")
	head, err := in(t.Context(), root, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		t.Fatalf("it needs a git checkout: %v", err)
	}
	clone := filepath.Join(t.TempDir(), "clone")
	if out, err := in(t.Context(), root, "git", "clone", "--quiet", "--shared", ".", clone).CombinedOutput(); err != nil {
		t.Fatalf("git clone: %v\n%s", err, out)
	}
	revision := strings.TrimSpace(string(head))
	const date = ` of 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, go`
	if got := built(t, clone, "-buildvcs=true"); !regexp.MustCompile(`\(revision ` + revision + date).MatchString(got) {
		t.Errorf("built from %s it says: %s", revision, got)
	}
	write(t, filepath.Join(clone, "README.md"), "changed\n")
	if got := built(t, clone, "-buildvcs=true"); !regexp.MustCompile(`\(revision ` + revision + `-dirty` + date).MatchString(got) {
		t.Errorf("built from %s with a change it says: %s", revision, got)
	}
	flags := regexp.MustCompile(`-ldflags="([^"]+)"`).FindStringSubmatch(content(t, filepath.Join(root, "Dockerfile")))
	if flags == nil {
		t.Fatal("the Dockerfile tells the linker nothing")
	}
	told := strings.NewReplacer("${VERSION}", "v1.2.3", "${REVISION}", "abc123", "${DATE}", "2026-03-02T08:00:00Z").Replace(flags[1])
	if got := built(t, root, "-buildvcs=false", "-ldflags="+told); !strings.Contains(got, "version v1.2.3 (revision abc123 of 2026-03-02T08:00:00Z, go") {
		t.Errorf("built as in the Dockerfile it says: %s", got)
	}
}

// content returns what is in a file.
func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
