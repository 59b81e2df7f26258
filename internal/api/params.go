package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The number of elements of a list that an answer has, without limit and at most.
const (
	DefaultLimit = 25
	MaxLimit     = 100
)

// longestValue is how long a parameter is at most, in bytes.
const longestValue = 1000

// Params are the parameters of a request. The first that is wrong stays the error.
type Params struct {
	values url.Values
	err    error
}

// ParamsOf reads the parameters of an address, of which there may be those with these
// names, each once.
func ParamsOf(u *url.URL, names ...string) *Params {
	values, err := url.ParseQuery(u.RawQuery)
	p := &Params{values: values}
	if err != nil {
		p.refuse(BadParameter(), "the parameters cannot be read: "+err.Error(), "Write them as name=value, with & between them, and escape other characters by percent signs.", nil)
		return p
	}
	for _, name := range sortedNames(values) {
		switch {
		case !slices.Contains(names, name):
			remedy := "Leave it out: this route has no parameters."
			if len(names) > 0 {
				remedy = "Leave it out, or use one of: " + strings.Join(names, ", ") + "."
			}
			p.refuse(BadParameter(), fmt.Sprintf("there is no parameter %q here", cut(name)), remedy, names)
		case len(values[name]) > 1:
			p.refuse(BadParameter(), fmt.Sprintf("the parameter %s is given %d times", name, len(values[name])), "Give it once.", nil)
		case len(values.Get(name)) > longestValue:
			p.refuse(BadParameter(), fmt.Sprintf("the parameter %s is longer than %d bytes", name, longestValue), "Give a shorter value.", nil)
		}
	}
	return p
}

func sortedNames(values url.Values) []string {
	var out []string
	for name := range values {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// cut returns text that fits into a message.
func cut(text string) string {
	const most = 60
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// refuse keeps the first error.
func (p *Params) refuse(kind Kind, detail, remedy string, known []string) {
	if p.err == nil {
		p.err = &Problem{Kind: kind, Detail: detail, Remedy: remedy, Known: known}
	}
}

// Err returns what is wrong with the parameters, a Problem; nil: nothing is.
func (p *Params) Err() error { return p.err }

// Text returns a parameter; "" if it is not given.
func (p *Params) Text(name string) string { return p.values.Get(name) }

// Has reports whether a parameter is given.
func (p *Params) Has(name string) bool { return p.values.Has(name) }

// OneOf returns a parameter that has one of some values; "" if it is not given.
func (p *Params) OneOf(name string, values ...string) string {
	v := p.values.Get(name)
	if p.values.Has(name) && !slices.Contains(values, v) {
		p.refuse(BadParameter(), fmt.Sprintf("%s=%s is none that there is", name, cut(v)), "Use one of: "+strings.Join(values, ", ")+".", values)
	}
	return v
}

// Limit returns how many elements are wanted.
func (p *Params) Limit() int {
	if !p.values.Has("limit") {
		return DefaultLimit
	}
	n, err := strconv.Atoi(p.values.Get("limit"))
	if err != nil || n < 1 || n > MaxLimit {
		p.refuse(BadParameter(), fmt.Sprintf("limit=%s is no number from 1 to %d", cut(p.values.Get("limit")), MaxLimit), fmt.Sprintf("Give 1 to %d, and go on with the cursor of the answer.", MaxLimit), nil)
		return DefaultLimit
	}
	return n
}

// cursor is where a list goes on, and of which list it is.
type cursor struct {
	List string          `json:"l"`
	At   json.RawMessage `json:"a"`
}

// Cursor returns the cursor of a place in a list.
func Cursor(list string, at any) *string {
	place, err := json.Marshal(at)
	if err != nil {
		panic(err) // places are numbers and texts
	}
	text, err := json.Marshal(cursor{list, place})
	if err != nil {
		panic(err) // likewise
	}
	out := base64.RawURLEncoding.EncodeToString(text)
	return &out
}

// Cursor reads where a list goes on into at, which stays as it is without a cursor.
func (p *Params) Cursor(list string, at any) {
	if !p.values.Has("cursor") {
		return
	}
	var c cursor
	text, err := base64.RawURLEncoding.DecodeString(p.values.Get("cursor"))
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err == nil && c.List != list {
		err = fmt.Errorf("it is of another list")
	}
	if err == nil {
		err = json.Unmarshal(c.At, at)
	}
	if err != nil {
		p.refuse(BadCursor(), "the cursor is none of this list", "Give the value of next in an answer of the same route as it is, or leave cursor out to begin.", nil)
	}
}
