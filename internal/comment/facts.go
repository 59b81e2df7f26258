// Package comment reads in a comment what the rules ask of it: whether it
// holds a question mark, whom that addresses, who is mentioned and how the text
// begins. These facts are kept; the text is not.
package comment

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// HeadLimit is how many runes of a comment's beginning are kept for markers. A
// longer marker is never found.
const HeadLimit = 100

// Facts is what the rules read in a comment. Code, quotes and links with their
// text are left out of all of it.
type Facts struct {
	// Question reports whether there is a question mark, in any script.
	Question bool `json:"q,omitempty"`
	// Asked are the accounts that a question mark addresses, each once, in order
	// of appearance: those mentioned in its paragraph, else in the nearest
	// paragraph before that mentions anybody, else after. All of them are in Mentioned.
	Asked []string `json:"a,omitempty"`
	// Mentioned are the accounts mentioned, each once, in order of appearance,
	// except those after cc, fyi or ping on their line: they address nobody.
	Mentioned []string `json:"m,omitempty"`
	// Head is the text's beginning, at most HeadLimit runes: without mentions,
	// and with a single space for all white space between words.
	Head string `json:"h,omitempty"`
}

// Same reports whether the facts are the same; an empty list is none.
func (f Facts) Same(g Facts) bool {
	return f.Question == g.Question && f.Head == g.Head && slices.Equal(f.Asked, g.Asked) && slices.Equal(f.Mentioned, g.Mentioned)
}

// emphasis is wiki markup that may stand around a marker, as in *Q:* or {*}Q:{*}.
const emphasis = "*_+{}"

// HasMarker reports whether the comment begins with one of markers, in whatever
// case; mentions and emphasis may stand before it. A marker that ends in a
// letter or digit must end a word: #question does not begin "#questionable".
func (f Facts) HasMarker(markers []string) bool {
	plain := f.plain()
	return slices.ContainsFunc(markers, func(m string) bool {
		return beginsWith(f.Head, m) || beginsWith(plain, m)
	})
}

// CutMarker cuts the head behind the longest of markers that the comment begins with,
// and behind what stands before that. marker is "" if there is none. A comment whose
// head is marker alone begins with the same of markers.
func (f Facts) CutMarker(markers []string) (marker, rest string) {
	for _, m := range markers {
		for _, text := range [2]string{f.Head, f.plain()} {
			if !beginsWith(text, m) {
				continue
			}
			behind, _ := cutPrefixFold(text, m)
			if n := len(f.Head) - len(behind); n > len(marker) {
				marker = f.Head[:n]
			}
		}
	}
	return marker, f.Head[len(marker):]
}

// plain returns the head without the mentions and the emphasis that it begins with.
func (f Facts) plain() string {
	plain := strings.TrimLeft(f.Head, emphasis+" ")
	if len(plain) < len(f.Head) && len(f.Mentioned) > 0 { // the emphasis may be a mention's, as in "*@Ada*, Q: which one?"
		plain = strings.TrimLeft(plain, afterAddress+" ")
	}
	return plain
}

// beginsWith reports whether text begins with marker, whose last word is not
// part of a longer one.
func beginsWith(text, marker string) bool {
	rest, ok := cutPrefixFold(text, marker)
	if !ok || marker == "" {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(marker)
	next, _ := utf8.DecodeRuneInString(rest)
	return !isWord(last) || rest == "" || !isWord(next)
}

// cutPrefixFold is strings.CutPrefix, in whatever case.
func cutPrefixFold(s, prefix string) (string, bool) {
	for prefix != "" {
		p, n := utf8.DecodeRuneInString(prefix)
		r, k := utf8.DecodeRuneInString(s)
		if k == 0 || unicode.ToLower(p) != unicode.ToLower(r) {
			return "", false
		}
		prefix, s = prefix[n:], s[k:]
	}
	return s, true
}

// isWord reports whether r is part of a word.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// isQuestionMark reports whether r asks, in some script. The Greek one is not
// among them: it cannot be told from a semicolon.
func isQuestionMark(r rune) bool {
	switch r {
	case '?', '\uFF1F', '\uFE56', '\u061F', '\u055E', '\u1367', '\u2047', '\u2048', '\u2049', '\u203D', '\u2753', '\u2754':
		return true
	}
	return false
}
