package store

import (
	"encoding/binary"
	"strings"
	"testing"
	"unsafe"
)

// TestInternedStringsAreWhatWasRead reads more strings than are kept, several
// times over.
func TestInternedStringsAreWhatWasRead(t *testing.T) {
	in := newInterner()
	for range 2 {
		for i := range uint32(3 * internSlots) {
			b := binary.BigEndian.AppendUint32(nil, i)
			got := in.of(b)
			if got != string(b) {
				t.Fatalf("%q came back as %q", b, got)
			}
			if again := in.of(b); unsafe.StringData(again) != unsafe.StringData(got) {
				t.Fatalf("%q was allocated twice", b)
			}
			if b[3]++; got == string(b) {
				t.Fatal("a string changes with what it was read from")
			}
		}
	}
	long := []byte(strings.Repeat("x", internLength+1))
	if a, b := in.of(long), in.of(long); a != string(long) || unsafe.StringData(a) == unsafe.StringData(b) {
		t.Error("a long text is kept")
	}
}
