package support

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/yourturn/yourturn/internal/redact"
)

// The kinds of names, with which placeholders begin.
const (
	owner   = "owner"
	account = "account"
	user    = "user"
	group   = "group"
	mail    = "email"
	host    = "host"
	folder  = "folder"
	query   = "query"
)

// shortestName is how many characters a name has at least to be looked for in text:
// one letter names nobody.
const shortestName = 2

// shortestEncoded is how many characters an identifier has at least to be looked for
// inside of words and in encodings too, where shorter ones occur by chance.
const shortestEncoded = 6

// Names puts placeholders such as owner-1 in the places of people, hosts and folders.
// The same name has the same placeholder wherever it stands, and placeholders are
// numbered in the order in which the names became known. It is not safe for concurrent
// use.
type Names struct {
	given   map[string]string // placeholders, by the name in lower case
	count   map[string]int    // of placeholders, by their kind
	forms   map[string]string // placeholders, by what stands for a name in text, in lower case
	lengths map[string][]int  // of the forms that begin with a token, in bytes, the longest first
	secrets *redact.Redactor  // those that the program takes out of its log
	encoded *redact.Redactor  // what is looked for beside them, inside of words and in encodings
	fresh   []string          // what encoded does not know yet
}

// NewNames returns Names that knows nobody yet. What secrets finds is taken out of text,
// and so are more secrets.
func NewNames(secrets *redact.Redactor, more ...string) *Names {
	return &Names{given: map[string]string{}, count: map[string]int{}, forms: map[string]string{}, lengths: map[string][]int{}, secrets: secrets, encoded: redact.New(more...)}
}

// Owner adds an owner of the config by key, with the accounts and the users that are
// theirs.
func (n *Names) Owner(key string, accounts, users []string) {
	is := n.add(owner, key)
	for i, a := range accounts {
		n.everywhere(a, fmt.Sprintf("%s-account-%d", is, i+1))
	}
	for i, u := range users {
		n.everywhere(u, fmt.Sprintf("%s-user-%d", is, i+1))
	}
}

// Account adds an account of Jira by id, with its user name, which only Data Center has,
// and its display name.
func (n *Names) Account(id, name, display string) {
	is := n.add(account, id)
	n.know(name, is+"-login")
	n.know(display, is+"-name")
}

// Automation adds an account of the config that is no person.
func (n *Names) Automation(id string) string { return n.everywhere(id, n.add(account, id)) }

// Mail adds an e-mail address of the config.
func (n *Names) Mail(address string) string { return n.everywhere(address, n.add(mail, address)) }

// Folder adds the path of a folder.
func (n *Names) Folder(path string) string { return n.add(folder, path) }

// Query adds a query in Jira's language.
func (n *Names) Query(text string) string { return n.add(query, text) }

// Group adds a group of people.
func (n *Names) Group(name string) string { return n.add(group, name) }

// Person returns the placeholder of somebody. Who is not known becomes known.
func (n *Names) Person(name string) string { return n.add(user, name) }

// Owned returns the placeholder of an owner, by key or account. Who is not known becomes
// known.
func (n *Names) Owned(name string) string {
	if name == "unowned" || name == "all" { // which are nobody
		return name
	}
	return n.add(owner, name)
}

// Host returns the placeholder of a host. What is this machine's loopback, or any
// address, stays as it is.
func (n *Names) Host(name string) string {
	if strings.EqualFold(name, "localhost") {
		return name
	}
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		return name
	}
	return n.add(host, name)
}

// add returns the placeholder of a name, which is a new one where the name is not known.
func (n *Names) add(kind, name string) string {
	if name == "" {
		return ""
	}
	if is, known := n.given[strings.ToLower(name)]; known {
		return is
	}
	n.count[kind]++
	is := fmt.Sprintf("%s-%d", kind, n.count[kind])
	n.know(name, is)
	return is
}

// everywhere makes a name known, and looks for it inside of words and in encodings too.
// It returns the placeholder.
func (n *Names) everywhere(name, is string) string {
	n.know(name, is)
	if len(name) >= shortestEncoded && strings.ContainsAny(name, "0123456789@:-_.") {
		n.fresh = append(n.fresh, name)
	}
	return is
}

// know makes a name known, as it is and as URLs and JSON escape it. The first
// placeholder of a name stays.
func (n *Names) know(name, is string) {
	folded := strings.ToLower(name)
	if _, known := n.given[folded]; name == "" || known {
		return
	}
	n.given[folded] = is
	if utf8.RuneCountInString(name) < shortestName {
		return
	}
	texts := []string{name, url.QueryEscape(name), url.PathEscape(name), strings.Trim(strconv.QuoteToASCII(name), `"`)}
	if quoted, err := json.Marshal(name); err == nil {
		texts = append(texts, strings.Trim(string(quoted), `"`))
	}
	for _, text := range texts {
		form := strings.ToLower(text)
		if _, known := n.forms[form]; known {
			continue
		}
		n.forms[form] = is
		token := form[:tokenEnd(form, 0)]
		if at, has := slices.BinarySearchFunc(n.lengths[token], len(text), func(a, b int) int { return b - a }); !has {
			n.lengths[token] = slices.Insert(n.lengths[token], at, len(text))
		}
	}
}

// unspaced reports whether words in the script of c have no spaces between them.
func unspaced(c rune) bool {
	return unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// inWord reports whether c joins with its neighbours to a word.
func inWord(c rune) bool {
	return (unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c) || c == '_') && !unspaced(c)
}

// tokenEnd returns where the token ends that begins at from: a word, what URLs or JSON
// write for one character, or one character.
func tokenEnd(s string, from int) int {
	first, size := utf8.DecodeRuneInString(s[from:])
	if first == '%' || first == '\\' {
		if escape := escaped().FindString(s[from:]); escape != "" {
			return from + len(escape)
		}
	}
	end := from + size
	if !inWord(first) {
		return end
	}
	for end < len(s) {
		c, size := utf8.DecodeRuneInString(s[end:])
		if !inWord(c) {
			break
		}
		end += size
	}
	return end
}

// escaped finds a character as URLs or JSON escape it.
var escaped = sync.OnceValue(func() *regexp.Regexp { //nolint:gochecknoglobals // it is a constant of the process
	return regexp.MustCompile(`^(?:%[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[nrt"\\/])`)
})

// Text returns a text with placeholders in the places of known names, and of what has
// the form of an e-mail address, of a host or an address in a URL or in an error of the
// network, of an account, or of a user's folder; and without secrets. Addresses of
// loopback stay. Characters that are not seen are taken out.
func (n *Names) Text(s string) string {
	if s == "" {
		return s
	}
	if len(n.fresh) > 0 {
		n.encoded.Add(n.fresh...)
		n.fresh = nil
	}
	s = strings.Map(func(c rune) rune {
		if c != '\n' && c != '\t' && unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return utf8.RuneError
		}
		return c
	}, n.secrets.String(s))
	for _, p := range patterns() {
		s = p.replace(n, s)
	}
	return n.encoded.String(n.known(s))
}

// known replaces the names that are known.
func (n *Names) known(s string) string {
	var b strings.Builder
	done := 0
	for i := 0; i < len(s); {
		from, length, is := i, 0, ""
		if length, is = n.at(s, i); length == 0 && s[i] == '\\' && i+1 < len(s) { // a folder, and no escape
			from = i + 1
			length, is = n.at(s, from)
		}
		if length == 0 {
			i = tokenEnd(s, i)
			continue
		}
		b.WriteString(s[done:from])
		b.WriteString(is)
		i = from + length
		done = i
	}
	return b.String() + s[done:]
}

// at returns how long the longest name is, in bytes, that stands at a place where a token
// begins, and its placeholder; 0 if none does.
func (n *Names) at(s string, from int) (length int, is string) {
	for _, length := range n.lengths[strings.ToLower(s[from:tokenEnd(s, from)])] {
		if to := from + length; to <= len(s) && !joined(s, to) {
			if is, ok := n.forms[strings.ToLower(s[from:to])]; ok {
				return length, is
			}
		}
	}
	return 0, ""
}

// joined reports whether a word goes on at a place.
func joined(s string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:at])
	after, _ := utf8.DecodeRuneInString(s[at:])
	return at < len(s) && inWord(before) && inWord(after)
}

// pattern finds what names somebody or something by its form.
type pattern struct {
	form  *regexp.Regexp              // its first group is the name
	named func(*Names, string) string // returns the placeholder
}

// patterns returns what names have, in the order in which they are replaced.
var patterns = sync.OnceValue(func() []pattern { //nolint:gochecknoglobals // it is a constant of the process
	address := func(n *Names, text string) string {
		if _, err := netip.ParseAddr(text); err != nil {
			return text
		}
		return n.Host(text)
	}
	return []pattern{
		{regexp.MustCompile(`://([^\s/@"'<>]+)@`), func(*Names, string) string { return redact.Placeholder }}, // credentials
		{regexp.MustCompile(`([\p{L}\p{N}._%+'-]+(?:@|%40)[\p{L}\p{N}.-]+\.\p{L}{2,})`), func(n *Names, s string) string { return n.add(mail, s) }},
		{regexp.MustCompile(`://(?:\[redacted\]@)?(\[[0-9a-fA-F:.]+\]|[^\s/:?#"'<>\[\]\\,;()]+)`), (*Names).Host},
		{regexp.MustCompile(`/ex/jira/([^/\s"'?]+)`), (*Names).Host}, // a site behind Atlassian's gateway
		{regexp.MustCompile(`\blookup ([^\s:,"']+)`), (*Names).Host},
		{regexp.MustCompile(`\bvalid for ([^"\n]+)`), (*Names).Host}, // the names in a certificate
		{regexp.MustCompile(`\(process \d+ on ([^,\s)]+)`), (*Names).Host},
		{regexp.MustCompile(`\b(\d{1,3}(?:\.\d{1,3}){3})\b`), address},
		{regexp.MustCompile(`([0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})`), address},
		{regexp.MustCompile(`(?:/home|/Users|\\Users)[/\\]+([^/\\\s"':]+)`), (*Names).Person},
		{regexp.MustCompile(`/owners/([^/\s"'?]+)`), (*Names).Owned},
		{regexp.MustCompile(`\b([0-9a-f]{24}|\d{5,6}:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|JIRAUSER\d+)\b`), func(n *Names, s string) string { return n.add(account, s) }},
	}
})

// replace puts placeholders in the places of what the pattern finds.
func (p pattern) replace(n *Names, s string) string {
	found := p.form.FindAllStringSubmatchIndex(s, -1)
	if found == nil {
		return s
	}
	var b strings.Builder
	done := 0
	for _, at := range found {
		b.WriteString(s[done:at[2]])
		b.WriteString(p.named(n, s[at[2]:at[3]]))
		done = at[3]
	}
	return b.String() + s[done:]
}
