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

// Note is what has to be said beside estimates.
type Note struct {
	About string `json:"about"` // intervals, ranges, stand_ins or what_if
	Text  string `json:"text"`
}

// The subjects of notes.
const (
	AboutIntervals = "intervals"
	AboutRanges    = "ranges"
	AboutStandIns  = "stand_ins"
	AboutWhatIf    = "what_if"
)

// notes are what has to be said beside the estimates.
func notes(r *Report) []Note {
	out := []Note{
		{AboutIntervals, "All intervals are 95 % percentile bootstrap intervals of 2,000 draws of whole stories."},
		{AboutRanges, fmt.Sprintf("Ranges are compared from %d responses on either side on. The chance of seeing a wait that is 60 %% shorter is a log-rank test's, from a table by size.", fewest)},
	}
	if len(r.Delegations) > 0 {
		out = append(out, Note{AboutStandIns, "Nobody drew lots for when a stand-in is active: they are active in holidays, and the stories differ. p is the larger of that of single waits and that of whole weeks, corrected by Holm for the number of comparisons."})
	}
	if len(r.WhatIf) > 0 {
		out = append(out, Note{AboutWhatIf, "What a target would save ignores queues behind, batches, quality, and that stories which wait are different. For cycle time there are bounds only: at least what acceptance saves, because stories stand meanwhile; at most that and what questions save, as if no work went on while one is open."})
	}
	return out
}
