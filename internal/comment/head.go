package comment

import (
	"strings"
	"unicode"
)

// afterAddress is punctuation that may stand between a mention and what follows.
const afterAddress = ",;:-–—"

// head collects the beginning of a text for markers. It folds white space,
// because line breaks and blank lines are written differently in each format.
type head struct {
	text  strings.Builder
	runes int
	gap   bool // white space is due before the next rune
	named bool // a mention stands at the very beginning
}

// mention notes that somebody is mentioned here.
func (h *head) mention() { h.named = h.named || h.runes == 0 }

// write appends text, as far as it still belongs to the beginning.
func (h *head) write(text string) {
	for _, r := range text {
		switch {
		case h.runes >= HeadLimit:
			return
		case unicode.IsSpace(r):
			h.gap = h.runes > 0
		case h.runes == 0 && unicode.Is(unicode.Cf, r):
			// Byte order and direction marks: nobody sees them.
		case h.runes == 0 && h.named && strings.ContainsRune(afterAddress, r):
			// The comma of an address, as in "@Ada, Q: which one?".
		default:
			if h.gap && h.runes < HeadLimit-1 {
				h.text.WriteByte(' ')
				h.runes++
			}
			h.gap = false
			h.text.WriteRune(r)
			h.runes++
		}
	}
}

// String returns the beginning.
func (h *head) String() string { return h.text.String() }
