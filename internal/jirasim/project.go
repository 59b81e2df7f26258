package jirasim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// projectNamed finds a visible project by key, id or name, or returns nil; the caller
// holds the lock.
func (s *Site) projectNamed(v string) *Project {
	if p := s.projects[v]; p != nil && !p.archived {
		return p
	}
	for _, p := range s.sortedProjects() {
		if strings.EqualFold(p.Key, v) || p.ID == v || strings.EqualFold(p.Name, v) {
			return p
		}
	}
	return nil
}

// sortedProjects returns the visible projects by key; the caller holds the lock.
func (s *Site) sortedProjects() []*Project {
	var out []*Project
	for _, key := range slices.Sorted(maps.Keys(s.projects)) {
		if p := s.projects[key]; !p.archived {
			out = append(out, p)
		}
	}
	return out
}

func (c *call) renderProject(p *Project, lead bool) map[string]any {
	doc := map[string]any{
		"id": p.ID, "key": p.Key, "name": p.Name, "projectTypeKey": "software",
		"self": c.link("/rest/api/2/project/" + p.ID),
	}
	if lead && p.Lead != nil {
		doc["lead"] = c.site.renderUser(p.Lead)
	}
	return doc
}

// renderProjects renders the projects that may be seen, those of the given keys
// alone if there are any.
func (c *call) renderProjects(keys []string) []any {
	expanded := strings.Split(c.r.URL.Query().Get("expand"), ",")
	out := []any{}
	for _, p := range c.site.sortedProjects() {
		if !c.anonymous && (len(keys) == 0 || slices.Contains(keys, p.Key)) {
			out = append(out, c.renderProject(p, slices.Contains(expanded, "lead")))
		}
	}
	return out
}

func (c *call) projects() { c.json(http.StatusOK, c.renderProjects(nil)) }

func (c *call) projectSearch() {
	all := c.renderProjects(c.r.URL.Query()["keys"])
	start, size := c.window(50, 50)
	c.json(http.StatusOK, map[string]any{
		"startAt": start, "maxResults": size, "total": len(all), "isLast": start+size >= len(all), "values": cut(all, start, size),
	})
}

func (c *call) project() {
	if p := c.projectOf(); p != nil {
		c.json(http.StatusOK, c.renderProject(p, true))
	}
}

// projectComponents lists the components that a project's issues have now.
func (c *call) projectComponents() {
	p := c.projectOf()
	if p == nil {
		return
	}
	names := map[string]string{}
	for _, is := range c.site.issues {
		if is.Project != p || is.Fields["components"] == nil {
			continue
		}
		var list []struct{ ID, Name string }
		if doc, err := json.Marshal(is.Fields["components"]); err != nil || json.Unmarshal(doc, &list) != nil {
			continue
		}
		for _, component := range list {
			names[component.ID] = component.Name
		}
	}
	out := []any{}
	for _, id := range slices.Sorted(maps.Keys(names)) {
		out = append(out, map[string]any{"self": c.link("/rest/api/2/component/" + id), "id": id, "name": names[id], "project": p.Key})
	}
	c.json(http.StatusOK, out)
}

// projectStatuses lists a project's issue types with their statuses; here all
// types of a project share one workflow.
func (c *call) projectStatuses() {
	p := c.projectOf()
	if p == nil {
		return
	}
	statuses := []any{}
	for _, st := range c.site.statuses {
		if slices.Contains(p.Statuses, st.ID) {
			statuses = append(statuses, renderStatus(st))
		}
	}
	out := []any{}
	for _, t := range c.site.types {
		if slices.Contains(p.IssueTypes, t.ID) {
			out = append(out, map[string]any{"id": t.ID, "name": t.Name, "subtask": t.Subtask, "statuses": statuses})
		}
	}
	c.json(http.StatusOK, out)
}
