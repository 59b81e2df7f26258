package recount

import "time"

// span is the half-open interval [from, to). A zero from or to is no limit.
type span struct{ from, to time.Time }

func (s span) contains(t time.Time) bool {
	return (s.from.IsZero() || !t.Before(s.from)) && (s.to.IsZero() || t.Before(s.to))
}

// hours is an interval of working hours, in minutes of the local day.
type hours struct{ from, to int }

// calendar says when somebody works.
type calendar struct {
	zone *time.Location
	week map[time.Weekday][]hours
}

// workday calls f with each interval of working hours, from the local day of t
// on, until f returns false.
func (c calendar) workday(t time.Time, f func(span) bool) {
	year, month, day := t.In(c.zone).Date()
	for d := 0; ; d++ {
		weekday := time.Date(year, month, day+d, 12, 0, 0, 0, c.zone).Weekday()
		for _, h := range c.week[weekday] {
			if !f(span{time.Date(year, month, day+d, 0, h.from, 0, 0, c.zone), time.Date(year, month, day+d, 0, h.to, 0, 0, c.zone)}) {
				return
			}
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

// after returns the first instant at which d of working time has passed since from.
func (c calendar) after(from time.Time, d time.Duration) time.Time {
	var at time.Time
	c.workday(from, func(s span) bool {
		a := later(s.from, from)
		if !a.Before(s.to) {
			return true
		}
		if s.to.Sub(a) >= d {
			at = a.Add(d)
			return false
		}
		d -= s.to.Sub(a)
		return true
	})
	return at
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
