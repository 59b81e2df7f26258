package latency

import "slices"

// Deriver derives waits from histories by one set of rules. It keeps scratch
// space from one story to the next and is not safe for concurrent use.
type Deriver struct {
	rules     *Rules
	ancestors Ancestors
	awayCache map[awayKey][]Span
	folded    map[string]string
	statuses  map[Value]statusReading

	moves    []move
	footings []footing
	laid     []laid
	hidden   string // the parent that ownerAt could not see; ""
	asOf     Instant
	replay   replay // kept for its slices
	result   Result
	clock    clockScratch
}

// NewDeriver returns a Deriver for rules; ancestors are the parents of the
// stories it will be given.
func NewDeriver(rules *Rules, ancestors Ancestors) *Deriver {
	return &Deriver{
		rules: rules, ancestors: ancestors,
		awayCache: map[awayKey][]Span{}, folded: map[string]string{}, statuses: map[Value]statusReading{},
	}
}

// Story replays h up to and including asOf and returns the parts of its waits in
// order of their start. It sorts h.Events and drops doubles in place. It never
// fails: what it cannot explain is a finding. The result's slices are valid
// until the next call.
func (d *Deriver) Story(h *History, asOf Instant) *Result {
	h.Events = sortEvents(h.Events)
	d.result = Result{Parts: d.result.Parts[:0], Begun: d.result.Begun[:0], Marks: d.result.Marks[:0], Stages: d.result.Stages[:0], Findings: d.result.Findings[:0]}
	d.footings, d.laid, d.asOf = d.footings[:0], d.laid[:0], asOf
	r := &d.replay
	*r = replay{
		d: d, h: h, key: keyAt(h, asOf), asOf: asOf, tick: Never, st: r.st, acc: r.acc, q: r.q, comments: r.comments[:0],
		rejections: r.rejections[:0], answer: response{askers: r.answer.askers[:0]},
	}
	first, imported := r.st.initial(h.Now, h.Events)
	r.imported = imported
	r.st.status.ID = r.statusIn(first, r.st.status)
	birth := birthOf(h.Events)
	// As-of cuts events, not what is known of the values before them.
	events := h.Events
	for len(events) > 0 && events[len(events)-1].At > asOf {
		events = events[:len(events)-1]
	}
	if len(events) <= birth {
		return &d.result
	}
	for i := range birth {
		r.beforeCreated(i, &events[i])
	}
	r.lastEvent = events[len(events)-1].At
	d.readMoves(r, events, birth)
	r.begin(&events[birth])
	for i := birth; i < len(events); i++ {
		ev := &events[i]
		r.advance(ev.At)
		r.event(i, ev)
		if ev.Comment == nil { // a comment changes no stage
			r.noteStage(ev.At)
		}
	}
	r.advance(asOf)
	r.guardSilence(events[birth:])
	if len(events) == len(h.Events) {
		r.compareWithJira()
	}
	d.result.Home, d.result.Delegates = r.home(), r.now.delegates
	for _, w := range [2]*runningWait{&r.acc, &r.q} {
		if w.open {
			r.addParts(w)
		}
	}
	r.stages()
	if r.cycleTime.runs && r.tick < Never {
		d.result.Unsettled = true
	}
	slices.SortFunc(d.result.Parts, CompareParts)
	return &d.result
}

// home returns where the story is at the end of the replay.
func (r *replay) home() Home {
	p := r.now.project
	if p == nil || !r.now.inScope {
		return Home{}
	}
	out := Home{ProjectID: p.ID}
	switch {
	case p.OwnerField == "":
	case r.d.fieldOwner(&r.st, p, r.asOf) == "":
		out.Field = FieldEmpty
	default:
		out.Field = FieldSet
	}
	return out
}

// replay is the state of one story's derivation.
type replay struct {
	d    *Deriver
	h    *History
	key  string // of the story as of the derivation's instant
	asOf Instant

	st       state
	now      situation
	before   situation // the one before the record that is being read
	imported int       // the number of the last event that imported the story; -1
	early    int       // how many events are older than the story
	next     int       // how many of the moves were read
	tick     Instant   // when the owner may change next though nothing happens

	gone    bool
	orphan  bool   // a parent could not be seen
	cycle   int    // accepted acceptance waits so far
	chain   string // the status the last move ended in, undone or not
	visited bool   // the story has visited acceptance
	passed  bool   // a bypass was counted
	mover   string // who moved the story into the running acceptance wait

	cycleTime cycleTime

	acceptance response
	answer     response
	rejections []response

	acc, q runningWait

	lastComment Instant
	lastEvent   Instant // of the story, as of the derivation's instant
	actAt       Instant // last action of the owner or a delegate
	actor       string  // and whose it was
	comments    []commentNow
}

// begin sets up the story as it was created.
func (r *replay) begin(created *Event) {
	r.acc.reset(Acceptance)
	r.q.reset(Question)
	r.actAt = Never
	r.lastComment = created.At
	r.chain = r.st.status.ID
	r.checkStatus(created.At)
	r.now = r.assess(created.At)
	r.auditBeforeCreated(created)
	r.enterScope(created)
}

// event lets the story's nth event happen.
func (r *replay) event(n int, ev *Event) {
	switch ev.Rank {
	case RankCreated:
	case RankRecord:
		r.record(n, ev)
	case RankCommentAdded:
		r.commentAdded(ev)
	case RankCommentEdited:
		r.commentEdited(ev)
	case RankCommentDeleted:
		r.commentDeleted(ev)
	case RankGone:
		r.gone = true
		r.leaveScope(ev)
		r.find(FindGone, ev.At, "")
	case RankReturned:
		r.gone = false
		r.now = r.assess(ev.At)
		r.enterScope(ev)
	}
}

// advance lets pass what time alone brings up to t: owners change, questions
// lapse.
func (r *replay) advance(t Instant) {
	for {
		at := min(r.tick, r.lapse())
		if at > t || at == Never {
			return
		}
		if at == r.lapse() {
			r.end(&r.q, at, ending{outcome: Lapsed}, Step{At: at, Rule: Rule(Lapsed)})
			continue
		}
		was := r.now.owner
		r.now = r.assess(at)
		r.handOver(was, &Event{At: at}, ending{})
		r.noteStage(at)
	}
}

// keyAt returns the key that a story had at an instant: today's, unless it was
// moved since.
func keyAt(h *History, t Instant) string {
	key := h.Key
	for i := len(h.Events) - 1; i >= 0 && h.Events[i].At > t; i-- {
		for _, c := range h.Events[i].Changes {
			if c.Field == FieldKey && c.From.Name != "" {
				key = c.From.Name
			}
		}
	}
	return key
}
