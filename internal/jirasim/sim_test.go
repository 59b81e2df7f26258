package jirasim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// start is when the simulation's first issue is created.
func start() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

// sim is a small Jira that is served over HTTP: project PAY, people ada and dev.
type sim struct {
	*testing.T
	site     *jirasim.Site
	server   *jirasim.Server
	url      string
	now      time.Time
	pay, web *jirasim.Project
	ada, dev *jirasim.User
}

// serve returns a sim. Without an Authorization header of its own, a request
// bears the right token.
func serve(t *testing.T, flavor jirasim.Flavor, o jirasim.Options) *sim {
	t.Helper()
	s := &sim{T: t, now: start().Add(24 * time.Hour)}
	s.site = jirasim.NewSite(flavor, func() time.Time { return s.now })
	s.site.Zone = time.FixedZone("", 2*60*60)
	user := func(ref string) *jirasim.User {
		return s.site.AddUser(&jirasim.User{
			Ref: ref, AccountID: "acc:" + ref, Name: ref, Key: "JIRAUSER-" + ref, DisplayName: strings.ToUpper(ref), AccountType: "atlassian", Active: true, TimeZone: "America/New_York",
		})
	}
	s.ada, s.dev = user("ada"), user("dev")
	s.site.Self = user("bot")
	s.site.AddStatus(&jirasim.Status{ID: "1", Name: "Open", Category: "new"})
	s.site.AddStatus(&jirasim.Status{ID: "2", Name: "PO Review", Category: "indeterminate"})
	s.site.AddStatus(&jirasim.Status{ID: "3", Name: "Done", Category: "done"})
	s.site.AddType(&jirasim.IssueType{ID: "10", Name: "Story"})
	s.site.AddType(&jirasim.IssueType{ID: "11", Name: "Sub-task", Subtask: true, Level: -1})
	s.site.AddField(&jirasim.Field{ID: "customfield_10020", Name: "Sprint", Custom: true, SchemaType: "array", SchemaItems: "json", SchemaCustom: "com.pyxis.greenhopper.jira:gh-sprint"})
	s.site.AddField(&jirasim.Field{ID: "customfield_10050", Name: "Product Owner", Custom: true, SchemaType: "user", SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"})
	s.pay = s.site.AddProject(&jirasim.Project{ID: "100", Key: "PAY", Name: "Payment Service", Lead: s.ada, IssueTypes: []string{"10", "11"}, Statuses: []string{"1", "2", "3"}})
	s.web = s.site.AddProject(&jirasim.Project{ID: "101", Key: "WEB", Name: "Web", IssueTypes: []string{"10"}, Statuses: []string{"1", "3"}})
	o.Token = "secret"
	if flavor == jirasim.Cloud {
		o.Email = "bot@example.com"
	} else {
		o.ContextPath = "/jira"
	}
	s.server = jirasim.NewServer(s.site, o)
	srv := httptest.NewServer(s.server)
	t.Cleanup(srv.Close)
	s.url = srv.URL + o.ContextPath
	return s
}

// both runs a test on both flavours.
func both(t *testing.T, o jirasim.Options, test func(*sim)) {
	t.Helper()
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(string(flavor), func(t *testing.T) { test(serve(t, flavor, o)) })
	}
}

func (s *sim) cloud() bool { return s.site.Flavor == jirasim.Cloud }

// minute returns the n-th minute of the simulation.
func minute(n int) time.Time { return start().Add(time.Duration(n) * time.Minute) }

// create creates a story in minute n.
func (s *sim) create(n int) int64 {
	return s.site.CreateIssue(minute(n), s.dev, s.pay, map[string]any{
		"summary": "story", "issuetype": map[string]any{"id": "10", "name": "Story"}, "status": map[string]any{"id": "1", "name": "Open"},
		"assignee": s.dev, "customfield_10050": nil,
	})
}

// move moves a story to PO Review in minute n.
func (s *sim) move(issue int64, n int) int64 {
	from, to, open, review := "1", "2", "Open", "PO Review"
	return s.site.Change(minute(n), s.dev, issue, map[string]any{"status": map[string]any{"id": "2", "name": "PO Review"}},
		jirasim.Item{Field: "status", FieldType: "jira", FieldID: "status", From: &from, FromString: &open, To: &to, ToString: &review})
}

// doc is a decoded answer.
type doc = map[string]any

// answer is an answer to a request.
type answer struct {
	*http.Response
	text string
	json any
}

// doc returns the answer as an object, empty if it is none.
func (a answer) doc() doc {
	d, _ := a.json.(doc)
	return d
}

// list returns a list within the answer, empty if there is none.
func (a answer) list(key string) []any {
	l, _ := a.doc()[key].([]any)
	return l
}

// message returns the first message of Jira's error envelope.
func (a answer) message() string {
	if list := a.list("errorMessages"); len(list) > 0 {
		return list[0].(string)
	}
	return ""
}

// request sends a request; header is of name and value.
func (s *sim) request(method, path, body string, header ...string) (answer, error) {
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	if s.cloud() {
		r.SetBasicAuth("bot@example.com", "secret")
	} else {
		r.Header.Set("Authorization", "Bearer secret")
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(r) // no redirects
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	a := answer{Response: resp, text: string(text)}
	json.Unmarshal(text, &a.json) //nolint:errcheck // not every answer is JSON
	return a, err
}

// get sends a GET, which must be answered.
func (s *sim) get(path string, header ...string) answer {
	s.Helper()
	a, err := s.request(http.MethodGet, path, "", header...)
	if err != nil {
		s.Fatal(err)
	}
	return a
}

// post sends a POST, which must be answered.
func (s *sim) post(path, body string, header ...string) answer {
	s.Helper()
	a, err := s.request(http.MethodPost, path, body, header...)
	if err != nil {
		s.Fatal(err)
	}
	return a
}

// search searches by the flavour's GET; more are further parameters.
func (s *sim) search(jql string, more ...string) answer {
	s.Helper()
	path := "/rest/api/2/search"
	if s.cloud() {
		path += "/jql"
	}
	q := url.Values{"jql": {jql}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return s.get(path + "?" + q.Encode())
}

// ids returns the ids of the issues in an answer.
func ids(a answer) []int64 {
	out := []int64{}
	for _, is := range a.list("issues") {
		id, _ := strconv.ParseInt(is.(doc)["id"].(string), 10, 64)
		out = append(out, id)
	}
	return out
}

// keys returns the names in an object.
func keys(v any) []string {
	var out []string
	d, _ := v.(doc)
	for name := range d {
		out = append(out, name)
	}
	return out
}
