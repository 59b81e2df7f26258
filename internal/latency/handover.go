package latency

import "slices"

// tenure is whose a wait is, and in which project, from an instant on.
type tenure struct {
	from    Instant
	owner   string
	project *Project
}

// ownersPart is one owner's part of a wait.
type ownersPart struct {
	Span
	owner   string
	project *Project
}

// handOver gives the running waits to the story's present owner. Of a question
// it withdraws what the new owner had asked, which ends it as e says where
// nothing else was asked.
func (r *replay) handOver(was string, ev *Event, e ending) {
	if was == r.now.owner {
		return
	}
	if r.acc.open {
		r.answerOwner(ev) // the ball is with the next owner
		r.enterPart(&r.acc, ev.At)
		r.step(&r.acc, ev, Handed)
	}
	if !r.q.open || r.withdrawOwnAsks(ev, e) {
		return
	}
	r.enterPart(&r.q, ev.At)
	r.step(&r.q, ev, Handed)
	r.setLapse(ev.At)
}

// enterPart gives a running wait to the story's present owner and project.
func (r *replay) enterPart(w *runningWait, at Instant) {
	if !w.open {
		return
	}
	if last := &w.tenures[len(w.tenures)-1]; last.from == at {
		last.owner, last.project = r.now.owner, r.now.project
		return
	}
	w.tenures = append(w.tenures, tenure{at, r.now.owner, r.now.project})
}

// ownersParts cuts [w.start, stop) into one part for each owner, in out's room.
// A part shorter than the slip window of its project belongs to the next, the
// last one to the one before: a field corrected at once hands nothing over.
// They are joined oldest first, and their lengths add up.
func (w *runningWait) ownersParts(out []ownersPart, stop Instant) []ownersPart {
	out = out[:0]
	for i, t := range w.tenures {
		to := stop
		if i+1 < len(w.tenures) {
			to = min(stop, w.tenures[i+1].from)
		}
		p := ownersPart{Span{max(t.from, w.start), to}, t.owner, t.project}
		if p.From > p.To || p.From == p.To && i+1 < len(w.tenures) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].owner == p.owner {
			out[n-1].To, out[n-1].project = p.To, p.project
			continue
		}
		out = append(out, p)
	}
	short := func(p *ownersPart) bool { return p.To < p.From.Add(p.project.SlipWindow) }
	for i := 0; i+1 < len(out); {
		if short(&out[i]) {
			out[i+1].From = out[i].From
			out = slices.Delete(out, i, i+1)
			continue
		}
		i++
	}
	if n := len(out); n > 1 && short(&out[n-1]) {
		out[n-2].To, out[n-2].project = out[n-1].To, out[n-1].project
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
	return out
}
