package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mark is the name under which an answer has text of others: {"untrusted_text": "…"}.
const mark = "untrusted_text"

// longestText is how many characters of a text an answer has.
const longestText = 500

// written are the fields whose words are the product's own.
func written() map[string]bool {
	return map[string]bool{
		"words": true, "meaning": true, "remedy": true, "verdict": true, "caution": true, "basis": true, "error": true,
	}
}

// others are the fields with text of others, whatever it looks like.
func others() map[string]bool {
	return map[string]bool{
		"title": true, "name": true, "owner_name": true, "by_name": true, "what": true, "detail": true, "status": true, "statuses": true,
		"acceptance_statuses": true, "accepted_statuses": true, "withdrawn_statuses": true, "withdrawn_resolutions": true, "paused_statuses": true,
		"markers": true, "answered_markers": true, "question_statuses": true, "question_labels": true, "owner_field": true, "delegate_field": true,
		"component": true, "sprint": true,
	}
}

// plainWord is what is no sentence: keys, labels, ids, instants, kinds, zones, addresses.
var plainWord = regexp.MustCompile(`^[\p{L}\p{N}_.:@+/#%?&=~-]{0,200}$`) //nolint:gochecknoglobals // a constant in all but name

// marked returns the JSON form of an answer in which each text of others is an object with
// the one field untrusted_text. What is not known to be the product's own words is text of
// others: a field that is added is marked before anybody thinks of it.
func marked(answer any) (json.RawMessage, error) {
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	var tree any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("marking text of others: %w", err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err = enc.Encode(markIn(tree, ""))
	return out.Bytes(), err
}

// markIn marks what is in a value of the field with a name.
func markIn(v any, field string) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			v[name] = markIn(inner, name)
		}
	case []any:
		for i := range v {
			v[i] = markIn(v[i], field)
		}
	case string:
		if v != "" && !written()[field] && (others()[field] || !plainWord.MatchString(v)) {
			return map[string]any{mark: clean(v)}
		}
	}
	return v
}

// clean returns text as one line of visible characters: without those that control, turn
// the direction of writing, or hide what a reader does not see and a machine reads.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.IsSpace(r), unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Variation_Selector):
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) > longestText {
		text = string([]rune(text)[:longestText]) + "…"
	}
	return text
}
