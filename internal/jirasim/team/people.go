// Package team generates an organisation on a simulated Jira: Product Owners with
// habits, developers who ask and hand in, automation that interferes. Its people act
// on the Jira, and each act also goes into a ground truth with what it means: who
// waits on whom from now on, and who no longer does. The truth is never read back
// from Jira's records.
package team

import (
	"fmt"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// owner is a Product Owner and the hours in which one answers.
type owner struct {
	user     *jirasim.User
	zone     *time.Location
	from, to int // minutes of the local day; to may be on the next one
	days     []time.Weekday
	habit    string
	delay    time.Duration // working time until a verdict or an answer, in the middle
	absences []leave
}

// leave is an absence.
type leave struct {
	span
	dates bool // the config gives whole days instead of instants
}

// standIn is a delegation.
type standIn struct {
	owner, delegate string // refs
	span
	dates bool // the config gives whole days instead of instants
}

// everyDay is for those who work in shifts.
func everyDay() []time.Weekday { return []time.Weekday{0, 1, 2, 3, 4, 5, 6} }

func weekdays() []time.Weekday { return []time.Weekday{1, 2, 3, 4, 5} }

// hire makes the people. The first six owners work in three shifts that cover
// every hour of every day twice; the others keep office hours.
func (t *Team) hire() error {
	for _, o := range []struct {
		ref, name, zone, habit string
		from, to               int
		days                   []time.Weekday
		delay                  time.Duration
	}{
		{"ada", "Ada Ohm", "Asia/Tokyo", "prompt", 9, 17, everyDay(), 40 * time.Minute},
		{"bo", "Bo Lindqvist", "Australia/Brisbane", "slow", 10, 18, everyDay(), 9 * time.Hour},
		{"cy", "Cy Adeyemi", "Africa/Lagos", "answers within the day", 9, 17, everyDay(), 3 * time.Hour},
		{"dee", "Dee Rao", "Africa/Nairobi", "prompt", 11, 19, everyDay(), time.Hour},
		{"eve", "Eve Morales", "America/Bogota", "slow with verdicts, on a late shift", 11, 19, everyDay(), 6 * time.Hour},
		{"fin", "Fin Begay", "America/Phoenix", "answers within the day", 9, 17, everyDay(), 2 * time.Hour},
		{"gil", "Gil Hartmann", "Europe/Berlin", "often away, and then Hana stands in", 9, 17, weekdays(), 5 * time.Hour},
		{"hana", "Hana Novak", "America/New_York", "prompt, in office hours", 9, 17, weekdays(), time.Hour},
	} {
		zone, err := time.LoadLocation(o.zone)
		if err != nil {
			return fmt.Errorf("the team's zone %s: %w", o.zone, err)
		}
		t.owners[o.ref] = &owner{
			user: t.user(o.ref, o.name, "atlassian", o.zone), zone: zone, from: o.from * 60, to: o.to * 60,
			days: o.days, habit: o.habit, delay: o.delay,
		}
		t.refs = append(t.refs, o.ref)
	}
	for i := range 8 {
		t.devs = append(t.devs, t.user(fmt.Sprintf("dev%d", i+1), fmt.Sprintf("Developer %d", i+1), "atlassian", "Europe/Berlin"))
	}
	t.admin = t.user("admin", "Jira Administrator", "atlassian", "UTC")
	t.robot = t.user("robot", "Automation for Jira", "app", "UTC")
	t.site.Self = t.user("collector", "yourturn", "atlassian", "America/Los_Angeles")
	day := func(o string, back int) time.Time {
		y, m, d := t.opts.End.In(t.owners[o].zone).AddDate(0, 0, -back).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, t.owners[o].zone)
	}
	t.owners["gil"].absences = []leave{{span{day("gil", 100), day("gil", 86)}, true}, {span{day("gil", 3), day("gil", -11)}, true}}
	// The first of these has a stand-in for all or half of it; the others have none.
	t.owners["hana"].absences = []leave{{span{day("hana", 60), day("hana", 53)}, true}, {span{day("hana", 140), day("hana", 133)}, true}}
	t.owners["cy"].absences = []leave{{span{day("cy", 95), day("cy", 85)}, true}}
	noon := t.opts.End.Truncate(time.Hour)
	t.owners["dee"].absences = []leave{{span{noon.AddDate(0, 0, -70), noon.AddDate(0, 0, -66)}, false}, {span{day("dee", 20), day("dee", 15)}, true}}
	t.owners["ada"].absences = []leave{{span{noon.AddDate(0, 0, -120), noon.Add(-116*24*time.Hour + 90*time.Minute)}, false}}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return fmt.Errorf("the team's zone: %w", err)
	}
	t.office = &owner{zone: berlin, from: 9 * 60, to: 17 * 60, days: weekdays()}
	t.standIns = []standIn{
		{owner: "gil", delegate: "hana"}, // whenever
		{owner: "eve", delegate: "fin"},
		{owner: "hana", delegate: "ada", span: span{day("hana", 60), day("hana", 53)}, dates: true},
		{owner: "cy", delegate: "fin", span: span{t.opts.End.Add(-90 * 24 * time.Hour).Truncate(time.Hour), t.opts.End.Add(-45 * 24 * time.Hour).Truncate(time.Hour)}},
	}
	if t.opts.Ordinary {
		// One owner is there when the team is, and another has a stand-in for the
		// first time: before and since differ.
		t.owners["dee"].absences = t.owners["dee"].absences[:1]
		t.owners["gil"].delay = 150 * time.Minute
		t.standIns = append(t.standIns, standIn{owner: "bo", delegate: "ada", span: span{day("bo", 30), day("bo", -14)}, dates: true})
	}
	return nil
}

// user adds a user to the Jira. Ids look like Jira's own.
func (t *Team) user(ref, name, kind, zone string) *jirasim.User {
	n := t.rng.Int63()
	return t.site.AddUser(&jirasim.User{
		Ref: ref, AccountID: fmt.Sprintf("5b%022x", n), Name: ref, Key: fmt.Sprintf("JIRAUSER%05d", 10100+len(t.refs)+len(t.devs)*3+int(n%7)*100),
		DisplayName: name, AccountType: kind, Active: true, TimeZone: zone,
	})
}

// shift returns the owner's hours of the local day that t lies in; ok is false
// if that day is free.
func (o *owner) shift(t time.Time) (s span, ok bool) {
	y, m, d := t.In(o.zone).Date()
	for _, w := range o.days {
		if w == time.Date(y, m, d, 12, 0, 0, 0, o.zone).Weekday() {
			return span{time.Date(y, m, d, 0, o.from, 0, 0, o.zone), time.Date(y, m, d, 0, o.to, 0, 0, o.zone)}, true
		}
	}
	return span{}, false
}

// hours calls f with the owner's working hours from t on, until f returns false.
func (o *owner) hours(t time.Time, f func(span) bool) {
	for day := t.In(o.zone); ; day = day.AddDate(0, 0, 1) {
		y, m, d := day.Date()
		s, ok := o.shift(time.Date(y, m, d, 12, 0, 0, 0, o.zone))
		if !ok || !s.to.After(t) {
			continue
		}
		if s.from.Before(t) {
			s.from = t
		}
		if !f(s) {
			return
		}
	}
}

// after returns when d of working time has passed since t.
func (o *owner) after(t time.Time, d time.Duration) time.Time {
	var at time.Time
	o.hours(t, func(s span) bool {
		if n := s.to.Sub(s.from); n < d {
			d -= n
			return true
		}
		at = s.from.Add(d)
		return false
	})
	return at
}

// atWork returns the first instant from t on at which the owner works.
func (o *owner) atWork(t time.Time) time.Time {
	var at time.Time
	o.hours(t, func(s span) bool {
		for _, a := range o.absences {
			if a.contains(s.from) {
				return true
			}
		}
		at = s.from
		return false
	})
	return at
}

// role is what somebody is towards an owner at t.
func (t *Team) role(owner string, u *jirasim.User, at time.Time) string {
	switch {
	case u == t.robot:
		return "automation"
	case u.Ref == owner:
		return "owner"
	case t.standsIn(owner, u.Ref, at):
		return "delegate"
	}
	return "other"
}

func answers(role string) bool { return role == "owner" || role == "delegate" }

// standsIn reports whether somebody answers for an owner at t.
func (t *Team) standsIn(owner, delegate string, at time.Time) bool {
	for _, s := range t.standIns {
		if s.owner == owner && s.delegate == delegate && s.contains(at) {
			return true
		}
	}
	return false
}

// relieved reports whether somebody stands in for an owner now.
func (t *Team) relieved(owner string) bool {
	_, ok := t.standInFor(owner, t.now)
	return ok
}

// standInFor returns the delegation by which somebody answers for an owner at t, if
// there is one.
func (t *Team) standInFor(owner string, at time.Time) (s standIn, ok bool) {
	for _, s := range t.standIns {
		if s.owner == owner && s.contains(at) {
			return s, true
		}
	}
	return standIn{}, false
}
