package web

import "net/http"

// route is a pattern, what serves it, and to whom.
type route struct {
	pattern  string // as of http.ServeMux. {owner} is an owner at whom the caller looks
	audience audience
	personal bool        // the answer is about people: no cache keeps it
	changes  bool        // the request changes something: no other site's page may send it
	anyHost  bool        // machines send it, by whatever name they reach the service
	atOnce   int         // how many requests are answered at a time
	patient  bool        // an answer may take long: nobody is cut off for the next
	problems bool        // machines read it: a refusal is a problem (RFC 9457), and the handler keeps looks at an {owner}
	page     bool        // people read it: a refusal is a page, too
	menu     string      // its name in the menu (menuOrder); "": it is not in it
	exists   func() bool // nil: always
	handler  http.Handler
}

// scrapesAtOnce is how many scrapes are answered at a time: many servers may scrape, and
// one more costs next to nothing, because they share what is rendered.
const scrapesAtOnce = 64

// routes is the table of everything that is served. A route that is not in the
// table of the tests fails them.
func (s *Server) routes() []route {
	list := []route{
		{pattern: "GET /{$}", audience: anyRole(), personal: true, atOnce: 16, page: true, menu: waitsNow, handler: s.waiting()},
		{pattern: "GET /owners/{owner}", audience: ofOwner(), personal: true, atOnce: 16, page: true, handler: s.owner()},
		{pattern: "GET /assets/", audience: everybody(), atOnce: 16, handler: assets()},
		{pattern: "GET /metrics", audience: operators(), personal: true, anyHost: true, atOnce: scrapesAtOnce, handler: s.from.Metrics},
	}
	list = append(list, s.probes()...)
	if s.from.Reader != nil {
		list = append(list,
			route{pattern: "GET /stories/{story}", audience: ofStory(), personal: true, atOnce: 16, page: true, handler: s.story()},
			route{pattern: "GET /projects/{project}", audience: ofProject(), personal: true, atOnce: 16, page: true, handler: s.project()},
			route{pattern: "GET /how", audience: anyRole(), personal: true, atOnce: 16, page: true, menu: "How it is measured", handler: s.how()},
			route{pattern: "GET /data", audience: anyRole(), personal: true, atOnce: 8, page: true, menu: "Data", handler: s.data()},
		)
	}
	if s.from.Retro != nil {
		list = append(list, route{pattern: "GET /retro", audience: ofRetro(), personal: true, atOnce: 8, page: true, menu: "Retrospective", handler: s.retro()})
	}
	if s.from.Reader != nil {
		list = append(list, s.apiRoutes()...)
	}
	if s.from.Sync != nil {
		list = append(list, route{pattern: "GET /sync", audience: operators(), personal: true, atOnce: 4, page: true, menu: "Sync", handler: s.sync()})
	}
	if s.from.Reload != nil {
		list = append(list, route{pattern: "POST /-/reload", audience: operators(), changes: true, atOnce: 16, patient: true, handler: http.HandlerFunc(s.reload)})
	}
	if s.from.Support != nil {
		// One at a time: it counts the rows of the store, and looks at every goroutine.
		list = append(list, route{pattern: "GET /-/support", audience: operators(), personal: true, atOnce: 1, patient: true, handler: http.HandlerFunc(s.support)})
	}
	if s.from.Webhooks != nil {
		list = append(list, route{
			pattern: "POST /webhook/jira", audience: everybody(), changes: true, atOnce: 4,
			exists: s.from.WebhooksTaken, handler: s.from.Webhooks,
		})
	}
	return list
}

// probes are the routes for whoever runs the service's process.
func (s *Server) probes() []route {
	return []route{
		{pattern: "GET /-/healthy", audience: everybody(), anyHost: true, atOnce: 32, handler: http.HandlerFunc(s.healthy)},
		{pattern: "GET /-/ready", audience: everybody(), anyHost: true, atOnce: 32, handler: http.HandlerFunc(s.ready)},
	}
}

// Probes returns what a listener of its own serves: health and readiness, and with
// metrics the metrics too, to everybody who reaches it.
func (s *Server) Probes(metrics bool) http.Handler {
	list := s.probes()
	if metrics {
		list = append(list, route{pattern: "GET /metrics", audience: everybody(), personal: true, anyHost: true, atOnce: scrapesAtOnce, handler: s.from.Metrics})
	}
	return s.mux(list)
}

// mux serves routes, each to those who may see it.
func (s *Server) mux(list []route) http.Handler {
	mux := http.NewServeMux()
	for _, rt := range list {
		mux.Handle(rt.pattern, s.guard(rt))
	}
	return WithHeaders(mux)
}
