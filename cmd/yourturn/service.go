package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/collector/webhook"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/web"
	"github.com/yourturn/yourturn/metrics"
)

// shutdownTimeout bounds how long a stop waits for answers under way.
const shutdownTimeout = 5 * time.Second

// How long a client may take: to send what it asks, which may be a webhook with
// an issue's texts, to read the answer, and to ask again.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = time.Minute
	idleTimeout   = 2 * time.Minute
)

// service is everything between a Jira and whoever reads the numbers.
type service struct {
	log      *zap.Logger
	store    *store.Store
	exporter *metrics.Exporter
	self     *metrics.Self
	pages    *web.Server
	status   atomic.Pointer[web.Status]
	sync     *syncRecord
	webhooks *webhook.Receiver
	reloads  chan reload

	requestsPerSecond int
	progress          func(collector.Progress)
	transport         http.RoundTripper // in place of the network; nil: the network
	secret            atomic.Value      // of webhooks; a string
	shutdownTimeout   time.Duration     // a stop waits no longer for answers under way
	hold              jira.Hold         // Jira's wish to be left alone outlives a config

	// What a reload replaces, while no cycle runs.
	cfg       *config.Config
	asked     asked // what Jira is asked by it
	collector *collector.Collector
	engine    *measure.Engine
	rules     *latency.Rules // in force; nil: none yet
	meta      *rules.Facts   // that they were made from
	serving   bool           // what is published can be scraped
	audited   map[string]int // what the audit had found by the last report, by reason
}

// newService opens the store and wires a service. progress may be nil.
func newService(ctx context.Context, cfg *config.Config, log *zap.Logger, requestsPerSecond int, progress func(collector.Progress)) (*service, error) {
	if err := cfg.Jira.RequireToken(); err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", cfg.File(), err)}
	}
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadWrite)
	if err != nil {
		return nil, err
	}
	b := buildInfo()
	reg := prometheus.NewRegistry()
	s := &service{
		log: log, store: st, exporter: metrics.NewExporter(), sync: newSyncRecord(), reloads: make(chan reload),
		self:              metrics.NewSelf(reg, cfg.Jira.URL, b.version, b.revision, b.goVersion),
		requestsPerSecond: requestsPerSecond, progress: progress, shutdownTimeout: shutdownTimeout,
	}
	reg.MustRegister(s.exporter, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.pages = web.New(reg, s.exporter.Report)
	s.webhooks = webhook.New(webhook.Options{
		Secret: func() string { return s.secret.Load().(string) },
		Observe: func(result string) {
			s.self.ObserveWebhook(result)
			s.sync.webhook(result)
		},
		Now: s.sync.clock,
	})
	s.pages.Handle("POST /webhook/jira", s.webhooks)
	s.pages.HandleReload(func(r *http.Request) error { return s.reload(r.Context()) })
	s.pages.HandleSync(func(r *http.Request) (web.Sync, error) { return s.syncPage(r.Context()) })
	s.setStatus(func(v *web.Status) { v.Version, v.JiraURL = b.version, cfg.Jira.URL })
	_, poller, err := s.newCollector(cfg)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	s.adopt(cfg, poller)
	return s, nil
}

// newCollector wires what reads the Jira of a config, and returns with it the
// client that it reads through.
func (s *service) newCollector(cfg *config.Config) (*jira.Client, *collector.Collector, error) {
	client, err := jira.New(jira.Options{
		URL: cfg.Jira.URL, Flavor: jiradata.Flavor(cfg.Jira.Flavor), Email: cfg.Jira.Email, Token: cfg.Jira.Token.Reveal(),
		ProxyURL: cfg.Jira.ProxyURL, CAFile: cfg.Jira.CAFile, RequestsPerSecond: s.requestsPerSecond, Logger: s.log, Transport: s.transport, Hold: &s.hold,
		Observe: func(endpoint string, code int, took time.Duration, h http.Header) {
			s.alive(cfg.Jira.PollInterval)
			s.self.ObserveRequest(endpoint, code, took, h)
			s.sync.request(endpoint, code, h)
		},
	})
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("%s: %w", cfg.File(), err)}
	}
	poller, err := collector.New(collector.Options{
		Source: client, Store: s.store, Projects: cfg.Jira.Projects, JQL: cfg.Jira.JQL, Overlap: cfg.Jira.Overlap, Logger: s.log,
		CensusInterval: cfg.Jira.CensusInterval, CensusMaxRemoved: cfg.Jira.CensusMaxRemoved, OpenQuestions: s.openQuestions,
		Progress: func(p collector.Progress) {
			if p.Full {
				s.setStatus(func(v *web.Status) { v.Progress = fmt.Sprintf("the full sync has read %d stories", p.Stories) })
			}
			if s.progress != nil {
				s.progress(p)
			}
		},
	})
	return client, poller, err
}

// adopt puts a config in force. No cycle may be under way.
func (s *service) adopt(cfg *config.Config, poller *collector.Collector) {
	s.cfg, s.asked, s.collector = cfg, askedBy(cfg), poller
	s.engine = measure.NewEngine(s.store, cfg.Metrics.OpenWaitsPerOwner)
	s.engine.Confirm(s.confirm)
	s.rules, s.meta = nil, nil
	s.secret.Store(cfg.Webhook.Secret.Reveal())
	s.sync.adopted(cfg)
	s.setStatus(func(v *web.Status) { v.Interval = cfg.Jira.PollInterval })
	s.self.SetInterval(cfg.Jira.PollInterval)
	if info, err := os.Stat(cfg.Jira.TokenFile); cfg.Jira.TokenFile != "" && err == nil {
		s.self.SetTokenTime(info.ModTime())
	}
}

// openQuestions returns the stories that show an open question. A single sync
// has no numbers yet, and derives them.
func (s *service) openQuestions(ctx context.Context) ([]int64, error) {
	if s.exporter.Report() == nil {
		if err := s.resume(ctx); err != nil {
			return nil, err
		}
	}
	if report := s.exporter.Report(); report != nil {
		return report.Asked, nil
	}
	return nil, nil
}

// confirm reads stories by id before what happened to them is counted.
func (s *service) confirm(ctx context.Context, ids []int64) ([]int64, error) {
	changed, err := s.collector.Reread(ctx, ids)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("stories could not be read once more before what happened to them is counted; the next poll tries again",
			zap.Int("stories", len(ids)), zap.Error(err))
	}
	return changed, err
}

// grace is how long the poller may be silent beyond the time to its next turn
// before the service calls itself unhealthy: a request may time out, and be
// tried again after as long as Jira asks for.
const grace = 20 * time.Minute

// alive tells that the poller turns, and when it will turn again at the latest.
func (s *service) alive(wait time.Duration) { s.pages.SetAlive(time.Now().Add(wait + grace)) }

func (s *service) close() error { return s.store.Close() }

// setStatus changes what the page says of the service.
func (s *service) setStatus(change func(*web.Status)) {
	var next web.Status
	if old := s.status.Load(); old != nil {
		next = *old
	}
	change(&next)
	s.status.Store(&next)
	s.pages.SetStatus(next)
}

// resume publishes what the store holds from before, if it has completed a sync.
func (s *service) resume(ctx context.Context) error {
	state, err := s.store.State(ctx)
	if err != nil || !state.FirstDone {
		return err
	}
	s.tellSite(state)
	if !s.collector.Covers(state) {
		return s.show(ctx, state.DataTimestamp)
	}
	_, err = s.derive(ctx, collector.Result{AsOf: state.DataTimestamp, Full: true})
	return err
}

// show publishes the old numbers while another scope is still to be read: of
// the projects that are known whole, and with nothing counted.
func (s *service) show(ctx context.Context, asOf latency.Instant) error {
	now, err := facts(ctx, s.store)
	if err != nil {
		return err
	}
	r, err := concrete(s.cfg, now)
	if err != nil {
		return err
	}
	report, err := s.engine.Show(ctx, r.Rules, asOf, s.derived)
	if err != nil {
		return err
	}
	s.rules, s.meta = nil, nil // the next derivation is a whole one
	s.warn(r.Problems)
	return s.publish(ctx, report)
}

// measure derives the numbers anew after a cycle and publishes them; while Jira
// is at hand, all that can be is counted.
func (s *service) measure(ctx context.Context, res collector.Result) error {
	anew, err := s.derive(ctx, res)
	if err != nil || !anew || !s.engine.Holds() {
		return err
	}
	report, err := s.engine.Refresh(ctx, nil, res.AsOf)
	if err != nil {
		return err
	}
	return s.publish(ctx, report)
}

// derive derives the numbers from the store and publishes them; anew tells that
// all of them were derived, for which Jira is not asked.
func (s *service) derive(ctx context.Context, res collector.Result) (anew bool, err error) {
	now, err := facts(ctx, s.store)
	if err != nil {
		return false, err
	}
	// A poll that read meta again, and found nothing new, changes no rule.
	now.Meta.At = 0
	if !res.Full && s.meta != nil && reflect.DeepEqual(now, *s.meta) {
		report, err := s.engine.Refresh(ctx, res.Changed, res.AsOf)
		if err != nil {
			return false, err
		}
		return false, s.publish(ctx, report)
	}
	r, err := concrete(s.cfg, now)
	if err != nil {
		return false, err
	}
	if err := s.store.SaveResolved(ctx, r.Resolved); err != nil {
		return false, err
	}
	var report *latency.Report
	if !res.Full && s.rules != nil && rules.SameReading(s.rules, r.Rules) {
		s.engine.Rename(r.Rules)
		report, err = s.engine.Refresh(ctx, res.Changed, res.AsOf)
	} else {
		anew = true
		report, err = s.engine.Load(ctx, r.Rules, rules.Fingerprint(s.cfg), res.AsOf, s.derived)
	}
	if err != nil {
		return false, err
	}
	s.rules = r.Rules
	s.warn(r.Problems)
	if now.Resolved, err = s.store.Resolved(ctx); err != nil {
		return false, err
	}
	s.meta = &now
	return anew, s.publish(ctx, report)
}

// derived tells how far a whole derivation has come.
func (s *service) derived(stories int) {
	s.alive(s.cfg.Jira.PollInterval)
	if s.exporter.Report() == nil {
		s.setStatus(func(v *web.Status) {
			v.Progress = fmt.Sprintf("the numbers are being derived: %d stories are done", stories)
		})
	}
}

// publish shows a report.
func (s *service) publish(ctx context.Context, report *latency.Report) error {
	if s.serving && s.exporter.Report() == nil { // nobody may scrape what is not noted as exposed
		if err := s.store.Expose(ctx, latency.At(time.Now())); err != nil {
			return err
		}
	}
	s.exporter.Publish(report)
	s.tellAudit(report)
	return nil
}

// afterCycle measures a complete cycle and tells how it went. It returns an
// error only for what no later cycle will mend.
func (s *service) afterCycle(ctx context.Context, res collector.Result, err error) error {
	s.alive(max(s.cfg.Jira.PollInterval, collector.Patience(err)))
	if err == nil {
		err = s.measure(ctx, res)
		if ctx.Err() != nil {
			return nil // it was told to stop meanwhile
		}
		if err != nil {
			s.meta, s.rules = nil, nil // what changed was not taken in: next time everything is
			s.log.Error("the numbers could not be derived; the old ones stay", zap.Error(err))
		}
	}
	s.observe(ctx, res, err)
	if err != nil {
		s.setStatus(func(v *web.Status) { v.LastErr = err.Error() })
		if s.exporter.Report() == nil && needsSomebody(err) {
			return err // there is nothing to serve meanwhile
		}
		return nil
	}
	s.setStatus(func(v *web.Status) { v.LastErr, v.Progress, v.LastPoll, v.Ready = "", "", time.Now(), true })
	s.log.Info("poll complete", zap.Bool("full", res.Full), zap.Int("stories", res.Stories), zap.Int("unchanged", res.Unchanged), zap.Int("new_events", res.Events),
		zap.Int("changed", len(res.Changed)), zap.Int("late", len(res.Late)), zap.Duration("took", res.Duration), zap.Time("as_of", res.AsOf.Time()))
	return nil
}

// run serves on l and polls until ctx ends. It serves at once: to derive the
// numbers of a large store takes a while.
func (s *service) run(ctx context.Context, l net.Listener) error {
	s.serving = true
	s.alive(0)
	s.setStatus(func(v *web.Status) { v.Progress = "the numbers are being derived from the store" })
	g, ctx := errgroup.WithContext(ctx)
	srv := &http.Server{
		Handler: s.pages, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		// Whoever waits for the poller, as a reload does, waits no longer than it runs.
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
		if err := s.begin(ctx); err != nil {
			return err
		}
		return s.poll(ctx, wanted)
	})
	return g.Wait()
}

// shutdown lets answers under way be finished, but not for ever: a client that
// dawdles must not make a stop a failure.
func (s *service) shutdown(ctx context.Context, srv *http.Server) error {
	stop, cancel := context.WithTimeout(ctx, s.shutdownTimeout)
	defer cancel()
	err := srv.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("a client did not finish its request before the stop, and is cut off", zap.Duration("waited", s.shutdownTimeout))
		err = srv.Close()
	}
	if err != nil {
		return fmt.Errorf("ending to serve: %w", err)
	}
	return nil
}

// begin publishes the old numbers before the first poll, if there are any.
func (s *service) begin(ctx context.Context) error {
	err := errors.Join(s.recall(ctx), s.resume(ctx))
	if ctx.Err() != nil {
		return nil // it was told to stop meanwhile
	}
	s.setStatus(func(v *web.Status) { v.Progress = "" })
	var names namesError
	if errors.As(err, &names) {
		s.log.Warn("the store knows of no such names in Jira; the first poll tells whether they are there by now", zap.Error(err))
		s.setStatus(func(v *web.Status) { v.LastErr = err.Error() })
		return nil
	}
	return err
}

// listen opens the address that the service serves on.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w: choose another address with --web.listen-address", err)
	}
	return l, nil
}
