package jirasim_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// serveExport serves an export.
func serveExport(t *testing.T, path string, flavor jirasim.Flavor) *sim {
	t.Helper()
	s := &sim{T: t}
	var err error
	if s.site, err = jirasim.LoadExport(path, flavor, time.Now); err != nil {
		t.Fatal(err)
	}
	o := jirasim.Options{Token: "secret"}
	if flavor == jirasim.Cloud {
		o.Email = "bot@example.com"
	}
	s.server = jirasim.NewServer(s.site, o)
	srv := httptest.NewServer(s.server)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func TestExportIsServedAsItWas(t *testing.T) {
	s := serveExport(t, "testdata/export", jirasim.DataCenter)
	is := s.get("/rest/api/2/issue/WEB-7?expand=changelog").doc()
	fields := is["fields"].(doc)
	for path, want := range map[string]any{
		"id": "500", "key": "WEB-7",
		"fields.summary": "Über <b>", "fields.description": "see [~bob] and [~nobody]", "fields.assignee.emailAddress": "bob@example.com",
		"fields.project.projectCategory.id": "1", "fields.status.statusCategory.name": "Complete",
		"fields.created": "2020-01-02T02:04:05.006+0000", "fields.updated": "2020-01-02T02:10:00.000+0000",
		"fields.comment.comments.0.id": "900", "fields.comment.comments.0.body": "[~bob], which?",
		"fields.comment.comments.0.author.key": "JIRAUSER1", "fields.comment.comments.0.updated": "2020-01-02T02:06:00.000+0000",
		"changelog.total": 2.0,
	} {
		if got := pick(is, path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	if a := s.get("/rest/api/2/issue/500?fields=customfield_3,issuetype"); strings.Count(a.text, "12345678901234567890") != 2 {
		t.Errorf("long numbers were lost: %s", a.text)
	}
	if _, ok := fields["customfield_2"].([]any)[0].(string); !ok {
		t.Errorf("got sprints %v", fields["customfield_2"])
	}
	got := recordIDs(pick(is, "changelog.histories").([]any))
	if slices.Sort(got); !slices.Equal(got, []string{"801", "802"}) {
		t.Errorf("got records %v", got)
	}
	for _, h := range pick(is, "changelog.histories").([]any) {
		_, author := h.(doc)["author"]
		if created := h.(doc)["created"]; h.(doc)["id"] == "802" && (created != "2020-01-02T02:20:00.000+0000" || !author) || h.(doc)["id"] == "801" && author {
			t.Errorf("got record %v", h)
		}
	}
	if got := s.get("/rest/api/2/issue/OLD-3").doc()["key"]; got != "WEB-7" {
		t.Errorf("its old key leads to %v", got)
	}
	if got := ids(s.search("project = Website ORDER BY id")); !slices.Equal(got, []int64{400, 500}) {
		t.Errorf("got issues %v", got)
	}
	if got := ids(s.search("sprint = 9 and status = Resolved and issuetype = Bug")); !slices.Equal(got, []int64{500}) {
		t.Errorf("got issues %v", got)
	}
}

func TestExportDescribesItself(t *testing.T) {
	s := serveExport(t, "testdata/export", jirasim.DataCenter)
	type status struct{ id, name, category string }
	var statuses []status
	for _, st := range s.get("/rest/api/2/status").json.([]any) {
		statuses = append(statuses, status{st.(doc)["id"].(string), st.(doc)["name"].(string), pick(st, "statusCategory.key").(string)})
	}
	want := []status{{"1", "Open", "new"}, {"5", "Resolved", "done"}, {"10000", "Old Review", "indeterminate"}}
	if diff := cmp.Diff(want, statuses, cmp.AllowUnexported(status{})); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	project := s.get("/rest/api/2/project/WEB").doc()
	if _, lead := project["lead"]; lead || project["id"] != "20" || project["name"] != "Website" {
		t.Errorf("got project %v", project)
	}
	if got := s.get("/rest/api/2/project/WEB/statuses").json; len(got.([]any)) != 2 || len(pick(got, "0.statuses").([]any)) != 3 {
		t.Errorf("got statuses of the project %v", got)
	}
	if got := s.get("/rest/api/2/issuetype").json; pick(got, "1.subtask") != true {
		t.Errorf("got types %v", got)
	}
	fields := map[string]string{}
	for _, f := range s.get("/rest/api/2/field").json.([]any) {
		if f.(doc)["custom"] == true {
			fields[f.(doc)["id"].(string)] = fmt.Sprint(f.(doc)["name"], " ", pick(f, "schema.type"), " ", pick(f, "schema.items"))
		}
	}
	wantFields := map[string]string{
		"customfield_1": "Product Owner user <nil>", "customfield_2": "customfield_2 array json", "customfield_3": "customfield_3 any <nil>", "customfield_4": "Leader array user",
	}
	if diff := cmp.Diff(wantFields, fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if got := s.get("/rest/api/2/user?username=bob").doc(); got["active"] != false || got["timeZone"] != "Asia/Tokyo" {
		t.Errorf("got user %v", got)
	}
	if got := s.get("/rest/api/2/myself").StatusCode; got != 200 {
		t.Errorf("myself: got %d", got)
	}
}

// An export of the other flavour gets this one's users.
func TestExportOfTheOtherFlavour(t *testing.T) {
	s := serveExport(t, "testdata/export", jirasim.Cloud)
	is := s.get("/rest/api/2/issue/WEB-7").doc()
	for path, want := range map[string]any{
		"fields.assignee.accountId": "JIRAUSER2", "fields.assignee.name": nil, "fields.customfield_4.0.accountId": "JIRAUSER1",
		"fields.comment.comments.0.author.accountId": "JIRAUSER1", "fields.comment.comments.0.body": "[~accountid:JIRAUSER2], which?",
		"fields.description": "see [~accountid:JIRAUSER2] and [~nobody]",
	} {
		if got := pick(is, path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	log := s.get("/rest/api/2/issue/WEB-7/changelog")
	if got := recordIDs(log.list("values")); !slices.Equal(got, []string{"801", "802"}) {
		t.Errorf("got records %v, want the oldest first", got)
	}
}

func TestExportGoesOn(t *testing.T) {
	s := serveExport(t, "testdata/export", jirasim.Cloud)
	s.site.Comment(start(), nil, 400, "more")
	s.site.Change(start(), nil, 400, doc{"summary": "three"})
	is := s.get("/rest/api/2/issue/400?expand=changelog").doc()
	for path, want := range map[string]any{"fields.summary": "three", "fields.comment.comments.0.id": "200001", "changelog.histories.0.id": "100001"} {
		if got := pick(is, path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

func TestExportCompressed(t *testing.T) {
	plain, err := os.ReadFile("testdata/export/two.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "issues.jsonl.gz")
	for name, data := range map[string][]byte{path: buf.Bytes(), filepath.Join(dir, "README.md"): []byte("not an issue")} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, from := range []string{path, dir} {
		s := serveExport(t, from, jirasim.DataCenter)
		if got := ids(s.search("")); !slices.Equal(got, []int64{400}) {
			t.Errorf("%s: got issues %v", from, got)
		}
	}
}

func TestExportErrors(t *testing.T) {
	plain, err := os.ReadFile("testdata/export/two.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	good := strings.TrimSpace(string(plain))
	with := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(good) }
	comment := `{"id":"7","body":"x","created":"2021-01-02T03:04:05.006+0000"}`
	record := `{"id":"8","created":"2021-01-02T03:04:05.006+0000","items":[]}`
	noComments, noRecords := `{"comments":[],"total":0}`, `{"total":0,"histories":[]}`
	for _, tc := range []struct{ name, text, want string }{
		{"not JSON", good + "\n{", "bad.jsonl:2: the line must be one issue as GET issue?expand=changelog answers it: unexpected end of JSON input"},
		{"a list", "[]", "bad.jsonl:1: the line must be one issue as GET issue?expand=changelog answers it"},
		{"numeric id", with(`"400"`, `400`), "bad.jsonl:1: the line must be one issue"},
		{"textual id", with(`"400"`, `"x"`), `bad.jsonl:1: id is "x": it must be a number in quotes`},
		{"no key", with(`"key":"WEB-2"`, `"key":""`), "bad.jsonl:1: an issue must have a key and fields"},
		{"no changelog", with(`"changelog"`, `"other"`), "bad.jsonl:1: changelog is missing: export with expand=changelog"},
		{"part of the changelog", with(noRecords, `{"total":7,"histories":[]}`), "bad.jsonl:1: changelog holds 0 of 7 records: export all of them"},
		{"part of the comments", with(noComments, `{"comments":[],"total":7}`), "bad.jsonl:1: fields.comment holds 0 of 7 comments: export all of them"},
		{"no comments", with(`"comment"`, `"other"`), "bad.jsonl:1: fields.comment is missing: export with all fields"},
		{"no project", with(`"project":{`, `"other":{`), "bad.jsonl:1: fields.project is missing"},
		{"project without a key", with(`"key":"WEB",`, ``), "bad.jsonl:1: fields.project must have an id and a key"},
		{"instant in another form", with(`"created":"2021-01-02T03:04:05.006+0000"`, `"created":"2021-01-02T03:04:05Z"`), `bad.jsonl:1: fields.created: "2021-01-02T03:04:05Z" is no instant like "2012-01-04T18:54:04.170+0000"`},
		{"the same issue", good + "\n\n" + good, "bad.jsonl:3: issue 400 is at "},
		{"the same id", good + "\n" + with("WEB-2", "WEB-3"), "bad.jsonl:2: issue 400 is at "},
		{"the same key", good + "\n" + with(`"400"`, `"401"`), "bad.jsonl:2: issue WEB-2 is at "},
		{"the same comment", with(noComments, `{"comments":[`+comment+`,`+comment+`]}`), "bad.jsonl:1: comment 7 is at "},
		{"the same record", with(noRecords, `{"histories":[`+record+`]}`) + "\n" + with(noRecords, `{"histories":[`+record+`]}`, `"400"`, `"401"`, "WEB-2", "WEB-3"), "bad.jsonl:2: history record 8 is at "},
		{"record without an instant", with(noRecords, `{"histories":[{"id":"8"}]}`), "bad.jsonl:1: history record 8: created is missing"},
		{"comment without a number", with(noComments, `{"comments":[{"id":"x"}]}`), `bad.jsonl:1: the id of a comment is "x": it must be a number in quotes`},
		{"nothing", "\n", "holds no issue"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.jsonl")
			if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := jirasim.LoadExport(path, jirasim.DataCenter, time.Now)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want %q", err, tc.want)
			}
		})
	}
	empty := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(empty, "none.jsonl"): "give a .jsonl or .jsonl.gz file, or a folder of them", empty: "holds no .jsonl or .jsonl.gz file",
	} {
		if _, err := jirasim.LoadExport(path, jirasim.DataCenter, time.Now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
}
