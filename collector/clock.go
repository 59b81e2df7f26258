package collector

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Jira's clock alone says when something happened and up to when everything was
// read. A clock that is ahead for a moment makes polls skip what happens until that
// instant, puts the next census off until then, and counts endings that may still be
// undone. So it is compared with three other clocks, and believed unless two of them
// contradict it in the same direction.

// ClockBound is by how much two clocks may differ before they disagree. It is the
// default of jira.overlap: what lies within the overlap is read again anyhow.
const ClockBound = 10 * time.Minute

// futureMargin is how far in the future of Jira's clock a stored instant may lie:
// the nodes of a cluster differ by seconds.
const futureMargin = time.Minute

// ErrClock means that Jira's clock is doubted: two of three other clocks say that it
// is ahead, or two say that it is behind.
var ErrClock = errors.New("jira's clock is doubted")

// ClockError is an ErrClock. Ahead is how far Jira's clock is ahead of this
// machine's; below 0 it is behind.
type ClockError struct {
	Ahead time.Duration
	why   string
}

// Error implements error: it names the clocks that disagree, and the remedy.
func (e *ClockError) Error() string {
	return fmt.Sprintf("%v: %s; nothing is read until they agree: look at the clock of Jira (serverTime in /rest/api/2/serverInfo), of the proxy before it, and of this machine", ErrClock, e.why)
}

// Unwrap returns ErrClock.
func (*ClockError) Unwrap() error { return ErrClock }

// lastClock is Jira's clock when it was believed last, and when that was, by a clock
// that nobody sets.
type lastClock struct {
	jira latency.Instant
	read time.Time
}

// CheckClock returns a ClockError if the clock of id is doubted, by what the state of
// the store says of the clocks in the last complete cycle, and now, this machine's
// clock.
func CheckClock(st jiradata.State, id jiradata.Identity, now time.Time) error {
	if !st.Clocked {
		return doubtClock(id, now, nil)
	}
	expected := now.Add(-st.Skew)
	return doubtClock(id, now, &expected)
}

// doubtClock compares Jira's clock with this machine's, with the Date of its replies,
// and with what it should show by when it was believed last; expected is nil where it
// never was. At the first start this machine's clock alone is enough to doubt a Jira
// that is ahead of it.
func doubtClock(id jiradata.Identity, now time.Time, expected *time.Time) error {
	jira := id.At.Time()
	type witness struct {
		name  string
		ahead time.Duration // of the witness
	}
	witnesses := []witness{
		{"this machine's clock", jira.Sub(now)},
		{"the Date of its replies", -id.DateAhead},
	}
	if expected != nil {
		witnesses = append(witnesses, witness{"what it showed last and the time since", jira.Sub(*expected)})
	}
	var ahead, behind []string
	for _, w := range witnesses {
		said := fmt.Sprintf("%s of %s", w.ahead.Abs().Round(time.Minute), w.name)
		switch {
		case w.ahead > ClockBound:
			ahead = append(ahead, said)
		case w.ahead < -ClockBound:
			behind = append(behind, said)
		}
	}
	e := &ClockError{Ahead: jira.Sub(now)}
	switch {
	case len(ahead) >= 2, expected == nil && e.Ahead > ClockBound:
		e.why = "it is ahead by " + strings.Join(ahead, ", by ")
	case len(behind) >= 2:
		e.why = "it is behind by " + strings.Join(behind, ", by ")
	default:
		return nil
	}
	return e
}

// checkClock returns a ClockError if Jira's clock is doubted, and remembers it if not.
// It measures the time since the clock was last believed with a clock that nobody sets
// while this process runs, and with this machine's clock after a start.
func (c *Collector) checkClock(st *jiradata.State, id jiradata.Identity) error {
	now := c.now()
	var err error
	if c.clock.jira != 0 {
		expected := c.clock.jira.Time().Add(time.Since(c.clock.read))
		err = doubtClock(id, now, &expected)
	} else {
		err = CheckClock(*st, id, now)
	}
	if err != nil {
		return err
	}
	c.clock = lastClock{id.At, time.Now()}
	st.Clocked, st.Skew = true, now.Sub(id.At.Time()).Truncate(time.Second)
	return nil
}

// forgetFuture takes out of a state what lies in the future of Jira's clock, as a
// clock that was wrong leaves it. Polls then look back to the last instant up to
// which everything was surely read; where there is none, everything is read anew.
func (c *Collector) forgetFuture(st *jiradata.State, at latency.Instant) {
	limit := at.Add(futureMargin)
	future := func(instants ...latency.Instant) bool {
		for _, i := range instants {
			if i > limit {
				return true
			}
		}
		return false
	}
	lost := false
	for _, since := range st.Lost {
		lost = lost || future(since)
	}
	if !lost && !future(st.FirstComplete, st.FullStarted, st.Watermark, st.DataTimestamp, st.Census, st.QuestionsRead, st.BesideSearch, st.LookedBack) {
		return
	}
	c.log.Warn("the store holds instants that are in the future by Jira's clock, as a wrong clock leaves them; they are ignored, and changes that may have been missed are read again",
		zap.Time("data", st.DataTimestamp.Time()), zap.Time("jira", at.Time()))
	var sure latency.Instant // up to it everything was read
	for _, i := range []latency.Instant{st.FirstComplete, st.LookedBack, st.Census} {
		if !future(i) {
			sure = max(sure, i)
		}
	}
	if future(st.FullStarted) || st.FirstDone && future(st.Watermark) && sure == 0 {
		st.FullStarted, st.Cursor = at, ""
	}
	for _, i := range []*latency.Instant{&st.Watermark, &st.DataTimestamp, &st.LookedBack} {
		if future(*i) {
			*i = sure
		}
	}
	for _, i := range []*latency.Instant{&st.FirstComplete, &st.Census, &st.QuestionsRead, &st.BesideSearch} {
		if future(*i) {
			*i = 0
		}
	}
	st.Lost = maps.Clone(st.Lost)
	for key, since := range st.Lost {
		if future(since) {
			st.Lost[key] = st.Watermark
		}
	}
}
