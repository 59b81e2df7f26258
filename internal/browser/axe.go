package browser

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/yourturn/yourturn/internal/suite"
)

// Violation is what a page has that keeps somebody from reading it.
type Violation struct {
	Rule   string   `json:"rule"`
	Impact string   `json:"impact"`
	Nodes  []string `json:"nodes"`
}

// rules is what axe-core judges by: all impacts, and what is good practice beyond the
// guidelines.
const rules = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]})
	.then(found => found.violations.map(v => ({rule: v.id, impact: v.impact || "", nodes: v.nodes.map(n => n.html + ": " + n.failureSummary)})))`

// axe is the text of axe-core, which npm ci puts into this folder.
var axe = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // of a file that does not change
	_, here, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(here), "node_modules", "axe-core", "axe.min.js"))
	return string(text), err
})

// Axe skips the test, or fails it, if axe-core is not installed.
func Axe(t testing.TB) {
	t.Helper()
	if _, err := axe(); err != nil {
		if suite.Full() {
			t.Fatalf("axe-core is required: run npm ci --ignore-scripts in internal/browser: %v", err)
		}
		t.Skip("axe-core is not installed: run npm ci --ignore-scripts in internal/browser")
	}
}

// AxeVersion returns the version of axe-core that Violations asks.
func AxeVersion(t testing.TB) string {
	t.Helper()
	text, err := axe()
	if err != nil {
		t.Fatal(err)
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(text, "/*! axe v"), "\n")
	return version
}

// Violations returns what axe-core finds on the page.
func (p *Page) Violations() []Violation {
	p.t.Helper()
	text, err := axe()
	if err != nil {
		p.t.Fatal(err)
	}
	p.run(func(ctx context.Context) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](text))
		return err
	})
	return Evaluate[[]Violation](p, rules)
}
