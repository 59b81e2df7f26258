// Package idset has sets of issue ids. A Jira counts its issues up, so a bitmap
// takes half a byte to two bytes an id, where a map takes over twenty. The ids of a
// whole Jira then fit into little memory.
package idset

import (
	"iter"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// Set is a set of ids that are not negative. The zero value is empty. It is not
// safe for concurrent use.
type Set struct{ bits roaring64.Bitmap }

// Add adds an id and reports whether it was not in the set.
func (s *Set) Add(id int64) bool {
	return s.bits.CheckedAdd(uint64(id)) //nolint:gosec // ids are not negative
}

// Has reports whether an id is in the set.
func (s *Set) Has(id int64) bool {
	return s.bits.Contains(uint64(id)) //nolint:gosec // ids are not negative
}

// Len returns how many ids there are.
func (s *Set) Len() int {
	return int(s.bits.GetCardinality()) //nolint:gosec // there are not that many
}

// Clear removes all ids.
func (s *Set) Clear() { s.bits.Clear() }

// All yields the ids in order.
func (s *Set) All() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for it := s.bits.Iterator(); it.HasNext(); {
			if !yield(int64(it.Next())) { //nolint:gosec // it was an id
				return
			}
		}
	}
}
