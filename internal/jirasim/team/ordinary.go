package team

import (
	"slices"
	"time"
)

// oblivion is a wait that is forgotten: how many days before the end of the history
// its story is created, and in which project.
type oblivion struct {
	days, project int
	card
}

// forgotten lists the waits that an ordinary organisation has forgotten, whatever its
// size: in no project so many that they are most of its waiting, and in one none. A
// question that nobody speaks of lapses in the end, so it is not as old.
func forgotten() []oblivion {
	return []oblivion{
		{140, 0, card{kind: "acceptance", cause: enteredIn}},
		{85, 1, card{kind: "acceptance", cause: enteredIn}},
		{50, 3, card{kind: "acceptance", cause: enteredIn}},
		{28, 0, card{kind: "question", cause: "mention"}},
	}
}

// deal returns the scenes of a new story.
func (t *Team) deal() []card {
	if t.opts.Ordinary {
		return t.ordinary()
	}
	n := 1 + t.rng.Intn(3)
	var out []card
	for len(out) < n {
		if c := t.draw(); !t.leavesOut(c) {
			out = append(out, c)
		}
	}
	return out
}

// ordinary returns scenes as most stories have them: perhaps a question, perhaps a
// rejection, and an acceptance. Seldom something odd comes first.
func (t *Team) ordinary() (out []card) {
	if list := forgotten(); t.left < len(list) && !t.now.Before(t.opts.End.AddDate(0, 0, -list[t.left].days)) {
		t.left++
		return []card{list[t.left-1].card}
	}
	if t.chance(0.12) {
		if c := t.draw(); t.mayBe(c) {
			out = append(out, c)
		}
	}
	for _, p := range []float64{0.4, 0.15} {
		if t.chance(p) {
			out = append(out, card{kind: "question", cause: pick(t, []string{"mention", "mention", "mention", "mention", "marker", "status", "label"}), outcome: "answered", by: "owner"})
		}
	}
	if len(out) > 0 && t.chance(0.06) { // done with no acceptance step
		return out
	}
	if t.chance(0.2) {
		out = append(out, card{kind: "acceptance", cause: enteredIn, outcome: "rejected", by: "owner"})
	}
	return append(out, card{kind: "acceptance", cause: enteredIn, outcome: "accepted", by: "owner"})
}

// mayBe reports whether an ordinary story may have a scene of the deck: none that
// needs another owner than its project has, and no wait that stays.
func (t *Team) mayBe(c card) bool {
	switch {
	case t.leavesOut(c), c.outcome == "", c.by == "delegate", c.kind == "question" && c.outcome == "withdrawn" && c.twist == "":
		return false
	case c.outcome == "lapsed":
		return t.now.Before(t.opts.End.AddDate(0, 0, -60))
	}
	return true
}

// relieves reports whether the stand-in answers where both may. In an ordinary
// organisation that is seldom where one always stands in, and often for a time that
// was agreed on or while the owner is away. A fast life waits for neither.
func (t *Team) relieves(d standIn) bool {
	o := t.owners[d.owner]
	away := slices.ContainsFunc(o.absences, func(a leave) bool { return a.contains(t.now) })
	switch who := t.owners[d.delegate]; {
	case !t.opts.Ordinary:
		return t.chance(0.2)
	case t.speed > 1 && who != nil && o.atWork(t.now).After(t.now) != who.atWork(t.now).After(t.now):
		return o.atWork(t.now).After(t.now)
	case away:
		return t.chance(0.95)
	case !d.to.IsZero():
		return t.chance(0.85)
	}
	return t.chance(0.3)
}

// sometimes returns true with a probability, which is lower in an ordinary life.
func (t *Team) sometimes(p float64) bool {
	if t.opts.Ordinary {
		p /= 4
	}
	return t.chance(p)
}

// spend lets time for a stage of the work pass. Where every scene is as frequent as
// any other, little of it does.
func (l *life) spend(d time.Duration) {
	if !l.t.opts.Ordinary {
		d /= 4
	}
	l.rest(d)
}

// develop is the team's work on the story, which is blocked now and then.
func (l *life) develop() {
	l.spend(60 * time.Hour)
	if !l.t.chance(0.18) || l.status != l.p.doing || l.book.q != nil {
		return
	}
	l.move(l.dev(), blocked, "")
	l.spend(30 * time.Hour)
	l.move(l.dev(), l.p.doing, "")
	l.spend(8 * time.Hour)
	l.t.scenes["blocked"]++
}

// checked lets the team review and test what it has built.
func (l *life) checked() {
	if l.status != l.p.doing {
		return
	}
	l.move(l.dev(), l.p.review, "")
	l.spend(20 * time.Hour)
	if l.t.chance(0.15) {
		l.move(l.dev(), l.p.doing, "")
		l.spend(10 * time.Hour)
		l.move(l.dev(), l.p.review, "")
		l.spend(8 * time.Hour)
		l.t.scenes["sent back by the review"]++
	}
	l.move(l.dev(), l.p.test, "")
	l.spend(18 * time.Hour)
}

// holdBack keeps a fast, ordinary life from asking far more of its owner than the owner can
// answer: hours of work do not come sooner in it. What the team would begin outside
// them it begins as often as in a slow life, and the rest when the owner or a
// stand-in works.
func (l *life) holdBack() {
	o := l.t.owners[l.ownerRef()]
	if !l.t.opts.Ordinary || l.t.speed <= 1 || o == nil || l.t.chance(1/l.t.speed) {
		return
	}
	at := o.atWork(l.t.now)
	if d, ok := l.t.standInFor(o.user.Ref, l.t.now); ok && l.t.owners[d.delegate] != nil {
		at = earlier(at, l.t.owners[d.delegate].atWork(l.t.now))
	}
	if !at.After(l.t.now) {
		return
	}
	l.due = true
	l.sleep(at.Add(time.Duration(l.t.rng.Int63n(int64(7 * time.Hour)))).Truncate(time.Millisecond))
	l.due = false
}
