package e2e

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/suite"
)

// liveSpeed is how fast a team lives, and liveSlip the slip window that suits it.
const (
	liveSpeed = 10000
	liveSlip  = 10 * time.Second
)

// TestLivingTeamEqualsTheGroundTruth lets organisations live for ten minutes at
// high speed. One look afterwards finds what the people know about every story,
// including those of the ten minutes.
func TestLivingTeamEqualsTheGroundTruth(t *testing.T) {
	organisations(t, max(1, suite.Count(t, "YOURTURN_SEEDS", 4, 50)/polledOneIn), func(t *testing.T, seed int, flavor jirasim.Flavor) {
		var tm *team.Team
		var began, over time.Time
		synctest.Test(t, func(t *testing.T) {
			began = time.Now()
			var err error
			if tm, err = team.New(team.Options{Seed: int64(seed), Flavor: flavor, Now: time.Now, SlipWindow: liveSlip}); err != nil {
				t.Fatal(err)
			}
			defer tm.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			if err := tm.Live(ctx, liveSpeed); err != nil {
				t.Fatal(err)
			}
			tm.Settle(t.Context())
			over = time.Now()
		})
		asOf := over.Add(time.Hour).Truncate(time.Second) // as Jira tells its clock
		tm.Site().Update(func() { tm.Site().Now = func() time.Time { return asOf } })
		o := serveTeam(t, tm, flavor)
		p := newPoller(t, o.config, time.Now)
		p.look()
		want, got := told(tm.Known([]time.Time{asOf})), derived(t, o.config)
		diff := differences(want, got)
		lately := 0
		for _, w := range want {
			if w.End >= stampOf(began) {
				lately++
			}
		}
		t.Logf("%d stories, %d waits, %d ended lately", p.leave(), len(want), lately)
		if len(diff) > 0 {
			t.Errorf("%d differences\n%s", len(diff), strings.Join(diff[:min(len(diff), 12)], "\n"))
			t.Log(yourturn(t, 0, "waits", "--config.file", o.config, "--story", tm.Site().Key(storyOf(diff[0]))))
		}
		tallied(t, o, []time.Time{asOf})
	})
}
