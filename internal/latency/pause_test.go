package latency

import "testing"

// TestPauses has what stops the clock of an acceptance wait, and what does not.
func TestPauses(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "a flag pauses", rules: onPAY(func(p *Project) { p.PauseWhenFlagged = true }), story: func(t *testing.T) *tale {
			return entered(t).record("Mon 10:00", "dev", FieldFlag, "Impediment").record("Mon 12:00", "dev", FieldFlag, "").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "a flag from before pauses from the start", rules: onPAY(func(p *Project) { p.PauseWhenFlagged = true }), story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldFlag, "Impediment").move("Mon 09:00", "dev", "PO Review").record("Mon 12:00", "dev", FieldFlag, "").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "created flagged", rules: onPAY(func(p *Project) { p.PauseWhenFlagged = true }), story: func(t *testing.T) *tale {
			s := newTale(t, "Mon 09:00", "PO Review")
			s.last[FieldFlag] = val("Impediment")
			return s.record("Mon 12:00", "dev", FieldFlag, "").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "created without a flag", rules: onPAY(func(p *Project) { p.PauseWhenFlagged = true }), story: func(t *testing.T) *tale {
			return newTale(t, "Mon 09:00", "PO Review").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 4h0m0s, working 4h0m0s"}},
		{name: "a flag that nobody minds", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldFlag, "Impediment").move("Mon 09:00", "dev", "PO Review").record("Mon 12:00", "dev", FieldFlag, "").
				record("Mon 12:10", "dev", FieldFlag, "Impediment").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 4h0m0s, working 4h0m0s"}},
		{name: "the owner's own question stops the clock", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "which build?").says("Mon 12:00", "dev", "this morning's").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "at most for a question's target", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "which build?").says("Mon 16:00", "dev", "this morning's").move("Mon 17:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 4h0m0s, working 4h0m0s"}},
		{name: "asked twice before the team spoke", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "which build?").says("Mon 11:00", "po", "well?").says("Mon 12:00", "dev", "this morning's").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "unless that is switched off", rules: onPAY(func(p *Project) { p.PauseWhileOwnerAsks = false }), story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "which build?").says("Mon 12:00", "dev", "this morning's").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 4h0m0s, working 4h0m0s"}},
		{name: "a delegate's question does not", rules: func(r *Rules) { r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}} }, story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "deputy", "which build?").move("Mon 13:00", "deputy", "Done")
		}, want: []string{"acceptance of po: accepted delegate, elapsed 4h0m0s, working 4h0m0s"}},
		{name: "pauses that touch", rules: func(r *Rules) { r.Projects["1"].PauseWhenFlagged = true }, story: func(t *testing.T) *tale {
			return entered(t).
				record("Mon 10:00", "dev", FieldFlag, "Impediment").record("Mon 11:00", "dev", FieldFlag, "", FieldStatus, "Third party").move("Mon 12:00", "dev", "PO Review").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "pauses that overlap", rules: func(r *Rules) { r.Projects["1"].PauseWhenFlagged = true }, story: func(t *testing.T) *tale {
			return entered(t).
				record("Mon 10:00", "dev", FieldFlag, "Impediment").says("Mon 10:30", "po", "which build?").record("Mon 11:00", "dev", FieldFlag, "").says("Mon 12:00", "dev", "this").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "a pause within a longer one", rules: func(r *Rules) { r.Projects["1"].PauseWhenFlagged = true }, story: func(t *testing.T) *tale {
			return entered(t).
				says("Mon 10:00", "po", "which build?").record("Mon 10:30", "dev", FieldFlag, "Impediment").record("Mon 11:00", "dev", FieldFlag, "").says("Mon 12:00", "dev", "this").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "a pause in each of two parts", story: func(t *testing.T) *tale {
			return owns(entered(t).move("Mon 10:00", "dev", "Third party").move("Mon 11:00", "dev", "PO Review"), "Mon 12:00", "next").
				move("Mon 13:00", "dev", "Third party").move("Mon 14:00", "dev", "PO Review").move("Mon 15:00", "next", "Done")
		}, want: []string{
			"acceptance of po: handed_over, elapsed 2h0m0s, working 2h0m0s", "acceptance of next: accepted owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "moved flagged to where a flag pauses", rules: func(r *Rules) { r.Projects["2"].PauseWhenFlagged = true }, story: func(t *testing.T) *tale {
			return entered(t).record("Mon 10:00", "dev", FieldFlag, "Impediment").
				record("Mon 11:00", "dev", FieldProject, "2").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "and to where it does not", rules: func(r *Rules) { r.Projects["1"].PauseWhenFlagged = true }, story: func(t *testing.T) *tale {
			return entered(t).record("Mon 10:00", "dev", FieldFlag, "Impediment").
				record("Mon 11:00", "dev", FieldProject, "2").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 3h0m0s, working 3h0m0s"}},
		{name: "a move by the team ends the owner's own question", rules: func(r *Rules) { r.Projects["1"].Acceptance["Sign-off"] = true }, story: func(t *testing.T) *tale {
			return entered(t).
				says("Mon 10:00", "po", "which?").move("Mon 11:00", "dev", "Sign-off").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po: accepted owner, elapsed 3h0m0s, working 3h0m0s",
		}},
		{name: "one by the owner does not", rules: func(r *Rules) { r.Projects["1"].Acceptance["Sign-off"] = true }, story: func(t *testing.T) *tale {
			return entered(t).
				says("Mon 10:00", "po", "which?").move("Mon 11:00", "po", "Sign-off").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "nor does one by automation", rules: func(r *Rules) { r.Projects["1"].Acceptance["Sign-off"] = true }, story: func(t *testing.T) *tale {
			return entered(t).
				says("Mon 10:00", "po", "which?").move("Mon 11:00", "robot", "Sign-off").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
	})
}

// TestPausesInFull looks at all that is derived: what stops the clock of an acceptance wait, and what does not.
func TestPausesInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "flagged when it enters", rules: flagsPause, story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldFlag, "Impediment").move("Mon 09:00", "dev", "PO Review").record("Mon 11:00", "dev", FieldFlag, "").move("Mon 12:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 1h, worked 1h, paused 2h",
			"  Mon 09:00 entered_acceptance, Mon 09:00 paused, Mon 11:00 resumed, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "flagged, and flags do not pause", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldFlag, "Impediment").move("Mon 09:00", "dev", "PO Review").record("Mon 11:00", "dev", FieldFlag, "").record("Mon 11:30", "dev", FieldFlag, "Impediment").move("Mon 12:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "flagged twice in other words, and flagged now", rules: flagsPause, story: func(t *testing.T) *tale {
			return entered(t).record("Mon 10:00", "dev", FieldFlag, "Impediment").record("Mon 11:00", "dev", FieldFlag, "Blocked").record("Mon 12:00", "dev", FieldFlag, "").record("Mon 12:30", "dev", FieldLabels, "x").record("Mon 13:00", "dev", FieldFlag, "Impediment")
		}, asOf: "Mon 15:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 2h, worked 2h, paused 4h, stands",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused, Mon 12:00 resumed, Mon 13:00 paused",
			"unsettled",
		}},
		{name: "flagged at the very instant", rules: flagsPause, story: func(t *testing.T) *tale { return entered(t).record("Mon 10:00", "dev", FieldFlag, "Impediment") }, asOf: "Mon 10:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h, stands",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused",
			"unsettled",
		}},
		{name: "not flagged when it enters", rules: flagsPause, story: func(t *testing.T) *tale { return entered(t) }, asOf: "Mon 10:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance",
			"unsettled",
		}},
		{name: "parked, while what moves nothing happens", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 10:00", "dev", "Third party").record("Mon 11:00", "admin", FieldWorkflow, "new").record("Mon 11:30", "dev", FieldResolution, "Duplicate").move("Mon 12:00", "dev", "PO Review").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 13:00 withdrawn owner into Done; 2h, worked 2h, paused 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused, Mon 12:00 resumed, Mon 13:00 withdrawn",
		}},
		{name: "parked now", story: func(t *testing.T) *tale { return entered(t).move("Mon 10:00", "dev", "Third party") }, asOf: "Mon 12:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h, paused 2h, stands",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused",
			"unsettled",
		}},
		{name: "parked from one third party to the next, then dropped", rules: onPAY(func(p *Project) { p.Paused["Sign-off"] = true }), story: func(t *testing.T) *tale {
			return entered(t).move("Mon 10:00", "dev", "Third party").move("Mon 11:00", "dev", "Sign-off").move("Mon 12:00", "dev", "Dropped")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 withdrawn other into Dropped; 1h, worked 1h, paused 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused, Mon 12:00 withdrawn",
		}},
		{name: "parked, and accepted from there", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 10:00", "dev", "Third party").move("Mon 12:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 1h, worked 1h, paused 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "the owner asks and the team answers", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 09:30", "dev", "here it is").says("Mon 10:00", "po", "looks odd").says("Mon 10:30", "po", "which build?").says("Mon 11:00", "robot", "built").says("Mon 12:00", "dev", "this").says("Mon 12:30", "dev2", "yes").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 13:00 accepted owner into Done; 2h30m, worked 2h30m, paused 1h30m",
			"  Mon 09:00 entered_acceptance, Mon 10:30 owner_asks, Mon 12:00 team_spoke, Mon 13:00 accepted",
			"finding in 1, Mon 13:00: exit_by_default Done",
		}},
		{name: "the owner asks twice", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "which build?").says("Mon 15:00", "po", "hello?").says("Mon 16:00", "dev", "this").move("Mon 17:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 17:00 accepted owner into Done; 3h, worked 3h, paused 5h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks, Mon 15:00 owner_asks, Mon 16:00 team_spoke, Mon 17:00 accepted",
			"finding in 1, Mon 17:00: exit_by_default Done",
		}},
		{name: "the owner asks twice at once", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "which build?").says("Mon 11:00", "po", "hello?").says("Mon 12:00", "dev", "this").move("Mon 17:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 17:00 accepted owner into Done; 6h, worked 6h, paused 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks, Mon 11:00 owner_asks, Mon 12:00 team_spoke, Mon 17:00 accepted",
			"finding in 1, Mon 17:00: exit_by_default Done",
		}},
		{name: "the owner asks and nobody answers", story: func(t *testing.T) *tale { return entered(t).says("Mon 10:00", "po", "which build?") }, asOf: "Mon 13:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h, paused 3h, stands",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks",
			"unsettled",
		}},
		{name: "until the target of a question", story: func(t *testing.T) *tale { return entered(t).says("Mon 10:00", "po", "which build?") }, asOf: "Mon 14:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h, paused 4h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks",
			"unsettled",
		}},
		{name: "the owner asks as of now", story: func(t *testing.T) *tale { return entered(t).says("Mon 10:00", "po", "which build?") }, asOf: "Mon 10:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h, stands",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks",
			"unsettled",
		}},
		{name: "the owner asks outside acceptance", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 08:30", "po", "which build?").move("Mon 09:00", "dev", "PO Review").says("Mon 09:30", "dev", "this").move("Mon 10:00", "po", "Done").says("Mon 11:00", "po", "and where?").move("Mon 12:00", "dev", "PO Review").says("Mon 12:30", "dev", "there")
		}, asOf: "Mon 13:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
			"acceptance of po in 1, part 1, cycle 2: Mon 12:00 open; 1h, worked 1h",
			"  Mon 12:00 entered_acceptance",
			"reopened in 1, Mon 12:00, final Mon 12:05, of po",
			"finding in 1, Mon 10:00: exit_by_default Done",
			"unsettled",
		}},
		{name: "the owner asks and that pauses nothing", rules: onPAY(func(p *Project) { p.PauseWhileOwnerAsks = false }), story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "which build?").says("Mon 11:00", "dev", "this").move("Mon 12:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "the owner asks and somebody moves the story", rules: onPAY(func(p *Project) { p.Acceptance = Set{"PO Review": true, "Sign-off": true} }), story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "which build?").move("Mon 11:00", "robot", "Sign-off").move("Mon 12:00", "dev", "PO Review").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 13:00 accepted owner into Done; 2h, worked 2h, paused 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks, Mon 12:00 team_spoke, Mon 13:00 accepted",
			"finding in 1, Mon 13:00: exit_by_default Done",
		}},
		{name: "the owner asks, flagged and parked at once", rules: flagsPause, story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "which build?").record("Mon 11:00", "robot", FieldFlag, "Impediment").record("Mon 12:00", "robot", FieldStatus, "Third party")
		}, asOf: "Mon 15:30", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 1h, worked 1h, paused 5h30m, stands",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks, Mon 11:00 paused, Mon 12:00 paused",
			"unsettled",
		}},
		{name: "the owner asks, and moves the story back", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "which build?").move("Mon 11:00", "po", "In Progress").says("Mon 11:30", "dev", "hm").move("Mon 12:00", "dev", "PO Review").says("Mon 12:30", "dev", "there")
		}, asOf: "Mon 13:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 rejected owner into In Progress; 1h, worked 1h, paused 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 owner_asks, Mon 11:00 rejected",
			"acceptance of po in 1, part 1, cycle 1: Mon 12:00 open; 1h, worked 1h",
			"  Mon 12:00 entered_acceptance",
			"silent_rejection in 1, Mon 11:00, final Mon 11:10, of po",
			"unsettled",
		}},
	})
}

// TestOwnersQuestion has what ends the pause of an owner's own question.
func TestOwnersQuestion(t *testing.T) {
	asks := func(t *testing.T) *tale { return entered(t).says("Mon 10:00", "po", "which build?") }
	inside := func(r *Rules) { r.Projects["1"].Acceptance = Set{"PO Review": true, "Sign-off": true} }
	runCases(t, []ruleCase{
		{name: "a hand-over ends it", story: func(t *testing.T) *tale {
			return asks(t).record("Mon 11:00", "dev", ownerField, "next").move("Mon 12:00", "next", "Ready for Release")
		}, want: []string{
			"acceptance of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "acceptance of next: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "a hand-over by the end of a term ends it", rules: func(r *Rules) {
			r.Projects["1"].Terms = []Term{{"po", Span{Always.From, when(t, "Mon 11:00")}}, {"next", Span{when(t, "Mon 11:00"), Never}}}
		}, story: func(t *testing.T) *tale { return asks(t).move("Mon 12:00", "next", "Ready for Release") }, want: []string{
			"acceptance of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "acceptance of next: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "a comment of whoever asked does not", story: func(t *testing.T) *tale {
			return asks(t).says("Mon 11:00", "po", "well").move("Mon 12:00", "po", "Ready for Release")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "automation asks for the owner after whose comment it comes", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "po", "hm").says("Mon 10:00:30", "robot", "which build?").says("Mon 10:30", "po", "well").move("Mon 11:00", "dev", "Third party").move("Mon 12:00", "po", "Ready for Release")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h0m30s, working 1h0m30s"}},
		{name: "a comment of automation does not", story: func(t *testing.T) *tale {
			return asks(t).says("Mon 11:00", "robot", "built").move("Mon 12:00", "po", "Ready for Release")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "a delegate's comment does", rules: func(r *Rules) { r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}} }, story: func(t *testing.T) *tale {
			return asks(t).says("Mon 11:00", "deputy", "this one").move("Mon 12:00", "po", "Ready for Release")
		}, want: []string{"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "a move by somebody else does", rules: inside, story: func(t *testing.T) *tale {
			return asks(t).move("Mon 11:00", "dev", "Sign-off").move("Mon 12:00", "po", "Ready for Release")
		}, want: []string{"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "a move of whoever asked does not", rules: inside, story: func(t *testing.T) *tale {
			return asks(t).move("Mon 11:00", "po", "Sign-off").move("Mon 12:00", "po", "Ready for Release")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},
	})
}

// TestPausedNow tells what stands as of an instant.
func TestPausedNow(t *testing.T) {
	waits := func() *tale { return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review") }
	flagged := waits().record("Mon 10:00", "dev", FieldFlag, "Impediment")
	for _, tc := range []struct {
		name  string
		story *tale
		asOf  string
		want  bool
		clock string
	}{
		{"it runs", waits(), "Mon 12:00", false, "3h0m0s"},
		{"a third party holds it", waits().move("Mon 10:00", "dev", "Third party"), "Mon 12:00", true, "1h0m0s"},
		{"from this instant on", waits().move("Mon 12:00", "dev", "Third party"), "Mon 12:00", true, "3h0m0s"},
		{"it is flagged", flagged, "Mon 12:00", true, "1h0m0s"},
		{"the owner asks", waits().says("Mon 10:00", "po", "which?"), "Mon 12:00", true, "1h0m0s"},
		{"the owner asks now", waits().says("Mon 12:00", "po", "which?"), "Mon 12:00", true, "3h0m0s"},
		{"to the last instant", waits().says("Mon 10:00", "po", "which?"), "Mon 14:00", false, "1h0m0s"},
		{"the owner asked long ago", waits().says("Mon 10:00", "po", "which?"), "Mon 15:00", false, "2h0m0s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			rules.Projects["1"].PauseWhenFlagged = true
			w := NewDeriver(rules, nil).Story(tc.story.history(), when(t, tc.asOf)).Parts[0]
			if got := w.Working.String(); w.PausedNow != tc.want || got != tc.clock {
				t.Errorf("paused %t at %s, want %t at %s", w.PausedNow, got, tc.want, tc.clock)
			}
		})
	}
}
