package config

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// text is a text of the file, a key or a value.
type text struct {
	key  string // of the value, with * for what the file names itself
	line int
	text string
}

// textsOf lists the texts below a node.
func textsOf(n *yaml.Node, key string) []text {
	var out []text
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i], n.Content[i+1]
			below := join(key, name.Value)
			if key == "owners" || key == "projects" {
				below = join(key, "*")
			}
			out = append(append(out, text{below, name.Line, name.Value}), textsOf(value, below)...)
		}
	case yaml.SequenceNode:
		for _, element := range n.Content {
			out = append(out, textsOf(element, key)...)
		}
	case yaml.ScalarNode:
		out = append(out, text{key, n.Line, n.Value})
	case yaml.AliasNode: // of anything larger the texts are found where it stands
		if n.Alias.Kind == yaml.ScalarNode {
			out = append(out, text{key, n.Line, n.Alias.Value})
		}
	case yaml.DocumentNode: // the decoder takes it apart
	}
	return out
}

// Naming lists the places of the file, as file:line: text, that name a person. id and
// user are the person's account, name the display name; user and name may be "". A
// single word means a person only where accounts stand, and in a query.
func (c *Config) Naming(id, user, name string) []string {
	const shortID = 6 // a shorter one may be any word
	var out []string
	for _, t := range c.texts {
		account := t.key == "owners.*.accounts" || t.key == "automation_accounts"
		for _, n := range []string{id, user, name} {
			anywhere := n == id && len(n) >= shortID || len(strings.Fields(n)) > 1
			if n != "" && (account && strings.EqualFold(t.text, n) || (anywhere || t.key == "jira.jql" && n != name) && holdsWord(t.text, n)) {
				out = append(out, fmt.Sprintf("%s:%d: %s names %s", c.file, t.line, t.key, n))
				break
			}
		}
	}
	return out
}

// holdsWord reports whether text holds word, in whatever case, and not as a part of a
// longer one.
func holdsWord(text, word string) bool {
	text, word = strings.ToLower(text), strings.ToLower(word)
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		from += i
		before, _ := utf8.DecodeLastRuneInString(text[:from])
		behind, _ := utf8.DecodeRuneInString(text[from+len(word):])
		if !partOfWord(before) && !partOfWord(behind) {
			return true
		}
		from++
	}
}

func partOfWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
