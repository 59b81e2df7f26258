package jira

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
)

// Most of a first sync's time is the decoding of histories and comments.
// encoding/json goes over each document four times when its parts are decoded
// one by one; here a document is checked once, as a whole, and then only split.

// elements yields the elements of a JSON array, which must be valid; of
// anything else, none.
func elements(b []byte) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		if b = bytes.TrimSpace(b); len(b) == 0 || b[0] != '[' {
			return
		}
		for i := space(b, 1); i < len(b) && b[i] != ']'; i = comma(b, i) {
			end := valueEnd(b, i)
			if !yield(b[i:end:end]) {
				return
			}
			i = end
		}
	}
}

// members yields the names and values of a JSON object, which must be valid; of
// anything else, none. A name is as it is written, without its quotes.
func members(b []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		if b = bytes.TrimSpace(b); len(b) == 0 || b[0] != '{' {
			return
		}
		for i := space(b, 1); i < len(b) && b[i] != '}'; i = comma(b, i) {
			end := stringEnd(b, i)
			name := b[i+1 : end-1]
			i = space(b, space(b, end)+1) // behind the colon
			end = valueEnd(b, i)
			if !yield(string(name), b[i:end:end]) {
				return
			}
			i = end
		}
	}
}

// space returns the first position from i on that is not white space.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// comma returns where the next value begins, after the comma at or after i.
func comma(b []byte, i int) int {
	if i = space(b, i); i < len(b) && b[i] == ',' {
		return space(b, i+1)
	}
	return i
}

// stringEnd returns where the string ends that begins at i.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// valueEnd returns where the value ends that begins at i.
func valueEnd(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = stringEnd(b, i); depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // of what holds a number or a word
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return len(b)
}

// documents returns the elements of an array; nil for null, and an error for
// anything else.
func documents(b json.RawMessage) ([]json.RawMessage, error) {
	if isNull(b) {
		return nil, nil
	}
	if b[0] != '[' {
		return nil, fmt.Errorf("%.40s is no list", b)
	}
	list := []json.RawMessage{}
	for one := range elements(b) {
		list = append(list, one)
	}
	return list, nil
}
