package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 5: a cycle of which a part failed is taken for complete.
func TestPartOfACycle(t *testing.T) {
	rigs(t, jirasim.Options{SearchPage: 10}, func(p *rig) {
		var ids []int64
		for range 40 {
			p.later(time.Second)
			ids = append(ids, p.create(p.pay))
		}
		p.later(time.Hour)
		p.fine()
		p.later(time.Minute)
		p.fine()
		p.shows(`yourturn_poll_failures_total{reason="bad_reply"}`, -1)
		p.logs("a poll cycle failed", false)
		p.lists(jiradata.NoteFailed, false)
		for _, id := range ids {
			p.move(p.dev, id, "1", "2")
		}
		p.later(time.Minute)
		before := p.state()
		const pages = 4
		for page := 1; page <= pages; page++ {
			for _, f := range []jirasim.Fault{
				{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>log in</html>"},
				{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"issues":[{"id":"10001","fie`},
				{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}},
				{Status: 403, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"errorMessages":["no"]}`},
			} {
				searches := 0
				p.faulty(func(r *http.Request) *jirasim.Fault {
					if strings.Contains(r.URL.Path, "/search") {
						if searches++; searches == page {
							return &f
						}
					}
					return nil
				})
				if err := p.cycle(); err == nil {
					p.Errorf("page %d answered with %d %q: the cycle is complete", page, f.Status, f.Body)
				}
				if got := p.state(); got.Watermark != before.Watermark || got.DataTimestamp != before.DataTimestamp {
					p.Errorf("page %d answered with %d %q: the state moved", page, f.Status, f.Body)
				}
			}
		}
		p.shows(`yourturn_poll_failures_total{reason="bad_reply"}`, 3*pages)
		p.shows(`yourturn_poll_failures_total{reason="forbidden"}`, pages)
		p.shows(p.searches(403), pages)
		p.logs("a poll cycle failed", true)
		p.lists(jiradata.NoteFailed, true)
		p.faulty(nil)
		p.fine()
		p.lists(jiradata.NoteFailed, false)
		p.shows(open, 40)

		// One issue that cannot be read spoils itself alone.
		p.shows(`yourturn_odd_stories{reason="quarantined"}`, 0)
		p.site.Change(p.now(), p.dev, ids[3], map[string]any{"status": "PO Review"})
		p.move(p.po, ids[4], "2", "3")
		p.later(time.Hour)
		p.fine()
		p.shows(`yourturn_odd_stories{reason="quarantined"}`, 1)
		p.logs("cannot be read", true)
		p.lists(jiradata.NoteQuarantined, true)
		if n := p.notes()[jiradata.NoteQuarantined]; n != 1 || p.has(ids[4], latency.RankRecord) != 2 {
			p.Errorf("got %d issues in quarantine and %d records of another", n, p.has(ids[4], latency.RankRecord))
		}
		p.site.Change(p.now(), p.dev, ids[3], map[string]any{"status": map[string]any{"id": "2", "name": "PO Review"}})
		p.later(time.Hour)
		p.fine()
		p.shows(`yourturn_odd_stories{reason="quarantined"}`, 0)
	})
}

// searches returns the series of the searches that were answered with a status.
func (p *rig) searches(code int) string {
	endpoint := "search/jql"
	if p.site.Flavor == jirasim.DataCenter {
		endpoint = "search"
	}
	return fmt.Sprintf(`yourturn_jira_requests_total{code="%d",endpoint=%q}`, code, endpoint)
}

// A request that Jira does not answer is tried again, wherever in a poll it is. If
// that fails too, the poll is not complete.
func TestJiraIsAskedAgain(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault jirasim.Fault
		code  int // as it is counted
		fails string
	}{
		{"429 that says nothing", jirasim.Fault{Status: 429}, 429, "rate_limited"},
		{"429 of a proxy", jirasim.Fault{Status: 429, Header: http.Header{"Content-Type": {"text/html"}, "Retry-After": {"3"}}, Body: "<html>slow down</html>"}, 429, "rate_limited"},
		{"503", jirasim.Fault{Status: 503, Header: http.Header{"Retry-After": {"3"}}}, 503, "unavailable"},
		{"no answer", jirasim.Fault{Delay: time.Hour}, 0, "unavailable"},
		{"a reset", jirasim.Fault{Reset: true}, 0, "unavailable"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubbles(t, jirasim.Options{SearchPage: 10}, func(p *rig) {
				var ids []int64
				for range 40 {
					p.later(time.Second)
					ids = append(ids, p.create(p.pay))
				}
				p.later(time.Hour)
				p.fine()
				p.later(time.Minute)
				p.fine()
				p.shows(p.searches(tc.code), -1)
				p.shows(fmt.Sprintf(`yourturn_poll_failures_total{reason=%q}`, tc.fails), -1)
				p.lists(jiradata.NoteFailed, false)
				const pages = 4
				status := 2
				for page := 1; page <= pages; page++ {
					for _, stays := range []bool{true, false} {
						before := p.state()
						if stays {
							for _, id := range ids {
								p.move(p.dev, id, fmt.Sprint(3-status), fmt.Sprint(status))
							}
							status = 3 - status
							p.later(time.Minute)
						}
						searches := 0
						p.faulty(func(r *http.Request) *jirasim.Fault {
							if strings.Contains(r.URL.Path, "/search") {
								if searches++; searches == page || stays && searches > page {
									return &tc.fault
								}
							}
							return nil
						})
						err := p.cycle()
						if stays != (err != nil) {
							p.Fatalf("page %d, for good: %t: got error %v", page, stays, err)
						}
						if got := p.state(); stays && got.Watermark != before.Watermark {
							p.Errorf("page %d: the state moved", page)
						}
						p.lists(jiradata.NoteFailed, stays)
					}
				}
				for _, id := range ids {
					if got := p.has(id, latency.RankRecord); got != pages {
						p.Errorf("story %d has %d records, want %d", id, got, pages)
					}
				}
				p.shows(p.searches(tc.code), pages*(4+1)) // four tries, and one
				p.shows(fmt.Sprintf(`yourturn_poll_failures_total{reason=%q}`, tc.fails), pages)
				p.logs("a poll cycle failed", true)
			})
		})
	}
}
