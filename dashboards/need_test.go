package dashboards

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/metrics"
)

// TestNeed holds that docs/metrics.md says which dashboards and rules need each family
// that may be left out.
func TestNeed(t *testing.T) {
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## Leaving families out")
	documented := map[string][2]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(po_[a-z_]+)` \\| [0-9]+ \\| (.*) \\| (.*) \\|$").FindAllStringSubmatch(section, -1) {
		documented[m[1]] = [2]string{m[2], m[3]}
	}
	want := map[string][2]string{}
	for _, family := range metrics.Optional() {
		boards, rules, err := Need(family)
		if err != nil {
			t.Fatal(err)
		}
		listed := func(list []string, mark string) string {
			for i := range list {
				list[i] = mark + list[i] + mark
			}
			if len(list) == 0 {
				return "none"
			}
			return strings.Join(list, ", ")
		}
		want[family] = [2]string{listed(boards, "*"), listed(rules, "`")}
	}
	if diff := cmp.Diff(want, documented); diff != "" {
		t.Errorf("what needs families (-code +docs):\n%s", diff)
	}
	// What is recorded of a family, and the texts of alerts, need it too.
	for family, rule := range map[string]string{"po_waits_breached_total": "AcceptanceObjectiveMissed", "po_owner_info": "StoryAwaitsAcceptance"} {
		if !strings.Contains(want[family][1], rule) {
			t.Errorf("%s does not need %s: %s", rule, family, want[family][1])
		}
	}
	if boards, rules, err := Need("po_wait"); err != nil || boards != nil || rules != nil {
		t.Errorf("the beginning of a name is needed by %v and %v (%v)", boards, rules, err)
	}
}
