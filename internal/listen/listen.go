// Package listen serves HTTP within limits, whoever asks: how many connections
// there are, how long a request may take to come and an answer to be read, and
// how large a header may be. TLS, basic authentication and client certificates
// are those of Prometheus' exporter-toolkit.
package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
)

// The times that a client may take to send a request, to read the answer, and to send the
// next request.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 20 * time.Second
	idleTimeout   = 2 * time.Minute
)

// maxHeader is the size of the largest head of a request, in bytes: that of a
// browser with the cookies of a proxy that signs people in.
const maxHeader = 32 << 10

// Options say how a Server serves.
type Options struct {
	// Connections is how many there may be. One more ends the one that has been
	// without a request for the longest time; if all have one, it is not accepted.
	Connections int
	// ConfigFile is exporter-toolkit's, with TLS and authentication; "": neither.
	ConfigFile string
	Log        *zap.Logger
}

// Server serves on one listener. Its zero value is not usable; use New.
type Server struct {
	http *http.Server
	opts Options
}

// New returns a server of a handler. The context of a request ends with ctx too.
func New(ctx context.Context, h http.Handler, o Options) *Server {
	errorLog, err := zap.NewStdLogAt(o.Log, zap.DebugLevel) // what clients do wrong would fill the log
	if err != nil {
		panic(err) // the level is a known one
	}
	s := &Server{opts: o, http: &http.Server{
		Handler:           busy(h),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       errorLog,
		// HTTP/2 would let each connection hold many requests and a buffer of its own.
		Protocols:   new(http.Protocols),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: remember,
	}}
	s.http.Protocols.SetHTTP1(true)
	return s
}

// Serve serves on l until Shutdown, when it returns nil.
func (s *Server) Serve(l net.Listener) error {
	limited := &limiter{Listener: l, max: s.opts.Connections}
	var err error
	if s.opts.ConfigFile == "" {
		err = s.http.Serve(limited)
	} else {
		err = toolkit.Serve(limited, s.http, &toolkit.FlagConfig{WebConfigFile: &s.opts.ConfigFile}, slog.New(zapslog.NewHandler(s.opts.Log.Core(), zapslog.WithName("web"))))
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	l.Close() //nolint:errcheck // it may be closed already
	return fmt.Errorf("serving on %s: %w", l.Addr(), err)
}

// Close ends everything at once.
func (s *Server) Close() error { return s.http.Close() }

// Shutdown waits until ctx ends for requests that are being answered. It reports
// whether some were cut off.
func (s *Server) Shutdown(ctx context.Context) (cut bool, err error) {
	err = s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		cut, err = true, s.http.Close()
	}
	if err != nil {
		return cut, fmt.Errorf("stopping the server: %w", err)
	}
	return cut, nil
}

// key is of the connection in the context of a request.
type key struct{}

// remember puts a connection into the context of its requests.
func remember(ctx context.Context, c net.Conn) context.Context {
	if encrypted, ok := c.(*tls.Conn); ok {
		c = encrypted.NetConn()
	}
	if limited, ok := c.(*conn); ok {
		return context.WithValue(ctx, key{}, limited)
	}
	return ctx
}

// busy returns a handler whose connection is not ended for another one while it
// answers.
func busy(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(key{}).(*conn); ok {
			c.limiter.begin(c)
			defer c.limiter.end(c)
		}
		h.ServeHTTP(w, r)
	})
}
