package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Activity is how much there is in a project, and when something last happened.
type Activity struct {
	Issues int             // of all types, as Jira counts them; Cloud's count may lag
	Last   latency.Instant // when an issue was last updated; 0: there is none
}

// Activity asks how much happens in a project: in one request, on Cloud in two.
func (c *Client) Activity(ctx context.Context, projectKey string) (Activity, error) {
	flavor, err := c.Flavor(ctx)
	if err != nil {
		return Activity{}, err
	}
	scope := fmt.Sprintf("project = %q", projectKey)
	endpoint, path := "search", "rest/api/2/search"
	if flavor == jiradata.Cloud {
		endpoint, path = "search/jql", "rest/api/2/search/jql"
	}
	var doc struct {
		Total  int               `json:"total"`
		Issues []json.RawMessage `json:"issues"`
	}
	q := url.Values{"jql": {scope + " ORDER BY updated DESC"}, "maxResults": {"1"}, "fields": {"updated"}}
	if err := c.get(ctx, endpoint, path, q, &doc); err != nil {
		return Activity{}, err
	}
	out := Activity{Issues: doc.Total}
	if len(doc.Issues) > 0 {
		var r reading
		if err := r.issue.read(doc.Issues[0]); err == nil {
			out.Last = r.updated()
		}
	}
	if flavor != jiradata.Cloud || len(doc.Issues) == 0 {
		return out, nil
	}
	var counted struct {
		Count int `json:"count"`
	}
	body := struct {
		JQL string `json:"jql"`
	}{scope}
	err = c.post(ctx, "search/approximate-count", "rest/api/3/search/approximate-count", body, &counted)
	if err != nil && !lasting(err) { // not every gateway has it
		return out, err
	}
	out.Issues = max(1, counted.Count)
	return out, nil
}
