package command

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/columns"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/retrospective"
	"github.com/yourturn/yourturn/internal/untrusted"
)

// waitsFlags are the flags of waits.
type waitsFlags struct {
	configFile, asOf, owner, project, kind, story, format string
	from, to, sprint                                      string
	open, ended, audit                                    bool
}

// waitsCommand lists the derived waits.
func waitsCommand(e Env) *cobra.Command {
	var f waitsFlags
	cmd := &cobra.Command{
		Use:   "waits",
		Short: "List the waits, as derived from the store",
		Long: `waits derives every wait from the store, without asking Jira, and prints one line
for each owner's part of it. Times are those of the owner's clock (elapsed: wall
time without pauses; working: the same, cut to working hours). JSON and CSV have
a link into Jira too: to the story, or to the comment that asks.

  --from DAY --to DAY   only waits that ran at any time of these days: whole days of
                        the project's time zone, or of the global one without --project
  --sprint NAME         the same for the days of a sprint; needs --project
  --open, --ended       only those that are open, or only those that have ended

  --story KEY explains one story: its waits, then each event with the rules that
              used it and what the clocks showed.
  --audit     lists the audit's findings: what is odd in the data. No finding
              removes anything from the numbers.

LONGER THAN says of an open wait which share of its owner's waits of the last 90
days were over before they had its present age. Open waits count as open.

A forgotten wait is open, older than 10 targets on the story's clock, and nothing
has happened on its story for 15 working days of the project.

Numbers are as of the last complete poll, or as of --as-of. An ending counts after
the slip window. Until then the wait is shown as open, with its clock stopped. The
command report is as of the end of its range: with --as-of at that instant, waits
shows the same.`,
		Example: `  yourturn waits --config.file yourturn.yml --open
  yourturn waits --config.file yourturn.yml --story PAY-7
  yourturn waits --config.file yourturn.yml --project PAY --sprint "Sprint 12" --ended
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
	flags.StringVar(&f.sprint, "sprint", "", "only waits that ran in the sprint of this name; needs --project")
	flags.StringVar(&f.from, "from", "", "only waits that ran on this day, such as 2026-03-02, or later; needs --to")
	flags.StringVar(&f.to, "to", "", "only waits that ran on this day or earlier; needs --from")
	flags.BoolVar(&f.open, "open", false, "only open waits")
	flags.BoolVar(&f.ended, "ended", false, "only waits that have ended")
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
	if f.open && f.ended {
		return usageError{errors.New("--open and --ended contradict each other: no wait is both; leave one out, or both for all waits")}
	}
	if f.audit && (f.ranged() || f.ended) {
		return usageError{errors.New("--audit lists findings and no waits: leave out --from, --to, --sprint and --ended")}
	}
	if (f.from == "") != (f.to == "") {
		return usageError{errors.New("give both --from and --to, or neither for all waits")}
	}
	days := f.days()
	return days.validate()
}

// ranged reports whether the flags name a range of time.
func (f *waitsFlags) ranged() bool { return f.from != "" || f.to != "" || f.sprint != "" }

// days returns the flags of a report of the same range, which reads them in the same way.
func (f *waitsFlags) days() reportFlags {
	return reportFlags{from: f.from, to: f.to, sprint: f.sprint, project: f.project, format: "markdown"}
}

// ran returns the range that the flags name, in which waits as of an instant ran.
func (f *waitsFlags) ran(ctx context.Context, cfg *config.Config, r *query.Reader, project string, asOf latency.Instant) (latency.Span, error) {
	var found retrospective.Range
	var err error
	if f.sprint != "" {
		found, _, err = r.Sprint(ctx, project, f.sprint)
	} else {
		days := f.days()
		var w query.Wanted
		if w, err = days.wanted(); err == nil {
			found, _ = query.Days(w.From, w.To, reportZone(cfg, project))
		}
	}
	if err == nil && found.From >= asOf {
		err = usageError{fmt.Errorf("the range begins after the waits, which are as of %s", query.Stamp(asOf))}
	}
	return found.Span, unknownIsUsage(err)
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
	filter, err := r.Named(ctx, query.Filter{Owner: f.owner, Project: f.project, Kind: f.kind, Story: f.story, Open: f.open, Ended: f.ended})
	if err != nil {
		return unknownIsUsage(err)
	}
	if f.ranged() {
		if filter.Ran, err = f.ran(ctx, cfg, r, filter.Project, asOf); err != nil {
			return err
		}
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
		return printStory(ctx, e.Out, r, story)
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
		err = printJSON(ctx, out, r, found)
	case "csv":
		err = printCSV(ctx, out, r, found)
	default:
		err = table.print(ctx, out, found, asOf)
	}
	return cmp.Or(err, out.Flush(), found.Close())
}

// printJSON prints an array, element by element: there may be more waits than fit
// into memory.
func printJSON(ctx context.Context, w io.Writer, r *query.Reader, found *query.Waits) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	before := "["
	for p, err := range found.All(ctx) {
		if err != nil {
			return err
		}
		b.Reset()
		b.WriteString(before)
		before = ","
		if err := enc.Encode(r.Part(p, found.Title(p))); err != nil {
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

func printCSV(ctx context.Context, w io.Writer, r *query.Reader, found *query.Waits) error {
	c := csv.NewWriter(w)
	err := c.Write([]string{
		"story", "story_id", "project", "kind", "owner", "start", "end", "outcome", "responder", "final", "part", "cycle",
		"elapsed_seconds", "working_seconds", "paused_seconds", "story_elapsed_seconds", "story_working_seconds", "target_seconds",
		"breached", "addressed", "asks", "other_replies", "first_reply", "rule", "forgotten", "owner_name", "title", "url",
	})
	num := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	for p, readErr := range found.All(ctx) {
		if err = cmp.Or(err, readErr); err != nil {
			return err
		}
		j := r.Part(p, found.Title(p))
		cycle := ""
		if j.Cycle != nil {
			cycle = strconv.Itoa(*j.Cycle)
		}
		err = c.Write([]string{
			j.Story, j.StoryID, j.Project, j.Kind, untrusted.Cell(j.Owner), j.Start, text(j.End), j.Outcome, j.Responder, strconv.FormatBool(j.Final),
			strconv.Itoa(j.Part), cycle, num(j.ElapsedSeconds), num(j.WorkingSeconds), num(j.PausedSeconds), num(j.StoryElapsedSeconds),
			num(j.StoryWorkingSeconds), num(j.TargetSeconds), strconv.FormatBool(j.Breached), untrusted.Cell(j.Addressed), strconv.Itoa(j.Asks),
			strconv.Itoa(j.OtherReplies), text(j.FirstReply), j.Rule, strconv.FormatBool(j.Forgotten),
			untrusted.Cell(j.OwnerName), untrusted.Cell(j.Title), j.URL,
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
		t.widths = append(t.widths, columns.Of(head))
	}
	return t
}

func waitsHeads() []string {
	return []string{"STORY", "PROJECT", "KIND", "OWNER", "START", "END", "OUTCOME", "BY", "WORKING", "ELAPSED", "TARGET", "LONGER THAN", "TITLE"}
}

// widestTitle is how many columns a title takes at most; the rest is cut off.
const widestTitle = 60

// measure widens the columns for a wait. The last but one is never wider than its head,
// and nothing stands behind the last.
func (t *waitsTable) measure(p *latency.Part) {
	for i, cell := range t.cells(p) {
		t.widths[i] = max(t.widths[i], columns.Of(cell))
	}
}

// cells returns what stands in all columns but the last two.
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
		p.Story, t.reader.Project(p.ProjectID), string(p.Kind), withName(t.reader.Rules.Label(p.Owner), t.reader.Rules.LabelName(p.Owner)), p.Start.Time().Format("2006-01-02 15:04"), end, outcome,
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
		if err := t.line(w, append(t.cells(p), pace, columns.Cut(untrusted.Line(found.Title(p)), widestTitle))); err != nil {
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

// withName returns what an owner is called in a table: the label, and the name beside it
// where that is another.
func withName(label, name string) string {
	label, name = untrusted.Line(label), untrusted.Line(name)
	if name == "" || name == label || label == latency.All {
		return label
	}
	return label + " (" + name + ")"
}

// line prints cells, with two spaces between columns.
func (t *waitsTable) line(w io.Writer, cells []string) error {
	var b strings.Builder
	for i, cell := range cells {
		b.WriteString(cell)
		if i < len(cells)-1 {
			b.WriteString(strings.Repeat(" ", max(0, t.widths[i]-columns.Of(cell))+2))
		}
	}
	_, err := io.WriteString(w, strings.TrimRight(b.String(), " ")+"\n")
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
			rows = append(rows, []string{f.Reason, untrusted.Cell(f.Story), f.Project, f.At, untrusted.Cell(f.Detail)})
		}
		return c.WriteAll(rows)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "REASON\tSTORY\tPROJECT\tAT\tDETAIL")
	for _, f := range list {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", f.Reason, f.Story, f.Project, f.At, untrusted.Line(f.Detail))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d findings\n", len(list))
	return err
}
