package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/yourturn/yourturn/internal/listen"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/web"
)

// shutdownTimeout is how long a stop waits for requests that are being answered.
const shutdownTimeout = 5 * time.Second

// The largest number of connections of each listener. A connection takes a descriptor and
// about 20 KiB of memory, 100 with TLS.
const (
	pageConnections    = 256
	probeConnections   = 64
	controlConnections = 16
)

// Run serves on l and polls until ctx ends. It serves from the beginning, because
// deriving the numbers of a large store takes a while.
func (s *Service) Run(ctx context.Context, l net.Listener) error {
	s.numbers.scraped = true
	g, ctx := errgroup.WithContext(ctx)
	servers, err := s.servers(ctx, l)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	s.status.alive(0)
	s.status.progress("deriving the numbers from the store")
	for _, srv := range servers {
		g.Go(srv.serve)
		g.Go(func() error {
			<-ctx.Done()
			return s.shutdown(context.WithoutCancel(ctx), srv.Server)
		})
	}
	g.Go(func() error { s.tellSystemd(ctx); return nil })
	g.Go(func() error { s.retros.run(ctx); return nil })
	wanted := make(chan []int64)
	g.Go(func() error { s.webhooks.Run(ctx, wanted); return nil })
	g.Go(func() error {
		err := s.follow(ctx, wanted)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the service is stopping
		}
		if err != nil {
			return err
		}
		g.Go(func() error {
			select {
			case <-ctx.Done():
				return nil
			case <-s.lock.Lost():
				return fmt.Errorf("store %s: %w", s.store.Name(), store.ErrFenced)
			}
		})
		g.Go(func() error { s.takeWanted(ctx, wanted); return nil })
		g.Go(func() error { s.takeRequests(ctx); return nil })
		if err := s.Resume(ctx); err != nil {
			return err
		}
		if s.numbers.report() == nil {
			s.log.Info("asking Jira; nothing can be shown before it has answered", zap.String("jira", s.cfg().Jira.URL))
			s.status.progress("asking " + s.cfg().Jira.URL)
		}
		return s.poll(ctx, wanted)
	})
	return g.Wait()
}

// served is a server and what it listens on.
type served struct {
	*listen.Server
	on net.Listener
}

func (s served) serve() error { return s.Serve(s.on) }

// servers returns what serves until ctx ends: the pages on l, what other processes
// on this machine ask for, and probes if they have an address of their own.
func (s *Service) servers(ctx context.Context, l net.Listener) (list []served, err error) {
	settings := s.cfg().Web
	protection, err := CheckWeb(s.cfg())
	if err != nil {
		return nil, err
	}
	for _, text := range listen.Exposed(settings, l.Addr().String(), protection) {
		s.log.Warn(text)
	}
	s.address.Store(l.Addr().String())
	s.allow(s.cfg())
	defer func() {
		if err != nil {
			for _, other := range list[1:] {
				err = errors.Join(err, other.on.Close())
			}
		}
	}()
	add := func(on net.Listener, h http.Handler, connections int, configFile string) {
		o := listen.Options{Connections: connections, ConfigFile: configFile, Log: s.log}
		list = append(list, served{listen.New(ctx, h, o), on}) // a request that waits for the poller ends with it
	}
	add(l, s.pages, pageConnections, settings.ConfigFile)
	control, err := s.control(ctx)
	if err != nil {
		return list, err
	}
	add(control, web.Control{Poll: s.pollFor, Erase: s.eraseFor, Support: s.supportFor}.Handler(), controlConnections, "")
	if settings.ProbeAddress != "" {
		probes, err := (&net.ListenConfig{}).Listen(ctx, "tcp", settings.ProbeAddress)
		if err != nil {
			return list, fmt.Errorf("listening for probes: %w: choose another address (web.probe_address)", err)
		}
		add(probes, s.pages.Probes(settings.ProbeMetrics), probeConnections, "")
		s.log.Info("serving probes", zap.Stringer("address", probes.Addr()), zap.Bool("metrics", settings.ProbeMetrics))
	}
	return list, nil
}

// shutdown waits for requests that are being answered, up to a timeout. A client
// that is slower is cut off, and that is no failure.
func (s *Service) shutdown(ctx context.Context, srv *listen.Server) error {
	timeout := s.opts.ShutdownTimeout
	if timeout == 0 {
		timeout = shutdownTimeout
	}
	stop, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cut, err := srv.Shutdown(stop)
	if cut {
		s.log.Warn("a client did not finish its request in time and is cut off", zap.Duration("waited", timeout))
	}
	return err
}

// Resume publishes the numbers of what the store holds, if it has completed a
// sync, and what was noted before the start. A name in the config that the store
// does not know of is no error: the first poll finds out whether Jira has it.
func (s *Service) Resume(ctx context.Context) error {
	err := errors.Join(s.polls.recall(ctx), s.resume(ctx))
	if ctx.Err() != nil {
		return nil // the service is stopping
	}
	s.status.progress("")
	var names query.NamesError
	if errors.As(err, &names) {
		s.log.Warn("the store does not know some names in the config; the first poll finds out whether Jira has them now", zap.Error(err))
		s.status.set(func(v *web.Status) { v.LastErr = err.Error() })
		return nil
	}
	return err
}
