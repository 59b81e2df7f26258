package recount

import (
	"regexp"
	"strings"
)

// The question marks of the world's scripts; a semicolon, Greek's, is none.
const questionMarks = "?\uff1f\ufe56\u061f\u055e\u1367\u2047\u2048\u2049\u203d\u2753\u2754"

// spoken returns what of a comment in wiki markup its author says in plain
// words: without code, quotes, and links with their text.
func spoken(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for _, re := range []string{
		`(?s)\{code[^}\n]*\}.*?\{code\}`,
		`(?s)\{noformat[^}\n]*\}.*?\{noformat\}`,
		`(?s)\{quote\}.*?\{quote\}`,
		`(?m)^[ \t]*bq\..*$`,
	} {
		// What stood before and after a block are not one paragraph.
		text = regexp.MustCompile(re).ReplaceAllString(text, "\n\n")
	}
	for _, re := range []string{
		`\{\{[^\n]*?\}\}`,
		`\[[^~\[\]\n][^\[\]\n]*\]`, // [text|address] and [address], but not [~user]
		`[a-z]+://[^\s|\]]+`,
	} {
		text = regexp.MustCompile(re).ReplaceAllString(text, " ")
	}
	return text
}

// asks tells whether a comment has a question mark.
func asks(text string) bool { return strings.ContainsAny(spoken(text), questionMarks) }

// paragraphs returns the blocks of lines between blank lines.
func paragraphs(text string) []string {
	return regexp.MustCompile(`\n[ \t\x{a0}]*(?:\n[ \t\x{a0}]*)*\n`).Split(text, -1)
}

// mentioned returns whom a paragraph addresses: those it mentions, but not those
// it only copies in.
func mentioned(paragraph string) []string {
	copied := regexp.MustCompile(`(?i)\b(?:cc|fyi|ping)\b`)
	mention := regexp.MustCompile(`\[~([^\]\n]+)\]`)
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

// allMentioned returns everybody whom a comment mentions.
func allMentioned(text string) []string {
	var users []string
	for _, b := range paragraphs(spoken(text)) {
		users = append(users, mentioned(b)...)
	}
	return users
}

// begins tells whether a comment begins with one of the markers.
func begins(text string, markers ...string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, m := range markers {
		if strings.HasPrefix(text, strings.ToLower(m)) {
			return true
		}
	}
	return false
}
