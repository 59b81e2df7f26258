// Package web serves metrics for Prometheus, health checks, and pages for people.
// It makes every answer from what its Sources return at that moment, and keeps
// nothing but which requests are being answered.
//
// Each page is one file with its handler and one with its template, and a line
// in the table of routes (routes.go), which says who may see it. What a caller may
// see of a page is asked of the Caller (access.go). The frame of all pages is
// layout.go and layout.html, the parts that they are made of components.html, their
// looks assets/page.css: docs/pages.md describes them.
package web

import (
	"context"
	"html/template"
	"net/http"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
)

// Sources is where a Server gets what it shows. It calls them for each request, from
// several goroutines.
type Sources struct {
	Metrics http.Handler // answers a scrape
	// Report returns the numbers, or nil until there are any.
	Report func() *latency.Report
	Status func() Status
	// Reader answers questions about the store, by the rules and as of the data timestamp of
	// the report; its error is store.ErrEmpty until there is one. Nobody has to close it. nil:
	// pages that ask the store have no route.
	Reader func(context.Context) (*query.Reader, error)
	// Titles returns the titles of stories; nil: there are none, and keys stand alone.
	Titles query.Titles
	// Policy returns who may see what; nil: everybody everything.
	Policy func() *Policy
	// Refused, which may be nil, is called with why a request was refused.
	Refused func(reason string)
	// Failed, which may be nil, is called with why a request could not be answered. Only
	// those who operate the service read that error.
	Failed func(path string, err error)
	// Looks, which may be nil, keeps who looked at an owner's numbers.
	Looks Looks
	// LooksAt returns the looks of others at an owner's numbers, the latest first; nil: they
	// are not kept.
	LooksAt func(ctx context.Context, owner string) ([]query.Look, error)
	// Sync returns how the store keeps up with Jira.
	Sync func(context.Context) (Sync, error)
	// Retro returns a retrospective as far as it is made. It does not wait.
	Retro func(RetroAsk) Retro
	// Reload puts the config's file in force, because by asks for it. The error is
	// why the old config stays.
	Reload func(ctx context.Context, by string) error
	// Support returns a bundle for a bug report, because by asks for it.
	Support func(ctx context.Context, by string) ([]byte, error)
	// Webhooks takes Jira's webhooks, while WebhooksTaken returns true.
	Webhooks      http.Handler
	WebhooksTaken func() bool
}

// Status is the state of the service, as the pages show it.
type Status struct {
	Version    string
	JiraURL    string         // where people find Jira
	Zone       *time.Location // of instants that are of no owner; nil: UTC
	Progress   string         // of a first sync or a derivation; "" if there is none
	LastErr    string         // of the last cycle; "" if it was complete
	Follows    string         // the process that polls Jira and counts, where this one only shows what it wrote; "": this one does
	AliveUntil time.Time      // the poller's next cycle begins before then; zero: it has not started
	Notes      []string       // what the demo says about its people, one line each
}

// Server serves the pages. Its zero value is not usable; use New.
type Server struct {
	http.Handler
	from      Sources
	table     []route // that the menu and links lead to
	failure   *template.Template
	estimates query.Estimates
}

// New returns a server of what from returns. Sync, Reload, Support and Webhooks may be nil;
// then they have no route.
func New(from Sources) *Server {
	if from.Policy == nil {
		from.Policy = func() *Policy { return &Policy{} }
	}
	if from.Refused == nil {
		from.Refused = func(string) {}
	}
	if from.Failed == nil {
		from.Failed = func(string, error) {}
	}
	s := &Server{from: from, failure: failure()}
	s.table = s.routes()
	s.Handler = s.mux(s.table)
	return s
}
