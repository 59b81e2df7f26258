package backfill

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
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
	table := newTable(2, nil)
	if err := table.gather(1, reg); err != nil { // of the first step there is nothing
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

// TestMonths cuts periods at the first steps of months.
func TestMonths(t *testing.T) {
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	step := 6 * time.Hour
	var got []string
	for _, m := range months(day("2025-12-30").Add(step), day("2026-02-01"), step) {
		got = append(got, m.first.Format("2006-01-02T15")+" "+strconv.Itoa(m.steps)+" "+m.path("d"))
	}
	want := []string{"2025-12-30T06 7 d/2025-12.om", "2026-01-01T00 124 d/2026-01.om", "2026-02-01T00 1 d/2026-02.om"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("months (-want +got):\n%s", d)
	}
}
