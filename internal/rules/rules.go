// Package rules turns a config into the domain's rules for one Jira: names become
// ids, accounts become people, and dates become instants.
package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Facts are what is known about the Jira that the config is for.
type Facts struct {
	Meta  jiradata.Meta
	Users []jiradata.User
	Leads []jiradata.Lead // oldest first
	// Resolved holds, by ResolvedKey, the status ids that names had when they were
	// resolved before: a status that was renamed since keeps its meaning.
	Resolved map[string][]string
}

// Problem is a name in the config that this Jira does not have, or has several
// times.
type Problem struct {
	Key     string // in the config, such as projects.PAY.acceptance_statuses
	Message string // what is wrong, and what would be right
	Warning bool   // the config works all the same: a built-in default is missing, or several statuses have the name
}

func (p Problem) String() string { return p.Key + ": " + p.Message }

// Result is the rules of a config for one Jira.
type Result struct {
	Rules    *latency.Rules
	Problems []Problem
	Resolved map[string][]string // what names mean now, to be passed as Facts.Resolved later
}

// Errors returns the problems that are not warnings.
func (r *Result) Errors() []Problem {
	return slices.DeleteFunc(slices.Clone(r.Problems), func(p Problem) bool { return p.Warning })
}

// ResolvedKey returns the key of a status name in Facts.Resolved. The statuses of
// one name may have different ids in different projects.
func ResolvedKey(projectID, name string) string { return projectID + "/" + latency.Fold(name) }

// New returns the rules of cfg for the Jira that facts describe.
func New(cfg *config.Config, facts Facts) *Result {
	b := &builder{cfg: cfg, facts: facts, out: &Result{Resolved: map[string][]string{}}}
	b.rules = &latency.Rules{
		Projects: map[string]*latency.Project{}, Types: map[string]bool{}, Statuses: map[string]latency.Status{},
		StatusIDs: map[string]string{}, People: map[string]string{}, Owners: map[string]*latency.Owner{},
		Names: map[string]string{}, Automation: latency.Set{}, Inactive: latency.Set{},
	}
	b.rules.Together, b.rules.Pseudonyms = !cfg.Privacy.PerOwner, Pseudonyms(cfg.Privacy)
	b.out.Rules = b.rules
	b.statuses()
	b.types()
	b.people()
	for _, p := range facts.Meta.Projects {
		b.rules.Projects[p.ID] = b.project(p)
	}
	b.delegations()
	return b.out
}

// builder builds a Result.
type builder struct {
	cfg   *config.Config
	facts Facts
	rules *latency.Rules
	out   *Result
}

func (b *builder) add(p Problem) { b.out.Problems = append(b.out.Problems, p) }

// statuses fills in the statuses by id, and the ids by name where a name has one.
func (b *builder) statuses() {
	several := map[string]bool{}
	for _, s := range b.facts.Meta.Statuses {
		b.rules.Statuses[s.ID] = latency.Status{Name: s.Name, Category: s.Category}
		name := latency.Fold(s.Name)
		if _, ok := b.rules.StatusIDs[name]; ok {
			several[name] = true
		}
		b.rules.StatusIDs[name] = s.ID
	}
	for name := range several {
		delete(b.rules.StatusIDs, name)
	}
}

// types fills in which issue types are stories: those that the config lists, else
// all except sub-tasks and epics.
func (b *builder) types() {
	want := b.cfg.Jira.IssueTypes
	b.rules.UnlistedTypes = len(want) == 0
	for _, t := range b.facts.Meta.Types {
		if len(want) == 0 {
			epic := t.Level > 0 || !t.HasLevel && latency.Fold(t.Name) == "epic"
			b.rules.Types[t.ID] = !t.Subtask && t.Level >= 0 && !epic
			continue
		}
		b.rules.Types[t.ID] = slices.ContainsFunc(want, func(w string) bool { return w == t.ID || latency.Fold(w) == latency.Fold(t.Name) })
	}
	for _, w := range want {
		if !slices.ContainsFunc(b.facts.Meta.Types, func(t jiradata.IssueType) bool { return w == t.ID || latency.Fold(w) == latency.Fold(t.Name) }) {
			var have []string
			for _, t := range b.facts.Meta.Types {
				have = append(have, t.Name)
			}
			b.add(Problem{Key: "jira.issue_types", Message: fmt.Sprintf("this Jira has no issue type %q; it has %s", w, list(have))})
		}
	}
}

// people fills in the person of each account and name, the owners, and which
// accounts are automation.
func (b *builder) people() {
	for key, o := range b.cfg.Owners {
		for _, account := range o.Accounts {
			b.rules.People[account] = key
		}
	}
	for _, u := range b.facts.Users {
		person, byID := b.rules.People[u.ID]
		if p, ok := b.rules.People[u.Name]; ok && u.Name != "" && !byID {
			person, byID = p, true
		}
		if !byID {
			person = u.ID
		} else {
			b.rules.People[u.ID] = person
		}
		if u.Name != "" && u.Name != u.ID {
			b.rules.People[u.Name] = person
			b.rules.People[strings.ToLower(u.Name)] = person // a mention may have the name in any case
		}
		// A person with several accounts is active while one of them is.
		if _, seen := b.rules.Inactive[person]; u.Active || !seen {
			b.rules.Inactive[person] = !u.Active
		}
		if u.DisplayName != "" && (u.Active || b.rules.Names[person] == "") {
			b.rules.Names[person] = u.DisplayName
		}
		if slices.Contains(b.cfg.AutomationAccounts, u.Name) && u.Name != "" {
			b.rules.Automation[u.ID] = true
		}
	}
	for _, a := range b.cfg.AutomationAccounts {
		b.rules.Automation[a] = true
	}
	for key, o := range b.cfg.Owners {
		owner := &latency.Owner{Key: key}
		if b.cfg.HasOwnCalendar(key) {
			owner.Calendar = b.cfg.OwnerCalendar(key)
		}
		for _, a := range o.Absences {
			owner.Absences = append(owner.Absences, span(a, b.cfg.OwnerZone(key)))
		}
		b.rules.Owners[key] = owner
	}
}

// span returns a range whose dates are days of a zone.
func span(r config.Range, loc *time.Location) latency.Span {
	if loc == nil { // of a config that nobody has checked
		loc = time.UTC
	}
	span := latency.Always
	from, to := r.Instants(loc)
	if !from.IsZero() {
		span.From = latency.At(from)
	}
	if !to.IsZero() {
		span.To = latency.At(to)
	}
	return span
}

// person returns the person that a key of owners, or an account, names.
func (b *builder) person(name string) string {
	if _, ok := b.cfg.Owners[name]; ok {
		return name
	}
	return b.rules.Person(name)
}

// delegations fills in who stands in for whom.
func (b *builder) delegations() {
	for _, d := range b.cfg.Delegations {
		g := latency.Delegation{Owner: d.Owner, Delegate: b.person(d.Delegate), Span: span(d.Range, b.cfg.OwnerZone(d.Owner))}
		for _, k := range d.Kinds {
			g.Kinds = append(g.Kinds, latency.Kind(k))
		}
		if len(d.Projects) > 0 {
			g.Projects = latency.Set{}
			for _, p := range b.facts.Meta.Projects {
				if slices.Contains(d.Projects, p.Key) {
					g.Projects[p.ID] = true
				}
			}
		}
		b.rules.Delegates = append(b.rules.Delegates, g)
	}
}

// project returns the rules of one project.
func (b *builder) project(p jiradata.Project) *latency.Project {
	c := b.cfg.Project(p.Key)
	path := "defaults"
	if _, own := b.cfg.Projects[p.Key]; own {
		path = "projects." + p.Key
	}
	out := &latency.Project{
		ID: p.ID, Key: p.Key,
		Acceptance:           b.statusSet(p, path+".acceptance_statuses", c.AcceptanceStatuses),
		Accepted:             b.statusSet(p, path+".accepted_statuses", c.AcceptedStatuses),
		Withdrawn:            b.statusSet(p, path+".withdrawn_statuses", c.WithdrawnStatuses),
		Paused:               b.statusSet(p, path+".paused_statuses", c.PausedStatuses),
		QuestionStatuses:     b.statusSet(p, path+".question_statuses", c.QuestionStatuses),
		WithdrawnResolutions: latency.Set{}, QuestionLabels: latency.Set{}, Stages: map[string]latency.Stage{},
		PauseWhenFlagged: c.PauseWhenFlagged, PauseWhenAbsent: c.PauseWhenAbsent, PauseWhileOwnerAsks: c.PauseWhileOwnerAsks,
		SlipWindow: c.SlipWindow, MinDwell: c.MinDwell,
		Mention: c.Question.Mention, MentionAny: c.Question.MentionAny,
		Markers: c.Question.Markers, AnsweredMarkers: c.Question.AnsweredMarkers,
		Assignment: c.Question.Assignment, AnswerByEdit: c.Question.AnswerByEdit, LapseAfter: c.Question.LapseAfter,
		TargetAcceptance: c.Targets.Acceptance, TargetQuestion: c.Targets.Question,
		Calendar:      b.cfg.ProjectCalendar(p.Key),
		OwnerField:    b.userField(path+".owner_field", c.OwnerField),
		DelegateField: b.userField(path+".delegate_field", c.DelegateField),
		Components:    map[string]string{},
		HistoryFrom:   latency.Always.From,
	}
	out.FieldExpected = b.cfg.Given(path+".owner_field") || len(c.Owner)+len(c.Components) == 0
	out.QuestionsAlone = len(c.AcceptanceStatuses) == 0
	out.NoAcceptance = !inWorkflow(p, out.Acceptance)
	resolutions := c.WithdrawnResolutions
	if len(resolutions) == 0 {
		resolutions = latency.DefaultWithdrawnResolutions()
	}
	for _, r := range resolutions {
		out.WithdrawnResolutions[latency.Fold(r)] = true
	}
	for _, label := range c.QuestionLabels {
		out.QuestionLabels[label] = true
	}
	b.stages(p, path, c, out)
	b.components(p, path, c, out)
	for _, term := range c.Owner { // whole days of the project, so that one ends where the next begins
		out.Terms = append(out.Terms, latency.Term{Person: term.Owner, Span: span(term.Range, b.cfg.ProjectZone(p.Key))})
	}
	out.Leads = b.leads(p)
	if t, ok := c.HistoryFrom.Start(b.cfg.Zone()); ok {
		out.HistoryFrom = latency.At(t)
	}
	return out
}

// inWorkflow reports whether stories of a project can have one of some statuses.
// Where its workflow is not known, a status that the Jira has is taken for one.
func inWorkflow(p jiradata.Project, statuses latency.Set) bool {
	if p.Workflow == nil {
		return len(statuses) > 0
	}
	return slices.ContainsFunc(p.Workflow, func(id string) bool { return statuses[id] })
}

// components fills in who owns which component: by its id, or by the name that
// the config has where this Jira has no such component. That may be one that is
// no more, which old records still name.
func (b *builder) components(p jiradata.Project, path string, c config.Project, out *latency.Project) {
	out.ComponentNames = p.Components
	for name, o := range c.Components {
		found := false
		for id, today := range p.Components {
			if id == name || latency.Fold(today) == latency.Fold(name) {
				out.Components[id], found = o.Owner, true
			}
		}
		if found {
			continue
		}
		out.Components[name] = o.Owner
		if p.Components != nil {
			b.add(Problem{Warning: true, Key: path + ".components." + name, Message: fmt.Sprintf("project %s has no component %q; it has %s", p.Key, name, list(slices.Collect(maps.Values(p.Components))))})
		}
	}
}

// leads returns who led p when. The first lead seen holds for all time before, too.
func (b *builder) leads(p jiradata.Project) []latency.Term {
	var out []latency.Term
	for _, l := range b.facts.Leads {
		if l.Project != p.ID {
			continue
		}
		span := latency.Always
		if n := len(out); n > 0 {
			out[n-1].Span.To = l.At
			span.From = l.At
		}
		out = append(out, latency.Term{Person: b.rules.Person(l.Account), Span: span})
	}
	if len(out) == 0 && p.Lead != "" {
		out = append(out, latency.Term{Person: b.rules.Person(p.Lead), Span: latency.Always})
	}
	return out
}

// stages fills in the stages of statuses: by the config, else by well-known names.
func (b *builder) stages(p jiradata.Project, path string, c config.Project, out *latency.Project) {
	for stage, names := range latency.StageNames() {
		usual := latency.Set{}
		for _, name := range names {
			usual[latency.Fold(name)] = true
		}
		for _, s := range b.facts.Meta.Statuses {
			if usual[latency.Fold(s.Name)] {
				out.Stages[s.ID] = stage
			}
		}
	}
	for _, stage := range config.Stages() {
		for id := range b.statusSet(p, path+".stages."+stage, c.Stages[stage]) {
			out.Stages[id] = latency.Stage(stage)
		}
	}
}

// statusSet resolves the names and ids of statuses that the setting at path
// has. A name of several ids means all of them; a name that was resolved before
// keeps what it meant. A name that this Jira lacks is an error if somebody wrote
// it, and a warning if it is a built-in default: many a Jira has no such step.
func (b *builder) statusSet(p jiradata.Project, path string, names []string) latency.Set {
	out := latency.Set{}
	for _, name := range names {
		key := ResolvedKey(p.ID, name)
		ids := slices.Clone(b.facts.Resolved[key])
		for _, s := range b.facts.Meta.Statuses {
			mine := s.ProjectID == "" || s.ProjectID == p.ID
			if mine && (s.ID == name || latency.Fold(s.Name) == latency.Fold(name)) && !slices.Contains(ids, s.ID) {
				ids = append(ids, s.ID)
			}
		}
		if len(ids) == 0 {
			builtIn, note := !b.cfg.Written(path), ""
			if builtIn {
				note = ": views will say that there is no such step"
			}
			b.add(Problem{Warning: builtIn, Key: path, Message: fmt.Sprintf("this Jira has no status %q for project %s; it has %s%s", name, p.Key, b.statusNames(p), note)})
			continue
		}
		slices.Sort(ids)
		if len(ids) > 1 {
			b.add(Problem{Warning: true, Key: path, Message: fmt.Sprintf("this Jira has several statuses %q for project %s, of the ids %s: all of them are meant; write an id to mean one of them", name, p.Key, strings.Join(ids, ", "))})
		}
		b.out.Resolved[key] = ids
		for _, id := range ids {
			out[id] = true
		}
	}
	return out
}

func (b *builder) statusNames(p jiradata.Project) string {
	var names []string
	for _, s := range b.facts.Meta.Statuses {
		if s.ProjectID == "" || s.ProjectID == p.ID {
			names = append(names, s.Name)
		}
	}
	return list(names)
}

// list returns names for a message, in order.
func list(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return "none"
	}
	if len(names) > 40 {
		names = append(names[:40], "…")
	}
	return strings.Join(names, ", ")
}

// userField returns the id of the user field with a name or id; "" if there is
// none. The assignee, the reporter and the creator have their English names in
// every Jira, beside those that its language gives them.
func (b *builder) userField(path, name string) string {
	builtIn := latency.Fold(name)
	if builtIn == "" || builtIn == latency.FieldAssignee {
		return builtIn
	}
	var found, people []string
	for _, f := range b.facts.Meta.Fields {
		if !f.People {
			continue
		}
		people = append(people, f.Name+" ("+f.ID+")")
		if f.ID == name {
			return f.ID
		}
		if latency.Fold(f.Name) == latency.Fold(name) || latency.Fold(f.UntranslatedName) == latency.Fold(name) {
			found = append(found, f.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0]
	case 0:
		if builtIn == latency.FieldReporter || builtIn == latency.FieldCreator {
			return builtIn
		}
		b.add(Problem{Warning: !b.cfg.Written(path), Key: path, Message: fmt.Sprintf("this Jira has no user field %q; it has %s", name, list(people))})
	default:
		b.add(Problem{Key: path, Message: fmt.Sprintf("%q is the name of several fields: give one of the ids %s", name, strings.Join(found, ", "))})
	}
	return ""
}

// Fingerprint identifies what decides how history is read: the config and the
// version of the rules. It changes when one of them does, and not when Jira
// does.
func Fingerprint(cfg *config.Config) string { return fingerprint(cfg, latency.RulesVersion) }

func fingerprint(cfg *config.Config, version int) string {
	decides := []any{version, cfg.Jira.IssueTypes, cfg.Calendar, cfg.Defaults, cfg.Projects, cfg.Owners, cfg.Delegations, cfg.AutomationAccounts}
	if cfg.Jira.JQL != "" {
		// It decides which of a project's stories count. jira.projects decides nothing
		// of that: a project that comes or goes leaves the others as they are.
		decides = append(decides, cfg.Jira.JQL)
	}
	text, err := json.Marshal(decides)
	if err != nil {
		panic(err) // plain values cannot fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
