package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// ErrSecret says that a request does not hold the secret that it needs.
var ErrSecret = errors.New("this is for the commands sync, erase and support on the same machine: they read the secret from the store's lock file")

// pollTimeout bounds how long an answer waits for a cycle: a first sync takes
// as long as the Jira is large.
const pollTimeout = 6 * time.Hour

// eraseBody bounds what says whom to erase, in bytes.
const eraseBody = 1 << 16

// Control is what a process does for others on the same machine that prove by a
// secret that they may read the store's lock file. The error of each is ErrSecret
// where the secret is another.
type Control struct {
	// Poll runs a cycle at once, and returns what it did.
	Poll func(ctx context.Context, secret string, recount bool) (any, error)
	// Erase erases a person, and returns what it did. The request says whom, in JSON.
	Erase func(ctx context.Context, secret string, request []byte) (any, error)
	// Support makes a bundle for a bug report.
	Support func(ctx context.Context, secret string) ([]byte, error)
}

// Handler returns what serves it, at an address that the lock file names.
func (c Control) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /-/poll", func(w http.ResponseWriter, r *http.Request) {
		command(w, r, func(secret string) (any, error) {
			return c.Poll(r.Context(), secret, r.URL.Query().Get("recount") == "true")
		})
	})
	mux.HandleFunc("POST /-/erase", func(w http.ResponseWriter, r *http.Request) {
		command(w, r, func(secret string) (any, error) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, eraseBody))
			if err != nil {
				return nil, err
			}
			return c.Erase(r.Context(), secret, body)
		})
	})
	mux.HandleFunc("POST /-/support", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(secret string) (string, []byte, error) {
			made, err := c.Support(r.Context(), secret)
			return bundleType, made, err
		})
	})
	return WithHeaders(mux)
}

// command answers another process of this machine in JSON.
func command(w http.ResponseWriter, r *http.Request, run func(secret string) (any, error)) {
	answer(w, r, func(secret string) (string, []byte, error) {
		done, err := run(secret)
		if err != nil {
			return "", nil, err
		}
		text, err := json.Marshal(done)
		return "application/json", text, err
	})
}

// answer answers another process of this machine, which may wait long. run returns the
// type of the answer too.
func answer(w http.ResponseWriter, r *http.Request, run func(secret string) (string, []byte, error)) {
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(pollTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	secret, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	kind, body, err := run(secret)
	switch {
	case errors.Is(err, ErrSecret):
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Write(body) //nolint:errcheck // the reader went away
}
