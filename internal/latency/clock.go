package latency

import (
	"cmp"
	"slices"

	"github.com/yourturn/yourturn/internal/calendar"
)

// clockScratch is reused from one wait to the next.
type clockScratch struct {
	parts   []segment
	pauses  []Span
	running []Span
	mine    []Span
}

// segment is one owner's part of a wait.
type segment struct {
	Span
	owner string
	p     *Project
}

// emit adds the parts of a wait that has ended, or that is open as of the
// derivation's instant, to the result.
func (r *replay) emit(w *run) {
	d := r.d
	last := w.parts[len(w.parts)-1].p
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
		for _, p := range w.parts {
			d.result.Begun = append(d.result.Begun, Beginning{p.p.ID, p.from})
		}
	}
	parts := d.segments(w, stop)

	var storyElapsed, storyWorking int64
	steps := slices.Clone(w.steps)
	for i := range parts {
		s := &parts[i]
		cal := d.rules.calendar(s.p, s.owner)
		running := cutOut(d.clock.running[:0], s.Span, pauses)
		d.clock.running = running
		elapsed, working := measure(cal, running)
		storyElapsed += elapsed
		storyWorking += working
		wait := Wait{
			StoryID: r.h.ID, Story: r.h.Key, ProjectID: s.p.ID, Kind: w.kind, Owner: s.owner,
			Start: s.From, Origin: s.From, End: Never, Part: i + 1, Cycle: w.cycle, Rule: w.rule, Addressed: w.addressed,
			PausedFor: int64(s.To-s.From) - elapsed, StoryElapsed: storyElapsed, StoryWorking: storyWorking,
			Target: s.p.Target(w.kind).Milliseconds(), BreachAt: Never,
			Asks: w.asked, OtherReplies: w.replies, FirstReply: w.firstReply, Steps: steps,
		}
		if i == 0 {
			wait.Origin = w.origin
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
		wait.Elapsed, wait.Working = elapsed, working
		wait.Clock = append([]Span(nil), mine...)
		if at, p := w.breach(s.Span, cal, mine, working); p != nil {
			wait.Breached, wait.BreachAt, wait.BreachProjectID = true, at, p.ID
		}
		switch {
		case i < len(parts)-1:
			wait.End, wait.Outcome, wait.Final = s.To, HandedOver, true
		case final:
			wait.End, wait.Outcome, wait.Responder, wait.Final = w.end, w.outcome, w.responder, true
			wait.ExitStatus = w.exit
		case w.end == Never:
			wait.PausedNow = pausedNow
			if d.rules.Inactive[wait.Owner] {
				r.find(FindInactiveOwner, wait.Start, wait.Owner)
			}
		}
		d.result.Waits = append(d.result.Waits, wait)
	}
}

// lay keeps when w ran on the story's clock, for the story's stages.
func (r *replay) lay(w *run, stop Instant, pauses []Span) {
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
func (r *replay) awayFrom(s *segment, kind Kind) []Span {
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
func (d *Deriver) segments(w *run, stop Instant) []segment {
	out := d.clock.parts[:0]
	for i, p := range w.parts {
		to := stop
		if i+1 < len(w.parts) {
			to = min(stop, w.parts[i+1].from)
		}
		s := segment{Span{max(p.from, w.start), to}, p.owner, p.p}
		if s.From > s.To || s.From == s.To && i+1 < len(w.parts) {
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
	d.clock.parts = out
	return out
}

// breach returns when the clock of a part passed the target of the project that
// the story was in just then, and that project; nil if it did not. mine is when
// the clock ran, and working how much working time that is.
func (w *run) breach(part Span, cal *calendar.Calendar, mine []Span, working int64) (Instant, *Project) {
	for i := range w.parts {
		p, to := w.parts[i].p, part.To
		target := p.Target(w.kind).Milliseconds()
		last := i+1 == len(w.parts) || w.parts[i+1].from >= part.To
		if !last {
			to = w.parts[i+1].from
		}
		if working > target && to > part.From {
			// Where a move brought a shorter target it passed it by moving.
			if at := max(passes(cal, mine, target), w.parts[i].from); at < to || last {
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

// measure returns the wall time of spans and the part of it in working hours, in milliseconds.
func measure(cal *calendar.Calendar, spans []Span) (elapsed, working int64) {
	for _, s := range spans {
		elapsed += int64(s.To - s.From)
		working += cal.Working(int64(s.From), int64(s.To))
	}
	return elapsed, working
}

// passes returns the instant at which a clock that runs in spans passes
// target: the last one at which it still showed it.
func passes(cal *calendar.Calendar, spans []Span, target int64) Instant {
	var run int64
	for _, s := range spans {
		w := cal.Working(int64(s.From), int64(s.To))
		if run+w > target {
			if at, ok := cal.After(int64(s.From), target-run+1); ok {
				return Instant(at) - 1
			}
		}
		run += w
	}
	return Never
}

// CompareWaits orders waits by start, story, kind and part.
func CompareWaits(a, b Wait) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.StoryID, b.StoryID), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Part, b.Part))
}
