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

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Search yields the stories that a query finds, complete with history and
// comments. Issues that cannot be understood come as quarantined. The first
// error ends the search: what is missing then proves nothing.
//
// A query that Jira refuses because of the issues named in it (one of them was
// deleted, or they are too many) is sent again without them; the page says so.
func (c *Client) Search(ctx context.Context, q jiradata.Query) iter.Seq2[jiradata.Page, error] {
	return func(yield func(jiradata.Page, error) bool) {
		w, err := c.newWalk(ctx, q, readStories)
		if err != nil {
			yield(jiradata.Page{}, err)
			return
		}
		for page, err := range w.pages(ctx) {
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// Issues reads stories by id, as they are now: what searches find may be minutes old.
// It returns the ids of those that do not exist, or that the account cannot see, as
// missing.
func (c *Client) Issues(ctx context.Context, ids []int64) (page jiradata.Page, missing []int64, err error) {
	w, err := c.newWalk(ctx, jiradata.Query{}, readStories)
	if err != nil {
		return jiradata.Page{}, nil, err
	}
	return w.readByID(ctx, ids)
}

// Parents reads issues by id for their user fields and their parents alone: of
// those, 0 for all, that were updated since an instant. It returns the ids of
// those that do not exist, or that the account cannot see, as missing.
func (c *Client) Parents(ctx context.Context, ids []int64, since latency.Instant) (page jiradata.Page, missing []int64, err error) {
	w, err := c.newWalk(ctx, jiradata.Query{}, readParents)
	if err != nil {
		return page, nil, err
	}
	if since == 0 || len(ids) == 0 {
		return w.readByID(ctx, ids)
	}
	if w.literal, err = w.instants(ctx, fmt.Sprintf("id in (%s)", list(ids[:1]))); err != nil {
		return page, nil, err
	}
	for chunk := range slices.Chunk(ids, pageSize) {
		var part jiradata.Page
		var absent []int64
		for p, searchErr := range w.completePages(ctx, w.search(ctx, fmt.Sprintf("id in (%s) AND %s", list(chunk), w.literal.since("updated", since)))) {
			if err = searchErr; err != nil {
				break
			}
			part.Stories = append(part.Stories, p.Stories...)
			part.Quarantined = append(part.Quarantined, p.Quarantined...)
		}
		if errors.Is(err, ErrRefused) || errors.Is(err, jiradata.ErrIncomplete) {
			// Jira refuses the query for one id that does not exist any more.
			part, absent, err = w.readByID(ctx, chunk)
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

// reads is what a walk reads of each issue.
type reads int

const (
	readStories reads = iota // all that the rules read
	readParents              // the user fields and the parent
	readIDs
	readUpdates // the instant of the last update
	readTitles  // what it is called
)

// walk is one search, or one reading by id, under way.
type walk struct {
	c            *Client
	schema       *schema
	flavor       jiradata.Flavor
	query        jiradata.Query
	reads        reads
	literal      literal           // how instants are written in queries
	warned       []string          // warnings of Jira that no page has passed on yet
	fieldsReread bool              // the fields were read again for this walk
	epics        map[string]string // id by key of epics that were looked up; "" for those that cannot be seen
}

// fields returns the fields to ask for.
func (w *walk) fields() []string {
	switch w.reads {
	case readIDs:
		return []string{"id"}
	case readUpdates:
		return []string{"updated"}
	case readParents:
		return w.schema.requested(false)
	case readTitles:
		return []string{summaryField, securityField}
	default:
		fields := w.schema.requested(true)
		if w.c.titles {
			fields = append(fields, summaryField, securityField)
		}
		return fields
	}
}

func (c *Client) newWalk(ctx context.Context, q jiradata.Query, what reads) (*walk, error) {
	s, err := c.fieldsRead(ctx)
	if err != nil {
		return nil, err
	}
	flavor, err := c.Flavor(ctx)
	if err != nil {
		return nil, err
	}
	w := &walk{c: c, schema: s, flavor: flavor, query: q, reads: what, epics: map[string]string{}}
	if q.Since != 0 || q.Cursor != "" {
		w.literal, err = w.instants(ctx, w.scope(q.Projects, 0))
	}
	return w, err
}

// chunk is a part of what a search found, not yet complete.
type chunk struct {
	issues      []json.RawMessage
	quarantined []jiradata.Quarantined // issues of it whose documents are too long to be read
	cursor      string                 // behind it
}

// find yields what the query finds, in either flavour.
func (w *walk) find(ctx context.Context) iter.Seq2[chunk, error] {
	if w.flavor == jiradata.DataCenter {
		return w.dataCenter(ctx)
	}
	return w.cloud(ctx)
}

// pages yields what the query finds, complete.
func (w *walk) pages(ctx context.Context) iter.Seq2[jiradata.Page, error] {
	return func(yield func(jiradata.Page, error) bool) {
		begun, named := false, true
		for {
			again := false
			for page, err := range w.completePages(ctx, w.find(ctx)) {
				if again = !begun && w.named() != "" && (errors.Is(err, ErrRefused) || errors.Is(err, errLeftOut)); again {
					break
				}
				begun = true
				page.Named = named
				page.Zoned = w.literal.zone != nil
				page.Warnings, w.warned = w.warned, nil
				if !yield(page, err) || err != nil {
					return
				}
			}
			if !again {
				return
			}
			w.query.Canary, w.query.Parents, named = 0, nil, false
		}
	}
}

// named returns the clause of the issues that are asked for by id; "" if there
// are none.
func (w *walk) named() string {
	var clauses []string
	if ids := w.query.Parents; len(ids) > 0 {
		clauses = append(clauses, fmt.Sprintf("id in (%s) AND %s", list(ids), w.literal.since("updated", w.query.Since)))
	}
	if id := w.query.Canary; id != 0 {
		clauses = append(clauses, fmt.Sprintf("id in (%d)", id))
	}
	return strings.Join(clauses, " OR ")
}

// scope returns the clause of the stories of some projects, none: wherever,
// that were updated since an instant, 0: ever.
func (w *walk) scope(projects []string, since latency.Instant) string {
	var clauses []string
	if len(projects) > 0 {
		quoted := make([]string, len(projects))
		for i, p := range projects {
			quoted[i] = quote(p)
		}
		clauses = append(clauses, "project in ("+strings.Join(quoted, ", ")+")")
	}
	if w.query.JQL != "" {
		clauses = append(clauses, "("+w.query.JQL+")")
	}
	if since != 0 {
		clauses = append(clauses, w.literal.since("updated", since))
	}
	return strings.Join(clauses, " AND ")
}

// everything returns the clause of all that is asked for.
func (w *walk) everything() string {
	scope, named := w.scope(w.query.Projects, w.query.Since), w.named()
	if named == "" {
		return scope
	}
	return "(" + scope + ") OR " + named
}

// quote returns a text as JQL's quotes hold it.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// list returns ids as the inside of a JQL list.
func list(ids []int64) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(id, 10))
	}
	return b.String()
}

// readByID reads issues by id, which is always current.
func (w *walk) readByID(ctx context.Context, ids []int64) (page jiradata.Page, missing []int64, err error) {
	for part := range slices.Chunk(ids, pageSize) {
		absent, err := w.getIssues(ctx, part, func(c chunk) error {
			done, gone, err := w.completeChunk(ctx, c.issues)
			if err != nil {
				return err
			}
			missing = append(missing, gone...)
			page.Stories = append(page.Stories, done.Stories...)
			page.Quarantined = slices.Concat(page.Quarantined, done.Quarantined, c.quarantined)
			return nil
		})
		if err != nil {
			return page, nil, err
		}
		missing = append(missing, absent...)
	}
	return page, missing, nil
}

// getIssues reads some issues by id: together where that is possible, else one
// by one. It hands them on in parts that are not too large for the memory; those
// whose document alone is too long are quarantined.
func (w *walk) getIssues(ctx context.Context, ids []int64, hand func(chunk) error) (missing []int64, err error) {
	var have chunk
	rest := ids
	if w.flavor == jiradata.Cloud && len(ids) > 1 {
		have.issues, rest, err = w.getBulk(ctx, ids)
		if errors.Is(err, errTooLong) {
			for half := range slices.Chunk(ids, (len(ids)+1)/2) {
				absent, err := w.getIssues(ctx, half, hand)
				if err != nil {
					return nil, err
				}
				missing = append(missing, absent...)
			}
			return missing, nil
		}
		if err != nil && !noEndpoint(err) {
			return nil, err
		}
		// What it does not give is asked for one by one: only a refusal of one issue
		// proves anything about it.
	}
	q := url.Values{"fields": {strings.Join(w.fields(), ",")}}
	if w.flavor == jiradata.DataCenter {
		q.Set("expand", "changelog")
	}
	for _, id := range rest {
		var doc json.RawMessage
		err := w.c.get(ctx, "issue", "rest/api/2/issue/"+strconv.FormatInt(id, 10), q, &doc)
		if provenAbsent(err) {
			missing = append(missing, id)
			continue
		}
		if errors.Is(err, errTooLong) {
			q, err := w.unreadable(ctx, id, err)
			if err != nil {
				return nil, err
			}
			have.quarantined = append(have.quarantined, q)
			continue
		}
		if err != nil {
			return nil, unproven(err)
		}
		if idOf(doc) != id {
			return nil, lacking("issue", "issue of that id")
		}
		have.issues = append(have.issues, doc)
		if sizeOf(have.issues) > maxGathered {
			if err := hand(have); err != nil {
				return nil, err
			}
			have = chunk{}
		}
	}
	return missing, hand(have)
}

// errEnough ends a reading whose parts nobody wants any more.
var errEnough = errors.New("enough was read")

// fetchInParts reads the issues of a page of a search that was too long as a whole,
// by id and in halves, down to one. No part is too large for the memory.
func (w *walk) fetchInParts(ctx context.Context, shown []json.RawMessage) iter.Seq2[chunk, error] {
	return func(yield func(chunk, error) bool) {
		ids := make([]int64, 0, len(shown))
		for _, doc := range shown {
			if id := idOf(doc); id != 0 {
				ids = append(ids, id)
			}
		}
		_, err := w.getIssues(ctx, ids, func(part chunk) error {
			if !yield(part, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(chunk{}, err)
		}
	}
}

// getBulk reads issues of Cloud together, with their comments as documents,
// and returns the ids that it did not get.
func (w *walk) getBulk(ctx context.Context, ids []int64) (raw []json.RawMessage, rest []int64, err error) {
	var body struct {
		IDs    []string `json:"issueIdsOrKeys"`
		Fields []string `json:"fields"`
	}
	for _, id := range ids {
		body.IDs = append(body.IDs, strconv.FormatInt(id, 10))
	}
	body.Fields = w.fields()
	var page struct {
		Issues []json.RawMessage `json:"issues"`
	}
	if err := w.c.post(ctx, "issue/bulkfetch", "rest/api/3/issue/bulkfetch", body, &page); err != nil {
		return nil, ids, err
	}
	if page.Issues == nil {
		return nil, nil, lacking("issue/bulkfetch", "list of issues")
	}
	given := map[int64]bool{}
	for _, doc := range page.Issues {
		given[idOf(doc)] = true
	}
	return page.Issues, slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return given[id] }), nil
}
