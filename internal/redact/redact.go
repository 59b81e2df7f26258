// Package redact takes a program's own secrets out of text that comes from
// elsewhere: a server, or a proxy before it, may repeat in an answer what it was
// sent, and what it answers is logged, shown and stored.
package redact

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// Placeholder stands in the place of a secret.
const Placeholder = "[redacted]"

// shortest is how long a form of a secret is at least to be looked for: shorter ones
// occur in texts by chance.
const shortest = 5

// Redactor finds secrets in their usual encodings: as they are, escaped for a URL or
// for JSON, in hexadecimal digits, and in base64, also where that begins before the
// secret, as in the header of a user and a password. A nil Redactor finds nothing. It
// is safe for concurrent use.
type Redactor struct{ found atomic.Pointer[matcher] }

// New returns a redactor of secrets. Empty ones are left out.
func New(secrets ...string) *Redactor {
	r := &Redactor{}
	r.Add(secrets...)
	return r
}

// Add makes r find more secrets, beside those that it finds.
func (r *Redactor) Add(secrets ...string) {
	for {
		old := r.found.Load()
		var all [][]byte
		if old != nil {
			all = slices.Clone(old.forms)
		}
		for _, s := range secrets {
			all = append(all, forms(s)...)
		}
		if r.found.CompareAndSwap(old, newMatcher(all)) {
			return
		}
	}
}

// Bytes returns b with every secret replaced. Where there is none it is b itself.
func (r *Redactor) Bytes(b []byte) []byte {
	if r == nil {
		return b
	}
	m := r.found.Load()
	if m == nil || len(m.forms) == 0 {
		return b
	}
	if start, _ := m.find(b, 0); start >= 0 {
		b = m.replace(b)
	}
	if plain := unescape(b); plain != nil { // JSON may escape any character
		if start, _ := m.find(plain, 0); start >= 0 {
			b = m.replace(plain)
		}
	}
	return b
}

// String is Bytes of a string.
func (r *Redactor) String(s string) string {
	if r == nil || s == "" {
		return s
	}
	b := []byte(s)
	if out := r.Bytes(b); &out[0] != &b[0] {
		return string(out)
	}
	return s
}

// forms returns the encodings in which a secret is looked for.
func forms(secret string) [][]byte {
	if secret == "" {
		return nil
	}
	quoted, err := json.Marshal(secret)
	if err != nil { // a string is always encoded
		quoted = nil
	}
	var plainly bytes.Buffer
	enc := json.NewEncoder(&plainly)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(secret); err != nil {
		plainly.Reset()
	}
	digits := hex.EncodeToString([]byte(secret))
	all := []string{
		secret, digits, strings.ToUpper(digits),
		strings.Trim(string(quoted), `"`), strings.Trim(strings.TrimSpace(plainly.String()), `"`), strings.Trim(strconv.QuoteToASCII(secret), `"`),
	}
	for _, escaped := range []string{url.QueryEscape(secret), url.PathEscape(secret)} {
		all = append(all, escaped, lowerEscapes(escaped))
	}
	for before := range 3 {
		all = append(all, inBase64(secret, before, base64.RawStdEncoding), inBase64(secret, before, base64.RawURLEncoding))
	}
	out := make([][]byte, 0, len(all))
	for _, form := range all {
		if len(form) >= shortest {
			out = append(out, []byte(form))
		}
	}
	return out
}

// inBase64 returns the digits that a secret alone decides where so many bytes stand
// before it.
func inBase64(secret string, before int, e *base64.Encoding) string {
	text := e.EncodeToString([]byte(strings.Repeat("\x00", before) + secret + "\x00\x00"))
	const digit, octet = 6, 8 // bits
	first := (before*octet + digit - 1) / digit
	last := (before + len(secret)) * octet / digit
	return text[first:last]
}

// lowerEscapes returns a URL-escaped text with its hexadecimal digits in lower case.
func lowerEscapes(text string) string {
	b := []byte(text)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

// unescape returns a JSON text in which printable ASCII is written as itself, and
// which means the same; nil if it is so already.
func unescape(b []byte) []byte {
	if !bytes.Contains(b, []byte(`\u00`)) && !bytes.Contains(b, []byte(`\/`)) {
		return nil
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		switch next := b[i+1]; {
		case next == '/':
			out = append(out, '/')
			i++
		case next == 'u' && i+6 <= len(b):
			c, err := strconv.ParseUint(string(b[i+2:i+6]), 16, 16)
			if err == nil && c > ' ' && c < 0x7f && c != '"' && c != '\\' {
				out = append(out, byte(c))
			} else {
				out = append(out, b[i:i+6]...)
			}
			i += 5
		default:
			out = append(out, b[i], next)
			i++
		}
	}
	return out
}

// matcher finds any of many forms in one pass (Wu and Manber, A fast algorithm for
// multi-pattern searching, 1994): two bytes of the text say how far it may skip.
type matcher struct {
	forms    [][]byte // longest first
	shortest int
	skip     []uint8             // by two bytes
	ends     map[uint16][][]byte // the forms whose first bytes, as many as the shortest has, end so
}

func newMatcher(all [][]byte) *matcher {
	slices.SortFunc(all, func(a, b []byte) int { return cmp.Or(cmp.Compare(len(b), len(a)), bytes.Compare(a, b)) })
	m := &matcher{forms: slices.CompactFunc(all, bytes.Equal), ends: map[uint16][][]byte{}}
	if len(m.forms) == 0 {
		return m
	}
	m.shortest = min(len(m.forms[len(m.forms)-1]), 255)
	m.skip = bytes.Repeat([]byte{uint8(m.shortest - 1)}, 1<<16) //nolint:gosec // it is 255 at most
	for _, form := range m.forms {
		for i := 1; i < m.shortest; i++ {
			block := uint16(form[i-1])<<8 | uint16(form[i])
			m.skip[block] = min(m.skip[block], uint8(m.shortest-1-i)) //nolint:gosec // likewise
		}
		last := uint16(form[m.shortest-2])<<8 | uint16(form[m.shortest-1])
		m.ends[last] = append(m.ends[last], form)
	}
	return m
}

// find returns where the first form at or after from begins and ends; -1 if there is
// none.
func (m *matcher) find(b []byte, from int) (start, end int) {
	for i := from + m.shortest - 1; i < len(b); {
		block := uint16(b[i-1])<<8 | uint16(b[i])
		if skip := m.skip[block]; skip > 0 {
			i += int(skip)
			continue
		}
		start := i - m.shortest + 1
		for _, form := range m.ends[block] {
			if bytes.HasPrefix(b[start:], form) {
				return start, start + len(form)
			}
		}
		i++
	}
	return -1, -1
}

// replace returns b with every form replaced.
func (m *matcher) replace(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for from := 0; ; {
		start, end := m.find(b, from)
		if start < 0 {
			return append(out, b[from:]...)
		}
		out = append(append(out, b[from:start]...), Placeholder...)
		from = end
	}
}
