package latency

import (
	"time"

	"github.com/yourturn/yourturn/internal/calendar"
)

// clockScratch is reused from one wait to the next.
type clockScratch struct {
	parts   []ownersPart
	pauses  []Span
	running []Span
}

// breach returns when the clock of a part passed the target of the project that
// the story was in just then, and that project; nil if it did not. mine is when
// the clock ran, and working how much working time that is.
func (w *runningWait) breach(part Span, cal *calendar.Calendar, mine []Span, working time.Duration) (Instant, *Project) {
	for i := range w.tenures {
		p, to := w.tenures[i].project, part.To
		target := p.Target(w.kind)
		last := i+1 == len(w.tenures) || w.tenures[i+1].from >= part.To
		if !last {
			to = w.tenures[i+1].from
		}
		if working > target && to > part.From {
			// If a move brought a shorter target, the clock passed that target by the move.
			if at := max(passes(cal, mine, target), w.tenures[i].from); at < to || last {
				return at, p
			}
		}
		if last {
			break
		}
	}
	return Never, nil
}

// measure returns the wall time of spans, and the same cut to working hours.
func measure(cal *calendar.Calendar, spans []Span) (elapsed, working time.Duration) {
	for _, s := range spans {
		elapsed += s.To.Sub(s.From)
		working += cal.Working(s.From, s.To)
	}
	return elapsed, working
}

// passes returns the instant at which a clock that runs in spans passes
// target: the last one at which it still showed it.
func passes(cal *calendar.Calendar, spans []Span, target time.Duration) Instant {
	var before time.Duration
	for _, s := range spans {
		w := cal.Working(s.From, s.To)
		if before+w > target {
			if at, ok := cal.After(s.From, target-before+time.Millisecond); ok {
				return at - 1
			}
		}
		before += w
	}
	return Never
}

// calendar returns whose working hours count for an owner: the owner's, else
// the project's.
func (r *Rules) calendar(p *Project, owner string) *calendar.Calendar {
	if o := r.Owners[owner]; o != nil && o.Calendar != nil {
		return o.Calendar
	}
	return p.Calendar
}

// HoursOf returns the working hours that count for a part within a span, in order.
func (r *Rules) HoursOf(w *Part, within Span) []Span {
	p := r.watched(w.ProjectID)
	if p == nil {
		return nil
	}
	var out []Span
	for from, to := range r.calendar(p, w.Owner).Hours(within.From, within.To) {
		out = append(out, Span{from, to})
	}
	return out
}

// CalendarOf returns the calendar whose working hours count for an owner in a project:
// the owner's, else the project's; nil where the rules do not know the project.
func (r *Rules) CalendarOf(projectID, owner string) *calendar.Calendar {
	if p := r.watched(projectID); p != nil {
		return r.calendar(p, owner)
	}
	return nil
}

// ClockAt returns what the owner's clock of a part showed at an instant: wall
// time without pauses and absences, and working time.
func (r *Rules) ClockAt(w *Part, at Instant) (elapsed, working time.Duration) {
	return r.shown(w, w.Clock, at)
}

// StoryClockAt returns what the story's clock of a part showed at an instant, from the
// part's start: wall time without pauses, and working time.
func (r *Rules) StoryClockAt(w *Part, at Instant) (elapsed, working time.Duration) {
	return r.shown(w, w.Running, at)
}

// shown returns what a clock that ran in spans showed at an instant.
func (r *Rules) shown(w *Part, spans []Span, at Instant) (elapsed, working time.Duration) {
	p := r.watched(w.ProjectID)
	if p == nil {
		return 0, 0
	}
	for _, s := range spans {
		if s.From < at {
			elapsed += min(s.To, at).Sub(s.From)
		}
	}
	sample := Sample{Clock: spans}
	return elapsed, sample.age(r.calendar(p, w.Owner), at)
}
