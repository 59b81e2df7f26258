package backfill

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// table holds the samples of a file: of each line that a scrape prints, when it
// changed. Most of them are of counters, which seldom do.
type table struct {
	labels   string // of every series, as they are written
	families map[string]*family
	key      []byte    // scratch
	values   []float64 // scratch
}

// family is a metric with all its series.
type family struct {
	name, help, kind string
	series           map[string]*points
}

// points are the samples of a series.
type points struct {
	lines []string // name and labels of its lines: of a histogram several
	runs  [][]run  // by line, in order
	seen  int      // the last step at which the series was there
}

// run is a value from a step on; NaN where the series was not there.
type run struct {
	step  int
	value float64
}

// put sets the value of a line at a step, which is none before the last one.
func (p *points) put(line, step int, value float64) {
	runs := p.runs[line]
	if n := len(runs); n == 0 || math.Float64bits(runs[n-1].value) != math.Float64bits(value) {
		p.runs[line] = append(runs, run{step, value})
	}
}

// at sets the values of all lines at a step, at which the series is there.
func (p *points) at(step int, values ...float64) {
	for line, v := range values {
		if p.seen >= 0 && p.seen < step-1 {
			p.put(line, p.seen+1, math.NaN())
		}
		p.put(line, step, v)
	}
	p.seen = step
}

// newTable returns a table whose series bear these labels too.
func newTable(labels []Label) *table {
	var all []string
	for _, l := range labels {
		all = append(all, label(l.Name, l.Value))
	}
	return &table{labels: strings.Join(all, ","), families: map[string]*family{}}
}

// gather takes the samples of a step from a registry, except those of projects
// that have not begun yet.
func (t *table) gather(step int, from prometheus.Gatherer, begun func(project string) bool) error {
	families, err := from.Gather()
	if err != nil {
		return err
	}
	for _, mf := range families {
		f := t.families[mf.GetName()]
		if f == nil {
			f = &family{name: mf.GetName(), help: mf.GetHelp(), kind: strings.ToLower(mf.GetType().String()), series: map[string]*points{}}
			t.families[f.name] = f
		}
		for _, m := range mf.GetMetric() {
			if !begun(projectOf(m)) {
				continue
			}
			if err := t.add(f, m, step); err != nil {
				return err
			}
		}
	}
	return nil
}

// projectOf returns the project that a series is of, or "".
func projectOf(m *dto.Metric) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == "project" {
			return l.GetValue()
		}
	}
	return ""
}

// add takes the sample of a series.
func (t *table) add(f *family, m *dto.Metric, step int) error {
	t.key = t.key[:0]
	for _, l := range m.GetLabel() {
		t.key = append(append(t.key, l.GetValue()...), 0xff)
	}
	p := f.series[string(t.key)]
	if p == nil {
		p = &points{lines: t.lines(f, m), seen: -1}
		p.runs = make([][]run, len(p.lines))
		f.series[string(t.key)] = p
	}
	switch {
	case m.GetGauge() != nil:
		p.at(step, m.GetGauge().GetValue())
	case m.GetCounter() != nil:
		p.at(step, m.GetCounter().GetValue())
	case m.GetHistogram() != nil:
		h := m.GetHistogram()
		t.values = t.values[:0]
		for _, b := range h.GetBucket() {
			t.values = append(t.values, float64(b.GetCumulativeCount()))
		}
		count := float64(h.GetSampleCount())
		p.at(step, append(t.values, count, h.GetSampleSum(), count)...)
	default:
		return fmt.Errorf("metric %s is of a kind that is not written: %s", f.name, f.kind)
	}
	return nil
}

// lines returns the lines of a series, up to the value.
func (t *table) lines(f *family, m *dto.Metric) []string {
	labels := make([]string, 0, len(m.GetLabel())+2)
	for _, l := range m.GetLabel() {
		labels = append(labels, label(l.GetName(), l.GetValue()))
	}
	if t.labels != "" {
		labels = append(labels, t.labels)
	}
	line := func(suffix string, more ...string) string {
		return f.name + suffix + "{" + strings.Join(append(slices.Clone(labels), more...), ",") + "} "
	}
	if m.GetHistogram() == nil {
		return []string{line("")}
	}
	var out []string
	for _, b := range m.GetHistogram().GetBucket() {
		out = append(out, line("_bucket", label("le", bound(b.GetUpperBound()))))
	}
	return append(out, line("_bucket", label("le", "+Inf")), line("_sum"), line("_count"))
}

// bound writes the upper bound of a bucket as OpenMetrics has it. A Prometheus
// scrapes that format, and the imported series must continue the scraped ones.
func bound(v float64) string {
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") && !math.IsInf(v, 0) {
		text += ".0"
	}
	return text
}

// label writes a label.
func label(name, value string) string {
	return name + `="` + strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(value) + `"`
}

// write writes the table as OpenMetrics; row 0 is at the instant first, in
// seconds, and each following row is one step (in seconds) later. It returns the
// number of samples.
func (t *table) write(out io.Writer, first, step int64) (samples int, err error) {
	w := bufio.NewWriterSize(out, 1<<20)
	var buf []byte
	for _, name := range slices.Sorted(maps.Keys(t.families)) {
		f := t.families[name]
		named := name
		if f.kind == "counter" {
			named = strings.TrimSuffix(name, "_total")
		}
		fmt.Fprintf(w, "# TYPE %s %s\n# HELP %s %s\n", named, f.kind, named, strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(f.help))
		for _, key := range slices.Sorted(maps.Keys(f.series)) {
			p := f.series[key]
			now := make([]int, len(p.lines)) // the run that a line is in
			for row := p.runs[0][0].step; row <= p.seen; row++ {
				for i := range p.lines {
					if next := now[i] + 1; next < len(p.runs[i]) && p.runs[i][next].step == row {
						now[i] = next
					}
				}
				if math.IsNaN(p.runs[0][now[0]].value) {
					continue
				}
				at := first + int64(row)*step
				for i, line := range p.lines {
					buf = append(buf[:0], line...)
					buf = strconv.AppendFloat(buf, p.runs[i][now[i]].value, 'g', -1, 64)
					buf = append(buf, ' ')
					buf = strconv.AppendInt(buf, at, 10)
					buf = append(buf, '\n')
					if _, err := w.Write(buf); err != nil {
						return samples, err
					}
				}
				samples += len(p.lines)
			}
		}
	}
	if _, err := io.WriteString(w, "# EOF\n"); err != nil {
		return samples, err
	}
	return samples, w.Flush()
}
