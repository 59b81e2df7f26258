package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/latency"
)

// Search yields the stories that a query finds, complete with history and
// comments, in ascending order of Jira's ids. where is JQL without an ORDER
// BY. After a story id it goes on behind that story, and fails with
// archive.ErrCursorLost if the query does not find that one any more. Issues that
// cannot be understood come as quarantined. The first error ends the search:
// what is missing then proves nothing.
//
// On Data Center a query should be about one project: there, ids of different
// projects cannot be compared in a query, and a longer answer about several
// ends in archive.ErrIncomplete.
func (c *Client) Search(ctx context.Context, where string, after int64) iter.Seq2[archive.Page, error] {
	return func(yield func(archive.Page, error) bool) {
		w, err := c.newWalk(ctx, where)
		if err == nil && after > 0 {
			err = w.goOnAfter(ctx, after)
		}
		if err != nil {
			yield(archive.Page{}, err)
			return
		}
		for page, err := range w.pages(ctx) {
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// Issues reads stories by id, as they are at this moment: what searches find
// may be minutes old. It returns the ids of those that do not exist, or may
// not be seen, as missing.
func (c *Client) Issues(ctx context.Context, ids []int64) (page archive.Page, missing []int64, err error) {
	w, err := c.newWalk(ctx, "")
	if err != nil {
		return archive.Page{}, nil, err
	}
	return w.issues(ctx, ids)
}

// Parents reads issues by id for their user fields and their parents alone: of
// those, 0 for all, that were updated since an instant. It returns the ids of
// those that it found not to exist, or not to be seen, as missing.
func (c *Client) Parents(ctx context.Context, ids []int64, since latency.Instant) (page archive.Page, missing []int64, err error) {
	w, err := c.newWalk(ctx, "")
	if err != nil {
		return page, nil, err
	}
	w.parents = true
	if since == 0 {
		return w.issues(ctx, ids)
	}
	for chunk := range slices.Chunk(ids, pageSize) {
		list := make([]string, len(chunk))
		for i, id := range chunk {
			list[i] = strconv.FormatInt(id, 10)
		}
		w.where = fmt.Sprintf("id in (%s) AND updated >= %d", strings.Join(list, ","), since)
		var part archive.Page
		var absent []int64
		for p, searchErr := range w.pages(ctx) {
			if err = searchErr; err != nil {
				break
			}
			part.Stories = append(part.Stories, p.Stories...)
			part.Quarantined = append(part.Quarantined, p.Quarantined...)
		}
		if errors.Is(err, ErrRefused) || errors.Is(err, archive.ErrIncomplete) {
			// One id that does not exist any more spoils the query.
			part, absent, err = w.issues(ctx, chunk)
		}
		if err != nil {
			return page, nil, err
		}
		page.Stories = append(page.Stories, part.Stories...)
		page.Quarantined = append(page.Quarantined, part.Quarantined...)
		missing = append(missing, absent...)
	}
	return page, missing, nil
}

// walk is one search on its way.
type walk struct {
	c      *Client
	schema *schema
	flavor archive.Flavor
	where  string
	// parents: the issues are read for their user fields and parents alone
	parents bool
	met     bool              // the fields were read again for this walk
	epics   map[string]string // id by key of epics that were looked up; "" for those not to be seen
}

func (c *Client) newWalk(ctx context.Context, where string) (*walk, error) {
	s, err := c.fieldsRead(ctx)
	if err != nil {
		return nil, err
	}
	flavor, err := c.Flavor(ctx)
	if err != nil {
		return nil, err
	}
	return &walk{c: c, schema: s, flavor: flavor, where: where, epics: map[string]string{}}, nil
}

// goOnAfter makes w find only what comes behind a story, which it must find itself.
func (w *walk) goOnAfter(ctx context.Context, id int64) error {
	alive, err := w.finds(ctx, id)
	if err == nil && !alive {
		err = archive.ErrCursorLost
	}
	w.where = fmt.Sprintf("(%s) AND id > %d", w.where, id)
	return err
}

// pages yields what w finds, complete.
func (w *walk) pages(ctx context.Context) iter.Seq2[archive.Page, error] {
	search := w.byToken
	if w.flavor == archive.DataCenter {
		search = w.byID
	}
	return func(yield func(archive.Page, error) bool) {
		for raw, err := range search(ctx) {
			var page archive.Page
			if err == nil {
				page, err = w.complete(ctx, raw)
			}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// issues reads issues one by one, which is always current.
func (w *walk) issues(ctx context.Context, ids []int64) (page archive.Page, missing []int64, err error) {
	q := url.Values{"fields": {strings.Join(w.schema.requested(!w.parents), ",")}}
	if w.flavor == archive.DataCenter {
		q.Set("expand", "changelog")
	}
	for chunk := range slices.Chunk(ids, pageSize) {
		raw := make([]json.RawMessage, 0, len(chunk))
		for _, id := range chunk {
			var doc json.RawMessage
			err := w.c.get(ctx, "issue", "rest/api/2/issue/"+strconv.FormatInt(id, 10), q, &doc)
			if errors.Is(err, ErrNotFound) {
				missing = append(missing, id)
				continue
			}
			if err != nil {
				return page, nil, err
			}
			raw = append(raw, doc)
		}
		part, err := w.complete(ctx, raw)
		if err != nil {
			return page, nil, err
		}
		page.Stories = append(page.Stories, part.Stories...)
		page.Quarantined = append(page.Quarantined, part.Quarantined...)
	}
	return page, missing, nil
}
