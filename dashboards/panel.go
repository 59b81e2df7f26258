package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// panel is one panel: what it asks, how it is drawn, and what a reader must
// know before trusting it.
type panel struct {
	// title is a question or a fact in the reader's words.
	title string
	// about says how the number is made, and when not to trust it.
	about         string
	width, height uint32
	queries       []query
	view          cog.Builder[dashboard.Panel]
}

// query is one PromQL query of a panel. Queries are named A, B, … in order.
type query struct {
	expr   string
	legend string
	format prometheus.PromQueryFormat
	// now asks for the end of the time range alone instead of its course.
	now bool
	// step is the least distance of two points, for what makes no sense closer.
	step string
}

// build returns the panel as the dashboard holds it.
func (p panel) build(id uint32, at dashboard.GridPos) (dashboard.Panel, error) {
	out, err := p.view.Build()
	if err != nil {
		return out, fmt.Errorf("panel %q: %w", p.title, err)
	}
	source := source()
	out.Id, out.GridPos, out.Title, out.Description, out.Datasource = &id, &at, &p.title, &p.about, &source
	for i, q := range p.queries {
		t := prometheus.NewDataqueryBuilder().
			Expr(q.expr).
			RefId(string(rune('A' + i))).
			EditorMode(prometheus.QueryEditorModeCode).
			Datasource(source).
			Format(q.format)
		if q.legend != "" {
			t.LegendFormat(q.legend)
		}
		if q.step != "" {
			t.Interval(q.step)
		}
		if q.now {
			t.Instant()
		} else {
			t.Range()
		}
		target, err := t.Build()
		if err != nil {
			return out, fmt.Errorf("panel %q, query %q: %w", p.title, q.expr, err)
		}
		out.Targets = append(out.Targets, target)
	}
	return out, nil
}

// course asks for the course of expr over the time range.
func course(expr, legend string) query {
	return query{expr: expr, legend: legend, format: prometheus.PromQueryFormatTimeSeries}
}

// now asks for expr at the end of the time range.
func now(expr, legend string) query {
	return query{expr: expr, legend: legend, format: prometheus.PromQueryFormatTimeSeries, now: true}
}

// rows asks for expr at the end of the time range, a table row for each series.
func rows(expr string) query {
	return query{expr: expr, format: prometheus.PromQueryFormatTable, now: true}
}
