package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// ErrSecret says that a request does not hold the secret that it needs.
var ErrSecret = errors.New("this is for the commands sync and erase on the same machine: it reads the secret from the store's lock file")

// pollTimeout bounds how long an answer waits for a cycle: a first sync takes
// as long as the Jira is large.
const pollTimeout = 6 * time.Hour

// eraseBody bounds what says whom to erase, in bytes.
const eraseBody = 1 << 16

// poll runs a cycle at once, and answers with what it did as JSON.
func (s *Server) poll(w http.ResponseWriter, r *http.Request) {
	s.command(w, r, func(secret string) (any, error) {
		return s.from.Poll(r.Context(), secret, r.URL.Query().Get("recount") == "true")
	})
}

// erase erases a person, and answers with what it did as JSON.
func (s *Server) erase(w http.ResponseWriter, r *http.Request) {
	s.command(w, r, func(secret string) (any, error) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, eraseBody))
		if err != nil {
			return nil, err
		}
		return s.from.Erase(r.Context(), secret, body)
	})
}

// command answers another process of this machine, which may wait long.
func (s *Server) command(w http.ResponseWriter, r *http.Request, run func(secret string) (any, error)) {
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(pollTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	secret, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	done, err := run(secret)
	switch {
	case errors.Is(err, ErrSecret):
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(done) //nolint:errcheck,errchkjson // the reader went away
}
