package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// TestWhatHappensWhileAPollReadsIsShownByTheNext: a story moves between the instant
// that a poll is as of and the poll's search. The poll stores the move, but its
// numbers are as of before it. The next poll shows it, and finds nothing new.
func TestWhatHappensWhileAPollReadsIsShownByTheNext(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.create(p.pay) // which every search must show
		id := p.create(p.pay)
		p.later(time.Hour)
		p.fine()
		p.later(time.Minute)
		p.faulty(func(r *http.Request) *jirasim.Fault {
			if strings.Contains(r.URL.Path, "/search") {
				p.faulty(nil)
				p.later(time.Second)
				p.move(p.dev, id, "1", "2")
			}
			return nil
		})
		p.fine()
		p.later(time.Minute)
		p.fine()
		p.shows(open, 1)
		p.later(time.Hour)
		p.fine()
		p.shows(open, 1)
	})
}
