package idset_test

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/yourturn/yourturn/internal/idset"
)

// TestSet compares a set with a map while both change in the same way.
func TestSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var set idset.Set
		want := map[int64]bool{}
		id := rapid.OneOf(rapid.Int64Range(0, 50), rapid.Int64Range(0, math.MaxInt64))
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				id := id.Draw(t, "id")
				if set.Add(id) == want[id] {
					t.Errorf("Add(%d) = %t", id, want[id])
				}
				want[id] = true
			},
			"clear": func(*rapid.T) {
				set.Clear()
				clear(want)
			},
			"": func(t *rapid.T) {
				if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Collect(set.All())); diff != "" || set.Len() != len(want) {
					t.Errorf("%d ids (-want +got):\n%s", set.Len(), diff)
				}
				for id := range int64(60) {
					if set.Has(id) != want[id] {
						t.Errorf("Has(%d) = %t", id, !want[id])
					}
				}
			},
		})
	})
}
