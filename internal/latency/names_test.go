package latency

import "testing"

// TestStatusNames has statuses that bear other names than today.
func TestStatusNames(t *testing.T) {
	// Today 10 is PO Review, 11 is Ready for Release, 12 is In Progress.
	rules := func(r *Rules) {
		for id, name := range map[string]string{"10": "PO Review", "11": "Ready for Release", "12": "In Progress"} {
			delete(r.Statuses, name)
			r.Statuses[id] = Status{Name: name, Category: CategoryIndeterminate}
			r.StatusIDs[Fold(name)] = id
		}
		r.Projects["1"].Acceptance = Set{"10": true}
		r.Projects["1"].Stages = map[string]Stage{"11": StageRelease}
	}
	at := func(s *tale, when_, who, id, name string) *tale {
		to := Value{ID: id, Name: name}
		c := Change{Field: FieldStatus, From: s.last[FieldStatus], To: to}
		s.last[FieldStatus] = to
		return s.add(Event{At: when(s.t, when_), Rank: RankRecord, Actor: who, Changes: []Change{c}})
	}
	start := func(t *testing.T) *tale {
		s := begun(t)
		s.last[FieldStatus] = Value{ID: "12", Name: "In Progress"}
		return s
	}
	end := func(s *tale) *tale { return at(s, "Mon 10:00", "po", "11", "Ready for Release") }
	imported := func(s *tale, when_ string) *tale {
		return s.add(Event{At: when(s.t, when_), Rank: RankRecord, Actor: "admin", Changes: []Change{{Field: FieldImport}}})
	}
	accepted := []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}
	runCases(t, []ruleCase{
		{name: "a rename is read by its id", rules: rules, story: func(t *testing.T) *tale {
			return end(at(start(t), "Mon 09:00", "dev", "10", "Review by PO"))
		}, want: accepted},
		{name: "the name of another status is audited, and read by its id", rules: rules, story: func(t *testing.T) *tale {
			return end(at(start(t), "Mon 09:00", "dev", "10", "Ready for Release"))
		}, want: accepted, findings: []string{FindStatusName, FindStatusName}}, // the move in, and the move out
		{name: "of a story that was imported later it is read by its name", rules: rules, story: func(t *testing.T) *tale {
			s := at(at(start(t), "Mon 09:00", "dev", "12", "PO Review"), "Mon 10:00", "po", "10", "Ready for Release")
			s.last[FieldStatus] = Value{ID: "11", Name: "Ready for Release"}
			return imported(s, "Mon 11:00")
		}, want: accepted, findings: []string{FindStatusName, FindStatusName}},
		{name: "by that of several statuses that the story had later", rules: func(r *Rules) {
			rules(r)
			r.Statuses["20"], r.Statuses["09"] = Status{Name: "PO Review"}, Status{Name: "PO Review"}
			delete(r.StatusIDs, "po review")
			r.Projects["1"].Acceptance = Set{"20": true}
		}, story: func(t *testing.T) *tale {
			s := imported(at(start(t), "Mon 09:00", "dev", "11", "PO Review"), "Mon 09:30")
			s.last[FieldStatus] = Value{ID: "20", Name: "PO Review"}
			return at(s, "Mon 10:00", "po", "11", "Ready for Release")
		}, want: accepted, findings: []string{FindStatusName}},
		{name: "by the first of several if the story has none of them", rules: func(r *Rules) {
			rules(r)
			r.Statuses["9"] = Status{Name: "PO Review"}
			delete(r.StatusIDs, "po review")
			r.Projects["1"].Acceptance = Set{"9": true}
		}, story: func(t *testing.T) *tale {
			s := at(start(t), "Mon 09:00", "dev", "11", "PO Review")
			s.last[FieldStatus] = Value{ID: "12", Name: "In Progress"}
			return imported(s, "Mon 09:30")
		}, asOf: "Mon 10:00", want: []string{"acceptance of po: open, elapsed 1h0m0s, working 1h0m0s"}, findings: []string{FindStatusName, FindLastStatus}},
		{name: "the status before the first move too", rules: rules, story: func(t *testing.T) *tale {
			s := begun(t)
			s.last[FieldStatus] = Value{ID: "10", Name: "In Progress"}
			s = at(s, "Mon 09:00", "dev", "12", "PO Review")
			s.last[FieldStatus] = Value{ID: "10", Name: "PO Review"}
			return end(imported(s, "Mon 09:30"))
		}, want: accepted, findings: []string{FindStatusName}},
		{name: "that of several which it had, not one that it had in between", rules: func(r *Rules) {
			rules(r)
			r.Statuses["20"], r.Statuses["09"] = Status{Name: "PO Review"}, Status{Name: "PO Review"}
			delete(r.StatusIDs, "po review")
			r.Projects["1"].Acceptance = Set{"20": true}
		}, story: func(t *testing.T) *tale {
			s := at(at(start(t), "Mon 08:10", "dev", "11", "PO Review"), "Mon 08:20", "dev", "12", "In Progress")
			s = at(imported(s, "Mon 08:30"), "Mon 09:00", "dev", "20", "PO Review")
			return end(s)
		}, want: []string{"acceptance of po: recalled other, elapsed 10m0s, working 0s", accepted[0]}, findings: []string{FindStatusName, FindStatusName}},
		{name: "the import's own record is read by its id", rules: rules, story: func(t *testing.T) *tale {
			s := start(t)
			to := Value{ID: "10", Name: "Ready for Release"}
			s.add(Event{At: when(t, "Mon 09:00"), Rank: RankRecord, Actor: "dev", Changes: []Change{{Field: FieldImport}, {Field: FieldStatus, From: s.last[FieldStatus], To: to}}})
			s.last[FieldStatus] = to
			return end(s)
		}, want: accepted, findings: []string{FindStatusName, FindStatusName}},
		{name: "whatever else that record holds, in any order", rules: rules, story: func(t *testing.T) *tale {
			s := start(t)
			to := Value{ID: "10", Name: "PO Review"}
			s.add(Event{At: when(t, "Mon 09:00"), Rank: RankRecord, Actor: "dev", Changes: []Change{{Field: FieldStatus, From: s.last[FieldStatus], To: to}, {Field: FieldImport}}})
			s.last[FieldStatus] = to
			return end(s)
		}, want: accepted},
		{name: "a record that lost the id is read by its name", rules: rules, story: func(t *testing.T) *tale {
			s := at(start(t), "Mon 09:00", "dev", "", "PO Review")
			return end(s)
		}, want: accepted},
		{name: "what came after the import is read by its id", rules: rules, story: func(t *testing.T) *tale {
			return end(at(imported(start(t), "Mon 08:30"), "Mon 09:00", "dev", "10", "Ready for Release"))
		}, want: accepted, findings: []string{FindStatusName, FindStatusName}},
		{name: "case and space make no other name", rules: rules, story: func(t *testing.T) *tale {
			return end(at(start(t), "Mon 09:00", "dev", "10", "po review "))
		}, want: accepted},
	})
}

// TestUserNamesAreMentionedInAnyCase is about Data Center, whose mentions name
// users as they were typed.
func TestUserNamesAreMentionedInAnyCase(t *testing.T) {
	rules := testRules(t)
	rules.People["jdoe"] = "po"
	waits := NewDeriver(rules, nil).Story(newTale(t, "Mon 08:00", "In Progress").says("Mon 09:00", "dev", "[~JDoe] which?").history(), when(t, "Mon 10:00")).Parts
	if len(waits) != 1 || waits[0].Addressed != "po" {
		t.Errorf("waits %+v, want a question to po", waits)
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
