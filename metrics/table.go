package metrics

import "github.com/prometheus/client_golang/prometheus"

// Kind is the type of a metric.
type Kind string

// The kinds of metrics.
const (
	Gauge     Kind = "gauge"
	Counter   Kind = "counter"
	Histogram Kind = "histogram"
)

// Definition is what a metric is called and how it is read.
type Definition struct {
	Name   string
	Kind   Kind
	Help   string // one or more sentences
	Labels []string
	// Buckets are the upper bounds of a histogram of the service. Those of the
	// report bring their own.
	Buckets []float64
	// Absent leaves out a metric without labels until it has its first value.
	// Otherwise it exists from the start, at 0.
	Absent bool
	// Whole makes an event's samples all the series of a gauge: those that the
	// event does not give end.
	Whole bool
}

// desc returns the definition as Prometheus' client wants it.
func (d Definition) desc() *prometheus.Desc {
	return prometheus.NewDesc(d.Name, d.Help, d.Labels, nil)
}

// labels lists the names of a metric's labels.
func labels(names ...string) []string { return names }

// Definitions returns the metrics of the report, and those of the service that
// this package records, in the order of their tables.
func Definitions() []Definition {
	var all []Definition
	for _, m := range reportMetrics() {
		all = append(all, m.Definition)
	}
	for _, r := range serviceMetrics() {
		all = append(all, r.Definition)
	}
	return all
}
