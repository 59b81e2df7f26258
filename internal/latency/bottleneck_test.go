package latency

import "testing"

func TestBottlenecks(t *testing.T) {
	for share, want := range map[float64]string{0: "no", 0.049: "no", 0.05: "a little", 0.0999: "a little", 0.1: "in part", 0.2: "yes", 1: "yes"} {
		if got := BottleneckOf(share).Words; got != want {
			t.Errorf("%v: %q, want %q", share, got, want)
		}
	}
}
