package retrospective

import (
	"fmt"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// Omission is something that the report does not see, and why.
type Omission struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// omissions lists what was left out.
func (c *collection) omissions() []Omission {
	out := []Omission{}
	for _, p := range c.projects() {
		switch {
		case !p.Configured():
			out = append(out, Omission{"acceptance in " + p.Key, "none of the project's acceptance statuses is in its workflow"})
		case p.NoAcceptance:
			out = append(out, Omission{"acceptance in " + p.Key, "the config says that the project has none"})
		}
	}
	if c.unowned > 0 {
		out = append(out, Omission{count(c.unowned, "wait", "waits") + " in the numbers of owners", "the stories have no owner; they count for their projects"})
	}
	r := c.ranges[0]
	if r.asOf < r.To {
		out = append(out, Omission{"what happens after " + Stamp(r.asOf), "the range still runs"})
	}
	for _, reason := range slices.Sorted(maps.Keys(c.odd)) {
		switch reason {
		case latency.FindBrokenChain, latency.FindUnknownStatus, latency.FindNoActor, latency.FindLastStatus, latency.FindNoParent:
			out = append(out, Omission{count(c.odd[reason], "finding", "findings") + " of the audit: " + reason, "the histories of those stories have gaps; see the audit"})
		}
	}
	return out
}

// Stamp writes an instant to the minute, in UTC.
func Stamp(i latency.Instant) string { return i.Time().Format("2006-01-02 15:04 UTC") }

// notes are what has to be said beside the estimates.
func notes(r *Report) []string {
	out := []string{
		"All intervals are 95 % percentile bootstrap intervals of 2,000 draws of whole stories.",
		fmt.Sprintf("Ranges are compared from %d responses on either side on.", fewest),
	}
	if len(r.Delegations) > 0 {
		out = append(out, "Stand-ins are not randomised: they are active in holidays, and the stories differ. A p-value is corrected for the number of comparisons.")
	}
	if len(r.WhatIf) > 0 {
		out = append(out, "What a target would save ignores queues behind, batches, quality, and that stories which wait are different. For cycle time it is a bound.")
	}
	return out
}
