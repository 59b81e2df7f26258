package main

import (
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 6: comments that are cut, hidden, or edited without a trace.
func TestPitfall06Comments(t *testing.T) {
	pits(t, jirasim.Options{InlineComments: 20, CommentPage: 50, CountRestricted: true}, func(p *pit) {
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
		p.shows(asked, float64(len(lengths)))
		for i, id := range ids {
			if got := p.has(id, latency.RankCommentAdded); got != lengths[i] {
				p.Errorf("got %d comments of %d", got, lengths[i])
			}
		}
		p.shows(`yourturn_odd_stories{reason="comments_short"}`, 0)
		p.logs("does not give all comments", false)
		p.lists(archive.NoteCommentsShort, false)

		// An answer is edited, and another one deleted: the team has read them.
		first := p.site.Comment(p.now(), p.po, ids[0], "euros")
		second := p.site.Comment(p.now(), p.po, ids[1], "euros")
		p.later(time.Hour)
		p.fine()
		p.shows(asked, float64(len(lengths)-2))
		p.site.EditComment(p.now(), ids[0], first, "dollars", true)
		p.site.DeleteComment(p.now(), ids[1], second, true)
		p.later(time.Hour)
		p.fine()
		p.shows(asked, float64(len(lengths)-2))

		// A question is taken back without a trace that a search would show.
		open := p.create(p.pay)
		taken := question(open)
		p.later(2 * time.Hour)
		p.fine()
		p.shows(asked, float64(len(lengths)-1))
		p.site.DeleteComment(p.now(), open, taken, false)
		p.later(2 * time.Hour)
		p.fine()
		p.settle()
		p.shows(asked, float64(len(lengths)-2))

		p.site.Restrict(ids[5], p.site.Comment(p.now(), p.po, ids[5], "among us: euros"), true)
		p.later(time.Hour)
		p.fine()
		p.shows(`yourturn_odd_stories{reason="comments_short"}`, 1)
		p.logs("does not give all comments", true)
		p.lists(archive.NoteCommentsShort, true)
		if n := p.notes()[archive.NoteCommentsShort]; n != 1 {
			p.Errorf("the audit has %d stories with comments that are not given, want 1", n)
		}
	})
}
