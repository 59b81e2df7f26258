package command

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/yourturn/yourturn/internal/latency"
)

// tour lists pages of a service at an address, each with what it answers: those of the
// wait that is to be looked at first, or of the first project if nothing waits.
func tour(address string, r *latency.Report) string {
	projects := slices.Sorted(maps.Keys(r.Configured))
	if len(projects) == 0 {
		return ""
	}
	project, now := projects[0], r.DataTimestamp
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	stop := func(question string, path ...string) {
		for i := range path {
			path[i] = url.PathEscape(path[i])
		}
		fmt.Fprintf(w, "  %s\t%s/%s\n", question, address, strings.Join(path, "/"))
	}
	fmt.Fprint(w, "\nA tour:\n\n")
	stop("What waits now?")
	if len(r.Queue) > 0 {
		first := r.Queue[0]
		project = first.Project
		stop("What is to do for "+cmp.Or(r.Names[first.Owner], first.Owner)+"?", "owners", first.Owner)
		stop("Why does "+first.Story+" wait?", "stories", first.Story)
	}
	stop("Where does the time of "+project+" go?", "projects", project)
	query, past := url.Values{"project": {project}}, "How were the last 14 days?" // until the sprints are read
	for _, sprint := range r.Sprints {                                            // the latest first
		if sprint.Project == project && sprint.End <= now {
			query.Set("sprint", sprint.Name)
			past = "How was " + sprint.Name + "?"
			break
		}
	}
	fmt.Fprintf(w, "  %s\t%s/retro?%s\n", past, address, query.Encode())
	stop("How is it measured?", "how")
	w.Flush() //nolint:errcheck // a strings.Builder takes everything
	return b.String()
}
