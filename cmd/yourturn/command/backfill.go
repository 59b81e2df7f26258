package command

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/backfill"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// backfillFlags are the flags of backfill.
type backfillFlags struct {
	configFile, from, to, out, job, instance string
	step                                     time.Duration
	force, anySpace                          bool
	line                                     string // the command line
}

// backfillCommand writes the past for Prometheus.
func backfillCommand(e Env) *cobra.Command {
	var f backfillFlags
	cmd := &cobra.Command{
		Use:   "backfill",
		Short: "Write the past for Prometheus to import",
		Long: `backfill writes what a scrape would have shown in the past: every po_ metric, as of
each --step, as OpenMetrics, one file for each month. It reads only the store.
Prometheus' promtool turns the files into blocks; the last line of the output is the
command for it.

Before it writes, it derives a few steps. From these it estimates the size of the files
and of the blocks, and the memory and time that it takes, and says how to clean up
afterwards. It writes nothing where the files do not fit.

--to is at most 3 hours ago, because Prometheus itself still writes younger samples.
It is also before the first scrape of the live service, because counters count twice
where samples of both exist. The default is the latest instant that is allowed. A project has
no samples before its first story.

The file backfill.json says what the folder holds. After an interruption the same
command continues. With a later --to it writes what came since into new files.

--job and --instance are the labels of the live scrape: with them the past and the
present are one series.`,
		Example: `  yourturn backfill --config.file yourturn.yml --from 2026-01-01
  yourturn backfill --config.file yourturn.yml --from 2026-01-01 --instance yourturn:9817 --out past`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.line = lineOf(cmd)
			return runBackfill(cmd.Context(), e, f)
		},
	}
	flags := cmd.Flags()
	configFlag(flags, &f.configFile)
	flags.StringVar(&f.from, "from", "", "the first sample: a date (UTC) or an instant (RFC 3339); required")
	flags.StringVar(&f.to, "to", "", "the last sample at the latest: a date or an instant (default the latest that is allowed)")
	flags.DurationVar(&f.step, "step", time.Hour, "the time between samples: whole minutes that divide a day")
	flags.StringVar(&f.out, "out", "backfill", "the `folder` for the files")
	flags.StringVar(&f.job, "job", "yourturn", "the job label of the live scrape")
	flags.StringVar(&f.instance, "instance", "", "the instance label of the live scrape (default web.listen_address of the config)")
	flags.BoolVar(&f.force, "force", false, "write existing files again")
	flags.BoolVar(&f.anySpace, "any-space", false, "write although less space is free than the files are expected to need")
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

// period returns the first and the last sample, at which there is a story.
func (f *backfillFlags) period(e Env, past *app.Past) (first, to time.Time, err error) {
	from, err := instant("from", f.from)
	if err != nil {
		return first, to, err
	}
	to = past.Latest
	if f.to != "" {
		if to, err = instant("to", f.to); err != nil {
			return first, to, err
		}
		if to.After(past.Latest) {
			return first, to, usageError{fmt.Errorf("--to %s: the latest that is allowed is %s, %s; leave out --to to get it",
				f.to, past.Latest.Format(time.RFC3339), past.Why)}
		}
	}
	to, first = to.Truncate(f.step), past.First(from, f.step)
	begins := past.Begins.First.Time()
	switch {
	case first.After(to) && begins.After(from) && !to.Before(from):
		return first, to, usageError{fmt.Errorf("the first story was created at %s, and --to is before the first step after it", begins.Format(time.RFC3339))}
	case first.After(to):
		return first, to, usageError{fmt.Errorf("--from %s: there is no step of %s between it and %s (%s)", f.from, f.step, to.Format(time.RFC3339), past.Why)}
	case begins.After(from):
		fmt.Fprintf(e.Err, "the first story was created at %s: samples begin after it, and those of each project after its own first story\n", begins.Format(time.RFC3339))
	}
	return first, to, nil
}

// check refuses flags that no store makes right.
func (f *backfillFlags) check() error {
	if f.step < time.Minute || f.step%time.Minute != 0 || 24*time.Hour%f.step != 0 {
		return usageError{fmt.Errorf("--step %s: give whole minutes that divide a day, such as 15m, 1h or 6h; a finer step adds no information and takes longer", f.step)}
	}
	if f.from == "" {
		return usageError{errors.New("--from is missing: give the first day, such as --from 2026-01-01")}
	}
	return nil
}

func runBackfill(ctx context.Context, e Env, f backfillFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	cfg, err := loadConfig(e, f.configFile)
	if err != nil {
		return err
	}
	now := e.now()
	past, err := app.OpenPast(ctx, cfg, now, app.HeadOfPrometheus)
	if err != nil {
		return err
	}
	defer past.Close() //nolint:errcheck // it was only read
	first, to, err := f.period(e, past)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Err, "a sample every %s from %s to %s, in %s\n", strings.Replace(strings.TrimSuffix(f.step.String(), "0s"), "h0m", "h", 1), first.Format(time.RFC3339), to.Format(time.RFC3339), f.out)
	options, err := past.Options(ctx, first, to, f.step, f.out, f.job, f.instance)
	if err != nil {
		return err
	}
	options.Overwrite = f.force
	steps, err := f.announce(ctx, e, past.Reader, options)
	if err != nil {
		return ofFolder(err)
	}
	show, derived := newProgress(e.Err), 0
	var mu sync.Mutex // over show and derived
	options.Stepped = func() {
		mu.Lock()
		defer mu.Unlock()
		if derived++; steps > 0 {
			show.show("%s of %s steps", words.Number(derived), words.Number(steps))
		}
	}
	options.Progress = func(file backfill.File) {
		mu.Lock()
		defer mu.Unlock()
		show.done()
		printFile(e, file, now)
	}
	done, err := backfill.Write(ctx, past.Reader.Store, options)
	show.done()
	return f.finish(ctx, e, past.Reader, done, err, to.Add(f.step), now)
}

// ofFolder returns an error with the remedy for a folder that holds something else.
func ofFolder(err error) error {
	if conflict := (*backfill.ConflictError)(nil); errors.As(err, &conflict) {
		return usageError{fmt.Errorf("%w: replace it with --force, or name another folder with --out", err)}
	}
	return err
}

// announce says what will be written, what that takes, and how to clean up after it. It
// returns how many steps there are to write, and an error where they do not fit.
func (f *backfillFlags) announce(ctx context.Context, e Env, r *query.Reader, o backfill.Options) (steps int, err error) {
	show, n := newProgress(e.Err), 0
	o.Stepped = func() { n++; show.show("deriving %d steps to estimate by", n) }
	x, err := backfill.Expect(ctx, r.Store, o)
	show.done()
	if err != nil || x.Steps == 0 {
		return 0, err
	}
	w := e.Err
	fmt.Fprintf(w, "expected, by %d steps of it:\n  %s, about %s samples of %s series: %s\n", n, words.Count(x.Files, "file", "files"),
		words.Number(twoDigits(x.Samples)), words.Number(twoDigits(x.Series)), roughly(x.Bytes))
	free, known := backfill.Free(f.out)
	free += x.Replaced
	if known {
		fmt.Fprintf(w, "  %s are free there\n", roughly(free))
	}
	fmt.Fprintf(w, "  %s more in Prometheus' data\n  %s of memory, and %s, to write them\n", roughly(x.Blocks), roughly(x.Memory), words.Elapsed(max(x.Time, time.Second)))
	fmt.Fprintf(w, "after the import, delete the files:\n  rm %s/*.om %[1]s/backfill.json\n", quoted(f.out))
	fmt.Fprint(w, "if the import was wrong: promtool lists the blocks that it made (BLOCK ULID);\n"+
		"  stop Prometheus, delete the folders of these names from its data, start it\n")
	if known && free < x.Bytes && !f.anySpace {
		return 0, fmt.Errorf("the files need about %s, and %s are free for %s: free some space, name another disk with --out, "+
			"write less with a later --from or a larger --step, or write them all the same with --any-space", roughly(x.Bytes), roughly(free), f.out)
	}
	return x.Steps, nil
}

// twoDigits rounds a number to two digits.
func twoDigits(n int) int {
	unit := 1
	for n/unit >= 100 {
		unit *= 10
	}
	return (n + unit/2) / unit * unit
}

// roughly writes a number of bytes with two digits.
func roughly(bytes int64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"GB", 1e9}, {"MB", 1e6}} {
		if n := float64(bytes) / unit.size; n >= 9.95 {
			return words.Number(twoDigits(int(math.Round(n)))) + " " + unit.name
		} else if n >= 0.95 {
			return fmt.Sprintf("%.1f %s", n, unit.name)
		}
	}
	return fmt.Sprintf("%.2f MB", float64(bytes)/1e6)
}

// finish says what was written and what is left to do, after err.
func (f *backfillFlags) finish(ctx context.Context, e Env, r *query.Reader, done backfill.Result, err error, next, now time.Time) error {
	var conflict *backfill.ConflictError
	switch {
	case errors.As(err, &conflict):
		return ofFolder(err)
	case err != nil:
		return unfinishedError{err, f.goOn(done.Files)}
	}
	for _, hole := range done.Holes {
		fmt.Fprintf(e.Err, "the files in %s have no samples from %s to %s: write them with --from %[2]s --to %[3]s\n",
			f.out, hole.First.Format(time.RFC3339), hole.Last.Format(time.RFC3339))
	}
	if err := printRest(ctx, e, r, next, now); err != nil {
		return err
	}
	fmt.Fprintf(e.Out, "for f in %s; do promtool tsdb create-blocks-from --max-block-duration=720h openmetrics \"$f\" PROMETHEUS_DATA; done\n", f.names(done.Files))
	return nil
}

// printFile reports that a file is complete.
func printFile(e Env, file backfill.File, begun time.Time) {
	how := time.Since(begun).Round(time.Second/10).String() + " since the start"
	if file.Kept {
		how = "was there already"
	}
	fmt.Fprintf(e.Err, "%s: %d steps, %d series, %d samples, %s\n", file.Path, file.Steps, file.Series, file.Samples, how)
}

// printRest prints what is left to write if the live service was first scraped
// later than the last sample.
func printRest(ctx context.Context, e Env, r *query.Reader, next, now time.Time) error {
	exposed, ok, err := r.Store.Exposed(ctx)
	switch {
	case err != nil:
		return err
	case !ok:
		fmt.Fprintf(e.Err, "yourturn serve has shown no numbers yet: run this again 3 hours after it did, with --from %s, to fill the time up to then\n", next.Format(time.RFC3339))
	case next.Before(exposed.Time()) && exposed.Time().After(now.Add(-app.HeadOfPrometheus)):
		fmt.Fprintf(e.Err, "the first scrape could be at %s: run this again at %s, with --from %s, to fill the time up to then\n",
			exposed.Time().Format(time.RFC3339), exposed.Time().Add(app.HeadOfPrometheus).Truncate(time.Minute).Add(time.Minute).Format(time.RFC3339), next.Format(time.RFC3339))
	}
	return nil
}

// goOn returns what is complete, and the command that writes the rest.
func (f *backfillFlags) goOn(files []backfill.File) string {
	whole := "no file is complete yet"
	if len(files) > 0 {
		var names []string
		for _, file := range files {
			names = append(names, filepath.Base(file.Path))
		}
		whole = fmt.Sprintf("complete in %s, and kept: %s", f.out, strings.Join(names, ", "))
	}
	return fmt.Sprintf("%s; this command writes the rest:\n  %s", whole, f.line)
}

// names returns the files as the arguments of a shell.
func (f *backfillFlags) names(files []backfill.File) string {
	if all, err := filepath.Glob(filepath.Join(f.out, "*.om")); err == nil && len(all) == len(files) {
		return quoted(f.out) + "/*.om"
	}
	var list []string
	for _, file := range files {
		list = append(list, quoted(file.Path))
	}
	return strings.Join(list, " ")
}

// quoted returns a word as a shell reads it.
func quoted(word string) string {
	if plain := regexp.MustCompile(`^[\w@%+=:,./-]+$`); plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// lineOf returns the command line that runs cmd with the flags it was given. It
// leaves out --force: what --force removes is gone already.
func lineOf(cmd *cobra.Command) string {
	words := []string{cmd.CommandPath()}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if flag.Name != "force" {
			words = append(words, "--"+flag.Name, quoted(flag.Value.String()))
		}
	})
	return strings.Join(words, " ")
}
