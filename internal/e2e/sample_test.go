package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
)

var update = flag.Bool("update", false, "write the samples in docs")

// unstyled returns a page without its sheet, which changes with every page.
func unstyled(page string) string {
	return regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(page, "")
}

// TestSampleRetrospective holds the samples in docs to what report writes of the demo's
// organisation, as it is at one instant, apart from the sheet.
func TestSampleRetrospective(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)
	tm, err := team.New(team.Options{Seed: 1, Flavor: jirasim.Cloud, MinStories: 1600, Ordinary: true, End: end, Now: func() time.Time { return end }})
	if err != nil {
		t.Fatal(err)
	}
	o := serveTeam(t, tm, jirasim.Cloud)
	yourturn(t, 0, "sync", "--config.file", o.config)
	text, err := os.ReadFile(o.config)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "url: ")
	jira, _, _ := strings.Cut(after, "\n")
	for ending, format := range map[string]string{"md": "markdown", "html": "html"} {
		got := yourturn(t, 0, "report", "--config.file", o.config, "--project", "PAY", "--from", "2026-10-19", "--to", "2026-11-01", "--format", format)
		got = strings.ReplaceAll(got, jira, "https://jira.example.com")
		path := filepath.Join("..", "..", "docs", "sample-retrospective."+ending)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(unstyled(string(want)), unstyled(got)); d != "" {
			t.Errorf("%s (-docs +report); run with -update if it is meant:\n%s", path, d)
		}
	}
}
