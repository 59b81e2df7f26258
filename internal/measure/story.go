package measure

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// story is what one derivation says of a story.
type story struct {
	id         int64
	ledger     []latency.Counted // what was counted of it, and of none that the store has
	entries    []latency.Entry   // what the ledger does not hold
	open       []latency.Part
	unsettled  bool
	trace      latency.Trace
	firstWaits latency.FirstWaits
	home       string // the id of the project that it is in; "": of none
	findings   []latency.Finding
	parents    []string // present and past ones, by id
	formerKeys []string // that it had before it was moved
	stored     *stored  // if it was read and is unsettled
}

// newStory derives a story and compares it with what the ledger holds of it.
func newStory(d *latency.Deriver, rules *latency.Rules, h *latency.History, asOf latency.Instant, ledger []latency.Counted) *story {
	res := d.Story(h, asOf)
	s := &story{
		id: h.ID, ledger: ledger, unsettled: res.Unsettled || goesOn(h, asOf), trace: res.Trace(asOf.Add(-latency.LongestWindow)),
		findings: slices.Clone(res.Findings), home: res.Home.ProjectID,
	}
	for i := range res.Parts {
		if p := &res.Parts[i]; res.Unsettled && p.Open() {
			s.open = append(s.open, *p)
		}
	}
	s.firstWaits = rules.FirstWaits(res.Begun, asOf)
	s.parents, s.formerKeys = parentsOf(h), formerKeys(h)
	all := slices.Collect(rules.Entries(h.ID, res, asOf))
	s.findings = append(s.findings, rules.Corrections(h, all, ledger)...)
	s.entries = slices.DeleteFunc(all, func(e latency.Entry) bool {
		return slices.ContainsFunc(ledger, func(c latency.Counted) bool { return c.ID == e.ID })
	})
	return s
}

// goesOn reports whether a story has events after an instant: what happened while
// a poll read was read with it, and the next one shows it.
func goesOn(h *latency.History, asOf latency.Instant) bool {
	return len(h.Events) > 0 && h.Events[len(h.Events)-1].At > asOf
}

// parentsOf returns the ids of the parents that a story has or had.
func parentsOf(h *latency.History) (ids []string) {
	add := func(v latency.Value) {
		if v.ID != "" {
			ids = append(ids, v.ID)
		}
	}
	for _, v := range h.Now[latency.FieldParent] {
		add(v)
	}
	for i := range h.Events {
		for _, c := range h.Events[i].Changes {
			if c.Field == latency.FieldParent {
				add(c.From)
				add(c.To)
			}
		}
	}
	return ids
}

// formerKeys returns the keys that a story had before it was moved to another project.
func formerKeys(h *latency.History) (keys []string) {
	for i := range h.Events {
		for _, c := range h.Events[i].Changes {
			if c.Field == latency.FieldKey && c.From.Name != "" && c.From.Name != h.Key {
				keys = append(keys, c.From.Name)
			}
		}
	}
	return keys
}

// derived derives the stories of a shard, each compared with its part of the
// ledger. The last one may be no story but what the ledger holds of those that
// the store has no more: it was counted all the same.
func derived(ctx context.Context, store Store, shard jiradata.Shard, d *latency.Deriver, rules *latency.Rules, asOf latency.Instant) iter.Seq2[*story, error] {
	return func(yield func(*story, error) bool) {
		next, stop := iter.Pull2(store.LedgerIn(ctx, shard))
		defer stop()
		rows := ledgerRows{next: next}
		for h, err := range store.HistoriesIn(ctx, shard) {
			if err != nil {
				yield(nil, fmt.Errorf("reading the stories of a shard: %w", err))
				return
			}
			counted, err := rows.upTo(h.ID)
			if err != nil {
				yield(nil, fmt.Errorf("reading the ledger of a shard: %w", err))
				return
			}
			s := newStory(d, rules, h, asOf, counted)
			if s.unsettled {
				s.stored = &stored{h.Clone(), slices.Clone(counted)}
			}
			if !yield(s, nil) {
				return
			}
		}
		rest, err := rows.upTo(math.MaxInt64)
		if err != nil {
			yield(nil, fmt.Errorf("reading the ledger of a shard: %w", err))
			return
		}
		yield(&story{ledger: rest, trace: latency.Trace{Verdict: latency.Verdict{At: latency.Never}}}, nil)
	}
}

// ledgerRows reads a stream of the ledger story by story.
type ledgerRows struct {
	next  func() (latency.Counted, error, bool)
	ahead latency.Counted // read, and of a later story
	has   bool
	buf   []latency.Counted
}

// upTo returns the entries of stories up to id that were not returned before;
// they are valid until the next call.
func (l *ledgerRows) upTo(id int64) ([]latency.Counted, error) {
	l.buf = l.buf[:0]
	for {
		if !l.has {
			var err error
			if l.ahead, err, l.has = l.next(); err != nil || !l.has {
				l.has = false
				return l.buf, err
			}
		}
		if l.ahead.ID.StoryID > id {
			return l.buf, nil
		}
		l.buf = append(l.buf, l.ahead)
		l.has = false
	}
}

// byStory groups entries by story.
func byStory(counted []latency.Counted) map[int64][]latency.Counted {
	out := map[int64][]latency.Counted{}
	for _, c := range counted {
		out[c.ID.StoryID] = append(out[c.ID.StoryID], c)
	}
	return out
}
