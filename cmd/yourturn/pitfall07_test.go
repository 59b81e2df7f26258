package main

import (
	"errors"
	"testing"
	"time"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 7: stories that vanish or move, and stay open for ever.
func TestPitfall07VanishedStories(t *testing.T) {
	pits(t, jirasim.Options{}, func(p *pit) {
		var ids []int64
		for range 60 {
			ids = append(ids, p.create(p.pay))
			p.move(p.dev, ids[len(ids)-1], "1", "2")
		}
		foreign := p.site.AddProject(&jirasim.Project{ID: "102", Key: "HR", Name: "People", IssueTypes: []string{"10"}, Statuses: []string{"1", "2", "3"}})
		other := p.create(p.ops)
		p.later(time.Hour)
		p.fine()
		p.shows(open, 60)
		p.shows(`yourturn_census_stories{result="gone"}`, 0)
		p.shows("yourturn_census_stopped", 0)
		p.logs(`"gone":0`, true)
		p.lists(latency.FindGone, false)

		p.site.DeleteIssue(ids[30])
		p.site.Hide(ids[31], true) // a security level
		p.site.Move(p.now(), p.dev, ids[32], foreign, nil)
		p.site.Move(p.now(), p.dev, ids[33], p.ops, nil)
		p.later(7 * time.Hour)
		p.fine()
		p.shows(`yourturn_census_stories{result="gone"}`, 2)
		p.shows(`yourturn_census_stories{result="moved"}`, 1)
		p.settle()
		p.shows(open, 56)
		p.shows(finding(latency.FindGone), 2)
		p.lists(latency.FindGone, true)
		p.logs(`"gone":2`, true)
		p.logs("a story moved to a project that is not watched", true)

		p.site.Hide(ids[31], false)
		p.later(7 * time.Hour)
		p.fine()
		p.shows(open, 57) // anew, from the poll that saw it
		p.shows(`yourturn_census_stories{result="returned"}`, 1)

		// A project that may not be browsed any more fails the cycle.
		p.site.Archive(p.ops, true)
		p.later(7 * time.Hour)
		if err := p.cycle(); !errors.Is(err, jira.ErrRefused) {
			p.Errorf("a project is gone: got error %v, want %v", err, jira.ErrRefused)
		}
		if p.has(other, latency.RankGone) != 0 {
			p.Error("a story of a project that may not be browsed was taken for deleted")
		}
		p.site.Archive(p.ops, false)

		for _, id := range ids[:10] {
			p.site.Hide(id, true)
		}
		p.later(7 * time.Hour)
		p.fine()
		p.shows(open, 57)
		p.shows("yourturn_census_stopped", 1)
		p.shows(`yourturn_odd_stories{reason="census_guard"}`, 1)
		p.logs("a census was stopped", true)
		p.lists(archive.NoteCensusGuard, true)
	})
}
