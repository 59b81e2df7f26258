package web

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// row is a line of the page: an owner, a project and a kind of wait.
type row struct {
	latency.Key
	Name string
	latency.OpenState
	Target   time.Duration
	Answered uint64
	Median   string // of the waits of the last 28 days, counting open waits as open
	Breached uint64
	Absent   bool
}

// waiting is an open wait on the page.
type waiting struct {
	latency.OpenWait
	Name string
	Link string
	Over bool
}

// team is what a member of a project sees of its waits: counts, and nobody's
// statistics.
type team struct {
	latency.StoryKey
	Open   int
	Target time.Duration
	latency.StoryState
}

// home serves the page of what waits now (/).
func (s *Server) home() http.Handler {
	page := page("home.html", template.FuncMap{
		"hours": hours, "wall": wall, "percent": func(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) },
		"date": func(at latency.Instant) string { return at.Time().Format("2 Jan 2006") },
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := callerOf(r)
		data := struct {
			Status
			Report      *latency.Report
			Outside     bool // the caller sees no project
			OutsideText string
			Rows        []row
			Teams       []team
			Waits       []waiting
			// Forgotten is how many open waits are forgotten, Oldest are the oldest of them.
			Forgotten int
			Oldest    []waiting
			Loading   string // while there are no numbers
		}{Status: s.from.Status(), Report: s.from.Report(), Outside: !c.SeesSome()}
		if !c.everything { // these are about all owners
			data.Notes = nil
		}
		if report := data.Report; report != nil {
			data.Rows, data.Teams = rows(report, c), teams(report, c)
			data.Waits, data.Oldest = waits(report, c, report.OpenWaits, data.JiraURL), waits(report, c, report.Forgotten, data.JiraURL)
			for k, open := range report.Open {
				if c.SeesProject(k.Project) || c.SeesOwner(k.Owner, k.Project) {
					data.Forgotten += open.Forgotten
				}
			}
		}
		var seen []string
		for _, line := range data.Rows {
			if !slices.Contains(seen, line.Owner) {
				seen = append(seen, line.Owner)
			}
		}
		data.Loading, data.OutsideText = waitingForNumbers(data.Status), outside
		if s.looked(w, r, seen...) {
			s.show(w, r, page, view{Title: waitsNow, Notices: s.state(c), Page: data})
		}
	})
}

// rows lists the owners whose statistics a caller may see, in alphabetical order,
// because the page ranks nobody.
func rows(r *latency.Report, c Caller) []row {
	var out []row
	for k, open := range r.Open {
		if !c.SeesOwner(k.Owner, k.Project) {
			continue
		}
		line := row{
			Key: k, Name: r.Names[k.Owner], OpenState: open, Absent: r.Absent[k.Owner],
			Target: r.Targets[latency.StoryKey{Kind: k.Kind, Project: k.Project}], Breached: r.Totals.Breached[k],
		}
		for e, h := range r.Totals.Latency {
			if e.Key == k {
				line.Answered += h.Count
			}
		}
		line.Median = median(r.Statistics.Waits[latency.WaitsKey{Kind: k.Kind, Project: k.Project, Owner: k.Owner, Window: "28d"}])
		out = append(out, line)
	}
	slices.SortFunc(out, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

// teams lists the projects of which a caller sees the counts and no statistics.
func teams(r *latency.Report, c Caller) []team {
	open := map[latency.StoryKey]int{}
	for k, o := range r.Open {
		if c.SeesProject(k.Project) && !c.SeesOwner("", k.Project) {
			open[latency.StoryKey{Kind: k.Kind, Project: k.Project}] += o.Open
		}
	}
	var out []team
	for k, n := range open {
		out = append(out, team{StoryKey: k, Open: n, Target: r.Targets[k], StoryState: r.Stories[k]})
	}
	slices.SortFunc(out, func(a, b team) int { return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Kind, b.Kind)) })
	return out
}

// median returns how long it takes until half of the waits are answered.
func median(d *latency.Distribution) string {
	if d == nil {
		return "–"
	}
	switch age, reached, never := d.Quantile(0.5); {
	case reached:
		return hours(age)
	case never:
		return "not reached yet"
	default:
		return "too early to tell"
	}
}

// longestWaits is how many open waits the page lists one by one, and how many of
// the forgotten ones.
const longestWaits = 12

// waits makes lines of those of some open waits that a caller may see, longest first. How one compares
// with its owner's others is a statistic of the owner.
func waits(r *latency.Report, c Caller, list []latency.OpenWait, jiraURL string) []waiting {
	out := make([]waiting, 0, len(list))
	for _, w := range list {
		statistics := c.SeesOwner(w.Owner, w.Project)
		if !statistics && !c.SeesProject(w.Project) {
			continue
		}
		w.Paced = w.Paced && statistics
		line := waiting{OpenWait: w, Name: r.Names[w.Owner], Over: w.Age > r.Targets[latency.StoryKey{Kind: w.Kind, Project: w.Project}]}
		if jiraURL != "" {
			line.Link = strings.TrimRight(jiraURL, "/") + "/browse/" + w.Story
		}
		out = append(out, line)
	}
	slices.SortStableFunc(out, func(a, b waiting) int { return cmp.Compare(b.Age, a.Age) })
	return out[:min(len(out), longestWaits)]
}
