package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 4: a search index that lags, so that what is behind the watermark is
// shown later than what is before it.
func TestPitfall04IndexThatLags(t *testing.T) {
	for _, lags := range []bool{false, true} {
		t.Run(fmt.Sprint("lags: ", lags), func(t *testing.T) {
			limits := jirasim.Options{}
			if lags { // no two issues alike: what happens later may be seen first
				limits.IndexLagOf = func(issue int64) time.Duration { return time.Duration(issue*7%10) * time.Minute }
			}
			pits(t, limits, func(p *pit) {
				var ids []int64
				for range 30 {
					ids = append(ids, p.create(p.pay))
				}
				p.later(time.Hour)
				p.fine()
				for _, id := range ids {
					p.move(p.dev, id, "1", "2")
					p.later(30 * time.Second)
					p.fine()
				}
				for range 10 {
					p.later(time.Minute)
					p.fine()
				}
				for _, id := range ids {
					if got := p.has(id, latency.RankRecord); got != 1 {
						p.Errorf("story %d has %d records, want 1", id, got)
					}
				}
				p.shows(open, 30)
				if late := p.metric("yourturn_poll_late_seconds_count"); (late > 0) != lags {
					p.Errorf("%v stories were late, and the index lags: %t", late, lags)
				}
				p.logs("should have seen", lags)
				p.lists(archive.NoteLate, lags)
			})
		})
	}
}
