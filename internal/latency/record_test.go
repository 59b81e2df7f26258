package latency

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRecords has what a record does, and whose deed it is.
func TestRecords(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "automation after automation that is a delegate", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "robot", Span: Always}}
			r.Automation["robot2"] = true
		}, story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "robot", "ok").move("Mon 10:00:30", "robot2", "Ready for Release")
		}, want: []string{"acceptance of po: accepted automation, elapsed 1h0m30s, working 1h0m30s"}},
		{name: "automation after an owner whose part is another's in the end", story: func(t *testing.T) *tale {
			return owns(entered(t), "Mon 11:00", "next").says("Mon 11:02", "next", "ok").move("Mon 11:02:30", "robot", "Ready for Release")
		}, want: []string{"acceptance of po: accepted automation, elapsed 2h2m30s, working 2h2m30s"}},
		{name: "automation after the owner is the owner", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "ok").move("Mon 10:01", "robot", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h1m0s, working 1h1m0s"}},
		{name: "but not for long", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "ok").move("Mon 10:01:01", "robot", "Done")
		}, want: []string{"acceptance of po: accepted automation, elapsed 1h1m1s, working 1h1m1s"}},
		{name: "automation after the owner's other record", story: func(t *testing.T) *tale {
			return entered(t).record("Mon 10:00", "po", FieldAssignee, "dev").move("Mon 10:00:30", "robot", "Done")
		}, want: []string{
			"acceptance of po: accepted owner, elapsed 1h0m30s, working 1h0m30s",
		}},
		{name: "automation after the owner's move", rules: func(r *Rules) { r.Projects["1"].Acceptance["Sign-off"] = true }, story: func(t *testing.T) *tale {
			return entered(t).move("Mon 10:00", "po", "Sign-off").move("Mon 10:00:30", "robot", "Done")
		}, want: []string{
			"acceptance of po: accepted owner, elapsed 1h0m30s, working 1h0m30s",
		}},
		{name: "automation after the owner's slip", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 10:00", "po", "Done").move("Mon 10:01", "po", "PO Review").move("Mon 10:01:30", "robot", "Done")
		}, want: []string{
			"acceptance of po: accepted automation, elapsed 1h1m30s, working 1h1m30s",
		}},
		{name: "automation after the owner's slip that did something else too", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 10:00", "po", "Done").
				record("Mon 10:01", "po", FieldStatus, "PO Review", FieldAssignee, "dev").move("Mon 10:01:30", "robot", "Done")
		}, want: []string{
			"acceptance of po: accepted owner, elapsed 1h1m30s, working 1h1m30s",
		}},
	})
}

// TestRecordsInFull looks at all that is derived: what a record does, and whose deed it is.
func TestRecordsInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "migrated by the owner while a question runs", story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "po", FieldStatus, "To Do", FieldWorkflow, "new").record("Mon 11:00", "po", FieldStatus, "Waiting for PO", FieldWorkflow, "newer").record("Mon 12:00", "po", FieldStatus, "Done", FieldWorkflow, "newest")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 12:00 obsolete automation; 3h, worked 3h, 2 asks",
			"  Mon 09:00 mention, Mon 11:00 ask_joined, Mon 12:00 ask_taken_back, Mon 12:00 obsolete",
			"finding in 1, Mon 10:00: migration ",
			"finding in 1, Mon 11:00: migration ",
			"finding in 1, Mon 12:00: migration ",
		}},
		{name: "two records at one instant", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldLabels, "x").record("Mon 09:00", "dev", FieldLabels, "y").says("Mon 09:00", "dev", "hm")
		}, want: []string{
			"finding in 1, Mon 09:00: same_instant ",
		}},
		{name: "a record that says nothing, by the owner", story: func(t *testing.T) *tale { return asked(t).record("Mon 10:00", "po", FieldLabels, "x") }, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h",
			"  Mon 09:00 mention",
			"unsettled",
		}},
		{name: "answered while the owner slips", story: func(t *testing.T) *tale {
			return asked(t).move("Mon 10:00", "po", "PO Review").move("Mon 10:01", "po", "In Progress")
		}, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h",
			"  Mon 09:00 mention",
			"slip in 1, Mon 10:01, final Mon 10:06",
			"unsettled",
		}},
		{name: "automation long after the owner", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 09:30", "po", "euros").says("Mon 09:40", "dev", "[~po] sure?").move("Mon 09:41", "robot", "To Do")
		}, asOf: "Mon 10:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 09:30 answered owner; 30m, worked 30m",
			"  Mon 09:00 mention, Mon 09:30 answered",
			"question of po in 1, part 1: Mon 09:40 open; 20m, worked 20m",
			"  Mon 09:40 mention",
			"asked_again in 1, Mon 09:40, final Mon 09:45, of po",
			"unsettled",
		}},
		{name: "automation in the wake of a delegate", rules: deputised, story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "deputy", FieldLabels, "x").move("Mon 10:01", "robot", "To Do")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:01 answered delegate; 1h1m, worked 1h1m",
			"  Mon 09:00 mention, Mon 10:01 answered",
		}},
		{name: "automation in the wake of the owner that neither moves nor speaks", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldLabels, "po-question").record("Mon 10:00", "po", FieldAssignee, "dev").record("Mon 10:00:30", "robot", FieldLabels, "")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00:30 resolved automation; 1h0m30s, worked 1h0m30s",
			"  Mon 09:00 label, Mon 10:00:30 resolved",
		}},
		{name: "automation in the wake of one who was the owner", story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "po", ownerField, "next").move("Mon 10:00:30", "robot", "To Do")
		}, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 handed_over; 1h, worked 1h",
			"  Mon 09:00 mention, Mon 10:00 handed_over",
			"question of next in 1, part 2: Mon 10:00 open; 1h, worked 1h, story's 2h, worked 2h, addressed to po",
			"  Mon 09:00 mention, Mon 10:00 handed_over",
			"unsettled",
		}},
		{name: "automation by its account type", story: func(t *testing.T) *tale {
			return entered(t).add(Event{At: when(t, "Mon 10:00"), Rank: RankRecord, Actor: "app", ActorType: App, Changes: []Change{{Field: FieldStatus, From: val("PO Review"), To: val("Done")}}})
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted automation into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
			"finding in 1, 30 Nov 12:00: last_status Jira says PO Review",
		}},
	})
}

// TestDone has what makes a story done, and what a resolution alone does not.
func TestDone(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "a resolution set early ends no question", story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "dev", FieldResolution, "Duplicate").says("Mon 11:00", "po", "euros")
		}, want: []string{"question of po: answered owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "one left over keeps nobody from asking", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldStatus, "Done", FieldResolution, "Duplicate").move("Mon 08:40", "dev", "In Progress").
				says("Mon 09:00", "dev", "[~po] which?").says("Mon 10:00", "po", "that")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "a withdrawn status does", story: func(t *testing.T) *tale {
			return asked(t).move("Mon 10:00", "dev", "Dropped")
		}, want: []string{"question of po: obsolete other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "so does the category", story: func(t *testing.T) *tale {
			return asked(t).move("Mon 10:00", "dev", "Closed")
		}, want: []string{"question of po: obsolete other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "a resolution tells accepted from withdrawn", story: func(t *testing.T) *tale {
			return entered(t).record("Mon 10:00", "po", FieldStatus, "Done", FieldResolution, "Duplicate")
		}, want: []string{"acceptance of po: withdrawn owner, elapsed 1h0m0s, working 1h0m0s"}},
	})
	res := NewDeriver(testRules(t), nil).Story(begun(t).record("Mon 09:00", "dev", FieldResolution, "Duplicate").move("Mon 10:00", "dev", "Done").history(), when(t, long))
	if d := cmp.Diff(map[Stage]string{StageDevelopment: "1h0m0s"}, stageTimes(t, res)); d != "" {
		t.Errorf("cycle time with a resolution set early (-want +got):\n%s", d)
	}
}
