package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 1: Jira answers a dead token, or one of an account that may see nothing,
// as if it were empty.
func TestDeadTokenIsNoEmptyJira(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		var ids []int64
		for range 20 {
			ids = append(ids, p.create(p.pay))
			p.move(p.dev, ids[len(ids)-1], "1", "2")
		}
		p.later(time.Hour)
		p.fine()
		p.later(time.Minute)
		p.fine()
		p.shows("yourturn_poll_success", 1)
		p.shows(open, 20)
		p.logs("a poll cycle failed", false)
		p.lists(jiradata.NoteFailed, false)
		before := p.state()

		searches := 0
		p.faulty(func(r *http.Request) *jirasim.Fault { // in mid-run: who asks is proved already
			if strings.Contains(r.URL.Path, "/search") {
				if searches++; searches == 1 {
					p.server.Revoke()
				}
			}
			return nil
		})
		p.later(time.Minute)
		if err := p.cycle(); !errors.Is(err, jira.ErrUnauthorized) {
			p.Errorf("revoked in mid-run: got error %v, want %v", err, jira.ErrUnauthorized)
		}
		p.shows("yourturn_poll_success", 0)
		p.shows(`yourturn_poll_failures_total{reason="unauthorized"}`, 1)
		p.logs("a poll cycle failed", true)
		p.logs("not authenticated", true)
		p.lists(jiradata.NoteFailed, true)
		p.faulty(nil)
		p.server.Restore()
		p.fine()
		p.lists(jiradata.NoteFailed, false)
		before = p.state()
		p.logs(collector.ErrBlind.Error(), false)
		for _, id := range ids {
			p.site.Hide(id, true)
		}
		if err := p.cycle(); !errors.Is(err, collector.ErrBlind) {
			p.Errorf("nothing to be seen: got error %v, want %v", err, collector.ErrBlind)
		}
		p.shows(`yourturn_poll_failures_total{reason="blind"}`, 1)
		p.logs(collector.ErrBlind.Error(), true)
		p.lists(jiradata.NoteFailed, true)
		p.shows(open, 20)
		if got := p.state(); got.Watermark != before.Watermark || got.DataTimestamp != before.DataTimestamp {
			p.Errorf("the state moved from %+v to %+v", before, got)
		}
		for _, id := range ids {
			p.site.Hide(id, false)
		}
		p.fine()
		p.shows("yourturn_poll_success", 1)
		p.shows(open, 20)
		p.lists(jiradata.NoteFailed, false)
	})
}

// A token that dies while a census asks for stories by id proves nothing about them.
func TestTokenThatDiesInACensus(t *testing.T) {
	for _, bulk := range []bool{true, false} { // whether it dies before they are asked for together or one by one
		t.Run(fmt.Sprint("before they are asked for together: ", bulk), func(t *testing.T) {
			rigs(t, jirasim.Options{}, func(p *rig) {
				var ids []int64
				for range 60 {
					ids = append(ids, p.create(p.pay))
					p.move(p.dev, ids[len(ids)-1], "1", "2")
				}
				p.later(time.Hour)
				p.fine()
				p.later(time.Minute)
				p.fine()
				lost := map[int64]bool{ids[3]: true, ids[4]: true} // to searches alone
				p.blind = func(id int64) bool { return lost[id] }
				p.faulty(func(r *http.Request) *jirasim.Fault {
					together := strings.HasSuffix(r.URL.Path, "/issue/bulkfetch")
					if together && !bulk {
						return &jirasim.Fault{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"issues":[],"issueErrors":[]}`}
					}
					if together || strings.Contains(r.URL.Path, "/issue/1") {
						p.server.Revoke()
					}
					return nil
				})
				p.later(7 * time.Hour)
				if err := p.cycle(); !errors.Is(err, jira.ErrUnauthorized) {
					p.Errorf("got error %v, want %v", err, jira.ErrUnauthorized)
				}
				if n := p.has(ids[3], latency.RankGone) + p.has(ids[4], latency.RankGone); n != 0 {
					p.Errorf("%d stories that are there were taken for deleted", n)
				}
				p.shows("yourturn_census_failures_total", 1)
				p.logs("a check of what polls cannot see failed", true)
				p.faulty(nil)
				p.blind = nil
				p.server.Restore()
				p.settle()
				p.shows(open, 60)
			})
		})
	}
}

// From one request to the next a token may belong to another account. What that
// account sees proves nothing about what the first one saw.
func TestAnotherAccount(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) { p.anotherAccount() })
}

// anotherAccount answers as another account from the middle of a poll on.
func (p *rig) anotherAccount() {
	const another = "Jira answered another"
	id := p.create(p.pay)
	p.later(time.Hour)
	p.fine()
	p.later(time.Minute)
	p.fine()
	p.shows(`yourturn_poll_failures_total{reason="unauthorized"}`, -1)
	p.logs(another, false)
	before := p.state()
	bot := p.site.Self
	p.faulty(func(r *http.Request) *jirasim.Fault {
		if strings.Contains(r.URL.Path, "/search") {
			p.site.Update(func() { p.site.Self = p.dev })
		}
		return nil
	})
	p.move(p.dev, id, "1", "2")
	p.later(time.Minute)
	if err := p.cycle(); !errors.Is(err, jira.ErrUnauthorized) {
		p.Errorf("answered as another account: got error %v, want %v", err, jira.ErrUnauthorized)
	}
	if got := p.state(); got.Watermark != before.Watermark || p.has(id, latency.RankRecord) != 0 {
		p.Errorf("what another account saw was taken for what this one sees: %+v", got)
	}
	p.shows(`yourturn_poll_failures_total{reason="unauthorized"}`, 1)
	p.logs(another, true)
	p.lists(jiradata.NoteFailed, true)
	p.faulty(nil)
	p.site.Update(func() { p.site.Self = bot })
	p.fine()
	p.shows(open, 1)
}

// A Data Center may answer a refused token with a login page and status 200.
func TestLoginPage(t *testing.T) {
	p := newRig(t, jirasim.DataCenter, jirasim.Options{LoginPage: true}, "")
	p.create(p.pay)
	p.later(time.Hour)
	p.fine()
	before := p.state()
	for _, midway := range []bool{false, true} {
		p.faulty(func(r *http.Request) *jirasim.Fault {
			if strings.Contains(r.URL.Path, "/search") || !midway {
				p.server.Revoke()
			}
			return nil
		})
		p.later(time.Minute)
		if err := p.cycle(); !errors.Is(err, jira.ErrBadReply) {
			t.Errorf("got error %v, want %v", err, jira.ErrBadReply)
		}
		if got := p.state(); got.Watermark != before.Watermark {
			t.Error("the watermark moved")
		}
		p.lists(jiradata.NoteFailed, true)
		p.server.Restore()
	}
	p.shows(`yourturn_poll_failures_total{reason="bad_reply"}`, 2)
	p.logs("text/html", true)
	p.faulty(nil)
	p.fine()
	p.lists(jiradata.NoteFailed, false)
}

// An account may suddenly see only a part of the stories. No poll fails; the census
// shows how many are missing.
func TestSuddenFall(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		var ids []int64
		for range 40 {
			ids = append(ids, p.create(p.pay))
		}
		p.later(time.Hour)
		p.fine()
		p.shows(`yourturn_census_stories{result="shown"}`, 40)
		p.shows(`yourturn_census_stories{result="stored"}`, 40)
		for _, id := range ids[:30] {
			p.site.Hide(id, true)
		}
		p.later(7 * time.Hour)
		p.fine()
		p.shows(`yourturn_census_stories{result="shown"}`, 10)
		p.shows(`yourturn_census_stories{result="stored"}`, 40)
	})
}
