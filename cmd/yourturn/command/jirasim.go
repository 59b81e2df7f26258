package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/orgs"
)

// jirasimFlags are the flags of jirasim.
type jirasimFlags struct {
	data, flavor, listen, token, email string
	organisation                       string
	seed                               int64
	speed                              float64
}

// jirasimCommand serves a simulated Jira alone.
func jirasimCommand(e Env) *cobra.Command {
	var f jirasimFlags
	cmd := &cobra.Command{
		Use:   "jirasim (--data FILE | --organisation NAME | --seed N)",
		Short: "Serve a simulated Jira",
		Long: `jirasim serves Jira's REST interface over HTTP: from an export of real issues, from
a generated organisation whose team continues to work while it runs, or from one of
several small organisations that differ in language, workflow and owners. Nothing
happens in the small ones any more.

An export is a .jsonl or .jsonl.gz file, or a folder of them. Each line is one issue
as GET /rest/api/2/issue/KEY?expand=changelog returns it.`,
		Example: `  yourturn jirasim --data issues.jsonl.gz --flavor datacenter --listen 127.0.0.1:8080 --token t
  yourturn jirasim --seed 7 --flavor cloud --listen 127.0.0.1:8080 --token t`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return serveJirasim(cmd, e, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "serve the issues of this export (`file` or folder)")
	flags.StringVar(&f.organisation, "organisation", "", "serve this organisation (`name`): "+strings.Join(orgs.Names(), ", "))
	flags.Int64Var(&f.seed, "seed", 1, "the `number` of the organisation that is generated")
	flags.Float64Var(&f.speed, "speed", 1200, "how many times faster than people the team acts; the clock is always the real one")
	flags.StringVar(&f.flavor, "flavor", "cloud", "cloud or datacenter")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "listen on this `address`")
	flags.StringVar(&f.token, "token", "simulated", "the `token` that the simulated Jira accepts")
	flags.StringVar(&f.email, "email", "bot@example.com", "Cloud: the e-mail `address` of the token's account")
	return cmd
}

func serveJirasim(cmd *cobra.Command, e Env, f jirasimFlags) error {
	flavor := jirasim.Flavor(f.flavor)
	if flavor != jirasim.Cloud && flavor != jirasim.DataCenter {
		return usageError{fmt.Errorf("--flavor %q: use cloud or datacenter", f.flavor)}
	}
	if f.data != "" && (cmd.Flags().Changed("seed") || f.organisation != "") {
		return usageError{errors.New("--data excludes --seed and --organisation: an export has its own issues")}
	}
	if f.organisation != "" && !slices.Contains(orgs.Names(), f.organisation) {
		return usageError{fmt.Errorf("--organisation %q: use one of %s", f.organisation, strings.Join(orgs.Names(), ", "))}
	}
	ctx := cmd.Context()
	opts := jirasim.Options{Token: f.token, Email: f.email}
	if flavor == jirasim.DataCenter {
		opts.Email, opts.ContextPath = "", "/jira"
	}
	site, live, err := simulate(f, flavor)
	if err != nil {
		return err
	}
	l, err := opened(ctx, f.listen)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: jirasim.NewServer(site, opts), ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintf(e.Out, "the simulated Jira listens on http://%s%s\n", l.Addr(), opts.ContextPath)
	context.AfterFunc(ctx, func() { srv.Close() }) //nolint:errcheck // it is over
	if live != nil {
		go live(ctx)
	}
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}
