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
// ends. An outcome of "" is a wait that nobody ends.
type card struct{ kind, cause, outcome, by string }

// cards returns every scene that can be.
func cards() []card {
	var out []card
	add := func(kind, cause, outcome string, by ...string) {
		for _, who := range by {
			out = append(out, card{kind, cause, outcome, who})
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
	return out
}

// draw deals the next card of a shuffled deck.
func (t *Team) draw() card {
	if len(t.deck) == 0 {
		t.deck = cards()
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
	l.record(l.dev(), map[string]any{sprintField: []*jirasim.Sprint{sp}}, jirasim.Item{
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
	t := l.t
	if !l.inAcceptance() || !first || c.cause != createdIn {
		l.toDoing()
		l.rest(10 * time.Hour)
		if l.inAcceptance() || l.acc != nil {
			return
		}
		l.detours()
		l.move(l.dev(), l.p.accept, "")
		l.beginAcceptance(enteredIn)
	}
	l.meanwhile()
	if c.outcome == "handed_over" {
		l.rest(3 * time.Hour)
		l.setOwner(l.dev(), l.another())
		l.apartFromPass()
		c.outcome, c.by = "accepted", "owner"
	}
	if c.outcome == "" {
		return
	}
	who := l.actor(c.by)
	if who != t.robot && !l.still(who, c.by) {
		who = l.actor(c.by)
	}
	role := l.role(who)
	switch c.outcome {
	case "accepted":
		if role == "owner" && t.chance(0.2) { // the owner says so, and automation moves the story
			l.say(who, "Looks good to me.")
			l.real(5 * time.Second)
			l.move(t.robot, l.p.accepted, l.done())
		} else {
			l.move(who, l.p.accepted, l.done())
		}
		l.endAcceptance("accepted", role)
		l.afterwards()
	case "rejected":
		if !answers(role) {
			return
		}
		if t.chance(0.7) {
			l.say(who, "Please have another look: the total is wrong.")
		}
		l.move(who, l.p.doing, "")
		l.endAcceptance("rejected", role)
	case "recalled":
		l.move(who, l.p.doing, "")
		l.endAcceptance("recalled", role)
	case "withdrawn":
		switch {
		case who == t.robot && t.chance(0.5): // an administrator's migration
			l.write(t.admin, l.p.done, "Done", jirasim.Item{Field: "Workflow", FieldType: "jira", From: ptr("1"), FromString: ptr("Old workflow"), To: ptr("2"), ToString: ptr("New workflow")})
			if l.q != nil {
				l.endQuestion("obsolete", "automation")
			}
			role = "automation"
		case t.chance(0.5):
			l.move(who, l.p.dropped, "")
		default:
			l.move(who, l.p.done, pick(t, []string{"Won't Do", "Duplicate"}))
		}
		l.endAcceptance("withdrawn", role)
		l.afterwards()
	}
}

// still tells whether somebody who was waited for still has the role.
func (l *life) still(who *jirasim.User, by string) bool {
	role := l.role(who)
	return answers(role) == (by == "owner" || by == "delegate")
}

// apartFromPass lets a part of a wait be long enough to be one.
func (l *life) apartFromPass() { l.real(slipWindow + time.Minute) }

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
	if l.terminal(l.p.accepted) {
		return "Done"
	}
	return ""
}

// detours are moves across the border of acceptance that come to nothing.
func (l *life) detours() {
	t := l.t
	switch {
	case t.chance(0.15): // a slip
		dev := l.dev()
		l.write(dev, l.p.accept, "")
		l.real(time.Duration(30+t.rng.Intn(200)) * time.Second)
		l.write(dev, l.p.doing, "")
	case t.chance(0.1): // automation sends it back at once
		l.alone()
		l.write(l.dev(), l.p.accept, "")
		l.real(3 * time.Second)
		l.write(t.robot, l.p.doing, "")
	}
}

// meanwhile is what may happen while a verdict is awaited, and does not end the wait.
func (l *life) meanwhile() {
	t := l.t
	if l.p.accept2 != "" && t.chance(0.4) {
		l.rest(time.Hour)
		l.move(l.dev(), l.p.accept2, "")
	}
	if t.chance(0.15) { // a third party holds it
		l.rest(2 * time.Hour)
		l.move(l.dev(), l.p.paused, "")
		l.rest(10 * time.Hour)
		l.move(l.dev(), l.p.accept, "")
	}
	if t.chance(0.15) { // a question, which the verdict or a word answers
		l.rest(time.Hour)
		dev := l.dev()
		l.say(dev, l.mention(l.ownerRef())+" shall the button be green?")
		l.ask("mention", dev)
		if t.chance(0.5) {
			l.say(l.responder("owner"), "Green, please.")
		}
	}
	if t.chance(0.1) { // the owner asks back
		who := l.responder("owner")
		l.say(who, "Which build should I look at?")
		l.rest(30 * time.Minute)
		l.say(l.dev(), "The one of this morning.")
	}
	if t.chance(0.1) { // the owner's own slip
		who := l.responder("owner")
		if l.role(who) != "owner" {
			return
		}
		from := l.status
		had := l.done()
		l.write(who, l.p.accepted, had)
		l.real(time.Duration(30+t.rng.Intn(200)) * time.Second)
		l.write(who, from, "")
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
	t := l.t
	if c.cause == "assignment" && !l.p.assignment {
		return
	}
	if l.inAcceptance() && l.acc != nil {
		return
	}
	l.toDoing()
	l.rest(6 * time.Hour)
	if l.q != nil {
		return
	}
	l.distract()
	asker := l.dev()
	l.put(c.cause, asker)
	if l.q == nil && !l.silent {
		return
	}
	if t.chance(0.3) {
		l.rest(30 * time.Minute)
		l.say(l.dev(asker), "I think it was euros, but I am not sure.")
	}
	lonely := c.outcome == "resolved" || c.outcome == "withdrawn" || c.outcome == "lapsed" || c.outcome == "obsolete" && c.cause != "mention" && c.cause != "marker"
	if !lonely && t.chance(0.2) { // somebody else asks too
		l.rest(time.Hour)
		second := l.dev(asker)
		l.say(second, l.mention(l.ownerRef())+" I wonder too?")
		if l.q != nil || l.silent {
			l.ask("mention", second)
		} else {
			l.ask("mention", second)
			asker = second
		}
	}
	l.close(c, asker)
	l.tidy()
}

// put asks.
func (l *life) put(cause string, asker *jirasim.User) {
	t := l.t
	switch cause {
	case "mention":
		to := l.ownerRef()
		if d := t.standInFor(to, t.now); d != "" && t.chance(0.2) {
			to = d
		}
		l.say(asker, pick(t, []string{
			l.mention(to) + " which currency?",
			"Hello " + l.mention(to) + ",\nthe list is long: {code}a ? b : c{code}\nshould it be paged?",
			l.mention(l.dev(asker).Ref) + " thanks for the review.\n\n" + l.mention(to) + " shall we keep the old address\uFF1F",
			"bq. what about fees?\n\nMay I drop them? " + l.mention(to),
		}))
		l.ask("mention", asker)
	case "marker":
		l.say(asker, pick(t, []string{"Q: what happens on the last day of a month", "Question: one page or two", "#question may guests pay?"}))
		l.ask("marker", asker)
	case "status":
		l.move(asker, l.p.asked, "")
	case "label":
		l.setLabel(asker, true)
		l.ask("label", asker)
	case "assignment":
		l.assign(asker, t.site.User(l.ownerRef()))
		l.ask("assignment", asker)
	}
}

// takeOff undoes what asks without a word; it tells whether there is such a thing.
func (l *life) takeOff(cause string, who *jirasim.User) bool {
	role := l.role(who)
	if role == "automation" && l.t.now.Sub(l.ownerAct) <= echo {
		role = "owner"
	}
	switch cause {
	case "status":
		l.move(who, l.p.doing, "")
		return true
	case "label":
		l.setLabel(who, false)
	case "assignment":
		l.assign(who, l.dev())
	default:
		return false
	}
	if l.q != nil {
		if answers(role) {
			l.endQuestion("answered", role)
		} else {
			l.takeAway(func(a ask) bool { return a.cause == cause }, "resolved", role)
		}
	}
	return true
}

// close ends the question as the card says.
func (l *life) close(c card, asker *jirasim.User) {
	t := l.t
	switch c.outcome {
	case "answered":
		if c.by == "other" {
			l.rest(4 * time.Hour)
			l.say(asker, pick(t, []string{"#answered we spoke in the hallway", "Answered: euros", "A: euros, on the phone"}))
			if l.q != nil {
				l.endQuestion("answered", "other")
			}
			return
		}
		who := l.responder(c.by)
		switch {
		case t.chance(0.3) && l.takeOff(c.cause, who):
		case t.chance(0.15) && l.status == l.p.doing:
			l.move(who, l.p.todo, "")
		default:
			l.say(who, "Euros, and yes.")
		}
	case "resolved":
		l.takeOff(c.cause, l.actor(c.by))
	case "withdrawn":
		switch {
		case c.by == "other" && t.chance(0.6):
			l.rest(2 * time.Hour)
			l.say(asker, "#withdrawn I found it in the docs")
			if l.q != nil {
				l.takeAway(func(a ask) bool { return a.by == asker }, "withdrawn", "other")
			}
		default:
			// The asker becomes the owner, and need not ask any more.
			who := l.actor(c.by)
			l.setOwner(who, asker.Ref)
			l.apartFromPass()
			l.setOwner(t.devs[0], pick(t, t.refs))
		}
	case "obsolete":
		who := l.actor(c.by)
		l.move(who, l.p.done, "Done")
	case "lapsed":
		l.alone()
		l.sleep(t.now.AddDate(0, 0, 45))
	case "handed_over":
		l.rest(2 * time.Hour)
		l.apartFromPass()
		l.setOwner(l.dev(asker), l.another())
		l.apartFromPass()
		l.say(l.responder("owner"), "I am new here, but: euros.")
	}
}

// distract says what asks nobody.
func (l *life) distract() {
	t := l.t
	if !t.chance(0.4) {
		return
	}
	a, b := l.dev(), l.dev()
	l.say(a, pick(t, []string{
		l.mention(b.Ref) + " can you look?\ncc " + l.mention(l.ownerRef()),
		l.mention(l.ownerRef()) + " done, thank you.",
		l.mention(l.ownerRef()) + " see {quote}which one?{quote} for the answer.",
		l.mention(l.ownerRef()) + " see [is it open?|http://example.org/?q=1].",
		"is anybody there?",
		l.mention(b.Ref) + " what do you think?\n\n" + l.mention(l.ownerRef()) + " thank you for the hint.",
	}))
	if t.chance(0.3) {
		l.alone()
		l.space()
		l.t.site.Comment(t.now, t.robot, l.id, l.mention(l.ownerRef())+" the build is green. Merge?")
		l.lastComment = t.now
	}
}

// tidy leaves nothing behind that would ask again.
func (l *life) tidy() {
	if l.q != nil {
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
