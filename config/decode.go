package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The yaml package's own decoder stops at the first unknown key, is not strict
// inside UnmarshalYAML(*yaml.Node), and forgets the lines that validation needs.
// So this file walks the nodes itself: strictly, to the end, and with the line of
// every key.

// decoder fills structs from the nodes of one file.
type decoder struct {
	report
	cfg *Config // whose defaults the projects start from
}

// nodeDecoder is a type with a form of its own in the file.
type nodeDecoder interface {
	decodeNode(d *decoder, n *yaml.Node, key string)
}

// parse returns the top node of the file; nil if it reported a problem.
func (d *decoder) parse(data []byte) *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		d.at(1, "", "the file is empty; it needs at least jira.url and jira.projects")
		return nil
	} else if err != nil {
		d.syntax(err, data)
		return nil
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		d.at(second.Line, "", "a second document begins here and would be ignored; keep one document, without --- between")
	} else if !errors.Is(err, io.EOF) {
		d.syntax(err, data)
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		if top.Kind == yaml.ScalarNode && top.ShortTag() == "!!null" {
			d.at(top.Line, "", "the file is empty; it needs at least jira.url and jira.projects")
		} else {
			d.at(top.Line, "", "the file holds %s; it must hold sections such as jira: and projects:", describe(top))
		}
		return nil
	}
	return top
}

// syntax reports where the YAML parser stopped: it names the line after which it
// could not go on.
func (d *decoder) syntax(err error, data []byte) {
	line, text := 1, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := regexp.MustCompile(`^line (\d+): (.*)`).FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits, as the pattern says
		text = m[2]
	}
	if tab := tabAt(data, line); tab > 0 && strings.HasPrefix(text, "found ") {
		d.at(tab, "", "a tab indents this line, and YAML takes spaces alone; replace the tabs with spaces")
		return
	}
	d.at(max(line, 1), "", "this is not YAML: %s; look at the indentation, quotes and brackets around this line", text)
}

// tabAt returns the first line, from the one where the parser stopped on, of which
// the indentation holds a tab; 0 if there is none. The parser counts some lines from 0.
func tabAt(data []byte, stopped int) int {
	n := 0
	for line := range bytes.Lines(data) {
		n++
		indentation := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		if n >= stopped && bytes.IndexByte(indentation, '\t') >= 0 && len(bytes.TrimSpace(line)) > 0 {
			return n
		}
	}
	return 0
}

// decode fills v from n. The value of v beforehand is the default.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, key string) {
	if n = target(n); n == nil {
		d.on(key, "is an alias of itself; write the value")
		return
	}
	if own, ok := v.Addr().Interface().(nodeDecoder); ok {
		own.decodeNode(d, n, key)
		return
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		d.duration(n, v, key)
	case v.Kind() == reflect.Struct:
		d.structure(n, v, key)
	case v.Kind() == reflect.Map:
		d.mapping(n, v, key)
	case v.Kind() == reflect.Slice:
		d.list(n, v, key)
	case v.Kind() == reflect.String:
		if s, ok := d.text(n, key); ok {
			v.SetString(s)
		}
	case v.Kind() == reflect.Bool:
		var b bool
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(&b) != nil {
			d.wrong(n, key, "true or false")
			return
		}
		v.SetBool(b)
	case v.Kind() == reflect.Int:
		var i int
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || n.Decode(&i) != nil {
			d.wrong(n, key, "a whole number")
			return
		}
		v.SetInt(int64(i))
	case v.Kind() == reflect.Float64:
		var f float64
		if tag := n.ShortTag(); n.Kind != yaml.ScalarNode || tag != "!!float" && tag != "!!int" || n.Decode(&f) != nil {
			d.wrong(n, key, "a number")
			return
		}
		v.SetFloat(f)
	default:
		panic(fmt.Sprintf("config: no form for %s", v.Type()))
	}
}

// structure fills a struct. A section without a body keeps its defaults.
func (d *decoder) structure(n *yaml.Node, v reflect.Value, key string) {
	if isNull(n) {
		return
	}
	fields := fieldsOf(v.Type())
	nodes := d.entries(n, key, slices.Collect(func(yield func(string) bool) {
		for _, f := range fields {
			if !yield(f.name) {
				return
			}
		}
	}))
	// In the order of the fields, not of the file, because projects start from the defaults.
	for _, f := range fields {
		if node, ok := nodes[f.name]; ok {
			d.decode(node, v.FieldByIndex(f.index), join(key, f.name))
		}
	}
}

// mapping fills a map with string keys. It adds to what the map holds.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value, key string) {
	if isNull(n) {
		return
	}
	nodes := d.entries(n, key, nil)
	if nodes == nil {
		return
	}
	m := reflect.MakeMap(v.Type())
	for it := v.MapRange(); it.Next(); {
		m.SetMapIndex(it.Key(), it.Value())
	}
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		elem := reflect.New(v.Type().Elem()).Elem()
		d.decode(nodes[name], elem, join(key, name))
		m.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), elem)
	}
	v.Set(m)
}

// list fills a slice. It replaces what the slice holds.
func (d *decoder) list(n *yaml.Node, v reflect.Value, key string) {
	if isNull(n) {
		d.on(key, "has no value; write [] for an empty list, or leave the key out")
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, key, "a list, as in [a, b]")
		return
	}
	s := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", key, i)
		d.lines[at] = item.Line
		d.decode(item, s.Index(i), at)
	}
	v.Set(s)
}

// duration fills a duration.
func (d *decoder) duration(n *yaml.Node, v reflect.Value, key string) {
	const form = "a duration with its unit, such as 90s, 15m or 8h"
	if n.Kind != yaml.ScalarNode || isNull(n) {
		d.wrong(n, key, form)
		return
	}
	parsed, err := time.ParseDuration(n.Value)
	switch {
	case err == nil: // 0 needs no unit
		v.SetInt(int64(parsed))
	case n.ShortTag() == "!!int" || n.ShortTag() == "!!float":
		d.on(key, "%s has no unit; write %s", n.Value, form)
	case strings.HasSuffix(n.Value, "d") || strings.HasSuffix(n.Value, "w"):
		// A day of working time is not 24 hours, so a reader would have to guess.
		d.on(key, "%q counts days or weeks, whose length is ambiguous; write hours, such as 24h", n.Value)
	default:
		d.on(key, "%q is not a duration; write %s", n.Value, form)
	}
}

// text returns a string. A number is returned as it is written: to YAML, ids are
// numbers.
func (d *decoder) text(n *yaml.Node, key string) (string, bool) {
	if n.Kind == yaml.ScalarNode {
		switch n.ShortTag() {
		case "!!str", "!!int", "!!float", "!!timestamp":
			return n.Value, true
		case "!!null":
			d.on(key, `has no value; write "" for an empty text, or leave the key out`)
			return "", false
		case "!!bool":
			d.on(key, `%s is a boolean; write "%s" for the text`, n.Value, n.Value)
			return "", false
		}
	}
	d.wrong(n, key, "a text")
	return "", false
}

// entries returns the nodes of a mapping by key, and keeps their lines; nil if n is
// not a mapping. If known is not nil, other keys are problems.
func (d *decoder) entries(n *yaml.Node, key string, known []string) map[string]*yaml.Node {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, key, "a mapping, as in {key: value}")
		return nil
	}
	nodes := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := target(n.Content[i])
		switch {
		case k == nil || k.Kind != yaml.ScalarNode:
			d.at(n.Content[i].Line, key, "has a key that is not a text; write key: value")
			continue
		case k.ShortTag() == "!!merge":
			d.at(k.Line, key, "merges another mapping; write its keys, or put what projects share under defaults")
			continue
		}
		full := join(key, k.Value)
		if nodes[k.Value] != nil {
			d.at(k.Line, full, "is given twice, first on line %d; keep one", d.lines[full])
			continue
		}
		if known != nil && !slices.Contains(known, k.Value) {
			d.at(k.Line, full, "%s", unknownKey(key, k.Value, known))
			continue
		}
		d.lines[full] = k.Line
		nodes[k.Value] = n.Content[i+1]
	}
	return nodes
}

// unknownKey returns what to do about an unknown key. The message leaves its value
// out, which may be a secret.
func unknownKey(section, key string, known []string) string {
	switch join(section, key) {
	case "jira.token":
		return "a token in this file is refused; put it into a file that jira.token_file names, or into the environment as " + tokenVariable
	case "webhook.secret":
		return "a secret in this file is refused; put it into a file that webhook.secret_file names"
	case "privacy.key":
		return "a key in this file is refused; put it into a file that privacy.key_file names"
	}
	if near := Nearest(key, known, 1); len(near) > 0 {
		return "unknown key; did you mean " + near[0] + "?"
	}
	return "unknown key; the keys here are " + strings.Join(known, ", ")
}

// wrong reports that n does not have the form that key needs.
func (d *decoder) wrong(n *yaml.Node, key, form string) {
	d.on(key, "is %s; it must be %s", describe(n), form)
}

// describe returns the form of a node, in words.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "empty"
	default:
		return strconv.Quote(shorten(n.Value))
	}
}

// shorten returns a text cut to a length that fits a message.
func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// target returns the node that a chain of aliases stands for; nil if the chain does
// not end.
func target(n *yaml.Node) *yaml.Node {
	for range 10 {
		if n == nil || n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return nil
}

// join appends a name to the key of its section.
func join(section, name string) string {
	if section == "" {
		return name
	}
	return section + "." + name
}

// field is a field of a struct that has a key in the file.
type field struct {
	name  string
	index []int
}

// fieldsOf lists the fields of a struct that have a key, and those of inlined structs.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for f := range t.Fields() {
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			for _, inner := range fieldsOf(f.Type) {
				fields = append(fields, field{inner.name, append(slices.Clone(f.Index), inner.index...)})
			}
		case name != "" && name != "-":
			fields = append(fields, field{name, f.Index})
		}
	}
	return fields
}
