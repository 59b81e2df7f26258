package retrospective

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/internal/latency"
)

// upper is a pseudonym that a test can read.
type upper struct{}

func (upper) Of(person string) string { return "P-" + strings.ToUpper(person) }

// TestReportNames makes a report under each kind of names: pseudonyms rename and change
// no number, and where owners are not told apart none is in it.
func TestReportNames(t *testing.T) {
	var tales []*tale
	for i := range 12 {
		tales = append(tales, waited(int64(i+1), day(i, 9), float64(i%4*5)))
	}
	opts := Options{Range: Range{Span: latency.Span{From: day(0), To: day(20)}}, Before: []Range{{Span: latency.Span{From: day(-20), To: day(0)}}}, PerOwner: true}
	text := func(change func(*latency.Rules)) string {
		t.Helper()
		rules := rulesFor(t)
		rules.Names = map[string]string{"po": "Paula", "dev": "Dorothea"}
		change(rules)
		out, err := json.Marshal(made(t, rules, opts, tales...))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	plain := text(func(*latency.Rules) {})
	if !strings.Contains(plain, `"owner":"po"`) || !strings.Contains(plain, `"by":"dev"`) || !strings.Contains(plain, "Paula") {
		t.Fatalf("the report names nobody: mend the test\n%s", plain)
	}
	hidden := text(func(r *latency.Rules) { r.Pseudonyms = upper{} })
	want := strings.NewReplacer(`"po"`, `"P-PO"`, `"Paula"`, `"P-PO"`, `"dev"`, `"P-DEV"`, `"Dorothea"`, `"P-DEV"`).Replace(plain)
	if hidden != want {
		t.Errorf("by pseudonyms the report is\n%s\nwant\n%s", hidden, want)
	}
	together := text(func(r *latency.Rules) { r.Together = true })
	for _, name := range []string{`"po"`, "Paula", `"dev"`, "Dorothea", `"owners"`} {
		if strings.Contains(together, name) {
			t.Errorf("where owners are not told apart the report has %s:\n%s", name, together)
		}
	}
	if !strings.Contains(together, `"owner":"all"`) {
		t.Errorf("the lists have no owner:\n%s", together)
	}
}
