// Package words says durations and instants as people say them. It is for pages,
// reports and messages; what machines read has seconds and UTC.
package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Working says working time: in days of the length of one's working day, in hours or
// in minutes, such as "2½ working days". It rounds; Exact does not. A day that is not
// positive is no measure, and hours are used.
func Working(d, day time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return count(float64(d/time.Minute), "working minute")
	case day <= 0 || d < day:
		return count(round(d, time.Hour), "working hour")
	default:
		return count(round(d, day), "working day")
	}
}

// Elapsed says wall time in days, hours or minutes, such as "3 days". It rounds; Exact
// does not.
func Elapsed(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return count(float64(d/time.Minute), "minute")
	case d < 2*day:
		return count(round(d, time.Hour), "hour")
	default:
		return count(round(d, day), "day")
	}
}

// Exact says a duration to the minute, such as "19 h 30 min". It has no days, because
// a working day has no 24 hours.
func Exact(d time.Duration) string {
	d = d.Truncate(time.Minute)
	hours, minutes := int64(d/time.Hour), int64(d%time.Hour/time.Minute)
	switch {
	case hours == 0:
		return strconv.FormatInt(minutes, 10) + " min"
	case minutes == 0:
		return strconv.FormatInt(hours, 10) + " h"
	default:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	}
}

// round returns how many units d is: to halves below three, to ones from there on.
func round(d, unit time.Duration) float64 {
	if halves := (2*d + unit/2) / unit; halves < 6 {
		return float64(halves) / 2
	}
	return float64((d + unit/2) / unit)
}

// count says how many of something there are.
func count(n float64, what string) string {
	text := Number(int(n))
	if n != float64(int64(n)) {
		text = strings.TrimPrefix(text, "0") + "½"
	}
	if n != 1 {
		what += "s"
	}
	return text + " " + what
}

// Count says how many of something there are, such as "1 story" and "1,200 stories".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}

// Number writes a number with commas between thousands.
func Number(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Between writes a share of the whole that lies between two, such as "3–6 %": the lower
// is rounded down and the upper up, both from tenths of a percent.
func Between(low, high float64) string {
	rounded := func(of float64, round func(float64) float64) string {
		return strconv.FormatFloat(round(math.Round(1000*of)/10), 'f', 0, 64)
	}
	text := rounded(low, math.Floor)
	if upper := rounded(high, math.Ceil); upper != text {
		text += "–" + upper
	}
	return text + " %"
}

// Brief is Instant without the day, such as "10:00 CET", if that is the day of now in the
// zone.
func Brief(at, now time.Time, zone *time.Location) string {
	if at, now := at.In(zone), now.In(zone); at.Year() == now.Year() && at.YearDay() == now.YearDay() {
		return at.Format("15:04 MST")
	}
	return Instant(at, now, zone)
}

// Instant says an instant to the minute by the clocks of a zone, which it names, such
// as "Mon 2 Mar, 10:00 CET". It leaves out the year if it is that of now.
func Instant(at, now time.Time, zone *time.Location) string {
	at = at.In(zone)
	form := "Mon 2 Jan 2006, 15:04 MST"
	if at.Year() == now.In(zone).Year() {
		form = "Mon 2 Jan, 15:04 MST"
	}
	return at.Format(form)
}

// List joins words as a sentence does: "a, b and c".
func List(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
