package calendar

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// location returns a zone by its name.
func location(t interface{ Fatal(...any) }, name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// on returns a week with the same intervals on some days; on none given, on all.
func on(intervals []Interval, days ...time.Weekday) Week {
	var w Week
	if len(days) == 0 {
		days = []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	}
	for _, d := range days {
		w[d] = intervals
	}
	return w
}

// mustNew returns the calendar that spec describes.
func mustNew(t interface{ Fatal(...any) }, spec Spec) *Calendar {
	c, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// instant returns the instant of a local time.
func instant(t interface{ Fatal(...any) }, zone *time.Location, text string) Instant {
	at, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return At(at)
}

// officeHours are from 9 to 5.
func officeHours() Week {
	return on([]Interval{{9 * 60, 17 * 60}}, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday)
}

func TestWorking(t *testing.T) {
	const (
		berlin   = "Europe/Berlin"       // an hour at 02:00, 29 March and 25 October 2026
		newYork  = "America/New_York"    // an hour at 02:00, 8 March and 1 November 2026
		lordHowe = "Australia/Lord_Howe" // half an hour at 02:00, 5 April and 4 October 2026
		cairo    = "Africa/Cairo"        // an hour at midnight, 24 April 2026
		havana   = "America/Havana"      // an hour to midnight, 1 November 2026
		apia     = "Pacific/Apia"        // the whole of 30 December 2011
	)
	var (
		office = officeHours()
		night  = on([]Interval{{22 * 60, 6 * 60}})
		whole  = on([]Interval{{0, 24 * 60}})
		dawn   = on([]Interval{{2*60 + 30, 6 * 60}})
		late   = on([]Interval{{0, 2*60 + 30}})
		halves = on([]Interval{{0, 2*60 + 30}, {2*60 + 30, 24 * 60}})
	)
	third := func(_ int, m time.Month, d int) bool { return m == time.March && d == 3 }
	for _, tc := range []struct {
		name, zone string
		week       Week
		holiday    func(int, time.Month, int) bool
		from, to   string // local
		want       time.Duration
	}{
		{"over a weekend", berlin, office, nil, "2026-03-06 16:00", "2026-03-09 10:00", 2 * time.Hour},
		{"over a weekend on which clocks are set forward", berlin, office, nil, "2026-03-28 12:00", "2026-03-30 09:30", 30 * time.Minute},
		{"over a weekend on which clocks are set back", berlin, office, nil, "2026-10-24 12:00", "2026-10-26 09:30", 30 * time.Minute},
		{"a night in which clocks are set forward", berlin, night, nil, "2026-03-28 22:00", "2026-03-29 06:00", 7 * time.Hour},
		{"a night in which clocks are set back", berlin, night, nil, "2026-10-24 22:00", "2026-10-25 06:00", 9 * time.Hour},
		{"a part of a night", berlin, night, nil, "2026-03-03 23:00", "2026-03-04 23:00", 8 * time.Hour},

		{"a day of 23 hours", newYork, whole, nil, "2026-03-08 00:00", "2026-03-09 00:00", 23 * time.Hour},
		{"a day of 25 hours", newYork, whole, nil, "2026-11-01 00:00", "2026-11-02 00:00", 25 * time.Hour},
		{"a day of 23 hours and a half", lordHowe, whole, nil, "2026-10-04 00:00", "2026-10-05 00:00", 23*time.Hour + 30*time.Minute},
		{"a day of 24 hours and a half", lordHowe, whole, nil, "2026-04-05 00:00", "2026-04-06 00:00", 24*time.Hour + 30*time.Minute},
		{"a day in a zone that sets no clocks", "Asia/Kolkata", office, nil, "2026-03-29 00:00", "2026-03-31 00:00", 8 * time.Hour},
		{"a year in a zone that sets no clocks", "Asia/Kolkata", whole, nil, "2026-01-01 00:00", "2027-01-01 00:00", 365 * 24 * time.Hour},
		{"a day whose midnight is skipped", cairo, whole, nil, "2026-04-23 00:00", "2026-04-25 00:00", 47 * time.Hour},
		{"a day whose midnight comes twice", havana, whole, nil, "2026-10-31 00:00", "2026-11-02 00:00", 49 * time.Hour},
		{"a day that is skipped", apia, office, nil, "2011-12-29 12:00", "2011-12-31 12:00", 5 * time.Hour},

		{"beginning at a time that is skipped", berlin, dawn, nil, "2026-03-29 00:00", "2026-03-29 12:00", 3 * time.Hour},
		{"ending at a time that is skipped", berlin, late, nil, "2026-03-29 00:00", "2026-03-29 12:00", 2 * time.Hour},
		{"beginning at a time that comes twice", berlin, dawn, nil, "2026-10-25 00:00", "2026-10-25 12:00", 4*time.Hour + 30*time.Minute},
		{"ending at a time that comes twice", berlin, late, nil, "2026-10-25 00:00", "2026-10-25 12:00", 2*time.Hour + 30*time.Minute},
		{"meeting at a time that is skipped", berlin, halves, nil, "2026-03-29 00:00", "2026-03-30 00:00", 23 * time.Hour},
		{"meeting at a time that comes twice", berlin, halves, nil, "2026-10-25 00:00", "2026-10-26 00:00", 25 * time.Hour},

		{"several intervals a day", berlin, on([]Interval{{540, 720}, {780, 1020}}), nil, "2026-03-02 09:00", "2026-03-03 09:00", 7 * time.Hour},
		{"what overlaps counts once", berlin, on([]Interval{{600, 780}, {540, 720}, {610, 620}}), nil, "2026-03-02 00:00", "2026-03-03 00:00", 4 * time.Hour},
		{"what overlaps the next day counts once", berlin, on([]Interval{{1320, 360}, {300, 420}}), nil, "2026-03-02 12:00", "2026-03-03 12:00", 9 * time.Hour},
		{"an interval of 24 hours", berlin, on([]Interval{{540, 540}}, time.Monday), nil, "2026-03-02 00:00", "2026-03-04 00:00", 24 * time.Hour},

		{"a holiday", berlin, office, third, "2026-03-02 00:00", "2026-03-05 00:00", 16 * time.Hour},
		{"a night that begins on a holiday", berlin, night, third, "2026-03-02 12:00", "2026-03-05 12:00", 16 * time.Hour},
		{"a night that ends on a holiday", berlin, night, third, "2026-03-03 00:00", "2026-03-04 00:00", 6 * time.Hour},

		{"no time", berlin, office, nil, "2026-03-03 12:00", "2026-03-03 12:00", 0},
		{"backwards", berlin, office, nil, "2026-03-04 00:00", "2026-03-03 00:00", 0},
		{"before all years", berlin, whole, nil, "1900-01-01 00:00", "1990-01-01 01:00", time.Hour},
		{"after all years", berlin, whole, nil, "2070-12-31 23:00", "2200-01-01 00:00", time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			zone := location(t, tc.zone)
			c := mustNew(t, Spec{Zone: zone, Week: tc.week, Holiday: tc.holiday})
			got := c.Working(instant(t, zone, tc.from), instant(t, zone, tc.to))
			if got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	zone := location(t, "Europe/Berlin")
	c := mustNew(t, Spec{Zone: zone, Week: officeHours()})
	for _, tc := range []struct {
		name, from string
		working    time.Duration
		want       string
	}{
		{"within the day", "2026-03-02 09:00", 4 * time.Hour, "2026-03-02 13:00"},
		{"at the end of the day, not the beginning of the next", "2026-03-02 09:00", 8 * time.Hour, "2026-03-02 17:00"},
		{"the next day", "2026-03-02 16:00", 2 * time.Hour, "2026-03-03 10:00"},
		{"from outside of working hours", "2026-03-07 12:00", 30 * time.Minute, "2026-03-09 09:30"},
		{"over a weekend on which clocks are set", "2026-03-27 16:00", 2 * time.Hour, "2026-03-30 10:00"},
		{"no time", "2026-03-07 12:00", 0, "2026-03-07 12:00"},
		{"less than no time", "2026-03-07 12:00", -time.Hour, "2026-03-07 12:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at, ok := c.After(instant(t, zone, tc.from), tc.working)
			if !ok || at != instant(t, zone, tc.want) {
				t.Errorf("got %v, %t, want %s", at.Time().In(zone), ok, tc.want)
			}
		})
	}
	end := instant(t, zone, "2070-12-31 16:00") // a Wednesday
	if _, ok := c.After(end, time.Hour); !ok {
		t.Error("the last hour of all years is never worked")
	}
	if at, ok := c.After(end, time.Hour+time.Millisecond); ok {
		t.Errorf("more than the last hour of all years is worked at %d", at)
	}
	for _, from := range []Instant{math.MinInt64, 0, Never} {
		if at, ok := c.After(from, math.MaxInt64); ok {
			t.Errorf("endless time after %d is worked at %d", from, at)
		}
	}
}

func TestOpen(t *testing.T) {
	zone := location(t, "Europe/Berlin")
	c := mustNew(t, Spec{Zone: zone, Week: officeHours()})
	for text, want := range map[string]bool{
		"2026-03-02 08:59": false,
		"2026-03-02 09:00": true,
		"2026-03-02 16:59": true,
		"2026-03-02 17:00": false,
		"2026-03-07 12:00": false,
		"1980-03-03 12:00": false,
		"2080-03-04 12:00": false,
	} {
		if got := c.Open(instant(t, zone, text)); got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	always := func(int, time.Month, int) bool { return true }
	for name, spec := range map[string]Spec{
		"no zone":                      {Week: officeHours()},
		"no hours":                     {Zone: time.UTC},
		"no day but holidays":          {Zone: time.UTC, Week: officeHours(), Holiday: always},
		"an end beyond the day":        {Zone: time.UTC, Week: on([]Interval{{540, 1441}})},
		"a beginning before midnight":  {Zone: time.UTC, Week: on([]Interval{{-1, 60}})},
		"a beginning at the day's end": {Zone: time.UTC, Week: on([]Interval{{1440, 60}})},
		"an end before midnight":       {Zone: time.UTC, Week: on([]Interval{{60, -1}})},
	} {
		if _, err := New(spec); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	_, err := New(Spec{Zone: time.UTC, Week: on([]Interval{{1440, 1441}})})
	if want := "minutes 1440 to 1441: must begin from 0 to 1439 and end from 0 to 1440"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error that contains %q", err, want)
	}
}

// walk measures working time minute by minute, by what clocks show: the latest
// time they have shown so far, as no interval begins or ends again when they
// are set back.
func walk(spec Spec, from, to Instant) time.Duration {
	const minute, day = Instant(time.Minute / time.Millisecond), Instant(24 * time.Hour / time.Millisecond)
	covers := func(date Instant, minutes int) bool { // minutes after the midnight that a date, in days since the epoch, begins with
		d := (date * day).Time()
		if spec.Holiday != nil && spec.Holiday(d.Date()) {
			return false
		}
		for _, iv := range spec.Week[d.Weekday()] {
			to := iv.To
			if to <= iv.From {
				to += minutesPerDay
			}
			if minutes >= iv.From && minutes < to {
				return true
			}
		}
		return false
	}
	var sum time.Duration
	var latest Instant
	for at := from - 180*minute; at < to; at += minute {
		_, offset := at.Time().In(spec.Zone).Zone()
		latest = max(latest, at+Instant(offset)*1000)
		date, minutes := latest/day, int(latest%day/minute)
		if at >= from && (covers(date, minutes) || covers(date-1, minutes+minutesPerDay)) {
			sum += time.Minute
		}
	}
	return sum
}

// randomSpec draws working hours and holidays.
func randomSpec(t *rapid.T) Spec {
	spec := Spec{Zone: location(t, rapid.SampledFrom([]string{
		"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Auckland", "Africa/Cairo", "America/Havana",
	}).Draw(t, "zone"))}
	for day := range spec.Week {
		for range rapid.IntRange(0, 3).Draw(t, "intervals") {
			spec.Week[day] = append(spec.Week[day], Interval{rapid.IntRange(0, 1439).Draw(t, "from"), rapid.IntRange(0, 1440).Draw(t, "to")})
		}
	}
	if rapid.Bool().Draw(t, "holidays") {
		nth := rapid.IntRange(2, 7).Draw(t, "nth")
		spec.Holiday = func(_ int, _ time.Month, day int) bool { return day%nth == 0 }
	}
	return spec
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := randomSpec(t)
		c, err := New(spec)
		if err != nil {
			t.Skip("no working hours")
		}
		// Clocks are set in the weeks after each of these days.
		base := rapid.SampledFrom([]string{"2026-03-01 00:00", "2026-03-27 00:00", "2026-04-22 00:00", "2026-09-24 00:00", "2026-10-23 00:00"}).Draw(t, "base")
		minutes := func(name string) time.Duration {
			return time.Duration(rapid.Int64Range(0, 5*minutesPerDay).Draw(t, name)) * time.Minute
		}
		from := instant(t, time.UTC, base).Add(minutes("from"))
		middle := from.Add(minutes("middle"))
		to := middle.Add(minutes("to"))

		first, second, both := c.Working(from, middle), c.Working(middle, to), c.Working(from, to)
		if first+second != both {
			t.Fatalf("working time does not add up: %v + %v != %v", first, second, both)
		}
		if both < 0 || both > to.Sub(from) {
			t.Fatalf("%v of %v are worked", both, to.Sub(from))
		}
		if want := walk(spec, from, to); both != want {
			t.Fatalf("got %v, walked %v", both, want)
		}
		working := time.Duration(rapid.Int64Range(0, (5*24*time.Hour).Milliseconds()).Draw(t, "working")) * time.Millisecond
		at, ok := c.After(from, working)
		switch {
		case !ok:
			t.Fatalf("%v are never worked", working)
		case c.Working(from, at) != working:
			t.Fatalf("after %v %v are worked", working, c.Working(from, at))
		case working > 0 && !c.Open(at-1):
			t.Fatalf("the last millisecond before %d is not worked, so it is not the earliest instant", at)
		}
		if c.Open(from) != (c.Working(from, from+1) == time.Millisecond) {
			t.Fatalf("open at %d: %t", from, c.Open(from))
		}
	})
}

func TestWorkingAllocatesNothing(t *testing.T) {
	c := mustNew(t, Spec{Zone: location(t, "Europe/Berlin"), Week: officeHours()})
	from := instant(t, time.UTC, "2026-03-02 10:00")
	if n := testing.AllocsPerRun(100, func() { c.Working(from, from+1e9); c.After(from, time.Hour); c.Open(from) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkWorkingYear(b *testing.B) {
	c := mustNew(b, Spec{Zone: location(b, "Europe/Berlin"), Week: on([]Interval{{540, 720}, {780, 1020}}, 1, 2, 3, 4, 5)})
	from, to := instant(b, time.UTC, "2025-03-03 10:00"), instant(b, time.UTC, "2026-03-03 10:00")
	c.Open(from)
	b.ReportAllocs()
	for b.Loop() {
		c.Working(from, to)
	}
}

func BenchmarkFirstQuestion(b *testing.B) {
	spec := Spec{Zone: location(b, "Europe/Berlin"), Week: on([]Interval{{540, 720}, {780, 1020}}, 1, 2, 3, 4, 5)}
	b.ReportAllocs()
	for b.Loop() {
		mustNew(b, spec).Open(0)
	}
}

func ExampleCalendar_Working() {
	c, err := New(Spec{Zone: time.UTC, Week: officeHours()})
	if err != nil {
		fmt.Println(err)
		return
	}
	friday := time.Date(2026, time.March, 6, 16, 0, 0, 0, time.UTC)
	monday := time.Date(2026, time.March, 9, 10, 0, 0, 0, time.UTC)
	working := c.Working(At(friday), At(monday))
	fmt.Println(working)
	// Output: 2h0m0s
}

// TestHoursWithinAnHourShownTwice begins and ends hours twice within the hour
// that clocks show twice: all of it is the first time they show it.
func TestHoursWithinAnHourShownTwice(t *testing.T) {
	for _, tc := range []struct {
		zone  string
		from  int // minutes after midnight, by the clocks
		first time.Time
	}{
		{"Europe/Berlin", 2 * 60, time.Date(2026, time.October, 25, 0, 0, 0, 0, time.UTC)},
		{"America/New_York", 1 * 60, time.Date(2026, time.November, 1, 5, 0, 0, 0, time.UTC)},
	} {
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		spec := Spec{Zone: zone}
		spec.Week[time.Sunday] = []Interval{{From: tc.from + 10, To: tc.from + 20}, {From: tc.from + 30, To: tc.from + 40}}
		cal, err := New(spec)
		if err != nil {
			t.Fatal(err)
		}
		working := func(from, to time.Duration) time.Duration {
			return cal.Working(At(tc.first.Add(from)), At(tc.first.Add(to)))
		}
		for _, span := range []struct{ from, to, want time.Duration }{
			{0, 10 * time.Minute, 0},
			{10 * time.Minute, 20 * time.Minute, 10 * time.Minute},
			{20 * time.Minute, 30 * time.Minute, 0},
			{30 * time.Minute, 40 * time.Minute, 10 * time.Minute},
			{40 * time.Minute, 10 * time.Hour, 0},
		} {
			if got := working(span.from, span.to); got != span.want {
				t.Errorf("%s, from %s to %s after %s: got %s, want %s", tc.zone, span.from, span.to, tc.first.Format(time.RFC3339), got, span.want)
			}
		}
	}
}
