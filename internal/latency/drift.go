package latency

import "slices"

// drift is working time in a window that moves on, of many stretches at once. One that
// lies in the window has a length. One that goes on ends where the window does, and one
// that lies across the window's beginning begins there: so their sum is a number, and
// what the calendar shows at the window's two ends, so many times.
type drift struct {
	fixed        Milliseconds
	open, across int
}

// clockOf is what a project's calendar shows at an instant: the working time up to it.
func (p *Project) clockOf(at Instant) Milliseconds {
	return MillisecondsOf(p.Calendar.Working(Always.From, at))
}

// driftOf returns the drift of one stretch in a window that begins at an instant.
func driftOf(p *Project, s Span, from Instant) drift {
	var d drift
	if s.To == Never {
		d.open = 1
	} else {
		d.fixed += p.clockOf(s.To)
	}
	if s.From < from {
		d.across = 1
	} else {
		d.fixed -= p.clockOf(s.From)
	}
	return d
}

// at returns the working time in a window at whose ends the calendar shows from and to.
func (d drift) at(from, to Milliseconds) Milliseconds {
	return d.fixed + Milliseconds(d.open)*to - Milliseconds(d.across)*from
}

// plus adds another drift, n times.
func (d drift) plus(o drift, n int) drift {
	return drift{d.fixed + Milliseconds(n)*o.fixed, d.open + n*o.open, d.across + n*o.across}
}

func addDrift[K comparable](sums map[K]drift, key K, d drift, n int) {
	if v := sums[key].plus(d, n); v == (drift{}) {
		delete(sums, key)
	} else {
		sums[key] = v
	}
}

// shareDrift is a Share that moves on.
type shareDrift struct{ owner, question, total drift }

func addShareDrift(sums map[OwnerWindow]shareDrift, key OwnerWindow, v windowSpan, n int) {
	s := sums[key]
	s.total = s.total.plus(v.drift, n)
	switch v.stage {
	case StageOwner:
		s.owner = s.owner.plus(v.drift, n)
	case StageOwnerQuestion:
		s.question = s.question.plus(v.drift, n)
	default: // the story's own
	}
	if s == (shareDrift{}) {
		delete(sums, key)
	} else {
		sums[key] = s
	}
}

// windowSpan is a stretch of cycle time that the window sees.
type windowSpan struct {
	project, owner string // key, label
	stage          Stage
	drift          drift
}

// contributeSpans is contribute for stretches of cycle time. A story is counted in a project
// while one of them has working time in the window: what lies across the beginning has,
// until the beginning has come to its last working hour, and what goes on through all of
// the window has if the window has any.
func (s *RollingStatistics) contributeSpans(out *contribution, from, asOf Instant, spans []StageSpan) {
	for _, span := range spans {
		out.over = out.over && span.To <= from
		p := s.rules.watched(span.ProjectID)
		switch {
		case span.To <= from:
			continue
		case span.From >= asOf || span.To > asOf && span.To != Never: // it is of an instant that the window has not come to
			out.next = min(out.next, from+1)
			if p != nil {
				out.moves.spans = append(out.moves.spans, span)
			}
			continue
		case span.From >= from:
			out.next = min(out.next, span.From+1, span.To)
		default:
			out.next = min(out.next, span.To)
		}
		if p == nil {
			continue
		}
		v := windowSpan{p.Key, s.labels.of(span.Owner), span.Stage, driftOf(p, span.Span, from)}
		out.spans = append(out.spans, v)
		lived := p.Calendar.Working(max(span.From, from), min(span.To, asOf))
		switch {
		case v.drift.open+v.drift.across == 2:
			if !slices.Contains(out.lasting, p.Key) {
				out.lasting = append(out.lasting, p.Key)
			}
		case lived == 0 && v.drift.open == 1:
			out.next = min(out.next, from+1)
		case lived == 0: // it is over, and lies outside of working hours
		case v.drift.across == 1:
			if at, ok := p.Calendar.After(from, lived); ok {
				out.next = min(out.next, at)
			}
			fallthrough
		default:
			if !slices.Contains(out.in, p.Key) {
				out.in = append(out.in, p.Key)
			}
		}
	}
	out.lasting = slices.DeleteFunc(out.lasting, func(project string) bool { return slices.Contains(out.in, project) })
}

// lived fills in what the stages, the shares and the numbers of stories of a window are.
func (w *rollingWindow) lived(rules *Rules, out *Statistics) {
	type ends struct{ from, to Milliseconds }
	clocks := map[string]ends{}
	for _, p := range rules.Projects {
		clocks[p.Key] = ends{p.clockOf(w.From), p.clockOf(w.To)}
	}
	for key, d := range w.stages {
		c := clocks[key.Project]
		if lived := d.at(c.from, c.to); lived > 0 {
			out.Stages[key] = lived
		}
	}
	for key, d := range w.shares {
		c := clocks[key.Project]
		if total := d.total.at(c.from, c.to); total > 0 {
			out.Shares[key] = Share{Owner: d.owner.at(c.from, c.to), Question: d.question.at(c.from, c.to), Total: total}
		}
	}
	for key, n := range w.stories {
		out.Stories[key] = n
	}
	for key, n := range w.lasting {
		if c := clocks[key.Project]; c.to > c.from {
			out.Stories[key] += n
		}
	}
}
