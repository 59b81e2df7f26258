package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/untrusted"
)

// printStory prints a story's waits, then each of its events: what it was, the
// rules that used it, and what the clocks of the open waits showed.
func printStory(ctx context.Context, w io.Writer, r *query.Reader, story *query.Story) error {
	var b strings.Builder
	titles, err := r.Titles(ctx, []int64{story.ID})
	if err != nil {
		return err
	}
	if title := untrusted.Line(titles[story.ID]); title != "" {
		fmt.Fprintf(&b, "%s: %s\n", story.Key, title)
	}
	if link := query.Link(r.JiraURL(), story.Key, 0); link != "" {
		fmt.Fprintf(&b, "%s\n", link)
	}
	if len(story.Parts) == 0 {
		fmt.Fprintf(&b, "no wait on %s as of %s\n", story.Key, query.Stamp(story.AsOf))
	}
	for i := range story.Parts {
		explainWait(&b, r, &story.Parts[i])
	}
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\nAT\tEVENT\tID\tACTOR\tWHAT\tRULES\tCLOCKS, WORKING/ELAPSED")
	for _, o := range story.Occasions {
		id := ""
		if o.ID != 0 {
			id = strconv.FormatInt(o.ID, 10)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", query.Stamp(o.At), cmp.Or(o.Event, "time"), id, untrusted.Line(o.Actor), untrusted.Line(o.What),
			strings.Join(o.Rules, ", "), clocks(o.Clocks))
	}
	tw.Flush() //nolint:errcheck // a Builder takes everything
	for _, f := range story.Findings {
		fmt.Fprintf(&b, "finding: %s at %s %s\n", f.Reason, query.Stamp(f.At), untrusted.Line(f.Detail))
	}
	fmt.Fprintf(&b, "as of %s (times in UTC)\n", query.Stamp(story.AsOf))
	_, err = io.WriteString(w, b.String())
	return err
}

// explainWait prints the lines about one part of a wait.
func explainWait(w io.Writer, r *query.Reader, l *latency.Part) {
	end := "still open"
	if l.Forgotten {
		end += ", forgotten"
	}
	if !l.Open() {
		end = strings.TrimSpace(fmt.Sprintf("%s %s", l.Outcome, query.Stamp(l.End)))
		if l.Responder != "" {
			end += " by " + string(l.Responder)
		}
	}
	fmt.Fprintf(w, "%s in %s waits for %s of %s, part %d: %s, %s\n", l.Story, r.Project(l.ProjectID), l.Kind, withName(r.Owner(l)), l.Number, query.Stamp(l.Start), end)
	fmt.Fprintf(w, "  owner's clock: working %s, elapsed %s, paused %s; target %s, breached: %t\n", clock(l.Working), clock(l.Elapsed),
		clock(l.Paused), clock(l.Target), l.Breached)
	fmt.Fprintf(w, "  story's clock: working %s, elapsed %s\n", clock(l.StoryWorking), clock(l.StoryElapsed))
}

// clocks renders what clocks showed.
func clocks(list []query.Clock) string {
	var out []string
	for _, c := range list {
		out = append(out, fmt.Sprintf("%s of %s %s/%s", c.Kind, c.Owner, clock(c.Working), clock(c.Elapsed)))
	}
	return strings.Join(out, ", ")
}
