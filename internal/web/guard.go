package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/yourturn/yourturn/internal/api"
)

// Why a request is refused, as Sources.Refused gets it.
const (
	ForeignHost   = "foreign_host"   // it asks for a name that is not the service's
	ForeignOrigin = "foreign_origin" // a page of another site sent it
	NoRole        = "no_role"        // the caller may not see the route, or is unknown
	Busy          = "busy"           // too many are answered
	Forged        = "forged_header"  // it names a user, and comes from no trusted proxy: the name is ignored
)

// busyFor is after what time somebody asks again who was refused as one too many.
const busyFor = 5 * time.Second

// Looks keeps who looked at the numbers of an owner.
type Looks interface {
	// RecordLook records that by, another person than the owner, saw what, which is
	// a path. An answer is not given if its look cannot be kept.
	RecordLook(ctx context.Context, owner, by, what string, at time.Time) error
}

// callerKey is of the caller in the context of a request.
type callerKey struct{}

// callerOf returns who sent a request.
func callerOf(r *http.Request) Caller {
	c, _ := r.Context().Value(callerKey{}).(Caller)
	return c
}

// WithHeaders returns h with the headers of an answer that browsers keep from
// doing what no page of this service does.
func WithHeaders(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			w.Header().Set(name, value)
		}
		h.ServeHTTP(w, r)
	})
}

// guard returns the handler of a route for those who may see it.
func (s *Server) guard(rt route) http.Handler {
	in := newLane(rt.atOnce, rt.patient)
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rt.personal {
			w.Header().Set("Cache-Control", "no-store")
		}
		refuse := func(code int, reason, text string) {
			s.from.Refused(reason)
			if rt.problems {
				api.Refuse(w, r, refusal(reason, text))
				return
			}
			http.Error(w, text, code)
		}
		if rt.exists != nil && !rt.exists() {
			http.NotFound(w, r)
			return
		}
		policy := s.from.Policy()
		if !rt.anyHost && !policy.admitsHost(r.Host) {
			refuse(http.StatusForbidden, ForeignHost, "this service has another name; web.hosts lists those by which it may be asked")
			return
		}
		if rt.changes && origins.Check(r) != nil {
			refuse(http.StatusForbidden, ForeignOrigin, "a page of another site may not do this")
			return
		}
		c, forged := policy.caller(r)
		if forged {
			s.from.Refused(Forged)
		}
		r = r.WithContext(context.WithValue(r.Context(), callerKey{}, c))
		if !rt.audience.admits(s, c, r) {
			const why = "this is not for you: web.roles says who may see it, and a trusted proxy who you are"
			if rt.page {
				s.from.Refused(NoRole)
				s.fail(w, r, http.StatusForbidden, "Not for you", "T"+why[1:]+".", s.menu(r)...)
				return
			}
			refuse(http.StatusForbidden, NoRole, why)
			return
		}
		leave, ok := in.enter(r.Context(), w)
		if !ok {
			w.Header().Set("Retry-After", strconv.Itoa(int(busyFor.Seconds())))
			refuse(http.StatusServiceUnavailable, Busy, "too many requests are answered at this moment; try again")
			return
		}
		defer leave()
		if owner := r.PathValue("owner"); owner != "" && !rt.problems && !s.looked(w, r, owner) {
			return
		}
		rt.handler.ServeHTTP(w, r)
	})
}

// looked keeps that the caller sees the numbers of owners. If it cannot, it answers
// why, and returns false: nobody looks unseen.
func (s *Server) looked(w http.ResponseWriter, r *http.Request, owners ...string) bool {
	if err := s.record(r, owners...); err != nil {
		http.Error(w, "That you look at these numbers could not be recorded"+s.whyNot(r, err), http.StatusInternalServerError)
		return false
	}
	return true
}

// record keeps that the caller sees the numbers of owners. Its error is why it cannot.
func (s *Server) record(r *http.Request, owners ...string) error {
	c := callerOf(r)
	if c.everything || s.from.Looks == nil {
		return nil
	}
	for _, owner := range owners {
		if c.Is(owner) {
			continue
		}
		if err := s.from.Looks.RecordLook(r.Context(), owner, c.User, r.URL.Path, time.Now()); err != nil {
			return fmt.Errorf("nobody sees an owner's numbers unrecorded, and recording it failed: %w", err)
		}
	}
	return nil
}
