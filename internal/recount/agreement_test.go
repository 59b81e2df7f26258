package recount

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// setups returns how many random configs are compared: as many as the environment
// variable YOURTURN_RECOUNT_SETUPS says, else full if YOURTURN_TEST asks for
// everything, else few.
func setups(t *testing.T, few, full int) int {
	t.Helper()
	text := os.Getenv("YOURTURN_RECOUNT_SETUPS")
	switch {
	case text == "" && os.Getenv("YOURTURN_TEST") == "full":
		return full
	case text == "":
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("YOURTURN_RECOUNT_SETUPS=%q: give a number above 0", text)
	}
	return n
}

// TestProductOnAnExport compares the waits of real histories under random configs
// with what the product prints.
func TestProductOnAnExport(t *testing.T) {
	compareSetups(t, exportPath(t), []string{"", "assignee"}, nil, setups(t, 10, 40))
}

// TestProductOnInventedHistories compares the waits of made-up histories, in
// which everything happens that the rules speak of, under random configs.
func TestProductOnInventedHistories(t *testing.T) {
	path := filepath.Join(t.TempDir(), "issues.jsonl")
	if err := os.WriteFile(path, []byte(invent(newDice(1), 160)), 0o600); err != nil {
		t.Fatal(err)
	}
	compareSetups(t, path, []string{"", "assignee", "Product Owner", "Product Owner"}, []string{"bot", "ci"}, setups(t, 12, 40))
}

// compareSetups compares every part of every wait of an export under random
// configs, as of some instants each, with what the product prints after it has
// read the same issues over HTTP.
func compareSetups(t *testing.T, export string, fields, robots []string, n int) {
	issues, err := readExport(export)
	if err != nil {
		t.Fatal(err)
	}
	f, err := factsOf(issues)
	if err != nil {
		t.Fatal(err)
	}
	w := world{facts: f, robots: robots}
	if w.people, err = busiest(issues); err != nil {
		t.Fatal(err)
	}
	stories := storiesOf(t, f, issues)
	for _, s := range stories {
		first, last := s.events[0].at, s.events[len(s.events)-1].at
		if w.from.IsZero() || first.Before(w.from) {
			w.from = first
		}
		w.to = later(w.to, last)
	}
	bin := build(t)
	jira := simulate(t, bin, export)
	total := map[string]int{}
	parts, wrong := 0, 0
	for seed := range n {
		d := newDice(int64(seed))
		s := d.setup(w, fields)
		asOf := []time.Time{d.instant(w.from, w.to), d.instant(w.from, w.to), w.to.AddDate(1, 1, 0).Truncate(time.Second)}
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			config := writeConfig(t, s, jira)
			run(t, bin, "sync", "--config.file", config)
			r := rulesOf(t, s, f)
			for _, at := range asOf {
				want := recount(r, stories, at)
				list := differences(waits(t, bin, config, "--as-of", at.Format(time.RFC3339)), want)
				parts += len(want)
				wrong += len(list)
				for _, difference := range list[:min(len(list), 5)] {
					t.Errorf("as of %s: %s", stamp(at), difference)
				}
				for what, n := range counts(want) {
					total[what] += n
				}
			}
			if t.Failed() && testing.Verbose() {
				t.Logf("%s", s.text(t))
			}
		})
	}
	t.Logf("%d configs, %d parts of waits, %d of them differ:%s", n, parts, wrong, sum(total))
	if parts == 0 {
		t.Error("the export holds no wait: nothing is compared")
	}
}

// writeConfig writes the setup as a config file for a Jira and returns its path.
func writeConfig(t *testing.T, s setup, jira string) string {
	t.Helper()
	dir := t.TempDir()
	config, tokenFile := filepath.Join(dir, "yourturn.yml"), filepath.Join(dir, "token")
	s.Jira.URL, s.Jira.Flavor, s.Jira.TokenFile = jira, "datacenter", tokenFile
	s.Store = map[string]string{"url": "sqlite:" + filepath.Join(dir, "yourturn.db")}
	for path, text := range map[string]string{tokenFile: token + "\n", config: s.text(t)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config
}

// sum renders counts in the order of their names.
func sum(total map[string]int) string {
	var text string
	var names []string
	for name := range total {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text += fmt.Sprintf("\n%s: %d", name, total[name])
	}
	return text
}
