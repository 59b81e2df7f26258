package team

import (
	"math"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// gap lets pass from minutes to days: a look at Jira may come between, or not.
func (l *life) gap() {
	least, most := math.Log(2*60), math.Log(3*24*3600)
	d := time.Duration(math.Exp(least+(most-least)*l.t.rng.Float64())) * time.Second
	if l.t.speed > 0 {
		d = time.Duration(float64(d) / l.t.speed)
	}
	l.sleep(l.t.now.Add(d + time.Duration(l.t.rng.Intn(1000))*time.Millisecond).Truncate(time.Millisecond))
}

// rewrite changes what a comment says.
func (l *life) rewrite(r *remark, text string, s says) {
	l.space()
	l.t.site.EditComment(l.t.now, l.id, r.id, text, true)
	r.texts = append(r.texts, wording{l.t.now, text, s})
	l.book.take(r.note(l.t.now, rankEdited, s))
}

// unsay deletes a comment.
func (l *life) unsay(r *remark) {
	l.space()
	l.t.site.DeleteComment(l.t.now, l.id, r.id, true)
	r.deleted = l.t.now
	l.book.take(r.note(l.t.now, rankDeleted, says{}))
}

// idle makes a comment that asks nothing.
func (l *life) idle(who *jirasim.User) *remark {
	return l.say(who, "The list is nearly done.", says{})
}

// askAgain rewrites a comment so that it asks the owner.
func (l *life) askAgain(r *remark) {
	to := l.ownerRef()
	l.rewrite(r, "The list is nearly done. "+l.mention(to)+" shall it be sorted?", says{question: true, to: to})
}

// takeBack rewrites a comment so that it asks nothing any more.
func (l *life) takeBack(r *remark) {
	l.rewrite(r, "I have found it, thank you.", says{})
}
