package query

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/store"
)

// Agreement is how an installation measures: the rules with its config filled in. It is
// what a team and its owners have agreed on. Names are Jira's and the config's: untrusted
// text.
type Agreement struct {
	AsOf Time `json:"as_of"`
	// Rules are the settings, each with the projects for which they hold.
	Rules []RuleSet `json:"rules"`
	// Owners are who owns which project's stories where no field of the story says so, in
	// order of project.
	Owners []ProjectOwners `json:"owners"`
	// People are the owners with their hours, absences and stand-ins, in order of name.
	People []OwnerTerms `json:"people"`
	// Apart reports whether owners are told apart; else Owners and People are empty.
	Apart bool `json:"owners_told_apart"`
}

// RuleSet is the settings of some projects.
type RuleSet struct {
	Projects []string `json:"projects"`
	Settings
	Targets []TargetSince `json:"targets"` // in order of kind and project
}

// Settings are the settings of a project that decide what is measured.
type Settings struct {
	Configured           bool     `json:"acceptance_configured"` // an acceptance status is in the workflow
	QuestionsAlone       bool     `json:"questions_alone"`       // the config says that there is no acceptance step
	Acceptance           []string `json:"acceptance_statuses"`
	Accepted             []string `json:"accepted_statuses"` // none: done, or stage release
	Withdrawn            []string `json:"withdrawn_statuses"`
	WithdrawnResolutions []string `json:"withdrawn_resolutions"` // none: the usual ones
	Paused               []string `json:"paused_statuses"`
	PauseWhenFlagged     bool     `json:"pause_when_flagged"`
	PauseWhenAbsent      bool     `json:"pause_when_absent"`
	PauseWhileOwnerAsks  bool     `json:"pause_while_owner_asks"`
	SlipWindow           Seconds  `json:"slip_window_seconds"`
	MinDwell             Seconds  `json:"min_dwell_seconds"`

	Mention          bool     `json:"mention"`
	MentionAny       bool     `json:"mention_any"`
	Markers          []string `json:"markers"`
	AnsweredMarkers  []string `json:"answered_markers"`
	QuestionStatuses []string `json:"question_statuses"`
	QuestionLabels   []string `json:"question_labels"`
	Assignment       bool     `json:"assignment"`
	AnswerByEdit     bool     `json:"answer_by_edit"`
	LapseAfter       Seconds  `json:"lapse_after_seconds"` // 0: never

	OwnerField    string   `json:"owner_field"`    // "": none
	DelegateField string   `json:"delegate_field"` // "": none
	Hours         string   `json:"hours"`          // zone, working hours and holidays of the project, in words
	HistoryFrom   string   `json:"history_from"`   // "": all counts
	Stages        []Placed `json:"stages"`
	WorkingDay    Seconds  `json:"working_day_seconds"`
}

// Placed is the statuses that the config puts into a stage.
type Placed struct {
	Stage    string   `json:"stage"`
	Statuses []string `json:"statuses"`
}

// TargetSince is a target of a kind of wait in a project, and since when it holds.
type TargetSince struct {
	Project string  `json:"project"`
	Kind    string  `json:"kind"`
	Target  Seconds `json:"target_seconds"`
	Since   Time    `json:"since"`   // as of when it was derived by first; null: not noted yet
	Earlier bool    `json:"earlier"` // it may have held before that already
}

// ProjectOwners is who owns a project's stories.
type ProjectOwners struct {
	Project    string           `json:"project"`
	Terms      []Term           `json:"terms"` // by the config
	Lead       *Person          `json:"lead"`  // in Jira, as of now; null: none
	Components []ComponentOwner `json:"components"`
}

// Term is somebody's time as a project's owner. From and To are as the config has them:
// days are whole and both included; "" is left out.
type Term struct {
	Person
	From string `json:"from"`
	To   string `json:"to"`
}

// ComponentOwner is who owns the stories of a component.
type ComponentOwner struct {
	Component string `json:"component"`
	Person
}

// OwnerTerms is what holds for one owner.
type OwnerTerms struct {
	Person
	Zone     string     `json:"zone"`
	Hours    string     `json:"hours"`    // of their own, in words; "": the project's
	Projects []string   `json:"projects"` // whose stories the config gives them
	Absences []AwayDays `json:"absences"`
	StandIns []StandFor `json:"stand_ins"` // who stands in for them
}

// AwayDays is a range as the config has it. One that is over is left out: whoever plans
// work needs to know who is away, and not who was.
type AwayDays struct {
	From string `json:"from"`
	To   string `json:"to"`
	Now  bool   `json:"now"`
}

// StandFor is somebody who stands in for an owner.
type StandFor struct {
	Person
	AwayDays
	Kinds    []string `json:"kinds"`    // none: both
	Projects []string `json:"projects"` // none: all
}

// Agreement returns how it is measured in the projects that sees selects, and for their
// owners.
func (r *Reader) Agreement(ctx context.Context, asOf latency.Instant, sees func(project string) bool) (*Agreement, error) {
	since, err := r.Store.Targets(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading since when targets hold: %w", err)
	}
	a := &Agreement{AsOf: Time(asOf), Rules: []RuleSet{}, Owners: []ProjectOwners{}, People: []OwnerTerms{}, Apart: !r.Rules.Together}
	byKey := map[string]*latency.Project{}
	for _, p := range r.Rules.Projects {
		if sees(p.Key) {
			byKey[p.Key] = p
		}
	}
	same := map[string]int{} // place in Rules, by the settings
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		settings, targets := r.settings(byKey[key]), targetsOf(byKey[key], since)
		id := identity(settings, targets)
		i, ok := same[id]
		if !ok {
			i = len(a.Rules)
			same[id], a.Rules = i, append(a.Rules, RuleSet{Settings: settings})
		}
		a.Rules[i].Projects = append(a.Rules[i].Projects, key)
		a.Rules[i].Targets = append(a.Rules[i].Targets, targets...)
		if a.Apart {
			a.Owners = append(a.Owners, r.projectOwners(byKey[key], asOf))
		}
	}
	for i := range a.Rules {
		slices.SortStableFunc(a.Rules[i].Targets, func(x, y TargetSince) int { return cmp.Compare(x.Kind, y.Kind) })
	}
	if a.Apart {
		a.People = r.ownersTerms(byKey, asOf)
	}
	return a, nil
}

// identity is the same for projects with the same settings and targets.
func identity(s Settings, targets []TargetSince) string {
	lengths := make([]Seconds, len(targets))
	for i := range targets {
		lengths[i] = targets[i].Target
	}
	text, err := json.Marshal([]any{s, lengths})
	if err != nil {
		panic(err) // of texts and numbers
	}
	return string(text)
}

// settings returns the settings of a project as people read them.
func (r *Reader) settings(p *latency.Project) Settings {
	c := r.config.Project(p.Key)
	listed := func(list []string) []string { return append([]string{}, list...) }
	s := Settings{
		Configured: p.Configured(), QuestionsAlone: p.QuestionsAlone,
		Acceptance: r.statusNames(p.Acceptance), Accepted: r.statusNames(p.Accepted), Withdrawn: r.statusNames(p.Withdrawn), Paused: r.statusNames(p.Paused),
		WithdrawnResolutions: listed(c.WithdrawnResolutions),
		PauseWhenFlagged:     p.PauseWhenFlagged, PauseWhenAbsent: p.PauseWhenAbsent, PauseWhileOwnerAsks: p.PauseWhileOwnerAsks,
		SlipWindow: Seconds(p.SlipWindow), MinDwell: Seconds(p.MinDwell),
		Mention: p.Mention, MentionAny: p.MentionAny, Markers: listed(p.Markers), AnsweredMarkers: listed(p.AnsweredMarkers),
		QuestionStatuses: r.statusNames(p.QuestionStatuses), QuestionLabels: slices.AppendSeq([]string{}, maps.Keys(p.QuestionLabels)),
		Assignment: p.Assignment, AnswerByEdit: p.AnswerByEdit, LapseAfter: Seconds(p.LapseAfter),
		Hours: r.config.ProjectHours(p.Key), HistoryFrom: c.HistoryFrom.String(), Stages: []Placed{}, WorkingDay: Seconds(p.Calendar.Day()),
	}
	slices.Sort(s.QuestionLabels)
	if p.OwnerField != "" {
		s.OwnerField = c.OwnerField
	}
	if p.DelegateField != "" {
		s.DelegateField = c.DelegateField
	}
	for _, stage := range config.Stages() {
		if list := c.Stages[stage]; len(list) > 0 {
			s.Stages = append(s.Stages, Placed{stage, listed(list)})
		}
	}
	return s
}

// statusNames returns today's names of statuses, each once and in order.
func (r *Reader) statusNames(ids latency.Set) []string {
	out := []string{}
	for id := range ids {
		out = append(out, cmp.Or(r.Rules.Statuses[id].Name, id))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// targetsOf returns the targets of a project, and since when they hold.
func targetsOf(p *latency.Project, since map[latency.StoryKey]store.Target) []TargetSince {
	var out []TargetSince
	for _, kind := range []latency.Kind{latency.Acceptance, latency.Question} {
		if !p.Measures(kind) {
			continue
		}
		t := TargetSince{Project: p.Key, Kind: string(kind), Target: Seconds(p.Target(kind)), Since: Time(latency.Never)}
		if noted, ok := since[latency.StoryKey{Kind: kind, Project: p.Key}]; ok && noted.Target == p.Target(kind) {
			t.Since, t.Earlier = Time(noted.Since), noted.First
		}
		out = append(out, t)
	}
	return out
}

// projectOwners returns who owns the stories of a project.
func (r *Reader) projectOwners(p *latency.Project, asOf latency.Instant) ProjectOwners {
	out := ProjectOwners{Project: p.Key, Terms: []Term{}, Components: []ComponentOwner{}}
	c := r.config.Project(p.Key)
	for _, term := range c.Owner {
		out.Terms = append(out.Terms, Term{r.person(term.Owner), term.From.String(), term.To.String()})
	}
	for _, lead := range p.Leads {
		if lead.Span.Contains(asOf) && lead.Person != "" {
			who := r.person(lead.Person)
			out.Lead = &who
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Components)) {
		out.Components = append(out.Components, ComponentOwner{cmp.Or(p.ComponentNames[name], name), r.person(c.Components[name].Owner)})
	}
	return out
}

// ownersTerms returns what holds for the owners of projects, and for those who stand in
// for them, in order of name.
func (r *Reader) ownersTerms(projects map[string]*latency.Project, asOf latency.Instant) []OwnerTerms {
	of := map[string][]string{} // projects by owner
	for _, key := range slices.Sorted(maps.Keys(projects)) {
		c := r.config.Project(key)
		owners := latency.Set{}
		for _, term := range c.Owner {
			owners[term.Owner] = true
		}
		for _, component := range c.Components {
			owners[component.Owner] = true
		}
		for owner := range owners {
			of[owner] = append(of[owner], key)
		}
	}
	if r.Report != nil { // a field of a story, or Jira, may name others
		for k := range r.Report.Open {
			for owner := range r.config.Owners {
				if projects[k.Project] != nil && r.Rules.Label(owner) == k.Owner && of[owner] == nil {
					of[owner] = []string{}
				}
			}
		}
	}
	out := []OwnerTerms{}
	for owner, keys := range of {
		terms := OwnerTerms{Person: r.person(owner), Zone: r.config.OwnerZone(owner).String(), Projects: append([]string{}, keys...), Absences: []AwayDays{}, StandIns: []StandFor{}}
		if r.config.HasOwnCalendar(owner) {
			terms.Hours = r.config.OwnerHours(owner)
		}
		for _, a := range r.config.Owners[owner].Absences {
			if days, ok := daysOf(a, r.config.OwnerZone(owner), asOf); ok {
				terms.Absences = append(terms.Absences, days)
			}
		}
		for _, d := range r.config.Delegations {
			days, ok := daysOf(d.Range, r.config.OwnerZone(owner), asOf)
			if d.Owner != owner || !ok {
				continue
			}
			terms.StandIns = append(terms.StandIns, StandFor{
				Person: r.person(d.Delegate), AwayDays: days,
				Kinds: append([]string{}, d.Kinds...), Projects: append([]string{}, d.Projects...),
			})
		}
		out = append(out, terms)
	}
	slices.SortFunc(out, func(a, b OwnerTerms) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Label, b.Label)) })
	return out
}

// daysOf returns a range as the config has it; ok is false if it is over.
func daysOf(d config.Range, zone *time.Location, asOf latency.Instant) (days AwayDays, ok bool) {
	from, to := d.Instants(zone)
	at := asOf.Time()
	if !to.IsZero() && !at.Before(to) {
		return AwayDays{}, false
	}
	return AwayDays{From: d.From.String(), To: d.To.String(), Now: from.IsZero() || !at.Before(from)}, true
}
