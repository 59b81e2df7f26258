package query

import (
	"encoding/json"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// Time is an instant that JSON has in UTC with milliseconds, and as null where it is
// latency.Never.
type Time latency.Instant

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	if !t.Known() {
		return []byte("null"), nil
	}
	return json.Marshal(Stamp(t.Instant()))
}

// Known reports whether there is such an instant.
func (t Time) Known() bool { return t.Instant() != latency.Never }

// Instant returns the instant itself.
func (t Time) Instant() latency.Instant { return latency.Instant(t) }

// Seconds is a duration that JSON has in seconds.
type Seconds time.Duration

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(latency.MillisecondsOf(s.Duration()).Seconds())
}

// Duration returns the duration itself.
func (s Seconds) Duration() time.Duration { return time.Duration(s) }
