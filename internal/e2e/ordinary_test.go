package e2e

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/suite"
)

// TestAnOrdinaryOrganisationIsBelievable derives the numbers of organisations as the
// demo has them. Stories are not built all the time but also reviewed, tested and
// blocked; some projects wait for their owner more than for anything else, and some do
// not; a few waits are forgotten; and where a stand-in came, answers come sooner.
func TestAnOrdinaryOrganisationIsBelievable(t *testing.T) {
	for seed := range suite.Count(t, "YOURTURN_ORDINARY_SEEDS", 1, 3) {
		tm, err := team.New(team.Options{Seed: int64(seed) + 1, Flavor: jirasim.Cloud, End: end(), Now: end, MinStories: 1600, Ordinary: true})
		if err != nil {
			t.Fatal(err)
		}
		o := serveTeam(t, tm, jirasim.Cloud)
		p := newPoller(t, o.config, end)
		p.look()
		p.leave()
		_, gauges := scrape(t, o.config)
		yes, no := 0, 0
		for _, project := range []string{"PAY", "WEB", "OPS", "APP"} {
			share, whole := map[string]float64{}, 0.0
			for _, stage := range []string{"development", "review", "test", "blocked", "release", "owner_question", "owner"} {
				share[stage] = gauges["po_stage_seconds{project="+project+",stage="+stage+",window=28d}"]
				whole += share[stage]
			}
			for stage, s := range map[string]struct{ least, most float64 }{
				"development": {0.3, 0.65}, "review": {0.05, 0.3}, "test": {0.05, 0.3}, "blocked": {0.003, 0.15}, "owner": {0.02, 0.27},
			} {
				if got := share[stage] / whole; !(got >= s.least && got <= s.most) {
					t.Errorf("seed %d: %s is %.1f %% of the cycle time in %s", seed+1, stage, 100*got, project)
				}
			}
			if gauges["po_largest_blocker{project="+project+",stage=owner,window=28d}"] == 1 {
				yes++
			}
			if share["owner"]/whole < 0.07 {
				no++
			}
		}
		if yes == 0 || no == 0 {
			t.Errorf("seed %d: the owner is the largest blocker in %d projects, and hardly waited for in %d", seed+1, yes, no)
		}
		forgotten := 0
		var before, since []time.Duration // with the stand-in, of the owner who is slow
		for _, w := range tm.Truth() {
			if target := map[string]time.Duration{"acceptance": 8 * time.Hour, "question": 4 * time.Hour}[w.Kind]; w.End.IsZero() && w.StoryWorking > 10*target && end().Sub(w.Start) > 21*24*time.Hour {
				forgotten++
			}
			if w.Owner == "bo" && (w.Outcome == "accepted" || w.Outcome == "answered") {
				if w.Start.Before(end().AddDate(0, 0, -30)) {
					before = append(before, w.StoryWorking)
				} else {
					since = append(since, w.StoryWorking)
				}
			}
		}
		if forgotten < 2 || forgotten > 6 {
			t.Errorf("seed %d: %d waits are forgotten", seed+1, forgotten)
		}
		slices.Sort(before)
		slices.Sort(since)
		if len(before) < 20 || len(since) < 20 || before[len(before)/2] < 2*since[len(since)/2] {
			t.Errorf("seed %d: of %d waits half end within %s, and of %d with a stand-in within %s", seed+1, len(before), before[len(before)/2], len(since), since[len(since)/2])
		}
	}
}

// TestADayOfTheDemoIsWithinItsPast lets an ordinary team live for a day twelve times as
// fast as people, and writes the day and the three months before it as backfill does:
// po_waits_open of the day is within the range of the past.
func TestADayOfTheDemoIsWithinItsPast(t *testing.T) {
	var tm *team.Team
	var began, over time.Time
	synctest.Test(t, func(t *testing.T) {
		began = time.Now()
		var err error
		if tm, err = team.New(team.Options{Seed: 1, Flavor: jirasim.Cloud, Now: time.Now, MinStories: 1600, Ordinary: true}); err != nil {
			t.Fatal(err)
		}
		defer tm.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		if err := tm.Live(ctx, 12); err != nil {
			t.Fatal(err)
		}
		tm.Settle(t.Context())
		over = time.Now().Add(time.Hour).Truncate(time.Second)
	})
	tm.Site().Update(func() { tm.Site().Now = func() time.Time { return over } })
	o := serveTeam(t, tm, jirasim.Cloud)
	p := newPoller(t, o.config, func() time.Time { return over })
	p.look()
	p.leave()
	dir := filepath.Join(t.TempDir(), "past")
	var errOut bytes.Buffer
	code := command.Run(t.Context(), []string{"backfill", "--config.file", o.config, "--from", began.AddDate(0, 0, -90).UTC().Format(time.RFC3339), "--step", "12h", "--out", dir},
		command.Env{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &errOut, Now: func() time.Time { return over.Add(4 * time.Hour) }})
	if code != command.ExitFine {
		t.Fatalf("exit %d: %s", code, errOut.String())
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.om"))
	if err != nil {
		t.Fatal(err)
	}
	open := map[int64]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^po_waits_open\{.*\} (\d+) (\d+)`).FindAllStringSubmatch(string(text), -1) {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			at, err := strconv.ParseInt(m[2], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			open[at] += n
		}
	}
	least, most, samples := math.MaxInt, 0, 0
	for at, n := range open {
		if at <= began.Unix() {
			least, most = min(least, n), max(most, n)
		}
	}
	for at, n := range open {
		if at > began.Unix() {
			samples++
			if n < least || n > most {
				t.Errorf("at %s %d waits are open, in the three months before %d to %d", time.Unix(at, 0).UTC(), n, least, most)
			}
		}
	}
	if samples < 2 || len(open) < 180 {
		t.Errorf("%d samples, %d of them of the day", len(open), samples)
	}
	t.Logf("%d to %d in the past", least, most)
}
