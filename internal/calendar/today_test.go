package calendar

import (
	"testing"
	"time"
)

// office returns working hours from 09:00 to 17:00 on weekdays, in Berlin, without
// Wednesday 11 March 2026.
func office(t *testing.T, from, to int) *Calendar {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	week := Week{}
	for day := time.Monday; day <= time.Friday; day++ {
		week[day] = []Interval{{from * 60, to * 60}}
	}
	c, err := New(Spec{Zone: zone, Week: week, Holiday: func(y int, m time.Month, d int) bool { return y == 2026 && m == time.March && d == 11 }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestToday(t *testing.T) {
	const form = "2 Jan 15:04"
	for name, tc := range map[string]struct {
		from, to                   int
		at                         string
		begins, ends, before, left string
	}{
		"Tuesday":             {9, 17, "3 Mar 10:00", "3 Mar 00:00", "4 Mar 00:00", "2 Mar 00:00", "2 Mar 17:00"},
		"Monday":              {9, 17, "2 Mar 10:00", "2 Mar 00:00", "3 Mar 00:00", "27 Feb 00:00", "27 Feb 17:00"},
		"Saturday":            {9, 17, "7 Mar 10:00", "7 Mar 00:00", "8 Mar 00:00", "6 Mar 00:00", "6 Mar 17:00"},
		"after a holiday":     {9, 17, "12 Mar 08:00", "12 Mar 00:00", "13 Mar 00:00", "10 Mar 00:00", "10 Mar 17:00"},
		"clocks go forward":   {9, 17, "29 Mar 12:00", "29 Mar 00:00", "30 Mar 00:00", "27 Mar 00:00", "27 Mar 17:00"},
		"at midnight":         {9, 17, "3 Mar 00:00", "3 Mar 00:00", "4 Mar 00:00", "2 Mar 00:00", "2 Mar 17:00"},
		"hours over midnight": {22, 6, "3 Mar 23:00", "3 Mar 00:00", "4 Mar 00:00", "2 Mar 00:00", "3 Mar 00:00"},
	} {
		c := office(t, tc.from, tc.to)
		in := func(text string) Instant {
			at, err := time.ParseInLocation("2006 "+form, "2026 "+text, c.Zone())
			if err != nil {
				t.Fatal(err)
			}
			return At(at)
		}
		want := Today{From: in(tc.begins), To: in(tc.ends), Before: in(tc.before), Left: in(tc.left)}
		if got := c.Today(in(tc.at)); got != want {
			t.Errorf("%s: got %v %v %v %v, want %+v", name, got.From.Time(), got.To.Time(), got.Before.Time(), got.Left.Time(), tc)
		}
	}
	first := Today{From: At(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)).Add(-time.Hour), To: At(time.Date(1980, 1, 2, 0, 0, 0, 0, time.UTC)).Add(-time.Hour)}
	first.Before, first.Left = first.From, first.From
	if got := office(t, 9, 17).Today(At(time.Date(1980, 1, 1, 12, 0, 0, 0, time.UTC))); got != first {
		t.Errorf("before all working days: got %+v, want %+v", got, first)
	}
}

func TestLengthOfADay(t *testing.T) {
	half := Spec{Zone: time.UTC, Week: Week{time.Monday: {{9 * 60, 12 * 60}, {11 * 60, 17 * 60}}, time.Tuesday: {{22 * 60, 2 * 60}}}}
	c, err := New(half)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Day(); got != 6*time.Hour {
		t.Errorf("8 and 4 hours: got %s, want 6h", got)
	}
	if got := office(t, 9, 9).Day(); got != 24*time.Hour {
		t.Errorf("round the clock: got %s, want 24h", got)
	}
	if got := office(t, 22, 6).Day(); got != 8*time.Hour {
		t.Errorf("nights: got %s, want 8h", got)
	}
}
