package jirasim

import (
	"fmt"
	"regexp"
	"strings"
)

// lexeme is a word, a text in quotes or an operator of a query.
type lexeme struct {
	text   string // without quotes
	quoted bool
	at     int // position in the query, from 1
}

// is reports whether the lexeme is an operator or a keyword, in any case.
func (l lexeme) is(word string) bool { return !l.quoted && strings.EqualFold(l.text, word) }

var lexemes = regexp.MustCompile(`^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(>=|<=|!=|!~|&&|\|\||[=<>~!(),&|])|([^\s"'()=<>!~,&|]+))`)

// lex splits a query into its lexemes.
func lex(text string) ([]lexeme, error) {
	var out []lexeme
	for at := 0; at < len(text); {
		if strings.ContainsRune(" \t\r\n", rune(text[at])) {
			at++
			continue
		}
		m := lexemes.FindStringSubmatch(text[at:])
		if m == nil {
			return nil, jqlError(fmt.Sprintf("Error in the JQL Query: The quoted string '%s' has not been completed. (line 1, character %d)", text[at+1:], at+1))
		}
		l := lexeme{text: m[3] + m[4], at: at + 1}
		if l.text == "" {
			l.text, l.quoted = unescape(m[1]+m[2]), true
		}
		out = append(out, l)
		at += len(m[0])
	}
	return out, nil
}

// unescape resolves the backslashes of a text in quotes.
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\'`, `'`).Replace(s)
}
