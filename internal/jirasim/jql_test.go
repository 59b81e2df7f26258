package jirasim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
)

func TestJQL(t *testing.T) {
	for _, tc := range []struct {
		jql  string
		want []int64 // 1 is the first issue, and so on
	}{
		{"project = PAY", []int64{1, 2, 3, 4}},
		{"project = pay", []int64{1, 2, 3, 4}},
		{`project = "PAY"`, []int64{1, 2, 3, 4}},
		{"project = 'Payment Service'", []int64{1, 2, 3, 4}},
		{"project = 100", []int64{1, 2, 3, 4}},
		{`project in (WEB, "100")`, []int64{1, 2, 3, 4, 5}},
		{"project not in (PAY)", []int64{5}},
		{"project != PAY", []int64{5}},
		{"NOT project = PAY", []int64{5}},
		{"issuetype = Story", []int64{1, 2, 4, 5}},
		{"issuetype in (Story, 11)", []int64{1, 2, 3, 4, 5}},
		{`issuetype not in ("Sub-task")`, []int64{1, 2, 4, 5}},
		{"type != story", []int64{3}},
		{`status = "PO Review"`, []int64{2}},
		{"status in (2, Open)", []int64{1, 2, 3, 4, 5}},
		{"status not in (Open)", []int64{2}},
		{"key = PAY-2", []int64{2}},
		{"id = 10002", []int64{2}},
		{"issue in (PAY-1, pay-3)", []int64{1, 3}},
		{"issuekey not in (PAY-1, 10002)", []int64{3, 4, 5}},
		{"id > 10003", []int64{4, 5}},
		{"id >= 10003 AND id < 10005", []int64{3, 4}},
		{"id <= 10002", []int64{1, 2}},
		{"sprint = 7", []int64{4}},
		{`sprint in ("Sprint 8", 7)`, []int64{4, 5}},
		{"project = PAY AND issuetype = Story OR project = WEB", []int64{1, 2, 4, 5}},
		{"project = WEB OR project = PAY AND issuetype = Story", []int64{1, 2, 4, 5}},
		{"project = PAY AND (issuetype = Sub-task or status = 2)", []int64{2, 3}},
		{"not (project = PAY and issuetype = Story)", []int64{3, 5}},
		{"project=PAY&&issuetype=Story||project=WEB", []int64{1, 2, 4, 5}},
		{"(id > 10003 OR project = PAY) AND id >= 10002", []int64{2, 3, 4, 5}},
		{"project = PAY order by id desc", []int64{4, 3, 2, 1}},
		{"project = PAY ORDER BY key ASC", []int64{1, 2, 3, 4}},
		{"project = PAY ORDER BY updated ASC", []int64{1, 3, 4, 2}},
		{"project = PAY ORDER BY updated", []int64{2, 3, 4, 1}},
		{"project = PAY ORDER BY created DESC, id ASC", []int64{3, 4, 2, 1}},
		{"project = PAY ORDER BY id,id,id,id,id,id,id", []int64{1, 2, 3, 4}},

		// Issue n is created at 09:0n UTC, issue 4 with issue 3, and issue 2 updated at 09:30:59.999.
		{fmt.Sprintf("created >= %d", minute(3).UnixMilli()), []int64{3, 4, 5}},
		{fmt.Sprintf("created > %d", minute(3).UnixMilli()), []int64{5}},
		{fmt.Sprintf("created = %d", minute(2).UnixMilli()), []int64{2}},
		{fmt.Sprintf("created < %d", minute(2).UnixMilli()), []int64{1}},
		{fmt.Sprintf("updated >= %d", minute(31).UnixMilli()-1), []int64{2}},
		{fmt.Sprintf("updated > %d", minute(31).UnixMilli()-1), []int64{}},
		// The account that searches lives in New York, UTC-5.
		{`updated >= "2026-03-02 04:30"`, []int64{2}},
		{`updated >= "2026/03/02 04:30"`, []int64{2}},
		{`updated >= "2026-03-02 04:31"`, []int64{}},
		{`updated <= "2026-03-02 04:30"`, []int64{1, 3, 4, 5}},
		{`updated >= '2026-03-02 09:00'`, []int64{}},
		{`created >= "2026-03-02"`, []int64{1, 2, 3, 4, 5}},
		{`created >= 2026-03-03`, []int64{}},
		{`created < "2026/3/2"`, []int64{}},
		// It is the next day, 09:00.
		{"updated >= -1d", []int64{1, 2, 3, 4, 5}},
		{`updated >= "-1d"`, []int64{1, 2, 3, 4, 5}},
		{"updated >= -1410m", []int64{2}},
		{`updated >= "-23h 30m"`, []int64{2}},
		{`updated >= "-1410"`, []int64{2}},
		{"updated >= -4w", []int64{1, 2, 3, 4, 5}},
		{`updated <= "30"`, []int64{1, 2, 3, 4, 5}},
		// Milliseconds in quotes are minutes, of the far future.
		{fmt.Sprintf(`updated >= "%d"`, minute(0).UnixMilli()), []int64{}},
	} {
		t.Run(tc.jql, func(t *testing.T) {
			both(t, jirasim.Options{}, func(s *sim) {
				s.populate()
				a := s.search(tc.jql)
				if a.StatusCode != 200 {
					s.Fatalf("got %d %s", a.StatusCode, a.text)
				}
				got := ids(a)
				for i := range got {
					got[i] -= 10000
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					s.Errorf("issues (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// populate makes the issues of the queries.
func (s *sim) populate() {
	sprints := []*jirasim.Sprint{{ID: 7, Name: "Sprint 7", State: "closed"}, {ID: 8, Name: "Sprint 8", State: "active"}}
	s.site.AddBoard(&jirasim.Board{ID: 1, Name: "Team", Type: "scrum", ProjectKey: "PAY", Sprints: sprints})
	issue := func(n int, p *jirasim.Project, kind string, sprints []*jirasim.Sprint) {
		s.site.CreateIssue(minute(n), s.dev, p, doc{"issuetype": doc{"id": kind}, "status": doc{"id": "1"}, "customfield_10020": sprints})
	}
	issue(1, s.pay, "10", nil)
	issue(2, s.pay, "10", nil)
	issue(3, s.pay, "11", nil)
	issue(3, s.pay, "10", sprints[:1])
	issue(5, s.web, "10", sprints[1:])
	s.site.Change(minute(31).Add(-time.Millisecond), s.dev, 10002, doc{"status": doc{"id": "2"}})
}

func TestJQLRefusals(t *testing.T) {
	const prefix = "Error in the JQL Query: "
	for jql, want := range map[string]string{
		"project = NO":                     "The value 'NO' does not exist for the field 'project'.",
		"project in (PAY, NO)":             "The value 'NO' does not exist for the field 'project'.",
		"issuetype = Dragon":               "The value 'Dragon' does not exist for the field 'issuetype'.",
		"status in (Open, Lost)":           "The value 'Lost' does not exist for the field 'status'.",
		"key = PAY-99":                     "An issue with key 'PAY-99' does not exist for field 'key'.",
		"sprint = 99":                      "Sprint with name '99' does not exist or you do not have permission to view it.",
		"dragon = 1":                       "Field 'dragon' does not exist or you do not have permission to view it.",
		"project = PAY ORDER BY dragon":    "Field 'dragon' does not exist or you do not have permission to view it.",
		"project > PAY":                    "The operator '>' is not supported by the 'project' field.",
		"project ~ PAY":                    "The operator '~' is not supported by the 'project' field.",
		"updated in (1)":                   "The operator 'in' is not supported by the 'updated' field.",
		"status is empty":                  "The operator 'is' is not supported by the 'status' field.",
		"project = PAY ORDER BY id down":   prefix + "Expecting ',' but got 'down'. (line 1, character 27)",
		"project = PAY ORDER BY":           prefix + "Expecting a field name before the end of the query.",
		"project = ":                       prefix + "Expecting either a value, list or function before the end of the query.",
		"project = AND":                    prefix + "'AND' is a reserved JQL word. You must surround it in quotation marks to use it as a field or value. (line 1, character 11)",
		"project = PAY id = 1":             prefix + "Expecting either 'OR' or 'AND' but got 'id'. (line 1, character 15)",
		"(project = PAY":                   prefix + "Expecting ')' before the end of the query.",
		"project in PAY":                   prefix + "Expecting '(' but got 'PAY'.",
		"project in (PAY":                  prefix + "Expecting ',' or ')' but got ''.",
		`project = "PAY`:                   prefix + "The quoted string 'PAY' has not been completed. (line 1, character 11)",
		"issue in (PAY-1) and ORDER BY id": prefix + "Expecting either a value, list or function before the end of the query.",
		"project = PAY ORDER BY id,id,id,id,id,id,id,id": "The maximum number of fields to order by is 7.",
		"updated >= yesterday":                           "Date value 'yesterday' for field 'updated' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.",
		`updated >= "2026-03-02 09:00:30"`:               "Date value '2026-03-02 09:00:30' for field 'updated' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.",
	} {
		t.Run(jql, func(t *testing.T) {
			both(t, jirasim.Options{}, func(s *sim) {
				s.populate()
				if a := s.search(jql); a.StatusCode != 400 || a.message() != want {
					s.Errorf("got %d %q, want 400 %q", a.StatusCode, a.message(), want)
				}
			})
		})
	}
}

// The flavours differ in ids that they do not know.
func TestJQLOfUnknownIDs(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		s.populate()
		for _, jql := range []string{"id in (10001, 99999)", "id > 9", "id >= 1"} {
			if a := s.search(jql); (a.StatusCode == 200) != s.cloud() {
				s.Errorf("%s: got %d %s", jql, a.StatusCode, a.text)
			}
		}
	})
}

func TestBareWordsAreTextOnCloud(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		s.populate()
		for _, jql := range []string{"payment", "payment service ORDER BY id", `"project = PAY"`} {
			a := s.search(jql)
			if s.cloud() && (a.StatusCode != 200 || len(ids(a)) != 0) || !s.cloud() && a.StatusCode != 400 {
				s.Errorf("%s: got %d %s", jql, a.StatusCode, a.text)
			}
		}
	})
}
