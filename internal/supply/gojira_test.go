package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGoJira holds what the product uses of go-jira: its client, and of its services
// User and Board alone. What go-jira brings for issues is therefore not called.
func TestGoJira(t *testing.T) {
	names, services := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		imports := strings.Contains(string(text), `"github.com/andygrunwald/go-jira"`)
		inside := filepath.Dir(path) == filepath.Join(root, "collector", "jira") // whose other files have the client
		if imports && !inside {
			t.Errorf("%s imports go-jira, which collector/jira alone does", path)
		}
		if err != nil || !inside {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		if err != nil {
			return err
		}
		// go-jira is imported as jira, and a client is kept in a field of that name.
		for _, i := range file.Imports {
			if p, _ := strconv.Unquote(i.Path.Value); p == "github.com/andygrunwald/go-jira" && i.Name != nil {
				t.Errorf("%s imports go-jira by another name: mend the test", path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch x := s.X.(type) {
			case *ast.Ident:
				if x.Name == "jira" || x.Name == "jc" {
					names[s.Sel.Name] = true
				}
			case *ast.SelectorExpr:
				if x.Sel.Name == "jira" {
					services[s.Sel.Name] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sorted := func(set map[string]bool) []string {
		var list []string
		for name := range set {
			list = append(list, name)
		}
		slices.Sort(list)
		return list
	}
	if diff := cmp.Diff([]string{"Board", "Do", "NewRequestWithContext", "User"}, sorted(services)); diff != "" {
		t.Errorf("of a client is used (-documented +code); see docs/dependencies.md:\n%s", diff)
	}
	for _, name := range sorted(names) {
		if strings.HasPrefix(name, "Issue") || strings.HasPrefix(name, "JWT") || strings.Contains(name, "Meta") {
			t.Errorf("jira.%s is used: docs/dependencies.md says that nothing for issues or JWT is", name)
		}
	}
	if len(names) < 4 {
		t.Errorf("only %v of go-jira is used: mend the test", sorted(names))
	}
}
