package render

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/retrospective"
)

// hostile are names and titles that somebody could give a person, a sprint or a story.
func hostile() map[string]string {
	return map[string]string{
		"markup":           `</title></svg><script>alert(1)</script><img src=x onerror=alert(1)>" onmouseover="x`,
		"right to left":    "\u202eevil\u202c \u2066שלום\u2069 مرحبا",
		"long":             strings.Repeat("Ω", 10_000),
		"emoji":            "👩‍👩‍👧‍👦 🏳️‍🌈 " + strings.Repeat("🎉", 500),
		"newlines":         "a\r\n\r\n# b\n| c |\n\u2028<hr>\x00\x1b[31m",
		"a template":       `{{.}} ${7*7} &lt;b&gt; &amp;amp; ]]> --> <!--`,
		"Markdown":         "[x](javascript:alert(1)) ![i](http://evil.example/i.png) **b** `c` ~~d~~ http://evil.example",
		"a formula":        `=HYPERLINK("http://evil.example")`,
		"no character":     "\xff\xfe",
		"only white":       " \t\u00a0\u200e",
		"end of a comment": "*/ } body { display: none }",
	}
}

// named puts a name wherever a report has one.
func named(name string) *retrospective.Report {
	r := sample()
	r.Range.Name = name
	r.Before[0].Name = name
	r.Longest[0].Name, r.Longest[0].Title = name, name
	for i := range r.Longest[0].Steps {
		r.Longest[0].Steps[i].Name = name
	}
	r.Longest = append(r.Longest, r.Longest[0])
	r.Longest[1].Story, r.Longest[1].URL = name, "javascript:alert(1)"
	for i := range r.Open {
		r.Open[i].Name, r.Open[i].Title = name, name
	}
	r.Projects[0].Owners[0].Name = name
	r.Delegations[0].Name, r.WhatIf[0].Owner, r.WhatIf[0].Name = name, "x", name
	return r
}

// TestHostileNames writes reports full of each hostile name. HTML has the elements of a
// report with harmless names and none more, and loads nothing; Markdown has as many lines
// and as many cells in each; a CSV as many records, and no formula.
func TestHostileNames(t *testing.T) {
	plainHTML, plainMD, plainCSV := written(t, named("name"))
	for what, name := range hostile() {
		t.Run(what, func(t *testing.T) {
			page, md, table := written(t, named(name))
			like := plainHTML
			if plain(name) == "" {
				like, _, _ = written(t, named(""))
			}
			if d := cmp.Diff(elements(t, like), elements(t, page)); d != "" {
				t.Errorf("the elements (-harmless +hostile):\n%s", d)
			}
			if len(page) > len(plainHTML)+40*4*longestName*5 {
				t.Errorf("%d bytes of HTML; with a short name %d", len(page), len(plainHTML))
			}
			for _, bad := range []string{"\u202e", "\u2066", "\x00", "\x1b"} {
				if strings.Contains(page+md, bad) {
					t.Errorf("%q is left", bad)
				}
			}
			if got, want := shape(md), shape(plainMD); got != want {
				t.Errorf("Markdown has another shape:\n%s", md)
			}
			for _, live := range []string{"](javascript:", "![", "http://evil", "<script", "<img"} {
				if strings.Contains(strings.NewReplacer(`\]`, "", `\!`, "", `\[`, "").Replace(md), live) {
					t.Errorf("Markdown has %s:\n%s", live, md)
				}
			}
			if got, want := records(t, table), records(t, plainCSV); got != want {
				t.Errorf("CSV has %d records, want %d", got, want)
			}
		})
	}
}

func written(t *testing.T, r *retrospective.Report) (page, md, table string) {
	t.Helper()
	var a, b, c bytes.Buffer
	err := errors.Join(HTML(&a, r, Format{Zone: time.UTC, Base: "https://jira.example.com"}, "body { margin: 0 }"), Markdown(&b, r, Format{Zone: time.UTC}), CSV(&c, r))
	if err != nil {
		t.Fatal(err)
	}
	return a.String(), b.String(), c.String()
}

// elements lists the elements of a page with the names of their attributes, and fails if
// one could load or run something.
func elements(t *testing.T, page string) string {
	t.Helper()
	var out strings.Builder
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out.String()
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, page)
		}
		tag, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		name := tag.Name.Local
		out.WriteString(name)
		for _, a := range tag.Attr {
			out.WriteString(" " + a.Name.Local)
			if key := a.Name.Local; strings.HasPrefix(key, "on") || key == "src" || key == "style" || strings.HasPrefix(strings.ToLower(a.Value), "javascript:") {
				t.Errorf("%s has %s=%q", name, key, a.Value)
			}
		}
		out.WriteByte('\n')
		if slices.Contains([]string{"script", "link", "iframe", "img", "object", "embed"}, name) {
			t.Errorf("there is a %s", name)
		}
	}
}

// shape is how many cells each line of Markdown has, and how it begins.
func shape(md string) string {
	var out strings.Builder
	for l := range strings.Lines(md) {
		out.WriteString(l[:len(l)-len(strings.TrimLeft(l, "#"))])
		out.WriteString(strings.Repeat("|", strings.Count(strings.ReplaceAll(l, `\|`, ""), "|")))
		out.WriteByte('\n')
	}
	return out.String()
}

func records(t *testing.T, table string) int {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range all {
		for _, cell := range record {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
	return len(all)
}

// TestChartsAreXML holds that each SVG is well-formed by itself, so that it can be taken
// out of the page.
func TestChartsAreXML(t *testing.T) {
	page, _, _ := written(t, named(`<&>"'`))
	charts := 0
	for rest := page; ; charts++ {
		_, after, ok := strings.Cut(rest, `<svg class="plot"`)
		if !ok {
			break
		}
		end := strings.Index(after, "</svg>\n</figure>")
		if end < 0 {
			t.Fatalf("a chart does not end its figure: %.200s", after)
		}
		d := xml.NewDecoder(strings.NewReader(`<svg class="plot"` + after[:end] + "</svg>"))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in %.3000s", err, after[:end])
			}
		}
		rest = after[end:]
	}
	if charts < 4 {
		t.Errorf("%d charts, want one of each kind at least", charts)
	}
}
