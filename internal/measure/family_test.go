package measure

import (
	"testing"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// TestAParentThatIsNew: a story gets a parent that no story had, which is stored
// with it, or later.
func TestAParentThatIsNew(t *testing.T) {
	for name, later := range map[string]bool{"stored with it": false, "stored later": true} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			child := tale(1, at, "doing", "review")
			save(t, s, child)
			rules := rulesOf(t, "review")
			rules.Projects["1"].OwnerField = "customfield_1"
			e := NewEngine(s, 20)
			if _, err := e.Load(t.Context(), rules, "a", at+2*hour, nil); err != nil {
				t.Fatal(err)
			}
			epic := tale(9, at, "doing")
			epic.ParentOnly = true
			epic.History.Now["customfield_1"] = []latency.Value{{ID: "ada"}}
			child.History.Now[latency.FieldParent] = []latency.Value{{ID: "9"}}
			batches := [][]jiradata.Story{{epic, child}}
			if later {
				batches = [][]jiradata.Story{{child}, {epic}}
			}
			var report *latency.Report
			for _, batch := range batches {
				var err error
				if report, err = e.Refresh(t.Context(), save(t, s, batch...), at+2*hour); err != nil {
					t.Fatal(err)
				}
			}
			if len(report.OpenWaits) != 1 || report.OpenWaits[0].Owner != "ada" {
				t.Errorf("open waits %+v, want one of ada", report.OpenWaits)
			}
		})
	}
}
