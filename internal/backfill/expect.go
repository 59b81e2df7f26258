package backfill

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Expected is about what Write would write, and what that takes. It is within a factor of 2
// of the truth, but for the memory and the time, which depend on what else runs.
type Expected struct {
	Files, Steps, Samples int
	Series                int           // that have a sample at the same time
	Bytes                 int64         // of the files
	Replaced              int64         // bytes of files that are removed before
	Blocks                int64         // bytes of the blocks that promtool makes of them
	Memory                int64         // that is resident, bytes
	Time                  time.Duration // by the clock on the wall
}

// The size of a block of Prometheus: so much for each sample and, for the index, for each
// series of a file. Both are measured: docs/figures.md.
const (
	bytesOfSample = 0.9
	bytesOfSeries = 150
)

// The memory of a process: so much without a past, in bytes, and so many times what is in
// use, because garbage is collected when it is as much as that.
const (
	bytesOfProcess = 30 << 20
	garbage        = 2
)

// probes are where steps are derived to estimate by, as shares of all that are written:
// with them an average is right of what grows as a polynomial of up to the third degree.
var probes = []float64{0.2113, 0.7887} //nolint:gochecknoglobals // they are constant

// probeSteps is how many steps are derived at each of them at most.
const probeSteps = 48

// Expect derives a few steps of what Write would write, in two places a day if that is not
// too many, and returns what all of it is by them.
// It returns the errors that Write would return for the files that are there.
func Expect(ctx context.Context, source Source, o Options) (Expected, error) {
	var e Expected
	var kept []File
	f, err := openFolder(o)
	if err == nil {
		kept, e.Replaced, err = f.keep(o, false)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return e, err
	}
	if o.Overwrite {
		kept = nil
	}
	parts := missing(kept, o)
	longest := 0
	for _, part := range parts {
		e.Steps += part.steps
		longest = max(longest, part.steps)
	}
	if e.Files = len(parts); e.Files == 0 {
		return e, nil
	}
	steps := min(int(24*time.Hour/o.Step)+1, max(2, e.Steps/20), probeSteps)
	var sum probe
	for _, share := range probes {
		p, err := o.probe(ctx, source, probed(parts, int(share*float64(e.Steps)), steps))
		if err != nil {
			return e, err
		}
		sum.add(p)
	}
	n, all, files := float64(len(probes)), float64(e.Steps), float64(e.Files)
	e.Samples = int(sum.samples / n * all)
	e.Series = int(sum.samples / n)
	e.Bytes = int64(sum.header/n*files + sum.bytes/n*all)
	e.Blocks = int64(bytesOfSample*float64(e.Samples) + bytesOfSeries*sum.series/n*files)
	atOnce := min(sideBySide, e.Files)
	e.Memory = bytesOfProcess + int64(garbage*(sum.before/n+float64(atOnce)*(sum.loaded/n+sum.grows/n*float64(longest))))
	e.Time = time.Duration((sum.load/n*files + sum.step/n*all) / float64(min(atOnce, runtime.GOMAXPROCS(0))))
	return e, nil
}

// probed returns so many steps of the part that has the nth step of all, from that on or
// from as early as it must be.
func probed(parts []span, n, steps int) span {
	for _, part := range parts {
		if n >= part.steps {
			n -= part.steps
			continue
		}
		steps = min(steps, part.steps)
		part.first = part.first.Add(time.Duration(min(n, part.steps-steps)) * part.step)
		part.steps = steps
		return part
	}
	return parts[len(parts)-1]
}

// probe is what some steps came to. Times are in nanoseconds.
type probe struct {
	samples, bytes float64 // of a step
	header         float64 // bytes of a file beside its samples
	series         float64 // in all steps
	load, step     float64 // how long the first step takes, and each further one, with its part of the file
	before         float64 // bytes that were in use before
	loaded, grows  float64 // bytes that the first step adds, and each further one
}

func (p *probe) add(o probe) {
	p.samples, p.bytes, p.header, p.series = p.samples+o.samples, p.bytes+o.bytes, p.header+o.header, p.series+o.series
	p.before, p.load, p.step, p.loaded, p.grows = p.before+o.before, p.load+o.load, p.step+o.step, p.loaded+o.loaded, p.grows+o.grows
}

// probe derives some steps.
func (o Options) probe(ctx context.Context, source Source, part span) (probe, error) {
	var p probe
	n, further, middle := 0, float64(max(1, part.steps-1)), (part.steps+1)/2
	var half float64 // in use then: the first steps read what waits, others only what changed
	p.before = inUse()
	begun := time.Now()
	stepped := o.Stepped
	o.Stepped = func() {
		if n++; n == 1 {
			p.load = float64(time.Since(begun))
			p.loaded = max(0, inUse()-p.before)
			begun = time.Now()
		}
		if n > 1 && n == part.steps {
			p.step = float64(time.Since(begun)) / further
			p.grows = max(0, inUse()-half) / float64(part.steps-middle)
		}
		if n == middle {
			half = inUse()
		}
		if stepped != nil {
			stepped()
		}
	}
	t, err := derive(ctx, source, o, part)
	if err != nil {
		return p, err
	}
	begun = time.Now()
	var all, header counter
	samples, err := t.write(&all, part.first.Unix(), int64(part.step.Seconds()))
	if err != nil {
		return p, err
	}
	steps := float64(part.steps)
	p.step += float64(time.Since(begun)) / steps
	for _, f := range t.families {
		for _, series := range f.series {
			p.series += float64(len(series.lines))
		}
		f.series = nil
	}
	if _, err := t.write(&header, 0, 1); err != nil {
		return p, err
	}
	p.samples, p.header, p.bytes = float64(samples)/steps, float64(header), float64(all-header)/steps
	return p, nil
}

// inUse returns how many bytes of memory are in use.
func inUse() float64 {
	runtime.GC() //nolint:revive // garbage is not in use
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// counter counts what is written to it.
type counter int64

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

var _ io.Writer = (*counter)(nil)

// Free returns how many bytes may still be written to a folder, which need not exist; known
// is false where the system does not say.
func Free(dir string) (bytes int64, known bool) {
	dir, err := filepath.Abs(dir)
	for err == nil {
		if _, err = os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		dir, err = filepath.Dir(dir), nil
	}
	if err != nil {
		return 0, false
	}
	return free(dir)
}
