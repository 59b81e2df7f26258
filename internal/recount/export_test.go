package recount

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"
)

// category Done, as Jira's REST interface names it.
const categoryDone = "done"

// facts are the names and ids that an export holds.
type facts struct {
	projects map[string]string // id by key, of today's projects
	types    map[string]string // id by name, of today's types
	statuses map[string]string // id by name, of all statuses ever
	done     map[string]bool   // status ids
	stories  int
	records  int
	comments int
}

func factsOf(issues []rawIssue) facts {
	f := facts{
		projects: make(map[string]string), types: make(map[string]string),
		statuses: make(map[string]string), done: make(map[string]bool), stories: len(issues),
	}
	for _, i := range issues {
		f.projects[i.Fields.Project.Key] = i.Fields.Project.ID
		f.types[i.Fields.IssueType.Name] = i.Fields.IssueType.ID
		f.statuses[i.Fields.Status.Name] = i.Fields.Status.ID
		if i.Fields.Status.Category.Key == categoryDone {
			f.done[i.Fields.Status.ID] = true
		}
		for _, h := range i.Changelog.Histories {
			for _, it := range h.Items {
				if it.Field == "status" {
					f.statuses[it.FromString], f.statuses[it.ToString] = it.From, it.To
				}
			}
		}
		f.records += len(i.Changelog.Histories)
		f.comments += len(i.Fields.Comment.Comments)
	}
	return f
}

// busiest returns the accounts of each project, by key, the busiest first: those
// who comment, move and, where that counts too, are asked.
func busiest(issues []rawIssue, countAsked bool) map[string][]string {
	count := make(map[string]map[string]int)
	for _, i := range issues {
		n := count[i.Fields.Project.Key]
		if n == nil {
			n = make(map[string]int)
			count[i.Fields.Project.Key] = n
		}
		for _, h := range i.Changelog.Histories {
			for _, it := range h.Items {
				if it.Field == "status" {
					n[h.Author.Key]++
				}
			}
		}
		for _, c := range i.Fields.Comment.Comments {
			n[c.Author.Key]++
			if countAsked {
				for _, u := range asked(c.Body) {
					n[u] += 100
				}
			}
		}
	}
	people := make(map[string][]string)
	for project, n := range count {
		people[project] = slices.SortedFunc(maps.Keys(n), func(a, b string) int {
			return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b))
		})
	}
	return people
}

func itoa(n int) string { return strconv.Itoa(n) }

// stamp renders an instant as the product prints it; the zero one is "".
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
