package jira

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/latency"
)

const (
	// clocksDiffer is by how much the Date of replies may differ from Jira's own
	// clock before it is worth a line in the log.
	clocksDiffer = time.Minute
	// dateLeaps is by how much the Date of a reply may differ from what the last
	// comparison predicts. If it differs by more, the clock that writes it was set
	// since, or there are several.
	dateLeaps = 2 * time.Minute
	// clocksContradict is by how much the two may differ before one of them must be
	// wrong. Then Jira's own is asked for each time, so that none is believed longer
	// than it is wrong.
	clocksContradict = 10 * time.Minute
	// farthest is how far they differ at most: a Duration does not hold the year 9999.
	farthest = 100 * 365 * 24 * time.Hour
)

// clocks is what is known of the clock that writes the Date of replies. That is often
// a proxy's, while Jira's own clock dates the changes of stories. A reply of
// serverInfo has the times of both.
type clocks struct {
	date  time.Time     // when they were compared; zero: not yet
	local time.Time     // the same by the local clock
	ahead time.Duration // how far the Date is ahead; 0 where Jira does not give its own
}

// dateOf returns the Date of a reply; zero if it has none.
func dateOf(h http.Header) time.Time {
	t, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}

// compareClocks notes what a reply says of both clocks; own is 0 where it does not
// give Jira's own.
func (c *Client) compareClocks(date time.Time, own latency.Instant) {
	if date.IsZero() {
		return
	}
	now := clocks{date: date, local: c.now()}
	if own != 0 {
		// The Date is cut to the second, and must not seem behind because of that.
		ahead := min(max(date.Sub(own.Time()), -farthest), farthest)
		if now.ahead = ahead.Truncate(time.Second); now.ahead < ahead {
			now.ahead += time.Second
		}
	}
	c.mu.Lock()
	before := c.clocks
	c.clocks = now
	c.mu.Unlock()
	switch differed, differ := before.ahead.Abs() > clocksDiffer, now.ahead.Abs() > clocksDiffer; {
	case differ && !differed:
		c.log.Warn("the Date of Jira's replies is not of Jira's clock, which alone counts: look at the clock of the proxy before it", zap.Duration("ahead", now.ahead))
	case differed && !differ:
		c.log.Info("the Date of Jira's replies is of Jira's clock again")
	}
}

// clock returns Jira's own clock, to the second, at a reply with a Date, and how far
// the Date is ahead of it. It asks serverInfo where that is not known; 0 if neither
// gives the time.
func (c *Client) clock(ctx context.Context, date time.Time) (at latency.Instant, ahead time.Duration, err error) {
	c.mu.Lock()
	last := c.clocks
	c.mu.Unlock()
	known := !last.date.IsZero() && last.ahead.Abs() <= clocksContradict
	if leap := date.Sub(last.date) - c.now().Sub(last.local); !date.IsZero() && known && leap.Abs() < dateLeaps {
		return latency.At(date.Add(-last.ahead)), last.ahead, nil
	}
	info, err := c.ServerInfo(ctx)
	if lasting(err) {
		c.rememberSite("")
	} else if err != nil {
		return 0, 0, err
	}
	if info.Time != 0 {
		c.mu.Lock()
		defer c.mu.Unlock()
		return latency.At(info.Time.Time().Truncate(time.Second)), c.clocks.ahead, nil
	}
	if date.IsZero() {
		return 0, 0, nil
	}
	c.compareClocks(date, 0)
	return latency.At(date), 0, nil
}

// readClocks compares the clocks again, unless they were compared within the last
// minute. Where Jira refuses serverInfo, the Date of its replies counts.
func (c *Client) readClocks(ctx context.Context) error {
	c.mu.Lock()
	last := c.clocks
	c.mu.Unlock()
	if !last.date.IsZero() && c.now().Sub(last.local) < time.Minute {
		return nil
	}
	if _, err := c.ServerInfo(ctx); err != nil && !lasting(err) {
		return err
	}
	return nil
}
