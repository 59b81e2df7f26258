package backfill

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/yourturn/yourturn/internal/latency"
)

// lines returns the samples of an exposition by their series; at is what stands
// behind each value.
func lines(t *testing.T, text, at string) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		line, ok := strings.CutSuffix(line, at)
		i := strings.LastIndexByte(line, ' ')
		v, err := strconv.ParseFloat(line[i+1:], 64)
		if err != nil || !ok {
			t.Fatalf("%q: %v", line, err)
		}
		out[line[:i]] = v
	}
	return out
}

// TestSeriesAreThoseOfAScrape compares what is written with what client_golang
// prints for a Prometheus that scrapes OpenMetrics.
func TestSeriesAreThoseOfAScrape(t *testing.T) {
	reg := prometheus.NewRegistry()
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "po_level", Help: "A \"gauge\" with a \\ in its help."}, []string{"owner"})
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "po_things_total", Help: "Things."}, []string{"kind", "owner"})
	histogram := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "po_seconds", Help: "Seconds.", Buckets: []float64{0.5, 60, 3600, 1e6, 1e21}}, []string{"owner"})
	reg.MustRegister(gauge, counter, histogram)
	for i, owner := range []string{"ada", `quo"te`, "back\\slash", "line\nend", "\u6797"} {
		gauge.WithLabelValues(owner).Set(float64(i) / 3)
		counter.WithLabelValues("acceptance", owner).Add(float64(i))
		histogram.WithLabelValues(owner).Observe(float64(i) * 61.5)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var scraped bytes.Buffer
	enc := expfmt.NewEncoder(&scraped, expfmt.NewFormat(expfmt.TypeOpenMetrics))
	for _, mf := range families {
		if err := enc.Encode(mf); err != nil {
			t.Fatal(err)
		}
	}
	table := newTable(nil)
	if err := table.gather(1, reg, func(string) bool { return true }); err != nil { // of the first step there is nothing
		t.Fatal(err)
	}
	var written bytes.Buffer
	n, err := table.write(&written, 1_767_225_600, 3600)
	if err != nil {
		t.Fatal(err)
	}
	want, got := lines(t, scraped.String(), ""), lines(t, strings.TrimSuffix(written.String(), "# EOF\n"), " 1767229200")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("series (-scraped +written):\n%s", d)
	}
	if n != len(want) {
		t.Errorf("%d samples told, %d written", n, len(want))
	}
	for line := range strings.Lines(scraped.String()) {
		if strings.HasPrefix(line, "#") && !strings.Contains(written.String(), line) {
			t.Errorf("%q is not written", line)
		}
	}
}

// TestNoSamplesBeforeAProjectBegins checks that a project's series have no
// sample before it begins, instead of a 0.
func TestNoSamplesBeforeAProjectBegins(t *testing.T) {
	reg := prometheus.NewRegistry()
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "po_level", Help: "Level."}, []string{"project"})
	alone := prometheus.NewGauge(prometheus.GaugeOpts{Name: "po_alone", Help: "Alone."})
	reg.MustRegister(gauge, alone)
	gauge.WithLabelValues("OLD").Set(0)
	gauge.WithLabelValues("NEW").Set(0)
	b := Beginning{First: 1000, Projects: map[string]latency.Instant{"OLD": 1000, "NEW": 3000}}
	table := newTable(nil)
	for step := range 4 {
		if err := table.gather(step, reg, func(project string) bool { return b.begun(project, latency.Instant(1000*step)) }); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := table.write(&out, 0, 1); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "#") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{
		"po_alone{} 0 1", "po_alone{} 0 2", "po_alone{} 0 3",
		`po_level{project="NEW"} 0 3`, `po_level{project="OLD"} 0 1`, `po_level{project="OLD"} 0 2`, `po_level{project="OLD"} 0 3`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("samples (-want +got):\n%s", d)
	}
}

// TestSeriesComeAndGo checks that a series has a sample at each step at which it was
// there, changed or not, and at no other.
func TestSeriesComeAndGo(t *testing.T) {
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "po_level", Help: "Level."}, []string{"owner"})
	histogram := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "po_seconds", Help: "Seconds.", Buckets: []float64{1}}, []string{"owner"})
	reg := prometheus.NewRegistry()
	reg.MustRegister(gauge, histogram)
	table := newTable(nil)
	for step, v := range []float64{1, 1, -1, 1, 2, -1, -1} { // -1: it is not there
		if v < 0 {
			gauge.Reset()
			histogram.Reset()
		} else {
			gauge.WithLabelValues("ada").Set(v)
			histogram.WithLabelValues("ada").Observe(v)
		}
		if err := table.gather(step, reg, func(string) bool { return true }); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	n, err := table.write(&out, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := `# TYPE po_level gauge
# HELP po_level Level.
po_level{owner="ada"} 1 0
po_level{owner="ada"} 1 1
po_level{owner="ada"} 1 3
po_level{owner="ada"} 2 4
# TYPE po_seconds histogram
# HELP po_seconds Seconds.
`
	for _, s := range [][5]int{{0, 1, 1, 1, 1}, {1, 2, 2, 2, 2}, {3, 1, 1, 1, 1}, {4, 1, 2, 3, 2}} {
		for i, line := range []string{`_bucket{owner="ada",le="1.0"}`, `_bucket{owner="ada",le="+Inf"}`, `_sum{owner="ada"}`, `_count{owner="ada"}`} {
			want += "po_seconds" + line + " " + strconv.Itoa(s[i+1]) + " " + strconv.Itoa(s[0]) + "\n"
		}
	}
	if d := cmp.Diff(want+"# EOF\n", out.String()); d != "" || n != 4*5 {
		t.Errorf("%d samples (-want +got):\n%s", n, d)
	}
}
