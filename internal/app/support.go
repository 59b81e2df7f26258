package app

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/redact"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
	"github.com/yourturn/yourturn/internal/support"
	"github.com/yourturn/yourturn/internal/web"
)

// The files of a bundle.
const (
	versionsFile   = "versions.json"
	configFile     = "config.yml"
	storeFile      = "store.json"
	auditFile      = "audit.json"
	syncFile       = "sync.json"
	logFile        = "log.jsonl"
	metricsFile    = "metrics.txt"
	goroutinesFile = "goroutines.txt"
	heapFile       = "heap.txt"
)

// The descriptions of the files in the manifest.
const (
	aboutVersions = "what the program was built from, and what it runs on"
	aboutStore    = "how large the store is, of what version, and how far it is read"
	aboutAudit    = "how many findings of each reason the audit has"
	aboutSync     = "how polls, requests, webhooks and reloads went since the start, as the page /sync shows it; durations are in nanoseconds"
)

// Support returns a bundle for a bug report: a zip archive without secrets and without
// names. Files that cannot be made are left out, and the manifest says why. by is who asks
// for it, for the audit log.
func (s *Service) Support(ctx context.Context, by string) ([]byte, error) {
	s.audit.Info("a bundle for a bug report was made", zap.String("by", by))
	cfg := s.cfg()
	b := newBundle(ctx, cfg, s.store, s.opts.Redact, s.now(), "The service itself made it, while it ran.", s.pollSecret)
	b.describe(ctx)
	var found map[string]int
	err := store.ErrEmpty
	if report := s.numbers.report(); report != nil {
		found, err = auditByReason(report), nil
	}
	b.Fixed(auditFile, aboutAudit, found, err)
	page, err := s.syncPage(ctx)
	now := s.status.get()
	b.Told(syncFile, aboutSync, map[string]any{
		"polls": page, "status": map[string]any{"alive_until": now.AliveUntil, "last_error": now.LastErr, "progress": now.Progress},
	}, err)
	if s.opts.Recent == nil {
		b.Skip(logFile, "the last lines of the log", "this process keeps none in memory")
	} else {
		b.Log(logFile, s.opts.Recent)
	}
	families, err := s.gather.Gather()
	b.Metrics(metricsFile, families, err)
	b.Profiles(goroutinesFile, heapFile)
	return b.Zip()
}

// supportFor makes a bundle for a process that knows the secret of the lock file.
func (s *Service) supportFor(ctx context.Context, secret string) ([]byte, error) {
	if !s.knows(secret) {
		return nil, web.ErrSecret
	}
	return s.Support(ctx, support.Command)
}

// SupportOffline returns a bundle of what the store and the config alone tell. It
// derives every story for the audit. Files that cannot be made are left out, and the
// manifest says why.
func SupportOffline(ctx context.Context, cfg *config.Config, now time.Time) ([]byte, error) {
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadOnly)
	if err != nil {
		st = nil
	} else {
		defer st.Close()
	}
	b := newBundle(ctx, cfg, st, redact.New(cfg.Secrets()...), now, "The command support made it of the config and the store alone: no running service was asked.")
	b.opened = err
	b.describe(ctx)
	found, err := audited(ctx, cfg)
	b.Fixed(auditFile, aboutAudit, found, err)
	for _, name := range []string{syncFile, logFile, metricsFile, goroutinesFile, heapFile} {
		b.Skip(name, "a running service alone has it", "none was asked")
	}
	return b.Zip()
}

// audited returns how many findings of each reason the audit of a store has.
func audited(ctx context.Context, cfg *config.Config) (map[string]int, error) {
	r, err := query.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	list, err := r.Audit(ctx, query.Filter{}, r.State.DataTimestamp)
	found := map[string]int{}
	for _, f := range list {
		found[f.Reason]++
	}
	return found, err
}

// bundle is a bundle that is being made.
type bundle struct {
	*support.Bundle
	names  *support.Names
	cfg    *config.Config
	store  *store.Store // nil: it could not be opened
	opened error        // why not
}

// newBundle returns a bundle that knows the names in a config and in a store, which may be
// nil. It takes out what secrets finds, and more.
func newBundle(ctx context.Context, cfg *config.Config, st *store.Store, secrets *redact.Redactor, now time.Time, source string, more ...string) *bundle {
	b := &bundle{names: support.NewNames(secrets, append(more, cfg.AllSecrets()...)...), cfg: cfg, store: st}
	b.Bundle = support.NewBundle(b.names, now, source)
	b.names.Config(cfg)
	if name, err := os.Hostname(); err == nil {
		b.names.Host(name)
	}
	if st == nil {
		return b
	}
	people, err := st.People(ctx)
	if err != nil {
		b.Unknown(err)
		return b
	}
	for _, key := range people.Owners {
		b.names.Owned(key)
	}
	for _, u := range people.Accounts {
		b.names.Account(u.ID, u.Name, u.DisplayName)
	}
	for _, user := range people.Viewers {
		b.names.Person(user)
	}
	return b
}

// module is a module that is in the binary.
type module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

// describe adds what is known without a running service.
func (b *bundle) describe(ctx context.Context) {
	built := BuildInfo()
	var modules []module
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			modules = append(modules, module{m.Path, m.Version})
		}
	}
	facts, err := store.Facts{}, b.opened
	if b.store != nil {
		facts, err = b.store.Facts(ctx)
	}
	b.Fixed(versionsFile, aboutVersions, map[string]any{
		"version": built.Version, "revision": built.Revision, "go": built.GoVersion, "os": runtime.GOOS, "arch": runtime.GOARCH,
		"processors": runtime.NumCPU(), "reading": jiradata.Reading, "database": facts.Database, "modules": modules,
	}, nil)
	text, failed := b.names.Shown(b.cfg)
	b.Config(configFile, text, failed)
	var state jiradata.State
	var ledger latency.Ledger
	if err == nil {
		state, err = b.store.State(ctx)
	}
	if err == nil {
		ledger, err = b.store.Ledger(ctx)
	}
	b.Told(storeFile, aboutStore, map[string]any{
		"file": facts,
		"state": map[string]any{
			"flavor": state.Flavor, "first_sync_done": state.FirstDone, "reading": state.Reading, "data_timestamp": stamp(state.DataTimestamp), "first_complete": stamp(state.FirstComplete),
			"full_sync_since": stamp(state.FullStarted), "census": stamp(state.Census), "clock_ahead_seconds": state.Skew.Seconds(), "projects_lost": len(state.Lost),
			"network_file_system": b.network(),
		},
		"ledger": map[string]any{"start": stamp(ledger.Start), "as_of": stamp(ledger.AsOf)},
	}, err)
}

// network returns the kind of network file system that the store is on; "" if none.
func (b *bundle) network() string {
	if !store.IsFile(b.cfg.Store.URL) {
		return ""
	}
	path, err := store.Path(b.cfg.Store.URL)
	if err != nil {
		return ""
	}
	return storelock.NetworkFilesystem(path)
}

// stamp returns an instant as JSON has it; nil for none.
func stamp(at latency.Instant) any {
	if at == 0 {
		return nil
	}
	return query.Stamp(at)
}

// askedBundle bounds a bundle that another process answers with, in bytes.
const askedBundle = 64 << 20

// AskForSupport asks the process that holds a store's lock for a bundle.
func AskForSupport(ctx context.Context, h storelock.Holder) ([]byte, error) {
	return askFor(ctx, h, "for a bundle", "/-/support", nil, askedBundle)
}
