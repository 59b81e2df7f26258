package team

import (
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

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
	l.holdBack()
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

// again asks a second time.
func (l *life) again(who *jirasim.User) *remark {
	to := l.ownerRef()
	return l.say(who, l.mention(to)+" I wonder too?", says{question: true, to: to})
}

// turn plays a twist of a question. It reports whether the scene is over.
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
		if d, ok := t.standInFor(to, t.now); ok && (l.cards[0].twist == twistLate || t.chance(0.2)) {
			to = d.delegate
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

// takeAndClose lets the asker take the story and close it, in one record.
func (l *life) takeAndClose(asker *jirasim.User) {
	it, ref := l.ownerItem(asker.Ref), asker.Ref
	l.write(asker, l.p.done, "Done", func(b *book) {
		was, wasOver := b.status, b.over
		b.status, b.over = l.p.done, true
		b.moved(was == b.p.asked)
		b.own(ref)
		b.ended(was == b.p.asked, wasOver)
		b.spoke()
	}, it)
	l.tell(asker, (*book).done)
	l.t.scenes["the asker takes the story and closes it"]++
	l.apartFromPass()
	l.setOwner(l.t.devs[0], pick(l.t, l.owners()))
}

// takeOff undoes an ask that is no comment. It reports whether there is one.
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
		case c.by == "other" && !l.book.out() && t.chance(0.2):
			l.rest(2 * time.Hour)
			l.takeAndClose(asker)
		case c.by == "other" && t.chance(0.6):
			l.rest(2 * time.Hour)
			l.say(asker, "#withdrawn I found it in the docs", says{taken: true})
		default:
			// The asker becomes the owner.
			who := l.actor(c.by)
			l.setOwner(who, asker.Ref)
			l.apartFromPass()
			l.setOwner(t.devs[0], pick(t, l.owners()))
		}
	case "obsolete":
		l.finish(l.actor(c.by))
	case "lapsed":
		l.alone()
		l.sleep(t.now.AddDate(0, 0, 45))
	case "handed_over":
		l.rest(2 * time.Hour)
		l.apartFromPass()
		former := t.owners[l.ownerRef()]
		l.handOver(l.dev(asker))
		l.apartFromPass()
		if former != nil && !answers(l.role(former.user)) && t.chance(0.4) {
			l.say(former.user, "It was euros when I last looked.", says{})
			t.scenes["word of the former owner"]++
		}
		if asked != nil && asked.texts[0].says.to != "" && t.chance(0.5) { // in other words, and of the same person
			s := asked.texts[len(asked.texts)-1].says
			l.rewrite(asked, "Hello "+l.mention(s.to)+", which currency, please?", s)
			t.scenes["ask reworded after a hand-over"]++
			l.apartFromPass()
		}
		l.say(l.responder("owner"), "I am new here, but: euros.", says{})
	}
}
