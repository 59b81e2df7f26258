package latency

import (
	"slices"
	"testing"
	"time"
)

func TestOpenAndOverdue(t *testing.T) {
	for _, tc := range []struct {
		name          string
		part          Part
		open, overdue bool
	}{
		{"open", Part{End: Never, Working: time.Hour, Target: 2 * time.Hour}, true, false},
		{"at its target", Part{End: Never, Working: 2 * time.Hour, Target: 2 * time.Hour}, true, false},
		{"past it", Part{End: Never, Working: 2*time.Hour + 1, Target: 2 * time.Hour}, true, true},
		{"ended past it", Part{End: 5, Working: 3 * time.Hour, Target: 2 * time.Hour}, false, false},
	} {
		if tc.part.Open() != tc.open || tc.part.Overdue() != tc.overdue {
			t.Errorf("%s: open %t, overdue %t", tc.name, tc.part.Open(), tc.part.Overdue())
		}
	}
}

// TestPartsInOrder sorts by start, then story, kind and number.
func TestPartsInOrder(t *testing.T) {
	part := func(start Instant, story int64, kind Kind, number int) Part {
		return Part{Wait: Wait{StoryID: story, Kind: kind}, Start: start, Number: number}
	}
	want := []Part{part(1, 9, Question, 2), part(2, 3, Question, 2), part(2, 10, Acceptance, 2), part(2, 10, Question, 1), part(2, 10, Question, 2)}
	for i := range want {
		for j := range want {
			if got, want := CompareParts(want[i], want[j]), min(1, max(-1, i-j)); got != want {
				t.Errorf("%d and %d: %d, want %d", i, j, got, want)
			}
		}
	}
	if !slices.IsSortedFunc(want, CompareParts) {
		t.Error("not in order")
	}
}
