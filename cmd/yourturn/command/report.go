package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/retrospective"
	"github.com/yourturn/yourturn/internal/retrospective/render"
)

const (
	dateOnly    = "2006-01-02"
	defaultDays = 14
)

// reportFlags are the flags of report.
type reportFlags struct {
	configFile, from, to, sprint, project, format string
	longest                                       int
}

// reportCommand writes a retrospective.
func reportCommand(e Env) *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write a retrospective of a sprint or of some days",
		Long: `report looks back on a sprint, or on whole days, without asking Jira: what waited and
how long, what became of it, whether that was better than in the three ranges before,
the longest waits and what happened in them, what is still open, what stand-ins changed,
what the targets would save, and questions to talk about. Where there is too little to
tell, it says so. docs/report.md says how each number is made.

Without --sprint, --from and --to it looks at the last 14 whole days.`,
		Example: `  yourturn report --config.file yourturn.yml --project PAY --sprint "Sprint 12" > sprint-12.md
  yourturn report --config.file yourturn.yml --from 2026-03-02 --to 2026-03-15
  yourturn report --config.file yourturn.yml --format csv > waits.csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return report(cmd.Context(), e, f) },
	}
	flags := cmd.Flags()
	configFlag(flags, &f.configFile)
	flags.StringVar(&f.sprint, "sprint", "", "the sprint of this name, compared with the three that ended before it; needs --project")
	flags.StringVar(&f.from, "from", "", "the first day, such as 2026-03-02")
	flags.StringVar(&f.to, "to", "", "the last day; today's still runs")
	flags.StringVar(&f.project, "project", "", "only this project (key)")
	flags.StringVar(&f.format, "format", "markdown", "markdown, json or csv")
	flags.IntVar(&f.longest, "longest", 10, "how many of the longest waits are listed")
	return cmd
}

// validate checks the flags that need no config.
func (f *reportFlags) validate() error {
	switch {
	case !slices.Contains([]string{"markdown", "json", "csv"}, f.format):
		return usageError{fmt.Errorf("--format %q: use markdown, json or csv", f.format)}
	case f.longest < 0:
		return usageError{fmt.Errorf("--longest %d: give 0 or more", f.longest)}
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
	opts := retrospective.Options{PerOwner: true, Longest: f.longest}
	zone := reportZone(cfg, named.Project)
	if named.Project != "" {
		opts.Projects = []string{named.Project}
	}
	if f.sprint != "" {
		opts.Range, opts.Before, err = r.Sprint(ctx, named.Project, f.sprint)
	} else {
		opts.Range, opts.Before, err = f.days(r.State.DataTimestamp.Time().In(zone), zone)
	}
	if err != nil {
		return unknownIsUsage(err)
	}
	if opts.Range.From >= r.State.DataTimestamp {
		return usageError{fmt.Errorf("the range begins after the store's data, which are as of %s", query.Stamp(r.State.DataTimestamp))}
	}
	made, err := r.Retrospective(ctx, opts)
	if err != nil {
		return err
	}
	return f.print(e.Out, made, zone, cfg.Jira.URL)
}

// unknownIsUsage makes a wrong use of the command of a name that is not there.
func unknownIsUsage(err error) error {
	if unknown := (query.UnknownError{}); errors.As(err, &unknown) {
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

// days returns the ranges of days that the flags name.
func (f *reportFlags) days(now time.Time, zone *time.Location) (retrospective.Range, []retrospective.Range, error) {
	from, to := now.AddDate(0, 0, -defaultDays), now.AddDate(0, 0, -1)
	if f.from != "" {
		var err error
		if from, err = time.Parse(dateOnly, f.from); err != nil {
			return retrospective.Range{}, nil, usageError{fmt.Errorf("--from %q: give a day like 2026-03-02", f.from)}
		}
		if to, err = time.Parse(dateOnly, f.to); err != nil {
			return retrospective.Range{}, nil, usageError{fmt.Errorf("--to %q: give a day like 2026-03-15", f.to)}
		}
		if to.Before(from) {
			return retrospective.Range{}, nil, usageError{fmt.Errorf("--to %s is before --from %s", f.to, f.from)}
		}
	}
	r, before := query.Days(from, to, zone)
	return r, before, nil
}

// print writes the report in the form that was asked for.
func (f *reportFlags) print(w io.Writer, r *retrospective.Report, zone *time.Location, jira string) error {
	switch f.format {
	case "json":
		return render.JSON(w, r)
	case "csv":
		return render.CSV(w, r)
	default:
		return render.Markdown(w, r, zone, jira)
	}
}
