package recount

import (
	"slices"
	"strings"
	"time"
)

// rules are the meaning of a config in a Jira.
type rules struct {
	projects    map[string]*project // the watched ones, by id
	types       map[string]bool     // whether a type counts, by id, of the types that Jira lists
	listed      bool                // whether the config lists the types that count
	owners      map[string]owner    // by key
	people      map[string]string   // key of the owner who has an account
	automation  map[string]bool     // accounts
	delegations []delegation
	calendar    calendar
	stories     map[string]*story // all of them by id, because a story's owner may be its parent's
}

// project is what holds for a project's stories. Sets of statuses are by id.
type project struct {
	key                             string
	acceptance, accepted, withdrawn map[string]bool
	paused, asking                  map[string]bool
	release                         map[string]bool // of that stage
	category                        map[string]bool // of Jira's category Done
	defaultExits                    bool            // no accepted statuses are given
	resolutions                     []string        // with which a story is withdrawn, in the form of plainResolution
	whenFlagged, whenAbsent         bool            // what stops the clock
	whileOwnerAsks                  bool
	slipWindow, minDwell            time.Duration
	labels                          []string // that ask
	mention, mentionAny             bool
	markers, answered               []string
	assignment, byEdit              bool
	lapseAfter                      time.Duration // 0: never
	ownerField                      string        // in lower case; "": none
	targets                         map[string]time.Duration
	from                            time.Time // what began earlier is not derived
	calendar                        *calendar // nil: the rules'
	terms                           []ownerTerm
	components                      []componentOwner // in the order in which they are asked
}

type componentOwner struct{ component, owner string }

// ownerTerm is the time for which somebody owns a project's stories.
type ownerTerm struct {
	span
	owner string
}

type owner struct {
	calendar *calendar // nil: the project's
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

	unowned = "unowned"
)

// What somebody is to an owner.
const (
	roleOwner      = "owner"
	roleDelegate   = "delegate"
	roleOther      = "other"
	roleAutomation = "automation"
)

// of returns the rules of a story's project; nil where the story does not count:
// its project is not watched, or its type is not one that counts. A type that
// Jira does not list any more counts unless the config lists those that do.
func (r *rules) of(s state) *project {
	p := r.projects[s.project]
	if counts, listed := r.types[s.issueType]; p == nil || listed && !counts || !listed && r.listed {
		return nil
	}
	return p
}

// person returns who has an account: the key of an owner, else the account
// itself. Nobody has the empty account.
func (r *rules) person(account string) string {
	if key, ok := r.people[account]; ok {
		return key
	}
	return account
}

// ownerOf returns the owner of a story in a state at an instant: the person in
// its owner field, else in that of its parent, and so on upwards, else the
// owner of a component, else of the project.
func (r *rules) ownerOf(s state, at time.Time) string {
	p := r.projects[s.project]
	if p == nil {
		return unowned
	}
	for up, seen := s, 0; p.ownerField != "" && seen < 10; seen++ {
		if account := up.users[p.ownerField]; account != "" {
			return r.person(account)
		}
		parent := r.stories[up.parent]
		if parent == nil {
			break
		}
		up = parent.stateAt(at)
	}
	for _, c := range p.components {
		if slices.Contains(strings.Fields(s.components), c.component) {
			return c.owner
		}
	}
	for _, o := range p.terms {
		if o.contains(at) {
			return o.owner
		}
	}
	return unowned
}

// stateAt returns the state of a story at an instant; before its creation, that
// at its creation.
func (s *story) stateAt(at time.Time) state {
	now := s.events[0].after
	for _, e := range s.events {
		if !e.at.After(at) {
			now = e.after
		}
	}
	return now
}

// ownerChanges returns the instants at which the owner of a story may change
// with no record of the story itself.
func (r *rules) ownerChanges(s *story) []time.Time {
	var list []time.Time
	for _, p := range r.projects {
		for _, o := range p.terms {
			list = append(list, o.from, o.to)
		}
	}
	seen := map[string]bool{}
	var climb func(*story)
	climb = func(s *story) {
		for _, e := range s.events {
			if parent := e.after.parent; parent != "" && !seen[parent] && r.stories[parent] != nil {
				seen[parent] = true
				for _, f := range r.stories[parent].events[1:] {
					list = append(list, f.at)
				}
				climb(r.stories[parent])
			}
		}
	}
	climb(s)
	list = slices.DeleteFunc(list, time.Time.IsZero)
	slices.SortFunc(list, time.Time.Compare)
	return slices.CompactFunc(list, time.Time.Equal)
}

// delegates returns the keys of those who stand in for an owner at an instant.
func (r *rules) delegates(owner, kind, project string, at time.Time) []string {
	var keys []string
	for _, d := range r.delegations {
		if d.owner == owner && d.contains(at) &&
			(d.kinds == nil || slices.Contains(d.kinds, kind)) &&
			(d.projects == nil || r.projects[project] != nil && slices.Contains(d.projects, r.projects[project].key)) {
			keys = append(keys, d.delegate)
		}
	}
	return keys
}

// role returns what a person is to an owner at an instant.
func (r *rules) role(person, owner, kind, project string, at time.Time) string {
	switch {
	case person == "":
		return roleOther
	case person == owner:
		return roleOwner
	case slices.Contains(r.delegates(owner, kind, project, at), person):
		return roleDelegate
	}
	return roleOther
}

// absent reports whether the owner is away at an instant and nobody stands in.
func (r *rules) absent(owner, kind, project string, at time.Time) bool {
	away := slices.ContainsFunc(r.owners[owner].absences, func(s span) bool { return s.contains(at) })
	return away && len(r.delegates(owner, kind, project, at)) == 0
}

// hoursOf returns the calendar of an owner, else of the project.
func (r *rules) hoursOf(owner, project string) calendar {
	if c := r.owners[owner].calendar; c != nil {
		return *c
	}
	return r.projectsHours(project)
}

// projectsHours are the hours of a project's own.
func (r *rules) projectsHours(project string) calendar {
	if p := r.projects[project]; p != nil && p.calendar != nil {
		return *p.calendar
	}
	return r.calendar
}

// done reports whether a status ends a story's life: it is of Jira's category
// Done or takes the story away. One in which the story waits for its owner never
// ends it, and a resolution alone does not either.
func (p *project) done(status string) bool {
	return !p.acceptance[status] && (p.category[status] || p.withdrawn[status])
}

// takesAway reports whether a story is withdrawn by its status or resolution.
func (p *project) takesAway(s state) bool {
	return p.withdrawn[s.status] || slices.Contains(p.resolutions, plainResolution(s.resolution))
}

// plainResolution returns the form in which resolutions are compared: case and
// the form of apostrophes do not count.
func plainResolution(name string) string {
	return lower(strings.NewReplacer("’", "'", "‘", "'", "ʼ", "'", "`", "'", "´", "'").Replace(name))
}

func lower(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
