package calendar

import (
	"testing"
	"time"
)

func TestMerge(t *testing.T) {
	for _, tc := range []struct {
		name string
		list []span
		want [][3]int64 // from, to, and the sum before
	}{
		{name: "none"},
		{name: "one", list: []span{{1, 3}}, want: [][3]int64{{1, 3, 0}}},
		{name: "apart, in any order", list: []span{{5, 6}, {1, 3}}, want: [][3]int64{{1, 3, 0}, {5, 6, 2}}},
		{name: "that meet", list: []span{{1, 3}, {3, 5}}, want: [][3]int64{{1, 5, 0}}},
		{name: "that overlap", list: []span{{1, 4}, {2, 6}, {7, 8}}, want: [][3]int64{{1, 6, 0}, {7, 8, 5}}},
		{name: "one within another", list: []span{{1, 9}, {2, 3}}, want: [][3]int64{{1, 9, 0}}},
		{name: "empty and backwards, first", list: []span{{1, 1}, {2, 0}, {3, 4}}, want: [][3]int64{{3, 4, 0}}},
		{name: "empty, between", list: []span{{1, 2}, {5, 5}, {7, 8}}, want: [][3]int64{{1, 2, 0}, {7, 8, 1}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := merge(tc.list)
			if len(got.from) != len(tc.want) {
				t.Fatalf("%v, want %v", got, tc.want)
			}
			for i, w := range tc.want {
				if got.from[i] != w[0] || got.to[i] != w[1] || got.sum[i] != w[2] {
					t.Errorf("%v, want %v", got, tc.want)
				}
			}
		})
	}
}

func TestSpansAnswer(t *testing.T) {
	none, one, two := merge(nil), merge([]span{{10, 20}}), merge([]span{{-5, 0}, {10, 20}})
	for _, tc := range []struct {
		name       string
		spans      spans
		done, more int64
		at         int64
		ok         bool
	}{
		{"none", none, 0, 1, 0, false},
		{"in the only one", one, 0, 1, 11, true},
		{"to the end of the only one", one, 3, 7, 20, true},
		{"past the end", one, 3, 8, 0, false},
		{"to the end of the first", two, 0, 5, 0, true},
		{"into the second", two, 4, 2, 11, true},
	} {
		if at, ok := tc.spans.reach(tc.done, tc.more); at != tc.at || ok != tc.ok {
			t.Errorf("%s: %d more after %d at %d %t, want %d %t", tc.name, tc.more, tc.done, at, ok, tc.at, tc.ok)
		}
	}
	for at, want := range map[int64]bool{-6: false, -5: true, -1: true, 0: false, 9: false, 10: true, 19: true, 20: false} {
		if two.contain(at) != want {
			t.Errorf("%d lies in one of %v: %t", at, two, !want)
		}
	}
}

// TestUntilMidnight has hours that end with the day, which may be written as
// the first minute of the next.
func TestUntilMidnight(t *testing.T) {
	for _, to := range []int{0, minutesPerDay} {
		c := mustNew(t, Spec{Zone: time.UTC, Week: on([]Interval{{22 * 60, to}}, time.Monday)})
		from := instant(t, time.UTC, "2026-03-02 00:00")
		if got := c.Working(from, from.Add(48*time.Hour)); got != 2*time.Hour {
			t.Errorf("to %d: %v, want 2 h", to, got)
		}
		evening := from.Add(22 * time.Hour)
		if at, ok := c.After(evening, time.Millisecond); at != evening+1 || !ok {
			t.Errorf("to %d: a millisecond is over at %d %t", to, at, ok)
		}
	}
}
