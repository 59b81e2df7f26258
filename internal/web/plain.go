package web

import (
	"unicode/utf8"

	"github.com/yourturn/yourturn/internal/untrusted"
)

// The lengths to which pages cut what Jira and the config call things, in characters.
const (
	nameLength   = 60  // of people and statuses
	titleLength  = 200 // of stories
	detailLength = 300 // of what a record changed
)

// plain returns untrusted text as one line of at most some characters.
func plain(text string, most int) string {
	if len(text) > 8*most { // no character takes more, and none that is seen is far behind
		text = text[:8*most]
	}
	text = untrusted.Line(text)
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	n := 0
	for i := range text {
		if n == most-1 {
			return text[:i] + "…"
		}
		n++
	}
	return text
}

// isolated is plain for a name within a sentence, kept apart from what is around it: a name
// that is written from right to left turns nothing else.
func isolated(name string) string { return "\u2068" + plain(name, nameLength) + "\u2069" }
