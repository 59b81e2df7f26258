package latency

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDelegatesInFull looks at all that is derived: what stands in for an owner.
func TestDelegatesInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "a delegate for another project or kind", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always, Projects: Set{"2": true}}, {Owner: "po", Delegate: "second", Span: Always, Kinds: []Kind{Acceptance}}, {Owner: "po", Delegate: "third", Span: Always, Projects: Set{"1": true}, Kinds: []Kind{Acceptance, Question}}}
		}, story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "deputy", "euros").says("Mon 11:00", "second", "dollars").says("Mon 12:00", "third", "yen")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 12:00 answered delegate; 3h, worked 3h, 2 replies from Mon 10:00",
			"  Mon 09:00 mention, Mon 10:00 other_reply, Mon 11:00 other_reply, Mon 12:00 answered",
		}},
		{name: "the delegate of a delegate", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}, {Owner: "deputy", Delegate: "second", Span: Always}}
		}, story: func(t *testing.T) *tale { return asked(t).says("Mon 10:00", "second", "euros") }, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h, 1 replies from Mon 10:00",
			"  Mon 09:00 mention, Mon 10:00 other_reply",
			"unsettled",
		}},
		{name: "a delegate by field", rules: onPAY(func(p *Project) { p.DelegateField = "customfield_9" }), story: func(t *testing.T) *tale {
			return asked(t).record("Mon 09:30", "dev", "customfield_9", "x, deputy").says("Mon 10:00", "deputy", "euros")
		}, want: []string{
			"question of po in 1, part 1: Mon 09:00 to Mon 10:00 answered delegate; 1h, worked 1h",
			"  Mon 09:00 mention, Mon 10:00 answered",
		}},
		{name: "nobody in the delegate field", rules: onPAY(func(p *Project) { p.DelegateField = "customfield_9" }), story: func(t *testing.T) *tale { return asked(t).says("Mon 10:00", "", "euros") }, asOf: "Mon 11:00", want: []string{
			"question of po in 1, part 1: Mon 09:00 open; 2h, worked 2h, 1 replies from Mon 10:00",
			"  Mon 09:00 mention, Mon 10:00 other_reply",
			"finding in 1, Mon 10:00: unresolved_actor ",
			"unsettled",
		}},
	})
}

// TestComponentsByID finds components by their id, whatever name a record bears.
func TestComponentsByID(t *testing.T) {
	for _, tc := range []struct {
		name       string
		components []Value
		owners     map[string]string
		want       string
	}{
		{"a renamed one by its name of today", []Value{{ID: "1", Name: "Alpha"}}, map[string]string{"Beta": "b"}, "b"},
		{"not by the name that it had", []Value{{ID: "1", Name: "Alpha"}}, map[string]string{"Alpha": "a"}, "po"},
		{"nor by one that is another's today", []Value{{ID: "9", Name: "Gamma"}}, map[string]string{"Gamma": "g"}, "po"},
		{"by its id", []Value{{ID: "1", Name: "Alpha"}}, map[string]string{"1": "a"}, "a"},
		{"one that is no more by the name it had", []Value{{ID: "9", Name: "Delta"}}, map[string]string{"Delta": "d"}, "d"},
		{"the first by name of today", []Value{{ID: "1", Name: "Zeta"}, {ID: "2", Name: "Alpha"}}, map[string]string{"Beta": "b", "Gamma": "g"}, "b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			p := rules.Projects["1"]
			p.Components, p.ComponentNames = tc.owners, map[string]string{"1": "Beta", "2": "Gamma"}
			s := state{project: Value{ID: "1"}, components: tc.components}
			if got := NewDeriver(rules, nil).ownerAt(p, &s, 1000); got != tc.want {
				t.Errorf("owner %q, want %q", got, tc.want)
			}
		})
	}
}

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
			if got := NewDeriver(rules, nil).ownerAt(p, &s, 1000); got != tc.want {
				t.Errorf("owner %q, want %q", got, tc.want)
			}
		})
	}
}

// TestOwnersInOrder tries the places where an owner may stand, first to last.
func TestOwnersInOrder(t *testing.T) {
	r := testRules(t)
	p := r.Projects["1"]
	p.Components = map[string]string{"Checkout": "component"}
	p.Leads = []Term{{"lead", Always}}
	r.Owners["second"] = &Owner{Key: "second"}
	epic := &History{ID: 900, Now: Snapshot{"customfield_1": {{ID: "parent"}}}, Events: []Event{{Rank: RankCreated}}}
	story := &History{ID: 901, Now: Snapshot{FieldParent: {{ID: "900"}}}, Events: []Event{{Rank: RankCreated}}}
	d := NewDeriver(r, Ancestors{"900": NewAncestor(epic), "901": NewAncestor(story)})
	s := state{project: Value{ID: "1"}, parent: Value{ID: "901"}, components: []Value{{ID: "7", Name: "Checkout"}}}
	s.setPeople("customfield_1", "first,second")
	for _, step := range []struct {
		want   string
		remove func()
	}{
		{"second", func() { s.setPeople("customfield_1", "first") }},
		{"first", func() { s.setPeople("customfield_1", "") }},
		{"parent", func() { s.parent = Value{ID: "904"} }},
		{"component", func() { s.components = nil }},
		{"po", func() { p.Terms = nil }},
		{"lead", func() { p.Leads = nil }},
		{Unowned, func() {}},
	} {
		if got := d.ownerAt(p, &s, 1000); got != step.want {
			t.Errorf("owner %q, want %q", got, step.want)
		}
		step.remove()
	}
}

// TestDelegateField reads who stands in from the story itself: he answers, and
// the owner's absence is covered while he is named.
func TestDelegateField(t *testing.T) {
	rules := testRules(t)
	rules.Projects["1"].DelegateField = "customfield_2"
	rules.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Thu 00:00")}}
	for _, tc := range []struct {
		name  string
		story *tale
		want  []string
	}{
		{"nobody is named", newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").move("Thu 10:00", "deputy", "In Progress"), []string{
			"acceptance of po: recalled other, elapsed 25h0m0s, working 9h0m0s",
		}},
		{"on Wednesday somebody is", newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").
			record("Wed 00:00", "dev", "customfield_2", "deputy").move("Thu 10:00", "deputy", "In Progress"), []string{
			"acceptance of po: rejected delegate, elapsed 49h0m0s, working 17h0m0s",
		}},
		{"somebody is, and another answers", newTale(t, "Mon 08:00", "In Progress").record("Mon 08:30", "dev", "customfield_2", "x, ,deputy").
			move("Mon 09:00", "dev", "PO Review").move("Mon 10:00", "dev2", "In Progress"), []string{
			"acceptance of po: recalled other, elapsed 1h0m0s, working 1h0m0s",
		}},
		{"on Wednesday alone", newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").
			record("Wed 00:00", "dev", "customfield_2", "deputy").record("Wed 12:00", "dev", "customfield_2", "").move("Thu 10:00", "po", "In Progress"), []string{
			"acceptance of po: rejected owner, elapsed 37h0m0s, working 12h0m0s",
		}},
		{"the owner himself is nobody", newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review").
			record("Wed 00:00", "dev", "customfield_2", "po").move("Thu 10:00", "po", "In Progress"), []string{
			"acceptance of po: rejected owner, elapsed 25h0m0s, working 9h0m0s",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, w := range NewDeriver(rules, nil).Story(tc.story.history(), when(t, long)).Parts {
				got = append(got, line(w))
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("waits (-want +got):\n%s", d)
			}
		})
	}
}

// TestComponentsOverTime gives a story a component, and takes it away.
func TestComponentsOverTime(t *testing.T) {
	rules := testRules(t)
	rules.Projects["1"].Components = map[string]string{"Alpha": "a", "Beta": "b"}
	alpha, beta := Value{ID: "1", Name: "Alpha"}, Value{ID: "2", Name: "Beta"}
	s := newTale(t, "Mon 08:00", "In Progress").move("Mon 09:00", "dev", "PO Review")
	s.add(Event{At: when(t, "Mon 10:00"), Rank: RankRecord, Actor: "dev", Changes: []Change{{Field: FieldComponents, To: alpha}, {Field: FieldComponents, To: beta}}}).
		add(Event{At: when(t, "Mon 12:00"), Rank: RankRecord, Actor: "dev", Changes: []Change{{Field: FieldComponents, From: alpha}}}).
		move("Mon 15:00", "b", "Done")
	h := s.history()
	h.Now[FieldComponents] = []Value{beta}
	h.Now[FieldParent] = []Value{} // set once, and cleared
	var got []string
	for _, w := range NewDeriver(rules, nil).Story(h, when(t, long)).Parts {
		got = append(got, line(w))
	}
	want := []string{
		"acceptance of po: handed_over, elapsed 1h0m0s, working 1h0m0s", "acceptance of a: handed_over, elapsed 2h0m0s, working 2h0m0s",
		"acceptance of b: accepted owner, elapsed 3h0m0s, working 3h0m0s",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("waits (-want +got):\n%s", d)
	}
}

// TestWhoseAWaitWouldBe asks who decides on a story on which nothing waits.
func TestWhoseAWaitWouldBe(t *testing.T) {
	for _, tc := range []struct {
		name  string
		story *tale
		want  string
	}{
		{"by the config", begun(t), "po"},
		{"by the owner field", owns(begun(t), "Mon 09:00", "next"), "next"},
		{"of a type that does not count", begun(t).record("Mon 09:00", "dev", FieldType, "epic"), ""},
		{"in a project that nobody watches", begun(t).record("Mon 09:00", "dev", FieldProject, "77"), ""},
	} {
		d := NewDeriver(testRules(t), nil)
		d.Story(tc.story.history(), when(t, "Mon 10:00"))
		if got := d.Decides(); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
