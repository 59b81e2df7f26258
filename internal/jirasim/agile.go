package jirasim

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sprintFieldType is what the schema of the sprint field names.
const sprintFieldType = "com.pyxis.greenhopper.jira:gh-sprint"

// agilePage answers with a page of the agile interface, which has no total.
func (c *call) agilePage(all []any) {
	start, size := c.window(50, 50)
	c.json(http.StatusOK, map[string]any{
		"startAt": start, "maxResults": size, "isLast": start+size >= len(all), "values": cut(all, start, size),
	})
}

func (c *call) boards() {
	q := c.r.URL.Query()
	project, kinds := q.Get("projectKeyOrId"), q.Get("type")
	p := c.site.projectNamed(project)
	if project != "" && (p == nil || c.anonymous) {
		c.refuse(http.StatusBadRequest, "No project could be found with key or id '"+project+"'.")
		return
	}
	all := []any{}
	for _, b := range c.site.boards {
		if c.anonymous || project != "" && p.Key != b.ProjectKey || kinds != "" && !slices.Contains(strings.Split(kinds, ","), b.Type) ||
			!strings.Contains(strings.ToLower(b.Name), strings.ToLower(q.Get("name"))) {
			continue
		}
		all = append(all, c.renderBoard(b))
	}
	c.agilePage(all)
}

func (c *call) renderBoard(b *Board) map[string]any {
	doc := map[string]any{"id": b.ID, "self": c.link("/rest/agile/1.0/board/" + number(b.ID)), "name": b.Name, "type": b.Type}
	if p := c.site.projects[b.ProjectKey]; p != nil {
		id, _ := strconv.Atoi(p.ID)
		doc["location"] = map[string]any{"projectId": id, "projectKey": p.Key, "projectName": p.Name}
	}
	return doc
}

// boardOf returns the board that the path names, or answers 404 and returns nil.
func (c *call) boardOf() *Board {
	i := slices.IndexFunc(c.site.boards, func(b *Board) bool { return number(b.ID) == c.r.PathValue("board") })
	if i < 0 || c.anonymous {
		c.refuse(http.StatusNotFound, "The requested board cannot be viewed because it either does not exist or you do not have permission to view it.")
		return nil
	}
	return c.site.boards[i]
}

func (c *call) sprints() {
	b := c.boardOf()
	if b == nil {
		return
	}
	if b.Type != "scrum" {
		c.refuse(http.StatusBadRequest, "The board does not support sprints")
		return
	}
	all := []any{}
	states := c.r.URL.Query().Get("state")
	for _, sp := range b.Sprints {
		if states == "" || slices.Contains(strings.Split(states, ","), sp.State) {
			doc := renderSprint(sp)
			doc["self"], doc["originBoardId"] = c.link("/rest/agile/1.0/sprint/"+number(sp.ID)), c.site.origin(sp)
			all = append(all, doc)
		}
	}
	c.agilePage(all)
}

// boardConfiguration has a column for each status category in use.
func (c *call) boardConfiguration() {
	b := c.boardOf()
	if b == nil {
		return
	}
	columns := []any{}
	for _, column := range []struct{ name, category string }{{"To Do", "new"}, {"In Progress", "indeterminate"}, {"Done", "done"}} {
		statuses := []any{}
		for _, st := range c.site.statuses {
			if p := c.site.projects[b.ProjectKey]; st.Category == column.category && p != nil && slices.Contains(p.Statuses, st.ID) {
				statuses = append(statuses, map[string]any{"id": st.ID, "self": c.link("/rest/api/2/status/" + st.ID)})
			}
		}
		columns = append(columns, map[string]any{"name": column.name, "statuses": statuses})
	}
	doc := c.renderBoard(b)
	doc["columnConfig"] = map[string]any{"columns": columns, "constraintType": "none"}
	c.json(http.StatusOK, doc)
}

// renderSprint renders a sprint; future ones have no dates.
func renderSprint(sp *Sprint) map[string]any {
	doc := map[string]any{"id": sp.ID, "state": sp.State, "name": sp.Name, "goal": ""}
	for key, t := range map[string]time.Time{"startDate": sp.Start, "endDate": sp.End, "completeDate": sp.Complete} {
		if !t.IsZero() {
			doc[key] = sprintTime(t)
		}
	}
	return doc
}

func sprintTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// origin returns the id of the board that a sprint was made on: the first that has it.
func (s *Site) origin(sp *Sprint) int64 {
	for _, b := range s.boards {
		if slices.Contains(b.Sprints, sp) {
			return b.ID
		}
	}
	return 0
}

// renderSprintField renders the sprints of an issue: on Data Center the text
// that Java makes of each.
func (s *Site) renderSprintField(list []*Sprint) any {
	if len(list) == 0 {
		return nil
	}
	out := make([]any, len(list))
	for i, sp := range list {
		board := s.origin(sp)
		if s.Flavor == Cloud {
			doc := renderSprint(sp)
			doc["boardId"] = board
			out[i] = doc
			continue
		}
		date := func(t time.Time) string {
			if t.IsZero() {
				return "<null>"
			}
			return sprintTime(t)
		}
		out[i] = "com.atlassian.greenhopper.service.sprint.Sprint@1bf75fd[id=" + number(sp.ID) + ",rapidViewId=" + number(board) +
			",state=" + strings.ToUpper(sp.State) + ",name=" + sp.Name + ",startDate=" + date(sp.Start) + ",endDate=" + date(sp.End) +
			",completeDate=" + date(sp.Complete) + ",sequence=" + number(sp.ID) + ",goal=]"
	}
	return out
}

// sprintID finds the ids in a sprint field of an export, of either form.
var sprintID = regexp.MustCompile(`"id"\s*:\s*(\d+)|[\[,]id=(\d+)`)

// sprintIDs returns the ids of the sprints in a field's value.
func sprintIDs(v any) []int64 {
	var out []int64
	switch v := v.(type) {
	case []*Sprint:
		for _, sp := range v {
			out = append(out, sp.ID)
		}
	case json.RawMessage:
		for _, m := range sprintID.FindAllSubmatch(v, -1) {
			if id, err := strconv.ParseInt(string(m[1])+string(m[2]), 10, 64); err == nil {
				out = append(out, id)
			}
		}
	}
	return out
}
