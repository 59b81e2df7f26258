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

// home serves the page of what waits now (/).
func (s *Server) home() http.Handler {
	page := page("home.html", template.FuncMap{
		"hours": hours, "wall": wall, "percent": func(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) },
		"date": func(at latency.Instant) string { return at.Time().Format("2 Jan 2006") },
	})
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		data := struct {
			Status
			Report *latency.Report
			AsOf   time.Time
			Rows   []row
			Waits  []waiting
			// Forgotten is how many open waits are forgotten, Oldest are the oldest of them.
			Forgotten int
			Oldest    []waiting
			// Misfits say where the config does not fit a project.
			Misfits []string
		}{Status: s.from.Status(), Report: s.from.Report()}
		if r := data.Report; r != nil {
			data.AsOf = r.DataTimestamp.Time()
			data.Rows, data.Misfits = rows(r), misfits(r)
			data.Waits, data.Oldest = waits(r, r.OpenWaits, data.JiraURL), waits(r, r.Forgotten, data.JiraURL)
			for _, open := range r.Open {
				data.Forgotten += open.Forgotten
			}
		}
		render(w, page, data)
	})
}

// rows lists owners in alphabetical order, because the page ranks nobody.
func rows(r *latency.Report) []row {
	var out []row
	for k, open := range r.Open {
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

// waits makes lines of some of the open waits, longest first.
func waits(r *latency.Report, list []latency.OpenWait, jiraURL string) []waiting {
	out := make([]waiting, 0, len(list))
	for _, w := range list {
		line := waiting{OpenWait: w, Name: r.Names[w.Owner], Over: w.Age > r.Targets[latency.StoryKey{Kind: w.Kind, Project: w.Project}]}
		if jiraURL != "" {
			line.Link = strings.TrimRight(jiraURL, "/") + "/browse/" + w.Story
		}
		out = append(out, line)
	}
	slices.SortStableFunc(out, func(a, b waiting) int { return cmp.Compare(b.Age, a.Age) })
	return out[:min(len(out), longestWaits)]
}
