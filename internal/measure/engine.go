// Package measure leads from the store to the numbers: it derives what
// changed, enters what is final into the ledger and publishes reports. All
// arithmetic is the domain's; all data are the store's.
package measure

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/yourturn/yourturn/internal/latency"
)

// Store is what the engine reads and where it counts.
type Store interface {
	// Histories streams stories with all their events, by id; nil ids mean all of them. A history is valid until the next one.
	Histories(ctx context.Context, ids []int64) iter.Seq2[*latency.History, error]
	// Parents streams the issues that are, or were, parents of others.
	Parents(ctx context.Context) iter.Seq2[*latency.History, error]
	// Ledger streams the counted entries.
	Ledger(ctx context.Context) iter.Seq2[latency.Entry, error]
	// Count enters what the ledger does not hold yet, in one transaction, and
	// returns what was newly counted. Entries that a changed config (another
	// fingerprint) brings up after their time are entered but not counted. The
	// last call of a derivation says so: then the ledger stands as of asOf.
	Count(ctx context.Context, entries []latency.Entry, asOf latency.Instant, fingerprint string, last bool) ([]latency.Entry, error)
}

// countBatch bounds the entries of one transaction.
const countBatch = 5000

// Engine keeps the numbers of one store current. It is not safe for
// concurrent use; the reports it returns are.
type Engine struct {
	store       Store
	limit       int
	rules       *latency.Rules
	fingerprint string

	ancestors latency.Ancestors
	deriver   *latency.Deriver
	totals    *latency.Totals
	unsettled map[int64][]latency.Wait    // stories that time alone can change
	findings  map[int64][]latency.Finding // by story
	pending   []latency.Entry
	bypassed  []latency.Entry            // of this derivation, until it is known when acceptance began
	begun     map[string]latency.Instant // the first acceptance wait, by project
}

// NewEngine returns an engine over store; at most limit open waits of an owner
// and kind are reported one by one.
func NewEngine(store Store, limit int) *Engine { return &Engine{store: store, limit: limit} }

// Load derives everything anew as of asOf by rules, whose config has that
// fingerprint. progress, which may be nil, is told the number of stories done.
func (e *Engine) Load(ctx context.Context, rules *latency.Rules, fingerprint string, asOf latency.Instant, progress func(stories int)) (*latency.Report, error) {
	ancestors, err := Ancestors(ctx, e.store)
	if err != nil {
		return nil, err
	}
	e.rules, e.fingerprint, e.ancestors = rules, fingerprint, ancestors
	e.deriver = latency.NewDeriver(rules, ancestors)
	e.unsettled, e.findings = map[int64][]latency.Wait{}, map[int64][]latency.Finding{}
	e.begun = map[string]latency.Instant{}
	e.totals = latency.NewTotals()
	for entry, err := range e.store.Ledger(ctx) {
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
		e.totals.Add(entry)
	}
	return e.derive(ctx, nil, asOf, progress)
}

// Refresh derives the changed stories, and those that time alone can change,
// as of asOf.
func (e *Engine) Refresh(ctx context.Context, changed []int64, asOf latency.Instant) (*latency.Report, error) {
	if len(changed) > 0 && slices.ContainsFunc(changed, func(id int64) bool { return e.ancestors[strconv.FormatInt(id, 10)] != nil }) {
		// A parent's owner is its children's: they may all be another's now.
		return e.Load(ctx, e.rules, e.fingerprint, asOf, nil)
	}
	ids := slices.AppendSeq(slices.Clone(changed), maps.Keys(e.unsettled))
	slices.Sort(ids)
	return e.derive(ctx, slices.Compact(ids), asOf, nil)
}

// derive derives stories by id, or all of them, counts what is final and
// returns the new report.
func (e *Engine) derive(ctx context.Context, ids []int64, asOf latency.Instant, progress func(int)) (*latency.Report, error) {
	done := 0
	if ids == nil || len(ids) > 0 {
		for h, err := range e.store.Histories(ctx, ids) {
			if err != nil {
				return nil, fmt.Errorf("reading stories: %w", err)
			}
			res := e.deriver.Story(h, asOf)
			e.take(h.ID, res)
			for entry := range e.rules.Entries(h.ID, res, asOf) {
				if entry.Type == latency.EntryBypass {
					e.bypassed = append(e.bypassed, entry)
				} else {
					e.pending = append(e.pending, entry)
				}
			}
			if len(e.pending) >= countBatch {
				if err := e.count(ctx, asOf, false); err != nil {
					return nil, err
				}
			}
			if done++; progress != nil && done%1000 == 0 {
				progress(done)
			}
		}
	}
	// Before a project's first acceptance wait there was nothing to bypass.
	for _, entry := range e.bypassed {
		if first, ok := e.begun[entry.Project]; ok && entry.At >= first {
			e.pending = append(e.pending, entry)
		}
	}
	e.bypassed = e.bypassed[:0]
	if err := e.count(ctx, asOf, true); err != nil {
		return nil, err
	}
	return e.report(asOf), nil
}

// count enters what is pending into the ledger and adds what is new to the
// totals.
func (e *Engine) count(ctx context.Context, asOf latency.Instant, last bool) error {
	added, err := e.store.Count(ctx, e.pending, asOf, e.fingerprint, last)
	if err != nil {
		return fmt.Errorf("writing the ledger: %w", err)
	}
	for _, entry := range added {
		e.totals.Add(entry)
	}
	e.pending = e.pending[:0]
	return nil
}

// take keeps of a result what later reports need.
func (e *Engine) take(id int64, res *latency.Result) {
	for i := range res.Waits {
		w := &res.Waits[i]
		if p := e.rules.Projects[w.ProjectID]; p != nil && w.Kind == latency.Acceptance {
			if first, ok := e.begun[p.Key]; !ok || w.Start < first {
				e.begun[p.Key] = w.Start
			}
		}
	}
	delete(e.unsettled, id)
	if res.Unsettled {
		open := []latency.Wait{}
		for _, w := range res.Waits {
			if w.Open() {
				open = append(open, w)
			}
		}
		e.unsettled[id] = open
	}
	delete(e.findings, id)
	if len(res.Findings) > 0 {
		e.findings[id] = slices.Clone(res.Findings)
	}
}

// report returns the report of what is known now.
func (e *Engine) report(asOf latency.Instant) *latency.Report {
	var waits []latency.Wait
	for _, list := range e.unsettled {
		waits = append(waits, list...)
	}
	var findings []latency.Finding
	for _, list := range e.findings {
		findings = append(findings, list...)
	}
	return latency.NewReport(e.rules, asOf, e.totals, waits, findings, e.limit)
}

// Ancestors reads the parents of all stories.
func Ancestors(ctx context.Context, store interface {
	Parents(ctx context.Context) iter.Seq2[*latency.History, error]
},
) (latency.Ancestors, error) {
	out := latency.Ancestors{}
	for h, err := range store.Parents(ctx) {
		if err != nil {
			return nil, fmt.Errorf("reading parents: %w", err)
		}
		out[strconv.FormatInt(h.ID, 10)] = latency.NewAncestor(h)
	}
	return out, nil
}
