package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/suite"
)

// commandsAndFlags returns the flags of each command by what --help says of it, with the
// dashes. "" is the program itself.
func commandsAndFlags(t *testing.T) map[string][]string {
	t.Helper()
	flags := func(help string) (list []string) {
		_, options, _ := strings.Cut(help, "\nFlags:\n")
		for _, m := range regexp.MustCompile(`(?m)^ +(?:-\w, )?(--[\w.-]+)`).FindAllStringSubmatch(options, -1) {
			list = append(list, m[1])
		}
		return list
	}
	out := map[string][]string{}
	var add func(words ...string)
	add = func(words ...string) {
		help := yourturn(t, 0, append(words, "--help")...)
		out[strings.Join(words, " ")] = flags(help)
		_, commands, _ := strings.Cut(help, "\nAvailable Commands:\n")
		for _, m := range regexp.MustCompile(`(?m)^  (\w+) `).FindAllStringSubmatch(commands, -1) {
			if m[1] != "help" && !slices.Contains(words, "completion") { // its commands are shells, in one page
				add(append(slices.Clone(words), m[1])...)
			}
		}
	}
	add()
	if len(out) < 15 || !slices.Contains(out["serve"], "--config.file") {
		t.Fatalf("mend the test, which reads help in another way: %v", out)
	}
	return out
}

// TestManual writes the manual: each command has a page that has its flags, and man
// has nothing to say against it.
func TestManual(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	yourturn(t, 0, "man", "--out", dir)
	all := commandsAndFlags(t)
	written, err := os.ReadDir(dir)
	if err != nil || len(written) != len(all) {
		t.Errorf("%d pages are written for %d commands (error %v)", len(written), len(all), err)
	}
	man := stack.Program(t, "man-db", "man")
	for name, flags := range all {
		page := "yourturn-" + strings.ReplaceAll(name, " ", "-") + ".1"
		if name == "" {
			page = "yourturn.1"
		}
		cmd := exec.CommandContext(t.Context(), man, "--warnings", "-E", "UTF-8", "-l", filepath.Join(dir, page))
		cmd.Env = append(os.Environ(), "MANWIDTH=80", "MANROFFOPT=", "LC_ALL=C.UTF-8", "MANPAGER=cat")
		var warnings strings.Builder
		cmd.Stderr = &warnings
		shown, err := cmd.Output()
		if err != nil || warnings.Len() > 0 {
			t.Errorf("%s: man says: %v\n%s", page, err, &warnings)
		}
		for _, flag := range flags {
			if !regexp.MustCompile(`(?m)^ +(-\w, )?` + regexp.QuoteMeta(flag) + `( |$)`).Match(shown) {
				t.Errorf("%s lacks %s:\n%s", page, flag, shown)
			}
		}
		for _, heading := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SEE ALSO"} {
			if !strings.Contains(string(shown), "\n"+heading+"\n") {
				t.Errorf("%s has no %s:\n%s", page, heading, shown)
			}
		}
	}
	yourturn(t, 1, "man", "--out", filepath.Join(dir, "yourturn.1", "x")) // a file is no folder
}

// bashCompletion is what bash completes with, from the package of that name.
const bashCompletion = "/usr/share/bash-completion/bash_completion"

// completed has a real bash complete the last word of a line. A word may have a
// description behind it.
const completed = `
source ` + bashCompletion + `
source <(yourturn completion bash)
read -r function < <(complete -p yourturn | sed 's/.*-F \([^ ]*\) .*/\1/')
COMP_LINE=$1; COMP_POINT=${#1}; COMP_TYPE=9
read -ra COMP_WORDS <<< "$1"
[[ $1 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
"$function" 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"
`

// TestCompletion has bash complete commands, their flags and the names of shells, and
// holds that the scripts for the other shells are there.
func TestCompletion(t *testing.T) {
	for shell, part := range map[string]string{"zsh": "#compdef yourturn", "fish": "complete -c yourturn", "powershell": "Register-ArgumentCompleter -CommandName 'yourturn'"} {
		if got := yourturn(t, 0, "completion", shell); !strings.Contains(got, part) {
			t.Errorf("the script for %s has no %q:\n%.300s", shell, part, got)
		}
	}
	if got := yourturn(t, 2, "completion", "csh"); !strings.Contains(got, "name one shell: bash, zsh, fish or powershell") {
		t.Error(got)
	}

	bash := stack.Program(t, "bash", "bash")
	if _, err := os.Stat(bashCompletion); err != nil {
		suite.Lacks(t, bashCompletion, "bash-completion")
	}
	here, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(here, filepath.Join(dir, "yourturn")); err != nil {
		t.Fatal(err)
	}
	complete := func(line string) (words []string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), bash, "--norc", "-c", completed, "bash", line)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		for text := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
			words = append(words, strings.TrimSuffix(word, "="))
		}
		return words
	}
	all := commandsAndFlags(t)
	offered := complete("yourturn ")
	for name, flags := range all {
		if name == "" {
			continue
		}
		if !slices.Contains(offered, name) && !strings.Contains(name, " ") {
			t.Errorf("bash does not offer %s, but %v", name, offered)
		}
		words := complete("yourturn " + name + " --")
		for _, flag := range flags {
			if !slices.Contains(words, flag) {
				t.Errorf("for %s bash does not offer %s, but %v", name, flag, words)
			}
		}
	}
	for line, want := range map[string][]string{
		"yourturn s":           {"serve", "store", "support", "sync"},
		"yourturn store ":      {"copy"},
		"yourturn wa":          {"waits"},
		"yourturn completion ": {"bash", "fish", "powershell", "zsh"},
	} {
		got := complete(line)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q: bash offers %v, want %v", line, got, want)
		}
	}
}
