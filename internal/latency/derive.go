package latency

import (
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/comment"
)

// echo is how long after an action of the owner what automation does on the
// same story counts as the owner's.
const echo = 60 * time.Second

// ownMove is how soon an acceptance by whoever moved the story in is no
// acceptance step at all.
const ownMove = 60 * time.Second

// withdrawnMarker begins the comment with which an asker takes a question back.
const withdrawnMarker = "#withdrawn"

// Deriver derives waits from histories by one set of rules. It keeps scratch
// space from one story to the next and is not safe for concurrent use.
type Deriver struct {
	rules     *Rules
	ancestors Ancestors
	awayCache map[awayKey][]Span
	folded    map[string]string

	moves      []move
	createdHop bool
	footings   []footing
	laid       []laid
	hidden     string // the parent that ownerAt could not see; ""
	asOf       Instant
	replay     replay // kept for its slices
	result     Result
	clock      clockScratch
}

// NewDeriver returns a Deriver for rules; ancestors are the parents of the
// stories it will be given.
func NewDeriver(rules *Rules, ancestors Ancestors) *Deriver {
	return &Deriver{rules: rules, ancestors: ancestors, awayCache: map[awayKey][]Span{}, folded: map[string]string{}}
}

// Story replays h up to and including asOf and returns its waits in order of
// their start. It sorts h.Events and drops doubles in place. It never fails:
// what it cannot explain is a finding. The result's slices are valid until
// the next call.
func (d *Deriver) Story(h *History, asOf Instant) *Result {
	h.Events = sortEvents(h.Events)
	d.result = Result{Parts: d.result.Parts[:0], Begun: d.result.Begun[:0], Marks: d.result.Marks[:0], Stages: d.result.Stages[:0], Findings: d.result.Findings[:0]}
	d.footings, d.laid, d.createdHop, d.asOf = d.footings[:0], d.laid[:0], false, asOf
	r := &d.replay
	*r = replay{d: d, h: h, asOf: asOf, tick: Never, st: r.st, acc: r.acc, q: r.q, comments: r.comments[:0], rejections: r.rejections[:0], answer: verdict{askers: r.answer.askers[:0]}}
	r.st.initial(h.Now, h.Events)
	// As-of cuts events, not what is known of the values before them.
	events := h.Events
	for len(events) > 0 && events[len(events)-1].At > asOf {
		events = events[:len(events)-1]
	}
	if len(events) == 0 {
		return &d.result
	}
	d.readMoves(&r.st, events)
	r.begin(&events[0])
	next := 0
	for i := range events {
		ev := &events[i]
		r.advance(ev.At)
		switch ev.Rank {
		case RankCreated:
		case RankRecord:
			var m *move
			if next < len(d.moves) && d.moves[next].event == i {
				m = &d.moves[next]
				next++
			}
			r.record(ev, m)
		case RankCommentAdded:
			r.commentAdded(ev)
		case RankCommentEdited:
			r.commentEdited(ev)
		case RankCommentDeleted:
			r.commentDeleted(ev)
		case RankGone:
			r.leaveScope(ev, "")
			r.gone = true
			r.find(FindGone, ev.At, "")
		case RankReturned:
			r.gone = false
			r.enterScope(ev)
		}
		r.note(ev.At)
	}
	r.advance(asOf)
	r.guardSilence(events)
	if len(events) == len(h.Events) {
		r.compareWithJira()
	}
	r.emitOpen(&r.acc)
	r.emitOpen(&r.q)
	r.stages()
	if r.cycling && r.tick < Never {
		d.result.Unsettled = true
	}
	slices.SortFunc(d.result.Parts, CompareParts)
	return &d.result
}

// replay is the state of one story's derivation.
type replay struct {
	d    *Deriver
	h    *History
	asOf Instant

	st    state
	p     *Project // of the story now; nil: not watched
	in    bool     // in scope
	gone  bool
	owner string
	tick  Instant // when the owner may change next though nothing happens
	cycle int     // accepted acceptance waits so far
	chain string  // the status the last move ended in, undone or not
	seen  bool    // the story has visited acceptance

	accepting  bool // the status is of the acceptance set
	over       bool // the story is done or withdrawn
	cycling    bool // cycle time runs
	accepted   bool // the last cycle time ended with acceptance
	orphan     bool // a parent was not to be seen
	acceptance verdict
	answer     verdict
	rejections []verdict

	passed bool   // a bypass was counted
	mover  string // who moved the story into the running acceptance wait

	acc, q runningWait

	lastComment Instant
	actAt       Instant // last action of the owner or a delegate
	actor       string  // and whose it was
	comments    []commentNow
}

// commentNow is what a comment says now.
type commentNow struct {
	id    int64
	facts *comment.Facts
}

// runningWait is a wait that is being followed.
type runningWait struct {
	open      bool
	kind      Kind
	start     Instant
	origin    Instant // start, before any ask was taken back
	end       Instant
	outcome   Outcome
	responder Responder
	rule      Rule
	addressed string
	cycle     int
	tenures   []tenure
	pauses    []Span

	parked, flagged, asking Instant // since when it is paused for a status, a flag, the owner's own question; Never
	askingUntil             Instant // when the owner's own question no longer stops the clock

	asks       []ask
	asked      int
	replies    int
	firstReply Instant
	lapseAt    Instant

	exit  string // name of the status it ended in
	steps []Step
}

// tenure is the owner and project of a wait from an instant on.
type tenure struct {
	from  Instant
	owner string
	p     *Project
}

// ask is one question that still stands.
type ask struct {
	at        Instant
	by        string // person
	rule      Rule
	comment   int64 // of a comment's ask
	label     string
	addressed string // the person, where an ask names one
}

// begin sets up the story as it was created.
func (r *replay) begin(created *Event) {
	r.acc.reset(Acceptance)
	r.q.reset(Question)
	r.actAt = Never
	r.lastComment = created.At
	r.chain = r.status()
	r.checkStatus(created.At)
	r.settle(created.At)
	r.enterScope(created)
}

// settle recomputes what follows from the story's state at t.
func (r *replay) settle(t Instant) {
	r.p = r.d.rules.watched(r.st.project.ID)
	r.owner = r.d.ownerAt(&r.st, t)
	r.tick = r.d.nextOwnerTick(&r.st, t)
	r.accepting = r.p != nil && r.p.Acceptance[r.status()]
	r.over = r.p != nil && !r.accepting && (r.d.rules.Statuses[r.status()].Category == CategoryDone || r.withdrawnNow())
	if r.d.hidden != "" && !r.orphan && r.counts() {
		r.orphan = true
		r.find(FindNoParent, t, "parent "+r.d.hidden)
	}
}

// counts tells whether the story is in scope in its present state.
func (r *replay) counts() bool {
	return !r.gone && r.p != nil && r.d.rules.Types[r.st.typ.ID]
}

func (r *replay) status() string     { return r.d.rules.StatusID(r.st.status) }
func (r *replay) inAcceptance() bool { return r.accepting }
func (r *replay) withdrawnNow() bool {
	return r.p.Withdrawn[r.status()] || r.st.resolution.Name != "" && r.p.WithdrawnResolutions[r.d.fold(r.st.resolution.Name)]
}

// ended tells whether the story is done or withdrawn. A status of the
// acceptance set is neither, whatever its category.
func (r *replay) ended() bool { return r.over }

// fold is Fold with a memory: there are few resolutions, and each is asked for
// at every event.
func (d *Deriver) fold(name string) string {
	folded, ok := d.folded[name]
	if !ok {
		folded = Fold(name)
		d.folded[name] = folded
	}
	return folded
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
			r.end(&r.q, at, Lapsed, "", Step{At: at, Rule: Rule(Lapsed)})
			continue
		}
		was := r.owner
		r.settle(at)
		r.handOver(was, &Event{At: at}, "")
		r.note(at)
	}
}

func (r *replay) lapse() Instant {
	if !r.q.open {
		return Never
	}
	return r.q.lapseAt
}

// roleOf returns the role of an event's actor towards the story's owner.
// Automation that follows an action of the owner or a delegate is theirs.
func (r *replay) roleOf(ev *Event, kind Kind) Responder {
	if r.d.rules.isAutomation(ev) {
		if r.echoes(ev) {
			if role := r.d.role(r.p, &r.st, r.owner, r.actor, kind, ev.At); role != ByOther {
				return role
			}
		}
		return ByAutomation
	}
	return r.d.role(r.p, &r.st, r.owner, r.d.rules.Person(ev.Actor), kind, ev.At)
}

// echoes tells whether an event of automation follows the owner's action.
func (r *replay) echoes(ev *Event) bool {
	return r.actAt != Never && ev.At <= r.actAt.Add(echo)
}

// noteAction remembers an action of the owner or a delegate.
func (r *replay) noteAction(ev *Event) {
	if r.p == nil || r.d.rules.isAutomation(ev) {
		return
	}
	who := r.d.rules.Person(ev.Actor)
	for _, kind := range [2]Kind{Acceptance, Question} {
		if r.d.role(r.p, &r.st, r.owner, who, kind, ev.At) != ByOther {
			r.actAt, r.actor = ev.At, who
			return
		}
	}
}

// record lets a history record hold: all its items at once. What it ends is
// judged by the owner and the project before it, what it starts by those after.
func (r *replay) record(ev *Event, m *move) {
	moved := m != nil && !m.undone
	accRole, qRole := ByOther, ByOther
	if r.p != nil {
		accRole, qRole = r.roleOf(ev, Acceptance), r.roleOf(ev, Question)
	}
	if m == nil || moved || len(ev.Changes) > 1 {
		r.noteAction(ev)
	}
	before := struct {
		p                *Project
		in, accepting    bool
		status, assignee string
		ended            bool
		owner, labels    string
	}{r.p, r.in, r.inAcceptance(), r.status(), r.d.rules.Person(r.st.assignee.ID), r.ended(), r.owner, r.st.labels.Name}

	migration := false
	described := false
	for i := range ev.Changes {
		c := &ev.Changes[i]
		switch c.Field {
		case FieldStatus:
			r.checkChain(ev, c)
			if m != nil && m.undone {
				continue
			}
		case FieldWorkflow:
			migration = true
		case FieldDescription:
			described = true
		}
		r.st.apply(c)
	}
	if migration { // an administrator's, whoever that is: nobody gave a verdict or an answer
		accRole, qRole = ByAutomation, ByAutomation
	}
	if moved {
		r.checkStatus(ev.At)
		r.checkActor(ev)
	}
	r.settle(ev.At)
	if migration && before.in {
		r.find(FindMigration, ev.At, "")
	}

	now := r.counts()
	switch {
	case before.in && !now:
		r.owner = before.owner
		r.p = before.p
		r.leaveScope(ev, accRole)
		r.settle(ev.At)
		return
	case !now:
		return
	case !before.in:
		r.enterScope(ev)
		return
	}

	movedProject := before.p != r.p
	r.endAcceptance(ev, m, movedProject, migration, accRole)
	r.endQuestion(ev, endings{
		moved: moved && !migration, role: qRole, assignee: before.assignee,
		wasEnded: before.ended, owner: before.owner, described: described,
	})
	if movedProject {
		r.enterPart(&r.acc, ev)
		r.enterPart(&r.q, ev)
		r.setLapse(ev.At) // another project has other patience
	}
	r.handOver(before.owner, ev, qRole)
	r.startAcceptance(ev, m, before.accepting, moved || movedProject)
	r.startAsks(ev, before.status, before.p, before.labels, before.assignee, moved)
	if r.acc.open {
		switch flag := r.p.PauseWhenFlagged && r.st.flag != (Value{}); {
		case flag && r.acc.flagged == Never:
			r.acc.flagged = ev.At
			r.step(&r.acc, ev, Paused)
		case !flag && r.acc.flagged != Never:
			r.acc.unpause(&r.acc.flagged, ev.At)
			r.step(&r.acc, ev, Resumed)
		}
	}
	if moved && !migration {
		r.guardReopening(ev)
		if accRole != ByOwner && !r.d.rules.isAutomation(ev) {
			r.teamSpoke(ev)
		}
		r.countBypass(ev, before.ended)
	}
}

// enterScope starts what a story that is created in its present state, or
// comes into scope in it, makes a team wait for.
func (r *replay) enterScope(ev *Event) {
	r.in = r.counts()
	if !r.in {
		return
	}
	hop := ev.Rank == RankCreated && r.d.createdHop
	if r.inAcceptance() && !r.withdrawnNow() && !hop {
		r.openAcceptance(ev, CreatedInAcceptance)
	}
	r.startAsks(ev, "", nil, "", "", true)
}

// leaveScope withdraws what runs: the story is gone or counts no longer.
func (r *replay) leaveScope(ev *Event, role Responder) {
	for _, w := range [2]*runningWait{&r.acc, &r.q} {
		if w.open {
			r.end(w, ev.At, Withdrawn, role, r.stepOf(ev, Rule(Withdrawn)))
		}
	}
	r.in = false
}

// reset makes w a wait that has not begun, and keeps its slices.
func (w *runningWait) reset(kind Kind) {
	*w = runningWait{
		kind: kind, end: Never, parked: Never, flagged: Never, asking: Never, firstReply: Never, lapseAt: Never,
		tenures: w.tenures[:0], pauses: w.pauses[:0], asks: w.asks[:0], steps: w.steps[:0],
	}
}

func (r *replay) openWait(w *runningWait, ev *Event, rule Rule) {
	w.reset(w.kind)
	w.open, w.start, w.origin, w.rule = true, ev.At, ev.At, rule
	w.tenures = append(w.tenures, tenure{ev.At, r.owner, r.p})
	r.step(w, ev, rule)
}

// handOver gives the running waits to the story's present owner.
func (r *replay) handOver(was string, ev *Event, role Responder) {
	if was == r.owner {
		return
	}
	if r.acc.open {
		r.enterPart(&r.acc, ev)
		r.step(&r.acc, ev, Handed)
	}
	if !r.q.open {
		return
	}
	if r.dropAsks(func(a *ask) bool { return a.by == r.owner && a.by != "" }); len(r.q.asks) == 0 {
		r.end(&r.q, ev.At, Withdrawn, role, r.stepOf(ev, Rule(Withdrawn)))
		return
	}
	r.enterPart(&r.q, ev)
	r.step(&r.q, ev, Handed)
	r.setLapse(ev.At)
}

// enterPart begins a new part of a running wait, with the story's present
// owner and project.
func (r *replay) enterPart(w *runningWait, ev *Event) {
	if !w.open {
		return
	}
	if last := &w.tenures[len(w.tenures)-1]; last.from == ev.At {
		last.owner, last.p = r.owner, r.p
		return
	}
	w.tenures = append(w.tenures, tenure{ev.At, r.owner, r.p})
}

// unpause closes the pause that began at *since.
func (w *runningWait) unpause(since *Instant, at Instant) {
	if *since != Never {
		w.pauses = append(w.pauses, Span{*since, at})
		*since = Never
	}
}

// end ends w and emits its parts.
func (r *replay) end(w *runningWait, at Instant, outcome Outcome, responder Responder, s Step) {
	w.open, w.end, w.outcome, w.responder = false, at, outcome, responder
	if w.kind == Acceptance {
		w.exit = r.st.status.Name
	}
	w.steps = append(w.steps, s)
	r.emit(w)
	if outcome == Answered {
		r.guardAnswer(at)
	}
}

func (r *replay) emitOpen(w *runningWait) {
	if w.open {
		r.emit(w)
	}
}

func (r *replay) step(w *runningWait, ev *Event, rule Rule) {
	w.steps = append(w.steps, r.stepOf(ev, rule))
}

func (r *replay) stepOf(ev *Event, rule Rule) Step {
	return Step{At: ev.At, Rank: ev.Rank, ID: ev.ID, Actor: ev.Actor, Rule: rule}
}

func (r *replay) find(reason string, at Instant, detail string) {
	f := Finding{Reason: reason, StoryID: r.h.ID, Story: r.h.Key, ProjectID: r.st.project.ID, At: at, Detail: detail}
	r.d.result.Findings = append(r.d.result.Findings, f)
}

// checkStatus finds a status that Jira does not list.
func (r *replay) checkStatus(at Instant) {
	if r.d.rules.watched(r.st.project.ID) == nil {
		return
	}
	if _, ok := r.d.rules.Statuses[r.status()]; !ok {
		r.find(FindUnknownStatus, at, r.st.status.Name+" ("+r.st.status.ID+")")
	}
}

// checkActor finds what nobody did: it cannot be anybody's verdict or answer.
func (r *replay) checkActor(ev *Event) {
	if r.in && ev.Actor == "" {
		r.find(FindNoActor, ev.At, "")
	}
}

// checkChain finds a status move that does not begin where the last one ended.
func (r *replay) checkChain(ev *Event, c *Change) {
	if from := r.d.rules.StatusID(c.From); r.in && from != r.chain {
		r.find(FindBrokenChain, ev.At, "a move begins in "+c.From.Name)
	}
	r.chain = r.d.rules.StatusID(c.To)
}

// compareWithJira finds where the events and what Jira says now disagree.
func (r *replay) compareWithJira() {
	if !r.in {
		return
	}
	if now := r.h.Now[FieldStatus]; len(now) > 0 && r.d.rules.StatusID(now[0]) != r.chain {
		r.find(FindLastStatus, r.asOf, "Jira says "+now[0].Name)
	}
	for i := 1; i < len(r.h.Events); i++ {
		a, b := &r.h.Events[i-1], &r.h.Events[i]
		if a.At == b.At && a.Rank == RankRecord && b.Rank == RankRecord {
			r.find(FindSameInstant, b.At, "")
		}
	}
}
