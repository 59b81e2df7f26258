package retrospective

import "github.com/yourturn/yourturn/internal/latency"

// byName returns rules by which people are who they are: a report is made by them, and
// people are named at the end.
func byName(rules *latency.Rules) *latency.Rules {
	plain := *rules
	plain.Together, plain.Pseudonyms = false, nil
	return &plain
}

// label calls people in a report what the rules call them. Where owners are not told
// apart it says of nobody who did anything.
func (r *Report) label(rules *latency.Rules) {
	if !rules.Together && rules.Pseudonyms == nil {
		return
	}
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
