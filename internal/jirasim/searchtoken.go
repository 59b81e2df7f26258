package jirasim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// unbounded is Cloud's refusal of a search without a restriction.
const unbounded = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."

// tokenSearch is a request to Cloud's search. Its names are all that a body may hold.
type tokenSearch struct {
	JQL             string   `json:"jql"`
	NextPageToken   *string  `json:"nextPageToken"`
	MaxResults      *int     `json:"maxResults"`
	Fields          []string `json:"fields"`
	Expand          string   `json:"expand"`
	Properties      []string `json:"properties"`
	FieldsByKeys    bool     `json:"fieldsByKeys"`
	FailFast        bool     `json:"failFast"`
	ReconcileIssues []int64  `json:"reconcileIssues"`
}

// readTokenSearch reads a search from the body of a POST, whose query counts
// for nothing, or from the query.
func (c *call) readTokenSearch() (req tokenSearch, ok bool) {
	if c.r.Method == http.MethodPost {
		ok = c.read(&req)
		return req, ok
	}
	q := c.r.URL.Query()
	token := q.Get("nextPageToken")
	req.JQL, req.NextPageToken, req.Fields, req.Expand = q.Get("jql"), &token, q["fields"], strings.Join(q["expand"], ",")
	if v := q.Get("maxResults"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			c.refuse(http.StatusBadRequest, "The max results parameter has to be a number.")
			return req, false
		}
		req.MaxResults = &n
	}
	for id := range strings.SplitSeq(strings.Join(q["reconcileIssues"], ","), ",") {
		if id == "" {
			continue
		}
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			c.refuse(http.StatusBadRequest, "The reconcile issues parameter has to be a list of issue ids.")
			return req, false
		}
		req.ReconcileIssues = append(req.ReconcileIssues, n)
	}
	return req, true
}

// searchByToken is Cloud's search. It checks the token, then the size of the
// page, then the query.
func (c *call) searchByToken() {
	req, ok := c.readTokenSearch()
	if !ok {
		return
	}
	list, offset, ok := readToken(req.NextPageToken, searchToken)
	first := req.NextPageToken == nil || *req.NextPageToken == ""
	size := 50
	if req.MaxResults != nil {
		size = *req.MaxResults
	}
	switch {
	case !ok:
		c.refuse(http.StatusBadRequest, badToken)
		return
	case size < 1 || size > 5000:
		c.refuse(http.StatusBadRequest, "The max results parameter has to be between 1 and 5,000.")
		return
	case len(req.ReconcileIssues) > 50:
		c.refuse(http.StatusBadRequest, "The reconcile issues parameter may hold at most 50 issue ids.")
		return
	}
	q := c.boundedQuery(req.JQL)
	if q == nil {
		return
	}
	fields := readFields(req.Fields, "id")
	if !fields.only("id", "key") {
		size = min(size, c.opts.SearchPage) // large pages are for ids alone
	} else if c.opts.IDPage > 0 {
		size = min(size, c.opts.IDPage)
	}
	index := c.index(req.ReconcileIssues)
	var w *walk
	if first {
		w = &walk{jql: req.JQL}
		if !c.anonymous {
			for _, is := range c.site.run(q, index) {
				w.ids = append(w.ids, is.ID)
			}
		}
	} else if w = c.walks.get(list); w == nil || w.jql != req.JQL {
		c.refuse(http.StatusBadRequest, badToken)
		return
	}
	issues := []issueDoc{}
	for _, id := range cut(w.ids, offset, size) {
		// What was found may have changed since, or gone.
		i, there := c.site.position(id)
		if !there || c.anonymous || c.withheld(id) {
			continue
		}
		if is := index(c.site.ordered[i]); is != nil {
			issues = append(issues, c.render(is, fields, expands([]string{req.Expand}, "changelog")))
		}
	}
	last := offset+size >= len(w.ids)
	if c.opts.IsLast != nil {
		last = c.opts.IsLast(last)
	}
	doc := map[string]any{"issues": issues, "isLast": last}
	if c.opts.Warnings != nil {
		warnings := []any{}
		for _, text := range c.opts.Warnings(req.JQL) {
			warnings = append(warnings, map[string]any{"type": text, "message": "The search has a warning."})
		}
		doc["warnings"] = warnings
	}
	if offset+size < len(w.ids) {
		if first {
			list = c.walks.add(w)
		}
		doc["nextPageToken"] = writeToken(searchToken, list, offset+size)
		if c.opts.RepeatToken && !first {
			doc["nextPageToken"] = *req.NextPageToken
		}
	}
	c.json(http.StatusOK, doc)
}

// boundedQuery parses a query that Cloud takes, or refuses it and returns nil.
func (c *call) boundedQuery(jql string) *query {
	q, err := c.site.parseJQL(jql)
	switch {
	case err != nil:
		c.refuse(http.StatusBadRequest, err.Error())
		return nil
	case !q.bounded:
		c.refuse(http.StatusBadRequest, unbounded)
		return nil
	}
	return q
}

func (c *call) approximateCount() {
	var req struct {
		JQL string `json:"jql"`
	}
	if !c.read(&req) {
		return
	}
	q := c.boundedQuery(req.JQL)
	if q == nil {
		return
	}
	count := 0
	if !c.anonymous {
		count = len(c.site.run(q, c.index(nil)))
	}
	c.json(http.StatusOK, map[string]any{"count": count})
}

// index returns the state of an issue that a search sees, nil if it sees none;
// named issues are seen as they are.
func (c *call) index(named []int64) func(*Issue) *Issue {
	present := func(is *Issue) *Issue {
		if is.invisible() {
			return nil
		}
		return is
	}
	if !c.lags() {
		return present
	}
	now := c.site.Now()
	return func(is *Issue) *Issue {
		if slices.Contains(named, is.ID) {
			return present(is)
		}
		if c.opts.Unindexed != nil && c.opts.Unindexed(is.ID) {
			return nil
		}
		lag := c.opts.IndexLag
		if c.opts.IndexLagOf != nil {
			lag = c.opts.IndexLagOf(is.ID)
		}
		at := now.Add(-min(lag, maxLag))
		if is.invisibleAt(at) {
			return nil
		}
		return is.asOf(at)
	}
}

// withheld reports whether no page holds an issue.
func (c *call) withheld(issue int64) bool { return c.opts.Withhold != nil && c.opts.Withhold(issue) }

// lags reports whether searches may see something else than reads by id.
func (c *call) lags() bool {
	return c.opts.IndexLag != 0 || c.opts.IndexLagOf != nil || c.opts.Unindexed != nil
}

// walk is a search that is being paged through: the ids that it found when it
// began.
type walk struct {
	jql string
	ids []int64
}

// maxWalks is how many searches may be paged through at a time; the tokens of
// older ones expire.
const maxWalks = 256

// walks are the searches that are being paged through, by number from 1.
type walks struct {
	mu   sync.Mutex
	last int
	of   map[int]*walk
}

// get returns a search by its number, nil if it is not known any more.
func (w *walks) get(n int) *walk {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.of[n]
}

// add keeps a search and returns its number.
func (w *walks) add(one *walk) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == nil {
		w.of = map[int]*walk{}
	}
	w.last++
	w.of[w.last] = one
	delete(w.of, w.last-maxWalks)
	return w.last
}
