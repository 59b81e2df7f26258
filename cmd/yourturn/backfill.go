package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/yourturn/yourturn/internal/backfill"
)

// headOfPrometheus is how far back Prometheus still writes itself: blocks that
// are imported must end before.
const headOfPrometheus = 3 * time.Hour

// backfillFlags are the flags of backfill.
type backfillFlags struct {
	configFile, from, to, out, job, instance string
	step                                     time.Duration
	force                                    bool
}

// backfillCommand writes the past for Prometheus.
func backfillCommand(s streams) *cobra.Command {
	var f backfillFlags
	cmd := &cobra.Command{
		Use:   "backfill",
		Short: "Write the past for Prometheus to import",
		Long: `backfill writes what a scrape would have shown in the past, had the service been
there: every po_ metric, as of each --step, as OpenMetrics, a file a month. It reads
the store alone. Prometheus' promtool makes blocks of the files; the last line
printed says how.

--to is at most 3 hours ago, for younger samples are in Prometheus' own hands, and
before the first scrape of the live service: where both are, counters count twice.
Left out, it is the latest that can be.

--job and --instance are those of the live scrape, so that the past and the present
are one series.`,
		Example: `  yourturn backfill --config.file yourturn.yml --from 2026-01-01
  yourturn backfill --config.file yourturn.yml --from 2026-01-01 --instance yourturn:9817 --out past`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBackfill(cmd.Context(), s, f) },
	}
	flags := cmd.Flags()
	configFlag(flags, &f.configFile)
	flags.StringVar(&f.from, "from", "", "the first sample: a date (UTC) or an instant (RFC 3339); required")
	flags.StringVar(&f.to, "to", "", "the last sample at the latest, likewise (default the latest that can be)")
	flags.DurationVar(&f.step, "step", time.Hour, "the time between samples; it divides a day")
	flags.StringVar(&f.out, "out", "backfill", "the `folder` for the files")
	flags.StringVar(&f.job, "job", "yourturn", "the job label of the live scrape")
	flags.StringVar(&f.instance, "instance", "", "the instance label of the live scrape (default web.listen_address of the config)")
	flags.BoolVar(&f.force, "force", false, "replace files that are there already")
	return cmd
}

// instant reads a date or an instant.
func instant(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usageError{fmt.Errorf("--%s %q: give a date like 2026-01-31 or an instant like 2026-01-31T18:00:00Z", flag, text)}
}

// period returns the first and the last sample, given the latest that can be
// and why it is that.
func (f *backfillFlags) period(latest time.Time, why string) (from, to time.Time, err error) {
	if f.step < time.Second || f.step%time.Second != 0 || 24*time.Hour%f.step != 0 {
		return from, to, usageError{fmt.Errorf("--step %s: give whole seconds that divide a day, such as 15m, 1h or 6h", f.step)}
	}
	if f.from == "" {
		return from, to, usageError{errors.New("--from is missing: give the first day, such as --from 2026-01-01")}
	}
	if from, err = instant("from", f.from); err != nil {
		return from, to, err
	}
	to = latest
	if f.to != "" {
		if to, err = instant("to", f.to); err != nil {
			return from, to, err
		}
		if to.After(latest) {
			return from, to, usageError{fmt.Errorf("--to %s: it can be %s at the latest, %s; leave it out to have that",
				f.to, latest.Format(time.RFC3339), why)}
		}
	}
	first := from.Truncate(f.step)
	if first.Before(from) {
		first = first.Add(f.step)
	}
	if to = to.Truncate(f.step); to.Before(first) {
		return from, to, usageError{fmt.Errorf("--from %s: there is no step of %s between it and %s (%s)", f.from, f.step, to.Format(time.RFC3339), why)}
	}
	return first, to, nil
}

// latestSample returns the last instant that may be written, and why.
func latestSample(ctx context.Context, l *stored, now time.Time) (at time.Time, why string, err error) {
	at, why = now.Add(-headOfPrometheus), "3 hours ago"
	if data := l.state.DataTimestamp.Time(); data.Before(at) {
		at, why = data, "when Jira was last asked"
	}
	exposed, ok, err := l.store.Exposed(ctx)
	if err != nil {
		return at, why, err
	}
	// The step must be over before the first scrape.
	if first := exposed.Time().Add(-time.Second); ok && first.Before(at) {
		at, why = first, "before the service first had something to be scraped"
	}
	return at.UTC(), why, nil
}

func runBackfill(ctx context.Context, s streams, f backfillFlags) error {
	l, err := openStored(ctx, f.configFile)
	if err != nil {
		return err
	}
	defer l.store.Close()
	latest, why, err := latestSample(ctx, l, time.Now())
	if err != nil {
		return err
	}
	from, to, err := f.period(latest, why)
	if err != nil {
		return err
	}
	instance := f.instance
	if instance == "" {
		instance = l.cfg.Web.ListenAddress
	}
	fmt.Fprintf(s.err, "writing a sample every %s from %s to %s into %s\n", f.step, from.Format(time.RFC3339), to.Format(time.RFC3339), f.out)
	begun := time.Now()
	files, err := backfill.Write(ctx, l.store, backfill.Options{
		Rules: l.rules, From: from, To: to, Step: f.step, OpenWaits: l.cfg.Metrics.OpenWaitsPerOwner, Dir: f.out, Overwrite: f.force,
		Labels: []backfill.Label{{Name: "instance", Value: instance}, {Name: "job", Value: f.job}},
		Progress: func(file backfill.File) {
			fmt.Fprintf(s.err, "%s: %d steps, %d series, %d samples, %s since the start\n",
				file.Path, file.Steps, file.Series, file.Samples, time.Since(begun).Round(time.Second/10))
		},
	})
	var exists *backfill.ExistsError
	switch {
	case errors.As(err, &exists):
		return usageError{fmt.Errorf("%w: replace it with --force, name another folder with --out, or begin after it with --from", err)}
	case err != nil && len(files) > 0:
		return fmt.Errorf("%w: the files that are there are whole; go on with --from %s", err, files[len(files)-1].Next.Format(time.RFC3339))
	case err != nil:
		return err
	}
	fmt.Fprintf(s.out, "for f in %s/*.om; do promtool tsdb create-blocks-from --max-block-duration=720h openmetrics \"$f\" PROMETHEUS_DATA; done\n", f.out)
	return nil
}
