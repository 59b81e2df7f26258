package latency

import (
	"slices"
	"testing"
)

// TestMisfits holds when the audit says that a config does not fit a project.
func TestMisfits(t *testing.T) {
	const asOf = Instant(1000)
	fits := Project{ID: "1", Key: "PAY", FieldExpected: true, OwnerField: "customfield_1", Acceptance: Set{"2": true}}
	waits := func(unowned, all int) *Statistics {
		return &Statistics{
			Unowned: map[string]int{"PAY": unowned},
			Waits:   map[WaitsKey]*Distribution{{Question, "PAY", "", longest}: {Ended: all - 2, Open: 1, Censored: 1}},
		}
	}
	with := func(change func(*Project)) Project {
		p := fits
		change(&p)
		return p
	}
	none := with(func(p *Project) { p.NoAcceptance = true })
	for _, tc := range []struct {
		name    string
		project Project
		fields  Fields
		waits   *Statistics
		stories bool
		waited  bool
		want    []string
	}{
		{"a config that fits", fits, Fields{4, 5}, waits(2, 5), true, true, nil},
		{"no story ever waited", fits, Fields{}, &Statistics{}, true, false, []string{FindNoAcceptance}},
		{"there is no story", fits, Fields{}, &Statistics{}, false, false, nil},
		{"no acceptance step", none, Fields{}, &Statistics{}, true, false, []string{FindNoAcceptance}},
		{"no acceptance step any more", none, Fields{}, &Statistics{}, true, true, nil},
		{"questions alone", with(func(p *Project) { p.NoAcceptance, p.QuestionsAlone = true, true }), Fields{}, &Statistics{}, true, false, nil},
		{"an owner field that is empty on 90 %", fits, Fields{9, 10}, &Statistics{}, true, true, []string{FindOwnerFieldEmpty}},
		{"on less", fits, Fields{89, 100}, &Statistics{}, true, true, nil},
		{"on too few stories", fits, Fields{4, 4}, &Statistics{}, true, true, nil},
		{"where nobody counts on it", with(func(p *Project) { p.FieldExpected = false }), Fields{10, 10}, &Statistics{}, true, true, nil},
		{"half of the waits unowned", fits, Fields{}, waits(3, 6), true, true, []string{FindMostlyUnowned}},
		{"less than half", fits, Fields{}, waits(2, 6), true, true, nil},
		{"too few waits", fits, Fields{}, waits(4, 4), true, true, nil},
		{"all at once", fits, Fields{5, 5}, waits(5, 5), true, false, []string{FindNoAcceptance, FindOwnerFieldEmpty, FindMostlyUnowned}},
	} {
		peopled, firstWaits := Set{}, FirstWaits{}
		if tc.stories {
			peopled["1"] = true
		}
		if tc.waited {
			firstWaits["PAY"] = 500
		}
		rules := &Rules{Projects: map[string]*Project{"1": &tc.project}, Statuses: map[string]Status{"2": {Name: "PO Review"}}}
		var got []string
		tc.waits.Fields = map[string]Fields{"PAY": tc.fields}
		for _, f := range Misfits(rules, asOf, tc.waits, peopled, firstWaits) {
			got = append(got, f.Reason)
			if f.ProjectID != "1" || f.At != asOf || f.Detail == "" {
				t.Errorf("%s: finding %+v lacks its project, instant or detail", tc.name, f)
			}
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: found %v, want %v", tc.name, got, tc.want)
		}
	}
}

// TestProjectsWithoutAcceptance holds that a project that has no acceptance step
// has no series of acceptance, whatever the ledger counted, and all others.
func TestProjectsWithoutAcceptance(t *testing.T) {
	term, cal := []Term{{Person: "po", Span: Always}}, workdays(t, 9, 17)
	rules := &Rules{Projects: map[string]*Project{
		"1": {ID: "1", Key: "PAY", Terms: term, Calendar: cal}, "2": {ID: "2", Key: "OPS", Terms: term, Calendar: cal, NoAcceptance: true},
		"3": {ID: "3", Key: "APP", Terms: term, Calendar: cal, NoAcceptance: true, QuestionsAlone: true},
	}}
	totals := NewTotals()
	for _, project := range []string{"PAY", "OPS", "APP"} {
		for _, kind := range []Kind{Acceptance, Question} {
			id := EntryID{StoryID: 1, Kind: kind}
			outcome := Accepted
			if kind == Question {
				outcome = Answered
			}
			totals.Add(Entry{ID: id, Type: EntryEnded, Project: project, Owner: "po", Outcome: outcome, Responder: ByOwner})
			totals.Add(Entry{ID: id, Type: EntryMet, Project: project, Owner: "po"})
			totals.Add(Entry{ID: id, Type: EntryBreached, Project: project, Owner: "po"})
		}
		for _, one := range []EntryType{EntrySlip, EntryBypass, GuardReopened, GuardAskedAgain} {
			totals.Add(Entry{Type: one, Project: project, Owner: "po"})
		}
	}
	var parts []Part
	for id := range rules.Projects {
		for _, kind := range []Kind{Acceptance, Question} {
			parts = append(parts, Part{Wait: Wait{StoryID: int64(id[0]), Story: "S-" + id, Kind: kind}, ProjectID: id, Owner: "po", End: Never})
		}
	}
	r := NewReport(rules, 1000, totals, parts, nil, &Statistics{}, 20)
	for project, fits := range map[string]bool{"PAY": true, "OPS": false, "APP": true} {
		if got, ok := r.Configured[project]; !ok || got != fits {
			t.Errorf("%s is configured: %t, want %t", project, got, fits)
		}
		has := project == "PAY"
		key := Key{Acceptance, project, "po"}
		_, latencies := r.Totals.Latency[EndedKey{key, Accepted, ByOwner}]
		_, elapsed := r.Totals.Elapsed[key]
		_, ended := r.Totals.Ended[EndedKey{key, Accepted, ByOwner}]
		_, met := r.Totals.Met[key]
		_, breached := r.Totals.Breached[key]
		_, slips := r.Totals.Slips[project]
		_, bypassed := r.Totals.Bypassed[project]
		_, reopened := r.Totals.Guards[GuardKey{GuardReopened, project, "po"}]
		_, open := r.Open[key]
		_, stories := r.Stories[StoryKey{Acceptance, project}]
		_, target := r.Targets[StoryKey{Acceptance, project}]
		listed := slices.ContainsFunc(r.OpenWaits, func(w OpenWait) bool { return w.Key == key })
		for name, got := range map[string]bool{
			"latency": latencies, "elapsed": elapsed, "ended": ended, "met": met, "breached": breached, "slips": slips, "bypassed": bypassed,
			"reopened": reopened, "open": open, "stories": stories, "target": target, "listed": listed,
		} {
			if got != has {
				t.Errorf("%s: %s of acceptance is there: %t, want %t", project, name, got, has)
			}
		}
		key.Kind = Question
		if r.Open[key].Open != 1 || r.Totals.Met[key] != 1 || r.Totals.Guards[GuardKey{GuardAskedAgain, project, "po"}] != 1 {
			t.Errorf("%s: questions are not what they are elsewhere", project)
		}
	}
	if totals.Met[Key{Acceptance, "OPS", "po"}] != 1 {
		t.Error("the report changed the totals that it was made from")
	}
}

// TestWhatTheOwnerFieldHolds holds what counts as an owner field that somebody is in.
func TestWhatTheOwnerFieldHolds(t *testing.T) {
	const field = "customfield_1"
	for _, tc := range []struct {
		name   string
		field  string
		own    string
		parent string
		want   FieldUse
	}{
		{"none is configured", "", "", "", NoField},
		{"the story's own", field, "ada", "", FieldSet},
		{"its parent's", field, "", "ada", FieldSet},
		{"nobody's", field, "", "", FieldEmpty},
	} {
		rules := &Rules{Projects: map[string]*Project{"1": {ID: "1", Key: "PAY", OwnerField: tc.field}}, Types: map[string]bool{"t": true}}
		h := &History{ID: 1, Key: "PAY-1", Now: map[string][]Value{FieldProject: {{ID: "1"}}, FieldType: {{ID: "t"}}, FieldParent: {{ID: "9"}}}, Events: []Event{{At: 1, Rank: RankCreated}}}
		parent := &History{ID: 9, Now: map[string][]Value{}, Events: []Event{{At: 1, Rank: RankCreated}}}
		if tc.own != "" {
			h.Now[field] = []Value{{ID: tc.own}}
		}
		if tc.parent != "" {
			parent.Now[field] = []Value{{ID: tc.parent}}
		}
		got := NewDeriver(rules, Ancestors{"9": NewAncestor(parent)}).Story(h, 100).Home
		if want := (Home{"1", tc.want}); got != want {
			t.Errorf("%s: got %+v, want %+v", tc.name, got, want)
		}
	}
}
