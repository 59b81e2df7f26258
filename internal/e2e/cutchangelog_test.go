package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 2: Jira cuts off a changelog, so that waits seem to begin elsewhere.
func TestCutChangelog(t *testing.T) {
	rigs(t, jirasim.Options{ChangelogPage: 60}, func(p *rig) {
		lengths := []int{39, 40, 41, 100, 101, 250}
		ids := make([]int64, len(lengths))
		begun := make([]time.Time, len(lengths))
		for i, n := range lengths {
			ids[i] = p.create(p.pay)
			p.later(time.Minute)
			begun[i] = p.now()
			p.move(p.dev, ids[i], "1", "2")
			for range n - 1 {
				p.later(time.Second)
				p.site.Change(p.now(), p.dev, ids[i], nil, jirasim.Item{Field: "summary", FieldType: "jira"})
			}
		}
		var records []int64
		broken := p.create(p.pay)
		for _, step := range []string{"12", "21", "12"} {
			p.later(time.Hour)
			records = append(records, p.move(p.dev, broken, step[:1], step[1:]))
		}
		p.later(time.Hour)
		p.fine()
		for i, id := range ids {
			if got := p.has(id, latency.RankRecord); got != lengths[i] {
				p.Errorf("got %d records of %d", got, lengths[i])
			}
			p.begins(id, begun[i])
		}
		p.shows(open, float64(len(lengths)+1))
		for _, reason := range []string{latency.FindBrokenChain, latency.FindLastStatus} {
			p.shows(finding(reason), 0)
			p.logs(reason, false)
			p.lists(reason, false)
		}

		for reason, missing := range map[string]int64{latency.FindBrokenChain: records[1], latency.FindLastStatus: records[2]} {
			q := newRig(p.T, p.site.Flavor, jirasim.Options{}, "")
			id := q.create(q.pay)
			var again []int64
			for _, step := range []string{"12", "21", "12"} {
				q.later(time.Hour)
				again = append(again, q.move(q.dev, id, step[:1], step[1:]))
			}
			gone := again[slices.Index(records, missing)]
			q.lost = func(_, record int64) bool { return record == gone }
			q.later(time.Hour)
			q.fine()
			q.shows(finding(reason), 1)
			q.logs(reason, true)
			q.lists(reason, true)
		}
	})
}
