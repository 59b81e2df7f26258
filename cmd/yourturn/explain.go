package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/yourturn/yourturn/internal/latency"
)

// occasion is an event of a story, or an instant at which time alone did something.
type occasion struct {
	step  latency.Step // its rule is not used
	what  string
	rules []string
}

// explain prints a story's waits, then each of its events as of asOf: what it
// was, the rules it met, and what the clocks of the waits that ran showed.
func explain(w io.Writer, rules *latency.Rules, h *latency.History, res *latency.Result, asOf latency.Instant) {
	if len(res.Parts) == 0 {
		fmt.Fprintf(w, "no wait on %s as of %s\n", h.Key, stamp(asOf))
	}
	for i := range res.Parts {
		explainWait(w, rules, &res.Parts[i])
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\nAT\tEVENT\tID\tACTOR\tWHAT\tRULES IT MET\tCLOCKS, WORKING/ELAPSED")
	for _, o := range occasions(h, res, asOf) {
		id := ""
		if o.step.ID != 0 {
			id = strconv.FormatInt(o.step.ID, 10)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", stamp(o.step.At), cmp.Or(eventName(o.step), "time"), id, rules.Person(o.step.Actor), o.what,
			strings.Join(o.rules, ", "), clocks(rules, res.Parts, o.step.At))
	}
	tw.Flush() //nolint:errcheck // a Builder takes everything
	for _, f := range res.Findings {
		fmt.Fprintf(w, "odd: %s at %s %s\n", f.Reason, stamp(f.At), f.Detail)
	}
	fmt.Fprintf(w, "as of %s (times in UTC)\n", stamp(asOf))
}

// explainWait prints the lines about one part of a wait.
func explainWait(w io.Writer, rules *latency.Rules, l *latency.Part) {
	end := "still open"
	if !l.Open() {
		end = strings.TrimSpace(fmt.Sprintf("%s %s", l.Outcome, stamp(l.End)))
		if l.Responder != "" {
			end += " by " + string(l.Responder)
		}
	}
	fmt.Fprintf(w, "%s in %s waits for %s of %s (%s), part %d: %s, %s\n", l.Story, projectKey(rules, l.ProjectID), l.Kind, l.Owner,
		rules.Name(l.Owner), l.Number, stamp(l.Start), end)
	fmt.Fprintf(w, "  owner's clock: working %s, elapsed %s, paused %s; target %s, breached: %t\n", clock(l.Working), clock(l.Elapsed),
		clock(l.Paused), clock(l.Target), l.Breached)
	fmt.Fprintf(w, "  story's clock: working %s, elapsed %s\n", clock(l.StoryWorking), clock(l.StoryElapsed))
}

// occasions lists the events up to asOf and what time alone did, in order,
// each with the rules it met.
func occasions(h *latency.History, res *latency.Result, asOf latency.Instant) []occasion {
	var out []occasion
	for i := range h.Events {
		ev := &h.Events[i]
		if ev.At <= asOf {
			out = append(out, occasion{step: latency.Step{At: ev.At, Rank: ev.Rank, ID: ev.ID, Actor: ev.Actor}, what: describe(ev)})
		}
	}
	meet := func(st latency.Step, rule string) {
		i := slices.IndexFunc(out, func(o occasion) bool { return o.step.At == st.At && o.step.Rank == st.Rank && o.step.ID == st.ID })
		if i < 0 {
			out = append(out, occasion{step: st})
			i = len(out) - 1
		}
		if !slices.Contains(out[i].rules, rule) { // parts of one wait share their steps
			out[i].rules = append(out[i].rules, rule)
		}
	}
	for i := range res.Parts {
		for _, st := range res.Parts[i].Steps {
			meet(st, string(res.Parts[i].Kind)+": "+string(st.Rule))
		}
	}
	for _, m := range res.Marks {
		i := slices.IndexFunc(out, func(o occasion) bool { return o.step.At == m.At })
		if i >= 0 {
			out[i].rules = append(out[i].rules, string(m.Type))
		}
	}
	slices.SortStableFunc(out, func(a, b occasion) int {
		return cmp.Or(cmp.Compare(a.step.At, b.step.At), cmp.Compare(a.step.Rank, b.step.Rank), cmp.Compare(a.step.ID, b.step.ID))
	})
	return out
}

// describe says in a few words what an event changed or said.
func describe(ev *latency.Event) string {
	var out []string
	for _, c := range ev.Changes {
		out = append(out, fmt.Sprintf("%s: %s → %s", c.Field, cmp.Or(c.From.Name, c.From.ID, "none"), cmp.Or(c.To.Name, c.To.ID, "none")))
	}
	if f := ev.Comment; f != nil {
		switch {
		case len(f.Asked) > 0:
			out = append(out, "asks "+strings.Join(f.Asked, ", "))
		case len(f.Mentioned) > 0:
			out = append(out, "mentions "+strings.Join(f.Mentioned, ", "))
		case f.Question:
			out = append(out, "has a question mark")
		}
	}
	if ev.Observed {
		out = append(out, "as the poll saw it")
	}
	return strings.Join(out, "; ")
}

// clocks says what the owner's clocks of the waits showed that ran, or had just
// ended, at an instant.
func clocks(rules *latency.Rules, waits []latency.Part, at latency.Instant) string {
	var out []string
	for i := range waits {
		if w := &waits[i]; w.Start <= at && at <= w.End {
			elapsed, working := rules.ClockAt(w, at)
			out = append(out, fmt.Sprintf("%s of %s %s/%s", w.Kind, w.Owner, clock(working), clock(elapsed)))
		}
	}
	return strings.Join(out, ", ")
}
