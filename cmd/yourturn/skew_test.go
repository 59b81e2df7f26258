package main

import (
	"math"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// TestClockSkew holds that Jira's clock alone counts, however wrong this
// machine's is, and that the difference is shown.
func TestClockSkew(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"ahead": -90 * time.Hour, "behind": 90 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			pits(t, jirasim.Options{}, func(p *pit) {
				p.clock.Store(time.Now().Add(ahead).UnixMilli())
				id := p.create(p.pay)
				p.later(time.Hour)
				p.fine()
				p.move(p.dev, id, "1", "2")
				p.later(time.Hour)
				p.fine()
				p.shows(open, 1)
				if got, want := p.state().DataTimestamp, latency.At(p.now()); want-got >= 1000 {
					p.Errorf("the data are of %s, want Jira's %s", got.Time(), want.Time())
				}
				hours := p.metric("yourturn_clock_skew_seconds") / 3600
				if want := -ahead.Hours() - 2; math.Abs(hours-want) > 0.5 {
					p.Errorf("the clock is shown to be %v hours ahead, want about %v", hours, want)
				}
			})
		})
	}
}
