package measure

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strconv"
	"strings"
	"testing"
)

// reasonConstants reads the constants of reasons from the source of a package:
// those that begin with Find or Note and are texts.
func reasonConstants(t *testing.T, dir string) map[string]string {
	t.Helper()
	packages, err := parser.ParseDir(token.NewFileSet(), dir, func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, 0) //nolint:staticcheck // of constants no types are needed
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, p := range packages {
		ast.Inspect(p, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			name := spec.Names[0].Name
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING && (strings.HasPrefix(name, "Find") || strings.HasPrefix(name, "Note")) {
				if out[name], err = strconv.Unquote(lit.Value); err != nil {
					t.Fatal(err)
				}
			}
			return true
		})
	}
	return out
}

// TestReasons holds that the table has every reason that the code can give, and
// no other, each once and with its meaning.
func TestReasons(t *testing.T) {
	given := map[string]string{}
	for _, dir := range []string{"../latency", "../jiradata"} {
		found := reasonConstants(t, dir)
		if len(found) == 0 {
			t.Errorf("%s has no reasons: mend the test", dir)
		}
		for name, code := range found {
			given[code] = name
		}
	}
	for _, r := range Reasons() {
		if given[r.Code] == "" {
			t.Errorf("nothing gives %q, or the table has it twice", r.Code)
		}
		if r.Meaning == "" || strings.HasSuffix(r.Meaning, ".") {
			t.Errorf("the meaning of %s is no clause: %q", r.Code, r.Meaning)
		}
		if r.Zero && !r.Doubtful {
			t.Errorf("%s has a 0 for alerts, and makes no number wrong", r.Code)
		}
		delete(given, r.Code)
	}
	for code, name := range given {
		t.Errorf("the table lacks %q (%s)", code, name)
	}
}
