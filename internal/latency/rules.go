package latency

import (
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/calendar"
)

// Unowned is the owner of a story for which nobody answers: a real and
// reserved label, so that no story is dropped.
const Unowned = "unowned"

// Kind is what a team waits for.
type Kind string

// The kinds of wait.
const (
	Acceptance Kind = "acceptance"
	Question   Kind = "question"
)

// Category is the category of a status.
type Category uint8

// The categories Jira knows; CategoryUnknown is a status nobody described.
const (
	CategoryUnknown Category = iota
	CategoryNew
	CategoryIndeterminate
	CategoryDone
)

// Status is what the rules know of a status of Jira.
type Status struct {
	Name     string
	Category Category
}

// Set is a set of ids or names.
type Set map[string]bool

// RulesVersion is the version of the rules by which histories are read. It is
// raised with every change by which the same history under the same config
// comes to another result, so that a ledger that was counted by other rules is
// known as such.
const RulesVersion = 3

// Rules is a config made concrete for one Jira: names are resolved to ids,
// accounts to people, dates to instants. It is not changed once a derivation
// has used it.
type Rules struct {
	Projects map[string]*Project // the watched ones, by Jira's project id
	Types    map[string]bool     // by id of an issue type: whether issues of it are stories
	// UnlistedTypes reports whether issues of a type that is not in Types are
	// stories, unless its name says that they are sub-tasks or epics.
	UnlistedTypes bool
	Statuses      map[string]Status // by id
	StatusIDs     map[string]string // id by name, for records that lost the id; a name of several ids is absent
	People        map[string]string // account, or another name of it, to the person
	Owners        map[string]*Owner // by person
	Delegates     []Delegation
	Names         map[string]string // display name by person
	Inactive      Set               // persons none of whose accounts is active
	Automation    Set               // accounts that are automation though Jira does not say so

	Together   bool       // no statistic is of an owner: they are All's
	Pseudonyms Pseudonyms // nil: people are called what they are
}

// Owner is a configured Product Owner.
type Owner struct {
	Key      string
	Calendar *calendar.Calendar // nil: the project's
	Absences []Span
}

// Delegation makes Delegate answer for Owner within Span.
type Delegation struct {
	Owner, Delegate string // persons
	Span            Span
	Projects        Set // ids; nil: all
	Kinds           []Kind
}

// covers reports whether the delegation holds for kind in a project at t.
func (d Delegation) covers(project string, kind Kind, t Instant) bool {
	return d.Span.Contains(t) && d.concerns(project, kind)
}

// concerns is covers without regard to time.
func (d Delegation) concerns(project string, kind Kind) bool {
	return (d.Projects == nil || d.Projects[project]) && (len(d.Kinds) == 0 || slices.Contains(d.Kinds, kind))
}

// Term is somebody's time as a project's owner or lead.
type Term struct {
	Person string
	Span   Span
}

// Project is a watched project's part of the rules. Statuses are ids,
// resolutions are names as Fold gives them.
type Project struct {
	ID, Key string

	Acceptance Set
	// NoAcceptance reports whether stories of the project wait for no acceptance:
	// none of the acceptance statuses is in its workflow. QuestionsAlone reports
	// whether the config says so, by an empty list.
	NoAcceptance, QuestionsAlone bool

	Accepted             Set // empty: category done, or placed in stage release
	Withdrawn            Set
	WithdrawnResolutions Set
	Paused               Set
	QuestionStatuses     Set
	QuestionLabels       Set
	Stages               map[string]Stage // of statuses, by the config or by their names

	PauseWhenFlagged    bool
	PauseWhenAbsent     bool
	PauseWhileOwnerAsks bool
	SlipWindow          time.Duration
	MinDwell            time.Duration

	Mention, MentionAny       bool
	Markers, AnsweredMarkers  []string
	Assignment, AnswerByEdit  bool
	LapseAfter                time.Duration // of working time; 0: never
	TargetAcceptance          time.Duration // of working time
	TargetQuestion            time.Duration // of working time
	Calendar                  *calendar.Calendar
	FieldExpected             bool              // the config names the owner field for the project, or no other owner of it
	OwnerField, DelegateField string            // FieldAssignee, FieldReporter, FieldCreator or the id of a custom field; "": none
	Components                map[string]string // component name or id to person
	ComponentNames            map[string]string // today's name by component id
	Terms                     []Term            // configured owners
	Leads                     []Term            // as Jira's lead was seen; the first holds for all time before
	HistoryFrom               Instant           // what began earlier is not derived
}

// Measures reports whether waits of a kind are measured in the project.
func (p *Project) Measures(k Kind) bool { return k != Acceptance || !p.NoAcceptance }

// Configured reports whether the config fits the project: one of the acceptance
// statuses is in its workflow, or the config says that there is none.
func (p *Project) Configured() bool { return !p.NoAcceptance || p.QuestionsAlone }

// Target returns the target of a kind, in working time.
func (p *Project) Target(k Kind) time.Duration {
	if k == Acceptance {
		return p.TargetAcceptance
	}
	return p.TargetQuestion
}

// DefaultWithdrawnResolutions are the resolutions with which a story is
// withdrawn, not accepted.
func DefaultWithdrawnResolutions() []string {
	return []string{
		"Won't Do", "Won't Fix", "Won't Implement", "Duplicate", "Cannot Reproduce", "Declined", "Invalid",
		"Abandoned", "Incomplete", "Not a Problem", "Not a Bug", "Obsolete",
	}
}

// ProjectID returns the id of the watched project with a key; "" if there is none.
func (r *Rules) ProjectID(key string) string {
	for id, p := range r.Projects {
		if p.Key == key {
			return id
		}
	}
	return ""
}

// watched returns the rules of a project, or nil.
func (r *Rules) watched(project string) *Project { return r.Projects[project] }

// isAutomation reports whether an event was made by automation.
func (r *Rules) isAutomation(ev *Event) bool {
	return ev.ActorType == App || r.Automation[ev.Actor]
}
