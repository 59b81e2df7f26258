package latency

import (
	"slices"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/calendar"
)

// TestClocksInFull looks at all that is derived: what clocks show, and when they pass a target.
func TestClocksInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "an owner with hours of their own", rules: func(r *Rules) { r.Owners["po"].Calendar = workdays(t, 8, 11) }, story: func(t *testing.T) *tale {
			return entered(t).says("Mon 10:00", "dev", "[~po] ok?").move("Mon 12:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 3h, worked 2h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 accepted",
			"question of po in 1, part 1: Mon 10:00 to Mon 12:00 answered owner; 2h, worked 1h",
			"  Mon 10:00 mention, Mon 12:00 answered",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "met at the very target", story: func(t *testing.T) *tale { return entered(t).move("Mon 17:00", "po", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 17:00 accepted owner into Done; 8h, worked 8h",
			"  Mon 09:00 entered_acceptance, Mon 17:00 accepted",
			"finding in 1, Mon 17:00: exit_by_default Done",
		}},
		{name: "breached by a millisecond", story: func(t *testing.T) *tale { return entered(t).move("Tue 09:00:00.001", "po", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Tue 09:00 accepted owner into Done; 24h0m0.001s, worked 8h0m0.001s, breached Tue 09:00",
			"  Mon 09:00 entered_acceptance, Tue 09:00 accepted",
			"finding in 1, Tue 09:00: exit_by_default Done",
		}},
		{name: "breached, on both clocks", story: func(t *testing.T) *tale {
			return entered(t).record("Mon 13:00", "A", ownerField, "B").move("Wed 10:00", "B", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 13:00 handed_over; 4h, worked 4h",
			"  Mon 09:00 entered_acceptance, Mon 13:00 handed_over, Wed 10:00 accepted",
			"acceptance of B in 1, part 2, cycle 1: Mon 13:00 to Wed 10:00 accepted owner into Done; 45h, worked 13h, story's 49h, worked 17h, breached Tue 13:00",
			"  Mon 09:00 entered_acceptance, Mon 13:00 handed_over, Wed 10:00 accepted",
			"finding in 1, Wed 10:00: exit_by_default Done",
		}},
		{name: "at the end of all calendars", story: func(t *testing.T) *tale {
			return newTale(t, "Mon 08:00", "In Progress").add(Event{At: theEnd, Rank: RankRecord, Actor: "dev", Changes: []Change{{Field: FieldStatus, From: val("In Progress"), To: val("PO Review")}}}).add(Event{At: theEnd, Rank: RankCommentAdded, Actor: "po", Comment: commentFacts("which build?")}).add(Event{At: theEnd, Rank: RankCommentAdded, Actor: "dev", ID: 99, Comment: commentFacts("[~po] none?")})
		}, asOf: "the end", want: []string{
			"acceptance of po in 1, part 1, cycle 1: 1 Jan 01:00 open; 1h, worked 0s",
			"  1 Jan 01:00 entered_acceptance, 1 Jan 01:00 owner_asks, 1 Jan 01:00 team_spoke",
			"question of po in 1, part 1: 1 Jan 01:00 open; 1h, worked 0s",
			"  1 Jan 01:00 mention",
			"finding in 1, 1 Jan 02:00: last_status Jira says In Progress",
			"unsettled",
		}},
	})
}

// TestHoursThatCount finds whose working hours count for a part: its owner's, else its
// project's.
func TestHoursThatCount(t *testing.T) {
	rules := testRules(t)
	own := workdays(t, 8, 11)
	rules.Owners["po"].Calendar = own
	day := Span{when(t, "Mon 00:00"), when(t, "Tue 00:00")}
	for _, tc := range []struct {
		project, owner string
		cal            *calendar.Calendar
		hours          []Span
	}{
		{"1", "po", own, []Span{{when(t, "Mon 08:00"), when(t, "Mon 11:00")}}},
		{"1", "next", rules.Projects["1"].Calendar, []Span{{when(t, "Mon 09:00"), when(t, "Mon 17:00")}}},
		{"77", "po", nil, nil},
	} {
		if got := rules.CalendarOf(tc.project, tc.owner); got != tc.cal {
			t.Errorf("%s in %s: another calendar", tc.owner, tc.project)
		}
		if got := rules.HoursOf(&Part{ProjectID: tc.project, Owner: tc.owner}, day); !slices.Equal(got, tc.hours) {
			t.Errorf("%s in %s: hours %v, want %v", tc.owner, tc.project, got, tc.hours)
		}
	}
}

// TestATargetIsPassedOnce takes back the ask that was breached while another
// stands: the wait is younger then, and is still the one that was counted.
func TestATargetIsPassedOnce(t *testing.T) {
	rules := testRules(t)
	s := newTale(t, "Mon 08:00", "In Progress").says("Mon 09:00", "dev", "[~po] which currency?").
		says("Mon 10:00", "dev2", "[~po] and which rate?").says("Mon 15:00", "dev", "#withdrawn").says("Wed 10:00", "po", "euros")
	ids := map[EntryID]EntryType{}
	for _, at := range []string{"Mon 14:30", "Tue 12:00", long} {
		res := NewDeriver(rules, nil).Story(s.history(), when(t, at))
		for e := range rules.Entries(1, res, when(t, at)) {
			if e.Type == EntryBreached || e.Type == EntryMet {
				ids[e.ID] = e.Type
			}
		}
	}
	if len(ids) != 1 {
		t.Errorf("%d entries for one wait's target: %v", len(ids), ids)
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

// TestABreachIsOfTheOwnerItWas hands a story over by moving it to where the target
// is shorter: the first owner's part has not passed the target that it had.
func TestABreachIsOfTheOwnerItWas(t *testing.T) {
	rules := testRules(t)
	rules.Projects["2"].TargetAcceptance = 4 * time.Hour
	s := entered(t).record("Mon 14:00", "dev", FieldProject, "2", ownerField, "next").move("Mon 15:00", "next", "Done")
	res := NewDeriver(rules, nil).Story(s.history(), when(t, long))
	if len(res.Parts) != 2 || res.Parts[0].Breached || res.Parts[1].Breached {
		t.Errorf("parts %+v: nobody's clock has passed a target", res.Parts)
	}
}
