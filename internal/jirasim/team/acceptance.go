package team

import (
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// playAcceptance plays a wait for a verdict.
func (l *life) playAcceptance(c card, first bool) {
	if !l.inAcceptance() || !first || c.cause != createdIn {
		l.toDoing()
		l.develop()
		if l.inAcceptance() || l.book.acc != nil {
			return
		}
		l.detours()
		l.checked()
		l.holdBack()
		if c.twist == twistMigrated {
			l.migrate(l.p.accept, "", func(b *book) { b.handIn(enteredIn) })
			l.t.scenes["migrated into acceptance"]++
		} else if c.twist == twistOwnMove && c.by == "automation" {
			l.alone()
			l.apartFromPass() // it did not send the story back just now
			l.enter(l.t.robot)
		} else {
			l.enter(l.dev())
		}
	}
	if c.twist == twistOwnMove {
		l.real(10 * time.Second)
		if who := l.mover; !answers(l.role(who)) {
			l.t.scenes["accepted by who handed it in: "+c.by]++
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
	if c.by == "owner" && (c.twist == twistTaken || l.t.chance(0.15)) {
		who = l.takeOver(who)
	}
	l.decide(c, who)
}

// takeOver lets another owner take the story over, who decides within minutes, and
// returns that owner. The wait stays the former owner's.
func (l *life) takeOver(from *jirasim.User) *jirasim.User {
	ref := l.another()
	if l.t.speed > 0 || l.t.role(ref, from, l.t.now) != "other" && l.t.role(ref, from, l.t.now) != "owner" {
		return from
	}
	l.midway = "a story that is taken over"
	l.setOwner(l.dev(), ref)
	l.slipped()
	l.midway = ""
	l.t.scenes["taken over and decided"]++
	return l.t.site.User(ref)
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

// wander plays a twist of a story that waits for a verdict. It reports whether the
// scene is over.
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
	was, other, scene := l.typ, typeSubtask, "type that does not count, and back"
	if l.t.chance(0.4) {
		other, scene = typeWish, "type that Jira does not list any more, and back"
	}
	if was == typeSubtask {
		was, scene = typeStory, "type that does not count, and back"
	} else {
		l.setType(l.dev(), other)
		l.gap()
	}
	l.setType(l.dev(), was)
	l.t.scenes[scene]++
}

// lose deletes the story, hides it for a while, or moves it to a project that no
// collector reads.
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
	// Where the other project has the same status, it stays.
	if st := p.status[l.status]; st != nil && st.ID == l.p.status[l.status].ID && p.accepts(l.status) == accept {
		return p, l.status, true
	}
	if accept {
		return p, p.accept, true
	}
	return p, pick(t, []string{p.todo, p.doing}), true
}

// still reports whether somebody still has the role for which they were waited for.
func (l *life) still(who *jirasim.User, by string) bool {
	role := l.role(who)
	return answers(role) == (by == "owner" || by == "delegate")
}

// apartFromPass lets the slip window pass, so that an owner's stretch is a part.
func (l *life) apartFromPass() { l.real(l.t.opts.SlipWindow * 6 / 5) }
