// Package measure leads from the store to the numbers: it derives what
// changed, enters what is final into the ledger and publishes reports. All
// arithmetic is the domain's; all data are the store's.
package measure

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Store is what the engine reads and where it counts.
type Store interface {
	// Shards cuts the stories into at most n ranges of ids with about as many events each.
	Shards(ctx context.Context, n int) ([]jiradata.Shard, error)
	// HistoriesIn streams the stories of a shard with all their events, by id. A history is valid until the next one.
	HistoriesIn(ctx context.Context, shard jiradata.Shard) iter.Seq2[*latency.History, error]
	// Histories streams stories by their ids.
	Histories(ctx context.Context, ids []int64) iter.Seq2[*latency.History, error]
	// Parents streams the issues that are, or were, parents of others.
	Parents(ctx context.Context) iter.Seq2[*latency.History, error]
	// Notes returns what is odd though no event shows it.
	Notes(ctx context.Context) ([]jiradata.Note, error)
	// Sprints returns the sprints that have begun.
	Sprints(ctx context.Context) ([]jiradata.Sprint, error)
	// LedgerIn streams what the ledger holds of the stories of a shard, by story.
	LedgerIn(ctx context.Context, shard jiradata.Shard) iter.Seq2[latency.Counted, error]
	// LedgerOf returns what the ledger holds of stories.
	LedgerOf(ctx context.Context, ids []int64) ([]latency.Counted, error)
	// Ledger returns where the ledger stands; its zero value before the first derivation.
	Ledger(ctx context.Context) (latency.Ledger, error)
	// Touched returns the stories that were written since they were derived, if something is
	// kept of a derivation.
	Touched(ctx context.Context) ([]int64, error)
	// Kept returns what is kept of the last derivation, but for the stories. It gives add
	// the totals, and the entries that were counted since.
	Kept(ctx context.Context, add func(totals []byte, since []latency.Entry) error) (jiradata.KeptState, error)
	// EachKept calls f with what is kept of each story, which is valid during the call.
	// It returns an error if that is not as it was written.
	EachKept(ctx context.Context, f func(story int64, body []byte) error) error
	// Count enters into the ledger, in one transaction, the entries that it does not hold
	// yet, and returns those that are newly counted. Entries that a changed config (another
	// fingerprint) brings up after their time are entered but not counted, except those of
	// a project that is watched for the first time. last says that this is the last call of
	// a derivation that holds nothing back: then the ledger stands by it. kept, the result
	// of the derivation for the next start, is written with it; nil writes nothing. The
	// stories of entries that are not counted are noted as not derived, because they have
	// one finding more.
	Count(ctx context.Context, entries []latency.Entry, by latency.Standing, last bool, kept *jiradata.Kept) ([]latency.Entry, error)
}

const (
	countBatch   = 5000 // entries of one transaction
	refreshChunk = 1000 // stories whose part of the ledger is read at once
)

// Engine keeps the numbers of one store current. It is not safe for
// concurrent use; the reports it returns are.
type Engine struct {
	store       Store
	limit       int
	rules       *latency.Rules
	fingerprint string

	ancestors  latency.Ancestors
	unseen     map[string]bool // parents of stories that the store does not hold, by id
	unseenGrew bool
	totals     *latency.Totals
	unsettled  map[int64]unsettled // stories that time alone can change
	recent     recent              // what is stored of them
	traces     *traces             // of the stories that fall into the longest window
	kept       keeper
	beside     *Beside // what is counted is noted there
	began      func()  // is called when a derivation of everything sees the store as it is; nil: nobody waits for that
	rolling    *latency.RollingStatistics
	findings   *tally
	pending    []latency.Entry    // final and not in the ledger
	bypassed   []latency.Entry    // likewise, until the first acceptance waits are known
	waited     *earliest          // first acceptance waits, by the project's key
	peopled    *earliest          // that a story is there, by the project's id
	moved      map[string]int64   // the ids of stories by keys that they had
	movedShown bool               // a report holds it, so that it is not changed any more
	formerKeys map[int64][]string // likewise, by story
	derived    bool               // all stories are, as of one instant
	follows    bool               // another process counts

	reread      Reread          // nil: what the store says is counted
	since       latency.Instant // the ledger is as of then; 0: nothing was counted yet
	unconfirmed map[int64]bool  // stories with something final that a reading by id must confirm
	confirmed   map[int64]bool  // stories that were read by id for this derivation
}

// unsettled is what is known of a story that time alone can change.
type unsettled struct {
	open []latency.Part
	kept string // what is kept of it
}

// extent is how much one derivation derives.
type extent int

const (
	allStories  extent = iota // or, at a start, those of which nothing is kept
	someStories               // those that have changed, or that time can change
)

// counter counts what is pending; last is the last call of a derivation.
type counter func(ctx context.Context, asOf latency.Instant, last bool) error

// NewEngine returns an engine over store; at most limit open waits of an owner
// and kind are reported one by one.
func NewEngine(store Store, limit int) *Engine {
	return &Engine{store: store, limit: limit, unconfirmed: map[int64]bool{}, confirmed: map[int64]bool{}}
}

// NewFollower returns an engine over store to which another process writes: it counts
// nothing, and its ledger is what that process has entered. Between two derivations
// AddCounted says what that was.
func NewFollower(store Store, limit int) *Engine {
	e := NewEngine(store, limit)
	e.follows = true
	return e
}

// On puts another store in the place of the engine's, which holds the same and what was
// written since.
func (e *Engine) On(store Store) { e.store = store }

// AddCounted adds what another process has counted since the last derivation.
func (e *Engine) AddCounted(entries []latency.Entry) {
	for i := range entries {
		e.totals.Add(entries[i])
	}
}

// Load derives everything anew as of asOf by rules, whose config has that
// fingerprint. It calls progress, which may be nil, with the number of stories
// done. What a reading by id must confirm is counted by the next Refresh.
func (e *Engine) Load(ctx context.Context, rules *latency.Rules, fingerprint string, asOf latency.Instant, progress func(stories int)) (*latency.Report, error) {
	e.rules, e.fingerprint = rules, fingerprint
	return e.whole(ctx, asOf, progress, e.count)
}

// Show is Load that counts nothing: while the store holds a part of another
// scope, that part must not be counted, and nothing else is new. Until the next
// Load there is nothing to refresh.
func (e *Engine) Show(ctx context.Context, rules *latency.Rules, asOf latency.Instant, progress func(stories int)) (*latency.Report, error) {
	e.rules, e.fingerprint = rules, ""
	e.KeepAs("")
	return e.whole(ctx, asOf, progress, e.dropPending)
}

// whole derives everything anew.
func (e *Engine) whole(ctx context.Context, asOf latency.Instant, progress func(stories int), count counter) (*latency.Report, error) {
	ledger, err := e.store.Ledger(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading where the ledger stands: %w", err)
	}
	e.since = ledger.AsOf
	if err := e.load(ctx, asOf, progress, count); err != nil {
		return nil, err
	}
	return e.finish(ctx, asOf, count)
}

// load derives everything anew.
func (e *Engine) load(ctx context.Context, asOf latency.Instant, progress func(stories int), count counter) error {
	ancestors, err := Ancestors(ctx, e.store)
	if err != nil {
		return err
	}
	rules := e.rules
	e.begin(ancestors, asOf)
	if err := count(ctx, asOf, false); err != nil { // what was kept is worth nothing from now on
		return err
	}
	cores := runtime.GOMAXPROCS(0)
	if e.began != nil {
		cores = 1 // the others are for whoever goes on meanwhile
	}
	shards, err := e.store.Shards(ctx, cores)
	if err != nil {
		return fmt.Errorf("cutting the stories into shards: %w", err)
	}
	var mu sync.Mutex // over the engine: shards are derived side by side and kept one by one
	done, unread := 0, len(shards)
	g, gctx := errgroup.WithContext(ctx)
	for _, shard := range shards {
		g.Go(func() error {
			first := true
			for s, err := range derived(gctx, e.store, shard, latency.NewDeriver(rules, ancestors), rules, asOf) {
				if err != nil {
					return err
				}
				if err := func() error {
					mu.Lock()
					defer mu.Unlock()
					if first {
						if unread--; unread == 0 && e.began != nil {
							e.began()
						}
						first = false
					}
					e.keep(s, allStories)
					if done++; progress != nil && done%1000 == 0 {
						progress(done)
					}
					return e.countFull(gctx, asOf, count)
				}(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = g.Wait()
	e.unseenGrew = false // all parents that the store holds were read
	return err
}

// begin makes e the engine of no story.
func (e *Engine) begin(ancestors latency.Ancestors, asOf latency.Instant) {
	e.ancestors, e.unseen, e.unseenGrew = ancestors, map[string]bool{}, false
	e.unsettled, e.traces, e.findings = map[int64]unsettled{}, newTraces(), newTally()
	e.rolling, e.recent = latency.NewRollingStatistics(e.rules, e.traces, asOf), recent{}
	e.waited, e.peopled = newEarliest(), newEarliest()
	e.moved, e.movedShown, e.formerKeys = map[string]int64{}, false, map[int64][]string{}
	e.totals = latency.NewTotals()
	e.pending, e.bypassed, e.derived = e.pending[:0], e.bypassed[:0], false
	e.kept.begin()
}

// Refresh derives the changed stories, and those that time alone can change,
// as of asOf.
func (e *Engine) Refresh(ctx context.Context, changed []int64, asOf latency.Instant) (*latency.Report, error) {
	var err error
	e.begun(changed)
	if e.haveChildren(changed) {
		err = e.load(ctx, asOf, nil, e.count)
	} else {
		ids := slices.AppendSeq(slices.Clone(changed), maps.Keys(e.unsettled))
		err = e.derive(ctx, slices.AppendSeq(ids, maps.Keys(e.unconfirmed)), asOf, someStories)
	}
	if err == nil && e.unseenGrew { // a story has a parent that no story had
		err = e.load(ctx, asOf, nil, e.count)
	}
	if err == nil {
		err = e.confirm(ctx, asOf)
	}
	if err != nil {
		return nil, err
	}
	return e.finish(ctx, asOf, e.count)
}

// begun notes that the changed stories are about to be derived.
func (e *Engine) begun(changed []int64) {
	e.derived = false
	e.recent.forget(changed...)
	e.kept.noteDerived(changed...)
	e.beside.notice(changed)
}

// Advance is Refresh where all is known beforehand, as of the past: parents
// whose whole histories Load read, and no Jira that could correct anything.
func (e *Engine) Advance(ctx context.Context, changed []int64, asOf latency.Instant) (*latency.Report, error) {
	e.begun(changed)
	if err := e.derive(ctx, slices.AppendSeq(slices.Clone(changed), maps.Keys(e.unsettled)), asOf, someStories); err != nil {
		return nil, err
	}
	return e.finish(ctx, asOf, e.count)
}

// Rename replaces the rules by some that read every history as the present ones
// do, and differ in the names of people.
func (e *Engine) Rename(rules *latency.Rules) {
	e.rules = rules
	e.rolling.Rename(rules)
}

// keep keeps of a story what later reports need, and what is to be counted.
func (e *Engine) keep(s *story, of extent) {
	for i := range s.ledger {
		if s.ledger[i].Counted {
			e.totals.Add(s.ledger[i].Entry)
		}
	}
	for _, id := range s.parents {
		if e.ancestors[id] == nil && !e.unseen[id] {
			e.unseen[id], e.unseenGrew = true, true
		}
	}
	if e.needsConfirmation(s, of) {
		s.entries = nil
		e.unconfirmed[s.id] = true
	} else {
		delete(e.unconfirmed, s.id)
	}
	for _, entry := range s.entries {
		if entry.Type == latency.EntryBypass {
			e.bypassed = append(e.bypassed, entry)
		} else {
			e.pending = append(e.pending, entry)
		}
	}
	e.place(s)
	e.formerlyCalled(s.id, s.formerKeys)
	if s.unsettled {
		e.unsettled[s.id] = unsettled{s.open, e.unsettled[s.id].kept}
	} else {
		delete(e.unsettled, s.id)
	}
	e.remember(s)
	e.trace(s.id, &s.trace)
	e.findings.set(s.id, s.findings, e.rules)
	e.keepStory(s.id)
}

// formerlyCalled keeps the keys that a story had, and forgets those that it has again.
func (e *Engine) formerlyCalled(id int64, keys []string) {
	before := e.formerKeys[id]
	if slices.Equal(before, keys) {
		return
	}
	if e.movedShown {
		e.moved, e.movedShown = maps.Clone(e.moved), false
	}
	for _, key := range before {
		if e.moved[key] == id {
			delete(e.moved, key)
		}
	}
	for _, key := range keys {
		e.moved[key] = id
	}
	if e.formerKeys[id] = keys; len(keys) == 0 {
		delete(e.formerKeys, id)
	}
}

// place keeps where a story is, and where it first waited for a verdict.
func (e *Engine) place(s *story) {
	e.waited.set(s.id, s.firstWaits)
	var home map[string]latency.Instant
	if s.home != "" {
		home = map[string]latency.Instant{s.home: 0}
	}
	e.peopled.set(s.id, home)
}

// placeAll looks for where all stories are, and first waited, where none of those that
// are known by name is left.
func (e *Engine) placeAll(ctx context.Context, asOf latency.Instant) error {
	e.waited, e.peopled = newEarliest(), newEarliest()
	shards, err := e.store.Shards(ctx, 1)
	if err != nil {
		return fmt.Errorf("cutting the stories into shards: %w", err)
	}
	for _, shard := range shards {
		for s, err := range derived(ctx, e.store, shard, latency.NewDeriver(e.rules, e.ancestors), e.rules, asOf) {
			if err != nil {
				return err
			}
			e.place(s)
		}
	}
	return nil
}

// trace keeps the trace of a story for the statistics.
func (e *Engine) trace(id int64, t *latency.Trace) {
	before, after := e.traces.Trace(id), t
	if t.Empty() {
		after = nil
	}
	e.rolling.Replace(id, before, after)
	e.traces.set(id, t)
}

// finish counts what is left to count and returns the new report.
func (e *Engine) finish(ctx context.Context, asOf latency.Instant, count counter) (*latency.Report, error) {
	if e.waited.lost || e.peopled.lost {
		if err := e.placeAll(ctx, asOf); err != nil {
			return nil, err
		}
	}
	waits := latency.FirstWaits(e.waited.first())
	for _, entry := range e.bypassed {
		if waits.Passed(&entry) {
			e.pending = append(e.pending, entry)
		}
	}
	e.bypassed = e.bypassed[:0]
	// While anything is unconfirmed the ledger is not as of now: a restart would
	// count what nobody has confirmed.
	e.derived = true
	if err := count(ctx, asOf, len(e.unconfirmed) == 0); err != nil {
		return nil, err
	}
	clear(e.confirmed)
	notes, err := e.store.Notes(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what polls noted: %w", err)
	}
	sprints, err := e.store.Sprints(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading sprints: %w", err)
	}
	ledger, err := e.store.Ledger(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading where the ledger stands: %w", err)
	}
	r := e.report(asOf, notes, waits)
	r.LedgerStart = ledger.Start
	r.Sprints = lastSprints(e.rules, sprints)
	return r, nil
}

// countFull counts what is pending once it is a batch.
func (e *Engine) countFull(ctx context.Context, asOf latency.Instant, count counter) error {
	if len(e.pending) < countBatch && len(e.kept.stories) < keptBatch {
		return nil
	}
	return count(ctx, asOf, false)
}

// dropPending is a counter that counts nothing.
func (e *Engine) dropPending(context.Context, latency.Instant, bool) error {
	e.pending = e.pending[:0]
	return nil
}

// count is the counter that enters what is pending into the ledger and adds what
// is new to the totals. What came up after its time is found, not counted.
func (e *Engine) count(ctx context.Context, asOf latency.Instant, last bool) error {
	if e.follows {
		return e.dropPending(ctx, asOf, last)
	}
	by := latency.Standing{AsOf: asOf, Fingerprint: e.fingerprint, Windows: map[string]time.Duration{}}
	for _, p := range e.rules.Projects {
		by.Projects = append(by.Projects, p.Key)
		by.Windows[p.Key] = p.SlipWindow
	}
	kept, err := e.take(asOf, e.derived)
	if err != nil {
		return fmt.Errorf("writing down what was derived: %w", err)
	}
	added, err := e.store.Count(ctx, e.pending, by, last, kept)
	if err != nil {
		return fmt.Errorf("writing %d entries to the ledger: %w", len(e.pending), err)
	}
	e.kept.since += len(added)
	e.beside.note(e.pending, added)
	for _, entry := range added {
		e.totals.Add(entry)
	}
	late := false
	if len(added) < len(e.pending) {
		counted := make(map[latency.EntryID]bool, len(added))
		for _, entry := range added {
			counted[entry.ID] = true
		}
		for _, entry := range e.pending {
			if !counted[entry.ID] {
				late = true
				e.findings.add(entry.ID.StoryID, latency.AuditKey{Project: entry.Project, Reason: latency.FindCorrected})
				e.keepStory(entry.ID.StoryID)
				e.kept.noteDerived(entry.ID.StoryID) // Count noted it as one that was not
			}
		}
	}
	e.pending = e.pending[:0]
	if last {
		e.since = asOf
	}
	if late && e.derived { // a start must know of these findings too
		return e.count(ctx, asOf, last)
	}
	return nil
}

// report returns the report of what is known now.
func (e *Engine) report(asOf latency.Instant, notes []jiradata.Note, waits latency.FirstWaits) *latency.Report {
	var open []latency.Part
	for _, st := range e.unsettled {
		open = append(open, st.open...)
	}
	statistics := e.rolling.At(asOf)
	audit := e.findings.counts()
	bulk, stories := e.rolling.Bulk()
	maps.Copy(audit, bulk)
	peopled := latency.Set{}
	for id := range e.peopled.first() {
		peopled[id] = true
	}
	misfits := latency.Misfits(e.rules, asOf, statistics, peopled, waits)
	for _, f := range slices.Concat(Noted(e.rules, notes), misfits) {
		if p := e.rules.Projects[f.ProjectID]; p != nil {
			audit[latency.AuditKey{Project: p.Key, Reason: f.Reason}]++
		}
	}
	for _, p := range e.rules.Projects {
		for _, r := range Reasons() {
			if r.Zero {
				audit[latency.AuditKey{Project: p.Key, Reason: r.Code}] += 0
			}
		}
	}
	r := latency.NewReport(e.rules, asOf, e.totals, open, audit, statistics, e.limit)
	r.Moved, r.Odd, e.movedShown = e.moved, e.findings.examples(), true
	r.Misfits, r.Bulk = misfits, e.rolling.InBulk()
	for key, ids := range stories {
		for _, id := range ids {
			r.AddOdd(key, id)
		}
	}
	return r
}
