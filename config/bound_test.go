package config

import (
	"testing"
	"time"
)

func zoneOf(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestRangeInstants(t *testing.T) {
	for _, c := range []struct {
		name, zone, from, to, wantFrom, wantTo string // wanted in UTC; empty: the zero time
	}{
		{"nothing", "Europe/Berlin", "", "", "", ""},
		{"one day", "Europe/Berlin", "2026-08-03", "2026-08-03", "2026-08-02T22:00:00Z", "2026-08-03T22:00:00Z"},
		{"both ends are included", "Europe/Berlin", "2026-08-03", "2026-08-14", "2026-08-02T22:00:00Z", "2026-08-14T22:00:00Z"},
		{"from alone", "UTC", "2026-08-03", "", "2026-08-03T00:00:00Z", ""},
		{"to alone", "UTC", "", "2026-08-03", "", "2026-08-04T00:00:00Z"},
		{"instants are taken as they are", "Europe/Berlin", "2026-08-03T12:00:00+02:00", "2026-08-03T17:00:00Z", "2026-08-03T10:00:00Z", "2026-08-03T17:00:00Z"},
		{"a date and an instant", "Europe/London", "2026-08-03", "2026-08-03T12:00:00Z", "2026-08-02T23:00:00Z", "2026-08-03T12:00:00Z"},
		{"the day the clock goes forward", "Europe/Berlin", "2026-03-29", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"the day the clock goes back", "Europe/Berlin", "2026-10-25", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		{"a day without midnight", "America/Santiago", "2026-09-06", "2026-09-06", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
		{"a day with two midnights", "America/Havana", "2026-11-01", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
		{"the end of a month", "UTC", "2026-01-31", "2026-01-31", "2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Range
			var err error
			if r.From, err = ParseBound(c.from); err != nil {
				t.Fatal(err)
			}
			if r.To, err = ParseBound(c.to); err != nil {
				t.Fatal(err)
			}
			from, to := r.Instants(zoneOf(t, c.zone))
			for _, end := range []struct {
				name, want string
				got        time.Time
			}{{"from", c.wantFrom, from}, {"to", c.wantTo, to}} {
				got := ""
				if !end.got.IsZero() {
					got = end.got.UTC().Format(time.RFC3339)
				}
				if got != end.want {
					t.Errorf("%s is %s, want %s", end.name, got, end.want)
				}
			}
		})
	}
}

func TestRangeOverlap(t *testing.T) {
	bounds := func(from, to string) Range {
		var r Range
		var err error
		if r.From, err = ParseBound(from); err != nil {
			t.Fatal(err)
		}
		if r.To, err = ParseBound(to); err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, c := range []struct {
		name string
		a, b Range
		want bool
	}{
		{"all time", Range{}, Range{}, true},
		{"one after the other", bounds("", "2026-05-31"), bounds("2026-06-01", ""), false},
		{"a shared day", bounds("", "2026-06-01"), bounds("2026-06-01", ""), true},
		{"a shared day and more", bounds("", "2026-05-31"), bounds("2026-05-30", ""), true},
		{"apart", bounds("2026-01-01", "2026-01-31"), bounds("2026-03-01", "2026-03-31"), false},
		{"one within the other", bounds("2026-01-01", ""), bounds("2026-03-01", "2026-03-31"), true},
	} {
		if got := c.a.overlap(c.b, zoneOf(t, "America/New_York")); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
