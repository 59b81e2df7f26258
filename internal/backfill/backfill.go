// Package backfill tells the past as a service would have told it that had been
// scraped all along: a sample of every series at each step, as of that step, in
// the form in which a Prometheus imports it.
package backfill

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/metrics"
)

// Label is a label that every series bears.
type Label struct{ Name, Value string }

// Options says what is written.
type Options struct {
	Rules *latency.Rules
	// From and To are the instants of the first and the last sample. Both are
	// multiples of Step, which divides a day.
	From, To time.Time
	Step     time.Duration
	Labels   []Label
	// OpenWaits is how many open waits of an owner and kind are told one by one at most.
	OpenWaits int
	// Dir is the folder that the files are written to, one for each month (UTC).
	Dir string
	// Overwrite tells that files that are there may be replaced.
	Overwrite bool
	// Progress is told each file when it is complete. It may be nil.
	Progress func(File)
}

// File is a month's file.
type File struct {
	Path                   string
	Steps, Series, Samples int
	Next                   time.Time // the step after its last
}

// Write writes the files, each under its name only when it is complete. It
// reads the source alone and asks nobody else.
func Write(ctx context.Context, source Source, o Options) ([]File, error) {
	spans := months(o.From, o.To, o.Step)
	if err := os.MkdirAll(o.Dir, 0o755); err != nil { //nolint:gosec // these are for Prometheus to read
		return nil, err
	}
	if !o.Overwrite {
		for _, m := range spans {
			if _, err := os.Stat(m.path(o.Dir)); !errors.Is(err, fs.ErrNotExist) {
				return nil, &ExistsError{Path: m.path(o.Dir)}
			}
		}
	}
	p, err := newPast(ctx, source, o.Rules, latency.At(o.From))
	if err != nil {
		return nil, err
	}
	w := &writer{Options: o, past: p, engine: measure.NewEngine(p, o.OpenWaits), exporter: metrics.NewExporter(), registry: prometheus.NewRegistry()}
	if err := w.registry.Register(w.exporter); err != nil {
		return nil, err
	}
	var files []File
	for _, m := range spans {
		f, err := w.month(ctx, m)
		if err != nil {
			return files, err
		}
		files = append(files, f)
		if o.Progress != nil {
			o.Progress(f)
		}
	}
	return files, nil
}

// ExistsError tells that a file is there already.
type ExistsError struct{ Path string }

// Error implements error.
func (e *ExistsError) Error() string { return e.Path + " is there already" }

// span is the part of a month that is written.
type span struct {
	first time.Time
	steps int
}

// path returns the name of its file.
func (s span) path(dir string) string {
	return filepath.Join(dir, s.first.Format("2006-01")+".om")
}

// months cuts [from, to] into months.
func months(from, to time.Time, step time.Duration) []span {
	var out []span
	for at := from.UTC(); !at.After(to); {
		next := time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		last := next.Add(-step)
		if last.After(to) {
			last = to
		}
		out = append(out, span{at, int(last.Sub(at)/step) + 1})
		at = next
	}
	return out
}

// writer is a backfill under way.
type writer struct {
	Options
	past     *past
	engine   *measure.Engine
	exporter *metrics.Exporter
	registry *prometheus.Registry
	begun    bool
}

// month writes a month's file.
func (w *writer) month(ctx context.Context, m span) (File, error) {
	first, step := latency.At(m.first), w.Step.Milliseconds()
	before := first.Add(-w.Step)
	w.past.forget()
	changed, err := w.past.changes(ctx, before, first.Add(time.Duration(m.steps-1)*w.Step), step)
	if err != nil {
		return File{}, err
	}
	t := newTable(m.steps, w.Labels)
	for i := range m.steps {
		if err := ctx.Err(); err != nil {
			return File{}, err
		}
		if err := w.derive(ctx, first.Add(time.Duration(i)*w.Step), changed[int64(i)+1]); err != nil {
			return File{}, err
		}
		if err := t.gather(i, w.registry); err != nil {
			return File{}, err
		}
	}
	f := File{Path: m.path(w.Dir), Steps: m.steps, Next: m.first.Add(time.Duration(m.steps) * w.Step)}
	for _, fam := range t.families {
		f.Series += len(fam.series)
	}
	f.Samples, err = save(f.Path, t, m.first.Unix(), step/1000)
	return f, err
}

// derive makes the numbers those as of a step, at which some stories had changed.
func (w *writer) derive(ctx context.Context, at latency.Instant, changed []int64) (err error) {
	w.past.now = at
	var report *latency.Report
	if w.begun {
		report, err = w.engine.Advance(ctx, changed, at)
	} else {
		report, err = w.engine.Load(ctx, w.Rules, "", at, nil)
		w.begun = true
		w.past.forget()
	}
	if err != nil {
		return fmt.Errorf("deriving as of %s: %w", at.Time().Format(time.RFC3339), err)
	}
	w.exporter.Publish(report)
	return nil
}

// save writes a table into a file that has its name only when it is complete.
func save(path string, t *table, first, step int64) (samples int, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".backfill-*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name()) //nolint:errcheck // what failed is told
		}
	}()
	samples, err = t.write(f, first, step)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return 0, fmt.Errorf("writing %s: %w", path, err)
	}
	return samples, os.Rename(f.Name(), path)
}
