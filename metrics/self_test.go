package metrics

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// TestNoSuccessIsNone holds that there is no instant of a complete poll before
// there was one: 0 would be told as 56 years ago.
func TestNoSuccessIsNone(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := NewSelf(reg, "https://example.com", "1", "r", "go")
	told := func() int {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "yourturn_poll_last_success_timestamp_seconds" {
				return len(f.GetMetric())
			}
		}
		return 0
	}
	s.ObservePoll(Poll{Failure: "unreachable"})
	if n := told(); n != 0 {
		t.Errorf("%d instants are told of a complete poll that never was", n)
	}
	s.ObservePoll(Poll{End: time.Unix(1_700_000_000, 0)})
	if n := told(); n != 1 {
		t.Errorf("%d instants are told of one complete poll", n)
	}
}
