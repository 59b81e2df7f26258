package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
)

// waitsFlags are the flags of waits.
type waitsFlags struct {
	configFile, asOf, owner, project, kind, story, format string
	open, audit                                           bool
}

// waitsCommand lists the derived waits.
func waitsCommand(s streams) *cobra.Command {
	var f waitsFlags
	cmd := &cobra.Command{
		Use:   "waits",
		Short: "List the waits, as derived from the store",
		Long: `waits derives every wait from the store, without asking Jira anything, and
lists one line for each owner's part of it. Times are those of the owner's clock
(elapsed: wall time without pauses; working: the part of it in working hours).

  --story KEY explains one story: its waits, then each event, the rule it met,
              and what the clocks showed at it.
  --audit     lists what is odd in the data; nothing is dropped for it.

LONGER THAN is the share of the owner's waits of the last 90 days, open ones
counted as open, that were over before the age that an open wait has now.

Numbers are as of the last complete poll, or as of --as-of. An ending counts
once it can no longer be a slip; until then the wait is shown as open, its clock stopped.`,
		Example: `  yourturn waits --config.file yourturn.yml --open
  yourturn waits --config.file yourturn.yml --story PAY-7
  yourturn waits --config.file yourturn.yml --as-of 2026-03-31T18:00:00+02:00 --format csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return waits(cmd.Context(), s, f) },
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

// validate checks what flags alone can say.
func (f *waitsFlags) validate() error {
	if !slices.Contains([]string{"table", "json", "csv"}, f.format) {
		return usageError{fmt.Errorf("--format %q: use table, json or csv", f.format)}
	}
	if !slices.Contains([]string{"", "acceptance", "question"}, f.kind) {
		return usageError{fmt.Errorf("--kind %q: use acceptance or question", f.kind)}
	}
	return nil
}

func waits(ctx context.Context, s streams, f waitsFlags) error {
	if err := f.validate(); err != nil {
		return err
	}
	l, err := openStored(ctx, f.configFile)
	if err != nil {
		return err
	}
	defer l.store.Close()
	asOf := l.state.DataTimestamp
	if f.asOf != "" {
		t, err := time.Parse(time.RFC3339, f.asOf)
		if err != nil {
			return usageError{fmt.Errorf("--as-of %q: give an instant like 2026-03-31T18:00:00+02:00", f.asOf)}
		}
		asOf = latency.At(t)
	}
	if f.audit {
		return audit(ctx, s, f, l, asOf)
	}
	ancestors, err := measure.Ancestors(ctx, l.store)
	if err != nil {
		return err
	}
	var ids []int64
	if f.story != "" {
		h, err := l.store.Story(ctx, strings.ToUpper(f.story))
		if err != nil {
			return err
		}
		if h == nil {
			return fmt.Errorf("the store holds no story %s: is its project watched, and its key today's?", f.story)
		}
		ids = []int64{h.ID}
	}
	d := latency.NewDeriver(l.rules, ancestors)
	var list []latency.Part
	var traces []*latency.Trace
	var explained strings.Builder
	for h, err := range l.store.Histories(ctx, ids) {
		if err != nil {
			return err
		}
		res := d.Story(h, asOf)
		for _, w := range res.Parts {
			if f.matches(&w, l.rules) {
				list = append(list, w)
			}
		}
		if f.story != "" {
			explain(&explained, l.rules, h, res, asOf)
		}
		if t := res.Trace(asOf.Add(-latency.LongestWindow)); len(t.Samples) > 0 {
			traces = append(traces, &t)
		}
	}
	slices.SortStableFunc(list, latency.CompareParts)
	switch f.format {
	case "json":
		return printJSON(s.out, l.rules, list)
	case "csv":
		return printCSV(s.out, l.rules, list)
	}
	if f.story != "" {
		_, err := io.WriteString(s.out, explained.String())
		return err
	}
	return printTable(s.out, l.rules, list, latency.NewStatistics(l.rules, latency.Rolling(asOf), slices.Values(traces)), asOf)
}

// audit lists what is odd in the data.
func audit(ctx context.Context, s streams, f waitsFlags, l *stored, asOf latency.Instant) error {
	findings, err := measure.Audit(ctx, l.store, l.rules, asOf)
	if err != nil {
		return err
	}
	findings = slices.DeleteFunc(findings, func(found latency.Finding) bool {
		// The ledger is as of the last poll: with an earlier instant it cannot be compared.
		early := found.Reason == measure.FindCorrected && asOf < l.state.DataTimestamp
		return early || f.project != "" && projectKey(l.rules, found.ProjectID) != f.project ||
			f.story != "" && !strings.EqualFold(found.Story, f.story)
	})
	return printFindings(s.out, f.format, l.rules, findings)
}

// matches tells whether w is asked for.
func (f *waitsFlags) matches(w *latency.Part, rules *latency.Rules) bool {
	return (f.owner == "" || w.Owner == f.owner) && (f.kind == "" || string(w.Kind) == f.kind) &&
		(f.project == "" || projectKey(rules, w.ProjectID) == f.project) && (!f.open || w.Open())
}

func projectKey(rules *latency.Rules, id string) string {
	if p := rules.Projects[id]; p != nil {
		return p.Key
	}
	return id
}

// waitJSON is the stable form of one owner's part of a wait.
type waitJSON struct {
	Story               string     `json:"story"`
	StoryID             string     `json:"story_id"`
	Project             string     `json:"project"`
	Kind                string     `json:"kind"`
	Owner               string     `json:"owner"`
	Start               string     `json:"start"`
	End                 *string    `json:"end"`
	Outcome             string     `json:"outcome"`
	Responder           string     `json:"responder"`
	Final               bool       `json:"final"`
	Part                int        `json:"part"`
	Cycle               *int       `json:"cycle"`
	ElapsedSeconds      float64    `json:"elapsed_seconds"`
	WorkingSeconds      float64    `json:"working_seconds"`
	PausedSeconds       float64    `json:"paused_seconds"`
	StoryElapsedSeconds float64    `json:"story_elapsed_seconds"`
	StoryWorkingSeconds float64    `json:"story_working_seconds"`
	TargetSeconds       float64    `json:"target_seconds"`
	Breached            bool       `json:"breached"`
	Addressed           string     `json:"addressed"`
	Asks                int        `json:"asks"`
	OtherReplies        int        `json:"other_replies"`
	FirstReply          *string    `json:"first_reply"`
	Rule                string     `json:"rule"`
	Events              []stepJSON `json:"events"`
}

type stepJSON struct {
	At    string `json:"at"`
	Event string `json:"event"` // record, comment, …; "" where time alone did it
	ID    string `json:"id,omitempty"`
	Actor string `json:"actor"`
	Rule  string `json:"rule"`
}

// toJSON returns the stable form of w.
func toJSON(rules *latency.Rules, w *latency.Part) waitJSON {
	sec := func(d time.Duration) float64 { return latency.MillisecondsOf(d).Seconds() }
	j := waitJSON{
		Story: w.Story, StoryID: strconv.FormatInt(w.StoryID, 10), Project: projectKey(rules, w.ProjectID), Kind: string(w.Kind),
		Owner: w.Owner, Start: stamp(w.Start), End: stampOrNil(w.End), Outcome: string(w.Outcome), Responder: string(w.Responder),
		Final: w.Final, Part: w.Number, ElapsedSeconds: sec(w.Elapsed), WorkingSeconds: sec(w.Working), PausedSeconds: sec(w.Paused),
		StoryElapsedSeconds: sec(w.StoryElapsed), StoryWorkingSeconds: sec(w.StoryWorking), TargetSeconds: sec(w.Target),
		Breached: w.Breached, Addressed: w.Addressed, Asks: w.Asks, OtherReplies: w.OtherReplies, FirstReply: stampOrNil(w.FirstReply),
		Rule: string(w.Rule), Events: []stepJSON{},
	}
	if w.Kind == latency.Acceptance {
		j.Cycle = &w.Cycle
	}
	for _, st := range w.Steps {
		e := stepJSON{At: stamp(st.At), Event: eventName(st), Actor: rules.Person(st.Actor), Rule: string(st.Rule)}
		if st.ID != 0 {
			e.ID = strconv.FormatInt(st.ID, 10)
		}
		j.Events = append(j.Events, e)
	}
	return j
}

// eventName says what kind of event a step was.
func eventName(s latency.Step) string {
	switch s.Rank {
	case latency.RankCreated:
		if s.Actor == "" && s.ID == 0 {
			return ""
		}
		return "created"
	case latency.RankRecord:
		return "record"
	case latency.RankCommentAdded:
		return "comment"
	case latency.RankCommentEdited:
		return "comment_edited"
	case latency.RankCommentDeleted:
		return "comment_deleted"
	case latency.RankGone:
		return "gone"
	default:
		return "returned"
	}
}

// stamp renders an instant in UTC with milliseconds.
func stamp(i latency.Instant) string { return i.Time().Format("2006-01-02T15:04:05.000Z") }

func stampOrNil(i latency.Instant) *string {
	if i == latency.Never {
		return nil
	}
	s := stamp(i)
	return &s
}

func printJSON(w io.Writer, rules *latency.Rules, list []latency.Part) error {
	out := make([]waitJSON, 0, len(list))
	for i := range list {
		out = append(out, toJSON(rules, &list[i]))
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
		j := toJSON(rules, &list[i])
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

func printTable(w io.Writer, rules *latency.Rules, list []latency.Part, statistics *latency.Statistics, asOf latency.Instant) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "STORY\tPROJECT\tKIND\tOWNER\tSTART\tEND\tOUTCOME\tBY\tWORKING\tELAPSED\tTARGET\tLONGER THAN\t")
	open := 0
	for i := range list {
		l := &list[i]
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
		if share, ok := statistics.Pace(l); ok && l.Open() {
			pace = fmt.Sprintf("%.0f %%", 100*share)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", l.Story, projectKey(rules, l.ProjectID), l.Kind, l.Owner,
			l.Start.Time().Format("2006-01-02 15:04"), end, outcome, l.Responder, clock(l.Working), clock(l.Elapsed), target, pace)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d waits, %d of them open, as of %s (times in UTC)\n", len(list), open, stamp(asOf))
	return err
}

// clock renders a duration as hours and minutes.
func clock(d time.Duration) string {
	m := int64(d / time.Minute)
	return fmt.Sprintf("%d:%02d", m/60, m%60)
}

func printFindings(w io.Writer, format string, rules *latency.Rules, list []latency.Finding) error {
	type finding struct {
		Reason  string `json:"reason"`
		Story   string `json:"story"`
		Project string `json:"project"`
		At      string `json:"at"`
		Detail  string `json:"detail"`
	}
	out := []finding{}
	for _, f := range list {
		out = append(out, finding{f.Reason, f.Story, projectKey(rules, f.ProjectID), stamp(f.At), f.Detail})
	}
	switch format {
	case "json":
		return json.NewEncoder(w).Encode(out)
	case "csv":
		c := csv.NewWriter(w)
		rows := [][]string{{"reason", "story", "project", "at", "detail"}}
		for _, f := range out {
			rows = append(rows, []string{f.Reason, f.Story, f.Project, f.At, f.Detail})
		}
		return c.WriteAll(rows)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "REASON\tSTORY\tPROJECT\tAT\tDETAIL")
	for _, f := range out {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", f.Reason, f.Story, f.Project, f.At, f.Detail)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d findings\n", len(out))
	return err
}
