package latency

import (
	"slices"
	"time"
)

// runningWait is a wait that is being followed.
type runningWait struct {
	open      bool
	kind      Kind
	start     Instant
	origin    Instant // start, before any ask was taken back
	rule      Rule
	addressed string
	tenures   []tenure
	steps     []Step

	cycle      int    // of an acceptance wait
	firstVisit bool   // of acceptance, by the story
	exit       string // name of the status it ended in
	pauses     pauses

	asks       []ask // those of a question that still stand
	asked      int
	replies    int
	firstReply Instant
	lapseAt    Instant

	end       Instant // Never while it is open
	ending    ending
	responder Responder  // towards the owner of the last part, once it has ended
	last      ownersPart // the last part, once it has ended; zero if it began before history is derived
}

// ending is how a wait ends.
type ending struct {
	outcome   Outcome
	by        *Event // whose actor's role is the responder; nil: nobody's is
	judged    *situation
	responder Responder // where by is nil, and, unless "", in the place of ByOther
}

// reset makes w a wait that has not begun, and keeps its slices.
func (w *runningWait) reset(kind Kind) {
	w.pauses.reset()
	*w = runningWait{
		kind: kind, end: Never, firstReply: Never, lapseAt: Never,
		tenures: w.tenures[:0], pauses: w.pauses, asks: w.asks[:0], steps: w.steps[:0],
	}
}

func (r *replay) openWait(w *runningWait, ev *Event, rule Rule) {
	w.reset(w.kind)
	w.open, w.start, w.origin, w.rule = true, ev.At, ev.At, rule
	w.tenures = append(w.tenures, tenure{ev.At, r.now.owner, r.now.project})
	r.step(w, ev, rule)
}

// end ends w and adds its parts to the result.
func (r *replay) end(w *runningWait, at Instant, e ending, s Step) {
	w.open, w.end, w.ending = false, at, e
	if w.kind == Acceptance {
		w.exit = r.st.status.Name
	}
	w.steps = append(w.steps, s)
	r.addParts(w)
	if w.kind == Acceptance {
		r.keepCycleTime()
	}
	if e.outcome == Answered {
		r.guardAnswer(at)
	}
}

// responderTo returns the role, towards an owner, of whoever ended w.
func (r *replay) responderTo(w *runningWait, owner string) Responder {
	e := &w.ending
	if e.by != nil {
		if role := r.roleOf(e.by, e.judged, owner, w.kind); role != ByOther || e.responder == "" {
			return role
		}
	}
	return e.responder
}

func (r *replay) step(w *runningWait, ev *Event, rule Rule) {
	w.steps = append(w.steps, r.stepOf(ev, rule))
}

func (r *replay) stepOf(ev *Event, rule Rule) Step {
	return Step{At: ev.At, Rank: ev.Rank, ID: ev.ID, Actor: ev.Actor, Rule: rule}
}

// addParts adds the parts of a wait that has ended, or that is open as of the
// derivation's instant, to the result.
func (r *replay) addParts(w *runningWait) {
	d := r.d
	current := w.tenures[len(w.tenures)-1].project
	final := w.end != Never && w.end.Add(current.SlipWindow) <= r.asOf
	if !final {
		d.result.Unsettled = true
	}
	stop := min(w.end, r.asOf)
	pauses, pausedNow := w.pauses.until(stop, d.clock.pauses[:0])
	d.clock.pauses = pauses
	parts := w.ownersParts(d.clock.parts, stop)
	d.clock.parts = parts
	w.responder = r.responderTo(w, parts[len(parts)-1].owner)
	r.lay(w, stop, pauses)
	if w.start < current.HistoryFrom {
		return
	}
	w.last = parts[len(parts)-1]
	if w.kind == Acceptance {
		for _, t := range w.tenures {
			d.result.Begun = append(d.result.Begun, Beginning{t.project.ID, t.from})
		}
	}
	whole := Wait{
		StoryID: r.h.ID, Story: r.key, Kind: w.kind, Cycle: w.cycle, Rule: w.rule, Since: parts[0].From, Addressed: w.addressed,
		Asks: w.asked, OtherReplies: w.replies, FirstReply: w.firstReply, Steps: slices.Clone(w.steps),
	}
	var storyElapsed, storyWorking time.Duration
	for i := range parts {
		s := &parts[i]
		cal := d.rules.calendar(s.project, s.owner)
		running := cutOut(d.clock.running[:0], s.Span, pauses)
		d.clock.running = running
		elapsed, working := measure(cal, running)
		storyElapsed += elapsed
		storyWorking += working
		part := Part{
			Wait: whole, Number: i + 1, ProjectID: s.project.ID, Owner: s.owner, Start: s.From, Origin: s.From, End: Never,
			Paused: s.To.Sub(s.From) - elapsed, StoryElapsed: storyElapsed, StoryWorking: storyWorking,
			Target: s.project.Target(w.kind), BreachAt: Never,
		}
		if i == 0 {
			part.Origin = w.origin
		}
		part.Running = append([]Span(nil), running...)
		part.Clock = part.Running
		if away := r.awayFrom(s, w.kind); len(away) > 0 {
			part.Clock = nil
			for _, span := range running {
				part.Clock = cutOut(part.Clock, span, away)
			}
			elapsed, working = measure(cal, part.Clock)
		}
		part.Elapsed, part.Working = elapsed, working
		if at, p := w.breach(s.Span, cal, part.Clock, working); p != nil {
			part.Breached, part.BreachAt, part.BreachProjectID = true, at, p.ID
		}
		switch {
		case i < len(parts)-1:
			part.End, part.Outcome, part.Final = s.To, HandedOver, true
		case final:
			part.End, part.Outcome, part.Responder, part.Final = w.end, w.ending.outcome, w.responder, true
			part.ExitStatus = w.exit
		case w.end == Never:
			part.PausedNow = pausedNow
			if d.rules.Inactive[part.Owner] {
				r.find(FindInactiveOwner, part.Start, d.rules.Label(part.Owner))
			}
		}
		part.Forgotten = part.Open() && r.forgotten(s.project, w.kind, storyWorking)
		d.result.Parts = append(d.result.Parts, part)
	}
}
