package e2e

import (
	"math"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// TestClockSkew: only Jira's clock counts, however wrong this machine's becomes, and
// the difference is shown.
func TestClockSkew(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"ahead": -90 * time.Hour, "behind": 90 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			rigs(t, jirasim.Options{}, func(p *rig) {
				id := p.create(p.pay)
				p.later(time.Hour)
				p.fine()
				p.skew.Store(-int64(ahead))
				p.move(p.dev, id, "1", "2")
				p.later(5 * time.Minute)
				p.fine()
				p.shows(open, 1)
				if got, want := p.state().DataTimestamp, latency.At(p.now()); want-got >= 1000 {
					p.Errorf("the data are of %s, want Jira's %s", got.Time(), want.Time())
				}
				hours := p.metric("yourturn_clock_skew_seconds") / 3600
				if want := -ahead.Hours(); math.Abs(hours-want) > 0.01 {
					p.Errorf("the clock is shown to be %v hours ahead, want about %v", hours, want)
				}
			})
		})
	}
}

// TestDateOfAnotherClock: changes are found by Jira's own clock, whatever the Date of
// its replies says, which a proxy may write.
func TestDateOfAnotherClock(t *testing.T) {
	for _, ahead := range []time.Duration{0, 15 * time.Minute, -15 * time.Minute, 90 * 24 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			rigs(t, jirasim.Options{}, func(p *rig) {
				p.site.DateAhead = ahead
				id := p.create(p.pay)
				p.later(time.Hour)
				p.fine()
				for i := range 6 { // each just behind a poll
					p.move(p.dev, id, []string{"1", "2"}[i%2], []string{"2", "1"}[i%2])
					p.later(time.Minute)
					p.fine()
					if got := p.has(id, latency.RankRecord); got != i+1 {
						t.Fatalf("got %d moves of %d", got, i+1)
					}
				}
				if got := p.state().DataTimestamp; got != latency.At(p.now()) {
					t.Errorf("the data are of %s, want Jira's %s", got.Time(), p.now())
				}
				p.shows("yourturn_jira_date_ahead_seconds", ahead.Seconds())
				p.logs("is not of Jira's clock", ahead != 0)

				// Somebody sets that clock between two hours.
				p.site.Update(func() { p.site.DateAhead += 20 * time.Minute })
				p.later(time.Minute)
				p.fine()
				p.move(p.dev, id, "1", "2")
				p.later(time.Minute)
				p.fine()
				if got := p.has(id, latency.RankRecord); got != 7 {
					t.Errorf("got %d moves of 7 once the clock was set", got)
				}
				p.shows("yourturn_jira_date_ahead_seconds", (ahead + 20*time.Minute).Seconds())
			})
		})
	}
	t.Run("Jira does not tell its own", func(t *testing.T) {
		rigs(t, jirasim.Options{}, func(p *rig) {
			p.site.NoServerTime = true
			p.create(p.pay)
			p.fine()
			if got := p.state().DataTimestamp; got != latency.At(p.now()) {
				t.Errorf("the data are of %s, want %s of the Date", got.Time(), p.now())
			}
			p.shows("yourturn_jira_date_ahead_seconds", 0)
		})
	})
	t.Run("what serverInfo tells is of no replies' Date", func(t *testing.T) {
		rigs(t, jirasim.Options{}, func(p *rig) {
			p.site.ServerTimeAhead = -9 * time.Minute // the clock that stamps stories is taken to be this one
			p.create(p.pay)
			p.fine()
			p.shows("yourturn_jira_date_ahead_seconds", 540)
			if got, want := p.state().DataTimestamp, latency.At(p.now().Add(-9*time.Minute)); got != want {
				t.Errorf("the data are of %s, want serverInfo's %s", got.Time(), want.Time())
			}
		})
	})
}
