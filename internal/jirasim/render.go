package jirasim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// issueDoc is an issue as Jira renders one.
type issueDoc struct {
	ID        string         `json:"id"`
	Self      string         `json:"self,omitempty"`
	Key       string         `json:"key,omitempty"`
	Changelog *changelogDoc  `json:"changelog,omitempty"`
	Fields    map[string]any `json:"fields,omitempty"`
}

// expands reports whether an expand parameter, of entries that may be lists
// themselves, names something.
func expands(list []string, name string) bool {
	return slices.Contains(strings.Split(strings.Join(list, ","), ","), name)
}

// render renders an issue with the fields that are asked for. Nothing is kept
// encoded: an issue costs less to encode anew than its text costs in memory.
func (c *call) render(is *Issue, fields fieldSet, changelog bool) issueDoc {
	doc := issueDoc{ID: number(is.ID)}
	if changelog {
		doc.Changelog = c.inlineChangelog(is)
	}
	if fields.only("id") {
		return doc
	}
	doc.Key, doc.Self = is.Key, c.link("/rest/api/"+c.version()+"/issue/"+doc.ID)
	if fields.only("id", "key") {
		return doc
	}
	doc.Fields = make(map[string]any, len(is.Fields)+4)
	for name, v := range is.Fields {
		if fields.has(name) {
			doc.Fields[name] = c.renderField(name, v)
		}
	}
	if _, given := is.Fields["project"]; !given && fields.has("project") {
		doc.Fields["project"] = c.renderProject(is.Project, false)
	}
	if fields.has("created") {
		doc.Fields["created"] = c.site.stamp(is.Created)
	}
	if fields.has("updated") {
		doc.Fields["updated"] = c.site.stamp(is.Updated)
	}
	if fields.has("comment") {
		doc.Fields["comment"] = c.inlineComments(is)
	}
	if c.opts.Garbled != nil && c.opts.Garbled(is.ID) {
		for name := range doc.Fields {
			doc.Fields[name] = "?"
		}
	}
	return doc
}

// version returns the version of REST that links of the answer name.
func (c *call) version() string {
	if c.v3 {
		return "3"
	}
	return "2"
}

// renderField renders a field's value in the flavour and version.
func (c *call) renderField(name string, v any) any {
	switch v := v.(type) {
	case *User:
		return c.site.renderUser(v)
	case []*User:
		if len(v) == 0 {
			return nil
		}
		out := make([]*userDoc, len(v))
		for i, u := range v {
			out[i] = c.site.renderUser(u)
		}
		return out
	case []*Sprint:
		return c.site.renderSprintField(v)
	case string:
		if c.v3 && (name == "description" || name == "environment") {
			return c.site.document(v)
		}
	case map[string]any:
		if id, _ := v["id"].(string); name == "status" && c.site.renamed[id] != "" {
			v = maps.Clone(v)
			v["name"] = c.site.renamed[id]
		}
		return v
	case json.RawMessage:
		var text string
		if c.v3 && (name == "description" || name == "environment") && json.Unmarshal(v, &text) == nil && text != "" {
			return c.site.document(text)
		}
	}
	return v
}

func (c *call) issue() {
	is := c.issueOf()
	if is == nil {
		return
	}
	q := c.r.URL.Query()
	doc := c.render(is, readFields(q["fields"], "*all"), expands(q["expand"], "changelog"))
	doc.Key, doc.Self = is.Key, c.link("/rest/api/"+c.version()+"/issue/"+doc.ID) // a read by id always has them
	c.json(http.StatusOK, doc)
}
