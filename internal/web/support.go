package web

import (
	"net/http"
	"time"
)

// bundleType is the type of a bundle for a bug report.
const bundleType = "application/zip"

// bundleSent bounds how long a reader may take for a bundle. Others wait meanwhile.
const bundleSent = 20 * time.Second

// support answers with a bundle for a bug report.
func (s *Server) support(w http.ResponseWriter, r *http.Request) {
	conn := http.NewResponseController(w)
	conn.SetWriteDeadline(time.Time{}) //nolint:errcheck // a large store takes a while; else the answer is cut off
	made, err := s.from.Support(r.Context(), callerOf(r).String())
	conn.SetWriteDeadline(time.Now().Add(bundleSent)) //nolint:errcheck // likewise
	if err != nil {
		http.Error(w, "The bundle could not be made"+s.whyNot(r, err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", bundleType)
	w.Header().Set("Content-Disposition", `attachment; filename="yourturn-support-`+time.Now().UTC().Format("20060102T150405Z")+`.zip"`)
	w.Write(made) //nolint:errcheck // the reader went away
}
