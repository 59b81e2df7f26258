package calendar

import (
	"math"
	"testing"
	"time"
)

func TestInstantSub(t *testing.T) {
	const most = Instant(math.MaxInt64 / time.Millisecond)
	const years = 292 * 365 * 24 * time.Hour
	for _, tc := range []struct {
		name    string
		at, sub Instant
		want    time.Duration
	}{
		{"later", 5000, 2000, 3 * time.Second},
		{"earlier", 2000, 5000, -3 * time.Second},
		{"the same", Never, Never, 0},
		{"nearly too long", Instant(0).Add(years), 0, years},
		{"the longest there is", most, 0, time.Duration(most) * time.Millisecond},
		{"a millisecond more", most + 1, 0, math.MaxInt64},
		{"the shortest there is", -most, 0, -time.Duration(most) * time.Millisecond},
		{"a millisecond less", -most - 1, 0, math.MinInt64},
		{"too long", Instant(0).Add(years).Add(years), 0, math.MaxInt64},
		{"too long before", 0, Instant(0).Add(years).Add(years), math.MinInt64},
		{"from the first instant to the last", Never, math.MinInt64, math.MaxInt64},
		{"from the last to the first", math.MinInt64, Never, math.MinInt64},
	} {
		if got := tc.at.Sub(tc.sub); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}
