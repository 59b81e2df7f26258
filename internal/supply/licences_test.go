package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update writes the table of modules into docs/dependencies.md instead of comparing it.
var update = flag.Bool("update", false, "write the table of modules into docs/dependencies.md")

// root is the folder of the module.
const root = "../.."

// allowed are the licences that what is linked may bear. Each lets a work under
// Apache-2.0 hold it; MPL-2.0 as long as its files are unchanged. SQLite's blessing is the public domain.
// CC-BY-4.0 is of the documentation of go-sdk, of which nothing is linked.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "blessing"}

// imported returns the modules of what the product imports, as the image builds it.
func imported(ctx context.Context, t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "./cmd/yourturn")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	list := strings.Fields(string(out))
	slices.Sort(list)
	return slices.Compact(list)
}

// TestLicences holds that each module in the binary bears a licence that is allowed,
// and that the table of docs/dependencies.md lists them all as they are.
func TestLicences(t *testing.T) {
	known, err := modules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| module | version | licences |\n|---|---|---|\n")
	list := imported(t.Context(), t)
	if len(list) < 20 {
		t.Fatalf("only %d modules are imported: mend the test", len(list))
	}
	for _, path := range list {
		names, err := licences(known[path].Dir)
		if err != nil {
			t.Error(err)
		}
		for _, name := range names {
			if !slices.Contains(allowed, name) {
				t.Errorf("%s bears %s, which is none of %s", path, name, strings.Join(allowed, ", "))
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", path, known[path].Version, strings.Join(names, ", "))
	}
	page := filepath.Join(root, "docs", "dependencies.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	at := regexp.MustCompile(`(?ms)^## In the binary\n.*?\n((?:\|.*?\n)+)`).FindSubmatchIndex(text)
	if at == nil {
		t.Fatalf("%s has no table below %q", page, "In the binary")
	}
	if *update {
		if err := os.WriteFile(page, slices.Concat(text[:at[2]], []byte(b.String()), text[at[3]:]), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(b.String(), string(text[at[2]:at[3]])); diff != "" {
		t.Errorf("%s is not what is imported; run go test ./internal/supply -update (-code +docs):\n%s", page, diff)
	}
}

// TestReasons holds that the page gives a reason for each direct dependency.
func TestReasons(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	reasons, _, _ := strings.Cut(string(text), "\n## In the binary\n")
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	direct := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) {
		direct[m[1]] = true
	}
	if len(direct) < 15 {
		t.Fatalf("only %d modules are required: mend the test", len(direct))
	}
	for _, path := range slices.Sorted(maps.Keys(direct)) {
		if !strings.Contains(reasons, "| `"+path+"`") && !strings.Contains(reasons, ", `"+path+"`") {
			t.Errorf("docs/dependencies.md gives no reason for %s", path)
		}
	}
}

// TestLicenceMustBeKnown holds that a text that nobody knows is no licence.
func TestLicenceMustBeKnown(t *testing.T) {
	mit, err := os.ReadFile(filepath.Join(knownDir(t, "go.uber.org/zap"), "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	terms := strings.Repeat("You may not use this on Sundays, and pay us for each reader. ", 40)
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  []string // nil: an error
	}{
		{"known", map[string]string{"LICENSE": string(mit)}, []string{"MIT"}},
		{"unknown", map[string]string{"LICENSE": terms}, nil},
		{"known, with more terms", map[string]string{"LICENSE": string(mit) + terms}, nil},
		{"a second one", map[string]string{"LICENSE": string(mit), "COPYING": terms}, nil},
		{"none", map[string]string{"README.md": string(mit)}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range tc.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := licences(dir)
			if (err != nil) != (tc.want == nil) || !slices.Equal(got, tc.want) {
				t.Errorf("got %v, %v; want %v", got, err, tc.want)
			}
		})
	}
}

// knownDir returns the folder of a module.
func knownDir(t *testing.T, path string) string {
	t.Helper()
	known, err := modules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return known[path].Dir
}
