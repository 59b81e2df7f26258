package store

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// touched returns the stories that were written since they were derived.
func touched(t *testing.T, s *Store) []int64 {
	t.Helper()
	ids, err := s.Touched(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// TestWhatIsWrittenIsNoted holds that a story that is written, or found gone, is noted
// until it is derived, from when on something is kept.
func TestWhatIsWrittenIsNoted(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	check := func(what string, want ...int64) {
		t.Helper()
		if got := touched(t, s); !slices.Equal(got, want) {
			t.Errorf("%s: noted are %v, want %v", what, got, want)
		}
	}
	count := func(k *jiradata.Kept) {
		t.Helper()
		if _, err := s.Count(t.Context(), nil, latency.Standing{AsOf: 5000}, true, k); err != nil {
			t.Fatal(err)
		}
	}
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(1, "PAY-1"), story(2, "PAY-2"), story(3, "PAY-3")}})
	check("before anything is kept")
	count(&jiradata.Kept{Reset: true, Head: []byte("h"), Totals: []byte("t"), Stories: map[int64][]byte{1: []byte("one")}})
	check("kept")
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(1, "PAY-1"), story(2, "PAY-20")}})
	check("one story has another key", 2)
	if err := s.SaveCensus(t.Context(), jiradata.Census{At: 6000, Gone: []int64{3}}); err != nil {
		t.Fatal(err)
	}
	check("one is gone", 2, 3)
	count(&jiradata.Kept{Derived: []int64{2}})
	check("one was derived", 3)
	count(&jiradata.Kept{Reset: true})
	check("all are derived")
	if err := s.NewLedger(t.Context()); err != nil {
		t.Fatal(err)
	}
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(2, "PAY-2")}})
	check("nothing is kept any more")
}
