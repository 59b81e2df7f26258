package store

import "hash/maphash"

// What the strings that an interner keeps may take: names, ids and accounts
// repeat from story to story, and texts that are longer rarely do.
const (
	internSlots  = 1 << 13
	internLength = 64 // bytes of one string
)

// interner gives equal bytes the same string, so that what repeats is
// allocated once. Each string has one place, by its hash, and what comes there
// later drives it out: what is read has no end, what is kept has.
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
