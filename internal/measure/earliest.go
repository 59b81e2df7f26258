package measure

import (
	"cmp"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// earliestMost is how many stories of a project are known by name. Others are found by a
// derivation of all stories when none of those is left.
const earliestMost = 8

// earliest says for each project in which story something happened first: a story may
// take back that it happened there. It holds some stories of each project and not all, so
// that it stays small beside a million of them.
type earliest struct {
	projects map[string]*ranking
	of       map[int64][]string // the projects that hold a story
	lost     bool               // of some project no story is held any more, and there are others
}

// ranking has the stories of one project that come first, in order.
type ranking struct {
	Stories []ranked
	// Beyond is how early a story that is not held may be; latency.Never: there is none.
	Beyond latency.Instant
}

// ranked is a story, and when it happened there.
type ranked struct {
	At    latency.Instant
	Story int64
}

func newEarliest() *earliest {
	return &earliest{projects: map[string]*ranking{}, of: map[int64][]string{}}
}

// set replaces what is known of a story: when it happened, by project.
func (e *earliest) set(story int64, at map[string]latency.Instant) {
	before := e.of[story]
	delete(e.of, story)
	for _, project := range before {
		r := e.projects[project]
		r.Stories = slices.DeleteFunc(r.Stories, func(s ranked) bool { return s.Story == story })
	}
	for project, at := range at {
		e.add(project, ranked{at, story})
	}
	for _, project := range before {
		switch r := e.projects[project]; {
		case r == nil || len(r.Stories) > 0:
		case r.Beyond == latency.Never:
			delete(e.projects, project)
		default:
			e.lost = true
		}
	}
}

// add takes in that it happened in a story that is not held.
func (e *earliest) add(project string, s ranked) {
	r := e.projects[project]
	if r == nil {
		r = &ranking{Beyond: latency.Never}
		e.projects[project] = r
	}
	if s.At > r.Beyond {
		return
	}
	i, _ := slices.BinarySearchFunc(r.Stories, s, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Story, b.Story))
	})
	if i == earliestMost {
		r.Beyond = s.At
		return
	}
	r.Stories = slices.Insert(r.Stories, i, s)
	e.of[s.Story] = append(e.of[s.Story], project)
	if len(r.Stories) > earliestMost {
		last := r.Stories[earliestMost]
		r.Stories, r.Beyond = r.Stories[:earliestMost], last.At
		if e.of[last.Story] = slices.DeleteFunc(e.of[last.Story], func(p string) bool { return p == project }); len(e.of[last.Story]) == 0 {
			delete(e.of, last.Story)
		}
	}
}

// first returns when it first happened, by project.
func (e *earliest) first() map[string]latency.Instant {
	out := make(map[string]latency.Instant, len(e.projects))
	for project, r := range e.projects {
		if len(r.Stories) > 0 {
			out[project] = r.Stories[0].At
		}
	}
	return out
}

// restore takes in what is kept of projects.
func (e *earliest) restore(projects map[string]*ranking) {
	maps.Copy(e.projects, projects)
	for project, r := range projects {
		for _, s := range r.Stories {
			e.of[s.Story] = append(e.of[s.Story], project)
		}
	}
}
