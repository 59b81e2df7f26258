// Package untrusted makes text of others, such as titles and names, fit for where it
// is shown, so that it is seen there as it was written and does nothing.
package untrusted

import (
	"strings"
	"unicode/utf8"

	"github.com/yourturn/yourturn/internal/columns"
)

// Line returns text as one line without characters that are not seen: those that
// control a terminal or turn the direction of writing, line ends and tabs are spaces,
// and several spaces are one.
func Line(text string) string {
	return strings.Join(strings.Fields(columns.Clean(strings.ToValidUTF8(text, "\ufffd"))), " ")
}

// apart is not seen, and keeps what stands on its two sides from being read as one.
const apart = "\u200b"

// escapes are what Markdown reads as more than text, in the dialects of CommonMark,
// GitHub and wikis. A backslash does not keep GitHub from linking a person or an
// issue, because it looks for those in what is shown.
var escapes = func() *strings.Replacer { //nolint:gochecknoglobals // a constant in all but name
	pairs := []string{
		`\`, `\\`, "|", `\|`, "[", `\[`, "]", `\]`, "*", `\*`, "_", `\_`, "`", "\\`", "~", `\~`, "!", `\!`, "{", `\{`, "}", `\}`, "$", `\$`,
		"<", "&lt;", ">", "&gt;", "&", "&amp;", "://", `\://`, "www.", `www\.`, "WWW.", `WWW\.`, "@", "@" + apart,
	}
	for digit := '0'; digit <= '9'; digit++ {
		pairs = append(pairs, "#"+string(digit), `\#`+apart+string(digit))
	}
	return strings.NewReplacer(append(pairs, "#", `\#`)...)
}()

// Markdown returns text for the inside of a line or of a table's cell in Markdown: it
// breaks no table and no line, links nothing, mentions nobody, and holds no HTML.
func Markdown(text string) string { return escapes.Replace(Line(text)) }

// Cell returns text for a cell of a CSV file, as Line does. What a spreadsheet would
// read as a formula begins with an apostrophe.
func Cell(text string) string {
	line := Line(text) // which begins with no white space
	if c, _ := utf8.DecodeRuneInString(line); line != "" && strings.ContainsRune("=+-@＝＋－＠", c) {
		return "'" + line
	}
	return line
}
