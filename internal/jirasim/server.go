package jirasim

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
)

// maxBody bounds the body of a request.
const maxBody = 10 << 20

// Server answers for a Site over HTTP. It is safe for concurrent use.
type Server struct {
	site   *Site
	opts   Options
	routes *http.ServeMux

	walks walks
	last  atomic.Pointer[offsetSearch]

	mu       sync.Mutex
	token    string // what is accepted; empty: nothing
	requests map[string]int
}

// NewServer returns the Jira of a Site as an http.Handler.
func NewServer(site *Site, opts Options) *Server {
	s := &Server{site: site, opts: opts.limits(), token: opts.Token, requests: map[string]int{}}
	s.routes = s.newRoutes()
	return s
}

// Revoke makes the token worthless, as its expiry does.
func (s *Server) Revoke() { s.setToken("") }

// Restore makes a revoked token good again.
func (s *Server) Restore() { s.setToken(s.opts.Token) }

func (s *Server) setToken(t string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = t
}

// Requests returns how many requests each endpoint has had, faults included, by
// method and path without the context path, for instance
// "GET /rest/api/2/issue/{id}".
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, s.opts.ContextPath)
	if !ok || !strings.HasPrefix(path, "/") {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request's body cannot be read", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body)) // for the hooks
	below := r.Clone(r.Context())                // and they see the request as it came
	below.URL = &url.URL{Path: path, RawQuery: r.URL.RawQuery}
	_, endpoint := s.routes.Handler(below)
	if endpoint == "" {
		endpoint = r.Method + " " + path
	}
	s.mu.Lock()
	s.requests[endpoint]++
	s.mu.Unlock()
	if s.opts.OnRequest != nil {
		s.opts.OnRequest(r)
	}
	s.site.mu.RLock()
	date := s.site.Now().Add(s.site.DateAhead)
	s.site.mu.RUnlock()
	w.Header().Set("Date", date.UTC().Format(http.TimeFormat))
	if s.opts.Fault != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
		if f := s.opts.Fault(r); f != nil {
			f.apply(w, r, func() reply { return s.answer(below, body) })
			return
		}
	}
	s.answer(below, body).write(w)
}

// answer returns the right answer to a request whose path has no context path.
func (s *Server) answer(r *http.Request, body []byte) reply {
	c := &call{Server: s, r: r, body: body, out: reply{status: http.StatusOK, header: http.Header{}}}
	if !c.authenticate() {
		return c.out
	}
	// The answer is complete before a byte of it is written: a slow reader must
	// not hold the Site's lock.
	s.site.mu.RLock()
	defer s.site.mu.RUnlock()
	if _, pattern := s.routes.Handler(r); pattern == "" {
		c.notFound()
	} else {
		s.routes.ServeHTTP(c, r)
	}
	return c.out
}

// authenticate finds out who asks, and refuses where Jira does: Cloud lets
// nearly every request pass as an anonymous one.
func (c *call) authenticate() bool {
	site, given := c.site, c.r.Header.Get("Authorization")
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	basic := site.Flavor == Cloud && c.opts.Email != ""
	if basic {
		email, password, ok := c.r.BasicAuth()
		c.anonymous = !ok || token == "" || email != c.opts.Email || password != token
	} else {
		c.anonymous = token == "" || given != "Bearer "+token
	}
	h := c.out.header
	if site.Flavor == DataCenter {
		h.Set("X-RateLimit-Limit", "1000")
		h.Set("X-RateLimit-Remaining", "999")
		h.Set("X-RateLimit-FillRate", "100")
		h.Set("X-RateLimit-Interval-Seconds", "1")
		h.Set("Retry-After", "0") // on every answer: there are tokens left
	} else {
		h.Set("X-RateLimit-Limit", "350")
		h.Set("X-RateLimit-Remaining", "349")
	}
	if c.anonymous && given != "" {
		h.Set("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")
	}
	switch {
	case !c.anonymous && site.Self != nil && site.Flavor == Cloud:
		h.Set("X-AAccountId", url.QueryEscape(site.Self.AccountID))
	case !c.anonymous && site.Self != nil:
		h.Set("X-AUSERNAME", url.QueryEscape(site.Self.Name))
	case strings.HasSuffix(c.r.URL.Path, "/serverInfo"): // anybody may ask what this is
	case strings.HasPrefix(c.r.URL.Path, browsePath):
	case c.anonymous && site.Flavor == DataCenter && c.opts.LoginPage:
		h.Del("X-Seraph-LoginReason") // only the login form sets it
		c.page(http.StatusOK, "Log in")
		return false
	case c.anonymous && site.Flavor == DataCenter:
		c.page(http.StatusUnauthorized, "Unauthorized (401)")
		return false
	case c.anonymous && strings.HasPrefix(given, "Bearer "):
		c.json(http.StatusForbidden, map[string]string{"error": "Failed to parse Connect Session Auth Token"})
		return false
	}
	return true
}
