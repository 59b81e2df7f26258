package latency

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestReport(t *testing.T) {
	rules := testRules(t)
	asOf := when(t, "Wed 12:00")
	rules.Projects["1"].Components = map[string]string{"Checkout": "next"}
	rules.Projects["2"].TargetAcceptance = 2 * time.Hour
	rules.Owners["po"].Absences = []Span{{when(t, "Wed 00:00"), when(t, "Thu 00:00")}}
	rules.Owners["next"] = &Owner{Key: "next", Absences: []Span{{when(t, "Tue 00:00"), asOf}}}
	rules.Names = map[string]string{"po": "Ada"}
	rules.Delegates = []Delegation{
		{Owner: "po", Delegate: "deputy", Span: Span{asOf, Never}}, {Owner: "po", Delegate: "deputy", Span: Always}, // shown once
		{Owner: "po", Delegate: "late", Span: Span{asOf + 1, Never}},
	}
	totals := NewTotals()
	totals.Add(Entry{ID: EntryID{Kind: Question}, Type: EntryEnded, Project: "WEB", Owner: "gone", Outcome: Lapsed})
	open := func(id int64, story string, kind Kind, owner string, working, storyWorking time.Duration) Part {
		return Part{
			Wait: Wait{StoryID: id, Story: story, Kind: kind}, ProjectID: "1", Owner: owner, Start: asOf - 1, End: Never, Working: working, Elapsed: 2 * working,
			StoryWorking: storyWorking, Target: 8 * time.Hour,
		}
	}
	paused := open(4, "PAY-4", Acceptance, "po", time.Hour, time.Hour)
	paused.PausedNow = true
	elsewhere := open(9, "OLD-1", Acceptance, "po", time.Hour, time.Hour)
	elsewhere.ProjectID = "99"
	ended := open(8, "PAY-8", Acceptance, "po", 99*time.Hour, 99*time.Hour)
	ended.End = asOf
	waits := []Part{
		open(1, "PAY-1", Acceptance, "po", 8*time.Hour, 9*time.Hour), // on the story's clock it is overdue, on the owner's just in time
		open(2, "PAY-2", Acceptance, "po", 8*time.Hour+time.Millisecond, 8*time.Hour+time.Millisecond),
		open(3, "PAY-3", Acceptance, "po", 3*time.Hour, 8*time.Hour), // just in time
		paused, elsewhere, ended,
		open(1, "PAY-1", Question, "po", 2*time.Hour, 2*time.Hour), open(1, "PAY-1", Question, "po", time.Hour, 5*time.Hour), // asked anew
		open(5, "PAY-5", Acceptance, Unowned, time.Hour, time.Hour),
		open(7, "PAY-7", Question, "po", 0, 0), open(6, "PAY-6", Question, "po", 0, 0), open(3, "PAY-3", Question, "po", 0, 0), // one too many to be listed
	}
	r := NewReport(rules, asOf, totals, waits, nil, &Statistics{}, 3)
	wantOpen := map[Key]OpenState{
		{Acceptance, "PAY", "po"}:    {Open: 4, Overdue: 1, Paused: 1, Oldest: 8*time.Hour + time.Millisecond, OldestElapsed: 16*time.Hour + 2*time.Millisecond},
		{Question, "PAY", "po"}:      {Open: 4, Oldest: 2 * time.Hour, OldestElapsed: 4 * time.Hour},
		{Acceptance, "PAY", Unowned}: {Open: 1, Oldest: time.Hour, OldestElapsed: 2 * time.Hour},
		{Acceptance, "PAY", "next"}:  {}, {Question, "PAY", "next"}: {},
		{Acceptance, "WEB", "po"}: {}, {Question, "WEB", "po"}: {}, {Question, "WEB", "gone"}: {},
	}
	if d := cmp.Diff(wantOpen, r.Open); d != "" {
		t.Errorf("open (-want +got):\n%s", d)
	}
	wantStories := map[StoryKey]StoryState{
		{Acceptance, "PAY"}: {Oldest: 9 * time.Hour, Overdue: 2}, {Question, "PAY"}: {Oldest: 5 * time.Hour},
		{Acceptance, "WEB"}: {}, {Question, "WEB"}: {},
	}
	if d := cmp.Diff(wantStories, r.Stories); d != "" {
		t.Errorf("stories (-want +got):\n%s", d)
	}
	wantListed := []OpenWait{ // the three oldest of each owner and kind
		{Key: Key{Acceptance, "PAY", "po"}, Story: "PAY-1", Age: 9 * time.Hour},
		{Key: Key{Acceptance, "PAY", "po"}, Story: "PAY-2", Age: 8*time.Hour + time.Millisecond},
		{Key: Key{Acceptance, "PAY", "po"}, Story: "PAY-3", Age: 8 * time.Hour},
		{Key: Key{Question, "PAY", "po"}, Story: "PAY-1", Age: 5 * time.Hour},
		{Key: Key{Question, "PAY", "po"}, Story: "PAY-3"},
		{Key: Key{Question, "PAY", "po"}, Story: "PAY-6"},
		{Key: Key{Acceptance, "PAY", Unowned}, Story: "PAY-5", Age: time.Hour},
	}
	if d := cmp.Diff(wantListed, r.OpenWaits, cmpopts.IgnoreUnexported(OpenWait{})); d != "" {
		t.Errorf("listed (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]int64{1, 3, 6, 7}, r.Asked); d != "" {
		t.Errorf("stories with an open question, listed or not (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]bool{"po": true, "next": false}, r.Absent); d != "" {
		t.Errorf("absent (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]Instant{"po": when(t, "Thu 00:00")}, r.AbsentUntil); d != "" {
		t.Errorf("absent until (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]Delegated{{"po", "deputy", Never}}, r.Delegations); d != "" {
		t.Errorf("delegations (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"po": "Ada", "next": "next", Unowned: Unowned, "gone": "gone"}, r.Names); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
	if r.Targets[StoryKey{Acceptance, "WEB"}] != 2*time.Hour || r.Targets[StoryKey{Question, "PAY"}] != 4*time.Hour {
		t.Errorf("targets %v", r.Targets)
	}
	for _, key := range []EndedKey{{Key{Acceptance, "WEB", "po"}, Accepted, ByAutomation}, {Key{Question, "PAY", "next"}, Lapsed, ""}} {
		if n, ok := r.Totals.Ended[key]; !ok || n != 0 {
			t.Errorf("%v is not there at zero", key)
		}
	}
	if _, ok := r.Totals.Guards[GuardKey{GuardAskedAgain, "PAY", "next"}]; !ok {
		t.Error("guards are not there at zero")
	}
}

// TestTotalsAddUp counts one entry of each type.
func TestTotalsAddUp(t *testing.T) {
	const hour = Milliseconds(3_600_000)
	key := Key{Acceptance, "PAY", "po"}
	add := func(totals *Totals, typ EntryType, outcome Outcome, who Responder) {
		totals.Add(Entry{ID: EntryID{Kind: Acceptance}, Type: typ, Project: "PAY", Owner: "po", Outcome: outcome, Responder: who, Working: 3 * hour, Elapsed: 30 * hour})
	}
	totals := NewTotals()
	add(totals, EntryEnded, Accepted, ByOwner)
	add(totals, EntryEnded, Accepted, ByAutomation)
	add(totals, EntryEnded, Withdrawn, ByOther)
	add(totals, EntryBreached, "", "")
	add(totals, EntryMet, "", "")
	add(totals, EntrySlip, "", "")
	add(totals, EntryBypass, "", "")
	for _, guard := range Guards() {
		add(totals, guard, "", "")
	}
	before := totals.Clone()
	add(totals, EntryEnded, Accepted, ByOwner)
	add(totals, GuardReopened, "", "")
	for _, tc := range []struct {
		totals                      *Totals
		accepted, histogram, reopen uint64
	}{{before, 1, 1, 1}, {totals, 2, 2, 2}} {
		if got := tc.totals.Ended[EndedKey{key, Accepted, ByOwner}]; got != tc.accepted {
			t.Errorf("%d accepted, want %d", got, tc.accepted)
		}
		if h := tc.totals.Latency[EndedKey{key, Accepted, ByOwner}]; h.Count != tc.histogram || h.Sum != Milliseconds(tc.histogram)*3*hour {
			t.Errorf("histogram %+v, want %d", h, tc.histogram)
		}
		if got := tc.totals.Guards[GuardKey{GuardReopened, "PAY", "po"}]; got != tc.reopen {
			t.Errorf("%d reopened, want %d", got, tc.reopen)
		}
	}
	if h := before.Latency[EndedKey{key, Accepted, ByOther}]; h == nil || h.Count != 1 {
		t.Error("an acceptance by automation is one by others")
	}
	if h := before.Elapsed[key]; h.Count != 2 || h.Sum != 60*hour {
		t.Errorf("elapsed %+v: what was withdrawn is no response", h)
	}
	if before.Ended[EndedKey{key, Withdrawn, ByOther}] != 1 || before.Breached[key] != 1 || before.Met[key] != 1 || before.Slips["PAY"] != 1 || before.Bypassed["PAY"] != 1 {
		t.Errorf("totals %+v", before)
	}
}

func TestHistogramBuckets(t *testing.T) {
	h := NewHistogram([]time.Duration{time.Second, time.Minute})
	for _, ms := range []Milliseconds{0, 1000, 1001, 60_000, 60_001} {
		h.Add(ms)
	}
	c := h.Clone()
	c.Add(1)
	if d := cmp.Diff([]uint64{2, 2, 1}, h.Counts); d != "" || h.Count != 5 || h.Sum != 122_002 {
		t.Errorf("%+v: %s", h, d)
	}
	for _, bounds := range [][]time.Duration{WorkingBuckets(), ElapsedBuckets()} {
		for i := 1; i < len(bounds); i++ {
			if bounds[i] <= bounds[i-1] {
				t.Errorf("bounds %v do not rise", bounds)
			}
		}
	}
	if w, e := WorkingBuckets(), ElapsedBuckets(); w[0] != 5*time.Minute || w[len(w)-1] != 240*time.Hour || e[len(e)-1] != 28*24*time.Hour {
		t.Errorf("landmarks %v, %v", w, e)
	}
}

// TestAStoryIsOpenOnce has stories that were asked about anew before the last
// ending was final.
func TestAStoryIsOpenOnce(t *testing.T) {
	rules := testRules(t)
	asOf := when(t, "Mon 12:00")
	part := func(owner string, start string, working time.Duration) Part {
		return Part{Wait: Wait{StoryID: 1, Story: "PAY-1", Kind: Question, Since: when(t, start)}, ProjectID: "1", Owner: owner, Start: when(t, start), End: Never, Working: working, StoryWorking: working, Target: time.Hour}
	}
	for _, tc := range []struct {
		name  string
		parts []Part
		since string // of the one that is listed
		want  map[Key]OpenState
	}{
		{"of one owner", []Part{part("po", "Mon 09:00", 2*time.Hour), part("po", "Mon 11:58", 2*time.Minute)}, "Mon 09:00", map[Key]OpenState{
			{Question, "PAY", "po"}: {Open: 1, Oldest: 2 * time.Hour},
		}},
		{"that began at once", []Part{part("po", "Mon 09:00", 2*time.Hour), part("po", "Mon 09:00", 0)}, "Mon 09:00", map[Key]OpenState{
			{Question, "PAY", "po"}: {Open: 1, Oldest: 2 * time.Hour},
		}},
		{"of one owner, both as long", []Part{part("po", "Mon 09:00", 2*time.Hour), part("po", "Mon 10:00", 2*time.Hour)}, "Mon 09:00", map[Key]OpenState{
			{Question, "PAY", "po"}: {Open: 1, Overdue: 1, Oldest: 2 * time.Hour},
		}},
		{"of two", []Part{part("next", "Mon 11:58", 2*time.Minute), part("po", "Mon 09:00", 2*time.Hour)}, "Mon 11:58", map[Key]OpenState{
			{Question, "PAY", "po"}: {}, {Question, "PAY", "next"}: {Open: 1, Oldest: 2 * time.Minute},
		}},
	} {
		r := NewReport(rules, asOf, NewTotals(), tc.parts, nil, &Statistics{}, 3)
		for k, want := range tc.want {
			if d := cmp.Diff(want, r.Open[k]); d != "" {
				t.Errorf("%s: open of %s (-want +got):\n%s", tc.name, k.Owner, d)
			}
		}
		if n := len(r.OpenWaits); n != 1 || r.OpenWaits[0].Since != when(t, tc.since) {
			t.Errorf("%s: %d open waits are listed, want one since %s: %+v", tc.name, n, tc.since, r.OpenWaits)
		}
	}
}

// TestQuestionsExistWithoutAcceptance has the series at zero of a project with no
// acceptance step.
func TestQuestionsExistWithoutAcceptance(t *testing.T) {
	rules := &Rules{Projects: map[string]*Project{"1": {ID: "1", Key: "PAY", Terms: []Term{{Person: "po", Span: Always}}, NoAcceptance: true, TargetQuestion: time.Hour}}}
	r := NewReport(rules, 1000, NewTotals(), nil, nil, &Statistics{}, 20)
	key := Key{Question, "PAY", "po"}
	_, ended := r.Totals.Ended[EndedKey{key, Lapsed, ""}]
	_, open := r.Open[key]
	_, stories := r.Stories[StoryKey{Question, "PAY"}]
	if !ended || !open || !stories || r.Targets[StoryKey{Question, "PAY"}] != time.Hour {
		t.Errorf("ended %t, open %t, stories %t, target %v", ended, open, stories, r.Targets[StoryKey{Question, "PAY"}])
	}
}
