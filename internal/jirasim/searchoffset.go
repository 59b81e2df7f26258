package jirasim

import (
	"net/http"
	"strconv"
)

// offsetSearch is the last search of Data Center's: while nothing changes, its
// next page finds the same.
type offsetSearch struct {
	jql     string
	changes uint64
	found   []*Issue
}

// searchByOffset is Data Center's search.
func (c *call) searchByOffset() {
	var req struct {
		JQL           string   `json:"jql"`
		StartAt       int      `json:"startAt"`
		MaxResults    *int     `json:"maxResults"`
		Fields        []string `json:"fields"`
		Expand        []string `json:"expand"`
		ValidateQuery any      `json:"validateQuery"`
	}
	if c.r.Method == http.MethodPost {
		if !c.read(&req) {
			return
		}
	} else {
		q := c.r.URL.Query()
		req.JQL, req.Fields, req.Expand = q.Get("jql"), q["fields"], q["expand"]
		req.StartAt, _ = c.window(0, 0)
		if v := q.Get("maxResults"); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil {
				c.notFound() // so it says of a parameter that is no number
				return
			}
			req.MaxResults = &n
		}
	}
	start, size := max(req.StartAt, 0), 50
	if req.MaxResults != nil {
		size = *req.MaxResults
	}
	if size < 0 || size > c.opts.SearchPage {
		size = c.opts.SearchPage
	}
	q, err := c.site.parseJQL(req.JQL)
	if err != nil {
		c.refuse(http.StatusBadRequest, err.Error())
		return
	}
	if start+size > c.opts.ResultWindow {
		c.refuse(http.StatusInternalServerError, "Search limit exceeded. The maximum result window is "+strconv.Itoa(c.opts.ResultWindow)+".")
		return
	}
	found := c.find(req.JQL, q)
	issues := []issueDoc{}
	fields := readFields(req.Fields, "*navigable")
	for _, is := range cut(found, start, size) {
		if c.withheld(is.ID) {
			continue
		}
		doc := c.render(is, fields, expands(req.Expand, "changelog"))
		doc.Key, doc.Self = is.Key, c.link("/rest/api/2/issue/"+doc.ID) // here always
		issues = append(issues, doc)
	}
	doc := map[string]any{"expand": "schema,names", "startAt": start, "maxResults": size, "total": len(found), "issues": issues}
	if c.opts.Warnings != nil {
		doc["warningMessages"] = c.opts.Warnings(req.JQL)
	}
	c.json(http.StatusOK, doc)
}

// find runs a query, or returns what it found a moment ago: sorting everything
// for each page would make paging quadratic.
func (c *call) find(jql string, q *query) []*Issue {
	if c.lags() || q.moving {
		return c.site.run(q, c.index(nil))
	}
	last := c.last.Load()
	if last == nil || last.jql != jql || last.changes != c.site.changes {
		last = &offsetSearch{jql: jql, changes: c.site.changes, found: c.site.run(q, c.index(nil))}
		c.last.Store(last)
	}
	return last.found
}
