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
// ends. An outcome of "" is a wait that stays open. A twist is what else happens, or
// how the end comes about.
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
	twistLab      = "lab"            // to an unwatched project, and back
	twistType     = "type"           // to a type that does not count, and back
	twistMigrated = "migrated"       // by a change of workflow
	twistOwnMove  = "own move"       // who handed it in accepts it
	twistGone     = "gone"           // the story is deleted
	twistHidden   = "hidden"         // the story cannot be seen for a while
	twistLeft     = "left"           // to an unwatched project, for good
	twistTaken    = "taken"          // over by another owner, who decides
	twistLate     = "late"           // a stand-in who was asked by name answers after the delegation has ended
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
			// Leaving the status takes the ask away, wherever the story goes.
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
	twist = twistTaken
	add("acceptance", createdIn, "rejected", "owner", "owner")
	twist = twistOwnMove
	add("acceptance", enteredIn, "accepted", "other", "automation")
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

// toDoing brings the story to the status in which the team works on it.
func (l *life) toDoing() {
	if l.status == l.p.doing {
		return
	}
	l.rest(4 * time.Hour)
	l.plan()
	kept := ""
	if l.p.terminal(l.status) {
		if l.p.reopened != "" {
			l.move(l.dev(), l.p.reopened, "")
			l.rest(time.Hour)
		} else if kept = l.t.site.Resolution(l.id); kept != "" && l.t.chance(0.5) {
			l.t.scenes["reopened with its resolution"]++
		} else {
			kept = ""
		}
	}
	l.move(l.dev(), l.p.doing, kept)
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

// another returns an owner who is not the story's.
func (l *life) another() string {
	for {
		if ref := pick(l.t, l.owners()); ref != l.ownerRef() {
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

// detours plays moves across the border of the acceptance set that are undone.
func (l *life) detours() {
	t := l.t
	switch {
	case t.sometimes(0.15):
		dev := l.dev()
		l.midway = "a slip"
		l.write(dev, l.p.accept, "", nil)
		l.slipped()
		l.write(dev, l.p.doing, "", (*book).slip)
		l.midway = ""
	case t.sometimes(0.1): // automation sends it back at once
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

// meanwhile plays what may happen during an acceptance wait without ending it.
func (l *life) meanwhile() {
	t := l.t
	if l.p.accept2 != "" && t.chance(0.4) {
		l.rest(time.Hour)
		l.move(l.dev(), l.p.accept2, "")
	}
	flagged := t.sometimes(0.15)
	if flagged {
		l.rest(3 * time.Hour)
		l.setFlag(l.dev(), true)
		t.scenes["flag"]++
	}
	if t.sometimes(0.15) { // a third party holds it
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
	if t.sometimes(0.15) { // a question, which the verdict or a word answers
		l.rest(time.Hour)
		to := l.ownerRef()
		l.say(l.dev(), l.mention(to)+" shall the button be green?", says{question: true, to: to})
		if t.chance(0.5) {
			l.say(l.responder("owner"), "Green, please.", says{})
		}
	}
	if t.sometimes(0.15) { // the owner asks back
		l.say(l.responder("owner"), "Which build should I look at?", says{question: true})
		if t.chance(0.3) {
			l.say(l.responder("owner"), "And on which phone?", says{question: true})
		}
		if t.chance(0.25) { // the ball is with another owner
			l.rest(30 * time.Minute)
			l.handOver(l.dev())
			l.apartFromPass()
			t.scenes["hand-over while the owner asks"]++
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
	if t.sometimes(0.1) { // the owner's own slip
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
	if l.status != l.p.done && l.status == l.p.accepted && (l.t.opts.Ordinary || l.t.chance(0.6)) {
		l.rest(24 * time.Hour)
		l.move(l.dev(), l.p.done, "Done")
	}
}

// distract makes comments that ask the owner nothing.
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

// tidy removes what would ask again: the status, the label, the assignment.
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
