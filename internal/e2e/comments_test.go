package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 6: comments that Jira cuts off, hides, or lets people edit without a trace.
func TestCommentsThatChange(t *testing.T) {
	for _, inline := range []int{20, 100} { // as sites have been seen to cut
		t.Run(fmt.Sprint("cut at ", inline), func(t *testing.T) {
			rigs(t, jirasim.Options{InlineComments: inline, CommentPage: 50, CountRestricted: true}, func(p *rig) { p.comments() })
		})
	}
}

// comments reads stories with as many comments as Jira returns at once, one fewer
// and one more.
func (p *rig) comments() {
	lengths := []int{19, 20, 21, 100, 101, 120}
	ids := make([]int64, len(lengths))
	question := func(id int64) int64 {
		return p.site.Comment(p.now(), p.dev, id, p.po.Mention(p.site.Flavor)+" which currency?")
	}
	for i, n := range lengths {
		ids[i] = p.create(p.pay)
		question(ids[i]) // the oldest, which is what a cut leaves out
		for range n - 1 {
			p.later(time.Second)
			p.site.Comment(p.now(), p.dev, ids[i], "so")
		}
	}
	p.later(time.Hour)
	p.fine()
	p.shows(questions, float64(len(lengths)))
	for i, id := range ids {
		if got := p.has(id, latency.RankCommentAdded); got != lengths[i] {
			p.Errorf("got %d comments of %d", got, lengths[i])
		}
	}
	p.shows(`yourturn_odd_stories{reason="comments_short"}`, 0)
	p.logs("does not give all comments", false)
	p.lists(jiradata.NoteCommentsShort, false)

	// An answer is edited, and another one deleted: the team has read them.
	first := p.site.Comment(p.now(), p.po, ids[0], "euros")
	second := p.site.Comment(p.now(), p.po, ids[1], "euros")
	p.later(time.Hour)
	p.fine()
	p.shows(questions, float64(len(lengths)-2))
	p.site.EditComment(p.now(), ids[0], first, "dollars", true)
	p.site.DeleteComment(p.now(), ids[1], second, true)
	p.later(time.Hour)
	p.fine()
	p.shows(questions, float64(len(lengths)-2))

	// The service desk's agents among themselves: the account sees it.
	p.site.MakeInternal(ids[2], p.site.Comment(p.now(), p.po, ids[2], "euros, and do not tell the customer"))
	p.later(time.Hour)
	p.fine()
	p.shows(questions, float64(len(lengths)-3))

	// A question is taken back without a trace that a search would show.
	open := p.create(p.pay)
	taken := question(open)
	p.later(2 * time.Hour)
	p.fine()
	p.shows(questions, float64(len(lengths)-2))
	p.site.DeleteComment(p.now(), open, taken, false)
	p.later(2 * time.Hour)
	p.fine()
	p.settle()
	p.shows(questions, float64(len(lengths)-3))

	p.site.Restrict(ids[5], p.site.Comment(p.now(), p.po, ids[5], "among us: euros"), true)
	p.later(time.Hour)
	p.fine()
	p.shows(`yourturn_odd_stories{reason="comments_short"}`, 1)
	p.logs("does not give all comments", true)
	p.lists(jiradata.NoteCommentsShort, true)
	if n := p.notes()[jiradata.NoteCommentsShort]; n != 1 {
		p.Errorf("the audit has %d stories with comments that are not given, want 1", n)
	}
}

// An answer counts from when it was given, even if it was edited or deleted later.
func TestWhenItWasAnswered(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.create(p.pay)
		id := p.create(p.pay)
		begun := p.now()
		question := p.site.Comment(p.now(), p.dev, id, p.po.Mention(p.site.Flavor)+" which currency?")
		p.later(30 * time.Minute)
		answered := p.now()
		answer := p.site.Comment(p.now(), p.po, id, "euros")
		p.later(2 * time.Hour)
		p.site.EditComment(p.now(), id, question, p.po.Mention(p.site.Flavor)+" which currency, please?", true)
		p.site.EditComment(p.now(), id, answer, "dollars", true)
		p.later(time.Hour)
		p.fine()
		p.begins(id, begun)
		const layout = "2006-01-02T15:04:05.000Z"
		if w := p.waits(id); len(w) != 1 || w[0].End == nil || *w[0].End != answered.Format(layout) || w[0].Outcome != "answered" {
			p.Errorf("got %+v, want an answer at %s", w, answered.Format(layout))
		}
		p.shows(`po_question_response_latency_seconds_sum{owner="po",project="PAY",responder="owner"}`, 1800)
		p.shows(`yourturn_odd_stories{reason="comment_times"}`, 0)
		p.logs("instants of a story's comments cannot be right", false)
		p.lists(jiradata.NoteMistimed, false)

		// Edited before it was made: that cannot be.
		other := p.create(p.pay)
		p.site.EditComment(p.now().Add(-24*time.Hour), other, p.site.Comment(p.now(), p.dev, other, "so"), "so", false)
		p.later(time.Hour)
		p.fine()
		p.shows(`yourturn_odd_stories{reason="comment_times"}`, 1)
		p.logs("instants of a story's comments cannot be right", true)
		p.lists(jiradata.NoteMistimed, true)
	})
}
