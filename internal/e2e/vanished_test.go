package e2e

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 7: stories vanish or move, and would stay open forever.
func TestVanishedStories(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
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
		p.logs(`"gone":0`, true)
		p.lists(latency.FindGone, false)
		stopped := func(want bool) {
			p.Helper()
			p.shows("yourturn_census_stopped", map[bool]float64{true: 1}[want])
			p.shows(`yourturn_odd_stories{reason="census_guard"}`, map[bool]float64{true: 1}[want])
			p.logs("a census was stopped", want)
			p.lists(jiradata.NoteCensusGuard, want)
		}
		stopped(false)

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
		stopped(true)

		// All of them at once: a permission was lost, and the poll fails.
		for _, id := range ids {
			if id != ids[30] {
				p.site.Hide(id, true)
			}
		}
		p.site.Hide(other, true)
		p.later(7 * time.Hour)
		if err := p.cycle(); !errors.Is(err, collector.ErrBlind) {
			p.Errorf("nothing is to be seen: got error %v, want %v", err, collector.ErrBlind)
		}
		p.shows(open, 57)
		p.shows(`yourturn_poll_failures_total{reason="blind"}`, 1)
		p.lists(jiradata.NoteFailed, true)
	})
}

// A project that may not be browsed any more proves nothing about its stories, even
// if Jira answers queries that name it as if it were empty.
func TestInvisibleProject(t *testing.T) {
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		jira := func(t *testing.T, scope string) (*rig, int64) {
			p := rigJira(t, flavor, jirasim.Options{})
			p.site.EmptyProjects = true
			srv := httptest.NewServer(p.server)
			t.Cleanup(srv.Close)
			p.on(srv.URL, scope, "")
			for range 30 {
				p.create(p.pay)
			}
			other := p.create(p.ops)
			p.move(p.dev, other, "1", "2")
			p.later(time.Hour)
			p.fine()
			p.later(7 * time.Hour)
			p.fine()
			return p, other
		}
		t.Run(string(flavor)+" of a query", func(t *testing.T) {
			const waits = `po_waits_open{kind="acceptance",owner="po",project="OPS"}`
			p, other := jira(t, "jql: \"project in (PAY, OPS)\"")
			p.shows(waits, 1)
			p.shows(`yourturn_census_stories{result="invisible"}`, 0)
			p.shows(`yourturn_odd_stories{reason="invisible"}`, 0)
			p.logs(`"invisible":1`, false)
			p.lists(jiradata.NoteInvisible, false)

			p.site.Archive(p.ops, true)
			p.later(7 * time.Hour)
			p.fine()
			if p.has(other, latency.RankGone) != 0 {
				t.Error("a story of a project that may not be browsed was taken for deleted")
			}
			p.shows(`yourturn_census_stories{result="invisible"}`, 1)
			p.shows(`yourturn_odd_stories{reason="invisible"}`, 2) // it, and its project
			p.logs(`"invisible":1`, true)
			p.lists(jiradata.NoteInvisible, true)
			p.shows(waits, 1)

			p.site.Archive(p.ops, false)
			p.later(7 * time.Hour)
			p.fine()
			p.shows(waits, 1)
			p.shows(`yourturn_odd_stories{reason="invisible"}`, 0)
			p.lists(jiradata.NoteInvisible, false)
		})
		t.Run(string(flavor)+" of those configured", func(t *testing.T) {
			p, other := jira(t, "projects: [PAY, OPS]")
			p.shows(`yourturn_odd_stories{reason="invisible"}`, 0)
			p.logs("a project cannot be seen any more", false)
			p.lists(jiradata.NoteInvisible, false)
			p.site.Archive(p.ops, true)
			p.later(7 * time.Hour)
			p.fine()
			if p.has(other, latency.RankGone) != 0 {
				t.Error("a story of a project that may not be browsed was taken for deleted")
			}
			p.shows(`yourturn_census_stories{result="invisible"}`, 1)
			p.shows(`yourturn_odd_stories{reason="invisible"}`, 2) // it, and its project
			p.logs("a project cannot be seen any more", true)
			p.lists(jiradata.NoteInvisible, true)
		})
		t.Run(string(flavor)+" and there is no other", func(t *testing.T) {
			p, _ := jira(t, "projects: [PAY]")
			before := p.state()
			p.site.Archive(p.pay, true)
			p.later(time.Minute)
			if err := p.cycle(); !errors.Is(err, collector.ErrBlind) {
				t.Errorf("got error %v, want %v", err, collector.ErrBlind)
			}
			if got := p.state(); got.Watermark != before.Watermark {
				t.Errorf("the state moved from %+v to %+v", before, got)
			}
			p.lists(jiradata.NoteFailed, true)
		})
	}
}

// The index may still show a deleted story, with its last change.
func TestDeletedBehindALag(t *testing.T) {
	rigs(t, jirasim.Options{IndexLag: 10 * time.Minute}, func(p *rig) {
		var ids []int64
		for range 60 {
			ids = append(ids, p.create(p.pay))
			p.move(p.dev, ids[len(ids)-1], "1", "2")
		}
		p.later(time.Hour)
		p.fine()
		p.later(7 * time.Hour)
		p.move(p.po, ids[7], "2", "1")
		p.site.DeleteIssue(ids[7])
		p.site.Hide(ids[8], true)
		for range 15 { // the first with a census
			p.later(time.Minute)
			p.fine()
		}
		p.shows(`yourturn_census_stories{result="gone"}`, 0)
		p.later(7 * time.Hour)
		p.fine()
		p.settle()
		p.shows(`yourturn_census_stories{result="gone"}`, 2)
		p.shows(`yourturn_census_stories{result="returned"}`, 0)
		p.shows(open, 58)
		for _, id := range ids[7:9] {
			if p.has(id, latency.RankGone) != 1 || p.has(id, latency.RankReturned) != 0 {
				p.Errorf("story %d went %d times and came back %d times", id, p.has(id, latency.RankGone), p.has(id, latency.RankReturned))
			}
		}
	})
}
