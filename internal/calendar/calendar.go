// Package calendar measures working time: how much of the time between two
// instants lies in somebody's working hours.
package calendar

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"
)

// The years in which there are working hours. Outside of them there are none,
// so that every question is answered in bounded time and memory.
const (
	firstYear = 1990
	lastYear  = 2070
)

const minutesPerDay = 24 * 60

// Interval is a part of the local day, in minutes since its midnight. To may
// be 1440; a To that is not after From lies on the next day.
//
// The ends are what clocks on the wall show: an interval begins at the first
// instant at which they have reached From, and ends at the first at which they
// have reached To. Thus an hour that the clocks skip is no working hour, one
// that they show twice counts twice, and intervals that meet have no gap.
type Interval struct{ From, To int }

// Week holds the working hours of each weekday, by time.Weekday. Intervals may
// overlap; what they share counts once.
type Week [7][]Interval

// Spec describes working hours.
type Spec struct {
	Zone *time.Location
	Week Week
	// Holiday reports whether a local day is a holiday: no interval begins on it,
	// and one that began the day before goes on. It may be nil. It must always
	// give the same answer.
	Holiday func(year int, month time.Month, day int) bool
}

// Calendar answers questions about working hours in the years from 1990 to
// 2070; there are none before and after. It is safe for concurrent use.
type Calendar struct {
	spec Spec
	once sync.Once // the first question fills hours
	// hours are the working hours of all years, in order; they neither meet nor overlap.
	hours spans
	days  days
}

// New returns the calendar that spec describes. It is an error if an interval
// is not within the day, or if there are no working hours at all: no wait would
// ever grow older.
func New(spec Spec) (*Calendar, error) {
	if spec.Zone == nil {
		return nil, errors.New("a calendar needs a time zone")
	}
	for day, intervals := range spec.Week {
		for _, iv := range intervals {
			if iv.From < 0 || iv.From >= minutesPerDay || iv.To < 0 || iv.To > minutesPerDay {
				return nil, fmt.Errorf("working hours on %s, minutes %d to %d: must begin from 0 to %d and end from 0 to %d",
					time.Weekday(day), iv.From, iv.To, minutesPerDay-1, minutesPerDay)
			}
		}
	}
	for range spec.workdays {
		return &Calendar{spec: spec}, nil
	}
	return nil, errors.New("a calendar needs working hours on at least one day of the week that is not always a holiday")
}

// workdays yields the days on which intervals begin, as UTC midnights.
func (s Spec) workdays(yield func(time.Time) bool) {
	for day := time.Date(firstYear, time.January, 1, 0, 0, 0, 0, time.UTC); day.Year() <= lastYear; day = day.AddDate(0, 0, 1) {
		if len(s.Week[day.Weekday()]) == 0 || s.Holiday != nil && s.Holiday(day.Date()) {
			continue
		}
		if !yield(day) {
			return
		}
	}
}

// built returns the working hours of all years.
func (c *Calendar) built() *spans {
	c.once.Do(func() {
		var list []span
		clock := wallClock{zone: c.spec.Zone}
		for day := range c.spec.workdays {
			for _, iv := range c.spec.Week[day.Weekday()] {
				to := iv.To
				if to <= iv.From {
					to += minutesPerDay
				}
				list = append(list, span{clock.reaches(day, iv.From), clock.reaches(day, to)})
			}
		}
		c.hours = merge(list)
	})
	return &c.hours
}

// Working returns how much of [from, to) lies in working hours: at most to-from,
// and 0 if to is not after from.
func (c *Calendar) Working(from, to Instant) time.Duration {
	if to <= from {
		return 0
	}
	hours := c.built()
	return time.Duration(hours.before(int64(to))-hours.before(int64(from))) * time.Millisecond
}

// After returns the earliest instant at which working, truncated to the
// millisecond, has passed in working time since from: Working(from, at) ==
// working. It is from itself if working is not positive; ok is false if that
// is never.
func (c *Calendar) After(from Instant, working time.Duration) (at Instant, ok bool) {
	msec := working.Milliseconds()
	if msec <= 0 {
		return from, true
	}
	hours := c.built()
	ms, ok := hours.reach(hours.before(int64(from)), msec)
	return Instant(ms), ok
}

// Open reports whether at lies in working hours.
func (c *Calendar) Open(at Instant) bool {
	return c.built().contain(int64(at))
}

// Hours yields the working hours within [from, to) in order, as half-open intervals
// that are cut at both ends.
func (c *Calendar) Hours(from, to Instant) iter.Seq2[Instant, Instant] {
	return func(yield func(Instant, Instant) bool) {
		if to <= from {
			return
		}
		hours := c.built()
		i, _ := slices.BinarySearch(hours.to, int64(from)+1) // the first that ends after from
		for ; i < len(hours.from) && hours.from[i] < int64(to); i++ {
			if !yield(max(from, Instant(hours.from[i])), min(to, Instant(hours.to[i]))) {
				return
			}
		}
	}
}
