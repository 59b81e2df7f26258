package dashboards

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/yourturn/yourturn/internal/stack"
)

// build builds yourturn once for all tests, into a folder that TestMain removes.
var build = sync.OnceValues(func() (path string, err error) { //nolint:gochecknoglobals // a program is built once
	dir, err := os.MkdirTemp("", "yourturn")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "yourturn")
	out, err := exec.Command("go", "build", "-o", path, "../cmd/yourturn").CombinedOutput() //nolint:noctx // it belongs to no single test
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, err
})

// built reports whether build was called.
var built atomic.Bool //nolint:gochecknoglobals // as build

func TestMain(m *testing.M) {
	m.Run()
	if built.Load() {
		path, _ := build()
		//nolint:errcheck // of a folder for temporary files
		os.RemoveAll(filepath.Dir(path))
	}
}

// binary returns the path of a yourturn that is built from this tree.
func binary(t *testing.T) string {
	t.Helper()
	built.Store(true)
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// demo runs yourturn's demo and returns its address.
func demo(t *testing.T) string {
	t.Helper()
	lines := bufio.NewScanner(stack.Begin(t, binary(t), "demo", "--web.listen-address", "127.0.0.1:0", "--jira.listen-address", "127.0.0.1:0", "--speed", "60"))
	address := regexp.MustCompile(`metrics +http://(\S+)/metrics`)
	for lines.Scan() {
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			return m[1]
		}
	}
	t.Fatal("the demo ended before it said where it listens")
	return ""
}

// edited returns a file of this folder with each old replaced by its new, all
// of which must be there.
func edited(t *testing.T, name string, oldnew ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(string(text), oldnew[i]) {
			t.Fatalf("%s no longer has %q: mend the test", name, oldnew[i])
		}
	}
	return strings.NewReplacer(oldnew...).Replace(string(text))
}

// put writes a file.
func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
