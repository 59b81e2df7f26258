package latency

import (
	"strings"
	"testing"
)

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
