package jira

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/yourturn/yourturn/internal/idset"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// idPage is how many ids are asked for at a time. Data Center gives fewer if
// its administrator says so.
const (
	idPageCloud      = 5000
	idPageDataCenter = 1000
)

// IDs yields the ids alone of what a query finds, each once. It costs a small part of
// reading the issues. The first error ends it.
func (c *Client) IDs(ctx context.Context, q jiradata.Query) iter.Seq2[[]int64, error] {
	return func(yield func([]int64, error) bool) {
		w, err := c.newWalk(ctx, q, readIDs)
		if err != nil {
			yield(nil, err)
			return
		}
		if scope := w.scope(q.Projects, 0); scope != "" {
			// It is tried out here, in a census, so that no poll has to.
			if w.literal, err = w.instants(ctx, scope); err != nil {
				yield(nil, err)
				return
			}
		}
		var seen idset.Set
		for chunk, err := range w.find(ctx) {
			var fresh []int64
			for _, raw := range chunk.issues {
				id := idOf(raw)
				if id == 0 && err == nil {
					err = &Error{Endpoint: "search", Detail: fmt.Sprintf("an issue has no id: %.40s", raw), kind: jiradata.ErrIncomplete}
				}
				if seen.Add(id) {
					fresh = append(fresh, id)
				}
			}
			if !yield(fresh, err) || err != nil {
				return
			}
		}
		if q.Since == 0 && w.flavor == jiradata.Cloud {
			if err := w.counts(ctx, seen.Len()); err != nil {
				yield(nil, err)
			}
		}
	}
}

// counts compares how many ids a search gave with how many issues Jira Cloud counts,
// because its pages have no total. The count is approximate: a few more or less
// prove nothing.
func (w *walk) counts(ctx context.Context, given int) error {
	const endpoint = "search/approximate-count"
	body := struct {
		JQL string `json:"jql"`
	}{w.scope(w.query.Projects, 0)}
	var doc struct {
		Count *int `json:"count"`
	}
	if err := w.c.post(ctx, endpoint, "rest/api/3/search/approximate-count", body, &doc); err != nil {
		if lasting(err) {
			return nil // not every gateway has it
		}
		return err
	}
	if doc.Count == nil {
		return lacking(endpoint, "count")
	}
	if missing := *doc.Count - given; missing > uncounted && missing*100 > *doc.Count {
		return &Error{Endpoint: endpoint, Detail: fmt.Sprintf("a search gave %d issues of about %d", given, *doc.Count), kind: jiradata.ErrIncomplete}
	}
	return nil
}

// uncounted is how many issues Jira Cloud may count too many: its count lags as
// its searches do.
const uncounted = 10

// Updates yields when what a query finds was updated, by id. It costs a small part
// of reading the issues. Issues that cannot be understood are left out. The first
// error ends it.
func (c *Client) Updates(ctx context.Context, q jiradata.Query) iter.Seq2[map[int64]latency.Instant, error] {
	return func(yield func(map[int64]latency.Instant, error) bool) {
		w, err := c.newWalk(ctx, q, readUpdates)
		if err != nil {
			yield(nil, err)
			return
		}
		for chunk, err := range w.find(ctx) {
			updates := make(map[int64]latency.Instant, len(chunk.issues))
			for _, raw := range chunk.issues {
				var r reading
				if r.issue.read(raw) == nil && c.plausible(r.updated()) {
					updates[int64(r.issue.ID)] = r.updated()
				}
			}
			if !yield(updates, err) || err != nil {
				return
			}
		}
	}
}

// reconciled is how many issues of Cloud a search shows as they are now.
const reconciled = 50

// request returns the body of a search: for complete issues, or for a field or two.
func (w *walk) request(where string) searchBody {
	body := searchBody{JQL: where, Fields: w.fields(), MaxResults: pageSize}
	switch cloud, bare := w.flavor == jiradata.Cloud, w.reads == readIDs || w.reads == readUpdates || w.reads == readTitles; {
	case cloud && bare:
		body.MaxResults = idPageCloud
	case bare:
		body.MaxResults = idPageDataCenter
	case !cloud:
		body.Expand = []string{"changelog"}
	}
	if w.flavor == jiradata.Cloud {
		body.JQL += " ORDER BY created ASC, id ASC"
	} else {
		body.JQL += " ORDER BY id ASC"
	}
	return body
}

// Matching returns those of some ids that a query finds. Cloud answers by the issues
// as they are now. Data Center answers by its index, which may lose issues for a
// moment: those that it does not show for their id either count as found.
func (c *Client) Matching(ctx context.Context, jql string, ids []int64) ([]int64, error) {
	w, err := c.newWalk(ctx, jiradata.Query{}, readIDs)
	if err != nil {
		return nil, err
	}
	var out []int64
	for part := range slices.Chunk(ids, reconciled) {
		found, err := w.matching(ctx, part, " AND ("+jql+")")
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
		others := slices.DeleteFunc(slices.Clone(part), func(id int64) bool { return slices.Contains(found, id) })
		if w.flavor == jiradata.Cloud || len(others) == 0 {
			continue
		}
		shown, err := w.matching(ctx, others, "")
		if err != nil {
			return nil, err
		}
		out = append(out, slices.DeleteFunc(others, func(id int64) bool { return slices.Contains(shown, id) })...)
	}
	return out, nil
}

// matching asks for those of some ids that a further clause finds.
func (w *walk) matching(ctx context.Context, ids []int64, clause string) ([]int64, error) {
	where := fmt.Sprintf("id in (%s)%s", list(ids), clause)
	find := w.pageByID(ctx, where)
	if w.flavor == jiradata.Cloud {
		body := w.request(where)
		body.Reconcile = ids
		find = w.pageByToken(ctx, body)
	}
	found := make([]int64, 0, len(ids))
	for chunk, err := range find {
		if err != nil {
			return nil, err
		}
		for _, raw := range chunk.issues {
			id := idOf(raw)
			if id == 0 {
				return nil, lacking("search", "id of an issue")
			}
			found = append(found, id)
		}
	}
	return found, nil
}

// TryQuery asks Jira whether it understands a query: for what was updated since
// now, so that the answer is small. jql may be "".
func (c *Client) TryQuery(ctx context.Context, jql string, now latency.Instant) error {
	if jql == "" {
		return nil
	}
	for _, err := range c.IDs(ctx, jiradata.Query{JQL: jql, Since: now}) {
		if err != nil {
			return fmt.Errorf("jira.jql: %w", err)
		}
		break
	}
	return nil
}
