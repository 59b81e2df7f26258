package latency

import (
	"maps"
	"slices"
	"strings"
)

// fieldDelegates reports whether the story's delegate field names somebody
// other than the owner.
func (r *replay) fieldDelegates() bool {
	if r.now.delegates == "" {
		return false
	}
	for id := range strings.SplitSeq(r.now.delegates, ",") {
		if id = strings.TrimSpace(id); id != "" && r.d.rules.Person(id) != r.now.owner {
			return true
		}
	}
	return false
}

// awayKey names who is away from what.
type awayKey struct {
	owner, project string
	kind           Kind
}

// away returns when the owner is absent with nobody to stand in, in order and
// disjoint: the owner's clock stands then.
func (d *Deriver) away(p *Project, owner string, kind Kind) []Span {
	o := d.rules.Owners[owner]
	if o == nil || len(o.Absences) == 0 || !p.PauseWhenAbsent {
		return nil
	}
	key := awayKey{owner, p.ID, kind}
	if spans, ok := d.awayCache[key]; ok {
		return spans
	}
	spans := union(o.Absences)
	for _, g := range d.rules.StandIns(owner, p.ID, kind) {
		spans = subtract(spans, g)
	}
	d.awayCache[key] = spans
	return spans
}

// awayFrom returns when the owner of a part was absent with nobody to stand in:
// neither by the config nor in the story's delegate field.
func (r *replay) awayFrom(s *ownersPart, kind Kind) []Span {
	away := r.d.away(s.project, s.owner, kind)
	if len(away) == 0 || s.project.DelegateField == "" {
		return away
	}
	for i, f := range r.d.footings {
		if f.delegated {
			to := Never
			if i+1 < len(r.d.footings) {
				to = r.d.footings[i+1].from
			}
			away = subtract(away, Span{f.from, to})
		}
	}
	return away
}

// StandIns returns when somebody answers in an owner's stead for a kind of wait in a
// project, by the config: in order and disjoint.
func (r *Rules) StandIns(owner, projectID string, kind Kind) []Span {
	var spans []Span
	for _, g := range r.Delegates {
		if g.Owner == owner && g.Delegate != owner && g.concerns(projectID, kind) {
			spans = append(spans, g.Span)
		}
	}
	return union(spans)
}

// StandingIn returns who answers in an owner's stead for a kind of wait in a project at
// an instant, by the config, with until when each does: persons, in order.
func (r *Rules) StandingIn(owner, projectID string, kind Kind, at Instant) []Delegated {
	spans := map[string][]Span{}
	for _, g := range r.Delegates {
		if g.Owner == owner && g.Delegate != owner && g.concerns(projectID, kind) {
			spans[g.Delegate] = append(spans[g.Delegate], g.Span)
		}
	}
	var out []Delegated
	for _, delegate := range slices.Sorted(maps.Keys(spans)) {
		if until, active := within(spans[delegate], at); active {
			out = append(out, Delegated{Owner: owner, Delegate: delegate, Until: until})
		}
	}
	return out
}

// AwayUntil returns when the absence of an owner ends in which an instant lies, Never if
// no end is known; away is false if the owner is not absent then.
func (r *Rules) AwayUntil(owner string, at Instant) (until Instant, away bool) {
	if o := r.Owners[owner]; o != nil {
		return within(o.Absences, at)
	}
	return 0, false
}
