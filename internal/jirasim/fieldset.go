package jirasim

import (
	"slices"
	"strings"
)

// fieldSet is which fields of an issue are asked for.
type fieldSet struct {
	all, navigable bool
	named, dropped []string
}

// readFields reads a fields parameter, whose entries may be lists themselves;
// def is what holds when there is none.
func readFields(list []string, def string) fieldSet {
	var set fieldSet
	for name := range strings.SplitSeq(strings.Join(list, ","), ",") {
		switch name = strings.TrimSpace(name); {
		case name == "":
		case name == "*all":
			set.all = true
		case name == "*navigable":
			set.navigable = true
		case strings.HasPrefix(name, "-"):
			set.dropped = append(set.dropped, name[1:])
		default:
			set.named = append(set.named, name)
		}
	}
	if !set.all && !set.navigable && len(set.named) == 0 {
		switch {
		case def == "*all":
			set.all = true
		case def == "*navigable" || len(set.dropped) > 0:
			set.navigable = true
		default:
			set.named = []string{def}
		}
	}
	return set
}

// has reports whether a field is asked for.
func (f fieldSet) has(name string) bool {
	switch {
	case slices.Contains(f.dropped, name):
		return false
	case f.all || slices.Contains(f.named, name):
		return true
	}
	// The navigable ones are those that fit a column of a search.
	return f.navigable && name != "comment" && name != "attachment" && name != "worklog"
}

// only reports whether nothing but the given names is asked for.
func (f fieldSet) only(names ...string) bool {
	return !f.all && !f.navigable && !slices.ContainsFunc(f.named, func(n string) bool { return !slices.Contains(names, n) })
}
