package latency

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestScope has what scope, creation and the beginning of history do.
func TestScope(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "out of scope", story: func(t *testing.T) *tale { return entered(t).record("Mon 10:00", "dev", FieldType, "epic") }, want: []string{"acceptance of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "into scope is like being created", story: func(t *testing.T) *tale {
			s := newTale(t, "Mon 08:00", "PO Review")
			s.last[FieldType] = val("epic")
			return s.record("Mon 09:00", "dev", FieldType, "story").move("Mon 10:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "it began when history does", rules: func(r *Rules) { r.Projects["1"].HistoryFrom = when(t, "Mon 09:00") }, story: func(t *testing.T) *tale { return entered(t).move("Mon 10:00", "po", "Done") }, want: []string{
			"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
	})
}

// TestScopeInFull looks at all that is derived: what scope, creation and the beginning of history do.
func TestScopeInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "begun when history does", rules: onPAY(func(p *Project) { p.HistoryFrom = when(t, "Mon 09:00") }), story: func(t *testing.T) *tale { return entered(t).move("Mon 10:00", "po", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 accepted owner into Done; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 accepted",
			"finding in 1, Mon 10:00: exit_by_default Done",
		}},
		{name: "begun before history does", rules: onPAY(func(p *Project) { p.HistoryFrom = when(t, "Mon 09:01") }), story: func(t *testing.T) *tale {
			return entered(t).move("Mon 10:00", "po", "Done").move("Mon 11:00", "dev", "PO Review")
		}, asOf: "Mon 12:00", want: []string{
			"acceptance of po in 1, part 1, cycle 2: Mon 11:00 open; 1h, worked 1h",
			"  Mon 11:00 entered_acceptance",
			"finding in 1, Mon 10:00: exit_by_default Done",
			"unsettled",
		}},
		{name: "gone and back", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 09:30", "dev", "[~po] ok?").add(Event{At: when(t, "Mon 10:00"), Rank: RankGone, Observed: true}).says("Mon 10:30", "dev", "[~po] hello?").add(Event{At: when(t, "Mon 11:00"), Rank: RankReturned, Observed: true})
		}, asOf: "Mon 12:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 withdrawn into PO Review; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 withdrawn",
			"question of po in 1, part 1: Mon 09:30 to Mon 10:00 withdrawn; 30m, worked 30m",
			"  Mon 09:30 mention, Mon 10:00 withdrawn",
			"acceptance of po in 1, part 1, cycle 1: Mon 11:00 open; 1h, worked 1h",
			"  Mon 11:00 created_in_acceptance",
			"finding in 1, Mon 10:00: gone ",
			"unsettled",
		}},
		{name: "moved where nobody watches", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 09:30", "dev", "[~po] ok?").record("Mon 10:00", "po", FieldProject, "3").says("Mon 10:30", "po", "gone")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 withdrawn owner into PO Review; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 withdrawn",
			"question of po in 1, part 1: Mon 09:30 to Mon 10:00 withdrawn owner; 30m, worked 30m",
			"  Mon 09:30 mention, Mon 10:00 withdrawn",
		}},
		{name: "into scope while it asks", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:10", "dev", FieldType, "epic").move("Mon 08:30", "dev", "Waiting for PO").record("Mon 08:40", "dev", FieldLabels, "po-question").record("Mon 09:00", "dev", FieldType, "story")
		}, asOf: "Mon 10:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 1h, worked 1h, 2 asks",
			"  Mon 09:00 status, Mon 09:00 ask_joined",
			"unsettled",
		}},
		{name: "gone twice", story: func(t *testing.T) *tale {
			return entered(t).add(Event{At: when(t, "Mon 10:00"), Rank: RankGone, Observed: true}).add(Event{At: when(t, "Mon 10:30"), Rank: RankGone, Observed: true})
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 10:00 withdrawn into PO Review; 1h, worked 1h",
			"  Mon 09:00 entered_acceptance, Mon 10:00 withdrawn",
			"finding in 1, Mon 10:00: gone ",
			"finding in 1, Mon 10:30: gone ",
		}},
		{name: "as of before it was created", story: func(t *testing.T) *tale { return entered(t) }, asOf: "Mon 07:59"},
		{name: "as of when it was created", story: func(t *testing.T) *tale { return newTale(t, "Mon 08:00", "PO Review") }, asOf: "Mon 08:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 08:00 open; 0s, worked 0s",
			"  Mon 08:00 created_in_acceptance",
			"unsettled",
		}},
		{name: "as of before its last move", story: func(t *testing.T) *tale { return entered(t).move("Mon 12:00", "po", "Done") }, asOf: "Mon 11:59", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 2h59m, worked 2h59m",
			"  Mon 09:00 entered_acceptance",
			"unsettled",
		}},
	})
}

// TestTypesInScope has which types of issue are stories.
func TestTypesInScope(t *testing.T) {
	of := func(typ Value) func(t *testing.T) *tale {
		return func(t *testing.T) *tale {
			s := begun(t)
			s.last[FieldType] = typ
			return s.says("Mon 09:00", "dev", "[~po] which?").says("Mon 10:00", "po", "that")
		}
	}
	answered := []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}
	byDefault := func(r *Rules) { r.UnlistedTypes, r.Types["epic"] = true, false }
	runCases(t, []ruleCase{
		{name: "one that is listed", rules: byDefault, story: of(val("story")), want: answered},
		{name: "one that is listed as none", rules: byDefault, story: of(val("epic"))},
		{name: "one that Jira no longer lists", rules: byDefault, story: of(Value{ID: "77", Name: "Enhancement"}), want: answered},
		{name: "a sub-task that Jira no longer lists", rules: byDefault, story: of(Value{ID: "78", Name: "Sub-task"})},
		{name: "an epic that Jira no longer lists", rules: byDefault, story: of(Value{ID: "79", Name: "EPIC"})},
		{name: "where the config names the types", story: of(Value{ID: "77", Name: "Enhancement"})},
	})
}

// TestBeforeCreated has events that are older than their story.
func TestBeforeCreated(t *testing.T) {
	created := func(t *testing.T, status string, before func(s *tale)) *tale {
		s := &tale{t: t, h: &History{ID: 10007, Key: "PAY-7"}, last: map[string]Value{
			FieldStatus: val(status), FieldProject: {ID: "1", Name: "PAY"}, FieldType: val("story"),
		}}
		s.id++ // ids as in other tales
		before(s)
		return s.add(Event{At: when(s.t, "Mon 12:00"), Rank: RankCreated, Actor: "dev"})
	}
	runCases(t, []ruleCase{
		{name: "a move moves nothing before it", story: func(t *testing.T) *tale {
			return created(t, "In Progress", func(s *tale) { s.move("Mon 09:00", "dev", "PO Review") }).move("Mon 13:00", "po", "Ready for Release")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}, findings: []string{FindBeforeCreated}},
		{name: "a comment asks nothing", story: func(t *testing.T) *tale {
			return created(t, "In Progress", func(s *tale) { s.says("Mon 09:00", "dev", "[~po] which?") })
		}, findings: []string{FindBeforeCreated}},
		{name: "a status that lost its id is read by its name", story: func(t *testing.T) *tale {
			return created(t, "In Progress", func(s *tale) {
				s.add(Event{At: when(t, "Mon 09:00"), Rank: RankRecord, Actor: "dev", Changes: []Change{{Field: FieldStatus, From: val("In Progress"), To: Value{Name: "PO Review"}}}})
				s.last[FieldStatus] = val("PO Review")
			}).move("Mon 13:00", "po", "Ready for Release")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}, findings: []string{FindBeforeCreated}},
		{name: "an edit of a comment that asked then asks nothing new", story: func(t *testing.T) *tale {
			return created(t, "In Progress", func(s *tale) { s.says("Mon 09:00", "dev", "[~po] which?") }).edits("Mon 13:00", "dev", 2, "[~po] which one?")
		}, findings: []string{FindBeforeCreated}},
		{name: "before the story was created there is none", asOf: "Mon 11:00", story: func(t *testing.T) *tale {
			return created(t, "In Progress", func(s *tale) { s.move("Mon 09:00", "dev", "PO Review") })
		}},
	})
	s := created(t, "To Do", func(s *tale) { s.move("Mon 09:00", "dev", "In Progress") }).move("Mon 13:00", "dev", "Done")
	res := NewDeriver(testRules(t), nil).Story(s.history(), when(t, long))
	if d := cmp.Diff(map[Stage]string{StageDevelopment: "1h0m0s"}, stageTimes(t, res)); d != "" {
		t.Errorf("cycle time (-want +got):\n%s", d)
	}
}

// TestHistoryFrom derives nothing that began before.
func TestHistoryFrom(t *testing.T) {
	rules := testRules(t)
	rules.Projects["1"].HistoryFrom = when(t, "Tue 00:00")
	s := newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").move("Mon 09:02", "dev", "In Progress"). // a slip
																	move("Mon 10:00", "dev", "PO Review").move("Tue 10:00", "po", "In Progress"). // silent
																	move("Tue 11:00", "dev", "PO Review").move("Tue 12:00", "po", "In Progress").move("Tue 13:00", "dev", "Done")
	d := NewDeriver(rules, nil)
	d.Story(question(t, 9, "Wed 09:00", "Wed 10:00").history(), when(t, long)) // of which nothing may remain
	res := d.Story(s.history(), when(t, long))
	if len(res.Parts) != 1 || res.Parts[0].Start != when(t, "Tue 11:00") {
		t.Errorf("waits %v", res.Parts)
	}
	if marks(res, EntrySlip) != 0 || marks(res, GuardSilentRejection) != 1 {
		t.Errorf("marks %+v", res.Marks)
	}
	want := map[Stage]string{StageOwner: "2h0m0s", StageDevelopment: "2h0m0s"}
	if d := cmp.Diff(want, stageTimes(t, res)); d != "" {
		t.Errorf("stages (-want +got):\n%s", d)
	}
}

// TestHistoryBegins counts what happens at the very instant from which on
// history is derived.
func TestHistoryBegins(t *testing.T) {
	rules := testRules(t)
	rules.Projects["1"].HistoryFrom = when(t, "Mon 09:00")
	d := NewDeriver(rules, nil)
	if got := marks(d.Story(newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "Done").history(), when(t, long)), EntryBypass); got != 1 {
		t.Errorf("%d bypasses, want 1", got)
	}
	if got := marks(d.Story(newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").move("Mon 10:00", "po", "In Progress").history(), when(t, long)), GuardSilentRejection); got != 1 {
		t.Errorf("%d silent rejections, want 1", got)
	}
}
