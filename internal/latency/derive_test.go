package latency

import "testing"

// TestAsOf has what is known as of an instant.
func TestAsOf(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "an event at the very instant is known", story: func(t *testing.T) *tale { return entered(t) }, asOf: "Mon 09:00", want: []string{"acceptance of po: open, elapsed 0s, working 0s"}},
	})
}

// TestKeyOfThatTime looks back at a story that has moved since.
func TestKeyOfThatTime(t *testing.T) {
	s := entered(t)
	s.h.Key = "WEB-3"
	s.last[FieldKey] = Value{Name: "PAY-7"}
	h := s.add(Event{At: when(t, "Tue 09:00"), Rank: RankRecord, Actor: "dev", Changes: []Change{
		{Field: FieldProject, From: val("1"), To: val("2")}, {Field: FieldKey, From: Value{Name: "PAY-7"}, To: Value{Name: "WEB-3"}},
	}}).history()
	h.Now[FieldProject] = []Value{val("2")}
	delete(h.Now, FieldKey)
	for asOf, want := range map[string]string{"Mon 12:00": "PAY-7 1", "Tue 09:00": "WEB-3 2", "Wed 12:00": "WEB-3 2"} {
		res := NewDeriver(testRules(t), nil).Story(h, when(t, asOf))
		if got := res.Parts[0].Story + " " + res.Parts[0].ProjectID; got != want {
			t.Errorf("as of %s: %s, want %s", asOf, got, want)
		}
	}
}

// TestHomeIsInScope has where stories are that do not count.
func TestHomeIsInScope(t *testing.T) {
	for _, tc := range []struct {
		name  string
		story *tale
		want  string
	}{
		{"in scope", begun(t), "1"},
		{"of a type that does not count", begun(t).record("Mon 09:00", "dev", FieldType, "epic"), ""},
		{"where nobody watches", begun(t).record("Mon 09:00", "dev", FieldProject, "77"), ""},
	} {
		if got := NewDeriver(testRules(t), nil).Story(tc.story.history(), when(t, long)).Home.ProjectID; got != tc.want {
			t.Errorf("%s: home %q, want %q", tc.name, got, tc.want)
		}
	}
}
