package latency

import "testing"

// TestSlipRules has what is a slip, and what is not.
func TestSlipRules(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "another actor makes no slip", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 09:02", "dev2", "In Progress")
		}, want: []string{"acceptance of po: recalled other, elapsed 2m0s, working 2m0s"}},
		{name: "nor does a late return", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 09:05:01", "dev", "In Progress")
		}, want: []string{"acceptance of po: recalled other, elapsed 5m1s, working 5m1s"}},
		{name: "an owner's slip goes on waiting", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 10:00", "po", "Done").move("Mon 10:04", "po", "PO Review").move("Mon 11:00", "po", "In Progress")
		}, want: []string{"acceptance of po: rejected owner, elapsed 2h0m0s, working 2h0m0s"}},
	})
}

// TestSlipsInFull looks at all that is derived: what is a slip, and what is not.
func TestSlipsInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "accepted with a slip of a migration", story: func(t *testing.T) *tale {
			return entered(t).record("Mon 10:00", "po", FieldStatus, "Done", FieldWorkflow, "new").move("Mon 10:01", "po", "PO Review")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 withdrawn automation into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 withdrawn",
			"acceptance of po in 1, part 1, cycle 1: Mon 10:01 open; 6553h59m, worked 1561h59m, breached Tue 10:01",
			"  Mon 10:01 entered_acceptance",
			"finding in 1, Mon 10:00: migration ",
			"unsettled",
		}},
		{name: "slips, one after the other", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 09:01", "dev", "In Progress").move("Mon 09:02", "dev", "PO Review").move("Mon 09:03", "dev", "In Progress").move("Mon 09:04", "dev", "PO Review")
		}, asOf: "Mon 12:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:04 open; 2h56m, worked 2h56m",
			"  Mon 09:04 entered_acceptance",
			"slip in 1, Mon 09:01, final Mon 09:06",
			"slip in 1, Mon 09:03, final Mon 09:08",
			"unsettled",
		}},
		{name: "a slip at the very end of its window", story: func(t *testing.T) *tale { return entered(t).move("Mon 09:05", "dev", "In Progress") }, want: []string{
			"slip in 1, Mon 09:05, final Mon 09:10",
		}},
		{name: "back to another status than it came from", story: func(t *testing.T) *tale { return entered(t).move("Mon 09:01", "dev", "To Do") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:01 recalled other into To Do; 1m, worked 1m",
			"  Mon 09:00 entered_acceptance, Mon 09:01 recalled",
		}},
		{name: "moves outside the set are no slips", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "To Do").move("Mon 09:01", "dev", "In Progress").move("Mon 09:02", "dev", "PO Review")
		}, asOf: "Mon 10:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:02 open; 58m, worked 58m",
			"  Mon 09:02 entered_acceptance",
			"unsettled",
		}},
		{name: "a move by nobody is no slip", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "", "PO Review").move("Mon 09:01", "", "In Progress")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:01 recalled other into In Progress; 1m, worked 1m",
			"  Mon 09:00 entered_acceptance, Mon 09:01 recalled",
			"finding in 1, Mon 09:00: unresolved_actor ",
			"finding in 1, Mon 09:01: unresolved_actor ",
		}},
		{name: "a broken chain, and a slip", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "PO Review").add(Event{At: when(t, "Mon 09:01"), Rank: RankRecord, Actor: "dev", Changes: []Change{{Field: FieldStatus, From: val("Done"), To: val("In Progress")}}})
		}, want: []string{
			"slip in 1, Mon 09:01, final Mon 09:06",
			"finding in 1, Mon 09:01: broken_chain a move begins in Done",
			"finding in 1, 30 Nov 12:00: last_status Jira says PO Review",
		}},
		{name: "a slip with more than the move", story: func(t *testing.T) *tale {
			return entered(t).record("Mon 10:00", "po", FieldStatus, "Done", FieldResolution, "Fixed", FieldLabels, "po-question").record("Mon 10:01", "po", FieldStatus, "PO Review", FieldResolution, "").move("Mon 11:00", "po", "In Progress")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 rejected owner into In Progress; 2h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 11:00 rejected",
			"question of po in 1, part 1: Mon 10:00 to Mon 11:00 answered owner; 1h, worked 1h",
			"  Mon 10:00 label, Mon 11:00 answered",
			"slip in 1, Mon 10:01, final Mon 10:06",
			"silent_rejection in 1, Mon 11:00, final Mon 11:10, of po",
		}},
		{name: "no slip across projects", story: func(t *testing.T) *tale {
			return entered(t).record("Mon 09:01", "dev", FieldStatus, "In Progress", FieldProject, "2").record("Mon 09:02", "dev", FieldStatus, "PO Review", FieldProject, "1").move("Mon 10:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:01 withdrawn other into In Progress; 1m, worked 1m",
			"  Mon 09:00 entered_acceptance, Mon 09:01 withdrawn",
			"acceptance of po in 1, part 1, cycle 1: Mon 09:02 to Mon 10:00 accepted owner into Done; 58m, worked 58m",
			"  Mon 09:02 entered_acceptance, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
		}},
		{name: "no slip where nobody watches", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:10", "dev", FieldProject, "3").move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress").record("Mon 10:00", "dev", FieldProject, "1")
		}},
	})
}

// TestSlipsOfOnePerson is of one person with several accounts.
func TestSlipsOfOnePerson(t *testing.T) {
	rules := testRules(t)
	rules.People = map[string]string{"acc-1": "po", "acc-2": "po"}
	res := NewDeriver(rules, nil).Story(begun(t).move("Mon 09:00", "acc-1", "PO Review").move("Mon 09:02", "acc-2", "In Progress").history(), when(t, long))
	if marks(res, EntrySlip) != 1 || len(res.Parts) != 0 {
		t.Errorf("%d slips, parts %v", marks(res, EntrySlip), res.Parts)
	}
}

// TestSlips has what is a slip, and what is not.
func TestSlips(t *testing.T) {
	begun := func() *tale { return newTale(t, "Mon 08:00", "In Progress") }
	for _, tc := range []struct {
		name  string
		story *tale
		want  int
	}{
		{"at the end of the window", begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:05", "dev", "In Progress"), 1},
		{"after it", begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:05:01", "dev", "In Progress"), 0},
		{"to another status", begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "To Do"), 0},
		{"by nobody", begun().move("Mon 09:00", "", "PO Review").move("Mon 09:01", "", "In Progress"), 0},
		{"not across the border", begun().move("Mon 09:00", "dev", "To Do").move("Mon 09:01", "dev", "In Progress"), 0},
		{"a migration in", begun().record("Mon 09:00", "dev", FieldWorkflow, "w", FieldStatus, "PO Review").move("Mon 09:01", "dev", "In Progress"), 0},
		{"a migration back", begun().move("Mon 09:00", "dev", "PO Review").record("Mon 09:01", "dev", FieldWorkflow, "w", FieldStatus, "In Progress"), 0},
		{"into another project", begun().record("Mon 09:00", "dev", FieldProject, "2", FieldStatus, "PO Review").move("Mon 09:01", "dev", "In Progress"), 0},
		{"back into another project", begun().move("Mon 09:00", "dev", "PO Review").record("Mon 09:01", "dev", FieldProject, "2", FieldStatus, "In Progress"), 0},
		{"where nobody watches", begun().record("Mon 08:30", "dev", FieldProject, "77").move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress"), 0},
		{"after a move that is none", begun().move("Mon 08:30", "dev", "To Do").move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "To Do"), 1},
		{"while it is gone", begun().add(Event{At: when(t, "Mon 08:30"), Rank: RankGone, Observed: true}).move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress").add(Event{At: when(t, "Mon 09:30"), Rank: RankReturned, Observed: true}), 0},
		{"when it is back", begun().add(Event{At: when(t, "Mon 08:20"), Rank: RankGone, Observed: true}).add(Event{At: when(t, "Mon 08:30"), Rank: RankReturned, Observed: true}).move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress"), 1},
		{"of a type that does not count", begun().record("Mon 08:30", "dev", FieldType, "epic").move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress"), 0},
		{"of a type that does not count any more", begun().move("Mon 09:00", "dev", "PO Review").record("Mon 09:00:30", "dev", FieldType, "epic").move("Mon 09:01", "dev", "In Progress"), 0},
		{"each move once", begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress").move("Mon 09:02", "dev", "PO Review"), 1},
		{"twice", begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress").move("Mon 09:02", "dev", "PO Review").move("Mon 09:03", "dev", "In Progress"), 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			res := NewDeriver(rules, nil).Story(tc.story.history(), when(t, long))
			if got := marks(res, EntrySlip); got != tc.want {
				t.Errorf("%d slips, want %d", got, tc.want)
			}
		})
	}
}
