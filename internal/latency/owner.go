package latency

import (
	"strings"
)

// maxAncestors bounds the way up a story's parents: Jira's own hierarchies
// are far shorter, and a loop in broken data must end.
const maxAncestors = 16

// Ancestor is what is known of a story's parent over time: the fields that
// hold its owner, and its own parent.
type Ancestor struct {
	first   state
	changes []ancestorChange
}

type ancestorChange struct {
	at     Instant
	change Change
}

// NewAncestor returns the ancestor that a history describes.
func NewAncestor(h *History) *Ancestor {
	h.Events = sortEvents(h.Events)
	a := &Ancestor{}
	a.first.initial(h.Now, h.Events)
	for _, ev := range h.Events {
		for _, c := range ev.Changes {
			if c.Field == FieldParent || c.Field == FieldAssignee || isUserField(c.Field) {
				a.changes = append(a.changes, ancestorChange{ev.At, c})
			}
		}
	}
	return a
}

// at returns what field holds at t.
func (a *Ancestor) people(field string, t Instant) string {
	ids := a.first.people(field)
	for i := range a.changes {
		if a.changes[i].at > t {
			break
		}
		if a.changes[i].change.Field == field {
			ids = a.changes[i].change.To.ID
		}
	}
	return ids
}

// parent returns the id of a's own parent at t.
func (a *Ancestor) parent(t Instant) string {
	id := a.first.parent.ID
	for i := range a.changes {
		if a.changes[i].at > t {
			break
		}
		if a.changes[i].change.Field == FieldParent {
			id = a.changes[i].change.To.ID
		}
	}
	return id
}

// Ancestors are the parents of stories by Jira's issue id.
type Ancestors map[string]*Ancestor

// ownerAt returns the owner of a story in state s at t: the first that
// answers of its owner field, its parents' owner field, a component's owner,
// the project's configured owner and the project's lead; Unowned if none.
func (d *Deriver) ownerAt(p *Project, s *state, t Instant) string {
	d.hidden = ""
	if p == nil {
		return Unowned
	}
	if who := d.fieldOwner(s, p, t); who != "" {
		return who
	}
	if who := p.componentOwner(s.components); who != "" {
		return who
	}
	for _, term := range p.Terms {
		if term.Span.Contains(t) && term.Person != "" {
			return term.Person
		}
	}
	for _, term := range p.Leads {
		if term.Span.Contains(t) && term.Person != "" {
			return term.Person
		}
	}
	return Unowned
}

// Decides returns who would own a wait that began on the story that was derived last, at
// the instant as of which it was derived; "" if no wait begins there, because no watched
// project has the story in its scope.
func (d *Deriver) Decides() string {
	r := &d.replay
	if r.now.project == nil || !r.now.inScope {
		return ""
	}
	return d.ownerAt(r.now.project, &r.st, r.asOf)
}

// fieldOwner returns the owner that the owner field of a story, or of the first of
// its parents that has one, holds at t; "" if none does.
func (d *Deriver) fieldOwner(s *state, p *Project, t Instant) string {
	if p.OwnerField == "" {
		return ""
	}
	if who := d.firstOwner(s.people(p.OwnerField)); who != "" {
		return who
	}
	id := s.parent.ID
	for range maxAncestors {
		if id == "" {
			break
		}
		a := d.ancestors[id]
		if a == nil {
			d.hidden = id // counts as unset
			break
		}
		if who := d.firstOwner(a.people(p.OwnerField, t)); who != "" {
			return who
		}
		id = a.parent(t)
	}
	return ""
}

// componentOwner returns the owner of the first of components, by name, that has
// one; "" if none has. A component is found by its id or by the name that the id
// has today. By the name that a record bears it is found only where the id is
// no longer known and no component of today has that name.
func (p *Project) componentOwner(components []Value) string {
	who, name := "", ""
	for _, c := range components {
		today, known := p.ComponentNames[c.ID]
		if !known {
			today = c.Name
		}
		owner := p.Components[c.ID]
		if owner == "" && (known || !p.namesComponent(c.Name)) {
			owner = p.Components[today]
		}
		if owner != "" && (who == "" || today < name) {
			who, name = owner, today
		}
	}
	return who
}

// namesComponent reports whether a component of today has that name.
func (p *Project) namesComponent(name string) bool {
	for _, today := range p.ComponentNames {
		if today == name {
			return true
		}
	}
	return false
}

// firstOwner returns, of accounts separated by commas, the first who is a
// configured owner, else the first; "" if there is none.
func (d *Deriver) firstOwner(accounts string) string {
	if accounts == "" {
		return ""
	}
	if strings.IndexByte(accounts, ',') < 0 {
		return d.rules.Person(accounts)
	}
	first := ""
	for id := range strings.SplitSeq(accounts, ",") {
		who := d.rules.Person(strings.TrimSpace(id))
		if d.rules.Owners[who] != nil {
			return who
		}
		if first == "" {
			first = who
		}
	}
	return first
}

// nextOwnerTick returns the first instant after t at which the owner of a
// story in state s can change though nothing happens to the story: a term
// begins or ends, a lead is replaced, a parent changes.
func (d *Deriver) nextOwnerTick(p *Project, s *state, t Instant) Instant {
	if p == nil {
		return Never
	}
	next := Never
	consider := func(at Instant) {
		if at > t && at < next {
			next = at
		}
	}
	for _, terms := range [2][]Term{p.Terms, p.Leads} {
		for i := range terms {
			consider(terms[i].Span.From)
			consider(terms[i].Span.To)
		}
	}
	if p.OwnerField == "" {
		return next
	}
	id := s.parent.ID
	for range maxAncestors {
		a := d.ancestors[id]
		if id == "" || a == nil {
			break
		}
		for i := range a.changes {
			consider(a.changes[i].at)
		}
		id = a.parent(t)
	}
	return next
}

// role returns the role of a person towards an owner of the story in a
// situation at t.
func (d *Deriver) role(s *situation, owner, person string, kind Kind, t Instant) Responder {
	if person == "" {
		return ByOther
	}
	if person == owner {
		return ByOwner
	}
	if d.isDelegate(s, owner, person, kind, t) {
		return ByDelegate
	}
	return ByOther
}

// isDelegate reports whether person answers for owner at t, by the config or by
// the story's delegate field. A delegate's delegate does not.
func (d *Deriver) isDelegate(s *situation, owner, person string, kind Kind, t Instant) bool {
	for i := range d.rules.Delegates {
		g := &d.rules.Delegates[i]
		if g.Owner == owner && g.Delegate == person && g.covers(s.project.ID, kind, t) {
			return true
		}
	}
	if s.delegates == "" {
		return false
	}
	for id := range strings.SplitSeq(s.delegates, ",") {
		if id = strings.TrimSpace(id); id != "" && d.rules.Person(id) == person {
			return true
		}
	}
	return false
}
