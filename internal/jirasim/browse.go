package jirasim

import (
	"html/template"
	"net/http"
	"strings"
	"time"
)

// browsePath is where Jira shows an issue to people.
const browsePath = "/browse/"

// browsePage is what a link to an issue leads to. It has no words of the
// issue's: those of an export are somebody's.
const browsePage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Key}} - simulated Jira</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}td,th{text-align:left;padding-right:1.5rem}</style></head>
<body><p>A simulated Jira</p>
<h1>{{.Key}}</h1>
<p>Status: <strong>{{.Status}}</strong>. Comments: {{.Comments}}.</p>
<table><tr><th>When (UTC)</th><th>What</th><th>From</th><th>To</th></tr>
<tr><td>{{.Created}}</td><td>created</td><td></td><td></td></tr>
{{range .Moves}}<tr><td>{{.At}}</td><td>{{.Field}}</td><td>{{.From}}</td><td>{{.To}}</td></tr>
{{end}}</table></body></html>
`

// browsed is what the page shows of an issue.
type browsed struct {
	Key, Status, Created string
	Comments             int
	Moves                []browsedMove
}

// browsedMove is a change of the status or of the key.
type browsedMove struct{ At, Field, From, To string }

// browse shows an issue without a login. A real Jira asks for one; the simulated
// one has no accounts to log in with.
func (c *call) browse() {
	is := c.site.lookup(c.r.PathValue("id"))
	if is == nil {
		c.page(http.StatusNotFound, noIssue)
		return
	}
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	page := browsed{Key: is.Key, Created: stamp(is.Created)}
	if status, ok := is.Fields["status"].(map[string]any); ok {
		page.Status, _ = status["name"].(string)
	}
	_, page.Comments = c.visibleComments(is)
	for _, h := range is.Histories {
		for _, item := range h.Items {
			if item.Field == "status" || item.Field == "Key" {
				page.Moves = append(page.Moves, browsedMove{stamp(h.Created), strings.ToLower(item.Field), text(item.FromString), text(item.ToString)})
			}
		}
	}
	c.Header().Set("Content-Type", "text/html;charset=UTF-8")
	if err := template.Must(template.New("browse").Parse(browsePage)).Execute(c, page); err != nil {
		panic("jirasim: " + err.Error()) // a defect of the page
	}
}
