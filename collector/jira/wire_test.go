package jira

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

func TestInstants(t *testing.T) {
	want := latency.At(time.Date(2026, 3, 2, 8, 0, 0, 123e6, time.UTC))
	for _, tc := range []struct {
		in   string
		want latency.Instant
		ok   bool
	}{
		{`"2026-03-02T09:00:00.123+0100"`, want, true},
		{`"2026-03-02T16:00:00.123+08:00"`, want, true},
		{`"2026-03-02T08:00:00.123Z"`, want, true},
		{`"2026-03-02T13:30:00.123+0530"`, want, true},
		{`"2026-03-02T08:00:00Z"`, want - 123, true},
		{`"2026-03-02T08:00:00+0000"`, want - 123, true},
		{"1772438400123", want, true},
		{`"1772438400123"`, want, true},
		{"null", 0, true},
		{`""`, 0, true},
		{`"yesterday"`, 0, false},
		{`{}`, 0, false},
	} {
		var got struct{ At instant }
		err := json.Unmarshal([]byte(`{"At":`+tc.in+`}`), &got)
		if (err == nil) != tc.ok || latency.Instant(got.At) != tc.want {
			t.Errorf("%s: got %d, %v, want %d", tc.in, got.At, err, tc.want)
		}
	}
}

func TestLegacySprints(t *testing.T) {
	const head = "com.atlassian.greenhopper.service.sprint.Sprint@1bf75fd"
	for _, tc := range []struct {
		name, in string
		want     latency.Value
		ok       bool
	}{
		{"plain", head + "[id=1,rapidViewId=186,state=CLOSED,name=Sprint 1,startDate=2026-03-01T11:27:00.000+01:00,endDate=x,completeDate=<null>,sequence=5335,goal=]", latency.Value{ID: "1", Name: "Sprint 1"}, true},
		{"commas and brackets in the name", head + "[id=76,state=ACTIVE,name=A, [B], id=5,goal=x\ny,startDate=<null>]", latency.Value{ID: "76", Name: "A, [B], id=5"}, true},
		{"name at the end", head + "[rapidViewId=1,id=3,name=Last]", latency.Value{ID: "3", Name: "Last"}, true},
		{"something else", "Sprint 1", latency.Value{}, false},
	} {
		if got, ok := sprintOf(tc.in); got != tc.want || ok != tc.ok {
			t.Errorf("%s: got %v, %t, want %v, %t", tc.name, got, ok, tc.want, tc.ok)
		}
	}
}

// testFields are those of a Jira with two user fields of one name.
func testFields() []jiradata.Field {
	return []jiradata.Field{
		{ID: "status", Name: "Zustand"},
		{ID: "customfield_10050", Name: "Product Owner", People: true},
		{ID: "customfield_10051", Name: "Prüfer", UntranslatedName: "Reviewers", People: true},
		{ID: "customfield_10060", Name: "Approver", People: true},
		{ID: "customfield_10061", Name: "Approver", People: true},
		{ID: "customfield_10020", Name: "Sprint", Custom: customSprint},
		{ID: "customfield_10014", Name: "Epos-Verknüpfung", UntranslatedName: "Epic Link", Custom: customEpicLink},
		{ID: "customfield_10021", Name: "Flagged", Custom: customChecks},
		{ID: "customfield_10099", Name: "Status", Custom: "text"},
	}
}

func TestChanges(t *testing.T) {
	for _, tc := range []struct {
		name, item string
		want       []latency.Change
	}{
		{
			"status by id", `{"field":"Zustand","fieldtype":"jira","fieldId":"status","from":"1","fromString":"Open","to":"3","toString":"Done"}`,
			[]latency.Change{{Field: "status", From: latency.Value{ID: "1", Name: "Open"}, To: latency.Value{ID: "3", Name: "Done"}}},
		},
		{
			"status by name, without id", `{"field":"Status","fieldtype":"jira","from":1,"fromString":"Open","to":null,"toString":"Done"}`,
			[]latency.Change{{Field: "status", From: latency.Value{ID: "1", Name: "Open"}, To: latency.Value{Name: "Done"}}},
		},
		{"custom field called Status", `{"field":"Status","fieldtype":"custom","from":null,"fromString":"a","to":null,"toString":"b"}`, nil},
		{"custom field called Status, by id", `{"field":"status","fieldtype":"custom","fieldId":"customfield_10099","fromString":"a","toString":"b"}`, nil},
		{
			"assignee without name", `{"field":"assignee","fieldId":"assignee","from":null,"to":"ada","toString":"Ada"}`,
			[]latency.Change{{Field: "assignee", To: latency.Value{ID: "ada"}}},
		},
		{
			"user field by id", `{"field":"PO","fieldtype":"custom","fieldId":"customfield_10050","from":"ada","fromString":"Ada","to":"","toString":""}`,
			[]latency.Change{{Field: "customfield_10050", From: latency.Value{ID: "ada"}}},
		},
		{
			"user field by name", `{"field":"product owner","fieldtype":"custom","from":"ada","to":"grace"}`,
			[]latency.Change{{Field: "customfield_10050", From: latency.Value{ID: "ada"}, To: latency.Value{ID: "grace"}}},
		},
		{
			"several people, by untranslated name", `{"field":"Reviewers","fieldtype":"custom","from":"[ada]","to":"[ada, grace]"}`,
			[]latency.Change{{Field: "customfield_10051", From: latency.Value{ID: "ada"}, To: latency.Value{ID: "ada,grace"}}},
		},
		{
			"name of two fields", `{"field":"Approver","fieldtype":"custom","to":"ada"}`,
			[]latency.Change{{Field: "customfield_10060", To: latency.Value{ID: "ada"}}, {Field: "customfield_10061", To: latency.Value{ID: "ada"}}},
		},
		{
			"flag", `{"field":"Flagged","fieldtype":"custom","fieldId":"customfield_10021","from":"","fromString":"","to":"[10019]","toString":"Impediment"}`,
			[]latency.Change{{Field: "flag", To: latency.Value{ID: "10019", Name: "Impediment"}}},
		},
		{
			"labels", `{"field":"labels","fieldtype":"jira","from":null,"fromString":"a","to":null,"toString":"a b"}`,
			[]latency.Change{{Field: "labels", From: latency.Value{Name: "a"}, To: latency.Value{Name: "a b"}}},
		},
		{
			"component", `{"field":"Component","fieldtype":"jira","from":null,"fromString":null,"to":"7","toString":"Checkout"}`,
			[]latency.Change{{Field: "components", To: latency.Value{ID: "7", Name: "Checkout"}}},
		},
		{
			"sprint", `{"field":"Sprint","fieldtype":"custom","from":"34","fromString":"S1","to":"34, 76","toString":"S1, S2"}`,
			[]latency.Change{{Field: "sprint", From: latency.Value{ID: "34", Name: "S1"}, To: latency.Value{ID: "34, 76", Name: "S1, S2"}}},
		},
		{
			"epic link", `{"field":"Epic Link","fieldtype":"custom","from":"","to":"10000","toString":"PAY-1"}`,
			[]latency.Change{{Field: "parent", To: latency.Value{ID: "10000", Name: "PAY-1"}}},
		},
		{
			"parent", `{"field":"IssueParentAssociation","fieldtype":"jira","from":"10000","fromString":"PAY-1","to":null}`,
			[]latency.Change{{Field: "parent", From: latency.Value{ID: "10000", Name: "PAY-1"}}},
		},
		{
			"key", `{"field":"Key","fieldtype":"jira","from":null,"fromString":"PAY-1","to":null,"toString":"WEB-1"}`,
			[]latency.Change{{Field: "key", From: latency.Value{Name: "PAY-1"}, To: latency.Value{Name: "WEB-1"}}},
		},
		{
			"workflow", `{"field":"Workflow","fieldtype":"jira","from":"1","fromString":"old","to":"2","toString":"new"}`,
			[]latency.Change{{Field: "workflow", From: latency.Value{ID: "1", Name: "old"}, To: latency.Value{ID: "2", Name: "new"}}},
		},
		{
			"description without its text", `{"field":"description","fieldtype":"jira","fromString":"a","toString":"b"}`,
			[]latency.Change{{Field: "description"}},
		},
		{"rank", `{"field":"Rank","fieldtype":"custom","toString":"Ranked higher"}`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var it item
			if err := json.Unmarshal([]byte(tc.item), &it); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, newSchema(testFields()).changes(nil, &it)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}
