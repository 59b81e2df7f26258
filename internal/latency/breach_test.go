package latency

import (
	"testing"
	"time"
)

// TestABreachIsCountedAsItWas derives an open wait again and again: what was
// counted of its breach stays the same, however long it goes on.
func TestABreachIsCountedAsItWas(t *testing.T) {
	rules := testRules(t)
	story := newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").move("Mon 10:00", "dev", "Third party").
		move("Mon 12:00", "dev", "PO Review").move("Fri 12:00", "po", "Done")
	var first *Entry
	for _, asOf := range []string{"Wed 09:00", "Thu 09:00", "Fri 09:00", long} {
		for e := range rules.Entries(1, NewDeriver(rules, nil).Story(story.history(), when(t, asOf)), when(t, asOf)) {
			if e.Type != EntryBreached {
				continue
			}
			if first == nil {
				first = &e
				continue
			}
			if e != *first {
				t.Errorf("as of %s: %+v, and before %+v", asOf, e, *first)
			}
		}
	}
	if first == nil {
		t.Fatal("no breach")
	}
	// Eight hours of work, from Monday 9:00 with two hours of pause to Tuesday 11:00.
	if want := when(t, "Tue 11:00"); first.At != want || first.Working != 8*3_600_000 || first.Elapsed != 24*3_600_000 {
		t.Errorf("at %s, working %d ms, elapsed %d ms; want %s, 8 h and 24 h", first.At.Time(), first.Working, first.Elapsed, want.Time())
	}
}

// TestABreachIsOfTheProjectItWasIn moves a story between projects while it waits:
// the target that counts is that of the project it was in just then, and that one
// has the breach, whenever it is looked at.
func TestABreachIsOfTheProjectItWasIn(t *testing.T) {
	for _, tc := range []struct {
		name    string
		target  time.Duration // of the project that it moves to; the other one's is 8 h
		move    string
		at      string // "": never
		project string
	}{
		{"passed before the move", 8 * time.Hour, "Wed 09:00", "Tue 09:00", "PAY"},
		{"passed before the move, not long enough for where it goes", 40 * time.Hour, "Wed 09:00", "Tue 09:00", "PAY"},
		{"passed after the move", 8 * time.Hour, "Mon 12:00", "Tue 09:00", "WEB"},
		{"passed after the move, by another target", 16 * time.Hour, "Mon 12:00", "Wed 09:00", "WEB"},
		{"passed by the move", 4 * time.Hour, "Mon 15:00", "Mon 15:00", "WEB"},
		{"not passed", 40 * time.Hour, "Mon 12:00", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			rules.Projects["2"].TargetAcceptance = tc.target
			story := newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").record(tc.move, "dev", FieldProject, "2").move("Thu 12:00", "po", "Done")
			breaches := 0
			for _, asOf := range []string{"Tue 12:00", "Wed 12:00", "Thu 09:00", long} {
				for e := range rules.Entries(1, NewDeriver(rules, nil).Story(story.history(), when(t, asOf)), when(t, asOf)) {
					if e.Type != EntryBreached {
						continue
					}
					breaches++
					// The clock stands at the target from the evening on: the last instant of it counts.
					if late := e.At.Time().Sub(when(t, tc.at).Time()); tc.at == "" || e.Project != tc.project || late.Abs() > time.Millisecond {
						t.Errorf("as of %s: a breach of %s at %s, want %s at %s", asOf, e.Project, e.At.Time(), tc.project, tc.at)
					}
				}
			}
			if (breaches > 0) != (tc.at != "") {
				t.Errorf("%d breaches", breaches)
			}
		})
	}
}
