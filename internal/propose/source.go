package propose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// OwnerSource is what says who owns a story.
type OwnerSource string

// The sources, in the order in which one is preferred where they agree alike.
const (
	FromField     OwnerSource = "field"
	FromComponent OwnerSource = "component"
	FromReporter  OwnerSource = "reporter"
	FromLead      OwnerSource = "lead"
	FromHabit     OwnerSource = "habit" // nothing in Jira says it; the same person decides
)

// source is a source of owners, and how well it agrees with who decided.
type source struct {
	kind       OwnerSource
	field      string // id, of FromField
	name       string // of the field, or of the person
	decisions  int    // by people
	filled     int    // of those, on stories where the source names somebody
	agrees     int    // of those, by whom it names
	named      bool   // its name hints at an owner
	components map[string]string
	person     string         // of FromLead and FromHabit
	instead    map[string]int // who decided where the source named somebody else
}

// agreement is the share of the decisions that were given by whom the source
// names.
func (s source) agreement() float64 {
	return share(s.agrees, s.filled) * min(1, share(s.filled, s.decisions)/0.5)
}

// says reports whether something in Jira names the owner: then the agreement is
// no tautology.
func (s source) says() bool { return s.kind != FromHabit && s.kind != "" }

// sources returns how well each possible source of owners agrees with who ended
// the visits of a flow, the best first.
func (p *project) sources(f *flow, fields map[string]string) []source {
	var out []source
	add := func(s source, names func(*decision) string) {
		s.decisions, s.instead = len(f.decided), map[string]int{}
		for i := range f.decided {
			d := &f.decided[i]
			who := names(d)
			if who == "" {
				continue
			}
			s.filled++
			if who == d.by {
				s.agrees++
			} else {
				s.instead[d.by]++
			}
		}
		out = append(out, s)
	}
	for id, name := range fields {
		s := source{kind: FromField, field: id, name: name, named: p.lexicon.hints(name, hintOwner)}
		if p.lexicon.hints(name, hintNotOwner) && !s.named {
			continue
		}
		add(s, func(d *decision) string { return d.story.holder(id, d.at) })
	}
	add(source{kind: FromReporter, field: latency.FieldReporter, name: "Reporter"}, func(d *decision) string {
		return cmp.Or(d.story.holder(latency.FieldReporter, d.at), d.story.created.by)
	})
	if p.meta.Lead != "" {
		add(source{kind: FromLead, person: p.meta.Lead}, func(*decision) string { return p.meta.Lead })
	}
	if byPart := p.byComponent(f); len(byPart) > 1 {
		add(source{kind: FromComponent, components: byPart}, func(d *decision) string { return byPart[d.story.component()] })
	}
	if top := busiest(f.enders); len(top) > 0 {
		add(source{kind: FromHabit, person: top[0]}, func(*decision) string { return top[0] })
	}
	slices.SortStableFunc(out, func(a, b source) int {
		return cmp.Or(-cmp.Compare(a.rank(), b.rank()), cmp.Compare(order(a.kind), order(b.kind)), cmp.Compare(a.field, b.field))
	})
	return out
}

// rank is the agreement with a little more for a name that says owner, and a
// little less for what is a tautology.
func (s source) rank() float64 {
	r := s.agreement()
	if s.named {
		r += 0.1
	}
	if !s.says() {
		r -= 0.15
	}
	return r
}

func order(k OwnerSource) int {
	return slices.Index([]OwnerSource{FromField, FromComponent, FromReporter, FromLead, FromHabit}, k)
}

// bestSource returns the source of owners that agrees best.
func (p *project) bestSource(f *flow) source {
	list := p.sources(f, p.fields())
	if len(list) == 0 {
		return source{}
	}
	return list[0]
}

// fields returns the user fields that the project's stories fill, by id with
// their names.
func (p *project) fields() map[string]string {
	out := map[string]string{}
	for i := range p.stories {
		for field, values := range p.stories[i].source.History.Now {
			if len(values) > 0 && p.userFields[field] != "" {
				out[field] = p.userFields[field]
			}
		}
	}
	return out
}

// byComponent returns who decides on most stories of each component, where that
// is the same person in six of ten.
func (p *project) byComponent(f *flow) map[string]string {
	counts := map[string]map[string]int{}
	for i := range f.decided {
		d := &f.decided[i]
		if name := d.story.component(); name != "" {
			if counts[name] == nil {
				counts[name] = map[string]int{}
			}
			counts[name][d.by]++
		}
	}
	out, people := map[string]string{}, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		top, sum := busiest(counts[name])[0], 0
		for _, n := range counts[name] {
			sum += n
		}
		if sum >= fewestVisits && share(counts[name][top], sum) >= fewestAgree {
			out[name], people[top] = top, true
		}
	}
	if len(people) < 2 {
		return nil // one person decides on all: no component needs to say so
	}
	return out
}

// component returns the name of the story's first component by name, as it is
// today.
func (s *story) component() string {
	first := ""
	for _, v := range s.source.History.Now[latency.FieldComponents] {
		if first == "" || v.Name < first {
			first = v.Name
		}
	}
	return first
}

// sentence says in words what the source is and how well it agrees.
func (s source) sentence(name func(account string) string) string {
	of := fmt.Sprintf("%d of %d decisions", s.agrees, s.filled)
	switch s.kind {
	case FromField:
		return fmt.Sprintf("the user field %q is filled on %d of %d decided stories, and %s were given by whom it names", s.name, s.filled, s.decisions, of)
	case FromReporter:
		return of + " were given by the story's reporter"
	case FromComponent:
		return fmt.Sprintf("%s were given by the person who decides on the story's component", of)
	case FromLead:
		return fmt.Sprintf("%s were given by the project lead, %s", of, name(s.person))
	case FromHabit:
		return fmt.Sprintf("no field names an owner; %s were given by %s", of, name(s.person))
	}
	return "nobody decides"
}
