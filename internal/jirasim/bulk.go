package jirasim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// idOrKey is an issue in a request: a text, or a number.
type idOrKey string

// UnmarshalJSON implements json.Unmarshaler.
func (i *idOrKey) UnmarshalJSON(b []byte) error {
	var n json.Number
	if len(b) > 0 && b[0] != '"' {
		err := json.Unmarshal(b, &n)
		*i = idOrKey(n)
		return err
	}
	var s string
	err := json.Unmarshal(b, &s)
	*i = idOrKey(s)
	return err
}

// bulkChangelog is Cloud's complete changelog of many issues: by instant and
// then by issue, so that an issue is split over pages and comes again.
func (c *call) bulkChangelog() {
	var req struct {
		IssueIDsOrKeys []idOrKey `json:"issueIdsOrKeys"`
		FieldIDs       []string  `json:"fieldIds"`
		MaxResults     *int      `json:"maxResults"`
		NextPageToken  *string   `json:"nextPageToken"`
	}
	if !c.read(&req) {
		return
	}
	_, start, ok := readToken(req.NextPageToken, changelogToken)
	size := 1000
	if req.MaxResults != nil {
		size = *req.MaxResults
	}
	switch n := len(req.IssueIDsOrKeys); {
	case n < 1 || n > 1000:
		c.refuse(http.StatusBadRequest, "The number of issues has to be between 1 and 1,000.")
		return
	case len(req.FieldIDs) > 10:
		c.refuse(http.StatusBadRequest, "The number of field ids has to be between 0 and 10.")
		return
	case size < 1 || size > 10000:
		c.refuse(http.StatusBadRequest, "The max results parameter has to be between 1 and 10,000.")
		return
	case !ok:
		c.refuse(http.StatusBadRequest, badToken)
		return
	}
	if c.opts.ChangelogPage > 0 {
		size = min(size, c.opts.ChangelogPage)
	}
	type record struct {
		issue int64
		*History
	}
	var all []record
	asked := map[int64]bool{}
	for _, name := range req.IssueIDsOrKeys {
		is := c.site.lookup(string(name))
		if is == nil || c.anonymous || asked[is.ID] {
			continue
		}
		asked[is.ID] = true
		for _, h := range c.histories(is) {
			if h = h.about(req.FieldIDs); h != nil {
				all = append(all, record{is.ID, h})
			}
		}
	}
	slices.SortFunc(all, func(a, b record) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.issue, b.issue), cmp.Compare(a.ID, b.ID))
	})
	type issueLog struct {
		IssueID         string       `json:"issueId"`
		ChangeHistories []historyDoc `json:"changeHistories"`
	}
	logs := []*issueLog{}
	of := map[int64]*issueLog{}
	for _, r := range cut(all, start, size) {
		if of[r.issue] == nil {
			of[r.issue] = &issueLog{IssueID: number(r.issue)}
			logs = append(logs, of[r.issue])
		}
		of[r.issue].ChangeHistories = append(of[r.issue].ChangeHistories, c.site.renderHistory(r.History, r.Created.UnixMilli()))
	}
	doc := map[string]any{"issueChangeLogs": logs, "nextPageToken": nil}
	if start+size < len(all) {
		doc["nextPageToken"] = writeToken(changelogToken, 0, start+size)
	}
	c.json(http.StatusOK, doc)
}

// about returns the record with its items of the given fields alone, nil if it
// has none; no fields mean all.
func (h *History) about(fields []string) *History {
	if len(fields) == 0 {
		return h
	}
	out := *h
	out.Items = nil
	for _, it := range h.Items {
		if slices.Contains(fields, cmp.Or(it.FieldID, it.Field)) {
			out.Items = append(out.Items, it)
		}
	}
	if out.Items == nil {
		return nil
	}
	return &out
}

// bulkIssues is Cloud's reading of issues by id; those that cannot be seen are
// listed as errors.
func (c *call) bulkIssues() {
	var req struct {
		IssueIDsOrKeys []idOrKey `json:"issueIdsOrKeys"`
		Fields         []string  `json:"fields"`
		Expand         []string  `json:"expand"`
		FieldsByKeys   bool      `json:"fieldsByKeys"`
		Properties     []string  `json:"properties"`
	}
	if !c.read(&req) {
		return
	}
	ceiling := 100
	if len(req.Fields) > 0 && len(req.Fields) <= 100 && len(req.Expand) == 0 &&
		!slices.ContainsFunc(req.Fields, func(f string) bool { return strings.HasPrefix(f, "*") || strings.HasPrefix(f, "-") || f == "comment" }) {
		ceiling = 1000 // of a few named fields
	}
	if n := len(req.IssueIDsOrKeys); n < 1 || n > ceiling {
		c.refuse(http.StatusBadRequest, "The number of issues has to be between 1 and "+strconv.Itoa(ceiling)+".")
		return
	}
	var found []*Issue
	invisible := []any{}
	for _, name := range req.IssueIDsOrKeys {
		switch is := c.site.lookup(string(name)); {
		case is == nil || c.anonymous:
			invisible = append(invisible, map[string]any{"id": string(name), "errorMessage": noIssue})
		case !slices.Contains(found, is):
			found = append(found, is)
		}
	}
	slices.SortFunc(found, func(a, b *Issue) int { return cmp.Compare(a.ID, b.ID) })
	out := make([]issueDoc, len(found))
	fields := readFields(req.Fields, "*navigable")
	for i, is := range found {
		out[i] = c.render(is, fields, expands(req.Expand, "changelog"))
	}
	c.json(http.StatusOK, map[string]any{"issues": out, "issueErrors": invisible})
}
