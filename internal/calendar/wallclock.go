package calendar

import "time"

// wallClock finds when the clocks on the walls of a zone show a time.
type wallClock struct {
	zone *time.Location
	// The last time asked for was within [from, to), in which nobody sets a
	// clock that could show the same times or skip them, and which offset holds
	// for. In seconds, as are instants here.
	from, to, offset int64
}

// farFromChange is longer than clocks were ever set forward or back by at
// once: a whole day, where the date line was moved.
const farFromChange = 2 * 24 * 60 * 60

// reaches returns the first instant at which the clocks have reached minutes
// after the midnight that day, given in UTC, begins with. If they skip that
// time it is the instant at which they jump over it; if they show it twice, the
// first. The function time.Date leaves both open.
func (w *wallClock) reaches(day time.Time, minutes int) int64 {
	wanted := day.Unix() + int64(minutes)*60 // what the clocks show, as if it were UTC
	if at := wanted - w.offset; w.from <= at && at < w.to {
		return at * 1000
	}
	y, m, d := day.Date()
	t := time.Date(y, m, d, 0, minutes, 0, 0, w.zone)
	start, end := t.ZoneBounds() // of the time for which the offset holds; zero for always
	_, offset := t.Zone()
	w.keep(t, start, end, int64(offset))
	shown := t.Unix() + int64(offset)
	switch {
	case shown > wanted: // skipped, and t lies after the jump
		t = start
	case shown < wanted: // skipped, and t lies before the jump
		t = end
	case !start.IsZero():
		// Had the clocks shown it before they were last set back?
		_, before := start.Add(-time.Second).Zone()
		if first := time.Unix(wanted-int64(before), 0); first.Before(start) {
			t = first
		}
	}
	return t.UnixMilli()
}

// keep notes the time around t that one offset holds for, so that few of the
// days of a year are looked up in the zone.
func (w *wallClock) keep(t, start, end time.Time, offset int64) {
	const year = 366 * 24 * 60 * 60
	w.from, w.to, w.offset = t.Unix(), t.Unix()+year, offset
	if !start.IsZero() {
		w.from = max(w.from, start.Unix()+farFromChange)
	}
	if !end.IsZero() {
		w.to = min(w.to, end.Unix()-farFromChange)
	}
}
