// Package diagnose looks at a config, at the Jira that it is for and at its
// store, in order: the address first, what the history says of the config last.
// What it finds are lines, each with a grade and, where something is to be done,
// a remedy. It writes nothing, neither to Jira nor to the store.
package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

// Grade says how good something is.
type Grade int

// The grades, the worst last.
const (
	Works  Grade = iota
	Look         // somebody should look at it: it works, and may not be what is meant
	Broken       // it does not work, or its numbers cannot be right
)

func (g Grade) String() string {
	return []string{"works", "look at this", "broken"}[g]
}

// Line is something that was looked at.
type Line struct {
	Topic    string   // what it is about, in a word: address, token, statuses, ...
	Grade    Grade    //
	Projects []string // keys of the projects it is about; none: it is about no project
	All      bool     // they are all watched projects, and there are several
	Text     string   // what was found
	Remedy   string   // what to do; "": nothing
}

// anyProject stands in a text or remedy for the key of the line's project.
const anyProject = "{project}"

// Subject returns which projects a line is about, as the beginning of its text.
func (l Line) Subject() string {
	const most = 6
	switch n := len(l.Projects); {
	case n == 0:
		return ""
	case n == 1:
		return l.Projects[0] + ": "
	case l.All:
		return fmt.Sprintf("in all %d projects: ", n)
	case n > most:
		return fmt.Sprintf("in %d projects (%s and %d more): ", n, strings.Join(l.Projects[:most-1], ", "), n-most+1)
	default:
		return fmt.Sprintf("in %d projects (%s): ", n, strings.Join(l.Projects, ", "))
	}
}

// Message is the text with what it is about before it.
func (l Line) Message() string { return l.Subject() + l.name(l.Text) }

// Advice is the remedy, ready to be shown; "" if there is none.
func (l Line) Advice() string { return l.name(l.Remedy) }

// name puts the project's key, or KEY where there are several, into a text.
func (l Line) name(text string) string {
	key := "KEY"
	if len(l.Projects) == 1 {
		key = l.Projects[0]
	}
	return strings.ReplaceAll(text, anyProject, key)
}

// fold makes one line of those that differ in their projects alone. watched is
// how many projects there are.
func fold(lines []Line, watched int) []Line {
	var out []Line
	for _, l := range lines {
		i := slices.IndexFunc(out, func(o Line) bool {
			return len(o.Projects) > 0 && len(l.Projects) > 0 && o.Topic == l.Topic && o.Grade == l.Grade && o.Text == l.Text && o.Remedy == l.Remedy
		})
		if i < 0 {
			l.Projects = slices.Clone(l.Projects)
			out = append(out, l)
			continue
		}
		out[i].Projects = append(out[i].Projects, l.Projects...)
	}
	for i := range out {
		slices.Sort(out[i].Projects)
		out[i].All = len(out[i].Projects) > 1 && len(out[i].Projects) == watched
	}
	return out
}

// Worst returns the worst grade of lines, and a sentence about it.
func Worst(lines []Line) (Grade, string) {
	var count [Broken + 1]int
	for _, l := range lines {
		count[l.Grade]++
	}
	look := fmt.Sprintf("%d lines are to be looked at", count[Look])
	if count[Look] == 1 {
		look = "1 line is to be looked at"
	}
	switch {
	case count[Broken] > 0:
		text := fmt.Sprintf("%d lines are broken", count[Broken])
		if count[Broken] == 1 {
			text = "1 line is broken"
		}
		if count[Look] > 0 {
			text += ", and " + look
		}
		return Broken, text
	case count[Look] > 0:
		return Look, "nothing is broken; " + look
	}
	return Works, "everything that was looked at works"
}
