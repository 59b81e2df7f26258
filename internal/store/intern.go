package store

import "hash/maphash"

// The limits of what an interner keeps. Names, ids and accounts repeat from story to
// story; longer texts rarely do.
const (
	internSlots  = 1 << 13
	internLength = 64 // bytes of one string
)

// interner gives equal bytes the same string, so that what repeats is allocated once.
// Each string has one slot, by its hash, and a later one replaces it: however much is
// read, what is kept is bounded.
type interner struct {
	seed  maphash.Seed
	slots [internSlots]string
}

func newInterner() *interner { return &interner{seed: maphash.MakeSeed()} }

// of returns b as a string.
func (in *interner) of(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > internLength {
		return string(b)
	}
	slot := &in.slots[maphash.Bytes(in.seed, b)%internSlots]
	if *slot != string(b) { // compared without making a string
		*slot = string(b)
	}
	return *slot
}
