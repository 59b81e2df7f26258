package dashboards

import (
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// noData is what a panel shows when no query has an answer: of what it asks for,
// "nothing" and "nobody" are answers, see orNone.
const noData = "no data from yourturn in this range"

// panel is one panel: what it asks, how it is drawn, and what a reader must
// know before trusting it.
type panel struct {
	// title is a question or a fact in the reader's words.
	title string
	// about says how the number is made.
	about string
	// doubt says when not to trust it, and begins with "Doubt it".
	doubt         string
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
	source, about := source(), p.about+" "+p.doubt
	out.Id, out.GridPos, out.Title, out.Description, out.Datasource = &id, &at, &p.title, &about, &source
	if out.FieldConfig == nil {
		out.FieldConfig = dashboard.NewFieldConfigSource()
	}
	if out.FieldConfig.Overrides == nil {
		out.FieldConfig.Overrides = []dashboard.DashboardFieldConfigSourceOverrides{} // Grafana's own is an empty list, too
	}
	if out.FieldConfig.Defaults.NoValue == nil {
		out.FieldConfig.Defaults.NoValue = cog.ToPtr(noData)
	}
	for i, q := range p.queries {
		if q.now && strings.Contains(q.expr, ":$__interval]") {
			out.MaxDataPoints = cog.ToPtr(float64(300)) // so often it looks for where the data begin
		}
		t := prometheus.NewDataqueryBuilder().
			Expr(q.expr).
			RefId(string(rune('A' + i))).
			EditorMode(prometheus.QueryEditorModeCode).
			Datasource(source).
			Format(q.format)
		if q.legend != "" {
			t.LegendFormat(q.legend)
		}
		if q.step == "" && strings.Contains(q.expr, "[$window:$__interval]") {
			q.step = "5m" // of 90 days looked at every 30 s there would be a quarter of a million points
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

// orNone answers with a row that says so where expr has none although yourturn
// was seen: that nobody is absent must not look like not knowing.
func orNone(expr, label, text string) string {
	return expr + "\nor on () label_replace(0 * group(yourturn_data_timestamp_seconds), \"" + label + "\", \"" + text + "\", \"\", \"\")"
}

// What such rows say.
const (
	saysNobody  = "nobody"
	saysNothing = "nothing"
	saysNone    = "none"
)

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
