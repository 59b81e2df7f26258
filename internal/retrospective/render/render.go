// Package render writes a retrospective for people: as Markdown that pastes into wikis,
// as one HTML file that needs nothing else, as CSV and as JSON. The first two say the
// same in the same words (document.go); the last two have every number.
package render

import (
	"bytes"
	_ "embed" // the templates
	"encoding/json"
	"html/template"
	"io"
	"slices"
	"sync"
	texttemplate "text/template"
	"time"

	"github.com/yourturn/yourturn/internal/retrospective"
	"github.com/yourturn/yourturn/internal/untrusted"
)

var (
	//go:embed report.md
	markdown string //nolint:gochecknoglobals // go:embed needs one
	//go:embed report.html
	body string //nolint:gochecknoglobals // likewise
	//go:embed file.html
	file string //nolint:gochecknoglobals // likewise
)

// templates are parsed once.
type templates struct {
	markdown   *texttemplate.Template
	body, file *template.Template
}

var parsed = sync.OnceValue(func() templates { //nolint:gochecknoglobals // they do not change
	return templates{
		texttemplate.Must(texttemplate.New("report.md").Funcs(texttemplate.FuncMap{"text": untrusted.Markdown, "link": linked}).Parse(markdown)),
		template.Must(template.New("report.html").Parse(body)),
		template.Must(template.New("file.html").Parse(file)),
	}
})

// Format is where a report is read.
type Format struct {
	Zone *time.Location // of its dates
	Base string         // the address of the Jira that stories are linked to; "": no links
}

// JSON writes the report's stable form.
func JSON(w io.Writer, r *retrospective.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Markdown writes the report for a wiki or a pull request.
func Markdown(w io.Writer, r *retrospective.Report, f Format) error {
	return parsed().markdown.Execute(w, newDocument(r, f))
}

// HTML writes the report as one file, which asks no host for anything and runs no
// script. style is the sheet of the pages, for the file to have in itself.
func HTML(w io.Writer, r *retrospective.Report, f Format, style string) error {
	d := newDocument(r, f)
	content, err := d.body()
	if err != nil {
		return err
	}
	return parsed().file.Execute(w, struct {
		*document
		Body  template.HTML
		Style template.CSS
	}{d, content, template.CSS(style)}) //nolint:gosec // the sheet is this program's own
}

// Page is a report as a part of a page, below the page's own heading.
type Page struct {
	Title  string
	Answer string // in a sentence for each project
	Body   template.HTML
}

// detailed is of how many projects a page tells the ranges before, and the waits that
// owners of theirs would save: it has a size that a browser likes. Files have it of all.
const detailed = 2

// NewPage returns the report as a part of a page. It has no style, no script and no
// attribute that a strict Content-Security-Policy refuses.
func NewPage(r *retrospective.Report, f Format) (Page, error) {
	d := newDocument(r, f)
	if d.Brief = len(d.Projects) > detailed; d.Brief {
		d.WhatIf = slices.DeleteFunc(d.WhatIf, func(s saving) bool { return s.Owner != "" })
	}
	content, err := d.body()
	return Page{Title: d.Title, Answer: d.Answer, Body: content}, err
}

// body renders what the file and the page have in common.
func (d *document) body() (template.HTML, error) {
	var out bytes.Buffer
	if err := parsed().body.Execute(&out, d); err != nil {
		return "", err
	}
	return template.HTML(out.String()), nil //nolint:gosec // html/template escaped it
}

// Name returns the name of a report's file, without its ending: "retrospective-" and
// the first and the last day.
func Name(r *retrospective.Report, zone *time.Location) string {
	from, to := Days(r, zone)
	return "retrospective-" + from + "-" + to
}

// Days returns the first and the last day of a report's range, such as 2026-03-02.
func Days(r *retrospective.Report, zone *time.Location) (from, to string) {
	first, last := days(r.Range, zone)
	return first.Format(time.DateOnly), last.Format(time.DateOnly)
}
