// Package web serves metrics for Prometheus, health checks, and pages for people.
// It has no state: it makes every answer from what its Sources return at that
// moment.
//
// Each page is one file with its handler and one with its template, and a line
// in routes.
package web

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/yourturn/yourturn/internal/latency"
)

// Sources is where a Server gets what it shows. It calls them for each request, from
// several goroutines.
type Sources struct {
	Metrics prometheus.Gatherer
	// Report returns the numbers, or nil until there are any.
	Report func() *latency.Report
	Status func() Status
	// Sync returns how the store keeps up with Jira.
	Sync func(context.Context) (Sync, error)
	// Reload puts the config's file in force. The error is why the old config stays.
	Reload func(context.Context) error
	// Poll runs a cycle at once for a process of this machine that proves by a
	// secret that it may read the store's lock file, and answers with what it did.
	// The error is ErrSecret where the secret is another.
	Poll func(ctx context.Context, secret string, recount bool) (any, error)
	// Erase erases a person for such a process, and answers with what it did. The
	// request says whom, in JSON.
	Erase func(ctx context.Context, secret string, request []byte) (any, error)
	// Webhooks takes Jira's webhooks.
	Webhooks http.Handler
}

// Status is the state of the service, as the pages show it.
type Status struct {
	Version    string
	JiraURL    string    // where people find Jira
	Progress   string    // of a first sync or a derivation; "" if there is none
	LastErr    string    // of the last cycle; "" if it was complete
	AliveUntil time.Time // the poller's next cycle begins before then; zero: it has not started
	Notes      []string  // what the demo says about its people, one line each
}

// Server serves the pages. Its zero value is not usable; use New.
type Server struct {
	http.Handler
	from Sources
}

// route is a pattern and what serves it.
type route struct {
	pattern string // as of http.ServeMux
	handler http.Handler
}

// New returns a server of what from returns. Sync, Reload and Webhooks may be nil;
// then they have no route.
func New(from Sources) *Server {
	s := &Server{from: from}
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.pattern, r.handler)
	}
	s.Handler = mux
	return s
}

// routes lists everything that is served.
func (s *Server) routes() []route {
	list := []route{
		{"GET /{$}", s.home()},
		{"GET /metrics", promhttp.HandlerFor(s.from.Metrics, promhttp.HandlerOpts{EnableOpenMetrics: true})},
		{"GET /-/healthy", http.HandlerFunc(s.healthy)},
		{"GET /-/ready", http.HandlerFunc(s.ready)},
	}
	if s.from.Sync != nil {
		list = append(list, route{"GET /sync", s.sync()})
	}
	if s.from.Reload != nil {
		list = append(list, route{"POST /-/reload", http.HandlerFunc(s.reload)})
	}
	if s.from.Poll != nil {
		list = append(list, route{"POST /-/poll", http.HandlerFunc(s.poll)})
	}
	if s.from.Erase != nil {
		list = append(list, route{"POST /-/erase", http.HandlerFunc(s.erase)})
	}
	if s.from.Webhooks != nil {
		list = append(list, route{"POST /webhook/jira", s.from.Webhooks})
	}
	return list
}

//go:embed head.html home.html sync.html
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
	w.Write(buf.Bytes()) //nolint:errcheck // the reader is gone
}
