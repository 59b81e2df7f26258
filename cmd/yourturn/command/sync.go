package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/redact"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
)

// syncCommand runs one cycle.
func syncCommand(e Env) *cobra.Command {
	var configFile string
	var recount bool
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Read Jira once, with progress, and exit",
		Long: `sync runs one poll cycle. If the store is empty it reads everything, and continues
a first sync that was interrupted. If not, it reads what changed since the last
cycle. It also counts what became final, as serve does.

--recount begins a new ledger: every counter starts again from the whole history,
which Prometheus sees as one reset.

A store has one writer. If serve runs on it, sync asks that process to poll at once,
by its own config, and waits until it has: through the lock file of a store in a file,
and through a store in PostgreSQL from any machine. --recount works the same way.`,
		Example: "  yourturn sync --config.file yourturn.yml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(e, configFile)
			if err != nil {
				return err
			}
			secrets := redact.New(cfg.Secrets()...)
			log, err := newLogger(e.Err, cfg.Log.Level, cfg.Log.Format, secrets)
			if err != nil {
				return err
			}
			return syncOnce(cmd.Context(), e, cfg, log, secrets, recount)
		},
	}
	configFlag(cmd.Flags(), &configFile)
	cmd.Flags().BoolVar(&recount, "recount", false, "begin a new ledger")
	return cmd
}

func syncOnce(ctx context.Context, e Env, cfg *config.Config, log *zap.Logger, secrets *redact.Redactor, recount bool) (err error) {
	progress := newProgress(e.Err)
	svc, err := app.Open(ctx, cfg, log, app.Options{
		Transport: e.Transport,
		Progress:  func(p collector.Progress) { progress.show("reading Jira: %d stories", p.Stories) },
		Writer:    app.Writer{Command: "sync"},
		OneShot:   true,
		Now:       e.Now,
		Redact:    secrets,
	})
	var held *storelock.HeldError
	if errors.As(err, &held) && held.Holder.Asked() {
		return askToPoll(ctx, e, app.Asker{Config: cfg, Holder: held.Holder, Command: "sync"}, recount)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, svc.Close()) }()
	if recount {
		if err := svc.Recount(ctx); err != nil {
			return err
		}
		log.Warn("a new ledger begins: every counter starts again from the whole history")
	}
	fmt.Fprintf(e.Err, "asking %s\n", cfg.Jira.URL)
	res, err := svc.Read(ctx)
	if err != nil {
		return err
	}
	progress.show("deriving waits")
	if err := svc.Measure(ctx, res); err != nil {
		return err
	}
	progress.done()
	counts, err := svc.Counts(ctx)
	if err != nil {
		return err
	}
	return sayRead(e, res.Stories, res.Events, res.AsOf, counts)
}

// askToPoll asks the process that writes to the store to poll.
func askToPoll(ctx context.Context, e Env, a app.Asker, recount bool) error {
	fmt.Fprintf(e.Err, "%s writes to this store, and is asked to poll now\n", a.Holder)
	done, err := a.Poll(ctx, recount)
	if err != nil {
		return leftOff(err)
	}
	return sayRead(e, done.Stories, done.Events, latency.At(done.AsOf), done.Counts)
}

// leftOff has an error say what becomes of what another process was asked for, where nobody
// waits for it any more.
func leftOff(err error) error {
	if stopped := (*app.StoppedError)(nil); errors.As(err, &stopped) {
		return unfinishedError{err, stopped.Error()}
	}
	return err
}

// sayRead says what a cycle read, and what the store holds.
func sayRead(e Env, stories, events int, asOf latency.Instant, counts store.Counts) error {
	fmt.Fprintf(e.Out, "read %d stories, %d new events, as of %s\n", stories, events, query.Stamp(asOf))
	if counts.Quarantined > 0 {
		fmt.Fprintf(e.Out, "%d issues could not be read and are in quarantine; the log says why\n", counts.Quarantined)
	}
	_, err := fmt.Fprintf(e.Out, "the store holds %d stories, %d history records, %d comments\n", counts.Stories, counts.Records, counts.Comments)
	return err
}
