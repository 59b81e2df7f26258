package latency

import (
	"iter"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/survival"
)

// Traces are the traces of stories, by story.
type Traces interface {
	// Trace returns the trace of a story, which is there. It is valid until the next call.
	Trace(id int64) *Trace
	// All yields every story and its trace, which is valid until the next one.
	All() iter.Seq2[int64, *Trace]
	// Drop removes the trace of a story.
	Drop(id int64)
}

// RollingStatistics are the statistics over the rolling windows, kept up to date. As
// time goes on only what lies across the beginning or the end of a window is looked
// at; all else a window holds as sums, until one of its ends passes. They are what
// NewStatistics makes of all traces, which the tests compare. They are not safe for
// concurrent use; the Statistics that they return are.
type RollingStatistics struct {
	rules   *Rules
	labels  *labels
	traces  Traces
	asOf    Instant
	windows []*rollingWindow
	fields  map[string]Fields
	bulk    bulkCounts
	scratch [2]contribution
	curves  survival.Estimator
}

// NewRollingStatistics returns the statistics of traces, of which there are none yet,
// as of an instant.
func NewRollingStatistics(rules *Rules, traces Traces, asOf Instant) *RollingStatistics {
	s := &RollingStatistics{rules: rules, traces: traces}
	s.begin(asOf)
	return s
}

// begin makes s the statistics of no trace.
func (s *RollingStatistics) begin(asOf Instant) {
	s.labels, s.asOf, s.windows, s.fields, s.bulk = newLabels(s.rules), asOf, nil, map[string]Fields{}, newBulkCounts()
	for _, w := range Rolling(asOf) {
		s.windows = append(s.windows, newRollingWindow(w))
	}
}

// Rename replaces the rules by some that differ in the names of people alone.
func (s *RollingStatistics) Rename(rules *Rules) { s.rules = rules }

// Replace takes the trace of a story out and another one in; nil is none. They are as
// of an instant that the next At does not come before.
func (s *RollingStatistics) Replace(id int64, before, after *Trace) {
	if before != nil && after != nil && before.goesOnAs(after) {
		s.goOn(id, after)
		return
	}
	if before != nil {
		s.field(before.Home, -1)
	}
	if after != nil {
		s.field(after.Home, 1)
	}
	for _, w := range s.windows {
		old, next := &s.scratch[0], &s.scratch[1]
		s.contribute(old, w, w.From, s.asOf, before)
		s.contribute(next, w, w.From, s.asOf, after)
		s.change(w, old, next)
		w.follow(id, next)
	}
}

// goesOnAs reports whether another trace of the story differs in nothing but the clocks
// of waits that are open in both, as that of a later derivation does.
func (t *Trace) goesOnAs(later *Trace) bool {
	if t.Home != later.Home || t.Verdict != later.Verdict || !slices.Equal(t.Stages, later.Stages) || len(t.Samples) != len(later.Samples) {
		return false
	}
	for i := range t.Samples {
		a, b := &t.Samples[i], &later.Samples[i]
		if a.Kind != b.Kind || a.ProjectID != b.ProjectID || a.Owner != b.Owner || a.Story != b.Story || a.Start != b.Start || a.End != b.End {
			return false
		}
		if a.End != Never && (a.Working != b.Working || a.Target != b.Target || a.Response != b.Response || a.EndedBy != b.EndedBy || !slices.Equal(a.Clock, b.Clock)) {
			return false
		}
	}
	return true
}

// goOn lets the open waits of a story go on as in a later trace. The windows look at all
// of them at every instant.
func (s *RollingStatistics) goOn(id int64, later *Trace) {
	var room [4]*Sample
	open := room[:0]
	for i := range later.Samples {
		r := &later.Samples[i]
		if p := s.rules.watched(r.ProjectID); r.End == Never && p != nil && p.Measures(r.Kind) {
			open = append(open, r)
		}
	}
	if len(open) == 0 {
		return
	}
	for _, w := range s.windows {
		n := 0
		for i := range w.moving[id].samples {
			if r := &w.moving[id].samples[i]; r.End == Never {
				clock := append(r.Clock[:0], open[n].Clock...)
				*r, n = *open[n], n+1
				r.Clock = clock
			}
		}
	}
}

// At returns the statistics as of an instant, and drops the traces of which no window
// sees anything any more.
func (s *RollingStatistics) At(asOf Instant) *Statistics {
	if asOf < s.asOf {
		s.begin(asOf)
		for id, t := range s.traces.All() {
			s.Replace(id, nil, t)
		}
	}
	var over []int64
	for i, now := range Rolling(asOf) {
		w := s.windows[i]
		for {
			id, ok := w.due.pop(now.From)
			if !ok {
				break
			}
			t := s.traces.Trace(id)
			old, next := &s.scratch[0], &s.scratch[1]
			s.contribute(old, w, w.From, s.asOf, t)
			s.contribute(next, w, now.From, asOf, t)
			s.change(w, old, next)
			w.follow(id, next)
			if next.over && w.Name == longest {
				over = append(over, id)
			}
		}
		w.Span = now.Span
	}
	s.asOf = asOf
	for _, id := range over {
		s.field(s.traces.Trace(id).Home, -1)
		s.traces.Drop(id)
	}
	return s.statistics()
}

// Bulk returns how many findings of endings in bulk there are, by project, as of the
// last At, and the ids of the latest stories with one, at most OddExamples of each. The
// maps are not to be changed.
func (s *RollingStatistics) Bulk() (found map[AuditKey]int, latest map[AuditKey][]int64) {
	return s.bulk.findings(s.rules, s.traces, s.longest().From)
}

// InBulk returns what ended in bulk in the longest window, as of the last At.
func (s *RollingStatistics) InBulk() Bulk { return s.bulk.all() }

func (s *RollingStatistics) longest() *rollingWindow { return s.windows[len(s.windows)-1] }

// field counts what the owner field of a story holds, n times.
func (s *RollingStatistics) field(h Home, n int) {
	p := s.rules.watched(h.ProjectID)
	if p == nil || h.Field == NoField {
		return
	}
	f := s.fields[p.Key]
	f.Stories += n
	if h.Field == FieldEmpty {
		f.Empty += n
	}
	if s.fields[p.Key] = f; f.Stories == 0 {
		delete(s.fields, p.Key)
	}
}

// rollingWindow is what one window holds.
type rollingWindow struct {
	Window
	cells   map[WaitsKey]*cell
	shares  map[OwnerWindow]shareDrift
	stages  map[StageWindow]drift
	stories map[ProjectWindow]int
	lasting map[ProjectWindow]int // further ones, if the window has working time: all through it they were in a stage
	passes  map[OwnerWindow]FirstPass
	unowned map[string]int // in the longest window
	moving  map[int64]*moving
	due     schedule // when stories are to be looked at again, by the beginning of the window
}

func newRollingWindow(w Window) *rollingWindow {
	return &rollingWindow{
		Window: w, cells: map[WaitsKey]*cell{}, shares: map[OwnerWindow]shareDrift{}, stages: map[StageWindow]drift{},
		stories: map[ProjectWindow]int{}, lasting: map[ProjectWindow]int{}, passes: map[OwnerWindow]FirstPass{}, unowned: map[string]int{}, moving: map[int64]*moving{}, due: newSchedule(),
	}
}

// contribution is what a trace adds to a window: what does not change until the window's
// beginning comes to next, and what moves with time.
type contribution struct {
	waits   []windowWait
	spans   []windowSpan
	in      []string // the projects that spans count the story in
	lasting []string // those that they count it in if the window has working time
	verdict Verdict  // ProjectID is a key and Owner a label; At is Never: none is counted
	endings []endingIn

	moves moving
	next  Instant
	over  bool // the window has seen all of it
}

// windowWait is a wait that has begun and ended in the window.
type windowWait struct {
	kind           Kind
	project, owner string // key, label
	unowned        bool
	overrun        bool
	survived       survival.Sample
}

// moving is what of a trace moves with the window.
type moving struct {
	samples []Sample
	spans   []StageSpan
	in      []string // the projects that the story is counted in already
}

// stands returns whether an interval does not change while the window, which begins at
// from and ends at asOf, moves on, up to which beginning it stands so, and whether the
// window has seen all of it.
func stands(of Span, from, asOf Instant) (still bool, next Instant, over bool) {
	switch {
	case of.To <= from:
		return false, Never, true
	case from > of.From: // it lies across the beginning
		return false, of.To, false
	case of.To == Never:
		return false, Never, false
	case of.From >= asOf: // it is of an instant that the window has not come to
		return false, from + 1, false
	}
	return true, min(of.From+1, of.To), false
}

// contribute fills in what a trace adds to a window, which begins at from and ends at
// asOf; a trace that is nil adds nothing.
func (s *RollingStatistics) contribute(out *contribution, w *rollingWindow, from, asOf Instant, t *Trace) {
	*out = contribution{
		waits: out.waits[:0], spans: out.spans[:0], in: out.in[:0], lasting: out.lasting[:0], endings: out.endings[:0], verdict: Verdict{At: Never}, next: Never, over: true,
		moves: moving{samples: out.moves.samples[:0], spans: out.moves.spans[:0]},
	}
	if t == nil {
		return
	}
	see := func(of Span) (still, over bool) {
		still, next, over := stands(of, from, asOf)
		out.next, out.over = min(out.next, next), out.over && over
		return still, over
	}
	for i := range t.Samples {
		r := &t.Samples[i]
		still, over := see(Span{r.Start, r.End})
		p := s.rules.watched(r.ProjectID)
		switch {
		case over || p == nil || !p.Measures(r.Kind):
		case still && !twin(t.Samples, i):
			out.waits = append(out.waits, windowWait{
				kind: r.Kind, project: p.Key, owner: s.labels.of(r.Owner), unowned: r.Owner == Unowned, overrun: r.Working > r.Target,
				survived: survival.Sample{Began: true, Age: r.Working, Event: r.Response},
			})
		default:
			out.moves.samples = append(out.moves.samples, *r)
		}
	}
	s.contributeSpans(out, from, asOf, t.Stages)
	if v := t.Verdict; v.At != Never {
		out.over = out.over && v.At <= from
		switch p := s.rules.watched(v.ProjectID); {
		case v.At > asOf:
			out.next = min(out.next, from+1)
		case v.At > from:
			out.next = min(out.next, v.At)
			if p != nil && !p.NoAcceptance {
				out.verdict = Verdict{v.At, p.Key, s.labels.of(v.Owner), v.Accepted}
			}
		}
	}
	if w.Name == longest {
		for e, r := range bulkEndings(t, from) {
			out.endings = append(out.endings, endingIn{e, r.ProjectID, r.StoryID})
		}
	}
}

// twin reports whether another sample of the story has the kind and the start of one:
// the comparison of a wait with all others must know them.
func twin(samples []Sample, i int) bool {
	for j := range samples {
		if j != i && samples[j].Kind == samples[i].Kind && samples[j].Start == samples[i].Start {
			return true
		}
	}
	return false
}

// same reports whether two traces add the same of what does not move.
func (a *contribution) same(b *contribution) bool {
	return slices.Equal(a.waits, b.waits) && slices.Equal(a.spans, b.spans) && slices.Equal(a.in, b.in) &&
		slices.Equal(a.lasting, b.lasting) && a.verdict == b.verdict && slices.Equal(a.endings, b.endings)
}

// change takes what a window held of a trace out, and what it holds now in.
func (s *RollingStatistics) change(w *rollingWindow, before, after *contribution) {
	if before.same(after) {
		return
	}
	s.sum(w, before, -1)
	s.sum(w, after, 1)
}

// sum adds to a window what it holds of a trace; n is 1, or -1 to take it out.
func (s *RollingStatistics) sum(w *rollingWindow, of *contribution, n int) {
	for i := range of.waits {
		v := &of.waits[i]
		for _, key := range waitsKeys(v.kind, v.project, v.owner, w.Name) {
			w.cell(key).add(v, n)
		}
		if v.unowned && w.Name == longest {
			add(w.unowned, v.project, n)
		}
	}
	for _, v := range of.spans {
		addDrift(w.stages, StageWindow{v.project, v.stage, w.Name}, v.drift, n)
		addShareDrift(w.shares, OwnerWindow{v.project, v.owner, w.Name}, v, n)
	}
	for _, project := range of.in {
		add(w.stories, ProjectWindow{project, w.Name}, n)
	}
	for _, project := range of.lasting {
		add(w.lasting, ProjectWindow{project, w.Name}, n)
	}
	if v := of.verdict; v.At != Never {
		key := OwnerWindow{v.ProjectID, v.Owner, w.Name}
		fp := w.passes[key]
		fp.Stories += n
		if v.Accepted {
			fp.Accepted += n
		}
		if w.passes[key] = fp; fp.Stories == 0 {
			delete(w.passes, key)
		}
	}
	for _, e := range of.endings {
		s.bulk.add(s.rules, e, n)
	}
}

// waitsKeys returns whose waits a wait belongs to in a window.
func waitsKeys(kind Kind, project, owner, window string) [3]WaitsKey {
	return [3]WaitsKey{{kind, project, owner, window}, {kind, "", owner, window}, {kind, project, "", window}}
}

// add adds to a sum in which nothing is 0.
func add[K comparable, N int | int32 | Milliseconds](sums map[K]N, key K, n N) {
	if v := sums[key] + n; v == 0 {
		delete(sums, key)
	} else {
		sums[key] = v
	}
}

// note puts the time in a stage, which is all there is of s, where it belongs.
func (s *Share) note(stage Stage) {
	switch stage {
	case StageOwner:
		s.Owner = s.Total
	case StageOwnerQuestion:
		s.Question = s.Total
	default: // the story's own
	}
}

func addShare(sums map[OwnerWindow]Share, key OwnerWindow, n Share) {
	v := sums[key]
	v.Owner, v.Question, v.Total = v.Owner+n.Owner, v.Question+n.Question, v.Total+n.Total
	if v.Total == 0 {
		delete(sums, key)
	} else {
		sums[key] = v
	}
}

// follow keeps what of a trace moves, and when the story is to be looked at again.
func (w *rollingWindow) follow(id int64, of *contribution) {
	w.due.set(id, of.next)
	if len(of.moves.samples)+len(of.moves.spans) == 0 {
		delete(w.moving, id)
		return
	}
	m := &moving{samples: slices.Clone(of.moves.samples), spans: slices.Clone(of.moves.spans), in: slices.Concat(of.in, of.lasting)}
	for i := range m.samples {
		m.samples[i].Clock = slices.Clone(m.samples[i].Clock)
	}
	w.moving[id] = m
}

func (w *rollingWindow) cell(key WaitsKey) *cell {
	c := w.cells[key]
	if c == nil {
		c = &cell{}
		w.cells[key] = c
	}
	return c
}

// statistics returns the statistics as of the last At.
func (s *RollingStatistics) statistics() *Statistics {
	b := newStatisticsBuilder(s.rules, s.labels)
	maps.Copy(b.out.Fields, s.fields)
	for _, w := range s.windows {
		w.lived(s.rules, b.out)
		maps.Copy(b.out.FirstPass, w.passes)
		maps.Copy(b.out.Unowned, w.unowned)
		for _, m := range w.moving {
			for i := range m.samples {
				b.sample(w.Window, &m.samples[i])
			}
			b.stages(w.Window, m.spans, m.in)
		}
		for key, c := range w.cells {
			if c.join(); c.empty() {
				delete(w.cells, key)
				continue
			}
			d := b.distribution(key)
			d.Ended, d.Censored, d.Began = d.Ended+c.ended, d.Censored+c.censored, d.Began+c.ages.Len()
			d.overrun, d.still = d.overrun || c.overrun > 0, c.ages
		}
	}
	return b.build(Rolling(s.asOf), &s.curves)
}

// cell sums the waits of one key that have ended in a window.
type cell struct {
	ages                     survival.Ages
	added, removed           []survival.Sample // and not in ages yet
	ended, censored, overrun int
}

// add takes a wait in, or out where n is -1.
func (c *cell) add(v *windowWait, n int) {
	if n > 0 {
		c.added = append(c.added, v.survived)
	} else {
		c.removed = append(c.removed, v.survived)
	}
	if v.survived.Event {
		c.ended += n
	} else {
		c.censored += n
	}
	if v.overrun {
		c.overrun += n
	}
}

// join brings the ages up to date.
func (c *cell) join() {
	if len(c.added)+len(c.removed) > 0 {
		c.ages = c.ages.With(c.added, c.removed)
		c.added, c.removed = nil, nil
	}
}

func (c *cell) empty() bool { return c.ages.Len() == 0 }
