package main

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// variable is the environment variable that says which mutant a test binary is.
const variable = "YOURTURN_MUTANT"

// mutant is one changed operator.
type mutant struct {
	id            int
	path          string // absolute
	line          int
	before, after string // the line's text
	start, end    int    // of the operator, as offsets
	op            string
	switched      bool // compiled into the common binary
}

func (m *mutant) change() string {
	return fmt.Sprintf("%s: %s => %s", filepath.Base(m.path), m.before, m.after)
}

func (m *mutant) String() string {
	return fmt.Sprintf("%s:%d: %s", filepath.Base(m.path), m.line, m.change())
}

// pkg is a package whose operators are changed.
type pkg struct {
	name    string
	dir     string
	fset    *token.FileSet
	files   map[string]*ast.File // by absolute path
	source  map[string]string
	info    *types.Info
	pkg     *types.Package
	mutants []*mutant
	byNode  map[ast.Node][]*mutant
}

// load reads a package and finds its mutants.
func load(dir string) (*pkg, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(abs, "*.go"))
	if err != nil {
		return nil, err
	}
	p := &pkg{
		dir: abs, fset: token.NewFileSet(), files: map[string]*ast.File{}, source: map[string]string{}, byNode: map[ast.Node][]*mutant{},
		info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}},
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(p.fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.name, p.files[path], p.source[path] = f.Name.Name, f, string(text)
		files = append(files, f)
	}
	conf := types.Config{Importer: importer.ForCompiler(p.fset, "source", nil)}
	if p.pkg, err = conf.Check(p.name, p.fset, files, p.info); err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(p.files)) {
		p.find(path)
	}
	return p, nil
}

// find lists the mutants of a file.
func (p *pkg) find(path string) {
	var parents []ast.Node
	ast.Inspect(p.files[path], func(n ast.Node) bool {
		if n == nil {
			parents = parents[:len(parents)-1]
			return true
		}
		for _, to := range swaps(n) {
			from, pos := operator(n)
			m := &mutant{id: len(p.mutants) + 1, path: path, start: p.offset(pos), op: to, switched: p.canSwitch(n, parents)}
			m.end = m.start + len(from)
			m.line = p.fset.Position(pos).Line
			lines := strings.Split(p.source[path], "\n")
			m.before = strings.TrimSpace(lines[m.line-1])
			m.after = strings.TrimSpace(strings.Split(p.with(m), "\n")[m.line-1])
			p.mutants = append(p.mutants, m)
			p.byNode[n] = append(p.byNode[n], m)
		}
		parents = append(parents, n)
		return true
	})
}

func (p *pkg) offset(pos token.Pos) int { return p.fset.Position(pos).Offset }

// with returns a file's text with one mutant in place.
func (p *pkg) with(m *mutant) string {
	text := p.source[m.path]
	return text[:m.start] + m.op + text[m.end:]
}

// operator returns a node's operator and where it stands.
func operator(n ast.Node) (string, token.Pos) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return n.Op.String(), n.OpPos
	case *ast.UnaryExpr:
		return n.Op.String(), n.OpPos
	case *ast.AssignStmt:
		return n.Tok.String(), n.TokPos
	case *ast.IncDecStmt:
		return n.Tok.String(), n.TokPos
	case *ast.BranchStmt:
		return n.Tok.String(), n.TokPos
	}
	return "", token.NoPos
}

// swaps returns what takes an operator's place: boundaries, negations,
// arithmetic, logic, the way out of a loop.
func swaps(n ast.Node) []string {
	op, _ := operator(n)
	if b, ok := n.(*ast.BranchStmt); ok && b.Label != nil {
		return nil
	}
	if u, ok := n.(*ast.UnaryExpr); ok {
		return map[token.Token][]string{token.NOT: {""}, token.SUB: {"+"}}[u.Op]
	}
	return map[string][]string{
		"<": {"<=", ">="}, "<=": {"<", ">"}, ">": {">=", "<="}, ">=": {">", "<"}, "==": {"!="}, "!=": {"=="},
		"&&": {"||"}, "||": {"&&"}, "+": {"-"}, "-": {"+"}, "*": {"/"}, "/": {"*"},
		"+=": {"-="}, "-=": {"+="}, "*=": {"/="}, "/=": {"*="}, "++": {"--"}, "--": {"++"},
		"break": {"continue"}, "continue": {"break"},
	}[op]
}

// canSwitch reports whether a choice between the node and its mutants can be
// compiled where it stands: no constants, no strings to subtract, and only
// statements that stand in a block.
func (p *pkg) canSwitch(n ast.Node, parents []ast.Node) bool {
	if e, ok := n.(ast.Expr); ok {
		tv := p.info.Types[e]
		if tv.Value != nil || tv.Type == nil {
			return false
		}
		basic, ok := tv.Type.Underlying().(*types.Basic)
		return ok && basic.Info()&(types.IsNumeric|types.IsBoolean) != 0 && basic.Info()&types.IsUntyped == 0 || ok && basic.Kind() == types.UntypedBool
	}
	if a, ok := n.(*ast.AssignStmt); ok {
		if basic, ok := p.info.Types[a.Lhs[0]].Type.Underlying().(*types.Basic); !ok || basic.Info()&types.IsNumeric == 0 {
			return false
		}
	}
	switch parents[len(parents)-1].(type) {
	case *ast.BlockStmt, *ast.CaseClause:
		return true
	}
	return false
}
