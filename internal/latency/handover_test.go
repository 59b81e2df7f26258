package latency

import (
	"testing"
	"time"
)

// TestHandOvers has what hands a wait over.
func TestHandOvers(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "an owner's term ends", rules: func(r *Rules) {
			r.Projects["1"].Terms = []Term{{"po", Span{Always.From, when(t, "Mon 12:00")}}, {"next", Span{when(t, "Mon 12:00"), Never}}}
		}, story: func(t *testing.T) *tale { return asked(t).says("Mon 13:00", "next", "euros") }, want: []string{
			"question of po: handed_over, elapsed 3h0m0s, working 3h0m0s", "question of next: answered owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "a part as long as the slip window is one", story: func(t *testing.T) *tale {
			return owns(owns(entered(t), "Mon 10:00", "next"), "Mon 10:05", "third").move("Mon 11:00", "third", "Done")
		}, want: []string{
			"acceptance of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "acceptance of next: handed_over, elapsed 5m0s, working 5m0s",
			"acceptance of third: accepted owner, elapsed 55m0s, working 55m0s",
		}},
		{name: "a shorter one is the next's", story: func(t *testing.T) *tale {
			return owns(owns(entered(t), "Mon 10:00", "next"), "Mon 10:04", "third").move("Mon 11:00", "third", "Done")
		}, want: []string{
			"acceptance of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "acceptance of third: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "the last one as long as the slip window is one", story: func(t *testing.T) *tale {
			return owns(entered(t), "Mon 10:00", "next").move("Mon 10:05", "next", "Done")
		}, want: []string{
			"acceptance of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "acceptance of next: accepted owner, elapsed 5m0s, working 5m0s",
		}},
		{name: "a shorter last one is the one's before", story: func(t *testing.T) *tale {
			return owns(entered(t), "Mon 10:00", "next").move("Mon 10:04", "next", "Done")
		}, want: []string{
			"acceptance of po: accepted other, elapsed 1h4m0s, working 1h4m0s",
		}},
		{name: "there and back at once hands nothing over", story: func(t *testing.T) *tale {
			return owns(owns(owns(entered(t), "Mon 10:00", "next"), "Mon 10:02", "po"), "Mon 12:00", "third").move("Mon 13:00", "third", "Done")
		}, want: []string{
			"acceptance of po: handed_over, elapsed 3h0m0s, working 3h0m0s", "acceptance of third: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "there and back twice neither", story: func(t *testing.T) *tale {
			return owns(owns(owns(owns(entered(t), "Mon 10:00", "next"), "Mon 10:02", "po"), "Mon 11:00", "next"), "Mon 11:02", "po").move("Mon 13:00", "po", "Done")
		}, want: []string{
			"acceptance of po: accepted owner, elapsed 4h0m0s, working 4h0m0s",
		}},
		{name: "two short ones in a row are the next's", story: func(t *testing.T) *tale {
			return owns(owns(owns(entered(t), "Mon 10:00", "a"), "Mon 10:02", "b"), "Mon 10:04", "c").move("Mon 11:00", "c", "Done")
		}, want: []string{
			"acceptance of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "acceptance of c: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "who owns from the very instant on answers, towards whose part it is", rules: func(r *Rules) {
			r.Projects["1"].Terms = []Term{{"po", Span{Always.From, when(t, "Mon 12:00")}}, {"next", Span{when(t, "Mon 12:00"), Never}}}
		}, story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "[~po] which?").says("Mon 12:00", "next", "that")
		}, want: []string{"question of po: answered other, elapsed 3h0m0s, working 3h0m0s"}},
		{name: "moved to another project, and then handed over", story: func(t *testing.T) *tale {
			return owns(entered(t).record("Mon 10:00", "dev", FieldProject, "2"), "Mon 11:00", "next").move("Mon 12:00", "next", "Done")
		}, want: []string{
			"acceptance of po: handed_over, elapsed 2h0m0s, working 2h0m0s", "acceptance of next: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
	})
}

// TestHandOversInFull looks at all that is derived: what hands a wait over.
func TestHandOversInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "a part as short as the slip window", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", ownerField, "A").move("Mon 09:00", "dev", "PO Review").record("Mon 09:05", "dev", ownerField, "B").move("Mon 10:00", "B", "Done")
		}, want: []string{
			"acceptance of A in 1, part 1, cycle 1: Mon 09:00 to Mon 09:05 handed_over; 5m, worked 5m",
			"  Mon 09:00 entered_acceptance, Mon 09:05 handed_over, Mon 10:00 accepted",
			"acceptance of B in 1, part 2, cycle 1: Mon 09:05 to Mon 10:00 accepted owner into Done; 55m, worked 55m, story's 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 09:05 handed_over, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
		}},
		{name: "a part just shorter, at the beginning", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", ownerField, "A").move("Mon 09:00", "dev", "PO Review").record("Mon 09:04:59", "dev", ownerField, "B").move("Mon 10:00", "B", "Done")
		}, want: []string{
			"acceptance of B in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 09:04:59 handed_over, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
		}},
		{name: "parts just shorter, in the middle", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", ownerField, "A").move("Mon 09:00", "dev", "PO Review").record("Mon 10:00", "dev", ownerField, "B").record("Mon 10:02", "dev", ownerField, "C").record("Mon 10:04", "dev", ownerField, "A").move("Mon 12:00", "A", "Done")
		}, want: []string{
			"acceptance of A in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 handed_over, Mon 10:02 handed_over, Mon 10:04 handed_over, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "a part just shorter, at the end", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", ownerField, "A").move("Mon 09:00", "dev", "PO Review").record("Mon 09:56", "dev", ownerField, "B").move("Mon 10:00", "B", "Done")
		}, want: []string{
			"acceptance of A in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted other into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 09:56 handed_over, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
		}},
		{name: "a part as short as the slip window, at the end", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", ownerField, "A").move("Mon 09:00", "dev", "PO Review").record("Mon 09:55", "dev", ownerField, "B").move("Mon 10:00", "B", "Done")
		}, want: []string{
			"acceptance of A in 1, part 1, cycle 1: Mon 09:00 to Mon 09:55 handed_over; 55m, worked 55m",
			"  Mon 09:00 entered_acceptance, Mon 09:55 handed_over, Mon 10:00 accepted",
			"acceptance of B in 1, part 2, cycle 1: Mon 09:55 to Mon 10:00 accepted owner into Done; 5m, worked 5m, story's 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 09:55 handed_over, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
		}},
		{name: "handed over and back", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", ownerField, "A").move("Mon 09:00", "dev", "PO Review").record("Mon 10:00", "dev", ownerField, "B").record("Mon 11:00", "dev", ownerField, "A").move("Mon 12:00", "A", "Done")
		}, want: []string{
			"acceptance of A in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 handed_over; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 handed_over, Mon 11:00 handed_over, Mon 12:00 accepted",
			"acceptance of B in 1, part 2, cycle 1: Mon 10:00 to Mon 11:00 handed_over; 1h, worked 1h, story's 2h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 handed_over, Mon 11:00 handed_over, Mon 12:00 accepted",
			"acceptance of A in 1, part 3, cycle 1: Mon 11:00 to Mon 12:00 accepted owner into Done; 1h, worked 1h, story's 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 handed_over, Mon 11:00 handed_over, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "handed over as it enters, and as it ends", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", ownerField, "A").record("Mon 09:00", "dev", FieldStatus, "PO Review", ownerField, "B").record("Mon 12:00", "B", FieldStatus, "Done", ownerField, "C")
		}, want: []string{
			"acceptance of B in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "handed over twice at one instant", story: func(t *testing.T) *tale {
			return entered(t).record("Mon 10:00", "dev", ownerField, "A").record("Mon 10:00", "dev", ownerField, "B")
		}, asOf: "Mon 12:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 handed_over; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 handed_over, Mon 10:00 handed_over",
			"acceptance of B in 1, part 2, cycle 1: Mon 10:00 open; 2h, worked 2h, story's 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 handed_over, Mon 10:00 handed_over",
			"finding in 1, Mon 10:00: same_instant ",
			"unsettled",
		}},
		{name: "handed over while it stands", story: func(t *testing.T) *tale {
			return entered(t).move("Mon 10:00", "dev", "Third party").record("Mon 11:00", "dev", ownerField, "A").move("Mon 12:00", "dev", "PO Review").move("Mon 13:00", "A", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 11:00 handed_over; 1h, worked 1h, paused 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused, Mon 11:00 handed_over, Mon 12:00 resumed, Mon 13:00 accepted",
			"acceptance of A in 1, part 2, cycle 1: Mon 11:00 to Mon 13:00 accepted owner into Done; 1h, worked 1h, paused 1h, story's 2h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 paused, Mon 11:00 handed_over, Mon 12:00 resumed, Mon 13:00 accepted",
			"finding in 1, Mon 13:00: exit_by_default Done",
		}},
		{name: "handed over by a move to another project", rules: func(r *Rules) { r.Projects["2"].Terms = []Term{{"next", Always}} }, story: func(t *testing.T) *tale {
			return entered(t).record("Mon 12:00", "dev", FieldProject, "2").move("Mon 13:00", "next", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 handed_over; 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 handed_over, Mon 13:00 accepted",
			"acceptance of next in 2, part 2, cycle 1: Mon 12:00 to Mon 13:00 accepted owner into Done; 1h, worked 1h, story's 4h, worked 4h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 handed_over, Mon 13:00 accepted",
			"finding in 2, Mon 13:00: exit_by_default Done",
		}},
		{name: "where moves do not join", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "PO Review").add(Event{At: when(t, "Mon 10:00"), Rank: RankRecord, Actor: "po", Changes: []Change{{Field: FieldStatus, From: val("To Do"), To: val("Done")}}})
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: broken_chain a move begins in To Do",
			"finding in 1, Mon 10:00: exit_by_default Done",
			"finding in 1, 30 Nov 12:00: last_status Jira says PO Review",
		}},
		{name: "terms with a gap between", rules: func(r *Rules) {
			r.Projects["1"].Terms = []Term{{"po", Span{Always.From, when(t, "Mon 12:00")}}, {"next", Span{when(t, "Mon 14:00"), when(t, "Mon 16:00")}}}
			r.Projects["1"].Leads = []Term{{"lead", Span{Always.From, when(t, "Mon 15:00")}}, {"boss", Span{when(t, "Mon 15:00"), Never}}}
		}, story: func(t *testing.T) *tale { return asked(t) }, asOf: "Tue 10:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 12:00 handed_over; 3h, worked 3h",
			"  Mon 09:00 mention, Mon 12:00 handed_over, Mon 14:00 handed_over, Mon 16:00 handed_over",
			"question of lead in 1, part 2: Mon 12:00 to Mon 14:00 handed_over; 2h, worked 2h, story's 5h, worked 5h, addressed to po",
			"  Mon 09:00 mention, Mon 12:00 handed_over, Mon 14:00 handed_over, Mon 16:00 handed_over",
			"question of next in 1, part 3: Mon 14:00 to Mon 16:00 handed_over; 2h, worked 2h, story's 7h, worked 7h, addressed to po",
			"  Mon 09:00 mention, Mon 12:00 handed_over, Mon 14:00 handed_over, Mon 16:00 handed_over",
			"question of boss in 1, part 4: Mon 16:00 open; 18h, worked 2h, story's 25h, worked 9h, addressed to po",
			"  Mon 09:00 mention, Mon 12:00 handed_over, Mon 14:00 handed_over, Mon 16:00 handed_over",
			"unsettled",
		}},
	})
}

// TestShortParts joins what was handed over at once.
func TestShortParts(t *testing.T) {
	owner := func(s *tale, at, who string) *tale { return s.record(at, "dev", ownerField, who) }
	runCases(t, []ruleCase{
		{name: "a last one goes to the one before, and its responder is judged towards that owner", story: func(t *testing.T) *tale {
			return owner(entered(t), "Mon 11:00", "next").move("Mon 11:02", "next", "In Progress")
		}, want: []string{"acceptance of po: rejected other, elapsed 2h2m0s, working 2h2m0s"}},
		{name: "the outcome is judged by the state before the record", story: func(t *testing.T) *tale {
			return owner(entered(t), "Mon 11:00", "next").move("Mon 11:02", "po", "In Progress")
		}, want: []string{"acceptance of po: recalled owner, elapsed 2h2m0s, working 2h2m0s"}},
		{name: "an answer likewise", story: func(t *testing.T) *tale {
			return owner(asked(t), "Mon 11:00", "next").says("Mon 11:02", "next", "euros")
		}, want: []string{"question of po: answered other, elapsed 2h2m0s, working 2h2m0s"}},
		{name: "a delegate is one towards that owner", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "next", Span: Always}}
		}, story: func(t *testing.T) *tale {
			return owner(entered(t), "Mon 11:00", "next").move("Mon 11:02", "next", "Ready for Release")
		}, want: []string{"acceptance of po: accepted delegate, elapsed 2h2m0s, working 2h2m0s"}},
		{name: "lengths add up, the oldest first", story: func(t *testing.T) *tale { // 3 + 3 minutes are b's, and no short part
			return owner(owner(owner(entered(t), "Mon 09:03", "b"), "Mon 09:06", "c"), "Mon 09:20", "d").move("Mon 09:30", "d", "Ready for Release")
		}, want: []string{
			"acceptance of b: handed_over, elapsed 6m0s, working 6m0s", "acceptance of c: handed_over, elapsed 14m0s, working 14m0s",
			"acceptance of d: accepted owner, elapsed 10m0s, working 10m0s",
		}},
		{name: "by the slip window of the part's project", rules: func(r *Rules) { r.Projects["2"].SlipWindow = time.Hour }, story: func(t *testing.T) *tale {
			s := owner(entered(t), "Mon 09:30", "next")
			return owner(s.record("Mon 10:00", "dev", FieldProject, "2", ownerField, "b"), "Mon 10:40", "c").move("Mon 13:00", "c", "Done")
		}, want: []string{
			"acceptance of po: handed_over, elapsed 30m0s, working 30m0s", "acceptance of next: handed_over, elapsed 30m0s, working 30m0s",
			"acceptance of c: accepted owner, elapsed 3h0m0s, working 3h0m0s",
		}},
	})
}
