package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/retrospective"
	"github.com/yourturn/yourturn/internal/retrospective/render"
	"github.com/yourturn/yourturn/internal/web"
)

const dateOnly = "2006-01-02"

// reportFlags are the flags of report.
type reportFlags struct {
	configFile, from, to, sprint, project, format string
	longest, standInDays                          int
}

// reportCommand writes a retrospective.
func reportCommand(e Env) *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write a retrospective of a sprint or of some days",
		Long: `report looks back on a sprint, or on whole days, without asking Jira. It says what
waited and how long, how the waits ended, whether that was better than in the three
ranges before, which waits were the longest and what happened in them, what is still
open, what stand-ins changed, what the targets would save, and which questions to talk
about. Where there is too little to tell, it says so. docs/report.md explains each number.

Without --sprint, --from and --to it looks at the last 14 whole days.`,
		Example: `  yourturn report --config.file yourturn.yml --project PAY --sprint "Sprint 12" > sprint-12.md
  yourturn report --config.file yourturn.yml --from 2026-03-02 --to 2026-03-15
  yourturn report --config.file yourturn.yml --format html > retrospective.html
  yourturn report --config.file yourturn.yml --format csv > retrospective.csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return report(cmd.Context(), e, f) },
	}
	flags := cmd.Flags()
	configFlag(flags, &f.configFile)
	flags.StringVar(&f.sprint, "sprint", "", "the sprint of this name, compared with the three that ended before it; needs --project")
	flags.StringVar(&f.from, "from", "", "the first day, such as 2026-03-02")
	flags.StringVar(&f.to, "to", "", "the last day; today's still runs")
	flags.StringVar(&f.project, "project", "", "only this project (key)")
	flags.StringVar(&f.format, "format", "markdown", "markdown, html, json or csv")
	flags.IntVar(&f.longest, "longest", 10, "how many of the longest waits are listed")
	flags.IntVar(&f.standInDays, "stand-in-days", 180, "over how many days up to the range's end stand-ins are compared")
	return cmd
}

// validate checks the flags that need no config.
func (f *reportFlags) validate() error {
	switch {
	case !slices.Contains([]string{"markdown", "html", "json", "csv"}, f.format):
		return usageError{fmt.Errorf("--format %q: use markdown, html, json or csv", f.format)}
	case f.longest < 0:
		return usageError{fmt.Errorf("--longest %d: give 0 or more", f.longest)}
	case f.standInDays < 0:
		return usageError{fmt.Errorf("--stand-in-days %d: give 1 or more, or 0 for 180", f.standInDays)}
	case f.sprint != "" && (f.from != "" || f.to != ""):
		return usageError{errors.New("--sprint has its own days: give it, or --from and --to")}
	case f.sprint != "" && f.project == "":
		return usageError{errors.New("--sprint needs --project: boards of several projects may have sprints of one name")}
	case (f.from == "") != (f.to == ""):
		return usageError{errors.New("give both --from and --to, or neither for the last 14 days")}
	}
	return nil
}

func report(ctx context.Context, e Env, f reportFlags) error {
	if err := f.validate(); err != nil {
		return err
	}
	cfg, err := loadConfig(e, f.configFile)
	if err != nil {
		return err
	}
	r, err := query.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer r.Close()
	named, err := r.Named(ctx, query.Filter{Project: f.project})
	if err != nil {
		return unknownIsUsage(err)
	}
	sayUnconfigured(e, r, named)
	opts := retrospective.Options{PerOwner: true, Longest: f.longest, StandInDays: f.standInDays, Workers: runtime.GOMAXPROCS(0)}
	wanted, err := f.wanted()
	if err != nil {
		return err
	}
	zone := reportZone(cfg, named.Project)
	if named.Project != "" {
		opts.Projects = []string{named.Project}
	}
	wanted.Projects = opts.Projects
	if opts.Range, opts.Before, err = r.Ranges(ctx, wanted, zone); err != nil {
		return unknownIsUsage(err)
	}
	made, err := r.Retrospective(ctx, opts, nil)
	if err != nil {
		return err
	}
	return f.print(e.Out, made, zone, r.JiraURL())
}

// unknownIsUsage makes a wrong use of the command of a name that is not there.
func unknownIsUsage(err error) error {
	if unknown := (query.UnknownError{}); errors.As(err, &unknown) {
		return usageError{err}
	}
	if early := (query.TooEarlyError{}); errors.As(err, &early) {
		return usageError{err}
	}
	return err
}

// reportZone returns the zone whose days a report has: the project's, or the global
// one for several.
func reportZone(cfg *config.Config, project string) *time.Location {
	if project != "" {
		return cfg.ProjectZone(project)
	}
	return cfg.Zone()
}

// wanted returns the sprint or the days that the flags name.
func (f *reportFlags) wanted() (query.Wanted, error) {
	w := query.Wanted{Sprint: f.sprint}
	if f.from == "" {
		return w, nil
	}
	var err error
	if w.From, err = time.Parse(dateOnly, f.from); err != nil {
		return w, usageError{fmt.Errorf("--from %q: give a day like 2026-03-02", f.from)}
	}
	if w.To, err = time.Parse(dateOnly, f.to); err != nil {
		return w, usageError{fmt.Errorf("--to %q: give a day like 2026-03-15", f.to)}
	}
	if w.To.Before(w.From) {
		return w, usageError{fmt.Errorf("--to %s is before --from %s", f.to, f.from)}
	}
	return w, nil
}

// print writes the report in the form that was asked for.
func (f *reportFlags) print(w io.Writer, r *retrospective.Report, zone *time.Location, jira string) error {
	switch f.format {
	case "json":
		return render.JSON(w, r)
	case "csv":
		return render.CSV(w, r)
	case "html":
		return render.HTML(w, r, render.Format{Zone: zone, Base: jira}, web.Style())
	default:
		return render.Markdown(w, r, render.Format{Zone: zone, Base: jira})
	}
}
