package recount

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// span is the half-open interval [from, to). A zero from or to is no limit.
type span struct{ from, to time.Time }

func (s span) contains(t time.Time) bool {
	return (s.from.IsZero() || !t.Before(s.from)) && (s.to.IsZero() || t.Before(s.to))
}

// hours is an interval of working hours, in minutes from the start of its local
// day; one over midnight ends after more than a day's minutes.
type hours struct{ from, to int }

// calendar says when somebody works.
type calendar struct {
	zone *time.Location
	week map[time.Weekday][]hours
	off  []string // local days on which no hours begin

	spans []span // the intervals of working hours, in their order
}

// calendarOf reads a calendar; nil is Monday to Friday from 9 to 17 in UTC.
func calendarOf(t *testing.T, s *setupCalendar) calendar {
	t.Helper()
	if s == nil {
		each := []string{"09:00-17:00"}
		s = &setupCalendar{Zone: "UTC", Hours: map[string][]string{"mon": each, "tue": each, "wed": each, "thu": each, "fri": each}}
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		t.Fatal(err)
	}
	c := calendar{zone: zone, week: make(map[time.Weekday][]hours), off: s.Holidays}
	for name, list := range s.Hours {
		day := time.Weekday(slices.Index([]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, name))
		for _, text := range list {
			from, to, _ := strings.Cut(text, "-")
			h := hours{minutes(t, from), minutes(t, to)}
			if h.to <= h.from {
				h.to += 24 * 60
			}
			c.week[day] = append(c.week[day], h)
		}
		slices.SortFunc(c.week[day], func(a, b hours) int { return a.from - b.from })
	}
	c.writeOut()
	return c
}

func minutes(t *testing.T, clock string) int {
	t.Helper()
	hour, minute, _ := strings.Cut(clock, ":")
	h, err := strconv.Atoi(hour)
	m, err2 := strconv.Atoi(minute)
	if err != nil || err2 != nil {
		t.Fatalf("%q is no time of day", clock)
	}
	return 60*h + m
}

// localTime returns the instant at which clocks of a zone first show a time, in
// minutes from the start of a day. A time that clocks skip is the instant at
// which they do.
func localTime(zone *time.Location, year int, month time.Month, day, minute int) time.Time {
	wanted := time.Date(year, month, day, 0, minute, 0, 0, time.UTC)
	shown := func(t time.Time) time.Time {
		t = t.In(zone)
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	}
	// No zone is further than a day from UTC. What clocks show goes back by no more
	// than some hours, once in a while; before and after that it only grows.
	_, before := wanted.Add(-24 * time.Hour).In(zone).Zone()
	_, after := wanted.Add(24 * time.Hour).In(zone).Zone()
	first := wanted.Add(-time.Duration(max(before, after)) * time.Second)
	last := wanted.Add(-time.Duration(min(before, after)) * time.Second)
	if shown(first).Equal(wanted) {
		return first.UTC()
	}
	if shown(last).Equal(wanted) {
		return last.UTC()
	}
	_, skip := first.In(zone).ZoneBounds()
	return skip.UTC()
}

// The years for which calendars are written out.
const (
	firstYear = 2008
	lastYear  = 2028
)

// writeOut lists the intervals of working hours in their order. No interval of a
// day reaches into those of the next.
func (c *calendar) writeOut() {
	for date := time.Date(firstYear, time.January, 1, 12, 0, 0, 0, time.UTC); date.Year() <= lastYear; date = date.AddDate(0, 0, 1) {
		if slices.Contains(c.off, date.Format(time.DateOnly)) {
			continue
		}
		year, month, day := date.Date()
		for _, h := range c.week[date.Weekday()] {
			c.spans = append(c.spans, span{localTime(c.zone, year, month, day, h.from), localTime(c.zone, year, month, day, h.to)})
		}
	}
}

// workday calls f with each interval of working hours that ends after t, until f
// returns false.
func (c calendar) workday(t time.Time, f func(span) bool) {
	i, _ := slices.BinarySearchFunc(c.spans, t, func(s span, t time.Time) int {
		if s.to.After(t) {
			return 1
		}
		return -1
	})
	for _, s := range c.spans[i:] {
		if !f(s) {
			return
		}
	}
}

// working returns the working time in [from, to).
func (c calendar) working(from, to time.Time) time.Duration {
	var sum time.Duration
	c.workday(from, func(s span) bool {
		if !s.from.Before(to) {
			return false
		}
		if a, b := later(s.from, from), earlier(s.to, to); a.Before(b) {
			sum += b.Sub(a)
		}
		return true
	})
	return sum
}

// after returns the first instant at which d of working time has passed since
// from; ok is false if it never does.
func (c calendar) after(from time.Time, d time.Duration) (at time.Time, ok bool) {
	c.workday(from, func(s span) bool {
		a := later(s.from, from)
		if !a.Before(s.to) {
			return true
		}
		if s.to.Sub(a) >= d {
			at, ok = a.Add(d), true
			return false
		}
		d -= s.to.Sub(a)
		return true
	})
	return at, ok
}

// fullDays returns how many local days on which hours begin lie between two
// instants, from their midnight to the next.
func (c calendar) fullDays(from, to time.Time) int {
	n := 0
	year, month, first := from.In(c.zone).Date()
	for day := first; ; day++ {
		if localTime(c.zone, year, month, day+1, 0).After(to) {
			return n
		}
		date := time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
		if len(c.week[date.Weekday()]) > 0 && !slices.Contains(c.off, date.Format(time.DateOnly)) && !localTime(c.zone, year, month, day, 0).Before(from) {
			n++
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
