package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // small containers have no time zone database

	"github.com/rickar/cal/v2"

	"github.com/yourturn/yourturn/internal/calendar"
)

// Calendar is what the file says about working hours. What the calendar of an owner
// or a project leaves out is as in the top-level one.
type Calendar struct {
	TimeZone string   `yaml:"time_zone"` // IANA name
	Days     []string `yaml:"days"`      // on which Hours hold, if Hours names no days
	Hours    Hours    `yaml:"hours"`
	Holidays []string `yaml:"holidays"` // regions and dates, on which no hours begin
}

// defaultCalendar returns the calendar of a file that has none.
func defaultCalendar() Calendar {
	return Calendar{
		TimeZone: "UTC",
		Days:     []string{"mon-fri"},
		Hours:    Hours{Each: []calendar.Interval{{From: 9 * 60, To: 17 * 60}}},
		Holidays: []string{},
	}
}

// isZero reports whether the calendar says nothing.
func (c Calendar) isZero() bool {
	return c.TimeZone == "" && c.Days == nil && c.Hours.isZero() && c.Holidays == nil
}

// over returns c, with base for what c leaves out. Hours that name days need no
// Days; other hours do.
func (c Calendar) over(base Calendar) Calendar {
	if c.TimeZone == "" {
		c.TimeZone = base.TimeZone
	}
	if c.Holidays == nil {
		c.Holidays = base.Holidays
	}
	if c.Hours.isZero() {
		c.Hours = base.Hours
	}
	if c.Days == nil && c.Hours.ByDay == nil {
		if c.Days = base.Days; c.Days == nil {
			c.Days = defaultCalendar().Days
		}
	}
	return c
}

// spec returns what a complete calendar describes, and a text that is the same
// for equal calendars. It reports problems with what the calendar under key gives
// itself; problems with the rest are reported for the calendar that gives it.
func (c Calendar) spec(p *report, key string) (calendar.Spec, string, bool) {
	fine := true
	problem := func(at, format string, args ...any) {
		fine = false
		if p.given(at) {
			p.on(at, format, args...)
		}
	}
	spec := calendar.Spec{}
	var err error
	if spec.Zone, err = zone(c.TimeZone); err != nil {
		problem(join(key, "time_zone"), "%v", err)
	}

	if c.Hours.ByDay != nil {
		if c.Days != nil {
			problem(join(key, "days"), `holds only with hours that name no days; write such hours, as in hours: "09:00-17:00", or leave days out`)
		}
		for day, intervals := range c.Hours.ByDay {
			spec.Week[day] = intervals
		}
	}
	for i, name := range c.Days {
		days, err := weekdays(name)
		if err != nil {
			problem(item(join(key, "days"), i), "%v", err)
		}
		for _, day := range days {
			spec.Week[day] = c.Hours.Each
		}
	}

	var holidays []*cal.Holiday
	dates := map[date]bool{}
	for i, name := range c.Holidays {
		if t, err := time.Parse(time.DateOnly, name); err == nil {
			dates[dateOf(t)] = true
			continue
		}
		region, ok := regions()[name]
		if !ok {
			problem(item(join(key, "holidays"), i), "%s", unknownRegion(name))
		}
		holidays = append(holidays, region...)
	}
	spec.Holiday = holidayFunc(holidays, dates)
	if !fine {
		return calendar.Spec{}, "", false
	}
	if _, err := calendar.New(spec); err != nil {
		at := join(key, "hours")
		if !p.given(at) && p.given(join(key, "days")) {
			at = join(key, "days")
		}
		problem(at, "there are no working hours; write some on at least one day of the week")
		return calendar.Spec{}, "", false
	}
	names := slices.Compact(slices.Sorted(slices.Values(c.Holidays)))
	return spec, fmt.Sprint(c.TimeZone, spec.Week, strings.Join(names, ",")), true
}

// zone loads a time zone by its name.
func zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" { // Local differs from machine to machine
		return nil, fmt.Errorf("%q is not a time zone; write an IANA name, such as Europe/Berlin or UTC", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil { // its text holds paths of this machine
		return nil, fmt.Errorf("%q is not a known time zone; write an IANA name, such as Europe/Berlin or UTC", shorten(name))
	}
	return loc, nil
}

// date is a local day.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(t time.Time) date {
	y, m, d := t.Date()
	return date{y, m, d}
}

// holidayFunc returns a function that reports whether a day is one of the dates,
// one of the holidays, or the day on which a holiday is observed. The function is
// safe for concurrent use.
func holidayFunc(holidays []*cal.Holiday, dates map[date]bool) func(int, time.Month, int) bool {
	var mu sync.Mutex
	years := map[int]map[date]bool{} // so that a year is calculated once, and not for each day
	return func(year int, month time.Month, day int) bool {
		mu.Lock()
		defer mu.Unlock()
		days, ok := years[year]
		if !ok {
			days = map[date]bool{}
			for _, h := range holidays {
				// The first of January may be observed in December.
				for y := year - 1; y <= year+1; y++ {
					actual, observed := h.Calc(y)
					// The library's days begin at local midnight. Where the clock skips it, that is the evening before: add some hours.
					days[dateOf(actual.Add(2*time.Hour))] = true
					days[dateOf(observed.Add(2*time.Hour))] = true
				}
			}
			years[year] = days
		}
		d := date{year, month, day}
		return days[d] || dates[d]
	}
}

// calendars are the calendars of a config. Equal ones are shared, so that what is
// calculated for one is calculated once.
type calendars struct {
	top      *calendar.Calendar
	owners   map[string]*calendar.Calendar // of those owners that have their own
	projects map[string]*calendar.Calendar
	zones    map[string]*time.Location // of the owners
}

// buildCalendars builds the calendars, and reports problems with them.
func (c *Config) buildCalendars(p *report) {
	shared := map[string]*calendar.Calendar{}
	build := func(key string, own Calendar) (*calendar.Calendar, *time.Location) {
		spec, canonical, ok := own.spec(p, key)
		if !ok {
			return nil, time.UTC
		}
		if shared[canonical] == nil {
			shared[canonical], _ = calendar.New(spec) // spec has tried it
		}
		return shared[canonical], spec.Zone
	}
	all := calendars{owners: map[string]*calendar.Calendar{}, projects: map[string]*calendar.Calendar{}, zones: map[string]*time.Location{}}
	all.top, all.zones[""] = build("calendar", c.Calendar)
	for _, name := range slices.Sorted(maps.Keys(c.Owners)) {
		if own := c.Owners[name].Calendar; !own.isZero() {
			all.owners[name], all.zones[name] = build("owners."+name+".calendar", own.over(c.Calendar))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Projects)) {
		if own := c.Projects[name].Calendar; !own.isZero() {
			all.projects[name], _ = build("projects."+name+".calendar", own.over(c.Calendar))
		}
	}
	c.calendars = all
}

// OwnerCalendar returns the calendar of the owner with that key; nil if the owner
// has none, so that the project's calendar holds.
func (c *Config) OwnerCalendar(owner string) *calendar.Calendar { return c.calendars.owners[owner] }

// OwnerHours returns in words what the calendar of the owner with that key says,
// such as "Europe/Berlin, Mon-Fri 09:00-17:00, holidays DE-BE"; that of the
// top-level calendar if the owner has none, and for "".
func (c *Config) OwnerHours(owner string) string {
	return c.Owners[owner].Calendar.over(c.Calendar).describe()
}

// ProjectHours is OwnerHours for the project with that key.
func (c *Config) ProjectHours(key string) string {
	return c.Projects[key].Calendar.over(c.Calendar).describe()
}

// describe returns in words what a complete calendar says.
func (c Calendar) describe() string {
	var week [7][]calendar.Interval
	for day, intervals := range c.Hours.ByDay {
		week[day] = intervals
	}
	for _, name := range c.Days {
		days, err := weekdays(name)
		if err != nil {
			continue // reported when the file was read
		}
		for _, day := range days {
			week[day] = c.Hours.Each
		}
	}
	minute := func(n int) string { return fmt.Sprintf("%02d:%02d", n/60, n%60) }
	hours := func(day time.Weekday) string {
		var parts []string
		for _, i := range week[day] {
			parts = append(parts, minute(i.From)+"-"+minute(i.To))
		}
		return strings.Join(parts, " and ")
	}
	out := []string{c.TimeZone}
	// From Monday on; days that follow one another with the same hours are one range.
	for first := 1; first <= 7; {
		text, last := hours(time.Weekday(first%7)), first
		for last < 7 && hours(time.Weekday((last+1)%7)) == text {
			last++
		}
		name := time.Weekday(first % 7).String()[:3]
		if last > first {
			name += "-" + time.Weekday(last % 7).String()[:3]
		}
		if text != "" {
			out = append(out, name+" "+text)
		}
		first = last + 1
	}
	if len(c.Holidays) > 0 {
		out = append(out, "holidays "+strings.Join(c.Holidays, ", "))
	}
	return strings.Join(out, ", ")
}

// HasOwnCalendar reports whether the owner with that key has a calendar of their own.
func (c *Config) HasOwnCalendar(owner string) bool { return c.calendars.owners[owner] != nil }

// ProjectCalendar returns the calendar of the project with that key: the top-level
// one if the project has none.
func (c *Config) ProjectCalendar(key string) *calendar.Calendar {
	if own := c.calendars.projects[key]; own != nil {
		return own
	}
	return c.calendars.top
}

// OwnerZone returns the time zone in which the owner's dates are local days: that
// of their calendar, else of the top-level one.
func (c *Config) OwnerZone(owner string) *time.Location {
	if own := c.calendars.zones[owner]; own != nil {
		return own
	}
	return c.calendars.zones[""]
}

// Zone returns the zone of the top-level calendar, in which dates are local days
// that are no owner's and no project's.
func (c *Config) Zone() *time.Location {
	if loc, err := zone(c.Calendar.over(defaultCalendar()).TimeZone); err == nil {
		return loc
	}
	return time.UTC
}

// ProjectZone returns the time zone in which the project's dates are local days.
func (c *Config) ProjectZone(key string) *time.Location {
	own := c.Projects[key].Calendar.over(c.Calendar)
	if loc, err := zone(own.TimeZone); err == nil {
		return loc
	}
	return time.UTC
}
