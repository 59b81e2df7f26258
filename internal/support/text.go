package support

import (
	"bytes"
	"encoding/json"
	"regexp"
	"runtime/pprof"
	"strings"
)

// asker puts a placeholder into who asked for something: a user at an address, somebody
// unknown at one, a signal or a command.
func (n *Names) asker(text string) string {
	at := strings.LastIndex(text, " at ")
	switch {
	case text == "SIGHUP" || text == Command:
		return text
	case at < 0:
		return n.Person(text)
	case text[:at] == "somebody":
		return n.Text(text)
	}
	return n.Person(text[:at]) + n.Text(text[at:])
}

// Command is who asks for a bundle by the command line, as the audit log has it.
const Command = "the command support"

// fields returns what is done to the texts of a field, by its name. Some hold a person
// whom nothing else may name.
func (n *Names) fields(name string) func(string) string {
	switch name {
	case "by":
		return n.asker
	case "owner":
		return n.Owned
	}
	return n.Text
}

// json returns a document in JSON with placeholders in its texts. What it calls its values
// stays.
func (n *Names) json(text []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return n.within(v, n.Text), nil
}

// within puts placeholders into the texts of a value.
func (n *Names) within(v any, text func(string) string) any {
	switch v := v.(type) {
	case string:
		return text(v)
	case []any:
		for i := range v {
			v[i] = n.within(v[i], text)
		}
	case map[string]any:
		for _, name := range sorted(v) { // so that placeholders have the same numbers each time
			v[name] = n.within(v[name], n.fields(name))
		}
	}
	return v
}

// secretless returns a file without the secrets that are known, whatever it is.
func (n *Names) secretless(body []byte) []byte { return n.encoded.Bytes(n.secrets.Bytes(body)) }

// stacks returns what each goroutine does, without the arguments of functions.
func stacks() ([]byte, error) {
	var out bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&out, 2); err != nil {
		return nil, err
	}
	text := regexp.MustCompile(`(?m)^([^\t\n].*)\([^()\n]*\)$`).ReplaceAll(out.Bytes(), []byte("$1(...)"))
	return withoutFolders(text), nil
}

// allocations returns where the memory in use was allocated.
func allocations() ([]byte, error) {
	var out bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&out, 1); err != nil {
		return nil, err
	}
	return withoutFolders(out.Bytes()), nil
}

// withoutFolders leaves the folders of source files out of stacks. A line that names a
// file begins with a tab, or with # and a tab, and ends with the file after its last tab.
// A process that has run for long has megabytes of them, for which a regular expression
// takes seconds.
func withoutFolders(stacks []byte) []byte {
	out := make([]byte, 0, len(stacks))
	for line := range bytes.Lines(stacks) {
		if place := bytes.LastIndexByte(line, '\t') + 1; bytes.HasPrefix(line, []byte("\t")) || bytes.HasPrefix(line, []byte("#\t")) {
			out = append(out, line[:place]...)
			line = line[max(place, bytes.LastIndexAny(line, `/\`)+1):]
		}
		out = append(out, line...)
	}
	return out
}
