package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/dashboards"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/columns"
	"github.com/yourturn/yourturn/internal/diagnose"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/words"
)

// checkCommand validates a config, and with --online the Jira it is for.
func checkCommand(e Env) *cobra.Command {
	var configFile string
	var online, names, kept bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Validate a config, and see whether it is the right one",
		Long: `check reads a config and reports every error in it, and which of its secrets other
users can read.

With --online it goes on with a diagnosis, in order: the address, the token, the
clock, projects, permissions, each project's workflow, user fields, owners,
calendars, sprints, secrets, the store; and what the last 90 days say of the
config: how many waits there were, which other statuses look like acceptance, how
many stories bypassed acceptance, how many waits have no owner. The 90 days are those
of the store, or, while that is empty, of a sample of stories that is read from
Jira.

Each line works, needs attention, or is broken, with what to do about it. The
verdict is that of the worst line. Exit codes: 0 if nothing is broken, 1 if
something is, 2 if the file is wrong.

With --store it derives every story and compares the numbers with those that a
start would begin with, from what the store keeps of the last derivation. It
writes nothing; stop a ` + "`serve`" + ` that writes to the store before. The exit code
is 1 if the numbers differ.

--names lists the statuses, user fields, issue types and leads with their ids:
what you need to write a config by hand. ` + "`yourturn init`" + ` writes one for you.`,
		Example: "  yourturn check --config.file yourturn.yml --online",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(e, configFile)
			if err != nil {
				return err
			}
			if names && !online {
				return usageError{errors.New("--names needs --online: the names are Jira's")}
			}
			if _, err := app.CheckWeb(cfg); err != nil {
				return err
			}
			fmt.Fprintf(e.Out, "%s is valid\n", configFile)
			if err := printLeftOut(e, cfg); err != nil {
				return err
			}
			if kept {
				if err := checkStore(cmd.Context(), e, cfg); err != nil {
					return err
				}
			}
			if !online {
				for _, l := range slices.Concat(diagnose.Exposures(cfg), diagnose.Pages(cfg)) {
					if l.Grade != diagnose.Works {
						printLine(e.Out, l)
					}
				}
				return nil
			}
			return checkOnline(cmd.Context(), e, cfg, names)
		},
	}
	configFlag(cmd.Flags(), &configFile)
	cmd.Flags().BoolVar(&online, "online", false, "ask Jira too")
	cmd.Flags().BoolVar(&kept, "store", false, "compare what the store keeps for the next start with a derivation of every story")
	cmd.Flags().BoolVar(&names, "names", false, "with --online: list what Jira has, with ids")
	return cmd
}

// printLeftOut says of each metric family that is not exposed what needs it.
func printLeftOut(e Env, cfg *config.Config) error {
	for _, family := range cfg.Metrics.LeftOut() {
		boards, rules, err := dashboards.Need(family)
		if err != nil {
			return err
		}
		var need []string
		for _, b := range boards {
			need = append(need, "the dashboard "+b)
		}
		for _, r := range rules {
			need = append(need, "the rule "+r)
		}
		if len(need) > 0 {
			printLine(e.Out, diagnose.Line{
				Topic: "metrics", Grade: diagnose.Look, Text: fmt.Sprintf("metrics.families leaves out %s, so less is shown by %s", family, words.List(need)),
				Remedy: "take the family out of metrics.families, or do without",
			})
		}
	}
	return nil
}

// checkStore compares what a store keeps of the last derivation with a derivation of
// every story.
func checkStore(ctx context.Context, e Env, cfg *config.Config) error {
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadOnly)
	if err != nil {
		return err
	}
	defer st.Close()
	c, err := app.CompareKept(ctx, cfg, st)
	switch {
	case err != nil:
		return err
	case c.Doubt != nil:
		fmt.Fprint(e.Out, columns.Wrap(fmt.Sprintf("the next start derives every story: %v", c.Doubt), 0))
		return nil
	case len(c.Lines) > 0 || c.Uncounted != 0:
		for _, line := range c.Lines[:min(len(c.Lines), 20)] {
			fmt.Fprintln(e.Out, line)
		}
		return fmt.Errorf("%s: what is kept is not what every story comes to: %d lines differ, and %d things would be counted: "+
			"start serve, which finds and mends it, or run `yourturn sync --recount`", cfg.Store.URL, len(c.Lines), c.Uncounted)
	}
	fmt.Fprintln(e.Out, "what the store keeps for the next start is what every story comes to")
	return nil
}

// checkOnline diagnoses a config, prints each finding as soon as it is known,
// and fails if something is broken.
func checkOnline(ctx context.Context, e Env, cfg *config.Config, listNames bool) error {
	client, err := app.NewClient(cfg, jira.Options{Logger: zap.NewNop(), Transport: e.Transport, OneShot: true})
	if err != nil {
		return err
	}
	show := newProgress(e.Err)
	fmt.Fprintf(e.Err, "asking %s\n", cfg.Jira.URL)
	found, err := diagnose.Run(ctx, diagnose.Subject{
		Config: cfg, Client: client, Now: e.now,
		Progress: func(text string) { show.show("%s", text) },
	}, func(lines []diagnose.Line) {
		show.done()
		for _, l := range lines {
			printLine(e.Out, l)
		}
	})
	show.done()
	if err != nil {
		return err
	}
	if listNames {
		if err := printNames(ctx, e.Out, cfg, found); err != nil {
			return err
		}
	}
	grade, text := diagnose.Worst(found.Lines)
	fmt.Fprint(e.Out, "\n"+columns.Wrap(fmt.Sprintf("Result: %s. %s.", grade, capital(text)), 0))
	if grade == diagnose.Broken {
		return fmt.Errorf("%s: %s", cfg.File(), text)
	}
	return nil
}

// The columns of a finding: its grade, its topic, what was found.
const (
	gradeColumns = 14
	topicColumns = 13
)

// printLine prints a finding, in a terminal of 80 columns.
func printLine(w io.Writer, l diagnose.Line) {
	const indent = gradeColumns + topicColumns
	text := columns.Wrap(l.Message(), indent)
	if advice := l.Advice(); advice != "" {
		text += columns.Wrap("→ "+advice, indent)
	}
	fmt.Fprintf(w, "%-*s%-*s%s", gradeColumns, l.Grade, topicColumns, l.Topic, text[indent:])
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

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

// printNames lists what Jira has with its ids, which is what somebody needs to
// write a config by hand, and where stories went from acceptance over all time.
func printNames(ctx context.Context, w io.Writer, cfg *config.Config, d *diagnose.Diagnosis) error {
	if d.Rules == nil {
		return nil // Jira could not be asked
	}
	names := []string{"new", "in progress", "done"}
	rows := [][]string{{"PROJECT", "STATUS", "ID", "CATEGORY", "MEANS"}}
	for _, p := range d.Watched {
		flow := d.Workflows[p.ID]
		if flow == nil {
			flow = d.Facts.Meta.Statuses
		}
		for _, s := range flow {
			if s.ProjectID != "" && s.ProjectID != p.ID {
				continue
			}
			category := "unknown"
			if s.Category != latency.CategoryUnknown {
				category = names[s.Category-latency.CategoryNew]
			}
			rows = append(rows, []string{p.Key, s.Name, s.ID, category, meaning(d.Rules.Rules.Projects[p.ID], s.ID)})
		}
	}
	printTableOf(w, rows)
	rows = [][]string{{"USER FIELD", "ID"}}
	for _, field := range d.Facts.Meta.Fields {
		if field.People {
			rows = append(rows, []string{field.Name, field.ID})
		}
	}
	printTableOf(w, rows)
	rows = [][]string{{"ISSUE TYPE", "ID", "IS A STORY"}}
	for _, t := range d.Facts.Meta.Types {
		rows = append(rows, []string{t.Name, t.ID, strconv.FormatBool(d.Rules.Rules.Types[t.ID])})
	}
	printTableOf(w, rows)
	rows = [][]string{{"PROJECT", "LEAD", "ACCOUNT", "CONFIGURED OWNERS"}}
	for _, p := range d.Watched {
		var owners []string
		for _, term := range cfg.Project(p.Key).Owner {
			owners = append(owners, term.Owner)
		}
		rows = append(rows, []string{p.Key, d.Rules.Rules.Name(d.Rules.Rules.Person(p.Lead)), p.Lead, strings.Join(owners, ", ")})
	}
	printTableOf(w, rows)
	return printExits(ctx, w, cfg, d.Rules)
}

// printTableOf prints rows, of which the first is the head, in a terminal of 80
// columns: a name that is too long is cut, an id never.
func printTableOf(w io.Writer, rows [][]string) {
	const gap, longest = 2, 28
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if len(widths) <= i {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns.Of(columns.Clean(cell)))
		}
	}
	widths[min(1, len(widths)-1)] = min(widths[min(1, len(widths)-1)], longest)
	widths[0] = min(widths[0], longest)
	fmt.Fprintln(w)
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			cell = columns.Clean(cell)
			if i < 2 && i != len(row)-1 {
				cell = columns.Cut(cell, widths[i])
			}
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-columns.Of(cell)+gap))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// printExits prints where stories went when they left acceptance, and the
// outcome, if there is a store with a completed sync.
func printExits(ctx context.Context, w io.Writer, cfg *config.Config, r *rules.Result) error {
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadOnly)
	if err != nil {
		return nil // the diagnosis said what is wrong with it
	}
	defer st.Close()
	state, err := st.State(ctx)
	if err != nil {
		return err
	}
	exits, err := (&query.Reader{Store: st, State: state, Rules: r.Rules}).Exits(ctx)
	if errors.Is(err, store.ErrEmpty) {
		return nil
	}
	if err != nil {
		return err
	}
	rows := [][]string{{"PROJECT", "LEFT ACCEPTANCE TO", "OUTCOME", "COUNT"}}
	for _, e := range exits.Sorted() {
		rows = append(rows, []string{e.Project, e.Status, string(e.Outcome), strconv.Itoa(exits[e])})
	}
	printTableOf(w, rows)
	return nil
}
