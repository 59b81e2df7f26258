package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/redact"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
)

// personFlags say which person a command is about.
type personFlags struct {
	configFile, account string
	names               []string
}

func (f *personFlags) add(cmd *cobra.Command) {
	configFlag(cmd.Flags(), &f.configFile)
	cmd.Flags().StringVar(&f.account, "account", "", "the `id` of the account; on Data Center a user key or name; required")
	cmd.Flags().StringSliceVar(&f.names, "name", nil, "a further `name` of the person: a former key of owners, or what the access log calls them; may be given again")
}

// load checks the flags and reads the config.
func (f *personFlags) load(e Env) (*config.Config, error) {
	if strings.TrimSpace(f.account) == "" {
		return nil, usageError{errors.New("--account is missing: give the id of the account, as `yourturn check --online --names` lists them")}
	}
	return loadConfig(e, f.configFile)
}

// eraseCommand erases a person.
func eraseCommand(e Env) *cobra.Command {
	var f personFlags
	cmd := &cobra.Command{
		Use:   "erase",
		Short: "Erase a person from the store; the numbers stay",
		Long: `erase takes a person out of everything that the store holds: events, fields, names,
titles, notes, the beginnings of comments, the ledger, the access log. A tombstone stands in
their place, so every number stays. What Jira sends of the person later is replaced
on its way in. Then the store is rewritten, and searched for the id and the names. If
other programs read the store, it may not be possible to rewrite it: the command says
so and ends with an error. The person is erased by then; run erase again to finish.

It is refused while the config names the account. A store has one writer: if serve
runs on it, that process erases, between two polls. With a store in PostgreSQL this
works from any machine, and all replicas of serve go on.

It prints what Prometheus still holds, and how to delete that.`,
		Example: "  yourturn erase --config.file yourturn.yml --account 5b10ac8d82e05b22cc7d4ef5",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.load(e)
			if err != nil {
				return err
			}
			log, err := newLogger(e.Err, cfg.Log.Level, cfg.Log.Format, redact.New(cfg.Secrets()...))
			if err != nil {
				return err
			}
			done, err := erase(cmd.Context(), e, cfg, log, app.Erasure{Account: f.account, Names: f.names})
			if named := (*app.NamedError)(nil); errors.As(err, &named) {
				return usageError{err}
			}
			if done.Tombstone == "" {
				return err
			}
			return errors.Join(err, sayErased(e, cfg, done)) // it may be erased, and the store not written anew
		},
	}
	f.add(cmd)
	return cmd
}

func erase(ctx context.Context, e Env, cfg *config.Config, log *zap.Logger, person app.Erasure) (store.Erased, error) {
	done, err := app.EraseOffline(ctx, cfg, log, person)
	var held *storelock.HeldError
	if !errors.As(err, &held) || !held.Holder.Asked() {
		return done, err
	}
	if err := notNamed(ctx, cfg, person.Account); err != nil {
		return done, err
	}
	fmt.Fprintf(e.Err, "%s writes to this store, and is asked to erase the person\n", held.Holder)
	done, err = app.Asker{Config: cfg, Holder: held.Holder, Command: "erase"}.Erase(ctx, person)
	return done, leftOff(err)
}

// notNamed returns a NamedError if the config names an account of its store: the
// process that writes may have read another state of the file.
func notNamed(ctx context.Context, cfg *config.Config, account string) error {
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadOnly)
	if err != nil {
		return err
	}
	err = app.NotNamed(ctx, cfg, st, account)
	return errors.Join(err, st.Close())
}

// sayErased says what was done, what the store holds if it was searched, and where else the
// person is.
func sayErased(e Env, cfg *config.Config, done store.Erased) error {
	w := e.Out
	switch {
	case done.Again && done.Left == nil:
		fmt.Fprintf(w, "%s was erased before, and is %s\n", done.Account, done.Tombstone)
	case done.Again:
		fmt.Fprintf(w, "%s was erased before, and is %s: the store was written anew\n", done.Account, done.Tombstone)
	default:
		fmt.Fprintf(w, "%s is erased, and is %s from now on\n", done.Account, done.Tombstone)
	}
	var changed []string
	for _, table := range slices.Sorted(maps.Keys(done.Changed)) {
		changed = append(changed, fmt.Sprintf("%s %d", table, done.Changed[table]))
	}
	if len(changed) > 0 {
		fmt.Fprintf(w, "rows changed: %s\n", strings.Join(changed, ", "))
	}
	var left []string
	for _, text := range slices.Sorted(maps.Keys(done.Left)) {
		left = append(left, fmt.Sprintf("%q %d times", text, done.Left[text]))
	}
	if len(left) > 0 {
		fmt.Fprintf(w, "the files of the store were searched, and hold %s\n", strings.Join(left, ", "))
	}
	for _, text := range slices.Sorted(maps.Keys(done.Left)) {
		if done.Left[text] > 0 && text != done.Account {
			fmt.Fprintf(w, "%q still stands where it means something else, or is a part of other words: names of statuses, types and projects are Jira's, "+
				"and another account may have the same name\n", text)
		}
	}
	labels := done.Labels
	if named := rules.Pseudonyms(cfg.Privacy); named != nil {
		for _, l := range done.Labels {
			labels = append(labels, named.Of(l))
		}
	}
	fmt.Fprintf(w, "\nPrometheus keeps its own series. Started with --web.enable-admin-api it deletes those that name the person:\n  curl -X POST http://PROMETHEUS:9090/api/v1/admin/tsdb/delete_series")
	for _, l := range labels {
		for _, name := range []string{"owner", "delegate"} {
			fmt.Fprintf(w, " \\\n    --data-urlencode %s", shellQuoted("match[]={"+name+"="+strconv.Quote(l)+"}"))
		}
	}
	if done.DisplayName != "" {
		fmt.Fprintf(w, " \\\n    --data-urlencode %s", shellQuoted("match[]={display_name="+strconv.Quote(done.DisplayName)+"}"))
	}
	fmt.Fprintf(w, "\n  curl -X POST http://PROMETHEUS:9090/api/v1/admin/tsdb/clean_tombstones\n\n"+
		"Copies hold the person still: backups of the store and of its disk, files of backfill, logs and reports from before, and Jira itself. "+
		"A store that is restored from a backup holds the person again: erase them again.\n")
	if n := done.Left[done.Account]; n > 0 {
		return fmt.Errorf("the files of the store still hold %q %d times: another process may have the store open; end it, and erase again", done.Account, n)
	}
	return nil
}

// shellQuoted quotes a text for a shell.
func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// exportCommand gives a person what is stored of them.
func exportCommand(e Env) *cobra.Command {
	var f personFlags
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print as JSON what the store holds of a person",
		Long: `export prints, as JSON, all that the store holds of a person: the account, what they
did and what others did about them, the fields that hold them, what was counted under
their name, and who looked at their numbers. Other people in it have no names.
docs/privacy.md describes it. It reads the store alone, beside a serve that runs.`,
		Example: "  yourturn export --config.file yourturn.yml --account 5b10ac8d82e05b22cc7d4ef5",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.load(e)
			if err != nil {
				return err
			}
			found, err := query.Export(cmd.Context(), cfg, f.account, f.names)
			if err != nil {
				return err
			}
			enc := json.NewEncoder(e.Out)
			enc.SetIndent("", "  ")
			enc.SetEscapeHTML(false)
			return enc.Encode(found)
		},
	}
	f.add(cmd)
	return cmd
}
