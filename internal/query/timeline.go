package query

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// Timeline is a story's life as stretches of time: what a picture of it shows.
type Timeline struct {
	From     Time          `json:"from"` // the story was created
	To       Time          `json:"to"`   // as of when it is told
	Statuses []InStatus    `json:"statuses"`
	Bars     []WaitBar     `json:"bars"`
	Changes  []OwnerChange `json:"hand_overs"`
	Focus    Stretch       `json:"focus"` // what to look at first: the last wait, of a long life
	Zone     string        `json:"zone"`  // of the working hours of the last wait's owner; "": there was no wait
	Day      Seconds       `json:"working_day_seconds"`
	Hours    []Stretch     `json:"hours"` // working hours of the last wait's owner in it; none if it is long
}

// InStatus is a stretch in one status.
type InStatus struct {
	From    Time   `json:"from"`
	To      Time   `json:"to"`
	Status  string `json:"status"`
	Accepts bool   `json:"accepts"` // it is an acceptance status of the project
	Pauses  bool   `json:"pauses"`  // the clock of an acceptance wait stands in it
	Gone    bool   `json:"gone"`    // the story cannot be seen
}

// WaitBar is one owner's part of a wait.
type WaitBar struct {
	Kind    string    `json:"kind"`
	Owner   Person    `json:"owner"`
	From    Time      `json:"from"`
	To      Time      `json:"to"`
	Open    bool      `json:"open"`
	Outcome string    `json:"outcome"`
	By      string    `json:"responder"`
	Working Seconds   `json:"working_seconds"` // on the owner's clock
	Late    Time      `json:"late"`            // it passed its target then; null: it did not
	Paused  []Stretch `json:"paused"`          // within it, both clocks stood
	Away    []Stretch `json:"away"`            // within it, the owner's clock stood, and the story's ran
	Absent  []Stretch `json:"absent"`          // within it, the owner was away, whether somebody stood in or not

	part latency.Part
}

// Stretch is the time from one instant to another.
type Stretch struct {
	From Time `json:"from"`
	To   Time `json:"to"`
}

// OwnerChange is an instant at which an open wait went to another owner.
type OwnerChange struct {
	At   Time   `json:"at"`
	Kind string `json:"kind"`
	From Person `json:"from"`
	To   Person `json:"to"`
}

// timeline makes the timeline of a story.
func (e *explained) timeline() Timeline {
	t := Timeline{From: Time(e.asOf), To: Time(e.asOf), Statuses: e.statuses(), Bars: []WaitBar{}, Changes: []OwnerChange{}}
	if len(t.Statuses) > 0 {
		t.From = t.Statuses[0].From
	}
	for i := range e.res.Parts {
		p := &e.res.Parts[i]
		label, name := e.Owner(p)
		b := WaitBar{
			Kind: string(p.Kind), Owner: Person{label, name}, From: Time(p.Start), To: Time(p.End), Open: p.Open(), Outcome: string(p.Outcome), By: string(p.Responder),
			Working: Seconds(p.Working), Late: Time(p.BreachAt), part: *p,
		}
		end := p.End
		if p.Open() {
			end = e.asOf
			if n := len(p.Steps); n > 0 && ends(p.Steps[n-1].Rule) { // it ends, and that is not final yet
				end = min(end, p.Steps[n-1].At)
			}
			b.To = Time(end)
		}
		whole := latency.Span{From: p.Start, To: end}
		b.Paused, b.Away, b.Absent = gaps([]latency.Span{whole}, p.Running), gaps(p.Running, p.Clock), e.absent(p.Owner, whole)
		t.Bars = append(t.Bars, b)
		if next := e.nextPart(p); next != nil {
			label, name := e.Owner(next)
			t.Changes = append(t.Changes, OwnerChange{Time(p.End), b.Kind, b.Owner, Person{label, name}})
		}
		t.From = min(t.From, b.From)
	}
	e.focus(&t)
	return t
}

// absent returns when an owner was away within a span; nobody is shown as away where owners
// are not told apart.
func (e *explained) absent(owner string, within latency.Span) []Stretch {
	out := []Stretch{}
	o := e.Rules.Owners[owner]
	if o == nil || e.Rules.Together {
		return out
	}
	for _, a := range o.Absences {
		if from, to := max(a.From, within.From), min(a.To, within.To); from < to {
			out = append(out, Stretch{Time(from), Time(to)})
		}
	}
	return out
}

// nextPart returns the part to which p was handed over; nil if it was not.
func (e *explained) nextPart(p *latency.Part) *latency.Part {
	if p.Outcome != latency.HandedOver {
		return nil
	}
	for i := range e.res.Parts {
		if next := &e.res.Parts[i]; next.Kind == p.Kind && next.Number == p.Number+1 && next.Start == p.End {
			return next
		}
	}
	return nil
}

// gaps returns what of some spans others leave open; both are in order and disjoint.
func gaps(of, without []latency.Span) []Stretch {
	out := []Stretch{}
	for _, s := range of {
		at := s.From
		for _, w := range without {
			if w.To <= at || w.From >= s.To {
				continue
			}
			if w.From > at {
				out = append(out, Stretch{Time(at), Time(w.From)})
			}
			at = w.To
		}
		if at < s.To {
			out = append(out, Stretch{Time(at), Time(s.To)})
		}
	}
	return out
}

// statuses returns in which statuses the story was, as its records say, from its creation
// on. Slips are in it: the story was there.
func (e *explained) statuses() []InStatus {
	var status, project latency.Value
	events := e.h.Events // in order: the story was derived
	value := func(field string) latency.Value {
		for i := range events {
			for _, c := range events[i].Changes {
				if c.Field == field {
					return c.From
				}
			}
		}
		if now := e.h.Now[field]; len(now) > 0 {
			return now[0]
		}
		return latency.Value{}
	}
	status, project = value(latency.FieldStatus), value(latency.FieldProject)
	born := slices.IndexFunc(events, func(ev latency.Event) bool { return ev.Rank == latency.RankCreated })
	var out []InStatus
	begin := func(at latency.Instant, gone bool) {
		s := e.inStatus(at, status, project)
		if s.Gone = gone; gone {
			s.Status, s.Accepts, s.Pauses = "", false, false
		}
		if n := len(out); n > 0 {
			last := &out[n-1]
			if last.To = Time(at); last.From == last.To {
				out = out[:n-1]
			} else if last.Status == s.Status && last.Gone == s.Gone && last.Accepts == s.Accepts {
				return
			}
		}
		out = append(out, s)
	}
	for i := range events {
		ev := &events[i]
		if ev.At > e.asOf {
			break
		}
		moved := false
		for _, c := range ev.Changes {
			switch c.Field {
			case latency.FieldStatus:
				status, moved = c.To, true
			case latency.FieldProject:
				project, moved = c.To, true
			}
		}
		switch {
		case i < born:
		case i == born, born < 0 && i == 0, moved, ev.Rank == latency.RankReturned:
			begin(ev.At, false)
		case ev.Rank == latency.RankGone:
			begin(ev.At, true)
		}
	}
	if n := len(out); n > 0 {
		out[n-1].To = Time(e.asOf)
	}
	return out
}

// inStatus returns the beginning of a stretch in a status of a project.
func (e *explained) inStatus(at latency.Instant, status, project latency.Value) InStatus {
	id := e.Rules.StatusID(status)
	s := InStatus{From: Time(at), Status: cmp.Or(strings.TrimSpace(e.Rules.Statuses[id].Name), status.Name, status.ID)}
	if p := e.Rules.Projects[project.ID]; p != nil {
		s.Accepts, s.Pauses = p.Acceptance[id], p.Paused[id]
	}
	return s
}

const (
	wholeLife  = 60 * 24 * time.Hour // a life that is not longer is looked at as a whole
	hoursShown = 31 * 24 * time.Hour // working hours are told apart in stretches that are not longer
)

// focus says what of a timeline to look at first, and the working hours in it.
func (e *explained) focus(t *Timeline) {
	t.Focus, t.Hours = Stretch{t.From, t.To}, []Stretch{}
	if len(t.Bars) == 0 {
		return
	}
	last := &t.Bars[len(t.Bars)-1]
	told := !e.Rules.Together || last.Open // else its owner's hours would tell whose it was
	if cal := e.Rules.CalendarOf(last.part.ProjectID, last.part.Owner); cal != nil && told {
		t.Zone, t.Day = cal.Zone().String(), Seconds(cal.Day())
	}
	if t.To.Instant().Sub(t.From.Instant()) > wholeLife {
		from, to := last.From.Instant(), last.To.Instant()
		for i := len(t.Bars) - 1; i >= 0; i-- { // what was handed over is one wait
			if b := &t.Bars[i]; b.part.Since == last.part.Since && b.Kind == last.Kind {
				from = min(from, b.From.Instant())
			}
		}
		around := max(to.Sub(from)/8, 12*time.Hour)
		t.Focus = Stretch{max(t.From, Time(from.Add(-around))), min(t.To, Time(to.Add(around)))}
	}
	if t.Focus.To.Instant().Sub(t.Focus.From.Instant()) > hoursShown || !told {
		return
	}
	for _, s := range e.Rules.HoursOf(&last.part, latency.Span{From: t.Focus.From.Instant(), To: t.Focus.To.Instant()}) {
		t.Hours = append(t.Hours, Stretch{Time(s.From), Time(s.To)})
	}
}
