package latency

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestForgotten has what makes a wait forgotten, and what does not. Of the tales
// whose last event is of Mon 2 March the fifteenth working day after it is Mon 23.
func TestForgotten(t *testing.T) {
	const before, then = "23 Mar 23:59", "24 Mar 00:00"
	acceptance := []string{"acceptance of po"}
	for _, tc := range []ruleCase{ // want are the forgotten ones alone
		{name: "not yet fifteen days", story: entered, asOf: before},
		{name: "fifteen days", story: entered, asOf: then, want: acceptance},
		{name: "a question", story: asked, asOf: then, want: []string{"question of po"}},
		{name: "both", story: func(t *testing.T) *tale { return asked(t).move("Mon 09:30", "dev", "PO Review") }, asOf: then, want: []string{"acceptance of po", "question of po"}},

		{name: "just ten targets", rules: onPAY(func(p *Project) { p.TargetAcceptance = 12*time.Hour + 48*time.Minute }), story: entered, asOf: "24 Mar 09:00"},
		{name: "more than ten targets", rules: onPAY(func(p *Project) { p.TargetAcceptance = 12*time.Hour + 48*time.Minute }), story: entered, asOf: "24 Mar 09:01", want: acceptance},
		{name: "its clock stands before ten targets", story: func(t *testing.T) *tale { return entered(t).move("Mon 12:00", "dev", "Third party") }, asOf: long},
		{name: "its clock stands after ten targets", story: func(t *testing.T) *tale { return entered(t).move("20 Mar 12:00", "dev", "Third party") }, asOf: "11 Apr 00:00", want: acceptance},

		{name: "a comment, though of automation", story: func(t *testing.T) *tale { return entered(t).says("Tue 09:00", "robot", "build 7") }, asOf: then},
		{name: "a day after the comment", story: func(t *testing.T) *tale { return entered(t).says("Tue 09:00", "robot", "build 7") }, asOf: "25 Mar 00:00", want: acceptance},
		{name: "a comment on a day of rest", story: func(t *testing.T) *tale { return entered(t).says("Sun 09:00", "dev", "hm") }, asOf: "27 Mar 23:59"},
		{name: "fifteen days after a day of rest", story: func(t *testing.T) *tale { return entered(t).says("Sun 09:00", "dev", "hm") }, asOf: "28 Mar 00:00", want: acceptance},
		{name: "an edited comment", story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "dev", "hm").edits("Tue 09:00", "dev", 3, "oh")
		}, asOf: then},
		{name: "a deleted comment", story: func(t *testing.T) *tale { return entered(t).says("Mon 10:00", "dev", "hm").deletes("Tue 09:00", 3) }, asOf: then},
		{name: "a field", story: func(t *testing.T) *tale { return entered(t).record("Tue 09:00", "dev", FieldLabels, "x") }, asOf: then},
		{name: "a field that no rule reads", story: func(t *testing.T) *tale {
			return entered(t).add(Event{At: when(t, "Tue 09:00"), Rank: RankRecord, Actor: "dev"})
		}, asOf: then},
		{name: "a move that was undone", story: func(t *testing.T) *tale {
			return entered(t).move("Tue 09:00", "dev", "In Progress").move("Tue 09:01", "dev", "PO Review")
		}, asOf: then},
		{name: "what happens later is not known yet", story: func(t *testing.T) *tale { return entered(t).says("24 Mar 09:00", "po", "sorry") }, asOf: then, want: acceptance},
		{name: "somebody remembers", story: func(t *testing.T) *tale { return entered(t).says("24 Mar 09:00", "po", "sorry") }, asOf: "24 Mar 09:00"},
		{name: "it ends", story: func(t *testing.T) *tale { return entered(t).move("24 Mar 09:00", "po", "Done") }, asOf: "24 Mar 09:01"},

		{name: "handed over by time alone", rules: onPAY(func(p *Project) {
			p.Terms = []Term{{"po", Span{Always.From, when(t, "20 Mar 00:00")}}, {"next", Span{when(t, "20 Mar 00:00"), Never}}}
		}), story: entered, asOf: then, want: []string{"acceptance of next"}},
		{name: "the project's days, and not the owner's", rules: func(r *Rules) { r.Owners["po"].Calendar = workdays(t, 0, 24, 0, 1, 2, 3, 4, 5, 6) }, story: entered, asOf: before},
		{name: "a project that works on Sundays too", rules: func(r *Rules) { r.Projects["1"].Calendar = workdays(t, 9, 17, 0, 1, 2, 3, 4, 5, 6) }, story: entered, asOf: "18 Mar 00:00", want: acceptance},
		{name: "absent: the story's clock runs on", rules: func(r *Rules) { r.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), Never}} }, story: entered, asOf: then, want: acceptance},

		{name: "about to lapse", story: asked, asOf: "10 Apr 16:59", want: []string{"question of po"}},
		{name: "lapsed, and not yet final", story: asked, asOf: "10 Apr 17:04", want: []string{"question of po"}},
		{name: "lapsed", story: asked, asOf: "10 Apr 17:05"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			if tc.rules != nil {
				tc.rules(rules)
			}
			var got []string
			for _, p := range NewDeriver(rules, nil).Story(tc.story(t).history(), when(t, tc.asOf)).Parts {
				if p.Forgotten {
					got = append(got, fmt.Sprintf("%s of %s", p.Kind, p.Owner))
				}
			}
			less := func(a, b string) bool { return a < b }
			if d := cmp.Diff(tc.want, got, cmpopts.EquateEmpty(), cmpopts.SortSlices(less)); d != "" {
				t.Errorf("forgotten (-want +got):\n%s", d)
			}
		})
	}
}

// TestForgottenWaitsAreListedApart has a forgotten wait beside others: it counts
// in every number, and leaves its place in the list to the next.
func TestForgottenWaitsAreListedApart(t *testing.T) {
	rules := testRules(t)
	asOf := when(t, long)
	part := func(id int64, hours time.Duration, forgotten bool) Part {
		return Part{
			Wait: Wait{StoryID: id, Story: fmt.Sprint("PAY-", id), Kind: Acceptance, Since: Instant(id)}, ProjectID: "1", Owner: "po", Start: asOf - 1, End: Never,
			Working: hours * time.Hour, Elapsed: 2 * hours * time.Hour, StoryWorking: hours * time.Hour, Target: 8 * time.Hour, Forgotten: forgotten, PausedNow: id == 2,
		}
	}
	r := NewReport(rules, asOf, NewTotals(), []Part{part(1, 900, true), part(2, 9, false), part(3, 800, true), part(4, 700, true), part(5, 10, false), part(6, 1, false)}, nil, &Statistics{}, 2)
	key := Key{Acceptance, "PAY", "po"}
	want := OpenState{Open: 6, Overdue: 5, Paused: 1, Forgotten: 3, Oldest: 900 * time.Hour, OldestElapsed: 1800 * time.Hour}
	if d := cmp.Diff(want, r.Open[key]); d != "" {
		t.Errorf("open (-want +got):\n%s", d)
	}
	if d := cmp.Diff(StoryState{Oldest: 900 * time.Hour, Overdue: 5}, r.Stories[StoryKey{Acceptance, "PAY"}]); d != "" {
		t.Errorf("stories (-want +got):\n%s", d)
	}
	lists := map[string][]OpenWait{
		"the others": {{Key: key, Story: "PAY-5", Age: 10 * time.Hour, Since: 5}, {Key: key, Story: "PAY-2", Age: 9 * time.Hour, Since: 2, Paused: true}},
		"forgotten":  {{Key: key, Story: "PAY-1", Age: 900 * time.Hour, Since: 1}, {Key: key, Story: "PAY-3", Age: 800 * time.Hour, Since: 3}},
	}
	got := map[string][]OpenWait{"the others": r.OpenWaits, "forgotten": r.Forgotten}
	if d := cmp.Diff(lists, got, cmpopts.IgnoreUnexported(OpenWait{})); d != "" {
		t.Errorf("listed (-want +got):\n%s", d)
	}
}
