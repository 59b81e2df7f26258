package latency

import (
	"iter"
	"maps"
	"slices"
	"strconv"
)

const (
	bulkStories = 20              // more than these in a minute are no decisions
	bulkMinute  = Instant(60_000) // of the clock
)

// FindBulk is the reason of a finding that several stories show: one actor ended
// the waits of more than 20 of them in a minute.
const FindBulk = "bulk"

// Bulk finds waits that were ended in bulk: those of more than 20 stories in
// all, by one actor within one minute of the clock. It sees what traces hold:
// the longest window. Its values are numbers of stories.
type Bulk map[bulkEnding]int

// bulkEnding is that an actor ended waits in a minute.
type bulkEnding struct {
	actor  string
	minute Instant
}

// Count returns traces, and counts their endings as they go by.
func (b Bulk) Count(traces iter.Seq[*Trace]) iter.Seq[*Trace] {
	return func(yield func(*Trace) bool) {
		for t := range traces {
			for e := range bulkEndings(t) {
				b[e]++
			}
			if !yield(t) {
				return
			}
		}
	}
}

// Findings returns a finding for each story that was ended in bulk, once all
// traces were counted. They are those that were counted.
func (b Bulk) Findings(traces iter.Seq[*Trace]) []Finding {
	maps.DeleteFunc(b, func(_ bulkEnding, n int) bool { return n <= bulkStories })
	if len(b) == 0 {
		return nil
	}
	var out []Finding
	for t := range traces {
		for e, s := range bulkEndings(t) {
			if n := b[e]; n > 0 {
				out = append(out, Finding{
					Reason: FindBulk, StoryID: s.StoryID, Story: s.Story, ProjectID: s.ProjectID, At: s.End,
					Detail: "one of " + strconv.Itoa(n) + " stories in this minute",
				})
			}
		}
	}
	return out
}

// bulkEndings yields who ended waits of a story and when, each minute once.
func bulkEndings(t *Trace) iter.Seq2[bulkEnding, *Sample] {
	return func(yield func(bulkEnding, *Sample) bool) {
		for i := range t.Samples {
			s := &t.Samples[i]
			e := bulkEnding{s.EndedBy, s.End / bulkMinute}
			again := func(o Sample) bool { return o.EndedBy == e.actor && o.End/bulkMinute == e.minute }
			if e.actor == "" || slices.ContainsFunc(t.Samples[:i], again) {
				continue
			}
			if !yield(e, s) {
				return
			}
		}
	}
}
