package collector_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// TestCheckClock holds when Jira's clock is doubted: two of three must contradict it
// in the same direction, and at the first start this machine's is enough if Jira is
// ahead. Each row says how far Jira's clock is ahead of each of them.
func TestCheckClock(t *testing.T) {
	const first = time.Duration(-1 << 62) // it was never believed
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name                string
		machine, date, last time.Duration
		doubted             string
	}{
		{"all agree", 0, 0, 0, ""},
		{"all within the bound", 10 * time.Minute, 10 * time.Minute, 10 * time.Minute, ""},
		{"machine and Date", 11 * time.Minute, 11 * time.Minute, 0, "ahead"},
		{"machine and last", time.Hour, 0, time.Hour, "ahead"},
		{"Date and last", 0, time.Hour, time.Hour, "ahead"},
		{"all", 24 * time.Hour, 24 * time.Hour, 24 * time.Hour, "ahead"},
		{"two behind", -time.Hour, -time.Hour, 0, "behind"},
		{"one ahead, one behind", time.Hour, -time.Hour, 0, ""},
		{"this machine's is wrong", time.Hour, 0, 0, ""},
		{"the proxy's is wrong", 0, -time.Hour, 0, ""},
		{"it was set right", 0, 0, time.Hour, ""},
		{"at first ahead of this machine", 11 * time.Minute, 0, first, "ahead"},
		{"at first behind this machine", -11 * time.Minute, 0, first, ""},
		{"at first behind both", -time.Hour, -time.Hour, first, "behind"},
		{"at first ahead of the Date", 0, time.Hour, first, ""},
	} {
		jira := now.Add(tc.machine)
		id := jiradata.Identity{At: latency.At(jira), DateAhead: -tc.date}
		var st jiradata.State
		if tc.last != first {
			st.Clocked, st.Skew = true, now.Sub(jira.Add(-tc.last))
		}
		err := collector.CheckClock(st, id, now)
		var doubt *collector.ClockError
		switch {
		case tc.doubted == "" && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.doubted != "" && (!errors.Is(err, collector.ErrClock) || !errors.As(err, &doubt) || doubt.Ahead != tc.machine || !strings.Contains(err.Error(), "it is "+tc.doubted)):
			t.Errorf("%s: got error %v, want one that says that it is %s", tc.name, err, tc.doubted)
		}
	}
}
