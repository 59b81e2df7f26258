package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// comments takes the comments that came with an issue if they are complete, and
// reads them page by page if not: an inline list may be cut, of the oldest, and does
// not say so.
func (w *walk) comments(ctx context.Context, r *reading) error {
	if raw := r.issue.Fields["comment"]; !isNull(raw) {
		var inline commentsDoc
		if err := json.Unmarshal(raw, &inline); err != nil {
			return fmt.Errorf("field comment: %w", err)
		}
		if inline.Comments != nil && inline.Total != nil && *inline.Total == len(inline.Comments) {
			r.comments = inline.Comments
			return nil
		}
	}
	// A comment that is deleted between two pages shifts the next one. A second
	// reading finds the comments that were missed, unless Jira never gives them.
	for range 2 {
		complete, err := w.listComments(ctx, r)
		if provenAbsent(err) {
			return errVanished
		}
		if err != nil || complete {
			return unproven(err)
		}
	}
	r.short = true
	return nil
}

// listComments reads all comments of an issue. It reports whether they are as many
// as Jira counts.
func (w *walk) listComments(ctx context.Context, r *reading) (complete bool, err error) {
	r.comments = r.comments[:0]
	seen := map[number]bool{}
	size := 100
	for start := 0; ; {
		q := url.Values{}
		if w.flavor == jiradata.Cloud {
			q = url.Values{"startAt": {strconv.Itoa(start)}, "maxResults": {strconv.Itoa(size)}, "orderBy": {"created"}}
		} else if start > 0 {
			q.Set("startAt", strconv.Itoa(start)) // the first reply has them all, as a rule
		}
		if w.flavor != jiradata.Cloud && size < 100 {
			q.Set("maxResults", strconv.Itoa(size))
		}
		var page struct {
			Total    *int              `json:"total"`
			Comments []json.RawMessage `json:"comments"`
		}
		err := w.c.get(ctx, "issue/comment", fmt.Sprintf("rest/api/2/issue/%d/comment", r.issue.ID), q, &page)
		if errors.Is(err, errTooLong) {
			if size == 1 {
				return false, fmt.Errorf("its comments: %s", reason(err))
			}
			size /= 2
			continue
		}
		if err != nil {
			return false, err
		}
		if page.Comments == nil || page.Total == nil {
			return false, lacking("issue/comment", "list of comments, or no total")
		}
		for _, raw := range page.Comments {
			if len(raw) > maxComment {
				return false, tooLong("a comment", len(raw), maxComment)
			}
			if len(r.comments) == maxRecords {
				return false, fmt.Errorf("it has more than %d comments", maxRecords)
			}
			var one commentDoc
			if err := json.Unmarshal(raw, &one); err != nil {
				return false, fmt.Errorf("comment: %w", err)
			}
			if !seen[one.ID] {
				seen[one.ID] = true
				r.comments = append(r.comments, one)
			}
		}
		start += len(page.Comments)
		if start >= *page.Total || len(page.Comments) == 0 {
			return len(r.comments) == *page.Total, nil
		}
	}
}
