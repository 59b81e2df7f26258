package calendar

import (
	"slices"
	"time"
)

// Today is where an instant stands among the local days of a calendar.
type Today struct {
	From, To Instant // its local day, midnight to midnight, whether it is a working day or not
	Before   Instant // the midnight with which the last working day before that day begins; From if there is none
	Left     Instant // when the last working hours before that day ended; From if there were none
}

// Today returns where an instant stands among the local days.
func (c *Calendar) Today(at Instant) Today {
	y, m, d := time.UnixMilli(int64(at)).In(c.spec.Zone).Date()
	day, clock := time.Date(y, m, d, 0, 0, 0, 0, time.UTC), wallClock{zone: c.spec.Zone}
	t := Today{From: Instant(clock.reaches(day, 0)), To: Instant(clock.reaches(day, minutesPerDay))}
	t.Before, t.Left = t.From, t.From
	working := c.workingDays()
	if i, _ := slices.BinarySearch(working.from, int64(t.From)); i > 0 {
		t.Before = Instant(working.from[i-1])
	}
	hours := c.built()
	if i, _ := slices.BinarySearch(hours.from, int64(t.From)); i > 0 {
		t.Left = Instant(min(hours.to[i-1], int64(t.From)))
	}
	return t
}

// Zone returns the time zone of the working hours.
func (c *Calendar) Zone() *time.Location { return c.spec.Zone }

// Day returns how long a working day is: the mean over the days of a week on which
// working hours begin, holidays and changes of clocks apart.
func (c *Calendar) Day() time.Duration {
	var list []span
	days := 0
	for i, intervals := range c.spec.Week {
		if len(intervals) > 0 {
			days++
		}
		for _, iv := range intervals {
			to := iv.To
			if to <= iv.From {
				to += minutesPerDay
			}
			list = append(list, span{int64(i*minutesPerDay + iv.From), int64(i*minutesPerDay + to)})
		}
	}
	if days == 0 {
		return 0
	}
	week := merge(list)
	last := len(week.sum) - 1
	minutes := week.sum[last] + week.to[last] - week.from[last]
	return time.Duration(minutes) * time.Minute / time.Duration(days)
}
