package command

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/redact"
)

// storeCommand has what is done to a store as a whole.
func storeCommand(e Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Move a store to another kind of database",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(storeCopyCommand(e))
	return cmd
}

func storeCopyCommand(e Env) *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "copy",
		Short: "Copy a store into an empty one, from a file into PostgreSQL or back",
		Long: `copy copies all that a store holds, with the ledger, into an empty one. Then it reads
both again and compares them row by row. Stop serve before: nobody may write to
either store meanwhile. Afterwards name the new store in the config (store.url), and
start serve: the counters go on where they were.

A target that holds something is refused, and so is a store that a process writes to.
If the copy is interrupted or a row differs, the source holds what it held; empty the
target and copy again. The password of PostgreSQL comes from PGPASSWORD, or from the file that
PGPASSFILE names.`,
		Example: "  yourturn store copy --from sqlite:yourturn.db --to postgres://yourturn@db.example.com/yourturn",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, flag := range [][2]string{{"--from", from}, {"--to", to}} {
				if flag[1] == "" {
					return usageError{fmt.Errorf("%s is missing: give the URL of a store, as store.url has it: see `yourturn store copy --help`", flag[0])}
				}
			}
			if from == to {
				return usageError{errors.New("--from and --to name the same store")}
			}
			log, err := newLogger(e.Err, "warn", "console", redact.New())
			if err != nil {
				return err
			}
			progress := newProgress(e.Err)
			done, err := app.CopyStore(cmd.Context(), log, from, to, func(doing, table string, rows int) { progress.show("%s the table %s: %d rows", doing, table, rows) })
			progress.done()
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(e.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
			for _, t := range done {
				if t.Rows > 0 {
					fmt.Fprintf(w, "%d\t %s\t\n", t.Rows, t.Table)
				}
			}
			if err := w.Flush(); err != nil {
				return err
			}
			_, err = fmt.Fprintln(e.Out, "rows were copied and compared: both stores hold the same. Name the new one in the config (store.url).")
			return err
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the `URL` of the store that is copied; required")
	cmd.Flags().StringVar(&to, "to", "", "the `URL` of the empty store that it is copied into; required")
	return cmd
}
