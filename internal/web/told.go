package web

import (
	"html/template"
	"strings"
)

// told is a sentence as HTML. Everything in it is escaped.
type told struct{ b strings.Builder }

// say adds words of our own.
func (t *told) say(text string) { t.b.WriteString(template.HTMLEscapeString(text)) }

// name adds an untrusted name, which turns nothing around it.
func (t *told) name(name string) {
	t.b.WriteString("<bdi>" + template.HTMLEscapeString(plain(name, nameLength)) + "</bdi>")
}

// time adds an instant, which the script shows by the reader's clock.
func (t *told) time(at moment) {
	t.b.WriteString(`<time datetime="` + template.HTMLEscapeString(at.Machine()) + `">` + template.HTMLEscapeString(at.Text) + `</time>`)
}

// link adds what leads to another page of ours.
func (t *told) link(path, text string) {
	t.b.WriteString(`<a href="` + template.HTMLEscapeString(path) + `">` + template.HTMLEscapeString(text) + `</a>`)
}

// html returns the sentence.
func (t *told) html() template.HTML {
	return template.HTML(strings.TrimSpace(t.b.String())) //nolint:gosec // every part of it is escaped
}
