package latency

import (
	"fmt"
	"testing"
)

// TestQuestions has what asks without a word, and ends a question.
func TestQuestions(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "answered by a move", story: func(t *testing.T) *tale { return asked(t).move("Mon 10:00", "po", "To Do") }, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "status, resolved", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Waiting for PO").move("Mon 10:00", "dev2", "In Progress")
		}, want: []string{"question of po: resolved other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "label, answered by taking it off", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "robot", FieldLabels, "x po-question").record("Mon 10:00", "po", FieldLabels, "x")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "assignment, resolved", rules: onPAY(func(p *Project) { p.Assignment = true }), story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldAssignee, "po").record("Mon 10:00", "dev", FieldAssignee, "dev2")
		}, want: []string{"question of po: resolved other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "assignment asks nothing by default", story: func(t *testing.T) *tale { return begun(t).record("Mon 09:00", "dev", FieldAssignee, "po") }},
		{name: "answered by an edit of the description", rules: onPAY(func(p *Project) { p.AnswerByEdit = true }), story: func(t *testing.T) *tale { return asked(t).record("Mon 10:00", "po", FieldDescription, "new") }, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "the new owner is the asker", story: func(t *testing.T) *tale { return asked(t).record("Mon 10:00", "dev2", ownerField, "dev") }, want: []string{"question of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "assigned, and then another owns it", rules: func(r *Rules) { r.Projects["1"].Assignment = true }, story: func(t *testing.T) *tale {
			return owns(begun(t).record("Mon 09:00", "dev", FieldAssignee, "po"), "Mon 10:00", "next").
				record("Mon 11:00", "dev", FieldLabels, "x").says("Mon 12:00", "next", "yes")
		}, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: answered owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "what the first owner was asked is taken back", story: func(t *testing.T) *tale {
			return owns(begun(t).says("Mon 09:00", "dev", "[~po] which?"), "Mon 10:00", "next").
				says("Mon 11:00", "dev2", "[~next] and how?").says("Mon 12:00", "dev", "#withdrawn").says("Mon 13:00", "next", "so")
		}, want: []string{
			"question of next: answered owner, elapsed 2h0m0s, working 2h0m0s",
		}},
	})
}

// TestQuestionsInFull looks at all that is derived: what asks without a word, and ends a question.
func TestQuestionsInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "by status, and a comment joins", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Waiting for PO").says("Mon 10:00", "dev2", "[~po] ok?").move("Mon 11:00", "dev2", "In Progress")
		}, asOf: "Mon 12:00", want: []string{
			"question of po in 1, part 1: Mon 10:00 (at first Mon 09:00) open; 2h, worked 2h, 2 asks",
			"  Mon 09:00 status, Mon 10:00 ask_joined, Mon 11:00 ask_taken_back",
			"unsettled",
		}},
		{name: "by label, twice, one off", rules: onPAY(func(p *Project) { p.QuestionLabels = Set{"po-question": true, "urgent": true} }), story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldLabels, "po-question").record("Mon 10:00", "dev", FieldLabels, "po-question urgent").record("Mon 11:00", "dev", FieldLabels, "urgent").record("Mon 12:00", "dev", FieldLabels, "")
		}, want: []string{
			"question of po in 1, part 1: Mon 10:00 (at first Mon 09:00) to Mon 12:00 resolved other; 2h, worked 2h, 2 asks",
			"  Mon 09:00 label, Mon 10:00 ask_joined, Mon 11:00 ask_taken_back, Mon 12:00 resolved",
		}},
		{name: "by label, and done", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldLabels, "po-question").move("Mon 10:00", "dev", "Done").record("Mon 11:00", "dev", FieldLabels, "x po-question")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 obsolete other; 1h, worked 1h",
			"  Mon 09:00 label, Mon 10:00 obsolete",
			"bypass in 1, Mon 10:00, final Mon 10:05",
		}},
		{name: "by status, answered by leaving it", rules: deputised, story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Waiting for PO").move("Mon 10:00", "deputy", "In Progress")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 answered delegate; 1h, worked 1h",
			"  Mon 09:00 status, Mon 10:00 answered",
		}},
		{name: "from one question status to the next", rules: onPAY(func(p *Project) { p.QuestionStatuses["Sign-off"] = true }), story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Waiting for PO").move("Mon 10:00", "dev", "Sign-off").move("Mon 11:00", "dev", "In Progress")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 11:00 resolved other; 2h, worked 2h",
			"  Mon 09:00 status, Mon 11:00 resolved",
		}},
		{name: "asked by a status that another project does not ask by", rules: func(r *Rules) { r.Projects["2"].QuestionStatuses = Set{} }, story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldProject, "2").move("Mon 09:00", "dev", "Waiting for PO").record("Mon 10:00", "dev", FieldProject, "1", FieldStatus, "Waiting for PO")
		}, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 10:00 open; 1h, worked 1h",
			"  Mon 10:00 status",
			"unsettled",
		}},
		{name: "assigned and assigned on", rules: onPAY(func(p *Project) { p.Assignment = true }), story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldAssignee, "po").record("Mon 10:00", "po", FieldAssignee, "dev2").record("Mon 11:00", "po", FieldAssignee, "po").record("Mon 12:00", "dev", FieldAssignee, "").move("Mon 13:00", "dev", "PO Review").record("Mon 14:00", "dev", FieldAssignee, "po")
		}, asOf: "Mon 15:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 answered owner; 1h, worked 1h",
			"  Mon 09:00 assignment, Mon 10:00 answered",
			"acceptance of po in 1, part 1, cycle 1: Mon 13:00 open; 2h, worked 2h",
			"  Mon 13:00 entered_acceptance",
			"unsettled",
		}},
		{name: "assigned, and handed over to the next", rules: onPAY(func(p *Project) { p.Assignment = true }), story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldAssignee, "po").record("Mon 10:00", "dev", FieldAssignee, "next", ownerField, "next")
		}, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 resolved other; 1h, worked 1h",
			"  Mon 09:00 assignment, Mon 10:00 resolved",
			"question of next in 1, part 1: Mon 10:00 open; 1h, worked 1h",
			"  Mon 10:00 assignment",
			"unsettled",
		}},
		{name: "assigned to nobody where nobody owns", rules: onPAY(func(p *Project) { p.Assignment, p.Terms = true, nil }), story: func(t *testing.T) *tale { return begun(t).record("Mon 09:00", "dev", FieldAssignee, "unowned") }, asOf: "Mon 10:00"},
		{name: "assigned by a delegate", rules: func(r *Rules) { deputised(r); r.Projects["1"].Assignment = true }, story: func(t *testing.T) *tale { return begun(t).record("Mon 09:00", "deputy", FieldAssignee, "po") }},
		{name: "the description edited, which answers nothing", story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "po", FieldDescription, "new").record("Mon 10:30", "dev", FieldDescription, "newer")
		}, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h",
			"  Mon 09:00 mention",
			"unsettled",
		}},
		{name: "the description edited by another", rules: onPAY(func(p *Project) { p.AnswerByEdit = true }), story: func(t *testing.T) *tale { return asked(t).record("Mon 10:00", "dev", FieldDescription, "new") }, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h",
			"  Mon 09:00 mention",
			"unsettled",
		}},
		{name: "obsolete, though the owner owns it", story: func(t *testing.T) *tale {
			return asked(t).move("Mon 10:00", "dev", "Dropped").move("Mon 11:00", "dev", "Closed")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 obsolete other; 1h, worked 1h",
			"  Mon 09:00 mention, Mon 10:00 obsolete",
		}},
		{name: "asked in acceptance, and accepted by another", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "dev", "[~po] ok?").move("Mon 11:00", "dev2", "Closed")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 accepted other into Closed; 2h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 11:00 accepted",
			"question of po in 1, part 1: Mon 10:00 to Mon 11:00 obsolete other; 1h, worked 1h",
			"  Mon 10:00 mention, Mon 11:00 obsolete",
			"finding in 1, Mon 11:00: exit_by_default Closed",
		}},
		{name: "handed over to one who has asked too", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "dev2", "[~po] me too?").record("Mon 11:00", "po", ownerField, "dev")
		}, asOf: "Mon 12:00", want: []string{
			"question of po in 1, part 1: Mon 10:00 (at first Mon 09:00) to Mon 11:00 handed_over; 1h, worked 1h, 2 asks",
			"  Mon 09:00 mention, Mon 10:00 ask_joined, Mon 11:00 handed_over",
			"question of dev in 1, part 2: Mon 11:00 open; 1h, worked 1h, story's 2h, worked 2h, 2 asks, addressed to po",
			"  Mon 09:00 mention, Mon 10:00 ask_joined, Mon 11:00 handed_over",
			"unsettled",
		}},
		{name: "asked anew after an answer", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "po", "euros").says("Mon 10:02", "dev", "[~po] sure?")
		}, asOf: "Mon 10:04", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 1h, worked 1h",
			"  Mon 09:00 mention, Mon 10:00 answered",
			"question of po in 1, part 1: Mon 10:02 open; 2m, worked 2m",
			"  Mon 10:02 mention",
			"asked_again in 1, Mon 10:02, final Mon 10:07, of po",
			"unsettled",
		}},
	})
}

// TestEndingsInOrder has records that could end a question in several ways.
func TestEndingsInOrder(t *testing.T) {
	status := func(t *testing.T) *tale { return begun(t).move("Mon 09:00", "dev", "Waiting for PO") }
	runCases(t, []ruleCase{
		{name: "the asker takes the story and closes it", story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "dev", ownerField, "dev", FieldStatus, "Done")
		}, want: []string{"question of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "somebody takes a status away and closes the story", story: func(t *testing.T) *tale {
			return status(t).move("Mon 10:00", "dev2", "Done")
		}, want: []string{"question of po: resolved other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "the asker takes the story and takes the status away", story: func(t *testing.T) *tale {
			return status(t).record("Mon 10:00", "dev", ownerField, "dev", FieldStatus, "In Progress")
		}, want: []string{"question of po: resolved other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "the owner moves it and makes the asker its owner", story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "po", ownerField, "dev", FieldStatus, "Done")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "the owner moves it and takes it out of scope", story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "po", FieldType, "epic", FieldStatus, "Done")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "somebody takes it out of scope and takes the status away", story: func(t *testing.T) *tale {
			return status(t).record("Mon 10:00", "dev2", FieldType, "epic", FieldStatus, "Done")
		}, want: []string{"question of po: resolved other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "somebody moves it where nobody watches, in the status that asks", story: func(t *testing.T) *tale {
			return status(t).record("Mon 10:00", "dev2", FieldProject, "77")
		}, want: []string{"question of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "somebody moves it where nobody watches, and out of the status", story: func(t *testing.T) *tale {
			return status(t).record("Mon 10:00", "dev2", FieldProject, "77", FieldStatus, "To Do")
		}, want: []string{"question of po: resolved other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "somebody moves it where the status does not ask", rules: func(r *Rules) { r.Projects["2"].QuestionStatuses = Set{} }, story: func(t *testing.T) *tale {
			return status(t).record("Mon 10:00", "dev2", FieldProject, "2")
		}, want: []string{"question of po: resolved other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "somebody takes it out of scope", story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "dev2", FieldType, "epic", FieldStatus, "Done")
		}, want: []string{"question of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "of two askers one takes the story and closes it", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 09:30", "dev2", "[~po] and when?").record("Mon 10:00", "dev", ownerField, "dev", FieldStatus, "Done")
		}, want: []string{"question of po: obsolete other, elapsed 30m0s, working 30m0s"}},
	})
}

// TestAsksByState has stories that come into a state that asks.
func TestAsksByState(t *testing.T) {
	assigns := func(r *Rules) { r.Projects["1"].Assignment, r.Projects["2"].Assignment = true, true }
	only2 := func(r *Rules) { r.Projects["1"].QuestionStatuses, r.Projects["1"].QuestionLabels = Set{}, Set{} }
	answered := func(d string) []string {
		return []string{fmt.Sprintf("question of po: answered owner, elapsed %s, working %s", d, d)}
	}
	runCases(t, []ruleCase{
		{name: "created in a question status", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "Waiting for PO").says("Mon 10:00", "po", "that")
		}, want: []string{"question of po: answered owner, elapsed 2h0m0s, working 1h0m0s"}},
		{name: "created with a question label", story: func(t *testing.T) *tale {
			s := newTale(t, "Mon 09:00", "In Progress")
			s.last[FieldLabels] = val("po-question")
			return s.says("Mon 10:00", "po", "that")
		}, want: answered("1h0m0s")},
		{name: "created assigned to the owner", rules: assigns, story: func(t *testing.T) *tale {
			s := newTale(t, "Mon 09:00", "In Progress")
			s.last[FieldAssignee] = val("po")
			return s.says("Mon 10:00", "po", "that")
		}, want: answered("1h0m0s")},
		{name: "into scope in a question status", story: func(t *testing.T) *tale {
			s := newTale(t, "Mon 08:00", "Waiting for PO")
			s.last[FieldType] = val("epic")
			return s.record("Mon 09:00", "dev", FieldType, "story").says("Mon 10:00", "po", "that")
		}, want: answered("1h0m0s")},
		{name: "into a project where its status asks", rules: only2, story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "Waiting for PO").record("Mon 09:00", "dev", FieldProject, "2").says("Mon 10:00", "po", "that")
		}, want: answered("1h0m0s")},
		{name: "into a project where its label asks", rules: only2, story: func(t *testing.T) *tale {
			s := begun(t)
			s.last[FieldLabels] = val("po-question")
			return s.record("Mon 09:00", "dev", FieldProject, "2").says("Mon 10:00", "po", "that")
		}, want: answered("1h0m0s")},
		{name: "into a project where its assignee is the owner", rules: func(r *Rules) {
			assigns(r)
			r.Projects["1"].Terms = []Term{{"next", Always}}
		}, story: func(t *testing.T) *tale {
			s := begun(t)
			s.last[FieldAssignee] = val("po")
			return s.record("Mon 09:00", "dev", FieldProject, "2").says("Mon 10:00", "po", "that")
		}, want: answered("1h0m0s")},
		{name: "from a project where it asked already", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "Waiting for PO").says("Mon 08:30", "po", "that").record("Mon 09:00", "dev", FieldProject, "2")
		}, want: []string{"question of po: answered owner, elapsed 30m0s, working 0s"}},
		{name: "the owner of a status changes", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 09:00", "Waiting for PO").says("Mon 10:00", "po", "that").record("Mon 11:00", "dev", ownerField, "next")
		}, want: answered("1h0m0s")},
	})
}
