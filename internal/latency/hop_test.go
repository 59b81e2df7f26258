package latency

import "testing"

// TestHops has what is a mere hop, and what is a visit.
func TestHops(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "a hop by automation is no wait", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 09:00:09", "robot", "In Progress")
		}},
		{name: "a longer visit is one", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 09:00:10", "robot", "In Progress")
		}, want: []string{"acceptance of po: recalled automation, elapsed 10s, working 10s"}},
	})
}

// TestHopsInFull looks at all that is derived: what is a mere hop, and what is a visit.
func TestHopsInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "created in the set and hopped out", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 09:00", "PO Review").move("Mon 09:00:09", "robot", "In Progress").move("Mon 10:00", "dev", "Done")
		}, want: []string{
			"bypass in 1, Mon 10:00, final Mon 10:05",
		}},
		{name: "created in the set and moved out at once by a person", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 09:00", "PO Review").move("Mon 09:00:09", "dev2", "In Progress")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:00:09 recalled other into In Progress; 9s, worked 9s",
			"  Mon 09:00 created_in_acceptance, Mon 09:00:09 recalled",
		}},
		{name: "hopped by a migration", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 09:00", "PO Review").record("Mon 09:00:05", "robot", FieldStatus, "In Progress", FieldWorkflow, "new")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:00:05 withdrawn automation into In Progress; 5s, worked 5s",
			"  Mon 09:00 created_in_acceptance, Mon 09:00:05 withdrawn",
			"finding in 1, Mon 09:00:05: migration ",
		}},
		{name: "hopped to the third party", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 09:00:05", "robot", "Third party").move("Mon 10:00", "dev", "PO Review").move("Mon 11:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 accepted owner into Done; 1h0m5s, worked 1h0m5s, paused 59m55s",
			"  Mon 09:00 entered_acceptance, Mon 09:00:05 paused, Mon 10:00 resumed, Mon 11:00 accepted",
			"finding in 1, Mon 11:00: exit_by_default Done",
		}},
		{name: "hopped to another project", story: func(t *testing.T) *tale {
			return entered(t).record("Mon 09:00:05", "robot", FieldStatus, "In Progress", FieldProject, "2")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:00:05 withdrawn automation into In Progress; 5s, worked 5s",
			"  Mon 09:00 entered_acceptance, Mon 09:00:05 withdrawn",
		}},
		{name: "within the set, and hopped out later", rules: onPAY(func(p *Project) { p.Acceptance = Set{"PO Review": true, "Sign-off": true} }), story: func(t *testing.T) *tale {
			return entered(t).move("Mon 09:00:08", "robot", "Sign-off").move("Mon 09:00:12", "robot", "In Progress")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 09:00:12 recalled automation into In Progress; 12s, worked 12s",
			"  Mon 09:00 entered_acceptance, Mon 09:00:12 recalled",
		}},
	})
}

// TestHopsAndVisits has visits of acceptance that automation ends at once.
func TestHopsAndVisits(t *testing.T) {
	flags := func(r *Rules) { r.Projects["1"].PauseWhenFlagged = true }
	runCases(t, []ruleCase{
		{name: "one that was flagged is no hop", rules: flags, story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldFlag, "Impediment").move("Mon 09:00", "dev", "PO Review").move("Mon 09:00:05", "robot", "In Progress")
		}, want: []string{"acceptance of po: recalled automation, elapsed 0s, working 0s"}},
		{name: "nor one in which the owner asked", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 09:00:02", "po", "which?").move("Mon 09:00:09", "robot", "In Progress")
		}, want: []string{"acceptance of po: rejected owner, elapsed 2s, working 2s"}},
		{name: "nor one that was paused", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 09:00:02", "dev", "Third party").move("Mon 09:00:06", "robot", "In Progress")
		}, want: []string{"acceptance of po: recalled automation, elapsed 2s, working 2s"}},
		{name: "nor one that a migration ended", story: func(t *testing.T) *tale {
			return entered(t).record("Mon 09:00:05", "robot", FieldWorkflow, "w", FieldStatus, "In Progress")
		}, want: []string{"acceptance of po: withdrawn automation, elapsed 5s, working 5s"}, findings: []string{FindMigration}},
		{name: "nor one that automation ends for the owner", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 08:59:30", "po", "go").move("Mon 09:00", "dev", "PO Review").move("Mon 09:00:05", "robot", "In Progress")
		}, want: []string{"acceptance of po: rejected owner, elapsed 5s, working 5s"}},
		{name: "a flag that pauses nothing makes no difference", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldFlag, "Impediment").move("Mon 09:00", "dev", "PO Review").move("Mon 09:00:05", "robot", "In Progress")
		}},
	})
}
