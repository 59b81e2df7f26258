package latency

import "time"

// FewestEnded is how many responses tell something of others: an expected answer needs so
// many, and so does a window that is compared with another.
const FewestEnded = 10

// fewestAtRisk is how many waits must have lasted as long as what is said of it.
const fewestAtRisk = 3

// ExpectedAnswer is when an open wait will be answered, if it goes as the waits
// before it went and nobody takes it away. It is for those who wait: no promise, and
// nothing to hold against anybody.
type ExpectedAnswer struct {
	Half   Forecast // half of such waits are answered by then
	Most   Forecast // 85 of 100 are
	Stands bool     // the wait is paused: both count from when it goes on
}

// Forecast is how much longer a wait runs.
type Forecast struct {
	Within time.Duration // on the owner's working clock, from the data timestamp on
	Later  bool          // it takes longer than that: of how much longer too few waits tell
	At     Instant       // when that will be, by the owner's hours and absences; Never while the clock stands
}

// Expect returns the expected answer to an open part as of the instant of the
// statistics: with S the survival curve of its owner's and kind's waits of the last 90
// days without itself, and a its age on the owner's clock, the smallest t such that
// S(a+t) is at most half of S(a), and 0.15 of it. ok is false where fewer than ten of
// those waits were responded to, or fewer than three have lasted as long as this one. A
// stand-in whom the story's delegate field names is not foreseen.
func (s *Statistics) Expect(d *Deriver, w *Part, asOf Instant) (expected ExpectedAnswer, ok bool) {
	of, p := s.compared(w), d.rules.watched(w.ProjectID)
	if of == nil || p == nil {
		return ExpectedAnswer{}, false
	}
	ended := of.Ended
	for _, own := range of.own(nil, w) {
		if own.Event {
			ended--
		}
	}
	// The wait itself has lasted for w.Working and no longer, so it is not at risk at any age
	// after that. The curve of those ages is the same without it.
	if ended < FewestEnded {
		return ExpectedAnswer{}, false
	}
	watched, atRisk := of.still.Watched(of.moves, w.Working, fewestAtRisk)
	if !atRisk {
		return ExpectedAnswer{}, false
	}
	forecast := func(q float64) Forecast {
		f := Forecast{At: Never}
		t, reached := of.curve.Remaining(w.Working, q)
		if f.Within = t; !reached || w.Working+t > watched {
			f.Within, f.Later = watched-w.Working, true
		}
		if !w.PausedNow {
			f.At = d.clockReaches(p, w, asOf, f.Within)
		}
		return f
	}
	return ExpectedAnswer{Half: forecast(0.5), Most: forecast(0.85), Stands: w.PausedNow}, true
}

// clockReaches returns when the clock of an owner's part will have run for working
// time more: it stands while the owner is absent with nobody to stand in.
func (d *Deriver) clockReaches(p *Project, w *Part, from Instant, working time.Duration) Instant {
	const horizon = 3 * 365 * 24 * time.Hour // calendars go no further in practice
	cal := d.rules.calendar(p, w.Owner)
	for _, s := range cutOut(nil, Span{from, from.Add(horizon)}, d.away(p, w.Owner, w.Kind)) {
		lies := cal.Working(s.From, s.To)
		if lies >= working {
			if at, ok := cal.After(s.From, working); ok {
				return at
			}
		}
		working -= lies
	}
	return Never
}
