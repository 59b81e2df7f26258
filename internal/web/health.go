package web

import (
	"cmp"
	"fmt"
	"net/http"
	"time"
)

// healthy answers 200 while the poller runs, whether Jira answers or not.
func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) {
	until := s.from.Status().AliveUntil
	if until.IsZero() {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "yourturn is not healthy: its poller has not started")
		return
	}
	if late := time.Since(until); late > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, "yourturn is not healthy: its poller should have started a cycle %s ago: restart the service, and report this with its log\n", late.Round(time.Second))
		return
	}
	fmt.Fprintln(w, "yourturn is healthy.")
}

// ready answers 200 when there are numbers, and 503 before, with the reason for
// those who run the service.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.from.Report() != nil {
		fmt.Fprintln(w, "yourturn is ready.")
		return
	}
	st := s.from.Status()
	w.WriteHeader(http.StatusServiceUnavailable)
	if !callerOf(r).Operates() {
		fmt.Fprintln(w, "yourturn is not ready.")
		return
	}
	fmt.Fprintln(w, "yourturn is not ready:", cmp.Or(st.LastErr, st.Progress, "the first sync has not started"))
}
