package team

import (
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// says is what a comment says, as its author meant it.
type says struct {
	question bool   // it asks something
	to       string // of whom, by name: a ref
	marker   bool   // it begins with a marker and mentions nobody
	answered bool   // the answer came elsewhere
	taken    bool   // the asker takes the ask back
}

// remark is a comment with its texts over time.
type remark struct {
	id      int64
	by      *jirasim.User
	texts   []wording // the first is what was said
	deleted time.Time // zero: it is still there
}

// wording is what a remark said from an instant on.
type wording struct {
	at   time.Time
	text string
	says says
}

// asks returns the rule by which a comment asks the owner now, or "".
func (b *book) asks(s says) string {
	switch {
	case s.question && s.to != "" && answers(b.t.role(b.owner, b.t.site.User(s.to), b.now)):
		return "mention"
	case s.marker:
		return "marker"
	}
	return ""
}

// said enters a comment.
func (b *book) said(id int64, s says) {
	b.says[id] = s
	b.lastWord = b.now
	if b.out() || b.by == b.t.robot {
		return
	}
	b.spoke()
	if b.as == "owner" && s.question && b.acc != nil {
		// The ball is in the team's court.
		b.acc.asker = b.by
		b.acc.pauses = append(b.acc.pauses, span{b.now, b.t.hoursOf(b.owner).after(b.now, questionTarget)})
	}
	if b.q != nil && b.as == "other" && slices.ContainsFunc(b.q.asks, func(a ask) bool { return a.standIn == b.by.Ref }) {
		// A stand-in who was asked by name answers, though the delegation is over.
		b.q.addressed = true
		b.close(&b.q, b.now, "answered", "delegate")
		return
	}
	asker := b.q != nil && slices.ContainsFunc(b.q.asks, func(a ask) bool { return a.by == b.by })
	switch cause := b.asks(s); {
	case answers(b.as):
		if b.q != nil {
			b.close(&b.q, b.now, "answered", b.as)
		}
	case asker && s.answered:
		q := b.q
		b.close(&b.q, b.now, "answered", "other")
		q.by = nil // it was answered elsewhere, by nobody of whom Jira knows
	case asker && s.taken:
		by := b.by
		b.takeAway(func(a *ask) bool { return a.by == by }, "withdrawn")
	case cause != "":
		b.askIn(cause, id, s)
	}
}

// askIn enters an ask by a comment.
func (b *book) askIn(cause string, id int64, s says) {
	b.ask(cause, b.by, id)
	if b.q != nil && cause == "mention" && s.to != b.owner {
		b.q.asks[len(b.q.asks)-1].standIn = s.to
	}
}

// spoke ends the pause for the owner's own question, if the comment or move is by
// anybody but the asker and automation.
func (b *book) spoke() {
	if b.acc != nil && b.by != b.acc.asker && b.by != b.t.robot {
		b.unask()
	}
}

// unask ends the pause for the owner's own question.
func (b *book) unask() {
	if b.acc == nil {
		return
	}
	for i := range b.acc.pauses {
		if p := &b.acc.pauses[i]; p.to.After(b.now) {
			p.to = b.now
		}
	}
}

// edited enters that a comment has another text, which may make an ask or take it back.
func (b *book) edited(id int64, s says) {
	was := b.says[id]
	b.says[id] = s
	if b.out() {
		return
	}
	cause := b.asks(s)
	switch mine := func(a *ask) bool { return a.comment == id }; {
	case b.q != nil && slices.ContainsFunc(b.q.asks, func(a ask) bool { return mine(&a) }):
		stands := s.question && s.to == was.to && s.to != "" // who was asked first is asked still
		if cause == "" && !stands {
			b.takeAway(mine, "withdrawn")
		}
	case cause != "" && b.asks(was) == "" && b.as == "other":
		b.askIn(cause, id, s)
	}
}

// deleted enters that a comment is deleted. It cannot be known who did that.
func (b *book) deleted(id int64) {
	delete(b.says, id)
	if mine := func(a *ask) bool { return a.comment == id }; b.q != nil && slices.ContainsFunc(b.q.asks, func(a ask) bool { return mine(&a) }) {
		b.takeAway(mine, "withdrawn")
	}
}
