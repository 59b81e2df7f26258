package dashboards

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// runbookPage is where the runbooks of the bundled alerts are.
const runbookPage = "https://github.com/yourturn/yourturn/blob/main/docs/runbooks.md"

// TestRunbooks holds that each alert leads to its own section of docs/runbooks.md, that
// each section has its four parts, and that there is no section without an alert.
func TestRunbooks(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "runbooks.md"))
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{} // by anchor
	parts := regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatchIndex(string(text), -1)
	for i, m := range parts {
		end := len(text)
		if i+1 < len(parts) {
			end = parts[i+1][0]
		}
		sections[strings.ToLower(string(text[m[2]:m[3]]))] = string(text[m[1]:end])
	}
	eachAlert(t, func(_ string, r rule) {
		anchor := strings.ToLower(r.Alert)
		if got, want := r.Annotations["runbook_url"], runbookPage+"#"+anchor; got != want {
			t.Errorf("%s leads to %q, want %q", r.Alert, got, want)
		}
		section, found := sections[anchor]
		if !found {
			t.Errorf("docs/runbooks.md has no section %s", r.Alert)
		}
		for _, part := range []string{"**It means**", "**In five seconds**", "**What to do**", "**It is not**"} {
			if found && !strings.Contains(section, part) {
				t.Errorf("the section %s lacks %s", r.Alert, part)
			}
		}
		delete(sections, anchor)
	})
	for anchor := range sections {
		t.Errorf("docs/runbooks.md has the section %s, and there is no such alert", anchor)
	}
}
