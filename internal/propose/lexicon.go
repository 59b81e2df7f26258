package propose

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/yourturn/yourturn/internal/latency"
)

//go:embed lexicon.yml
var lexiconFile []byte

// hint is what a name hints at.
type hint string

// The hints of the lexicon.
const (
	hintAcceptance hint = "acceptance"
	hintReview     hint = "review"
	hintTest       hint = "test"
	hintQuestion   hint = "question"
	hintPaused     hint = "paused"
	hintWithdrawn  hint = "withdrawn"
	hintOwner      hint = "owner"
	hintNotOwner   hint = "notowner"
	hintAutomation hint = "automation"
)

// lexicon holds the words of names by what they hint at, over all languages.
type lexicon map[hint][]string

// readLexicon reads the built-in lexicon.
func readLexicon() (lexicon, error) {
	var byLanguage map[hint]map[string][]string
	if err := yaml.Unmarshal(lexiconFile, &byLanguage); err != nil {
		return nil, fmt.Errorf("the built-in lexicon: %w", err)
	}
	out := lexicon{}
	for h, languages := range byLanguage {
		for _, language := range slices.Sorted(maps.Keys(languages)) {
			for _, word := range languages[language] {
				out[h] = append(out[h], strings.ToLower(word))
			}
		}
	}
	return out, nil
}

// hints reports whether a name contains a word of the hint.
func (l lexicon) hints(name string, h hint) bool {
	folded := " " + strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '/' || r == '(' || r == ')' {
			return ' '
		}
		return r
	}, latency.Fold(name)) + " "
	return slices.ContainsFunc(l[h], func(word string) bool { return strings.Contains(folded, word) })
}
