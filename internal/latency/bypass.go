package latency

import "time"

// ownMove is how soon an acceptance by whoever moved the story in is no
// acceptance step at all.
const ownMove = 60 * time.Second

// Beginning is when an acceptance wait came to be one of a project: by its
// start, or by the story's move there.
type Beginning struct {
	ProjectID string
	At        Instant
}

// FirstWaits are when projects, by key, had their first acceptance wait.
type FirstWaits map[string]Instant

// FirstWaits returns when a story's waits in acceptance first were a project's,
// as of an instant. A move into acceptance that may yet be taken back has begun
// nothing.
func (r *Rules) FirstWaits(begun []Beginning, asOf Instant) FirstWaits {
	var out FirstWaits
	for _, b := range begun {
		if p := r.watched(b.ProjectID); p != nil && b.At.Add(p.SlipWindow) <= asOf {
			if out == nil {
				out = FirstWaits{}
			}
			out.note(p.Key, b.At)
		}
	}
	return out
}

// Add takes in the first waits of another story.
func (f FirstWaits) Add(other FirstWaits) {
	for project, at := range other {
		f.note(project, at)
	}
}

func (f FirstWaits) note(project string, at Instant) {
	if first, ok := f[project]; !ok || at < first {
		f[project] = at
	}
}

// Passed reports whether there was something to bypass when a bypass happened:
// before a project's first acceptance wait there was nothing.
func (f FirstWaits) Passed(bypass *Entry) bool {
	first, ok := f[bypass.Project]
	return ok && bypass.At >= first
}

// countBypass counts a story that reached done, and was not withdrawn, with no
// visit of acceptance.
func (r *replay) countBypass(ev *Event, before *situation) {
	if !r.visited && !before.done && r.now.done && !r.withdrawn() && len(r.now.project.Acceptance) > 0 {
		r.bypass(ev)
	}
}

// countInstantBypass counts a story that whoever moved it in, be it automation,
// has just accepted at once in nobody's stead.
func (r *replay) countInstantBypass(rec *record) {
	w := &r.acc
	if w.responder != ByOwner && w.responder != ByDelegate && r.mover != "" && r.d.rules.Person(rec.Actor) == r.mover && rec.At <= w.start.Add(ownMove) {
		r.bypass(rec.Event)
	}
}

// bypass counts a story that passed by acceptance, once.
func (r *replay) bypass(ev *Event) {
	if !r.passed {
		r.passed = true
		r.d.mark(EntryBypass, ev.At, r.now.project, "", r.now.project.SlipWindow)
	}
}
