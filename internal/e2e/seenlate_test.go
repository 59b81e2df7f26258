package e2e

import (
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// TestWhatIsSeenLateIsReadByIDBeforeItCounts: an acceptance is taken back a minute
// later, and the index lags by more than the slip window: when a search first
// shows the acceptance it could be no slip any more, and the way back is not shown
// yet.
func TestWhatIsSeenLateIsReadByIDBeforeItCounts(t *testing.T) {
	rigs(t, jirasim.Options{IndexLag: 5*time.Minute + 30*time.Second}, func(p *rig) {
		p.create(p.pay) // which every search must show
		id := p.create(p.pay)
		p.move(p.dev, id, "1", "2")
		p.later(2 * time.Hour)
		p.fine()
		p.move(p.po, id, "2", "3")
		p.later(time.Minute)
		p.move(p.po, id, "3", "2")
		p.later(4*time.Minute + 20*time.Second)
		p.fine()
		p.later(40 * time.Second)
		p.fine()
		p.later(time.Hour)
		p.fine()
		ended := `po_waits_ended_total{kind="acceptance",outcome="accepted",owner="po",project="PAY",responder="owner"}`
		if got := p.metric(ended); got > 0 {
			p.Errorf("%v acceptances were counted that were taken back at once", got)
		}
		p.shows(open, 1)
	})
}
