package recount

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// setup is a config in the words of its file, which is YAML and so may be JSON.
// It is written down for the product and, apart from that, understood by rulesOf.
// The pointers are nil where the file leaves a key out.
type setup struct {
	Jira        setupJira               `json:"jira"`
	Store       map[string]string       `json:"store,omitempty"`
	Calendar    *setupCalendar          `json:"calendar,omitempty"`
	Defaults    settings                `json:"defaults"`
	Projects    map[string]setupProject `json:"projects,omitempty"`
	Owners      map[string]setupOwner   `json:"owners,omitempty"`
	Delegations []setupDelegation       `json:"delegations,omitempty"`
	Automation  []string                `json:"automation_accounts,omitempty"`
}

type setupJira struct {
	URL        string   `json:"url"`
	Flavor     string   `json:"flavor"`
	TokenFile  string   `json:"token_file"`
	Projects   []string `json:"projects"`
	IssueTypes []string `json:"issue_types,omitempty"` // names; none: all but sub-tasks and epics
}

// settings are the rules of a project, or those of all projects.
type settings struct {
	Acceptance  []string            `json:"acceptance_statuses,omitzero"`
	Accepted    []string            `json:"accepted_statuses,omitzero"`
	Withdrawn   []string            `json:"withdrawn_statuses,omitzero"`
	Resolutions []string            `json:"withdrawn_resolutions,omitzero"`
	Paused      []string            `json:"paused_statuses,omitzero"`
	Flagged     *bool               `json:"pause_when_flagged,omitempty"`
	Absent      *bool               `json:"pause_when_absent,omitempty"`
	OwnerAsks   *bool               `json:"pause_while_owner_asks,omitempty"`
	SlipWindow  string              `json:"slip_window,omitempty"`
	MinDwell    string              `json:"min_dwell,omitempty"`
	Asking      []string            `json:"question_statuses,omitzero"`
	Labels      []string            `json:"question_labels,omitzero"`
	Question    *questionSettings   `json:"question,omitempty"`
	OwnerField  *string             `json:"owner_field,omitempty"`
	Stages      map[string][]string `json:"stages,omitempty"`
	Targets     map[string]string   `json:"targets,omitempty"`
	HistoryFrom string              `json:"history_from,omitempty"`
}

type questionSettings struct {
	Mention    *bool    `json:"mention,omitempty"`
	MentionAny *bool    `json:"mention_any,omitempty"`
	Markers    []string `json:"markers,omitempty"`
	Answered   []string `json:"answered_markers,omitempty"`
	Assignment *bool    `json:"assignment,omitempty"`
	ByEdit     *bool    `json:"answer_by_edit,omitempty"`
	LapseAfter string   `json:"lapse_after,omitempty"`
}

type setupProject struct {
	settings
	Owner      []setupTerm               `json:"owner,omitempty"`
	Components map[string]setupComponent `json:"components,omitempty"` // by name
	Calendar   *setupCalendar            `json:"calendar,omitempty"`
}

type setupComponent struct {
	Owner string `json:"owner"`
}

type setupTerm struct {
	Owner string `json:"owner"`
	dates
}

type setupOwner struct {
	Accounts []string       `json:"accounts"`
	Calendar *setupCalendar `json:"calendar,omitempty"`
	Absences []dates        `json:"absences,omitempty"`
}

type setupDelegation struct {
	Owner    string `json:"owner"`
	Delegate string `json:"delegate"`
	dates
	Kinds    []string `json:"kinds,omitempty"`
	Projects []string `json:"projects,omitempty"`
}

// setupCalendar is given as a whole: zone, hours by day and days off.
type setupCalendar struct {
	Zone     string              `json:"time_zone"`
	Hours    map[string][]string `json:"hours"`    // by "mon", "tue", …: "09:00-17:00"
	Holidays []string            `json:"holidays"` // empty: none
}

// dates are whole days of some zone, both included, or instants, of which the
// last is excluded; "" is no limit.
type dates struct {
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// text returns the setup as a config file.
func (s setup) text(t *testing.T) string {
	t.Helper()
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// span returns dates as instants.
func (d dates) span(t *testing.T, zone *time.Location) span {
	t.Helper()
	bound := func(s string, plus int) time.Time {
		if s == "" {
			return time.Time{}
		}
		if at, err := time.Parse(time.RFC3339, s); err == nil {
			return at.UTC()
		}
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return localTime(zone, at.Year(), at.Month(), at.Day()+plus, 0)
	}
	return span{bound(d.From, 0), bound(d.To, 1)}
}

// The defaults of SPEC 3.1 and 8.
func defaultResolutions() []string {
	return []string{
		"Won't Do", "Won't Fix", "Won't Implement", "Duplicate", "Cannot Reproduce", "Declined", "Invalid",
		"Abandoned", "Incomplete", "Not a Problem", "Not a Bug", "Obsolete",
	}
}

// releaseNames are the statuses that are of stage release by their name.
func releaseNames() []string {
	return []string{
		"accepted", "approved", "ready for release", "ready for deploy", "ready for deployment", "to deploy", "deploying", "releasing", "staging",
	}
}

// rulesOf returns what the setup means in the Jira of the export.
func rulesOf(t *testing.T, s setup, f facts) *rules {
	t.Helper()
	r := &rules{
		projects: make(map[string]*project), owners: make(map[string]owner), people: make(map[string]string),
		automation: make(map[string]bool), types: make(map[string]bool), listed: len(s.Jira.IssueTypes) > 0, calendar: calendarOf(t, s.Calendar),
	}
	for _, a := range s.Automation {
		r.automation[a] = true
	}
	for id, kind := range f.types {
		if r.listed {
			r.types[id] = slices.Contains(s.Jira.IssueTypes, kind.Name)
		} else {
			r.types[id] = !kind.Subtask && kind.Name != "Epic"
		}
	}
	zones := make(map[string]*time.Location)
	for key, o := range s.Owners {
		n := owner{}
		zones[key] = r.calendar.zone
		if o.Calendar != nil {
			c := calendarOf(t, o.Calendar)
			n.calendar, zones[key] = &c, c.zone
		}
		for _, d := range o.Absences {
			n.absences = append(n.absences, d.span(t, zones[key]))
		}
		r.owners[key] = n
		for _, a := range o.Accounts {
			r.people[a] = key
		}
	}
	for _, key := range s.Jira.Projects {
		given := s.Projects[key]
		p := projectOf(t, given.over(s.Defaults), f, r.calendar.zone)
		p.key = key
		zone := r.calendar.zone
		if given.Calendar != nil {
			c := calendarOf(t, given.Calendar)
			p.calendar, zone = &c, c.zone
		}
		for _, term := range given.Owner {
			p.terms = append(p.terms, ownerTerm{term.span(t, zone), term.Owner})
		}
		for _, name := range slices.Sorted(maps.Keys(given.Components)) { // the first by name
			for id, today := range f.components {
				if strings.EqualFold(today, name) {
					p.components = append(p.components, componentOwner{id, given.Components[name].Owner})
				}
			}
		}
		r.projects[f.projects[key]] = p
	}
	for _, d := range s.Delegations {
		r.delegations = append(r.delegations, delegation{d.span(t, zones[d.Owner]), d.Owner, d.Delegate, d.Kinds, d.Projects})
	}
	return r
}

// over returns the project's settings: the defaults, with what it gives in their
// place. Lists replace lists; the mappings do so key by key.
func (p setupProject) over(base settings) settings {
	s := p.settings
	for _, l := range []struct{ own, base *[]string }{
		{&s.Acceptance, &base.Acceptance},
		{&s.Accepted, &base.Accepted},
		{&s.Withdrawn, &base.Withdrawn},
		{&s.Resolutions, &base.Resolutions},
		{&s.Paused, &base.Paused},
		{&s.Asking, &base.Asking},
		{&s.Labels, &base.Labels},
	} {
		if *l.own == nil {
			*l.own = *l.base
		}
	}
	for _, b := range []struct{ own, base **bool }{{&s.Flagged, &base.Flagged}, {&s.Absent, &base.Absent}, {&s.OwnerAsks, &base.OwnerAsks}} {
		if *b.own == nil {
			*b.own = *b.base
		}
	}
	for _, v := range []struct{ own, base *string }{{&s.SlipWindow, &base.SlipWindow}, {&s.MinDwell, &base.MinDwell}, {&s.HistoryFrom, &base.HistoryFrom}} {
		if *v.own == "" {
			*v.own = *v.base
		}
	}
	if s.OwnerField == nil {
		s.OwnerField = base.OwnerField
	}
	s.Question = s.Question.over(base.Question)
	stages, targets := make(map[string][]string), make(map[string]string)
	maps.Copy(stages, base.Stages)
	maps.Copy(stages, s.Stages)
	maps.Copy(targets, base.Targets)
	maps.Copy(targets, s.Targets)
	s.Stages, s.Targets = stages, targets
	return s
}

// over returns q, and base where q says nothing.
func (q *questionSettings) over(base *questionSettings) *questionSettings {
	var s questionSettings
	if base != nil {
		s = *base
	}
	if q == nil {
		return &s
	}
	for _, b := range []struct{ own, into **bool }{{&q.Mention, &s.Mention}, {&q.MentionAny, &s.MentionAny}, {&q.Assignment, &s.Assignment}, {&q.ByEdit, &s.ByEdit}} {
		if *b.own != nil {
			*b.into = *b.own
		}
	}
	if q.Markers != nil {
		s.Markers = q.Markers
	}
	if q.Answered != nil {
		s.Answered = q.Answered
	}
	if q.LapseAfter != "" {
		s.LapseAfter = q.LapseAfter
	}
	return &s
}

// projectOf returns the rules that settings mean.
func projectOf(t *testing.T, s settings, f facts, global *time.Location) *project {
	t.Helper()
	long := func(text string, def time.Duration) time.Duration {
		if text == "" {
			return def
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	given := func(b *bool, def bool) bool {
		if b == nil {
			return def
		}
		return *b
	}
	statuses := func(names, def []string) map[string]bool {
		if names == nil {
			names = def
		}
		set := make(map[string]bool)
		for _, n := range names {
			for _, id := range f.named(n) {
				set[id] = true
			}
		}
		return set
	}
	q := s.Question
	p := &project{
		acceptance: statuses(s.Acceptance, []string{"PO Review"}), accepted: statuses(s.Accepted, nil), defaultExits: len(s.Accepted) == 0,
		withdrawn: statuses(s.Withdrawn, nil), paused: statuses(s.Paused, nil), asking: statuses(s.Asking, []string{"Waiting for PO"}),
		release: statuses(s.Stages["release"], nil), category: make(map[string]bool), labels: s.Labels,
		whenFlagged: given(s.Flagged, false), whenAbsent: given(s.Absent, true), whileOwnerAsks: given(s.OwnerAsks, true),
		slipWindow: long(s.SlipWindow, 5*time.Minute), minDwell: long(s.MinDwell, 10*time.Second),
		mention: given(q.Mention, true), mentionAny: given(q.MentionAny, false), markers: q.Markers, answered: q.Answered,
		assignment: given(q.Assignment, false), byEdit: given(q.ByEdit, false), lapseAfter: long(q.LapseAfter, 240*time.Hour),
		ownerField: "product owner",
		targets:    map[string]time.Duration{acceptanceKind: long(s.Targets[acceptanceKind], 8*time.Hour), questionKind: long(s.Targets[questionKind], 4*time.Hour)},
		from:       dates{From: s.HistoryFrom}.span(t, global).from,
	}
	if s.OwnerField != nil {
		p.ownerField = lower(*s.OwnerField)
	}
	if p.labels == nil {
		p.labels = []string{"po-question"}
	}
	if p.markers == nil {
		p.markers = []string{"Q:", "Question:", "#question"}
	}
	if p.answered == nil {
		p.answered = []string{"#answered", "Answered:", "A:"}
	}
	if s.Resolutions == nil {
		s.Resolutions = defaultResolutions()
	}
	for _, name := range s.Resolutions {
		p.resolutions = append(p.resolutions, plainResolution(name))
	}
	elsewhere := make(map[string]bool) // statuses that the config puts into another stage
	for stage, names := range s.Stages {
		for id := range statuses(names, nil) {
			elsewhere[id] = stage != "release"
		}
	}
	for id, status := range f.statuses {
		p.category[id] = status.category == categoryDone
		if _, placed := elsewhere[id]; !placed && slices.Contains(releaseNames(), lower(status.name)) {
			p.release[id] = true
		}
	}
	return p
}
