package command

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

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

A forgotten wait is open, older than 10 targets on the story's clock, and nothing
has happened on its story for 15 working days of the project.

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
	flags.StringVar(&f.owner, "owner", "", "only this owner's: a key of owners, an account, or a display name")
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
	filter, err := r.Named(ctx, query.Filter{Owner: f.owner, Project: f.project, Kind: f.kind, Story: f.story, Open: f.open})
	if err != nil {
		return unknownIsUsage(err)
	}
	sayUnconfigured(e, r, filter)
	switch {
	case f.audit:
		found, err := r.Audit(ctx, filter, asOf)
		if err != nil {
			return err
		}
		return printFindings(e.Out, f.format, found)
	case f.story != "" && f.format == "table":
		story, err := r.Story(ctx, filter.Story, asOf)
		if err != nil {
			return err
		}
		return printStory(e.Out, r, story)
	}
	table := newWaitsTable(r)
	var look query.Preview
	if f.format == "table" {
		look = query.Preview{Part: table.measure, Statistics: true}
	}
	found, err := r.Waits(ctx, filter, asOf, look)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(e.Out, 1<<16)
	switch f.format {
	case "json":
		err = printJSON(out, r.Rules, found.All(ctx))
	case "csv":
		err = printCSV(out, r.Rules, found.All(ctx))
	default:
		err = table.print(ctx, out, found, asOf)
	}
	return cmp.Or(err, out.Flush(), found.Close())
}

// printJSON prints an array, element by element: there may be more waits than fit
// into memory.
func printJSON(w io.Writer, rules *latency.Rules, parts iter.Seq2[*latency.Part, error]) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	before := "["
	for p, err := range parts {
		if err != nil {
			return err
		}
		b.Reset()
		b.WriteString(before)
		before = ","
		if err := enc.Encode(query.NewPart(rules, p)); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the encoder ends a line
		if _, err := w.Write(b.Bytes()); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, map[bool]string{true: "[]\n", false: "]\n"}[before == "["])
	return err
}

func printCSV(w io.Writer, rules *latency.Rules, parts iter.Seq2[*latency.Part, error]) error {
	c := csv.NewWriter(w)
	err := c.Write([]string{
		"story", "story_id", "project", "kind", "owner", "start", "end", "outcome", "responder", "final", "part", "cycle",
		"elapsed_seconds", "working_seconds", "paused_seconds", "story_elapsed_seconds", "story_working_seconds", "target_seconds",
		"breached", "addressed", "asks", "other_replies", "first_reply", "rule", "forgotten",
	})
	num := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	for p, readErr := range parts {
		if err = cmp.Or(err, readErr); err != nil {
			return err
		}
		j := query.NewPart(rules, p)
		cycle := ""
		if j.Cycle != nil {
			cycle = strconv.Itoa(*j.Cycle)
		}
		err = c.Write([]string{
			j.Story, j.StoryID, j.Project, j.Kind, j.Owner, j.Start, text(j.End), j.Outcome, j.Responder, strconv.FormatBool(j.Final),
			strconv.Itoa(j.Part), cycle, num(j.ElapsedSeconds), num(j.WorkingSeconds), num(j.PausedSeconds), num(j.StoryElapsedSeconds),
			num(j.StoryWorkingSeconds), num(j.TargetSeconds), strconv.FormatBool(j.Breached), j.Addressed, strconv.Itoa(j.Asks),
			strconv.Itoa(j.OtherReplies), text(j.FirstReply), j.Rule, strconv.FormatBool(j.Forgotten),
		})
	}
	c.Flush()
	return cmp.Or(err, c.Error())
}

// waitsTable prints waits in columns. It sees each wait twice: first to find how
// wide the columns are, then in order.
type waitsTable struct {
	reader *query.Reader
	widths []int
}

// newWaitsTable returns a table whose columns are as wide as their heads.
func newWaitsTable(r *query.Reader) *waitsTable {
	t := &waitsTable{reader: r}
	for _, head := range waitsHeads() {
		t.widths = append(t.widths, utf8.RuneCountInString(head))
	}
	return t
}

func waitsHeads() []string {
	return []string{"STORY", "PROJECT", "KIND", "OWNER", "START", "END", "OUTCOME", "BY", "WORKING", "ELAPSED", "TARGET", "LONGER THAN"}
}

// measure widens the columns for a wait. The last column is never wider than its head.
func (t *waitsTable) measure(p *latency.Part) {
	for i, cell := range t.cells(p) {
		t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell))
	}
}

// cells returns what stands in all columns but the last.
func (t *waitsTable) cells(p *latency.Part) []string {
	end, outcome := "", cmp.Or(string(p.Outcome), "open")
	if !p.Open() {
		end = p.End.Time().Format("2006-01-02 15:04")
	} else if p.Forgotten {
		outcome = "forgotten"
	} else if p.PausedNow {
		outcome = "paused"
	}
	target := "met"
	if p.Breached {
		target = "past"
	} else if p.Open() {
		target = "within"
	} else if !p.Outcome.IsResponse() {
		target = ""
	}
	return []string{
		p.Story, t.reader.Project(p.ProjectID), string(p.Kind), t.reader.Rules.Label(p.Owner), p.Start.Time().Format("2006-01-02 15:04"), end, outcome,
		string(p.Responder), clock(p.Working), clock(p.Elapsed), target,
	}
}

func (t *waitsTable) print(ctx context.Context, w io.Writer, found *query.Waits, asOf latency.Instant) error {
	if err := t.line(w, waitsHeads()); err != nil {
		return err
	}
	for p, err := range found.All(ctx) {
		if err != nil {
			return err
		}
		pace := ""
		if p.Open() { // to compare takes time, and an ended wait is not shown compared
			if share, ok := found.Statistics.Pace(p); ok {
				pace = fmt.Sprintf("%.0f %%", 100*share)
			}
		}
		if err := t.line(w, append(t.cells(p), pace)); err != nil {
			return err
		}
	}
	forgotten := ""
	if found.Forgotten > 0 {
		forgotten = fmt.Sprintf(" (%d of these forgotten)", found.Forgotten)
	}
	_, err := fmt.Fprintf(w, "%d waits, %d of them open%s, as of %s (times in UTC)\n", found.Count, found.Open, forgotten, query.Stamp(asOf))
	return err
}

// line prints cells, with two spaces behind each column.
func (t *waitsTable) line(w io.Writer, cells []string) error {
	var b strings.Builder
	for i, cell := range cells {
		b.WriteString(cell)
		b.WriteString(strings.Repeat(" ", max(0, t.widths[i]-utf8.RuneCountInString(cell))+2))
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
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
