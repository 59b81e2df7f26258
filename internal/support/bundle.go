package support

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/yourturn/yourturn/internal/columns"
)

// manifest is the name of the file that says what the others are.
const manifest = "MANIFEST.md"

// Bundle is the archive, file by file.
type Bundle struct {
	names   *Names
	made    time.Time
	source  string
	files   []file
	nobody  error // why it is not known who the people are
	skipped []skipped
}

// file is a file of the archive.
type file struct {
	name  string
	about string // what it is
	how   string // what was done to it
	body  []byte
}

// skipped is a file that is not in the archive, and why.
type skipped struct{ name, about, why string }

// NewBundle returns an empty bundle. source says in a sentence what it is made of.
func NewBundle(names *Names, made time.Time, source string) *Bundle {
	return &Bundle{names: names, made: made.UTC(), source: source}
}

// Unknown says that it is not known who the people are whom the store knows, and why.
// Files that could name them are left out from then on.
func (b *Bundle) Unknown(err error) { b.nobody = err }

// Skip says that a file is not in the bundle, and why.
func (b *Bundle) Skip(name, about, why string) {
	b.skipped = append(b.skipped, skipped{name, about, b.names.Text(why)})
}

// add adds a file, unless making it fails.
func (b *Bundle) add(name, about, how string, body []byte, err error) {
	if err != nil {
		b.Skip(name, about, err.Error())
		return
	}
	b.files = append(b.files, file{name, about, how, b.names.secretless(body)})
}

// naming is add for a file that could name people of the store.
func (b *Bundle) naming(name, about, how string, body func() ([]byte, error)) {
	if b.nobody != nil {
		b.Skip(name, about, "it could name people, and reading who they are failed: "+b.nobody.Error())
		return
	}
	made, err := body()
	b.add(name, about, how, made, err)
}

// Fixed adds a JSON file of a value in which nothing comes from the config, from Jira or
// from the machine. err is why there is none.
func (b *Bundle) Fixed(name, about string, v any, err error) {
	var body []byte
	if err == nil {
		body, err = json.MarshalIndent(v, "", "  ")
	}
	b.add(name, about, "it holds no text of the config or of Jira", body, err)
}

// Told adds a JSON file of a value whose texts may name people and hosts. err is why there
// is none.
func (b *Bundle) Told(name, about string, v any, err error) {
	b.naming(name, about, "placeholders in the places of names in every text", func() ([]byte, error) {
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		whole, err := b.names.json(text)
		if err != nil {
			return nil, err
		}
		return json.MarshalIndent(whole, "", "  ")
	})
}

// Config adds a config.
func (b *Bundle) Config(name string, body []byte, err error) {
	b.add(name, "the config in force, defaults included", "placeholders for people, groups, accounts, e-mail addresses, hosts and the query; files without their folders; "+
		"no secret and no content of a file that it names", body, err)
}

// Log adds the last lines of a log.
func (b *Bundle) Log(name string, r *Ring) {
	kept, dropped := r.Lines()
	about := fmt.Sprintf("the last %d lines of the log, from debug on whatever `log.level` is, one JSON object a line; %d before them are gone", len(kept), dropped)
	b.naming(name, about, "secrets taken out as the line was written; placeholders in the places of names in every text", func() ([]byte, error) {
		var out bytes.Buffer
		for _, text := range kept {
			whole, err := b.names.json(text)
			if err != nil {
				return nil, err
			}
			if text, err = json.Marshal(whole); err != nil {
				return nil, err
			}
			out.Write(append(text, '\n'))
		}
		return out.Bytes(), nil
	})
}

// Metrics adds metric families, without those that name people.
func (b *Bundle) Metrics(name string, families []*dto.MetricFamily, err error) {
	const about = "the metrics of the service and of its process, and those of waits by project, in Prometheus' text format"
	var out bytes.Buffer
	var left []string
	for _, f := range families {
		if names(f) {
			left = append(left, fmt.Sprintf("%s (%d series)", f.GetName(), len(f.GetMetric())))
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				text := b.names.Text(l.GetValue())
				l.Value = &text
			}
		}
		if err == nil {
			_, err = expfmt.MetricFamilyToText(&out, f)
		}
	}
	how := "families with an owner, a delegate or a display name in a label are left out"
	if len(left) > 0 {
		how += ": " + strings.Join(left, ", ")
	}
	b.add(name, about, how, out.Bytes(), err)
}

// names reports whether the labels of a family name people.
func names(f *dto.MetricFamily) bool {
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			switch l.GetName() {
			case "owner", "delegate", "display_name":
				return true
			}
		}
	}
	return false
}

// Profiles adds what the goroutines of this process do and where its memory was
// allocated.
func (b *Bundle) Profiles(goroutines, heap string) {
	body, err := stacks()
	b.add(goroutines, "what each goroutine does, and for how long it has waited", "arguments of functions and folders of source files are left out", body, err)
	body, err = allocations()
	b.add(heap, "where memory in use was allocated (runtime/pprof, as text)", "folders of source files are left out", body, err)
}

// Zip returns the archive. The manifest is its first file.
func (b *Bundle) Zip() ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, f := range append([]file{{name: manifest, body: b.names.secretless([]byte(b.manifest()))}}, b.files...) {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: b.made})
		if err == nil {
			_, err = w.Write(f.body)
		}
		if err != nil {
			return nil, fmt.Errorf("adding %s to the bundle: %w", f.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("ending the bundle: %w", err)
	}
	return out.Bytes(), nil
}

// manifest says what the files are, and what was done to them.
func (b *Bundle) manifest() string {
	var out strings.Builder
	fmt.Fprintf(&out, "# A bundle for a bug report of yourturn\n\n%s\n", columns.Wrap(fmt.Sprintf("Made at %s. %s", b.made.Format(time.RFC3339), b.source), 0))
	out.WriteString(columns.Wrap("Read all of it before you send it. It is text alone, and meant to hold no secret and no name. "+
		"It cannot know a name that stands in neither the config nor the store, and that Jira writes into an error. "+
		"Keys of projects and stories, and names of statuses, fields, components and sprints stay as they are, without the names in them that are known.", 0))
	out.WriteString("\n## What is here\n\n")
	for _, f := range b.files {
		fmt.Fprintf(&out, "- `%s`, %d bytes\n", f.name, len(f.body))
		out.WriteString(columns.Wrap(f.about+". What was done to it: "+f.how+".", 2))
	}
	if len(b.skipped) > 0 {
		out.WriteString("\n## What is not here\n\n")
		for _, s := range b.skipped {
			fmt.Fprintf(&out, "- `%s`\n", s.name)
			out.WriteString(columns.Wrap(s.about+". Why not: "+s.why, 2))
		}
	}
	var kinds []string
	for _, kind := range sorted(b.names.count) {
		kinds = append(kinds, fmt.Sprintf("%s-N (%d)", kind, b.names.count[kind]))
	}
	out.WriteString("\n## Placeholders\n\n")
	out.WriteString(columns.Wrap("The same name has the same placeholder in all files. An owner's accounts are owner-N-account-M, and their users owner-N-user-M; "+
		"the user name and the display name of an account end with -login and -name. A secret that was taken out is [redacted]. There are: "+cmp.Or(strings.Join(kinds, ", "), "none")+".", 0))
	return out.String()
}

// Contents returns the names of the files in an archive, with their sizes in bytes, in
// its order.
func Contents(archive []byte) (list []Content, err error) {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("reading the bundle: %w", err)
	}
	for _, f := range r.File {
		body, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("reading %s in the bundle: %w", f.Name, err)
		}
		size, err := io.Copy(io.Discard, body)
		body.Close()
		if err != nil {
			return nil, fmt.Errorf("reading %s in the bundle: %w", f.Name, err)
		}
		list = append(list, Content{f.Name, size})
	}
	return list, nil
}

// Content is a file in an archive.
type Content struct {
	Name string
	Size int64
}
