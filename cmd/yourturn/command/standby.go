package command

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/yourturn/yourturn/internal/storelock"
)

// takeOver is how long serve waits for another process to leave the store.
const takeOver = time.Minute

// standBy answers for a service that waits for the store: alive, and not ready.
// Where the other process listens on the same address nobody can be answered,
// and it only waits.
type standBy struct {
	ctx     context.Context
	address string
	server  *http.Server
	ended   chan struct{}
}

// serve begins to answer, while h holds the store.
func (s *standBy) serve(h storelock.Holder) {
	l, err := listen(s.ctx, s.address)
	if err != nil {
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "yourturn is healthy: it waits for its store.")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, fmt.Sprintf("yourturn is not ready: it waits for %s to leave the store", h), http.StatusServiceUnavailable)
	})
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		s.server.Serve(l) //nolint:errcheck // it ends when it is closed
	}()
}

// stop ends the answers, and frees the address.
func (s *standBy) stop() {
	if s.server != nil {
		s.server.Close() //nolint:errcheck // nothing is lost with it
		<-s.ended
	}
}
