// Package app is the application: everything between a Jira and whoever reads
// the numbers. Each part of its state has one owner:
//
//   - Service wires the parts, and holds what a reload replaces (service.go);
//     the config in force is in inforce.go,
//     run.go is its life from the start to the stop, policy.go who may see what, poller.go its cycles,
//     reload.go the change to another config.
//   - numbers derives the numbers and publishes them (numbers.go).
//   - pollRecord keeps how polls, requests and webhooks went (polls.go).
//   - answers gives pages what they ask of the store (answers.go).
//   - status is what the service says about itself (status.go), and systemd who is told
//     of it (systemd.go).
package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/collector/webhook"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/redact"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/support"
	"github.com/yourturn/yourturn/internal/web"
	"github.com/yourturn/yourturn/metrics"
)

// Options is what a service needs besides its config. The zero value is right for a
// real Jira.
type Options struct {
	RequestsPerSecond int                      // at most; 0: the default of package jira
	Progress          func(collector.Progress) // is called while Jira is read; may be nil
	Transport         http.RoundTripper        // asks Jira; nil: the network
	ShutdownTimeout   time.Duration            // how long a stop waits for requests that are being answered; 0: 5 s
	Notes             []string                 // lines that the page of what waits now shows below
	Writer            Writer                   // how this process becomes the store's one writer
	Scraped           func()                   // is called once, when there is something to scrape; may be nil

	// OneShot says that somebody waits for one cycle: a Jira that cannot be reached is
	// not asked again and again.
	OneShot bool

	// Now is this machine's clock; nil: time.Now.
	Now func() time.Time

	// Redact takes the config's secrets out of what Jira answers, and finds those of a
	// reloaded config too; nil: one of its own.
	Redact *redact.Redactor

	// Recent has the last lines of the log, for a bundle; nil: none are kept.
	Recent *support.Ring

	// Load reads the config anew at a reload; nil: LoadConfig.
	Load func(path string) (*config.Config, error)
}

// Service is everything between a Jira and whoever reads the numbers.
type Service struct {
	*inForce // what a reload replaces, while no cycle runs
	log      *zap.Logger
	audit    *zap.Logger // who did what
	opts     Options
	store    *store.Store
	lock     writerLock // that makes this process the store's one writer
	self     *metrics.Self
	gather   prometheus.Gatherer // of all metrics
	numbers  *numbers
	follower *following // that derives them while another process writes to the store
	polls    *pollRecord
	status   *status
	pages    *web.Server
	answers  *answers // that pages ask the store for
	looks    *lookLog
	retros   *retros
	webhooks *webhook.Receiver
	reloads  *reloads
	pace     pace
	systemd  systemd      // is told how the service is
	wanted   chan request // what is to be done between two cycles

	secret     atomic.Value // the webhooks' secret; a string
	policy     atomic.Pointer[web.Policy]
	address    atomic.Value // where the pages are served; a string, of which there is none before Run
	configFile string       // of the pages' TLS and authentication
	pollSecret string       // with which another process may ask for a cycle; "": none may

	throttle jira.Throttle // Jira's wish not to be asked outlives a config

	// What a reload replaces, while no cycle runs, with the config.
	asked     asked // by the config in force
	client    *jira.Client
	collector *collector.Collector
}

// Open opens the store of a config and wires a service on it. An error in the
// config is a ConfigError.
func Open(ctx context.Context, cfg *config.Config, log *zap.Logger, opts Options) (*Service, error) {
	if err := cfg.Jira.RequireToken(); err != nil { // before it makes a store
		return nil, inConfig(cfg, err)
	}
	if opts.Redact == nil {
		opts.Redact = redact.New()
	}
	st, lock, err := opts.Writer.open(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	b := BuildInfo()
	reg := prometheus.NewRegistry()
	s := &Service{
		inForce: &inForce{}, log: log, audit: Audit(log), looks: &lookLog{audit: Audit(log)}, opts: opts, store: st, lock: lock, reloads: newReloads(), wanted: make(chan request), configFile: cfg.Web.ConfigFile,
		self:   metrics.NewSelf(reg, pollMetrics()...),
		status: newStatus(web.Status{Version: b.Version, JiraURL: cfg.Jira.URL, Notes: opts.Notes}), systemd: systemd{log: log},
	}
	s.self.Observe(metrics.Build{Version: b.Version, Revision: b.Revision, GoVersion: b.GoVersion})
	s.self.Observe(metrics.Site{URL: cfg.Jira.URL})
	s.self.Observe(metrics.Reload{At: time.Now()})
	_, replicas := lock.(*leaseLock)
	s.numbers = newNumbers(s.inForce, log, st, s.self, s.status, replicas, opts.Scraped)
	s.follower = &following{numbers: s.numbers}
	s.polls = newPollRecord(log, st, s.self, &s.throttle, s.now)
	for _, reason := range []string{web.ForeignHost, web.ForeignOrigin, web.NoRole, web.Busy, web.Forged} {
		s.refused(reason, 0)
	}
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	waits := prometheus.NewRegistry()
	waits.MustRegister(s.numbers.exporter)
	s.gather = prometheus.Gatherers{reg, waits}
	s.webhooks = webhook.New(webhook.Options{
		Secret:  func() string { return s.secret.Load().(string) },
		Observe: s.polls.webhook,
		Now:     s.polls.clock,
	})
	s.answers = &answers{inForce: s.inForce, numbers: s.numbers, running: query.Running{Store: st}, looks: s.looks}
	s.retros = newRetros(log, s.answers)
	s.pages = web.New(web.Sources{
		Metrics: metrics.Handler(s.numbers.exporter, reg), Report: s.numbers.report, Status: s.status.get, Sync: s.syncPage, Reload: s.Reload,
		Webhooks: s.webhooks, WebhooksTaken: s.webhooks.Taken, Policy: s.policy.Load,
		Refused: func(reason string) { s.refused(reason, 1) },
		Failed: func(path string, err error) {
			log.Error("a request could not be answered", zap.String("path", path), zap.Error(err))
		},
		Looks:  s.looks,
		Reader: s.answers.reader, Titles: s.answers.titles, LooksAt: s.answers.looksAt,
		Retro: s.retro, Support: s.Support,
	})
	client, poller, err := s.newCollector(ctx, cfg)
	if err == nil && lock.Held() {
		err = s.keepTitles(ctx, cfg)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.adopt(cfg, client, poller)
	return s, nil
}

// now returns this machine's clock.
func (s *Service) now() time.Time {
	if s.opts.Now == nil {
		return time.Now()
	}
	return s.opts.Now()
}

// Close closes the store, and lets another process write to it. Run must have
// returned.
func (s *Service) Close() error { return errors.Join(s.store.Close(), s.lock.Release()) }

// Counts returns how much the store holds.
func (s *Service) Counts(ctx context.Context) (store.Counts, error) { return s.store.Counts(ctx) }

// Report returns the numbers that are published, or nil if there are none yet.
func (s *Service) Report() *latency.Report { return s.numbers.report() }

// Config returns the config in force.
func (s *Service) Config() *config.Config { return s.cfg() }

// ServeHTTP implements http.Handler: it serves the pages and the metrics.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.pages.ServeHTTP(w, r) }

// refused counts requests that were refused.
func (s *Service) refused(reason string, count int) {
	s.self.Observe(metrics.Refused{Reason: reason, Count: count})
}

// newCollector wires the collector of a config, and returns it with its client.
func (s *Service) newCollector(ctx context.Context, cfg *config.Config) (*jira.Client, *collector.Collector, error) {
	titles, err := s.wantsTitles(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	client, err := NewClient(cfg, jira.Options{
		RequestsPerSecond: s.opts.RequestsPerSecond, Titles: titles, Logger: s.log, Transport: s.opts.Transport, Throttle: &s.throttle, OneShot: s.opts.OneShot, Redact: s.opts.Redact,
		Allowed:  func() error { return mayAsk(s.lock) },
		Redacted: func(endpoint string) { s.self.Observe(metrics.Redacted{Endpoint: endpoint}) },
		Observe: func(endpoint string, code int, took time.Duration, h http.Header) {
			s.status.alive(cfg.Jira.PollInterval)
			s.polls.request(endpoint, code, took, h)
		},
	})
	if err != nil {
		return nil, nil, err
	}
	poller, err := collector.New(collector.Options{
		Source: writing{erasing{client, s.store}, s.lock}, Store: s.store, Projects: cfg.Jira.Projects, JQL: cfg.Jira.JQL, Overlap: cfg.Jira.Overlap, Logger: s.log,
		Now: s.opts.Now, CensusInterval: cfg.Jira.CensusInterval, CensusMaxRemoved: cfg.Jira.CensusMaxRemoved, OpenQuestions: s.openQuestions,
		Titles: titles, OpenWaits: s.openWaits,
		Progress: func(p collector.Progress) {
			if p.Full {
				s.status.progress(fmt.Sprintf("the full sync has read %d stories", p.Stories))
			}
			if s.opts.Progress != nil {
				s.opts.Progress(p)
			}
		},
	})
	return client, poller, err
}

// adopt puts a config in force. No cycle may be under way.
func (s *Service) adopt(cfg *config.Config, client *jira.Client, poller *collector.Collector) {
	if s.client != nil {
		s.client.CloseIdleConnections() // each client has connections of its own
	}
	s.put(cfg)
	s.asked, s.client, s.collector = askedBy(cfg), client, poller
	for _, x := range cfg.Exposures() {
		s.log.Warn("others can get at a secret of the config", zap.String("key", x.Key), zap.String("exposed", x.Text), zap.String("remedy", x.Remedy))
	}
	s.status.set(func(v *web.Status) { v.Zone = cfg.Zone() })
	s.numbers.adopt(s.confirm)
	s.retros.forget()
	s.secret.Store(cfg.Webhook.Secret.Reveal())
	s.allow(cfg)
	s.polls.adopted(cfg)
	s.self.Observe(metrics.Interval(cfg.Jira.PollInterval))
	if info, err := os.Stat(cfg.Jira.TokenFile); cfg.Jira.TokenFile != "" && err == nil {
		s.self.Observe(metrics.TokenTime(info.ModTime()))
	}
}

// openQuestions returns the ids of the stories with an open question.
func (s *Service) openQuestions(ctx context.Context) ([]int64, error) {
	report, err := s.derived(ctx)
	return report.Asked, err
}

// openWaits returns the ids of the stories with an open wait.
func (s *Service) openWaits(ctx context.Context) ([]int64, error) {
	report, err := s.derived(ctx)
	return report.Waiting, err
}

// derived returns what is published. If that is nothing yet, as in a single sync, it
// derives the numbers from the store first.
func (s *Service) derived(ctx context.Context) (*latency.Report, error) {
	if s.numbers.report() == nil {
		if err := s.resume(ctx); err != nil {
			return &latency.Report{}, err
		}
	}
	if report := s.numbers.report(); report != nil {
		return report, nil
	}
	return &latency.Report{}, nil
}

// wantsTitles reports whether a config has titles of stories kept.
func (s *Service) wantsTitles(ctx context.Context, cfg *config.Config) (bool, error) {
	return s.store.WantsTitles(ctx, cfg.Privacy.Titles, cfg.Given("privacy.titles"))
}

// keepTitles puts the part of a config in force that says whether titles of stories
// are kept: without them, those that are stored are deleted.
func (s *Service) keepTitles(ctx context.Context, cfg *config.Config) error {
	keep, err := s.wantsTitles(ctx, cfg)
	if err != nil {
		return err
	}
	if !keep && cfg.Privacy.Titles {
		s.log.Info("titles of stories are not kept, because this store is of a version that kept none: set privacy.titles to true to keep them, or to false to silence this message")
	}
	return s.store.KeepTitles(ctx, keep)
}

// confirm reads stories by id once more, before what happened to them is counted.
func (s *Service) confirm(ctx context.Context, ids []int64) ([]int64, error) {
	changed, err := s.collector.Reread(ctx, ids)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("reading stories once more before counting what happened to them failed; the next poll tries again",
			zap.Int("stories", len(ids)), zap.Error(err))
	}
	return changed, err
}

// resume publishes the numbers of what the store holds, if it has completed a sync.
func (s *Service) resume(ctx context.Context) error {
	state, err := s.store.State(ctx)
	if err != nil || !state.FirstDone {
		return err
	}
	s.showSite(state)
	// By when it was filled, a clock was wrong: of which instant the numbers are is
	// known again when Jira answers.
	if limit := latency.At(s.now().Add(collector.ClockBound - state.Skew)); state.DataTimestamp > limit || state.DataTimestamp == 0 {
		s.log.Warn("the data timestamp of the store is in the future, as a wrong clock leaves it; nothing is derived until a poll is complete",
			zap.Time("data", state.DataTimestamp.Time()))
		return nil
	}
	if !s.collector.Covers(state) {
		return s.numbers.show(ctx, state.DataTimestamp)
	}
	return s.numbers.resume(ctx, state.DataTimestamp)
}

// showSite shows where people find Jira, which is not at jira.url where that is
// a gateway.
func (s *Service) showSite(state jiradata.State) {
	if state.SiteURL == "" || state.BaseURL != strings.TrimRight(s.cfg().Jira.URL, "/") {
		return // the store is of another Jira, or Jira has not named its site yet
	}
	s.status.set(func(v *web.Status) { v.JiraURL = state.SiteURL })
	s.self.Observe(metrics.Site{URL: state.SiteURL})
}

// syncPage returns what the page about the synchronisation shows.
func (s *Service) syncPage(ctx context.Context) (web.Sync, error) {
	page, err := s.polls.page(ctx)
	status := s.status.get()
	page.Progress, page.Follows = status.Progress, status.Follows
	if report := s.numbers.report(); report != nil {
		page.Audited, page.Audit = true, auditCounts(report)
	}
	return page, err
}

// auditCounts returns how many findings of each reason the audit has, in order of
// reason.
func auditCounts(report *latency.Report) []web.Count {
	found := auditByReason(report)
	var out []web.Count
	for _, reason := range slices.Sorted(maps.Keys(found)) {
		if found[reason] > 0 {
			out = append(out, web.Count{Result: reason, Count: found[reason]})
		}
	}
	return out
}
