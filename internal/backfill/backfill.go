// Package backfill writes the past as a service would have served it that was
// scraped all along: a sample of every series at each step, as of that step, in
// the format that Prometheus imports.
package backfill

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/metrics"
)

// The limits of memory. Each file that is being written holds all its samples, and
// stories, until it is complete.
const (
	sideBySide  = 2
	stepsOfFile = 31 * 24 // a month of hours
)

// Label is a label that every series bears.
type Label struct{ Name, Value string }

// Options says what is written.
type Options struct {
	Rules *latency.Rules
	// From and To are the instants of the first and the last sample. Both are
	// multiples of Step, which is whole minutes and divides a day.
	From, To time.Time
	Step     time.Duration
	Labels   []Label
	// Begins is the instant of the first sample.
	Begins Beginning
	// LedgerStart is the start of the ledger that the counts of this past belong to:
	// each step has it, so that counters of the past and the present are compared.
	// 0: there is no such ledger.
	LedgerStart latency.Instant
	// OpenWaits is how many open waits of an owner and kind have a series of their
	// own at most.
	OpenWaits int
	// LeftOut names metric families that have no series, in order.
	LeftOut []string
	// Config identifies the config behind Rules, and the store; Version the program.
	// A folder that was written with others is not continued.
	Config, Version string
	// Dir is the folder that the files are written to: one for each month (UTC),
	// several where a month has too many steps.
	Dir string
	// Overwrite allows removing files that are there.
	Overwrite bool
	// Progress is called with each complete file, first with those that were there. It may be nil.
	Progress func(File)
	// Stepped is called with each step that was derived, by several goroutines at once. It
	// may be nil.
	Stepped func()
}

// File is a complete file.
type File struct {
	Path                   string
	First, Last            time.Time // its samples
	Steps, Series, Samples int
	Kept                   bool // it was there already
}

// Result is what a folder holds.
type Result struct {
	Files []File // that hold what was asked for, in order; all of it unless there was an error
	Holes []Hole // between the files of the folder with these labels
}

// Hole is a time without samples.
type Hole struct{ First, Last time.Time }

// Write writes what the folder does not hold yet, each file under its name only
// when it is complete. It reads nothing but the source. Files that it wrote before
// with the same options, From and To apart, are kept; for others it returns a
// ConflictError.
func Write(ctx context.Context, source Source, o Options) (Result, error) {
	if err := os.MkdirAll(o.Dir, 0o755); err != nil { //nolint:gosec // these are for Prometheus to read
		return Result{}, err
	}
	f, err := openFolder(o)
	if err != nil {
		return Result{}, err
	}
	kept, _, err := f.keep(o, true)
	if err != nil {
		return Result{}, err
	}
	files := kept
	if o.Progress != nil {
		for _, file := range kept {
			o.Progress(file)
		}
	}
	// Files are written side by side, each from its own beginning: what is
	// counted by an instant does not depend on where the counting began.
	var mu sync.Mutex // over the folder, files and o.Progress
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(sideBySide)
	for _, part := range missing(kept, o) {
		g.Go(func() error {
			if err := gctx.Err(); err != nil {
				return err
			}
			t, err := derive(gctx, source, o, part)
			if err != nil {
				return err
			}
			d, err := f.draft(t, part, o)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			file, err := f.add(d)
			if err != nil {
				return err
			}
			files = append(files, file)
			if o.Progress != nil {
				o.Progress(file)
			}
			return nil
		})
	}
	if err = g.Wait(); ctx.Err() != nil {
		err = ctx.Err()
	}
	slices.SortFunc(files, func(a, b File) int { return a.First.Compare(b.First) })
	return Result{Files: files, Holes: f.holes(o)}, err
}

// span is what one file holds.
type span struct {
	first time.Time
	steps int
	step  time.Duration
}

// last returns the instant of its last sample.
func (s span) last() time.Time { return s.first.Add(time.Duration(s.steps-1) * s.step) }

// name returns the name of its file: the month if it is one, else the range (UTC).
func (s span) name() string {
	if s.first.Equal(monthOf(s.first)) && s.last().Add(s.step).Equal(monthAfter(s.first)) {
		return s.first.Format("2006-01") + suffix
	}
	return s.first.Format(stampLayout) + stampSeparator + s.last().Format(stampLayout) + suffix
}

// monthOf returns the first instant of a month, monthAfter that of the next.
func monthOf(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func monthAfter(at time.Time) time.Time { return monthOf(at).AddDate(0, 1, 0) }

// missing returns what of [From, To] no file holds, in parts that become one each.
func missing(kept []File, o Options) []span {
	var out []span
	at := o.From.UTC()
	for _, file := range append(slices.Clone(kept), File{First: o.To.UTC().Add(o.Step), Last: o.To.UTC()}) {
		if file.First.After(at) {
			out = append(out, months(at, file.First.Add(-o.Step), o.Step)...)
		}
		if next := file.Last.Add(o.Step); next.After(at) {
			at = next
		}
	}
	return out
}

// months cuts [from, to] into months, and a month into files of at most
// stepsOfFile steps.
func months(from, to time.Time, step time.Duration) []span {
	var out []span
	for at := from; !at.After(to); {
		last := monthAfter(at).Add(-step)
		if last.After(to) {
			last = to
		}
		steps := min(int(last.Sub(at)/step)+1, stepsOfFile)
		out = append(out, span{at, steps, step})
		at = at.Add(time.Duration(steps) * step)
	}
	return out
}

// derive makes the table of a file.
func derive(ctx context.Context, source Source, o Options, part span) (*table, error) {
	first, step := latency.At(part.first), o.Step.Milliseconds()
	p, err := newPast(ctx, source, o.Rules, first)
	if err != nil {
		return nil, err
	}
	p.ledger = o.LedgerStart
	changed, err := p.changes(ctx, first, latency.At(part.last()), step)
	if err != nil {
		return nil, err
	}
	engine, exporter, registry := measure.NewEngine(p, o.OpenWaits), metrics.NewExporter(), prometheus.NewRegistry()
	if err := registry.Register(exporter); err != nil {
		return nil, err
	}
	exporter.LeaveOut(o.LeftOut)
	t := newTable(o.Labels)
	for i := range part.steps {
		p.now = first.Add(time.Duration(i) * o.Step)
		var report *latency.Report
		if i == 0 {
			report, err = engine.Load(ctx, o.Rules, "", p.now, nil)
		} else {
			report, err = engine.Advance(ctx, changed[int64(i)], p.now)
		}
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return nil, fmt.Errorf("deriving as of %s: %w", p.now.Time().Format(time.RFC3339), err)
		}
		exporter.Publish(report)
		if err := t.gather(i, registry, func(project string) bool { return o.Begins.begun(project, p.now) }); err != nil {
			return nil, err
		}
		if o.Stepped != nil {
			o.Stepped()
		}
	}
	return t, nil
}
