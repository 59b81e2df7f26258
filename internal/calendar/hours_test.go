package calendar

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestHoursAreWhatIsWorked holds that the intervals of a span are in order, apart, within it
// and in working hours, and that they last as long as the working time of the span.
func TestHoursAreWhatIsWorked(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Spec{Zone: berlin, Week: Week{1: {{540, 720}, {780, 1020}}, 2: {{1320, 360}}, 6: {{0, 1440}}, 0: {{0, 120}}}})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		from := At(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) + Instant(rapid.Int64Range(0, 60*24*3600_000).Draw(t, "from"))
		to := from + Instant(rapid.Int64Range(-3600_000, 20*24*3600_000).Draw(t, "length"))
		var sum time.Duration
		last := from
		for a, b := range c.Hours(from, to) {
			if a < last || b <= a || b > to || !c.Open(a) || c.Open(b) && b != to {
				t.Fatalf("%v to %v within %v to %v, after %v", a.Time(), b.Time(), from.Time(), to.Time(), last.Time())
			}
			last, sum = b+1, sum+b.Sub(a)
		}
		if want := c.Working(from, to); sum != want {
			t.Fatalf("the intervals last %v, want %v", sum, want)
		}
	})
}

// TestHoursAtTheEnds has spans that begin and end with working hours, and with the last ones.
func TestHoursAtTheEnds(t *testing.T) {
	c := office(t, 9, 17)
	in := func(text string) Instant {
		at, err := time.ParseInLocation("2006-01-02 15:04", text, c.Zone())
		if err != nil {
			t.Fatal(err)
		}
		return At(at)
	}
	for _, tc := range []struct{ from, to, want string }{
		{"2026-03-02 09:00", "2026-03-02 17:00", "02 09:00-17:00 "},
		{"2026-03-02 17:00", "2026-03-03 09:00", ""},
		{"2026-03-02 16:00", "2026-03-03 10:00", "02 16:00-17:00 03 09:00-10:00 "},
		{"2070-12-31 16:00", "2071-01-05 10:00", "31 16:00-17:00 "},
		{"2071-01-01 00:00", "2071-01-05 10:00", ""},
	} {
		got := ""
		for from, to := range c.Hours(in(tc.from), in(tc.to)) {
			got += from.Time().In(c.Zone()).Format("02 15:04-") + to.Time().In(c.Zone()).Format("15:04 ")
		}
		if got != tc.want {
			t.Errorf("%s to %s: %q, want %q", tc.from, tc.to, got, tc.want)
		}
	}
}
