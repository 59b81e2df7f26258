package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/orgs"
	"github.com/yourturn/yourturn/internal/query"
)

// servedOrganisation serves a generated organisation over HTTP and returns the flags
// that name it.
func servedOrganisation(t *testing.T, name string, flavor jirasim.Flavor) (org *orgs.Org, flags []string) {
	t.Helper()
	org, err := orgs.New(name, orgs.Options{Flavor: flavor, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	opts := jirasim.Options{Token: "t0k3n"}
	path := "/jira"
	if flavor == jirasim.Cloud {
		opts.Email, path = "bot@example.com", ""
	} else {
		opts.ContextPath = path
	}
	srv := httptest.NewServer(jirasim.NewServer(org.Site, opts))
	t.Cleanup(srv.Close)
	flags = []string{"--jira.url", srv.URL + path}
	if flavor == jirasim.Cloud {
		flags = append(flags, "--jira.email", opts.Email)
	}
	return org, flags
}

// TestInitMakesAConfigThatCheckAccepts runs init --yes on every organisation and
// lets check judge what it wrote. It exits 1 just where some project that has an
// acceptance step is left without one.
func TestInitMakesAConfigThatCheckAccepts(t *testing.T) {
	t.Setenv("YOURTURN_JIRA_TOKEN", "t0k3n")
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		for _, name := range orgs.Names() {
			t.Run(string(flavor)+"/"+name, func(t *testing.T) {
				t.Parallel()
				_, flags := servedOrganisation(t, name, flavor)
				file := filepath.Join(t.TempDir(), "yourturn.yml")
				var out, errs bytes.Buffer
				code := command.Run(t.Context(), append([]string{"init", "--yes", "--output", file}, flags...), command.Env{In: strings.NewReader(""), Out: &out, Err: &errs})
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatalf("init ended with %d and wrote nothing: %v\n%s%s", code, err, &out, &errs)
				}
				undecided := regexp.MustCompile(`(?m)^    # acceptance_statuses`).Match(text)
				if undecided != (code == command.ExitFailed) || undecided && !strings.Contains(errs.String(), "no acceptance step is known") {
					t.Errorf("init ended with %d:\n%s\n%s", code, &errs, text)
				}
				if strings.Contains(string(text)+out.String()+errs.String(), "t0k3n") {
					t.Error("the token is somewhere")
				}
				if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("the config has mode %v: %v", info.Mode(), err)
				}
				var checked, said bytes.Buffer
				if code := command.Run(t.Context(), []string{"check", "--config.file", file, "--online"}, command.Env{Out: &checked, Err: &said}); code != command.ExitFine && !undecided {
					t.Errorf("check ends with %d:\n%s%s\n%s", code, &checked, &said, text)
				}
				// A second time the file is there, and stays.
				errs.Reset()
				if code := command.Run(t.Context(), append([]string{"init", "--yes", "--output", file}, flags...), command.Env{Out: &out, Err: &errs}); code != command.ExitFailed || !strings.Contains(errs.String(), "was left as it is") {
					t.Errorf("init over a file ends with %d: %s", code, &errs)
				}
			})
		}
	}
}

// TestInitWhereTheReporterDecides goes from a URL to waits where the reporter of a
// story is its owner: each wait is the reporter's.
func TestInitWhereTheReporterDecides(t *testing.T) {
	t.Setenv("YOURTURN_JIRA_TOKEN", "t0k3n")
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(string(flavor), func(t *testing.T) {
			org, flags := servedOrganisation(t, "classic-reporter", flavor)
			file := filepath.Join(t.TempDir(), "yourturn.yml")
			yourturn(t, command.ExitFine, append([]string{"init", "--yes", "--output", file}, flags...)...)
			cfg, err := app.LoadConfig(file)
			if err != nil {
				t.Fatal(err)
			}
			yourturn(t, command.ExitFine, "sync", "--config.file", file)
			var waits []query.Part
			if err := json.Unmarshal([]byte(yourturn(t, command.ExitFine, "waits", "--config.file", file, "--format", "json")), &waits); err != nil {
				t.Fatal(err)
			}
			if len(waits) == 0 {
				t.Fatal("there are no waits")
			}
			for _, w := range waits {
				id, err := strconv.ParseInt(w.StoryID, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				reporter := org.Site.Person(id, "reporter").ID(flavor)
				if o, ok := cfg.Owners[w.Owner]; w.Owner != reporter && (!ok || !slices.Contains(o.Accounts, reporter)) {
					t.Errorf("a wait of %s is of %s, and its reporter is %s", w.Story, w.Owner, reporter)
				}
			}
		})
	}
}

// terminal is init on a pseudo-terminal of 80 columns.
type terminal struct {
	*testing.T
	file *os.File
	done chan int

	mu    sync.Mutex
	shown string
	more  chan struct{} // closed when more is shown
}

// onTerminal starts init on a terminal, in a folder of its own.
func onTerminal(t *testing.T, dir string, args ...string) *terminal {
	t.Helper()
	cmd := process(t.Context(), args...)
	cmd.Dir = dir
	f, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	// The other side stays open, too: what was shown last is lost where the last
	// one that has it open ends.
	t.Cleanup(func() { f.Close(); tty.Close() })
	if err := pty.Setsize(f, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	term := &terminal{T: t, file: f, done: make(chan int, 1), more: make(chan struct{})}
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := f.Read(buf)
			term.mu.Lock()
			term.shown += string(buf[:n])
			close(term.more)
			term.more = make(chan struct{})
			term.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	go func() {
		cmd.Wait() //nolint:errcheck // the code tells
		term.done <- cmd.ProcessState.ExitCode()
	}()
	return term
}

// text returns all that the terminal has shown.
func (t *terminal) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.shown
}

// wait waits until what the terminal has shown is as a test wants it.
func (t *terminal) wait(what string, shown func(text string) bool) {
	t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for {
		t.mu.Lock()
		text, more := t.shown, t.more
		t.mu.Unlock()
		if shown(text) {
			return
		}
		select {
		case <-more:
		case <-limit.C:
			t.Fatalf("the terminal does not show %s:\n%s", what, text)
		}
	}
}

// after waits until the terminal has shown a text n times.
func (t *terminal) after(text string, n int) {
	t.Helper()
	t.wait(fmt.Sprintf("%q %d times", text, n), func(shown string) bool { return strings.Count(shown, text) >= n })
}

// question waits for the prompt of question n, or for the last question, whether
// the config is to be written, and reports whether it is that one.
func (t *terminal) question(n int) (last bool) {
	t.Helper()
	const write = "Write yourturn.yml? [Y/n] "
	t.wait(fmt.Sprintf("question %d", n), func(shown string) bool { return strings.Count(shown, prompt) >= n || strings.Contains(shown, write) })
	return strings.Contains(t.text(), write)
}

// types a text.
func (t *terminal) types(text string) {
	t.Helper()
	if _, err := t.file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// prompt is what every question ends with.
const prompt = "quits\r\n> "

// TestInitOnATerminal answers init's questions as a person does: the token is
// typed and not shown, one answer is adjusted, one taken back, one skipped, the
// terminal is resized meanwhile.
func TestInitOnATerminal(t *testing.T) {
	_, flags := servedOrganisation(t, "german-lead", jirasim.DataCenter)
	dir := t.TempDir()
	term := onTerminal(t, dir, append([]string{"init"}, flags...)...)
	term.after("The token", 1)
	term.types("t0k3n\r")
	term.after("Which projects are watched?", 1)
	term.after(prompt, 1)
	term.types("kasse\r")
	term.after("1 of ", 1)
	term.after(prompt, 2)
	term.types("5, nothing\r") // one is right, the other is no status
	term.after(`no status "nothing"`, 1)
	term.after(prompt, 3)
	term.types("5\r")
	term.after("2 of ", 1)
	term.after(prompt, 4)
	if err := pty.Setsize(term.file, &pty.Winsize{Rows: 50, Cols: 120}); err != nil {
		t.Fatal(err)
	}
	term.types("b\r") // and the first one again
	term.after("1 of ", 2)
	term.after(prompt, 5)
	term.types("\r")
	term.after(prompt, 6)
	term.types("\r")
	term.after("3 of ", 1)
	term.after(prompt, 7)
	term.types("s\r") // withdrawn statuses are left commented out
	for n := 8; !term.question(n); n++ {
		term.types("\r")
	}
	if _, err := os.Stat(filepath.Join(dir, "yourturn.yml")); err == nil {
		t.Error("the config is written before anybody said so")
	}
	term.types("y\r")
	if code := <-term.done; code != command.ExitFine {
		t.Fatalf("init ended with %d:\n%s", code, term.text())
	}
	term.after("Next: ", 1)
	shown := term.text()
	if strings.Contains(shown, "t0k3n") {
		t.Error("the token is shown")
	}
	for line := range strings.SplitSeq(shown, "\r\n") {
		line = line[strings.LastIndex(line, "\x1b[K")+1:] // progress rewrites its line
		if n := utf8.RuneCountInString(line); n > 80 && !strings.Contains(line, "http") {
			t.Errorf("a line has %d columns: %s", n, line)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "yourturn.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# high confidence: chosen by hand.", `acceptance_statuses: ["Abnahme"]`, `# withdrawn_statuses: ["Verworfen"]`, "owner: anke", "projects: [KASSE]"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the config does not hold %q:\n%s", want, text)
		}
	}
	t.Setenv("YOURTURN_JIRA_TOKEN", "t0k3n")
	var out, errs bytes.Buffer
	if code := command.Run(t.Context(), []string{"check", "--config.file", filepath.Join(dir, "yourturn.yml"), "--online"}, command.Env{Out: &out, Err: &errs}); code != command.ExitFine {
		t.Errorf("check ends with %d:\n%s%s", code, &out, &errs)
	}
}

// TestInitInterrupted presses Ctrl-C at every question: nothing is written, not
// even in part, and the terminal echoes again.
func TestInitInterrupted(t *testing.T) {
	_, flags := servedOrganisation(t, "german-lead", jirasim.DataCenter)
	dir := t.TempDir()
	for n := 0; ; n++ {
		term := onTerminal(t, dir, append([]string{"init"}, flags...)...)
		term.after("The token", 1)
		last := false
		if n > 0 {
			term.types("t0k3n\r")
			last = term.question(1)
			for i := 2; i <= n && !last; i++ {
				term.types("\r")
				last = term.question(i)
			}
		}
		term.types("\x03")
		if code := <-term.done; code != command.ExitFailed {
			t.Fatalf("at question %d init ended with %d:\n%s", n, code, term.text())
		}
		term.after("interrupted", 1)
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Fatalf("at question %d there is %v: %v", n, left, err)
		}
		if last {
			t.Logf("interrupted at %d questions", n+1)
			return
		}
		if n > 40 {
			t.Fatal("the questions have no end")
		}
	}
}

// TestInitRefuses is what init says where it cannot begin.
func TestInitRefuses(t *testing.T) {
	_, flags := servedOrganisation(t, "kanban-none", jirasim.DataCenter)
	url := flags[1]
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	write(t, empty, "\n")
	wrong := filepath.Join(dir, "wrong")
	write(t, wrong, "another\n")
	right := filepath.Join(dir, "right")
	write(t, right, "t0k3n\n")
	for _, tc := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no address", nil, command.ExitUsage, "--jira.url is missing"},
		{"half an address", []string{"--jira.url", "jira.example.com"}, command.ExitUsage, "write the address in full"},
		{"credentials in the address", []string{"--jira.url", "https://a:b@jira.example.com"}, command.ExitUsage, "take them out"},
		{"no token", []string{"--jira.url", url, "--yes"}, command.ExitUsage, "there is no token"},
		{"an empty token", []string{"--jira.url", url, "--yes", "--jira.token-file", empty}, command.ExitFailed, "is empty"},
		{"a wrong token", []string{"--jira.url", url, "--yes", "--jira.token-file", wrong}, command.ExitFailed, "token"},
		{"an unknown project", []string{"--jira.url", url, "--yes", "--jira.token-file", right, "--projects", "NONE"}, command.ExitFailed, "NONE"},
		{"a folder that is not there", []string{"--jira.url", url, "--yes", "--jira.token-file", right, "--output", filepath.Join(dir, "none", "y.yml")}, command.ExitFailed, "name a file in a folder"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := command.Run(t.Context(), append([]string{"init"}, tc.args...), command.Env{In: strings.NewReader(""), Out: &out, Err: &errs})
			if code != tc.code || !strings.Contains(errs.String(), tc.says) {
				t.Errorf("ended with %d and said:\n%s", code, &errs)
			}
			if strings.Contains(fmt.Sprint(&out, &errs), "another") {
				t.Error("the token is shown")
			}
		})
	}
}
