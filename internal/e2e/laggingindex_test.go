package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 4: Jira's search index lags, so that older changes may be shown later than
// newer ones.
func TestIndexThatLags(t *testing.T) {
	for _, lags := range []bool{false, true} {
		t.Run(fmt.Sprint("lags: ", lags), func(t *testing.T) {
			limits := jirasim.Options{}
			if lags { // no two issues alike: what happens later may be seen first
				limits.IndexLagOf = func(issue int64) time.Duration { return time.Duration(issue*7%11) * time.Minute }
			}
			rigs(t, limits, func(p *rig) {
				var ids []int64
				for range 30 {
					ids = append(ids, p.create(p.pay))
				}
				p.later(time.Hour)
				p.fine()
				begun := map[int64]time.Time{}
				for _, id := range ids {
					begun[id] = p.now()
					p.move(p.dev, id, "1", "2")
					p.site.Comment(p.now(), p.dev, id, p.po.Mention(p.site.Flavor)+" which currency?")
					p.later(30 * time.Second)
					p.fine()
				}
				for range 10 {
					p.later(time.Minute)
					p.fine()
				}
				for _, id := range ids {
					if records, comments := p.has(id, latency.RankRecord), p.has(id, latency.RankCommentAdded); records != 1 || comments != 1 {
						p.Errorf("story %d has %d records and %d comments, want 1 and 1", id, records, comments)
					}
				}
				p.shows(open, 30)
				p.shows(questions, 30)
				p.shows("yourturn_census_stories{result=\"late\"}", 0)

				// What ends them comes as late, and is counted once each.
				for i, id := range ids {
					p.site.Comment(p.now(), p.po, id, "euros")
					if i%2 == 0 {
						p.move(p.po, id, "2", "3")
					}
					p.later(30 * time.Second)
					p.fine()
				}
				for range 20 {
					p.later(time.Minute)
					p.fine()
				}
				p.shows(open, 15)
				p.shows(questions, 0)
				p.shows(`po_waits_ended_total{kind="acceptance",outcome="accepted",owner="po",project="PAY",responder="owner"}`, 15)
				p.shows(`po_waits_ended_total{kind="question",outcome="answered",owner="po",project="PAY",responder="owner"}`, 30)
				p.shows(`po_acceptance_latency_seconds_count{outcome="accepted",owner="po",project="PAY",responder="owner"}`, 15)
				p.shows(`po_question_response_latency_seconds_count{owner="po",project="PAY",responder="owner"}`, 30)
				p.shows(finding(latency.FindCorrected), -1)
				for i, id := range ids {
					waits := p.waits(id)
					if len(waits) != 2 {
						p.Fatalf("story %d has %d waits, want 2: %+v", id, len(waits), waits)
					}
					for _, w := range waits {
						if want := begun[id].Format("2006-01-02T15:04:05.000Z"); w.Start != want || (w.End == nil) != (w.Kind == "acceptance" && i%2 == 1) {
							p.Errorf("story %d: got %+v, want from %s on", id, w, want)
						}
					}
				}
				if late := p.metric("yourturn_poll_late_seconds_count"); (late > 0) != lags {
					p.Errorf("%v stories were late, and the index lags: %t", late, lags)
				}
				p.logs("should have seen", lags)
				p.lists(jiradata.NoteLate, lags)
			})
		})
	}
}

// Only the census finds a story that the index shows later than the overlap reaches
// back.
func TestOnlyTheCensusSees(t *testing.T) {
	flavors(t, func(t *testing.T, flavor jirasim.Flavor) {
		hidden := int64(0)
		p := newRig(t, flavor, jirasim.Options{IndexLagOf: func(issue int64) time.Duration {
			if issue == hidden {
				return 40 * time.Minute
			}
			return 0
		}}, "")
		for range 30 {
			p.create(p.pay)
		}
		p.later(time.Hour)
		p.fine()
		p.later(7 * time.Hour)
		p.fine() // with a census that finds all in order
		p.shows(`yourturn_census_stories{result="late"}`, 0)
		p.shows(`yourturn_odd_stories{reason="late"}`, 0)
		p.logs("a census found a story that no search had shown", false)
		p.lists(jiradata.NoteLate, false)

		hidden = p.create(p.pay)
		p.move(p.dev, hidden, "1", "2")
		for range 50 {
			p.later(time.Minute)
			p.fine()
		}
		if p.has(hidden, latency.RankCreated) != 0 {
			p.Fatal("a poll has found it already")
		}
		p.later(6 * time.Hour)
		p.fine()
		p.shows(`yourturn_census_stories{result="late"}`, 1)
		p.shows(`yourturn_odd_stories{reason="late"}`, 1)
		p.logs("a census found a story that no search had shown", true)
		p.lists(jiradata.NoteLate, true)
		p.shows(open, 1)
	})
}
