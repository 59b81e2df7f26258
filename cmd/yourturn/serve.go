package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/config"
)

// serveCommand polls, stores and serves until it is stopped.
func serveCommand(s streams) *cobra.Command {
	var configFile, address string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Poll a Jira, and serve the numbers",
		Long: `serve polls the Jira of the config, keeps what it reads in the store, and serves
/metrics for Prometheus, pages for people (/ and /sync), /-/healthy and /-/ready.

The config is read again on SIGHUP and on POST /-/reload; a wrong one changes
nothing, and the answer, the log and a metric say so. If it changes what Jira is
asked for or with (projects, query, token, proxy, certificates), Jira is asked
first whether it accepts that; everything else is taken over while Jira is away.

With webhook.secret_file, Jira's webhooks are taken at POST /webhook/jira: the
stories they name are read at once. Polling finds all they tell, so losing them
loses nothing.

With a store that has completed a sync, the old numbers are served as soon as
they are derived, with their age, whether Jira answers or not. Without one,
/-/ready is 503 until the first sync is done; a refused token or a name that Jira
does not have ends it, with exit code 1. /-/healthy is 200 while the poller turns.

SIGINT and SIGTERM stop it within seconds, whatever it does; the next start goes
on where it was.`,
		Example: "  yourturn serve --config.file yourturn.yml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(configFile)
			if err != nil {
				return err
			}
			if address == "" {
				address = cfg.Web.ListenAddress
			}
			log, err := newLogger(s.err, cfg.Log.Level, cfg.Log.Format)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), cfg, log, address)
		},
	}
	configFlag(cmd.Flags(), &configFile)
	cmd.Flags().StringVar(&address, "web.listen-address", "", "listen on this `address` instead of the config's")
	return cmd
}

func serve(ctx context.Context, cfg *config.Config, log *zap.Logger, address string) (err error) {
	svc, err := newService(ctx, cfg, log, 0, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, svc.close()) }()
	l, err := listen(ctx, address)
	if err != nil {
		return err
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	reloading, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for {
			select {
			case <-reloading.Done():
				return
			case <-hangups:
				svc.reload(reloading) //nolint:errcheck // the log tells, and so does a metric
			}
		}
	}()
	log.Info("serving", zap.Stringer("address", l.Addr()), zap.String("jira", cfg.Jira.URL), zap.String("store", cfg.Store.URL))
	return svc.run(ctx, l)
}

// syncCommand runs one cycle.
func syncCommand(s streams) *cobra.Command {
	var configFile string
	var recount bool
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Read Jira once, with progress, and exit",
		Long: `sync runs one poll cycle: everything if the store is empty (an interrupted first
sync goes on where it was), else what changed since the last one. It also
counts what became final, as serve would.

--recount begins a new ledger: every counter starts anew from the whole history,
which Prometheus sees as one reset.`,
		Example: "  yourturn sync --config.file yourturn.yml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(configFile)
			if err != nil {
				return err
			}
			log, err := newLogger(s.err, cfg.Log.Level, cfg.Log.Format)
			if err != nil {
				return err
			}
			return syncOnce(cmd.Context(), s, cfg, log, recount)
		},
	}
	configFlag(cmd.Flags(), &configFile)
	cmd.Flags().BoolVar(&recount, "recount", false, "begin a new ledger")
	return cmd
}

func syncOnce(ctx context.Context, s streams, cfg *config.Config, log *zap.Logger, recount bool) (err error) {
	show := newProgress(s.err)
	svc, err := newService(ctx, cfg, log, 0, func(p collector.Progress) { show.tell("reading Jira: %d stories", p.Stories) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, svc.close()) }()
	if recount {
		if err := svc.store.Recount(ctx); err != nil {
			return err
		}
		log.Warn("the ledger begins anew: every counter starts again from the whole history")
	}
	res, err := svc.collector.Sync(ctx)
	if err != nil {
		return err
	}
	show.tell("deriving waits")
	if err := svc.measure(ctx, res); err != nil {
		return err
	}
	show.done()
	counts, err := svc.store.Counts(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "read %d stories, %d new events, as of %s\n", res.Stories, res.Events, stamp(res.AsOf))
	if counts.Quarantined > 0 {
		fmt.Fprintf(s.out, "%d issues could not be read and are in quarantine; the log says why\n", counts.Quarantined)
	}
	_, err = fmt.Fprintf(s.out, "the store holds %d stories, %d history records, %d comments\n", counts.Stories, counts.Records, counts.Comments)
	return err
}

// progressEvery is how often progress is told where a line cannot be rewritten.
const progressEvery = 5 * time.Second

// progress tells on a terminal, in one line that is rewritten, how far long
// work has come; elsewhere a line now and then.
type progress struct {
	w        io.Writer
	terminal bool
	begun    time.Time
	last     time.Time
	wrote    bool
}

func newProgress(w io.Writer) *progress {
	return &progress{w: w, terminal: isTerminal(w), begun: time.Now(), last: time.Now()}
}

// tell says what is being done, if it takes longer than a moment.
func (p *progress) tell(format string, args ...any) {
	every := progressEvery
	if p.terminal {
		every = 100 * time.Millisecond
	}
	if time.Since(p.last) < every {
		return
	}
	p.last, p.wrote = time.Now(), true
	text := fmt.Sprintf(format, args...)
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%s (%s)", text, time.Since(p.begun).Round(time.Second))
	} else {
		fmt.Fprintf(p.w, "%s (%s)\n", text, time.Since(p.begun).Round(time.Second))
	}
}

// done ends the line.
func (p *progress) done() {
	if p.terminal && p.wrote {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
