package comment

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// object is a JSON object.
type object = map[string]any

// element returns a node with content.
func element(kind string, content ...any) object { return object{"type": kind, "content": content} }

// words returns a text node.
func words(text string, marks ...string) object {
	n := object{"type": "text", "text": text}
	if len(marks) > 0 {
		var list []any
		for _, m := range marks {
			list = append(list, object{"type": m})
		}
		n["marks"] = list
	}
	return n
}

// of returns a mention.
func of(account string) object {
	return object{"type": "mention", "attrs": object{"id": account, "text": "@Somebody?", "accessLevel": ""}}
}

// encode returns the document with blocks.
func encode(t interface{ Fatal(...any) }, blocks ...any) []byte {
	doc, err := json.Marshal(object{"version": 1, "type": "doc", "content": blocks})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestADF(t *testing.T) {
	lineBreak := object{"type": "hardBreak"}
	cell := func(content ...any) any { return element("tableCell", element("paragraph", content...)) }
	for _, tc := range []struct {
		name   string
		blocks []any
		want   Facts
	}{
		{"empty", nil, Facts{}},
		{
			"question addresses those in its paragraph",
			[]any{element("paragraph", of("dev"), words(" fine.")), element("paragraph", of("po"), words(" which currency?"))},
			Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"dev", "po"}, Head: "fine. which currency?"},
		},
		{
			"mention after cc addresses nobody",
			[]any{element("paragraph", of("dev"), words(" can you look?"), lineBreak, words("cc "), of("po"))},
			Facts{Question: true, Asked: []string{"dev"}, Mentioned: []string{"dev"}, Head: "can you look? cc"},
		},
		{
			"code and quotes",
			[]any{
				element("blockquote", element("paragraph", of("x"), words("why?"))),
				element("codeBlock", words("a ? b")),
				element("paragraph", of("po"), words(" see "), words("c ? d", "code"), words("now", "strong")),
			},
			Facts{Mentioned: []string{"po"}, Head: "see now"},
		},
		{
			"links",
			[]any{
				element("paragraph", of("po"), words("what is it?", "strong", "link"), object{"type": "inlineCard", "attrs": object{"url": "http://x/?q"}}, words(" http://x/?q=1 it is")),
				object{"type": "blockCard", "attrs": object{"url": "http://x/?q"}},
				element("mediaSingle", object{"type": "media", "attrs": object{"id": "?", "width": 7}}),
			},
			Facts{Mentioned: []string{"po"}, Head: "it is"},
		},
		{
			"item of a list is a paragraph",
			[]any{element("bulletList",
				element("listItem", element("paragraph", of("dev"), words(" fine"))),
				element("listItem", element("paragraph", of("po"), words(" ok?"))))},
			Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"dev", "po"}, Head: "fine ok?"},
		},
		{
			"task is a paragraph",
			[]any{element("taskList", element("taskItem", of("dev"), words(" fine")), element("taskItem", of("po"), words(" ok?")))},
			Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"dev", "po"}, Head: "fine ok?"},
		},
		{
			"heading and panel",
			[]any{element("heading", words("Is it "), of("dev"), words("?")), element("panel", element("paragraph", of("po"), words(" done")))},
			Facts{Question: true, Asked: []string{"dev"}, Mentioned: []string{"dev", "po"}, Head: "Is it ? done"},
		},
		{
			"row of a table is a paragraph",
			[]any{
				element("table",
					element("tableRow", cell(of("dev")), cell(words("done"))),
					element("tableRow", cell(words("ok?")), cell(of("po")))),
				element("paragraph", of("qa")),
			},
			Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"dev", "po", "qa"}, Head: "done ok?"},
		},
		{
			"emoji and status",
			[]any{element("paragraph", of("po"),
				object{"type": "emoji", "attrs": object{"shortName": ":question:", "text": "\u2753"}},
				object{"type": "status", "attrs": object{"text": "WIP", "color": "blue"}})},
			Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"po"}, Head: "\u2753WIP"},
		},
		{
			"mention written as text",
			[]any{element("paragraph", words(`[~accountid:po] [a|b] ok\?`))},
			Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"po"}, Head: `[a|b] ok\?`},
		},
		{
			"attributes of another kind",
			[]any{element("paragraph", object{"type": "mention", "attrs": object{"id": 7}}, object{"type": "mention"}, object{"type": "emoji", "attrs": []int{1}}, words("ok?"))},
			Facts{Question: true, Head: "ok?"},
		},
		{
			"node not known",
			[]any{element("invented", element("paragraph", of("po"), words(" ok?")))},
			Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"po"}, Head: "ok?"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ADF(encode(t, tc.blocks...))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("facts (-want +got):\n%s", d)
			}
		})
	}
}

func TestADFOfNoDocument(t *testing.T) {
	if got, err := ADF([]byte("null")); err != nil || !cmp.Equal(got, Facts{}) {
		t.Errorf("null: got %+v, %v", got, err)
	}
	for _, doc := range []string{"", `{"type":`, `"[~po] ok?"`, `[]`, `{}`, `{"type":"paragraph"}`} {
		if _, err := ADF([]byte(doc)); err == nil {
			t.Errorf("%q: no error", doc)
		}
	}
}

// TestFormatsAgree writes the same comment in both formats.
func TestFormatsAgree(t *testing.T) {
	type piece struct {
		wiki string
		adf  object
	}
	var (
		pieces = []piece{
			{"which", words("which")},
			{" currency?", words(" currency?")},
			{"\uff1f", words("\uff1f")},
			{" cc ", words(" cc ")},
			{"[~accountid:po]", of("po")},
			{"[~accountid:557058:dev-1]", of("557058:dev-1")},
			{" {{a?b}} ", words("a?b", "code")},
			{" [why?|http://x/?q] ", words("why?", "link")},
			{" http://x/?q=1 ", words(" http://x/?q=1 ")},
			{"\nso ", element("hardBreak")},
			{"so ", words("so ")},
		}
		lineBreak, lineStart = pieces[9], pieces[10]
		quote                = element("blockquote", element("paragraph", of("x"), words("why?")))
		code                 = element("codeBlock", words("a ? b"))
	)
	rapid.Check(t, func(t *rapid.T) {
		var wiki []string
		var blocks []any
		for range rapid.IntRange(0, 6).Draw(t, "blocks") {
			// Words begin each line: a blank one is the end of a block in wiki markup alone.
			text, content := lineStart.wiki, []any{lineStart.adf}
			for _, p := range rapid.SliceOfN(rapid.SampledFrom(pieces[:10]), 0, 6).Draw(t, "pieces") {
				text += p.wiki
				content = append(content, p.adf)
				if p.wiki == lineBreak.wiki {
					content = append(content, lineStart.adf)
				}
			}
			switch rapid.SampledFrom([]string{"paragraph", "heading", "item", "cell", "quote", "code"}).Draw(t, "block") {
			case "paragraph":
				wiki, blocks = append(wiki, text), append(blocks, element("paragraph", content...))
			case "heading":
				wiki, blocks = append(wiki, "h3. so?"), append(blocks, element("heading", words("so?")))
			case "item":
				wiki, blocks = append(wiki, "* "+text), append(blocks, element("bulletList", element("listItem", element("paragraph", content...))))
			case "cell":
				row := element("tableRow", element("tableCell", element("paragraph", words("so?"))), element("tableCell", element("paragraph", content...)))
				wiki, blocks = append(wiki, "|so?|"+text+"|"), append(blocks, element("table", row))
			case "quote":
				wiki, blocks = append(wiki, "{quote}[~x] why?{quote}"), append(blocks, quote)
			case "code":
				wiki, blocks = append(wiki, "{code}\na ? b\n{code}"), append(blocks, code)
			}
		}
		want := Wiki(strings.Join(wiki, "\n\n"))
		got, err := ADF(encode(t, blocks...))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%q: the formats differ (-wiki +document):\n%s", wiki, d)
		}
	})
}

func FuzzADF(f *testing.F) {
	for _, doc := range []string{
		`{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"mention","attrs":{"id":"po"}},{"type":"text","text":" ok?"}]}]}`,
		`{"type":"doc","content":[{"type":"text","text":"a\nb"},{"type":"hardBreak"},{"type":"text","text":"?","marks":[{"type":"link"}]}]}`,
		`{"type":"doc","content":[{"type":"table","content":[{"type":"tableRow","content":[{"type":"tableCell"},{"type":"emoji","attrs":{"text":"?"}}]}]}]}`,
		`null`, `{"type":"doc","content":{}}`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		if facts, err := ADF(doc); err == nil {
			checkInvariants(t, facts)
		}
	})
}
