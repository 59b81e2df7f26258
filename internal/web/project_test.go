package web

import (
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/query"
)

func TestAboutHours(t *testing.T) {
	for d, want := range map[time.Duration]string{
		2541*time.Hour + 43*time.Minute: "about 2,540 working hours", 999*time.Hour + 40*time.Minute: "about 1,000 working hours",
		331 * time.Hour: "about 331 working hours", 90 * time.Minute: "1½ working hours", 26546 * time.Hour: "about 26,500 working hours",
	} {
		if got := aboutHours(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

// TestLargestBlockerThatIsAboutLevel has stages beside the largest blocker.
func TestLargestBlockerThatIsAboutLevel(t *testing.T) {
	flow := func(owner, review, development float64) *query.Flow {
		return &query.Flow{
			Stories: 81, Low: owner, High: owner, Bottleneck: "in part", Blocker: "owner", BlockerShare: owner, BlockerKnown: true,
			Stages: []query.Lived{{Stage: "development", Share: development}, {Stage: "review", Share: review, Blocks: true}, {Stage: "owner", Share: owner, Blocks: true}},
		}
	}
	const says = "Is the owner the bottleneck? In part: 16 % of the cycle time of the last 28 days was waiting for the owner. That is the largest blocker"
	for want, f := range map[string]*query.Flow{
		says + ", about level with review (15.3 %).": flow(0.16, 0.153, 0.16),
		says + ".": flow(0.16, 0.14, 0.16),
	} {
		if got := flowAnswer(f); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
