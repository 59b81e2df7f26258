package measure

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

const (
	bulkStories = 20                     // more than these in a minute are no decisions
	bulkMinute  = latency.Instant(60000) // ms
)

// FindCorrected and FindBulk are the reasons of findings that no story shows
// by itself.
const (
	FindCorrected = "corrected" // what was counted is no longer what the events say
	FindBulk      = "bulk"      // one actor ended the waits of more than 20 stories in a minute
)

// Audit derives every story as of asOf and returns all that is odd, in the
// order in which it happened.
func Audit(ctx context.Context, store Store, rules *latency.Rules, asOf latency.Instant) ([]latency.Finding, error) {
	ancestors, err := Ancestors(ctx, store)
	if err != nil {
		return nil, err
	}
	shards, err := store.Shards(ctx, 1)
	if err != nil {
		return nil, fmt.Errorf("reading stories: %w", err)
	}
	var out []latency.Finding
	traces := newTraces()
	for _, shard := range shards {
		for s, err := range derived(ctx, store, shard, latency.NewDeriver(rules, ancestors), rules, asOf) {
			if err != nil {
				return nil, err
			}
			out = append(out, s.findings...)
			traces.set(s.id, &s.trace)
		}
	}
	notes, err := store.Notes(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what is odd: %w", err)
	}
	found := bulk{}
	for range found.watch(traces.all()) { //nolint:revive // to look is to count
	}
	out = append(out, found.findings(traces.all())...)
	out = append(out, noted(rules, notes)...)
	slices.SortStableFunc(out, func(a, b latency.Finding) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.StoryID, b.StoryID), cmp.Compare(a.Reason, b.Reason))
	})
	return out, nil
}

// corrections returns what the ledger holds of a story and the derivation no
// longer says: entries that are gone or have other labels or clocks, and what
// came up after its time and was not counted.
func corrections(rules *latency.Rules, h *latency.History, derived []latency.Entry, counted []latency.Counted) []latency.Finding {
	var out []latency.Finding
	for _, c := range counted {
		if c.ID.StoryID != h.ID {
			continue
		}
		i := slices.IndexFunc(derived, func(e latency.Entry) bool { return e.ID == c.ID })
		detail := ""
		switch {
		case i < 0 && c.Counted:
			detail = "counted " + describe(c.Entry) + ", which is no longer so"
		case i >= 0 && !c.Counted:
			detail = "not counted: " + describe(c.Entry) + " came up after its time"
		case i >= 0 && derived[i] != c.Entry:
			detail = "counted " + describe(c.Entry) + ", now " + describe(derived[i])
		default:
			continue
		}
		out = append(out, latency.Finding{
			Reason: FindCorrected, StoryID: h.ID, Story: h.Key, ProjectID: projectID(rules, c.Project), At: c.At, Detail: detail,
		})
	}
	return out
}

// describe says what an entry counts.
func describe(e latency.Entry) string {
	text := string(e.Type)
	if e.Outcome != "" {
		text = string(e.Outcome)
	}
	if e.Responder != "" {
		text += " by " + string(e.Responder)
	}
	if e.Owner != "" {
		text += " for " + e.Owner
	}
	return fmt.Sprintf("%s in %s at %s", text, e.Project, e.At.Time().Format("2006-01-02T15:04:05Z"))
}

// projectID returns the id of the watched project with a key; "" if there is none.
func projectID(rules *latency.Rules, key string) string {
	for id, p := range rules.Projects {
		if p.Key == key {
			return id
		}
	}
	return ""
}

// noted returns what was found while collecting: stories that are not to be
// seen or read any more, comments that Jira counts and does not give. A story is
// of the project that its key names.
func noted(rules *latency.Rules, notes []jiradata.Note) []latency.Finding {
	var out []latency.Finding
	for _, n := range notes {
		project, _, _ := strings.Cut(n.Key, "-")
		out = append(out, latency.Finding{Reason: n.Reason, StoryID: n.Story, Story: n.Key, ProjectID: projectID(rules, project), At: n.At, Detail: n.Detail})
	}
	return out
}

// deed is what one actor did in one minute.
type deed struct {
	actor  string
	minute latency.Instant
}

// bulk finds waits that were ended in bulk: those of more than 20 stories in
// all, by one actor within one minute of the clock. It sees what traces hold:
// the longest window.
type bulk map[deed]int // in how many stories

// watch counts the endings of traces while they are looked at for something else.
func (b bulk) watch(traces iter.Seq[*latency.Trace]) iter.Seq[*latency.Trace] {
	return func(yield func(*latency.Trace) bool) {
		for t := range traces {
			for d := range deeds(t) {
				b[d]++
			}
			if !yield(t) {
				return
			}
		}
	}
}

// findings returns a finding for each such story, once all were counted.
func (b bulk) findings(traces iter.Seq[*latency.Trace]) []latency.Finding {
	maps.DeleteFunc(b, func(_ deed, n int) bool { return n <= bulkStories })
	if len(b) == 0 {
		return nil
	}
	var out []latency.Finding
	for t := range traces {
		for d, run := range deeds(t) {
			if n := b[d]; n > 0 {
				out = append(out, latency.Finding{
					Reason: FindBulk, StoryID: run.StoryID, Story: run.Story, ProjectID: run.ProjectID, At: run.End,
					Detail: fmt.Sprintf("one of %d stories in this minute", n),
				})
			}
		}
	}
	return out
}

// deeds yields who ended waits of a story and when, each minute once.
func deeds(t *latency.Trace) iter.Seq2[deed, *latency.Sample] {
	return func(yield func(deed, *latency.Sample) bool) {
		for i := range t.Samples {
			r := &t.Samples[i]
			d := deed{r.EndedBy, r.End / bulkMinute}
			again := func(o latency.Sample) bool { return o.EndedBy == d.actor && o.End/bulkMinute == d.minute }
			if d.actor == "" || slices.ContainsFunc(t.Samples[:i], again) {
				continue
			}
			if !yield(d, r) {
				return
			}
		}
	}
}
