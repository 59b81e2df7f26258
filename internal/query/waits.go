package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/store"
)

// Filter selects waits or findings. A zero field selects all.
type Filter struct {
	Owner, Kind string
	Project     string // its key
	Story       string // its key, in any case
	Open, Ended bool   // only open waits, or only those that have ended
	// Ran selects the waits that ran at any instant of it, pauses included.
	Ran latency.Span
}

// matches reports whether w, as of an instant, is selected.
func (f *Filter) matches(w *latency.Part, rules *latency.Rules, asOf latency.Instant) bool {
	return (f.Owner == "" || w.Owner == f.Owner) && (f.Kind == "" || string(w.Kind) == f.Kind) &&
		(f.Project == "" || projectKey(rules, w.ProjectID) == f.Project) && (!f.Open || w.Open()) && (!f.Ended || !w.Open()) &&
		(f.Ran == latency.Span{} || w.Start < f.Ran.To && min(w.End, asOf) > f.Ran.From)
}

// maxKept is how many parts are kept in memory at a time. A part takes one to two
// kilobytes with the events that it used.
const maxKept = 8192

// Waits are the selected waits as of an instant. However many there are, only some
// of them are in memory: stories are stored in order of id and waits are listed in
// order of start, so the stories are derived once to find the order, and, if there
// are more waits than may be kept, once more for each stretch of it.
type Waits struct {
	Count, Open int                 // of parts
	Forgotten   int                 // of the open ones
	Statistics  *latency.Statistics // for Pace alone, over the stories that were read, whatever the filter; nil if they were not asked for

	reader    *Reader
	filter    Filter
	asOf      latency.Instant
	ancestors latency.Ancestors
	snapshot  *store.Snapshot
	most      int            // parts that may be kept
	kept      []latency.Part // in order; nil if there are too many
	titles    map[int64]string
	order     []position // of all parts, in order; nil if they are kept
}

// position is what a part is ordered by, and the story that it is found in.
type position struct {
	start    latency.Instant
	story    int64
	number   int32
	question bool
}

func positionOf(p *latency.Part) position {
	return position{p.Start, p.StoryID, int32(p.Number), p.Kind == latency.Question} //nolint:gosec // parts of one story
}

// compare orders as latency.CompareParts does.
func (a position) compare(b position) int {
	kind := 0
	if a.question != b.question {
		if kind = -1; a.question {
			kind = 1
		}
	}
	return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.story, b.story), kind, cmp.Compare(a.number, b.number))
}

// Preview is what is wanted of waits before they are read in order.
type Preview struct {
	Part       func(*latency.Part) // is called for each part that is selected, in order of story; nil: nothing is
	Statistics bool                // Waits.Statistics is wanted
}

// Waits finds the waits as of an instant that f selects. The caller closes them.
func (r *Reader) Waits(ctx context.Context, f Filter, asOf latency.Instant, look Preview) (*Waits, error) {
	return r.waits(ctx, f, asOf, look, maxKept)
}

func (r *Reader) waits(ctx context.Context, f Filter, asOf latency.Instant, look Preview, most int) (*Waits, error) {
	var ids []int64
	var ancestors latency.Ancestors
	if f.Story != "" {
		h, err := r.history(ctx, f.Story)
		if err != nil {
			return nil, err
		}
		ids = []int64{h.ID}
		if ancestors, err = measure.AncestorsOf(ctx, r.Store, h); err != nil {
			return nil, err
		}
	} else {
		var err error
		if ancestors, err = measure.Ancestors(ctx, r.Store); err != nil {
			return nil, err
		}
	}
	snapshot, err := r.Store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	w := &Waits{reader: r, filter: f, asOf: asOf, ancestors: ancestors, snapshot: snapshot, most: most, kept: []latency.Part{}}
	if err := w.find(ctx, ids, look); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// find derives all stories and finds out the order of their waits.
func (w *Waits) find(ctx context.Context, ids []int64, look Preview) error {
	var traces []*latency.Trace
	err := w.derive(ctx, ids, func(res *latency.Result) {
		for i := range res.Parts {
			p := &res.Parts[i]
			if !w.filter.matches(p, w.reader.Rules, w.asOf) {
				continue
			}
			w.add(p)
			if look.Part != nil {
				look.Part(p)
			}
		}
		if !look.Statistics {
			return
		}
		if t := res.Trace(w.asOf.Add(-latency.LongestWindow)); len(t.Samples) > 0 {
			traces = append(traces, &latency.Trace{Samples: t.Samples})
		}
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(w.kept, latency.CompareParts)
	slices.SortFunc(w.order, position.compare)
	if look.Statistics {
		w.Statistics = latency.NewStatistics(w.reader.Rules, latency.Rolling(w.asOf), slices.Values(traces))
	}
	return nil
}

// add takes in a part that is selected.
func (w *Waits) add(p *latency.Part) {
	w.Count++
	if p.Open() {
		w.Open++
	}
	if p.Forgotten {
		w.Forgotten++
	}
	switch {
	case w.kept == nil:
		w.order = append(w.order, positionOf(p))
	case len(w.kept) < w.most:
		w.kept = append(w.kept, *p)
	default:
		for i := range w.kept {
			w.order = append(w.order, positionOf(&w.kept[i]))
		}
		w.order, w.kept = append(w.order, positionOf(p)), nil
	}
}

// derive derives the stories with these ids, or all of them.
func (w *Waits) derive(ctx context.Context, ids []int64, each func(*latency.Result)) error {
	d := latency.NewDeriver(w.reader.Rules, w.ancestors)
	for h, err := range w.snapshot.Histories(ctx, ids) {
		if err != nil {
			return err
		}
		each(d.Story(h, w.asOf))
	}
	return nil
}

// Title returns what the story of a part is called, while All yields the part; "" if
// no title of it is kept.
func (w *Waits) Title(p *latency.Part) string { return w.titles[p.StoryID] }

// readTitles reads the titles of the stories of parts.
func (w *Waits) readTitles(ctx context.Context, parts []latency.Part) (err error) {
	ids := make([]int64, len(parts))
	for i := range parts {
		ids[i] = parts[i].StoryID
	}
	slices.Sort(ids)
	w.titles, err = w.reader.Titles(ctx, slices.Compact(ids))
	return err
}

// All yields the parts in the order of latency.CompareParts. A part is valid until
// the next one.
func (w *Waits) All(ctx context.Context) iter.Seq2[*latency.Part, error] {
	return func(yield func(*latency.Part, error) bool) {
		give := func(parts []latency.Part) bool {
			if err := w.readTitles(ctx, parts); err != nil {
				yield(nil, err)
				return false
			}
			for i := range parts {
				if !yield(&parts[i], nil) {
					return false
				}
			}
			return true
		}
		if w.kept != nil {
			give(w.kept)
			return
		}
		for rest := w.order; len(rest) > 0; {
			n := min(w.most, len(rest))
			for n < len(rest) && rest[n] == rest[n-1] {
				n++ // equal ones are found together
			}
			parts, err := w.stretch(ctx, rest[:n])
			if err != nil {
				yield(nil, err)
				return
			}
			if !give(parts) {
				return
			}
			rest = rest[n:]
		}
	}
}

// stretch derives the parts of a stretch of the order.
func (w *Waits) stretch(ctx context.Context, order []position) ([]latency.Part, error) {
	ids := make([]int64, len(order))
	for i := range order {
		ids[i] = order[i].story
	}
	slices.Sort(ids)
	parts := make([]latency.Part, 0, len(order))
	err := w.derive(ctx, slices.Compact(ids), func(res *latency.Result) {
		for i := range res.Parts {
			p := &res.Parts[i]
			at := positionOf(p)
			if at.compare(order[0]) >= 0 && at.compare(order[len(order)-1]) <= 0 && w.filter.matches(p, w.reader.Rules, w.asOf) {
				parts = append(parts, *p)
			}
		}
	})
	slices.SortStableFunc(parts, latency.CompareParts)
	return parts, err
}

// Close ends the reading of the store.
func (w *Waits) Close() error { return w.snapshot.Close() }

// history returns the history of the story with a key.
func (r *Reader) history(ctx context.Context, key string) (*latency.History, error) {
	h, err := r.Store.Story(ctx, strings.ToUpper(key))
	if err != nil {
		return nil, err
	}
	if h == nil {
		return nil, fmt.Errorf("the store holds no story %s: is its project watched, and its key today's?", key)
	}
	return h, nil
}
