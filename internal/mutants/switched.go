package main

import (
	"fmt"
	"go/ast"
	"go/types"
	"path/filepath"
	"strings"
)

// switched returns the package's files with every mutant that can be switched
// in place, each behind a question whether it is the one, by their paths.
func (p *pkg) switched() map[string]string {
	out := map[string]string{}
	for path, f := range p.files {
		out[path] = p.source[path][:p.offset(f.Package)] + p.rewrite(path, f, p.offset(f.Package), len(p.source[path]))
	}
	out[filepath.Join(p.dir, "zz_mutant.go")] = fmt.Sprintf(`package %s

import "os"
import "strconv"

var zzMutant = func() int { n, _ := strconv.Atoi(os.Getenv(%q)); return n }()

func zzIs(id int) bool { return zzMutant == id }
`, p.name, variable)
	return out
}

// choices returns the mutants of a node that are chosen while the tests run.
func (p *pkg) choices(n ast.Node) []*mutant {
	var out []*mutant
	for _, m := range p.byNode[n] {
		if m.switched {
			out = append(out, m)
		}
	}
	return out
}

// rewrite returns the text of a node between two offsets, with the choices of
// the nodes within it.
func (p *pkg) rewrite(path string, n ast.Node, from, to int) string {
	var b strings.Builder
	text := p.source[path]
	ast.Inspect(n, func(c ast.Node) bool {
		if c == nil || c == n || len(p.choices(c)) == 0 {
			return c != nil
		}
		start, end := p.offset(c.Pos()), p.offset(c.End())
		b.WriteString(text[from:start])
		b.WriteString(p.choose(path, c))
		from = end
		return false
	})
	b.WriteString(text[from:to])
	return b.String()
}

// choose returns a node that has choices: the mutants in their turn, the
// original last.
func (p *pkg) choose(path string, n ast.Node) string {
	text := p.source[path]
	start, end := p.offset(n.Pos()), p.offset(n.End())
	original := p.rewrite(path, n, start, end)
	changed := func(m *mutant) string { return text[start:m.start] + m.op + text[m.end:end] }
	var b strings.Builder
	if e, ok := n.(ast.Expr); ok {
		typ := p.info.Types[e].Type
		if basic, ok := typ.(*types.Basic); ok && basic.Kind() == types.UntypedBool {
			typ = types.Typ[types.Bool]
		}
		fmt.Fprintf(&b, "func() %s { ", types.TypeString(typ, func(o *types.Package) string {
			if o == p.pkg {
				return ""
			}
			return o.Name()
		}))
		for _, m := range p.choices(n) {
			fmt.Fprintf(&b, "if zzIs(%d) { return %s }; ", m.id, changed(m))
		}
		fmt.Fprintf(&b, "return %s }()", original)
		return b.String()
	}
	for _, m := range p.choices(n) {
		fmt.Fprintf(&b, "if zzIs(%d) { %s } else ", m.id, changed(m))
	}
	fmt.Fprintf(&b, "{ %s }", original)
	return b.String()
}
