package web

import (
	"net/http"
	"time"
)

// reload answers 200 if the new config is in force, and 500 with the reason if
// the old one stays.
func (s *Server) reload(w http.ResponseWriter, r *http.Request) {
	// A reload may derive all numbers again, which takes longer than any other answer.
	http.NewResponseController(w).SetWriteDeadline(time.Time{}) //nolint:errcheck // then the answer is cut off
	if err := s.from.Reload(r.Context(), callerOf(r).String()); err != nil {
		http.Error(w, "the config was not reloaded, and the old one stays: "+err.Error(), http.StatusInternalServerError)
	}
}
