package latency

// lapse returns when the open question lapses unless something happens; Never.
func (r *replay) lapse() Instant {
	if !r.q.open {
		return Never
	}
	return r.q.lapseAt
}

// setLapse recomputes when the open question lapses: when the working time since
// the last comment on the story, summed over the parts, each in its owner's
// calendar, comes to the lapse time. That is not before now: another owner's
// calendar, or another project's rules, cannot end a wait in the past.
func (r *replay) setLapse(now Instant) {
	q := &r.q
	q.lapseAt = Never
	if !q.open || r.now.project.LapseAfter <= 0 {
		return
	}
	left := r.now.project.LapseAfter
	from := max(q.start, r.lastComment)
	if len(q.tenures) > 1 {
		parts := q.ownersParts(r.d.clock.parts, Never) // the last one goes on
		r.d.clock.parts = parts
		for _, p := range parts[:len(parts)-1] {
			left -= r.d.rules.calendar(p.project, p.owner).Working(max(from, p.From), p.To)
		}
		from = max(from, parts[len(parts)-1].From)
	}
	if at, ok := r.d.rules.calendar(r.now.project, r.now.owner).After(from, left); ok {
		q.lapseAt = max(now, at)
	}
}
