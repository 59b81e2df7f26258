package calendar

import (
	"math"
	"time"
)

// Instant is a point in time in milliseconds since the Unix epoch, UTC: the
// precision Jira gives.
type Instant int64

// Never is later than every other instant: the end of what has not ended.
const Never Instant = math.MaxInt64

// At returns t as an Instant, truncated to the millisecond.
func At(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Time returns the instant as a time in UTC.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// Add returns the instant d later; d is truncated to the millisecond.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Milliseconds()) }

// Sub returns how long after o the instant is: the longest Duration, about 292
// years, if it is longer than that, and the shortest likewise.
func (i Instant) Sub(o Instant) time.Duration {
	const most = Instant(math.MaxInt64 / time.Millisecond)
	d := i - o
	switch {
	case i > o && (d < 0 || d > most):
		return math.MaxInt64
	case i < o && (d > 0 || d < -most):
		return math.MinInt64
	}
	return time.Duration(d) * time.Millisecond
}
