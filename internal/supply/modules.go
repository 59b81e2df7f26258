package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// licensed is a module with the licences that its files bear, by their SPDX names.
type licensed struct {
	Path, Version string
	Dir           string // in the module cache
	Licences      []string
}

// modules returns the modules of the main module's build list, by path, with their
// folders. It downloads what is missing.
func modules(ctx context.Context) (map[string]licensed, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-json", "all")
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: run it in a checkout of yourturn", cmd, err)
	}
	out := map[string]licensed{}
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var m licensed
		err := d.Decode(&m)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading what %s printed: %w", cmd, err)
		}
		out[m.Path] = m
	}
}

// wholeText is how much of a licence's file, in per cent of its words, its licences
// must account for. The rest is names, years and headings.
const wholeText = 75

// readByPeople returns the SPDX name of a text that licensecheck does not know and that
// a person has read; "" for any other text, one with a word changed included.
func readByPeople(text []byte) string {
	return map[string]string{
		"8438c9c89b849131ead81d5435cb97fcf052df5b0b286dda8a2d4c29e6cb3fd0": "blessing", // SQLite is in the public domain
	}[fmt.Sprintf("%x", sha256.Sum256(text))]
}

// licences returns the licences in a module's folder. A file of a licence that is not
// recognised is an error: a person must read it. A list of the licences of what a module
// took over has words between them, so each of its licences counts and its share does not.
func licences(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	named := regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([-.].*)?$`)
	other := regexp.MustCompile(`(?i)\.go$|-logo$`) // source code, and the licence of a picture
	list := regexp.MustCompile(`(?i)3rd-party`)
	for _, e := range entries {
		if e.IsDir() || !named.MatchString(e.Name()) || other.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		if name := readByPeople(text); name != "" {
			found[name] = true
			continue
		}
		cover := licensecheck.Scan(text)
		for _, m := range cover.Match {
			found[m.ID] = true
		}
		if len(cover.Match) == 0 || cover.Percent < wholeText && !list.MatchString(e.Name()) {
			return nil, fmt.Errorf("%s: only %.0f %% of it are words of known licences (%s): read it", filepath.Join(dir, e.Name()), cover.Percent, strings.Join(slices.Sorted(maps.Keys(found)), ", "))
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no file of a licence", dir)
	}
	return slices.Sorted(maps.Keys(found)), nil
}
