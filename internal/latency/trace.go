package latency

import (
	"math"
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/calendar"
)

// Trace is what statistics over time need of one story.
type Trace struct {
	Samples []Sample
	Stages  []StageSpan
	Verdict Verdict // its first; At is Never while there is none
	Home    Home
}

// Sample is how one owner's part of a wait ran.
type Sample struct {
	StoryID   int64
	Story     string // key
	Kind      Kind
	ProjectID string
	Owner     string
	Start     Instant
	End       Instant       // Never: open, or not yet final
	Response  bool          // it ended with a verdict or an answer
	EndedBy   string        // the account whose history record ended the wait; "" for what ended otherwise
	Working   time.Duration // the owner's clock at its end or as of the derivation
	Target    time.Duration // of working time
	Clock     []Span        // when that clock ran
}

// Verdict is the first verdict on a story.
type Verdict struct {
	At        Instant
	ProjectID string
	Owner     string // whose wait it ended
	Accepted  bool
}

// Trace returns what statistics over windows that begin at since, or later,
// need of a result. It shares no slice that the next derivation overwrites.
func (res *Result) Trace(since Instant) Trace {
	t := Trace{Verdict: Verdict{At: Never}, Home: res.Home}
	for i := range res.Parts {
		w := &res.Parts[i]
		if w.Kind == Acceptance && w.End < t.Verdict.At && (w.Outcome == Accepted || w.Outcome == Rejected) {
			t.Verdict = Verdict{w.End, w.ProjectID, w.Owner, w.Outcome == Accepted}
		}
		if w.End <= since {
			continue
		}
		t.Samples = append(t.Samples, w.Sample())
	}
	if t.Verdict.At <= since {
		t.Verdict.At = Never
	}
	i := len(res.Stages)
	for i > 0 && res.Stages[i-1].To > since {
		i--
	}
	if i < len(res.Stages) {
		t.Stages = slices.Clone(res.Stages[i:])
	}
	return t
}

// Sample returns how the part ran.
func (w *Part) Sample() Sample {
	return Sample{
		StoryID: w.StoryID, Story: w.Story, Kind: w.Kind, ProjectID: w.ProjectID, Owner: w.Owner, Start: w.Start, End: w.End,
		Response: w.Outcome.IsResponse(), Working: w.Working, Target: w.Target, Clock: w.Clock, EndedBy: w.endedBy(),
	}
}

// endedBy returns the account whose history record ended the wait.
func (w *Part) endedBy() string {
	if !w.Final || w.Outcome == HandedOver || len(w.Steps) == 0 {
		return ""
	}
	if last := w.Steps[len(w.Steps)-1]; last.Rank == RankRecord {
		return last.Actor
	}
	return ""
}

// Until returns the last instant of which the trace says anything: windows that
// begin then or later do not see it. Never: the story goes on.
func (t *Trace) Until() Instant {
	until := Instant(math.MinInt64)
	for i := range t.Samples {
		until = max(until, t.Samples[i].End)
	}
	if n := len(t.Stages); n > 0 {
		until = max(until, t.Stages[n-1].To)
	}
	if t.Verdict.At != Never {
		until = max(until, t.Verdict.At)
	}
	return until
}

// Empty reports whether nothing of the story falls into the windows.
func (t *Trace) Empty() bool { return t.Until() == math.MinInt64 }

// age returns what the sample's clock showed at an instant.
func (r *Sample) age(cal *calendar.Calendar, at Instant) time.Duration {
	var age time.Duration
	for _, s := range r.Clock {
		if s.From >= at {
			break
		}
		age += cal.Working(s.From, min(s.To, at))
	}
	return age
}
