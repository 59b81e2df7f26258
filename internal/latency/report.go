package latency

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// WorkingBuckets are the upper bounds of the latency histograms: landmarks of
// working time from five minutes to six weeks of forty hours. They are fixed,
// so that histograms of all times and places can be added.
func WorkingBuckets() []time.Duration {
	return []time.Duration{
		5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour,
		8 * time.Hour, 12 * time.Hour, 16 * time.Hour, 24 * time.Hour, 40 * time.Hour, 80 * time.Hour,
		120 * time.Hour, 160 * time.Hour, 240 * time.Hour,
	}
}

// ElapsedBuckets are the upper bounds of the histograms of wall time.
func ElapsedBuckets() []time.Duration {
	return []time.Duration{
		time.Hour, 8 * time.Hour, 24 * time.Hour, 3 * 24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour,
	}
}

// Key is who is measured: an owner in a project.
type Key struct {
	Kind           Kind
	Project, Owner string
}

// EndedKey is a Key with how waits ended.
type EndedKey struct {
	Key
	Outcome   Outcome
	Responder Responder
}

// Histogram is a sum over entries of the ledger.
type Histogram struct {
	Bounds []time.Duration
	Counts []uint64 // by bound, not cumulative; one more for what is above the last
	Count  uint64
	Sum    Milliseconds
}

// NewHistogram returns an empty histogram with those upper bounds.
func NewHistogram(bounds []time.Duration) *Histogram {
	return &Histogram{Bounds: bounds, Counts: make([]uint64, len(bounds)+1)}
}

// Add counts one value.
func (h *Histogram) Add(v Milliseconds) {
	i, _ := slices.BinarySearchFunc(h.Bounds, v, func(b time.Duration, v Milliseconds) int { return cmp.Compare(MillisecondsOf(b), v) })
	h.Counts[i]++
	h.Count++
	h.Sum += v
}

// Clone returns a copy that is not changed by further additions.
func (h *Histogram) Clone() *Histogram {
	c := *h
	c.Counts = slices.Clone(h.Counts)
	return &c
}

// Totals are the sums over the ledger. They only grow.
type Totals struct {
	Ended    map[EndedKey]uint64
	Latency  map[EndedKey]*Histogram // responses alone, owner's clock, working time
	Elapsed  map[Key]*Histogram      // responses alone, owner's clock, wall time
	Breached map[Key]uint64
	Met      map[Key]uint64
	Slips    map[string]uint64 // by project
	Bypassed map[string]uint64
	Guards   map[GuardKey]uint64
}

// GuardKey is a guard and the owner whose waits it counted.
type GuardKey struct {
	Guard          EntryType
	Project, Owner string
}

// NewTotals returns empty totals.
func NewTotals() *Totals {
	return &Totals{
		Ended: map[EndedKey]uint64{}, Latency: map[EndedKey]*Histogram{}, Elapsed: map[Key]*Histogram{},
		Breached: map[Key]uint64{}, Met: map[Key]uint64{}, Slips: map[string]uint64{}, Bypassed: map[string]uint64{}, Guards: map[GuardKey]uint64{},
	}
}

// expected lists how waits of each kind usually end: the series that exist at
// zero for every configured owner, so that a first event is seen as an increase.
func expected(k Kind) map[Outcome][]Responder {
	if k == Acceptance {
		return map[Outcome][]Responder{
			Accepted: {ByOwner, ByDelegate, ByOther, ByAutomation}, Rejected: {ByOwner, ByDelegate},
			Recalled: {ByOther}, Withdrawn: {ByOwner, ByOther}, HandedOver: {""},
		}
	}
	return map[Outcome][]Responder{
		Answered: {ByOwner, ByDelegate, ByOther}, Resolved: {ByOther}, Withdrawn: {ByOther},
		Obsolete: {ByOther}, Lapsed: {""}, HandedOver: {""},
	}
}

// Expect makes the series of an owner in a project exist, at zero.
func (t *Totals) Expect(project *Project, owner string) {
	for _, kind := range [2]Kind{Acceptance, Question} {
		if !project.Measures(kind) {
			continue
		}
		key := Key{kind, project.Key, owner}
		for outcome, responders := range expected(kind) {
			for _, who := range responders {
				t.Ended[EndedKey{key, outcome, who}] += 0
			}
			if outcome.IsResponse() {
				t.latency(EndedKey{key, outcome, ByOwner})
			}
		}
		t.elapsed(key)
		t.Breached[key] += 0
		t.Met[key] += 0
	}
	for _, guard := range Guards() {
		if project.Measures(guarded(guard)) {
			t.Guards[GuardKey{guard, project.Key, owner}] += 0
		}
	}
}

// guarded returns the kind of wait that a guard looks at.
func guarded(guard EntryType) Kind {
	if guard == GuardAskedAgain {
		return Question
	}
	return Acceptance
}

// leaveOut drops what was counted of acceptance in projects that have none: their
// counts are kept in the ledger, and shown again when there is.
func (t *Totals) leaveOut(none map[string]bool) {
	acceptance := func(k Key) bool { return k.Kind == Acceptance && none[k.Project] }
	maps.DeleteFunc(t.Ended, func(k EndedKey, _ uint64) bool { return acceptance(k.Key) })
	maps.DeleteFunc(t.Latency, func(k EndedKey, _ *Histogram) bool { return acceptance(k.Key) })
	maps.DeleteFunc(t.Elapsed, func(k Key, _ *Histogram) bool { return acceptance(k) })
	maps.DeleteFunc(t.Breached, func(k Key, _ uint64) bool { return acceptance(k) })
	maps.DeleteFunc(t.Met, func(k Key, _ uint64) bool { return acceptance(k) })
	maps.DeleteFunc(t.Slips, func(project string, _ uint64) bool { return none[project] })
	maps.DeleteFunc(t.Bypassed, func(project string, _ uint64) bool { return none[project] })
	maps.DeleteFunc(t.Guards, func(k GuardKey, _ uint64) bool { return guarded(k.Guard) == Acceptance && none[k.Project] })
}

// latency returns the histogram that a response counts in. Acceptance by
// automation counts with that by others: it is no response of the owner's.
func (t *Totals) latency(k EndedKey) *Histogram {
	if k.Responder == ByAutomation {
		k.Responder = ByOther
	}
	if k.Kind == Question {
		k.Outcome = Answered
	}
	h := t.Latency[k]
	if h == nil {
		h = NewHistogram(WorkingBuckets())
		t.Latency[k] = h
	}
	return h
}

func (t *Totals) elapsed(k Key) *Histogram {
	h := t.Elapsed[k]
	if h == nil {
		h = NewHistogram(ElapsedBuckets())
		t.Elapsed[k] = h
	}
	return h
}

// Add counts an entry of the ledger.
func (t *Totals) Add(e Entry) {
	key := Key{e.ID.Kind, e.Project, e.Owner}
	switch e.Type {
	case EntryEnded:
		k := EndedKey{key, e.Outcome, e.Responder}
		t.Ended[k]++
		if e.Outcome.IsResponse() {
			t.latency(k).Add(e.Working)
			t.elapsed(key).Add(e.Elapsed)
		}
	case EntryBreached:
		t.Breached[key]++
	case EntryMet:
		t.Met[key]++
	case EntrySlip:
		t.Slips[e.Project]++
	case EntryBypass:
		t.Bypassed[e.Project]++
	default:
		t.Guards[GuardKey{e.Type, e.Project, e.Owner}]++
	}
}

// Clone returns a copy that is not changed by further additions.
func (t *Totals) Clone() *Totals {
	c := &Totals{
		Ended: maps.Clone(t.Ended), Latency: map[EndedKey]*Histogram{}, Elapsed: map[Key]*Histogram{},
		Breached: maps.Clone(t.Breached), Met: maps.Clone(t.Met), Slips: maps.Clone(t.Slips), Bypassed: maps.Clone(t.Bypassed),
		Guards: maps.Clone(t.Guards),
	}
	for k, h := range t.Latency {
		c.Latency[k] = h.Clone()
	}
	for k, h := range t.Elapsed {
		c.Elapsed[k] = h.Clone()
	}
	return c
}

// OpenState is what an owner's team waits for now.
type OpenState struct {
	Open, Overdue, Paused int
	Forgotten             int           // of the open ones
	Oldest, OldestElapsed time.Duration // on the owner's clock; 0: nothing open
}

// StoryKey is a kind of wait in a project.
type StoryKey struct {
	Kind    Kind
	Project string
}

// StoryState is what runs on the story's clock, which no hand-over restarts.
type StoryState struct {
	Oldest  time.Duration
	Overdue int
}

// OpenWait is one open wait, on the story's clock.
type OpenWait struct {
	Key
	Story  string // key
	Age    time.Duration
	Since  Instant // when the team began to wait
	Paused bool    // its clock is stopped by a pause
	Pace   float64 // share of its owner's waits of the last 90 days that it is longer than
	Paced  bool    // there were enough of them to compare

	part *Part // until its pace is known
}

// Delegated is a delegation that is active now.
type Delegated struct {
	Owner, Delegate string
	Until           Instant // Never: it has no end
}

// Report is what a scrape shows: the derivation as of the data timestamp. It
// is not changed once it is published.
type Report struct {
	DataTimestamp Instant
	LedgerStart   Instant // as of which the ledger that Totals sum up began; 0: not known
	Totals        *Totals
	Configured    map[string]bool // by project, every one that is watched: whether its acceptance statuses fit it
	Open          map[Key]OpenState
	Stories       map[StoryKey]StoryState
	OpenWaits     []OpenWait                 // the oldest of each owner and kind that are not forgotten
	Forgotten     []OpenWait                 // likewise those that are
	Asked         []int64                    // the ids of all stories with an open question, in order
	Waiting       []int64                    // likewise of those with an open wait of any kind
	Targets       map[StoryKey]time.Duration // in working time
	Delegations   []Delegated
	Absent        map[string]bool    // by configured owner
	AbsentUntil   map[string]Instant // by owner who is absent now; Never: no end is known
	Names         map[string]string  // display name by owner
	Audit         map[AuditKey]int
	Statistics    *Statistics // over the rolling windows
	Sprints       []Sprint    // the last ones of each project

	// Queue are all open waits in the order in which they are to be looked at: past the
	// target since yesterday, due today, new; then the others that are past it, the longest
	// first; then the rest, by when they are due; and the forgotten ones last.
	Queue []Waiting

	// Odd are the ids of the latest stories with a finding of the audit, at most
	// OddExamples of a project and reason, falling.
	Odd map[AuditKey][]int64
	// Misfits are the findings of the audit that are about no story.
	Misfits []Finding
	// Bulk is what ended in bulk, of which Bulk.Of says what a story has.
	Bulk Bulk
	// Moved are the ids of stories by the keys that they had before they were moved to
	// another project.
	Moved map[string]int64

	rules   *Rules
	persons map[string]string // by label, where that is another
}

// OddExamples is how many stories with a finding a report names.
const OddExamples = 5

// AddOdd adds a story with a finding to those that the report names, unless there are
// enough later ones. It is for whoever makes the report.
func (r *Report) AddOdd(key AuditKey, story int64) {
	if r.Odd == nil {
		r.Odd = map[AuditKey][]int64{}
	}
	list := r.Odd[key]
	if len(list) == OddExamples && list[len(list)-1] > story {
		return
	}
	i, found := slices.BinarySearchFunc(list, story, func(have, want int64) int { return cmp.Compare(want, have) })
	if found {
		return
	}
	list = slices.Insert(list, i, story)
	r.Odd[key] = list[:min(len(list), OddExamples)]
}

// AuditKey is a reason for findings in a project.
type AuditKey struct{ Project, Reason string }

// openList collects the open waits of a report.
type openList struct {
	rules  *Rules
	report *Report
	labels *labels
	newest map[storyWait]*Part
	waits  []OpenWait
	listed map[openID]int // place in waits
}

// storyWait is a kind of wait on a story.
type storyWait struct {
	story int64
	kind  Kind
}

// openID is what makes an open wait a series of its own.
type openID struct {
	Key
	story string
}

// NewReport returns the report of rules as of the data timestamp over totals,
// with the open ones of parts, what the audit counted and statistics over the
// rolling windows; at most limit of the oldest waits of each owner and kind are
// listed one by one, and as many of the forgotten ones.
func NewReport(rules *Rules, asOf Instant, totals *Totals, parts []Part, audit map[AuditKey]int, statistics *Statistics, limit int) *Report {
	names := newLabels(rules)
	r := &Report{
		DataTimestamp: asOf, Totals: totals.labelled(names), Configured: map[string]bool{}, Open: map[Key]OpenState{}, Stories: map[StoryKey]StoryState{},
		Targets: map[StoryKey]time.Duration{}, Absent: map[string]bool{}, AbsentUntil: map[string]Instant{}, Names: map[string]string{}, Audit: audit, Statistics: statistics,
		rules: rules, persons: map[string]string{},
	}
	none := map[string]bool{}
	for _, p := range rules.Projects {
		r.Configured[p.Key] = p.Configured()
		for _, owner := range p.configuredOwners() {
			r.Totals.Expect(p, names.of(owner))
		}
		none[p.Key] = p.NoAcceptance
		r.Totals.Slips[p.Key] += 0
		r.Totals.Bypassed[p.Key] += 0
		for _, kind := range [2]Kind{Acceptance, Question} {
			if !p.Measures(kind) {
				continue
			}
			r.Targets[StoryKey{kind, p.Key}] = p.Target(kind)
			r.Stories[StoryKey{kind, p.Key}] = StoryState{}
		}
	}
	r.Totals.leaveOut(none)
	for k := range r.Totals.Breached { // every owner that was ever expected
		r.Open[k] = OpenState{}
	}
	for k := range r.Totals.Ended {
		r.Open[k.Key] = OpenState{}
	}
	open := openList{rules: rules, report: r, labels: names, newest: map[storyWait]*Part{}, listed: map[openID]int{}}
	for i := range parts {
		open.note(&parts[i])
	}
	for i := range parts {
		open.add(&parts[i])
	}
	for _, list := range []*[]int64{&r.Asked, &r.Waiting} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	r.OpenWaits, r.Forgotten = open.oldest(statistics, limit, false), open.oldest(statistics, limit, true)
	r.people(rules, names, asOf)
	r.arrange()
	return r
}

// note remembers the newest open wait of each kind on each story: where one
// began before the ending of the last is final, that one is over.
func (o *openList) note(p *Part) {
	id := storyWait{p.StoryID, p.Kind}
	if newest := o.newest[id]; p.Open() && (newest == nil || p.Start >= newest.Start) {
		o.newest[id] = p
	}
}

// add counts a part if it is open. Of several on a story the newest counts; an
// older one of the same owner is there by its age, which cannot fall before its
// ending is final.
func (o *openList) add(w *Part) {
	p := o.rules.watched(w.ProjectID)
	if !w.Open() || p == nil || !p.Measures(w.Kind) {
		return
	}
	o.report.Waiting = append(o.report.Waiting, w.StoryID)
	if w.Kind == Question {
		o.report.Asked = append(o.report.Asked, w.StoryID)
	}
	newest := o.newest[storyWait{w.StoryID, w.Kind}]
	if newest.Owner != w.Owner || newest.ProjectID != w.ProjectID {
		return
	}
	key, sk := Key{w.Kind, p.Key, o.labels.of(w.Owner)}, StoryKey{w.Kind, p.Key}
	s, st := o.report.Open[key], o.report.Stories[sk]
	if w == newest {
		o.report.stand(w, key)
		s.Open++
		if w.Overdue() {
			s.Overdue++
		}
		if w.PausedNow {
			s.Paused++
		}
		if w.Forgotten {
			s.Forgotten++
		}
		if w.StoryWorking > w.Target {
			st.Overdue++
		}
	}
	s.Oldest, s.OldestElapsed = max(s.Oldest, w.Working), max(s.OldestElapsed, w.Elapsed)
	st.Oldest = max(st.Oldest, w.StoryWorking)
	o.report.Open[key], o.report.Stories[sk] = s, st
	id := openID{key, w.Story}
	if i, listed := o.listed[id]; listed {
		if listed := &o.waits[i]; w.StoryWorking > listed.Age {
			listed.Age, listed.part = w.StoryWorking, w
		}
		return
	}
	o.listed[id] = len(o.waits)
	o.waits = append(o.waits, OpenWait{Key: key, Story: w.Story, Age: w.StoryWorking, part: w})
}

// oldest returns at most limit of the oldest waits of each owner and kind, of the
// forgotten ones or of the others.
func (o *openList) oldest(statistics *Statistics, limit int, forgotten bool) []OpenWait {
	list := slices.DeleteFunc(slices.Clone(o.waits), func(w OpenWait) bool { return w.part.Forgotten != forgotten })
	slices.SortFunc(list, func(a, b OpenWait) int {
		return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Kind, b.Kind), cmp.Compare(b.Age, a.Age), cmp.Compare(a.Story, b.Story))
	})
	kept, n := list[:0], 0
	for i, w := range list {
		if i == 0 || w.Owner != list[i-1].Owner || w.Kind != list[i-1].Kind {
			n = 0
		}
		if n++; n <= limit {
			w.Since, w.Paused = w.part.Since, w.part.PausedNow
			w.Pace, w.Paced = statistics.Pace(w.part)
			w.part = nil
			kept = append(kept, w)
		}
	}
	return slices.Clip(kept)
}

// people fills in who is away, who stands in, and names. Of people who are not told
// apart it says neither who is away nor who stands in.
func (r *Report) people(rules *Rules, names *labels, asOf Instant) {
	if rules.Together {
		r.Names[All] = allName
		return
	}
	for key, o := range rules.Owners {
		label := names.of(key)
		if label != key {
			r.persons[label] = key
		}
		until, absent := within(o.Absences, asOf)
		if r.Absent[label] = absent; absent {
			r.AbsentUntil[label] = until
		}
		r.Names[label] = rules.Name(key)
	}
	for k := range r.Open {
		if _, ok := r.Names[k.Owner]; ok {
			continue
		}
		if r.Names[k.Owner] = k.Owner; rules.Pseudonyms == nil { // else the label is all there is of a name
			r.Names[k.Owner] = rules.Name(k.Owner)
		}
	}
	spans := map[Delegated][]Span{}
	for _, g := range rules.Delegates {
		d := Delegated{Owner: names.of(g.Owner), Delegate: names.of(g.Delegate)}
		spans[d] = append(spans[d], g.Span)
	}
	for d, list := range spans {
		if until, active := within(list, asOf); active {
			d.Until = until
			r.Delegations = append(r.Delegations, d)
		}
	}
	slices.SortFunc(r.Delegations, func(a, b Delegated) int {
		return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Delegate, b.Delegate))
	})
}

// configuredOwners returns the owners of the project that the config names.
func (p *Project) configuredOwners() []string {
	set := map[string]bool{}
	for _, t := range p.Terms {
		set[t.Person] = true
	}
	for _, who := range p.Components {
		set[who] = true
	}
	return slices.Sorted(maps.Keys(set))
}
