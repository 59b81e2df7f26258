package jira

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/latency"
)

// number is an id, which Jira writes as a string or as a number.
type number int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(string(bytes.Trim(b, `"`)), 10, 64)
	if err != nil || v < 0 {
		return fmt.Errorf("%.40s is not an id", b)
	}
	*n = number(v)
	return nil
}

// text is a string that Jira writes as a string, a number, or null for "".
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
		*t = ""
	case b[0] == '"' && plain(b[1:len(b)-1]):
		*t = text(b[1 : len(b)-1])
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	case b[0] == '{' || b[0] == '[':
		return fmt.Errorf("%.40s is not a text", b)
	default:
		*t = text(b)
	}
	return nil
}

// plain reports whether a JSON string holds no escape: most hold none, and decoding
// each of them would take longer than everything else.
func plain(b []byte) bool {
	for _, c := range b {
		if c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// instant is a point in time, which Jira writes in several ways. 0 is none.
type instant latency.Instant

// UnmarshalJSON implements json.Unmarshaler.
func (i *instant) UnmarshalJSON(b []byte) error {
	var s text
	if err := s.UnmarshalJSON(b); err != nil {
		return err
	}
	at, err := parseInstant(string(s))
	*i = instant(at)
	return err
}

// parseInstant reads an instant: with an offset in any form, or as
// milliseconds since the epoch. "" is 0.
func parseInstant(s string) (latency.Instant, error) {
	if s == "" {
		return 0, nil
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return latency.Instant(ms), nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999Z0700", "2006-01-02T15:04:05.999Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return latency.At(t), nil
		}
	}
	return 0, fmt.Errorf("%q is not a time", s)
}

// account is a user as Jira shows one.
type account struct {
	AccountID   string `json:"accountId"`
	AccountType string `json:"accountType"`
	Key         string `json:"key"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Active      bool   `json:"active"`
	TimeZone    string `json:"timeZone"`
}

// id returns what stays the same when a is renamed; "" for no account.
func (a *account) id() string {
	switch {
	case a == nil:
		return ""
	case a.AccountID != "":
		return a.AccountID
	case a.Key != "":
		return a.Key
	}
	return a.Name
}

func (a *account) kind() latency.AccountType {
	switch {
	case a == nil:
		return latency.Person
	case a.AccountType == "app":
		return latency.App
	case a.AccountType == "customer":
		return latency.Customer
	}
	return latency.Person
}

// issue is an issue as searches and GET issue answer it. Its fields stay raw
// until it is known which of them are wanted.
type issue struct {
	ID        number                     `json:"id"`
	Key       string                     `json:"key"`
	Fields    map[string]json.RawMessage `json:"fields"`
	Changelog *struct {
		Total     *int      `json:"total"`
		Histories []history `json:"histories"`
	} `json:"changelog"`
}

// read reads an issue that came with a valid document.
func (is *issue) read(doc json.RawMessage) error {
	for name, value := range members(doc) {
		var err error
		switch name {
		case "id":
			err = is.ID.UnmarshalJSON(value)
		case "key":
			err = json.Unmarshal(value, &is.Key)
		case "fields":
			is.Fields = map[string]json.RawMessage{}
			for field, v := range members(value) {
				is.Fields[field] = v
			}
		case "changelog":
			err = json.Unmarshal(value, &is.Changelog)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if is.ID == 0 {
		return errors.New("it has no id")
	}
	return nil
}

// history is a record of an issue's changelog.
type history struct {
	ID      number   `json:"id"`
	Author  *account `json:"author"`
	Created instant  `json:"created"`
	Items   []item   `json:"items"`
}

// item is one changed field of a record. From and To are ids; FieldID is
// often missing.
type item struct {
	Field      string `json:"field"`
	FieldType  string `json:"fieldtype"`
	FieldID    string `json:"fieldId"`
	From       text   `json:"from"`
	FromString text   `json:"fromString"`
	To         text   `json:"to"`
	ToString   text   `json:"toString"`
}

// commentDoc is a comment on an issue.
type commentDoc struct {
	ID           number          `json:"id"`
	Author       *account        `json:"author"`
	UpdateAuthor *account        `json:"updateAuthor"`
	Body         json.RawMessage `json:"body"` // wiki text, or a document
	Created      instant         `json:"created"`
	Updated      instant         `json:"updated"`
}

// facts returns what the rules read in a comment.
func (r *commentDoc) facts() (comment.Facts, error) {
	if len(r.Body) > 0 && r.Body[0] == '{' {
		return comment.ADF(r.Body)
	}
	var body text
	if len(r.Body) > 0 {
		if err := body.UnmarshalJSON(r.Body); err != nil {
			return comment.Facts{}, err
		}
	}
	return comment.Wiki(string(body)), nil
}

// commentsDoc is a page of comments.
type commentsDoc struct {
	Total    *int         `json:"total"`
	Comments []commentDoc `json:"comments"`
}

// named is a value with an id and a name: a status, a component, a sprint.
type named struct {
	ID    text   `json:"id"`
	Key   string `json:"key"`
	Name  string `json:"name"`
	Value string `json:"value"` // of an option
}

func (n named) value() latency.Value {
	name := n.Name
	if name == "" {
		name = n.Value
	}
	return latency.Value{ID: string(n.ID), Name: name}
}

// isNull reports whether a field has no value.
func isNull(raw json.RawMessage) bool {
	return len(raw) == 0 || string(raw) == "null"
}

// sprintOf reads a sprint in the form older Data Centers give it:
// com…Sprint@1bf75fd[id=1,rapidViewId=186,state=CLOSED,name=A, B,startDate=…].
// Names may hold commas and brackets, so only known keys end them.
func sprintOf(legacy string) (latency.Value, bool) {
	_, body, ok := strings.Cut(legacy, "[")
	if !ok {
		return latency.Value{}, false
	}
	body = "," + strings.TrimSuffix(body, "]") + ","
	_, id, ok := strings.Cut(body, ",id=")
	if !ok {
		return latency.Value{}, false
	}
	id, _, _ = strings.Cut(id, ",")
	v := latency.Value{ID: id}
	if _, name, ok := strings.Cut(body, ",name="); ok {
		end := len(name) - 1
		for _, key := range []string{",startDate=", ",endDate=", ",goal=", ",completeDate=", ",sequence="} {
			if i := strings.Index(name, key); i >= 0 {
				end = min(end, i)
			}
		}
		v.Name = name[:end]
	}
	return v, true
}
