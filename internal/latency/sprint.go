package latency

import (
	"cmp"
	"slices"
)

// Sprint is a range of time to which a team gave a name. It changes no number.
type Sprint struct {
	Project string // key
	Name    string
	Start   Instant // when it began
	End     Instant // when it was completed or, until then, is to end
}

// LastSprints returns at most limit sprints of each project, those that began
// last, by project and the latest first. A name stands for one sprint of a
// project: of several, which boards may number alike, the one that began last.
func LastSprints(sprints []Sprint, limit int) []Sprint {
	sprints = slices.Clone(sprints)
	slices.SortStableFunc(sprints, func(a, b Sprint) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(b.Start, a.Start), cmp.Compare(b.End, a.End), cmp.Compare(a.Name, b.Name))
	})
	type id struct{ project, name string }
	seen, count := map[id]bool{}, map[string]int{}
	return slices.DeleteFunc(sprints, func(s Sprint) bool {
		name := id{s.Project, s.Name}
		if seen[name] || count[s.Project] == limit {
			return true
		}
		seen[name] = true
		count[s.Project]++
		return false
	})
}
