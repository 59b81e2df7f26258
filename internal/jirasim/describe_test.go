package jirasim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// pick returns the value at a path of names within a document; "0" is the first
// of a list.
func pick(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch w := v.(type) {
		case doc:
			v = w[name]
		case []any:
			i := int(name[0] - '0')
			if i >= len(w) {
				return nil
			}
			v = w[i]
		default:
			return nil
		}
	}
	return v
}

// Each endpoint answers with the status, and, at the path, the value.
func TestEndpoints(t *testing.T) {
	for _, tc := range []struct {
		path              string
		status            int
		at                string
		cloud, datacenter any
	}{
		{"/rest/api/2/serverInfo", 200, "deploymentType", "Cloud", "Server"},
		{"/rest/api/2/serverInfo", 200, "versionNumbers.0", 1001.0, 9.0},
		{"/rest/api/latest/serverInfo", 200, "serverTime", "2026-03-03T11:00:00.000+0200", "2026-03-03T11:00:00.000+0200"},
		{"/rest/api/2/myself", 200, "accountId", "acc:bot", nil},
		{"/rest/api/2/myself", 200, "name", nil, "bot"},
		{"/rest/api/2/myself", 200, "key", nil, "JIRAUSER-bot"},
		{"/rest/api/2/myself", 200, "timeZone", "America/New_York", "America/New_York"},
		{"/rest/api/2/field", 200, "0.id", "summary", "summary"},
		{"/rest/api/2/field", 200, "0.schema.system", "summary", "summary"},
		{"/rest/api/2/status", 200, "1.statusCategory.key", "indeterminate", "indeterminate"},
		{"/rest/api/2/status", 200, "2.statusCategory.id", 3.0, 3.0},
		{"/rest/api/2/statuscategory", 200, "1.key", "new", "new"},
		{"/rest/api/2/issuetype", 200, "1.subtask", true, true},
		{"/rest/api/2/issuetype", 200, "1.hierarchyLevel", -1.0, nil},
		{"/rest/api/2/project", 200, "0.key", "PAY", "PAY"},
		{"/rest/api/2/project", 200, "0.lead", nil, nil},
		{"/rest/api/2/project?expand=description,lead", 200, "0.lead.displayName", "ADA", "ADA"},
		{"/rest/api/2/project/PAY", 200, "lead.displayName", "ADA", "ADA"},
		{"/rest/api/2/project/100", 200, "key", "PAY", "PAY"},
		{"/rest/api/2/project/WEB", 200, "lead", nil, nil},
		{"/rest/api/2/project/NO", 404, "errorMessages.0", "No project could be found with key 'NO'.", "No project could be found with key 'NO'."},
		{"/rest/api/2/project/WEB/statuses", 200, "0.statuses.1.name", "Done", "Done"},
		{"/rest/api/2/project/WEB/statuses", 200, "1", nil, nil},
		{"/rest/api/2/project/NO/statuses", 404, "", nil, nil},
		{"/rest/api/2/mypermissions?permissions=BROWSE_PROJECTS,ADMINISTER", 200, "permissions.ADMINISTER.havePermission", true, true},
		{"/rest/api/2/mypermissions?permissions=BROWSE_PROJECTS&projectKey=NO", 404, "", nil, nil},
		{"/rest/api/2/user/search?query=ad&username=ad", 200, "0.displayName", "ADA", "ADA"},
		{"/rest/api/2/user/search?query=nobody&username=nobody", 200, "0", nil, nil},
		{"/rest/api/2/user/search", 400, "", nil, nil},
		{"/rest/api/2/user?accountId=acc:ada&key=JIRAUSER-ada", 200, "displayName", "ADA", "ADA"},
		{"/rest/api/2/user?accountId=acc:ada&username=ada", 200, "displayName", "ADA", "ADA"},
		{"/rest/api/2/user?accountId=no&username=no", 404, "", nil, nil},
		{"/rest/api/2/issue/NO-1", 404, "errorMessages.0", "Issue does not exist or you do not have permission to see it.", "Issue does not exist or you do not have permission to see it."},
		{"/rest/api/2/issue/PAY-1?fields=assignee,created", 200, "fields.assignee.displayName", "DEV", "DEV"},
		{"/rest/api/2/issue/PAY-1?fields=assignee,created", 200, "fields.created", "2026-03-02T11:00:00.000+0200", "2026-03-02T11:00:00.000+0200"},
		{"/rest/api/2/issue/PAY-1?fields=assignee,created", 200, "fields.summary", nil, nil},
		{"/rest/api/2/issue/PAY-1", 200, "fields.project.id", "100", "100"},
		{"/rest/agile/1.0/board", 200, "values.0.location.projectKey", "PAY", "PAY"},
		{"/rest/agile/1.0/board?type=kanban", 200, "values.0.id", 2.0, 2.0},
		{"/rest/agile/1.0/board?projectKeyOrId=100&maxResults=1", 200, "isLast", true, true},
		{"/rest/agile/1.0/board?maxResults=1", 200, "isLast", false, false},
		{"/rest/agile/1.0/board?name=tea", 200, "values.0.name", "Team", "Team"},
		{"/rest/agile/1.0/board?projectKeyOrId=NO", 400, "", nil, nil},
		{"/rest/agile/1.0/board/1/sprint", 200, "values.0.startDate", "2026-03-02T09:00:00.000Z", "2026-03-02T09:00:00.000Z"},
		{"/rest/agile/1.0/board/1/sprint", 200, "values.0.originBoardId", 1.0, 1.0},
		{"/rest/agile/1.0/board/1/sprint", 200, "total", nil, nil},
		{"/rest/agile/1.0/board/1/sprint?state=future", 200, "values.0.id", 8.0, 8.0},
		{"/rest/agile/1.0/board/1/sprint?state=future", 200, "values.0.startDate", nil, nil},
		{"/rest/agile/1.0/board/2/sprint", 400, "errorMessages.0", "The board does not support sprints", "The board does not support sprints"},
		{"/rest/agile/1.0/board/9/sprint", 404, "", nil, nil},
		{"/rest/agile/1.0/board/1/configuration", 200, "columnConfig.columns.1.statuses.0.id", "2", "2"},
		{"/rest/agile/1.0/board/9/configuration", 404, "", nil, nil},
		{"/rest/api/2/dashboard", 404, "", nil, nil},
		{"/rest/other", 404, "", nil, nil},
	} {
		t.Run(tc.path+" "+tc.at, func(t *testing.T) {
			both(t, jirasim.Options{}, func(s *sim) {
				s.create(0)
				s.site.AddBoard(&jirasim.Board{ID: 1, Name: "Team", Type: "scrum", ProjectKey: "PAY", Sprints: []*jirasim.Sprint{
					{ID: 7, Name: "Sprint 7", State: "active", Start: minute(0), End: minute(10)}, {ID: 8, Name: "Sprint 8", State: "future"},
				}})
				s.site.AddBoard(&jirasim.Board{ID: 2, Name: "Flow", Type: "kanban", ProjectKey: "WEB"})
				want := tc.datacenter
				if s.cloud() {
					want = tc.cloud
				}
				a := s.get(tc.path)
				if a.StatusCode != tc.status {
					s.Fatalf("got %d %s, want %d", a.StatusCode, a.text, tc.status)
				}
				if got := pick(a.json, tc.at); tc.at != "" && got != want {
					s.Errorf("got %v, want %v in %s", got, want, a.text)
				}
			})
		})
	}
}

// TestProjectComponents lists the components that a project's issues have.
func TestProjectComponents(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		const path = "/rest/api/2/project/PAY/components"
		first := s.create(0)
		if a := s.get(path); a.StatusCode != 200 || a.text != "[]\n" && a.text != "[]" {
			s.Errorf("no issue has a component: %d %s", a.StatusCode, a.text)
		}
		s.site.Change(minute(1), s.dev, first, map[string]any{"components": []any{map[string]any{"id": "501", "name": "Checkout"}}})
		if a := s.get(path); pick(a.json, "0.id") != "501" || pick(a.json, "0.name") != "Checkout" || pick(a.json, "1") != nil {
			s.Errorf("one issue has one: %s", a.text)
		}
		for path, want := range map[string]int{"/rest/api/2/project/WEB/components": 200, "/rest/api/2/project/NO/components": 404} {
			if a := s.get(path); a.StatusCode != want || want == 200 && pick(a.json, "0") != nil {
				s.Errorf("%s: %d %s", path, a.StatusCode, a.text)
			}
		}
	})
}

func TestWhatCloudAloneKnows(t *testing.T) {
	s := serve(t, jirasim.DataCenter, jirasim.Options{})
	s.create(0)
	for path, method := range map[string]string{
		"/rest/api/2/issue/PAY-1/changelog": http.MethodGet, "/rest/api/2/search/jql": http.MethodGet, "/rest/api/3/myself": http.MethodGet,
		"/rest/api/3/search/jql": http.MethodPost, "/rest/api/3/changelog/bulkfetch": http.MethodPost,
	} {
		a, err := s.request(method, path, "")
		if err != nil {
			t.Fatal(err)
		}
		want := any(doc{"message": "null for uri: " + s.url + path, "status-code": 404.0})
		if diff := cmp.Diff(want, a.json); a.StatusCode != 404 || diff != "" {
			t.Errorf("%s: got %d (-want +got):\n%s", path, a.StatusCode, diff)
		}
	}
	// A project may be called "search" here.
	if a := s.get("/rest/api/2/project/search"); a.StatusCode != 404 || a.message() == "" {
		t.Errorf("project/search: got %d %s", a.StatusCode, a.text)
	}
}

func TestProjectSearch(t *testing.T) {
	s := serve(t, jirasim.Cloud, jirasim.Options{})
	a := s.get("/rest/api/3/project/search?expand=lead&maxResults=1")
	if pick(a.json, "values.0.lead.accountId") != "acc:ada" || a.doc()["isLast"] != false || a.doc()["total"] != 2.0 {
		t.Errorf("got %s", a.text)
	}
	a = s.get("/rest/api/3/project/search?maxResults=1&startAt=1")
	if pick(a.json, "values.0.key") != "WEB" || a.doc()["isLast"] != true {
		t.Errorf("got %s", a.text)
	}
	if a = s.get("/rest/api/3/project/search?keys=WEB"); a.doc()["total"] != 1.0 {
		t.Errorf("got %s", a.text)
	}
}

func TestFieldsOfTheSite(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		list, _ := s.get("/rest/api/2/field").json.([]any)
		for _, f := range list {
			if f.(doc)["id"] != "customfield_10050" {
				continue
			}
			schema := any(doc{"type": "user", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"})
			if diff := cmp.Diff(schema, f.(doc)["schema"]); diff != "" || f.(doc)["custom"] != true || pick(f, "clauseNames.0") != "cf[10050]" {
				s.Errorf("got %v (-want +got):\n%s", f, diff)
			}
			return
		}
		s.Errorf("no Product Owner in %v", list)
	})
}

func TestUsersAndSprintsInFields(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		sp := &jirasim.Sprint{ID: 7, Name: "Sprint 7, the [best]", State: "active", Start: minute(0), End: minute(10)}
		s.site.AddBoard(&jirasim.Board{ID: 3, Name: "Team", Type: "scrum", ProjectKey: "PAY", Sprints: []*jirasim.Sprint{sp}})
		id := s.create(0)
		s.site.Change(minute(1), s.dev, id, map[string]any{
			"customfield_10020": []*jirasim.Sprint{sp}, "customfield_10050": s.ada, "customfield_10060": []*jirasim.User{s.ada, s.dev},
			"customfield_10061": []*jirasim.User{}, "assignee": (*jirasim.User)(nil),
		})
		fields := s.get("/rest/api/2/issue/PAY-1").doc()["fields"]
		wantID := map[string]any{"customfield_10050.accountId": "acc:ada", "customfield_10060.1.accountId": "acc:dev", "customfield_10050.name": nil}
		var wantSprint any = doc{"id": 7.0, "name": sp.Name, "state": "active", "boardId": 3.0, "goal": "", "startDate": "2026-03-02T09:00:00.000Z", "endDate": "2026-03-02T09:10:00.000Z"}
		if !s.cloud() {
			wantID = map[string]any{"customfield_10050.name": "ada", "customfield_10060.1.key": "JIRAUSER-dev", "customfield_10050.accountId": nil}
			wantSprint = "com.atlassian.greenhopper.service.sprint.Sprint@1bf75fd[id=7,rapidViewId=3,state=ACTIVE,name=Sprint 7, the [best]," +
				"startDate=2026-03-02T09:00:00.000Z,endDate=2026-03-02T09:10:00.000Z,completeDate=<null>,sequence=7,goal=]"
		}
		for path, want := range wantID {
			if got := pick(fields, path); got != want {
				s.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		if diff := cmp.Diff(wantSprint, pick(fields, "customfield_10020.0")); diff != "" {
			s.Errorf("sprint (-want +got):\n%s", diff)
		}
		for _, name := range []string{"assignee", "customfield_10061"} {
			if got, there := fields.(doc)[name]; got != nil || !there {
				s.Errorf("%s: got %v, want null", name, got)
			}
		}
		s.site.Update(func() { s.ada.DisplayName = "Ada L." })
		if got := pick(s.get("/rest/api/2/issue/PAY-1").json, "fields.customfield_10050.displayName"); got != "Ada L." {
			s.Errorf("renamed, ada is still %v", got)
		}
	})
}

func TestDateIsTheSites(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		s.now = time.Date(2026, 3, 29, 3, 4, 5, 0, time.FixedZone("", -5*60*60))
		if got := s.get("/rest/api/2/myself").Header.Get("Date"); got != "Sun, 29 Mar 2026 08:04:05 GMT" {
			s.Errorf("got Date %s", got)
		}
	})
}

func TestContextPath(t *testing.T) {
	s := serve(t, jirasim.DataCenter, jirasim.Options{})
	if a := s.get("x/rest/api/2/myself"); a.StatusCode != 404 {
		t.Errorf("beside the context path, got %d", a.StatusCode)
	}
	if got := s.get("/rest/api/2/serverInfo").doc()["baseUrl"]; got != s.url {
		t.Errorf("got base %v, want %s", got, s.url)
	}
	const site = "https://example.atlassian.net"
	s = serve(t, jirasim.Cloud, jirasim.Options{SiteURL: site})
	if got := s.get("/rest/api/2/serverInfo").doc()["baseUrl"]; got != site {
		t.Errorf("got base %v, want %s", got, site)
	}
}

func TestRequests(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		s.create(0)
		s.get("/rest/api/2/issue/PAY-1")
		s.get("/rest/api/2/issue/10001?fields=summary")
		s.get("/rest/agile/1.0/board/1/sprint")
		s.post("/rest/api/2/nothing", "{}")
		want := map[string]int{"GET /rest/api/2/issue/{id}": 2, "GET /rest/agile/1.0/board/{board}/sprint": 1, "POST /rest/api/2/nothing": 1}
		if diff := cmp.Diff(want, s.server.Requests()); diff != "" {
			s.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}
