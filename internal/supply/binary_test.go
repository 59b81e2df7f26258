package main

import (
	"bytes"
	"debug/elf"
	"debug/gosym"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/suite"
)

// underRace is whether the race detector runs. It finds nothing in what the go
// command builds.
var underRace bool

// TestBinary builds the binary as the Dockerfile does, in two folders: the bytes are
// the same. Its bill of materials lists what the product imports, and what nobody
// calls of go-jira's dependencies is not linked.
func TestBinary(t *testing.T) {
	if !suite.Full() || underRace {
		t.Skip("set YOURTURN_TEST=full to build binaries")
	}
	other := filepath.Join(t.TempDir(), "a", "longer", "path")
	copyTree(t, root, other)
	one, two := build(t, root), build(t, other)
	first, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(two)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("two builds of the same source differ: %d and %d bytes", len(first), len(second))
	}

	t.Run("bill of materials", func(t *testing.T) {
		var text, again bytes.Buffer
		for _, w := range []*bytes.Buffer{&text, &again} {
			if err := sbom(t.Context(), one, w); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(text.Bytes(), again.Bytes()) {
			t.Error("two bills of the same binary differ")
		}
		var bom cyclonedx.BOM
		if err := cyclonedx.NewBOMDecoder(&text, cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range *bom.Components {
			if c.Name != "std" {
				got = append(got, c.Name)
			}
			if c.Version == "" || c.Licenses == nil || len(*c.Licenses) == 0 {
				t.Errorf("%s has version %q and licences %v", c.Name, c.Version, c.Licenses)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(imported(t.Context(), t), got); diff != "" {
			t.Errorf("(-imported +bill):\n%s", diff)
		}
	})
	t.Run("linked", func(t *testing.T) {
		names := functions(t, one)
		if !slices.Contains(names, "main.main") || !slices.ContainsFunc(names, prefixed("github.com/andygrunwald/go-jira.(*UserService)")) {
			t.Fatalf("of %d functions none is the product's: mend the test", len(names))
		}
		// What makes, signs or reads a token of golang-jwt, and go-jira's ways of
		// authentication that would.
		unwanted := regexp.MustCompile(`^github\.com/golang-jwt/jwt/v4\.(Parse|New|ParseUnverified|NewWithClaims|NewParser|ParseWithClaims|\(\*(Parser|Token)\)\.)|^github\.com/andygrunwald/go-jira\.\(\*JWTAuthTransport\)`)
		for _, name := range names {
			if unwanted.MatchString(name) {
				t.Errorf("%s is linked: docs/dependencies.md says that nothing of it is", name)
			}
		}
	})
}

// build builds the product in a folder with the flags of the Dockerfile.
func build(t *testing.T, dir string) (binary string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`CGO_ENABLED=0 go build (-\S+) -ldflags="([^"]+)"`).FindSubmatch(text)
	if m == nil {
		t.Fatal("the Dockerfile builds in another way: mend the test")
	}
	told := strings.NewReplacer("${VERSION}", "v1.2.3", "${REVISION}", "abc123", "${DATE}", "2026-03-02T08:00:00Z").Replace(string(m[2]))
	binary = filepath.Join(t.TempDir(), "yourturn")
	cmd := exec.CommandContext(t.Context(), "go", "build", string(m[1]), "-buildvcs=false", "-ldflags="+told, "-o", binary, "./cmd/yourturn")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return binary
}

// copyTree copies a folder without what git keeps.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case d.Name() == ".git" && d.IsDir():
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		case !d.Type().IsRegular() || d.Name() == ".git":
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// prefixed returns a function that reports whether a name begins with prefix.
func prefixed(prefix string) func(string) bool {
	return func(name string) bool { return strings.HasPrefix(name, prefix) }
}

// functions returns the functions in a binary, which its table for stack traces lists
// even where its symbols are left out.
func functions(t *testing.T, binary string) []string {
	t.Helper()
	f, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	table, err := f.Section(".gopclntab").Data()
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := gosym.NewTable(nil, gosym.NewLineTable(table, f.Section(".text").Addr))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, fn := range symbols.Funcs {
		names = append(names, fn.Name)
	}
	return names
}
