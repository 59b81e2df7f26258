package latency

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Misfits returns what says that the config does not fit a project, as of an
// instant: acceptance that no story ever waited for, an owner field that is empty
// on 90 % or more of the stories, and half or more of the waits unowned. Of fewer
// stories, or waits, than five nothing is said of their owners. Peopled has the ids of the projects
// that have a story, waits the first wait of each project in which one waited. The
// statistics are over the rolling windows.
func Misfits(rules *Rules, asOf Instant, s *Statistics, peopled Set, waits FirstWaits) []Finding {
	var out []Finding
	for _, id := range slices.Sorted(maps.Keys(rules.Projects)) {
		p := rules.Projects[id]
		find := func(reason, detail string) {
			out = append(out, Finding{Reason: reason, ProjectID: id, At: asOf, Detail: detail})
		}
		_, waited := waits[p.Key]
		switch {
		case p.QuestionsAlone || !peopled[id] || waited:
		case p.NoAcceptance:
			find(FindNoAcceptance, "none of its acceptance statuses is in its workflow")
		default:
			find(FindNoAcceptance, "no story ever waited in "+rules.statusNames(p.Acceptance))
		}
		if f := s.Fields[p.Key]; p.FieldExpected && f.Stories >= fewest && 10*f.Empty >= 9*f.Stories {
			find(FindOwnerFieldEmpty, p.OwnerField+" is empty on "+share(f.Empty, f.Stories)+" stories that were in work or waited in the last 90 days")
		}
		unowned, all := s.Unowned[p.Key], 0
		for _, kind := range [2]Kind{Acceptance, Question} {
			all += s.Waits[WaitsKey{kind, p.Key, "", longest}].count()
		}
		if all >= fewest && 2*unowned >= all {
			find(FindMostlyUnowned, share(unowned, all)+" waits of the last 90 days are unowned")
		}
	}
	return out
}

// count returns how many waits a distribution is made of; 0 for none.
func (d *Distribution) count() int {
	if d == nil {
		return 0
	}
	return d.Ended + d.Open + d.Censored
}

// share returns a share in words, such as "3 of 12".
func share(part, whole int) string { return strconv.Itoa(part) + " of " + strconv.Itoa(whole) }

// statusNames lists statuses by name and id.
func (r *Rules) statusNames(ids Set) string {
	var names []string
	for id := range ids {
		names = append(names, r.Statuses[id].Name+" ("+id+")")
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
