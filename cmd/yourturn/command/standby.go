package command

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/listen"
	"github.com/yourturn/yourturn/internal/storelock"
	"github.com/yourturn/yourturn/internal/web"
)

// takeOver is how long serve waits for another process to leave the store.
const takeOver = time.Minute

// standBy answers for a service that waits for the store: alive, and not ready.
// If the other process listens on the same address, it cannot answer anybody and only
// waits.
type standBy struct {
	ctx     context.Context
	address string
	web     config.Web
	log     *zap.Logger
	servers []*listen.Server
	over    context.CancelFunc // nil: it did not stand by
	ended   sync.WaitGroup
}

// standByConnections is how many connections each of its listeners has at most.
const standByConnections = 64

// serve begins to answer, while h holds the store.
func (s *standBy) serve(h storelock.Holder) {
	waiting, stop := context.WithCancel(s.ctx)
	s.over = stop
	s.ended.Go(func() { app.TellStandingBy(waiting, s.log, h) })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "yourturn is healthy: it waits for its store.")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, fmt.Sprintf("yourturn is not ready: it waits for %s to leave the store", h), http.StatusServiceUnavailable)
	})
	for _, at := range []struct{ address, configFile string }{{s.address, s.web.ConfigFile}, {s.web.ProbeAddress, ""}} {
		if at.address == "" {
			continue
		}
		l, err := opened(s.ctx, at.address)
		if err != nil {
			continue
		}
		server := listen.New(s.ctx, web.WithHeaders(mux), listen.Options{Connections: standByConnections, ConfigFile: at.configFile, Log: s.log})
		s.servers = append(s.servers, server)
		s.ended.Go(func() {
			server.Serve(l) //nolint:errcheck // it ends when it is closed
		})
	}
}

// stop ends the answers, and frees the addresses.
func (s *standBy) stop() {
	if s.over != nil {
		s.over()
	}
	for _, server := range s.servers {
		server.Close() //nolint:errcheck // nothing is lost with it
	}
	s.ended.Wait()
}
