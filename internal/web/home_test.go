package web

import (
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

func TestPageShowsWaitsAndEscapesNames(t *testing.T) {
	const hour = time.Hour
	rules := &latency.Rules{
		Projects: map[string]*latency.Project{"1": {ID: "1", Key: "PAY", TargetAcceptance: 8 * time.Hour, TargetQuestion: 4 * time.Hour}},
		Names:    map[string]string{"ada": "Ada <Ohm>"},
	}
	waits := []latency.Part{
		{Wait: latency.Wait{StoryID: 1, Story: "PAY-1", Kind: latency.Question}, ProjectID: "1", Owner: "ada", End: latency.Never, Working: 2 * hour, StoryWorking: 2 * hour, Target: 4 * hour},
		{Wait: latency.Wait{StoryID: 2, Story: "PAY-2", Kind: latency.Acceptance}, ProjectID: "1", Owner: "ada", End: latency.Never, Working: 9 * hour, StoryWorking: 9 * hour, Target: 8 * hour},
	}
	report := latency.NewReport(rules, 1000, latency.NewTotals(), waits, nil, &latency.Statistics{}, 20)
	s := serving(Sources{
		Report: func() *latency.Report { return report },
		Status: func() Status { return Status{JiraURL: "https://example.org/jira/", LastErr: "no route"} },
	})
	_, body := get(s, "/")
	for _, want := range []string{"Ada &lt;Ohm&gt;", `href="https://example.org/jira/browse/PAY-2"`, "9.0 h", "The last poll failed.", "no route"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "orgotten") || strings.Contains(body, "Nothing waits") {
		t.Error("the page speaks of forgotten waits, and there are none")
	}
	if strings.Index(body, "PAY-2") > strings.Index(body, "PAY-1") {
		t.Error("the longest wait does not come first")
	}
}

// TestPageShowsForgottenWaitsApart has forgotten waits, with and without others.
func TestPageShowsForgottenWaitsApart(t *testing.T) {
	rules := &latency.Rules{Projects: map[string]*latency.Project{"1": {ID: "1", Key: "PAY", TargetAcceptance: 8 * time.Hour, TargetQuestion: 4 * time.Hour}}}
	since := latency.At(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))
	wait := func(id int64, story string, working time.Duration, forgotten bool) latency.Part {
		return latency.Part{
			Wait: latency.Wait{StoryID: id, Story: story, Kind: latency.Acceptance, Since: since}, ProjectID: "1", Owner: "ada", End: latency.Never,
			Working: working, StoryWorking: working, Target: 8 * time.Hour, Forgotten: forgotten,
		}
	}
	old, older := wait(1, "PAY-1", 200*time.Hour, true), wait(2, "PAY-2", 300*time.Hour, true)
	for name, tc := range map[string]struct {
		waits       []latency.Part
		limit       int
		order, want []string
	}{
		"beside another": {
			[]latency.Part{old, wait(3, "PAY-3", time.Hour, false), older},
			20,
			[]string{"Waiting now", "PAY-3", "Forgotten: 2", "PAY-2", "PAY-1", "By owner"},
			[]string{"2 Mar 2026", "(2 forgotten)"},
		},
		"alone": {[]latency.Part{old, older}, 20, []string{"Nothing waits that is not forgotten.", "PAY-2", "PAY-1"}, nil},
		"more than are listed": {
			[]latency.Part{old, older}, 1, []string{"Forgotten: 2", "The oldest:", "PAY-2"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			report := latency.NewReport(rules, since+1, latency.NewTotals(), tc.waits, nil, &latency.Statistics{}, tc.limit)
			_, body := get(serving(Sources{Report: func() *latency.Report { return report }, Status: func() Status { return Status{} }}), "/")
			rest := body
			for _, want := range tc.order {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("%q is not on the page, or not in its place", want)
				}
				rest = after
			}
			for _, want := range tc.want {
				if !strings.Contains(body, want) {
					t.Errorf("the page lacks %q", want)
				}
			}
		})
	}
}
