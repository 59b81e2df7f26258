package recount

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// setup is a config in the words of its file. It is written down for the product
// and, apart from that, understood by team.
type setup struct {
	acceptance  string // status
	mentionAny  bool
	projects    []setupProject
	owners      []setupOwner
	delegations []setupDelegation
}

type setupProject struct {
	key           string
	owner         string
	next, changes string // the owner from the day changes on; "": none
}

type setupOwner struct {
	key, account string
	newYork      bool // works in New York's hours instead of Berlin's
	absences     []dates
}

type setupDelegation struct {
	owner, delegate string
	dates
	kinds    []string
	projects []string
}

// dates are whole days of the owner's zone, both included; "" is no limit.
type dates struct{ from, to string }

// cast chooses owners among the people of an export, such that they are asked,
// answer and give verdicts, are away and have themselves stood in for.
func cast(f facts, people map[string][]string, acceptance string, mentionAny bool) setup {
	s := setup{acceptance: acceptance, mentionAny: mentionAny}
	known := make(map[string]int) // account to place in s.owners
	add := func(account string) *setupOwner {
		i, ok := known[account]
		if !ok {
			i = len(s.owners)
			known[account] = i
			s.owners = append(s.owners, setupOwner{key: "po-" + account, account: account})
		}
		return &s.owners[i]
	}
	keys := slices.Sorted(maps.Keys(f.projects))
	for n, key := range keys {
		p := setupProject{key: key, owner: add(people[key][0]).key}
		if n == len(keys)-1 {
			// An owner whom this project has never seen.
			for _, account := range people[keys[0]] {
				if !slices.Contains(people[key], account) {
					p.owner = add(account).key
					break
				}
			}
		}
		s.projects = append(s.projects, p)
	}
	second := func(key string) string { return add(people[key][1]).key }
	for i := range s.projects {
		switch p := &s.projects[i]; p.key {
		case "CB":
			p.next, p.changes = second(p.key), "2013-06-01"
			a := add(people[p.key][0])
			a.absences = append(a.absences, dates{"2012-07-01", "2012-08-15"}, dates{"2013-01-20", "2013-02-10"})
			s.delegations = append(s.delegations, setupDelegation{a.key, add(people[p.key][2]).key, dates{"2012-01-01", "2012-07-31"}, []string{questionKind}, []string{p.key}})
		case "TEZ":
			a := add(people[p.key][0])
			a.newYork = true
			a.absences = append(a.absences, dates{"2014-03-01", "2014-03-31"}, dates{"2014-07-15", ""})
			s.delegations = append(s.delegations, setupDelegation{a.key, second(p.key), dates{}, []string{acceptanceKind}, nil})
		case "GORA":
			a := add(people[p.key][0])
			a.absences = append(a.absences, dates{"2013-10-01", "2014-02-28"})
			s.delegations = append(s.delegations, setupDelegation{a.key, second(p.key), dates{"2013-12-01", "2014-01-20"}, nil, nil})
		case "DRILL":
			add(people[p.key][0]).absences = []dates{{"2014-07-01", "2014-08-31"}, {"", "2013-03-31"}}
		}
	}
	return s
}

// berlin and newYork are the calendars of every setup, as the file and as the
// rules have them.
const (
	berlinYAML  = `{time_zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], hours: ["09:00-12:00", "13:00-17:00"]}`
	newYorkYAML = `{time_zone: America/New_York, hours: {mon-thu: ["08:30-12:15", "13:00-17:30"], fri: ["08:30-13:00"]}}`
)

func berlin(t *testing.T) calendar {
	day := []hours{{9 * 60, 12 * 60}, {13 * 60, 17 * 60}}
	return calendar{zone(t, "Europe/Berlin"), map[time.Weekday][]hours{
		time.Monday: day, time.Tuesday: day, time.Wednesday: day, time.Thursday: day, time.Friday: day,
	}}
}

func newYork(t *testing.T) calendar {
	day := []hours{{8*60 + 30, 12*60 + 15}, {13 * 60, 17*60 + 30}}
	return calendar{zone(t, "America/New_York"), map[time.Weekday][]hours{
		time.Monday: day, time.Tuesday: day, time.Wednesday: day, time.Thursday: day, time.Friday: {{8*60 + 30, 13 * 60}},
	}}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// span returns dates as instants of a zone.
func (d dates) span(t *testing.T, zone *time.Location) span {
	t.Helper()
	day := func(s string, plus int) time.Time {
		if s == "" {
			return time.Time{}
		}
		at, err := time.ParseInLocation(time.DateOnly, s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return at.AddDate(0, 0, plus)
	}
	return span{day(d.from, 0), day(d.to, 1)}
}

// defaults returns a team of which only the defaults are set.
func defaults(t *testing.T) *team {
	return &team{
		acceptance: make(map[string]bool), types: make(map[string]bool),
		projects: make(map[string]project), owners: make(map[string]owner), calendar: berlin(t),
		targets:    map[string]time.Duration{acceptanceKind: 8 * time.Hour, questionKind: 4 * time.Hour},
		slipWindow: 5 * time.Minute, lapseAfter: 240 * time.Hour,
		withdrawn: []string{
			"won't do", "won't fix", "won't implement", "duplicate", "cannot reproduce", "declined", "invalid",
			"abandoned", "incomplete", "not a problem", "not a bug", "obsolete",
		},
	}
}

// team returns what the setup means in the Jira of the export.
func (s setup) team(t *testing.T, f facts) *team {
	t.Helper()
	m := defaults(t)
	m.done, m.mentionAny = f.done, s.mentionAny
	m.acceptance[f.statuses[s.acceptance]] = true
	for _, id := range f.types {
		m.types[id] = true
	}
	zones := make(map[string]*time.Location)
	for _, o := range s.owners {
		n := owner{account: o.account}
		zones[o.key] = m.calendar.zone
		if o.newYork {
			c := newYork(t)
			n.calendar, zones[o.key] = &c, c.zone
		}
		for _, d := range o.absences {
			n.absences = append(n.absences, d.span(t, zones[o.key]))
		}
		m.owners[o.key] = n
	}
	for _, p := range s.projects {
		n := project{key: p.key, terms: []ownerTerm{{owner: p.owner}}}
		if p.next != "" {
			n.terms[0].to = dates{from: p.changes}.span(t, zones[p.owner]).from
			n.terms = append(n.terms, ownerTerm{dates{from: p.changes}.span(t, zones[p.next]), p.next})
		}
		m.projects[f.projects[p.key]] = n
	}
	for _, d := range s.delegations {
		m.delegations = append(m.delegations, delegation{d.span(t, zones[d.owner]), d.owner, d.delegate, d.kinds, d.projects})
	}
	return m
}

// yaml renders the setup as the product's config.
func (s setup) yaml(t *testing.T, f facts, jira, tokenFile, store string) string {
	t.Helper()
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	quoted := func(list []string) string {
		q := make([]string, len(list))
		for i, v := range list {
			q[i] = fmt.Sprintf("%q", v)
		}
		return "[" + strings.Join(q, ", ") + "]"
	}
	between := func(d dates) string {
		var list []string
		if d.from != "" {
			list = append(list, "from: "+d.from)
		}
		if d.to != "" {
			list = append(list, "to: "+d.to)
		}
		return strings.Join(list, ", ")
	}
	line("jira:")
	line("  url: %s", jira)
	line("  flavor: datacenter")
	line("  token_file: %q", tokenFile)
	line("  projects: %s", quoted(slices.Sorted(maps.Keys(f.projects))))
	line("  issue_types: %s", quoted(slices.Sorted(maps.Keys(f.types))))
	line("store: {url: %q}", "sqlite:"+store)
	line("calendar: %s", berlinYAML)
	line("defaults: {acceptance_statuses: [%q], question: {mention_any: %t}}", s.acceptance, s.mentionAny)
	line("projects:")
	for _, p := range s.projects {
		if p.next == "" {
			line("  %s: {owner: %s}", p.key, p.owner)
			continue
		}
		// The day before the next one's first.
		last := dates{from: p.changes}.span(t, time.UTC).from.AddDate(0, 0, -1).Format(time.DateOnly)
		line("  %s: {owner: [{owner: %s, to: %s}, {owner: %s, from: %s}]}", p.key, p.owner, last, p.next, p.changes)
	}
	line("owners:")
	for _, o := range s.owners {
		line("  %s:", o.key)
		line("    accounts: [%s]", o.account)
		if o.newYork {
			line("    calendar: %s", newYorkYAML)
		}
		if len(o.absences) > 0 {
			line("    absences:")
			for _, d := range o.absences {
				line("      - {%s}", between(d))
			}
		}
	}
	line("delegations:")
	for _, d := range s.delegations {
		line("  - owner: %s", d.owner)
		line("    delegate: %s", d.delegate)
		if dd := between(d.dates); dd != "" {
			line("    %s", strings.ReplaceAll(dd, ", ", "\n    "))
		}
		if d.kinds != nil {
			line("    kinds: %s", quoted(d.kinds))
		}
		if d.projects != nil {
			line("    projects: %s", quoted(d.projects))
		}
	}
	return b.String()
}
