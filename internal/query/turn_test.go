package query_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
)

// TestTurnIsTheOwnersAlone compares each owner's turn with the report, and looks in its
// JSON for other owners.
func TestTurnIsTheOwnersAlone(t *testing.T) {
	_, _, report := reported(t)
	all := sight{projectsOf(report), projectsOf(report)}
	owners := query.OwnersOf(report, all)
	if len(owners) < 3 {
		t.Fatalf("owners: %q", owners)
	}
	answered := 0
	for _, owner := range owners {
		turn, err := query.Now{Report: report, See: all}.Turn(t.Context(), owner, nil)
		if err != nil || turn == nil {
			t.Fatalf("%s: %v", owner, err)
		}
		want, got := latency.OpenState{}, latency.OpenState{Open: turn.Totals.Open, Overdue: turn.Totals.Overdue, Forgotten: turn.Totals.Forgotten}
		parts := 0
		for k, o := range report.Open {
			if k.Owner == owner {
				want.Open, want.Overdue, want.Forgotten = want.Open+o.Open, want.Overdue+o.Overdue, want.Forgotten+o.Forgotten
				parts++
			}
		}
		if d := cmp.Diff(want, got); d != "" || len(turn.Parts) != parts {
			t.Errorf("%s has %d parts, want %d; totals (-want +got):\n%s", owner, len(turn.Parts), parts, d)
		}
		for _, p := range turn.Parts {
			if d := report.Statistics.Waits[latency.WaitsKey{Kind: p.Kind, Project: p.Project, Owner: owner, Window: "90d"}]; d != nil {
				answered += d.Ended
				age, reached, _ := d.Quantile(0.5)
				if p.Longer.Answered != d.Ended || p.Longer.Open != d.Open || p.Longer.Begun != d.Began || reached != (p.Longer.Half != nil) || reached && p.Longer.Half.Duration() != age {
					t.Errorf("%s in %s: %+v, want %+v", owner, p.Project, p.Longer, d)
				}
			}
			if p.Recent.Begun > p.Longer.Begun {
				t.Errorf("%s in %s: more began in 28 days than in 90: %+v", owner, p.Project, p)
			}
		}
		text, err := json.Marshal(turn)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range owners {
			if other != owner && strings.Contains(string(text), `"owner":"`+other+`"`) {
				t.Errorf("the turn of %s speaks of %s", owner, other)
			}
		}
	}
	if answered == 0 {
		t.Error("nothing was answered in 90 days: no window was compared")
	}
	// A lead sees the owner in their project alone; nobody and a member see nothing.
	owner, project := owners[0], projectsOf(report)[0]
	for _, see := range []sight{{}, {projects: projectsOf(report)}} {
		if turn, err := (query.Now{Report: report, See: see}).Turn(t.Context(), owner, nil); turn != nil || err != nil {
			t.Errorf("%+v sees %+v, %v", see, turn, err)
		}
	}
	for _, owner := range owners {
		turn, err := query.Now{Report: report, See: sight{projects: projectsOf(report), owners: []string{project}}}.Turn(t.Context(), owner, nil)
		if err != nil {
			t.Fatal(err)
		}
		for k := range report.Open {
			if k.Owner == owner && k.Project == project && turn == nil {
				t.Errorf("the lead of %s does not see %s", project, owner)
			}
		}
		if turn == nil {
			continue
		}
		for _, p := range turn.Parts {
			if p.Project != project {
				t.Errorf("a lead of %s sees %s in %s", project, owner, p.Project)
			}
		}
		for _, w := range turn.First {
			if w.Project != project {
				t.Errorf("a lead of %s sees the wait on %s", project, w.Story)
			}
		}
	}
	if turn, err := (query.Now{Report: report, See: all}).Turn(t.Context(), "nobody", nil); turn != nil || err != nil {
		t.Errorf("nobody: %+v, %v", turn, err)
	}
}
