package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPinned holds that what .ci runs and is not Debian's has a version.
func TestPinned(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".ci", "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	tools := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if m := regexp.MustCompile(`\btool (\S+\.\S+/\S+) (\S+)`).FindStringSubmatch(line); m != nil {
				tools++
				if !regexp.MustCompile(`^v\d+\.\d+\.\d+\)?$`).MatchString(strings.TrimSuffix(m[2], `)"`)) {
					t.Errorf("%s: %s has no version: %s", name, m[1], m[2])
				}
			}
			if at := regexp.MustCompile(`go (?:install|run) \S+@(\S+)`).FindStringSubmatch(line); at != nil && at[1] != `$2"` {
				t.Errorf("%s: let tool install it: %s", name, strings.TrimSpace(line))
			}
			if strings.Contains(line, "@latest") {
				t.Errorf("%s: %s", name, strings.TrimSpace(line))
			}
		}
	}
	if tools < 2 {
		t.Errorf("%d tools are installed: mend the test", tools)
	}
}
