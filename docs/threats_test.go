package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tests returns the names of all tests of the repository.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestThreats holds that each line of the threat model names tests that exist, or
// says what is left to whoever runs yourturn.
func TestThreats(t *testing.T) {
	const page = "threat-model.md"
	known := tests(t)
	lines := 0
	for _, row := range regexp.MustCompile(`(?m)^\| (.+?) \| (.*?) \|(.*)\|$`).FindAllStringSubmatch(read(t, page), -1) {
		threat, defence := row[1], row[2]
		if threat == "threat" || strings.HasPrefix(threat, "**") {
			continue // the head, and headings
		}
		lines++
		held := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(row[3], -1)
		if len(held) == 0 && !strings.HasPrefix(defence, "*residual*: ") {
			t.Errorf("%s: %q has no test and is no residual risk", page, threat)
		}
		for _, m := range held {
			if !known[m[1]] {
				t.Errorf("%s: %q names %s, which does not exist", page, threat, m[1])
			}
		}
	}
	if lines < 30 {
		t.Errorf("only %d lines: mend the test", lines)
	}
}
