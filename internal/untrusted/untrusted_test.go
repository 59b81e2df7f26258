package untrusted_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/yourturn/yourturn/internal/untrusted"
)

// hostile are titles that do something where they are shown as they are.
var hostile = map[string]struct{ line, markdown, cell string }{
	"":                                  {"", "", ""},
	"Pay by invoice":                    {"Pay by invoice", "Pay by invoice", "Pay by invoice"},
	"a | b\n\n# c\td\r\n":               {"a | b # c d", `a \| b \# c d`, "a | b # c d"},
	"<img src=x onerror=alert(1)> &lt;": {"<img src=x onerror=alert(1)> &lt;", "&lt;img src=x onerror=alert(1)&gt; &amp;lt;", "<img src=x onerror=alert(1)> &lt;"},
	"[x](javascript:1) ![y](z)":         {"[x](javascript:1) ![y](z)", `\[x\](javascript:1) \!\[y\](z)`, "[x](javascript:1) ![y](z)"},
	"@all see #12, https://x.yz www.x.yz": {
		"@all see #12, https://x.yz www.x.yz", "@\u200ball see \\#\u200b12, https\\://x.yz www\\.x.yz", "'@all see #12, https://x.yz www.x.yz",
	},
	"*a* _b_ `c` ~d~ {e} $f$ \\":   {"*a* _b_ `c` ~d~ {e} $f$ \\", "\\*a\\* \\_b\\_ \\`c\\` \\~d\\~ \\{e\\} \\$f\\$ \\\\", "*a* _b_ `c` ~d~ {e} $f$ \\"},
	"=HYPERLINK(\"x\")":            {`=HYPERLINK("x")`, `=HYPERLINK("x")`, `'=HYPERLINK("x")`},
	" \t=1":                        {"=1", "=1", "'=1"},
	"+1":                           {"+1", "+1", "'+1"},
	"-1":                           {"-1", "-1", "'-1"},
	"\r@x":                         {"@x", "@\u200bx", "'@x"},
	"＝1":                           {"＝1", "＝1", "'＝1"},
	"\u202eevil\u202c \u2066x":     {"evil x", "evil x", "evil x"},
	"a\x1b[31mred\x07\x00b\u2028c": {"a [31mred b c", "a \\[31mred b c", "a [31mred b c"},
	"שלום עולם":                    {"שלום עולם", "שלום עולם", "שלום עולם"},
	"👩‍🚀 go 🎉":                     {"👩‍🚀 go 🎉", "👩‍🚀 go 🎉", "👩‍🚀 go 🎉"},
	"bad \xff\xfe bytes":           {"bad \ufffd bytes", "bad \ufffd bytes", "bad \ufffd bytes"},
}

func TestHostile(t *testing.T) {
	for text, want := range hostile {
		for name, one := range map[string]struct {
			make func(string) string
			want string
		}{"line": {untrusted.Line, want.line}, "markdown": {untrusted.Markdown, want.markdown}, "cell": {untrusted.Cell, want.cell}} {
			if got := one.make(text); got != one.want {
				t.Errorf("%s of %q is %q, want %q", name, text, got, one.want)
			}
		}
	}
	long := strings.Repeat("x", 10_000)
	if untrusted.Line(long) != long || untrusted.Markdown(long) != long || untrusted.Cell(long) != long {
		t.Error("a long title is another one")
	}
}

// TestAnyText holds of any text what makes it do nothing.
func TestAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[=+@\-\t\r\n |<>&\[\]#*:/w.\\]{0,20}`)).Draw(t, "text")
		line, md, cell := untrusted.Line(text), untrusted.Markdown(text), untrusted.Cell(text)
		for name, s := range map[string]string{"line": line, "cell": cell, "markdown": strings.ReplaceAll(md, "\u200b", "")} {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
				return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d'
			}) {
				t.Fatalf("the %s of %q holds what is not seen: %q", name, text, s)
			}
		}
		for i, r := range md {
			if strings.ContainsRune("|[]*_`~!#{}$", r) && (i == 0 || md[i-1] != '\\') {
				t.Fatalf("%q has a %c at %d that is not escaped: %q", text, r, i, md)
			}
		}
		if strings.ContainsAny(md, "<>") || strings.Contains(md, "://") || strings.Contains(md, "www.") {
			t.Fatalf("%q has HTML or a link: %q", text, md)
		}
		if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
			t.Fatalf("%q is a formula: %q", text, cell)
		}
		var b strings.Builder
		w := csv.NewWriter(&b)
		if err := w.Write([]string{"x", cell}); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		back, err := csv.NewReader(strings.NewReader(b.String())).Read()
		if err != nil || back[1] != cell {
			t.Fatalf("%q comes back as %q (%v)", cell, back, err)
		}
	})
}
