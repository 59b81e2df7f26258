package recount

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"time"
)

// world is a Jira as a random setup can use it.
type world struct {
	facts
	people map[string][]string // accounts by project key, the busiest first
	robots []string            // accounts that may be automation; none: anybody's
	from   time.Time           // about when things happen
	to     time.Time
}

// dice makes choices that a seed repeats.
type dice struct{ *rand.Rand }

func newDice(seed int64) dice {
	return dice{rand.New(rand.NewSource(seed))} //nolint:gosec // repeatable on purpose
}

func (d dice) chance(p float64) bool { return d.Float64() < p }

// some returns up to n different ones of list, in any order.
func some[T any](d dice, list []T, n int) []T {
	shuffled := slices.Clone(list)
	d.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return shuffled[:min(n, len(shuffled))]
}

func one[T any](d dice, list ...T) T { return list[d.Intn(len(list))] }

func (d dice) flag(p float64) *bool {
	if d.chance(0.3) {
		return nil
	}
	v := d.chance(p)
	return &v
}

// instant returns one between two, at a full second.
func (d dice) instant(from, to time.Time) time.Time {
	return from.Add(time.Duration(d.Int63n(int64(to.Sub(from))))).Truncate(time.Second)
}

// dates returns a random range of days, now and then of instants.
func (d dice) dates(w world, mean time.Duration) dates {
	from := d.instant(w.from, w.to)
	to := from.Add(time.Duration(d.ExpFloat64()*float64(mean)) + 24*time.Hour)
	layout := time.DateOnly
	if d.chance(0.2) {
		layout = time.RFC3339
	}
	r := dates{from.UTC().Format(layout), to.UTC().Format(layout)}
	switch {
	case d.chance(0.1):
		r.From = ""
	case d.chance(0.1):
		r.To = ""
	}
	return r
}

// calendar returns hours of all sorts: with a break, over midnight, on other days
// in other hours, with days off, in zones with and without changes of the clock.
func (d dice) calendar(w world) *setupCalendar {
	zone := one(d, "Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC", "Australia/Lord_Howe", "America/Sao_Paulo")
	each := one(d, []string{"09:00-17:00"}, []string{"09:00-12:00", "13:00-17:00"}, []string{"22:00-02:30"}, []string{"08:30-12:15", "12:45-18:10"}, []string{"01:30-03:00", "10:00-15:00"})
	c := &setupCalendar{Zone: zone, Hours: map[string][]string{}, Holidays: []string{}}
	for _, day := range some(d, []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, 4+d.Intn(4)) {
		c.Hours[day] = each
	}
	for range d.Intn(4) {
		c.Holidays = append(c.Holidays, d.instant(w.from, w.to).Format(time.DateOnly))
	}
	slices.Sort(c.Holidays)
	c.Holidays = slices.Compact(c.Holidays)
	return c
}

// settings returns random rules.
func (d dice) settings(w world, fields []string) settings {
	var names []string
	for _, s := range w.statuses {
		names = append(names, s.name)
	}
	slices.Sort(names)
	names = some(d, slices.Compact(names), len(names))
	take := func(n int) []string {
		n = min(n, len(names))
		taken := names[:n:n]
		names = names[n:]
		return taken
	}
	s := settings{Acceptance: take(1 + d.Intn(2))}
	if d.chance(0.4) {
		s.Paused = take(1)
	}
	if d.chance(0.3) {
		s.Withdrawn = take(1)
	}
	rest := slices.Clone(names)
	if d.chance(0.3) {
		s.Accepted = take(1 + d.Intn(2))
	}
	if d.chance(0.6) {
		s.Asking = some(d, rest, 1+d.Intn(2))
	}
	if s.Asking == nil && slices.Contains(s.Acceptance, "Waiting for PO") {
		s.Asking = []string{} // the default would be of both
	}
	if d.chance(0.3) {
		s.Stages = map[string][]string{"release": some(d, rest, 1)}
	}
	if d.chance(0.3) {
		s.Resolutions = some(d, []string{"Won't Fix", "Fixed", "Duplicate", "Invalid", "Not A Problem", "Done"}, 1+d.Intn(4))
	}
	s.Labels = some(d, w.labels, d.Intn(5))
	s.Flagged, s.Absent, s.OwnerAsks = d.flag(0.5), d.flag(0.6), d.flag(0.7)
	s.SlipWindow = one(d, "", "0s", "1m", "5m", "30m", "4h", "48h")
	s.MinDwell = one(d, "", "1m", "1h", "24h")
	field := one(d, fields...)
	s.OwnerField = &field
	s.Targets = map[string]string{acceptanceKind: one(d, "8h", "30m", "40h"), questionKind: one(d, "4h", "15m", "20h")}
	s.Question = &questionSettings{
		MentionAny: d.flag(0.6), Assignment: d.flag(0.4), ByEdit: d.flag(0.4), LapseAfter: one(d, "", "0s", "8h", "40h", "240h"),
	}
	if d.chance(0.3) {
		s.Question.Markers = []string{"ut", "Q:", "lorem"}
		s.Question.Answered = []string{"amet", "#answered"}
	}
	if d.chance(0.1) {
		s.HistoryFrom = d.instant(w.from, w.to).Format(time.DateOnly)
	}
	return s
}

// setup returns a random config.
func (d dice) setup(w world, fields []string) setup {
	s := setup{
		Calendar: d.calendar(w), Defaults: d.settings(w, fields),
		Projects: make(map[string]setupProject), Owners: make(map[string]setupOwner),
	}
	s.Jira.Projects = some(d, slices.Sorted(maps.Keys(w.projects)), max(2, d.Intn(len(w.projects))+1))
	var types []string
	for _, t := range w.types {
		types = append(types, t.Name)
	}
	slices.Sort(types)
	if types = slices.Compact(types); d.chance(0.6) {
		s.Jira.IssueTypes = some(d, types, 1+d.Intn(len(types)))
	}
	var accounts []string
	for _, key := range slices.Sorted(maps.Keys(w.people)) {
		accounts = append(accounts, w.people[key][:min(len(w.people[key]), 6)]...)
	}
	slices.Sort(accounts)
	accounts = some(d, slices.Compact(accounts), 4+d.Intn(10))
	for i := 0; i < len(accounts); i++ {
		o := setupOwner{Accounts: accounts[i : i+1 : i+1]}
		key := "po-" + accounts[i]
		if d.chance(0.15) && i+1 < len(accounts) {
			o.Accounts = accounts[i : i+2 : i+2]
			i++
		}
		if d.chance(0.4) {
			o.Calendar = d.calendar(w)
		}
		for range d.Intn(3) {
			o.Absences = append(o.Absences, d.dates(w, 20*24*time.Hour))
		}
		s.Owners[key] = o
	}
	owners := slices.Sorted(maps.Keys(s.Owners))
	for range d.Intn(6) {
		pair := some(d, owners, 2)
		if len(pair) < 2 {
			break
		}
		n := setupDelegation{Owner: pair[0], Delegate: pair[1], dates: d.dates(w, 60*24*time.Hour)}
		if d.chance(0.3) {
			n.dates = dates{}
		}
		if d.chance(0.3) {
			n.Kinds = []string{one(d, acceptanceKind, questionKind)}
		}
		if d.chance(0.3) {
			n.Projects = some(d, s.Jira.Projects, 1)
		}
		s.Delegations = append(s.Delegations, n)
	}
	for _, key := range s.Jira.Projects {
		if d.chance(0.8) {
			s.Projects[key] = d.project(w, fields, owners)
		}
	}
	robots := w.robots
	if robots == nil {
		robots = w.people[s.Jira.Projects[0]]
	}
	for _, account := range some(d, robots, d.Intn(3)) {
		if !slices.ContainsFunc(owners, func(key string) bool { return slices.Contains(s.Owners[key].Accounts, account) }) {
			s.Automation = append(s.Automation, account)
		}
	}
	return s
}

// project returns a project's section: its owners, one after the other or none
// for a while, those of its components, and now and then rules of its own.
func (d dice) project(w world, fields, owners []string) setupProject {
	var p setupProject
	if d.chance(0.3) {
		p.settings = d.settings(w, fields)
		// Lists that are left out are those of the defaults, which may clash.
		for _, list := range []*[]string{&p.Accepted, &p.Withdrawn, &p.Paused, &p.Asking} {
			if *list == nil {
				*list = []string{}
			}
		}
	}
	if d.chance(0.4) {
		p.Calendar = d.calendar(w)
	}
	p.Owner = d.terms(w, owners)
	for _, id := range some(d, slices.Sorted(maps.Keys(w.components)), d.Intn(3)) {
		if p.Components == nil {
			p.Components = make(map[string]setupComponent)
		}
		p.Components[w.components[id]] = setupComponent{one(d, owners...)}
	}
	return p
}

// terms returns owners of a project one after the other, or none for a while: by
// days, of which the last is included, or by instants.
func (d dice) terms(w world, owners []string) []setupTerm {
	instants := d.chance(0.3)
	var cuts []time.Time
	for range d.Intn(3) {
		cuts = append(cuts, d.instant(w.from, w.to))
	}
	slices.SortFunc(cuts, time.Time.Compare)
	var terms []setupTerm
	for i := -1; i < len(cuts); i++ {
		term := setupTerm{Owner: one(d, owners...)}
		if i >= 0 {
			term.From = cuts[i].Format(time.DateOnly)
			if instants {
				term.From = cuts[i].Format(time.RFC3339)
			}
		}
		if i+1 < len(cuts) {
			term.To = cuts[i+1].AddDate(0, 0, -1).Format(time.DateOnly)
			if instants {
				term.To = cuts[i+1].Format(time.RFC3339)
			}
		}
		if term.From != "" && term.To != "" && term.To <= term.From || d.chance(0.1) {
			continue
		}
		terms = append(terms, term)
	}
	return terms
}

// String names a setup in a test's output.
func (s setup) String() string {
	return fmt.Sprintf("%v wait in %v", s.Jira.Projects, s.Defaults.Acceptance)
}
