package recount

import (
	"slices"
	"time"
)

// team is whom and what the rules know: the meaning of a config.
type team struct {
	acceptance  map[string]bool // status ids
	done        map[string]bool // status ids of category Done
	types       map[string]bool // ids of the types that count
	projects    map[string]project
	calendar    calendar
	owners      map[string]owner
	delegations []delegation
	targets     map[string]time.Duration // by kind
	mentionAny  bool                     // a mention asks without a question mark too
	slipWindow  time.Duration
	lapseAfter  time.Duration
	withdrawn   []string // resolutions, in lower case
}

// project is a watched project, by its id in team.
type project struct {
	key   string
	terms []ownerTerm
}

// ownerTerm is the time for which somebody owns a project's stories.
type ownerTerm struct {
	span
	owner string
}

type owner struct {
	account  string
	calendar *calendar // nil: the team's
	absences []span
}

type delegation struct {
	span
	owner, delegate string
	kinds           []string // none: both
	projects        []string // keys; none: all
}

const (
	acceptanceKind = "acceptance"
	questionKind   = "question"
)

// watched tells whether a story counts in that state.
func (t *team) watched(s state) bool {
	_, ok := t.projects[s.project]
	return ok && t.types[s.issueType]
}

// ownerOf returns the owner of a project's stories at an instant.
func (t *team) ownerOf(project string, at time.Time) string {
	for _, o := range t.projects[project].terms {
		if o.contains(at) {
			return o.owner
		}
	}
	return "unowned"
}

// delegates returns the keys of those who stand in for an owner at an instant.
func (t *team) delegates(owner, kind, project string, at time.Time) []string {
	var keys []string
	for _, d := range t.delegations {
		if d.owner == owner && d.contains(at) &&
			(d.kinds == nil || slices.Contains(d.kinds, kind)) &&
			(d.projects == nil || slices.Contains(d.projects, t.projects[project].key)) {
			keys = append(keys, d.delegate)
		}
	}
	return keys
}

// role returns who an actor is to an owner at an instant.
func (t *team) role(actor, owner, kind, project string, at time.Time) string {
	if actor == "" {
		return "other"
	}
	if t.owners[owner].account == actor {
		return "owner"
	}
	for _, d := range t.delegates(owner, kind, project, at) {
		if t.owners[d].account == actor {
			return "delegate"
		}
	}
	return "other"
}

// absent tells whether the owner is away at an instant and nobody stands in.
func (t *team) absent(owner, kind, project string, at time.Time) bool {
	away := slices.ContainsFunc(t.owners[owner].absences, func(s span) bool { return s.contains(at) })
	return away && len(t.delegates(owner, kind, project, at)) == 0
}

func (t *team) calendarOf(owner string) calendar {
	if c := t.owners[owner].calendar; c != nil {
		return *c
	}
	return t.calendar
}

// isDone tells whether a status ends a story's life: one in which the story waits
// for its owner never does.
func (t *team) isDone(status string) bool { return t.done[status] && !t.acceptance[status] }
