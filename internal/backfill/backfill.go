// Package backfill tells the past as a service would have told it that had been
// scraped all along: a sample of every series at each step, as of that step, in
// the form in which a Prometheus imports it.
package backfill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

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
	// Months are written side by side, each from its own beginning: what is
	// counted by an instant is the same, wherever the counting began.
	files := make([]File, len(spans))
	var mu sync.Mutex // over o.Progress
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, m := range spans {
		g.Go(func() error {
			f, err := month(gctx, source, o, m)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			files[i] = f
			if o.Progress != nil {
				o.Progress(f)
			}
			return nil
		})
	}
	err := g.Wait()
	for i := range files {
		if files[i].Path == "" {
			return files[:i], err
		}
	}
	return files, err
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

// month writes a month's file.
func month(ctx context.Context, source Source, o Options, m span) (File, error) {
	first, step := latency.At(m.first), o.Step.Milliseconds()
	p, err := newPast(ctx, source, o.Rules, first)
	if err != nil {
		return File{}, err
	}
	changed, err := p.changes(ctx, first, first.Add(time.Duration(m.steps-1)*o.Step), step)
	if err != nil {
		return File{}, err
	}
	engine, exporter, registry := measure.NewEngine(p, o.OpenWaits), metrics.NewExporter(), prometheus.NewRegistry()
	if err := registry.Register(exporter); err != nil {
		return File{}, err
	}
	t := newTable(m.steps, o.Labels)
	for i := range m.steps {
		p.now = first.Add(time.Duration(i) * o.Step)
		var report *latency.Report
		if i == 0 {
			report, err = engine.Load(ctx, o.Rules, "", p.now, nil)
		} else {
			report, err = engine.Advance(ctx, changed[int64(i)], p.now)
		}
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return File{}, fmt.Errorf("deriving as of %s: %w", p.now.Time().Format(time.RFC3339), err)
		}
		exporter.Publish(report)
		if err := t.gather(i, registry); err != nil {
			return File{}, err
		}
	}
	f := File{Path: m.path(o.Dir), Steps: m.steps, Next: m.first.Add(time.Duration(m.steps) * o.Step)}
	for _, fam := range t.families {
		f.Series += len(fam.series)
	}
	f.Samples, err = save(f.Path, t, m.first.Unix(), step/1000)
	return f, err
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
