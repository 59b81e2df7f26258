package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/calendar"
)

// specOf returns the spec of the calendar in a file.
func specOf(t *testing.T, text string) calendar.Spec {
	t.Helper()
	cfg, err := Parse("x.yml", []byte("jira: {url: https://jira.example.com, projects: [PAY]}\n"+text), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	spec, _, ok := cfg.Calendar.spec(&report{lines: map[string]int{}}, "calendar")
	if !ok {
		t.Fatal("no spec of a good calendar")
	}
	return spec
}

func TestCalendarWeek(t *testing.T) {
	nine := []calendar.Interval{{From: 540, To: 1020}}
	night := []calendar.Interval{{From: 1320, To: 360}}
	split := []calendar.Interval{{From: 540, To: 720}, {From: 780, To: 1020}}
	whole := []calendar.Interval{{From: 0, To: 1440}}
	for _, c := range []struct {
		name, text string
		want       calendar.Week
	}{
		{"default", "", calendar.Week{1: nine, 2: nine, 3: nine, 4: nine, 5: nine}},
		{"hours alone", `calendar: {hours: ["09:00-12:00", "13:00-17:00"]}`, calendar.Week{1: split, 2: split, 3: split, 4: split, 5: split}},
		{"days alone", `calendar: {days: [sat-sun]}`, calendar.Week{0: nine, 6: nine}},
		{"days and hours", `calendar: {days: [mon, wed-thu], hours: "9:00 - 17:00"}`, calendar.Week{1: nine, 3: nine, 4: nine}},
		{"by day", `calendar: {hours: {mon: ["09:00-12:00", "13:00-17:00"], tue-wed: "09:00-17:00", thu: []}}`, calendar.Week{1: split, 2: nine, 3: nine, 4: {}}},
		{"over the end of the week", `calendar: {hours: {fri-mon: "22:00-06:00"}}`, calendar.Week{0: night, 1: night, 5: night, 6: night}},
		{"daily", `calendar: {hours: {daily: "00:00-24:00"}}`, calendar.Week{whole, whole, whole, whole, whole, whole, whole}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, specOf(t, c.text).Week); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCalendarOverrides(t *testing.T) {
	cfg, err := Parse("x.yml", []byte(`
jira: {url: https://jira.example.com, projects: [PAY, WEB, OPS]}
calendar: {time_zone: Europe/Berlin, hours: {mon: "09:00-17:00"}, holidays: [2026-03-02]}
projects:
  PAY: {calendar: {holidays: []}}
  WEB: {calendar: {time_zone: Europe/Berlin}}
owners:
  ada: {accounts: [a], calendar: {time_zone: Europe/London}}
  grace: {accounts: [g], calendar: {hours: "09:00-17:00"}}
  linus: {accounts: [l]}
  barbara: {accounts: [b], calendar: {time_zone: Europe/London, holidays: [2026-03-02]}}
`), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	day := func(s string) calendar.Instant {
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return calendar.At(at)
	}
	week := func(c *calendar.Calendar) time.Duration { // of Monday, 2 March 2026, a holiday
		return c.Working(day("2026-03-02"), day("2026-03-09"))
	}
	for _, c := range []struct {
		name string
		got  *calendar.Calendar
		want time.Duration
	}{
		{"a project without one has the top-level one", cfg.ProjectCalendar("OPS"), 0},
		{"a project without holidays", cfg.ProjectCalendar("PAY"), 8 * time.Hour},
		{"an owner's zone alone", cfg.OwnerCalendar("ada"), 0},
		{"hours in the place of those by day", cfg.OwnerCalendar("grace"), 32 * time.Hour},
	} {
		if got := week(c.got); got != c.want {
			t.Errorf("%s: %s working hours, want %s", c.name, got, c.want)
		}
	}
	if cfg.OwnerCalendar("linus") != nil || cfg.HasOwnCalendar("linus") || !cfg.HasOwnCalendar("ada") {
		t.Error("an owner without a calendar has the project's, not one of their own")
	}
	if cfg.ProjectCalendar("WEB") != cfg.ProjectCalendar("OPS") || cfg.OwnerCalendar("ada") != cfg.OwnerCalendar("barbara") {
		t.Error("equal calendars are not shared")
	}
	for owner, want := range map[string]string{"ada": "Europe/London", "linus": "Europe/Berlin", "nobody": "Europe/Berlin"} {
		if got := cfg.OwnerZone(owner).String(); got != want {
			t.Errorf("the zone of %s is %s, want %s", owner, got, want)
		}
	}
	if got := cfg.ProjectZone("PAY").String(); got != "Europe/Berlin" {
		t.Errorf("the zone of PAY is %s", got)
	}
}

// TestHoursInWords holds what a calendar says of itself.
func TestHoursInWords(t *testing.T) {
	const text = `jira: {url: https://jira.example.com, projects: [PAY, WEB]}
calendar: {time_zone: Europe/Berlin, hours: {mon-thu: ["09:00-12:00", "13:00-17:00"], fri: ["09:00-15:00"]}, holidays: [DE-BE, 2026-12-24]}
projects: {PAY: {calendar: {days: [sun], hours: "22:00-06:00"}}}
owners:
  ada: {accounts: [a], calendar: {time_zone: Asia/Tokyo, holidays: [], hours: {mon: [], tue-sat: "00:00-24:00"}}}
  bob: {accounts: [b]}
`
	cfg, err := Parse("c.yml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	const top = "Europe/Berlin, Mon-Thu 09:00-12:00 and 13:00-17:00, Fri 09:00-15:00, holidays DE-BE, 2026-12-24"
	for got, want := range map[string]string{
		cfg.OwnerHours(""): top, cfg.OwnerHours("bob"): top, cfg.ProjectHours("WEB"): top,
		cfg.OwnerHours("ada"):   "Asia/Tokyo, Tue-Sat 00:00-24:00",
		cfg.ProjectHours("PAY"): "Europe/Berlin, Sun 22:00-06:00, holidays DE-BE, 2026-12-24",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	cfg, err = Parse("c.yml", []byte("jira: {url: https://jira.example.com, projects: [PAY]}\n"), nil)
	if err != nil || cfg.OwnerHours("") != "UTC, Mon-Fri 09:00-17:00" {
		t.Errorf("the default calendar is %q: %v", cfg.OwnerHours(""), err)
	}
}
