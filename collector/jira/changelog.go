package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/yourturn/yourturn/internal/archive"
)

// bulkHistories is how many records are asked for at a time: the most that
// Jira gives.
const bulkHistories = 10000

// errVanished: an issue that a search found does not exist any more.
var errVanished = errors.New("the issue vanished while it was read")

// histories reads the complete changelogs of a page's issues. It returns
// those that vanished since the search.
func (w *walk) histories(ctx context.Context, readings []*reading) (gone map[*reading]bool, err error) {
	gone = map[*reading]bool{}
	if w.flavor == archive.DataCenter { // they came with the issues, where they were asked for
		for _, r := range readings {
			r.broken = r.inlineHistories()
		}
		return gone, nil
	}
	if len(readings) == 0 {
		return gone, nil
	}
	err = w.bulkHistories(ctx, readings)
	if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrGone) {
		return gone, err
	}
	// Not every gateway has the bulk endpoint; one by one it always goes.
	for _, r := range readings {
		r.histories = nil
		switch err := w.pagedHistories(ctx, r); {
		case errors.Is(err, ErrNotFound):
			gone[r] = true
		case err != nil:
			return gone, err
		}
	}
	return gone, nil
}

// bulkHistories reads the changelogs of many issues together. Its pages are
// ordered by date over all of them, so an issue's records come in pieces.
func (w *walk) bulkHistories(ctx context.Context, readings []*reading) error {
	const endpoint = "changelog/bulkfetch"
	type request struct {
		IDs           []string `json:"issueIdsOrKeys"`
		MaxResults    int      `json:"maxResults"`
		NextPageToken string   `json:"nextPageToken,omitempty"`
	}
	body := request{MaxResults: bulkHistories}
	byID := make(map[number]*reading, len(readings))
	for _, r := range readings {
		if byID[r.issue.ID] == nil {
			body.IDs = append(body.IDs, strconv.FormatInt(int64(r.issue.ID), 10))
		}
		byID[r.issue.ID] = r
	}
	used := map[string]bool{}
	for {
		var page struct {
			Logs []struct {
				IssueID   number            `json:"issueId"`
				Histories []json.RawMessage `json:"changeHistories"`
			} `json:"issueChangeLogs"`
			NextPageToken string `json:"nextPageToken"`
		}
		if err := w.c.post(ctx, endpoint, "rest/api/3/changelog/bulkfetch", body, &page); err != nil {
			return err
		}
		if page.Logs == nil {
			return lacking(endpoint, "list of changelogs")
		}
		for _, log := range page.Logs {
			r := byID[log.IssueID]
			if r == nil {
				continue
			}
			if err := r.addHistories(log.Histories); err != nil {
				r.broken = err
			}
		}
		if page.NextPageToken == "" {
			return nil
		}
		if used[page.NextPageToken] {
			return &Error{Endpoint: endpoint, Detail: "it gave the same page token twice", kind: archive.ErrIncomplete}
		}
		used[page.NextPageToken] = true
		body.NextPageToken = page.NextPageToken
	}
}

// pagedHistories reads the changelog of one issue.
func (w *walk) pagedHistories(ctx context.Context, r *reading) error {
	const endpoint = "issue/changelog"
	for start := 0; ; {
		var page struct {
			Total  int               `json:"total"`
			Values []json.RawMessage `json:"values"`
		}
		q := url.Values{"startAt": {strconv.Itoa(start)}, "maxResults": {"100"}}
		if err := w.c.get(ctx, endpoint, fmt.Sprintf("rest/api/2/issue/%d/changelog", r.issue.ID), q, &page); err != nil {
			return err
		}
		if page.Values == nil {
			return lacking(endpoint, "list of records")
		}
		if err := r.addHistories(page.Values); err != nil {
			r.broken = err
		}
		start += len(page.Values)
		if start >= page.Total {
			return nil
		}
		if len(page.Values) == 0 {
			return &Error{Endpoint: endpoint, Detail: fmt.Sprintf("it gave %d records of %d", start, page.Total), kind: archive.ErrIncomplete}
		}
	}
}

// addHistories decodes records one by one, so that a broken one spoils its
// own issue and no other.
func (r *reading) addHistories(raw []json.RawMessage) error {
	for _, doc := range raw {
		var h history
		if err := json.Unmarshal(doc, &h); err != nil {
			return fmt.Errorf("history record: %w", err)
		}
		r.histories = append(r.histories, h)
	}
	return nil
}

// inlineHistories takes the changelog that came with an issue of Data Center.
func (r *reading) inlineHistories() error {
	log := r.issue.Changelog
	if log == nil {
		return errors.New("its changelog is missing")
	}
	if log.Total != nil && *log.Total != len(log.Histories) {
		return fmt.Errorf("its changelog is cut: %d records of %d", len(log.Histories), *log.Total)
	}
	r.histories = log.Histories
	return nil
}
