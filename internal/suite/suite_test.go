package suite

import "testing"

func TestCount(t *testing.T) {
	const name = "YOURTURN_SUITE_COUNT"
	for _, tc := range []struct {
		title, test, count string
		want               int
	}{
		{"neither is set", "", "", 3},
		{"everything is asked for", "full", "", 50},
		{"a count is set", "", "7", 7},
		{"a count beats the switch", "full", "7", 7},
		{"the switch has one value", "yes", "", 3},
	} {
		t.Run(tc.title, func(t *testing.T) {
			t.Setenv("YOURTURN_TEST", tc.test)
			t.Setenv(name, tc.count)
			if got := Count(t, name, 3, 50); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}
