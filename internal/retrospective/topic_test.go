package retrospective

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/latency"
)

var update = flag.Bool("update", false, "write the table of the docs")

// TestTopics has, for each rule, numbers at its threshold and just below it.
func TestTopics(t *testing.T) {
	const under, at = 0, 1
	waits := func(c Cell) []Waits {
		return []Waits{{Kind: latency.Acceptance, Target: Length{8 * time.Hour, true}, Cells: []Cell{c}}}
	}
	cases := map[string][2]Report{}
	add := func(rule string, below, just Project) {
		cases[rule] = [2]Report{{Projects: []Project{below}}, {Projects: []Project{just}}}
	}
	add("share", Project{Share: []Share{{Low: 0.09, High: 0.5}}}, Project{Share: []Share{{Low: 0.1, High: 0.5}}})
	add("other_blocker", Project{Share: []Share{{Blocker: "owner", BlockedBy: 0.5}}}, Project{Share: []Share{{Blocker: "test", BlockedBy: 0.05}}})
	add("target", Project{Waits: waits(Cell{Met: 9, Breached: 2})}, Project{Waits: waits(Cell{Met: 8, Breached: 2})})
	add("later", Project{Waits: []Waits{{Cells: []Cell{{}}, Change: Change{Direction: NotShown}}}}, Project{Waits: []Waits{{Cells: []Cell{{}}, Change: Change{Direction: Later}}}})
	add("rejected", Project{Waits: waits(Cell{FirstPass: latency.FirstPass{Accepted: 10, Stories: 13}})}, Project{Waits: waits(Cell{FirstPass: latency.FirstPass{Accepted: 9, Stories: 12}})})
	add("silent", Project{}, Project{Guards: []Guards{{SilentRejections: 1}}})
	add("reopened", Project{}, Project{Guards: []Guards{{Reopened: 1}}})
	add("asked_again", Project{}, Project{Guards: []Guards{{AskedAgain: 1}}})
	add("bypassed", Project{Guards: []Guards{{Bypassed: 2}}}, Project{Guards: []Guards{{Bypassed: 3}}})
	absent := func(d time.Duration) Report {
		half := Saving{Project: "PAY", Absent: Length{d / 2, true}}
		owners := half
		owners.Owner = "po" // counted in its project's already
		return Report{Projects: []Project{{Key: "PAY"}}, WhatIf: []Saving{half, owners, half}}
	}
	cases["absence"] = [2]Report{absent(8*time.Hour - time.Minute), absent(8 * time.Hour)}
	cases["open"] = [2]Report{{Projects: []Project{{Key: "PAY"}}, Open: []Waited{{Project: "WEB"}}}, {Projects: []Project{{Key: "PAY"}}, Open: []Waited{{Project: "PAY"}}}}
	for _, rule := range topicRules() {
		reports, ok := cases[rule.name]
		if !ok {
			t.Errorf("%s has no case", rule.name)
			continue
		}
		for i := range reports {
			r := &reports[i]
			if r.Projects[0].Share == nil {
				r.Projects[0].Share = []Share{{}}
			}
			if r.Projects[0].Guards == nil {
				r.Projects[0].Guards = []Guards{{}}
			}
			asked := ""
			for _, topic := range topics(r) {
				asked += topic.Rule
			}
			if want := map[int]string{under: "", at: rule.name}[i]; asked != want {
				t.Errorf("%s: asked %q, want %q", rule.name, asked, want)
			}
		}
	}
}

// TestTopicsAreInTheDocs holds the table of docs/report.md to the rules.
func TestTopicsAreInTheDocs(t *testing.T) {
	const page = "../../docs/report.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const header = "|---|---|---|\n"
	head, table, ok := strings.Cut(string(text), header)
	if !ok {
		t.Fatalf("%s has no table", page)
	}
	var want strings.Builder
	for _, r := range topicRules() {
		fmt.Fprintf(&want, "| `%s` | %s | %s |\n", r.name, r.threshold, r.question)
	}
	if *update {
		if err := os.WriteFile(page, []byte(head+header+want.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want.String(), table); d != "" {
		t.Errorf("%s (-rules +page); run with -update if it is meant:\n%s", page, d)
	}
}
