//go:build long

package e2e

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/figures"
)

// scrapes reads each second what the replicas count, until ctx ends. What one process counts
// never goes down, whether it leads or follows, and nor does what the leader counts, whichever
// it is.
func (c *leaderCut) scrapes(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var led map[string]float64
	var asOf float64 // that the leader showed last
	own := map[int64]map[string]float64{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, r := range c.replicas {
			pid := r.pid.Load()
			if pid == 0 || r == c.away.Load() {
				continue
			}
			epoch, leader, err := c.lease(ctx)
			leads := err == nil && leader == r
			asking, cancel := context.WithTimeout(ctx, 2*time.Second)
			body, err := scraped(asking, r.base()+"/metrics")
			cancel()
			if err != nil || !strings.Contains(body, "\npo_waits_ended_total{") || r.pid.Load() != pid {
				continue // it does not answer, or has no numbers yet
			}
			counters, _ := series(c.T, strings.NewReader(body))
			c.rises(fmt.Sprintf("process %d of replica %d", pid, r.n), own[pid], counters)
			own[pid] = counters
			c.samples++
			shown := value(body, "yourturn_data_timestamp_seconds")
			if value(body, "yourturn_replica_writes") == 0 { // or it has the lease, and has derived nothing since
				c.behind = append(c.behind, max(0, asOf-shown))
				continue
			}
			if now, _, err := c.lease(ctx); leads && err == nil && now == epoch {
				c.rises("the leader", led, counters)
				led, asOf = counters, shown
			}
		}
	}
}

// rises fails if a counter is lower than before, or gone.
func (c *leaderCut) rises(who string, before, after map[string]float64) {
	var fell []string
	for id, v := range before {
		if now, ok := after[id]; !ok || now < v {
			fell = append(fell, fmt.Sprintf("%s is %g (%t) after %g", id, now, ok, v))
		}
	}
	if len(fell) > 0 {
		slices.Sort(fell)
		c.Errorf("%s: %s: %d of %d counters fell:\n%s", time.Now().UTC().Format("15:04:05"), who, len(fell), len(before), strings.Join(fell[:min(len(fell), 8)], "\n"))
	}
}

// settled waits until nothing can change any more, and returns what the leader serves.
func (c *leaderCut) settled() string {
	c.Helper()
	c.end = c.tr.now().Add(soakEnding).Truncate(time.Second)
	write(c.T, c.clock(), soakEnding.String())
	c.tr.freeze(c.end)
	_, r := c.leader()
	seen := 0
	return awaitFor(c.T, 7*time.Minute, r.base()+"/metrics", func(_ int, body string) bool {
		if value(body, "yourturn_data_timestamp_seconds") != float64(c.end.Unix()) || value(body, "yourturn_census_timestamp_seconds") != float64(c.end.Unix()) {
			return false
		}
		if seen == 0 {
			seen = cycles(body)
		}
		return cycles(body) > seen+1
	})
}

// sameEverywhere waits until all replicas show the numbers that the leader served.
func (c *leaderCut) sameEverywhere(served string) {
	c.Helper()
	want := waitLines(served)
	for _, r := range c.replicas {
		c.eventually(fmt.Sprintf("replica %d shows the numbers of the leader", r.n), func(ctx context.Context) bool {
			body, err := scraped(ctx, r.base()+"/metrics")
			return err == nil && slices.Equal(want, waitLines(body))
		})
	}
}

// waitLines returns the lines of metrics of waits.
func waitLines(metrics string) []string {
	var out []string
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "po_") {
			out = append(out, line)
		}
	}
	return out
}

// oneAtATime fails unless each lease had one writer, and Jira was asked by its holder alone.
func (c *leaderCut) oneAtATime() {
	c.Helper()
	rows, err := c.sql.QueryContext(c.Context(), `SELECT t.epoch, host(t.client), CASE WHEN isfinite(t.at) THEN t.at ELSE 'epoch' END,
		COALESCE((SELECT string_agg(host(w.client), ' ') FROM watch.writer w WHERE w.epoch = t.epoch), '') FROM watch.tenure t ORDER BY epoch`)
	if err != nil {
		c.Fatal(err)
	}
	defer rows.Close()
	type tenure struct {
		web string
		at  time.Time
	}
	var list []tenure
	for rows.Next() {
		var epoch int64
		var client, writers string
		var one tenure
		if err := rows.Scan(&epoch, &client, &one.at, &writers); err != nil {
			c.Fatal(err)
		}
		if writers != client {
			c.Errorf("while %s held lease %d, these wrote: %s", client, epoch, writers)
		}
		for _, n := range c.nets.list {
			if n.database == client {
				one.web = n.web
			}
		}
		list = append(list, one)
	}
	if err := rows.Err(); err != nil {
		c.Fatal(err)
	}
	log := c.server.Log(c.T)
	writes, renewals, broken := strings.Count(log, "refused a write of"), strings.Count(log, "refused a renewal of"), strings.Count(log, "due to idle-in-transaction timeout")
	figures.Note(c.T, "%d leases, each with one writer; of former holders the database refused %d writes and %d renewals, and ended %d transactions in their middle; %d processes ended because another one writes",
		len(list), writes, renewals, broken, c.fenced)
	if writes+renewals == 0 || c.fenced == 0 {
		c.Error("nothing of a former holder was refused: the test shows nothing")
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	stray := map[int][]string{} // by lease
	holder, asked, strays := 0, 0, 0
	for _, a := range c.requests {
		if !slices.ContainsFunc(c.nets.list, func(n netns) bool { return n.web == a.from }) {
			continue // a command of this test
		}
		for holder+1 < len(list) && !list[holder+1].at.After(a.at) {
			holder++
		}
		asked++
		if a.from != list[holder].web {
			strays++
			stray[holder] = append(stray[holder], fmt.Sprintf("%s by %s, %s after the lease began", a.path, a.from, a.at.Sub(list[holder].at).Round(time.Millisecond)))
		}
	}
	figures.Note(c.T, "%d requests of replicas to Jira, %d of them by former holders, in %d of %d leases", asked, strays, len(stray), len(list))
	for holder, which := range stray {
		// One may be on its way when the process is frozen.
		if len(which) > 1 {
			c.Errorf("in lease %d Jira was asked %d times by one that had none:\n%s", holder+1, len(which), strings.Join(which, "\n"))
		}
	}
}

// budget notes how often Jira was asked, by one replica alone and beside others.
func (c *leaderCut) budget(alone, together, over time.Time) {
	c.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	rate := func(from, to time.Time) string {
		seconds, polls, all := map[int64]int{}, 0, 0
		for _, a := range c.requests {
			if a.at.Before(from) || !a.at.Before(to) {
				continue
			}
			all++
			seconds[a.at.Unix()]++
			if strings.HasSuffix(a.path, "/myself") {
				polls++
			}
		}
		most := 0
		for _, n := range seconds {
			most = max(most, n)
		}
		minutes := to.Sub(from).Minutes()
		return fmt.Sprintf("%.0f requests a minute, %.0f of them begin a poll, %d in a second at most (%d in %.1f minutes)", float64(all)/minutes, float64(polls)/minutes, most, all, minutes)
	}
	figures.Note(c.T, "one replica alone: %s; three with cuts: %s", rate(alone, together), rate(together, over))
}

// takeOvers notes how long it took until another replica led, and fails where it was
// longer than the docs say.
func (c *leaderCut) takeOvers() {
	c.Helper()
	spread := func(list []time.Duration) string {
		slices.Sort(list)
		return fmt.Sprintf("%.1f, %.1f and %.1f s", list[0].Seconds(), list[len(list)/2].Seconds(), list[len(list)-1].Seconds())
	}
	of := func(name string, in func(takeOver) bool) {
		var lease, polled []time.Duration
		for _, t := range c.taken {
			if in(t) {
				lease, polled = append(lease, t.lease), append(polled, t.polled)
			}
		}
		if len(lease) > 0 {
			figures.Note(c.T, "%s, %d times: another replica has the lease after %s (least, median, most), and has completed a poll after %s", name, len(lease), spread(lease), spread(polled))
		}
	}
	for _, what := range []string{killed, frozen, cutOff} {
		of(what, func(t takeOver) bool { return t.what == what })
	}
	of("all", func(takeOver) bool { return true })
	for _, t := range c.taken {
		if t.lease > promised[t.what] {
			c.Errorf("after one was %s %s another one had the lease %s later; the docs say %s", t.what, t.while, t.lease, promised[t.what])
		}
	}
	slices.Sort(c.behind)
	if len(c.behind) == 0 {
		c.Fatal("no replica that follows was sampled")
	}
	figures.Note(c.T, "%d samples of all counters of the replicas; in %d of them, of a replica that follows, its data is older than the leader's by %.0f s (median), %.0f s (99 of 100) and %.0f s (most)",
		c.samples, len(c.behind), c.behind[len(c.behind)/2], c.behind[len(c.behind)*99/100], c.behind[len(c.behind)-1])
}

// logTime is how a line of a log begins.
var logTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d{4})`)

// everyStart are lines that say nothing of a take-over.
var everyStart = regexp.MustCompile("the audit found|others can get at a secret|pages, metrics and reload are open|showed changes that the cycle before|an issue cannot be read")

// between returns the lines that replicas wrote in a time, in order.
func (c *leaderCut) between(from, to time.Time) string {
	var list []string
	for _, r := range c.replicas {
		for line := range strings.Lines(r.log()) {
			stamp := logTime.FindString(line)
			at, err := time.Parse("2006-01-02T15:04:05.000Z0700", stamp)
			if err != nil || at.Before(from) || at.After(to) || everyStart.MatchString(line) {
				continue
			}
			list = append(list, fmt.Sprintf("%s replica %d %s", at.UTC().Format("15:04:05.000"), r.n, strings.TrimPrefix(line, stamp)))
		}
	}
	slices.Sort(list)
	return strings.Join(list, "")
}
