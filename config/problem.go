package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a config.
type Problem struct {
	File    string
	Line    int    // of the key, from 1 on; if the file lacks the key, of its section
	Key     string // full, such as projects.PAY.targets.question; "" for the file as a whole
	Message string // what is wrong, and what would be right
}

// String returns the problem on one line, even if a key holds line breaks.
func (p Problem) String() string {
	text := p.Message
	if p.Key != "" {
		text = p.Key + ": " + text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(text))
}

// Problems is the error for an invalid config: everything that is wrong, in the
// order of the lines.
type Problems []Problem

// Error returns the problems, each on a line of its own.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// report collects the problems of one file and knows where its keys are.
type report struct {
	file     string
	lines    map[string]int // of each key in the file
	problems Problems
}

// at adds a problem with key that was found on line. It keeps only the first
// problem of a key: further ones mostly follow from it.
func (r *report) at(line int, key, format string, args ...any) {
	if key != "" && slices.ContainsFunc(r.problems, func(p Problem) bool { return p.Key == key }) {
		return
	}
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Key: key, Message: fmt.Sprintf(format, args...)})
}

// on adds a problem with key.
func (r *report) on(key, format string, args ...any) {
	r.at(lineOf(r.lines, key), key, format, args...)
}

// given reports whether the file has key.
func (r *report) given(key string) bool { return r.lines[key] > 0 }

// err returns the problems as an error; nil if there are none.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return r.problems
}

// lineOf returns the line of key. A project's setting that the file lacks is looked
// for under defaults, and then the key's section is.
func lineOf(lines map[string]int, key string) int {
	for key != "" {
		if line := lines[key]; line > 0 {
			return line
		}
		if setting, ok := defaultKey(key); ok && lines[setting] > 0 {
			return lines[setting]
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
	return 1
}

// defaultKey returns the key under defaults that stands for a project's.
func defaultKey(key string) (string, bool) {
	project, ok := strings.CutPrefix(key, "projects.")
	if !ok {
		return "", false
	}
	_, setting, ok := strings.Cut(project, ".")
	return "defaults." + setting, ok
}
