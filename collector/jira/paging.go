package jira

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/idset"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// pageSize is how many issues are asked for at a time. Cloud gives no more when
// fields are named, and with histories more are too heavy for Data Center.
const pageSize = 100

// chunkSize is how many issues of Cloud are completed together: their
// histories, of thirty records each, are one request.
const chunkSize = 300

// search paths of the two flavours.
const (
	cloudSearch = "rest/api/2/search/jql"
	dcSearch    = "rest/api/2/search"
)

// searchPage is a page of either flavour's search.
type searchPage struct {
	Issues        []json.RawMessage `json:"issues"`
	Total         int               `json:"total"`         // Data Center
	Counted       bool              `json:"-"`             // it has a total
	NextPageToken string            `json:"nextPageToken"` // Cloud; its isLast is not relied on
	bare          bool              // its issues have to be read by id
	Warnings      []json.RawMessage // Cloud's warnings, Data Center's warningMessages
}

// split implements splitter.
func (p *searchPage) split(doc json.RawMessage) (err error) {
	for name, value := range members(doc) {
		switch name {
		case "issues":
			p.Issues, err = documents(value)
		case "total":
			p.Counted = !isNull(value)
			err = json.Unmarshal(value, &p.Total)
		case "nextPageToken":
			err = json.Unmarshal(value, &p.NextPageToken)
		case "warnings", "warningMessages":
			if p.Warnings, err = documents(value); err != nil { // their form is documented nowhere
				p.Warnings, err = []json.RawMessage{value}, nil
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// searchBody is the request of either flavour's search.
type searchBody struct {
	JQL           string   `json:"jql"`
	Fields        []string `json:"fields"`
	MaxResults    int      `json:"maxResults"`
	NextPageToken string   `json:"nextPageToken,omitempty"`
	Expand        []string `json:"expand,omitempty"`          // Data Center
	Reconcile     []int64  `json:"reconcileIssues,omitempty"` // Cloud
}

// ask sends one search.
func (w *walk) ask(ctx context.Context, body searchBody) (searchPage, error) {
	var page searchPage
	endpoint, path := "search/jql", cloudSearch
	if w.flavor == jiradata.DataCenter {
		endpoint, path = "search", dcSearch
	}
	err := w.c.post(ctx, endpoint, path, body, &page)
	if errors.Is(err, errTooLong) && len(body.Fields) > 1 {
		// It is asked for without what makes it long, and its issues are read by id.
		body.Fields, body.Expand = []string{"status"}, nil
		if page, err = w.ask(ctx, body); err == nil {
			page.bare = true
		}
		return page, err
	}
	if err != nil {
		return page, err
	}
	if page.Issues == nil {
		return page, lacking(endpoint, "list of issues")
	}
	if w.flavor == jiradata.DataCenter && !page.Counted {
		return page, lacking(endpoint, "total")
	}
	for _, doc := range page.Warnings {
		warning := warningIn(doc)
		if leftOut.MatchString(warning) {
			return page, &Error{Endpoint: endpoint, Detail: warning, kind: errLeftOut}
		}
		w.warned = append(w.warned, warning)
		w.c.warn(endpoint, warning)
	}
	return page, nil
}

// errLeftOut means that Jira says it may have left results out.
var errLeftOut = fmt.Errorf("%w: Jira warns that it may have left results out", jiradata.ErrIncomplete)

// leftOut is what such a warning contains. No list of them is documented.
var leftOut = regexp.MustCompile(`(?i)limit_exceeded|limit exceeded|truncat`)

// warningIn returns the text of a warning: a text itself, or a document.
func warningIn(doc json.RawMessage) string {
	var s string
	if json.Unmarshal(doc, &s) != nil {
		s = string(doc)
	}
	return shorten(s)
}

// maxWarnings is how many different warnings are logged.
const maxWarnings = 100

// warn logs a warning of Jira, each once.
func (c *Client) warn(endpoint, warning string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.warned[warning] || len(c.warned) >= maxWarnings {
		return
	}
	c.warned[warning] = true
	c.log.Warn("Jira warns of a search", zap.String("endpoint", endpoint), zap.String("warning", warning))
}

// search yields what a query finds, in either flavour. On Data Center it must
// be about one project, or fit on a page.
func (w *walk) search(ctx context.Context, where string) iter.Seq2[chunk, error] {
	if w.flavor == jiradata.DataCenter {
		return w.pageByID(ctx, where)
	}
	return w.pageByToken(ctx, w.request(where))
}

// cloud searches all projects together, oldest story first: an instant of
// creation never changes, so a search that was interrupted goes on from the
// last one, whatever happened to the stories meanwhile.
func (w *walk) cloud(ctx context.Context) iter.Seq2[chunk, error] {
	where := w.everything()
	if ms, err := strconv.ParseInt(w.query.Cursor, 10, 64); err == nil {
		where = fmt.Sprintf("(%s) AND %s", where, w.literal.since("created", latency.Instant(ms)))
	}
	return w.pageByToken(ctx, w.request(where))
}

// maxStale is how many pages in a row may bring nothing new: a filter may leave some
// empty, and a broken Jira may return new tokens for ever.
const maxStale = 10

// pageByToken pages through Cloud's search, for as long as there is a token: isLast
// is not always right.
func (w *walk) pageByToken(ctx context.Context, body searchBody) iter.Seq2[chunk, error] {
	return func(yield func(chunk, error) bool) {
		used := map[string]bool{}
		var seen idset.Set
		stale := 0
		var gathered chunk
		for {
			page, err := w.ask(ctx, body)
			if err != nil {
				yield(chunk{}, err)
				return
			}
			stale++
			for _, raw := range page.Issues {
				if seen.Add(idOf(raw)) {
					stale = 0
				}
			}
			if page.bare {
				for c, err := range w.fetchInParts(ctx, page.Issues) {
					if !yield(c, err) || err != nil {
						return
					}
				}
				page.Issues = nil
			}
			gathered.issues = append(gathered.issues, page.Issues...)
			last := page.NextPageToken == ""
			if last || len(gathered.issues) >= chunkSize || sizeOf(gathered.issues) > maxGathered {
				if w.reads != readIDs && w.reads != readUpdates {
					gathered.cursor = w.c.createdCursor(gathered.issues)
				}
				if !yield(gathered, nil) || last {
					return
				}
				gathered = chunk{}
			}
			if err := checkToken("search/jql", used, page.NextPageToken, stale); err != nil {
				yield(chunk{}, err)
				return
			}
			body.NextPageToken = page.NextPageToken
		}
	}
}

// checkToken returns an error where paging by tokens does not advance: for a token
// that was used, or after too many pages that brought nothing new.
func checkToken(endpoint string, used map[string]bool, token string, stale int) error {
	e := &Error{Endpoint: endpoint, kind: jiradata.ErrIncomplete}
	switch {
	case used[token]:
		e.Detail = "it gave the same page token twice"
	case stale >= maxStale:
		e.Detail = fmt.Sprintf("%d pages in a row brought nothing new", stale)
	default:
		used[token] = true
		return nil
	}
	return e
}

// createdCursor returns where to go on behind issues in order of creation: at
// the instant of the last one that has it.
func (c *Client) createdCursor(issues []json.RawMessage) string {
	for _, raw := range slices.Backward(issues) {
		var doc struct {
			Fields struct {
				Created instant `json:"created"`
			} `json:"fields"`
		}
		if json.Unmarshal(raw, &doc) == nil && c.plausible(latency.Instant(doc.Fields.Created)) {
			return strconv.FormatInt(int64(doc.Fields.Created), 10)
		}
	}
	return ""
}

// dataCenter searches project by project, each in the order of ids: those of
// different projects cannot be compared in a query. What fits on a page, as
// what changed lately does, is asked for at once.
func (w *walk) dataCenter(ctx context.Context) iter.Seq2[chunk, error] {
	return func(yield func(chunk, error) bool) {
		projects := slices.Sorted(slices.Values(w.query.Projects))
		if w.query.Since != 0 || len(projects) == 0 {
			page, err := w.ask(ctx, w.request(w.everything()))
			if err == nil && page.bare && len(page.Issues) >= page.Total {
				for c, err := range w.fetchInParts(ctx, page.Issues) {
					if !yield(c, err) || err != nil {
						return
					}
				}
				return
			}
			if err != nil || len(page.Issues) >= page.Total {
				yield(chunk{issues: page.Issues}, err)
				return
			}
		}
		if len(projects) == 0 {
			visible, _, _, err := w.c.Projects(ctx, nil)
			if err != nil {
				yield(chunk{}, err)
				return
			}
			for _, p := range visible {
				projects = append(projects, p.Key)
			}
			slices.Sort(projects)
		}
		if named := w.named(); named != "" {
			for c, err := range w.pageByID(ctx, named) {
				if !yield(chunk{issues: c.issues}, err) || err != nil {
					return
				}
			}
		}
		at, behind, _ := strings.Cut(w.query.Cursor, " ")
		for _, key := range projects {
			if key < at {
				continue
			}
			where := w.scope([]string{key}, w.query.Since)
			if id, err := strconv.ParseInt(behind, 10, 64); err == nil && key == at {
				// From a story that is not found any more it cannot go on.
				alive, err := w.finds(ctx, where, id)
				if err != nil {
					yield(chunk{}, err)
					return
				}
				if alive {
					where = fmt.Sprintf("(%s) AND id > %d", where, id)
				}
			}
			for c, err := range w.pageByID(ctx, where) {
				if c.cursor != "" {
					c.cursor = key + " " + c.cursor
				}
				if !yield(c, err) || err != nil {
					return
				}
			}
		}
	}
}

// finds reports whether a query still finds a story that it found.
func (w *walk) finds(ctx context.Context, where string, id int64) (bool, error) {
	page, err := w.ask(ctx, searchBody{JQL: fmt.Sprintf("(%s) AND id >= %d ORDER BY id ASC", where, id), Fields: []string{"status"}, MaxResults: 1})
	if errors.Is(err, ErrRefused) {
		return false, nil // Jira refuses to compare with an issue that it does not know
	}
	if err != nil {
		return false, err
	}
	return len(page.Issues) > 0 && idOf(page.Issues[0]) == id, nil
}

// pageByID pages through Data Center's search, each page behind the last story of the
// one before: offsets shift when stories come and go, and end at a limit. Each page
// has the number of stories that are left, which is how a story that was deleted,
// from which the next page should go on, is noticed.
func (w *walk) pageByID(ctx context.Context, where string) iter.Seq2[chunk, error] {
	return func(yield func(chunk, error) bool) {
		body := w.request(where)
		var seen idset.Set
		given := 0
		first, left := -1, -1 // what the query found at first, and what it should find now
		var anchors []int64   // stories to go on from: those of the last page, the last one last
		for {
			page, err := w.ask(ctx, body)
			refused := errors.Is(err, ErrRefused) && len(anchors) > 0
			if err != nil && !refused {
				yield(chunk{}, err)
				return
			}
			if refused || page.Total < left {
				alive, findErr := w.finds(ctx, where, anchors[len(anchors)-1])
				if !alive && findErr == nil {
					if anchors = anchors[:len(anchors)-1]; len(anchors) > 0 {
						body.JQL, left = from(where, anchors), left+1
						continue
					}
					findErr = &Error{Endpoint: "search", Detail: "all stories of a page went away while it was read", kind: jiradata.ErrIncomplete}
				}
				// The last story is there, so fewer are left because some went away.
				if err = cmp.Or(findErr, err); err != nil {
					yield(chunk{}, err)
					return
				}
			}
			if first < 0 {
				first = page.Total
			}
			fresh := chunk{issues: make([]json.RawMessage, 0, len(page.Issues))}
			anchors = anchors[:0]
			for _, raw := range page.Issues {
				id := idOf(raw)
				if id != 0 {
					anchors = append(anchors, id)
					fresh.cursor = strconv.FormatInt(id, 10)
				}
				if seen.Add(id) || id == 0 {
					fresh.issues = append(fresh.issues, raw)
				}
			}
			found := len(fresh.issues)
			given += found
			if page.bare {
				for c, err := range w.fetchInParts(ctx, fresh.issues) {
					if !yield(c, err) || err != nil {
						return
					}
				}
				fresh.issues = nil
			}
			if !yield(fresh, nil) {
				return
			}
			if len(page.Issues) >= page.Total {
				break
			}
			if found == 0 || len(anchors) == 0 {
				yield(chunk{}, &Error{Endpoint: "search", Detail: fmt.Sprintf("a page brought nothing new though %d issues are left", page.Total), kind: jiradata.ErrIncomplete})
				return
			}
			body.JQL, left = from(where, anchors), page.Total-len(page.Issues)
		}
		if given >= first {
			return
		}
		// Some went away during the search, or were never given.
		page, err := w.ask(ctx, searchBody{JQL: where, Fields: []string{"status"}, MaxResults: 1})
		if err == nil && given < min(first, page.Total) {
			err = &Error{Endpoint: "search", Detail: fmt.Sprintf("it gave %d issues of %d", given, page.Total), kind: jiradata.ErrIncomplete}
		}
		if err != nil {
			yield(chunk{}, err)
		}
	}
}

// from returns the query for what comes behind the last of some stories.
func from(where string, anchors []int64) string {
	return fmt.Sprintf("(%s) AND id > %d ORDER BY id ASC", where, anchors[len(anchors)-1])
}
