// Mutants changes one operator of a package at a time and runs its tests: a
// change that no test notices shows a rule that no test holds.
//
//	go run ./internal/mutants [-accepted FILE] [-j N] PACKAGE_DIR...
//
// The tree is never touched: each mutant is compiled through `go test
// -overlay`. Survivors are printed with file, line and change. FILE lists those
// that change nothing that could be seen, a line each: what is printed after
// the place, " -- " and the reason. It holds wherever the line moves.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// mutant is one changed operator.
type mutant struct {
	file, before, after string // the line's text
	line                int
	source              []byte
}

func (m mutant) String() string {
	return fmt.Sprintf("%s: %s => %s", filepath.Base(m.file), m.before, m.after)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run() error {
	acceptedFile := flag.String("accepted", "", "the `file` of survivors that are equivalent")
	jobs := flag.Int("j", 2, "how many mutants are tested at once")
	only := flag.String("only", "", "only lines that contain this `text`")
	atLeast := flag.Float64("at-least", 90, "the share of mutants, in percent, that tests must notice")
	flag.Parse()
	if flag.NArg() == 0 {
		return errors.New("name the packages' folders")
	}
	accepted, err := readAccepted(*acceptedFile)
	if err != nil {
		return err
	}
	killed, equivalent, survived := 0, 0, 0
	for _, dir := range flag.Args() {
		mutants, err := mutantsOf(dir)
		if err != nil {
			return err
		}
		mutants = slices.DeleteFunc(mutants, func(m mutant) bool { return !strings.Contains(m.before, *only) })
		var mu sync.Mutex
		var wg sync.WaitGroup
		next := make(chan mutant)
		for range *jobs {
			wg.Go(func() {
				for m := range next {
					dead, err := noticed(dir, m)
					mu.Lock()
					switch {
					case err != nil:
						fmt.Fprintf(os.Stderr, "mutants: %s: %v\n", m, err)
						survived++
					case dead:
						killed++
					case accepted[m.String()] != "":
						equivalent++
					default:
						survived++
						fmt.Printf("survived: %s:%d: %s\n", m.file, m.line, m)
					}
					if n := killed + equivalent + survived; n%100 == 0 {
						fmt.Fprintf(os.Stderr, "%s: %d of %d\n", dir, n, len(mutants))
					}
					mu.Unlock()
				}
			})
		}
		for _, m := range mutants {
			next <- m
		}
		close(next)
		wg.Wait()
	}
	total := killed + equivalent + survived
	share := 100 * float64(killed) / float64(max(total, 1))
	fmt.Printf("%d mutants: %d noticed (%.1f %%), %d equivalent, %d survived\n", total, killed, share, equivalent, survived)
	if share < *atLeast || survived > 0 {
		return fmt.Errorf("%d survived, and %.1f %% were noticed; want none and %.0f %%", survived, share, *atLeast)
	}
	return nil
}

// readAccepted reads the reasons of accepted survivors, by what they change.
func readAccepted(path string) (map[string]string, error) {
	out := map[string]string{}
	if path == "" {
		return out, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		change, reason, ok := strings.Cut(text, " -- ")
		if !ok {
			return nil, fmt.Errorf("%s:%d: no reason after ` -- `", path, n)
		}
		out[change] = reason
	}
	return out, lines.Err()
}

// mutantsOf returns every mutant of a package's source files.
func mutantsOf(dir string) ([]mutant, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var out []mutant
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, source, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		lines := strings.Split(string(source), "\n")
		ast.Inspect(file, func(n ast.Node) bool {
			for _, undo := range changes(n) {
				// The node is changed now; write the file, and change it back.
				var b bytes.Buffer
				err := format.Node(&b, fset, file)
				pos := undo()
				if err != nil {
					continue
				}
				line := fset.Position(pos).Line
				changed := strings.Split(b.String(), "\n")
				out = append(out, mutant{file: path, line: line, before: strings.TrimSpace(lines[line-1]), after: strings.TrimSpace(changed[line-1]), source: b.Bytes()})
			}
			return true
		})
	}
	return out, nil
}

// swaps are the operators that take each other's place: boundaries, negations,
// arithmetic, logic.
func swaps(op token.Token) []token.Token {
	switch op {
	case token.LSS:
		return []token.Token{token.LEQ, token.GEQ}
	case token.LEQ:
		return []token.Token{token.LSS, token.GTR}
	case token.GTR:
		return []token.Token{token.GEQ, token.LEQ}
	case token.GEQ:
		return []token.Token{token.GTR, token.LSS}
	case token.EQL:
		return []token.Token{token.NEQ}
	case token.NEQ:
		return []token.Token{token.EQL}
	case token.LAND:
		return []token.Token{token.LOR}
	case token.LOR:
		return []token.Token{token.LAND}
	case token.ADD:
		return []token.Token{token.SUB}
	case token.SUB:
		return []token.Token{token.ADD}
	case token.MUL:
		return []token.Token{token.QUO}
	case token.QUO:
		return []token.Token{token.MUL}
	case token.ADD_ASSIGN:
		return []token.Token{token.SUB_ASSIGN}
	case token.SUB_ASSIGN:
		return []token.Token{token.ADD_ASSIGN}
	case token.MUL_ASSIGN:
		return []token.Token{token.QUO_ASSIGN}
	case token.INC:
		return []token.Token{token.DEC}
	case token.DEC:
		return []token.Token{token.INC}
	case token.BREAK:
		return []token.Token{token.CONTINUE}
	case token.CONTINUE:
		return []token.Token{token.BREAK}
	default:
		return nil
	}
}

// changes yields, for each way to change the operator of n, a function that
// changes it back; n is changed while it is yielded. It returns nothing for a
// node without an operator.
func changes(n ast.Node) func(yield func(int, func() token.Pos) bool) {
	var op *token.Token
	var pos token.Pos
	switch n := n.(type) {
	case *ast.BinaryExpr:
		op, pos = &n.Op, n.OpPos
	case *ast.AssignStmt:
		op, pos = &n.Tok, n.TokPos
	case *ast.IncDecStmt:
		op, pos = &n.Tok, n.TokPos
	case *ast.BranchStmt:
		if n.Label == nil {
			op, pos = &n.Tok, n.TokPos
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT { // !x => !!x, for the AST has no operator that does nothing
			return func(yield func(int, func() token.Pos) bool) {
				was := n.X
				n.X = &ast.UnaryExpr{Op: token.NOT, OpPos: n.OpPos, X: was}
				yield(0, func() token.Pos { n.X = was; return n.OpPos })
			}
		}
		if n.Op == token.SUB {
			op, pos = &n.Op, n.OpPos
		}
	}
	return func(yield func(int, func() token.Pos) bool) {
		if op == nil {
			return
		}
		was := *op
		for i, to := range swaps(was) {
			*op = to
			if !yield(i, func() token.Pos { *op = was; return pos }) {
				return
			}
		}
	}
}

// limit bounds a test run: a mutant that never ends is noticed.
const limit = 90 * time.Second

// noticed tells whether the tests of the package fail with a mutant in place.
// One that does not compile is noticed too, by the compiler.
func noticed(dir string, m mutant) (bool, error) {
	tmp, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // the system's temporary folder
	path, err := filepath.Abs(m.file)
	if err != nil {
		return false, err
	}
	changed := filepath.Join(tmp, "mutant.go")
	overlay := filepath.Join(tmp, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return false, err
	}
	if err := errors.Join(os.WriteFile(changed, m.source, 0o600), os.WriteFile(overlay, text, 0o600)); err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-overlay", overlay, "-vet=off", "-ldflags=-s -w", "-failfast", "-short", "./"+filepath.ToSlash(filepath.Clean(dir))) //nolint:gosec // its arguments are ours
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		return false, err
	}
	return err != nil, nil
}
