package latency

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRules has a case for each rule that the vectors do not show, by its name.
func TestRules(t *testing.T) {
	begun := func(t *testing.T) *tale { return newTale(t, "Mon 08:00", "In Progress") }
	asked := func(t *testing.T) *tale { return begun(t).says("Mon 09:00", "dev", "[~po] which currency?") }
	waits := func(t *testing.T) *tale { return begun(t).move("Mon 09:00", "dev", "PO Review") }
	project := func(change func(*Project)) func(*Rules) { return func(r *Rules) { change(r.Projects["1"]) } }
	for _, tc := range []struct {
		name  string
		rules func(*Rules)
		story func(t *testing.T) *tale
		asOf  string
		want  []string
	}{
		{name: "created in acceptance", story: func(t *testing.T) *tale { return newTale(t, "Mon 09:00", "PO Review").move("Mon 10:00", "po", "Done") }, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "accepted by others", story: func(t *testing.T) *tale { return waits(t).move("Mon 10:00", "dev2", "Done") }, want: []string{"acceptance of po: accepted other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "withdrawn status", story: func(t *testing.T) *tale { return waits(t).move("Mon 10:00", "dev2", "Dropped") }, want: []string{"acceptance of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "entering with a withdrawn resolution is no wait", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldStatus, "PO Review", FieldResolution, "Duplicate").move("Mon 10:00", "po", "Done")
		}},
		{name: "moves inside the set keep the wait", rules: project(func(p *Project) { p.Acceptance = Set{"PO Review": true, "Sign-off": true} }), story: func(t *testing.T) *tale {
			return waits(t).move("Mon 10:00", "po", "Sign-off").move("Mon 11:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "a flag pauses", rules: project(func(p *Project) { p.PauseWhenFlagged = true }), story: func(t *testing.T) *tale {
			return waits(t).record("Mon 10:00", "dev", FieldFlag, "Impediment").record("Mon 12:00", "dev", FieldFlag, "").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "a flag from before pauses from the start", rules: project(func(p *Project) { p.PauseWhenFlagged = true }), story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldFlag, "Impediment").move("Mon 09:00", "dev", "PO Review").record("Mon 12:00", "dev", FieldFlag, "").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "created flagged", rules: project(func(p *Project) { p.PauseWhenFlagged = true }), story: func(t *testing.T) *tale {
			s := newTale(t, "Mon 09:00", "PO Review")
			s.last[FieldFlag] = val("Impediment")
			return s.record("Mon 12:00", "dev", FieldFlag, "").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "created without a flag", rules: project(func(p *Project) { p.PauseWhenFlagged = true }), story: func(t *testing.T) *tale {
			return newTale(t, "Mon 09:00", "PO Review").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 4h0m0s, working 4h0m0s"}},
		{name: "to a project where the status accepts nothing", rules: func(r *Rules) { r.Projects["2"].Acceptance = Set{"Sign-off": true} }, story: func(t *testing.T) *tale {
			return waits(t).record("Mon 10:00", "dev", FieldProject, "2")
		}, want: []string{"acceptance of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "a flag that nobody minds", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 08:30", "dev", FieldFlag, "Impediment").move("Mon 09:00", "dev", "PO Review").record("Mon 12:00", "dev", FieldFlag, "").
				record("Mon 12:10", "dev", FieldFlag, "Impediment").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 4h0m0s, working 4h0m0s"}},
		{name: "the owner's own question stops the clock", story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "po", "which build?").says("Mon 12:00", "dev", "this morning's").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "at most for a question's target", story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "po", "which build?").says("Mon 16:00", "dev", "this morning's").move("Mon 17:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 4h0m0s, working 4h0m0s"}},
		{name: "asked twice before the team spoke", story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "po", "which build?").says("Mon 11:00", "po", "well?").says("Mon 12:00", "dev", "this morning's").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "unless that is switched off", rules: project(func(p *Project) { p.PauseWhileOwnerAsks = false }), story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "po", "which build?").says("Mon 12:00", "dev", "this morning's").move("Mon 13:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 4h0m0s, working 4h0m0s"}},
		{name: "a delegate's question does not", rules: func(r *Rules) { r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}} }, story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "deputy", "which build?").move("Mon 13:00", "deputy", "Done")
		}, want: []string{"acceptance of po: accepted delegate, elapsed 4h0m0s, working 4h0m0s"}},
		{name: "a hop by automation is no wait", story: func(t *testing.T) *tale {
			return waits(t).move("Mon 09:00:09", "robot", "In Progress")
		}},
		{name: "a longer visit is one", story: func(t *testing.T) *tale {
			return waits(t).move("Mon 09:00:10", "robot", "In Progress")
		}, want: []string{"acceptance of po: recalled automation, elapsed 10s, working 10s"}},
		{name: "automation after the owner is the owner", story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "po", "ok").move("Mon 10:01", "robot", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h1m0s, working 1h1m0s"}},
		{name: "but not for long", story: func(t *testing.T) *tale {
			return waits(t).says("Mon 10:00", "po", "ok").move("Mon 10:01:01", "robot", "Done")
		}, want: []string{"acceptance of po: accepted automation, elapsed 1h1m1s, working 1h1m1s"}},
		{name: "another actor makes no slip", story: func(t *testing.T) *tale {
			return waits(t).move("Mon 09:02", "dev2", "In Progress")
		}, want: []string{"acceptance of po: recalled other, elapsed 2m0s, working 2m0s"}},
		{name: "nor does a late return", story: func(t *testing.T) *tale {
			return waits(t).move("Mon 09:05:01", "dev", "In Progress")
		}, want: []string{"acceptance of po: recalled other, elapsed 5m1s, working 5m1s"}},
		{name: "an owner's slip goes on waiting", story: func(t *testing.T) *tale {
			return waits(t).move("Mon 10:00", "po", "Done").move("Mon 10:04", "po", "PO Review").move("Mon 11:00", "po", "In Progress")
		}, want: []string{"acceptance of po: rejected owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "an ending is final after the slip window", story: func(t *testing.T) *tale { return waits(t).move("Mon 10:00", "po", "Done") }, asOf: "Mon 10:04", want: []string{"acceptance of po: open, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "and then it is", story: func(t *testing.T) *tale { return waits(t).move("Mon 10:00", "po", "Done") }, asOf: "Mon 10:05", want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "out of scope", story: func(t *testing.T) *tale { return waits(t).record("Mon 10:00", "dev", FieldType, "epic") }, want: []string{"acceptance of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "into scope is like being created", story: func(t *testing.T) *tale {
			s := newTale(t, "Mon 08:00", "PO Review")
			s.last[FieldType] = val("epic")
			return s.record("Mon 09:00", "dev", FieldType, "story").move("Mon 10:00", "po", "Done")
		}, want: []string{"acceptance of po: accepted owner, elapsed 1h0m0s, working 1h0m0s"}},

		{name: "answered by a move", story: func(t *testing.T) *tale { return asked(t).move("Mon 10:00", "po", "To Do") }, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "the answer came elsewhere", story: func(t *testing.T) *tale { return asked(t).says("Mon 10:00", "dev", "#answered on the phone") }, want: []string{"question of po: answered other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "only the asker may say so", story: func(t *testing.T) *tale { return asked(t).says("Mon 10:00", "dev2", "#answered on the phone") }, asOf: "Mon 11:00", want: []string{"question of po: open, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "taken back", story: func(t *testing.T) *tale { return asked(t).says("Mon 10:00", "dev", "#withdrawn") }, want: []string{"question of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "taken back, and another ask stands", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "dev2", "[~po] me too?").says("Mon 11:00", "dev", "#withdrawn").says("Mon 12:00", "po", "euros")
		}, want: []string{"question of po: answered owner, elapsed 2h0m0s, working 2h0m0s"}},
		{name: "edited away", story: func(t *testing.T) *tale { return asked(t).edits("Mon 10:00", "dev", 2, "never mind") }, want: []string{"question of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "edited after the answer", story: func(t *testing.T) *tale {
			return asked(t).says("Mon 10:00", "po", "euros").edits("Mon 11:00", "dev", 2, "never mind")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "edited into a question", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "hm").edits("Mon 10:00", "dev", 2, "[~po] hm?").says("Mon 11:00", "po", "yes")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "deleted", story: func(t *testing.T) *tale { return asked(t).deletes("Mon 10:00", 2) }, want: []string{"question of po: withdrawn, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "marker", story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "Q: which currency").says("Mon 10:00", "po", "euros")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "a marker for somebody else", story: func(t *testing.T) *tale { return begun(t).says("Mon 09:00", "dev", "Q: [~dev2] which currency") }},
		{name: "status, resolved", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 09:00", "dev", "Waiting for PO").move("Mon 10:00", "dev2", "In Progress")
		}, want: []string{"question of po: resolved other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "label, answered by taking it off", story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "robot", FieldLabels, "x po-question").record("Mon 10:00", "po", FieldLabels, "x")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "assignment, resolved", rules: project(func(p *Project) { p.Assignment = true }), story: func(t *testing.T) *tale {
			return begun(t).record("Mon 09:00", "dev", FieldAssignee, "po").record("Mon 10:00", "dev", FieldAssignee, "dev2")
		}, want: []string{"question of po: resolved other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "assignment asks nothing by default", story: func(t *testing.T) *tale { return begun(t).record("Mon 09:00", "dev", FieldAssignee, "po") }},
		{name: "mention without a question mark", rules: project(func(p *Project) { p.MentionAny = true }), story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "[~po] look").says("Mon 10:00", "po", "ok")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "answered by an edit of the description", rules: project(func(p *Project) { p.AnswerByEdit = true }), story: func(t *testing.T) *tale { return asked(t).record("Mon 10:00", "po", FieldDescription, "new") }, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "lapsed", rules: project(func(p *Project) { p.LapseAfter = 10 * time.Hour }), story: asked, want: []string{"question of po: lapsed, elapsed 26h0m0s, working 10h0m0s"}},
		{name: "any comment keeps it alive", rules: project(func(p *Project) { p.LapseAfter = 10 * time.Hour }), story: func(t *testing.T) *tale { return asked(t).says("Tue 10:00", "dev2", "hm") }, want: []string{"question of po: lapsed, elapsed 51h0m0s, working 19h0m0s"}},
		{name: "nothing asked while the story is done", story: func(t *testing.T) *tale {
			return begun(t).move("Mon 08:30", "dev", "Done").says("Mon 09:00", "dev", "[~po] ok?")
		}},
		{name: "automation asks nothing", story: func(t *testing.T) *tale { return begun(t).says("Mon 09:00", "robot", "[~po] merge?") }},
		{name: "a delegate asks nothing", rules: func(r *Rules) { r.Delegates = []Delegation{{Owner: "po", Delegate: "dev", Span: Always}} }, story: asked},
		{name: "asking the delegate is asking the owner", rules: func(r *Rules) { r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Always}} }, story: func(t *testing.T) *tale {
			return begun(t).says("Mon 09:00", "dev", "[~deputy] ok?").says("Mon 10:00", "po", "yes")
		}, want: []string{"question of po: answered owner, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "a delegate asked by name answers later too", rules: func(r *Rules) {
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Span{Always.From, when(t, "Tue 00:00")}}}
		}, story: func(t *testing.T) *tale {
			return begun(t).says("Mon 16:00", "dev", "[~deputy] ok?").says("Tue 10:00", "deputy", "yes")
		}, want: []string{"question of po: answered delegate, elapsed 18h0m0s, working 2h0m0s"}},
		{name: "the new owner is the asker", story: func(t *testing.T) *tale { return asked(t).record("Mon 10:00", "dev2", "customfield_1", "dev") }, want: []string{"question of po: withdrawn other, elapsed 1h0m0s, working 1h0m0s"}},
		{name: "an owner's term ends", rules: func(r *Rules) {
			r.Projects["1"].Terms = []Term{{"po", Span{Always.From, when(t, "Mon 12:00")}}, {"next", Span{when(t, "Mon 12:00"), Never}}}
		}, story: func(t *testing.T) *tale { return asked(t).says("Mon 13:00", "next", "euros") }, want: []string{
			"question of po: handed_over, elapsed 3h0m0s, working 3h0m0s", "question of next: answered owner, elapsed 1h0m0s, working 1h0m0s",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := testRules(t)
			if tc.rules != nil {
				tc.rules(rules)
			}
			asOf := tc.asOf
			if asOf == "" {
				asOf = long
			}
			var got []string
			for _, w := range NewDeriver(rules, nil).Story(tc.story(t).history(), when(t, asOf)).Parts {
				got = append(got, line(w))
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("waits (-want +got):\n%s", d)
			}
		})
	}
}

// TestOrderAndDoublesDoNotMatter derives a story from its events in another
// order, and twice.
func TestOrderAndDoublesDoNotMatter(t *testing.T) {
	s := newTale(t, "Mon 08:00", "In Progress").says("Mon 09:00", "dev", "[~po] which currency?").
		move("Mon 10:00", "dev", "PO Review").move("Mon 12:00", "po", "Done")
	d := NewDeriver(testRules(t), nil)
	want := slices.Clone(d.Story(s.history(), when(t, long)).Parts)
	h := *s.history()
	h.Events = append(slices.Clone(h.Events), h.Events...)
	slices.Reverse(h.Events)
	if diff := cmp.Diff(want, d.Story(&h, when(t, long)).Parts); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
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
		if got := d.ownerAt(&s, 1000); got != step.want {
			t.Errorf("owner %q, want %q", got, step.want)
		}
		step.remove()
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
