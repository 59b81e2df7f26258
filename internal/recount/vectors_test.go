package recount

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// TestRules recounts hand-made stories, most of them in the week of Monday
// 2 March 2026, of a team that works Mon-Fri 09:00-17:00 in Berlin.
func TestRules(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	day := func(s string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	const h = 3600
	stamped := func(s string) string { return stamp(day(s)) }
	for _, tt := range []struct {
		file     string
		statuses []string // the acceptance statuses' ids; none: PO Review
		want     []part   // no ids, targets and rules; the story's clock where it is not the owner's
	}{
		{file: "accepted", want: []part{
			{Story: "PAY-1", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-06 16:00"), End: stamped("2026-03-09 10:00"), Outcome: "accepted", Responder: "owner", Cycle: 1, Elapsed: 66 * h, Working: 2 * h},
		}},
		{file: "slip_then_rejected", want: []part{
			{Story: "PAY-2", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-04 09:00"), End: stamped("2026-03-04 12:00"), Outcome: "rejected", Responder: "owner", Cycle: 1, Elapsed: 3 * h, Working: 3 * h},
		}},
		{file: "recalled", want: []part{
			{Story: "PAY-3", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-03-03 09:00"), Outcome: "recalled", Responder: "other", Cycle: 1, Elapsed: 24 * h, Working: 8 * h},
		}},
		{file: "answered", want: []part{
			{Story: "PAY-4", Project: "PAY", Kind: "question", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-03-03 10:00"), Outcome: "answered", Responder: "owner", Elapsed: 25 * h, Working: 9 * h, Breached: true, Asks: 1, OtherReplies: 1, FirstReply: stamped("2026-03-02 11:00")},
		}},
		{file: "answered_by_delegate", want: []part{
			{Story: "PAY-5", Project: "PAY", Kind: "question", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-03-03 10:00"), Outcome: "answered", Responder: "delegate", Elapsed: 25 * h, Working: 9 * h, Breached: true, Asks: 1, OtherReplies: 1, FirstReply: stamped("2026-03-02 11:00")},
		}},
		{file: "obsolete", want: []part{
			{Story: "PAY-6", Project: "PAY", Kind: "question", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-03-04 17:00"), Outcome: "obsolete", Responder: "other", Elapsed: 56 * h, Working: 24 * h, Breached: true, Asks: 1},
		}},
		{file: "daylight_saving", want: []part{
			{Story: "PAY-7", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-28 12:00"), End: stamped("2026-03-30 09:30"), Outcome: "accepted", Responder: "owner", Cycle: 1, Elapsed: 44.5 * h, Working: h / 2},
			{Story: "PAY-70", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-10-24 12:00"), End: stamped("2026-10-26 09:30"), Outcome: "accepted", Responder: "owner", Cycle: 1, Elapsed: 46.5 * h, Working: h / 2},
		}},
		{file: "handed_over", want: []part{
			{Story: "WEB-8", Project: "WEB", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-03-02 13:00"), Outcome: "handed_over", Cycle: 1, Elapsed: 4 * h, Working: 4 * h},
			{Story: "WEB-8", Project: "WEB", Kind: "acceptance", Owner: "other", Start: stamped("2026-03-02 13:00"), End: stamped("2026-03-03 10:00"), Outcome: "accepted", Responder: "owner", Part: 2, Cycle: 1, Elapsed: 21 * h, Working: 5 * h, StoryElapsed: 25 * h, StoryWorking: 9 * h},
		}},
		{file: "moved_project", want: []part{
			{Story: "OPS-12", Project: "OPS", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-03-03 10:00"), Outcome: "accepted", Responder: "owner", Cycle: 1, Elapsed: 25 * h, Working: 9 * h, Breached: true},
		}},
		{file: "slip_out_of_acceptance", want: []part{
			{Story: "PAY-16", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-02 09:04"), End: stamped("2026-03-02 11:00"), Outcome: "accepted", Responder: "owner", Cycle: 1, Elapsed: 116 * 60, Working: 116 * 60},
		}},
		{file: "resolution_after_status", statuses: []string{"5"}, want: []part{
			{Story: "PAY-17", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-03-03 09:00"), Outcome: "withdrawn", Responder: "owner", Cycle: 1, Elapsed: 24 * h, Working: 8 * h},
		}},
		{file: "addressed", want: []part{ // no answer within 240 working hours, which are 30 days
			{Story: "PAY-180", Project: "PAY", Kind: "question", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-04-10 17:00"), Outcome: "lapsed", Elapsed: 39*24*h + 7*h, Working: 240 * h, Breached: true, Asks: 1},
		}},
		{file: "absent", want: []part{
			{Story: "ABS-20", Project: "ABS", Kind: "acceptance", Owner: "away", Start: stamped("2026-03-02 09:00"), End: stamped("2026-03-04 10:00"), Outcome: "accepted", Responder: "owner", Cycle: 1, Elapsed: 25 * h, Working: 9 * h, StoryElapsed: 49 * h, StoryWorking: 17 * h, Breached: true},
		}},
		{file: "done_category_in_the_set", statuses: []string{"5"}, want: []part{
			{Story: "PAY-24", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-03-03 10:00"), Outcome: "accepted", Responder: "owner", Cycle: 1, Elapsed: 25 * h, Working: 9 * h, Breached: true},
		}},
		{file: "migration", want: []part{
			{Story: "PAY-25", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-03-03 10:00"), Outcome: "withdrawn", Responder: "automation", Cycle: 1, Elapsed: 25 * h, Working: 9 * h, Breached: true},
		}},
		{file: "owner_asks", want: []part{ // paused for 2 hours until the word, and for the 4 that a question may take
			{Story: "PAY-30", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-03-03 15:00"), Outcome: "rejected", Responder: "owner", Cycle: 1, Elapsed: 24 * h, Working: 8 * h, Paused: 6 * h},
		}},
		{file: "accepted_twice", want: []part{ // a rejection stays in the cycle
			{Story: "PAY-32", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-03-02 10:00"), Outcome: "accepted", Responder: "owner", Cycle: 1, Elapsed: h, Working: h},
			{Story: "PAY-32", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-03 09:00"), End: stamped("2026-03-03 10:00"), Outcome: "rejected", Responder: "owner", Cycle: 2, Elapsed: h, Working: h},
			{Story: "PAY-32", Project: "PAY", Kind: "acceptance", Owner: "po", Start: stamped("2026-03-03 11:00"), End: stamped("2026-03-03 12:00"), Outcome: "accepted", Responder: "other", Cycle: 2, Elapsed: h, Working: h},
		}},
		{file: "joined_then_lapsed", want: []part{
			{Story: "PAY-31", Project: "PAY", Kind: "question", Owner: "po", Start: stamped("2026-03-02 09:00"), End: stamped("2026-04-13 11:00"), Outcome: "lapsed", Elapsed: 42*24*h + 1*h, Working: 242 * h, Breached: true, Asks: 2},
		}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			issues, err := readExport(filepath.Join("testdata", tt.file+".jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			config := vectorSetup()
			config.Defaults.Acceptance = tt.statuses
			got := recount(rulesOf(t, config, vectorFacts()), storiesOf(t, vectorFacts(), issues), day("2027-06-01 00:00"))
			if len(got) != len(tt.want) {
				t.Fatalf("got %d parts, want %d: %+v", len(got), len(tt.want), got)
			}
			for i, w := range tt.want {
				w.StoryID, w.Target, w.Part, w.Final = got[i].StoryID, got[i].Target, max(w.Part, 1), true
				if w.StoryElapsed == 0 {
					w.StoryElapsed, w.StoryWorking = w.Elapsed, w.Working
				}
				if w.Rule = "mention"; w.Kind == acceptanceKind {
					w.Rule = "entered_acceptance"
				}
				if !reflect.DeepEqual(got[i], w) {
					t.Errorf("part %d:%s", i+1, fields(got[i], w))
				}
			}
		})
	}
}

// vectorSetup is the config of the hand-made stories.
func vectorSetup() setup {
	each := []string{"09:00-17:00"}
	return setup{
		Jira:     setupJira{Projects: []string{"PAY", "WEB", "OPS", "ABS"}, IssueTypes: []string{"Story"}},
		Calendar: &setupCalendar{Zone: "Europe/Berlin", Hours: map[string][]string{"mon": each, "tue": each, "wed": each, "thu": each, "fri": each}},
		Projects: map[string]setupProject{
			"PAY": {Owner: []setupTerm{{Owner: "po"}}},
			"WEB": {Owner: []setupTerm{{"po", dates{To: "2026-03-02T13:00:00+01:00"}}, {"other", dates{From: "2026-03-02T13:00:00+01:00"}}}},
			"OPS": {Owner: []setupTerm{{Owner: "po"}}},
			"ABS": {Owner: []setupTerm{{Owner: "away"}}},
		},
		Owners: map[string]setupOwner{
			"po": {Accounts: []string{"po"}}, "other": {Accounts: []string{"other"}}, "deputy": {Accounts: []string{"deputy"}},
			"away": {Accounts: []string{"away"}, Absences: []dates{{"2026-03-03", "2026-03-03"}}},
		},
		Delegations: []setupDelegation{{Owner: "po", Delegate: "deputy", dates: dates{From: "2026-03-03"}}},
	}
}

// vectorFacts are the names and ids of the hand-made stories' Jira.
func vectorFacts() facts {
	return facts{
		projects:   map[string]string{"PAY": "1", "WEB": "2", "OPS": "3", "ABS": "4"},
		types:      map[string]rawType{"7": {rawNamed: rawNamed{ID: "7", Name: "Story"}}, "8": {rawNamed: rawNamed{ID: "8", Name: "Sub-task"}, Subtask: true}},
		components: map[string]string{"31": "Checkout"},
		statuses: map[string]statusToday{
			"1": {"Open", "new"}, "3": {"In Progress", "indeterminate"}, "5": {"Resolved", "done"}, "6": {"Done", "done"},
			"10": {"PO Review", "indeterminate"}, "11": {"Waiting for PO", "indeterminate"}, "12": {"Dropped", "indeterminate"},
			"13": {"At the printer", "indeterminate"}, "14": {"Final Check", "indeterminate"}, "15": {"Closed", "done"},
		},
	}
}
