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

// distinct is how long a secret that people choose is at least to be looked for in
// what Jira answers: shorter ones are words, and words stand in issues.
const distinct = 16

// Secrets returns the texts of the secrets that must not be in what others answer,
// for package redact: the token, and of those that people choose the long ones.
func (c *Config) Secrets() []string {
	all := []string{c.Jira.Token.Reveal()}
	for _, s := range c.chosen() {
		if len(s) >= distinct {
			all = append(all, s)
		}
	}
	return all
}

// AllSecrets returns Secrets, the short ones too, and who the proxies of the environment
// know this program as. It is for what leaves the company, where a word that is missing does
// no harm.
func (c *Config) AllSecrets() []string {
	all := append([]string{c.Jira.Token.Reveal()}, c.chosen()...)
	for _, p := range c.proxies {
		all = append(all, p.user)
	}
	return all
}

// chosen returns the secrets that people choose.
func (c *Config) chosen() []string {
	all := []string{c.Webhook.Secret.Reveal(), c.Privacy.Key.Reveal()}
	for _, p := range append(proxiesOf(c.Jira.ProxyURL), c.proxies...) {
		all = append(all, p.password.Reveal())
	}
	return all
}

// proxy is what a proxy asks for.
type proxy struct {
	user     string
	password Secret
}

// proxiesOf returns what proxies ask for, by the credentials in their URLs.
func proxiesOf(urls ...string) []proxy {
	var out []proxy
	for _, text := range urls {
		if u, err := url.Parse(text); err == nil && u.User != nil {
			password, _ := u.User.Password()
			out = append(out, proxy{u.User.Username(), Secret(password)})
		}
	}
	return out
}
