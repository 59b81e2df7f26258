package survival

import (
	"fmt"
	"testing"
)

// weeks makes samples of ages; a negative one is censored.
func weeks(ages ...int64) []Sample {
	var out []Sample
	for _, a := range ages {
		out = append(out, Sample{Began: true, Age: max(a, -a), Event: a > 0})
	}
	return out
}

// TestLeukaemia holds the estimator against the most printed example there is:
// the weeks in remission of 21 children on 6-mercaptopurine (Freireich et al.,
// Blood 21, 1963; the estimates are in Klein and Moeschberger, table 4.1B).
func TestLeukaemia(t *testing.T) {
	c := New(weeks(6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35))
	for age, want := range map[int64]string{5: "1.000", 6: "0.857", 7: "0.807", 9: "0.807", 10: "0.753", 13: "0.690", 16: "0.627", 22: "0.538", 23: "0.448", 40: "0.448"} {
		if got := fmt.Sprintf("%.3f", c.Survival(age)); got != want {
			t.Errorf("after week %d: %s, want %s", age, got, want)
		}
	}
	if age, ok := c.Quantile(0.5); age != 23 || !ok {
		t.Errorf("median %d, %t; want 23", age, ok)
	}
}
