package backfill

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	suffix         = ".om"
	stampLayout    = "2006-01-02T1504"
	stampSeparator = "_"
	// manifestName is the file that says how the others were written: by itself
	// none reports whether it is what a run would write.
	manifestName = "backfill.json"
)

// record is what the manifest says of a file. It is there before the file is, so
// that no file is there without it.
type record struct {
	First   time.Time         `json:"first"`
	Last    time.Time         `json:"last"`
	Step    string            `json:"step"`
	Labels  map[string]string `json:"labels"`
	Open    int               `json:"open_waits_per_owner"`
	LeftOut []string          `json:"left_out_families,omitempty"`
	Config  string            `json:"config"`
	Version string            `json:"version"`
	Steps   int               `json:"steps"`
	Series  int               `json:"series"`
	Samples int               `json:"samples"`
	Bytes   int64             `json:"bytes"`
}

// newRecord returns the record of a file that o asks for, before it is written.
func newRecord(o Options) record {
	r := record{Step: o.Step.String(), Labels: map[string]string{}, Open: o.OpenWaits, LeftOut: o.LeftOut, Config: o.Config, Version: o.Version}
	for _, l := range o.Labels {
		r.Labels[l.Name] = l.Value
	}
	return r
}

// differs says what else a file would hold by o; "" is nothing.
func (r *record) differs(o Options) string {
	want := newRecord(o)
	switch {
	case r.Step != want.Step:
		return "was written with --step " + r.Step
	case !maps.Equal(r.Labels, want.Labels):
		return fmt.Sprintf("was written for other labels, %s", labelsText(r.Labels))
	case r.Config != want.Config:
		return "was written by another config, or from another store"
	case r.Open != want.Open:
		return fmt.Sprintf("was written with metrics.open_waits_per_owner %d", r.Open)
	case !slices.Equal(r.LeftOut, want.LeftOut):
		return fmt.Sprintf("was written with other families left out by metrics.families (%s)", cmp.Or(strings.Join(r.LeftOut, ", "), "none"))
	case r.Version != want.Version:
		return fmt.Sprintf("was written by yourturn %s", r.Version)
	}
	return ""
}

func labelsText(labels map[string]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, label(name, labels[name]))
	}
	return strings.Join(out, ",")
}

// folder is a folder with files of the past.
type folder struct {
	dir     string
	records map[string]record // by name
	others  []string          // names of files without a record
}

// ConflictError says that a file is not what would be written.
type ConflictError struct{ Path, Reason string }

// Error implements error.
func (e *ConflictError) Error() string { return e.Path + " " + e.Reason }

// openFolder reads what a folder holds.
func openFolder(o Options) (*folder, error) {
	f := &folder{dir: o.Dir, records: map[string]record{}}
	text, err := os.ReadFile(f.path(manifestName))
	if err == nil {
		err = json.Unmarshal(text, &f.records)
		if err != nil {
			return nil, &ConflictError{f.path(manifestName), "cannot be read: " + err.Error()}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, e := range entries {
		name := e.Name()
		there[name] = true
		if _, known := f.records[name]; !known && strings.HasSuffix(name, suffix) {
			f.others = append(f.others, name)
		}
	}
	// Whatever was removed, or was about to be there when all ended, is not.
	maps.DeleteFunc(f.records, func(name string, _ record) bool { return !there[name] })
	return f, nil
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// keep returns the files that hold something of what is asked for, in order. What
// is not as it would be written is refused, or replaced if it may be: replaced is how many
// bytes that is, which are removed if remove says so.
func (f *folder) keep(o Options, remove bool) (kept []File, replaced int64, err error) {
	replace := func(name string) error {
		info, err := os.Stat(f.path(name))
		if err != nil {
			return err
		}
		replaced += info.Size()
		if remove {
			delete(f.records, name)
			err = os.Remove(f.path(name))
		}
		return err
	}
	for _, name := range f.others {
		first, next, ok := ofName(name)
		if !ok || first.After(o.To) || !next.After(o.From) {
			continue
		}
		if !o.Overwrite {
			return nil, 0, &ConflictError{f.path(name), "is there, and " + manifestName + " does not say what it holds"}
		}
		if err := replace(name); err != nil {
			return nil, 0, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.records)) {
		r := f.records[name]
		if r.First.After(o.To) || r.Last.Before(o.From) {
			continue
		}
		reason := r.differs(o)
		if info, err := os.Stat(f.path(name)); err != nil {
			return nil, 0, err
		} else if info.Size() != r.Bytes {
			reason = "was changed since it was written"
		}
		switch {
		case o.Overwrite && (r.First.Before(o.From) || r.Last.After(o.To)):
			// The part of it that is not asked for would be lost.
			return nil, 0, &ConflictError{f.path(name), fmt.Sprintf("holds more than is to be written anew: it goes from %s to %s", r.First.Format(time.RFC3339), r.Last.Format(time.RFC3339))}
		case o.Overwrite:
			if err := replace(name); err != nil {
				return nil, 0, err
			}
		case reason != "":
			return nil, 0, &ConflictError{f.path(name), reason}
		default:
			kept = append(kept, f.file(name, true))
		}
	}
	slices.SortFunc(kept, func(a, b File) int { return a.First.Compare(b.First) })
	return kept, replaced, nil
}

// ofName returns the first instant that a file's name speaks of, and the first after it.
func ofName(name string) (first, next time.Time, ok bool) {
	name = strings.TrimSuffix(name, suffix)
	if month, err := time.Parse("2006-01", name); err == nil {
		return month, monthAfter(month), true
	}
	from, to, _ := strings.Cut(name, stampSeparator)
	first, err := time.Parse(stampLayout, from)
	last, err2 := time.Parse(stampLayout, to)
	return first, last.Add(time.Nanosecond), err == nil && err2 == nil
}

// file returns a file of the folder.
func (f *folder) file(name string, kept bool) File {
	r := f.records[name]
	return File{Path: f.path(name), First: r.First, Last: r.Last, Steps: r.Steps, Series: r.Series, Samples: r.Samples, Kept: kept}
}

// draft is a file that has no name yet.
type draft struct {
	name, temporary string
	record
}

// draft writes a table into a file without a name.
func (f *folder) draft(t *table, part span, o Options) (d draft, err error) {
	d = draft{name: part.name(), record: newRecord(o)}
	d.First, d.Last, d.Steps = part.first, part.last(), part.steps
	for _, fam := range t.families {
		d.Series += len(fam.series)
	}
	out, err := os.CreateTemp(f.dir, ".backfill-*")
	if err != nil {
		return d, err
	}
	d.temporary = out.Name()
	d.Samples, err = t.write(out, part.first.Unix(), int64(part.step.Seconds()))
	if err == nil {
		d.Bytes, err = out.Seek(0, io.SeekCurrent)
	}
	if err = errors.Join(err, out.Chmod(0o644), out.Close()); err != nil {
		os.Remove(d.temporary) //nolint:errcheck // what failed is told
		return d, fmt.Errorf("writing %s: %w", f.path(d.name), err)
	}
	return d, nil
}

// add gives a draft its name.
func (f *folder) add(d draft) (File, error) {
	f.records[d.name] = d.record
	err := f.writeManifest()
	if err == nil {
		err = os.Rename(d.temporary, f.path(d.name))
	}
	if err != nil {
		delete(f.records, d.name)
		os.Remove(d.temporary) //nolint:errcheck // what failed is told
		return File{}, err
	}
	return f.file(d.name, false), nil
}

// writeManifest writes the manifest.
func (f *folder) writeManifest() error {
	text, err := json.MarshalIndent(f.records, "", "  ")
	if err != nil {
		return err
	}
	part := f.path(manifestName + ".part")
	if err := os.WriteFile(part, append(text, '\n'), 0o644); err != nil { //nolint:gosec // it goes with files that all may read
		return err
	}
	return os.Rename(part, f.path(manifestName))
}

// holes returns the times without samples between the files of these labels.
func (f *folder) holes(o Options) []Hole {
	want := newRecord(o)
	var list []record
	for _, r := range f.records {
		if maps.Equal(r.Labels, want.Labels) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b record) int { return a.First.Compare(b.First) })
	var out []Hole
	var last time.Time
	for i, r := range list {
		step, err := time.ParseDuration(r.Step)
		if next := last.Add(step); i > 0 && err == nil && next.Before(r.First) {
			out = append(out, Hole{next, r.First.Add(-step)})
		}
		if r.Last.After(last) {
			last = r.Last
		}
	}
	return out
}
