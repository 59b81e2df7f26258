package latency

import (
	"iter"
	"maps"
	"math"
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
			for e := range bulkEndings(t, math.MinInt64) {
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
		out = append(out, b.Of(t)...)
	}
	return out
}

// Of returns the findings of one trace, where b holds what ended in bulk and nothing else.
func (b Bulk) Of(t *Trace) []Finding {
	var out []Finding
	for e, s := range bulkEndings(t, math.MinInt64) {
		if n := b[e]; n > 0 {
			out = append(out, Finding{
				Reason: FindBulk, StoryID: s.StoryID, Story: s.Story, ProjectID: s.ProjectID, At: s.End,
				Detail: "one of " + strconv.Itoa(n) + " stories in this minute",
			})
		}
	}
	return out
}

// bulkEndings yields who ended waits of a story and when, each minute once, of those
// that ended after an instant.
func bulkEndings(t *Trace, after Instant) iter.Seq2[bulkEnding, *Sample] {
	return func(yield func(bulkEnding, *Sample) bool) {
		for i := range t.Samples {
			s := &t.Samples[i]
			e := bulkEnding{s.EndedBy, s.End / bulkMinute}
			again := func(o Sample) bool {
				return o.EndedBy == e.actor && o.End/bulkMinute == e.minute && o.End > after
			}
			if e.actor == "" || s.End <= after || slices.ContainsFunc(t.Samples[:i], again) {
				continue
			}
			if !yield(e, s) {
				return
			}
		}
	}
}

// bulkCounts are the endings of all traces, kept up to date.
type bulkCounts struct {
	actors  map[string]uint32
	stories map[countedEnding]int32
	bulk    map[bulkEnding]bool // those of too many stories
	found   map[AuditKey]int    // of those
	latest  Report              // whose Odd are the latest stories of those
	stale   bool                // found or latest is no longer so
}

// countedEnding is a bulkEnding in less memory.
type countedEnding struct {
	actor  uint32
	minute Instant
}

// endingIn is the ending of waits on a story, in a project.
type endingIn struct {
	bulkEnding
	projectID string
	story     int64
}

func newBulkCounts() bulkCounts {
	return bulkCounts{actors: map[string]uint32{}, stories: map[countedEnding]int32{}, bulk: map[bulkEnding]bool{}, found: map[AuditKey]int{}}
}

// add counts the ending of a story, or takes it out where n is -1.
func (b *bulkCounts) add(rules *Rules, e endingIn, n int) {
	actor, ok := b.actors[e.actor]
	if !ok {
		actor = uint32(len(b.actors)) //nolint:gosec // there are fewer people
		b.actors[e.actor] = actor
	}
	key := countedEnding{actor, e.minute}
	before := b.stories[key]
	now := before + int32(n)      //nolint:gosec // it is 1 or -1
	add(b.stories, key, int32(n)) //nolint:gosec // likewise
	was, is := before > bulkStories, now > bulkStories
	switch {
	case was && is:
		if p := rules.watched(e.projectID); p != nil {
			key := AuditKey{p.Key, FindBulk}
			add(b.found, key, n)
			if n > 0 {
				b.latest.AddOdd(key, e.story)
			} else if slices.Contains(b.latest.Odd[key], e.story) {
				b.stale = true
			}
		}
	case is:
		b.bulk[e.bulkEnding], b.stale = true, true
	case was:
		delete(b.bulk, e.bulkEnding)
		b.stale = true
	}
}

// all returns what ended in bulk.
func (b *bulkCounts) all() Bulk {
	out := Bulk{}
	for e := range b.bulk {
		out[e] = int(b.stories[countedEnding{b.actors[e.actor], e.minute}])
	}
	return out
}

// findings returns how many stories were ended in bulk after an instant, by project, and
// the latest of them. It looks at the traces only if something came to be in bulk, or no
// longer is.
func (b *bulkCounts) findings(rules *Rules, traces Traces, after Instant) (found map[AuditKey]int, latest map[AuditKey][]int64) {
	if b.stale {
		b.stale, b.found, b.latest.Odd = false, map[AuditKey]int{}, nil
		if len(b.bulk) > 0 {
			for _, t := range traces.All() {
				for e, s := range bulkEndings(t, after) {
					if p := rules.watched(s.ProjectID); p != nil && b.bulk[e] {
						b.found[AuditKey{p.Key, FindBulk}]++
						b.latest.AddOdd(AuditKey{p.Key, FindBulk}, s.StoryID)
					}
				}
			}
		}
	}
	return b.found, b.latest.Odd
}
