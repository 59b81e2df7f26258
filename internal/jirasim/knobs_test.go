package jirasim_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

func TestLoginPage(t *testing.T) {
	s := serve(t, jirasim.DataCenter, jirasim.Options{LoginPage: true})
	s.server.Revoke()
	for _, path := range []string{"/rest/api/2/myself", "/rest/api/2/issue/1"} {
		a := s.get(path)
		if a.StatusCode != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: got %d %s, want a page", path, a.StatusCode, a.Header.Get("Content-Type"))
		}
	}
	s.server.Restore()
	if a := s.get("/rest/api/2/myself"); !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		t.Errorf("with a good token: got %s", a.Header.Get("Content-Type"))
	}
}

func TestClocksOfTheSite(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		s.site.DateAhead, s.site.ServerTimeAhead = 15*time.Minute, -time.Hour
		a := s.get("/rest/api/2/serverInfo")
		if got, want := a.Header.Get("Date"), s.now.Add(15*time.Minute).UTC().Format(http.TimeFormat); got != want {
			s.Errorf("the Date is %s, want %s", got, want)
		}
		if got, want := a.doc()["serverTime"], s.now.Add(-time.Hour).In(s.site.Zone).Format("2006-01-02T15:04:05.000-0700"); got != want {
			s.Errorf("serverTime is %v, want %s", got, want)
		}
		s.site.NoServerTime = true
		if got, told := s.get("/rest/api/2/serverInfo").doc()["serverTime"]; told {
			s.Errorf("serverTime is %v, want none", got)
		}
	})
}

func TestRenamedStatus(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		id := s.create(0)
		s.move(id, 1)
		s.site.RenameStatus("2", "Abnahme")
		is := s.get(fmt.Sprintf("/rest/api/2/issue/%d?expand=changelog", id)).doc()
		if got := pick(is, "fields.status.name"); got != "Abnahme" {
			s.Errorf("the issue shows status %v, want the name of today", got)
		}
		histories := pick(is, "changelog.histories").([]any)
		if got := pick(histories[0].(doc)["items"].([]any)[0], "toString"); got != "PO Review" {
			s.Errorf("the history shows %v, want the name of its time", got)
		}
		if got := ids(s.search("status=Abnahme")); !slices.Equal(got, []int64{id}) {
			s.Errorf("a query by the new name finds %v", got)
		}
	})
}

func TestUntranslatedName(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		s.site.AddField(&jirasim.Field{ID: "customfield_1", Name: "Produktverantwortung", Untranslated: "Product Owner", Custom: true, SchemaType: "user"})
		for _, f := range s.get("/rest/api/2/field").json.([]any) {
			name, told := f.(doc)["untranslatedName"]
			if is := f.(doc)["id"] == "customfield_1"; told != is || is && name != "Product Owner" {
				s.Errorf("%v has the untranslated name %v", f.(doc)["id"], name)
			}
		}
	})
}

func TestVanishedWithALag(t *testing.T) {
	both(t, jirasim.Options{IndexLag: 10 * time.Minute}, func(s *sim) {
		a, b, c := s.create(0), s.create(1), s.create(2)
		s.now = minute(60)
		s.site.DeleteIssue(a)
		s.site.Hide(b, true)
		s.now = minute(69)
		if got := ids(s.search("project=PAY", "fields", "status")); !slices.Equal(got, []int64{a, b, c}) {
			s.Errorf("within the lag: got %v, want all", got)
		}
		if got := s.get(fmt.Sprintf("/rest/api/2/issue/%d", a)); got.StatusCode != 404 {
			s.Errorf("a deleted issue, by id: got %d", got.StatusCode)
		}
		if s.cloud() {
			if got := ids(s.search("project=PAY", "reconcileIssues", fmt.Sprint(a, ",", b))); !slices.Equal(got, []int64{c}) {
				s.Errorf("reconciled: got %v, want the third alone", got)
			}
		}
		s.now = minute(71)
		if got := ids(s.search("project=PAY")); !slices.Equal(got, []int64{c}) {
			s.Errorf("after the lag: got %v, want the third alone", got)
		}
		s.site.Hide(b, false)
		if got := ids(s.search("project=PAY")); !slices.Equal(got, []int64{c}) {
			s.Errorf("shown again, within the lag: got %v", got)
		}
		s.now = minute(82)
		if got := ids(s.search("project=PAY")); !slices.Equal(got, []int64{b, c}) {
			s.Errorf("shown again: got %v", got)
		}
	})
}

func TestNullAuthors(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		id := s.create(0)
		s.site.Change(minute(1), nil, id, nil, jirasim.Item{Field: "summary", FieldType: "jira"})
		s.site.Comment(minute(2), nil, id, "so")
		for _, null := range []bool{false, true} {
			s.site.NullAuthors = null
			is := s.get(fmt.Sprintf("/rest/api/2/issue/%d?expand=changelog", id)).doc()
			for _, list := range []any{pick(is, "changelog.histories"), pick(is, "fields.comment.comments")} {
				author, there := list.([]any)[0].(doc)["author"]
				if there != null || author != nil {
					s.Errorf("authors are null, %t: got %v, there: %t", null, author, there)
				}
			}
		}
	})
}

func TestEmptyProjects(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		id := s.create(0)
		s.site.Archive(s.web, true)
		if a, err := s.request("GET", "/rest/api/2/"+map[bool]string{true: "search/jql", false: "search"}[s.cloud()]+"?jql=project+in+(PAY,WEB)", ""); err != nil || a.StatusCode != 400 {
			s.Errorf("got %d and error %v, want a refusal", a.StatusCode, err)
		}
		s.site.EmptyProjects = true
		if got := ids(s.search("project in (PAY, WEB)")); !slices.Equal(got, []int64{id}) {
			s.Errorf("got %v", got)
		}
		if got := ids(s.search("project = WEB")); len(got) != 0 {
			s.Errorf("got %v, want none", got)
		}
	})
}

func TestInternalComment(t *testing.T) {
	s := serve(t, jirasim.Cloud, jirasim.Options{})
	id := s.create(0)
	s.site.MakeInternal(id, s.site.Comment(minute(1), s.dev, id, "among us"))
	s.site.Comment(minute(2), s.dev, id, "for all")
	list := s.get(fmt.Sprintf("/rest/api/2/issue/%d/comment", id)).list("comments")
	if list[0].(doc)["jsdPublic"] != false || list[1].(doc)["jsdPublic"] != true {
		t.Errorf("got %v and %v, want false and true", list[0].(doc)["jsdPublic"], list[1].(doc)["jsdPublic"])
	}
}

func TestWarnings(t *testing.T) {
	both(t, jirasim.Options{Warnings: func(jql string) []string { return []string{jql} }}, func(s *sim) {
		a := s.search("project=PAY")
		if s.cloud() && pick(a.list("warnings")[0], "type") != "project=PAY" || !s.cloud() && a.list("warningMessages")[0] != "project=PAY" {
			s.Errorf("got %s", a.text)
		}
	})
}

func TestIDPagesAndTheLastOne(t *testing.T) {
	s := serve(t, jirasim.Cloud, jirasim.Options{IDPage: 2, IsLast: func(last bool) bool { return !last }})
	for n := range 3 {
		s.create(n)
	}
	a := s.search("project=PAY")
	if len(ids(a)) != 2 || a.doc()["isLast"] != true || a.doc()["nextPageToken"] == nil {
		t.Errorf("got %s", a.text)
	}
}

func TestWithheld(t *testing.T) {
	both(t, jirasim.Options{Withhold: func(id int64) bool { return id == 10002 }}, func(s *sim) {
		for n := range 3 {
			s.create(n)
		}
		a := s.search("project=PAY")
		if got := ids(a); !slices.Equal(got, []int64{10001, 10003}) {
			s.Errorf("got %v", got)
		}
		total := a.doc()["total"]
		if s.cloud() {
			total = s.post("/rest/api/3/search/approximate-count", `{"jql":"project=PAY"}`).doc()["count"]
		}
		if total != 3.0 {
			s.Errorf("%v are counted, want 3", total)
		}
	})
}
