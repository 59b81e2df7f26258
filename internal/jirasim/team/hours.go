package team

import (
	"slices"
	"time"
)

// span is [from, to); a zero end is none.
type span struct{ from, to time.Time }

func (s span) contains(t time.Time) bool {
	return (s.from.IsZero() || !t.Before(s.from)) && (s.to.IsZero() || t.Before(s.to))
}

// hoursOf returns the hours of an owner; those of the office where the config does
// not know the owner.
func (t *Team) hoursOf(ref string) *owner {
	if o := t.owners[ref]; o != nil {
		return o
	}
	return t.office
}

// worked returns how much of the spans lies in the owner's working hours.
func (o *owner) worked(spans []span) (sum time.Duration) {
	for _, s := range spans {
		o.hours(s.from, func(shift span) bool {
			if !shift.from.Before(s.to) {
				return false
			}
			sum += earlier(shift.to, s.to).Sub(shift.from)
			return true
		})
	}
	return sum
}

// awayFrom returns when an owner is absent without an active delegate.
func (t *Team) awayFrom(ref string) []span {
	o := t.owners[ref]
	if o == nil {
		return nil
	}
	var out []span
	for _, a := range o.absences {
		left := []span{a.span}
		for _, s := range t.standIns {
			if s.owner == ref {
				left = without(left, []span{s.span})
			}
		}
		out = append(out, left...)
	}
	return out
}

// without returns the spans with the others cut out of them. An end of the others
// may be zero, which means no end.
func without(spans, others []span) []span {
	for _, cut := range others {
		var left []span
		for _, s := range spans {
			if cut.from.After(s.from) {
				left = append(left, span{s.from, earlier(s.to, cut.from)})
			}
			if !cut.to.IsZero() && cut.to.Before(s.to) {
				left = append(left, span{later(s.from, cut.to), s.to})
			}
		}
		spans = left
	}
	return slices.DeleteFunc(spans, func(s span) bool { return !s.from.Before(s.to) })
}

// total returns the wall time of spans that do not overlap.
func total(spans []span) (sum time.Duration) {
	for _, s := range spans {
		sum += s.to.Sub(s.from)
	}
	return sum
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
