package latency

import "testing"

// TestAcceptance has what begins and ends an acceptance wait.
func TestAcceptance(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "created in acceptance", story: func(t *testing.T) *tale { return newTale(t, "Mon 09:00", "PO Review").move("Mon 10:00", "po", "Done") }, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "accepted by others", story: func(t *testing.T) *tale { return entered(t).move("Mon 10:00", "dev2", "Done") }, want: []string{"acceptance of po: accepted other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "withdrawn status", story: func(t *testing.T) *tale { return entered(t).move("Mon 10:00", "dev2", "Dropped") }, want: []string{"acceptance of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "entering with a withdrawn resolution is no wait", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldStatus, "PO Review", FieldResolution, "Duplicate").move("Mon 10:00", "po", "Done")
		}},
		{name: "moves inside the set keep the wait", rules: onPAY(func(p *Project) { p.Acceptance = Set{"PO Review": true, "Sign-off": true} }), story: func(t *testing.T) *tale {
			return entered(t).move("Mon 10:00", "po", "Sign-off").move("Mon 11:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "to a project where the status accepts nothing", rules: func(r *Rules) { r.Projects["2"].Acceptance = Set{"Sign-off": true} }, story: func(t *testing.T) *tale {
			return entered(t).record("Mon 10:00", "dev", FieldProject, "2")
		}, want: []string{"acceptance of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "an ending is final after the slip window", story: func(t *testing.T) *tale { return entered(t).move("Mon 10:00", "po", "Done") }, asOf: "Mon 10:04", want: []string{"acceptance of po: open, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "and then it is", story: func(t *testing.T) *tale { return entered(t).move("Mon 10:00", "po", "Done") }, asOf: "Mon 10:05", want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},
	})
}

// TestAcceptanceInFull looks at all that is derived: what begins and ends an acceptance wait.
func TestAcceptanceInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "moved to a project where its status waits", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 08:30", "dev", "Sign-off").record("Mon 09:00", "dev", FieldProject, "2").move("Mon 10:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 2, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
			"finding in 2, Mon 10:00: exit_by_default Done",
		}},
		{name: "moved to a project where its status does not wait", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:10", "dev", FieldProject, "2").move("Mon 08:30", "dev", "Sign-off").record("Mon 09:30", "dev2", FieldProject, "1").move("Mon 10:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 2, part 1, cycle 1: Mon 08:30 to Mon 09:30 withdrawn other into Sign-off; 1h, worked 30m",
			"  Mon 08:30 entered_acceptance, Mon 09:30 withdrawn",
		}},
		{name: "within the set after it entered withdrawn", rules: onPAY(func(p *Project) { p.Acceptance = Set{"PO Review": true, "Sign-off": true} }), story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldStatus, "PO Review", FieldResolution, "Duplicate").record("Mon 10:00", "dev", FieldStatus, "Sign-off", FieldResolution, "")
		}, asOf: "Mon 12:00"},
		{name: "accepted, and then once more", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 10:00", "po", "Done").move("Mon 11:00", "dev", "PO Review").move("Mon 12:00", "po", "In Progress").move("Mon 13:00", "dev", "PO Review").move("Mon 14:00", "po", "Closed").move("Mon 15:00", "dev", "PO Review")
		}, asOf: "Mon 16:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
			"acceptance of po in 1, part 1, cycle 2: Mon 11:00 to Mon 12:00 rejected owner into In Progress; 1h, worked 1h",
			"  Mon 11:00 entered_acceptance, Mon 12:00 rejected",
			"acceptance of po in 1, part 1, cycle 2: Mon 13:00 to Mon 14:00 accepted owner into Closed; 1h, worked 1h",
			"  Mon 13:00 entered_acceptance, Mon 14:00 accepted",
			"acceptance of po in 1, part 1, cycle 3: Mon 15:00 open; 1h, worked 1h",
			"  Mon 15:00 entered_acceptance",
			"reopened in 1, Mon 11:00, final Mon 11:05, of po",
			"reopened in 1, Mon 15:00, final Mon 15:05, of po",
			"silent_rejection in 1, Mon 12:00, final Mon 12:10, of po",
			"finding in 1, Mon 10:00: exit_by_default Done",
			"finding in 1, Mon 14:00: exit_by_default Closed",
			"unsettled",
		}},
		{name: "rejected by a delegate", rules: deputised, story: func(t *testing.T) *tale { return entered(t).move("Mon 10:00", "deputy", "In Progress") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 rejected delegate into In Progress; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 rejected",
			"silent_rejection in 1, Mon 10:00, final Mon 10:10, of po",
		}},
		{name: "accepted to the one status that accepts", rules: onPAY(func(p *Project) { p.Accepted = Set{"Closed": true} }), story: func(t *testing.T) *tale { return entered(t).move("Mon 10:00", "po", "Closed") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Closed; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
		}},
		{name: "sent to another than the one status that accepts", rules: onPAY(func(p *Project) { p.Accepted = Set{"Closed": true} }), story: func(t *testing.T) *tale { return entered(t).move("Mon 10:00", "po", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 rejected owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 rejected",
			"silent_rejection in 1, Mon 10:00, final Mon 10:10, of po",
		}},
		{name: "migrated within the set", rules: onPAY(func(p *Project) { p.Acceptance = Set{"PO Review": true, "Sign-off": true} }), story: func(t *testing.T) *tale {
			return entered(t).record("Mon 10:00", "admin", FieldStatus, "Sign-off", FieldWorkflow, "new").move("Mon 11:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 accepted owner into Done; 2h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 11:00 accepted",
			"finding in 1, Mon 10:00: migration ",
			"finding in 1, Mon 11:00: exit_by_default Done",
		}},
		{name: "migrated into the set", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "admin", FieldStatus, "PO Review", FieldWorkflow, "new").move("Mon 11:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 accepted owner into Done; 2h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 11:00 accepted",
			"finding in 1, Mon 09:00: migration ",
			"finding in 1, Mon 11:00: exit_by_default Done",
		}},
	})
}
