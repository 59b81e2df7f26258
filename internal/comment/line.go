package comment

import (
	"strings"
	"unicode/utf8"
)

// markup is what a line may have apart from words, mentions and URLs.
type markup struct {
	wiki bool // escapes, links, images, monospaced text, colours
	row  bool // the bars between a table's cells
}

// lineScanner splits a line into text and mentions, and leaves out URLs and,
// in wiki markup, links, images and monospaced text: a space stands for each.
// Every scan ahead ends at the next character of its own kind or consumes what
// it saw, so that the time is in proportion to the line whatever stands in it.
type lineScanner struct {
	tokens []token
	text   strings.Builder
}

// scanLine appends the tokens of line to tokens.
func scanLine(tokens []token, line string, m markup) []token {
	s := lineScanner{tokens: tokens}
	inWord := false
	unpaired := false // there is no }} ahead
	for i := 0; i < len(line); {
		rest, startsWord := line[i:], !inWord
		c := line[i]
		inWord = isAlnum(c)
		n := 0 // how much of rest is left out
		switch {
		case inWord && startsWord:
			n = addressLength(rest)
		case c == '[':
			if account, length := mention(rest); length > 0 {
				s.mention(account)
				i += length
				continue
			}
			if m.wiki {
				n = linkLength(rest)
			}
		case !m.wiki:
		case c == '\\' && strings.HasPrefix(rest, `\\`):
			s.end()
			s.tokens = append(s.tokens, lineEnd())
			i += 2
			continue
		case c == '\\' && len(rest) > 1 && isPunct(rest[1]):
			// An escaped character is itself.
			s.text.WriteByte(rest[1])
			i += 2
			continue
		case c == '!' && startsWord:
			n = imageLength(rest)
		case c == '{' && strings.HasPrefix(rest, "{{"):
			if !unpaired {
				n = monospacedLength(rest)
				unpaired = n == 0
			}
		case c == '{':
			n = tagLength(rest)
		case c == '|' && m.row:
			n = 1
		}
		if n > 0 {
			s.text.WriteByte(' ')
			i += n
			inWord = false
			continue
		}
		s.text.WriteByte(c)
		i++
	}
	s.end()
	return s.tokens
}

// mention appends a mention.
func (s *lineScanner) mention(account string) {
	s.end()
	s.tokens = append(s.tokens, token{account: account})
}

// end appends the text under way.
func (s *lineScanner) end() {
	if s.text.Len() > 0 {
		s.tokens = append(s.tokens, token{text: s.text.String()})
		s.text.Reset()
	}
}

// mention returns the account that text begins by mentioning, and the length of that: it
// is [~accountid:ID] on Cloud and [~username] on Data Center.
func mention(text string) (account string, length int) {
	if !strings.HasPrefix(text, "[~") {
		return "", 0
	}
	end := strings.IndexAny(text[2:], "[]|")
	if end < 0 || text[2+end] != ']' {
		return "", 0
	}
	account = strings.TrimSpace(strings.TrimPrefix(text[2:2+end], "accountid:"))
	if account == "" {
		return "", 0
	}
	return account, 2 + end + 1
}

// linkLength returns the length of the link that text begins with: [text|target],
// or a target alone that looks like one, as words in brackets are no link.
func linkLength(text string) int {
	end := 1 + strings.IndexAny(text[1:], "[]")
	if end < 1 || text[end] != ']' {
		return 0
	}
	inner := text[1:end]
	if strings.Contains(inner, "|") || strings.HasPrefix(inner, "#") || strings.HasPrefix(inner, "^") ||
		strings.HasPrefix(inner, "mailto:") || addressLength(inner) > 0 {
		return end + 1
	}
	return 0
}

// longestSuffix is how long the suffix of an image's file name is at most.
const longestSuffix = 5

// imageLength returns the length of the image that text begins with: !name.png!
// or !name.png|options!. Exclamation marks stand around other things too, so
// the name needs a suffix.
func imageLength(text string) int {
	end := 1 + strings.IndexByte(text[1:], '!')
	if end < 1 {
		return 0
	}
	name, _, _ := strings.Cut(text[1:end], "|")
	dot := strings.LastIndexByte(name, '.')
	suffix := name[dot+1:]
	if dot < 1 || name[0] == ' ' || len(suffix) < 2 || len(suffix) > longestSuffix {
		return 0
	}
	for i := range len(suffix) {
		if !isAlnum(suffix[i]) {
			return 0
		}
	}
	return end + 1
}

// monospacedLength returns the length of the {{text}} that text begins with; 0
// if it does not end on the line.
func monospacedLength(text string) int {
	end := strings.Index(text[2:], "}}")
	if end < 0 {
		return 0
	}
	return 2 + end + 2
}

// tagLength returns the length of the tag that text begins with, of a macro
// whose content is the writer's own words.
func tagLength(text string) int {
	end := 1 + strings.IndexAny(text[1:], "{}")
	if end < 1 || text[end] != '}' {
		return 0
	}
	name, _, _ := strings.Cut(text[1:end], ":")
	switch name {
	case "color", "panel", "anchor":
		return end + 1
	}
	return 0
}

// longestScheme is how long the scheme of a URL is at most.
const longestScheme = 32

// addressLength returns the length of the URL that text begins with. People
// end questions with URLs: punctuation at the end of one is theirs, and a
// question mark of another script is not part of one.
func addressLength(text string) int {
	n := 0
	for n < min(len(text), longestScheme) && (isAlnum(text[n]) || strings.IndexByte("+.-", text[n]) >= 0) {
		n++
	}
	switch {
	case strings.HasPrefix(text[n:], "://"):
		n += len("://")
	case len(text) > 4 && strings.EqualFold(text[:4], "www.") && n > 4:
	default:
		return 0
	}
	end := strings.IndexFunc(text[n:], func(r rune) bool {
		return r <= ' ' || strings.ContainsRune("|[]<>\"\u00a0\u3000", r) || r >= utf8.RuneSelf && isQuestionMark(r)
	})
	if end < 0 {
		end = len(text) - n
	}
	return len(strings.TrimRight(text[:n+end], "?!.,;:)}*_'\\"))
}

// isAlnum reports whether c is an ASCII letter or digit.
func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// isPunct reports whether c is ASCII punctuation, which a backslash escapes.
func isPunct(c byte) bool { return c > ' ' && c < 0x7f && !isAlnum(c) }
