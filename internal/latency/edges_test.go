package latency

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestEdges stands on the edges of rules: the very instant, the exact length.
func TestEdges(t *testing.T) {
	begun := func() *tale { return newTale(t, "Mon 08:00", "In Progress") }
	waits := func() *tale { return begun().move("Mon 09:00", "dev", "PO Review") }
	owner := func(s *tale, at, who string) *tale { return s.record(at, "dev", "customfield_1", who) }
	for _, tc := range []struct {
		name  string
		rules func(*Rules)
		story *tale
		asOf  string
		want  []string
	}{
		{name: "an event at the very instant is known", story: waits(), asOf: "Mon 09:00", want: []string{"acceptance of po: open, elapsed 0s, working 0s"}},
		{name: "a part as long as the slip window is one", story: owner(owner(waits(), "Mon 10:00", "next"), "Mon 10:05", "third").move("Mon 11:00", "third", "Done"), want: []string{
			"acceptance of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "acceptance of next: handed_over, elapsed 5m0s, working 5m0s",
			"acceptance of third: accepted owner, elapsed 55m0s, working 55m0s",
		}},
		{name: "a shorter one is the next's", story: owner(owner(waits(), "Mon 10:00", "next"), "Mon 10:04", "third").move("Mon 11:00", "third", "Done"), want: []string{
			"acceptance of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "acceptance of third: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "the last one as long as the slip window is one", story: owner(waits(), "Mon 10:00", "next").move("Mon 10:05", "next", "Done"), want: []string{
			"acceptance of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "acceptance of next: accepted owner, elapsed 5m0s, working 5m0s",
		}},
		{name: "a shorter last one is the one's before", story: owner(waits(), "Mon 10:00", "next").move("Mon 10:04", "next", "Done"), want: []string{
			"acceptance of po: accepted other, elapsed 1h4m0s, working 1h4m0s",
		}},
		{name: "there and back at once hands nothing over", story: owner(owner(owner(waits(), "Mon 10:00", "next"), "Mon 10:02", "po"), "Mon 12:00", "third").move("Mon 13:00", "third", "Done"), want: []string{
			"acceptance of po: handed_over, elapsed 3h0m0s, working 3h0m0s", "acceptance of third: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "there and back twice neither", story: owner(owner(owner(owner(waits(), "Mon 10:00", "next"), "Mon 10:02", "po"), "Mon 11:00", "next"), "Mon 11:02", "po").move("Mon 13:00", "po", "Done"), want: []string{
			"acceptance of po: accepted owner, elapsed 4h0m0s, working 4h0m0s",
		}},
		{name: "two short ones in a row are the next's", story: owner(owner(owner(waits(), "Mon 10:00", "a"), "Mon 10:02", "b"), "Mon 10:04", "c").move("Mon 11:00", "c", "Done"), want: []string{
			"acceptance of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "acceptance of c: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "who owns from the very instant on answers, towards whose part it is", rules: func(r *Rules) {
			r.Projects["1"].Terms = []Term{{"po", Span{Always.From, when(t, "Mon 12:00")}}, {"next", Span{when(t, "Mon 12:00"), Never}}}
		}, story: begun().says("Mon 09:00", "dev", "[~po] which?").says("Mon 12:00", "next", "that"), want: []string{"question of po: answered other, elapsed 3h0m0s, working 3h0m0s"}},
		{name: "it lapses, and then the owner changes", rules: func(r *Rules) {
			r.Projects["1"].LapseAfter = time.Hour
			r.Projects["1"].Terms = []Term{{"po", Span{Always.From, when(t, "Mon 12:00")}}, {"next", Span{when(t, "Mon 12:00"), Never}}}
		}, story: begun().says("Mon 09:00", "dev", "[~po] which?").move("Mon 13:00", "dev", "PO Review").move("Mon 14:00", "next", "Done"), want: []string{
			"question of po: lapsed, elapsed 1h0m0s, working 1h0m0s", "acceptance of next: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "it began when history does", rules: func(r *Rules) { r.Projects["1"].HistoryFrom = when(t, "Mon 09:00") }, story: waits().move("Mon 10:00", "po", "Done"), want: []string{
			"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "pauses that touch", rules: func(r *Rules) { r.Projects["1"].PauseWhenFlagged = true }, story: waits().
			record("Mon 10:00", "dev", FieldFlag, "Impediment").record("Mon 11:00", "dev", FieldFlag, "", FieldStatus, "Third party").move("Mon 12:00", "dev", "PO Review").move("Mon 13:00", "po", "Done"), want: []string{
			"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "pauses that overlap", rules: func(r *Rules) { r.Projects["1"].PauseWhenFlagged = true }, story: waits().
			record("Mon 10:00", "dev", FieldFlag, "Impediment").says("Mon 10:30", "po", "which build?").record("Mon 11:00", "dev", FieldFlag, "").says("Mon 12:00", "dev", "this").move("Mon 13:00", "po", "Done"), want: []string{
			"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "absent and still counted", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Wed 00:00")}}
			r.Projects["1"].PauseWhenAbsent = false
		}, story: waits().move("Wed 10:00", "po", "Done"), want: []string{"acceptance of po: accepted owner, elapsed 49h0m0s, working 17h0m0s"}},
		{name: "absent, and delegates who stand in for others, elsewhere, or are the owner", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Wed 00:00")}}
			r.Delegates = []Delegation{{Owner: "next", Delegate: "deputy", Span: Always}, {Owner: "po", Delegate: "po", Span: Always}, {Owner: "po", Delegate: "deputy", Span: Always, Projects: Set{"2": true}}, {Owner: "po", Delegate: "deputy", Span: Always, Kinds: []Kind{Question}}}
		}, story: waits().move("Wed 10:00", "po", "Done"), want: []string{"acceptance of po: accepted owner, elapsed 25h0m0s, working 9h0m0s"}},
		{name: "absent, and a delegate stands in for the morning", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Wed 00:00")}}
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Span{when(t, "Tue 09:00"), when(t, "Tue 12:00")}}}
		}, story: waits().move("Wed 10:00", "po", "Done"), want: []string{"acceptance of po: accepted owner, elapsed 28h0m0s, working 12h0m0s"}},
		{name: "two absences that touch", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Wed 00:00")}, {when(t, "Mon 12:00"), when(t, "Tue 00:00")}}
		}, story: waits().move("Wed 10:00", "po", "Done"), want: []string{"acceptance of po: accepted owner, elapsed 13h0m0s, working 4h0m0s"}},
		{name: "assigned, and then another owns it", rules: func(r *Rules) { r.Projects["1"].Assignment = true }, story: owner(begun().record("Mon 09:00", "dev", FieldAssignee, "po"), "Mon 10:00", "next").
			record("Mon 11:00", "dev", FieldLabels, "x").says("Mon 12:00", "next", "yes"), want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: answered owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "it never lapses", rules: func(r *Rules) { r.Projects["1"].LapseAfter = 0 }, story: begun().says("Mon 09:00", "dev", "[~po] which?").says("30 Mar 10:00", "po", "that"), want: []string{
			"question of po: answered owner, elapsed 672h0m0s, working 161h0m0s",
		}},
		{name: "an answered question that is edited asks no more", story: begun().says("Mon 09:00", "dev", "[~po] which?").says("Mon 10:00", "po", "that").says("Mon 11:00", "dev", "hm").
			deletes("Mon 12:00", 4).edits("Mon 13:00", "dev", 2, "[~po] which one?"), want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "a pause within a longer one", rules: func(r *Rules) { r.Projects["1"].PauseWhenFlagged = true }, story: waits().
			says("Mon 10:00", "po", "which build?").record("Mon 10:30", "dev", FieldFlag, "Impediment").record("Mon 11:00", "dev", FieldFlag, "").says("Mon 12:00", "dev", "this").move("Mon 13:00", "po", "Done"), want: []string{
			"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "a pause in each of two parts", story: owner(waits().move("Mon 10:00", "dev", "Third party").move("Mon 11:00", "dev", "PO Review"), "Mon 12:00", "next").
			move("Mon 13:00", "dev", "Third party").move("Mon 14:00", "dev", "PO Review").move("Mon 15:00", "next", "Done"), want: []string{
			"acceptance of po: handed_over, elapsed 2h0m0s, working 2h0m0s", "acceptance of next: accepted owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "what the first owner was asked is taken back", story: owner(begun().says("Mon 09:00", "dev", "[~po] which?"), "Mon 10:00", "next").
			says("Mon 11:00", "dev2", "[~next] and how?").says("Mon 12:00", "dev", "#withdrawn").says("Mon 13:00", "next", "so"), want: []string{
			"question of next: answered owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "moved to another project, and then handed over", story: owner(waits().record("Mon 10:00", "dev", FieldProject, "2"), "Mon 11:00", "next").move("Mon 12:00", "next", "Done"), want: []string{
			"acceptance of po: handed_over, elapsed 2h0m0s, working 2h0m0s", "acceptance of next: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "moved to a project with other patience", rules: func(r *Rules) { r.Projects["2"].LapseAfter = 2 * time.Hour }, story: begun().says("Mon 09:00", "dev", "[~po] which?").
			record("Mon 10:00", "dev", FieldProject, "2").says("Tue 09:00", "po", "that"), want: []string{"question of po: lapsed, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "moved flagged to where a flag pauses", rules: func(r *Rules) { r.Projects["2"].PauseWhenFlagged = true }, story: waits().record("Mon 10:00", "dev", FieldFlag, "Impediment").
			record("Mon 11:00", "dev", FieldProject, "2").move("Mon 13:00", "po", "Done"), want: []string{"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "and to where it does not", rules: func(r *Rules) { r.Projects["1"].PauseWhenFlagged = true }, story: waits().record("Mon 10:00", "dev", FieldFlag, "Impediment").
			record("Mon 11:00", "dev", FieldProject, "2").move("Mon 13:00", "po", "Done"), want: []string{"acceptance of po: accepted owner, elapsed 3h0m0s, working 3h0m0s"}},
		{name: "reworded after a hand-over, the ask stands", story: owner(begun().says("Mon 09:00", "dev", "[~po] which?"), "Mon 10:00", "next").
			edits("Mon 11:00", "dev", 2, "[~po] which currency?").says("Mon 12:00", "next", "euros"), want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: answered owner, elapsed 2h0m0s, working 2h0m0s",
		}},
		{name: "reworded to ask another, it is taken back", story: owner(begun().says("Mon 09:00", "dev", "[~po] which?"), "Mon 10:00", "next").
			edits("Mon 11:00", "dev", 2, "[~dev2] which currency?"), want: []string{
			"question of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "question of next: withdrawn other, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "automation after the owner's other record", story: waits().record("Mon 10:00", "po", FieldAssignee, "dev").move("Mon 10:00:30", "robot", "Done"), want: []string{
			"acceptance of po: accepted owner, elapsed 1h0m30s, working 1h0m30s",
		}},
		{name: "automation after the owner's move", rules: func(r *Rules) { r.Projects["1"].Acceptance["Sign-off"] = true }, story: waits().move("Mon 10:00", "po", "Sign-off").move("Mon 10:00:30", "robot", "Done"), want: []string{
			"acceptance of po: accepted owner, elapsed 1h0m30s, working 1h0m30s",
		}},
		{name: "automation after the owner's slip", story: waits().move("Mon 10:00", "po", "Done").move("Mon 10:01", "po", "PO Review").move("Mon 10:01:30", "robot", "Done"), want: []string{
			"acceptance of po: accepted automation, elapsed 1h1m30s, working 1h1m30s",
		}},
		{name: "automation after the owner's slip that did something else too", story: waits().move("Mon 10:00", "po", "Done").
			record("Mon 10:01", "po", FieldStatus, "PO Review", FieldAssignee, "dev").move("Mon 10:01:30", "robot", "Done"), want: []string{
			"acceptance of po: accepted owner, elapsed 1h1m30s, working 1h1m30s",
		}},
		{name: "a move by the team ends the owner's own question", rules: func(r *Rules) { r.Projects["1"].Acceptance["Sign-off"] = true }, story: waits().
			says("Mon 10:00", "po", "which?").move("Mon 11:00", "dev", "Sign-off").move("Mon 13:00", "po", "Done"), want: []string{
			"acceptance of po: accepted owner, elapsed 3h0m0s, working 3h0m0s",
		}},
		{name: "one by the owner does not", rules: func(r *Rules) { r.Projects["1"].Acceptance["Sign-off"] = true }, story: waits().
			says("Mon 10:00", "po", "which?").move("Mon 11:00", "po", "Sign-off").move("Mon 13:00", "po", "Done"), want: []string{
			"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{name: "nor does one by automation", rules: func(r *Rules) { r.Projects["1"].Acceptance["Sign-off"] = true }, story: waits().
			says("Mon 10:00", "po", "which?").move("Mon 11:00", "robot", "Sign-off").move("Mon 13:00", "po", "Done"), want: []string{
			"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
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
			var got []string
			for _, w := range NewDeriver(rules, nil).Story(tc.story.history(), when(t, asOf)).Parts {
				got = append(got, line(w))
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("waits (-want +got):\n%s", d)
			}
		})
	}
}

// TestBreachOverPauses looks for the instant at which a clock passes its target
// that did not run all the time.
func TestBreachOverPauses(t *testing.T) {
	waits := func() *tale { return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review") }
	for _, tc := range []struct {
		name  string
		story *tale
		want  string
	}{
		{"after a pause", waits().move("Mon 10:00", "dev", "Third party").move("Mon 12:00", "dev", "PO Review").move("Tue 13:00", "po", "Done"), "Tue 11:00"},
		{"after two", waits().move("Mon 10:00", "dev", "Third party").move("Mon 11:00", "dev", "PO Review").
			move("Mon 12:00", "dev", "Third party").move("Mon 13:00", "dev", "PO Review").move("Tue 13:00", "po", "Done"), "Tue 11:00"},
		{"paused as it shows the target, it passes it when it runs on", waits().move("Tue 09:00", "dev", "Third party").move("Wed 10:00", "dev", "PO Review").move("Wed 12:00", "po", "Done"), "Wed 10:00"},
		{"paused there for good", waits().move("Tue 09:00", "dev", "Third party").move("Wed 10:00", "po", "Done"), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := NewDeriver(testRules(t), nil).Story(tc.story.history(), when(t, long)).Parts[0]
			got := ""
			if w.Breached {
				got = w.BreachAt.Time().In(berlin(t)).Format("Mon 15:04")
			}
			if got != tc.want {
				t.Errorf("breached %q, want %q: %s", got, tc.want, line(w))
			}
		})
	}
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
