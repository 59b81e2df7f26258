package command

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/redact"
)

// serveCommand polls, stores and serves until it is stopped.
func serveCommand(e Env) *cobra.Command {
	var configFile, address string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Poll a Jira, and serve the numbers",
		Long: `serve polls the Jira of the config, keeps what it reads in the store, and serves
/metrics for Prometheus, pages for people (/ and /sync), /-/healthy and /-/ready.
web.config_file has TLS and passwords, web.identity and web.roles say who may see
what, and web.probe_address is a second address for health checks; docs/access.md
has examples.

The config is read again on SIGHUP and on POST /-/reload. A config with an error
changes nothing; the answer, the log and a metric report it. If the new config
changes what is sent to Jira (projects, query, token, proxy, certificates), Jira
is asked first whether it accepts that. Any other change takes effect even while
Jira cannot be reached.

With webhook.secret_file, Jira's webhooks are accepted at POST /webhook/jira: the
stories they name are read at once. Polling finds the same changes later, so a
lost webhook loses nothing.

If the store has completed a sync, its numbers are served, with their age, as soon
as they are derived, whether Jira answers or not. If not, /-/ready is 503 until the
first sync is done, and a refused token, or a name in the config that Jira does not
have, ends serve with exit code 1. /-/healthy is 200 while the poller runs.

A store has one writer. If another process writes to a file, serve logs that and waits
up to 60 s for that process to end; meanwhile it is not ready. So a new process can
replace an old one. If the other process is still there, serve ends with exit code 1.
In PostgreSQL serve shows the numbers of the process that writes, and takes over when
that process ends (docs/postgresql.md).

serve notifies systemd (Type=notify) when it is ready, reloads and stops. With
WatchdogSec= it sends signs of life while the poller and the web server work.

SIGINT and SIGTERM stop it within seconds. The next start continues where it
stopped.`,
		Example: "  yourturn serve --config.file yourturn.yml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(e, configFile)
			if err != nil {
				return err
			}
			secrets := redact.New(cfg.Secrets()...)
			if address == "" {
				address = cfg.Web.ListenAddress
			}
			log, recent, err := newServiceLogger(e.Err, cfg.Log.Level, cfg.Log.Format, secrets)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), e, cfg, log, app.Options{Redact: secrets, Recent: recent}, address)
		},
	}
	configFlag(cmd.Flags(), &configFile)
	cmd.Flags().StringVar(&address, "web.listen-address", "", "listen on this `address` instead of the config's")
	return cmd
}

func serve(ctx context.Context, e Env, cfg *config.Config, log *zap.Logger, opts app.Options, address string) (err error) {
	if _, err := app.CheckWeb(cfg); err != nil { // before it makes a store
		return err
	}
	standBy := &standBy{ctx: ctx, address: address, web: cfg.Web, log: log}
	opts.Transport, opts.Now, opts.Writer = e.Transport, e.Now, app.Writer{Command: "serve", Patience: takeOver, Waiting: standBy.serve, Follows: true}
	svc, err := app.Open(ctx, cfg, log, opts)
	standBy.stop()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, svc.Close()) }()
	l, err := opened(ctx, address)
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
				svc.Reload(reloading, "SIGHUP") //nolint:errcheck // the log and a metric say it
			}
		}
	}()
	log.Info("serving", zap.Stringer("address", l.Addr()), zap.String("jira", cfg.Jira.URL), zap.String("store", cfg.Store.URL))
	return svc.Run(ctx, l)
}
