package latency

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestEntriesAreCountedWhenFinal counts at the very instant from which nothing
// can undo it, not before.
func TestEntriesAreCountedWhenFinal(t *testing.T) {
	rules := testRules(t)
	types := func(s *tale, asOf string) (out []string, unsettled bool) {
		res := NewDeriver(rules, nil).Story(s.history(), when(t, asOf))
		for e := range rules.Entries(1, res, when(t, asOf)) {
			out = append(out, string(e.Type)+" "+e.ID.Topic)
		}
		return out, res.Unsettled
	}
	waits := newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review")
	bypassed := newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "Done")
	// Two slips at one instant, and two waits that began at one: each counts.
	twins := newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").move("Mon 09:00", "dev", "In Progress").
		move("Mon 09:00", "dev", "PO Review").move("Mon 09:00", "dev", "In Progress").
		move("Mon 10:00", "dev", "PO Review").move("Mon 10:00", "dev2", "In Progress").move("Mon 10:00", "dev", "PO Review").move("Mon 11:00", "po", "Ready for Release")
	for _, tc := range []struct {
		name      string
		story     *tale
		asOf      string
		want      []string
		unsettled bool
	}{
		{"open", waits, "Mon 12:00", nil, true},
		{"past its target, not yet final", waits, "Tue 09:04", nil, true},
		{"past its target", waits, "Tue 09:05", []string{"breached target"}, true},
		{"ended, not yet final", newTale(t, "Mon 09:00", "PO Review").move("Mon 10:00", "po", "Done"), "Mon 10:04", nil, true},
		{"ended", newTale(t, "Mon 09:00", "PO Review").move("Mon 10:00", "po", "Done"), "Mon 10:05", []string{"ended ended", "met target"}, false},
		{"withdrawn in time", newTale(t, "Mon 09:00", "PO Review").move("Mon 10:00", "po", "Dropped"), "Mon 10:05", []string{"ended ended"}, false},
		{"bypassed, not yet final", bypassed, "Mon 09:04", nil, true},
		{"bypassed", bypassed, "Mon 09:05", []string{"bypass bypass"}, false},
		{"a slip that is not yet final, after a bypass that is", newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "Done").
			move("Tue 09:00", "dev", "PO Review").move("Tue 09:01", "dev", "Done"), "Tue 09:03", []string{"bypass bypass"}, true},
		{"twins", twins, long, []string{"ended ended", "ended ended#2", "met target#2", "slip slip", "slip slip#2"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, unsettled := types(tc.story, tc.asOf)
			if d := cmp.Diff(tc.want, got); d != "" || unsettled != tc.unsettled {
				t.Errorf("entries (-want +got), unsettled %t, want %t:\n%s", unsettled, tc.unsettled, d)
			}
		})
	}
}

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
		{"passed at the very move", 8 * time.Hour, "Tue 09:00", "Tue 09:00", "WEB"},
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

func TestMilliseconds(t *testing.T) {
	if m := MillisecondsOf(90*time.Second + 500*time.Microsecond); m != 90_000 || m.Seconds() != 90 {
		t.Errorf("%d ms, %g s", m, m.Seconds())
	}
}

// TestTheFirstGuess: for a day after the first complete sync a changed config begins a new
// ledger.
func TestTheFirstGuess(t *testing.T) {
	if got := RenewedUntil(0); got != 0 {
		t.Errorf("without a complete sync a ledger is renewed until %d", got)
	}
	first := when(t, "Mon 10:00")
	if got, want := RenewedUntil(first), when(t, "Tue 10:00"); got != want {
		t.Errorf("after a sync on Monday at 10:00 a ledger is renewed until %s", got.Time())
	}
	for _, c := range []struct {
		name   string
		ledger Ledger
		want   bool
	}{
		{"none was begun", Ledger{}, false},
		{"counted by the config", Ledger{AsOf: first, StartedBy: "other", Fingerprint: "this"}, false},
		{"counted by another", Ledger{AsOf: first, StartedBy: "this", Fingerprint: "other"}, true},
		{"begun by the config, and not finished", Ledger{StartedBy: "this"}, false},
		{"begun by another, and not finished", Ledger{StartedBy: "other", Fingerprint: "this"}, true},
		{"of a time when none was noted", Ledger{AsOf: first}, false},
	} {
		if got := c.ledger.CountedByAnother("this"); got != c.want {
			t.Errorf("%s: counted by another config: %t", c.name, got)
		}
	}
}
