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
		var text document
		if err := w.c.post(ctx, endpoint, "rest/api/3/changelog/bulkfetch", body, &text); err != nil {
			return err
		}
		token, err := addPage(endpoint, text, byID, func(h []history) records { return records{list: h} })
		if err != nil { // one record may be why
			token, err = addPage(endpoint, text, byID, func(r records) records { return r })
		}
		if err != nil {
			return err
		}
		if token == "" {
			return nil
		}
		if used[token] {
			return &Error{Endpoint: endpoint, Detail: "it gave the same page token twice", kind: archive.ErrIncomplete}
		}
		used[token] = true
		body.NextPageToken = token
	}
}

// addPage adds a page of the changelogs of many issues to their readings, and
// returns the token of the next one. It decodes the records of an issue as R.
func addPage[R any](endpoint string, text document, readings map[number]*reading, of func(R) records) (token string, err error) {
	var page struct {
		Logs []struct {
			IssueID   number `json:"issueId"`
			Histories R      `json:"changeHistories"`
		} `json:"issueChangeLogs"`
		NextPageToken string `json:"nextPageToken"`
	}
	if err := decode(endpoint, text, &page); err != nil {
		return "", err
	}
	if page.Logs == nil {
		return "", lacking(endpoint, "list of changelogs")
	}
	for _, log := range page.Logs {
		if r := readings[log.IssueID]; r != nil {
			r.add(of(log.Histories))
		}
	}
	return page.NextPageToken, nil
}

// pagedHistories reads the changelog of one issue.
func (w *walk) pagedHistories(ctx context.Context, r *reading) error {
	const endpoint = "issue/changelog"
	for start := 0; ; {
		var page struct {
			Total  int      `json:"total"`
			Values *records `json:"values"`
		}
		q := url.Values{"startAt": {strconv.Itoa(start)}, "maxResults": {"100"}}
		if err := w.c.get(ctx, endpoint, fmt.Sprintf("rest/api/2/issue/%d/changelog", r.issue.ID), q, &page); err != nil {
			return err
		}
		if page.Values == nil {
			return lacking(endpoint, "list of records")
		}
		r.add(*page.Values)
		start += page.Values.count
		if start >= page.Total {
			return nil
		}
		if page.Values.count == 0 {
			return &Error{Endpoint: endpoint, Detail: fmt.Sprintf("it gave %d records of %d", start, page.Total), kind: archive.ErrIncomplete}
		}
	}
}

// records are records of one issue's history. One that cannot be decoded
// spoils those, and not the document they came in.
type records struct {
	list   []history
	count  int   // readable or not
	broken error // why one of them cannot be read
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *records) UnmarshalJSON(b []byte) error {
	if r.broken = json.Unmarshal(b, &r.list); r.broken == nil {
		r.count = len(r.list)
		return nil
	}
	r.broken = fmt.Errorf("history record: %w", r.broken)
	var each []json.RawMessage
	if err := json.Unmarshal(b, &each); err != nil {
		return err
	}
	r.count = len(each)
	return nil
}

// add takes records of an issue's history.
func (r *reading) add(page records) {
	if page.broken != nil {
		r.broken = page.broken
	}
	if r.histories == nil {
		r.histories = page.list
		return
	}
	r.histories = append(r.histories, page.list...)
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
