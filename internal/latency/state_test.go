package latency

import "testing"

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
