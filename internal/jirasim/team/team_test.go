package team

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
)

func end() time.Time { return time.Date(2026, time.May, 20, 15, 4, 5, 0, time.UTC) }

func newTeam(t testing.TB, seed int64, f jirasim.Flavor) *Team {
	t.Helper()
	team, err := New(Options{Seed: seed, Flavor: f, End: end(), Now: end})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(team.Close)
	return team
}

func TestSameSeedSameHistory(t *testing.T) {
	a, b := newTeam(t, 3, jirasim.Cloud), newTeam(t, 3, jirasim.Cloud)
	if d := cmp.Diff(a.Truth(), b.Truth()); d != "" {
		t.Errorf("one seed gave two truths:\n%s", d)
	}
	if len(a.Truth()) < 150 {
		t.Errorf("only %d waits", len(a.Truth()))
	}
}

// TestEveryCardIsPlayed counts the scenes over many seeds: what is dealt must come out.
func TestEveryCardIsPlayed(t *testing.T) {
	counts, scenes := map[string]int{}, map[string]int{}
	for seed := range int64(50) {
		team := newTeam(t, seed, jirasim.Cloud)
		for _, w := range team.Truth() {
			counts[strings.Join([]string{w.Kind, w.Cause, w.Outcome, w.Responder}, " ")]++
		}
		for scene, n := range team.Scenes() {
			scenes[scene] += n
		}
		for _, tally := range team.Tallies() {
			scenes[tally.What]++
		}
	}
	var rare []string
	for _, c := range cards(false) {
		key := strings.Join([]string{c.kind, c.cause, c.outcome, c.by}, " ")
		if counts[key] < 20 {
			rare = append(rare, fmt.Sprintf("%s: %d", key, counts[key]))
		}
	}
	for scene, n := range scenes {
		if n < 20 {
			rare = append(rare, fmt.Sprintf("%s: %d", scene, n))
		}
	}
	t.Log(scenes)
	if len(rare) > 0 {
		slices.Sort(rare)
		t.Errorf("scenes that are too rare:\n%s", strings.Join(slices.Compact(rare), "\n"))
	}
}

func TestSomebodyIsAlwaysAtWork(t *testing.T) {
	team := newTeam(t, 1, jirasim.Cloud)
	for at := end(); at.Before(end().AddDate(1, 0, 0)); at = at.Add(time.Hour) {
		working := 0
		for _, o := range team.owners {
			if o.atWork(at).Equal(at) {
				working++
			}
		}
		if off := len(team.owners) - working; working < 2 || off < 2 {
			t.Fatalf("at %v %d are at work and %d are not", at, working, off)
		}
	}
}

// TestLiving runs the living team in the time of a bubble.
func TestLiving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		team, err := New(Options{Seed: 1, Flavor: jirasim.Cloud, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		open := func() (n int) {
			for _, w := range team.Truth() {
				if w.End.IsZero() {
					n++
				}
			}
			return n
		}
		defer team.Close()
		before, wasOpen, began := len(team.Truth()), open(), time.Now()
		ctx, cancel := contextFor(t, 20*time.Minute)
		defer cancel()
		if err := team.Live(ctx, 600); err != nil {
			t.Fatal(err)
		}
		begun, ended := 0, 0
		for _, w := range team.Truth() {
			if !w.Start.Before(began) {
				begun++
			}
			if w.End.After(began) {
				ended++
			}
			if w.Start.After(time.Now()) || w.End.After(time.Now()) {
				t.Errorf("a wait of the future: %+v", w)
			}
		}
		if begun < 20 || ended < 20 {
			t.Errorf("in twenty minutes %d waits began and %d ended; there were %d, %d of them open", begun, ended, before, wasOpen)
		}
		type story struct {
			id   int64
			kind string
		}
		last := map[story]time.Time{}
		for _, w := range team.Truth() {
			k := story{w.StoryID, w.Kind}
			if w.Start.Before(last[k]) {
				t.Errorf("waits of one story overlap: %+v", w)
			}
			if last[k] = w.End; w.End.IsZero() { // or ended so lately that it may yet be undone
				last[k] = w.Start.Add(w.Elapsed + w.Paused)
			}
		}
	})
}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(dep, "github.com/yourturn/yourturn/") && dep != "github.com/yourturn/yourturn/internal/jirasim" && dep != "github.com/yourturn/yourturn/internal/jirasim/team" {
			t.Errorf("the simulated Jira must know nothing of the product, and imports %s", dep)
		}
	}
}
