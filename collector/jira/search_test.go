package jira_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// sim is a simulated Jira with a client on it.
type sim struct {
	*testing.T
	*jira.Client
	site   *jirasim.Site
	server *jirasim.Server
	fault  func(*http.Request) *jirasim.Fault
	pay    *jirasim.Project
	dev    *jirasim.User
	start  time.Time
	cursor string // of the last page found
}

// eachFlavor runs a test against both flavours of Jira.
func eachFlavor(t *testing.T, f func(*sim)) {
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(string(flavor), func(t *testing.T) { f(newSim(t, flavor)) })
	}
}

func newSim(t *testing.T, flavor jirasim.Flavor) *sim {
	return newSimWith(t, flavor, jirasim.Options{})
}

// newSimWith returns a sim whose server has other limits than Jira's.
func newSimWith(t *testing.T, flavor jirasim.Flavor, limits jirasim.Options) *sim {
	s := &sim{T: t, start: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}
	s.site = jirasim.NewSite(flavor, func() time.Time { return s.start.AddDate(1, 0, 0) })
	user := func(ref, kind string) *jirasim.User {
		return s.site.AddUser(&jirasim.User{Ref: ref, AccountID: "acc-" + ref, Name: ref, Key: "key-" + ref, DisplayName: ref, AccountType: kind, Active: true, TimeZone: "UTC"})
	}
	s.dev, s.site.Self = user("dev", "atlassian"), user("bot", "atlassian")
	user("robot", "app")
	s.site.AddStatus(&jirasim.Status{ID: "1", Name: "Open", Category: "new"})
	s.site.AddType(&jirasim.IssueType{ID: "10", Name: "Story"})
	s.site.AddField(&jirasim.Field{ID: "customfield_10050", Name: "Product Owner", Custom: true, SchemaType: "user"})
	s.pay = s.site.AddProject(&jirasim.Project{ID: "100", Key: "PAY", Name: "Payments", IssueTypes: []string{"10"}, Statuses: []string{"1"}})
	email, path := "bot@example.com", ""
	if flavor == jirasim.DataCenter {
		email, path = "", "/jira"
	}
	limits.Token, limits.Email, limits.ContextPath = secret, email, path
	limits.Fault = func(r *http.Request) *jirasim.Fault {
		if s.fault == nil {
			return nil
		}
		return s.fault(r)
	}
	s.server = jirasim.NewServer(s.site, limits)
	srv := httptest.NewServer(s.server)
	t.Cleanup(srv.Close)
	s.Client = newClient(t, jira.Options{URL: srv.URL + path, Email: email, Flavor: "auto", RequestsPerSecond: 10000})
	return s
}

func (s *sim) create() int64 {
	return s.site.CreateIssue(s.start, s.dev, s.pay, map[string]any{
		"summary": "s", "issuetype": map[string]any{"id": "10", "name": "Story"}, "status": map[string]any{"id": "1", "name": "Open"},
		"project": map[string]any{"id": "100", "key": "PAY", "name": "Payments"},
	})
}

// found returns what a search for all of PAY brings, from a cursor on.
func (s *sim) found(cursor string) (jiradata.Page, error) {
	var all jiradata.Page
	for page, err := range s.Search(s.Context(), jiradata.Query{Projects: []string{"PAY"}, Cursor: cursor}) {
		if err != nil {
			return all, err
		}
		all.Stories = append(all.Stories, page.Stories...)
		all.Quarantined = append(all.Quarantined, page.Quarantined...)
		s.cursor = page.Cursor
	}
	return all, nil
}

func ids(page jiradata.Page) []int64 {
	out := make([]int64, 0, len(page.Stories))
	for _, st := range page.Stories {
		out = append(out, st.History.ID)
	}
	return out
}

// counts returns how many records and comments each story has.
func counts(page jiradata.Page) map[int64][2]int {
	out := map[int64][2]int{}
	for _, st := range page.Stories {
		var n [2]int
		for _, ev := range st.History.Events {
			switch ev.Rank {
			case latency.RankRecord:
				n[0]++
			case latency.RankCommentAdded:
				n[1]++
			default:
			}
		}
		out[st.History.ID] = n
	}
	return out
}

func TestHistoriesAndCommentsAreComplete(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		want := map[int64][2]int{}
		for _, n := range [][2]int{{0, 0}, {39, 19}, {40, 20}, {41, 21}, {100, 100}, {101, 101}, {250, 120}} {
			id := s.create()
			want[id] = n
			for i := range n[0] {
				from, to := fmt.Sprint("l", i), fmt.Sprint("l", i+1)
				s.site.Change(s.start.Add(time.Duration(i)*time.Minute), s.dev, id, nil, jirasim.Item{Field: "labels", FieldType: "jira", FieldID: "labels", FromString: &from, ToString: &to})
			}
			for i := range n[1] {
				s.site.Comment(s.start.Add(time.Duration(i)*time.Minute), s.dev, id, fmt.Sprint("comment ", i, "?"))
			}
		}
		byPage, err := s.found("")
		if err != nil {
			s.Fatal(err)
		}
		if diff := cmp.Diff(want, counts(byPage)); diff != "" {
			s.Errorf("records and comments (-want +got):\n%s", diff)
		}
		for _, st := range byPage.Stories {
			if !slices.IsSortedFunc(st.History.Events, latency.CompareEvents) {
				s.Errorf("events of %s are not in order", st.History.Key)
			}
		}
		byID, missing, err := s.Issues(s.Context(), slices.Sorted(maps.Keys(want)))
		if err != nil || missing != nil {
			s.Fatal(missing, err)
		}
		if diff := cmp.Diff(byPage, byID); diff != "" {
			s.Errorf("read by id otherwise than by search (-search +id):\n%s", diff)
		}
		// Without the bulk endpoint it is the same.
		s.fault = func(r *http.Request) *jirasim.Fault {
			if strings.HasSuffix(r.URL.Path, "/bulkfetch") {
				return &jirasim.Fault{Status: 404}
			}
			return nil
		}
		oneByOne, err := s.found("")
		if err != nil {
			s.Fatal(err)
		}
		if diff := cmp.Diff(byPage, oneByOne); diff != "" {
			s.Errorf("without bulk (-with +without):\n%s", diff)
		}
	})
}

func TestSmallPages(t *testing.T) {
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		for _, size := range []int{1, 7, 10} {
			t.Run(fmt.Sprint(flavor, size), func(t *testing.T) {
				s := newSimWith(t, flavor, jirasim.Options{SearchPage: size, ChangelogPage: size, CommentPage: size, InlineComments: size, ResultWindow: 10})
				want := map[int64][2]int{}
				for range 20 {
					id := s.create()
					want[id] = [2]int{15, 15}
					for range 15 {
						s.site.Change(s.start, s.dev, id, nil, jirasim.Item{Field: "summary", FieldType: "jira"})
						s.site.Comment(s.start, s.dev, id, "so")
					}
				}
				page, err := s.found("")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, counts(page)); diff != "" {
					t.Errorf("records and comments (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestRevokedTokenIsNoEmptyJira(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		s.create()
		if _, err := s.found(""); err != nil {
			s.Fatal(err)
		}
		s.server.Revoke()
		if page, err := s.found(""); !errors.Is(err, jira.ErrUnauthorized) {
			s.Errorf("search: got %v and error %v, want %v", ids(page), err, jira.ErrUnauthorized)
		}
		if _, err := s.Myself(s.Context()); !errors.Is(err, jira.ErrUnauthorized) {
			s.Errorf("myself: got error %v, want %v", err, jira.ErrUnauthorized)
		}
	})
}

func TestDescriptions(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		id, err := s.Myself(s.Context())
		if err != nil {
			s.Fatal(err)
		}
		if self := s.site.Self; id.Account != self.ID(s.site.Flavor) || id.TimeZone != "UTC" || id.Flavor != jiradata.Flavor(s.site.Flavor) || id.At != latency.At(s.start.AddDate(1, 0, 0)) {
			s.Errorf("got identity %+v", id)
		}
		meta, err := s.Meta(s.Context(), []string{"PAY"})
		if err != nil {
			s.Fatal(err)
		}
		want := jiradata.Meta{
			Statuses: []jiradata.Status{{ID: "1", Name: "Open", Category: latency.CategoryNew}},
			Projects: []jiradata.Project{{ID: "100", Key: "PAY", Name: "Payments", Workflow: []string{"1"}}},
			Types:    meta.Types, Fields: meta.Fields, Users: []jiradata.User{},
		}
		if diff := cmp.Diff(want, meta); diff != "" {
			s.Errorf("meta (-want +got):\n%s", diff)
		}
		if len(meta.Types) != 1 || meta.Types[0].Name != "Story" || meta.Types[0].Subtask {
			s.Errorf("got types %+v", meta.Types)
		}
		if !slices.ContainsFunc(meta.Fields, func(f jiradata.Field) bool { return f.ID == "customfield_10050" && f.People }) {
			s.Errorf("got fields %+v without the Product Owner", meta.Fields)
		}
		visible, _, _, err := s.Projects(s.Context(), nil)
		if err != nil || len(visible) != 1 || visible[0].Key != "PAY" {
			s.Errorf("got visible projects %+v, %v", visible, err)
		}
		may, err := s.Permissions(s.Context(), "PAY", "BROWSE_PROJECTS")
		if err != nil || !may["BROWSE_PROJECTS"] {
			s.Errorf("got permissions %v, %v", may, err)
		}
		user, err := s.User(s.Context(), s.dev.ID(s.site.Flavor))
		if err != nil || user.DisplayName != "dev" || !user.Active {
			s.Errorf("got user %+v, %v", user, err)
		}
		if _, err := s.User(s.Context(), "nobody"); !errors.Is(err, jira.ErrNotFound) {
			s.Errorf("got error %v for nobody, want %v", err, jira.ErrNotFound)
		}
		found, err := s.FindUsers(s.Context(), "dev")
		if err != nil || len(found) != 1 || found[0].ID != s.dev.ID(s.site.Flavor) {
			s.Errorf("found %+v, %v", found, err)
		}
	})
}

func TestStory(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		cloud := s.site.Flavor == jirasim.Cloud
		robot := s.site.User("robot")
		id := s.site.CreateIssue(s.start, s.dev, s.pay, map[string]any{
			"summary": "secret", "description": "secret", "issuetype": map[string]any{"id": "10", "name": "Story"},
			"status": map[string]any{"id": "1", "name": "Open"}, "project": map[string]any{"id": "100", "key": "PAY", "name": "Payments"},
			"assignee": s.dev, "customfield_10050": nil, "labels": []string{"a", "b"}, "resolution": nil,
			"components": []any{map[string]any{"id": "7", "name": "Checkout"}},
		})
		minute := func(n int) time.Time { return s.start.Add(time.Duration(n) * time.Minute) }
		x, y := "x", "y"
		record := s.site.Change(minute(1), robot, id, nil,
			jirasim.Item{Field: "summary", FieldType: "jira", FieldID: "summary", FromString: &x, ToString: &y},
			jirasim.Item{Field: "description", FieldType: "jira", FieldID: "description", FromString: &x, ToString: &y})
		bare := s.site.Change(minute(2), nil, id, nil, jirasim.Item{Field: "summary", FieldType: "jira", FieldID: "summary", FromString: &y, ToString: &x})
		remark := s.site.Comment(minute(3), nil, id, "done")
		page, err := s.found("")
		if err != nil {
			s.Fatal(err)
		}
		dev, bot, app := s.dev.ID(s.site.Flavor), robot.ID(s.site.Flavor), latency.App
		users := []jiradata.User{{ID: dev, DisplayName: "dev", Active: true, TimeZone: "UTC"}, {ID: bot, DisplayName: "robot", Active: true, Type: latency.App, TimeZone: "UTC"}}
		if !cloud { // Data Center knows persons alone, by user name too
			app = latency.Person
			users[0].Name, users[1].Name, users[1].Type = "dev", "robot", app
		}
		want := jiradata.Page{Stories: []jiradata.Story{{
			History: latency.History{ID: id, Key: "PAY-1", Now: latency.Snapshot{
				"status": {{ID: "1", Name: "Open"}}, "type": {{ID: "10", Name: "Story"}}, "project": {{ID: "100", Name: "Payments"}},
				"assignee": {{ID: dev}}, "reporter": {{ID: dev}}, "creator": {{ID: dev}}, "labels": {{Name: "a"}, {Name: "b"}}, "components": {{ID: "7", Name: "Checkout"}},
			}, Events: []latency.Event{
				{At: latency.At(s.start), Rank: latency.RankCreated, Actor: dev},
				{At: latency.At(minute(1)), Rank: latency.RankRecord, ID: record, Actor: bot, ActorType: app, Changes: []latency.Change{{Field: "description"}}},
				{At: latency.At(minute(2)), Rank: latency.RankRecord, ID: bare},
				{At: latency.At(minute(3)), Rank: latency.RankCommentAdded, ID: remark, Comment: &comment.Facts{Head: "done"}},
			}},
			ProjectID: "100", Updated: latency.At(minute(3)), Users: users,
		}}}
		if diff := cmp.Diff(want, page); diff != "" {
			s.Errorf("page (-want +got):\n%s", diff)
		}
	})
}

func TestOneUnreadableIssueIsQuarantined(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		first, broken, last := s.create(), s.create(), s.create()
		s.site.Change(s.start, s.dev, broken, map[string]any{"status": "Open"})
		page, err := s.found("")
		if err != nil {
			s.Fatal(err)
		}
		if got, want := ids(page), []int64{first, last}; !slices.Equal(got, want) {
			s.Errorf("got stories %v, want %v", got, want)
		}
		if q := page.Quarantined; len(q) != 1 || q[0].ID != broken || q[0].Key != "PAY-2" || !strings.Contains(q[0].Reason, "status") {
			s.Errorf("got quarantine %+v", q)
		}
	})
}

func TestFieldThatIsNew(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		id := s.create()
		if _, err := s.found(""); err != nil {
			s.Fatal(err)
		}
		s.site.AddField(&jirasim.Field{ID: "customfield_10070", Name: "Deputy", Custom: true, SchemaType: "user"})
		who := s.dev.ID(s.site.Flavor)
		s.site.Change(s.start, s.dev, id, map[string]any{"customfield_10070": s.dev},
			jirasim.Item{Field: "Deputy", FieldType: "custom", To: &who, ToString: &s.dev.DisplayName})
		page, err := s.found("")
		if err != nil {
			s.Fatal(err)
		}
		want := []latency.Change{{Field: "customfield_10070", To: latency.Value{ID: who}}}
		if diff := cmp.Diff(want, page.Stories[0].History.Events[1].Changes); diff != "" {
			s.Errorf("changes (-want +got):\n%s", diff)
		}
	})
}

// TestNamedIssueThatIsGone holds that a search that Jira refuses because of an
// issue named in it is sent without, and says of itself what it says else.
func TestNamedIssueThatIsGone(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		id := s.create()
		s.site.NoInstants = true
		s.site.Now = func() time.Time { return s.start.Add(time.Minute) }
		if _, err := s.Myself(s.Context()); err != nil {
			s.Fatal(err)
		}
		for _, gone := range []bool{false, true} {
			searches := 0
			s.fault = func(r *http.Request) *jirasim.Fault {
				if strings.Contains(r.URL.Path, "/search") {
					if searches++; gone && searches == 1 {
						return &jirasim.Fault{Status: 400, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"errorMessages":["An issue with key '1' does not exist for field 'id'."]}`}
					}
				}
				return nil
			}
			pages := 0
			for page, err := range s.Search(s.Context(), jiradata.Query{Projects: []string{"PAY"}, Since: latency.At(s.start), Canary: id}) {
				if err != nil {
					s.Fatal(err)
				}
				if pages++; page.Named == gone || !page.Zoned || len(page.Stories) != 1 {
					s.Errorf("an issue is gone, %t: the page says that it was asked for, %t, and that a zone was used, %t, and has %d stories", gone, page.Named, page.Zoned, len(page.Stories))
				}
			}
			if pages != 1 {
				s.Errorf("got %d pages, want 1", pages)
			}
		}
	})
}

func TestStoriesThatGoWhileASearchGoesOn(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		var all []int64
		for range 250 {
			all = append(all, s.create())
		}
		searches := 0
		s.fault = func(r *http.Request) *jirasim.Fault {
			if strings.Contains(r.URL.Path, "/search") {
				if searches++; searches == 2 {
					// The story that the next page goes on from, and the one before it.
					s.site.DeleteIssue(all[99])
					s.site.DeleteIssue(all[98])
				}
			}
			return nil
		}
		page, err := s.found("")
		if err != nil {
			s.Fatal(err)
		}
		// Token pages of Cloud may slip by what went; what counts is that
		// nothing is taken for granted on Data Center, where we page.
		if s.site.Flavor == jirasim.DataCenter && !slices.Equal(ids(page), all) {
			s.Errorf("got %d stories, want all %d", len(page.Stories), len(all))
		}
	})
}

func TestSearchGoesOnBehindAPage(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		first, second := s.create(), s.create()
		if _, err := s.found(""); err != nil {
			s.Fatal(err)
		}
		cursor := s.cursor
		s.start = s.start.Add(time.Minute)
		third := s.create()
		want := []int64{third}
		if s.site.Flavor == jirasim.Cloud {
			want = []int64{first, second, third} // of one instant: those behind it cannot be told
		}
		if got, err := s.found(cursor); err != nil || !slices.Equal(ids(got), want) {
			s.Errorf("got %v, %v, want %v", ids(got), err, want)
		}
		s.site.DeleteIssue(second)
		if got, err := s.found(cursor); err != nil || !slices.Equal(ids(got), []int64{first, third}) {
			s.Errorf("behind a story that is gone: got %v, %v, want all that is left", ids(got), err)
		}
	})
}

// replies answers searches with prepared pages, "" for a refusal, and nothing else.
func replies(t *testing.T, flavor jiradata.Flavor, pages ...string) (*jira.Client, *[]string) {
	var queries []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/search"):
			var body struct{ JQL string }
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			queries = append(queries, body.JQL)
			page := pages[min(len(queries), len(pages))-1]
			if page == "" {
				answer(w, 400, `{"errorMessages":["An issue with key '2' does not exist for field 'id'."],"errors":{}}`)
				return
			}
			answer(w, 200, page)
		case strings.HasSuffix(r.URL.Path, "/bulkfetch"):
			answer(w, 200, `{"issueChangeLogs":[]}`)
		default:
			answer(w, 200, `[{"id":"1"}]`)
		}
	}))
	t.Cleanup(srv.Close)
	return newClient(t, jira.Options{URL: srv.URL, Flavor: flavor}), &queries
}

// issueJSON is an issue of Data Center, complete.
func issueJSON(id int) string {
	return fmt.Sprintf(`{"id":"%d","key":"PAY-%d","changelog":{"total":0,"histories":[]},"fields":{"created":"2026-03-02T08:00:00.000+0000",
		"status":{"id":"1"},"project":{"id":"100"},"comment":{"total":0,"comments":[]}}}`, id, id)
}

func TestSearchesThatDeceive(t *testing.T) {
	one, two, three := issueJSON(1), issueJSON(2), issueJSON(3)
	for _, tc := range []struct {
		name   string
		flavor jiradata.Flavor
		pages  []string
		want   error
		found  int
	}{
		{"repeated token", jiradata.Cloud, []string{`{"issues":[],"nextPageToken":"a"}`}, jiradata.ErrIncomplete, 0},
		{"null token ends", jiradata.Cloud, []string{`{"issues":[` + one + `],"nextPageToken":null}`}, nil, 1},
		{"empty page with a token goes on", jiradata.Cloud, []string{`{"issues":[],"isLast":false,"nextPageToken":"a"}`, `{"issues":[` + one + `]}`}, nil, 1},
		{"one a page", jiradata.DataCenter, []string{`{"total":2,"issues":[` + one + `]}`, `{"total":1,"issues":[` + two + `]}`}, nil, 2},
		{"the same page for ever", jiradata.DataCenter, []string{`{"total":2,"issues":[` + one + `]}`}, jiradata.ErrIncomplete, 1},
		{"empty page with a rest", jiradata.DataCenter, []string{`{"total":2,"issues":[]}`}, jiradata.ErrIncomplete, 0},
		// The next page counts fewer though the last story is still there, and
		// the whole query counts as many as at first.
		{"rest withheld", jiradata.DataCenter, []string{
			`{"total":2,"issues":[` + one + `]}`, `{"total":0,"issues":[]}`, `{"total":2,"issues":[` + one + `]}`, `{"total":2,"issues":[` + one + `]}`,
		}, jiradata.ErrIncomplete, 1},
		{"story to go on from deleted", jiradata.DataCenter, []string{
			`{"total":3,"issues":[` + one + `,` + two + `]}`, "", "", // id > 2 and id >= 2 are refused
			`{"total":1,"issues":[` + three + `]}`, `{"total":2,"issues":[` + one + `]}`, // id > 1; 1 is still there
		}, nil, 3},
		{"all stories to go on from deleted", jiradata.DataCenter, []string{`{"total":2,"issues":[` + one + `]}`, ""}, jiradata.ErrIncomplete, 1},
		{"refused at first", jiradata.DataCenter, []string{""}, jira.ErrRefused, 0},
		{"cut changelog", jiradata.DataCenter, []string{`{"total":1,"issues":[` + strings.Replace(one, `"total":0,"histories"`, `"total":5,"histories"`, 1) + `]}`}, nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, queries := replies(t, tc.flavor, tc.pages...)
			found := 0
			var err error
			for page, e := range c.Search(t.Context(), jiradata.Query{Projects: []string{"PAY"}}) {
				err = e
				found += len(page.Stories)
			}
			if !errors.Is(err, tc.want) || found != tc.found {
				t.Errorf("got %d stories and error %v, want %d and %v; queries:\n%s", found, err, tc.found, tc.want, strings.Join(*queries, "\n"))
			}
		})
	}
}
