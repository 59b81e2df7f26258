package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/words"
)

// backupFlags are the flags of backup and restore.
type backupFlags struct {
	configFile, file, store string
	overwrite               bool
}

// backupCommand copies the store while it is in use.
func backupCommand(e Env) *cobra.Command {
	var f backupFlags
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Copy the store to a file, while serve goes on",
		Long: `backup writes a copy of the store to a file. A serve that runs on the store goes on
polling and writing meanwhile. The copy is of one instant, and includes the store's
journal, which a plain cp of the file misses.

The file appears when the copy is complete and verified: yourturn opens it, checks
every page, and counts what it holds. Only the file's owner may read it. A file that
exists already stays, unless --overwrite replaces it. An error leaves no file behind.

Run it as the user of serve. docs/backup.md has a daily backup by cron or systemd,
and what to know about backups. ` + "`yourturn restore`" + ` puts a backup back.`,
		Example: `  yourturn backup --config.file yourturn.yml --to yourturn-backup.db
  yourturn backup --config.file yourturn.yml --to "/var/backups/yourturn-$(date +%F).db"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.file == "" {
				return usageError{errors.New("--to is missing: name the file of the backup, such as --to yourturn-backup.db")}
			}
			return backup(cmd.Context(), e, f)
		},
	}
	flags := cmd.Flags()
	configFlag(flags, &f.configFile)
	flags.StringVar(&f.file, "to", "", "the `file` to write; required")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace the file if it is there")
	return cmd
}

func backup(ctx context.Context, e Env, f backupFlags) error {
	cfg, err := loadConfig(e, f.configFile)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadOnly)
	if err != nil {
		return err
	}
	defer st.Close()
	progress := newProgress(e.Err)
	held, err := st.Backup(ctx, f.file, f.overwrite, progress.copying)
	progress.done()
	if errors.Is(err, fs.ErrExist) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(f.file)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Out, "the backup %s holds %s\n", f.file, inWords(held))
	_, err = fmt.Fprintf(e.Out, "it has %s; every page was checked, and the store %s held as much when it was copied\n", megabytes(info.Size()), cfg.Store.URL)
	return err
}

// restoreCommand puts a backup back.
func restoreCommand(e Env) *cobra.Command {
	var f backupFlags
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Put a backup in the place of the store",
		Long: `restore puts a file that ` + "`yourturn backup`" + ` wrote in the place of the store of a
config. The backup is copied, and the copy verified, before anything is replaced.

A store has one writer: stop serve before. A store that exists already stays in place.
With --overwrite it is kept beside the new one, under a name with the time.

The next poll reads what happened since the backup. What Jira has no history of, such
as when a comment was deleted, is dated by that poll. Run ` + "`yourturn sync`" + ` before
serve, so that Prometheus sees no counter go back. People who were erased since the
backup are in it again: erase them again. docs/backup.md says more.`,
		Example: `  yourturn restore --config.file yourturn.yml --from yourturn-backup.db
  yourturn restore --config.file yourturn.yml --from yourturn-backup.db --overwrite
  yourturn restore --from yourturn-backup.db --to sqlite:copy.db`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.file == "" {
				return usageError{errors.New("--from is missing: name a file that `yourturn backup` wrote")}
			}
			return restore(cmd.Context(), e, f)
		},
	}
	flags := cmd.Flags()
	configFlag(flags, &f.configFile)
	flags.StringVar(&f.file, "from", "", "the backup's `file`; required")
	flags.StringVar(&f.store, "to", "", "the `URL` of the store, instead of the config's: sqlite:FILE")
	flags.BoolVar(&f.overwrite, "overwrite", false, "restore although there is a store, and keep that under another name")
	return cmd
}

func restore(ctx context.Context, e Env, f backupFlags) error {
	url := f.store
	if url == "" {
		cfg, err := loadConfig(e, f.configFile)
		if err != nil {
			return err
		}
		url = cfg.Store.URL
	}
	progress := newProgress(e.Err)
	out, err := app.Restore(ctx, url, f.file, f.overwrite, e.now(), progress.copying)
	progress.done()
	if errors.Is(err, fs.ErrExist) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	w := e.Out
	fmt.Fprintf(w, "the store %s is restored from %s, every page checked\nit holds %s\n", url, f.file, inWords(out.Inventory))
	if out.Former != "" {
		fmt.Fprintf(w, "the former store is kept as %s: delete it when you no longer need it, because it contains names too\n", out.Former)
	}
	switch n := len(out.ErasedSince); {
	case out.Unread != nil:
		fmt.Fprintf(w, "the former store does not say whether somebody was erased since the backup (%v): if so, run `yourturn erase` for them again\n", out.Unread)
	case n > 0:
		fmt.Fprintf(w, "%s since the backup, the last at %s, and the backup names them: run `yourturn erase` for them again, before anybody reads the store\n",
			words.Count(n, "person was erased", "people were erased"), query.Stamp(out.ErasedSince[n-1]))
	}
	if out.Older {
		fmt.Fprintf(w, "an earlier version wrote it: the next start brings it up to date, and then the earlier version cannot read it\n")
	}
	_, err = fmt.Fprintf(w, "the next poll reads what happened since: run `yourturn sync`, and then `yourturn serve`, so that Prometheus sees no counter go back\n")
	return err
}

// inWords says what a store holds.
func inWords(held store.Inventory) string {
	asOf := "as of " + query.Stamp(held.AsOf)
	if held.AsOf == 0 {
		asOf = "and no sync is complete yet"
	}
	return fmt.Sprintf("%s, %s and %s of the ledger, %s", words.Count(held.Stories, "story", "stories"), words.Count(held.Events, "event", "events"),
		words.Count(held.Ledger, "entry", "entries"), asOf)
}

// megabytes says a size.
func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

// copying shows how far the copy of a store has come.
func (p *progress) copying(what string, done, of int64) {
	if of == 0 {
		if p.terminal || p.wrote { // what was shown last is not done any more
			p.last = time.Time{}
		}
		p.show("%s", what)
		return
	}
	p.show("%s: %s of %s", what, megabytes(done), megabytes(of))
}
