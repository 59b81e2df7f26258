package latency

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFindingsInFull looks at all that is derived: what is found odd.
func TestFindingsInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "a status nobody knows", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Nowhere").move("Mon 10:00", "dev", "Done")
		}, want: []string{
			"bypass in 1, Mon 10:00, final Mon 10:05",
			"finding in 1, Mon 09:00: unknown_status Nowhere (Nowhere)",
		}},
	})
}

// TestMigrationsThatMove has which of an administrator's records are audited.
func TestMigrationsThatMove(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "a status", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 10:00", "admin", FieldWorkflow, "w", FieldStatus, "To Do")
		}, findings: []string{FindMigration}},
		{name: "a type", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 10:00", "admin", FieldWorkflow, "w", FieldType, "story")
		}, findings: []string{FindMigration}},
		{name: "a project", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 10:00", "admin", FieldWorkflow, "w", FieldProject, "2")
		}, findings: []string{FindMigration}},
		{name: "nothing", story: func(t *testing.T) *tale { return begun(t).record("Mon 10:00", "admin", FieldWorkflow, "w") }},
		{name: "an assignee", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 10:00", "admin", FieldWorkflow, "w", FieldAssignee, "dev")
		}},
	})
}

// TestFindings has a case for each reason that a story shows by itself.
func TestFindings(t *testing.T) {
	begun := func() *tale { return newTale(t, "Mon 08:00", "In Progress") }
	waits := func() *tale { return begun().move("Mon 09:00", "dev", "PO Review") }
	with := func(h *History, change func(*History)) *History {
		change(h)
		return h
	}
	for _, tc := range []struct {
		name  string
		rules func(*Rules)
		story *History
		want  []string
	}{
		{name: "nothing", story: waits().move("Mon 10:00", "po", "Ready for Release").history()},
		{name: "an exit that only its category classifies", story: waits().move("Mon 10:00", "po", "Done").history(), want: []string{FindExitByDefault}},
		{name: "one that the config names", rules: func(r *Rules) { r.Projects["1"].Accepted = Set{"Done": true} }, story: waits().move("Mon 10:00", "po", "Done").history()},
		{name: "the last status is another", story: with(waits().history(), func(h *History) { h.Now[FieldStatus] = []Value{val("To Do")} }), want: []string{FindLastStatus}},
		{name: "a move begins elsewhere", story: with(waits().move("Mon 10:00", "po", "Ready for Release").history(), func(h *History) {
			h.Events[2].Changes[0].From = val("Sign-off")
		}), want: []string{FindBrokenChain}},
		{name: "two records of one instant", story: waits().record("Mon 09:00", "dev", FieldLabels, "x").history(), want: []string{FindSameInstant}},
		{name: "a status that nobody knows", story: begun().move("Mon 09:00", "dev", "Limbo").history(), want: []string{FindUnknownStatus}},
		{name: "where nobody watches", story: begun().record("Mon 09:00", "dev", FieldProject, "77").move("Mon 10:00", "dev", "Limbo").history()},
		{name: "created in a status that nobody knows", story: newTale(t, "Mon 08:00", "Limbo").history(), want: []string{FindUnknownStatus}},
		{name: "a migration", story: waits().record("Mon 10:00", "admin", FieldWorkflow, "w", FieldStatus, "In Progress").history(), want: []string{FindMigration}},
		{name: "gone", story: with(waits().history(), func(h *History) {
			h.Events = append(h.Events, Event{At: when(t, "Mon 10:00"), Rank: RankGone, Observed: true})
		}), want: []string{FindGone}},
		{name: "a move by nobody", story: waits().move("Mon 10:00", "", "Ready for Release").history(), want: []string{FindNoActor}},
		{name: "a comment by nobody", story: begun().says("Mon 10:00", "", "hm").history(), want: []string{FindNoActor}},
		{name: "another record by nobody", story: begun().record("Mon 10:00", "", FieldLabels, "x").history()},
		{name: "a parent that is not to be seen", story: begun().record("Mon 09:00", "dev", FieldParent, "77").record("Mon 10:00", "dev", FieldLabels, "x").history(), want: []string{FindNoParent}},
		{name: "and is not asked for", story: begun().record("Mon 09:00", "dev", FieldParent, "77", "customfield_1", "po").history()},
		{name: "waiting for a closed account", rules: func(r *Rules) { r.Inactive = Set{"po": true} }, story: waits().history(), want: []string{FindInactiveOwner}},
		{name: "which is over", rules: func(r *Rules) { r.Inactive = Set{"po": true} }, story: waits().move("Mon 10:00", "dev", "Ready for Release").history()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			if tc.rules != nil {
				tc.rules(rules)
			}
			var got []string
			for _, f := range NewDeriver(rules, nil).Story(tc.story, when(t, long)).Findings {
				got = append(got, f.Reason)
				if f.StoryID != tc.story.ID || f.Story != tc.story.Key || f.ProjectID != "1" || f.At == 0 {
					t.Errorf("finding %+v does not say where", f)
				}
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
}
