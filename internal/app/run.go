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

	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/web"
)

// shutdownTimeout is how long a stop waits for requests that are being answered.
const shutdownTimeout = 5 * time.Second

// How long a client may take to send a request, which may be a webhook with an
// issue's texts, to read the answer, and to send the next request.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = time.Minute
	idleTimeout   = 2 * time.Minute
)

// Run serves on l and polls until ctx ends. It serves from the beginning, because
// deriving the numbers of a large store takes a while.
func (s *Service) Run(ctx context.Context, l net.Listener) error {
	s.numbers.scraped = true
	if err := s.announce(l.Addr()); err != nil {
		return errors.Join(err, l.Close())
	}
	s.status.alive(0)
	s.status.progress("deriving the numbers from the store")
	g, ctx := errgroup.WithContext(ctx)
	srv := &http.Server{
		Handler: s.pages, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		// A request that waits for the poller, as a reload does, ends with it.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	g.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		return s.shutdown(context.WithoutCancel(ctx), srv)
	})
	wanted := make(chan []int64)
	g.Go(func() error { s.webhooks.Run(ctx, wanted); return nil })
	g.Go(func() error {
		if err := s.Resume(ctx); err != nil {
			return err
		}
		if s.numbers.report() == nil {
			s.log.Info("asking Jira; nothing can be shown before it has answered", zap.String("jira", s.cfg.Jira.URL))
			s.status.progress("asking " + s.cfg.Jira.URL)
		}
		return s.poll(ctx, wanted)
	})
	return g.Wait()
}

// shutdown waits for requests that are being answered, up to a timeout. A client
// that is slower is cut off, and that is no failure.
func (s *Service) shutdown(ctx context.Context, srv *http.Server) error {
	timeout := s.opts.ShutdownTimeout
	if timeout == 0 {
		timeout = shutdownTimeout
	}
	stop, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := srv.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("a client did not finish its request in time and is cut off", zap.Duration("waited", timeout))
		err = srv.Close()
	}
	if err != nil {
		return fmt.Errorf("stopping the server: %w", err)
	}
	return nil
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
