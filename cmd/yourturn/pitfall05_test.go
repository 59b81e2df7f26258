package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 5: a cycle of which a part failed, taken for complete.
func TestPitfall05PartOfACycle(t *testing.T) {
	pits(t, jirasim.Options{SearchPage: 10}, func(p *pit) {
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
		p.lists(archive.NoteFailed, false)
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
				p.fault = func(r *http.Request) *jirasim.Fault {
					if strings.Contains(r.URL.Path, "/search") {
						if searches++; searches == page {
							return &f
						}
					}
					return nil
				}
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
		p.logs("a poll cycle failed", true)
		p.lists(archive.NoteFailed, true)
		p.fault = nil
		p.fine()
		p.lists(archive.NoteFailed, false)
		p.shows(open, 40)

		// One issue that cannot be read spoils itself alone.
		p.shows(`yourturn_odd_stories{reason="quarantined"}`, 0)
		p.site.Change(p.now(), p.dev, ids[3], map[string]any{"status": "PO Review"})
		p.move(p.po, ids[4], "2", "3")
		p.later(time.Hour)
		p.fine()
		p.shows(`yourturn_odd_stories{reason="quarantined"}`, 1)
		p.logs("cannot be read", true)
		p.lists(archive.NoteQuarantined, true)
		if n := p.notes()[archive.NoteQuarantined]; n != 1 || p.has(ids[4], latency.RankRecord) != 2 {
			p.Errorf("got %d issues in quarantine and %d records of another", n, p.has(ids[4], latency.RankRecord))
		}
		p.site.Change(p.now(), p.dev, ids[3], map[string]any{"status": map[string]any{"id": "2", "name": "PO Review"}})
		p.later(time.Hour)
		p.fine()
		p.shows(`yourturn_odd_stories{reason="quarantined"}`, 0)
	})
}
