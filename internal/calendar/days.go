package calendar

import (
	"slices"
	"sync"
)

// days are the working days of a calendar: the local days on which working hours
// begin. Columns, because a search reads one of them alone.
type days struct {
	once     sync.Once // the first question fills them
	from, to []int64   // midnight to midnight
}

// AfterDays returns the earliest instant by which n whole working days have passed
// since from: the midnight that ends the nth local day, of those that begin at from
// or later, on which working hours begin. A day that is no working day passes
// uncounted, and so does the rest of the day of from. It is from itself if n is not
// positive; ok is false if there are not so many days.
func (c *Calendar) AfterDays(from Instant, n int) (at Instant, ok bool) {
	if n <= 0 {
		return from, true
	}
	d := c.workingDays()
	i, _ := slices.BinarySearch(d.from, int64(from))
	if n > len(d.to)-i {
		return 0, false
	}
	return Instant(d.to[i+n-1]), true
}

// workingDays returns the working days of all years.
func (c *Calendar) workingDays() *days {
	d := &c.days
	d.once.Do(func() {
		clock := wallClock{zone: c.spec.Zone}
		for day := range c.spec.workdays {
			d.from = append(d.from, clock.reaches(day, 0))
			d.to = append(d.to, clock.reaches(day, minutesPerDay))
		}
	})
	return d
}
