package comment

import (
	"encoding/json"
	"fmt"
	"strings"
)

// ADF reads a comment in the Atlassian Document Format, as version 3 of the
// REST API gives it.
//
// A paragraph is a block node that holds text: a paragraph, a heading, an item
// of a list of tasks; a row of a table is one as a whole. Of text, mentions and
// URLs are read as in wiki markup, because tools write them so, and version 2 of the
// API does not tell them from real ones. The document null is an empty comment.
// It is an error if doc is not JSON, or no document.
func ADF(doc []byte) (Facts, error) {
	var root *node
	if err := json.Unmarshal(doc, &root); err != nil {
		return Facts{}, fmt.Errorf("reading a comment in the Atlassian Document Format: %w", err)
	}
	if root == nil {
		return Facts{}, nil
	}
	if root.Type != "doc" {
		return Facts{}, fmt.Errorf(`reading a comment in the Atlassian Document Format: its root is of type %q, not "doc"`, root.Type)
	}
	var r adfReader
	r.read(root)
	r.end()
	return read(r.paragraphs), nil
}

// node is a node of a document: what is read of it.
type node struct {
	Type string `json:"type"`
	Text string `json:"text"`
	// Attrs are decoded where they are read: each type of node has its own, and
	// one that is not read must not make the document unreadable.
	Attrs   json.RawMessage `json:"attrs"`
	Marks   []mark          `json:"marks"`
	Content []node          `json:"content"`
}

// mark is how text is marked.
type mark struct {
	Type string `json:"type"`
}

// attrs returns a mention's account and the text of an emoji or a status; ""
// for what is missing or of another kind.
func (n *node) attrs() (id, text string) {
	var a struct{ ID, Text any }
	if json.Unmarshal(n.Attrs, &a) != nil {
		return "", ""
	}
	id, _ = a.ID.(string)
	text, _ = a.Text.(string)
	return id, text
}

// adfReader collects paragraphs.
type adfReader struct {
	paragraphs []paragraph
	open       paragraph
	rows       int // how many rows of tables are around
}

// end ends the paragraph under way; within a row that is but a space.
func (r *adfReader) end() {
	switch {
	case len(r.open) == 0:
	case r.rows > 0:
		r.open = append(r.open, token{text: " "})
	default:
		r.paragraphs, r.open = append(r.paragraphs, r.open), nil
	}
}

// read reads a node and what is in it.
func (r *adfReader) read(n *node) {
	switch n.Type {
	case "text":
		r.text(n)
	case "hardBreak":
		r.open = append(r.open, lineEnd())
	case "mention":
		if id, _ := n.attrs(); id != "" {
			r.open = append(r.open, token{account: id})
		}
	case "emoji", "status":
		if _, text := n.attrs(); text != "" {
			r.open = append(r.open, token{text: text})
		}
	case "inlineCard", "mediaInline", "date", "placeholder", "inlineExtension":
		r.open = append(r.open, token{text: " "})
	case "codeBlock", "blockquote":
		r.end()
	case "tableRow":
		r.end()
		r.rows++
		r.content(n)
		r.rows--
		r.end()
	default: // blocks, and what is invented later
		r.end()
		r.content(n)
		r.end()
	}
}

// content reads what is in a node.
func (r *adfReader) content(n *node) {
	for i := range n.Content {
		r.read(&n.Content[i])
	}
}

// text reads a text node. A space stands for code and for a link.
func (r *adfReader) text(n *node) {
	for _, m := range n.Marks {
		if m.Type == "code" || m.Type == "link" {
			r.open = append(r.open, token{text: " "})
			return
		}
	}
	for i, line := range strings.Split(n.Text, "\n") {
		if i > 0 {
			r.open = append(r.open, lineEnd())
		}
		r.open = scanLine(r.open, line, markup{})
	}
}
