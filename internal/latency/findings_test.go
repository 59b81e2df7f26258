package latency

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

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

// TestDelegateField reads who stands in from the story itself: he answers, and
// the owner's absence is covered while he is named.
func TestDelegateField(t *testing.T) {
	rules := testRules(t)
	rules.Projects["1"].DelegateField = "customfield_2"
	rules.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Thu 00:00")}}
	for _, tc := range []struct {
		name  string
		story *tale
		want  []string
	}{
		{"nobody is named", newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").move("Thu 10:00", "deputy", "In Progress"), []string{
			"acceptance of po: recalled other, elapsed 25h0m0s, working 9h0m0s",
		}},
		{"on Wednesday somebody is", newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").
			record("Wed 00:00", "dev", "customfield_2", "deputy").move("Thu 10:00", "deputy", "In Progress"), []string{
			"acceptance of po: rejected delegate, elapsed 49h0m0s, working 17h0m0s",
		}},
		{"somebody is, and another answers", newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", "customfield_2", "x, ,deputy").
			move("Mon 09:00", "dev", "PO Review").move("Mon 10:00", "dev2", "In Progress"), []string{
			"acceptance of po: recalled other, elapsed 1h0m0s, working 1h0m0s",
		}},
		{"on Wednesday alone", newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").
			record("Wed 00:00", "dev", "customfield_2", "deputy").record("Wed 12:00", "dev", "customfield_2", "").move("Thu 10:00", "po", "In Progress"), []string{
			"acceptance of po: rejected owner, elapsed 37h0m0s, working 12h0m0s",
		}},
		{"the owner himself is nobody", newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").
			record("Wed 00:00", "dev", "customfield_2", "po").move("Thu 10:00", "po", "In Progress"), []string{
			"acceptance of po: rejected owner, elapsed 25h0m0s, working 9h0m0s",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, w := range NewDeriver(rules, nil).Story(tc.story.history(), when(t, long)).Parts {
				got = append(got, line(w))
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("waits (-want +got):\n%s", d)
			}
		})
	}
}

// TestUserNamesAreMentionedInAnyCase is about Data Center, whose mentions name
// users as they were typed.
func TestUserNamesAreMentionedInAnyCase(t *testing.T) {
	rules := testRules(t)
	rules.People["jdoe"] = "po"
	waits := NewDeriver(rules, nil).Story(newTale(t, "Mon 08:00", "In Progress").says("Mon 09:00", "dev", "[~JDoe] which?").history(), when(t, "Mon 10:00")).Parts
	if len(waits) != 1 || waits[0].Addressed != "po" {
		t.Errorf("waits %+v, want a question to po", waits)
	}
}
