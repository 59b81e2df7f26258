package query_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/suite"
)

// private returns the config with a section about privacy.
func private(t *testing.T, cfg *config.Config, section string) *config.Config {
	t.Helper()
	text, err := os.ReadFile(cfg.File())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	key := filepath.Join(dir, "pseudonyms.key")
	write(t, key, strings.Repeat("0123456789abcdef", 4))
	return load(t, filepath.Join(dir, "yourturn.yml"), string(text)+"\nprivacy: "+strings.ReplaceAll(section, "KEY", key)+"\n")
}

// answersOf returns as JSON what is said of all stories, of those with an open wait apart,
// and of the agreement.
func answersOf(t *testing.T, r *query.Reader) (open, ended, agreement string) {
	t.Helper()
	var withOpen, without strings.Builder
	for h, err := range r.Store.Histories(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if !suite.Full() && h.ID%9 != 0 { // one of so many
			continue
		}
		why, err := r.Why(t.Context(), h.Key, r.State.DataTimestamp, nil)
		if err != nil {
			t.Fatal(err)
		}
		why.Title = "" // what titles may tell is another test's
		text, err := json.Marshal(why)
		if err != nil {
			t.Fatal(err)
		}
		if len(why.Open) > 0 {
			withOpen.Write(text)
		} else {
			without.Write(text)
		}
	}
	a, err := r.Agreement(t.Context(), r.State.DataTimestamp, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return withOpen.String(), without.String(), string(text)
}

// TestNobodyIsNamedWhereNobodyShouldBe holds that explanations and the agreement name nobody
// who has a pseudonym and, where owners are not told apart, no owner but of an open wait.
func TestNobodyIsNamedWhereNobodyShouldBe(t *testing.T) {
	cfg := synced(t)
	plain := open(t, cfg)
	shownOpen, shownEnded, shownAgreement := answersOf(t, plain)
	hidden := open(t, private(t, cfg, `{pseudonyms: true, key_file: "KEY"}`))
	hiddenOpen, hiddenEnded, hiddenAgreement := answersOf(t, hidden)
	together := open(t, private(t, cfg, `{per_owner: false}`))
	_, togetherEnded, togetherAgreement := answersOf(t, together)
	named := 0
	for person, name := range plain.Rules.Names {
		for _, word := range []string{`"` + name, name + `"`, `"` + person + `"`} {
			if strings.Contains(shownOpen+shownEnded+shownAgreement, word) {
				named++
			}
			if strings.Contains(hiddenOpen+hiddenEnded+hiddenAgreement, word) {
				t.Errorf("with pseudonyms somebody is named: %s", word)
			}
			if strings.Contains(togetherEnded+togetherAgreement, word) {
				t.Errorf("where owners are not told apart somebody is named: %s", word)
			}
		}
	}
	if named < 10 {
		t.Errorf("only %d names are shown otherwise: mend the test", named)
	}
}
