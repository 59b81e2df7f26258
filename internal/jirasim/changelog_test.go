package jirasim_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// recordIDs returns the ids of a list of records.
func recordIDs(list []any) []string {
	out := []string{}
	for _, h := range list {
		out = append(out, h.(doc)["id"].(string))
	}
	return out
}

func reversed(list []string) []string {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}

func TestInlineChangelog(t *testing.T) {
	for _, n := range []int{0, 39, 40, 41, 250} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			both(t, jirasim.Options{}, func(s *sim) {
				id := s.create(0)
				all := []string{}
				for i := range n {
					all = append(all, fmt.Sprint(s.move(id, i)))
				}
				for name, is := range map[string]doc{
					"read":   s.get(fmt.Sprintf("/rest/api/2/issue/%d?expand=names,changelog", id)).doc(),
					"search": s.search("project=PAY", "expand", "changelog").list("issues")[0].(doc),
				} {
					log := is["changelog"].(doc)
					got := recordIDs(log["histories"].([]any))
					if log["startAt"] != 0.0 || log["total"] != float64(n) || log["maxResults"] != float64(len(got)) {
						s.Errorf("%s: got startAt %v, total %v, maxResults %v of %d", name, log["startAt"], log["total"], log["maxResults"], len(got))
					}
					if s.cloud() {
						if diff := cmp.Diff(reversed(all)[:min(n, 40)], got); diff != "" {
							s.Errorf("%s: want the 40 newest, newest first (-want +got):\n%s", name, diff)
						}
						continue
					}
					if n > 10 && (slices.Equal(got, all) || slices.Equal(got, reversed(all))) {
						s.Errorf("%s: the records are in an order to rely on", name)
					}
					if slices.Sort(got); !slices.Equal(got, all) {
						s.Errorf("%s: got %d records, want all %d", name, len(got), n)
					}
				}
			})
		})
	}
	t.Run("not asked for", func(t *testing.T) {
		both(t, jirasim.Options{}, func(s *sim) {
			s.create(0)
			if _, ok := s.get("/rest/api/2/issue/PAY-1").doc()["changelog"]; ok {
				s.Error("there is a changelog")
			}
		})
	})
}

func TestChangelogRecord(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		id := s.create(0)
		s.move(id, 1)
		s.site.Change(minute(2), nil, id, nil, jirasim.Item{Field: "Workflow", FieldType: "jira"})
		list := s.get(fmt.Sprintf("/rest/api/2/issue/%d?expand=changelog", id)).doc()["changelog"].(doc)["histories"].([]any)
		slices.SortFunc(list, func(a, b any) int { return cmpText(a.(doc)["id"], b.(doc)["id"]) })
		author := doc{"accountId": "acc:dev", "accountType": "atlassian", "displayName": "DEV", "active": true, "timeZone": "America/New_York"}
		if !s.cloud() {
			author = doc{"name": "dev", "key": "JIRAUSER-dev", "displayName": "DEV", "active": true, "timeZone": "America/New_York"}
		}
		want := []any{
			doc{"id": "100001", "author": author, "created": "2026-03-02T11:01:00.000+0200", "items": []any{doc{
				"field": "status", "fieldtype": "jira", "fieldId": "status", "from": "1", "fromString": "Open", "to": "2", "toString": "PO Review",
			}}},
			doc{"id": "100002", "created": "2026-03-02T11:02:00.000+0200", "items": []any{doc{
				"field": "Workflow", "fieldtype": "jira", "from": nil, "fromString": nil, "to": nil, "toString": nil,
			}}},
		}
		if diff := cmp.Diff(want, list); diff != "" {
			s.Errorf("records (-want +got):\n%s", diff)
		}
	})
}

func cmpText(a, b any) int { return slices.Compare([]string{a.(string)}, []string{b.(string)}) }

func TestChangelogOfOneIssue(t *testing.T) {
	s := serve(t, jirasim.Cloud, jirasim.Options{})
	id := s.create(0)
	var all []string
	for i := range 250 {
		all = append(all, fmt.Sprint(s.move(id, i)))
	}
	for _, tc := range []struct {
		query  string
		want   []string
		size   float64
		isLast bool
	}{
		{"", all[:100], 100, false},
		{"startAt=100", all[100:200], 100, false},
		{"startAt=200", all[200:], 100, true},
		{"startAt=150&maxResults=5000", all[150:], 100, true},
		{"startAt=3&maxResults=2", all[3:5], 2, false},
		{"startAt=300", []string{}, 100, true},
	} {
		for _, version := range []string{"2", "3"} {
			a := s.get("/rest/api/" + version + "/issue/PAY-1/changelog?" + tc.query)
			if diff := cmp.Diff(tc.want, recordIDs(a.list("values"))); diff != "" {
				t.Errorf("%s: records (-want +got):\n%s", tc.query, diff)
			}
			if a.doc()["total"] != 250.0 || a.doc()["maxResults"] != tc.size || a.doc()["isLast"] != tc.isLast {
				t.Errorf("%s: got total %v, maxResults %v, isLast %v", tc.query, a.doc()["total"], a.doc()["maxResults"], a.doc()["isLast"])
			}
		}
	}
	if a := s.get("/rest/api/2/issue/PAY-1/changelog"); a.list("values")[0].(doc)["created"] != "2026-03-02T11:00:00.000+0200" {
		t.Errorf("got %v", a.list("values")[0])
	}
}

func TestBulkChangelog(t *testing.T) {
	s := serve(t, jirasim.Cloud, jirasim.Options{})
	a, b, silent := s.create(0), s.create(0), s.create(0)
	label := "x"
	r1, r2 := s.move(b, 1), s.move(a, 1) // at one instant: by issue
	r3 := s.site.Change(minute(2), s.dev, a, nil, jirasim.Item{Field: "labels", FieldType: "jira", FieldID: "labels", ToString: &label})
	r4 := s.move(b, 3)
	type log struct {
		issue   string
		records []string
	}
	read := func(t *testing.T, body string) (answer, []log) {
		t.Helper()
		ans := s.post("/rest/api/3/changelog/bulkfetch", body)
		if ans.StatusCode != 200 {
			t.Fatalf("got %d %s", ans.StatusCode, ans.text)
		}
		var out []log
		for _, l := range ans.list("issueChangeLogs") {
			out = append(out, log{l.(doc)["issueId"].(string), recordIDs(l.(doc)["changeHistories"].([]any))})
		}
		return ans, out
	}
	text := func(id int64) string { return fmt.Sprint(id) }
	t.Run("an issue is split over pages", func(t *testing.T) {
		body := fmt.Sprintf(`{"issueIdsOrKeys":["%d",%d,"PAY-3","NO-1"],"maxResults":2,"nextPageToken":%%s}`, a, b)
		ans, got := read(t, fmt.Sprintf(body, "null"))
		if diff := cmp.Diff([]log{{text(a), []string{text(r2)}}, {text(b), []string{text(r1)}}}, got, cmp.AllowUnexported(log{})); diff != "" {
			t.Errorf("first page (-want +got):\n%s", diff)
		}
		record := ans.list("issueChangeLogs")[0].(doc)["changeHistories"].([]any)[0].(doc)
		if want := float64(minute(1).UnixMilli()); record["created"] != want {
			t.Errorf("got created %v, want the number %v", record["created"], want)
		}
		token := ans.doc()["nextPageToken"].(string)
		ans, got = read(t, fmt.Sprintf(body, `"`+token+`"`))
		if diff := cmp.Diff([]log{{text(a), []string{text(r3)}}, {text(b), []string{text(r4)}}}, got, cmp.AllowUnexported(log{})); diff != "" {
			t.Errorf("last page (-want +got):\n%s", diff)
		}
		if token, there := ans.doc()["nextPageToken"]; token != nil || !there {
			t.Errorf("the last page has token %v", token)
		}
	})
	t.Run("fields", func(t *testing.T) {
		_, got := read(t, fmt.Sprintf(`{"issueIdsOrKeys":["%d","%d","%d"],"fieldIds":["labels"]}`, a, b, silent))
		if diff := cmp.Diff([]log{{text(a), []string{text(r3)}}}, got, cmp.AllowUnexported(log{})); diff != "" {
			t.Errorf("records of a field (-want +got):\n%s", diff)
		}
	})
	for name, body := range map[string]string{
		"no issue": `{"issueIdsOrKeys":[]}`, "page of 0": `{"issueIdsOrKeys":["1"],"maxResults":0}`, "page of 10001": `{"issueIdsOrKeys":["1"],"maxResults":10001}`,
		"rubbish token": `{"issueIdsOrKeys":["1"],"nextPageToken":"x"}`, "unknown property": `{"issueIdsOrKeys":["1"],"startAt":0}`,
		"eleven fields": `{"issueIdsOrKeys":["1"],"fieldIds":["1","2","3","4","5","6","7","8","9","10","11"]}`,
	} {
		if got := s.post("/rest/api/3/changelog/bulkfetch", body); got.StatusCode != 400 || got.message() == "" {
			t.Errorf("%s: got %d %s", name, got.StatusCode, got.text)
		}
	}
	if got := s.post("/rest/api/2/changelog/bulkfetch", `{"issueIdsOrKeys":["1"]}`); got.StatusCode != 404 {
		t.Errorf("the second version of REST answered %d", got.StatusCode)
	}
}

func TestBulkIssues(t *testing.T) {
	s := serve(t, jirasim.Cloud, jirasim.Options{})
	for n := range 120 {
		s.create(n)
	}
	s.site.Move(minute(200), s.dev, 10001, s.web, nil)
	a := s.post("/rest/api/3/issue/bulkfetch", `{"issueIdsOrKeys":["10003","PAY-1","NO-7",10002]}`)
	if diff := cmp.Diff([]int64{10001, 10002, 10003}, ids(a)); diff != "" {
		t.Errorf("issues (-want +got):\n%s", diff)
	}
	if got := a.list("issues")[0].(doc)["key"]; got != "WEB-1" {
		t.Errorf("the moved issue came as %v", got)
	}
	if got := a.list("issueErrors"); len(got) != 1 || got[0].(doc)["id"] != "NO-7" {
		t.Errorf("got errors %v", got)
	}
	many := `"PAY-2"`
	for n := range 100 {
		many += fmt.Sprintf(`,"PAY-%d"`, n+3)
	}
	for more, status := range map[string]int{"": 400, `,"fields":["summary"]`: 200, `,"fields":["*all"]`: 400, `,"fields":["summary"],"expand":["changelog"]`: 400} {
		if got := s.post("/rest/api/3/issue/bulkfetch", `{"issueIdsOrKeys":[`+many+`]`+more+`}`); got.StatusCode != status {
			t.Errorf("101 issues with %q: got %d, want %d", more, got.StatusCode, status)
		}
	}
}
