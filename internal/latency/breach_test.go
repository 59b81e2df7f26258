package latency

import "testing"

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
