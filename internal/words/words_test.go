package words

import (
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	const h = time.Hour
	for _, tc := range []struct {
		d, day                  time.Duration
		working, elapsed, exact string
	}{
		{0, 8 * h, "less than a minute", "less than a minute", "0 min"},
		{-h, 8 * h, "less than a minute", "less than a minute", "-1 h"},
		{time.Minute, 8 * h, "1 working minute", "1 minute", "1 min"},
		{59*time.Minute + 59*time.Second, 8 * h, "59 working minutes", "59 minutes", "59 min"},
		{h, 8 * h, "1 working hour", "1 hour", "1 h"},
		{74 * time.Minute, 8 * h, "1 working hour", "1 hour", "1 h 14 min"},
		{75 * time.Minute, 8 * h, "1½ working hours", "1½ hours", "1 h 15 min"},
		{165 * time.Minute, 8 * h, "3 working hours", "3 hours", "2 h 45 min"},
		{7*h + 59*time.Minute, 8 * h, "8 working hours", "8 hours", "7 h 59 min"},
		{8 * h, 8 * h, "1 working day", "8 hours", "8 h"},
		{8 * h, 4 * h, "2 working days", "8 hours", "8 h"},
		{19*h + 30*time.Minute, 8 * h, "2½ working days", "20 hours", "19 h 30 min"},
		{24 * h, 8 * h, "3 working days", "24 hours", "24 h"},
		{1364*h + 48*time.Minute, 8 * h, "171 working days", "57 days", "1364 h 48 min"},
		{60 * h, 0, "60 working hours", "2½ days", "60 h"},
		{26541 * h, 0, "26,541 working hours", "1,106 days", "26541 h"},
	} {
		if got := Working(tc.d, tc.day); got != tc.working {
			t.Errorf("%s of working days of %s: %q, want %q", tc.d, tc.day, got, tc.working)
		}
		if got := Elapsed(tc.d); got != tc.elapsed {
			t.Errorf("%s: %q, want %q", tc.d, got, tc.elapsed)
		}
		if got := Exact(tc.d); got != tc.exact {
			t.Errorf("%s exactly: %q, want %q", tc.d, got, tc.exact)
		}
	}
}

func TestInstant(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC) // 2027 in Berlin
	for want, zone := range map[string]*time.Location{"Thu 31 Dec 2026, 23:30 UTC": time.UTC, "Fri 1 Jan, 00:30 CET": berlin} {
		if got := Instant(at, at.Add(time.Hour), zone); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for want, now := range map[string]time.Time{"00:30 CET": at.Add(-time.Hour / 2), "Fri 1 Jan 2027, 00:30 CET": at.Add(-time.Hour), "Fri 1 Jan, 00:30 CET": at.Add(24 * time.Hour)} {
		if got := Brief(at, now, berlin); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCounts(t *testing.T) {
	for n, want := range map[int]string{0: "0 stories", 1: "1 story", 999: "999 stories", 1000: "1,000 stories", 1234567: "1,234,567 stories", -1000: "-1,000 stories"} {
		if got := Count(n, "story", "stories"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for want, words := range map[string][]string{"": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"}} {
		if got := List(words); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestBetween holds that bounds are rounded outwards, from what is shown to the tenth.
func TestBetween(t *testing.T) {
	for want, of := range map[string][2]float64{
		"16–21 %": {0.15996, 0.2051},
		"15–21 %": {0.1594, 0.2094},
		"11–12 %": {0.112, 0.12},
		"3–4 %":   {0.034, 0.034},
		"7 %":     {0.07, 0.07},
		"0 %":     {0, 0},
	} {
		if got := Between(of[0], of[1]); got != want {
			t.Errorf("%v: %q, want %q", of, got, want)
		}
	}
}
