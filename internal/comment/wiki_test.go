package comment

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWiki(t *testing.T) {
	// asks is what a comment says that asks po and mentions nobody else.
	asks := func(head string) Facts {
		return Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"po"}, Head: head}
	}
	// tells is what a comment says that mentions po and asks nothing.
	tells := func(head string) Facts { return Facts{Mentioned: []string{"po"}, Head: head} }
	for _, tc := range []struct {
		name, text string
		want       Facts
	}{
		{"nothing", "", Facts{}},
		{"white space", " \r\n\t\n\u00a0", Facts{}},

		{"mention by account id", "[~accountid:557058:f58131cb-b67d] ok?", Facts{Question: true, Asked: []string{"557058:f58131cb-b67d"}, Mentioned: []string{"557058:f58131cb-b67d"}, Head: "ok?"}},
		{"mention by user name", "[~po] which currency?", asks("which currency?")},
		{"mention by user name with a space", "[~ada lovelace] ok?", Facts{Question: true, Asked: []string{"ada lovelace"}, Mentioned: []string{"ada lovelace"}, Head: "ok?"}},
		{"mention of nobody", "[~] [~accountid:] ok?", Facts{Question: true, Head: "[~] [~accountid:] ok?"}},
		{"mention without an end", "[~po ok?", Facts{Question: true, Head: "[~po ok?"}},
		{"mention twice", "[~po] ok? [~po] really?", asks("ok? really?")},

		{"mention after cc addresses nobody", "[~dev] can you look?\ncc [~po]", Facts{Question: true, Asked: []string{"dev"}, Mentioned: []string{"dev"}, Head: "can you look? cc"}},
		{"mention after FYI: addresses nobody", "ok? FYI: [~po]", Facts{Question: true, Head: "ok? FYI:"}},
		{"mention after ping addresses nobody", "ok? ping @team, [~po]", Facts{Question: true, Head: "ok? ping @team,"}},
		{"mention before fyi addresses", "done; [~po] fyi", tells("done; fyi")},
		{"mention on the line after cc addresses", "cc [~dev]\n[~po] ok?", asks("cc ok?")},
		{"mention after a forced line break after cc addresses", `cc [~dev]\\[~po] ok?`, asks("cc ok?")},
		{"mention after a word that holds cc addresses", "accept it, [~po]?", asks("accept it, ?")},
		{"cc in a URL is no word", "http://x/cc [~po] ok?", asks("ok?")},
		{"paragraph with mentions after cc alone mentions nobody", "[~po] hello\n\nwhich currency? cc [~dev]", asks("hello which currency? cc")},

		{"question addresses those in its paragraph", "[~dev] fine.\n\n[~po] which currency?", Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"dev", "po"}, Head: "fine. which currency?"}},
		{"question addresses all those in its paragraph", "[~a] [~b]\nok?", Facts{Question: true, Asked: []string{"a", "b"}, Mentioned: []string{"a", "b"}, Head: "ok?"}},
		{"else the nearest paragraph before", "[~dev]\n\n[~po]\n\nhello\n\nwhich currency?", Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"dev", "po"}, Head: "hello which currency?"}},
		{"else after", "which currency?\n\nhello\n\n[~po]\n\n[~dev]", Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"po", "dev"}, Head: "which currency? hello"}},
		{"before wins over after", "[~po]\n\nhello\n\nok?\n\n[~dev]", Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"po", "dev"}, Head: "hello ok?"}},
		{"several questions", "ok?\n\n[~a]?\n\n[~b]\n\n[~c]?\n\n[~a]?", Facts{Question: true, Asked: []string{"a", "c"}, Mentioned: []string{"a", "b", "c"}, Head: "ok? ? ? ?"}},
		{"question to nobody", "which currency?", Facts{Question: true, Head: "which currency?"}},
		{"Windows lines", "[~dev] fine\r\n\r\n[~po] ok?", Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"dev", "po"}, Head: "fine ok?"}},

		{"item of a list is a paragraph", "* [~dev] fine\n* [~po] ok?\n# [~qa] done", Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"dev", "po", "qa"}, Head: "fine ok? done"}},
		{"item of a list asks those before it", "[~po] please tell:\n- which currency?\n- which country?", asks("please tell: which currency? which country?")},
		{"heading is a paragraph", "h2. Is it [~dev]?\n[~po] done", Facts{Question: true, Asked: []string{"dev"}, Mentioned: []string{"dev", "po"}, Head: "Is it ? done"}},
		{"row of a table is a paragraph", "||who||what||\n|[~dev]|done|\n|ok?|[~po]|\n[~qa]", Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"dev", "po", "qa"}, Head: "who what done ok?"}},
		{"rule ends a paragraph", "[~po] ok?\n----\n[~dev] fine", Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"po", "dev"}, Head: "ok? fine"}},
		{"code block ends a paragraph", "[~po] ok?\n{code}\nx\n{code}\n[~dev] fine", Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"po", "dev"}, Head: "ok? fine"}},

		{"code", "[~po] see {code:java|title=a?}a ? b : c [~x]{code} please", tells("see please")},
		{"noformat", "[~po] {noformat}\nwhat?\n\n[~x]\n{noformat}", tells("")},
		{"quote", "{quote}[~x] which?{quote}\nyes, [~po]", tells("yes,")},
		{"quoted line", "bq. [~x] which?\nyes, [~po]", tells("yes,")},
		{"monospaced text", "[~po] set {{a?b [~x]}} now", tells("set now")},
		{"monospaced name of a macro", "[~po] is {{code}} right? {{code}}", asks("is right?")},
		{"monospaced text without an end", "[~po] {{ok? {{", asks("{{ok? {{")},
		{"code without an end is text", "[~po] {code} ok?", asks("{code} ok?")},
		{"quote without an end is text", "{quote} [~po] ok?", asks("{quote} ok?")},
		{"code with another end is text", "[~po] {code} ok? {noformat}", asks("{code} ok? {noformat}")},
		{"escaped code is text", `[~po] \{code} ok? {code}`, asks("{code} ok? {code}")},

		{"link with text", "[~po] see [what is it?|http://x/y] now", tells("see now")},
		{"smart link", "[~po] [http://x/?q=1|http://x/?q=1|smart-link]", tells("")},
		{"link without text", "[~po] [http://x/?q=1] [mailto:a@b?subject=c] [#what?] [^why?.txt]", tells("")},
		{"words in brackets are no link", "[~po] [WIP] [really?]", asks("[WIP] [really?]")},
		{"URL", "[~po] see HTTP://x/?q=1 and www.x/?q=2 and (ftp://x/?)", asks("see and and ( ?)")},
		{"question mark at the end of a URL", "[~po] have you seen http://x/?q=1?", asks("have you seen ?")},
		{"question mark of another script after a URL", "[~po] http://x/y\uff1fhai", asks("\uff1fhai")},
		{"image", "[~po] !Is it? 12.00.png|thumbnail,alt=what?! there", tells("there")},
		{"exclamation marks are no image", "[~po] wow! is main.go! ok? yes!", asks("wow! is main.go! ok? yes!")},
		{"colour and panel", "{panel:title=Why?}\n{color:#ff0000}[~po]{color} now\n{panel}", tells("now")},
		{"escaped characters", `[~po] \[really\]\? C:\temp`, asks(`[really]? C:\temp`)},
		{"escaped mention is text", `\[~po] ok?`, Facts{Question: true, Head: "[~po] ok?"}},
		{"invalid UTF-8", "[~\xff] \xfe?", Facts{Question: true, Asked: []string{"\ufffd"}, Mentioned: []string{"\ufffd"}, Head: "\ufffd?"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, Wiki(tc.text)); d != "" {
				t.Errorf("Wiki(%q) (-want +got):\n%s", tc.text, d)
			}
		})
	}
}

func TestQuestionMarks(t *testing.T) {
	for _, r := range "?\uff1f\ufe56\u061f\u055e\u1367\u2047\u2048\u2049\u203d\u2753\u2754" {
		if !Wiki("[~po] ok" + string(r)).Question {
			t.Errorf("%U is no question mark", r)
		}
	}
	for _, r := range ";\u037e!\u00bf\u061b" {
		if Wiki("[~po] ok" + string(r)).Question {
			t.Errorf("%U is a question mark", r)
		}
	}
}

// TestWikiTime reads what would take minutes if anything were looked for again
// at every place where it could begin.
func TestWikiTime(*testing.T) {
	for _, unit := range []string{
		"[", "[~", "[~a", "[a|", "!", "!a.png|", "!a.", "{", "{{", "{code", "{code:", "{code}{quote:", "{quote}", "{color:", "{color", `\`, `\{`,
		"a+", "a-b.", "http://", "http://?", "www.", "?", "\n?\n", "[~a]?\n\n", "cc ", "|", "*", "* ", "bq.", "\xff", "\u200f",
	} {
		Wiki(strings.Repeat(unit, 1<<18/len(unit)))
	}
	var many strings.Builder
	for i := range 1 << 16 {
		many.WriteString("[~u")
		many.WriteString(strings.Repeat("x", i%7))
		many.WriteString(string(rune('a'+i%26)) + string(rune(0x4e00+i%20000)))
		many.WriteString("] ")
	}
	Wiki(many.String() + strings.Repeat("\n\n?", 1<<16))
}

func FuzzWiki(f *testing.F) {
	for _, s := range []string{
		"[~po] ok?", "{code}a?{code} [~po]", "bq. x", "[a|b] !x.png! {{m}} http://a?b", `\[~x] \`, "[[[]", "{quote}", "\xff?",
		"* [~a]\n|b|[~c]?|\nh1. cc [~d]", "{color:red}Q:{color} www.x?", `a\\b`, "----",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkInvariants(t, Wiki(s)) })
}
