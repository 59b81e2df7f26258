package jira

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// bulkHistories is how many records are asked for at a time, the most that Jira
// gives.
const bulkHistories = 10000

// errVanished: Jira says of a part of an issue that there is no such issue.
var errVanished = errors.New("jira gives the issue, and says that it does not exist when it is asked for its history or comments")

// histories reads the complete changelogs of a page's issues.
func (w *walk) histories(ctx context.Context, readings []*reading) error {
	if w.flavor == jiradata.DataCenter { // they came with the issues, where they were asked for
		for _, r := range readings {
			r.broken = r.inlineHistories()
		}
		return nil
	}
	if len(readings) == 0 {
		return nil
	}
	err := w.bulkHistories(ctx, readings)
	if errors.Is(err, errTooLong) && len(readings) > 1 {
		half := len(readings) / 2
		for _, part := range [][]*reading{readings[:half], readings[half:]} {
			for _, r := range part {
				r.histories, r.broken = nil, nil
			}
			if err := w.histories(ctx, part); err != nil {
				return err
			}
		}
		return nil
	}
	if !noEndpoint(err) && !errors.Is(err, errTooLong) {
		return err
	}
	// Not every gateway has the bulk endpoint; all have the one for a single issue,
	// which also has smaller pages.
	for _, r := range readings {
		r.histories, r.broken = nil, nil
		switch err := w.pagedHistories(ctx, r); {
		case provenAbsent(err):
			r.broken = errVanished
		case errors.Is(err, errTooLong):
			r.broken = fmt.Errorf("its history: %s", reason(err))
		case err != nil:
			return unproven(err)
		}
	}
	return nil
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
	seen := map[[2]number]bool{} // records, by issue and id; empty while there is one page
	stale, pending := 0, 0
	for {
		var page bulkPage
		if err := w.c.post(ctx, endpoint, "rest/api/3/changelog/bulkfetch", body, &page); err != nil {
			return err
		}
		if page.Logs == nil {
			return lacking(endpoint, "list of changelogs")
		}
		before := len(seen)
		for _, doc := range page.Logs {
			id, histories, err := changelogIn(doc)
			if err != nil {
				return &Error{Endpoint: endpoint, Detail: err.Error(), kind: ErrBadReply}
			}
			if id == 0 || histories == nil {
				return lacking(endpoint, "issue, or no list of records, of a changelog")
			}
			r := byID[id]
			if r == nil {
				continue
			}
			had := len(r.histories)
			if pending += len(histories); pending > maxPending {
				return &Error{Endpoint: endpoint, kind: errTooLong}
			}
			r.add(histories)
			if page.NextPageToken == "" {
				continue
			}
			for i := had; i < len(r.histories); i++ {
				seen[[2]number{id, r.histories[i].ID}] = true
			}
		}
		if page.NextPageToken == "" {
			return nil
		}
		if stale++; len(seen) > before {
			stale = 0
		}
		if err := checkToken(endpoint, used, page.NextPageToken, stale); err != nil {
			return err
		}
		body.NextPageToken = page.NextPageToken
	}
}

// bulkPage is a page of the changelogs of many issues.
type bulkPage struct {
	Logs          []json.RawMessage `json:"issueChangeLogs"`
	NextPageToken string            `json:"nextPageToken"`
}

// split implements splitter.
func (p *bulkPage) split(doc json.RawMessage) (err error) {
	for name, value := range members(doc) {
		switch name {
		case "issueChangeLogs":
			p.Logs, err = documents(value)
		case "nextPageToken":
			err = json.Unmarshal(value, &p.NextPageToken)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// changelogIn returns the records in one changelog of such a page, and the issue that
// they are of.
func changelogIn(doc json.RawMessage) (issue number, histories []json.RawMessage, err error) {
	for name, value := range members(doc) {
		switch name {
		case "issueId":
			err = issue.UnmarshalJSON(value)
		case "changeHistories":
			histories, err = documents(value)
		}
		if err != nil {
			return 0, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return issue, histories, nil
}

// pagedHistories reads the changelog of one issue.
func (w *walk) pagedHistories(ctx context.Context, r *reading) error {
	const endpoint = "issue/changelog"
	size := 100
	for start := 0; ; {
		var page struct {
			Total  *int              `json:"total"`
			Values []json.RawMessage `json:"values"`
		}
		q := url.Values{"startAt": {strconv.Itoa(start)}, "maxResults": {strconv.Itoa(size)}}
		err := w.c.get(ctx, endpoint, fmt.Sprintf("rest/api/2/issue/%d/changelog", r.issue.ID), q, &page)
		if errors.Is(err, errTooLong) && size > 1 {
			size /= 2
			continue
		}
		if err != nil {
			return err
		}
		if page.Values == nil || page.Total == nil {
			return lacking(endpoint, "list of records, or no total")
		}
		r.add(page.Values)
		start += len(page.Values)
		if start >= *page.Total || r.broken != nil {
			return nil
		}
		if len(page.Values) == 0 {
			return &Error{Endpoint: endpoint, Detail: fmt.Sprintf("it gave %d records of %d", start, *page.Total), kind: jiradata.ErrIncomplete}
		}
	}
}

// add reads records of an issue's history one by one, so that a broken one affects
// no other issue.
func (r *reading) add(raw []json.RawMessage) {
	if r.broken != nil {
		return
	}
	if len(r.histories)+len(raw) > maxRecords {
		r.broken = fmt.Errorf("its history has more than %d records", maxRecords)
		r.histories = nil
		return
	}
	r.histories = slices.Grow(r.histories, len(raw))
	var last author
	for _, doc := range raw {
		var h history
		if err := h.read(doc, &last); err != nil {
			r.broken = fmt.Errorf("history record: %w", err)
			return
		}
		r.histories = append(r.histories, h)
	}
}

// author is the author of a record and the JSON that it was decoded from: the next
// record usually has the same author, and is not decoded again.
type author struct {
	text json.RawMessage
	who  *account
}

// read reads a record that came with a valid document.
func (h *history) read(doc json.RawMessage, last *author) error {
	for name, value := range members(doc) {
		var err error
		switch name {
		case "id":
			err = h.ID.UnmarshalJSON(value)
		case "created":
			err = h.Created.UnmarshalJSON(value)
		case "author":
			if !bytes.Equal(value, last.text) {
				*last = author{text: value}
				err = json.Unmarshal(value, &last.who)
			}
			h.Author = last.who
		case "items":
			if !isNull(value) {
				h.Items = []item{}
			}
			for raw := range elements(value) {
				var it item
				if err = it.read(raw); err != nil {
					break
				}
				h.Items = append(h.Items, it)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// read reads a changed field that came with a valid document.
func (it *item) read(doc json.RawMessage) error {
	for name, value := range members(doc) {
		var err error
		plainly := func(out *string) {
			var v text
			err = v.UnmarshalJSON(value)
			*out = string(v)
		}
		switch name {
		case "field":
			plainly(&it.Field)
		case "fieldtype":
			plainly(&it.FieldType)
		case "fieldId":
			plainly(&it.FieldID)
		case "from":
			err = it.From.UnmarshalJSON(value)
		case "fromString":
			err = it.FromString.UnmarshalJSON(value)
		case "to":
			err = it.To.UnmarshalJSON(value)
		case "toString":
			err = it.ToString.UnmarshalJSON(value)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// inlineHistories takes the changelog that came with an issue of Data Center.
func (r *reading) inlineHistories() error {
	log := r.issue.Changelog
	if log == nil || log.Histories == nil {
		return errors.New("its changelog is missing")
	}
	if log.Total != nil && *log.Total != len(log.Histories) {
		return fmt.Errorf("its changelog is cut: %d records of %d", len(log.Histories), *log.Total)
	}
	r.histories = log.Histories
	return nil
}
