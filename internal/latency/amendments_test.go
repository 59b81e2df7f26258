package latency

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// ruleCase is a story and what a rule makes of it.
type ruleCase struct {
	name     string
	rules    func(*Rules)
	story    func(t *testing.T) *tale
	asOf     string   // "": long after
	want     []string // its parts
	findings []string // their reasons, where given; exit_by_default apart
}

// run derives each case's story.
func runCases(t *testing.T, cases []ruleCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			if tc.rules != nil {
				tc.rules(rules)
			}
			asOf := tc.asOf
			if asOf == "" {
				asOf = long
			}
			res := NewDeriver(rules, nil).Story(tc.story(t).history(), when(t, asOf))
			var got, reasons []string
			for _, p := range res.Parts {
				got = append(got, line(p))
			}
			for _, f := range res.Findings {
				if f.Reason != FindExitByDefault {
					reasons = append(reasons, f.Reason)
				}
			}
			if d := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("parts (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tc.findings, reasons, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
}

func begun(t *testing.T) *tale { return newTale(t, "Mon 08:00", "In Progress") }

// entered is in acceptance from Mon 09:00 on.
func entered(t *testing.T) *tale { return begun(t).move("Mon 09:00", "dev", "PO Review") }

// asked holds a question of dev to po of Mon 09:00.
func asked(t *testing.T) *tale { return begun(t).says("Mon 09:00", "dev", "[~po] which currency?") }

const ownerField = "customfield_1"

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

// TestAnswersAfterAHandOver has who answers when the owner has changed.
func TestAnswersAfterAHandOver(t *testing.T) {
	handed := func(t *testing.T) *tale { return asked(t).record("Mon 10:00", "dev2", ownerField, "next") }
	runCases(t, []ruleCase{
		{name: "a former owner who was addressed does not", story: func(t *testing.T) *tale {
			return handed(t).says("Mon 11:00", "po", "euros").says("Mon 12:00", "next", "dollars")
		}, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: answered owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "a delegate who was addressed does", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}}
		}, story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "[~deputy] which?").record("Mon 10:00", "dev2", ownerField, "next").says("Mon 11:00", "deputy", "euros")
		}, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: answered delegate, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "a delegate of the former owner who was not addressed does not", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}}
		}, story: func(t *testing.T) *tale {
			return handed(t).says("Mon 11:00", "deputy", "euros").says("Mon 12:00", "next", "dollars")
		}, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: answered owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "an active delegate of the new owner does", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "next", Delegate: "deputy", Span: Always}}
		}, story: func(t *testing.T) *tale { return handed(t).says("Mon 11:00", "deputy", "euros") }, want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: answered delegate, elapsed 1h0m0s, working 1h0m0s",
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
		{name: "somebody takes it out of scope", story: func(t *testing.T) *tale {
			return asked(t).record("Mon 10:00", "dev2", FieldType, "epic", FieldStatus, "Done")
		}, want: []string{"question of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "of two askers one takes the story and closes it", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 09:30", "dev2", "[~po] and when?").record("Mon 10:00", "dev", ownerField, "dev", FieldStatus, "Done")
		}, want: []string{"question of po: obsolete other, elapsed 30m0s, working 30m0s"}},
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

// TestMigrationsThatMove has which of an administrator's records are audited.
func TestMigrationsThatMove(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "a status", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 10:00", "admin", FieldWorkflow, "w", FieldStatus, "To Do")
		}, findings: []string{FindMigration}},
		{name: "a type", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 10:00", "admin", FieldWorkflow, "w", FieldType, "story")
		}, findings: []string{FindMigration}},
		{name: "a project", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 10:00", "admin", FieldWorkflow, "w", FieldProject, "2")
		}, findings: []string{FindMigration}},
		{name: "nothing", story: func(t *testing.T) *tale { return begun(t).record("Mon 10:00", "admin", FieldWorkflow, "w") }},
		{name: "an assignee", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 10:00", "admin", FieldWorkflow, "w", FieldAssignee, "dev")
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

// TestStatusNames has statuses that bear other names than today.
func TestStatusNames(t *testing.T) {
	// Today 10 is PO Review, 11 is Ready for Release, 12 is In Progress.
	rules := func(r *Rules) {
		for id, name := range map[string]string{"10": "PO Review", "11": "Ready for Release", "12": "In Progress"} {
			delete(r.Statuses, name)
			r.Statuses[id] = Status{Name: name, Category: CategoryIndeterminate}
			r.StatusIDs[Fold(name)] = id
		}
		r.Projects["1"].Acceptance = Set{"10": true}
		r.Projects["1"].Stages = map[string]Stage{"11": StageRelease}
	}
	at := func(s *tale, when_, who, id, name string) *tale {
		to := Value{ID: id, Name: name}
		c := Change{Field: FieldStatus, From: s.last[FieldStatus], To: to}
		s.last[FieldStatus] = to
		return s.add(Event{At: when(s.t, when_), Rank: RankRecord, Actor: who, Changes: []Change{c}})
	}
	start := func(t *testing.T) *tale {
		s := begun(t)
		s.last[FieldStatus] = Value{ID: "12", Name: "In Progress"}
		return s
	}
	end := func(s *tale) *tale { return at(s, "Mon 10:00", "po", "11", "Ready for Release") }
	imported := func(s *tale, when_ string) *tale {
		return s.add(Event{At: when(s.t, when_), Rank: RankRecord, Actor: "admin", Changes: []Change{{Field: FieldImport}}})
	}
	accepted := []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}
	runCases(t, []ruleCase{
		{name: "a rename is read by its id", rules: rules, story: func(t *testing.T) *tale {
			return end(at(start(t), "Mon 09:00", "dev", "10", "Review by PO"))
		}, want: accepted},
		{name: "the name of another status is audited, and read by its id", rules: rules, story: func(t *testing.T) *tale {
			return end(at(start(t), "Mon 09:00", "dev", "10", "Ready for Release"))
		}, want: accepted, findings: []string{FindStatusName, FindStatusName}}, // the move in, and the move out
		{name: "of a story that was imported later it is read by its name", rules: rules, story: func(t *testing.T) *tale {
			s := at(at(start(t), "Mon 09:00", "dev", "12", "PO Review"), "Mon 10:00", "po", "10", "Ready for Release")
			s.last[FieldStatus] = Value{ID: "11", Name: "Ready for Release"}
			return imported(s, "Mon 11:00")
		}, want: accepted, findings: []string{FindStatusName, FindStatusName}},
		{name: "what came after the import is read by its id", rules: rules, story: func(t *testing.T) *tale {
			return end(at(imported(start(t), "Mon 08:30"), "Mon 09:00", "dev", "10", "Ready for Release"))
		}, want: accepted, findings: []string{FindStatusName, FindStatusName}},
		{name: "case and space make no other name", rules: rules, story: func(t *testing.T) *tale {
			return end(at(start(t), "Mon 09:00", "dev", "10", "po review "))
		}, want: accepted},
	})
}

// TestComponentsByID finds components by their id, whatever name a record bears.
func TestComponentsByID(t *testing.T) {
	for _, tc := range []struct {
		name       string
		components []Value
		owners     map[string]string
		want       string
	}{
		{"a renamed one by its name of today", []Value{{ID: "1", Name: "Alpha"}}, map[string]string{"Beta": "b"}, "b"},
		{"not by the name that it had", []Value{{ID: "1", Name: "Alpha"}}, map[string]string{"Alpha": "a"}, "po"},
		{"nor by one that is another's today", []Value{{ID: "9", Name: "Gamma"}}, map[string]string{"Gamma": "g"}, "po"},
		{"by its id", []Value{{ID: "1", Name: "Alpha"}}, map[string]string{"1": "a"}, "a"},
		{"one that is no more by the name it had", []Value{{ID: "9", Name: "Delta"}}, map[string]string{"Delta": "d"}, "d"},
		{"the first by name of today", []Value{{ID: "1", Name: "Zeta"}, {ID: "2", Name: "Alpha"}}, map[string]string{"Beta": "b", "Gamma": "g"}, "b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			p := rules.Projects["1"]
			p.Components, p.ComponentNames = tc.owners, map[string]string{"1": "Beta", "2": "Gamma"}
			s := state{project: Value{ID: "1"}, components: tc.components}
			if got := NewDeriver(rules, nil).ownerAt(&s, 1000); got != tc.want {
				t.Errorf("owner %q, want %q", got, tc.want)
			}
		})
	}
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

// TestSlipsOfOnePerson is of one person with several accounts.
func TestSlipsOfOnePerson(t *testing.T) {
	rules := testRules(t)
	rules.People = map[string]string{"acc-1": "po", "acc-2": "po"}
	res := NewDeriver(rules, nil).Story(begun(t).move("Mon 09:00", "acc-1", "PO Review").move("Mon 09:02", "acc-2", "In Progress").history(), when(t, long))
	if marks(res, EntrySlip) != 1 || len(res.Parts) != 0 {
		t.Errorf("%d slips, parts %v", marks(res, EntrySlip), res.Parts)
	}
}

// TestHops has visits of acceptance that automation ends at once.
func TestHops(t *testing.T) {
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

// TestRepliesAndAsks has which comments are replies, and what counts as an ask.
func TestRepliesAndAsks(t *testing.T) {
	for _, tc := range []struct {
		name          string
		story         *tale
		asks, replies int
	}{
		{"the asker's own words are none", asked(t).says("Mon 10:00", "dev", "hello").says("Mon 11:00", "dev2", "hm"), 1, 1},
		{"a joined ask is none", asked(t).says("Mon 10:00", "dev2", "[~po] and when?"), 2, 0},
		{"what was taken back counts as an ask", asked(t).says("Mon 10:00", "dev2", "[~po] and when?").says("Mon 11:00", "dev2", "#withdrawn"), 2, 0},
		{"automation is none", asked(t).says("Mon 10:00", "robot", "built"), 1, 0},
	} {
		res := NewDeriver(testRules(t), nil).Story(tc.story.history(), when(t, "Mon 12:00"))
		if len(res.Parts) != 1 || res.Parts[0].Asks != tc.asks || res.Parts[0].OtherReplies != tc.replies {
			t.Errorf("%s: %+v, want %d asks and %d replies", tc.name, res.Parts, tc.asks, tc.replies)
		}
	}
}

// TestLapseOverParts sums the time without a word over owners with other hours.
func TestLapseOverParts(t *testing.T) {
	mornings := func(r *Rules) {
		r.Projects["1"].LapseAfter = 10 * time.Hour
		r.Owners["next"] = &Owner{Key: "next", Calendar: workdays(t, 9, 11)}
	}
	runCases(t, []ruleCase{
		{name: "each in its owner's calendar", rules: mornings, story: func(t *testing.T) *tale { // 8 h of po's on Monday, 1 h on Tuesday, and 1 of next's
			return asked(t).record("Tue 10:00", "dev2", ownerField, "next")
		}, want: []string{"question of po: handed_over, elapsed 25h0m0s, working 9h0m0s", "question of next: lapsed, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "back and forth", rules: mornings, story: func(t *testing.T) *tale { // 3 h of po's, none of next's from 12 to 16, 1 h and 6 h of po's
			return asked(t).record("Mon 12:00", "dev2", ownerField, "next").record("Mon 16:00", "dev2", ownerField, "")
		}, want: []string{
			"question of po: handed_over, elapsed 3h0m0s, working 3h0m0s", "question of next: handed_over, elapsed 4h0m0s, working 0s",
			"question of po: lapsed, elapsed 23h0m0s, working 7h0m0s",
		}},
		{name: "from the last comment", rules: mornings, story: func(t *testing.T) *tale { // 5 h of po's, 2 h a day of next's
			return asked(t).says("Mon 12:00", "dev2", "hm").record("Mon 17:00", "dev2", ownerField, "next")
		}, want: []string{"question of po: handed_over, elapsed 8h0m0s, working 8h0m0s", "question of next: lapsed, elapsed 65h0m0s, working 5h0m0s"}},
		{name: "a comment after the hand-over", rules: mornings, story: func(t *testing.T) *tale { // 10 h of next's
			return asked(t).record("Mon 12:00", "dev2", ownerField, "next").says("Mon 13:00", "dev2", "hm")
		}, want: []string{"question of po: handed_over, elapsed 3h0m0s, working 3h0m0s", "question of next: lapsed, elapsed 167h0m0s, working 10h0m0s"}},
		{name: "a short part counts with the next", rules: mornings, story: func(t *testing.T) *tale { // 3 minutes of po's, out of next's hours
			return begun(t).says("Mon 12:00", "dev", "[~po] which?").record("Mon 12:03", "dev2", ownerField, "next")
		}, want: []string{"question of next: lapsed, elapsed 167h0m0s, working 10h0m0s"}},
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

// TestStagesByName has the stage that a status called Reopened is of.
func TestStagesByName(t *testing.T) {
	if !slices.Contains(StageNames()[StageDevelopment], "Reopened") {
		t.Errorf("Reopened is of no stage by name: %v", StageNames()[StageDevelopment])
	}
}

// TestCycleTimeBeginsWithAcceptance has a story whose acceptance status is of the backlog.
func TestCycleTimeBeginsWithAcceptance(t *testing.T) {
	rules := testRules(t)
	rules.Projects["1"].Stages["PO Review"] = StageBacklog
	s := newTale(t, "Mon 09:00", "To Do").move("Mon 10:00", "dev", "PO Review").move("Mon 12:00", "po", "To Do").move("Mon 13:00", "dev", "Done")
	res := NewDeriver(rules, nil).Story(s.history(), when(t, long))
	if d := cmp.Diff(map[Stage]string{StageOwner: "2h0m0s", StageBacklog: "1h0m0s"}, stageTimes(t, res)); d != "" {
		t.Errorf("cycle time (-want +got):\n%s", d)
	}
}

// TestLargestBlockerIsLongEnough has a stage that is the longest, and short.
func TestLargestBlockerIsLongEnough(t *testing.T) {
	rules := testRules(t)
	at := when(t, "Mon 09:00")
	of := func(test Instant) Blocker {
		var traces []*Trace
		for range fewest {
			traces = append(traces, &Trace{Verdict: Verdict{At: Never}, Stages: []StageSpan{
				{Span: Span{at, at + 1000 - test}, ProjectID: "1", Stage: StageDevelopment}, {Span: Span{at + 1000 - test, at + 1000}, ProjectID: "1", Stage: StageTest},
			}})
		}
		b, ok := NewStatistics(rules, []Window{{"w", Span{at, at + 6000}}}, slices.Values(traces)).Blockers[ProjectWindow{"PAY", "w"}]
		if !ok {
			t.Errorf("%d of 1000: nothing is said of five stories", test)
		}
		return b
	}
	for test, want := range map[Instant]Blocker{49: {}, 50: {StageTest, 0.05}, 500: {StageTest, 0.5}} {
		if got := of(test); got != want {
			t.Errorf("%d of 1000: %+v, want %+v", test, got, want)
		}
	}
}

// TestAStoryIsOpenOnce has stories that were asked about anew before the last
// ending was final.
func TestAStoryIsOpenOnce(t *testing.T) {
	rules := testRules(t)
	asOf := when(t, "Mon 12:00")
	part := func(owner string, start string, working time.Duration) Part {
		return Part{Wait: Wait{StoryID: 1, Story: "PAY-1", Kind: Question}, ProjectID: "1", Owner: owner, Start: when(t, start), End: Never, Working: working, StoryWorking: working, Target: time.Hour}
	}
	for _, tc := range []struct {
		name  string
		parts []Part
		want  map[Key]OpenState
	}{
		{"of one owner", []Part{part("po", "Mon 09:00", 2*time.Hour), part("po", "Mon 11:58", 2*time.Minute)}, map[Key]OpenState{
			{Question, "PAY", "po"}: {Open: 1, Oldest: 2 * time.Hour},
		}},
		{"of two", []Part{part("next", "Mon 11:58", 2*time.Minute), part("po", "Mon 09:00", 2*time.Hour)}, map[Key]OpenState{
			{Question, "PAY", "po"}: {}, {Question, "PAY", "next"}: {Open: 1, Oldest: 2 * time.Minute},
		}},
	} {
		r := NewReport(rules, asOf, NewTotals(), tc.parts, nil, &Statistics{}, 3)
		for k, want := range tc.want {
			if d := cmp.Diff(want, r.Open[k]); d != "" {
				t.Errorf("%s: open of %s (-want +got):\n%s", tc.name, k.Owner, d)
			}
		}
		if n := len(r.OpenWaits); n != 1 {
			t.Errorf("%s: %d open waits are listed, want one: %+v", tc.name, n, r.OpenWaits)
		}
	}
}

// TestKeyOfThatTime looks back at a story that has moved since.
func TestKeyOfThatTime(t *testing.T) {
	s := entered(t)
	s.h.Key = "WEB-3"
	s.last[FieldKey] = Value{Name: "PAY-7"}
	h := s.add(Event{At: when(t, "Tue 09:00"), Rank: RankRecord, Actor: "dev", Changes: []Change{
		{Field: FieldProject, From: val("1"), To: val("2")}, {Field: FieldKey, From: Value{Name: "PAY-7"}, To: Value{Name: "WEB-3"}},
	}}).history()
	h.Now[FieldProject] = []Value{val("2")}
	delete(h.Now, FieldKey)
	for asOf, want := range map[string]string{"Mon 12:00": "PAY-7 1", "Tue 09:00": "WEB-3 2", "Wed 12:00": "WEB-3 2"} {
		res := NewDeriver(testRules(t), nil).Story(h, when(t, asOf))
		if got := res.Parts[0].Story + " " + res.Parts[0].ProjectID; got != want {
			t.Errorf("as of %s: %s, want %s", asOf, got, want)
		}
	}
}
