package e2e

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/suite"
)

// polledOneIn is of how many seeds one is also lived step by step. Hundreds of looks
// take as long as several organisations with one look.
const polledOneIn = 5

// part is a part of a wait in the terms that the ground truth and the product share.
// Its clocks are in milliseconds.
type part struct {
	StoryID, Project, Kind, Owner, Start, End, Outcome, Responder, Rule string
	Part, Cycle, Asks                                                   int
	Elapsed, Working, Paused, StoryElapsed, StoryWorking                int64
	Breached, Final                                                     bool
}

func (p part) String() string {
	return fmt.Sprintf("story %s in %s, %s of %s (%s): %s to %s, %s %s; part %d, cycle %d, asks %d; elapsed %d, working %d, paused %d, story %d and %d; breached %t, final %t",
		p.StoryID, p.Project, p.Kind, p.Owner, p.Rule, p.Start, p.End, p.Outcome, p.Responder, p.Part, p.Cycle, p.Asks,
		p.Elapsed, p.Working, p.Paused, p.StoryElapsed, p.StoryWorking, p.Breached, p.Final)
}

// told returns the parts of the ground truth.
func told(waits []team.Part) []part {
	instant := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	var out []part
	for _, w := range waits {
		out = append(out, part{
			StoryID: strconv.FormatInt(w.StoryID, 10), Project: w.Project, Kind: w.Kind, Owner: w.Owner, Start: instant(w.Start), End: instant(w.End),
			Outcome: w.Outcome, Responder: w.Responder, Rule: w.Cause, Part: w.Part, Cycle: w.Cycle, Asks: w.Asks,
			Elapsed: w.Elapsed.Milliseconds(), Working: w.Working.Milliseconds(), Paused: w.Paused.Milliseconds(),
			StoryElapsed: w.StoryElapsed.Milliseconds(), StoryWorking: w.StoryWorking.Milliseconds(), Breached: w.Breached, Final: w.Final,
		})
	}
	return out
}

// derived returns the parts that `waits` prints with flags.
func derived(t testing.TB, config string, flags ...string) []part {
	t.Helper()
	var list []query.Part
	if err := json.Unmarshal([]byte(yourturn(t, 0, append([]string{"waits", "--config.file", config, "--format", "json"}, flags...)...)), &list); err != nil {
		t.Fatal(err)
	}
	msec := func(seconds float64) int64 { return int64(math.Round(seconds * 1000)) }
	var out []part
	for _, w := range list {
		p := part{
			StoryID: w.StoryID, Project: w.Project, Kind: w.Kind, Owner: w.Owner, Start: w.Start, Outcome: w.Outcome, Responder: w.Responder, Rule: w.Rule,
			Part: w.Part, Asks: w.Asks, Elapsed: msec(w.ElapsedSeconds), Working: msec(w.WorkingSeconds), Paused: msec(w.PausedSeconds),
			StoryElapsed: msec(w.StoryElapsedSeconds), StoryWorking: msec(w.StoryWorkingSeconds), Breached: w.Breached, Final: w.Final,
		}
		if w.End != nil {
			p.End = *w.End
		}
		if w.Cycle != nil {
			p.Cycle = *w.Cycle
		}
		out = append(out, p)
	}
	return out
}

// onlyTold begins the lines of parts that only the ground truth has.
const onlyTold = "only in the truth: "

// differences returns the parts that only one side has.
func differences(want, got []part) []string {
	left := map[part]int{}
	for _, p := range want {
		left[p]++
	}
	for _, p := range got {
		left[p]--
	}
	var out []string
	for _, p := range slices.SortedFunc(maps.Keys(left), func(a, b part) int {
		return cmp.Or(cmp.Compare(a.StoryID, b.StoryID), cmp.Compare(a.Start, b.Start), cmp.Compare(a.String(), b.String()))
	}) {
		switch {
		case left[p] > 0:
			out = append(out, onlyTold+p.String())
		case left[p] < 0:
			out = append(out, "only derived:      "+p.String())
		}
	}
	return out
}

// cell is a combination of how a wait began and how it ended.
type cell struct{ kind, cause, outcome, responder string }

// comparison sums up, over organisations, the parts of the ground truth and those
// that the product derives differently.
type comparison struct {
	mu                            sync.Mutex
	organisations, stories, looks int
	waits, wrong, hidden          int // hidden: waits that happened and that such looks cannot show as they were
	cells                         map[cell]int
	scenes, tallies               map[string]int
}

func newComparison() *comparison {
	return &comparison{cells: map[cell]int{}, scenes: map[string]int{}, tallies: map[string]int{}}
}

// compare compares what the product derives with what a collector can know that
// looked at Jira at the given instants.
func (c *comparison) compare(t *testing.T, o *organisation, looks []time.Time, stories int) {
	t.Helper()
	want, got := told(o.team.Known(looks)), derived(t, o.config)
	diff := differences(want, got)
	if len(diff) > 0 {
		t.Errorf("%d differences\n%s", len(diff), strings.Join(diff[:min(len(diff), 12)], "\n"))
	}
	counted := tallied(t, o, looks)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.organisations++
	c.stories += stories
	c.waits += len(want)
	c.wrong += len(diff)
	c.looks += len(looks)
	for _, d := range differences(told(o.team.Truth()), want) {
		if strings.HasPrefix(d, onlyTold) {
			c.hidden++
		}
	}
	for _, p := range want {
		c.cells[cell{p.Kind, p.Rule, p.Outcome, p.Responder}]++
	}
	for _, p := range want {
		for feature, has := range map[string]bool{
			"wait: later cycle": p.Cycle > 1, "wait: several asks": p.Asks > 1, "wait: paused": p.Paused > 0, "wait: breached": p.Breached,
			"wait: owner absent": p.Part == 1 && p.Elapsed < p.StoryElapsed, "wait: later part": p.Part > 1,
		} {
			if has {
				c.scenes[feature]++
			}
		}
	}
	for scene, n := range o.team.Scenes() {
		c.scenes[scene] += n
	}
	for what, n := range counted {
		c.tallies[what] += n
	}
}

// tallied compares the counters of slips and bypasses of each project with the
// truth, and returns how many there were.
func tallied(t *testing.T, o *organisation, looks []time.Time) map[string]int {
	t.Helper()
	names := map[string]string{"slip": "po_slips_total", "bypass": "po_acceptance_bypassed_total"}
	want, total := map[string]float64{}, map[string]int{}
	for _, tally := range o.team.KnownTallies(looks) {
		want[names[tally.What]+"{project="+tally.Project+"}"]++
		total[tally.What]++
	}
	counters, _ := scrape(t, o.config)
	for id := range counters {
		if !strings.HasPrefix(id, names["slip"]+"{") && !strings.HasPrefix(id, names["bypass"]+"{") || counters[id] == 0 && want[id] == 0 {
			delete(counters, id)
		}
	}
	if d := gocmp.Diff(want, counters); d != "" {
		t.Errorf("slips and bypasses (-truth +counted):\n%s", d)
	}
	return total
}

// report prints how often each cell occurred, and fails if one is rare.
func (c *comparison) report(t *testing.T, least int) {
	t.Helper()
	var b strings.Builder
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "kind\tcause\toutcome\tresponder\tcount")
	for _, k := range slices.SortedFunc(maps.Keys(c.cells), func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.cause, b.cause), cmp.Compare(a.outcome, b.outcome), cmp.Compare(a.responder, b.responder))
	}) {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%d\n", k.kind, k.cause, cmp.Or(k.outcome, "(open)"), k.responder, c.cells[k])
		if c.cells[k] < least {
			t.Errorf("%v occurs only %d times", k, c.cells[k])
		}
	}
	for _, list := range []map[string]int{c.scenes, c.tallies} {
		for _, name := range slices.Sorted(maps.Keys(list)) {
			fmt.Fprintf(tw, "%s\t\t\t\t%d\n", name, list[name])
			if list[name] < least {
				t.Errorf("%s occurs only %d times", name, list[name])
			}
		}
	}
	tw.Flush() //nolint:errcheck // a Builder takes everything
	t.Logf("%d organisations, %d stories, %d looks, %d waits: %d of them differ (%d that happened cannot be seen so)\n%s",
		c.organisations, c.stories, c.looks, c.waits, c.wrong, c.hidden, b.String())
}

// leastOf returns how often each cell must occur in a number of seeds.
func leastOf(seeds int) int {
	switch {
	case seeds >= 300:
		return 50
	case seeds >= 50:
		return 20
	}
	return 1
}

// poller is a service that runs a cycle when a test says so.
type poller struct {
	t *testing.T
	*app.Service
}

// newPoller opens a service that may ask the simulated Jira often, on a machine whose
// clock is now, or this one.
func newPoller(t *testing.T, config string, now ...func() time.Time) *poller {
	t.Helper()
	clock := time.Now
	if len(now) > 0 {
		clock = now[0]
	}
	cfg, err := app.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	s, err := app.Open(t.Context(), cfg, zap.NewNop(), app.Options{RequestsPerSecond: 1000, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	p := &poller{t, s}
	t.Cleanup(func() {
		if p.Service != nil {
			p.Close() //nolint:errcheck // the test is over
		}
	})
	return p
}

// look asks Jira what changed and counts what is final. It returns how many
// events are new.
func (p *poller) look() int {
	p.t.Helper()
	res, err := p.Read(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.Measure(p.t.Context(), res); err != nil {
		p.t.Fatal(err)
	}
	return res.Events
}

// leave lets another process write to the store, and returns how many stories it
// holds.
func (p *poller) leave() int {
	p.t.Helper()
	n, err := p.Counts(p.t.Context())
	if err = errors.Join(err, p.Close()); err != nil {
		p.t.Fatal(err)
	}
	p.Service = nil // a test may open hundreds, and each holds the numbers of all its stories
	return n.Stories
}

// TestWaitsEqualTheGroundTruth compares, over many generated organisations, every
// wait that `waits` lists after one look at Jira over HTTP with what the simulated
// people know they waited for, as far as one look can see. A deleted comment or
// story never existed, and an edited comment always had its present text. A second
// look changes nothing.
func TestWaitsEqualTheGroundTruth(t *testing.T) {
	seeds := suite.Count(t, "YOURTURN_SEEDS", 4, 50)
	c := newComparison()
	organisations(t, seeds, func(t *testing.T, seed int, flavor jirasim.Flavor) {
		tm, err := team.New(team.Options{Seed: int64(seed), Flavor: flavor, End: end(), Now: end, Losses: true})
		if err != nil {
			t.Fatal(err)
		}
		o := serveTeam(t, tm, flavor)
		p := newPoller(t, o.config, end)
		p.look()
		c.compare(t, o, []time.Time{end()}, p.leave())
		before := derived(t, o.config)
		if n := newPoller(t, o.config, end).look(); n != 0 {
			t.Errorf("a second look found %d new events", n)
		}
		if diff := differences(before, derived(t, o.config)); len(diff) > 0 {
			t.Errorf("a second look changed the waits:\n%s", strings.Join(diff, "\n"))
		}
	})
	c.report(t, leastOf(seeds))
}

// TestPolledWaitsEqualTheGroundTruth lets organisations live step by step and looks
// at Jira over HTTP every half day, day or five half days. In the end it compares
// every wait with what such looks can see: what comments said in between, and when
// they, or stories, were found deleted. The simulated Jira changes a story's updated
// when a comment is edited or deleted, so that the next look finds it. Each look is
// also a census.
func TestPolledWaitsEqualTheGroundTruth(t *testing.T) {
	seeds := max(1, suite.Count(t, "YOURTURN_SEEDS", 4, 50)/polledOneIn)
	c := newComparison()
	organisations(t, seeds, func(t *testing.T, seed int, flavor jirasim.Flavor) {
		pace := seed
		if flavor == jirasim.DataCenter {
			pace++
		}
		every := []time.Duration{12 * time.Hour, 24 * time.Hour, 60 * time.Hour}[pace%3]
		var clock atomic.Pointer[time.Time]
		tm, err := team.Begin(team.Options{Seed: int64(seed), Flavor: flavor, End: end(), Losses: true, Now: func() time.Time { return *clock.Load() }})
		if err != nil {
			t.Fatal(err)
		}
		var looks []time.Time
		for at := tm.Start().Add(every); at.Before(end()); at = at.Add(every) {
			looks = append(looks, at)
		}
		looks = append(looks, end())
		o := serveTeam(t, tm, flavor)
		p := newPoller(t, o.config, func() time.Time { return *clock.Load() })
		for _, at := range looks {
			clock.Store(&at)
			tm.Until(at)
			p.look()
		}
		c.compare(t, o, looks, p.leave())
	})
	c.report(t, 1)
}
