package latency

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// question is a story with a question to po, answered by po unless answered is "".
func question(t *testing.T, id int64, asked, answered string) *tale {
	s := newTale(t, "2 Feb 08:00", "In Progress").says(asked, "dev", "[~po] which?")
	if s.h.ID = id; answered != "" {
		s.says(answered, "po", "that one")
	}
	return s
}

// review is a story that enters acceptance, accepted by po unless accepted is "".
func review(t *testing.T, id int64, entered, accepted string) *tale {
	s := newTale(t, "2 Feb 08:00", "To Do").move(entered, "dev", "PO Review")
	if s.h.ID = id; accepted != "" {
		s.move(accepted, "po", "Done")
	}
	return s
}

// statistics derives stories as of asOf and makes statistics over windows.
func statistics(rules *Rules, windows []Window, asOf Instant, tales ...*tale) *Statistics {
	d := NewDeriver(rules, nil)
	since := asOf
	for _, w := range windows {
		since = min(since, w.From)
	}
	return NewStatistics(rules, windows, func(yield func(*Trace) bool) {
		for _, s := range tales {
			if t := d.Story(s.history(), asOf).Trace(since); !yield(&t) {
				return
			}
		}
	})
}

// quantiles writes the quantiles 0.5, 0.75 and 0.85.
func quantiles(d *Distribution) string {
	if d == nil {
		return "no waits"
	}
	var out []string
	for _, q := range []float64{0.5, 0.75, 0.85} {
		age, reached, never := d.Quantile(q)
		switch {
		case reached:
			out = append(out, age.String())
		case never:
			out = append(out, "+Inf")
		default:
			out = append(out, "none")
		}
	}
	return strings.Join(out, ", ")
}

// stageTimes sums a story's cycle time by stage.
func stageTimes(t *testing.T, res *Result) map[Stage]string {
	cal := testRules(t).Projects["1"].Calendar
	sum := map[Stage]time.Duration{}
	for _, s := range res.Stages {
		sum[s.Stage] += cal.Working(s.From, s.To)
	}
	out := map[Stage]string{}
	for stage, d := range sum {
		out[stage] = d.String()
	}
	return out
}

func TestStages(t *testing.T) {
	for _, tc := range []struct {
		name  string
		story *tale
		asOf  string
		want  map[Stage]string
	}{
		{
			"backlog is no cycle time", newTale(t, "Mon 09:00", "To Do").move("Tue 09:00", "dev", "In Progress").move("Tue 10:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "1h0m0s"},
		},
		{
			"but going back to it is", newTale(t, "Mon 09:00", "In Progress").move("Mon 10:00", "dev", "To Do").move("Mon 12:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "1h0m0s", StageBacklog: "2h0m0s"},
		},
		{
			"a flag blocks", newTale(t, "Mon 09:00", "In Progress").record("Mon 10:00", "dev", FieldFlag, "Impediment").
				record("Mon 12:00", "dev", FieldFlag, "").move("Mon 13:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "2h0m0s", StageBlocked: "2h0m0s"},
		},
		{
			"a question in a question status is the owner's", newTale(t, "Mon 09:00", "In Progress").move("Mon 10:00", "dev", "Waiting for PO").
				move("Mon 12:00", "po", "In Progress").move("Mon 13:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "2h0m0s", StageOwner: "2h0m0s"},
		},
		{
			"and so is one while flagged", newTale(t, "Mon 09:00", "In Progress").record("Mon 10:00", "dev", FieldFlag, "Impediment").
				says("Mon 11:00", "dev", "[~po] which?").says("Mon 12:00", "po", "that").record("Mon 13:00", "dev", FieldFlag, "").move("Mon 14:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "2h0m0s", StageBlocked: "2h0m0s", StageOwner: "1h0m0s"},
		},
		{
			"acceptance goes before a question", newTale(t, "Mon 09:00", "PO Review").says("Mon 10:00", "dev", "[~po] which?").move("Mon 12:00", "po", "Done"), long,
			map[Stage]string{StageOwner: "3h0m0s"},
		},
		{
			"a third party is not the owner", newTale(t, "Mon 09:00", "PO Review").move("Mon 10:00", "dev", "Third party").move("Mon 12:00", "dev", "PO Review").move("Mon 13:00", "po", "Done"), long,
			map[Stage]string{StageOwner: "2h0m0s", StageDevelopment: "2h0m0s"},
		},
		{
			"nor is the team's turn in acceptance", newTale(t, "Mon 09:00", "PO Review").says("Mon 10:00", "po", "which build?").
				says("Mon 12:00", "dev", "this").move("Mon 13:00", "po", "Done"), long,
			map[Stage]string{StageOwner: "2h0m0s", StageReview: "2h0m0s"},
		},
		{
			"accepted ends it, release is after", newTale(t, "Mon 09:00", "PO Review").move("Mon 10:00", "po", "Ready for Release").move("Tue 10:00", "dev", "Done"), long,
			map[Stage]string{StageOwner: "1h0m0s"},
		},
		{
			"with no acceptance, release is in it", newTale(t, "Mon 09:00", "In Progress").move("Mon 10:00", "dev", "Ready for Release").move("Mon 12:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "1h0m0s", StageRelease: "2h0m0s"},
		},
		{
			"withdrawn ends it", newTale(t, "Mon 09:00", "In Progress").move("Mon 10:00", "dev", "Dropped").move("Mon 12:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "1h0m0s"},
		},
		{
			"reopened, it runs again", newTale(t, "Mon 09:00", "In Progress").move("Mon 10:00", "dev", "Done").move("Mon 12:00", "dev", "In Progress").move("Mon 13:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "2h0m0s"},
		},
		{
			"a slip out never happened", newTale(t, "Mon 09:00", "PO Review").move("Mon 10:00", "po", "Done").move("Mon 10:03", "po", "PO Review").move("Mon 11:00", "po", "Done"), long,
			map[Stage]string{StageOwner: "2h0m0s"},
		},
		{
			"out of scope it stands", newTale(t, "Mon 09:00", "In Progress").record("Mon 10:00", "dev", FieldType, "epic").record("Mon 12:00", "dev", FieldType, "story").move("Mon 13:00", "dev", "Done"), long,
			map[Stage]string{StageDevelopment: "2h0m0s"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := NewDeriver(testRules(t), nil).Story(tc.story.history(), when(t, tc.asOf))
			if d := cmp.Diff(tc.want, stageTimes(t, res)); d != "" {
				t.Errorf("stages (-want +got):\n%s", d)
			}
		})
	}
}

// TestGuards has, for each guard, what it counts and what it lets pass.
func TestGuards(t *testing.T) {
	accepted := func() *tale {
		return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").move("Mon 10:00", "po", "Done")
	}
	entered := func() *tale { return newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review") }
	answered := func() *tale {
		return newTale(t, "Mon 08:00", "In Progress").says("Mon 09:00", "dev", "[~po] which?").says("Mon 10:00", "po", "that")
	}
	for _, tc := range []struct {
		name  string
		guard EntryType
		story *tale
		asOf  string
		want  string // when, of whom
	}{
		{"reopened", GuardReopened, accepted().move("13 Mar 10:00", "dev", "In Progress"), long, "13 Mar 10:00 po"},
		{"on the last day", GuardReopened, accepted().move("16 Mar 10:00", "dev", "In Progress"), long, "16 Mar 10:00 po"},
		{"after it", GuardReopened, accepted().move("16 Mar 10:01", "dev", "In Progress"), long, ""},
		{"once for an acceptance", GuardReopened, accepted().move("Tue 10:00", "dev", "In Progress").move("Wed 10:00", "dev", "Done").move("Thu 10:00", "dev", "In Progress"), long, "3 Mar 10:00 po"},
		{"from done to dropped is no reopening", GuardReopened, accepted().move("Tue 10:00", "dev", "Dropped"), long, ""},
		{"from release back to work is", GuardReopened, entered().move("Mon 10:00", "po", "Ready for Release").move("Tue 10:00", "dev", "In Progress"), long, "3 Mar 10:00 po"},
		{"from release to done is not", GuardReopened, entered().move("Mon 10:00", "po", "Ready for Release").move("Tue 10:00", "dev", "Done"), long, ""},
		{"back into acceptance is", GuardReopened, accepted().move("Tue 10:00", "dev", "PO Review"), long, "3 Mar 10:00 po"},
		{"to whoever owned the acceptance", GuardReopened, accepted().record("Tue 09:00", "dev", "customfield_1", "next").move("Tue 10:00", "dev", "In Progress"), long, "3 Mar 10:00 po"},
		{"a slip is none", GuardReopened, accepted().move("Tue 10:00", "dev", "PO Review").move("Tue 10:02", "dev", "Done"), long, ""},
		{"of a migration neither", GuardReopened, accepted().record("Tue 10:00", "admin", FieldWorkflow, "w", FieldStatus, "In Progress"), long, ""},
		{"not before it is final", GuardReopened, accepted().move("Tue 10:00", "dev", "In Progress"), "Tue 10:04", "not final"},

		{"silent", GuardSilentRejection, entered().move("Mon 10:00", "po", "In Progress"), long, "2 Mar 10:00 po"},
		{"with a word before", GuardSilentRejection, entered().says("Mon 09:50", "po", "no").move("Mon 10:00", "po", "In Progress"), long, ""},
		{"with a word too long before", GuardSilentRejection, entered().says("Mon 09:49", "po", "no").move("Mon 10:00", "po", "In Progress"), long, "2 Mar 10:00 po"},
		{"with a word after", GuardSilentRejection, entered().move("Mon 10:00", "po", "In Progress").says("Mon 10:10", "po", "no"), long, ""},
		{"with a word too late", GuardSilentRejection, entered().move("Mon 10:00", "po", "In Progress").says("Mon 10:11", "po", "no"), long, "2 Mar 10:00 po"},
		{"with somebody else's word", GuardSilentRejection, entered().move("Mon 10:00", "po", "In Progress").says("Mon 10:01", "dev", "oh"), long, "2 Mar 10:00 po"},
		{"a word may still come", GuardSilentRejection, entered().move("Mon 10:00", "po", "In Progress"), "Mon 10:09", "not final"},

		{"instant", GuardInstantAcceptance, entered().move("Mon 09:01", "po", "Done"), long, "2 Mar 09:01 po"},
		{"after a minute", GuardInstantAcceptance, entered().move("Mon 09:01:01", "po", "Done"), long, ""},
		{"moved in by the owner", GuardInstantAcceptance, newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "po", "PO Review").move("Mon 09:01", "po", "Done"), long, ""},
		{"accepted by others", GuardInstantAcceptance, entered().move("Mon 09:01", "dev2", "Done"), long, ""},
		{"rejected", GuardInstantAcceptance, entered().move("Mon 09:01", "po", "In Progress"), long, ""},

		{"asked again", GuardAskedAgain, answered().says("Tue 10:00", "dev", "[~po] and which now?"), long, "3 Mar 10:00 po"},
		{"after a working day", GuardAskedAgain, answered().says("Tue 10:01", "dev", "[~po] and which now?"), long, ""},
		{"by another", GuardAskedAgain, answered().says("Mon 11:00", "dev2", "[~po] and which now?"), long, ""},
		{"by the second of two", GuardAskedAgain, newTale(t, "Mon 08:00", "In Progress").says("Mon 09:00", "dev", "[~po] which?").says("Mon 09:30", "dev2", "[~po] and how?").
			says("Mon 10:00", "po", "that").says("Mon 11:00", "dev2", "[~po] and which now?"), long, "2 Mar 11:00 po"},
		{"once for an answer", GuardAskedAgain, answered().says("Mon 11:00", "dev", "[~po] and which now?").says("Mon 12:00", "dev", "[~po] well?"), long, "2 Mar 11:00 po"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			asOf := when(t, tc.asOf)
			res := NewDeriver(rules, nil).Story(tc.story.history(), asOf)
			got := ""
			for _, m := range res.Marks {
				switch {
				case m.Type != tc.guard:
				case m.Final > asOf:
					got += "not final"
					if !res.Unsettled {
						t.Error("what is not final must be derived again")
					}
				default:
					got += m.At.Time().In(berlin(t)).Format("2 Jan 15:04") + " " + m.Owner
				}
			}
			if got != tc.want {
				t.Errorf("%s: %q, want %q", tc.guard, got, tc.want)
			}
			counted := ""
			for e := range rules.Entries(1, res, asOf) {
				if e.Type == tc.guard {
					counted += e.At.Time().In(berlin(t)).Format("2 Jan 15:04") + " " + e.Owner
				}
			}
			if want := strings.TrimPrefix(tc.want, "not final"); counted != want {
				t.Errorf("counted %q, want %q", counted, want)
			}
		})
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

// TestBlocks names the stages in which stories stand.
func TestBlocks(t *testing.T) {
	var got []Stage
	for _, s := range Stages() {
		if Blocks(s) {
			got = append(got, s)
		}
	}
	if d := cmp.Diff([]Stage{StageReview, StageTest, StageBlocked, StageRelease, StageOwner}, got); d != "" {
		t.Errorf("stages in which stories stand (-want +got):\n%s", d)
	}
}

// TestStatusID knows a status by its id, and by its name where a record lost the id.
func TestStatusID(t *testing.T) {
	rules := &Rules{StatusIDs: map[string]string{"done": "7"}}
	for _, tc := range []struct {
		value Value
		want  string
	}{{Value{ID: "3", Name: "Done"}, "3"}, {Value{Name: "DONE"}, "7"}, {Value{Name: "Limbo"}, ""}} {
		if got := rules.StatusID(tc.value); got != tc.want {
			t.Errorf("%v is status %q, want %q", tc.value, got, tc.want)
		}
	}
}

func TestShareAndLargestBlocker(t *testing.T) {
	rules := testRules(t)
	rules.Projects["1"].Stages["Third party"] = StageReview
	w := Window{"w", Span{when(t, "Mon 10:00"), when(t, "Tue 17:00")}}
	var tales []*tale
	for i := range 5 { // 2 of 3 hours in the window are the owner's; 1 hour before it does not count
		s := newTale(t, "Mon 08:00", "To Do").move("Mon 09:00", "dev", "In Progress").move("Mon 11:00", "dev", "PO Review").move("Mon 13:00", "po", "Done")
		s.h.ID = int64(i + 1)
		tales = append(tales, s)
	}
	st := statistics(rules, []Window{w}, w.To, tales...)
	key := OwnerWindow{"PAY", "po", "w"}
	if s := st.Shares[key]; fmt.Sprintf("%.3f %.3f", s.Low(), s.High()) != "0.667 0.667" || st.Stories[ProjectWindow{"PAY", "w"}] != 5 {
		t.Errorf("share %+v of %v stories", st.Shares[key], st.Stories)
	}
	if st.Blockers[ProjectWindow{"PAY", "w"}].Stage != StageOwner || st.FirstPass[key] != (FirstPass{5, 5}) {
		t.Errorf("blockers %v, first pass %v", st.Blockers, st.FirstPass)
	}
	// An unfinished story, the review of which takes as long: in a tie it is not the owner.
	long := newTale(t, "Mon 08:00", "Third party")
	long.h.ID = 6
	w.To = when(t, "Tue 12:00") // 7 hours on Monday, 3 on Tuesday: as long as the five's
	st = statistics(rules, []Window{w}, w.To, append(tales, long)...)
	if got := st.Blockers[ProjectWindow{"PAY", "w"}].Stage; got != StageReview {
		t.Errorf("in a tie the largest blocker is %s, not review: %v", got, st.Stages)
	}
	// Of four stories nothing can be told.
	st = statistics(rules, []Window{w}, w.To, tales[:4]...)
	if len(st.Blockers) > 0 {
		t.Errorf("four stories have a largest blocker: %v", st.Blockers)
	}
	// What is open while work goes on raises the upper bound alone.
	asked := question(t, 7, "Mon 11:00", "Mon 13:00").move("Mon 14:00", "dev", "Done")
	if s := statistics(rules, []Window{w}, w.To, asked).Shares[key]; fmt.Sprintf("%.2f %.2f", s.Low(), s.High()) != "0.00 0.50" {
		t.Errorf("share with a question: %+v", s)
	}
}

func TestFirstPass(t *testing.T) {
	rules := testRules(t)
	w := Window{"w", Span{when(t, "Mon 12:00"), when(t, "Fri 12:00")}}
	rejected := review(t, 2, "Mon 13:00", "").move("Mon 14:00", "po", "In Progress").move("Mon 15:00", "dev", "PO Review").move("Mon 16:00", "po", "Done")
	recalled := review(t, 3, "Mon 13:00", "").move("Mon 14:00", "dev", "In Progress").move("Mon 15:00", "dev", "PO Review").move("Mon 16:00", "po", "Done")
	before := review(t, 4, "Mon 09:00", "Mon 12:00").move("Tue 09:00", "dev", "PO Review").move("Tue 10:00", "po", "In Progress")
	st := statistics(rules, []Window{w}, w.To, review(t, 1, "Mon 09:00", "Tue 10:00"), rejected, recalled, before, review(t, 5, "Fri 09:00", "Fri 12:00"))
	if got := st.FirstPass[OwnerWindow{"PAY", "po", "w"}]; got != (FirstPass{2, 3}) {
		t.Errorf("first pass %+v, want 2 of 3: what was rejected was not accepted by its first verdict, recalling is no verdict, an earlier first verdict is not the window's, and the last is not final", got)
	}
}

func TestPace(t *testing.T) {
	rules := testRules(t)
	asOf := when(t, "Fri 17:00")
	var tales []*tale
	for i, end := range []string{"Mon 10:00", "Mon 11:00", "Mon 12:00", "Mon 13:00", "Mon 14:00"} {
		tales = append(tales, question(t, int64(i+1), "Mon 09:00", end))
	}
	open := question(t, 9, "Fri 13:30", "") // 3.5 hours old: longer than three of five
	res := NewDeriver(rules, nil).Story(open.history(), asOf)
	wait := res.Parts[0]
	st := statistics(rules, Rolling(asOf), asOf, append(tales, open)...)
	if got, ok := st.Pace(&wait); !ok || fmt.Sprintf("%.2f", got) != "0.60" {
		t.Errorf("pace %.2f, %t; want 0.60", got, ok)
	}
	st = statistics(rules, Rolling(asOf), asOf, append(tales[:4:4], open)...)
	if _, ok := st.Pace(&wait); ok {
		t.Error("of four waits, pace can be told")
	}
}

// TestSamples counts what a distribution is made of, over an owner's projects
// and a project's owners.
func TestSamples(t *testing.T) {
	rules := testRules(t)
	asOf := when(t, "Fri 17:00")
	web := question(t, 2, "Tue 09:00", "Tue 10:00")
	web.last[FieldProject] = Value{ID: "2", Name: "WEB"}
	next := question(t, 3, "Tue 09:00", "")
	next.h.Events[0].Changes = nil
	next.record("Wed 09:00", "dev", "customfield_1", "next")
	st := statistics(rules, Rolling(asOf), asOf, question(t, 1, "Mon 09:00", "Mon 10:00"), web, next, question(t, 4, "Fri 16:57", "Fri 16:58"))
	got := map[string]string{}
	for key, d := range st.Waits {
		if key.Window == "7d" {
			got[key.Project+"/"+key.Owner] = fmt.Sprint(d.Ended, d.Open, d.Censored)
		}
	}
	want := map[string]string{"PAY/po": "1 1 1", "WEB/po": "1 0 0", "/po": "2 1 1", "PAY/next": "0 1 0", "/next": "0 1 0", "PAY/": "1 2 1", "WEB/": "1 0 0"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("samples ended, open, censored (-want +got):\n%s", d)
	}
}

// TestWaitThatBeginsWithTheWindow is at risk from its beginning on, even if it
// is over before its clock has run at all.
func TestWaitThatBeginsWithTheWindow(t *testing.T) {
	rules, asOf := testRules(t), when(t, "Fri 17:00")
	windows := []Window{{Name: "7d", Span: Span{when(t, "Mon 20:00"), asOf}}}
	st := statistics(rules, windows, asOf, question(t, 1, "Mon 20:00", "Mon 21:00"))
	if got, want := quantiles(st.Waits[WaitsKey{Question, "PAY", "po", "7d"}]), "0s, 0s, 0s"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
