package metrics

import (
	"bytes"
	"cmp"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/yourturn/yourturn/internal/latency"
)

// text writes a report in one of the text formats of Prometheus, as package expfmt does.
// It makes no object of a series: they may be millions.
type text struct {
	open   bool // it is OpenMetrics, else Prometheus' own
	escape *strings.Replacer
	free   []*group
}

func newText(open bool) *text {
	return &text{open: open, escape: strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)}
}

// write writes the series of a report.
func (t *text) write(w io.Writer, p *published) error {
	for _, m := range p.metrics {
		f := t.family(m.Definition)
		m.emit(p.report, series{text: f})
		if err := f.writeTo(w); err != nil {
			return err
		}
	}
	return nil
}

// family is the series of one metric as text.
type family struct {
	*text
	of     Definition
	sorted []int  // the numbers of the labels, by name
	first  []int  // those up to the owner's, by which series are grouped
	pairs  []byte // the labels of a histogram, for each of its lines
	key    []byte // of a group
	groups map[string]*group
}

// group is the series of one owner. To sort all series at once takes longer.
type group struct {
	lines  []byte
	series []lines
}

// lines are those of one series, as ends in the lines of a group.
type lines struct{ from, to int }

// family returns a metric without series.
func (t *text) family(d Definition) *family {
	f := &family{text: t, of: d, groups: map[string]*group{}}
	for i := range d.Labels {
		f.sorted = append(f.sorted, i)
	}
	slices.SortFunc(f.sorted, func(a, b int) int { return cmp.Compare(d.Labels[a], d.Labels[b]) })
	f.first = f.sorted[:1+slices.IndexFunc(f.sorted, func(i int) bool { return d.Labels[i] == "owner" })]
	return f
}

// add adds a series.
func (f *family) add(v float64, labels []string) {
	g := f.group(labels)
	from := len(g.lines)
	g.lines = append(g.lines, f.of.Name...)
	if len(labels) > 0 {
		g.lines = append(f.appendPairs(append(g.lines, '{'), labels), '}')
	}
	g.lines = append(f.appendFloat(append(g.lines, ' '), v), '\n')
	g.series = append(g.series, lines{from, len(g.lines)})
}

// histogram adds a histogram in seconds.
func (f *family) histogram(h *latency.Histogram, labels []string) {
	g := f.group(labels)
	from := len(g.lines)
	f.pairs = f.appendPairs(f.pairs[:0], labels)
	line := func(suffix string) {
		g.lines = append(append(append(g.lines, f.of.Name...), suffix...), '{')
		g.lines = append(g.lines, f.pairs...)
	}
	bucket := func(bound float64, n uint64) {
		line("_bucket")
		g.lines = append(f.appendFloat(append(g.lines, `,le="`...), bound), `"} `...)
		g.lines = append(f.appendCount(g.lines, n), '\n')
	}
	var below uint64
	for i, bound := range h.Bounds {
		below += h.Counts[i]
		bucket(bound.Seconds(), below)
	}
	bucket(math.Inf(1), h.Count)
	line("_sum")
	g.lines = append(f.appendFloat(append(g.lines, "} "...), h.Sum.Seconds()), '\n')
	line("_count")
	g.lines = append(f.appendCount(append(g.lines, "} "...), h.Count), '\n')
	g.series = append(g.series, lines{from, len(g.lines)})
}

// group returns where a series with such labels belongs.
func (f *family) group(labels []string) *group {
	f.key = f.key[:0]
	for _, i := range f.first {
		f.key = append(append(f.key, labels[i]...), 0)
	}
	g := f.groups[string(f.key)]
	switch {
	case g != nil:
		return g
	case len(f.free) > 0:
		g = f.free[len(f.free)-1]
		f.free = f.free[:len(f.free)-1]
	default:
		g = &group{}
	}
	f.groups[string(f.key)] = g
	return g
}

// writeTo writes the series in order, and what they are.
func (f *family) writeTo(w io.Writer) error {
	if len(f.groups) == 0 {
		return nil
	}
	name, help := f.of.Name, strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	if f.open {
		name, help = strings.TrimSuffix(name, "_total"), f.escape
	}
	if _, err := io.WriteString(w, "# HELP "+name+" "+help.Replace(f.of.Help)+"\n# TYPE "+name+" "+string(f.of.Kind)+"\n"); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(f.groups)) {
		g := f.groups[key]
		slices.SortFunc(g.series, func(a, b lines) int { return bytes.Compare(g.lines[a.from:a.to], g.lines[b.from:b.to]) })
		for _, s := range g.series {
			if _, err := w.Write(g.lines[s.from:s.to]); err != nil {
				return err
			}
		}
		g.lines, g.series = g.lines[:0], g.series[:0]
		f.free = append(f.free, g)
	}
	return nil
}

// appendPairs appends labels with their values.
func (f *family) appendPairs(b []byte, values []string) []byte {
	for n, i := range f.sorted {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(append(b, f.of.Labels[i]...), `="`...)
		if v := values[i]; strings.ContainsAny(v, "\\\n\"") {
			b = append(b, f.escape.Replace(v)...)
		} else {
			b = append(b, v...)
		}
		b = append(b, '"')
	}
	return b
}

// appendFloat appends a value. In OpenMetrics it says that it is no whole number.
func (f *family) appendFloat(b []byte, v float64) []byte {
	from := len(b)
	switch {
	case math.IsInf(v, 1):
		return append(b, "+Inf"...)
	case math.IsInf(v, -1):
		return append(b, "-Inf"...)
	case math.IsNaN(v):
		return append(b, "NaN"...)
	}
	b = strconv.AppendFloat(b, v, 'g', -1, 64)
	if f.open && !bytes.ContainsAny(b[from:], "e.") {
		b = append(b, ".0"...)
	}
	return b
}

// appendCount appends how many things of a histogram there are.
func (f *family) appendCount(b []byte, n uint64) []byte {
	if f.open {
		return strconv.AppendUint(b, n, 10)
	}
	return f.appendFloat(b, float64(n))
}
