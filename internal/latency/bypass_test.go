package latency

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestBypass has what bypasses acceptance, and what only looks like it.
func TestBypass(t *testing.T) {
	begun := func() *tale { return newTale(t, "Mon 08:00", "In Progress") }
	for _, tc := range []struct {
		name  string
		rules func(*Rules)
		story *tale
		want  int
	}{
		{name: "done with no acceptance", story: begun().move("Mon 09:00", "dev", "Done"), want: 1},
		{name: "by the owner too", story: begun().move("Mon 09:00", "po", "Done"), want: 1},
		{name: "counted once", story: begun().move("Mon 09:00", "dev", "Done").move("Mon 10:00", "dev", "In Progress").move("Mon 11:00", "dev", "Closed"), want: 1},
		{name: "after a visit", story: begun().move("Mon 09:00", "dev", "PO Review").move("Mon 10:00", "po", "In Progress").move("Mon 11:00", "dev", "Done")},
		{name: "created in acceptance", story: newTale(t, "Mon 08:00", "PO Review").move("Mon 09:00", "po", "Done")},
		{name: "a slip is no visit", story: begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress").move("Mon 11:00", "dev", "Done"), want: 1},
		{name: "nor is a hop", story: begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:00:05", "robot", "In Progress").move("Mon 11:00", "dev", "Done"), want: 1},
		{name: "nor are both", story: begun().move("Mon 08:30", "dev", "PO Review").move("Mon 08:31", "dev", "In Progress").
			move("Mon 09:00", "dev", "PO Review").move("Mon 09:00:05", "robot", "In Progress").move("Mon 11:00", "dev", "Done"), want: 1},
		{name: "nor one by creation", story: newTale(t, "Mon 08:00", "PO Review").move("Mon 08:00:05", "robot", "In Progress").move("Mon 09:00", "dev", "Done"), want: 1},
		{name: "withdrawn", story: begun().move("Mon 09:00", "dev", "Dropped")},
		{name: "withdrawn by its resolution", story: begun().record("Mon 09:00", "dev", FieldStatus, "Done", FieldResolution, "Duplicate")},
		{name: "from withdrawn to done", story: begun().move("Mon 09:00", "dev", "Dropped").move("Mon 10:00", "dev", "Done")},
		{name: "migrated", story: begun().record("Mon 09:00", "admin", FieldWorkflow, "w", FieldStatus, "Done")},
		{name: "out of scope", story: begun().record("Mon 08:30", "dev", FieldType, "epic").move("Mon 09:00", "dev", "Done")},
		{name: "nothing to bypass", rules: func(r *Rules) { r.Projects["1"].Acceptance = Set{} }, story: begun().move("Mon 09:00", "dev", "Done")},
		{name: "accepted by whoever moved it in", story: begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "Done"), want: 1},
		{name: "a minute later", story: begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:01:01", "dev", "Done")},
		{name: "by another", story: begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev2", "Done")},
		{name: "by the owner, who moved it in", story: begun().move("Mon 09:00", "po", "PO Review").move("Mon 09:01", "po", "Done")},
		{
			name: "by a delegate, who moved it in", rules: func(r *Rules) { r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}} },
			story: begun().move("Mon 09:00", "deputy", "PO Review").move("Mon 09:01", "deputy", "Done"),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			if tc.rules != nil {
				tc.rules(rules)
			}
			if got := marks(NewDeriver(rules, nil).Story(tc.story.history(), when(t, long)), EntryBypass); got != tc.want {
				t.Errorf("%d bypasses, want %d", got, tc.want)
			}
		})
	}
}

// TestBeginnings has when a project has had an acceptance wait, wherever the
// story went later: from then on there is something to bypass.
func TestBeginnings(t *testing.T) {
	begun := func() *tale { return newTale(t, "Mon 08:00", "In Progress") }
	at := func(project, s string) Beginning { return Beginning{project, when(t, s)} }
	for _, tc := range []struct {
		name  string
		story *tale
		want  []Beginning
	}{
		{"entered", begun().move("Mon 09:00", "dev", "PO Review"), []Beginning{at("1", "Mon 09:00")}},
		{"moved in acceptance", begun().move("Mon 09:00", "dev", "PO Review").record("Mon 12:00", "dev", FieldProject, "2"), []Beginning{at("1", "Mon 09:00"), at("2", "Mon 12:00")}},
		{"moved before it", begun().record("Mon 08:30", "dev", FieldProject, "2").move("Mon 09:00", "dev", "PO Review"), []Beginning{at("2", "Mon 09:00")}},
		{"a slip", begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress"), nil},
		{"a question alone", begun().record("Mon 09:00", "dev", FieldAssignee, "po"), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := NewDeriver(testRules(t), nil).Story(tc.story.history(), when(t, long)).Begun
			if d := cmp.Diff(tc.want, slices.Clone(got), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("beginnings (-want +got):\n%s", d)
			}
		})
	}
}
