package jira

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/archive"
)

// pageSize is how many issues are asked for at a time: more are not given by
// Cloud when fields are named, and are too heavy for Data Center with histories.
const pageSize = 100

// search paths of the two flavours.
const (
	cloudSearch = "rest/api/2/search/jql"
	dcSearch    = "rest/api/2/search"
)

// searchPage is a page of either flavour's search.
type searchPage struct {
	Issues        []json.RawMessage `json:"issues"`
	Total         int               `json:"total"`         // Data Center
	NextPageToken string            `json:"nextPageToken"` // Cloud
	IsLast        bool              `json:"isLast"`        // Cloud
	Warnings      []json.RawMessage `json:"warnings"`      // Cloud
}

// searchBody is the request of either flavour's search.
type searchBody struct {
	JQL           string   `json:"jql"`
	Fields        []string `json:"fields"`
	MaxResults    int      `json:"maxResults"`
	NextPageToken string   `json:"nextPageToken,omitempty"`
	Expand        []string `json:"expand,omitempty"`
}

// ask sends one search.
func (w *walk) ask(ctx context.Context, body searchBody) (searchPage, error) {
	var page searchPage
	endpoint, path := "search/jql", cloudSearch
	if w.flavor == archive.DataCenter {
		endpoint, path = "search", dcSearch
	}
	if err := w.c.post(ctx, endpoint, path, body, &page); err != nil {
		return page, err
	}
	if page.Issues == nil {
		return page, &Error{Endpoint: endpoint, Detail: "there is no list of issues in it", kind: ErrBadReply}
	}
	for _, warning := range page.Warnings {
		w.c.log.Warn("Jira warns of a search", zap.ByteString("warning", warning[:min(len(warning), maxDetail)]))
	}
	return page, nil
}

// finds tells whether the query still finds a story that it found.
func (w *walk) finds(ctx context.Context, id int64) (bool, error) {
	page, err := w.ask(ctx, searchBody{JQL: fmt.Sprintf("(%s) AND id >= %d ORDER BY id ASC", w.where, id), Fields: []string{"status"}, MaxResults: 1})
	if errors.Is(err, ErrRefused) {
		return false, nil // Jira refuses to compare with an issue that it does not know
	}
	if err != nil {
		return false, err
	}
	return len(page.Issues) > 0 && idOf(page.Issues[0]) == id, nil
}

// byToken pages through Cloud's search.
func (w *walk) byToken(ctx context.Context) iter.Seq2[[]json.RawMessage, error] {
	return func(yield func([]json.RawMessage, error) bool) {
		body := searchBody{JQL: w.where + " ORDER BY id ASC", Fields: w.schema.requested(!w.parents), MaxResults: pageSize}
		used := map[string]bool{}
		for {
			page, err := w.ask(ctx, body)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page.Issues, nil) || page.IsLast || page.NextPageToken == "" {
				return
			}
			if used[page.NextPageToken] {
				yield(nil, &Error{Endpoint: "search/jql", Detail: "it gave the same page token twice", kind: archive.ErrIncomplete})
				return
			}
			used[page.NextPageToken] = true
			body.NextPageToken = page.NextPageToken
		}
	}
}

// byID pages through Data Center's search: behind the last story of each page,
// for offsets slip when stories come and go, and end at a window of results.
// Jira tells with each page how many are left, so a page that lost its footing
// is noticed: the story it should go on from may have been deleted since.
func (w *walk) byID(ctx context.Context) iter.Seq2[[]json.RawMessage, error] {
	return func(yield func([]json.RawMessage, error) bool) {
		body := searchBody{JQL: w.where + " ORDER BY id ASC", Fields: w.schema.requested(!w.parents), MaxResults: pageSize, Expand: []string{"changelog"}}
		seen := map[int64]bool{}
		given := 0
		first, left := -1, -1 // what the query found at first, and what it should find now
		var footing []int64   // stories to go on from: those of the last page, the last one last
		for {
			page, err := w.ask(ctx, body)
			refused := errors.Is(err, ErrRefused) && len(footing) > 0
			if err != nil && !refused {
				yield(nil, err)
				return
			}
			if refused || page.Total < left {
				alive, findErr := w.finds(ctx, footing[len(footing)-1])
				if !alive && findErr == nil {
					if footing = footing[:len(footing)-1]; len(footing) > 0 {
						body.JQL, left = w.from(footing), left+1
						continue
					}
					findErr = &Error{Endpoint: "search", Detail: "all stories of a page went away while it was read", kind: archive.ErrIncomplete}
				}
				// With its footing there, fewer are left because some went away.
				if err = cmp.Or(findErr, err); err != nil {
					yield(nil, err)
					return
				}
			}
			if first < 0 {
				first = page.Total
			}
			fresh := make([]json.RawMessage, 0, len(page.Issues))
			footing = footing[:0]
			for _, raw := range page.Issues {
				id := idOf(raw)
				if id != 0 {
					footing = append(footing, id)
				}
				if id == 0 || !seen[id] {
					fresh = append(fresh, raw)
				}
				seen[id] = true
			}
			given += len(fresh)
			if !yield(fresh, nil) {
				return
			}
			if len(page.Issues) >= page.Total {
				break
			}
			if len(fresh) == 0 || len(footing) == 0 {
				yield(nil, &Error{Endpoint: "search", Detail: fmt.Sprintf("a page brought nothing new though %d issues are left", page.Total), kind: archive.ErrIncomplete})
				return
			}
			body.JQL, left = w.from(footing), page.Total-len(page.Issues)
		}
		if given >= first {
			return
		}
		// Some went away meanwhile, or were never given.
		page, err := w.ask(ctx, searchBody{JQL: w.where, Fields: []string{"status"}, MaxResults: 1})
		if err == nil && given < min(first, page.Total) {
			err = &Error{Endpoint: "search", Detail: fmt.Sprintf("it gave %d issues of %d", given, page.Total), kind: archive.ErrIncomplete}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// from returns the query for what comes behind the last of some stories.
func (w *walk) from(footing []int64) string {
	return fmt.Sprintf("(%s) AND id > %d ORDER BY id ASC", w.where, footing[len(footing)-1])
}
