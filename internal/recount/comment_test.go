package recount

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The question marks of the world's scripts; a semicolon, Greek's, is none.
const questionMarks = "?\uff1f\ufe56\u061f\u055e\u1367\u2047\u2048\u2049\u203d\u2753\u2754"

// What of a comment in wiki markup is not its author's own words: blocks of code
// and quotes, which part paragraphs, and within lines code and links.
var (
	blockMarkup = []*regexp.Regexp{
		regexp.MustCompile(`(?s)\{code[^}\n]*\}.*?\{code\}`),
		regexp.MustCompile(`(?s)\{noformat[^}\n]*\}.*?\{noformat\}`),
		regexp.MustCompile(`(?s)\{quote\}.*?\{quote\}`),
		regexp.MustCompile(`(?m)^[ \t]*bq\..*$`),
	}
	lineMarkup = []*regexp.Regexp{
		regexp.MustCompile(`\{\{[^\n]*?\}\}`),
		regexp.MustCompile(`\[[^~\[\]\n][^\[\]\n]*\]`), // [text|address] and [address], but not [~user]
		regexp.MustCompile(`[a-z]+://[^\s|\]]+`),
	}
	blankLines   = regexp.MustCompile(`\n[ \t\x{a0}]*(?:\n[ \t\x{a0}]*)*\n`)
	copied       = regexp.MustCompile(`(?i)\b(?:cc|fyi|ping)\b`)
	mention      = regexp.MustCompile(`\[~([^\]\n]+)\]`)
	beforeMarker = []*regexp.Regexp{ // what may stand before a marker
		regexp.MustCompile(`^[\s\x{a0}]+`),
		regexp.MustCompile(`^\[~[^\]\n]+\]`),
		regexp.MustCompile(`^h[1-6]\.`),
		regexp.MustCompile(`^\{color(?::[^}\n]*)?\}`),
		regexp.MustCompile(`^[*_+^~-]`),
	}
)

// spoken returns what of a comment in wiki markup its author says in plain
// words: without code, quotes, and links with their text.
func spoken(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for _, re := range blockMarkup {
		text = re.ReplaceAllString(text, "\n\n")
	}
	for _, re := range lineMarkup {
		text = re.ReplaceAllString(text, " ")
	}
	return text
}

// asks reports whether a comment has a question mark.
func asks(text string) bool { return strings.ContainsAny(spoken(text), questionMarks) }

// paragraphs returns the blocks of lines between blank lines.
func paragraphs(text string) []string { return blankLines.Split(text, -1) }

// mentioned returns whom a paragraph addresses: those it mentions, but not those
// whom it only copies in.
func mentioned(paragraph string) []string {
	var users []string
	for line := range strings.Lines(paragraph) {
		for _, m := range mention.FindAllStringSubmatchIndex(line, -1) {
			if !copied.MatchString(line[:m[0]]) {
				users = append(users, line[m[2]:m[3]])
			}
		}
	}
	return users
}

// asked returns whom the question marks of a comment are addressed to.
func asked(text string) []string {
	var users []string
	blocks := paragraphs(spoken(text))
	for i, b := range blocks {
		if strings.ContainsAny(b, questionMarks) {
			users = append(users, nearest(blocks, i)...)
		}
	}
	return users
}

// nearest returns those mentioned in block i, or else in the nearest block before
// it that mentions anybody, or else in the nearest after it.
func nearest(blocks []string, i int) []string {
	for j := i; j >= 0; j-- {
		if users := mentioned(blocks[j]); len(users) > 0 {
			return users
		}
	}
	for j := i + 1; j < len(blocks); j++ {
		if users := mentioned(blocks[j]); len(users) > 0 {
			return users
		}
	}
	return nil
}

// allAddressed returns everybody whom a comment mentions and does not only copy in.
func allAddressed(text string) []string {
	var users []string
	for _, b := range paragraphs(spoken(text)) {
		users = append(users, mentioned(b)...)
	}
	return users
}

// begins reports whether what its author says in a comment begins with one of the
// markers. Case does not count, and a marker that ends in a letter must be a word
// of its own.
func begins(text string, markers []string) bool {
	for _, re := range blockMarkup {
		text = re.ReplaceAllString(text, "\n\n")
	}
	text = strings.ToLower(text)
	for again := true; again; {
		if slices.ContainsFunc(markers, func(m string) bool { return beginsWith(text, lower(m)) }) {
			return true
		}
		again = false
		for _, re := range beforeMarker {
			if prefix := re.FindString(text); prefix != "" {
				text, again = text[len(prefix):], true
				break
			}
		}
	}
	return false
}

func beginsWith(text, marker string) bool {
	rest, ok := strings.CutPrefix(text, marker)
	last, _ := utf8.DecodeLastRuneInString(marker)
	next, _ := utf8.DecodeRuneInString(rest)
	goesOn := rest != "" && (unicode.IsLetter(next) || unicode.IsDigit(next) || next == '_')
	return ok && (!unicode.IsLetter(last) || !goesOn)
}
