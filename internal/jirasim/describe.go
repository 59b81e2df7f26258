package jirasim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

// timeLayout is how Jira writes instants.
const timeLayout = "2006-01-02T15:04:05.000-0700"

// stamp renders an instant in the Jira's own zone, whatever the zone of the account that asks.
func (s *Site) stamp(t time.Time) string { return t.In(s.Zone).Format(timeLayout) }

func (c *call) serverInfo() {
	doc := map[string]any{
		"baseUrl": cmp.Or(c.opts.SiteURL, c.link("")), "version": "1001.0.0-SNAPSHOT", "versionNumbers": []int{1001, 0, 0},
		"deploymentType": "Cloud", "serverTitle": "Simulated Jira",
	}
	if !c.site.NoServerTime {
		doc["serverTime"] = c.site.stamp(c.site.Now().Add(c.site.ServerTimeAhead))
	}
	if c.site.ServerTime != "" {
		doc["serverTime"] = c.site.ServerTime
	}
	if c.site.Flavor == DataCenter {
		doc["version"], doc["versionNumbers"], doc["deploymentType"] = "9.12.7", []int{9, 12, 7}, "Server"
	}
	c.json(http.StatusOK, doc)
}

// permissions lists the permissions that are asked for. There is one account, and
// it has all of them.
func (c *call) permissions() {
	q := c.r.URL.Query()
	asked := q.Get("permissions")
	if asked == "" {
		if c.site.Flavor == Cloud {
			c.refuse(http.StatusBadRequest, "The 'permissions' query parameter is required.")
			return
		}
		asked = "BROWSE_PROJECTS"
	}
	if key := q.Get("projectKey"); key != "" && (c.site.projectNamed(key) == nil || c.anonymous) {
		c.refuse(http.StatusNotFound, "No project could be found with key '"+key+"'.")
		return
	}
	permissions := map[string]any{}
	for name := range strings.SplitSeq(asked, ",") {
		permissions[name] = map[string]any{"id": "10", "key": name, "name": name, "type": "PROJECT", "havePermission": !c.anonymous}
	}
	c.json(http.StatusOK, map[string]any{"permissions": permissions})
}

// systemFields returns the fields that every Jira has, as far as they are served.
func systemFields() []*Field {
	return []*Field{
		{ID: "summary", Name: "Summary", SchemaType: "string"},
		{ID: "description", Name: "Description", SchemaType: "string"},
		{ID: "status", Name: "Status", SchemaType: "status"},
		{ID: "resolution", Name: "Resolution", SchemaType: "resolution"},
		{ID: "issuetype", Name: "Issue Type", SchemaType: "issuetype"},
		{ID: "project", Name: "Project", SchemaType: "project"},
		{ID: "parent", Name: "Parent", SchemaType: "issuelink"},
		{ID: "assignee", Name: "Assignee", SchemaType: "user"},
		{ID: "reporter", Name: "Reporter", SchemaType: "user"},
		{ID: "creator", Name: "Creator", SchemaType: "user"},
		{ID: "labels", Name: "Labels", SchemaType: "array", SchemaItems: "string"},
		{ID: "components", Name: "Component/s", SchemaType: "array", SchemaItems: "component"},
		{ID: "security", Name: "Security Level", SchemaType: "securitylevel"},
		{ID: "created", Name: "Created", SchemaType: "datetime"},
		{ID: "updated", Name: "Updated", SchemaType: "datetime"},
		{ID: "comment", Name: "Comment", SchemaType: "comments-page"},
	}
}

func (c *call) fields() {
	list := systemFields()
	if !c.anonymous {
		for _, f := range c.site.fields {
			if i := slices.IndexFunc(list, func(o *Field) bool { return o.ID == f.ID }); i >= 0 {
				list[i] = f // the Site's own name for it
			} else {
				list = append(list, f)
			}
		}
	}
	out := make([]any, len(list))
	for i, f := range list {
		schema := map[string]any{"type": f.SchemaType}
		if f.SchemaItems != "" {
			schema["items"] = f.SchemaItems
		}
		if f.SchemaCustom != "" {
			schema["custom"] = f.SchemaCustom
		}
		if !f.Custom {
			schema["system"] = f.ID
		}
		doc := map[string]any{
			"id": f.ID, "name": f.Name, "custom": f.Custom, "navigable": f.ID != "comment", "orderable": true, "searchable": true,
			"clauseNames": f.clauses(), "schema": schema,
		}
		if c.site.Flavor == Cloud {
			doc["key"] = f.ID
		}
		if f.Untranslated != "" {
			doc["untranslatedName"] = f.Untranslated
		}
		out[i] = doc
	}
	c.json(http.StatusOK, out)
}

// clauses returns what the field is called in JQL.
func (f *Field) clauses() []string {
	if number, ok := strings.CutPrefix(f.ID, "customfield_"); ok {
		return []string{"cf[" + number + "]", f.Name}
	}
	return []string{f.ID}
}

// category renders a status category.
func category(key string) map[string]any {
	doc := map[string]any{"id": 1, "key": "undefined", "name": "No Category", "colorName": "medium-gray"}
	switch key {
	case "new":
		doc = map[string]any{"id": 2, "key": "new", "name": "To Do", "colorName": "blue-gray"}
	case "indeterminate":
		doc = map[string]any{"id": 4, "key": "indeterminate", "name": "In Progress", "colorName": "yellow"}
	case "done":
		doc = map[string]any{"id": 3, "key": "done", "name": "Done", "colorName": "green"}
	}
	return doc
}

func (c *call) statusCategories() {
	c.json(http.StatusOK, []any{category("undefined"), category("new"), category("indeterminate"), category("done")})
}

func renderStatus(st *Status) map[string]any {
	return map[string]any{"id": st.ID, "name": st.Name, "description": "", "statusCategory": category(st.Category)}
}

func (c *call) statuses() {
	out := []any{}
	for _, st := range c.site.statuses {
		if !c.anonymous {
			out = append(out, renderStatus(st))
		}
	}
	c.json(http.StatusOK, out)
}

// renderType renders an issue type; Data Center knows no levels.
func (s *Site) renderType(t *IssueType) map[string]any {
	doc := map[string]any{"id": t.ID, "name": t.Name, "description": "", "subtask": t.Subtask}
	if s.Flavor == Cloud {
		doc["hierarchyLevel"] = t.Level
	}
	return doc
}

func (c *call) issueTypes() {
	out := []any{}
	for _, t := range c.site.types {
		if !c.anonymous {
			out = append(out, c.site.renderType(t))
		}
	}
	c.json(http.StatusOK, out)
}
