// Package metrics gives the numbers their Prometheus names: those about teams
// and owners from a published report (report.go), those about the service from
// the events that it observes (service.go). Each metric is one entry of a table:
// its definition, and where its values come from.
package metrics

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/yourturn/yourturn/internal/latency"
)

// Exporter is a prometheus.Collector over the report published last. Its series are
// made when they are read, so a report costs nothing but itself until then, and a
// scrape costs what its series cost, whatever the number of stories. Before the first
// report there is no series at all: absent is not zero.
type Exporter struct {
	published atomic.Pointer[published]
	metrics   []described // by name
	leftOut   []string

	mu    sync.Mutex
	shown map[expfmt.FormatType]*shown
}

// described is a metric of the report with its description for Prometheus' client.
type described struct {
	reportMetric
	desc *prometheus.Desc
}

// published is a report and what a scrape shows of it.
type published struct {
	report  *latency.Report
	metrics []described
}

// NewExporter returns an exporter with nothing published.
func NewExporter() *Exporter {
	e := &Exporter{shown: map[expfmt.FormatType]*shown{}}
	for _, m := range reportMetrics() {
		e.metrics = append(e.metrics, described{m, m.desc()})
	}
	slices.SortFunc(e.metrics, func(a, b described) int { return cmp.Compare(a.Name, b.Name) })
	return e
}

// LeaveOut leaves families out of what is published from now on. It must not run beside
// Publish.
func (e *Exporter) LeaveOut(names []string) { e.leftOut = names }

// Optional returns the names of the families that may be left out, in order: all about
// waits, owners and stages. As of when numbers are, whether the config fits and what is
// odd in the data is always said.
func Optional() []string {
	var out []string
	for _, m := range reportMetrics() {
		if strings.HasPrefix(m.Name, "po_") && m.Name != "po_audit_findings" && m.Name != "po_acceptance_configured" {
			out = append(out, m.Name)
		}
	}
	slices.Sort(out)
	return out
}

// Publish makes r what the next scrape shows.
func (e *Exporter) Publish(r *latency.Report) {
	p := &published{report: r}
	for _, m := range e.metrics {
		if !slices.Contains(e.leftOut, m.Name) {
			p.metrics = append(p.metrics, m)
		}
	}
	e.published.Store(p)
}

// Report returns what was published last, or nil.
func (e *Exporter) Report() *latency.Report {
	if p := e.published.Load(); p != nil {
		return p.report
	}
	return nil
}

// Describe implements prometheus.Collector.
func (e *Exporter) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range e.metrics {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (e *Exporter) Collect(ch chan<- prometheus.Metric) {
	if p := e.published.Load(); p != nil {
		p.collect(ch)
	}
}

// collect sends the series of a report.
func (p *published) collect(ch chan<- prometheus.Metric) {
	for _, m := range p.metrics {
		var all []prometheus.Metric
		m.emit(p.report, series{desc: m.desc, kind: m.Kind, all: &all})
		for _, one := range all {
			ch <- one
		}
	}
}

// series takes the series of one metric: as text, or for Prometheus' client.
type series struct {
	text *family

	desc *prometheus.Desc
	kind Kind
	all  *[]prometheus.Metric
}

// add adds a series with the values of the metric's labels, in their order.
func (s series) add(v float64, labels ...string) {
	if s.text != nil {
		s.text.add(v, labels)
		return
	}
	kind := prometheus.GaugeValue
	if s.kind == Counter {
		kind = prometheus.CounterValue
	}
	*s.all = append(*s.all, prometheus.MustNewConstMetric(s.desc, kind, v, slices.Clone(labels)...))
}

// histogram adds h as a classic Prometheus histogram in seconds.
func (s series) histogram(h *latency.Histogram, labels ...string) {
	if s.text != nil {
		s.text.histogram(h, labels)
		return
	}
	buckets := make(map[float64]uint64, len(h.Bounds))
	var below uint64
	for i, bound := range h.Bounds {
		below += h.Counts[i]
		buckets[bound.Seconds()] = below
	}
	*s.all = append(*s.all, prometheus.MustNewConstHistogram(s.desc, h.Count, h.Sum.Seconds(), buckets, slices.Clone(labels)...))
}
