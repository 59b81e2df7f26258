package latency

import "testing"

// TestUserFields lets each field that holds people own a story.
func TestUserFields(t *testing.T) {
	for _, field := range []string{FieldReporter, FieldCreator, FieldAssignee, "customfield_7"} {
		rules := testRules(t)
		rules.Projects["1"].OwnerField = field
		s := begun(t)
		s.last[field] = val("next")
		res := NewDeriver(rules, nil).Story(s.move("Mon 09:00", "dev", "PO Review").history(), when(t, "Mon 10:00"))
		if len(res.Parts) != 1 || res.Parts[0].Owner != "next" {
			t.Errorf("%s: %+v", field, res.Parts)
		}
		if !HoldsPeople(field) {
			t.Errorf("%s holds no people", field)
		}
	}
	for _, field := range []string{FieldStatus, FieldLabels, FieldComponents} {
		if HoldsPeople(field) {
			t.Errorf("%s holds people", field)
		}
	}
}

// TestListsInFields reads fields of several people and labels.
func TestListsInFields(t *testing.T) {
	h := newTale(t, "Mon 08:00", "In Progress").says("Mon 10:00", "next", "so").history()
	h.Now["customfield_1"] = []Value{val("x"), val("next")}
	h.Now[FieldLabels] = []Value{val("x"), val("po-question")}
	rules := testRules(t)
	rules.Owners["next"] = &Owner{Key: "next"}
	waits := NewDeriver(rules, nil).Story(h, when(t, long)).Parts
	if len(waits) != 1 || waits[0].Owner != "next" || waits[0].Rule != ByLabel || waits[0].Outcome != Answered {
		t.Errorf("waits %+v, want one of next by label", waits)
	}
}
