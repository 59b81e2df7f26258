// Mutants changes one operator of a package at a time and runs its tests: a
// change that no test notices shows a rule that no test checks.
//
//	go run ./internal/mutants [-accepted FILE] [-j N] PACKAGE_DIR...
//
// The tree is never touched: `go test -overlay` compiles what is written to a
// temporary folder. Most mutants are compiled into one test binary, which an
// environment variable says which one to be; the others (in constants, and in
// statements that cannot hold a choice) are compiled one by one.
//
// Survivors are printed with file, line and change. FILE lists those that change
// nothing that could be seen, a line each: what is printed after the place,
// " -- " and the reason. It holds wherever the line moves.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// limit bounds a test run: a mutant that never ends is noticed.
const limit = 30 * time.Second

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	acceptedFile := flag.String("accepted", "", "the `file` of survivors that are equivalent")
	jobs := flag.Int("j", runtime.GOMAXPROCS(0), "how many mutants are tested at once")
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
	var c count
	for _, dir := range flag.Args() {
		if err := c.try(ctx, dir, accepted, *only, *jobs); err != nil {
			return err
		}
	}
	total := c.noticed + c.equivalent + c.survived
	share := 100 * float64(c.noticed) / float64(max(total, 1))
	fmt.Printf("%d mutants: %d noticed (%.1f %%), %d equivalent, %d survived\n", total, c.noticed, share, c.equivalent, c.survived)
	if share < *atLeast || c.survived > 0 {
		return fmt.Errorf("%d survived, and %.1f %% were noticed; want none and %.0f %%", c.survived, share, *atLeast)
	}
	return nil
}

// count is what became of mutants.
type count struct {
	mu                            sync.Mutex
	noticed, equivalent, survived int
}

// try tests every mutant of a package.
func (c *count) try(ctx context.Context, dir string, accepted map[string]string, only string, jobs int) error {
	p, err := load(dir)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // the system's temporary folder
	all := filepath.Join(tmp, "all.test")
	if out, err := compile(ctx, dir, all, p.switched()); err != nil {
		return fmt.Errorf("compiling the mutants of %s: %w\n%s", dir, err, out)
	}
	if dead, err := fails(ctx, dir, all, 0); err != nil || dead {
		return fmt.Errorf("the tests of %s fail with no mutant in place: %w", dir, err)
	}
	var wg sync.WaitGroup
	next := make(chan *mutant)
	for range jobs {
		wg.Go(func() {
			for m := range next {
				c.judge(m, accepted, func() (bool, error) { return c.dead(ctx, dir, tmp, all, p, m) })
			}
		})
	}
	for _, m := range p.mutants {
		if strings.Contains(m.before, only) {
			next <- m
		}
	}
	close(next)
	wg.Wait()
	return nil
}

// dead reports whether the tests notice a mutant; so does the compiler.
func (c *count) dead(ctx context.Context, dir, tmp, all string, p *pkg, m *mutant) (bool, error) {
	if m.switched {
		return fails(ctx, dir, all, m.id)
	}
	binary := filepath.Join(tmp, strconv.Itoa(m.id)+".test")
	defer os.Remove(binary) //nolint:errcheck // the folder goes anyway
	if _, err := compile(ctx, dir, binary, map[string]string{m.path: p.with(m)}); err != nil {
		return true, nil //nolint:nilerr // the compiler has noticed
	}
	return fails(ctx, dir, binary, 0)
}

// judge counts a mutant, and prints it if it survives.
func (c *count) judge(m *mutant, accepted map[string]string, dead func() (bool, error)) {
	noticed, err := dead()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		fmt.Printf("not tested: %s: %v\n", m, err)
		c.survived++
	case noticed:
		c.noticed++
	case accepted[m.change()] != "":
		c.equivalent++
	default:
		fmt.Printf("survived: %s\n", m)
		c.survived++
	}
}

// compile builds a package's test binary with files replaced, by their paths.
func compile(ctx context.Context, dir, binary string, files map[string]string) ([]byte, error) {
	replace := map[string]string{}
	for path, text := range files {
		name := fmt.Sprintf("%s.%d.go", binary, len(replace))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return nil, err
		}
		replace[path] = name
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	overlay := binary + ".json"
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, "./"+filepath.ToSlash(filepath.Clean(dir))).CombinedOutput() //nolint:gosec // its arguments are ours
}

// fails reports whether a test binary's tests fail while it is mutant id.
func fails(ctx context.Context, dir, binary string, id int) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-test.failfast", "-test.short") //nolint:gosec // we have built it
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), variable+"="+strconv.Itoa(id))
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		return false, err
	}
	return err != nil, nil
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
