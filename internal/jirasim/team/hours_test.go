package team

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWorked(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	office := &owner{zone: berlin, from: 9 * 60, to: 17 * 60, days: weekdays()}
	night := &owner{zone: berlin, from: 1 * 60, to: 4 * 60, days: everyDay()}
	local := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 0, 0, 0, berlin)
	}
	for _, tc := range []struct {
		name     string
		who      *owner
		from, to time.Time
		want     time.Duration
	}{
		{"within a day", office, local(3, 3, 10), local(3, 3, 12), 2 * time.Hour},
		{"over a weekend", office, local(3, 6, 16), local(3, 9, 10), 2 * time.Hour},
		{"a free day", office, local(3, 7, 0), local(3, 8, 0), 0},
		{"the hour that is skipped", night, local(3, 29, 0), local(3, 29, 12), 2 * time.Hour},
		{"the hour that comes twice", night, local(10, 25, 0), local(10, 25, 12), 4 * time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.who.worked([]span{{tc.from, tc.to}}); got != tc.want {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

func TestWithout(t *testing.T) {
	never := time.Time{}
	for _, tc := range []struct {
		name string
		cuts []span
		want []span
	}{
		{"nothing", nil, []span{{at(10), at(20)}}},
		{"the middle", []span{{at(12), at(14)}}, []span{{at(10), at(12)}, {at(14), at(20)}}},
		{"both ends", []span{{at(5), at(12)}, {at(18), at(25)}}, []span{{at(12), at(18)}}},
		{"from an instant on", []span{{at(15), never}}, []span{{at(10), at(15)}}},
		{"up to an instant", []span{{never, at(15)}}, []span{{at(15), at(20)}}},
		{"all", []span{{never, never}}, nil},
		{"what lies elsewhere", []span{{at(1), at(5)}, {at(25), at(30)}}, []span{{at(10), at(20)}}},
		{"two that overlap", []span{{at(12), at(16)}, {at(14), at(18)}}, []span{{at(10), at(12)}, {at(18), at(20)}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := without([]span{{at(10), at(20)}}, tc.cuts)
			if len(got) == 0 {
				got = nil
			}
			if d := cmp.Diff(tc.want, got, cmp.AllowUnexported(span{})); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}
