package store

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
)

// titled is a story that was read with its title.
func titled(id int64, title string) jiradata.Story {
	s := story(id, fmt.Sprintf("PAY-%d", id))
	s.Titled, s.Title = true, title
	return s
}

// hasTitles fails unless the store has these titles, of the stories with ids up to 9.
func (s *Store) hasTitles(t *testing.T, when string, want map[int64]string) {
	t.Helper()
	got, err := s.Titles(t.Context(), []int64{1, 2, 3, 4, 5, 6, 7, 8, 9})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: titles (-want +got):\n%s", when, diff)
	}
}

func TestTitles(t *testing.T) {
	s := opened(t)
	state := jiradata.State{Account: "bot", DataTimestamp: 100}
	parent := titled(3, "")
	parent.Titled, parent.ParentOnly = false, true
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{titled(1, "Pay by invoice"), titled(2, ""), parent, story(4, "PAY-4"), story(5, "PAY-5")}, State: state})
	s.hasTitles(t, "at first", map[int64]string{1: "Pay by invoice"})
	if got, err := s.Titles(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("of no stories: %v, %v", got, err)
	}
	untitled, err := s.Untitled(t.Context())
	if diff := cmp.Diff([]int64{4, 5}, untitled); diff != "" || err != nil {
		t.Errorf("without a title (-want +got), %v:\n%s", err, diff)
	}
	if err := s.SaveTitles(t.Context(), map[int64]string{1: "Older", 2: "Secret", 3: "A parent", 4: "Split a payment", 99: "Nobody's"}); err != nil {
		t.Fatal(err)
	}
	s.hasTitles(t, "after titles alone", map[int64]string{1: "Pay by invoice", 4: "Split a payment"})

	changed := save(t, s, jiradata.Batch{Stories: []jiradata.Story{titled(1, "Pay by bill"), titled(4, ""), story(5, "PAY-5")}, State: state})
	if len(changed.Stories) > 0 {
		t.Errorf("a title alone changed the stories %v, from which numbers are derived", changed.Stories)
	}
	s.hasTitles(t, "with a new title, and with a level", map[int64]string{1: "Pay by bill"})

	save(t, s, jiradata.Batch{Stories: []jiradata.Story{titled(4, "Split"), titled(5, "Refund"), titled(6, "Cancel")}, State: state})
	if err := s.SaveCensus(t.Context(), jiradata.Census{At: 9, Gone: []int64{4}, Left: []int64{5}, Outside: []int64{6}, State: state}); err != nil {
		t.Fatal(err)
	}
	s.hasTitles(t, "after three went", map[int64]string{1: "Pay by bill"})
	if err := s.SaveTitles(t.Context(), map[int64]string{4: "Split"}); err != nil {
		t.Fatal(err)
	}
	s.hasTitles(t, "of one that is gone", map[int64]string{1: "Pay by bill"})
}

// TestNoTitlesAreKept holds that titles that must not be kept any more are in no byte of
// the store.
func TestNoTitlesAreKept(t *testing.T) {
	s := opened(t)
	b := jiradata.Batch{State: jiradata.State{Account: "bot"}}
	for id := range int64(2000) {
		b.Stories = append(b.Stories, titled(id+1, fmt.Sprintf("Rhubarb %d", id)))
	}
	save(t, s, b)
	held := func() int { return strings.Count(bytesOf(t, s), "Rhubarb") }
	if n := held(); n < 2000 {
		t.Fatalf("%d titles are in the files: mend the test", n)
	}
	if err := s.KeepTitles(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	s.hasTitles(t, "kept", map[int64]string{1: "Rhubarb 0", 2: "Rhubarb 1", 3: "Rhubarb 2", 4: "Rhubarb 3", 5: "Rhubarb 4", 6: "Rhubarb 5", 7: "Rhubarb 6", 8: "Rhubarb 7", 9: "Rhubarb 8"})
	if err := s.KeepTitles(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	s.hasTitles(t, "not kept", map[int64]string{})
	if n := held(); n > 0 {
		t.Errorf("%d titles are left in the files", n)
	}
}

// TestTitlesOfAnOlderStore holds that a store that was filled before there were titles
// keeps none by default, and that one that was made since keeps them.
func TestTitlesOfAnOlderStore(t *testing.T) {
	stack.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "test.db")
	s := open(t, path)
	wants := func(allowed, written, want bool) {
		t.Helper()
		if got, err := s.WantsTitles(t.Context(), allowed, written); got != want || err != nil {
			t.Errorf("allowed %t, written %t: it wants titles: %t (%v), want %t", allowed, written, got, err, want)
		}
	}
	reopen := func() {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, path)
	}
	older := func() {
		t.Helper()
		for _, text := range []string{
			`DROP TABLE title`, `ALTER TABLE sprint DROP COLUMN board`, `DROP TABLE kept`, `DROP TABLE kept_name`, `DROP TABLE kept_counted`, `DROP TABLE kept_part`, `DROP TABLE touched`,
			`DELETE FROM schema_version WHERE version >= 5`,
		} {
			if _, err := s.db.ExecContext(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Titles(t.Context(), []int64{1}); err != nil || len(got) > 0 {
			t.Errorf("titles of a store of an older version: %v, %v", got, err)
		}
		reopen()
	}
	wants(true, false, true)
	wants(false, false, false)
	wants(false, true, false)
	older() // and empty
	wants(true, false, true)

	save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(1, "PAY-1")}, State: jiradata.State{Account: "bot"}})
	older()
	wants(true, false, false)
	wants(true, true, true)
	for _, keep := range []bool{false, false} { // by default, then as it is written
		if err := s.KeepTitles(t.Context(), keep); err != nil {
			t.Fatal(err)
		}
		reopen()
		wants(true, false, false)
	}
	if err := s.KeepTitles(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	reopen()
	wants(true, false, true)
}

// TestEraseTakesNamesOutOfTitles holds that titles name no erased person, neither
// those that are stored nor those that come later.
func TestEraseTakesNamesOutOfTitles(t *testing.T) {
	s := opened(t)
	const ada = "5b10ac8d82e05b22cc7d4ef5"
	one := titled(1, "Let Ada Lovelace sign, as ada does")
	one.Users = []jiradata.User{{ID: ada, DisplayName: "Ada Lovelace"}}
	state := jiradata.State{Account: "bot"}
	batch := func() jiradata.Batch {
		return jiradata.Batch{Stories: []jiradata.Story{one, titled(2, "Sign twice"), story(3, "PAY-3")}, State: state}
	}
	save(t, s, batch())
	done, err := s.Erase(t.Context(), Erasure{Account: ada, At: time.UnixMilli(7000)})
	if err != nil {
		t.Fatal(err)
	}
	if done.Changed["title"] != 1 || done.Left["Ada Lovelace"] != 0 {
		t.Errorf("erasing changed %v and left %v", done.Changed, done.Left)
	}
	want := map[int64]string{1: "Let " + done.Tombstone + " sign, as ada does", 2: "Sign twice"}
	s.hasTitles(t, "erased", want)
	save(t, s, batch())
	if err := s.SaveTitles(t.Context(), map[int64]string{3: "Ask ada lovelace"}); err != nil {
		t.Fatal(err)
	}
	want[3] = "Ask " + done.Tombstone
	s.hasTitles(t, "read again", want)
}

// BenchmarkTitles reads the titles of a page of 100 stories of as many as are stored.
func BenchmarkTitles(b *testing.B) {
	s, err := Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "bench.db"), ReadWrite)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() }) //nolint:errcheck // the benchmark is over
	n := benchStories(b)
	for from := 0; from < n; from += 5000 {
		batch := jiradata.Batch{}
		for id := from; id < min(n, from+5000); id++ {
			batch.Stories = append(batch.Stories, jiradata.Story{History: latency.History{ID: int64(id), Key: "PAY-1"}, Titled: true, Title: "Pay by invoice for business customers"})
		}
		if _, err := s.SaveStories(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	ids := make([]int64, 100)
	for i := range ids {
		ids[i] = int64(i * n / len(ids))
	}
	for b.Loop() {
		if got, err := s.Titles(b.Context(), ids); err != nil || len(got) != len(ids) {
			b.Fatal(len(got), err)
		}
	}
}
