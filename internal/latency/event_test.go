package latency

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
