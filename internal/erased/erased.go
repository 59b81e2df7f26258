// Package erased puts tombstones in the place of people who were erased: in what
// a store holds when they are erased, and in what Jira sends of them ever after. A
// tombstone tells its person apart from everybody else, so every number stays, and
// names nobody.
package erased

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Prefix begins every tombstone.
const Prefix = "erased-"

// hashed is how many bytes of a hash a tombstone shows.
const hashed = 8

// Kind is in which place a name stands for somebody.
type Kind string

// The kinds of name.
const (
	Account Kind = "account" // an account id, a user key or a user name, where people are named
	Owner   Kind = "owner"   // an account id or a key of owners, in the ledger
	Phrase  Kind = "phrase"  // two words or more, or an id, anywhere in a text
	Word    Kind = "word"    // one word, in what people wrote and polls noted alone: it may mean something else
	Looker  Kind = "looker"  // who looked at an owner's numbers
)

// Name is what stands for an erased person.
type Name struct {
	Kind      Kind
	Text      string // in the form of Fold; of a phrase or a word its words
	Words     int    // how many words it has
	Tombstone string
}

// Fold brings a name into the form in which names are compared.
func Fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// Hash returns the keyed hash of a name, which does not tell the name.
func Hash(key []byte, kind Kind, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(string(kind) + "\x00" + text))
	return mac.Sum(nil)
}

// Tombstone returns what stands in the place of a name: the same one for the same
// name and key.
func Tombstone(key []byte, kind Kind, name string) string {
	return Prefix + hex.EncodeToString(Hash(key, kind, Fold(name))[:hashed])
}

// Texts returns the names by which texts are searched for a person's name. One word
// is looked for only in what people wrote, unless it is an id.
func Texts(name string, id bool, tombstone string) []Name {
	words := split(name)
	if len(words) == 0 {
		return nil
	}
	kind := Phrase
	if len(words) == 1 && !id {
		kind = Word
	}
	return []Name{{Kind: kind, Text: joined(name, words), Words: len(words), Tombstone: tombstone}}
}

// People are those who were erased. The nil People are nobody. It is safe for
// concurrent use.
type People struct {
	find    func(Kind, string) string
	words   []int // how many words phrases have, the most first
	markers []string

	mu     sync.Mutex
	memory map[string]string // what find said of accounts
}

// remembered bounds how many accounts a People remembers.
const remembered = 1 << 16

// New returns the people whom names name. Of a comment that an erased person wrote
// the markers stay that it begins with, because rules ask for them.
func New(names []Name, markers []string) *People {
	known := map[Kind]map[string]string{}
	for _, n := range names {
		if known[n.Kind] == nil {
			known[n.Kind] = map[string]string{}
		}
		known[n.Kind][n.Text] = n.Tombstone
	}
	return build(func(k Kind, text string) string { return known[k][text] }, names, markers)
}

// Hashed returns people of whom only the hashes of names are known: the Text of each
// name is a hash.
func Hashed(key []byte, names []Name, markers []string) *People {
	known := map[string]string{}
	for _, n := range names {
		known[n.Text] = n.Tombstone
	}
	return build(func(k Kind, text string) string { return known[string(Hash(key, k, text))] }, names, markers)
}

func build(find func(Kind, string) string, names []Name, markers []string) *People {
	if len(names) == 0 {
		return nil
	}
	p := &People{find: find, markers: markers, memory: map[string]string{}}
	for _, n := range names {
		if (n.Kind == Phrase || n.Kind == Word) && !slices.Contains(p.words, n.Words) {
			p.words = append(p.words, n.Words)
		}
	}
	slices.SortFunc(p.words, func(a, b int) int { return b - a })
	return p
}

// Account returns what stands for an account, which is given by id or user name: it
// itself unless it was erased.
func (p *People) Account(account string) string {
	if account == "" {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	is, ok := p.memory[account]
	if !ok {
		if is = p.find(Account, Fold(account)); is == "" {
			is = account
		}
		if len(p.memory) >= remembered {
			clear(p.memory)
		}
		p.memory[account] = is
	}
	return is
}

// OwnerLabel is Account for the owner of an entry of the ledger: an account id, or a
// key of owners. A user name of the same letters is something else.
func (p *People) OwnerLabel(owner string) string {
	if is := p.find(Owner, Fold(owner)); is != "" {
		return is
	}
	return owner
}

// Looks is Account for who looked at an owner's numbers, whom the proxy in front
// named in its way.
func (p *People) Looks(by string) string {
	if is := p.find(Looker, Fold(by)); is != "" {
		return is
	}
	return p.Account(by)
}

// accounts is Account for accounts separated by commas.
func (p *People) accounts(list string) string {
	if !strings.Contains(list, ",") {
		return p.Account(list)
	}
	parts := strings.Split(list, ",")
	for i, part := range parts {
		id := strings.TrimSpace(part)
		parts[i] = strings.Replace(part, id, p.Account(id), 1)
	}
	return strings.Join(parts, ",")
}

// Text returns a text in which no erased person is named.
func (p *People) Text(text string) string { return p.replace(text, true) }

// Thing is Text for the name of a thing. A name of one word stays, because it
// means something else there.
func (p *People) Thing(name string) string { return p.replace(name, false) }

func (p *People) replace(text string, wordsToo bool) string {
	words := split(text)
	var out strings.Builder
	done := 0 // bytes of text
	for i := 0; i < len(words); i++ {
		for _, n := range p.words {
			if i+n > len(words) {
				continue
			}
			phrase := joined(text, words[i:i+n])
			is := p.find(Phrase, phrase)
			if is == "" && wordsToo && n == 1 {
				is = p.find(Word, phrase)
			}
			if is != "" {
				out.WriteString(text[done:words[i].from] + is)
				done = words[i+n-1].to
				i += n - 1
				break
			}
		}
	}
	if done == 0 {
		return text
	}
	return out.String() + text[done:]
}

// span is where a word stands in a text, in bytes.
type span struct{ from, to int }

// split returns the words of a text: runs of letters and digits.
func split(text string) []span {
	var out []span
	in := false
	for i, r := range text {
		word := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
		switch {
		case word && !in:
			out = append(out, span{i, len(text)})
		case !word && in:
			out[len(out)-1].to = i
		}
		in = word
	}
	return out
}

// joined returns words of a text as they are compared.
func joined(text string, words []span) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = strings.ToLower(text[w.from:w.to])
	}
	return strings.Join(list, " ")
}
