package team

import (
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// questionTarget is how long an owner's own question stops the clock of an
// acceptance wait at most, in the owner's working time: the rules' default.
const questionTarget = 4 * time.Hour

// note is what somebody did, and what it means for those who wait.
type note struct {
	at   time.Time
	rank int           // of notes of one instant, those of the lower rank come first
	by   *jirasim.User // nil: nobody did it, or it cannot be known who did
	tell func(*book)
}

// The ranks of notes: Jira's records come before comments, and what only a look
// at the story shows comes last.
const (
	rankRecord = iota
	rankSaid
	rankEdited
	rankDeleted
	rankGone
	rankBack
)

// book is what the team of one story knows: who waits on whom, and since when. It
// is made from notes alone, in their order. What the people knew and what a
// collector could know are two books from different notes.
type book struct {
	t *Team

	now time.Time     // of the note that is being heard
	by  *jirasim.User // whose doing it is
	as  string        // and what that one was towards the owner before it

	p        *project
	status   string
	owner    string // ref
	minor    bool   // the story is of a type that does not count
	outside  bool   // it is in a project that is not watched
	gone     bool   // it cannot be seen any more
	over     bool   // done or withdrawn
	flagged  bool
	labelled bool
	assignee *jirasim.User

	acc, q *wait
	told   []*wait // what has ended
	cycle  int     // accepted so far

	says     map[int64]says // what each comment says now
	lastWord time.Time
	ownerAct time.Time // the last act of the owner or who stood in
	ownerBy  *jirasim.User

	visited  bool // there was an acceptance wait
	bypassed bool
	tallies  []Tally
}

// wait is a wait from its beginning to its end, with all its owners.
type wait struct {
	kind, cause        string
	start, end         time.Time // end is zero while it is open
	outcome, responder string
	by                 *jirasim.User // whose doing the end is; nil: nobody's
	robot              bool          // automation did it, in that one's name or its own
	addressed          bool          // who ended it was asked by name, as a stand-in
	cycle              int
	mover              *jirasim.User // who handed the story in
	asker              *jirasim.User // the owner who asked last, while the story waits for a verdict
	shares             []share
	pauses             []span // that are over, or known to end
	parked, flagged    time.Time
	asks               []ask
	asked              int
}

// share is whose a wait is, and in which project, from an instant on.
type share struct {
	from  time.Time
	owner string // ref
	p     *project
}

// ask is one question that still stands.
type ask struct {
	at      time.Time
	cause   string
	by      *jirasim.User
	comment int64  // 0: it was asked without a word
	standIn string // ref of who was asked by name, in the owner's stead; or ""
}

// take enters a note.
func (b *book) take(n note) {
	b.until(n.at)
	b.now, b.by = n.at, n.by
	b.as = b.role()
	by, as := b.by, b.as
	if n.tell != nil {
		n.tell(b)
	}
	if by != nil && by != b.t.robot && answers(as) {
		b.ownerAct, b.ownerBy = n.at, by
	}
}

// until lets time pass: a question lapses if nobody comments for too long.
func (b *book) until(at time.Time) {
	if b.q == nil {
		return
	}
	from := later(b.q.asks[0].at, b.lastWord)
	var silent time.Duration // in the hours of the owner of each share
	for i, sh := range b.q.shares {
		to := at
		if i+1 < len(b.q.shares) {
			to = b.q.shares[i+1].from
		}
		if !to.After(from) && i+1 < len(b.q.shares) {
			continue
		}
		since, hours := later(sh.from, from), b.t.hoursOf(sh.owner)
		end := since // another project's patience ends nothing in the past
		if left := sh.p.patience() - silent; left > 0 {
			end = hours.after(since, left)
		}
		if !end.After(to) {
			b.close(&b.q, end, "lapsed", "")
			return
		}
		silent += hours.worked([]span{{since, to}})
	}
}

// role returns the role towards the owner of the person who acts. What automation
// does within a minute after the owner is the owner's.
func (b *book) role() string {
	switch {
	case b.by == nil:
		return ""
	case b.by != b.t.robot:
		return b.t.role(b.owner, b.by, b.now)
	case b.ownerBy != nil && b.now.Sub(b.ownerAct) <= echo:
		if role := b.t.role(b.owner, b.ownerBy, b.now); answers(role) {
			return role
		}
	}
	return "automation"
}

// out reports whether the story is out of scope.
func (b *book) out() bool { return b.minor || b.outside || b.gone }

// open begins a wait now.
func (b *book) open(kind, cause string) *wait {
	return &wait{kind: kind, cause: cause, start: b.now, shares: []share{{b.now, b.owner, b.p}}}
}

// close ends a wait.
func (b *book) close(s **wait, at time.Time, outcome, responder string) {
	w := *s
	w.end, w.outcome, w.responder = at, outcome, responder
	if responder != "" {
		w.by, w.robot = b.by, b.by == b.t.robot
		if w.robot && answers(b.as) {
			w.by = b.ownerBy
		}
	}
	b.told = append(b.told, w)
	*s = nil
}

// handIn enters that the team hands the story to its owner: it waits from now on.
func (b *book) handIn(cause string) {
	if b.out() {
		return
	}
	b.acc = b.open("acceptance", cause)
	b.acc.cycle, b.acc.mover = b.cycle+1, b.by
	b.visited = true
	b.flag(b.flagged)
}

// verdict ends the acceptance wait. "back" means that the story was moved back: the
// owner rejects by that, and anybody else recalls.
func (b *book) verdict(outcome string) {
	if b.acc == nil {
		return
	}
	switch {
	case outcome == "back" && answers(b.as):
		outcome = "rejected"
	case outcome == "back":
		outcome = "recalled"
	case outcome == "accepted":
		b.cycle++
		if !answers(b.as) && b.by == b.acc.mover && b.now.Sub(b.acc.start) <= ownMove {
			b.bypass()
		}
	}
	b.close(&b.acc, b.now, outcome, b.as)
}

// migrated enters an administrator's change of workflow, which is no verdict and no
// answer of anybody.
func (b *book) migrated() { b.as = "automation" }

// park stops the clock of the acceptance wait while a third party holds the story,
// or lets it go on.
func (b *book) park(on bool) {
	if b.acc != nil {
		b.acc.stop(&b.acc.parked, on, b.now)
	}
}

// unpark enters that the third party gives the story back to its owner. If no wait
// was seen to begin before it was parked, one begins now.
func (b *book) unpark() {
	if b.acc == nil {
		b.handIn(enteredIn)
	}
	b.park(false)
}

// flag enters that Jira's Impediment flag is set or taken off.
func (b *book) flag(on bool) {
	b.flagged = on
	if b.acc != nil {
		b.acc.stop(&b.acc.flagged, on && b.p.flagPauses, b.now)
	}
}

// stop begins or ends a pause.
func (s *wait) stop(since *time.Time, on bool, at time.Time) {
	switch {
	case on && since.IsZero():
		*since = at
	case !on && !since.IsZero():
		s.pauses = append(s.pauses, span{*since, at})
		*since = time.Time{}
	}
}

// move enters a status move, and what it means for an open question.
func (b *book) move(to string) {
	was, wasOver := b.status, b.over
	b.status, b.over = to, b.p.terminal(to)
	b.moved(was == b.p.asked)
	b.ended(was == b.p.asked, wasOver)
	if b.as != "automation" {
		b.spoke()
	}
}

// moved enters what a move, within a project or between two, means for an open
// question: it is answered, or the ask is taken away.
func (b *book) moved(wasAsked bool) {
	if b.q != nil && answers(b.as) {
		b.close(&b.q, b.now, "answered", b.as)
	}
	if b.q != nil && wasAsked && b.status != b.p.asked {
		b.takeAway(func(a *ask) bool { return a.cause == "status" }, "resolved")
	}
}

// ended enters the rest of what a move means for questions, once the story's new
// owner is known: it makes the open one obsolete, or asks a new one.
func (b *book) ended(wasAsked, wasOver bool) {
	if b.q != nil && b.over && !wasOver {
		b.close(&b.q, b.now, "obsolete", b.as)
	}
	if b.status == b.p.asked && !wasAsked {
		b.ask("status", b.by, 0)
	}
}

// done enters that the story is done, which is a bypass if it never waited for a
// verdict.
func (b *book) done() {
	if !b.out() && !b.visited {
		b.bypass()
	}
}

func (b *book) bypass() {
	if !b.bypassed {
		b.bypassed = true
		b.tallies = append(b.tallies, Tally{"bypass", b.p.jira.Key, b.now})
	}
}

// slip counts a move across the border of the acceptance set that was just undone.
func (b *book) slip() {
	if !b.out() {
		b.tallies = append(b.tallies, Tally{"slip", b.p.jira.Key, b.now})
	}
}

// relocate enters a move to another project, into a status of it; stays reports
// whether that is the status it had.
func (b *book) relocate(p *project, to string, stays bool, owner string) {
	waited := b.p.accepts(b.status)
	wasAsked, wasOver := b.status == b.p.asked, b.over
	b.p, b.status, b.over = p, to, p.terminal(to)
	switch {
	case b.acc == nil:
	case p.accepts(to):
		b.park(false)
	default:
		b.close(&b.acc, b.now, "withdrawn", b.as)
	}
	if !stays {
		b.moved(wasAsked)
		if b.as != "automation" {
			b.spoke()
		}
	}
	b.flag(b.flagged) // it may stop the clock in the one project and not in the other
	b.own(owner)
	if !stays {
		b.ended(wasAsked, wasOver)
	}
	for _, s := range []*wait{b.acc, b.q} {
		if s != nil {
			s.pass(share{b.now, b.owner, p})
		}
	}
	if b.acc == nil && !waited && p.accepts(to) {
		b.handIn(enteredIn)
	}
}

// leave takes the story out of what counts, for one of the reasons that the
// book keeps.
func (b *book) leave(reason *bool) {
	*reason = true
	for _, s := range []**wait{&b.acc, &b.q} {
		if *s != nil {
			b.close(s, b.now, "withdrawn", b.as)
		}
	}
}

// arrive takes such a reason away.
func (b *book) arrive(reason *bool) {
	*reason = false
	b.start()
}

// start is the beginning of a story that counts from now on: it is as if it
// were created now.
func (b *book) start() {
	if b.out() {
		return
	}
	b.as = b.role()
	if b.p.accepts(b.status) {
		b.handIn(createdIn)
	}
	if b.status == b.p.asked {
		b.ask("status", b.by, 0)
	}
	if b.labelled {
		b.ask("label", b.by, 0)
	}
	if b.p.assignment && !b.p.accepts(b.status) && b.assignee != nil && b.assignee.Ref == b.owner && !answers(b.as) {
		b.ask("assignment", b.by, 0)
	}
}

// ask is somebody's question to the owner: the team waits from the first on.
func (b *book) ask(cause string, by *jirasim.User, comment int64) {
	if b.out() || b.over {
		return
	}
	if b.q == nil {
		b.q = b.open("question", cause)
	}
	b.q.asks = append(b.q.asks, ask{at: b.now, cause: cause, by: by, comment: comment})
	b.q.asked++
}

// takeAway removes asks; with the last one the wait ends, and else it is as
// old as the oldest that still stands.
func (b *book) takeAway(which func(*ask) bool, outcome string) {
	b.q.asks = slices.DeleteFunc(b.q.asks, func(a ask) bool { return which(&a) })
	if len(b.q.asks) == 0 {
		b.close(&b.q, b.now, outcome, b.as)
		return
	}
	b.q.start, b.q.cause = b.q.asks[0].at, b.q.asks[0].cause
}

// takeOff enters that a label is taken off, or the story reassigned: the owner
// answers by that, and anybody else resolves the question.
func (b *book) takeOff(cause string) {
	if b.q == nil || !slices.ContainsFunc(b.q.asks, func(a ask) bool { return a.cause == cause }) {
		return
	}
	if answers(b.as) {
		b.close(&b.q, b.now, "answered", b.as)
		return
	}
	b.takeAway(func(a *ask) bool { return a.cause == cause }, "resolved")
}

// label enters that the question label is set or taken off.
func (b *book) label(on bool) {
	switch {
	case on && !b.labelled:
		b.ask("label", b.by, 0)
	case !on && b.labelled:
		b.takeOff("label")
	}
	b.labelled = on
}

// assign gives the story to somebody.
func (b *book) assign(to *jirasim.User) {
	was := b.assignee
	b.assignee = to
	switch mine := to != nil && to.Ref == b.owner; {
	case to == was:
	case mine && b.p.assignment && !b.p.accepts(b.status) && !answers(b.as):
		b.ask("assignment", b.by, 0)
	case !mine:
		b.takeOff("assignment")
	}
}

// own hands the open waits over to the next owner, and withdraws what that owner
// had asked.
func (b *book) own(ref string) {
	if ref == b.owner {
		return
	}
	b.owner = ref
	if b.q != nil {
		if mine := func(a *ask) bool { return a.by != nil && a.by.Ref == ref }; slices.ContainsFunc(b.q.asks, func(a ask) bool { return mine(&a) }) {
			b.takeAway(mine, "withdrawn")
		}
	}
	b.unask() // the ball is with the next owner
	for _, s := range []*wait{b.acc, b.q} {
		if s != nil {
			s.pass(share{b.now, ref, b.p})
		}
	}
}

// pass gives the wait to another owner, or takes it to another project.
func (s *wait) pass(to share) {
	if last := &s.shares[len(s.shares)-1]; last.from.Equal(to.from) {
		*last = to
		return
	}
	s.shares = append(s.shares, to)
}
