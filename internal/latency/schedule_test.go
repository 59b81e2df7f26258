package latency

import (
	"slices"
	"testing"
)

// TestScheduleKeepsTheLastInstant holds that a story is due once, when it was said last.
func TestScheduleKeepsTheLastInstant(t *testing.T) {
	s := newSchedule()
	for i := range int64(1000) { // which leaves much behind in the queue
		s.set(i%10, Instant(i))
	}
	s.set(3, Never)
	s.set(4, 5)
	if len(s.queue) > 100 {
		t.Errorf("the queue holds %d entries for %d stories", len(s.queue), len(s.at))
	}
	var got []int64
	for _, by := range []Instant{4, 5, 991, 2000} {
		for id, ok := s.pop(by); ok; id, ok = s.pop(by) {
			got = append(got, id)
		}
		got = append(got, -int64(by))
	}
	if want := []int64{-4, 4, -5, 0, 1, -991, 2, 5, 6, 7, 8, 9, -2000}; !slices.Equal(got, want) {
		t.Errorf("due were %v, want %v", got, want)
	}
}
