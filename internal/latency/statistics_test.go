package latency

import (
	"fmt"
	"slices"
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

// TestWindowEdges puts runs, stages and verdicts on the edges of a window.
func TestWindowEdges(t *testing.T) {
	rules := testRules(t)
	from, to := when(t, "Mon 09:00"), when(t, "Tue 09:00")
	const hour = Instant(3_600_000)
	run := func(start, end Instant, working, target time.Duration) Sample {
		return Sample{Kind: Question, ProjectID: "1", Owner: "po", Start: start, End: end, Working: working, Target: target, Clock: []Span{{start, min(end, to)}}}
	}
	make := func(tr Trace) *Statistics {
		return NewStatistics(rules, []Window{{"w", Span{from, to}}}, slices.Values([]*Trace{&tr}))
	}
	for _, tc := range []struct {
		name    string
		run     Sample
		counted bool
		never   bool // its quantile is never reached: it is past its target
	}{
		{"it begins when the window ends", run(to, Never, 9, 5), false, false},
		{"it ends when the window begins", run(from-5, from, 9, 5), false, false},
		{"it ends just after", run(from-hour, from+1, 9, 5), true, true},
		{"it begins with the window", run(from, Never, 9, 5), true, true},
		{"it shows its target", run(from, Never, 5, 5), true, false},
		{"it began before, and its clock has stood since", run(from-24*hour, from+hour, 0, -1), true, false},
		{"nobody watches it", Sample{Kind: Question, ProjectID: "77", Owner: "po", Start: from, End: Never, Working: 9}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := make(Trace{Samples: []Sample{tc.run}, Verdict: Verdict{At: Never}}).Waits[WaitsKey{Question, "PAY", "po", "w"}]
			if (d != nil) != tc.counted {
				t.Fatalf("distribution %+v, want one: %t", d, tc.counted)
			}
			if d != nil {
				if _, _, never := d.Quantile(0.5); never != tc.never {
					t.Errorf("never reached: %t, want %t", never, tc.never)
				}
			}
		})
	}
	for _, tc := range []struct {
		at      Instant
		project string
		want    int
	}{{from, "1", 0}, {from + 1, "1", 1}, {to, "1", 1}, {to + 1, "1", 0}, {from + 1, "77", 0}} {
		st := make(Trace{Verdict: Verdict{At: tc.at, ProjectID: tc.project, Owner: "po"}})
		if got := st.FirstPass[OwnerWindow{"PAY", "po", "w"}].Stories; got != tc.want {
			t.Errorf("a verdict at %d of the window in project %s: %d stories, want %d", tc.at-from, tc.project, got, tc.want)
		}
	}
	stage := func(project string, from, to Instant) StageSpan {
		return StageSpan{Span: Span{from, to}, ProjectID: project, Owner: "po", Stage: StageTest}
	}
	st := make(Trace{Verdict: Verdict{At: Never}, Stages: []StageSpan{
		stage("77", from, from+hour), stage("1", from-hour, from), stage("1", to, Never), // none of the window's
		stage("1", from+10*hour, from+11*hour), // at night
		stage("1", from-hour, from+hour), stage("1", from+2*hour, from+3*hour),
	}})
	if got := st.Stages[StageWindow{"PAY", StageTest, "w"}]; got != MillisecondsOf(2*time.Hour) || st.Stories[ProjectWindow{"PAY", "w"}] != 1 {
		t.Errorf("%v ms of cycle time in %v stories, want two hours of one", got, st.Stories)
	}
}

func TestRolling(t *testing.T) {
	const day = Instant(24) * 3600_000
	want := []Window{{"7d", Span{93 * day, 100 * day}}, {"28d", Span{72 * day, 100 * day}}, {"90d", Span{10 * day, 100 * day}}}
	if d := cmp.Diff(want, Rolling(100*day)); d != "" {
		t.Errorf("windows (-want +got):\n%s", d)
	}
}

// TestBlockersByWindow has too few stories in one window, and enough in the next.
func TestBlockersByWindow(t *testing.T) {
	rules := testRules(t)
	at := when(t, "Mon 09:00")
	var traces []*Trace
	for range fewest {
		traces = append(traces, &Trace{Verdict: Verdict{At: Never}, Stages: []StageSpan{{Span: Span{at, at + 1000}, ProjectID: "1", Stage: StageTest}}})
	}
	windows := []Window{{"none", Span{at + 5000, at + 6000}}, {"all", Span{at, at + 6000}}}
	st := NewStatistics(rules, windows, slices.Values(traces))
	if d := cmp.Diff(map[ProjectWindow]Blocker{{"PAY", "all"}: {StageTest, 1}}, st.Blockers); d != "" {
		t.Errorf("blockers (-want +got):\n%s", d)
	}
}

// TestPaceLeavesOutTheWaitItself and nothing else of its story or its instant.
func TestPaceLeavesOutTheWaitItself(t *testing.T) {
	rules := testRules(t)
	asOf := when(t, "Fri 17:00")
	run := func(story int64, start Instant) Sample {
		return Sample{StoryID: story, Kind: Question, ProjectID: "1", Owner: "po", Start: start, End: start + 10, Response: true, Working: 10, Target: 100}
	}
	at := asOf - 100_000
	tr := Trace{Verdict: Verdict{At: Never}, Samples: []Sample{run(1, at), run(1, at+50), run(2, at), run(3, at+20), run(4, at+30), run(5, at+40)}}
	st := NewStatistics(rules, Rolling(asOf), slices.Values([]*Trace{&tr}))
	if share, ok := st.Pace(&Part{Wait: Wait{StoryID: 1, Kind: Question}, Owner: "po", Start: at, Working: 50}); !ok || share != 1 {
		t.Errorf("pace %g, %t: of five others all were shorter", share, ok)
	}
	if _, ok := st.Pace(&Part{Wait: Wait{StoryID: 1, Kind: Acceptance}, Owner: "po", Start: at, Working: 50}); ok {
		t.Error("a verdict is compared with answers")
	}
}

// TestFieldsOfStories counts stories by what their owner field holds.
func TestFieldsOfStories(t *testing.T) {
	var traces []*Trace
	for _, home := range []Home{{"1", FieldSet}, {"1", FieldEmpty}, {"1", FieldEmpty}, {"1", NoField}, {"77", FieldEmpty}, {"2", FieldSet}} {
		traces = append(traces, &Trace{Verdict: Verdict{At: Never}, Home: home})
	}
	st := NewStatistics(testRules(t), Rolling(1000), slices.Values(traces))
	if d := cmp.Diff(map[string]Fields{"PAY": {Empty: 2, Stories: 3}, "WEB": {Stories: 1}}, st.Fields); d != "" {
		t.Errorf("fields (-want +got):\n%s", d)
	}
}

// TestShareOfAProject adds up the shares of its owners in one window.
func TestShareOfAProject(t *testing.T) {
	st := Statistics{Shares: map[OwnerWindow]Share{
		{"PAY", "po", "7d"}: {1, 20, 300}, {"PAY", "next", "7d"}: {4, 50, 600},
		{"PAY", "po", "28d"}: {7000, 7000, 7000}, {"WEB", "po", "7d"}: {8000, 8000, 8000},
	}}
	if got, want := st.ProjectShare("PAY", "7d"), (Share{5, 70, 900}); got != want {
		t.Errorf("share %+v, want %+v", got, want)
	}
}

// TestWaitsWithoutAnOwner counts those that ran in the longest window.
func TestWaitsWithoutAnOwner(t *testing.T) {
	asOf := when(t, "Fri 17:00")
	run := func(owner string, age time.Duration) Sample {
		end := asOf.Add(-age)
		return Sample{Kind: Question, ProjectID: "1", Owner: owner, Start: end - 1000, End: end, Working: time.Second}
	}
	tr := Trace{Verdict: Verdict{At: Never}, Samples: []Sample{
		run(Unowned, time.Hour), run(Unowned, 80*24*time.Hour), run(Unowned, LongestWindow), run("po", time.Hour),
	}}
	st := NewStatistics(testRules(t), Rolling(asOf), slices.Values([]*Trace{&tr}))
	if d := cmp.Diff(map[string]int{"PAY": 2}, st.Unowned); d != "" {
		t.Errorf("without an owner (-want +got):\n%s", d)
	}
}
