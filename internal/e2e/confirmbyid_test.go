package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// TestEndingsAreReadByIDBeforeTheyCount: of two acceptances one is taken back at
// once, and the search index loses sight of both.
func TestEndingsAreReadByIDBeforeTheyCount(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.create(p.pay) // which every search must show
		kept, undone := p.create(p.pay), p.create(p.pay)
		for _, id := range []int64{kept, undone} {
			p.move(p.dev, id, "1", "2")
		}
		p.later(time.Hour)
		p.fine()
		p.move(p.po, kept, "2", "3")
		p.move(p.po, undone, "2", "3")
		p.later(time.Minute)
		p.fine()
		ended := fmt.Sprintf(`po_waits_ended_total{kind="acceptance",outcome=%q,owner="po",project="PAY",responder="owner"}`, "accepted")
		if got := p.metric(ended); got > 0 {
			p.Errorf("%v acceptances were counted before they were final", got)
		}
		p.shows(open, 2)
		p.move(p.po, undone, "3", "2")
		p.blind = func(id int64) bool { return id == kept || id == undone }
		p.later(10 * time.Minute)
		requests := 0
		p.faulty(func(r *http.Request) *jirasim.Fault {
			if !strings.HasSuffix(r.URL.Path, "/serverInfo") { // it is Jira's clock that leaps here, and no poll
				requests++
			}
			return nil
		})
		p.fine()
		p.shows(ended, 1)
		p.shows(open, 1)
		if requests > 2+3 {
			p.Errorf("the poll took %d requests, want at most 3 more than an idle one", requests)
		}
		requests = 0
		p.blind = nil
		p.later(10 * time.Minute)
		p.fine()
		if requests > 3 { // the search shows what was read already
			p.Errorf("the next poll took %d requests, want 2 or 3", requests)
		}
		p.shows(ended, 1)
	})
}
