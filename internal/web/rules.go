package web

import (
	"bytes"
	"html/template"
	"regexp"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/yourturn/yourturn/docs"
)

// rulesInFull is docs/how-it-is-measured.md as a part of a page, with its anchors.
var rulesInFull = sync.OnceValue(func() template.HTML { //nolint:gochecknoglobals // of a document that does not change
	md := goldmark.New(
		goldmark.WithExtensions(extension.Table),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(withinPage{}, 1))),
		goldmark.WithRendererOptions(html.WithUnsafe()), // the anchors; the document is the binary's own
	)
	var b bytes.Buffer
	if err := md.Convert([]byte(docs.HowItIsMeasured), &b); err != nil {
		panic(err) // it writes to memory
	}
	out := regexp.MustCompile(`<th([ >])`).ReplaceAll(b.Bytes(), []byte(`<th scope="col"$1`))
	return template.HTML(regexp.MustCompile(` style="[^"]*"`).ReplaceAll(out, nil)) //nolint:gosec // likewise
})

// withinPage makes a document a part of a page: its title is left out, its headings stand
// below those of the page, and links to other documents are their text alone.
type withinPage struct{}

// Transform implements parser.ASTTransformer.
func (withinPage) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	var links []*ast.Link
	var title ast.Node
	ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) { //nolint:errcheck // it returns none
		switch n := n.(type) {
		case *ast.Heading:
			if entering && n.Level == 1 {
				title = n
			} else if entering {
				n.Level++
			}
		case *ast.Link:
			if entering && !bytes.HasPrefix(n.Destination, []byte("#")) {
				links = append(links, n)
			}
		}
		return ast.WalkContinue, nil
	})
	if title != nil {
		doc.RemoveChild(doc, title)
	}
	for _, link := range links {
		parent := link.Parent()
		for child := link.FirstChild(); child != nil; child = link.FirstChild() {
			parent.InsertBefore(parent, link, child)
		}
		parent.RemoveChild(parent, link)
	}
}
