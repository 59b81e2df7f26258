package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/query"
)

// reported is what a report says of the waits of a kind in a project and a range.
type reported struct{ Begun, Responded, Open, Ended int }

// TestReportAgreesWithWaits counts by hand, from the waits as of the end of each range,
// what the report says.
func TestReportAgreesWithWaits(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	tm, err := team.New(team.Options{Seed: 3, Flavor: jirasim.DataCenter, End: end, Now: func() time.Time { return end }})
	if err != nil {
		t.Fatal(err)
	}
	o := serveTeam(t, tm, jirasim.DataCenter)
	yourturn(t, 0, "sync", "--config.file", o.config)
	const from, to = "2026-04-06", "2026-04-19"
	report := func(args ...string) string {
		return yourturn(t, 0, append([]string{"report", "--config.file", o.config}, args...)...)
	}
	text := report("--from", from, "--to", to, "--format", "json")
	if again := report("--from", from, "--to", to, "--format", "json"); again != text {
		t.Errorf("two reports of one range (-first +second):\n%s", cmp.Diff(text, again))
	}
	type extent struct{ From, To time.Time }
	var r struct {
		Range    extent
		Before   []extent
		Projects []struct {
			Project string
			Waits   []struct {
				Kind   string
				Ranges []struct {
					Begun     int
					Responded int
					Open      int `json:"open_at_end"`
					Outcomes  map[string]int
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Before) != 3 || len(r.Projects) < 3 {
		t.Fatalf("%d ranges before, %d projects", len(r.Before), len(r.Projects))
	}
	compared := 0
	for i, e := range append([]extent{r.Range}, r.Before...) {
		want := countedWaits(t, o, e.From, e.To)
		for _, p := range r.Projects {
			for _, w := range p.Waits {
				c := w.Ranges[i]
				got := reported{c.Begun, c.Responded, c.Open, 0}
				for _, n := range c.Outcomes {
					got.Ended += n
				}
				if d := cmp.Diff(want[p.Project+" "+w.Kind], got); d != "" {
					t.Errorf("%s %s in range %d (-waits +report):\n%s", p.Project, w.Kind, i, d)
				}
				compared += got.Begun
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d waits were compared", compared)
	}
	if md := report("--from", from, "--to", to, "--project", "pay"); !strings.HasPrefix(md, "# Retrospective: 6 Apr – 19 Apr 2026\n") || strings.Contains(md, "**WEB.**") {
		t.Errorf("the document of PAY is\n%.300s", md)
	}
}

// countedWaits counts the waits of each project and kind in a range of time.
func countedWaits(t *testing.T, o *organisation, from, to time.Time) map[string]reported {
	t.Helper()
	var parts []query.Part
	if err := json.Unmarshal([]byte(yourturn(t, 0, "waits", "--config.file", o.config, "--as-of", to.Format(time.RFC3339), "--format", "json")), &parts); err != nil {
		t.Fatal(err)
	}
	parse := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	out := map[string]reported{}
	for _, p := range parts {
		key := fmt.Sprint(p.Project, " ", p.Kind)
		c, start := out[key], parse(p.Start)
		if p.Part == 1 && !start.Before(from) && start.Before(to) {
			c.Begun++
		}
		switch {
		case !start.Before(to):
		case p.End == nil:
			c.Open++
		case parse(*p.End).After(from):
			c.Ended++
			if p.Outcome == "accepted" || p.Outcome == "rejected" || p.Outcome == "answered" {
				c.Responded++
			}
		}
		out[key] = c
	}
	return out
}
