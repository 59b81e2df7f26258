package jiradata

// Kept is what a derivation came to, as it is kept for the next start. What the bytes
// mean is the business of whoever derives.
type Kept struct {
	// Reset drops what was kept before.
	Reset bool
	// Stories are those of which something else is kept than before; nil: nothing is.
	Stories map[int64][]byte
	// Names come behind those that are kept.
	Names []string
	// Totals are the sums over the ledger before the entries that are counted with
	// this; nil: those that are kept, and what was counted since.
	Totals []byte
	// Derived are the stories that were derived, so that none of them has changed since.
	Derived []int64
	// Head is all else; nil: it is as before. What has no head yet is not complete.
	Head []byte
}

// KeptState is what was kept, but for the stories.
type KeptState struct {
	Head, Totals []byte
	Names        []string
	Changed      []int64 // the stories that were written since, in order
}
