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

// TestBypassInFull looks at all that is derived: what passes by acceptance.
func TestBypassInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "accepted by who moved it in, at once", story: func(t *testing.T) *tale { return entered(t).move("Mon 09:01", "dev", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:01 accepted other into Done; 1m, worked 1m",
			"  Mon 09:00 entered_acceptance, Mon 09:01 accepted",
			"bypass in 1, Mon 09:01, final Mon 09:06",
			"finding in 1, Mon 09:01: exit_by_default Done",
		}},
		{name: "accepted by who moved it in, later", story: func(t *testing.T) *tale { return entered(t).move("Mon 09:01:01", "dev", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:01:01 accepted other into Done; 1m1s, worked 1m1s",
			"  Mon 09:00 entered_acceptance, Mon 09:01:01 accepted",
			"finding in 1, Mon 09:01:01: exit_by_default Done",
		}},
		{name: "accepted by another at once", story: func(t *testing.T) *tale { return entered(t).move("Mon 09:00:30", "dev2", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:00:30 accepted other into Done; 30s, worked 30s",
			"  Mon 09:00 entered_acceptance, Mon 09:00:30 accepted",
			"finding in 1, Mon 09:00:30: exit_by_default Done",
		}},
		{name: "accepted at once by the owner who moved it in", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "po", "PO Review").move("Mon 09:00:30", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:00:30 accepted owner into Done; 30s, worked 30s",
			"  Mon 09:00 entered_acceptance, Mon 09:00:30 accepted",
			"finding in 1, Mon 09:00:30: exit_by_default Done",
		}},
		{name: "done with no acceptance, once", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Done").move("Mon 10:00", "dev", "In Progress").move("Mon 11:00", "dev", "Closed")
		}, want: []string{
			"bypass in 1, Mon 09:00, final Mon 09:05",
		}},
		{name: "done after it was dropped", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Dropped").move("Mon 10:00", "dev", "Done")
		}},
		{name: "dropped with no acceptance", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldStatus, "Done", FieldResolution, "Won\u2019t Fix")
		}},
		{name: "done where nothing waits for acceptance", rules: onPAY(func(p *Project) { p.Acceptance = Set{} }), story: func(t *testing.T) *tale { return begun(t).move("Mon 09:00", "dev", "Done") }},
		{name: "migrated to done", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "admin", FieldStatus, "Done", FieldWorkflow, "new")
		}, want: []string{
			"finding in 1, Mon 09:00: migration ",
		}},
		{name: "done after a slip of acceptance and a hop", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 09:01", "dev", "In Progress").move("Mon 10:00", "dev", "PO Review").move("Mon 10:00:05", "robot", "In Progress").move("Mon 11:00", "dev", "Done")
		}, want: []string{
			"slip in 1, Mon 09:01, final Mon 09:06",
			"bypass in 1, Mon 11:00, final Mon 11:05",
		}},
	})
}

// TestBypassByAutomation has acceptances by whoever moved the story in.
func TestBypassByAutomation(t *testing.T) {
	for _, tc := range []struct {
		name  string
		story *tale
		want  int
	}{
		{"automation that moved it in", begun(t).move("Mon 09:00", "robot", "PO Review").move("Mon 09:01", "robot", "Done"), 1},
		{"automation that did not", begun(t).move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "robot", "Done"), 0},
		{"automation that followed the owner", begun(t).says("Mon 08:59:30", "po", "go").move("Mon 09:00", "robot", "PO Review").move("Mon 09:00:20", "robot", "Done"), 0},
		{"whom nobody knows", begun(t).move("Mon 09:00", "", "PO Review").move("Mon 09:01", "", "Done"), 0},
	} {
		if got := marks(NewDeriver(testRules(t), nil).Story(tc.story.history(), when(t, long)), EntryBypass); got != tc.want {
			t.Errorf("%s: %d bypasses, want %d", tc.name, got, tc.want)
		}
	}
}

// TestFirstWaits has from when on there is something to bypass.
func TestFirstWaits(t *testing.T) {
	rules := testRules(t)
	at := when(t, "Mon 09:00")
	begun := []Beginning{{"1", at + 5}, {"1", at}, {"2", at + 9}, {"77", at}}
	if got := rules.FirstWaits(begun, at.Add(rules.Projects["1"].SlipWindow)-1); len(got) != 0 {
		t.Errorf("before a slip could undo it: %v", got)
	}
	first := rules.FirstWaits(begun, at.Add(rules.Projects["1"].SlipWindow))
	if d := cmp.Diff(FirstWaits{"PAY": at}, first); d != "" {
		t.Errorf("once final (-want +got):\n%s", d)
	}
	first.Add(FirstWaits{"PAY": at - 3, "WEB": at + 1})
	first.Add(FirstWaits{"WEB": at + 2})
	for _, tc := range []struct {
		project string
		at      Instant
		want    bool
	}{{"PAY", at - 4, false}, {"PAY", at - 3, true}, {"WEB", at, false}, {"WEB", at + 1, true}, {"OPS", at, false}} {
		if got := first.Passed(&Entry{Project: tc.project, At: tc.at}); got != tc.want {
			t.Errorf("a bypass in %s, %d after: %t, want %t", tc.project, tc.at-at, got, tc.want)
		}
	}
}
