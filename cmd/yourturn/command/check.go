package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
)

// checkCommand validates a config, and with --online the Jira it is for.
func checkCommand(e Env) *cobra.Command {
	var configFile string
	var online bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Validate a config, and the access to Jira",
		Long: `check reads a config and reports every error in it.

With --online it also asks Jira whether it accepts the token, and lists what the
account sees: the statuses with their ids and what they mean for each project, the
user fields, the issue types, the project leads and the owners. That is what you
need to write a first config. If the store holds stories, it also lists the
statuses that stories move to when they leave acceptance, how often, and the
outcome.`,
		Example: "  yourturn check --config.file yourturn.yml --online",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(e, configFile)
			if err != nil {
				return err
			}
			fmt.Fprintf(e.Out, "%s is valid\n", configFile)
			if !online {
				return nil
			}
			return checkOnline(cmd.Context(), e, cfg)
		},
	}
	configFlag(cmd.Flags(), &configFile)
	cmd.Flags().BoolVar(&online, "online", false, "ask Jira too")
	return cmd
}

// checkOnline checks a config against its Jira. It prints everything it finds
// before it returns what is wrong.
func checkOnline(ctx context.Context, e Env, cfg *config.Config) error {
	w := e.Out
	client, err := app.NewClient(cfg, jira.Options{Logger: zap.NewNop(), Transport: e.Transport})
	if err != nil {
		return err
	}
	me, err := client.Myself(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s (%s) answers %s (account %s, time zone %s)\n", cfg.Jira.URL, me.Flavor, me.DisplayName, me.Account, me.TimeZone)
	meta, err := client.Meta(ctx, cfg.Jira.Projects)
	if err == nil && len(meta.Missing) > 0 {
		err = collector.UnknownProjects(meta.Missing)
	}
	if err != nil {
		return err
	}
	if err := app.TryQuery(ctx, client, cfg.Jira.JQL, me); err != nil {
		return err
	}
	f := rules.Facts{Meta: meta, Users: meta.Users}
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadOnly)
	if err == nil {
		defer st.Close()
		if stored, err := query.Facts(ctx, st); err == nil {
			f.Users, f.Leads, f.Resolved = append(f.Users, stored.Users...), stored.Leads, stored.Resolved
		}
	}
	var denied []string
	for _, p := range meta.Projects {
		can, err := client.Permissions(ctx, p.Key, "BROWSE_PROJECTS")
		if err != nil {
			return err
		}
		if !can["BROWSE_PROJECTS"] {
			denied = append(denied, p.Key)
		}
	}
	r := rules.New(cfg, f)
	printMeta(w, cfg, f, r)
	owners := checkOwners(ctx, w, cfg, client)
	if st != nil {
		state, err := st.State(ctx)
		if err != nil {
			return err
		}
		if err := printExits(ctx, w, &query.Reader{Store: st, State: state, Rules: r.Rules}); err != nil && !errors.Is(err, store.ErrEmpty) {
			return err
		}
	}
	var bad []string
	for _, p := range r.Problems {
		if p.Warning {
			fmt.Fprintf(w, "warning: %s\n", query.Place(cfg, p))
		} else {
			bad = append(bad, query.Place(cfg, p))
		}
	}
	if len(denied) > 0 {
		bad = append(bad, "the token's account may not browse "+strings.Join(denied, ", ")+": give it the permission Browse Projects")
	}
	if bad = append(bad, owners...); len(bad) > 0 {
		return errors.New(strings.Join(bad, "\n"))
	}
	fmt.Fprintln(w, "Jira has everything that the config names")
	return nil
}

// meaning returns what a status means for a project.
func meaning(p *latency.Project, id string) string {
	var out []string
	for _, s := range []struct {
		set  latency.Set
		word string
	}{
		{p.Acceptance, "acceptance"},
		{p.Accepted, "accepted"},
		{p.Withdrawn, "withdrawn"},
		{p.Paused, "paused"},
		{p.QuestionStatuses, "question"},
	} {
		if s.set[id] {
			out = append(out, s.word)
		}
	}
	if stage, ok := p.Stages[id]; ok {
		out = append(out, string(stage))
	}
	return strings.Join(out, ", ")
}

// printMeta prints what a first config needs.
func printMeta(w io.Writer, cfg *config.Config, f rules.Facts, r *rules.Result) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	names := []string{"new", "in progress", "done"}
	fmt.Fprintln(tw, "\nPROJECT\tSTATUS\tID\tCATEGORY\tMEANS")
	for _, p := range f.Meta.Projects {
		for _, s := range f.Meta.Statuses {
			if s.ProjectID != "" && s.ProjectID != p.ID {
				continue
			}
			category := "unknown"
			if s.Category != latency.CategoryUnknown {
				category = names[s.Category-latency.CategoryNew]
			}
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", p.Key, s.Name, s.ID, category, meaning(r.Rules.Projects[p.ID], s.ID))
		}
	}
	fmt.Fprintln(tw, "\nUSER FIELD\tID")
	for _, field := range f.Meta.Fields {
		if field.People {
			fmt.Fprintf(tw, "%s\t%s\n", field.Name, field.ID)
		}
	}
	fmt.Fprintln(tw, "\nISSUE TYPE\tID\tIS A STORY")
	for _, t := range f.Meta.Types {
		fmt.Fprintf(tw, "%s\t%s\t%t\n", t.Name, t.ID, r.Rules.Types[t.ID])
	}
	fmt.Fprintln(tw, "\nPROJECT\tLEAD\tACCOUNT\tCONFIGURED OWNERS")
	for _, p := range f.Meta.Projects {
		var owners []string
		for _, term := range cfg.Project(p.Key).Owner {
			owners = append(owners, term.Owner)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", p.Key, r.Rules.Name(r.Rules.Person(p.Lead)), p.Lead, strings.Join(owners, ", "))
	}
	tw.Flush() //nolint:errcheck // the writer's errors come again
	fmt.Fprintln(w)
}

// checkOwners looks up the accounts of owners and returns what is wrong.
func checkOwners(ctx context.Context, w io.Writer, cfg *config.Config, client *jira.Client) []string {
	var bad []string
	keys := make([]string, 0, len(cfg.Owners))
	for key := range cfg.Owners {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		for _, account := range cfg.Owners[key].Accounts {
			u, err := client.User(ctx, account)
			switch {
			case err != nil:
				bad = append(bad, fmt.Sprintf("%s:%d: owners.%s: account %s: %v", cfg.File(), cfg.Line("owners."+key+".accounts"), key, account, err))
			case !u.Active:
				fmt.Fprintf(w, "warning: owners.%s: account %s (%s) is not active\n", key, account, u.DisplayName)
			default:
				fmt.Fprintf(w, "owner %s is %s (account %s)\n", key, u.DisplayName, u.ID)
			}
		}
	}
	return bad
}

// printExits prints where stories went when they left acceptance, and the outcome.
func printExits(ctx context.Context, w io.Writer, r *query.Reader) error {
	exits, err := r.Exits(ctx)
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "PROJECT\tLEFT ACCEPTANCE TO\tOUTCOME\tCOUNT")
	for _, e := range exits.Sorted() {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%d\n", e.Project, e.Status, e.Outcome, exits[e])
	}
	return tw.Flush()
}
