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
	for _, want := range []string{"Ada &lt;Ohm&gt;", `href="https://example.org/jira/browse/PAY-2"`, "9.0 h", "The last poll failed: no route"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Index(body, "PAY-2") > strings.Index(body, "PAY-1") {
		t.Error("the longest wait does not come first")
	}
}
