package team

import (
	"strconv"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// createdIn and enteredIn are how acceptance begins.
const (
	createdIn = "created_in_acceptance"
	enteredIn = "entered_acceptance"
)

// card is a scene of a story: what is waited for, how that begins and how it
// ends. An outcome of "" is a wait that nobody ends. A twist is what else
// happens, or by what deed the end comes.
type card struct{ kind, cause, outcome, by, twist string }

// twist is the kind of thing that can happen in a scene.
const (
	twistHop      = "hop"            // automation sends the story back as soon as it is created
	twistEdited   = "edited away"    // the ask is edited so that it asks no more
	twistDeleted  = "deleted"        // the ask is deleted
	twistEditedIn = "edited in"      // a comment that asked nothing is edited so that it asks
	twistBack     = "there and back" // edited away, and edited in again
	twistAfter    = "after"          // edited or deleted when it is answered
	twistUnsaid   = "unsaid"         // the answer is deleted
	twistFirst    = "first deleted"  // of two asks the first
	twistBusy     = "edited often"   // and deleted in the end
	twistMoved    = "moved"          // to another project, where it waits on
	twistStray    = "stray"          // to another project, where it does not
	twistLab      = "lab"            // to where nobody looks, and back
	twistType     = "type"           // to a type that does not count, and back
	twistMigrated = "migrated"       // by a change of workflow
	twistOwnMove  = "own move"       // whoever handed it in takes it for accepted
	twistGone     = "gone"           // the story is deleted
	twistHidden   = "hidden"         // the story cannot be seen for a while
	twistLeft     = "left"           // to where nobody looks, for good
	twistLate     = "late"           // who was asked in the owner's stead answers when nobody's stand-in any more
)

// cards returns every scene that can be; some only if stories may get lost.
func cards(losses bool) []card {
	var out []card
	twist := ""
	add := func(kind, cause, outcome string, by ...string) {
		for _, who := range by {
			out = append(out, card{kind, cause, outcome, who, twist})
		}
	}
	for _, cause := range []string{enteredIn, createdIn} {
		add("acceptance", cause, "accepted", "owner", "delegate", "other", "automation")
		add("acceptance", cause, "rejected", "owner", "delegate")
		add("acceptance", cause, "recalled", "other", "automation")
		add("acceptance", cause, "withdrawn", "owner", "delegate", "other", "automation")
		add("acceptance", cause, "handed_over", "")
		add("acceptance", cause, "", "")
	}
	// Much of life is like this.
	for range 3 {
		add("acceptance", enteredIn, "accepted", "owner", "owner")
		add("acceptance", enteredIn, "rejected", "owner")
		add("question", "mention", "answered", "owner", "owner")
	}
	for _, cause := range []string{"mention", "marker", "status", "label", "assignment"} {
		add("question", cause, "answered", "owner", "delegate", "other")
		add("question", cause, "withdrawn", "other", "owner", "delegate", "automation")
		add("question", cause, "lapsed", "")
		add("question", cause, "handed_over", "")
		add("question", cause, "", "")
		switch cause {
		case "mention", "marker":
			add("question", cause, "obsolete", "other", "automation")
		case "status":
			// To leave the status is to take the ask away, wherever the story goes.
			add("question", cause, "resolved", "other", "automation")
		default:
			add("question", cause, "obsolete", "other", "automation")
			add("question", cause, "resolved", "other", "automation")
		}
	}
	for _, twist = range []string{twistMoved, twistMigrated, twistType, twistLab} {
		add("acceptance", enteredIn, "accepted", "owner")
		add("acceptance", createdIn, "accepted", "owner")
	}
	twist = twistStray
	add("acceptance", enteredIn, "withdrawn", "owner", "other", "automation")
	twist = twistOwnMove
	add("acceptance", enteredIn, "accepted", "other")
	twist = twistHop
	add("acceptance", createdIn, "accepted", "owner")
	for _, twist = range []string{twistMoved, twistType, twistLab} {
		for _, cause := range []string{"mention", "marker", "status", "label", "assignment"} {
			add("question", cause, "answered", "owner")
		}
	}
	for _, cause := range []string{"mention", "marker"} {
		twist = twistEdited
		add("question", cause, "withdrawn", "other")
		for _, twist = range []string{twistDeleted, twistBusy} {
			add("question", cause, "withdrawn", "")
		}
		for _, twist = range []string{twistBack, twistAfter, twistUnsaid, twistFirst} {
			add("question", cause, "answered", "owner")
		}
	}
	twist = twistLate
	add("question", "mention", "answered", "delegate", "delegate", "delegate")
	twist = twistEditedIn
	add("question", "mention", "answered", "owner", "owner", "delegate", "other")
	add("question", "mention", "obsolete", "other")
	add("question", "mention", "handed_over", "")
	add("question", "mention", "lapsed", "")
	if losses {
		for _, twist = range []string{twistGone, twistHidden, twistLeft} {
			by := ""
			if twist == twistLeft {
				by = "other"
			}
			add("acceptance", enteredIn, "withdrawn", by)
			add("acceptance", createdIn, "withdrawn", by)
			for _, cause := range []string{"mention", "marker", "status", "label", "assignment"} {
				add("question", cause, "withdrawn", by)
			}
		}
	}
	return out
}

// draw deals the next card of a shuffled deck.
func (t *Team) draw() card {
	if len(t.deck) == 0 {
		t.deck = cards(t.opts.Losses)
		t.rng.Shuffle(len(t.deck), func(i, j int) { t.deck[i], t.deck[j] = t.deck[j], t.deck[i] })
	}
	c := t.deck[0]
	t.deck = t.deck[1:]
	return c
}

// begin brings the story to where the team works on it.
func (l *life) toDoing() {
	if l.status == l.p.doing {
		return
	}
	l.rest(4 * time.Hour)
	l.plan()
	l.move(l.dev(), l.p.doing, "")
}

// plan puts the story into the sprint that runs, if it is in none.
func (l *life) plan() {
	sp := l.p.sprint(l.t.now)
	if l.planned || sp == nil {
		return
	}
	l.space()
	l.planned = true
	l.record(l.dev(), map[string]any{sprintField: []*jirasim.Sprint{sp}}, nil, jirasim.Item{
		Field: "Sprint", FieldType: "custom", FieldID: sprintField, From: ptr(""), FromString: ptr(""), To: ptr(strconv.FormatInt(sp.ID, 10)), ToString: ptr(sp.Name),
	})
}

// actor returns who acts in a role, when that one does.
func (l *life) actor(by string) *jirasim.User {
	switch by {
	case "owner", "delegate":
		return l.responder(by)
	case "automation":
		l.rest(3 * time.Hour)
		l.alone()
		return l.t.robot
	}
	l.rest(5 * time.Hour)
	return l.dev()
}

// playAcceptance plays a wait for a verdict.
func (l *life) playAcceptance(c card, first bool) {
	if !l.inAcceptance() || !first || c.cause != createdIn {
		l.toDoing()
		l.rest(10 * time.Hour)
		if l.inAcceptance() || l.book.acc != nil {
			return
		}
		l.detours()
		if c.twist == twistMigrated {
			l.migrate(l.p.accept, "", func(b *book) { b.handIn(enteredIn) })
			l.t.scenes["migrated into acceptance"]++
		} else {
			l.enter(l.dev())
		}
	}
	if c.twist == twistOwnMove {
		l.real(10 * time.Second)
		if who := l.mover; l.role(who) == "other" {
			l.t.scenes["accepted by who handed it in"]++
			l.move(who, l.p.accepted, l.done(), verdict("accepted"))
			l.afterwards()
		}
		return
	}
	l.meanwhile()
	if l.wander(c) {
		return
	}
	if c.outcome == "handed_over" {
		l.rest(3 * time.Hour)
		l.handOver(l.dev())
		l.apartFromPass()
		c.outcome, c.by = "accepted", "owner"
	}
	if c.outcome == "" {
		return
	}
	who := l.actor(c.by)
	if who != l.t.robot && !l.still(who, c.by) {
		who = l.actor(c.by)
	}
	l.decide(c, who)
}

// decide ends the wait for a verdict as the card says.
func (l *life) decide(c card, who *jirasim.User) {
	t := l.t
	switch c.outcome {
	case "accepted":
		if l.role(who) == "owner" && t.chance(0.2) { // the owner says so, and automation moves the story
			l.say(who, "Looks good to me.", says{})
			l.real(5 * time.Second)
			who = t.robot
		}
		l.move(who, l.p.accepted, l.done(), verdict("accepted"))
		l.afterwards()
	case "rejected":
		if !answers(l.role(who)) {
			return
		}
		if t.chance(0.7) {
			l.say(who, "Please have another look: the total is wrong.", says{})
		}
		l.move(who, l.p.doing, "", verdict("back"))
	case "recalled":
		l.move(who, l.p.doing, "", verdict("back"))
	case "withdrawn":
		switch {
		case c.twist == twistStray:
			if p, to, ok := l.elsewhere(false); ok {
				l.relocate(who, p, to)
				t.scenes["moved out of acceptance"]++
				return
			}
			l.move(who, l.p.dropped, "", verdict("withdrawn"))
		case who == t.robot && t.chance(0.3): // an administrator's migration
			l.migrate(l.p.done, "Done", verdict("withdrawn"))
			t.scenes["migrated to done"]++
		case who == t.robot && t.chance(0.3):
			l.migrate(l.p.doing, "", verdict("withdrawn"))
			t.scenes["migrated out of acceptance"]++
			return
		case t.chance(0.5):
			l.move(who, l.p.dropped, "", verdict("withdrawn"))
		default:
			l.move(who, l.p.done, pick(t, []string{"Won't Do", "Duplicate"}), verdict("withdrawn"))
		}
		l.afterwards()
	}
}

// wander is what a twist makes of a story that waits for a verdict; it tells
// whether that was the end of the scene.
func (l *life) wander(c card) (ended bool) {
	t := l.t
	switch c.twist {
	case twistMoved:
		if p, to, ok := l.elsewhere(true); ok {
			l.rest(3 * time.Hour)
			flagged := t.chance(0.3)
			if flagged {
				l.setFlag(l.dev(), true)
			}
			l.relocate(l.dev(), p, to)
			t.scenes["moved in acceptance"]++
			l.apartFromPass()
			if flagged {
				l.rest(5 * time.Hour)
				l.setFlag(l.dev(), false)
				t.scenes["moved with a flag"]++
			}
		}
	case twistMigrated:
		if l.p.accept2 != "" {
			l.rest(3 * time.Hour)
			to := l.p.accept2
			if l.status == to {
				to = l.p.accept
			}
			l.migrate(to, "")
			t.scenes["migrated within acceptance"]++
		}
	case twistType:
		l.roundTrip()
	case twistLab:
		l.rest(3 * time.Hour)
		from := l.p
		l.toLab(l.dev())
		l.gap()
		l.fromLab(l.dev(), from, pick(t, []string{from.accept, from.accept, from.doing}))
		t.scenes["to the laboratory and back"]++
		return l.book.acc == nil
	case twistGone, twistHidden, twistLeft:
		l.lose(c)
		return c.twist == twistLeft || l.book.acc == nil
	}
	return false
}

// roundTrip makes the story one of a type that does not count, and of one that does.
func (l *life) roundTrip() {
	l.rest(3 * time.Hour)
	was := l.typ
	if was == typeSubtask {
		was = typeStory
	} else {
		l.setType(l.dev(), typeSubtask)
		l.gap()
	}
	l.setType(l.dev(), was)
	l.t.scenes["type that does not count, and back"]++
}

// lose deletes the story, hides it for a while, or moves it where nobody looks.
func (l *life) lose(c card) {
	l.rest(3 * time.Hour)
	l.t.scenes["story "+c.twist]++
	if c.twist == twistLeft {
		l.toLab(l.dev())
		l.midway = ""
		l.sleep(l.t.opts.End.AddDate(10, 0, 0))
		return
	}
	l.vanish(c.twist == twistGone)
}

// elsewhere returns another project and a status of it, of its acceptance set
// or not; ok is false if the story cannot go anywhere.
func (l *life) elsewhere(accept bool) (p *project, to string, ok bool) {
	t := l.t
	if l.p == t.lab {
		return nil, "", false
	}
	for p = pick(t, t.projects); p == l.p; {
		p = pick(t, t.projects)
	}
	// Where there is a namesake of the same id, the status stays.
	if st := p.status[l.status]; st != nil && st.ID == l.p.status[l.status].ID && p.accepts(l.status) == accept {
		return p, l.status, true
	}
	if accept {
		return p, p.accept, true
	}
	return p, pick(t, []string{p.todo, p.doing}), true
}

// still tells whether somebody who was waited for still has the role.
func (l *life) still(who *jirasim.User, by string) bool {
	role := l.role(who)
	return answers(role) == (by == "owner" || by == "delegate")
}

// apartFromPass lets a part of a wait be long enough to be one.
func (l *life) apartFromPass() { l.real(l.t.opts.SlipWindow * 6 / 5) }

// another returns an owner who is not the story's.
func (l *life) another() string {
	for {
		if ref := pick(l.t, l.t.refs); ref != l.ownerRef() {
			return ref
		}
	}
}

// done is the resolution that comes with acceptance, if the story ends with it.
func (l *life) done() string {
	if l.p.terminal(l.p.accepted) {
		return "Done"
	}
	return ""
}

// detours are moves across the border of acceptance that come to nothing.
func (l *life) detours() {
	t := l.t
	switch {
	case t.chance(0.15):
		dev := l.dev()
		l.midway = "a slip"
		l.write(dev, l.p.accept, "", nil)
		l.slipped()
		l.write(dev, l.p.doing, "", (*book).slip)
		l.midway = ""
	case t.chance(0.1): // automation sends it back at once
		l.alone()
		dev := l.dev()
		l.midway = "a hop"
		l.write(dev, l.p.accept, "", nil)
		l.real(3 * time.Second)
		l.write(t.robot, l.p.doing, "", nil)
		l.midway = ""
		t.scenes["hop"]++
	}
}

// meanwhile is what may happen while a verdict is awaited, and does not end the wait.
func (l *life) meanwhile() {
	t := l.t
	if l.p.accept2 != "" && t.chance(0.4) {
		l.rest(time.Hour)
		l.move(l.dev(), l.p.accept2, "")
	}
	flagged := t.chance(0.15)
	if flagged {
		l.rest(3 * time.Hour)
		l.setFlag(l.dev(), true)
		t.scenes["flag"]++
	}
	if t.chance(0.15) { // a third party holds it
		l.rest(2 * time.Hour)
		l.move(l.dev(), l.p.paused, "", func(b *book) { b.park(true) })
		l.rest(10 * time.Hour)
		l.move(l.dev(), l.p.accept, "", (*book).unpark)
		t.scenes["third party"]++
	}
	if flagged && t.chance(0.7) {
		l.rest(5 * time.Hour)
		l.setFlag(l.dev(), false)
		flagged = false
	}
	if t.chance(0.15) { // a question, which the verdict or a word answers
		l.rest(time.Hour)
		to := l.ownerRef()
		l.say(l.dev(), l.mention(to)+" shall the button be green?", says{question: true, to: to})
		if t.chance(0.5) {
			l.say(l.responder("owner"), "Green, please.", says{})
		}
	}
	if t.chance(0.15) { // the owner asks back
		l.say(l.responder("owner"), "Which build should I look at?", says{question: true})
		if t.chance(0.3) {
			l.say(l.responder("owner"), "And on which phone?", says{question: true})
		}
		if t.chance(0.8) {
			l.rest(5 * time.Hour)
			l.say(l.dev(), "The one of this morning.", says{})
		}
		t.scenes["the owner asks back"]++
	}
	if flagged {
		l.rest(time.Hour)
		l.setFlag(l.dev(), false)
	}
	if t.chance(0.1) { // the owner's own slip
		who := l.responder("owner")
		if l.role(who) != "owner" {
			return
		}
		from := l.status
		l.midway = "a slip"
		l.write(who, l.p.accepted, l.done(), nil)
		l.slipped()
		l.write(who, from, "", (*book).slip)
		l.midway = ""
	}
}

// afterwards may bring the story back for its next scene.
func (l *life) afterwards() {
	if l.status != l.p.done && l.status == l.p.accepted && l.t.chance(0.6) {
		l.rest(24 * time.Hour)
		l.move(l.dev(), l.p.done, "Done")
	}
}

// playQuestion plays a wait for an answer.
func (l *life) playQuestion(c card) {
	if c.cause == "assignment" && !l.p.assignment {
		return
	}
	if l.inAcceptance() && l.book.acc != nil {
		return
	}
	l.toDoing()
	l.rest(6 * time.Hour)
	if l.book.q != nil {
		return
	}
	l.distract()
	asker := l.dev()
	var asked *remark
	if c.twist == twistEditedIn {
		asked = l.idle(asker)
		l.gap()
		l.askAgain(asked)
		l.t.scenes["ask edited in"]++
	} else {
		asked = l.put(c.cause, asker)
	}
	silent := l.book.out()
	if l.book.q == nil && !silent {
		return
	}
	if l.t.chance(0.3) {
		l.rest(30 * time.Minute)
		l.say(l.dev(asker), "I think it was euros, but I am not sure.", says{})
	}
	if l.turn(c, asker, asked) {
		l.tidy()
		return
	}
	lonely := c.outcome == "resolved" || c.outcome == "withdrawn" || c.outcome == "lapsed" || c.outcome == "obsolete" && c.cause != "mention" && c.cause != "marker"
	if !lonely && l.t.chance(0.2) { // somebody else asks too
		l.rest(time.Hour)
		second := l.dev(asker)
		waited := l.book.q != nil || silent
		l.again(second)
		if !waited {
			asker = second
		}
	}
	l.close(c, asker, asked)
	if c.twist == twistAfter && asked != nil {
		l.gap()
		if l.t.chance(0.5) {
			l.takeBack(asked)
		} else {
			l.unsay(asked)
		}
		l.t.scenes["ask taken back after the answer"]++
	}
	l.tidy()
}

// again is a second ask.
func (l *life) again(who *jirasim.User) *remark {
	to := l.ownerRef()
	return l.say(who, l.mention(to)+" I wonder too?", says{question: true, to: to})
}

// turn is what a twist makes of a question; it tells whether the scene is over.
func (l *life) turn(c card, asker *jirasim.User, asked *remark) (over bool) {
	t := l.t
	switch c.twist {
	case twistEdited:
		l.gap()
		l.takeBack(asked)
		t.scenes["ask edited away"]++
		return true
	case twistDeleted:
		l.gap()
		l.unsay(asked)
		t.scenes["ask deleted"]++
		return true
	case twistBusy:
		for range 1 + t.rng.Intn(3) {
			l.gap()
			l.takeBack(asked)
			l.gap()
			l.askAgain(asked)
		}
		l.gap()
		l.unsay(asked)
		t.scenes["ask edited often, and deleted"]++
		return true
	case twistBack:
		l.gap()
		l.takeBack(asked)
		l.gap()
		l.askAgain(asked)
		t.scenes["ask edited away, and in again"]++
	case twistFirst:
		l.gap()
		l.again(l.dev(asker))
		l.gap()
		l.unsay(asked)
		t.scenes["first of two asks deleted"]++
	case twistUnsaid:
		r := l.say(l.responder("owner"), "Euros. No, wait.", says{})
		l.gap()
		l.unsay(r)
		l.gap()
		t.scenes["answer deleted"]++
	case twistLate:
		for _, s := range t.standIns {
			if asked := asked.texts[0].says.to; s.owner == l.ownerRef() && s.delegate == asked && !s.to.IsZero() && s.contains(t.now) {
				l.sleep(s.to.Add(time.Hour))
				l.rest(2 * time.Hour)
				l.say(t.site.User(asked), "Sorry for the delay: euros.", says{})
				t.scenes["answered by who stood in"]++
			}
		}
	case twistMoved:
		if p, to, ok := l.elsewhere(false); ok && (c.cause != "assignment" || p.assignment) {
			if c.cause == "status" && t.chance(0.7) {
				to = p.asked
			}
			l.rest(3 * time.Hour)
			l.relocate(l.dev(), p, to)
			t.scenes["moved with a question"]++
			l.apartFromPass()
		}
	case twistType:
		l.roundTrip()
	case twistLab:
		l.rest(3 * time.Hour)
		from, status := l.p, l.status
		l.toLab(l.dev())
		l.gap()
		l.fromLab(l.dev(), from, status)
		t.scenes["to the laboratory and back"]++
	case twistGone, twistHidden, twistLeft:
		l.lose(c)
	}
	return l.book.q == nil && !l.book.out()
}

// put asks; it returns the comment, if it was one.
func (l *life) put(cause string, asker *jirasim.User) *remark {
	t := l.t
	switch cause {
	case "mention":
		to := l.ownerRef()
		if d := t.standInFor(to, t.now); d != "" && (l.cards[0].twist == twistLate || t.chance(0.2)) {
			to = d
		}
		return l.say(asker, pick(t, []string{
			l.mention(to) + " which currency?",
			"Hello " + l.mention(to) + ",\nthe list is long: {code}a ? b : c{code}\nshould it be paged?",
			l.mention(l.dev(asker).Ref) + " thanks for the review.\n\n" + l.mention(to) + " shall we keep the old address\uFF1F",
			"bq. what about fees?\n\nMay I drop them? " + l.mention(to),
		}), says{question: true, to: to})
	case "marker":
		return l.say(asker, pick(t, []string{"Q: what happens on the last day of a month", "Question: one page or two", "#question may guests pay?"}), says{marker: true})
	case "status":
		l.move(asker, l.p.asked, "")
	case "label":
		l.setLabel(asker, true)
	case "assignment":
		l.assign(asker, t.site.User(l.ownerRef()))
	}
	return nil
}

// takeOff undoes what asks without a word; it tells whether there is such a thing.
func (l *life) takeOff(cause string, who *jirasim.User) bool {
	switch cause {
	case "status":
		l.move(who, l.p.doing, "")
	case "label":
		l.setLabel(who, false)
	case "assignment":
		l.assign(who, l.dev())
	default:
		return false
	}
	return true
}

// close ends the question as the card says.
func (l *life) close(c card, asker *jirasim.User, asked *remark) {
	t := l.t
	switch c.outcome {
	case "answered":
		if c.by == "other" {
			l.rest(4 * time.Hour)
			l.say(asker, pick(t, []string{"#answered we spoke in the hallway", "Answered: euros", "A: euros, on the phone"}), says{answered: true})
			return
		}
		who := l.responder(c.by)
		switch {
		case t.chance(0.3) && l.takeOff(c.cause, who):
		case t.chance(0.15) && l.status == l.p.doing:
			l.move(who, l.p.todo, "")
		default:
			l.say(who, "Euros, and yes.", says{})
		}
	case "resolved":
		l.takeOff(c.cause, l.actor(c.by))
	case "withdrawn":
		switch {
		case c.by == "other" && t.chance(0.6):
			l.rest(2 * time.Hour)
			l.say(asker, "#withdrawn I found it in the docs", says{taken: true})
		default:
			// The asker becomes the owner, and need not ask any more.
			who := l.actor(c.by)
			l.setOwner(who, asker.Ref)
			l.apartFromPass()
			l.setOwner(t.devs[0], pick(t, t.refs))
		}
	case "obsolete":
		l.finish(l.actor(c.by))
	case "lapsed":
		l.alone()
		l.sleep(t.now.AddDate(0, 0, 45))
	case "handed_over":
		l.rest(2 * time.Hour)
		l.apartFromPass()
		l.handOver(l.dev(asker))
		l.apartFromPass()
		if asked != nil && asked.texts[0].says.to != "" && t.chance(0.5) { // in other words, and of the same person
			s := asked.texts[len(asked.texts)-1].says
			l.rewrite(asked, "Hello "+l.mention(s.to)+", which currency, please?", s)
			t.scenes["ask reworded after a hand-over"]++
			l.apartFromPass()
		}
		l.say(l.responder("owner"), "I am new here, but: euros.", says{})
	}
}

// distract says what asks nobody.
func (l *life) distract() {
	t := l.t
	if !t.chance(0.4) {
		return
	}
	a, b := l.dev(), l.dev()
	said := pick(t, []struct {
		text string
		says says
	}{
		{l.mention(b.Ref) + " can you look?\ncc " + l.mention(l.ownerRef()), says{question: true, to: b.Ref}},
		{l.mention(l.ownerRef()) + " done, thank you.", says{}},
		{l.mention(l.ownerRef()) + " see {quote}which one?{quote} for the answer.", says{}},
		{l.mention(l.ownerRef()) + " see [is it open?|http://example.org/?q=1].", says{}},
		{"is anybody there?", says{question: true}},
		{l.mention(b.Ref) + " what do you think?\n\n" + l.mention(l.ownerRef()) + " thank you for the hint.", says{question: true, to: b.Ref}},
	})
	l.say(a, said.text, said.says)
	if t.chance(0.3) {
		l.alone()
		to := l.ownerRef()
		l.say(t.robot, l.mention(to)+" the build is green. Merge?", says{question: true, to: to})
	}
}

// tidy leaves nothing behind that would ask again.
func (l *life) tidy() {
	if l.book.q != nil {
		return
	}
	l.rest(time.Hour)
	if l.status == l.p.asked {
		l.move(l.dev(), l.p.doing, "")
	}
	if l.t.site.Labelled(l.id, questionLabel) {
		l.setLabel(l.dev(), false)
	}
	if a := l.t.site.Person(l.id, "assignee"); a != nil && l.t.owners[a.Ref] != nil {
		l.assign(l.dev(), l.dev())
	}
}
