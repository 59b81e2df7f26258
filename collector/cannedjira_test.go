package collector_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// canned is a Cloud whose pages are encoded once: to serve them costs next to
// nothing, so that what is measured is the poller. Its issues have 30 records
// and 5 comments each, and differ in their ids alone.
type canned struct {
	issues    int
	pages     map[int]*stencil // of a search, by how many issues are on it
	histories map[int]*stencil // by how many issues they are of
}

const (
	cannedFirst    = 100_000_000 // the first issue's id; all have nine digits
	cannedRecords  = 30
	cannedComments = 5
)

// stencil is a document with numbers of nine digits that differ from page to page.
type stencil struct {
	text  []byte
	marks []mark
}

// mark is a number of a stencil: first on page 0, by step more with each issue.
type mark struct{ at, first, step int }

func (s *stencil) say(format string, args ...any) { s.text = fmt.Appendf(s.text, format, args...) }

func (s *stencil) number(first, step int) {
	s.marks = append(s.marks, mark{len(s.text), first, step})
	s.text = append(s.text, "000000000"...)
}

// print returns the document for a page that begins with the issue at an offset.
func (s *stencil) print(offset int) []byte {
	out := append([]byte(nil), s.text...)
	for _, m := range s.marks {
		n := m.first + offset*m.step
		for i := m.at + 8; i >= m.at; i-- {
			out[i] = byte('0' + n%10)
			n /= 10
		}
	}
	return out
}

const cannedUser = `{"self":"https://example.atlassian.net/rest/api/2/user?accountId=5b10ac8d82e05b22cc7d4ef5","accountId":"5b10ac8d82e05b22cc7d4ef5","accountType":"atlassian","displayName":"Ada Ohm","active":true,"timeZone":"Europe/Berlin"}`

func newCanned(issues int) *canned {
	return &canned{issues: issues, pages: map[int]*stencil{}, histories: map[int]*stencil{}}
}

// page returns the stencil of n issues of a search.
func (c *canned) page(n int) *stencil {
	if s := c.pages[n]; s != nil {
		return s
	}
	s := &stencil{}
	s.say(`"issues":[`)
	for i := range n {
		if i > 0 {
			s.say(",")
		}
		s.say(`{"expand":"renderedFields,names,schema,operations,editmeta,changelog","id":"`)
		s.number(cannedFirst+i, 1)
		s.say(`","self":"https://example.atlassian.net/rest/api/2/issue/`)
		s.number(cannedFirst+i, 1)
		s.say(`","key":"PAY-`)
		s.number(cannedFirst+i, 1)
		s.say(`","fields":{"created":"2026-01-05T10:00:00.000+0100","updated":"2026-02-05T10:00:00.000+0100","creator":%s,"assignee":%s,"customfield_10050":%s,`, cannedUser, cannedUser, cannedUser)
		s.say(`"status":{"self":"https://example.atlassian.net/rest/api/2/status/1","description":"","name":"Open","id":"1","statusCategory":{"id":2,"key":"new","colorName":"blue-gray","name":"To Do"}},`)
		s.say(`"issuetype":{"self":"https://example.atlassian.net/rest/api/2/issuetype/10","id":"10","description":"","name":"Story","subtask":false,"hierarchyLevel":0},`)
		s.say(`"project":{"self":"https://example.atlassian.net/rest/api/2/project/100","id":"100","key":"PAY","name":"Payments","projectTypeKey":"software"},`)
		s.say(`"labels":["a","b"],"components":[],"resolution":null,"comment":{"self":"https://example.atlassian.net","maxResults":%d,"total":%d,"startAt":0,"comments":[`, cannedComments, cannedComments)
		for j := range cannedComments {
			if j > 0 {
				s.say(",")
			}
			s.say(`{"self":"https://example.atlassian.net/rest/api/2/comment","id":"`)
			s.number(cannedFirst+i*cannedComments+j, cannedComments)
			s.say(`","author":%s,"updateAuthor":%s,"body":"I have looked at the second case too, and it behaves as the first one does: shall we keep it?","created":"2026-01-1%dT10:00:00.000+0100","updated":"2026-01-1%dT10:00:00.000+0100","jsdPublic":true}`, cannedUser, cannedUser, j, j)
		}
		s.say(`]}}}`)
	}
	s.say(`]`)
	c.pages[n] = s
	return s
}

// history returns the stencil of the changelogs of n issues.
func (c *canned) history(n int) *stencil {
	if s := c.histories[n]; s != nil {
		return s
	}
	s := &stencil{}
	s.say(`{"issueChangeLogs":[`)
	for i := range n {
		if i > 0 {
			s.say(",")
		}
		s.say(`{"issueId":"`)
		s.number(cannedFirst+i, 1)
		s.say(`","changeHistories":[`)
		for j := range cannedRecords {
			if j > 0 {
				s.say(",")
			}
			s.say(`{"id":"`)
			s.number(cannedFirst+i*cannedRecords+j, cannedRecords)
			s.say(`","author":%s,"created":%d,"items":[{"field":"status","fieldtype":"jira","fieldId":"status","from":"1","fromString":"Open","to":"2","toString":"PO Review"}]}`, cannedUser, 1_767_600_000_000+int64(j)*3_600_000)
		}
		s.say(`]}`)
	}
	s.say(`],"nextPageToken":null}`)
	c.histories[n] = s
	return s
}

// ServeHTTP implements http.Handler. Requests come one at a time.
func (c *canned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Date", "Fri, 06 Mar 2026 10:00:00 GMT")
	var body struct {
		JQL           string   `json:"jql"`
		Fields        []string `json:"fields"`
		MaxResults    int      `json:"maxResults"`
		NextPageToken string   `json:"nextPageToken"`
		IDs           []string `json:"issueIdsOrKeys"`
	}
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	say := func(text string) { w.Write([]byte(text)) } //nolint:errcheck // the reader went away
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/serverInfo"):
		say(`{"deploymentType":"Cloud","version":"1"}`)
	case strings.HasSuffix(path, "/myself"):
		say(cannedUser)
	case strings.HasSuffix(path, "/field"):
		say(`[{"id":"customfield_10050","name":"Product Owner","schema":{"type":"user"}}]`)
	case strings.HasSuffix(path, "/status"):
		say(`[{"id":"1","name":"Open","statusCategory":{"key":"new"}},{"id":"2","name":"PO Review","statusCategory":{"key":"indeterminate"}}]`)
	case strings.HasSuffix(path, "/issuetype"):
		say(`[{"id":"10","name":"Story"}]`)
	case strings.HasSuffix(path, "/project/search"):
		say(`{"values":[{"id":"100","key":"PAY","name":"Payments"}],"isLast":true,"total":1}`)
	case strings.HasSuffix(path, "/changelog/bulkfetch"):
		first, err := strconv.Atoi(body.IDs[0])
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Write(c.history(len(body.IDs)).print(first - cannedFirst)) //nolint:errcheck // the reader went away
	case strings.HasSuffix(path, "/search/jql"):
		offset, _ := strconv.Atoi(body.NextPageToken) //nolint:errcheck // none is the first page
		n := min(body.MaxResults, c.issues-offset)
		next := "null"
		if offset+n < c.issues && body.MaxResults > 1 {
			next = fmt.Sprintf("%q", strconv.Itoa(offset+n))
		}
		fmt.Fprintf(w, `{"isLast":%t,"nextPageToken":%s,`, next == "null", next)
		if len(body.Fields) == 1 && body.Fields[0] == "id" {
			say(`"issues":[`)
			for i := range n {
				fmt.Fprintf(w, `%s{"id":"%d"}`, strings.Repeat(",", min(i, 1)), cannedFirst+offset+i)
			}
			say(`]`)
		} else {
			w.Write(c.page(n).print(offset)) //nolint:errcheck // the reader went away
		}
		say(`}`)
	default:
		http.NotFound(w, r)
	}
}

// serveCanned serves a canned Jira of so many issues as a process of its own,
// and says where.
func serveCanned(issues string) error {
	n, err := strconv.Atoi(issues)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return http.Serve(l, newCanned(n)) //nolint:gosec // of a test
}
