// Package web serves what the service shows: metrics for Prometheus, health
// for whoever runs it, and a page for people.
package web

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/yourturn/yourturn/internal/latency"
)

//go:embed head.html status.html sync.html
var pages embed.FS

// page returns the named page, which shares its head with the others.
func page(name string, funcs template.FuncMap) *template.Template {
	return template.Must(template.New(name).Funcs(funcs).ParseFS(pages, "head.html", name))
}

// render answers with a page, or with 500 and the reason.
func render(w http.ResponseWriter, page *template.Template, data any) {
	var buf bytes.Buffer
	if err := page.Execute(&buf, data); err != nil {
		http.Error(w, "rendering the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(buf.Bytes()) //nolint:errcheck // the reader went away
}

// Status is what the service says of itself on its page.
type Status struct {
	Version  string
	JiraURL  string
	Ready    bool   // numbers are served
	Progress string // of a first sync
	LastErr  string // of the last cycle; "" when it was complete
	LastPoll time.Time
	Interval time.Duration
	Notes    []string // what the demo says of its people
}

// Server serves the pages. Its zero value is not usable; use New.
type Server struct {
	http.Handler
	report func() *latency.Report
	status atomic.Pointer[Status]
	page   *template.Template
	mux    *http.ServeMux
	alive  atomic.Int64 // until when, unless it is said again; ms, 0: it has not begun
}

// New returns the handler over the metrics of reg and what report returns,
// which may be nil until the first sync is done.
func New(reg prometheus.Gatherer, report func() *latency.Report) *Server {
	s := &Server{report: report, page: page("status.html", template.FuncMap{
		"hours": hours, "wall": wall, "percent": func(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) },
	})}
	s.status.Store(&Status{})
	mux := http.NewServeMux()
	s.mux = mux
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /-/healthy", s.healthy)
	mux.HandleFunc("GET /-/ready", s.ready)
	mux.HandleFunc("GET /{$}", s.home)
	s.Handler = mux
	return s
}

// SetStatus replaces what the page says of the service.
func (s *Server) SetStatus(st Status) { s.status.Store(&st) }

// Handle serves more than the server does by itself. It is called before the
// first request.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// SetAlive tells that the service does its work, and by when it will tell so
// again: when it does not it is unhealthy.
func (s *Server) SetAlive(until time.Time) { s.alive.Store(until.UnixMilli()) }

// healthy answers 200 while the poller turns, whether Jira answers it or not.
func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) {
	until := s.alive.Load()
	if until == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "yourturn is not healthy: its poller has not begun")
		return
	}
	if late := time.Since(time.UnixMilli(until)); late > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, "yourturn is not healthy: its poller should have turned %s ago: restart it, and tell us with its log\n", late.Round(time.Second))
		return
	}
	fmt.Fprintln(w, "yourturn is healthy.")
}

// ready answers 200 once numbers are served, and 503 with the reason before.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	st := s.status.Load()
	if s.report() != nil {
		fmt.Fprintln(w, "yourturn is ready.")
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	fmt.Fprintln(w, "yourturn is not ready:", cmp.Or(st.LastErr, st.Progress, "the first sync has not begun"))
}

// row is an owner's line on the page.
type row struct {
	latency.Key
	Name string
	latency.OpenState
	Target   time.Duration
	Answered uint64
	Median   string // of the waits of the last 28 days, open ones counted as open
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

// home renders the status page.
func (s *Server) home(w http.ResponseWriter, _ *http.Request) {
	st := s.status.Load()
	data := struct {
		Status
		Report *latency.Report
		AsOf   time.Time
		Rows   []row
		Waits  []waiting
	}{Status: *st, Report: s.report()}
	if r := data.Report; r != nil {
		data.AsOf = r.DataTimestamp.Time()
		data.Rows, data.Waits = rows(r), waits(r, st.JiraURL)
	}
	render(w, s.page, data)
}

// rows lists owners in alphabetical order: this is no ranking.
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

// median says by when half of the waits of a distribution are responded to.
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

// longestWaits is how many open waits the page lists one by one.
const longestWaits = 12

// waits lists the open waits, longest first.
func waits(r *latency.Report, jiraURL string) []waiting {
	out := make([]waiting, 0, len(r.OpenWaits))
	for _, w := range r.OpenWaits {
		line := waiting{OpenWait: w, Name: r.Names[w.Owner], Over: w.Age > r.Targets[latency.StoryKey{Kind: w.Kind, Project: w.Project}]}
		if jiraURL != "" {
			line.Link = strings.TrimRight(jiraURL, "/") + "/browse/" + w.Story
		}
		out = append(out, line)
	}
	slices.SortStableFunc(out, func(a, b waiting) int { return cmp.Compare(b.Age, a.Age) })
	return out[:min(len(out), longestWaits)]
}

// hours renders working time, whose days are no days of 24 hours.
func hours(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < time.Minute:
		return "< 1 min"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	default:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
}

// wall renders wall time.
func wall(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	}
	return hours(d)
}
