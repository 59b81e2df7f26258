package latency

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestParentsOwnOverTime lets what stands above a story change while it waits.
func TestParentsOwnOverTime(t *testing.T) {
	at := func(s string, changes ...Change) Event {
		return Event{At: when(t, s), Rank: RankRecord, ID: 1, Changes: changes}
	}
	set := func(field, from, to string) Change { return Change{Field: field, From: val(from), To: val(to)} }
	epic := func(now Snapshot, events ...Event) *Ancestor {
		return NewAncestor(&History{ID: 900, Now: now, Events: append([]Event{{Rank: RankCreated}}, events...)})
	}
	const field = "customfield_1"
	for _, tc := range []struct {
		name      string
		field     string
		ancestors Ancestors
		want      []string
	}{
		{"the epic's field", field, Ancestors{"900": epic(Snapshot{field: {val("next")}}, at("Tue 10:00", set(FieldLabels, "", "x"), set(field, "po", "next")))}, []string{
			"acceptance of po: handed_over, elapsed 25h0m0s, working 9h0m0s", "acceptance of next: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{"changed from the very instant on", field, Ancestors{"900": epic(Snapshot{field: {val("next")}}, at("Mon 09:00", set(field, "po", "next")))}, []string{
			"acceptance of next: accepted owner, elapsed 26h0m0s, working 10h0m0s",
		}},
		{"the epic's assignee", FieldAssignee, Ancestors{"900": epic(Snapshot{FieldAssignee: {val("next")}, field: {val("x")}}, at("Tue 10:00", set(field, "y", "x"), set(FieldAssignee, "po", "next")))}, []string{
			"acceptance of po: handed_over, elapsed 25h0m0s, working 9h0m0s", "acceptance of next: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{"the epic's own parent", field, Ancestors{
			"900": epic(Snapshot{FieldParent: {val("902")}}, at("Tue 10:00", set(FieldParent, "901", "902"), set(FieldAssignee, "1", "2"))),
			"901": epic(Snapshot{field: {val("po")}}), "902": epic(Snapshot{field: {val("next")}}),
		}, []string{
			"acceptance of po: handed_over, elapsed 25h0m0s, working 9h0m0s", "acceptance of next: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{"of two changes the one that held", field, Ancestors{"900": epic(Snapshot{field: {val("x")}}, at("Tue 10:00", set(field, "po", "next")), at("Wed 10:00", set(field, "next", "x")))}, []string{
			"acceptance of po: handed_over, elapsed 25h0m0s, working 9h0m0s", "acceptance of next: accepted owner, elapsed 1h0m0s, working 1h0m0s",
		}},
		{"a circle has no end", field, Ancestors{"900": epic(Snapshot{FieldParent: {val("900")}})}, []string{
			"acceptance of po: accepted other, elapsed 26h0m0s, working 10h0m0s",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			rules.Projects["1"].OwnerField = tc.field
			s := newTale(t, "Mon 08:00", "In Progress")
			s.last[FieldParent] = val("900")
			s.move("Mon 09:00", "dev", "PO Review").move("Tue 11:00", "next", "Done")
			var got []string
			for _, w := range NewDeriver(rules, tc.ancestors).Story(s.history(), when(t, long)).Parts {
				got = append(got, line(w))
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("waits (-want +got):\n%s", d)
			}
		})
	}
}

// TestComponentsAndTerms finds who owns where several could.
func TestComponentsAndTerms(t *testing.T) {
	for _, tc := range []struct {
		name       string
		components []Value
		owners     map[string]string
		terms      []Term
		users      string
		want       string
	}{
		{"the first by name", []Value{{ID: "2", Name: "Beta"}, {ID: "1", Name: "Alpha"}}, map[string]string{"Alpha": "a", "Beta": "b"}, nil, "", "a"},
		{"in any order", []Value{{ID: "1", Name: "Alpha"}, {ID: "2", Name: "Beta"}}, map[string]string{"Alpha": "a", "Beta": "b"}, nil, "", "a"},
		{"of those with an owner", []Value{{ID: "1", Name: "Alpha"}, {ID: "2", Name: "Beta"}}, map[string]string{"Beta": "b"}, nil, "", "b"},
		{"by its id", []Value{{ID: "7", Name: "Gamma"}}, map[string]string{"7": "g"}, nil, "", "g"},
		{"of one name the first", []Value{{ID: "1", Name: "Alpha"}, {ID: "2", Name: "Alpha"}}, map[string]string{"1": "a", "2": "b"}, nil, "", "a"},
		{"none with an owner", []Value{{ID: "3", Name: "Delta"}}, map[string]string{"Beta": "b"}, []Term{{"po", Always}}, "", "po"},
		{"a term of nobody", nil, nil, []Term{{"", Always}, {"po", Always}}, "", "po"},
		{"a term that is over", nil, nil, []Term{{"old", Span{Always.From, 1000}}, {"po", Span{1000, Never}}}, "", "po"},
		{"a lead who was replaced", nil, nil, nil, "", "new"},
		{"the first of several in the field", nil, nil, nil, "one,two", "one"},
		{"the one who is an owner", nil, nil, nil, "one,po", "po"},
		{"nobody before the comma", nil, nil, nil, ",one", "one"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			p := rules.Projects["1"]
			p.Components, p.Terms = tc.owners, tc.terms
			p.Leads = []Term{{"old", Span{Always.From, 1000}}, {"new", Span{1000, Never}}}
			s := state{project: Value{ID: "1"}, components: tc.components}
			s.setPeople("customfield_1", tc.users)
			if got := NewDeriver(rules, nil).ownerAt(&s, 1000); got != tc.want {
				t.Errorf("owner %q, want %q", got, tc.want)
			}
		})
	}
}

// TestSlips has what is a slip, and what is not.
func TestSlips(t *testing.T) {
	begun := func() *tale { return newTale(t, "Mon 08:00", "In Progress") }
	for _, tc := range []struct {
		name  string
		story *tale
		want  int
	}{
		{"at the end of the window", begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:05", "dev", "In Progress"), 1},
		{"after it", begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:05:01", "dev", "In Progress"), 0},
		{"to another status", begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "To Do"), 0},
		{"by nobody", begun().move("Mon 09:00", "", "PO Review").move("Mon 09:01", "", "In Progress"), 0},
		{"not across the border", begun().move("Mon 09:00", "dev", "To Do").move("Mon 09:01", "dev", "In Progress"), 0},
		{"a migration in", begun().record("Mon 09:00", "dev", FieldWorkflow, "w", FieldStatus, "PO Review").move("Mon 09:01", "dev", "In Progress"), 0},
		{"a migration back", begun().move("Mon 09:00", "dev", "PO Review").record("Mon 09:01", "dev", FieldWorkflow, "w", FieldStatus, "In Progress"), 0},
		{"into another project", begun().record("Mon 09:00", "dev", FieldProject, "2", FieldStatus, "PO Review").move("Mon 09:01", "dev", "In Progress"), 0},
		{"back into another project", begun().move("Mon 09:00", "dev", "PO Review").record("Mon 09:01", "dev", FieldProject, "2", FieldStatus, "In Progress"), 0},
		{"where nobody watches", begun().record("Mon 08:30", "dev", FieldProject, "77").move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress"), 0},
		{"after a move that is none", begun().move("Mon 08:30", "dev", "To Do").move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "To Do"), 1},
		{"of a type that does not count", begun().record("Mon 08:30", "dev", FieldType, "epic").move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress"), 0},
		{"of a type that does not count any more", begun().move("Mon 09:00", "dev", "PO Review").record("Mon 09:00:30", "dev", FieldType, "epic").move("Mon 09:01", "dev", "In Progress"), 0},
		{"each move once", begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress").move("Mon 09:02", "dev", "PO Review"), 1},
		{"twice", begun().move("Mon 09:00", "dev", "PO Review").move("Mon 09:01", "dev", "In Progress").move("Mon 09:02", "dev", "PO Review").move("Mon 09:03", "dev", "In Progress"), 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			res := NewDeriver(rules, nil).Story(tc.story.history(), when(t, long))
			if got := marks(res, EntrySlip); got != tc.want {
				t.Errorf("%d slips, want %d", got, tc.want)
			}
		})
	}
}

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
