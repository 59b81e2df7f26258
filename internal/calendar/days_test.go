package calendar

import (
	"testing"
	"time"
)

func TestAfterDays(t *testing.T) {
	night := on([]Interval{{22 * 60, 6 * 60}}, time.Monday, time.Tuesday)
	third := func(_ int, m time.Month, d int) bool { return m == time.March && d == 3 }
	for _, tc := range []struct {
		name, zone string
		week       Week
		holiday    func(int, time.Month, int) bool
		from       string // local
		days       int
		want       string // local; "": never
	}{
		{"none", "Europe/Berlin", officeHours(), nil, "2026-03-02 10:00", 0, "2026-03-02 10:00"},
		{"the day itself is not whole", "Europe/Berlin", officeHours(), nil, "2026-03-02 00:01", 1, "2026-03-04 00:00"},
		{"from midnight it is", "Europe/Berlin", officeHours(), nil, "2026-03-02 00:00", 1, "2026-03-03 00:00"},
		{"three weeks", "Europe/Berlin", officeHours(), nil, "2026-03-02 10:00", 15, "2026-03-24 00:00"},
		{"over a weekend", "Europe/Berlin", officeHours(), nil, "2026-03-06 10:00", 1, "2026-03-10 00:00"},
		{"from a weekend", "Europe/Berlin", officeHours(), nil, "2026-03-08 10:00", 1, "2026-03-10 00:00"},
		{"over a holiday", "Europe/Berlin", officeHours(), third, "2026-03-02 10:00", 1, "2026-03-05 00:00"},
		{"a night is of the day on which it begins", "Europe/Berlin", night, nil, "2026-03-02 10:00", 1, "2026-03-04 00:00"},
		{"clocks are set forward", "Europe/Berlin", on([]Interval{{0, 60}}), nil, "2026-03-28 10:00", 1, "2026-03-30 00:00"},
		{"a day that is skipped is over as it begins", "Pacific/Apia", on([]Interval{{0, 60}}), nil, "2011-12-28 10:00", 2, "2011-12-31 00:00"},
		{"the last day of all years", "Europe/Berlin", on([]Interval{{0, 60}}), nil, "2070-12-30 10:00", 1, "2071-01-01 00:00"},
		{"after all years", "Europe/Berlin", on([]Interval{{0, 60}}), nil, "2070-12-30 10:00", 2, ""},
		{"before all years", "Europe/Berlin", on([]Interval{{0, 60}}), nil, "1900-01-01 00:00", 1, "1990-01-02 00:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			zone := location(t, tc.zone)
			c := mustNew(t, Spec{Zone: zone, Week: tc.week, Holiday: tc.holiday})
			at, ok := c.AfterDays(instant(t, zone, tc.from), tc.days)
			switch {
			case ok != (tc.want != ""):
				t.Errorf("there are so many days: %t", ok)
			case ok && at != instant(t, zone, tc.want):
				t.Errorf("%v, want %s", at.Time().In(zone), tc.want)
			}
		})
	}
}
