package recount

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// category Done, as Jira's REST interface names it.
const categoryDone = "done"

// facts are the names and ids that an export holds.
type facts struct {
	projects   map[string]string      // id by key, of today's projects
	types      map[string]rawType     // by id, of today's types
	statuses   map[string]statusToday // by id, of all statuses ever
	components map[string]string      // name of today by id
	labels     []string
	stories    int
	records    int
	comments   int
}

type statusToday struct{ name, category string }

// factsOf collects the facts. A status in which no story is any more has the
// name of its first record, and is of no category that matters.
func factsOf(issues []rawIssue) (facts, error) {
	f := facts{
		projects: make(map[string]string), types: make(map[string]rawType), statuses: make(map[string]statusToday),
		components: make(map[string]string), stories: len(issues),
	}
	for _, i := range issues {
		var project rawNamed
		var kind rawType
		var status rawStatus
		var components []rawNamed
		for name, into := range map[string]any{"project": &project, "issuetype": &kind, "status": &status, "components": &components, "labels": &[]string{}} {
			if err := i.field(name, into); err != nil {
				return facts{}, err
			}
			if list, ok := into.(*[]string); ok {
				f.labels = append(f.labels, *list...)
			}
		}
		f.projects[project.Key] = project.ID
		f.types[kind.ID] = kind
		f.statuses[status.ID] = statusToday{status.Name, status.Category.Key}
		for _, c := range components {
			f.components[c.ID] = c.Name
		}
		said, err := i.comments()
		if err != nil {
			return facts{}, err
		}
		f.records += len(i.Log.Histories)
		f.comments += len(said)
	}
	for _, i := range issues {
		for _, h := range i.Log.Histories {
			for _, it := range h.Items {
				switch it.Field {
				case "status":
					f.noteStatus(it.From, it.FromString)
					f.noteStatus(it.To, it.ToString)
				case "labels":
					f.labels = append(f.labels, strings.Fields(it.FromString+" "+it.ToString)...)
				}
			}
		}
	}
	slices.Sort(f.labels)
	f.labels = slices.Compact(f.labels)
	return f, nil
}

func (f *facts) noteStatus(id, name string) {
	if _, ok := f.statuses[id]; !ok {
		f.statuses[id] = statusToday{name, "indeterminate"}
	}
}

// statusBearing returns the id of the status that bears a recorded name today:
// the recorded id's own if it does, or if none does.
func (f facts) statusBearing(id, name string) string {
	if strings.EqualFold(f.statuses[id].name, name) {
		return id
	}
	for _, other := range slices.Sorted(maps.Keys(f.statuses)) {
		if strings.EqualFold(f.statuses[other].name, name) {
			return other
		}
	}
	return id
}

// named returns the ids of all statuses of a name or id.
func (f facts) named(status string) []string {
	var ids []string
	for id, s := range f.statuses {
		if id == status || strings.EqualFold(s.name, status) {
			ids = append(ids, id)
		}
	}
	return ids
}

// busiest returns the accounts of each project, by its key, the busiest first:
// those who comment, move and, above all, are asked.
func busiest(issues []rawIssue) (map[string][]string, error) {
	count := make(map[string]map[string]int)
	for _, i := range issues {
		var project rawNamed
		if err := i.field("project", &project); err != nil {
			return nil, err
		}
		n := count[project.Key]
		if n == nil {
			n = make(map[string]int)
			count[project.Key] = n
		}
		for _, h := range i.Log.Histories {
			for _, it := range h.Items {
				if it.Field == "status" {
					n[h.Author.Key]++
				}
			}
		}
		said, err := i.comments()
		if err != nil {
			return nil, err
		}
		for _, c := range said {
			n[c.Author.Key]++
			for _, u := range asked(c.Body) {
				n[u] += 10
			}
		}
	}
	people := make(map[string][]string)
	for project, n := range count {
		delete(n, "")
		people[project] = slices.SortedFunc(maps.Keys(n), func(a, b string) int {
			return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b))
		})
	}
	return people, nil
}

func itoa(n int) string { return strconv.Itoa(n) }

// stamp renders an instant as the product prints it; the zero one is "".
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
