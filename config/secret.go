package config

import (
	"fmt"
	"io"
	"net/url"
)

const hidden = "<secret>"

// Secret is a text that no log, dump or error may show: however it is printed or
// marshalled, the output is <secret>. The empty Secret prints as nothing. What others
// repeat of it, as a Jira does that answers with the header that it got, is beyond this
// type: package redact takes it out, by what Config.Secrets returns.
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

// Secrets returns the texts of all secrets, for package redact.
func (c *Config) Secrets() []string {
	all := []string{c.Jira.Token.Reveal(), c.Webhook.Secret.Reveal(), c.Privacy.Key.Reveal()}
	if u, err := url.Parse(c.Jira.ProxyURL); err == nil && u.User != nil {
		password, _ := u.User.Password()
		all = append(all, password)
	}
	return all
}
