package retrospective

import (
	"cmp"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// byName returns rules by which people are who they are: a report is made by them, and
// people are named at the end.
func byName(rules *latency.Rules) *latency.Rules {
	plain := *rules
	plain.Together, plain.Pseudonyms = false, nil
	return &plain
}

// label calls people in a report what the rules call them, and puts them in the order of
// their names. Where owners are not told apart it says of nobody who did anything.
func (r *Report) label(rules *latency.Rules) {
	if rules.Together || rules.Pseudonyms != nil {
		r.rename(rules)
	}
	// Owners stand in the order of their names: any other would be a ranking, or tell
	// who is behind a pseudonym.
	for i := range r.Projects {
		slices.SortStableFunc(r.Projects[i].Owners, func(a, b Owner) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
	}
	slices.SortStableFunc(r.Delegations, func(a, b StandIn) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Kind, b.Kind))
	})
	slices.SortStableFunc(r.WhatIf, func(a, b Saving) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Kind, b.Kind))
	})
}

// rename calls people what the rules call them.
func (r *Report) rename(rules *latency.Rules) {
	name := func(key, display *string) {
		if *key == "" {
			return
		}
		*key = rules.Label(*key)
		*display = *key
	}
	for i := range r.Projects {
		for j := range r.Projects[i].Owners {
			o := &r.Projects[i].Owners[j]
			name(&o.Key, &o.Name)
		}
	}
	for _, list := range [2][]Waited{r.Longest, r.Open} {
		for i := range list {
			name(&list[i].Owner, &list[i].Name)
			steps := make([]Happened, len(list[i].Steps)) // both lists may hold the same
			for j, s := range list[i].Steps {
				if s.By != "" {
					s.By = rules.Label(s.By)
				}
				if rules.Together {
					s.By = ""
				}
				s.Name = s.By
				steps[j] = s
			}
			list[i].Steps = steps
		}
	}
	for i := range r.Delegations {
		name(&r.Delegations[i].Owner, &r.Delegations[i].Name)
	}
	for i := range r.WhatIf {
		name(&r.WhatIf[i].Owner, &r.WhatIf[i].Name)
	}
}

// For returns the report without the statistics of owners whom sees does not admit, and
// the keys of those whose it has, each once. Lists of waits stay as they are: they name
// whom a story waits for.
func (r *Report) For(sees func(owner, project string) bool) (*Report, []string) {
	out := *r
	shown := map[string]bool{}
	admits := func(owner, project string) bool {
		if !sees(owner, project) {
			return false
		}
		shown[owner] = true
		return true
	}
	out.Projects = slices.Clone(r.Projects)
	for i := range out.Projects {
		p := &out.Projects[i]
		p.Owners = slices.DeleteFunc(slices.Clone(p.Owners), func(o Owner) bool { return !admits(o.Key, p.Key) })
	}
	out.Delegations = slices.DeleteFunc(slices.Clone(r.Delegations), func(s StandIn) bool { return !admits(s.Owner, s.Project) })
	out.WhatIf = slices.DeleteFunc(slices.Clone(r.WhatIf), func(s Saving) bool { return s.Owner != "" && !admits(s.Owner, s.Project) })
	return &out, slices.Sorted(maps.Keys(shown))
}
