// Package columns fits text into a terminal of 80 columns.
package columns

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Limit is how many columns a line has: one less than the terminal, so that a
// full line does not make an empty one.
const Limit = 79

// Clean makes text that came from outside fit for a terminal: what controls it, what
// turns the direction of writing, and what is not seen at all becomes a space.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && r != joiner && r != nonJoiner {
			return ' '
		}
		return r
	}, text)
}

// Words of some languages and many emoji are written with these.
const (
	nonJoiner = '\u200c'
	joiner    = '\u200d'
)

// Of returns how many columns text takes: letters of East Asian scripts take
// two, and marks that combine with a letter, and joiners, none.
func Of(text string) int {
	n := 0
	for _, r := range text {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// Wrap breaks text between words into lines of at most Limit columns, each
// indented. Line ends of the text stay. A word that is too long has a line of
// its own.
func Wrap(text string, indent int) string {
	var b strings.Builder
	pad := strings.Repeat(" ", indent)
	for line := range strings.SplitSeq(text, "\n") {
		row, used := "", indent
		for word := range strings.FieldsSeq(Clean(line)) {
			n := Of(word)
			if row != "" && used+1+n > Limit {
				b.WriteString(pad + row + "\n")
				row, used = "", indent
			}
			if row != "" {
				row, used = row+" ", used+1
			}
			row, used = row+word, used+n
		}
		if row != "" {
			b.WriteString(pad + row)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Cut shortens text to at most n columns; what was cut is shown by an ellipsis.
func Cut(text string, n int) string {
	if Of(text) <= n {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if Of(b.String())+Of(string(r)) > n-1 {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + "…"
}
