package config

import (
	"fmt"
	"io"
)

const hidden = "<secret>"

// Secret is a text that no log, dump or error may show: however it is printed or
// marshalled, the output is <secret>. The empty Secret prints as nothing.
type Secret string

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String returns <secret>.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString returns <secret>.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// Format prints <secret> for every verb. Without it, fmt would print the text
// itself for a wrong verb, such as %d.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		io.WriteString(f, `"`+s.String()+`"`) //nolint:errcheck // a fmt.State cannot fail
		return
	}
	io.WriteString(f, s.String()) //nolint:errcheck // a fmt.State cannot fail
}

// MarshalText returns <secret>.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON returns "<secret>".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// MarshalYAML returns <secret>.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }
