package store

// What the interned strings of one reader may take: names, ids and accounts
// repeat from story to story, and texts that are longer rarely do.
const (
	internMax    = 1 << 14 // strings
	internLength = 64      // bytes of one
)

// interner gives equal bytes the same string, so that what repeats is
// allocated once. It forgets everything when it is full: what is read grows
// without bound, and what repeats comes back soon.
type interner map[string]string

// of returns b as a string.
func (in interner) of(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if s, ok := in[string(b)]; ok { // the compiler looks this up without making a string
		return s
	}
	s := string(b)
	if len(s) > internLength {
		return s
	}
	if len(in) >= internMax {
		clear(in)
	}
	in[s] = s
	return s
}
