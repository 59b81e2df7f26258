package latency

import (
	"cmp"
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/calendar"
)

// clockScratch is reused from one wait to the next.
type clockScratch struct {
	ownersParts []ownersPart
	pauses      []Span
	running     []Span
	mine        []Span
}

// ownersPart is one owner's part of a part.
type ownersPart struct {
	Span
	owner string
	p     *Project
}

// emit adds the parts of a wait that has ended, or that is open as of the
// derivation's instant, to the result.
func (r *replay) emit(w *runningWait) {
	d := r.d
	last := w.tenures[len(w.tenures)-1].p
	final := w.end != Never && w.end.Add(last.SlipWindow) <= r.asOf
	if !final {
		d.result.Unsettled = true
	}
	stop := min(w.end, r.asOf)
	pauses := append(d.clock.pauses[:0], w.pauses...)
	pausedNow := false
	for _, since := range [2]Instant{w.parked, w.flagged} {
		if since != Never && since <= stop {
			pauses = append(pauses, Span{since, stop})
			pausedNow = true
		}
	}
	if w.asking != Never && w.asking <= stop {
		pauses = append(pauses, Span{w.asking, min(stop, w.askingUntil)})
		pausedNow = pausedNow || w.askingUntil > stop
	}
	d.clock.pauses = pauses
	if len(pauses) > 1 {
		pauses = union(pauses)
	}
	r.lay(w, stop, pauses)
	if w.start < last.HistoryFrom {
		return
	}
	if w.kind == Acceptance {
		for _, p := range w.tenures {
			d.result.Begun = append(d.result.Begun, Beginning{p.p.ID, p.from})
		}
	}
	parts := d.segments(w, stop)

	var storyElapsed, storyWorking time.Duration
	whole := Wait{
		StoryID: r.h.ID, Story: r.h.Key, Kind: w.kind, Cycle: w.cycle, Rule: w.rule, Addressed: w.addressed,
		Asks: w.asked, OtherReplies: w.replies, FirstReply: w.firstReply, Steps: slices.Clone(w.steps),
	}
	for i := range parts {
		s := &parts[i]
		cal := d.rules.calendar(s.p, s.owner)
		running := cutOut(d.clock.running[:0], s.Span, pauses)
		d.clock.running = running
		elapsed, working := measure(cal, running)
		storyElapsed += elapsed
		storyWorking += working
		part := Part{
			Wait: whole, Number: i + 1, ProjectID: s.p.ID, Owner: s.owner, Start: s.From, Origin: s.From, End: Never,
			Paused: s.To.Sub(s.From) - elapsed, StoryElapsed: storyElapsed, StoryWorking: storyWorking,
			Target: s.p.Target(w.kind), BreachAt: Never,
		}
		if i == 0 {
			part.Origin = w.origin
		}
		mine := running
		if away := r.awayFrom(s, w.kind); len(away) > 0 {
			mine = d.clock.mine[:0]
			for _, span := range running {
				mine = cutOut(mine, span, away)
			}
			d.clock.mine = mine
			elapsed, working = measure(cal, mine)
		}
		part.Elapsed, part.Working = elapsed, working
		part.Clock = append([]Span(nil), mine...)
		if at, p := w.breach(s.Span, cal, mine, working); p != nil {
			part.Breached, part.BreachAt, part.BreachProjectID = true, at, p.ID
		}
		switch {
		case i < len(parts)-1:
			part.End, part.Outcome, part.Final = s.To, HandedOver, true
		case final:
			part.End, part.Outcome, part.Responder, part.Final = w.end, w.outcome, w.responder, true
			part.ExitStatus = w.exit
		case w.end == Never:
			part.PausedNow = pausedNow
			if d.rules.Inactive[part.Owner] {
				r.find(FindInactiveOwner, part.Start, part.Owner)
			}
		}
		d.result.Parts = append(d.result.Parts, part)
	}
}

// lay keeps when w ran on the story's clock, for the story's stages.
func (r *replay) lay(w *runningWait, stop Instant, pauses []Span) {
	first := len(r.d.laid)
	running := cutOut(r.d.clock.running[:0], Span{w.start, stop}, pauses)
	r.d.clock.running = running
	for _, s := range running {
		r.d.laid = append(r.d.laid, laid{s, w.kind})
	}
	if n := len(r.d.laid); w.end == Never && n > first && r.d.laid[n-1].To == stop {
		r.d.laid[n-1].To = Never
	}
}

// awayFrom returns when the owner of a part was absent with nobody to stand
// in: neither by the config nor in the story's delegate field.
func (r *replay) awayFrom(s *ownersPart, kind Kind) []Span {
	away := r.d.away(s.p, s.owner, kind)
	if len(away) == 0 || s.p.DelegateField == "" {
		return away
	}
	for i, f := range r.d.footings {
		if f.delegated {
			to := Never
			if i+1 < len(r.d.footings) {
				to = r.d.footings[i+1].from
			}
			away = subtract(away, Span{f.from, to})
		}
	}
	return away
}

// segments cuts [w.start, stop) into one part for each owner. A part shorter
// than the slip window belongs to the next, the last one to the one before:
// a field corrected at once hands nothing over.
func (d *Deriver) segments(w *runningWait, stop Instant) []ownersPart {
	out := d.clock.ownersParts[:0]
	for i, p := range w.tenures {
		to := stop
		if i+1 < len(w.tenures) {
			to = min(stop, w.tenures[i+1].from)
		}
		s := ownersPart{Span{max(p.from, w.start), to}, p.owner, p.p}
		if s.From > s.To || s.From == s.To && i+1 < len(w.tenures) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].owner == s.owner {
			out[n-1].To, out[n-1].p = s.To, s.p
			continue
		}
		out = append(out, s)
	}
	for i := 0; i+1 < len(out); {
		if out[i].To < out[i].From.Add(out[i].p.SlipWindow) {
			out[i+1].From = out[i].From
			out = slices.Delete(out, i, i+1)
			continue
		}
		i++
	}
	if n := len(out); n > 1 && out[n-1].To < out[n-1].From.Add(out[n-1].p.SlipWindow) {
		out[n-2].To, out[n-2].p = out[n-1].To, out[n-1].p
		out = out[:n-1]
	}
	for i := 0; i+1 < len(out); {
		if out[i].owner == out[i+1].owner {
			out[i+1].From = out[i].From
			out = slices.Delete(out, i, i+1)
			continue
		}
		i++
	}
	d.clock.ownersParts = out
	return out
}

// breach returns when the clock of a part passed the target of the project that
// the story was in just then, and that project; nil if it did not. mine is when
// the clock ran, and working how much working time that is.
func (w *runningWait) breach(part Span, cal *calendar.Calendar, mine []Span, working time.Duration) (Instant, *Project) {
	for i := range w.tenures {
		p, to := w.tenures[i].p, part.To
		target := p.Target(w.kind)
		last := i+1 == len(w.tenures) || w.tenures[i+1].from >= part.To
		if !last {
			to = w.tenures[i+1].from
		}
		if working > target && to > part.From {
			// Where a move brought a shorter target it passed it by moving.
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

// cutOut appends to out what is left of s without the cuts, which are in
// order and disjoint.
func cutOut(out []Span, s Span, cuts []Span) []Span {
	at := s.From
	for _, c := range cuts {
		if c.To <= at {
			continue
		}
		if c.From >= s.To {
			break
		}
		if c.From > at {
			out = append(out, Span{at, c.From})
		}
		at = c.To
	}
	if at < s.To {
		out = append(out, Span{at, s.To})
	}
	return out
}

// measure returns the wall time of spans and the part of it in working hours.
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
	var run time.Duration
	for _, s := range spans {
		w := cal.Working(s.From, s.To)
		if run+w > target {
			if at, ok := cal.After(s.From, target-run+time.Millisecond); ok {
				return at - 1
			}
		}
		run += w
	}
	return Never
}

// CompareParts orders waits by start, story, kind and number.
func CompareParts(a, b Part) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.StoryID, b.StoryID), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Number, b.Number))
}
