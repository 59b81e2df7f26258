package columns_test

import (
	"strings"
	"testing"

	"github.com/yourturn/yourturn/internal/columns"
)

func TestWrap(t *testing.T) {
	long := strings.Repeat("x", 90)
	for _, tc := range []struct {
		name, text string
		indent     int
		want       string
	}{
		{"fits", "one two", 2, "  one two\n"},
		{"line ends stay", "one\n\ntwo", 0, "one\n\ntwo\n"},
		{"a full line", strings.Repeat("abcd ", 20), 0, strings.TrimSpace(strings.Repeat("abcd ", 16)) + "\nabcd abcd abcd abcd\n"},
		{"a word that is too long", "a " + long + " b", 1, " a\n " + long + "\n b\n"},
		{"wide letters take two columns", strings.Repeat("受け入れ ", 9), 0, strings.TrimSpace(strings.Repeat("受け入れ ", 8)) + "\n受け入れ\n"},
		{"controls", "a\x1b[31mb\u202ec", 0, "a [31mb c\n"},
	} {
		if got := columns.Wrap(tc.text, tc.indent); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
		for line := range strings.SplitSeq(columns.Wrap(tc.text, tc.indent), "\n") {
			if columns.Of(line) > columns.Limit && !strings.Contains(line, long) {
				t.Errorf("%s: a line of %d columns: %q", tc.name, columns.Of(line), line)
			}
		}
	}
}

func TestCut(t *testing.T) {
	for text, want := range map[string]string{"Abnahme": "Abnah…", "受け入れ確認": "受け…", "Done": "Done", "Zoë\u0301 x": "Zoë\u0301 x"} {
		if got := columns.Cut(text, 6); got != want {
			t.Errorf("%q is cut to %q, want %q", text, got, want)
		}
	}
}
