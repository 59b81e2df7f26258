package latency

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// line is a wait as the vectors write it.
func line(w Part) string {
	state := "open"
	if !w.Open() {
		state = strings.TrimSpace(fmt.Sprintf("%s %s", w.Outcome, w.Responder))
	}
	return fmt.Sprintf("%s of %s: %s, elapsed %s, working %s", w.Kind, w.Owner, state, w.Elapsed, w.Working)
}

// long is long after everything in the vectors.
const long = "30 Nov 12:00"

func TestVectors(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rules func(*Rules)
		story func(t *testing.T) *tale
		asOf  string
		want  []string
		check func(t *testing.T, res *Result)

		stories   func(t *testing.T) []*tale // of a vector about many
		window    string                     // its start
		quantiles string                     // 0.5, 0.75 and 0.85 of po's
	}{
		{
			name: "1 over a weekend",
			story: func(t *testing.T) *tale {
				return newTale(t, "Fri 10:00", "In Progress").move("Fri 16:00", "dev", "PO Review").move("9 Mar 10:00", "po", "Done")
			},
			want: []string{"acceptance of po: accepted owner, elapsed 66h0m0s, working 2h0m0s"},
		},
		{
			name: "2 slip then rejection",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 09:00", "In Progress").
					move("Tue 09:00", "dev", "PO Review").move("Tue 09:03", "dev", "In Progress").
					move("Wed 09:00", "dev", "PO Review").move("Wed 12:00", "po", "In Progress")
			},
			want: []string{"acceptance of po: rejected owner, elapsed 3h0m0s, working 3h0m0s"},
			check: func(t *testing.T, res *Result) {
				if marks(res, EntrySlip) != 1 || res.Parts[0].Cycle != 1 {
					t.Errorf("slips %d, cycle %d; want 1 and 1", marks(res, EntrySlip), res.Parts[0].Cycle)
				}
			},
		},
		{
			name: "3 recalled",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").move("Tue 09:00", "dev", "In Progress")
			},
			want: []string{"acceptance of po: recalled other, elapsed 24h0m0s, working 8h0m0s"},
		},
		{
			name: "4 question answered by the owner",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").says("Mon 09:00", "dev", "[~accountid:po] which currency?").
					says("Mon 11:00", "dev2", "euro, I think").says("Tue 10:00", "po", "dollars")
			},
			want: []string{"question of po: answered owner, elapsed 25h0m0s, working 9h0m0s"},
			check: func(t *testing.T, res *Result) {
				w := res.Parts[0]
				if w.OtherReplies != 1 || w.FirstReply != when(t, "Mon 11:00") || !w.Breached || w.BreachAt != when(t, "Mon 13:00") {
					t.Errorf("replies %d first %v breached %v at %v", w.OtherReplies, w.FirstReply.Time(), w.Breached, w.BreachAt.Time())
				}
			},
		},
		{
			name: "5 answered by a delegate",
			rules: func(r *Rules) {
				r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Span{when(t, "Tue 00:00"), Never}}}
			},
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").says("Mon 09:00", "dev", "[~accountid:po] which currency?").
					says("Mon 11:00", "dev2", "euro, I think").says("Tue 10:00", "deputy", "dollars")
			},
			want: []string{"question of po: answered delegate, elapsed 25h0m0s, working 9h0m0s"},
		},
		{
			name: "6 obsolete",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").says("Mon 09:00", "dev", "[~accountid:po] which currency?").
					says("Mon 11:00", "dev2", "euro, I think").move("Wed 17:00", "dev", "Done")
			},
			want: []string{"question of po: obsolete other, elapsed 56h0m0s, working 24h0m0s"},
			check: func(t *testing.T, res *Result) {
				if w := res.Parts[0]; !w.Breached || w.BreachAt != when(t, "Mon 13:00") {
					t.Errorf("breached %v at %v", w.Breached, w.BreachAt.Time())
				}
			},
		},
		{
			name: "7 summer time begins",
			story: func(t *testing.T) *tale {
				return newTale(t, "27 Mar 12:00", "In Progress").move("28 Mar 12:00", "dev", "PO Review").move("30 Mar 09:30", "po", "Done")
			},
			want: []string{"acceptance of po: accepted owner, elapsed 44h30m0s, working 30m0s"},
		},
		{
			name: "7 summer time ends",
			story: func(t *testing.T) *tale {
				return newTale(t, "23 Oct 12:00", "In Progress").move("24 Oct 12:00", "dev", "PO Review").move("26 Oct 09:30", "po", "Done")
			},
			want: []string{"acceptance of po: accepted owner, elapsed 46h30m0s, working 30m0s"},
		},
		{
			name: "8 handed over",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", "customfield_1", "A").move("Mon 09:00", "dev", "PO Review").
					record("Mon 13:00", "A", "customfield_1", "B").move("Tue 10:00", "B", "Done")
			},
			want: []string{
				"acceptance of A: handed_over, elapsed 4h0m0s, working 4h0m0s",
				"acceptance of B: accepted owner, elapsed 21h0m0s, working 5h0m0s",
			},
			check: func(t *testing.T, res *Result) {
				if got := res.Parts[1].StoryWorking; got != 9*time.Hour {
					t.Errorf("story's clock %v, want 9h", got)
				}
			},
		},
		{
			name: "9 paused",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").move("Mon 12:00", "dev", "Third party").
					move("Tue 12:00", "dev", "PO Review").move("Tue 13:00", "po", "Done")
			},
			want: []string{"acceptance of po: accepted owner, elapsed 4h0m0s, working 4h0m0s"},
			check: func(t *testing.T, res *Result) {
				if got := res.Parts[0].Paused; got != 24*time.Hour {
					t.Errorf("paused %v, want 24h", got)
				}
			},
		},
		{
			name: "10 those still open count",
			stories: func(t *testing.T) []*tale {
				return []*tale{
					question(t, 1, "Mon 09:00", "Mon 11:00"), question(t, 2, "Mon 09:00", "Mon 13:00"), question(t, 3, "Wed 11:00", ""),
					question(t, 4, "Mon 09:00", "Mon 17:00"), question(t, 5, "Tue 15:00", ""),
				}
			},
			window: "Mon 00:00", asOf: "Wed 17:00",
			quantiles: "8h0m0s, +Inf, +Inf",
		},
		{
			name: "11 stages of cycle time",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "To Do").move("Mon 09:00", "dev", "In Progress").says("Mon 10:00", "dev", "[~po] which currency?").
					move("Mon 14:00", "dev", "PO Review").says("Tue 10:00", "po", "dollars").move("Tue 12:00", "po", "Done")
			},
			want: []string{
				"question of po: answered owner, elapsed 24h0m0s, working 8h0m0s",
				"acceptance of po: accepted owner, elapsed 22h0m0s, working 6h0m0s",
			},
			check: func(t *testing.T, res *Result) {
				want := map[Stage]string{StageOwner: "6h0m0s", StageOwnerQuestion: "4h0m0s", StageDevelopment: "1h0m0s"}
				if d := cmp.Diff(want, stageTimes(t, res)); d != "" {
					t.Errorf("stages (-want +got):\n%s", d)
				}
			},
		},
		{
			name: "12 moved to another project",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").
					record("Mon 12:00", "dev", FieldProject, "2", FieldKey, "WEB-3").move("Mon 13:00", "po", "Done")
			},
			want: []string{"acceptance of po: accepted owner, elapsed 4h0m0s, working 4h0m0s"},
			check: func(t *testing.T, res *Result) {
				if res.Parts[0].ProjectID != "2" {
					t.Errorf("under project %s, want 2", res.Parts[0].ProjectID)
				}
			},
		},
		{
			name: "13 those that began before the window",
			stories: func(t *testing.T) []*tale {
				return []*tale{
					question(t, 1, "Thu 09:00", "Thu 11:00"), question(t, 2, "Tue 15:00", "Thu 13:00"),
					question(t, 3, "Wed 14:00", ""), question(t, 4, "Fri 12:00", ""),
				}
			},
			window: "Thu 09:00", asOf: "9 Mar 10:00",
			quantiles: "2h0m0s, 14h0m0s, +Inf",
		},
		{
			name:    "14 too early to tell",
			stories: func(t *testing.T) []*tale { return []*tale{review(t, 1, "Mon 09:00", "")} },
			window:  "Mon 00:00", asOf: "Mon 09:10",
			quantiles: "none, none, none",
		},
		{
			name:    "14 past the target",
			stories: func(t *testing.T) []*tale { return []*tale{review(t, 1, "Mon 09:00", "")} },
			window:  "Mon 00:00", asOf: "Tue 09:01",
			quantiles: "+Inf, +Inf, +Inf",
		},
		{
			name: "15 all answered",
			stories: func(t *testing.T) []*tale {
				var out []*tale
				for i := range 24 {
					out = append(out, question(t, int64(i+1), "Mon 09:00", []string{"Mon", "Tue", "Wed"}[i/8]+fmt.Sprintf(" %02d:00", 10+i%8)))
				}
				return out
			},
			window: "Mon 00:00", asOf: long,
			quantiles: "12h0m0s, 18h0m0s, 21h0m0s",
		},
		{
			name: "16 slip at the start",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").move("Mon 09:02", "dev", "In Progress").
					move("Mon 09:04", "dev", "PO Review").move("Mon 11:00", "po", "Done")
			},
			want: []string{"acceptance of po: accepted owner, elapsed 1h56m0s, working 1h56m0s"},
			check: func(t *testing.T, res *Result) {
				if marks(res, EntrySlip) != 1 {
					t.Errorf("%d slips, want 1", marks(res, EntrySlip))
				}
			},
		},
		{
			name:  "17 resolution after the status in one record",
			rules: func(r *Rules) { r.Projects["1"].Acceptance = Set{"Resolved": true} },
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "Resolved").
					record("Mon 11:00", "po", FieldStatus, "Closed", FieldResolution, "Won\u2019t fix")
			},
			want: []string{"acceptance of po: withdrawn owner, elapsed 2h0m0s, working 2h0m0s"},
		},
		{
			name: "18 addressed to another, cc the owner",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").says("Mon 09:00", "dev2", "[~dev] can you look?\ncc [~po]")
			},
		},
		{
			name: "18 addressed to the owner in a paragraph of its own",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").says("Mon 09:00", "dev2", "[~dev] fine.\n\n[~po] which currency?")
			},
			asOf: "Mon 10:00",
			want: []string{"question of po: open, elapsed 1h0m0s, working 1h0m0s"},
		},
		{
			name: "18 for the owner's information",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").says("Mon 09:00", "dev2", "done; [~po] fyi")
			},
		},
		{
			name:  "19 unowned at first",
			rules: func(r *Rules) { r.Projects["1"].Terms = nil },
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").
					record("Mon 09:03", "dev", "customfield_1", "A").move("Mon 11:00", "A", "Done")
			},
			want: []string{"acceptance of A: accepted owner, elapsed 2h0m0s, working 2h0m0s"},
		},
		{
			name:  "20 absent with nobody to stand in",
			rules: func(r *Rules) { r.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Wed 00:00")}} },
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").move("Wed 10:00", "po", "Done")
			},
			want: []string{"acceptance of po: accepted owner, elapsed 25h0m0s, working 9h0m0s"},
			check: func(t *testing.T, res *Result) {
				if got := res.Parts[0].StoryWorking; got != 17*time.Hour {
					t.Errorf("story's clock %v, want 17h", got)
				}
			},
		},
		{
			name:  "21 nights",
			rules: func(r *Rules) { r.Projects["1"].Calendar = workdays(t, 22, 6, 0, 1, 2, 3, 4, 5, 6) },
			story: func(t *testing.T) *tale {
				return newTale(t, "27 Mar 12:00", "In Progress").move("28 Mar 22:00", "dev", "PO Review").move("29 Mar 06:00", "po", "Done")
			},
			want: []string{"acceptance of po: accepted owner, elapsed 7h0m0s, working 7h0m0s"},
		},
		{
			name: "22 as of the data timestamp",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review")
			},
			asOf: "Mon 10:00",
			want: []string{"acceptance of po: open, elapsed 1h0m0s, working 1h0m0s"},
		},
		{
			name: "23 accepted into a release status",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").move("Mon 10:00", "po", "Ready for Release")
			},
			want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"},
			check: func(t *testing.T, res *Result) {
				if len(res.Findings) > 0 {
					t.Errorf("findings %v, want none", res.Findings)
				}
			},
		},
		{
			name:  "24 a status of the set is never done",
			rules: func(r *Rules) { r.Projects["1"].Acceptance = Set{"Resolved": true} },
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "To Do").move("Mon 09:00", "dev", "Resolved").move("Mon 12:00", "po", "Closed")
			},
			want: []string{"acceptance of po: accepted owner, elapsed 3h0m0s, working 3h0m0s"},
			check: func(t *testing.T, res *Result) {
				if marks(res, EntryBypass) > 0 {
					t.Error("counted as bypassed")
				}
			},
		},
		{
			name: "25 migrated",
			story: func(t *testing.T) *tale {
				return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").
					record("Mon 12:00", "admin", FieldWorkflow, "new", FieldStatus, "Done")
			},
			want: []string{"acceptance of po: withdrawn automation, elapsed 3h0m0s, working 3h0m0s"},
			check: func(t *testing.T, res *Result) {
				if len(res.Findings) != 1 || res.Findings[0].Reason != FindMigration {
					t.Errorf("findings %v, want a migration", res.Findings)
				}
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			if tc.rules != nil {
				tc.rules(rules)
			}
			asOf := tc.asOf
			if asOf == "" {
				asOf = long
			}
			if tc.stories != nil {
				w := Window{"window", Span{when(t, tc.window), when(t, asOf)}}
				st := statistics(rules, []Window{w}, w.To, tc.stories(t)...)
				kind := Question
				if st.Waits[WaitsKey{Acceptance, "PAY", "po", w.Name}] != nil {
					kind = Acceptance
				}
				if got := quantiles(st.Waits[WaitsKey{kind, "PAY", "po", w.Name}]); got != tc.quantiles {
					t.Errorf("quantiles %s, want %s", got, tc.quantiles)
				}
				return
			}
			res := NewDeriver(rules, nil).Story(tc.story(t).history(), when(t, asOf))
			var got []string
			for _, w := range res.Parts {
				got = append(got, line(w))
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("waits (-want +got):\n%s", d)
			}
			if tc.check != nil && len(res.Parts) == len(tc.want) {
				tc.check(t, res)
			}
		})
	}
}
