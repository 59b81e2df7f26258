package command

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
)

// waitsFlags are the flags of waits.
type waitsFlags struct {
	configFile, asOf, owner, project, kind, story, format string
	open, audit                                           bool
}

// waitsCommand lists the derived waits.
func waitsCommand(e Env) *cobra.Command {
	var f waitsFlags
	cmd := &cobra.Command{
		Use:   "waits",
		Short: "List the waits, as derived from the store",
		Long: `waits derives every wait from the store, without asking Jira, and prints one line
for each owner's part of it. Times are those of the owner's clock (elapsed: wall
time without pauses; working: the part of it in working hours).

  --story KEY explains one story: its waits, then each event with the rules that
              used it and what the clocks showed.
  --audit     lists the audit's findings: what is odd in the data. No finding
              removes anything from the numbers.

LONGER THAN is the share of the owner's waits of the last 90 days, open ones
counted as open, that were over before the age that an open wait has now.

Numbers are as of the last complete poll, or as of --as-of. An ending counts after
the slip window. Until then the wait is shown as open, with its clock stopped.`,
		Example: `  yourturn waits --config.file yourturn.yml --open
  yourturn waits --config.file yourturn.yml --story PAY-7
  yourturn waits --config.file yourturn.yml --as-of 2026-03-31T18:00:00+02:00 --format csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return waits(cmd.Context(), e, f) },
	}
	flags := cmd.Flags()
	configFlag(flags, &f.configFile)
	flags.StringVar(&f.asOf, "as-of", "", "derive as of this instant (RFC 3339) instead of the last complete poll")
	flags.StringVar(&f.owner, "owner", "", "only this owner's")
	flags.StringVar(&f.project, "project", "", "only this project's (key)")
	flags.StringVar(&f.kind, "kind", "", "only this kind: acceptance or question")
	flags.StringVar(&f.story, "story", "", "only this story's (key), explained step by step")
	flags.BoolVar(&f.open, "open", false, "only open waits")
	flags.BoolVar(&f.audit, "audit", false, "list the audit's findings instead")
	flags.StringVar(&f.format, "format", "table", "table, json or csv")
	return cmd
}

// validate checks the flags that need no config.
func (f *waitsFlags) validate() error {
	if !slices.Contains([]string{"table", "json", "csv"}, f.format) {
		return usageError{fmt.Errorf("--format %q: use table, json or csv", f.format)}
	}
	if !slices.Contains([]string{"", "acceptance", "question"}, f.kind) {
		return usageError{fmt.Errorf("--kind %q: use acceptance or question", f.kind)}
	}
	return nil
}

func waits(ctx context.Context, e Env, f waitsFlags) error {
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
	asOf := r.State.DataTimestamp
	if f.asOf != "" {
		t, err := time.Parse(time.RFC3339, f.asOf)
		if err != nil {
			return usageError{fmt.Errorf("--as-of %q: give an instant like 2026-03-31T18:00:00+02:00", f.asOf)}
		}
		asOf = latency.At(t)
	}
	filter := query.Filter{Owner: f.owner, Project: f.project, Kind: f.kind, Story: f.story, Open: f.open}
	switch {
	case f.audit:
		found, err := r.Audit(ctx, filter, asOf)
		if err != nil {
			return err
		}
		return printFindings(e.Out, f.format, found)
	case f.story != "" && f.format == "table":
		story, err := r.Story(ctx, f.story, asOf)
		if err != nil {
			return err
		}
		return printStory(e.Out, r, story)
	}
	found, err := r.Waits(ctx, filter, asOf)
	if err != nil {
		return err
	}
	switch f.format {
	case "json":
		return printJSON(e.Out, r.Rules, found.Parts)
	case "csv":
		return printCSV(e.Out, r.Rules, found.Parts)
	default:
		return printTable(e.Out, r, found, asOf)
	}
}

func printJSON(w io.Writer, rules *latency.Rules, list []latency.Part) error {
	out := make([]query.Part, 0, len(list))
	for i := range list {
		out = append(out, query.NewPart(rules, &list[i]))
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

func printCSV(w io.Writer, rules *latency.Rules, list []latency.Part) error {
	c := csv.NewWriter(w)
	rows := [][]string{{
		"story", "story_id", "project", "kind", "owner", "start", "end", "outcome", "responder", "final", "part", "cycle",
		"elapsed_seconds", "working_seconds", "paused_seconds", "story_elapsed_seconds", "story_working_seconds", "target_seconds",
		"breached", "addressed", "asks", "other_replies", "first_reply", "rule",
	}}
	num := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	for i := range list {
		j := query.NewPart(rules, &list[i])
		cycle := ""
		if j.Cycle != nil {
			cycle = strconv.Itoa(*j.Cycle)
		}
		rows = append(rows, []string{
			j.Story, j.StoryID, j.Project, j.Kind, j.Owner, j.Start, text(j.End), j.Outcome, j.Responder, strconv.FormatBool(j.Final),
			strconv.Itoa(j.Part), cycle, num(j.ElapsedSeconds), num(j.WorkingSeconds), num(j.PausedSeconds), num(j.StoryElapsedSeconds),
			num(j.StoryWorkingSeconds), num(j.TargetSeconds), strconv.FormatBool(j.Breached), j.Addressed, strconv.Itoa(j.Asks),
			strconv.Itoa(j.OtherReplies), text(j.FirstReply), j.Rule,
		})
	}
	if err := c.WriteAll(rows); err != nil {
		return err
	}
	return c.Error()
}

func printTable(w io.Writer, r *query.Reader, found *query.Waits, asOf latency.Instant) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "STORY\tPROJECT\tKIND\tOWNER\tSTART\tEND\tOUTCOME\tBY\tWORKING\tELAPSED\tTARGET\tLONGER THAN\t")
	open := 0
	for i := range found.Parts {
		l := &found.Parts[i]
		end, outcome := "", cmp.Or(string(l.Outcome), "open")
		if !l.Open() {
			end = l.End.Time().Format("2006-01-02 15:04")
		} else {
			open++
			if l.PausedNow {
				outcome = "paused"
			}
		}
		target := "met"
		if l.Breached {
			target = "past"
		} else if l.Open() {
			target = "within"
		} else if !l.Outcome.IsResponse() {
			target = ""
		}
		pace := ""
		if share, ok := found.Statistics.Pace(l); ok && l.Open() {
			pace = fmt.Sprintf("%.0f %%", 100*share)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", l.Story, r.Project(l.ProjectID), l.Kind, l.Owner,
			l.Start.Time().Format("2006-01-02 15:04"), end, outcome, l.Responder, clock(l.Working), clock(l.Elapsed), target, pace)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d waits, %d of them open, as of %s (times in UTC)\n", len(found.Parts), open, query.Stamp(asOf))
	return err
}

// clock renders a duration as hours and minutes.
func clock(d time.Duration) string {
	m := int64(d / time.Minute)
	return fmt.Sprintf("%d:%02d", m/60, m%60)
}

func printFindings(w io.Writer, format string, list []query.Finding) error {
	switch format {
	case "json":
		return json.NewEncoder(w).Encode(list)
	case "csv":
		c := csv.NewWriter(w)
		rows := [][]string{{"reason", "story", "project", "at", "detail"}}
		for _, f := range list {
			rows = append(rows, []string{f.Reason, f.Story, f.Project, f.At, f.Detail})
		}
		return c.WriteAll(rows)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "REASON\tSTORY\tPROJECT\tAT\tDETAIL")
	for _, f := range list {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", f.Reason, f.Story, f.Project, f.At, f.Detail)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d findings\n", len(list))
	return err
}
