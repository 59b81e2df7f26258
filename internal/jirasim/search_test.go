package jirasim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
)

const (
	unbounded = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
	pageRange = "The max results parameter has to be between 1 and 5,000."
	badToken  = "The provided next page token is invalid or expired."
	badBody   = "Invalid request payload. Refer to the REST API documentation and try again."
)

func TestTokenSearchRefusals(t *testing.T) {
	for _, tc := range []struct {
		name, query, body string // GET with query, or POST with body
		status            int
		message           string
	}{
		{"unbounded", "jql=", "", 400, unbounded},
		{"order alone", "jql=order+by+id", "", 400, unbounded},
		{"no query at all", "", "", 400, unbounded},
		{"page of 0", "jql=project=PAY&maxResults=0", "", 400, pageRange},
		{"page of 5001", "jql=project=PAY&maxResults=5001", "", 400, pageRange},
		{"page of 5000", "jql=project=PAY&maxResults=5000", "", 200, ""},
		{"the token comes before the page", "jql=&maxResults=0&nextPageToken=x", "", 400, badToken},
		{"the page comes before the query", "jql=&maxResults=0", "", 400, pageRange},
		{"numeric token", "jql=project=PAY&nextPageToken=50", "", 400, badToken},
		{"empty token", "jql=project=PAY&nextPageToken=", "", 200, ""},
		{"bare words", "jql=payment+service", "", 200, ""},
		{"unknown project", "jql=project=NO", "", 400, "The value 'NO' does not exist for the field 'project'."},
		{"51 issues to reconcile", "jql=project=PAY&reconcileIssues=" + strings.Repeat("1,", 50) + "1", "", 400, "The reconcile issues parameter may hold at most 50 issue ids."},
		{"post", "", `{"jql":"project=PAY","maxResults":1,"fields":["summary"],"nextPageToken":null,"reconcileIssues":[10001],"expand":"changelog","fieldsByKeys":true,"properties":[]}`, 200, ""},
		{"posted number as a token", "", `{"jql":"project=PAY","nextPageToken":50}`, 400, badBody},
		{"posted offset", "", `{"jql":"project=PAY","startAt":0}`, 400, badBody},
		{"posted list to expand", "", `{"jql":"project=PAY","expand":["changelog"]}`, 400, badBody},
		{"posted text as a page", "", `{"jql":"project=PAY","maxResults":"50"}`, 400, badBody},
		{"posted rubbish", "", `{"jql":`, 400, badBody},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, jirasim.Cloud, jirasim.Options{})
			s.create(0)
			for _, version := range []string{"2", "3"} {
				path := "/rest/api/" + version + "/search/jql"
				var a answer
				if tc.body != "" {
					a = s.post(path, tc.body)
				} else {
					a = s.get(path + "?" + tc.query)
				}
				if a.StatusCode != tc.status || a.message() != tc.message {
					t.Errorf("version %s: got %d %q, want %d %q", version, a.StatusCode, a.message(), tc.status, tc.message)
				}
				if tc.status == 400 {
					if _, ok := a.doc()["errors"].(doc); !ok {
						t.Errorf("version %s: %s is not Jira's envelope", version, a.text)
					}
				}
			}
		})
	}
}

func TestTokenSearchTakesJSONAlone(t *testing.T) {
	s := serve(t, jirasim.Cloud, jirasim.Options{})
	for kind, status := range map[string]int{"": 415, "text/plain": 415, "application/json": 200, "application/json; charset=utf-8": 200} {
		a := s.post("/rest/api/3/search/jql", `{"jql":"project=PAY"}`, "Content-Type", kind)
		if a.StatusCode != status {
			t.Errorf("%q: got %d, want %d", kind, a.StatusCode, status)
		}
		if got := a.Header.Get("Content-Type"); status == 415 && got != "application/problem+json" {
			t.Errorf("%q: got an answer of %s", kind, got)
		}
	}
}

func TestTokenSearchPages(t *testing.T) {
	s := serve(t, jirasim.Cloud, jirasim.Options{SearchPage: 2})
	var want []int64
	for n := range 5 {
		want = append(want, s.create(n))
	}
	for name, next := range map[string]func(token string) answer{
		"GET": func(token string) answer {
			return s.search("project=PAY ORDER BY id", "fields", "summary", "maxResults", "50", "nextPageToken", token)
		},
		"POST": func(token string) answer {
			return s.post("/rest/api/2/search/jql", fmt.Sprintf(`{"jql":"project=PAY ORDER BY id","fields":["summary"],"nextPageToken":%q}`, token))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []int64
			token := ""
			for page := 1; page <= 3; page++ {
				a := next(token)
				got = append(got, ids(a)...)
				last := page == 3
				if a.doc()["isLast"] != last {
					t.Errorf("page %d says isLast %v", page, a.doc()["isLast"])
				}
				var ok bool
				if token, ok = a.doc()["nextPageToken"].(string); ok == last {
					t.Errorf("page %d has token %q", page, token)
				}
				for _, name := range []string{"total", "startAt", "maxResults"} {
					if _, there := a.doc()[name]; there {
						t.Errorf("page %d has %s", page, name)
					}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("issues (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("a posted search does not read the query", func(t *testing.T) {
		first := s.search("project=PAY", "fields", "summary")
		again := s.post("/rest/api/2/search/jql?nextPageToken="+first.doc()["nextPageToken"].(string), `{"jql":"project=PAY","fields":["summary"]}`)
		if diff := cmp.Diff(ids(first), ids(again)); diff != "" {
			t.Errorf("the token in the query was read (-want +got):\n%s", diff)
		}
	})
	t.Run("a token is of its query", func(t *testing.T) {
		first := s.search("project=PAY", "fields", "summary")
		if a := s.search("project=WEB", "nextPageToken", first.doc()["nextPageToken"].(string)); a.StatusCode != 400 {
			t.Errorf("got %d", a.StatusCode)
		}
	})
	t.Run("ids alone come in large pages", func(t *testing.T) {
		if got := ids(s.search("project=PAY", "maxResults", "5000")); len(got) != 5 {
			t.Errorf("got %d issues, want 5", len(got))
		}
	})
	t.Run("last page exactly full", func(t *testing.T) {
		if a := s.search(fmt.Sprintf("project=PAY and id >= %d", want[3]), "fields", "summary"); a.doc()["isLast"] != true || len(ids(a)) != 2 {
			t.Errorf("got %s", a.text)
		}
	})
}

func TestRepeatedToken(t *testing.T) {
	s := serve(t, jirasim.Cloud, jirasim.Options{SearchPage: 1, RepeatToken: true})
	for n := range 4 {
		s.create(n)
	}
	token := s.search("project=PAY", "fields", "summary").doc()["nextPageToken"].(string)
	if got := s.search("project=PAY", "fields", "summary", "nextPageToken", token).doc()["nextPageToken"]; got != token {
		t.Errorf("got token %v, want the same again", got)
	}
}

func TestSearchFields(t *testing.T) {
	all := []string{"assignee", "comment", "created", "creator", "customfield_10050", "issuetype", "project", "reporter", "status", "summary", "updated"}
	without := func(names ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(n string) bool { return slices.Contains(names, n) })
	}
	for fields, want := range map[string][]string{
		"id": nil, "key": nil, "summary": {"summary"}, "summary,status": {"status", "summary"}, "*all": all, "*all,-comment,-project": without("comment", "project"),
		"*navigable": without("comment"), "-summary": without("comment", "summary"), "nothing": {},
	} {
		both(t, jirasim.Options{}, func(s *sim) {
			s.create(0)
			is := s.search("project=PAY", "fields", fields).list("issues")[0].(doc)
			got := keys(is["fields"])
			slices.Sort(got)
			if !slices.Equal(got, want) {
				s.Errorf("%s: got %v, want %v", fields, got, want)
			}
			if _, key := is["key"]; key == (fields == "id" && s.cloud()) {
				s.Errorf("%s: got %v", fields, is)
			}
		})
	}
	t.Run("default", func(t *testing.T) {
		both(t, jirasim.Options{}, func(s *sim) {
			s.create(0)
			is := s.search("project=PAY").list("issues")[0].(doc)
			if diff := cmp.Diff(doc{"id": "10001"}, is); s.cloud() && diff != "" {
				s.Errorf("Cloud's default is the id (-want +got):\n%s", diff)
			}
			if got := len(keys(is["fields"])); !s.cloud() && got != len(all)-1 {
				s.Errorf("Data Center's default is what can be navigated to, got %d fields", got)
			}
		})
	})
}

func TestOldSearchIsGoneFromCloud(t *testing.T) {
	s := serve(t, jirasim.Cloud, jirasim.Options{})
	for _, version := range []string{"2", "3", "latest"} {
		for name, a := range map[string]answer{
			"GET":  s.get("/rest/api/" + version + "/search?jql=project=PAY"),
			"POST": s.post("/rest/api/"+version+"/search", `{"jql":"project=PAY"}`),
		} {
			if a.StatusCode != 410 || !strings.HasPrefix(a.message(), "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.") {
				t.Errorf("%s %s: got %d %s", name, version, a.StatusCode, a.text)
			}
		}
	}
}

func TestOffsetSearch(t *testing.T) {
	s := serve(t, jirasim.DataCenter, jirasim.Options{SearchPage: 3, ResultWindow: 6})
	var all []int64
	for n := range 8 {
		all = append(all, s.create(n))
	}
	for _, tc := range []struct {
		name, query, body string
		status            int
		want              []int64
		size              float64
	}{
		{"first page", "jql=project=PAY&maxResults=2", "", 200, all[:2], 2},
		{"second page", "jql=project=PAY&maxResults=2&startAt=2", "", 200, all[2:4], 2},
		{"clipped page", "jql=project=PAY&maxResults=1000", "", 200, all[:3], 3},
		{"all that may be", "jql=project=PAY&maxResults=-1", "", 200, all[:3], 3},
		{"count alone", "jql=project=PAY&maxResults=0", "", 200, []int64{}, 0},
		{"no query", "", "", 200, all[:3], 3},
		{"edge of the window", "jql=project=PAY&startAt=3", "", 200, all[3:6], 3},
		{"beyond the window", "jql=project=PAY&startAt=4", "", 500, nil, 0},
		{"posted", "", `{"jql":"project=PAY ORDER BY id DESC","startAt":1,"maxResults":2,"fields":["summary"],"expand":["changelog"],"validateQuery":true}`, 200, []int64{all[6], all[5]}, 2},
		{"posted with more", "", `{"jql":"project=PAY","maxResults":1,"notKnown":1}`, 200, all[:1], 1},
		{"unknown project", "jql=project=NO", "", 400, nil, 0},
		{"bare words", "jql=payment+service", "", 400, nil, 0},
		{"syntax error", "jql=project+%3D", "", 400, nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var a answer
			if tc.body != "" {
				a = s.post("/rest/api/2/search", tc.body)
			} else {
				a = s.get("/rest/api/2/search?" + tc.query)
			}
			if a.StatusCode != tc.status {
				t.Fatalf("got %d %s, want %d", a.StatusCode, a.text, tc.status)
			}
			if tc.status != 200 {
				if a.message() == "" {
					t.Errorf("got %s without a message", a.text)
				}
				return
			}
			if diff := cmp.Diff(tc.want, ids(a)); diff != "" {
				t.Errorf("issues (-want +got):\n%s", diff)
			}
			if a.doc()["total"] != 8.0 || a.doc()["maxResults"] != tc.size {
				t.Errorf("got total %v, maxResults %v; want 8, %v", a.doc()["total"], a.doc()["maxResults"], tc.size)
			}
		})
	}
}

// Pages by offset slip when issues change their order between them.
func TestOffsetSearchSlips(t *testing.T) {
	var s *sim
	searches := 0
	s = serve(t, jirasim.DataCenter, jirasim.Options{OnRequest: func(*http.Request) {
		if searches++; searches == 2 {
			s.move(10001, 100)
		}
	}})
	for n := range 4 {
		s.create(n)
	}
	var got []int64
	for _, startAt := range []string{"0", "2"} {
		got = append(got, ids(s.search("project=PAY ORDER BY updated ASC", "startAt", startAt, "maxResults", "2"))...)
	}
	if diff := cmp.Diff([]int64{10001, 10002, 10004, 10001}, got); diff != "" {
		t.Errorf("issues (-want +got):\n%s", diff)
	}
}

func TestIndexLag(t *testing.T) {
	both(t, jirasim.Options{IndexLag: 10 * time.Minute}, func(s *sim) {
		id := s.create(0)
		s.now = minute(20)
		fresh := s.create(18)
		s.move(id, 15)
		s.site.Comment(minute(16), s.dev, id, "there?")

		if diff := cmp.Diff([]int64{id}, ids(s.search("project=PAY"))); diff != "" {
			s.Errorf("a fresh issue was seen (-want +got):\n%s", diff)
		}
		is := s.search("status=Open", "fields", "*all", "expand", "changelog").list("issues")[0].(doc)
		fields := is["fields"].(doc)
		if fields["updated"] != "2026-03-02T11:00:00.000+0200" || fields["comment"].(doc)["total"] != 0.0 || is["changelog"].(doc)["total"] != 0.0 {
			s.Errorf("the search saw what is new: %v", is)
		}
		if got := s.get(fmt.Sprintf("/rest/api/2/issue/%d", id)).doc()["fields"].(doc)["status"].(doc)["name"]; got != "PO Review" {
			s.Errorf("a read by id got status %v", got)
		}
		if s.cloud() {
			if got := ids(s.search("project=PAY", "reconcileIssues", fmt.Sprint(fresh, ",", id))); len(got) != 2 {
				s.Errorf("with both reconciled, got %v", got)
			}
			if a := s.search("status=Open", "reconcileIssues", fmt.Sprint(id)); len(ids(a)) != 0 {
				s.Errorf("a reconciled issue was found by what it was: %s", a.text)
			}
		}
		s.now = minute(25)
		if got := ids(s.search(`status="PO Review"`)); !slices.Equal(got, []int64{id}) {
			s.Errorf("after the lag, got %v", got)
		}
		s.now = minute(28)
		if got := ids(s.search("project=PAY")); len(got) != 2 {
			s.Errorf("after the lag, got %v", got)
		}
	})
}

func TestIndexLagOfOneIssue(t *testing.T) {
	both(t, jirasim.Options{IndexLagOf: func(id int64) time.Duration {
		if id == 10001 {
			return 5 * time.Minute
		}
		return 0
	}}, func(s *sim) {
		first, second := s.create(0), s.create(1)
		s.now = minute(2)
		if got := ids(s.search("project=PAY")); !slices.Equal(got, []int64{second}) {
			s.Errorf("got %v, want the later issue alone", got)
		}
		s.now = minute(5)
		if got := ids(s.search("project=PAY")); !slices.Equal(got, []int64{first, second}) {
			s.Errorf("got %v, want both", got)
		}
	})
}

func TestGoneAndHidden(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		a, b, c := s.create(0), s.create(1), s.create(2)
		s.site.DeleteIssue(a)
		s.site.Hide(b, true)
		if got := ids(s.search("project=PAY")); !slices.Equal(got, []int64{c}) {
			s.Errorf("got %v", got)
		}
		for _, id := range []int64{a, b} {
			if got := s.get(fmt.Sprintf("/rest/api/2/issue/%d", id)); got.StatusCode != 404 {
				s.Errorf("got %d for %d", got.StatusCode, id)
			}
		}
		s.site.Hide(b, false)
		if got := ids(s.search("project=PAY")); !slices.Equal(got, []int64{b, c}) {
			s.Errorf("got %v", got)
		}
	})
}

func TestApproximateCount(t *testing.T) {
	s := serve(t, jirasim.Cloud, jirasim.Options{})
	s.create(0)
	s.create(1)
	if a := s.post("/rest/api/3/search/approximate-count", `{"jql":"project=PAY"}`); a.doc()["count"] != 2.0 {
		t.Errorf("got %s", a.text)
	}
	if a := s.post("/rest/api/3/search/approximate-count", `{"jql":"ORDER BY id"}`); a.StatusCode != 400 || a.message() != unbounded {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
}

func TestMovedIssue(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		id := s.create(0)
		s.site.Move(minute(5), s.dev, id, s.web, nil)
		if got := ids(s.search("project=PAY")); len(got) != 0 {
			s.Errorf("it is still found in its old project: %v", got)
		}
		for _, name := range []string{"PAY-1", "WEB-1", fmt.Sprint(id)} {
			a := s.get("/rest/api/2/issue/" + url.PathEscape(name) + "?expand=changelog")
			if a.doc()["key"] != "WEB-1" || a.doc()["id"] != fmt.Sprint(id) || a.doc()["fields"].(doc)["project"].(doc)["key"] != "WEB" {
				s.Errorf("%s: got %s", name, a.text)
			}
		}
	})
}
