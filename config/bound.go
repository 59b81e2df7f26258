package config

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// Bound is one end of a Range: a whole local day or an instant. The zero Bound is
// an end that is left out.
type Bound struct {
	text string
	at   time.Time // of a day: its midnight in UTC, which stands for the date alone
	day  bool
}

// ParseBound reads a date, as in 2026-08-03, or an RFC 3339 instant. The empty
// text is the zero Bound. The error says what would be right.
func ParseBound(text string) (Bound, error) {
	if text == "" {
		return Bound{}, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return Bound{text: text, at: t, day: true}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return Bound{}, boundError(text)
	}
	return Bound{text: text, at: t}, nil
}

// boundError is a text that is not a Bound.
type boundError string

func (e boundError) Error() string {
	return `"` + shorten(string(e)) + `" is neither a date nor an instant; write 2026-08-03, or 2026-08-03T12:00:00+02:00`
}

// IsZero reports whether the bound is left out.
func (b Bound) IsZero() bool { return b.text == "" }

// String returns the bound as the file has it.
func (b Bound) String() string { return b.text }

// MarshalText returns the bound as the file has it.
func (b Bound) MarshalText() ([]byte, error) { return []byte(b.text), nil }

// Start returns the first instant of the bound's day in loc, or the bound's
// instant. ok is false, and t is zero, if the bound is left out.
func (b Bound) Start(loc *time.Location) (t time.Time, ok bool) {
	if !b.day {
		return b.at, !b.IsZero()
	}
	return startOfDay(b.at, 0, loc), true
}

// End returns the first instant after the bound's day in loc, or the bound's
// instant. ok is false, and t is zero, if the bound is left out.
func (b Bound) End(loc *time.Location) (t time.Time, ok bool) {
	if !b.day {
		return b.at, !b.IsZero()
	}
	return startOfDay(b.at, 1, loc), true
}

// startOfDay returns the first instant, in loc, of the day that is days after
// date. If the clock changes at midnight, that day may have no midnight, or two.
func startOfDay(date time.Time, days int, loc *time.Location) time.Time {
	y, m, d := date.AddDate(0, 0, days).Date()
	t := time.Date(y, m, d, 0, 0, 0, 0, loc)
	if t.Day() != d {
		// Midnight is skipped, and t is before the change: go on by the clock of then.
		_, offset := t.Zone()
		return time.Date(y, m, d, 0, 0, -offset, 0, time.UTC).In(loc)
	}
	if earlier := t.Add(-time.Hour); earlier.Day() == d {
		return earlier
	}
	return t
}

func (b *Bound) decodeNode(d *decoder, n *yaml.Node, key string) {
	text, ok := d.text(n, key)
	if !ok {
		return
	}
	parsed, err := ParseBound(text)
	if err != nil {
		d.on(key, "%v", err)
		return
	}
	*b = parsed
}

// Range is a span of time; either end may be left out. Dates are whole local
// days, both ends included. Instants are exact, and To is excluded.
type Range struct {
	From Bound `yaml:"from"`
	To   Bound `yaml:"to"`
}

// Instants returns the range as the half-open [from, to), with dates in loc.
// An end that is left out is the zero time.
func (r Range) Instants(loc *time.Location) (from, to time.Time) {
	from, _ = r.From.Start(loc)
	to, _ = r.To.End(loc)
	return from, to
}

// check reports a range that ends before it begins.
func (r Range) check(p *report, key string, loc *time.Location) {
	from, to := r.Instants(loc)
	if !r.From.IsZero() && !r.To.IsZero() && !from.Before(to) {
		p.on(join(key, "to"), "%s is not after from, %s; swap them, or leave one out", r.To, r.From)
	}
}

// overlap reports whether some instant is in both ranges, with dates in loc.
func (r Range) overlap(o Range, loc *time.Location) bool {
	from, to := r.Instants(loc)
	oFrom, oTo := o.Instants(loc)
	if oFrom.After(from) {
		from = oFrom
	}
	if to.IsZero() || !oTo.IsZero() && oTo.Before(to) {
		to = oTo
	}
	return from.IsZero() || to.IsZero() || from.Before(to)
}
